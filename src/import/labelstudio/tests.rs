//! Tests on files as Label Studio exports them, and on damaged ones.

mod hostile;
mod people;
mod shapes;

use super::super::document::{Document, SourceId, SourceValue};
use super::{LabelStudioError, read, recognise};

fn document(text: &str) -> Document {
    read("a.json", text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns the message with which a text is refused.
fn refused(text: &str) -> String {
    match read("a.json", text.as_bytes()) {
        Ok(document) => panic!("it was read: {document:?}"),
        Err(error) => error.to_string(),
    }
}

fn codes(entries: &super::super::report::Entries) -> Vec<(&'static str, u64)> {
    entries.iter().map(|entry| (entry.code, entry.count)).collect()
}

fn losses(document: &Document) -> Vec<(&'static str, u64)> {
    codes(&document.report.losses)
}

fn warnings(document: &Document) -> Vec<(&'static str, u64)> {
    codes(&document.report.warnings)
}

/// A task with one annotation of these results, by user 7.
fn task(results: &str) -> String {
    let set = format!(r#"{{"id":11,"completed_by":7,"result":[{results}],"was_cancelled":false}}"#);
    tasks(&set, "")
}

/// A task with these annotations and predictions.
fn tasks(annotations: &str, predictions: &str) -> String {
    format!(
        r#"[{{"id":5,"annotations":[{annotations}],"predictions":[{predictions}],"data":{{"image":"a.png"}},
"total_annotations":1,"created_at":"2026-01-02T03:04:05.678901Z","project":3}}]"#
    )
}

/// A region of this type and value on an image of 200 x 50 px.
fn region(id: &str, kind: &str, value: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"{kind}","value":{{{value}}},"from_name":"label","to_name":"image",
"original_width":200,"original_height":50,"image_rotation":0,"origin":"manual"}}"#
    )
}

/// A rectangle.
fn rectangle(id: &str) -> String {
    region(
        id,
        "rectanglelabels",
        r#""x":10,"y":20,"width":5,"height":50,"rotation":0,"rectanglelabels":["mitosis"]"#,
    )
}

fn text(text: &str) -> SourceValue {
    SourceValue::Text(text.to_owned())
}
