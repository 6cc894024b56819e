//! A version as Pascal VOC, one XML file an image.

use super::{ExportOptions, Exported, chosen_images, count_erased, file_names, length};
use crate::event::State;
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::rows::{Parts, Row};
use crate::export::voc::{VocImage, VocLosses, VocObject, write_voc};
use crate::export::{ExportError, ExportReport};
use crate::files::output::StagedFolder;
use crate::model::{FactValue, Rule};

/// Writes a version as Pascal VOC: one XML file an image, named as the image but for its extension (where two
/// images differ in that alone: behind it).
///
/// # Errors
/// [`ExportError::Names`] when names of images cannot be files, or when the version cannot be read or a file not be
/// written.
pub fn export_voc(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: &mut StagedFolder,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let dataset = Dataset::open(version, rule)?;
    let chosen: Vec<&ImageRow> = chosen_images(&dataset, options);
    let names = file_names(&chosen, "xml")?;
    let (mut losses, mut annotations, mut votes) = (VocLosses::default(), 0, 0);
    let mut names = names.iter();
    let file_of = |image: &ImageRow, mut rows: Vec<Row<'_>>| {
        rows.retain(|row| options.filter.takes(row));
        let votes: u64 = rows.iter().map(|row| row.rating_count).sum();
        (voc_file(image, &rows), length(&rows), votes)
    };
    let parts = options.filter.parts(Parts::COUNTED);
    let images = chosen.iter().copied();
    dataset
        .rows()
        .each_image(images, parts, file_of, |((bytes, lost), rows, voted)| {
            votes += voted;
            annotations += rows.saturating_sub(lost.without_label + lost.without_extent);
            losses.add(lost);
            let name = names.next().map_or("", String::as_str);
            out.write_file(name, &bytes).map_err(ExportError::from)
        })?;
    let mut report = voc_report(&losses);
    report.add("votes", votes, || {
        "Pascal VOC has no place for ratings".to_owned()
    });
    count_erased(&dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
}

fn voc_file(image: &ImageRow, rows: &[Row<'_>]) -> (Vec<u8>, VocLosses) {
    let record = &image.record;
    let (folder, name) = match record.name.rsplit_once('/') {
        Some((folder, name)) => (Some(folder), name),
        None => (None, record.name.as_str()),
    };
    let head = VocImage {
        name,
        folder,
        width: record.number("width"),
        height: record.number("height"),
        depth: record.number("depth").and_then(small_whole),
    };
    let objects: Vec<VocObject<'_>> = rows
        .iter()
        .map(|row| {
            let attributes = &row.record.attributes;
            let flag = |name: &str| match attributes.get(name) {
                Some(FactValue::Flag(flag)) => *flag,
                Some(FactValue::Number(number)) => *number == 1.0,
                Some(FactValue::Text(text)) => text == "1",
                Some(FactValue::Private(_)) | None => false,
            };
            VocObject {
                pose: attributes.get("pose").and_then(FactValue::as_text),
                truncated: flag("truncated"),
                difficult: flag("difficult"),
                occluded: flag("occluded"),
                ..VocObject::new(row.label_name, &row.record.geometry)
            }
        })
        .collect();
    let mut bytes = Vec::new();
    let losses = write_voc(&head, &objects, &mut bytes);
    (bytes, losses)
}

fn small_whole(number: f64) -> Option<u32> {
    number.to_string().parse().ok()
}

fn voc_report(losses: &VocLosses) -> ExportReport {
    let mut report = ExportReport::default();
    for (code, count, message) in [
        (
            "reduced_to_box",
            losses.reduced_to_box,
            "shapes other than boxes are written as the rectangle around them",
        ),
        (
            "without_extent",
            losses.without_extent,
            "annotations of a whole image whose size is not known are left out",
        ),
        (
            "annotation_without_label",
            losses.without_label,
            "annotations without a label are left out",
        ),
        (
            "without_plane",
            losses.without_plane,
            "the position in a stack is not written",
        ),
        (
            "characters_replaced",
            losses.characters_replaced,
            "characters that XML does not allow are written as U+FFFD",
        ),
    ] {
        report.add(code, count, || message.to_owned());
    }
    report
}
