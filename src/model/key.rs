//! Where a record stands in a snapshot: a byte for the kind of entity, then the entity's id.
//!
//! Records of one image's annotations are neighbours, since an annotation's id begins with its image's.

use std::fmt;

use crate::id::{AnnotationId, Code, Digest, ImageId, ImagePrefix, LabelId, hash_parts};

use super::kinds::EntityKind;

/// The key of a record. Keys sort bytewise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Box<[u8]>);

/// A key that does not have the form of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a key: {why}", .hex)]
pub struct KeyError {
    hex: String,
    why: &'static str,
}

const fn kind_byte(kind: EntityKind) -> u8 {
    match kind {
        EntityKind::Dataset => 0x01,
        EntityKind::Rule => 0x02,
        EntityKind::Case => 0x10,
        EntityKind::Slide => 0x11,
        EntityKind::Image => 0x12,
        EntityKind::Annotator => 0x20,
        EntityKind::Label => 0x21,
        EntityKind::Annotation => 0x30,
        EntityKind::Rating => 0x31,
        EntityKind::Override => 0x32,
        EntityKind::SourceId => 0x33,
        EntityKind::Screening => 0x40,
        EntityKind::Split => 0x50,
    }
}

/// Whether records of a kind belong to an image, with whose id their keys go on.
const fn is_of_image(kind: EntityKind) -> bool {
    match kind {
        EntityKind::Image
        | EntityKind::Annotation
        | EntityKind::Rating
        | EntityKind::Override
        | EntityKind::SourceId
        | EntityKind::Screening => true,
        EntityKind::Dataset
        | EntityKind::Rule
        | EntityKind::Case
        | EntityKind::Slide
        | EntityKind::Annotator
        | EntityKind::Label
        | EntityKind::Split => false,
    }
}

/// What a key names, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyParts {
    /// The dataset's facts.
    Dataset,
    /// The rule in force.
    Rule,
    /// A case.
    Case(Code),
    /// A slide.
    Slide(Code),
    /// An image.
    Image(ImageId),
    /// An annotator.
    Annotator(Code),
    /// A label.
    Label(LabelId),
    /// An annotation.
    Annotation(AnnotationId),
    /// A rating.
    Rating(RatingKey),
    /// An override.
    Override(AnnotationId),
    /// An alias of an annotation: its image, then the digest of lineage and source id.
    SourceId(ImagePrefix, Digest),
    /// A screening: its image, then the digest of region, annotator and round.
    Screening(ImagePrefix, Digest),
    /// A member of a split: the digest of split and member.
    Split(Digest),
}

/// Names a rating: one annotator may rate an annotation `n` times in a round.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RatingKey {
    /// What is rated.
    pub annotation: AnnotationId,
    /// The pass over the material, from 1.
    pub round: u32,
    /// Who rates.
    pub annotator: Code,
    /// Which of the annotator's ratings in this round, from 0.
    pub n: u32,
}

impl Key {
    fn build(kind: EntityKind, parts: &[&[u8]]) -> Self {
        let mut bytes = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
        bytes.push(kind_byte(kind));
        for part in parts {
            bytes.extend_from_slice(part);
        }
        Self(bytes.into_boxed_slice())
    }

    /// The key of a record.
    #[must_use]
    pub fn of(parts: &KeyParts) -> Self {
        match parts {
            KeyParts::Dataset => Self::build(EntityKind::Dataset, &[]),
            KeyParts::Rule => Self::build(EntityKind::Rule, &[]),
            KeyParts::Case(code) => Self::build(EntityKind::Case, &[code.as_str().as_bytes()]),
            KeyParts::Slide(code) => Self::build(EntityKind::Slide, &[code.as_str().as_bytes()]),
            KeyParts::Image(id) => Self::build(EntityKind::Image, &[id.as_bytes()]),
            KeyParts::Annotator(code) => Self::build(EntityKind::Annotator, &[code.as_str().as_bytes()]),
            KeyParts::Label(id) => Self::build(EntityKind::Label, &[id.as_bytes()]),
            KeyParts::Annotation(id) => Self::annotation(*id),
            KeyParts::Rating(rating) => Self::rating(rating),
            KeyParts::Override(id) => Self::build(EntityKind::Override, &[id.as_bytes()]),
            KeyParts::SourceId(image, digest) => {
                Self::build(EntityKind::SourceId, &[image.as_bytes(), digest.as_bytes()])
            }
            KeyParts::Screening(image, digest) => {
                Self::build(EntityKind::Screening, &[image.as_bytes(), digest.as_bytes()])
            }
            KeyParts::Split(digest) => Self::build(EntityKind::Split, &[digest.as_bytes()]),
        }
    }

    /// The key of the dataset's facts.
    #[must_use]
    pub fn dataset() -> Self {
        Self::of(&KeyParts::Dataset)
    }

    /// The key of the rule in force.
    #[must_use]
    pub fn rule() -> Self {
        Self::of(&KeyParts::Rule)
    }

    /// The key of an image.
    #[must_use]
    pub fn image(id: ImageId) -> Self {
        Self::build(EntityKind::Image, &[id.as_bytes()])
    }

