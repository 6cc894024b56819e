//! Ids of what a dataset holds: images, annotations, labels, and the codes of cases, slides and annotators.
//!
//! They derive from names, the source's own ids or content; never from a clock or a random number.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::digest::{deserialize_hex, hash_parts, parse_hex, serialize_hex, write_hex};
use super::{Digest, IdError};

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $length:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Wraps bytes that are such an id already.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Returns the bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Parses the id's lower-case hex digits.
            ///
            /// # Errors
            /// [`IdError`] when the text is anything else.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse_hex($kind, text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize_hex(&self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_hex($kind, deserializer).map(Self)
            }
        }
    };
}

hex_id! {
    /// An image: 32 bytes derived from its name, so that adding and importing may come in either order.
    ImageId, 32, "an image id"
}

hex_id! {
    /// The first 8 bytes of an image's id, with which the ids of its annotations begin. No two images of a
    /// repository share one: recording the second is refused.
    ImagePrefix, 8, "the prefix of an image id"
}

hex_id! {
    /// An annotation: 8 bytes of its image's id, then 16 of its own.
    AnnotationId, 24, "an annotation id"
}

hex_id! {
    /// A label: 8 bytes derived from its first name; it stays when the label is renamed.
    LabelId, 8, "a label id"
}

hex_id! {
    /// 16 bytes by which a writer knows its own slot again: so many random ones no two writers have.
    Nonce, 16, "a nonce"
}

/// The first `N` bytes of a digest.
fn cut<const N: usize>(digest: Digest) -> [u8; N] {
    let mut bytes = [0_u8; N];
    for (place, byte) in bytes.iter_mut().zip(digest.as_bytes()) {
        *place = *byte;
    }
    bytes
}

impl ImageId {
    /// Derives the id of the image with this (NFC) name.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        Self(*hash_parts("holotype/image-id/1", &[name.as_bytes()]).as_bytes())
    }

    /// Returns the first 8 bytes.
    #[must_use]
    pub fn prefix(&self) -> ImagePrefix {
        ImagePrefix(cut(Digest::from_bytes(self.0)))
    }
}

impl Nonce {
    /// Takes the first 16 bytes.
    #[must_use]
    pub fn of(random: Digest) -> Self {
        Self(cut(random))
    }
}

impl LabelId {
    /// Derives the id of the `n`-th label (from 0) that began under this name.
    #[must_use]
    pub fn of_name(name: &str, n: u32) -> Self {
        Self(cut(hash_parts(
            "holotype/label-id/1",
            &[name.as_bytes(), &n.to_le_bytes()],
        )))
    }
}

impl AnnotationId {
    /// Joins an image's prefix with 16 bytes of the annotation's own, such as the source's UUID.
    #[must_use]
    pub fn from_uuid(image: ImagePrefix, own: [u8; 16]) -> Self {
        let mut bytes = [0_u8; 24];
        for (place, byte) in bytes.iter_mut().zip(image.0.iter().chain(&own)) {
            *place = *byte;
        }
        Self(bytes)
    }

    /// Returns the 16 bytes of the annotation's own.
    #[must_use]
    pub fn own(&self) -> [u8; 16] {
        std::array::from_fn(|at| self.0.get(8 + at).copied().unwrap_or_default())
    }

    /// Derives the id from the source's id within its lineage.
    #[must_use]
    pub fn from_source(image: &ImageId, lineage: &str, source_id: &str) -> Self {
        let parts: [&[u8]; 3] = [&image.0, lineage.as_bytes(), source_id.as_bytes()];
        Self::from_uuid(
            image.prefix(),
            cut(hash_parts("holotype/annotation-id/source/1", &parts)),
        )
    }

    /// Derives the id from content: canonical geometry, label, annotator, and the lowest free `n` from 0.
    #[must_use]
    pub fn from_content(
        image: &ImageId,
        geometry: &[u8],
        label: Option<LabelId>,
        annotator: Option<&Code>,
        n: u32,
    ) -> Self {
        let label_bytes = label.map(|label| label.0);
        let parts: [&[u8]; 5] = [
            &image.0,
            geometry,
            label_bytes.as_ref().map_or(&[], <[u8; 8]>::as_slice),
            annotator.map_or(&[], |code| code.as_str().as_bytes()),
            &n.to_le_bytes(),
        ];
        Self::from_uuid(
            image.prefix(),
            cut(hash_parts("holotype/annotation-id/content/1", &parts)),
        )
    }

    /// Returns the prefix of the image that the annotation is on.
    #[must_use]
    pub fn image_prefix(&self) -> ImagePrefix {
        ImagePrefix(cut(Digest::from_bytes(std::array::from_fn(|i| {
            self.0.get(i).copied().unwrap_or(0)
        }))))
    }
}

/// A pseudonymous name of a case, a slide or an annotator, such as `human-1`: 1 to 64 of the characters
/// `a-z A-Z 0-9 . _ -`, beginning with a letter or a digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(Box<str>);

impl Code {
    /// Checks and takes a text.
    ///
    /// # Errors
    /// [`IdError::Code`] when it has other characters or is too long.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let first = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        let rest = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if first && rest && text.len() <= 64 {
            Ok(Self(text.into()))
        } else {
            Err(IdError::Code {
                text: text.to_owned(),
            })
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_begins_with_its_image() {
        let image = ImageId::of_name("001.tiff");
        let id = AnnotationId::from_source(&image, "coco-1", "17");
        assert_eq!(id.image_prefix(), image.prefix());
        assert!(id.to_string().starts_with(&image.prefix().to_string()));
        assert_eq!(AnnotationId::parse(&id.to_string()), Ok(id));
        assert_eq!(AnnotationId::from_uuid(image.prefix(), id.own()), id);
    }

    #[test]
    fn ids_depend_on_each_part() {
        let image = ImageId::of_name("001.tiff");
        let label = LabelId::of_name("mitotic figure", 0);
        let code = Code::parse("human-1").unwrap();
        let id = AnnotationId::from_content(&image, b"g", Some(label), Some(&code), 0);
        assert_ne!(
            id,
            AnnotationId::from_content(&image, b"h", Some(label), Some(&code), 0)
        );
        assert_ne!(id, AnnotationId::from_content(&image, b"g", None, Some(&code), 0));
        assert_ne!(id, AnnotationId::from_content(&image, b"g", Some(label), None, 0));
        assert_ne!(
            id,
            AnnotationId::from_content(&image, b"g", Some(label), Some(&code), 1)
        );
        assert_ne!(LabelId::of_name("a", 0), LabelId::of_name("a", 1));
    }

    #[test]
    fn codes_are_checked() {
        assert!(Code::parse("human-1").is_ok());
        for bad in ["", "-a", "a b", "é", &"x".repeat(65), "a/b", "a\n"] {
            assert!(Code::parse(bad).is_err(), "{bad:?} must be refused");
        }
    }
}
