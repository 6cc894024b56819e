//! Tests of the reader: named after the points of what real files do (`quirk_…`) and of the threats (`f…`).

mod quirks;
mod table;
mod threats;

use super::super::document::{Document, SourceValue};
use super::*;
use crate::model::Shape;

/// Reads a file about `a.tiff`.
fn refused(text: &str) -> String {
    match super::read("a.tiff.geojson", text.as_bytes()) {
        Err(error) => error.to_string(),
        Ok(document) => panic!("{document:?}"),
    }
}

/// Reads a file that must be readable.
fn document(text: &str) -> Document {
    super::read("a.tiff.geojson", text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A collection of features.
fn collection(features: &[String]) -> String {
    format!(
        r#"{{"type":"FeatureCollection","features":[{}]}}"#,
        features.join(",\n")
    )
}

/// A feature with this geometry and these properties.
fn feature(geometry: &str, properties: &str) -> String {
    format!(r#"{{"type":"Feature","geometry":{geometry},"properties":{{{properties}}}}}"#)
}

/// The document of one feature.
fn one(geometry: &str, properties: &str) -> Document {
    document(&collection(&[feature(geometry, properties)]))
}

const POINT: &str = r#"{"type":"Point","coordinates":[3,4.5]}"#;

fn shapes(document: &Document) -> Vec<&Shape> {
    document
        .annotations
        .iter()
        .map(|annotation| &annotation.geometry.shape)
        .collect()
}

fn attribute<'d>(document: &'d Document, name: &str) -> Option<&'d SourceValue> {
    document
        .annotations
        .first()
        .and_then(|annotation| annotation.attributes.get(name))
}

fn label(document: &Document) -> Option<&str> {
    let label = document.annotations.first()?.label?;
    document.labels.get(label).map(|label| label.name.as_str())
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
