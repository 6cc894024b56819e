//! Names of formats: what a record says about itself.
//!
//! A format is `<name>/<major>`, such as `holotype/commit/1`. The major number changes only when an older
//! reader would misunderstand the record; members may be added without it, and are kept by readers that do
//! not know them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::decode::{DecodeError, from_canonical};

/// A record that is stored as canonical JSON under a name of its own.
pub trait Record: Serialize + DeserializeOwned {
    /// The record's format, `<name>/<major>`, such as `holotype/commit/1`.
    const FORMAT: &'static str;

    /// Reads the commonest form of the record's canonical bytes in one pass. `None` says nothing of the bytes but that
    /// the general reader has to look; what is returned is what that would return.
    #[must_use]
    fn scan(_bytes: &[u8]) -> Option<Self> {
        None
    }
}

/// Decodes a record: by its own reader where that can, else by the general one.
///
/// # Errors
/// As [`from_canonical`].
pub fn decode_record<R: Record>(bytes: &[u8]) -> Result<R, DecodeError> {
    match R::scan(bytes) {
        Some(record) => Ok(record),
        None => from_canonical(bytes),
    }
}

/// Why a record cannot be read by the format that it names.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FormatError {
    /// The text is not `<name>/<major>`.
    #[error("`{found}` is not the name of a format, which is `<name>/<major>`")]
    Malformed {
        /// The text.
        found: String,
    },
    /// The record is of another kind.
    #[error("the record is a `{found}`, where a `{expected}` is needed")]
    OtherName {
        /// The format that the record names.
        found: String,
        /// The format that was asked for.
        expected: String,
    },
    /// The record was written by a newer Holotype.
    #[error(
        "the record's format `{found}` is newer than `{expected}`, the newest that is known here: update holotype"
    )]
    NewerMajor {
        /// The format that the record names.
        found: String,
        /// The format that was asked for.
        expected: String,
    },
    /// The record was written by an older Holotype; whoever knows that format can bring it up to date.
    #[error("the record's format `{found}` is older than `{expected}`")]
    OlderMajor {
        /// The format that the record names.
        found: String,
        /// The format that was asked for.
        expected: String,
    },
}

/// Checks that a record has the format that is expected.
///
/// # Errors
///
/// [`FormatError`], when it is of another name or major number, or when one of both is no name of a format.
pub fn check_format(found: &str, expected: &str) -> Result<(), FormatError> {
    let (found_name, found_major) = split(found)?;
    let (expected_name, expected_major) = split(expected)?;
    let (found, expected) = (found.to_owned(), expected.to_owned());
    if found_name != expected_name {
        return Err(FormatError::OtherName { found, expected });
    }
    match found_major.cmp(&expected_major) {
        std::cmp::Ordering::Less => Err(FormatError::OlderMajor { found, expected }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(FormatError::NewerMajor { found, expected }),
    }
}

/// Parts a format into its name and its major number.
fn split(format: &str) -> Result<(&str, u32), FormatError> {
    let parts = format.rsplit_once('/').and_then(|(name, major)| {
        let digits = major.bytes().all(|byte| byte.is_ascii_digit()) && !major.starts_with('0');
        let number = major.parse().ok().filter(|_| digits)?;
        (is_name(name)).then_some((name, number))
    });
    parts.ok_or_else(|| FormatError::Malformed {
        found: format.to_owned(),
    })
}

/// Says whether a text is one or more words of `a-z`, `0-9` and `-` with slashes between.
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.split('/')
        .all(|word| !word.is_empty() && word.bytes().all(is_letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_accepted_by_itself() {
        assert_eq!(check_format("holotype/commit/1", "holotype/commit/1"), Ok(()));
        assert_eq!(check_format("x/4294967295", "x/4294967295"), Ok(()));
    }

    #[test]
    fn another_name_is_told_from_another_major() {
        let error = |found: &str| check_format(found, "holotype/commit/2").unwrap_err();
        assert!(matches!(
            error("holotype/release/2"),
            FormatError::OtherName { .. }
        ));
        assert!(matches!(
            error("holotype/release/3"),
            FormatError::OtherName { .. }
        ));
        assert!(matches!(
            error("holotype/commit/1"),
            FormatError::OlderMajor { .. }
        ));
        assert!(matches!(
            error("holotype/commit/10"),
            FormatError::NewerMajor { .. }
        ));
        assert!(error("holotype/commit/3").to_string().contains("update holotype"));
    }

    #[test]
    fn malformed_formats_are_refused() {
        let malformed = [
            "",
            "/",
            "1",
            "holotype",
            "holotype/",
            "/1",
            "holotype/commit/",
            "holotype/commit/01",
            "holotype/commit/0",
            "holotype/commit/+1",
            "holotype/commit/-1",
            "holotype/commit/1 ",
            "holotype/commit/4294967296",
            "holotype//1",
            "Holotype/commit/1",
            "holotype/commit/v1",
        ];
        for found in malformed {
            let result = check_format(found, "holotype/commit/1");
            assert_eq!(
                result,
                Err(FormatError::Malformed {
                    found: found.to_owned()
                }),
                "{found}"
            );
        }
        assert!(check_format("holotype/commit/1", "commit").is_err());
    }
}
