//! Holotype keeps a dataset of microscopy images and their annotations as a log of immutable events in a
//! content-addressed store, and materialises, compares, releases and cites any version of it.
//!
//! Modules depend downwards only; `tests/architecture.rs` holds the layer table.

pub mod id;
pub mod time;

pub mod export;
pub mod import;
pub mod model;
