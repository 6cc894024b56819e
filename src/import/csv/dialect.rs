//! How a file is written: what separates its cells, and whether its first line names the columns.
//!
//! **The separator** is one of `;`, tab and `,` with which the first lines have the same number of cells, more than one.
//! Where several do, it is the one whose first line names coordinates; else the one whose cells look least as if they
//! were split at the wrong place (`1,5;2` at a comma); then the one with the most cells. Where none does, it is the one
//! with the most cells, and the first line that differs is named.

use super::columns::{Columns, columns};
use super::error::CsvProblem;
use super::order::CsvOrder;
use crate::import::quantity::number;
use crate::import::table::{Lines, SEPARATORS, check_quotes, check_width};

/// So many lines are looked at.
const LINES_MAX: usize = 200;

/// So much of the first line is quoted in a message, in characters.
const QUOTED_MAX: usize = 40;

/// What the first line is.
#[derive(Debug)]
pub(super) enum FirstLine {
    /// It names the columns.
    Header,
    /// It is a row.
    Row,
}

/// How a list is written, and what its columns are.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) separator: char,
    pub(super) width: usize,
    pub(super) first: FirstLine,
    pub(super) columns: Columns,
}

/// The first lines, split at one separator.
struct Split {
    separator: char,
    first: u64,
    cells: Vec<String>,
    is_even: bool,
    /// Cells that look as if they were split at the wrong place.
    odd: usize,
    /// Cells of the first line that are numbers.
    numbers: usize,
    /// What the names in the first line say.
    named: Result<Option<Columns>, CsvProblem>,
}

/// Finds out how a text is written; `None` for one without any line.
pub(super) fn dialect(text: &str, order: Option<&CsvOrder>) -> Result<Option<Dialect>, CsvProblem> {
    let Some(split) = best(text, order)? else {
        return Ok(None);
    };
    check_quotes(text, split.separator)?;
    let width = split.cells.len();
    check_width(width)?;
    let done = |first, columns| {
        Ok(Some(Dialect {
            separator: split.separator,
            width,
            first,
            columns,
        }))
    };
    if let Some(order) = order {
        let columns = order.columns(split.first, width)?;
        let place = columns
            .place
            .as_ref()
            .map_or(&[] as &[usize], |place| place.columns());
        let has_number = place
            .iter()
            .filter_map(|column| split.cells.get(*column))
            .any(|cell| is_number(cell, split.separator));
        let is_header =
            !has_number && !place.is_empty() && split.cells.iter().all(|cell| !cell.trim().is_empty());
        return done(
            if is_header {
                FirstLine::Header
            } else {
                FirstLine::Row
            },
            columns,
        );
    }
    match split.named {
        Ok(Some(columns)) => done(FirstLine::Header, columns),
        Err(problem) => Err(problem),
        Ok(None) if split.numbers >= 2 => Err(CsvProblem::NoHeader {
            line: split.first,
            text: quoted(&split.cells, split.separator),
        }),
        Ok(None) => Err(CsvProblem::NoPlace {
            columns: quoted(&split.cells, split.separator),
        }),
    }
}

/// Tells by the beginning of a text whether it is a list, and by what; with `None` it may still be a table.
pub(super) fn recognise(text: &str) -> Option<&'static str> {
    let split = best(text, None).ok()??;
    match split.named {
        Ok(Some(_)) if split.cells.len() > 1 => Some("a table whose first line names coordinates"),
        Err(CsvProblem::Unclear { .. } | CsvProblem::Micrometres { .. }) if split.is_even => {
            Some("a table whose first line names coordinates")
        }
        Ok(None) if split.is_even && split.numbers >= 2 && split.odd == 0 && split.is_plain() => {
            Some("lines of numbers with one separator")
        }
        Ok(_) | Err(_) => None,
    }
}

/// Whether the beginning of a text is that of a table: lines with one number of cells, more than one.
pub(super) fn is_table(text: &str) -> bool {
    let is_table = |split: Split| split.is_even && split.cells.len() > 1 && split.is_plain();
    best(text, None).is_ok_and(|split| split.is_some_and(is_table))
}

impl Split {
    /// Whether the first line holds nothing that belongs to JSON or XML.
    fn is_plain(&self) -> bool {
        let mut cells = self.cells.iter();
        cells.all(|cell| !cell.contains(['{', '}', '[', ']', '<', '>']))
    }
}

fn best(text: &str, order: Option<&CsvOrder>) -> Result<Option<Split>, CsvProblem> {
    let mut best: Option<Split> = None;
    for separator in SEPARATORS {
        let Some(split) = split(text, separator)? else {
            continue;
        };
        if best
            .as_ref()
            .is_none_or(|best| rank(&split, order) > rank(best, order))
        {
            best = Some(split);
        }
    }
    Ok(best)
}

/// The better of two splits is the greater.
fn rank(split: &Split, order: Option<&CsvOrder>) -> (bool, bool, bool, std::cmp::Reverse<usize>, usize) {
    let width = split.cells.len();
    (
        order.is_none_or(|order| order.len() == width),
        width > 1 && matches!(split.named, Ok(Some(_))),
        width > 1 && split.is_even,
        std::cmp::Reverse(split.odd),
        width,
    )
}

fn split(text: &str, separator: char) -> Result<Option<Split>, CsvProblem> {
    let mut lines = Lines::new(text, separator);
    let Some((first, record)) = lines.next()? else {
        return Ok(None);
    };
    let cells: Vec<String> = record.iter().map(str::to_owned).collect();
    let mut split = Split {
        separator,
        first,
        numbers: cells.iter().filter(|cell| is_number(cell, separator)).count(),
        named: columns(first, &cells),
        odd: odd(record, separator),
        is_even: true,
        cells,
    };
    for _ in 1..LINES_MAX {
        let Some((_, record)) = lines.next()? else {
            break;
        };
        split.is_even &= record.len() == split.cells.len();
        split.odd += odd(record, separator);
    }
    Ok(Some(split))
}

/// Counts cells that hold another separator and are no number with a decimal comma.
fn odd(record: &csv::StringRecord, separator: char) -> usize {
    let holds_other = |cell: &&str| cell.contains(|c: char| c != separator && SEPARATORS.contains(&c));
    record
        .iter()
        .filter(holds_other)
        .filter(|cell| !is_number(cell, separator))
        .count()
}

/// Whether a cell is a number, with a decimal comma where commas separate nothing.
fn is_number(cell: &str, separator: char) -> bool {
    let is = |text: &str| !matches!(number(text), Ok(None));
    is(cell) || (separator != ',' && is(&cell.replacen(',', ".", 1)))
}

fn quoted(cells: &[String], separator: char) -> String {
    let joiner = separator.to_string();
    let line = cells.join(&joiner);
    if line.chars().count() <= QUOTED_MAX {
        return line;
    }
    line.chars().take(QUOTED_MAX).chain(['…']).collect()
}
