//! Formats of annotations through the program, one module a format: read, written, and read again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod common;
mod lab;

#[path = "formats/asap.rs"]
mod asap;
#[path = "formats/carrier.rs"]
mod carrier;
#[path = "formats/csv.rs"]
mod csv;
#[path = "formats/cvat.rs"]
mod cvat;
#[path = "formats/dicom.rs"]
mod dicom;
#[path = "formats/everything.rs"]
mod everything;
#[path = "formats/exact.rs"]
mod exact;
#[path = "formats/geojson.rs"]
mod geojson;
#[path = "formats/images.rs"]
mod images;
#[path = "formats/imagescope.rs"]
mod imagescope;
#[path = "formats/interactive.rs"]
mod interactive;
#[path = "formats/label_studio.rs"]
mod label_studio;
#[path = "formats/lossless.rs"]
mod lossless;
#[path = "formats/recognition.rs"]
mod recognition;
#[path = "formats/reimport.rs"]
mod reimport;
#[path = "formats/scheme.rs"]
mod scheme;
#[path = "formats/tables.rs"]
mod tables;
#[path = "formats/yolo.rs"]
mod yolo;

#[path = "formats/coco_long.rs"]
mod coco_long;
