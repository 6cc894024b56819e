//! The user's own files: the only module that opens one.
//!
//! It knows nothing of repositories, events or versions.

pub(crate) mod durable;
pub mod folder;
pub mod input;
mod look;
pub mod names;
pub mod output;
pub mod probe;
pub mod scratch;
pub mod strip;
