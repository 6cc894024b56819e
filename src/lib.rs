//! Holotype keeps a dataset of microscopy images and their annotations as a log of immutable events in a
//! content-addressed store, and materialises, compares, releases and cites any version of it.
//!
//! Modules depend downwards only; `tests/architecture.rs` holds the layer table.

pub mod assignment;
pub mod codec;
pub mod event;
pub mod export;
pub mod files;
pub mod id;
pub mod import;
pub mod index;
pub mod leftovers;
pub mod log;
pub mod model;
pub mod privacy;
pub mod quality;
pub mod release;
pub mod repair;
pub mod replay;
pub mod repo;
pub mod snapshot;
pub mod store;
pub mod time;
pub mod tree;
pub mod verify;
