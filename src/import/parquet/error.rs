//! Why a file was not read as a Parquet table.

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {fault}")]
pub struct ParquetReadError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    #[source]
    pub(super) fault: Fault,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// It does not begin and end as a table does.
    #[error("this is no Parquet table, or it is cut off: it does not end as one")]
    NotATable,
    /// The footer has a length that the file does not have.
    #[error("its footer would have {length} bytes, the file has {available}")]
    FooterLength { length: u64, available: u64 },
    /// The bytes are not the structures that they should be.
    #[error("{place} is damaged at its byte {offset}: {why}")]
    Structure {
        place: String,
        offset: usize,
        why: &'static str,
    },
    /// A structure says what cannot be.
    #[error("{place}: {why}")]
    Impossible { place: String, why: String },
    /// Something that is not read.
    #[error(
        "{place} is written as {what}, which is not read; write the table with Snappy or without compression, with plain or dictionary encoding"
    )]
    NotRead { place: String, what: String },
    /// There is no column with geometries.
    #[error(
        "it has no column with geometries as well-known binary, such as 'geometry'; its columns are {columns}"
    )]
    NoGeometry { columns: String },
}
