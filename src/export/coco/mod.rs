//! Writes COCO JSON: boxes `[x, y, width, height]`, `area`, `iscrowd`, integer ids; one record a line.
//!
//! What COCO has no form for (points, circles, holes, planes, …) is written as the nearest that it has, and exactly in
//! the member `holotype_geometry`, which our own reader takes. Votes are written only
//! where they are given, as the list `labels`, without who gave them. The same input gives the same bytes:
//! members have a fixed order, numbers their shortest form, whole ones without a point.

mod json;
mod place;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Write;

use super::ExportReport;
use crate::id::{AnnotationId, ImageId};
use crate::model::Geometry;
use json::Record;
use place::place;

/// The members of an image that are not facts.
const IMAGE_MEMBERS: &[&str] = &["id", "file_name", "width", "height", "license", "holotype_id"];

/// The members of an annotation that are not attributes.
const ANNOTATION_MEMBERS: &[&str] = &[
    "id",
    "image_id",
    "category_id",
    "bbox",
    "area",
    "iscrowd",
    "segmentation",
    "labels",
    "holotype_geometry",
    "holotype_id",
];

/// A value of a fact or attribute. Nothing here is private: whoever fills it leaves that out.
#[derive(Debug, Clone, PartialEq)]
pub enum CocoValue {
    /// A text. One that is a compact JSON list or object is written as that.
    Text(String),
    /// A number; finite.
    Number(f64),
    /// True or false.
    Flag(bool),
}

/// Facts or attributes by name.
pub type CocoFacts = BTreeMap<String, CocoValue>;

/// The dataset but for its annotations.
#[derive(Debug, Clone, Default)]
pub struct CocoDataset<'a> {
    /// The dataset's name.
    pub name: &'a str,
    /// What it is.
    pub description: Option<&'a str>,
    /// Name of the licence of all its images.
    pub licence: Option<&'a str>,
    /// Where the licence stands.
    pub licence_url: Option<&'a str>,
    /// Further facts, for `info` (`year`, `source_version`, `date_created`, …).
    pub facts: CocoFacts,
    /// The images, in the order of their ids.
    pub images: &'a [CocoImage],
    /// The classes, in the order of their ids, which are 1, 2, 3, …
    pub labels: &'a [CocoLabel],
    /// How annotations are numbered.
    pub annotation_ids: IdPlan,
}

/// An image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CocoImage {
    /// The number that its source gave it; kept when all images have one and no two the same.
    pub source_id: Option<u64>,
    /// Its id.
    pub id: Option<ImageId>,
    /// Its name.
    pub name: String,
    /// Width in px, where known.
    pub width: Option<f64>,
    /// Height in px, where known.
    pub height: Option<f64>,
    /// Whatever else is known of it.
    pub facts: CocoFacts,
}

/// A class.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CocoLabel {
    /// Its name.
    pub name: String,
    /// Whatever else is known of it (`supercategory`, `colour`).
    pub facts: CocoFacts,
}

/// An annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct CocoRow {
    /// Index into [`CocoDataset::images`].
    pub image: usize,
    /// Index into [`CocoDataset::labels`]; an annotation without a label is a loss, as COCO has none.
    pub label: Option<usize>,
    /// Its place.
    pub geometry: Geometry,
    /// The number that its source gave it.
    pub source_id: Option<u64>,
    /// Its id.
    pub id: Option<AnnotationId>,
    /// Whatever else is known of it.
    pub attributes: CocoFacts,
    /// How many ratings it has that are not in `vote_labels`; COCO has no member for them.
    pub votes: u64,
    /// Votes without the names of who gave them: indices into [`CocoDataset::labels`], written as the list `labels`
    /// that some published files have. Empty: not written.
    pub vote_labels: Vec<usize>,
}

/// How records are numbered: 1, 2, 3, …, or as their source did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdPlan {
    keeps: bool,
    next: u64,
}

impl Default for IdPlan {
    fn default() -> Self {
        Self::ascending()
    }
}

