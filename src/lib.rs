//!
//! Modules depend downwards only; `tests/architecture.rs` holds the layer table.

pub mod codec;
pub mod id;
pub mod import;
pub mod model;
pub mod time;
