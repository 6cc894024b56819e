//! What tells GeoJSON from other JSON: the `type` of the document, or of its first features.

use super::super::json::text::Outside;

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut scan = Outside::new(head);
    let (mut open, mut within): (Vec<u8>, Option<&[u8]>) = (Vec::new(), None);
    let (mut key, mut text): (Option<&[u8]>, Option<&[u8]>) = (None, None);
    while let Some((at, byte)) = scan.next_byte() {
        match byte {
            b'"' => {
                let found = head.get(at..scan.at);
                match (key.take(), open.as_slice(), within) {
                    (Some(b"\"type\""), [b'{'], _) => match found {
                        Some(b"\"FeatureCollection\"") => {
                            return Some("an object of the type FeatureCollection");
                        }
                        Some(b"\"Feature\"") => return Some("an object of the type Feature"),
                        _ => return None,
                    },
                    (Some(b"\"type\""), [b'[', b'{'], _)
                        if [Some(&b"\"Feature\""[..]), Some(b"\"FeatureCollection\"")].contains(&found) =>
                    {
                        return Some("a list of objects of the type Feature");
                    }
                    (Some(b"\"type\""), [b'{', b'[', b'{'], Some(b"\"features\""))
                        if found == Some(b"\"Feature\"") =>
                    {
                        return Some("an object with a list 'features'");
                    }
                    _ => text = found,
                }
            }
            b':' => {
                key = text.take();
                if open.len() == 1 {
                    within = key;
                }
            }
            b'{' | b'[' => {
                // The document is the one or the other; nothing that is looked for is deeper.
                if open.len() < 4 {
                    open.push(byte);
                } else {
                    skip(&mut scan);
                }
                key = None;
            }
            b'}' | b']' => {
                open.pop()?;
                if open.is_empty() {
                    return None;
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ if open.is_empty() => return None,
            _ => key = None,
        }
    }
    None
}

/// Steps behind the list or object that was just begun.
fn skip(scan: &mut Outside<'_>) {
    let mut depth = 1_u64;
    while depth > 0
        && let Some((_, byte)) = scan.next_byte()
    {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
}
