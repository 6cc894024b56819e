//! Makes text of a header safe to pass on: short, printable, one line, and neither a path nor an address.
//!
//! It cannot tell a person from a device; callers ask only for tags that name devices.

/// Longest device name, characters.
const NAME_CHARS_MAX: usize = 128;

/// Takes a device name from the bytes of a value, which end at the first NUL.
///
/// `Ok(None)` when it is blank, `Err` when it is not a name that may leave.
pub(super) fn device_name(bytes: &[u8]) -> Result<Option<String>, Refused> {
    let text = str::from_utf8(until_nul(bytes)).map_err(|_| Refused)?.trim();
    let suspicious = text.contains(['\\', '@', '~', '<', '>'])
        || text.contains("://")
        || text.starts_with('/')
        || text.matches('/').count() > 1
        || text.chars().any(hidden)
        || text.chars().count() > NAME_CHARS_MAX;
    match (suspicious, text.is_empty()) {
        (true, _) => Err(Refused),
        (false, true) => Ok(None),
        (false, false) => Ok(Some(text.to_owned())),
    }
}

/// A text that must not leave.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// The part before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Characters that steer a terminal or hide in a line: controls, and the invisible and directional formats.
fn hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names_pass() {
        for (bytes, name) in [
            (b"Hamamatsu\0".as_slice(), Some("Hamamatsu")),
            (b" NanoZoomer S60 \0junk", Some("NanoZoomer S60")),
            (b"Leica/Aperio", Some("Leica/Aperio")),
            (b"", None),
            (b"  \0\0", None),
        ] {
            assert_eq!(device_name(bytes), Ok(name.map(str::to_owned)));
        }
    }

    #[test]
    fn paths_addresses_and_tricks_are_refused() {
        let long = "x".repeat(129);
        for text in [
            "C:\\Users\\meier",
            "/home/meier",
            "slides/meier/7.svs",
            "~meier",
            "meier@clinic.example",
            "http:///x",
            "a\nb",
            "\u{1b}[31m",
            "a\u{202e}b",
            "<script>",
            &long,
        ] {
            assert_eq!(device_name(text.as_bytes()), Err(Refused), "{text:?}");
        }
        assert_eq!(device_name(b"\xff\xfe"), Err(Refused));
    }
}