impl IdPlan {
    /// Numbers in order, from 1.
    #[must_use]
    pub const fn ascending() -> Self {
        Self {
            keeps: false,
            next: 1,
        }
    }

    /// Keeps the numbers of the source when there are any and no two are the same; records without one are then
    /// numbered behind the largest. Otherwise numbers in order.
    #[must_use]
    pub fn keeping(source_ids: impl IntoIterator<Item = Option<u64>>) -> Self {
        let mut ids: Vec<u64> = source_ids.into_iter().flatten().collect();
        ids.sort_unstable();
        let next = ids
            .last()
            .and_then(|last| last.checked_add(1))
            .filter(|next| *next < 1 << 53);
        match next {
            Some(next) if ids.is_sorted_by(|a, b| a < b) => Self { keeps: true, next },
            _ => Self::ascending(),
        }
    }

    /// Numbers the next record.
    fn number(&mut self, source_id: Option<u64>) -> u64 {
        if let (true, Some(id)) = (self.keeps, source_id) {
            return id;
        }
        self.next += 1;
        self.next - 1
    }
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The output could not be written.
    #[error("cannot write the COCO file")]
    Write(#[from] std::io::Error),
    /// The annotations could not be had.
    #[error("cannot read annotation {index} for the export")]
    Row {
        /// How many came before it.
        index: u64,
        /// What was wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An annotation refers to an image or label that the dataset does not have.
    #[error("annotation {index} refers to {what} {reference}, which the export does not have")]
    Reference {
        /// How many came before it.
        index: u64,
        /// Image or label.
        what: &'static str,
        /// The index that is not there.
        reference: usize,
    },
    /// A number that JSON cannot carry.
    #[error("{record} has a number that is not finite")]
    NotFinite {
        /// The record.
        record: String,
    },
}

/// Writes the file; annotations are taken one by one, and written before the next is asked for.
///
/// # Errors
/// [`ExportError`] when the output or the source of annotations fails, or when they contradict the dataset.
pub fn write_coco<W, I, E>(
    out: &mut W,
    dataset: &CocoDataset<'_>,
    rows: I,
) -> Result<ExportReport, ExportError>
where
    W: Write,
    I: IntoIterator<Item = Result<CocoRow, E>>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut report = ExportReport::default();
    let image_ids = write_head(out, dataset, &mut report)?;
    out.write_all(b",\"annotations\":[")?;
    let mut numbers = dataset.annotation_ids;
    let mut separator: &[u8] = b"\n";
    for (index, row) in (0_u64..).zip(rows) {
        let row = row.map_err(|source| ExportError::Row {
            index,
            source: source.into(),
        })?;
        let reference = |what, reference| ExportError::Reference {
            index,
            what,
            reference,
        };
        let image = dataset
            .images
            .get(row.image)
            .ok_or_else(|| reference("image", row.image))?;
        let image_id = image_ids
            .get(row.image)
            .ok_or_else(|| reference("image", row.image))?;
        report.add("votes", row.votes, || {
            format!("the votes of annotation {index} have no place in COCO")
        });
        let Some(label) = row.label else {
            report.add("annotation_without_label", 1, || {
                format!("annotation {index} has no label, which COCO cannot say; it is left out")
            });
            continue;
        };
        let mentioned = row.vote_labels.iter().chain([&label]);
        if let Some(label) = mentioned.copied().find(|label| *label >= dataset.labels.len()) {
            return Err(reference("label", label));
        }
        report.add("votes_without_annotator", count(&row.vote_labels), || {
            format!("the votes of annotation {index} are written without who gave them")
        });
        let number = numbers.number(row.source_id);
        out.write_all(separator)?;
        separator = b",\n";
        write_row(out, &row, (number, *image_id, label + 1), image, &mut report)?;
    }
    out.write_all(b"\n]}\n")?;
    Ok(report)
}

/// Writes everything before the annotations; returns the ids of the images.
fn write_head<W: Write>(
    out: &mut W,
    dataset: &CocoDataset<'_>,
    report: &mut ExportReport,
) -> Result<Vec<u64>, ExportError> {
    out.write_all(b"{\"info\":")?;
    let mut info = Record::new("info".to_owned(), &["description", "holotype_format", "name"]);
    info.text("holotype_format", "holotype/coco/1");
    info.text("name", dataset.name);
    info.optional_text("description", dataset.description);
    for (name, value) in &dataset.facts {
        let name = if name == "source_version" { "version" } else { name };
        info.fact(name, value, report)?;
    }
    info.write(out)?;
    out.write_all(b",\"licenses\":[")?;
    let has_licence = dataset.licence.is_some() || dataset.licence_url.is_some();
    if has_licence {
        let mut licence = Record::new("the licence".to_owned(), &[]);
        licence.whole("id", 1);
        licence.optional_text("name", dataset.licence);
        licence.optional_text("url", dataset.licence_url);
        licence.write(out)?;
    }
    out.write_all(b"],\"categories\":[")?;
    for (n, label) in dataset.labels.iter().enumerate() {
        out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
        let mut record = Record::new(format!("label {n}"), &["id", "name"]);
        record.whole("id", n + 1);
        record.text("name", &label.name);
        record.facts(&label.facts, report)?;
        record.write(out)?;
    }
    out.write_all(b"\n],\"images\":[")?;
    let mut numbers = image_numbers(dataset.images);
    let mut ids = Vec::with_capacity(dataset.images.len());
    for (n, image) in dataset.images.iter().enumerate() {
        out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
        let id = numbers.number(image.source_id);
        ids.push(id);
        let mut record = Record::new(format!("image {n}"), IMAGE_MEMBERS);
        record.whole("id", id);
        record.text("file_name", &image.name);
        record.optional_number("width", image.width)?;
        record.optional_number("height", image.height)?;
        if has_licence {
            record.whole("license", 1);
        }
        record.optional_text("holotype_id", image.id.map(|id| id.to_string()).as_deref());
        record.facts(&image.facts, report)?;
        record.write(out)?;
    }
    out.write_all(b"\n]")?;
    Ok(ids)
}

/// Images keep their source's numbers when all have one.
fn image_numbers(images: &[CocoImage]) -> IdPlan {
    if images.iter().all(|image| image.source_id.is_some()) {
        IdPlan::keeping(images.iter().map(|image| image.source_id))
    } else {
        IdPlan::ascending()
    }
}

fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// Writes one annotation.
fn write_row<W: Write>(
    out: &mut W,
    row: &CocoRow,
    (number, image_id, category_id): (u64, u64, usize),
    image: &CocoImage,
    report: &mut ExportReport,
) -> Result<(), ExportError> {
    let place = place(&row.geometry, image.width.zip(image.height));
    for (code, why) in &place.losses {
        report.add(code, 1, || {
            format!("annotation {number} in '{}': {why}", image.name)
        });
    }
    let mut record = Record::new(format!("annotation {number}"), ANNOTATION_MEMBERS);
    record.whole("id", number);
    record.whole("image_id", image_id);
    record.whole("category_id", category_id);
    record.json("bbox", &place.bbox)?;
    record.optional_number("area", Some(place.area))?;
    let crowd = row.attributes.get("iscrowd");
    let is_crowd = matches!(crowd, Some(CocoValue::Number(1.0) | CocoValue::Flag(true)));
    record.whole("iscrowd", u64::from(is_crowd));
    if let Some(segmentation) = &place.segmentation {
        record.json("segmentation", segmentation)?;
    }
    if place.needs_exact {
        record.json("holotype_geometry", &row.geometry)?;
    }
    if !row.vote_labels.is_empty() {
        let ids: Vec<usize> = row.vote_labels.iter().map(|label| label + 1).collect();
        record.json("labels", &ids)?;
    }
    record.optional_text("holotype_id", row.id.map(|id| id.to_string()).as_deref());
    for (name, value) in &row.attributes {
        match name.as_str() {
            "iscrowd" if is_crowd => {}
            "area" => record.fact("source_area", value, report)?,
            "bbox" => record.fact("source_bbox", value, report)?,
            other => record.fact(other, value, report)?,
        }
    }
    record.write(out)
}
