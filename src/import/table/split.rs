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

/// The lines of a text, cell by cell, as the csv library splits them at a separator. They may differ in length.
pub(in crate::import) struct Lines<'t> {
    reader: csv::Reader<&'t [u8]>,
    record: csv::StringRecord,
    counter: LineCounter<'t>,
}

impl<'t> Lines<'t> {
    /// Begins with the first line.
    pub(in crate::import) fn new(text: &'t str, separator: char) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(u8::try_from(separator).unwrap_or(b','))
            .from_reader(text.as_bytes());
        Self {
            reader,
            record: csv::StringRecord::new(),
            counter: LineCounter::new(text.as_bytes()),
        }
    }

    /// Returns the next line, and which it is, from 1; `None` after the last.
    pub(in crate::import) fn next(&mut self) -> Result<Option<(u64, &csv::StringRecord)>, TableProblem> {
        if !self
            .reader
            .read_record(&mut self.record)
            .map_err(TableProblem::Csv)?
        {
            return Ok(None);
        }
        let start = self.record.position().map_or(0, csv::Position::byte);
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        Ok(Some((self.counter.line_of_record(start), &self.record)))
    }
}

/// Splits; returns how many cells the first line has, and the lines if all have as many.
pub(super) fn split(text: &str, separator: char) -> (usize, Result<Vec<Line>, TableProblem>) {
    let (mut width, mut lines, mut reader) = (0, Vec::new(), Lines::new(text, separator));
    let mut quotes = Some(check_quotes(text, separator));
    loop {
        let (line, record) = match reader.next() {
            Ok(Some(next)) => next,
            Ok(None) => break,
            Err(problem) => return (width, Err(problem)),
        };
        if let Some(quotes) = quotes.take() {
            width = record.len();
            if let Err(problem) = quotes.and_then(|()| check_width(width)) {
                return (width, Err(problem));
            }
        }
        if let Err(problem) = check_length(line, record, width) {
            return (width, Err(problem));
        }
        let cells = record.iter().map(str::to_owned).collect();
        lines.push(Line { line, cells });
    }
    (width, Ok(lines))
}

/// Refuses more columns than a table may have.
pub(in crate::import) fn check_width(width: usize) -> Result<(), TableProblem> {
    if width > COLUMN_LIMIT {
        let limit = COLUMN_LIMIT;
        return Err(TableProblem::TooManyColumns { count: width, limit });
    }
    Ok(())
}

/// Refuses a line that has another number of cells than the first.
pub(in crate::import) fn check_length(
    line: u64,
    record: &csv::StringRecord,
    width: usize,
) -> Result<(), TableProblem> {
    if record.len() != width {
        return Err(TableProblem::Ragged {
            line,
            found: record.len(),
            expected: width,
        });
    }
    Ok(())
}

/// Walks over the quotes as the csv library does: one counts where a cell begins with it.
pub(in crate::import) fn check_quotes(text: &str, separator: char) -> Result<(), TableProblem> {
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

/// Returns the line of a byte, from 1.
pub(in crate::import) fn line_at(bytes: &[u8], offset: usize) -> u64 {
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
