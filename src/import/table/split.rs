//! Splits a text into lines of cells at one separator.
//!
//! The csv library does the splitting. It is lenient about quotes (an open one swallows the rest of the file), so
//! quotes are walked over once before.

use super::COLUMN_LIMIT;
use super::error::TableProblem;

/// A line of cells and where it begins.
pub(super) struct Line {
    pub(super) line: u64,
    pub(super) cells: Vec<String>,
}

/// Splits; returns how many cells the first line has, and the lines if all have as many.
pub(super) fn split(text: &str, separator: char) -> (usize, Result<Vec<Line>, TableProblem>) {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .from_reader(text.as_bytes());
    let (mut width, mut lines, mut counter) = (0, Vec::new(), LineCounter::new(text.as_bytes()));
    let quotes = check_quotes(text, separator);
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return (width, Err(TableProblem::Csv(error))),
        }
        let start = record.position().map_or(0, csv::Position::byte);
        let line = counter.line_of_record(usize::try_from(start).unwrap_or(usize::MAX));
        if lines.is_empty() {
            width = record.len();
            if let Err(problem) = quotes {
                return (width, Err(problem));
            }
            if width > COLUMN_LIMIT {
                let limit = COLUMN_LIMIT;
                return (width, Err(TableProblem::TooManyColumns { count: width, limit }));
            }
        }
        if record.len() != width {
            let (found, expected) = (record.len(), width);
            return (
                width,
                Err(TableProblem::Ragged {
                    line,
                    found,
                    expected,
                }),
            );
        }
        let cells = record.iter().map(str::to_owned).collect();
        lines.push(Line { line, cells });
    }
    (width, Ok(lines))
}

/// Walks over the quotes as the csv library does: one counts where a cell begins with it.
fn check_quotes(text: &str, separator: char) -> Result<(), TableProblem> {
    let bytes = text.as_bytes();
    let is_end = |byte: u8| byte == b'\n' || byte == b'\r' || char::from(byte) == separator;
    let mut walk = bytes.iter().copied().enumerate().peekable();
    let mut at_cell_start = true;
    while let Some((offset, byte)) = walk.next() {
        if byte != b'"' || !at_cell_start {
            at_cell_start = is_end(byte);
            continue;
        }
        loop {
            match walk.next() {
                None => {
                    return Err(TableProblem::UnclosedQuote {
                        line: line_at(bytes, offset),
                    });
                }
                Some((_, b'"')) if walk.next_if(|(_, next)| *next == b'"').is_some() => {}
                Some((_, b'"')) => break,
                Some(_) => {}
            }
        }
        if let Some((offset, _)) = walk.next_if(|(_, next)| !is_end(*next)) {
            return Err(TableProblem::TextAfterQuote {
                line: line_at(bytes, offset),
            });
        }
        at_cell_start = false;
    }
    Ok(())
}

/// Returns the line of a byte.
pub(super) fn line_at(bytes: &[u8], offset: usize) -> u64 {
    LineCounter::new(bytes).line_of(offset)
}

/// Counts lines that end with a line feed, a return, or both.
struct LineCounter<'b> {
    bytes: &'b [u8],
    at: usize,
    line: u64,
}

impl<'b> LineCounter<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            line: 1,
        }
    }

    /// Returns the line of a byte at or after the last one that was asked for.
    fn line_of(&mut self, offset: usize) -> u64 {
        while self.at < offset {
            match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
                (Some(b'\n'), _) => self.line += 1,
                (Some(b'\r'), next) if next != Some(&b'\n') => self.line += 1,
                (Some(_), _) => {}
                (None, _) => break,
            }
            self.at += 1;
        }
        self.line
    }

    /// The library lets a record begin with the rest of the line end before it, and with empty lines.
    fn line_of_record(&mut self, start: usize) -> u64 {
        let ends = self.bytes.get(start..).unwrap_or_default().iter();
        self.line_of(start + ends.take_while(|byte| matches!(byte, b'\r' | b'\n')).count())
    }
}
