//! JSON Lines: one record a line, each line ended by one line feed.
//!
//! Only the lines are looked at here; what stands on them is for [`from_canonical`](super::from_canonical).

use std::iter::FusedIterator;

use serde::Serialize;
use thiserror::Error;

use super::canonical::{EncodeError, write_canonical};

/// Why bytes are not JSON Lines.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LinesError {
    /// A line has nothing on it.
    #[error("line {line} is empty")]
    Empty {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The last line is not ended by a line feed.
    #[error("line {line} is the last one and is not ended by a line feed: the file may be cut off")]
    Unterminated {
        /// Number of the line, from 1.
        line: usize,
    },
    /// A line is ended by a carriage return and a line feed.
    #[error("line {line} is ended by a carriage return and a line feed, not by a line feed alone")]
    CarriageReturn {
        /// Number of the line, from 1.
        line: usize,
    },
}

/// Parts bytes into their lines, each with the offset of its first byte and without its line feed.
///
/// No bytes have no lines. After an error nothing more comes.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = Result<(usize, &[u8]), LinesError>> {
    lines_behind(0, bytes)
}

/// As [`lines`], for bytes that so many lines stand before. Offsets are within `bytes`, numbers of lines are not.
pub(crate) fn lines_behind(
    before: usize,
    bytes: &[u8],
) -> impl Iterator<Item = Result<(usize, &[u8]), LinesError>> {
    Lines {
        length: bytes.len(),
        rest: bytes,
        line: before,
    }
}

/// Appends a value in canonical JSON as one line.
///
/// # Errors
///
/// As [`to_canonical`](super::to_canonical); `out` is then as long as before.
pub fn write_line<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    write_canonical(value, out)?;
    out.push(b'\n');
    Ok(())
}

struct Lines<'b> {
    length: usize,
    rest: &'b [u8],
    /// Number of the line that was read last.
    line: usize,
}

impl<'b> Iterator for Lines<'b> {
    type Item = Result<(usize, &'b [u8]), LinesError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let line = self.line;
        let offset = self.length - self.rest.len();
        let parts = memchr::memchr(b'\n', self.rest).and_then(|at| self.rest.split_at_checked(at));
        let result = match parts {
            None => Err(LinesError::Unterminated { line }),
            Some(([], _)) => Err(LinesError::Empty { line }),
            Some(([.., b'\r'], _)) => Err(LinesError::CarriageReturn { line }),
            Some((content, tail)) => {
                self.rest = tail.get(1..).unwrap_or_default();
                Ok((offset, content))
            }
        };
        if result.is_err() {
            self.rest = &[];
        }
        Some(result)
    }
}

impl FusedIterator for Lines<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Result<(usize, &[u8]), LinesError>> {
        lines(bytes).collect()
    }

    #[test]
    fn lines_come_with_their_offsets() {
        assert!(all(b"").is_empty());
        assert_eq!(all(b"1\n"), [Ok((0, &b"1"[..]))]);
        assert_eq!(
            all(b"{}\n[1,2]\n3\n"),
            [Ok((0, &b"{}"[..])), Ok((3, &b"[1,2]"[..])), Ok((9, &b"3"[..]))]
        );
    }

    #[test]
    fn an_offence_names_its_line_and_ends_the_lines() {
        assert_eq!(all(b"\n"), [Err(LinesError::Empty { line: 1 })]);
        assert_eq!(
            all(b"1\n\n2\n"),
            [Ok((0, &b"1"[..])), Err(LinesError::Empty { line: 2 })]
        );
        assert_eq!(
            all(b"1\n2"),
            [Ok((0, &b"1"[..])), Err(LinesError::Unterminated { line: 2 })]
        );
        assert_eq!(all(b"1\r\n2\n"), [Err(LinesError::CarriageReturn { line: 1 })]);
        assert_eq!(all(b"\r\n"), [Err(LinesError::CarriageReturn { line: 1 })]);
        assert_eq!(all(b"1\r"), [Err(LinesError::Unterminated { line: 1 })]);
    }

    #[test]
    fn written_lines_are_read_back() {
        let mut bytes = Vec::new();
        for text in ["a", "two\nlines\r", "x\u{2028}y"] {
            write_line(text, &mut bytes).unwrap();
        }
        assert!(write_line(&f64::NAN, &mut bytes).is_err());
        let read: Vec<String> = lines(&bytes)
            .map(|line| crate::codec::from_canonical(line.unwrap().1).unwrap())
            .collect();
        assert_eq!(read, ["a", "two\nlines\r", "x\u{2028}y"]);
    }
}