    /// The key of a label.
    #[must_use]
    pub fn label(id: LabelId) -> Self {
        Self::build(EntityKind::Label, &[id.as_bytes()])
    }

    /// The key of an annotator.
    #[must_use]
    pub fn annotator(code: &Code) -> Self {
        Self::build(EntityKind::Annotator, &[code.as_str().as_bytes()])
    }

    /// The key of an annotation.
    #[must_use]
    pub fn annotation(id: AnnotationId) -> Self {
        Self::build(EntityKind::Annotation, &[id.as_bytes()])
    }

    /// The key of a rating: annotation, round (u32, big-endian), annotator, a zero byte, n (u32, big-endian).
    #[must_use]
    pub fn rating(rating: &RatingKey) -> Self {
        Self::build(
            EntityKind::Rating,
            &[
                rating.annotation.as_bytes(),
                &rating.round.to_be_bytes(),
                rating.annotator.as_str().as_bytes(),
                &[0],
                &rating.n.to_be_bytes(),
            ],
        )
    }

    /// The key of the override of an annotation.
    #[must_use]
    pub fn label_override(id: AnnotationId) -> Self {
        Self::build(EntityKind::Override, &[id.as_bytes()])
    }

    /// The key of the alias that a lineage's id gives an annotation on an image.
    #[must_use]
    pub fn source_id(image: ImagePrefix, lineage: &str, source_id: &str) -> Self {
        let digest = hash_parts(
            "holotype/source-id/1",
            &[lineage.as_bytes(), source_id.as_bytes()],
        );
        Self::of(&KeyParts::SourceId(image, digest))
    }

    /// The key of a screening. `region` is canonical geometry, empty for the whole image.
    #[must_use]
    pub fn screening(image: ImagePrefix, region: &[u8], annotator: Option<&Code>, round: u32) -> Self {
        let code = annotator.map_or(&[] as &[u8], |code| code.as_str().as_bytes());
        let digest = hash_parts("holotype/screening-id/1", &[region, code, &round.to_le_bytes()]);
        Self::of(&KeyParts::Screening(image, digest))
    }

    /// The key of a member (a case's code, or an image's id in hex) in a split.
    #[must_use]
    pub fn split(split: &str, member: &str) -> Self {
        Self::of(&KeyParts::Split(hash_parts(
            "holotype/split-id/1",
            &[split.as_bytes(), member.as_bytes()],
        )))
    }

    /// All keys of a kind begin with this.
    #[must_use]
    pub fn kind_prefix(kind: EntityKind) -> Vec<u8> {
        vec![kind_byte(kind)]
    }

    /// All keys of a kind on one image begin with this; for kinds that belong to an image.
    #[must_use]
    pub fn on_image_prefix(kind: EntityKind, image: ImagePrefix) -> Vec<u8> {
        let mut prefix = Self::kind_prefix(kind);
        prefix.extend_from_slice(image.as_bytes());
        prefix
    }

    /// All ratings of an annotation begin with this.
    #[must_use]
    pub fn ratings_prefix(annotation: AnnotationId) -> Vec<u8> {
        let mut prefix = Self::kind_prefix(EntityKind::Rating);
        prefix.extend_from_slice(annotation.as_bytes());
        prefix
    }

