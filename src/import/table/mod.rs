//! Reads metadata tables: CSV with a header line and one row per image, slide or case.
//!
//! Cells stay texts, exactly as given; what they mean, and which image a row belongs to, is the caller's to say
//! ([`apply_pattern`] makes a file name of a key). Values that look like two spellings of one word are told by
//! [`spelling_variants`], never unified.
//!
//! **The separator** is the one of `;`, tab and `,` with which every line has the same number of cells, more than
//! one. Where several do, the one with the most cells; among equals the first of that order. Where none does, the one
//! with the most cells in the header, and the first line that differs is named.

mod error;
mod key_pattern;
mod split;

pub use crate::model::spelling::spelling_variants;
pub use error::{TableError, TableProblem};
pub use key_pattern::{PatternError, apply_pattern};

use std::collections::BTreeSet;

use split::{Line, split};
pub(in crate::import) use split::{Lines, check_length, check_quotes, check_width, line_at};

/// How many columns a table may have.
pub const COLUMN_LIMIT: usize = 10_000;

/// The separators, in the order in which they are preferred.
pub(in crate::import) const SEPARATORS: [char; 3] = [';', '\t', ','];

/// A table as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What stands between two cells.
    pub separator: char,
    /// The names in the header line, in order, no two the same.
    pub columns: Vec<String>,
    /// The rows, in order, each with as many cells as there are columns.
    pub rows: Vec<Row>,
}

impl Table {
    /// Returns the place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// Its cells, exactly as given.
    pub cells: Vec<String>,
}

/// Reads a table; `source` is the name that messages give it. A byte order mark is accepted, lines end with a line
/// feed, a return or both, cells may be quoted, empty lines are skipped.
///
/// # Errors
/// [`TableError`], with the line, when it is not such a table.
pub fn read_table(source: &str, bytes: &[u8]) -> Result<Table, TableError> {
    read(bytes).map_err(|problem| TableError {
        file: source.to_owned(),
        problem,
    })
}

fn read(bytes: &[u8]) -> Result<Table, TableProblem> {
    let text = decode(bytes)?;
    let (separator, lines) = split_consistently(text)?;
    let mut lines = lines.into_iter();
    let Some(header) = lines.next() else {
        return Err(TableProblem::Empty);
    };
    let columns = header.cells;
    let count = columns.len();
    if count > COLUMN_LIMIT {
        let limit = COLUMN_LIMIT;
        return Err(TableProblem::TooManyColumns { count, limit });
    }
    if count < 2 {
        return Err(TableProblem::OneColumn);
    }
    let mut names = BTreeSet::new();
    if let Some(name) = columns.iter().find(|name| !names.insert(name.trim())) {
        return Err(TableProblem::ColumnRepeated {
            line: header.line,
            name: name.clone(),
        });
    }
    let rows = lines.map(|Line { line, cells }| Row { line, cells }).collect();
    Ok(Table {
        separator,
        columns,
        rows,
    })
}

/// Takes bytes as text, without a byte order mark and without NUL.
pub(in crate::import) fn decode(bytes: &[u8]) -> Result<&str, TableProblem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        TableProblem::NotUtf8 {
            line: split::line_at(bytes, offset),
            offset,
        }
    })?;
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        let line = split::line_at(bytes, offset);
        return Err(TableProblem::Nul { line, offset });
    }
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

/// Splits with each separator and takes the one that the rule above names.
fn split_consistently(text: &str) -> Result<(char, Vec<Line>), TableProblem> {
    let mut best: Option<(usize, char, Vec<Line>)> = None;
    let mut refusal: Option<(usize, TableProblem)> = None;
    for separator in SEPARATORS {
        let (width, result) = split(text, separator);
        match result {
            Ok(lines) if best.as_ref().is_none_or(|(most, ..)| width > *most) => {
                best = Some((width, separator, lines));
            }
            Ok(_) => {}
            Err(problem) if refusal.as_ref().is_none_or(|(most, _)| width > *most) => {
                refusal = Some((width, problem));
            }
            Err(_) => {}
        }
    }
    match (best, refusal) {
        // One column is what any separator finds that does not occur.
        (Some((width, ..)), Some((wider, problem))) if width < 2 && wider > 1 => Err(problem),
        (Some((_, separator, lines)), _) => Ok((separator, lines)),
        (None, Some((_, problem))) => Err(problem),
        (None, None) => Err(TableProblem::Empty),
    }
}

#[cfg(test)]
mod tests;
