//! Reads lists of points and boxes as delimited text: one row an annotation.
//!
//! **Columns** are known by their names, in any order and spelling (`role`): a position (`x`, `y`), a corner and a size,
//! a middle and a size, four borders, or a middle and a radius; the image, the class, an id, who said so. Every other
//! column is kept as an attribute under its name. Names that give a place in two ways, or half of one, are refused, and
//! so is a file that names no columns: `x,y` cannot be told from `y,x`. [`CsvOrder`] says what its columns are.
//!
//! **Numbers** may have a decimal comma where cells are separated by `;` or a tab. A file that uses comma and point as
//! the decimal sign is refused, for one of them may separate thousands.
//!
//! **Images.** Without a column for it, a file is about the image that it is named after. A file without any byte, or
//! with a header alone, says that this image was looked at and nothing was found: a screening. So does a row that names
//! an image and nothing else.
//!
//! **Texts** are read as [`crate::model::cell`] says, so that what a spreadsheet would run comes back as it was.
//!
//! Tables without coordinates are facts about images (`import::metadata`), and are refused here.

mod columns;
mod dialect;
mod error;
mod order;
mod place;
mod role;
mod rows;

#[cfg(test)]
mod tests;

pub use error::{CsvError, CsvProblem};
pub use order::CsvOrder;

use super::document::Document;
use super::table::{Lines, check_length, decode};
use dialect::{Dialect, FirstLine, dialect};
use rows::Rows;

/// A beginning of this length may be cut within a line.
const HEAD_MAX: usize = 1 << 20;

/// No list that is read is longer.
const BYTES_MAX: usize = 1 << 30;

/// No list that is read has more rows.
const ROWS_MAX: usize = 10_000_000;

/// Choices of reading.
#[derive(Debug, Clone, Copy, Default)]
pub struct CsvOptions<'a> {
    /// What the columns are, in a file that does not name them, or names them otherwise.
    pub order: Option<&'a CsvOrder>,
}

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    dialect::recognise(whole_lines(head)?)
}

/// Whether the beginning of a file is that of a table of any kind.
#[must_use]
pub fn is_table(head: &[u8]) -> bool {
    whole_lines(head).is_some_and(dialect::is_table)
}

/// The beginning of a file as text; where it was cut within a line, without that line.
fn whole_lines(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => decode(head.get(..error.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    let text = decode(text.as_bytes()).ok()?;
    match text.rfind(['\n', '\r']) {
        Some(end) if head.len() >= HEAD_MAX => text.get(..end),
        Some(_) | None => Some(text),
    }
}

/// Reads one file; `file` is the name that messages give it, and names the image where no column does.
///
/// # Errors
/// [`CsvError`] when it is no such list, or when its columns cannot be told. A single row that cannot be used is no
/// error but an entry of the document's report.
pub fn read(file: &str, bytes: &[u8], options: &CsvOptions<'_>) -> Result<Document, CsvError> {
    read_list(file, bytes, options).map_err(|problem| CsvError {
        file: file.to_owned(),
        problem,
    })
}

fn read_list(file: &str, bytes: &[u8], options: &CsvOptions<'_>) -> Result<Document, CsvProblem> {
    if bytes.len() > BYTES_MAX {
        return Err(CsvProblem::TooLarge {
            bytes: bytes.len(),
            limit: BYTES_MAX,
        });
    }
    let text = decode(bytes)?;
    let Some(dialect) = dialect(text, options.order)? else {
        return Ok(rows::nothing_found(file));
    };
    let Dialect {
        separator,
        width,
        first,
        columns,
    } = dialect;
    let mut rows = Rows::new(file, &columns, separator);
    let mut lines = Lines::new(text, separator);
    let mut is_header = matches!(first, FirstLine::Header);
    let mut count = 0;
    while let Some((line, record)) = lines.next()? {
        check_length(line, record, width)?;
        if std::mem::take(&mut is_header) {
            continue;
        }
        count += 1;
        if count > ROWS_MAX {
            let limit = ROWS_MAX;
            return Err(CsvProblem::TooManyRows { line, limit });
        }
        rows.read(line, record)?;
    }
    Ok(rows.finish())
}
