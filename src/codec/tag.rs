//! The `format` member of a record: written from the type, checked when read, no bytes in memory.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Record, check_format};

/// Stands in a record for its format, such as `annotation/1`.
pub struct Tag<R>(PhantomData<fn() -> R>);

impl<R> Clone for Tag<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Tag<R> {}

impl<R> Default for Tag<R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<R> PartialEq for Tag<R> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<R> fmt::Debug for Tag<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag")
    }
}

impl<R: Record> Serialize for Tag<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(R::FORMAT)
    }
}

impl<'de, R: Record> Deserialize<'de> for Tag<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = Cow::<str>::deserialize(deserializer)?;
        check_format(&found, R::FORMAT).map_err(D::Error::custom)?;
        Ok(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{from_canonical, record, to_canonical};

    record! {
        /// For this test.
        #[derive(Default)]
        struct Small {
            format: Tag<Small>,
            name: String,
        }
    }

    impl Record for Small {
        const FORMAT: &'static str = "small/2";
    }

    #[test]
    fn a_format_is_written_and_checked() {
        let small = Small {
            name: "x".to_owned(),
            ..Small::default()
        };
        let bytes = to_canonical(&small).unwrap();
        assert_eq!(bytes, br#"{"format":"small/2","name":"x"}"#);
        assert_eq!(from_canonical::<Small>(&bytes).unwrap(), small);
        assert_eq!(format!("{:?}", small.format), "Tag");
        for bad in [
            r#"{"format":"small/3","name":"x"}"#,
            r#"{"format":"large/2","name":"x"}"#,
            r#"{"name":"x"}"#,
        ] {
            assert!(from_canonical::<Small>(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
