//! What a JSON file is about, told by the names of the members that its beginning has. Nothing is parsed.

use super::text::Outside;

/// So many members are looked at.
const KEYS_MAX: usize = 4096;

/// The members at the beginning of a JSON file.
#[derive(Debug, Default)]
pub(crate) struct Keys<'h> {
    /// The first byte that is no blank.
    pub(crate) first: u8,
    /// The members: how many lists and objects they are in, and their names without quotes, escapes not undone.
    keys: Vec<(u32, &'h [u8])>,
    /// Whether the first value ends within these bytes.
    pub(crate) is_whole: bool,
}

impl<'h> Keys<'h> {
    /// Looks at members within at most `depth_max` lists and objects.
    pub(crate) fn of(head: &'h [u8], depth_max: u32) -> Self {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let mut scan = Outside::new(head);
        let (mut keys, mut depth, mut text) = (Self::default(), 0_u32, None);
        while let Some((at, byte)) = scan.next_byte() {
            if byte.is_ascii_whitespace() {
                continue;
            }
            if keys.first == 0 {
                keys.first = byte;
            }
            match byte {
                b'"' if depth <= depth_max => text = head.get(at + 1..scan.at.saturating_sub(1)),
                b':' => {
                    if let Some(name) = text.take() {
                        keys.keys.push((depth, name));
                    }
                }
                b'[' | b'{' => depth = depth.saturating_add(1),
                b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    keys.is_whole |= depth == 0;
                }
                _ => text = None,
            }
            if keys.is_whole || keys.keys.len() >= KEYS_MAX {
                break;
            }
        }
        keys
    }

    /// Whether a member of this name is within so many lists and objects.
    pub(crate) fn has(&self, depth: u32, name: &str) -> bool {
        self.keys.contains(&(depth, name.as_bytes()))
    }
}
