//! Formats of annotations through the program, one module a format: read, written, and read again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod lab;

#[path = "formats/csv.rs"]
mod csv;
#[path = "formats/recognition.rs"]
mod recognition;
#[path = "formats/scheme.rs"]
mod scheme;
#[path = "formats/tables.rs"]
mod tables;
#[path = "formats/yolo.rs"]
mod yolo;
