//! The user's own files: the only module that opens one.
//!
//! It knows nothing of repositories, events or versions.

pub mod input;
pub mod probe;
