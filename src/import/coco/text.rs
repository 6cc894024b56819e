//! The text of the file before it is parsed: its encoding, literals that JSON does not have, and what it is at all.

use super::error::CocoError;

/// The text of a file.
pub(super) struct Text<'b> {
    /// Without the byte order mark.
    pub(super) body: &'b str,
    /// Whether there was one.
    pub(super) has_bom: bool,
}

/// The character of which markers consist: DEL, which no tool writes into a JSON text.
const MARK: u8 = 0x7f;

/// The literals that Python writes and JSON does not know, the longest first.
const LITERALS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// Checks the encoding.
pub(super) fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<Text<'b>, CocoError> {
    let refuse = |found, line, column| CocoError::Encoding {
        file: file.to_owned(),
        found,
        line,
        column,
    };
    let is_wide = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [first, second, ..] => *first == 0 || *second == 0,
        _ => false,
    };
    if is_wide {
        return Err(refuse("it looks like UTF-16 or UTF-32", 1, 1));
    }
    let body = std::str::from_utf8(bytes).map_err(|error| {
        let (before, _) = bytes
            .split_at_checked(error.valid_up_to())
            .unwrap_or((bytes, &[]));
        let lines = before.split(|byte| *byte == b'\n').count();
        let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
        refuse("it has bytes that are no UTF-8", lines, column)
    })?;
    Ok(match body.strip_prefix('\u{feff}') {
        Some(body) => Text { body, has_bom: true },
        None => Text { body, has_bom: false },
    })
}

/// Replaces `NaN`, `Infinity` and `-Infinity` outside of texts by marker texts of the same length, so that places
/// in the file stay; `None` when there is none.
pub(super) fn without_literals(body: &str) -> Option<String> {
    let mut out: Option<Vec<u8>> = None;
    let mut scan = Outside::new(body.as_bytes());
    while let Some((at, _)) = scan.next_byte() {
        let rest = body
            .as_bytes()
            .split_at_checked(at)
            .map_or(&[][..], |(_, rest)| rest);
        let Some(literal) = LITERALS.iter().find(|literal| rest.starts_with(literal)) else {
            continue;
        };
        let marker = out
            .get_or_insert_with(|| body.as_bytes().to_vec())
            .get_mut(at..at + literal.len())?;
        marker.fill(MARK);
        for quote in [0, literal.len() - 1] {
            if let Some(place) = marker.get_mut(quote) {
                *place = b'"';
            }
        }
        scan.at = at + literal.len();
    }
    out.and_then(|bytes| String::from_utf8(bytes).ok())
}

/// Whether a text is what [`without_literals`] puts in place of a literal.
pub(super) fn is_literal_marker(text: &str) -> bool {
    [1, 6, 7].contains(&text.len()) && text.bytes().all(|byte| byte == MARK)
}

/// Steps over the bytes that are not within texts.
pub(super) struct Outside<'b> {
    bytes: &'b [u8],
    /// Behind the byte that came last; behind the closing quote where that began a text.
    pub(super) at: usize,
}

impl<'b> Outside<'b> {
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Returns the next byte outside of texts (a quote begins one, and is returned) with its place.
    pub(super) fn next_byte(&mut self) -> Option<(usize, u8)> {
        let at = self.at;
        let byte = *self.bytes.get(at)?;
        self.at += 1;
        if byte == b'"' {
            self.skip_text();
        }
        Some((at, byte))
    }

    /// Steps behind the closing quote.
    fn skip_text(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                return;
            }
        }
    }
}

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
