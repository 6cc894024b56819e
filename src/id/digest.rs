//! BLAKE3-256 digests and their one textual form.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A text that is not an id of the kind that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has another length than the id's hex form.
    #[error("'{text}' has {found} characters, {kind} has {expected} hex digits")]
    Length {
        /// What was to be read.
        kind: &'static str,
        /// The text.
        text: String,
        /// Its length in characters.
        found: usize,
        /// The length of such an id, in hex digits.
        expected: usize,
    },
    /// The text has a character that is not a lower-case hex digit.
    #[error("'{text}' is not {kind}: ids are written in lower-case hex digits")]
    Digit {
        /// What was to be read.
        kind: &'static str,
        /// The text.
        text: String,
    },
    /// The text cannot be a code.
    #[error(
        "'{text}' is not a code: codes have 1 to 64 of the characters a-z A-Z 0-9 . _ -, beginning with a letter or digit"
    )]
    Code {
        /// The text.
        text: String,
    },
}

/// A BLAKE3-256 digest. Its text is always all 64 lower-case hex digits, as `b3sum` prints it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// Wraps 32 bytes that are a digest already.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Parses 64 lower-case hex digits.
    ///
    /// # Errors
    /// [`IdError`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        parse_hex("a digest", text).map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_hex(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_hex("a digest", deserializer).map(Self)
    }
}

/// Hashes a domain and parts so that no two lists of parts meet: each is preceded by its length in bytes,
/// as an unsigned 32-bit little-endian number (longer parts are cut to their digest first).
#[must_use]
pub fn hash_parts(domain: &str, parts: &[&[u8]]) -> Digest {
    let mut buffer = [0_u8; SHORT_PARTS];
    if let Some(length) = lay_out(domain, parts, &mut buffer) {
        return Digest::of(buffer.get(..length).unwrap_or_default());
    }
    hash_long_parts(domain, parts)
}

/// Parts that take so many bytes with their lengths are hashed in one call.
const SHORT_PARTS: usize = 256;

/// Writes parts as they are hashed; returns how many bytes they take, or `None` where there are more than fit.
fn lay_out(domain: &str, parts: &[&[u8]], buffer: &mut [u8; SHORT_PARTS]) -> Option<usize> {
    let mut rest = buffer.as_mut_slice();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        let length = u32::try_from(part.len()).ok()?;
        let (place, after) = rest.split_at_mut_checked(4)?;
        place.copy_from_slice(&length.to_le_bytes());
        let (place, after) = after.split_at_mut_checked(part.len())?;
        place.copy_from_slice(part);
        rest = after;
    }
    Some(SHORT_PARTS - rest.len())
}

fn hash_long_parts(domain: &str, parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for part in std::iter::once(&domain.as_bytes()).chain(parts) {
        match u32::try_from(part.len()) {
            Ok(length) => {
                hasher.update(&length.to_le_bytes());
                hasher.update(part);
            }
            Err(_) => {
                hasher.update(&u32::MAX.to_le_bytes());
                hasher.update(blake3::hash(part).as_bytes());
            }
        }
    }
    Digest(*hasher.finalize().as_bytes())
}

/// So many hex digits the longest id has.
const DIGITS_MAX: usize = 64;

/// Writes bytes as lower-case hex digits.
pub(super) fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut buffer = [0_u8; DIGITS_MAX];
    f.write_str(encode_hex(bytes, &mut buffer))
}

/// Writes at most 32 bytes as hex digits into a buffer, and returns those.
fn encode_hex<'a>(bytes: &[u8], buffer: &'a mut [u8; DIGITS_MAX]) -> &'a str {
    let (pairs, _) = buffer.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(bytes) {
        *pair = [byte >> 4, byte & 15];
    }
    // All at once and without a branch: by the million, this is a good part of writing ids.
    for place in buffer.iter_mut() {
        let nibble = *place & 15;
        *place = nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    }
    let digits = buffer.get(..2 * bytes.len()).unwrap_or_default();
    std::str::from_utf8(digits).unwrap_or_default()
}

/// Appends bytes, at most 32 of them, as hex digits.
pub(crate) fn append_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(encode_hex(bytes, &mut [0; DIGITS_MAX]).as_bytes());
}

/// Parses exactly `2 * N` lower-case hex digits.
pub(super) fn parse_hex<const N: usize>(kind: &'static str, text: &str) -> Result<[u8; N], IdError> {
    if text.len() != 2 * N {
        let found = text.chars().count();
        return Err(IdError::Length {
            kind,
            text: text.to_owned(),
            found,
            expected: 2 * N,
        });
    }
    bytes_of_hex(text.as_bytes()).ok_or_else(|| IdError::Digit {
        kind,
        text: text.to_owned(),
    })
}

