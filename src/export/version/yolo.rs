//! A version as a YOLO dataset: `data.yaml`, `classes.txt` and `labels/….txt`.

use super::csv::Screened;
use super::{ExportOptions, Exported, chosen_images, count_erased, file_names, length};
use crate::event::State;
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::rows::{Parts, Ratings, Row};
use crate::export::yolo::{Kind, YoloLosses, classes_text, data_yaml, write_labels};
use crate::export::{ExportError, ExportReport};
use crate::files::output::StagedFolder;
use crate::model::Rule;

/// A label file and what it does not say.
struct Labels {
    text: Option<String>,
    rows: u64,
    votes: u64,
    attributes: u64,
    losses: YoloLosses,
}

/// Writes a version as a YOLO dataset: a label file for each image with annotations, and an empty one for each that was
/// searched as a whole without a finding. Classes are numbered by name.
///
/// # Errors
/// [`ExportError::Names`] when names of images cannot be files, or when the version cannot be read or a file not be
/// written.
pub fn export_yolo(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: &mut StagedFolder,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let dataset = Dataset::open(version, rule)?;
    let chosen: Vec<&ImageRow> = chosen_images(&dataset, options);
    let names: Vec<String> = file_names(&chosen, "txt")?
        .into_iter()
        .map(|name| format!("labels/{name}"))
        .collect();
    let classes = dataset
        .rows()
        .labels()
        .iter()
        .map(|(_, label)| label.name.as_str());
    out.write_file("classes.txt", classes_text(classes.clone()).as_bytes())?;
    out.write_file("data.yaml", data_yaml(classes).as_bytes())?;
    let kind = kind(&dataset, &chosen, options)?;
    let screened = Screened::read(version)?;
    let labels_of = |image: &ImageRow, mut rows: Vec<Row<'_>>| {
        let is_bare = rows.is_empty();
        rows.retain(|row| options.filter.takes(row));
        let place = |row: &Row<'_>| row.label.and_then(|label| dataset.rows().label_place(label));
        let labels = rows.iter().map(|row| (place(row), &row.record.geometry));
        let mut text = String::new();
        let losses = write_labels(kind, image.record.size(), labels, &mut text);
        // An empty file says that nothing was found: not of an image whose annotations could not be written.
        let is_empty = is_bare && screened.wholly.contains(&image.id);
        Labels {
            text: (is_empty || !text.is_empty()).then_some(text),
            rows: length(&rows),
            votes: rows.iter().map(|row| row.rating_count).sum(),
            attributes: rows.iter().map(|row| attributes(row)).sum(),
            losses,
        }
    };
    let (mut total, mut report) = (YoloLosses::default(), ExportReport::default());
    let (mut annotations, mut names) = (0, names.iter());
    let parts = options.filter.parts(Parts::COUNTED);
    dataset
        .rows()
        .each_image(chosen.iter().copied(), parts, labels_of, |labels| {
            let name = names.next().map_or("", String::as_str);
            annotations += labels.rows.saturating_sub(labels.losses.left_out());
            total.add(labels.losses);
            labels.report(&mut report);
            match labels.text {
                Some(text) => out.write_file(name, text.as_bytes()).map_err(ExportError::from),
                None => Ok(()),
            }
        })?;
    report_losses(&total, &mut report);
    count_erased(&dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
}

impl Labels {
    /// Counts what no label file has a place for.
    fn report(&self, report: &mut ExportReport) {
        report.add("votes", self.votes, || "YOLO has no place for ratings".to_owned());
        report.add("attributes", self.attributes, || {
            "YOLO has no place for attributes; a confidence would spoil a file to learn from".to_owned()
        });
        let is_silent = u64::from(self.text.is_none() && self.rows == 0);
        report.add("image_without_annotations", is_silent, || {
            "an image without annotations that nobody is known to have searched has no file".to_owned()
        });
    }
}

fn attributes(row: &Row<'_>) -> u64 {
    u64::try_from(row.record.attributes.len()).unwrap_or(u64::MAX)
}

/// Whether all annotations are outlines.
fn kind(
    dataset: &Dataset<'_>,
    chosen: &[&ImageRow],
    options: &ExportOptions<'_>,
) -> Result<Kind, ExportError> {
    let parts = options.filter.parts(Parts {
        ratings: Ratings::Counted,
        source_ids: false,
    });
    let kind_of = |_: &ImageRow, rows: Vec<Row<'_>>| {
        let taken = rows.iter().filter(|row| options.filter.takes(row));
        Kind::of(taken.map(|row| &row.record.geometry))
    };
    let mut kind: Option<Kind> = None;
    dataset
        .rows()
        .each_image(chosen.iter().copied(), parts, kind_of, |found| {
            kind = match (kind, found) {
                (Some(all), Some(one)) => Some(all.with(one)),
                (known, None) => known,
                (None, found) => found,
            };
            Ok::<(), ExportError>(())
        })?;
    Ok(kind.unwrap_or(Kind::Boxes))
}

fn report_losses(losses: &YoloLosses, report: &mut ExportReport) {
    for (code, count, message) in [
        (
            "reduced_to_box",
            losses.reduced_to_box,
            "shapes other than boxes are written as the rectangle around them",
        ),
        (
            "turned_box_as_polygon",
            losses.turned_box_as_outline,
            "a turned box is written as its four corners",
        ),
        ("polygon_holes", losses.holes, "holes of a polygon cannot be said"),
        (
            "annotation_without_label",
            losses.without_label,
            "annotations without a label are left out",
        ),
        (
            "image_size_unknown",
            losses.without_size,
            "annotations on images whose width and height are not known are left out",
        ),
        (
            "without_plane",
            losses.without_plane,
            "the position in a stack is not written",
        ),
        (
            "place_without_decimal",
            losses.without_number,
            "places that no decimal of 24 digits gives exactly are left out",
        ),
    ] {
        report.add(code, count, || message.to_owned());
    }
}
