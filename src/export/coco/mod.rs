//! Writes COCO JSON: boxes `[x, y, width, height]`, `area`, `iscrowd`, integer ids; one record a line. In the dialect of
//! MIDOG++ boxes are `[x1, y1, x2, y2]` and nothing else follows from them ([`CocoDialect`]).
//!
//! What COCO has no form for (points, circles, holes, planes, …) is written as the nearest that it has, and exactly in
//! the member `holotype_geometry`, which our own reader takes. Votes are written only
//! where they are given, as the list `labels`, without who gave them. The same input gives the same bytes:
//! members have a fixed order, numbers their shortest form, whole ones without a point.

mod json;
mod lines;
mod place;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Write;

use super::ExportReport;
use crate::export::numbers::NotFinite;
use crate::id::{AnnotationId, ImageId};
use crate::model::Geometry;
use json::{FactPlace, Record};
pub use lines::{Annotations, Frame, Lines};
use lines::{name_taken, number_of_label};

/// The members of an image that are not facts.
const IMAGE_MEMBERS: &[&str] = &["id", "file_name", "width", "height", "license", "holotype_id"];

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
    /// How boxes are written.
    pub dialect: CocoDialect,
}

/// The forms of COCO that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CocoDialect {
    /// COCO's own: `bbox` is `[x, y, width, height]`, with `area` and `iscrowd`.
    #[default]
    Standard,
    /// As MIDOG++ is published: `bbox` is `[x1, y1, x2, y2]`, without `area` and `iscrowd`.
    Midog,
}

impl CocoDialect {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Midog];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Midog => "midog",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text)
    }
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
    let (frame, report) = write_head(out, dataset)?;
    let mut annotations = Annotations::begin(out, &frame, report)?;
    for row in rows {
        let row = row.map_err(|source| ExportError::Row {
            index: annotations.rows(),
            source: source.into(),
        })?;
        let mut lines = Lines::default();
        lines.add(&frame, &row);
        annotations.put(&lines)?;
    }
    annotations.end().map(|(_, report)| report)
}

/// Writes the file; `fill` gives its annotations, written into memory in whatever order, in theirs. Returns how many
/// were written, and what was lost.
///
/// # Errors
/// [`ExportError`] when the output fails, and what `fill` returns.
pub fn write_coco_by<W, E>(
    out: &mut W,
    dataset: &CocoDataset<'_>,
    fill: impl FnOnce(&Frame<'_>, &mut Annotations<'_, &mut W>) -> Result<(), E>,
) -> Result<(u64, ExportReport), E>
where
    W: Write,
    E: From<ExportError>,
{
    let (frame, report) = write_head(out, dataset)?;
    let mut annotations = Annotations::begin(out, &frame, report)?;
    fill(&frame, &mut annotations)?;
    Ok(annotations.end()?)
}

/// Writes everything before the annotations; returns the dataset with the ids of its images.
fn write_head<'d, W: Write>(
    out: &mut W,
    dataset: &'d CocoDataset<'d>,
) -> Result<(Frame<'d>, ExportReport), ExportError> {
    let mut report = ExportReport::default();
    out.write_all(b"{\"info\":")?;
    write_object(out, "info", &["description", "holotype_format", "name"], |info| {
        // What says that the file is ours says that its boxes are xywh; this dialect tells by its boxes, as its model does.
        if dataset.dialect == CocoDialect::Standard {
            info.text("holotype_format", "holotype/coco/1");
            info.text("name", dataset.name);
        }
        info.optional_text("description", dataset.description);
        for (name, value) in &dataset.facts {
            let name = if name == "source_version" { "version" } else { name };
            if info.fact(name, value)? == FactPlace::Taken {
                note_taken(&mut report, name, "info");
            }
        }
        Ok(())
    })?;
    out.write_all(b",\"licenses\":[")?;
    let has_licence = dataset.licence.is_some() || dataset.licence_url.is_some();
    if has_licence {
        write_object(out, "the licence", &[], |licence| {
            licence.whole("id", 1);
            licence.optional_text("name", dataset.licence);
            licence.optional_text("url", dataset.licence_url);
            Ok(())
        })?;
    }
    out.write_all(b"],\"categories\":[")?;
    for (n, label) in dataset.labels.iter().enumerate() {
        out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
        let what = format!("label {n}");
        write_object(out, &what, &["id", "name"], |record| {
            record.whole("id", number_of_label(n));
            record.text("name", &label.name);
            record.facts(&label.facts, |name| note_taken(&mut report, name, &what))
        })?;
    }
    out.write_all(b"\n],\"images\":[")?;
    let mut numbers = image_numbers(dataset.images);
    let mut image_ids = Vec::with_capacity(dataset.images.len());
    for (n, image) in dataset.images.iter().enumerate() {
        out.write_all(if n == 0 { b"\n" } else { b",\n" })?;
        let id = numbers.number(image.source_id);
        image_ids.push(id);
        let what = format!("image {n}");
        write_object(out, &what, IMAGE_MEMBERS, |record| {
            record.whole("id", id);
            record.text("file_name", &image.name);
            record.optional_number("width", image.width)?;
            record.optional_number("height", image.height)?;
            if has_licence {
                record.whole("license", 1);
            }
            record.optional_id(
                "holotype_id",
                image.id.as_ref().map(|id| id.as_bytes().as_slice()),
            );
            record.facts(&image.facts, |name| note_taken(&mut report, name, &what))
        })?;
    }
    out.write_all(b"\n]")?;
    Ok((Frame { dataset, image_ids }, report))
}

/// Writes one object that is no annotation.
fn write_object<W: Write>(
    out: &mut W,
    what: &str,
    reserved: &'static [&'static str],
    fill: impl FnOnce(&mut Record<'_>) -> Result<(), NotFinite>,
) -> Result<(), ExportError> {
    let mut json = Vec::new();
    let mut record = Record::new(&mut json, reserved);
    fill(&mut record).map_err(|NotFinite| ExportError::NotFinite {
        record: what.to_owned(),
    })?;
    record.end();
    out.write_all(&json)?;
    Ok(())
}

fn note_taken(report: &mut ExportReport, name: &str, what: &str) {
    report.add("name_taken", 1, || name_taken(name, what));
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
