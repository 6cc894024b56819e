//! Reads Parquet tables as Holotype writes them.

use super::document::Document;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ParquetReadError {
    /// The reader is not written yet.
    #[error("{file}: this format is not read yet")]
    NotYet {
        /// The file.
        file: String,
    },
}

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(_head: &[u8]) -> Option<&'static str> {
    None
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`ParquetReadError`] when it is no such file.
pub fn read(file: &str, _bytes: &[u8]) -> Result<Document, ParquetReadError> {
    Err(ParquetReadError::NotYet {
        file: file.to_owned(),
    })
}
