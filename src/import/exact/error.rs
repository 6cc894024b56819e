//! Why an EXACT file as a whole is refused.

use super::super::json::JsonError;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum ExactError {
    /// It is not one JSON document of the right form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It holds no list of annotations.
    #[error("{file}: it has no list of annotations ('results' or 'annotations')")]
    NoList {
        /// The file.
        file: String,
    },
    /// Two annotations of one id differ.
    #[error("{file}: {first} and {second} both have the id {id}, and they differ")]
    AnnotationTwice {
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
