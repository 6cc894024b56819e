//! Why a Label Studio file as a whole is refused.

use super::super::json::JsonError;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum LabelStudioError {
    /// It is not one JSON document of the right form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Two regions of one id differ.
    #[error("{file}: {first} and {second} are both of the id {id}, and they differ")]
    RegionTwice {
        /// The file.
        file: String,
        /// The id.
        id: String,
        /// The first, as a JSON pointer.
        first: String,
        /// The second, as a JSON pointer.
        second: String,
    },
}
