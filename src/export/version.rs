//! A version in the formats of other tools: which of its rows, and where each of their members goes.

use std::collections::BTreeMap;
use std::io::Write;

use super::coco::{
    CocoDataset, CocoFacts, CocoImage, CocoLabel, CocoRow, CocoValue, IdPlan, Lines, write_coco_by,
};
use super::dataset::{Dataset, ImageRow, whole_number};
use super::parquet::{ImageCells, ParquetRow, ParquetTable};
use super::rows::{Parts, Row};
use super::voc::{VocImage, VocLosses, VocObject, write_voc};
use super::{ExportError, ExportReport};
use crate::event::State;
use crate::files::names::{Sameness, check_names, fold};
use crate::files::output::StagedFolder;
use crate::id::ImageId;
use crate::model::{FactValue, Facts, Rule};

/// Which rows are exported.
#[derive(Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Which images; without it all. Annotations of an image that is left out are left out, too.
    pub image: Option<&'a (dyn Fn(&ImageRow) -> bool + Sync)>,
    /// Which annotations; without it all. Images stay.
    pub annotation: Option<&'a (dyn Fn(&Row<'_>) -> bool + Sync)>,
}

impl Filter<'_> {
    fn takes_image(&self, image: &ImageRow) -> bool {
        !image.is_erased() && self.image.is_none_or(|takes| takes(image))
    }

    fn takes(&self, row: &Row<'_>) -> bool {
        self.annotation.is_none_or(|takes| takes(row))
    }

    /// What has to be read of annotations: a filter may ask for anything.
    fn parts(&self, otherwise: Parts) -> Parts {
        self.annotation.map_or(otherwise, |_| Parts::ALL)
    }
}

/// Whether ratings are written where a format has a place for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Votes {
    /// They are left out, and counted as a loss.
    #[default]
    Omit,
    /// They are written, without who gave them.
    List,
}

/// What an export may be told.
#[derive(Clone, Copy, Default)]
pub struct ExportOptions<'a> {
    /// The dataset's name.
    pub name: &'a str,
    /// Whether ratings are written.
    pub votes: Votes,
    /// Which rows are exported.
    pub filter: Filter<'a>,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// How many images were written.
    pub images: u64,
    /// How many annotations were written.
    pub annotations: u64,
    /// How many labels were written.
    pub labels: u64,
    /// What was not written.
    pub report: ExportReport,
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// Counts erased images as left out.
fn count_erased(dataset: &Dataset<'_>, report: &mut ExportReport) {
    for image in dataset.images().iter().filter(|image| image.is_erased()) {
        report.add("erased_image", 1, || {
            format!(
                "'{}' was erased; it and its annotations are left out",
                image.record.name
            )
        });
    }
}

/// Writes a version as COCO JSON. Labels are agreed by `rule`, else by the rule in force.
///
/// Images are sorted by name and numbered from 1; annotations follow their image, in the order of their ids, and keep
/// the numbers of their source where there is one source and its numbers are unique.
///
/// # Errors
/// [`ExportError`] when the version cannot be read or `out` not be written.
pub fn export_coco(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: &mut dyn Write,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    write_dataset_as_coco(&Dataset::open(version, rule)?, out, options)
}

/// As [`export_coco`], for a dataset that was read already.
///
/// # Errors
/// As [`export_coco`].
pub fn write_dataset_as_coco(
    dataset: &Dataset<'_>,
    mut out: &mut dyn Write,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let chosen: Vec<&ImageRow> = dataset
        .images()
        .iter()
        .filter(|image| options.filter.takes_image(image))
        .collect();
    let images: Vec<CocoImage> = chosen.iter().map(|image| coco_image(image)).collect();
    let labels: Vec<CocoLabel> = dataset
        .rows()
        .labels()
        .iter()
        .map(|(_, record)| CocoLabel {
            name: record.name.clone(),
            facts: coco_facts(&record.facts, &[]),
        })
        .collect();
    let text = |name: &str| dataset.facts().get(name).and_then(FactValue::as_text);
    let head = CocoDataset {
        name: options.name,
        description: text("description"),
        licence: text("licence"),
        licence_url: text("licence_url"),
        facts: coco_facts(
            dataset.facts(),
            &["description", "licence", "licence_url", "licence_text"],
        ),
        images: &images,
        labels: &labels,
        annotation_ids: IdPlan::keeping(dataset.source_numbers()?.into_iter().map(Some)),
    };
    let places: BTreeMap<ImageId, usize> = chosen.iter().enumerate().map(|(n, row)| (row.id, n)).collect();
    let parts = options.filter.parts(match options.votes {
        Votes::Omit => Parts::COUNTED,
        Votes::List => Parts::ALL,
    });
    let (annotations, mut report) = write_coco_by(&mut out, &head, |frame, annotations| {
        let lines_of = |image: &ImageRow, rows: Vec<Row<'_>>| {
            let place = places.get(&image.id).copied().unwrap_or(usize::MAX);
            let mut lines = Lines::default();
            for row in rows.into_iter().filter(|row| options.filter.takes(row)) {
                lines.add(frame, &coco_row(dataset, place, row, options.votes));
            }
            lines
        };
        let images = chosen.iter().copied();
        dataset.rows().each_image(images, parts, lines_of, |lines| {
            annotations.put(&lines).map_err(ExportError::from)
        })
    })?;
    count_erased(dataset, &mut report);
    Ok(Exported {
        images: length(&images),
        annotations,
        labels: length(&labels),
        report,
    })
}

