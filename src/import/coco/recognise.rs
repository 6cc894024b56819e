//! What tells a COCO file from other JSON: the lists that it must have.

use super::super::json::text::Outside;

/// Whether this is the beginning of a COCO file: a JSON object with the lists `images` and `annotations`. Where the
/// bytes end within the object (a large file, possibly of one line), one of the two is enough.
#[must_use]
pub fn looks_like_coco(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut scan = Outside::new(head);
    let (mut depth, mut is_closed) = (0_u64, false);
    let (mut found, mut key) = ([false; 2], None);
    let mut expects_list = None;
    while let Some((at, byte)) = scan.next_byte() {
        if byte.is_ascii_whitespace() {
            continue;
        }
        if depth == 0 && (byte != b'{' || is_closed) {
            return false;
        }
        let list = expects_list.take();
        match byte {
            b'"' if depth == 1 => key = head.get(at..scan.at),
            b':' if depth == 1 => expects_list = key.take(),
            b'[' | b'{' => {
                let [images, annotations] = &mut found;
                *images |= byte == b'[' && list == Some(b"\"images\"");
                *annotations |= byte == b'[' && list == Some(b"\"annotations\"");
                depth += 1;
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                is_closed = depth == 0;
            }
            _ => {}
        }
    }
    let [images, annotations] = found;
    if is_closed {
        images && annotations
    } else {
        images || annotations
    }
}
