//! Reads Parquet tables with a row an annotation: those that Holotype writes, and GeoParquet tables of others as far as
//! their columns are known.
//!
//! **What is read.** Flat columns, plain or with a dictionary, uncompressed or with Snappy: what the usual programs write
//! when they are not told otherwise; anything else is refused with the way to write it again. Geometries are well-known
//! binary in level-0 pixels. Label and image are found by the usual names of their columns; every other column is kept as
//! an attribute. What our own tables carry beside gives back the exact geometry, ids, ratings and the rest.
//!
//! **Why not by the crate that writes.** The file says how long everything in it is, and the crate believes it: it makes
//! room for as many values as a header claims. Here nothing is made room for that the bytes at hand cannot hold, rows
//! are at most as many as the file has bytes, and no value of the file leads to a panic. No file is opened here.

mod cells;
mod columns;
mod error;
mod footer;
mod page;
mod rows;
mod thrift;

#[cfg(test)]
mod tests;

pub use error::ParquetReadError;

use super::document::Document;
use columns::Plan;
use error::Fault;
use footer::Footer;

/// A table begins and ends with these bytes.
const MAGIC: &[u8; 4] = b"PAR1";

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    head.starts_with(MAGIC).then_some("a Parquet table")
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`ParquetReadError`] when it is no such table, is damaged, or has no geometries. A row that cannot be used is a loss in
/// the document's report instead.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, ParquetReadError> {
    let refuse = |fault: Fault| ParquetReadError {
        file: file.to_owned(),
        fault,
    };
    let footer = Footer::read(bytes).map_err(refuse)?;
    let plan = Plan::of(&footer).map_err(refuse)?;
    rows::read(file, bytes, &footer, &plan).map_err(refuse)
}
