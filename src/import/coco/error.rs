//! Why a COCO file as a whole is refused.

use super::super::json::JsonError;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum CocoError {
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
