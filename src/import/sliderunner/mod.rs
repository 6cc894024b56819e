//! Reads SlideRunner (and EXACT) SQLite databases of schema ages 0 to 3.
//!
//! The file is opened read-only and immutable and is never changed, nor is anything put beside it; triggers, views
//! and functions of its schema do not run. What the tool wrote is told as it is: a *class* of 0 is "no opinion",
//! several rows of one person stay several ratings, `lastModified` (often the time of an export) is not a time of
//! labelling, and `agreedClass` is what the source records as agreed, whatever its label rows say.
//!
//! What is not here: who of the persons is a model (the caller's mapping), which rule gives the agreed class, and
//! what an earlier import already took over.

mod annotations;
mod carried;
mod error;
mod leftovers;
mod lists;
mod open;
mod ratings;
mod schema;

pub use error::SlideRunnerError;
pub use schema::TableKind;

use std::path::Path;

use super::document::Document;
use annotations::Lists;
use carried::Carried;
use lists::{Classes, Persons, Slides};
use ratings::Ratings;
use schema::{NEEDED, Schema};

/// The newest schema that this reader was written for.
const NEWEST_SCHEMA: i64 = 3;

/// Reads the database at `path`; `source` is the name that messages give it.
///
/// # Errors
/// [`SlideRunnerError`] when the file is not such a database, is damaged, or has something else in place of a table.
/// A single record that cannot be used is no error but an entry of the document's report.
pub fn read_sliderunner(source: &str, path: &Path) -> Result<Document, SlideRunnerError> {
    let connection = open::open(source, path)?;
    let schema = Schema::read(source, &connection)?;
    schema.require()?;
    let mut document = Document::default();
    note_state_of_file(&schema, path, &mut document)?;
    let carried = Carried::read(&schema, &mut document)?;
    let slides = Slides::read(&schema, &mut document)?;
    let classes = Classes::read(&schema, &mut document)?;
    let rows = ratings::read_rows(&schema)?;
    let persons = Persons::read(&schema, &rows, &mut document)?;
    let mut ratings = Ratings::new(&schema, rows, &classes, &persons, &mut document.report)?;
    let lists = Lists {
        slides: &slides,
        classes: &classes,
    };
    annotations::read(&schema, &lists, carried, &mut ratings, &mut document)?;
    leftovers::report(&schema, &mut document.report)?;
    Ok(document)
}

/// Whether the file at `path` is an SQLite database with the tables of SlideRunner. Does not change it.
#[must_use]
pub fn looks_like_sliderunner(path: &Path) -> bool {
    let Ok(connection) = open::open_unchecked("", path) else {
        return false;
    };
    Schema::read("", &connection).is_ok_and(|schema| {
        NEEDED
            .iter()
            .all(|(table, _)| schema.table_names().any(|name| name.eq_ignore_ascii_case(table)))
    })
}

/// Reports what the reader cannot see or does not know.
fn note_state_of_file(
    schema: &Schema<'_>,
    path: &Path,
    document: &mut Document,
) -> Result<(), SlideRunnerError> {
    let file = schema.file;
    if open::has_write_ahead_log(path) {
        document.report.losses.add("unread_write_ahead_log", || {
            format!(
                "{file}: changes that lie beside it in {file}-wal are not read, since that would change the file; \
                 close the program that has it open and import it again"
            )
        });
    }
    let version = schema.count("sqlite_schema", "pragma user_version")?;
    if version > NEWEST_SCHEMA {
        document.report.warnings.add("newer_schema", || {
            format!("{file}: its schema is of age {version}; this reader knows 0 to {NEWEST_SCHEMA}")
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
