//! Strings of canonical JSON: escaping, scanning, and the order of member names.
//!
//! RFC 8785 sorts member names by their UTF-16 code units, before escaping. Names that hold neither an escape
//! nor a character from U+E000 upwards sort by their bytes alike, and those are all names that Holotype itself
//! uses; the others are unescaped to be compared.

use std::cmp::Ordering;

/// First lead byte of UTF-8 from which byte order and UTF-16 order may differ (U+E000 and above).
const FIRST_REORDERED_LEAD: u8 = 0xee;

/// Finds the first byte that is wanted.
///
/// Bytes are tested sixteen at a time without a branch between them, which the compiler turns into vector
/// instructions.
#[inline]
pub(super) fn find(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (chunks, _) = bytes.as_chunks::<16>();
    let skipped = chunks
        .iter()
        .take_while(|chunk| !chunk.iter().fold(false, |hit, byte| hit | wanted(*byte)))
        .count()
        * 16;
    let tail = bytes.get(skipped..)?;
    tail.iter().position(|byte| wanted(*byte)).map(|at| skipped + at)
}

/// Says whether a byte cannot stand in a JSON string as itself.
#[inline]
pub(super) fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Says whether a byte keeps a member's name from being [plain](Name::plain).
#[inline]
pub(super) fn is_not_plain(byte: u8) -> bool {
    is_special(byte) | (byte >= FIRST_REORDERED_LEAD)
}

/// Appends a member's name without its quotes, and says whether it is [plain](Name::plain).
pub(super) fn write_name(name: &str, out: &mut Vec<u8>) -> bool {
    let plain = find(name.as_bytes(), is_not_plain).is_none();
    if plain {
        out.extend_from_slice(name.as_bytes());
    } else {
        write_escaped(name, out);
    }
    plain
}

/// Appends a string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_escaped(text, out);
    out.push(b'"');
}

/// Appends a string without its quotes.
pub(super) fn write_escaped(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some((plain, [special, tail @ ..])) =
        find(rest, is_special).and_then(|at| rest.split_at_checked(at))
    {
        out.extend_from_slice(plain);
        write_special(*special, out);
        rest = tail;
    }
    out.extend_from_slice(rest);
}

/// Appends the only escape that RFC 8785 allows for a byte that needs one.
fn write_special(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        b'"' | b'\\' => byte,
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(hex_digit(byte >> 4));
            out.push(hex_digit(byte & 0x0f));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + (nibble - 10)
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Reads the escape that begins `bytes`, backslash included: the byte it stands for and the bytes behind it.
///
/// `None` when it is not the one escape that the encoder writes for that byte.
pub(super) fn read_escape(bytes: &[u8]) -> Option<(u8, &[u8])> {
    match bytes {
        [b'\\', b'u', b'0', b'0', high, low, rest @ ..] => {
            let byte = (hex_value(*high)? << 4) | hex_value(*low)?;
            let has_short_form = matches!(byte, 0x08 | b'\t' | b'\n' | 0x0c | b'\r');
            (byte < 0x20 && !has_short_form).then_some((byte, rest))
        }
        [b'\\', short, rest @ ..] => {
            let byte = match short {
                b'b' => 0x08,
                b't' => b'\t',
                b'n' => b'\n',
                b'f' => 0x0c,
                b'r' => b'\r',
                b'"' | b'\\' => *short,
                _ => return None,
            };
            Some((byte, rest))
        }
        _ => None,
    }
}

/// A member name as it stands in canonical JSON, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    /// The escaped bytes.
    pub(super) escaped: &'a [u8],
    /// Whether the bytes hold neither an escape nor a character from U+E000 upwards.
    pub(super) plain: bool,
}

impl Name<'_> {
    /// Compares two names by the UTF-16 code units of what they stand for.
    pub(super) fn compare(self, other: Name<'_>) -> Ordering {
        if self.plain && other.plain {
            // Most names differ in their first byte already, which needs no call to compare memory.
            return match (self.escaped.first(), other.escaped.first()) {
                (Some(left), Some(right)) if left != right => left.cmp(right),
                _ => self.escaped.cmp(other.escaped),
            };
        }
        unescape(self.escaped)
            .encode_utf16()
            .cmp(unescape(other.escaped).encode_utf16())
    }
}

/// Undoes [`write_escaped`]; bytes that it cannot have written are replaced by U+FFFD.
pub(super) fn unescape(escaped: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some((plain, tail)) = find(rest, |byte| byte == b'\\').and_then(|at| rest.split_at_checked(at))
    {
        bytes.extend_from_slice(plain);
        match read_escape(tail) {
            Some((byte, behind)) => {
                bytes.push(byte);
                rest = behind;
            }
            None => {
                bytes.extend_from_slice("\u{fffd}".as_bytes());
                rest = tail.get(1..).unwrap_or_default();
            }
        }
    }
    bytes.extend_from_slice(rest);
    String::from_utf8_lossy(&bytes).into_owned()
}
