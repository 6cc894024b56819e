//! Why a file was not read as a table.

/// A file that was not read: which one and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct TableError {
    /// The file.
    pub file: String,
    /// Why.
    #[source]
    pub problem: TableProblem,
}

/// Why a file is not a table. Lines count from 1, bytes from 0.
#[derive(Debug, thiserror::Error)]
pub enum TableProblem {
    /// There is nothing in it.
    #[error("the table is empty; its first line must name the columns")]
    Empty,
    /// It is not UTF-8.
    #[error("line {line} is not UTF-8 (byte {offset}); save the table as UTF-8")]
    NotUtf8 {
        /// The line.
        line: u64,
        /// The first byte that is not.
        offset: usize,
    },
    /// There is a NUL.
    #[error("line {line} holds a NUL (byte {offset}); this is no text, or UTF-16")]
    Nul {
        /// The line.
        line: u64,
        /// The byte.
        offset: usize,
    },
    /// A row has another number of cells than the header.
    #[error("line {line} has {found} cells, the header has {expected}")]
    Ragged {
        /// The line.
        line: u64,
        /// Its cells.
        found: usize,
        /// The header's.
        expected: usize,
    },
    /// A quote is opened and never closed.
    #[error("the quote that opens on line {line} is never closed")]
    UnclosedQuote {
        /// The line.
        line: u64,
    },
    /// There is something between a closing quote and the separator.
    #[error("line {line} goes on after a closing quote; a quote within quotes is written twice")]
    TextAfterQuote {
        /// The line.
        line: u64,
    },
    /// There are too many columns.
    #[error("the table has {count} columns; at most {limit} are read")]
    TooManyColumns {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// No separator occurs.
    #[error("the table has one column only; cells are separated by ',' ';' or a tab")]
    OneColumn,
    /// Two columns have one name.
    #[error("line {line} names the column '{name}' twice")]
    ColumnRepeated {
        /// The header's line.
        line: u64,
        /// The name.
        name: String,
    },
    /// The reader of CSV failed.
    #[error("the table cannot be read")]
    Csv(#[source] csv::Error),
}
