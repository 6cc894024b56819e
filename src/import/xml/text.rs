//! From bytes to text that XML allows, and what the beginning of a file shows of its elements.

use quick_xml::events::BytesRef;

use super::error::XmlProblem;

/// A problem and the byte where it is.
pub(super) type Failure = (usize, XmlProblem);

/// Reads the bytes as UTF-8, without a byte order mark.
pub(super) fn decode(bytes: &[u8], limit: u64) -> Result<&str, Failure> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > limit {
        return Err((0, XmlProblem::TooLarge { bytes: size, limit }));
    }
    let is_utf16 = [&b"\xFF\xFE"[..], b"\xFE\xFF", b"<\0", b"\0<"]
        .iter()
        .any(|start| bytes.starts_with(start));
    if is_utf16 {
        return Err((0, XmlProblem::Utf16));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        (offset, XmlProblem::NotUtf8 { offset })
    })?;
    match text.char_indices().find(|(_, character)| !is_allowed(*character)) {
        Some((offset, character)) => Err((
            offset,
            XmlProblem::Character {
                code: u32::from(character),
            },
        )),
        None => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
    }
}

/// Whether XML 1.0 allows a character.
fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Returns the character that a reference stands for.
pub(super) fn resolve(reference: &BytesRef<'_>) -> Result<char, XmlProblem> {
    let name: &str = reference;
    match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "apos" => return Ok('\''),
        "quot" => return Ok('"'),
        _ => {}
    }
    let character = reference.resolve_char_ref().map_err(XmlProblem::Syntax)?;
    let character = character.ok_or_else(|| XmlProblem::Entity {
        name: name.to_owned(),
    })?;
    allowed(character)
}

/// Refuses a character that was written as a reference and is not allowed.
pub(super) fn allowed(character: char) -> Result<char, XmlProblem> {
    if is_allowed(character) {
        Ok(character)
    } else {
        Err(XmlProblem::Character {
            code: u32::from(character),
        })
    }
}

/// Whether a declared encoding is UTF-8 or a part of it.
pub(super) fn is_utf8_name(encoding: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|name| encoding.eq_ignore_ascii_case(name))
}

/// Returns the names of the first elements that begin in the beginning of a file, at most `count`, the root first. The
/// root that a DOCTYPE names counts as one, so that such a file is refused later, with a message that says so. Nothing
/// is checked.
pub(crate) fn first_tags(head: &[u8], count: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(head);
    let mut rest = text.trim_start_matches('\u{FEFF}').trim_start();
    let mut names: Vec<String> = Vec::new();
    let mut doctype = false;
    while names.len() < count {
        let Some(after) = rest.strip_prefix('<') else {
            break;
        };
        let end = if after.starts_with("!--") {
            "-->"
        } else if after.starts_with('?') {
            "?>"
        } else {
            let name = after.strip_prefix("!DOCTYPE ").unwrap_or(after);
            let is_end = |c: char| c.is_whitespace() || matches!(c, '>' | '/' | '[' | '<');
            match name.find(is_end) {
                Some(length) if length > 0 => {
                    let name = name.get(..length).unwrap_or_default();
                    if !(doctype && names.iter().all(|known| known == name)) {
                        names.push(name.to_owned());
                    }
                    doctype |= after.starts_with("!DOCTYPE ");
                }
                Some(_) | None if !name.starts_with('/') => break,
                Some(_) | None => {}
            }
            ">"
        };
        let Some((_, next)) = after.split_once(end) else {
            break;
        };
        // Text before the next element, such as a version, is passed over; at the root there can be none.
        rest = match next.find('<') {
            Some(at) if !names.is_empty() => next.get(at..).unwrap_or_default(),
            Some(_) | None => next.trim_start(),
        };
    }
    names
}
