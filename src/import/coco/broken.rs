//! Why a long file is refused: the parser's own message, with the place in the file. What was found to be good is left
//! out, but for the last record of it, so that the parser comes to the rest as it would in the whole text, and little
//! of the file is in memory.

use super::super::json::text::NOT_UTF8;
use super::super::json::{Context, JsonError, reason};
use super::error::CocoError;
use super::source::Source;
use super::{CocoOptions, parse_rest, read_coco};
use crate::id::Digest;
use crate::import::document::Document;

/// How far a file was good.
pub(super) struct Broken {
    /// The text up to and with the bracket that opens the list of annotations, without a byte order mark.
    pub(super) head: Vec<u8>,
    /// Whether the file begins with a byte order mark.
    pub(super) has_bom: bool,
    /// Where in the file the last good annotation begins, and its index.
    pub(super) last: Option<(u64, usize)>,
}

/// A byte order mark has so many bytes.
const MARK_BYTES: u64 = 3;

/// An error so close to the end of what was read can be one of what was not.
const MARGIN: usize = 64;

impl Broken {
    /// Finds why. A file that turns out to be good is read whole.
    pub(super) fn read(
        &self,
        source: &Source,
        window: usize,
        options: &CocoOptions,
    ) -> Result<(Document, Digest), CocoError> {
        check_encoding(source, window)?;
        let head = u64::try_from(self.head.len()).unwrap_or(u64::MAX) + self.mark();
        let (from, first) = self.last.unwrap_or((head, 0));
        let size = source.size_bytes();
        let mut length = u64::try_from(window).unwrap_or(u64::MAX);
        let mut buffer = Vec::new();
        loop {
            let to = from.saturating_add(length).min(size).max(from);
            source.read(from, to, &mut buffer)?;
            let is_whole = to == size;
            let text = [self.head.as_slice(), &buffer].concat();
            let text = match std::str::from_utf8(&text) {
                Ok(text) => text,
                // The last letter is not there as a whole.
                Err(error) => text
                    .get(..error.valid_up_to())
                    .and_then(|text| std::str::from_utf8(text).ok())
                    .unwrap_or_default(),
            };
            let mut context = Context::new(&source.name);
            match parse_rest(text, first, &mut context) {
                Err(error) if is_whole || is_within(&error, text) => {
                    return Err(self.located(source, window, &error, text, from - head)?);
                }
                Err(_) => {}
                Ok(_) => {
                    let mut bytes = Vec::new();
                    source.read(0, size, &mut bytes)?;
                    let document = read_coco(&source.name, &bytes, options)?;
                    return Ok((document, Digest::of(&bytes)));
                }
            }
            length = length.saturating_mul(2);
        }
    }

    fn mark(&self) -> u64 {
        if self.has_bom { MARK_BYTES } else { 0 }
    }

    /// Puts an error of a shortened text at its place in the file: behind the head, `left_out` bytes further on.
    fn located(
        &self,
        source: &Source,
        window: usize,
        error: &serde_json::Error,
        text: &str,
        left_out: u64,
    ) -> Result<CocoError, CocoError> {
        let at = offset(error, text);
        let left_out = if at > self.head.len() { left_out } else { 0 };
        let at = u64::try_from(at).unwrap_or(u64::MAX) + left_out + self.mark();
        let (line, column) = position(source, window, at)?;
        Ok(JsonError::Syntax {
            file: source.name.clone(),
            line,
            column: column.max(1),
            reason: reason(error),
        }
        .into())
    }
}

/// Whether an error is none of a text's end.
fn is_within(error: &serde_json::Error, text: &str) -> bool {
    !error.is_eof() && offset(error, text).saturating_add(MARGIN) < text.len()
}

/// Returns before how many bytes of a text an error is: its line begins somewhere, and its column says how many bytes
/// of the line are before.
fn offset(error: &serde_json::Error, text: &str) -> usize {
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1);
    let line = std::iter::once(0)
        .chain(ends)
        .nth(error.line().saturating_sub(1))
        .unwrap_or(0);
    line + error.column()
}

/// Returns line and column of a place in the file, as the parser counts them: lines from 1, and bytes of the line
/// before the place.
fn position(source: &Source, window: usize, at: u64) -> Result<(usize, usize), CocoError> {
    let (mut line, mut begin) = (1, 0);
    each_window(source, window, at, |from, bytes| {
        for end in memchr::memchr_iter(b'\n', bytes) {
            line += 1;
            begin = from + u64::try_from(end).unwrap_or(0) + 1;
        }
        Ok(())
    })?;
    Ok((line, usize::try_from(at - begin).unwrap_or(usize::MAX)))
}

/// Refuses a file that is not UTF-8 to its end.
fn check_encoding(source: &Source, window: usize) -> Result<(), CocoError> {
    // The beginning of a letter that the window before ended within.
    let mut open: Vec<u8> = Vec::new();
    let refuse = |at: u64| -> CocoError {
        match position(source, window, at) {
            Ok((line, column)) => JsonError::Encoding {
                file: source.name.clone(),
                found: NOT_UTF8,
                line,
                column: column + 1,
            }
            .into(),
            Err(error) => error,
        }
    };
    let size = source.size_bytes();
    each_window(source, window, size, |from, bytes| {
        let before = u64::try_from(open.len()).unwrap_or(0);
        let text = [open.as_slice(), bytes].concat();
        open.clear();
        let Err(error) = std::str::from_utf8(&text) else {
            return Ok(());
        };
        let bad = error.valid_up_to();
        if error.error_len().is_some() {
            return Err(refuse(from - before + u64::try_from(bad).unwrap_or(0)));
        }
        open.extend_from_slice(text.get(bad..).unwrap_or_default());
        Ok(())
    })?;
    if open.is_empty() {
        Ok(())
    } else {
        Err(refuse(size - u64::try_from(open.len()).unwrap_or(0)))
    }
}

/// Calls `each` with the bytes up to a place, and where they begin.
fn each_window(
    source: &Source,
    window: usize,
    end: u64,
    mut each: impl FnMut(u64, &[u8]) -> Result<(), CocoError>,
) -> Result<(), CocoError> {
    let step = u64::try_from(window.max(1)).unwrap_or(u64::MAX);
    let (mut from, mut buffer) = (0, Vec::new());
    while from < end {
        let to = from.saturating_add(step).min(end);
        source.read(from, to, &mut buffer)?;
        each(from, &buffer)?;
        from = to;
    }
    Ok(())
}
