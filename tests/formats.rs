//! Formats of annotations through the program, one module a format: read, written, and read again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod common;
mod lab;

#[path = "formats/carrier.rs"]
mod carrier;
#[path = "formats/everything.rs"]
mod everything;
#[path = "formats/lossless.rs"]
mod lossless;
#[path = "formats/recognition.rs"]
mod recognition;
