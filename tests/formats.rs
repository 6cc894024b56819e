//! Formats of annotations through the program, one module a format: read, written, and read again.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod common;
mod lab;
mod tree;

use std::path::Path;

use tree::source_below;

#[path = "formats/asap.rs"]
mod asap;
#[path = "formats/carrier.rs"]
mod carrier;
#[path = "formats/crossing.rs"]
mod crossing;
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

/// What real files of the field do is numbered from 1 to 30, what hostile ones do from F01 to F25. A number without a
/// test of its name is a case that nobody tries.
#[test]
fn every_known_quirk_and_threat_has_a_test_of_its_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = source_below(&root.join("src/import")) + &source_below(&root.join("tests/formats"));
    let quirks = (1..=30).map(|number| format!("fn quirk_{number:02}_"));
    let threats = (1..=25).map(|number| format!("fn f{number:02}_"));
    let missing: Vec<String> = quirks
        .chain(threats)
        .filter(|name| !text.contains(name.as_str()))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}