/// Takes facts over that are not private and not named in `but`.
fn coco_facts(facts: &Facts, but: &[&str]) -> CocoFacts {
    facts
        .iter()
        .filter(|(name, _)| !but.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name.clone(), coco_value(value)?)))
        .collect()
}

fn coco_value(value: &FactValue) -> Option<CocoValue> {
    match value {
        FactValue::Text(text) => Some(CocoValue::Text(text.clone())),
        FactValue::Number(number) => Some(CocoValue::Number(*number)),
        FactValue::Flag(flag) => Some(CocoValue::Flag(*flag)),
        FactValue::Private(_) => None,
    }
}

fn coco_image(image: &ImageRow) -> CocoImage {
    let record = &image.record;
    let mut facts = coco_facts(&record.facts, &["width", "height", "erased"]);
    for (name, code) in [("case", &record.case), ("slide", &record.slide)] {
        if let Some(code) = code {
            facts
                .entry(name.to_owned())
                .or_insert_with(|| CocoValue::Text(code.to_string()));
        }
    }
    CocoImage {
        source_id: None,
        id: Some(image.id),
        name: record.name.clone(),
        width: record.number("width"),
        height: record.number("height"),
        facts,
    }
}

fn coco_row(dataset: &Dataset<'_>, image: usize, row: Row<'_>, votes: Votes) -> CocoRow {
    let vote_labels: Vec<usize> = match votes {
        Votes::Omit => Vec::new(),
        Votes::List => row
            .ratings
            .iter()
            .filter_map(|rating| dataset.rows().label_place(rating.record.label?))
            .collect(),
    };
    let source_id = match row.source_ids.as_slice() {
        [only] => whole_number(&only.id),
        _ => None,
    };
    CocoRow {
        image,
        label: row.label.and_then(|label| dataset.rows().label_place(label)),
        geometry: row.record.geometry,
        source_id,
        id: Some(row.annotation),
        attributes: coco_facts(&row.record.attributes, &[]),
        votes: row.rating_count.saturating_sub(length(&vote_labels)),
        vote_labels,
    }
}

/// Writes a version as one Parquet table, a row an annotation, in the order of [`export_coco`]. Labels are agreed by
/// `rule`, else by the rule in force; an annotation without one stays.
///
/// # Errors
/// [`ExportError`] when the version cannot be read or `out` not be written.
pub fn export_parquet<W: Write + Send>(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: W,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let dataset = Dataset::open(version, rule)?;
    let chosen: Vec<&ImageRow> = dataset
        .images()
        .iter()
        .filter(|image| options.filter.takes_image(image))
        .collect();
    let mut table = ParquetTable::begin(out, options.name)?;
    let mut empty = 0;
    let rows_of = |image: &ImageRow, rows: Vec<Row<'_>>| {
        let cells = ImageCells::new(image);
        let taken = rows.iter().filter(|row| options.filter.takes(row));
        let recorded = |row: &Row<'_>| {
            row.record
                .label
                .and_then(|label| dataset.rows().label_name(label))
        };
        let rows = taken.map(|row| ParquetRow::new(&cells, row, recorded(row)));
        rows.collect::<Vec<_>>()
    };
    let images = chosen.iter().copied();
    dataset.rows().each_image(images, Parts::ALL, rows_of, |rows| {
        empty += u64::from(rows.is_empty());
        rows.into_iter()
            .try_for_each(|row| table.put(row))
            .map_err(ExportError::from)
    })?;
    let (annotations, mut report) = table.end()?;
    report.add("image_without_annotations", empty, || {
        "an image without annotations has no row".to_owned()
    });
    let facts = length(&chosen) + u64::from(!dataset.facts().is_empty());
    report.add("facts", facts, || {
        "facts of the dataset, of images, cases and slides have no column".to_owned()
    });
    count_erased(&dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
}

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
    let chosen: Vec<&ImageRow> = dataset
        .images()
        .iter()
        .filter(|image| options.filter.takes_image(image))
        .collect();
    let names = voc_names(&chosen);
    let faults = check_names(names.iter().map(String::as_str), Sameness::Bytes);
    if !faults.is_empty() {
        return Err(ExportError::Names { names: faults });
    }
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

fn voc_names(images: &[&ImageRow]) -> Vec<String> {
    let stem = |name: &str| match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !stem.ends_with('/') && !extension.contains('/') => {
            stem.to_owned()
        }
        _ => name.to_owned(),
    };
    let mut uses: BTreeMap<String, u32> = BTreeMap::new();
    for image in images {
        *uses.entry(fold(&stem(&image.record.name))).or_default() += 1;
    }
    images
        .iter()
        .map(|image| {
            let stem = stem(&image.record.name);
            if uses.get(&fold(&stem)) == Some(&1) {
                format!("{stem}.xml")
            } else {
                format!("{}.xml", image.record.name)
            }
        })
        .collect()
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
