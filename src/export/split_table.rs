//! The splits of a version as a CSV table: one line an image and split, so that no reader has to know cases.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;

use super::ExportError;
use super::dataset::{Dataset, ImageRow};
use super::image_table::escaped;
use crate::event::scan_records;
use crate::model::{EntityKind, Key, SplitRecord};

/// The columns.
pub const COLUMNS: [&str; 5] = ["split", "part", "image", "holotype_id", "case"];

/// Writes the table, sorted by split, part and image. A case without images has a line without one. Returns how many
/// lines there are.
///
/// # Errors
/// [`ExportError`] when the splits cannot be read or `out` not be written.
pub fn write_split_table(dataset: &Dataset<'_>, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut members: BTreeMap<String, Vec<&ImageRow>> = BTreeMap::new();
    for image in dataset.images() {
        members.entry(image.id.to_string()).or_default().push(image);
        if let Some(case) = case_of(dataset, image) {
            members.entry(case).or_default().push(image);
        }
    }
    let mut rows: Vec<[String; 5]> = Vec::new();
    scan_records(
        dataset.rows().state(),
        &Key::kind_prefix(EntityKind::Split),
        |_, record: SplitRecord| {
            let images = members.get(&record.member).map_or(&[][..], Vec::as_slice);
            let begin = [escaped(&record.split), escaped(&record.part)];
            for image in images {
                let [split, part] = begin.clone();
                let case = case_of(dataset, image).unwrap_or_default();
                rows.push([
                    split,
                    part,
                    escaped(&image.record.name),
                    image.id.to_string(),
                    case,
                ]);
            }
            if images.is_empty() {
                let [split, part] = begin;
                rows.push([split, part, String::new(), String::new(), record.member]);
            }
            ControlFlow::Continue(())
        },
    )?;
    rows.sort();
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(out);
    table.write_record(COLUMNS)?;
    for row in &rows {
        table.write_record(row)?;
    }
    table.flush()?;
    Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
}

/// The code of an image's case: its own, else that of its slide.
fn case_of(dataset: &Dataset<'_>, image: &ImageRow) -> Option<String> {
    let slide = image
        .record
        .slide
        .as_ref()
        .and_then(|code| dataset.slides().get(code));
    let own = image.record.case.as_ref();
    own.or_else(|| slide.and_then(|slide| slide.case.as_ref()))
        .map(ToString::to_string)
}
