//! The images of a version as a CSV table: one line a file, a column a fact.
//!
//! A text cell that begins with `=`, `+`, `-`, `@`, a tab or a return is written with an apostrophe before it, since
//! spreadsheets would run it as a formula (threat F19); numbers are written as they are.

use std::collections::BTreeSet;
use std::io::Write;

use super::ExportError;
use super::dataset::ImageRow;
use crate::model::FactValue;

/// The columns that are no facts.
pub const FIXED_COLUMNS: [&str; 9] = [
    "name",
    "holotype_id",
    "file",
    "blob",
    "size_bytes",
    "width",
    "height",
    "case",
    "slide",
];

/// Writes the table; images in the order given. A declared image has one line, without file, blob and size.
///
/// # Errors
/// [`ExportError`] when `out` cannot be written.
pub fn write_image_table<'i>(
    images: impl Iterator<Item = &'i ImageRow> + Clone,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let names: BTreeSet<&str> = images
        .clone()
        .flat_map(|image| image.record.facts.iter())
        .filter(|(name, value)| {
            !matches!(value, FactValue::Private(_)) && !matches!(name.as_str(), "width" | "height")
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(out);
    let head = FIXED_COLUMNS.iter().map(|name| (*name).to_owned());
    table.write_record(head.chain(names.iter().map(|name| column(name))))?;
    for image in images {
        let record = &image.record;
        let fact = |name: &str| record.facts.get(name).map(cell).unwrap_or_default();
        let code =
            |code: &Option<crate::id::Code>| code.as_ref().map(ToString::to_string).unwrap_or_default();
        let mut files: Vec<[String; 3]> = image
            .file_names()
            .map(|(name, file)| [escaped(&name), file.blob.to_string(), file.size_bytes.to_string()])
            .collect();
        if files.is_empty() {
            files.push([String::new(), String::new(), String::new()]);
        }
        for file in files {
            let begin = [escaped(&record.name), image.id.to_string()];
            let end = [
                fact("width"),
                fact("height"),
                code(&record.case),
                code(&record.slide),
            ];
            let fixed = begin.into_iter().chain(file).chain(end);
            table.write_record(fixed.chain(names.iter().map(|name| fact(name))))?;
        }
    }
    table.flush()?;
    Ok(())
}

/// The head of a fact's column, which must be none of the fixed ones.
fn column(name: &str) -> String {
    if FIXED_COLUMNS.contains(&name) {
        format!("fact {name}")
    } else {
        escaped(name)
    }
}

fn cell(value: &FactValue) -> String {
    match value {
        FactValue::Text(text) => escaped(text),
        FactValue::Number(_) | FactValue::Flag(_) => value.to_string(),
        FactValue::Private(_) => String::new(),
    }
}

fn escaped(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