/// Reads lower-case hex digits, at most 64; `None` when there is another number of them, or another character.
pub(crate) fn bytes_of_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut nibbles = [0_u8; DIGITS_MAX];
    let nibbles = nibbles.get_mut(..2 * N).filter(|_| digits.len() == 2 * N)?;
    let mut wrong = 0;
    // Without a branch, so that many digits are read at once.
    for (nibble, digit) in nibbles.iter_mut().zip(digits) {
        let (decimal, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        let value = if letter < 6 { letter + 10 } else { u8::MAX };
        *nibble = if decimal < 10 { decimal } else { value };
        wrong |= *nibble;
    }
    let mut bytes = [0_u8; N];
    let (pairs, _) = nibbles.as_chunks::<2>();
    for (place, [high, low]) in bytes.iter_mut().zip(pairs) {
        *place = (high << 4) | low;
    }
    (wrong < 16).then_some(bytes)
}

/// Serialises at most 32 bytes as a hex string.
pub(super) fn serialize_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    let mut buffer = [0_u8; DIGITS_MAX];
    serializer.serialize_str(encode_hex(bytes, &mut buffer))
}

/// Deserialises a hex string of exactly `N` bytes, without an allocation where the input allows it.
pub(super) fn deserialize_hex<'de, const N: usize, D: Deserializer<'de>>(
    kind: &'static str,
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    struct HexVisitor<const N: usize>(&'static str);
    impl<const N: usize> serde::de::Visitor<'_> for HexVisitor<N> {
        type Value = [u8; N];
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} of {} hex digits", self.0, 2 * N)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<[u8; N], E> {
            parse_hex(self.0, text).map_err(E::custom)
        }
    }
    deserializer
        .deserialize_str(HexVisitor::<N>(kind))
        .map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_and_long_parts_are_hashed_alike(
            domain in "[a-z/]{0,20}",
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..5),
        ) {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(hash_parts(&domain, &parts), hash_long_parts(&domain, &parts));
        }

        #[test]
        fn hex_digits_are_those_of_each_byte(bytes in any::<[u8; 24]>(), at in 0_usize..48, other in any::<u8>()) {
            let expected: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let mut found = Vec::new();
            append_hex(&bytes, &mut found);
            prop_assert_eq!(&found, expected.as_bytes());
            prop_assert_eq!(bytes_of_hex::<24>(&found), Some(bytes));
            prop_assert_eq!(bytes_of_hex::<23>(&found), None);
            found[at] = other;
            let is_digit = other.is_ascii_digit() || (b'a'..=b'f').contains(&other);
            prop_assert_eq!(bytes_of_hex::<24>(&found).is_some(), is_digit);
        }
    }

    #[test]
    fn parts_are_hashed_alike_where_they_just_fit() {
        for length in SHORT_PARTS - 12..SHORT_PARTS + 4 {
            let part = vec![7; length];
            assert_eq!(
                hash_parts("d", &[&part]),
                hash_long_parts("d", &[&part]),
                "{length}"
            );
        }
    }

    #[test]
    fn text_and_bytes_are_inverse() {
        let digest = Digest::of(b"holotype");
        assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        assert_eq!(digest.to_string().len(), 64);
        assert_eq!(format!("{digest:?}"), digest.to_string());
    }

    #[test]
    fn upper_case_prefixes_and_lengths_are_refused() {
        let text = Digest::of(b"x").to_string();
        assert!(matches!(
            Digest::parse(&text.to_uppercase()),
            Err(IdError::Digit { .. })
        ));
        assert!(matches!(
            Digest::parse(&text[..63]),
            Err(IdError::Length {
                found: 63,
                expected: 64,
                ..
            })
        ));
        let error = serde_json::from_str::<Digest>("7").unwrap_err().to_string();
        assert!(error.contains("of 64 hex digits"), "{error}");
        assert!(matches!(
            Digest::parse(&format!("b3:{}", &text[3..])),
            Err(IdError::Digit { .. })
        ));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash_parts("d", &[b"ab", b"c"]), hash_parts("d", &[b"a", b"bc"]));
        assert_ne!(hash_parts("d", &[b"a"]), hash_parts("da", &[]));
        let by_hand = Digest::of(b"\x01\0\0\0d\x02\0\0\0ab");
        assert_eq!(hash_parts("d", &[b"ab"]), by_hand);
    }
}
