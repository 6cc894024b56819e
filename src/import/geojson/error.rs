//! Why a GeoJSON file as a whole is refused.

use super::super::json::JsonError;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum GeoJsonError {
    /// It is not one JSON document of the right form.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is JSON, but no features.
    #[error("{file} is not GeoJSON with features: {found}")]
    NotFeatures {
        /// The file.
        file: String,
        /// What it is instead.
        found: String,
    },
    /// Two features that differ have the same id.
    #[error("{file}: {first} and {second} both have the id {id}, and they differ")]
    DuplicateId {
        /// The file.
        file: String,
        /// The first feature, as a JSON pointer.
        first: String,
        /// The second.
        second: String,
        /// The id.
        id: String,
    },
}
