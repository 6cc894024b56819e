//! Why a COCO file as a whole is refused.

use super::super::json::JsonError;
use crate::files::input::FilesError;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum CocoError {
    /// The file cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A part of it that must be held is longer than what is held.
    #[error("{file}, behind byte {offset}: {what} has more than {limit} bytes")]
    TooLong {
        /// The file.
        file: String,
        /// Which part.
        what: &'static str,
        /// Where it begins, or lies behind, in bytes.
        offset: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// It has more records than can be numbered.
    #[error("{file}: it has more than {count} annotations")]
    TooMany {
        /// The file.
        file: String,
        /// How many were read.
        count: usize,
    },
    /// It is not one JSON document of the right form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is JSON, but not COCO.
    #[error("{file} is not COCO: it has no list '{missing}'")]
    NotCoco {
        /// The file.
        file: String,
        /// The list that is not there.
        missing: &'static str,
    },
    /// Two records that differ have the same id.
    #[error("{file}: {list}[{first}] and {list}[{second}] both have the {member} {id}, and they differ")]
    DuplicateId {
        /// The file.
        file: String,
        /// The list.
        list: &'static str,
        /// The member that is the same.
        member: &'static str,
        /// Its value.
        id: String,
        /// Index of the first record.
        first: usize,
        /// Index of the second.
        second: usize,
    },
    /// The boxes can be read in two ways, and the file does not tell which.
    #[error(
        "{file}: it is not clear whether its boxes are [x, y, width, height] or [x1, y1, x2, y2] ({evidence})"
    )]
    BoxFormatUnclear {
        /// The file.
        file: String,
        /// What was counted.
        evidence: String,
    },
}
