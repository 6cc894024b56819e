//! The text of a JSON file before it is parsed: its encoding, and literals that JSON does not have. It parses nothing.

use super::error::JsonError;

/// The text of a file.
pub(crate) struct Text<'b> {
    /// Without the byte order mark.
    pub(crate) body: &'b str,
    /// Whether there was one.
    pub(crate) has_bom: bool,
}

/// The character of which markers consist: DEL, which no tool writes into a JSON text.
const MARK: u8 = 0x7f;

/// The literals that Python writes and JSON does not know, the longest first.
const LITERALS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// What may stand before a text in UTF-8, and is no part of it.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What is said of bytes that are no text.
pub(crate) const NOT_UTF8: &str = "it has bytes that are no UTF-8";

/// Checks the encoding.
pub(crate) fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<Text<'b>, JsonError> {
    let refuse = |found, line, column| JsonError::Encoding {
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
        refuse(NOT_UTF8, lines, column)
    })?;
    Ok(match body.strip_prefix('\u{feff}') {
        Some(body) => Text { body, has_bom: true },
        None => Text { body, has_bom: false },
    })
}

/// Replaces `NaN`, `Infinity` and `-Infinity` outside of texts by marker texts of the same length, so that places
/// in the file stay; `None` when there is none.
pub(crate) fn without_literals(body: &str) -> Option<String> {
    let mut out: Option<Vec<u8>> = None;
    let mut scan = Outside::new(body.as_bytes());
    while let Some((at, _)) = scan.next_byte() {
        let rest = body
            .as_bytes()
            .split_at_checked(at)
            .map_or(&[][..], |(_, rest)| rest);
        let Some(literal) = LITERALS
            .iter()
            .find(|literal| rest.starts_with(literal.as_bytes()))
        else {
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
pub(crate) fn is_literal_marker(text: &str) -> bool {
    marked_literal(text).is_some()
}

/// Returns the literal in whose place [`without_literals`] puts this text: the quotes and as many marks as it is long.
pub(crate) fn marked_literal(text: &str) -> Option<&'static str> {
    let is_mark = text.bytes().all(|byte| byte == MARK);
    let literal = LITERALS
        .into_iter()
        .find(|literal| literal.len() == text.len() + 2);
    literal.filter(|_| is_mark)
}

/// Steps over the bytes that are not within texts.
pub(crate) struct Outside<'b> {
    bytes: &'b [u8],
    /// Behind the byte that came last; behind the closing quote where that began a text.
    pub(crate) at: usize,
}

impl<'b> Outside<'b> {
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Returns the next byte outside of texts (a quote begins one, and is returned) with its place.
    pub(crate) fn next_byte(&mut self) -> Option<(usize, u8)> {
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
