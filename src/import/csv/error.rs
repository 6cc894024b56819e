//! Why a file was not read as a list of places.

use crate::import::table::TableProblem;

/// A file that was not read: which one and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct CsvError {
    /// The file.
    pub file: String,
    /// Why.
    #[source]
    pub problem: CsvProblem,
}

/// Why a file is not read as a list of places. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum CsvProblem {
    /// It is larger than any such file that is read.
    #[error("the file has {bytes} bytes; a list of at most {limit} is read")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It has more rows than are read.
    #[error("line {line} is beyond the {limit} rows that are read at once")]
    TooManyRows {
        /// The line.
        line: u64,
        /// The limit.
        limit: usize,
    },
    /// It is no table.
    #[error(transparent)]
    Table(#[from] TableProblem),
    /// No line names the columns, and nobody else did.
    #[error("no line names the columns, so line {line} ('{text}') can be x,y as well as y,x")]
    NoHeader {
        /// The first line.
        line: u64,
        /// Its beginning.
        text: String,
    },
    /// No column is a coordinate: this is a table about images.
    #[error("no column is a coordinate ({columns}); this is a table of facts, not a list of places")]
    NoPlace {
        /// The columns that there are.
        columns: String,
    },
    /// The columns give a place in more than one way, or half of one.
    #[error("the columns {columns} do not say in one way where things are: {why}")]
    Unclear {
        /// The columns in question.
        columns: String,
        /// What is missing or too much.
        why: &'static str,
    },
    /// The coordinates are not in pixels.
    #[error("the column '{column}' is in micrometres; places are read in pixels of the full resolution")]
    Micrometres {
        /// The column.
        column: String,
    },
    /// The order that was given has another number of columns.
    #[error("the order given has {given} columns, line {line} has {found}")]
    OrderLength {
        /// The columns given.
        given: usize,
        /// The first line.
        line: u64,
        /// Its columns.
        found: usize,
    },
    /// A comma and a point are both used as the decimal sign.
    #[error(
        "line {comma_line} has a decimal comma, line {point_line} a decimal point; one of them may separate thousands"
    )]
    MixedDecimals {
        /// The first line with a comma.
        comma_line: u64,
        /// The first line with a point.
        point_line: u64,
    },
    /// A number that no `f64` holds.
    #[error("line {line}, column '{column}': the number '{text}' is out of range")]
    OutOfRange {
        /// The line.
        line: u64,
        /// The column.
        column: String,
        /// The number.
        text: String,
    },
    /// One id names two different things.
    #[error("the id '{id}' on line {second} names something else than on line {first}")]
    IdTwice {
        /// The id.
        id: String,
        /// The line that has it first.
        first: u64,
        /// The line that differs.
        second: u64,
    },
}
