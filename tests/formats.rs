//! Formats of annotations through the program, one module a format: read, written, and read again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod lab;

#[path = "formats/images.rs"]
mod images;
#[path = "formats/interactive.rs"]
mod interactive;
#[path = "formats/recognition.rs"]
mod recognition;
#[path = "formats/reimport.rs"]
mod reimport;
