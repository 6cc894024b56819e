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

/// Says whether an address has a place for what tells one image from another: `{name}`, `{stem}` (the name without its
/// extension) or `{blob}`, and nothing that could not stand in a table or a page.
#[must_use]
pub fn is_source_pattern(pattern: &str) -> bool {
    let has_place = ["{name}", "{stem}", "{blob}"]
        .iter()
        .any(|place| pattern.contains(place));
    let has_scheme = ["https://", "http://", "s3://", "ftp://"]
        .iter()
        .any(|scheme| pattern.starts_with(scheme));
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`\\".contains(c);
    has_place && has_scheme && !pattern.contains(is_bad)
}

/// Puts a name into an address: all but letters, digits and `-._~/` as `%XX` of its UTF-8 (RFC 3986).
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Returns the address of a file of an image by a pattern.
#[must_use]
pub fn source_address(pattern: &str, name: &str, blob: &str) -> String {
    let stem = match name.rsplit_once('.') {
        Some((stem, last)) if !stem.is_empty() && !last.contains('/') => stem,
        _ => name,
    };
    // The digest first: names may hold what looks like a place.
    pattern
        .replace("{blob}", blob)
        .replace("{stem}", &percent_encoded(stem))
        .replace("{name}", &percent_encoded(name))
}

/// Writes where each file of each image can be had: a line a file; declared images too, without digest and size.
///
/// # Errors
/// [`ExportError`] when `out` cannot be written.
pub fn write_source_table<'i>(
    images: impl Iterator<Item = &'i ImageRow>,
    pattern: &str,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(out);
    table.write_record(["name", "holotype_id", "file", "blob", "size_bytes", "url"])?;
    for image in images.filter(|image| !image.is_erased()) {
        let begin = [escaped(&image.record.name), image.id.to_string()];
        let mut files: Vec<[String; 4]> = image
            .file_names()
            .map(|(name, file)| {
                let blob = file.blob.to_string();
                let url = source_address(pattern, &name, &blob);
                [escaped(&name), blob, file.size_bytes.to_string(), url]
            })
            .collect();
        if files.is_empty() && !pattern.contains("{blob}") {
            let url = source_address(pattern, &image.record.name, "");
            files.push([String::new(), String::new(), String::new(), url]);
        }
        for file in files {
            table.write_record(begin.iter().chain(file.iter()))?;
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

pub(super) fn escaped(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_one_image() {
        let address = |pattern| source_address(pattern, "a b/ü{blob}.tiff", "00ff");
        assert_eq!(
            address("https://x.org/{name}"),
            "https://x.org/a%20b/%C3%BC%7Bblob%7D.tiff"
        );
        assert_eq!(
            address("s3://b/{blob}/{stem}.tif"),
            "s3://b/00ff/a%20b/%C3%BC%7Bblob%7D.tif"
        );
        assert!(is_source_pattern("https://x.org/{name}"));
        for bad in [
            "https://x.org/name",
            "javascript:{name}",
            "https://x.org/{name}\n",
            "https://x.org/\"{name}",
        ] {
            assert!(!is_source_pattern(bad), "{bad}");
        }
    }
}
