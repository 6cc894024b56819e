//! What can go wrong when a version is exported.

use std::path::PathBuf;

use super::coco;
use crate::event::StateError;
use crate::files::folder::FileError;
use crate::files::names::NameError;
use crate::id::BlobId;
use crate::repo::RepoError;
use crate::store::StoreError;

/// A failure of an export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The version cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The repository cannot be read.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// An object or blob cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The COCO file cannot be written.
    #[error(transparent)]
    Coco(#[from] coco::ExportError),
    /// The Parquet file cannot be written.
    #[error(transparent)]
    Parquet(#[from] super::parquet::ParquetWriteError),
    /// The SlideRunner database cannot be written.
    #[error(transparent)]
    SlideRunner(#[from] super::sliderunner::SlideRunnerWriteError),
    /// A record cannot be written exactly.
    #[error("a record cannot be written exactly")]
    Encode(#[from] crate::codec::EncodeError),
    /// The output cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A stream cannot be written.
    #[error("cannot write the export")]
    Write(#[from] std::io::Error),
    /// A table cannot be written.
    #[error("cannot write a table")]
    Table(#[from] csv::Error),
    /// Names of images cannot stand on a disk.
    #[error("{} names of images cannot stand on a disk, such as: {}", .names.len(), first(.names))]
    Names {
        /// Each name and what is wrong with it.
        names: Vec<NameError>,
    },
    /// The bytes of an image, which are neither declared only nor erased, are not in this copy.
    #[error("the bytes of image '{image}' (blob {blob}) are not in this copy")]
    BytesMissing {
        /// The image's name.
        image: String,
        /// The blob.
        blob: BlobId,
    },
    /// A file that was recorded without a copy holds other bytes by now.
    #[error("{} does not hold the bytes that were recorded for blob {blob}", .path.display())]
    BytesChanged {
        /// The file.
        path: PathBuf,
        /// The blob.
        blob: BlobId,
    },
}

fn first(names: &[NameError]) -> String {
    names.first().map(ToString::to_string).unwrap_or_default()
}
