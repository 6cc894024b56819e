//! Tests of the reader: named after the points of what real files do (`quirk_…`) and of the threats (`f…`).

mod boxes;
mod long;
mod quirks;
mod table;
mod threats;

use super::super::document::{Document, SourceValue};
use super::super::progress::Unwatched;
use super::source::Limits;
use super::*;

/// Reads a text, and once more as a file of which little is held at a time: both must say the same.
fn read_coco(source: &str, bytes: &[u8], options: &CocoOptions) -> Result<Document, CocoError> {
    let whole = super::read_coco(source, bytes, options);
    let sizes: &[(usize, usize)] = match bytes.len() {
        0..4_000 => &[(1, 1), (16, 1), (100, 2), (1 << 20, 3)],
        4_000..100_000 => &[(500, 3)],
        _ => &[(1 << 16, 100)],
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    for (window, chunk) in sizes {
        let limits = Limits {
            window: *window,
            chunk: *chunk,
            ..Limits::default()
        };
        let long = long::read(source, &path, options, limits);
        assert_eq!(
            long.as_ref().map_err(ToString::to_string),
            whole.as_ref().map_err(ToString::to_string),
            "windows of {window} bytes"
        );
    }
    whole
}

/// Reads a file called `a.json`.
fn read(text: &str) -> Result<Document, CocoError> {
    read_coco("a.json", text.as_bytes(), &xywh())
}

/// Reads a file that must be readable.
fn document(text: &str) -> Document {
    read(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn xywh() -> CocoOptions {
    CocoOptions {
        box_format: BoxChoice::Xywh,
        votes: VoteChoice::Ratings,
    }
}

/// A file with these annotations, an image 1 of 100 x 80 px and the classes 1 and 2.
fn file(annotations: &str) -> String {
    format!(
        r#"{{"images":[{{"id":1,"file_name":"a.tiff","width":100,"height":80}}],
"categories":[{{"id":1,"name":"mitosis"}},{{"id":2,"name":"other"}}],"annotations":[{annotations}]}}"#
    )
}

/// An annotation with these members besides id, image and class.
fn annotation(id: &str, members: &str) -> String {
    format!(r#"{{"id":{id},"image_id":1,"category_id":1,{members}}}"#)
}

fn losses(document: &Document) -> Vec<(&'static str, u64)> {
    document
        .report
        .losses
        .iter()
        .map(|entry| (entry.code, entry.count))
        .collect()
}

fn warnings(document: &Document) -> Vec<(&'static str, u64)> {
    document
        .report
        .warnings
        .iter()
        .map(|entry| (entry.code, entry.count))
        .collect()
}

fn text(text: &str) -> SourceValue {
    SourceValue::Text(text.to_owned())
}
