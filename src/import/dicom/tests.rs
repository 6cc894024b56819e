//! Tests on files that are made byte by byte, so that each of them can be wrong in one place.

mod fixture;
mod groups;
mod hostile;
mod privacy;

use super::super::document::{Document, SourceValue};
use super::dataset::Encoding;
use super::read;
use fixture::{File, Value};

fn document(file: &File) -> Document {
    match read("a.dcm", &file.bytes()) {
        Ok(document) => document,
        Err(error) => panic!("{error}"),
    }
}

/// Returns the message with which bytes are refused.
fn refused(bytes: &[u8]) -> String {
    match read("a.dcm", bytes) {
        Ok(document) => panic!("it was read: {document:?}"),
        Err(error) => error.to_string(),
    }
}

fn losses(document: &Document) -> Vec<(&'static str, u64)> {
    let losses = document.report.losses.iter();
    losses
        .map(|entry| (entry.code, entry.count))
        .filter(|(code, _)| *code != "patient_and_study_left_out")
        .collect()
}

fn warnings(document: &Document) -> Vec<(&'static str, u64)> {
    let warnings = document.report.warnings.iter();
    warnings.map(|entry| (entry.code, entry.count)).collect()
}

/// The message of a loss.
fn loss(document: &Document, code: &str) -> String {
    let mut losses = document.report.losses.iter();
    losses
        .find(|entry| entry.code == code)
        .map(|entry| entry.message)
        .unwrap_or_default()
}

fn text(text: &str) -> SourceValue {
    SourceValue::Text(text.to_owned())
}