    /// Takes bytes that may be a key.
    ///
    /// # Errors
    /// [`KeyError`] when they do not have the form of any kind.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = Self(bytes.into());
        key.parts().map(|_| key)
    }

    /// Returns what is not above any key that begins with `prefix`, to begin a range with.
    #[must_use]
    pub fn lower_bound(prefix: &[u8]) -> Self {
        Self(prefix.into())
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Gives up the bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_vec()
    }

    /// Returns the kind of entity; `None` when the first byte is none of ours.
    #[must_use]
    pub fn kind(&self) -> Option<EntityKind> {
        let first = *self.0.first()?;
        EntityKind::ALL
            .iter()
            .copied()
            .find(|kind| kind_byte(*kind) == first)
    }

    /// Takes the key apart.
    ///
    /// # Errors
    /// [`KeyError`] when it does not have the form of its kind.
    pub fn parts(&self) -> Result<KeyParts, KeyError> {
        let error = |why| KeyError {
            hex: self.to_string(),
            why,
        };
        let kind = self.kind().ok_or_else(|| error("its first byte names no kind"))?;
        let rest = self.0.get(1..).unwrap_or(&[]);
        let parts = match kind {
            EntityKind::Dataset => rest.is_empty().then_some(KeyParts::Dataset),
            EntityKind::Rule => rest.is_empty().then_some(KeyParts::Rule),
            EntityKind::Case => code(rest).map(KeyParts::Case),
            EntityKind::Slide => code(rest).map(KeyParts::Slide),
            EntityKind::Image => array(rest).map(|id| KeyParts::Image(ImageId::from_bytes(id))),
            EntityKind::Annotator => code(rest).map(KeyParts::Annotator),
            EntityKind::Label => array(rest).map(|id| KeyParts::Label(LabelId::from_bytes(id))),
            EntityKind::Annotation => {
                array(rest).map(|id| KeyParts::Annotation(AnnotationId::from_bytes(id)))
            }
            EntityKind::Rating => rating(rest).map(KeyParts::Rating),
            EntityKind::Override => array(rest).map(|id| KeyParts::Override(AnnotationId::from_bytes(id))),
            EntityKind::SourceId => on_image(rest).map(|(image, digest)| KeyParts::SourceId(image, digest)),
            EntityKind::Screening => on_image(rest).map(|(image, digest)| KeyParts::Screening(image, digest)),
            EntityKind::Split => array(rest).map(|id| KeyParts::Split(Digest::from_bytes(id))),
        };
        parts.ok_or_else(|| error("its length or content does not fit its kind"))
    }

    /// Returns the prefix of the image that the record belongs to, where it belongs to one.
    #[must_use]
    pub fn image_prefix(&self) -> Option<ImagePrefix> {
        if !is_of_image(self.kind()?) {
            return None;
        }
        array(self.0.get(1..9)?).map(ImagePrefix::from_bytes)
    }

    /// Returns the first bytes of the keys of records that belong to images, in order.
    #[must_use]
    pub fn image_kind_bytes() -> Vec<u8> {
        let of_images = EntityKind::ALL.iter().filter(|kind| is_of_image(**kind));
        let mut bytes: Vec<u8> = of_images.map(|kind| kind_byte(*kind)).collect();
        bytes.sort_unstable();
        bytes
    }

    /// Parses the hex digits that `Display` writes.
    ///
    /// # Errors
    /// [`KeyError`] when the text is no key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let digits = text.as_bytes();
        let value = |digit: &u8| {
            char::from(*digit)
                .to_digit(16)
                .filter(|_| !digit.is_ascii_uppercase())
                .and_then(|value| u8::try_from(value).ok())
        };
        let bytes: Option<Vec<u8>> = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some((value(high)? << 4) | value(low)?),
                _ => None,
            })
            .collect();
        let bytes = bytes.ok_or_else(|| KeyError {
            hex: text.to_owned(),
            why: "it is not hex digits",
        })?;
        Self::from_bytes(&bytes)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn code(bytes: &[u8]) -> Option<Code> {
    Code::parse(std::str::from_utf8(bytes).ok()?).ok()
}

fn on_image(bytes: &[u8]) -> Option<(ImagePrefix, Digest)> {
    let (image, digest) = bytes.split_at_checked(8)?;
    Some((
        ImagePrefix::from_bytes(array(image)?),
        Digest::from_bytes(array(digest)?),
    ))
}

fn rating(bytes: &[u8]) -> Option<RatingKey> {
    let (annotation, rest) = bytes.split_at_checked(24)?;
    let (round, rest) = rest.split_at_checked(4)?;
    let (annotator, n) = rest.split_at_checked(rest.len().checked_sub(5)?)?;
    let (zero, n) = n.split_at_checked(1)?;
    (zero == [0]).then_some(())?;
    Some(RatingKey {
        annotation: AnnotationId::from_bytes(array(annotation)?),
        round: u32::from_be_bytes(array(round)?),
        annotator: code(annotator)?,
        n: u32::from_be_bytes(array(n)?),
    })
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_parts_are_inverse() {
        let image = ImageId::of_name("001.tiff");
        let annotation = AnnotationId::from_source(&image, "coco-1", "1");
        let code = Code::parse("human-1").unwrap();
        let rating = RatingKey {
            annotation,
            round: 2,
            annotator: code.clone(),
            n: 1,
        };
        for parts in [
            KeyParts::Dataset,
            KeyParts::Rule,
            KeyParts::Case(code.clone()),
            KeyParts::Slide(code.clone()),
            KeyParts::Image(image),
            KeyParts::Annotator(code.clone()),
            KeyParts::Label(LabelId::of_name("a", 0)),
            KeyParts::Annotation(annotation),
            KeyParts::Rating(rating),
            KeyParts::Override(annotation),
            KeyParts::SourceId(image.prefix(), Digest::of(b"s")),
            KeyParts::Screening(image.prefix(), Digest::of(b"s")),
            KeyParts::Split(Digest::of(b"s")),
        ] {
            let key = Key::of(&parts);
            assert_eq!(key.parts(), Ok(parts));
            assert_eq!(Key::parse(&key.to_string()), Ok(key));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "zz", "0", "ff", "0100", "30aa", "1000"] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn records_of_an_image_are_neighbours() {
        let image = ImageId::of_name("001.tiff");
        let annotation = AnnotationId::from_source(&image, "coco-1", "1");
        let prefix = Key::on_image_prefix(EntityKind::Annotation, image.prefix());
        assert!(Key::annotation(annotation).as_bytes().starts_with(&prefix));
        assert_eq!(Key::annotation(annotation).image_prefix(), Some(image.prefix()));
        assert_eq!(Key::image(image).image_prefix(), Some(image.prefix()));
        assert_eq!(Key::dataset().image_prefix(), None);
    }
}
