//! A version as COCO JSON.

use std::collections::BTreeMap;
use std::io::Write;

use super::{ExportOptions, Exported, Votes, chosen_images, count_erased, length};
use crate::event::State;
use crate::export::ExportError;
use crate::export::coco::{
    CocoDataset, CocoFacts, CocoImage, CocoLabel, CocoRow, CocoValue, Frame, IdPlan, Lines, write_coco_by,
};
use crate::export::dataset::{Dataset, ImageRow, whole_number};
use crate::export::rows::{Parts, Row};
use crate::id::ImageId;
use crate::model::{FactValue, Facts, Rule};

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
    let chosen: Vec<&ImageRow> = chosen_images(dataset, options);
    let shape = CocoShape::of(dataset, &chosen);
    let head = shape.head(dataset, options)?;
    let parts = options.filter.parts(match options.votes {
        Votes::Omit => Parts::COUNTED,
        Votes::List => Parts::ALL,
    });
    let (annotations, mut report) = write_coco_by(&mut out, &head, |frame, annotations| {
        let lines_of = |image: &ImageRow, mut rows: Vec<Row<'_>>| {
            rows.retain(|row| options.filter.takes(row));
            shape.lines(frame, dataset, image, rows, options.votes)
        };
        let images = chosen.iter().copied();
        dataset.rows().each_image(images, parts, lines_of, |lines| {
            annotations.put(&lines).map_err(ExportError::from)
        })
    })?;
    count_erased(dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
}

/// What of a version stands before its annotations.
pub(super) struct CocoShape {
    images: Vec<CocoImage>,
    labels: Vec<CocoLabel>,
    places: BTreeMap<ImageId, usize>,
}

impl CocoShape {
    /// Takes the images that are exported, and the labels.
    pub(super) fn of(dataset: &Dataset<'_>, chosen: &[&ImageRow]) -> Self {
        let labels = dataset.rows().labels().iter();
        Self {
            images: chosen.iter().map(|image| coco_image(image)).collect(),
            labels: labels
                .map(|(_, record)| CocoLabel {
                    name: record.name.clone(),
                    facts: coco_facts(&record.facts, &[]),
                })
                .collect(),
            places: chosen.iter().enumerate().map(|(n, row)| (row.id, n)).collect(),
        }
    }

    /// Returns the dataset but for its annotations.
    pub(super) fn head<'h>(
        &'h self,
        dataset: &'h Dataset<'_>,
        options: &ExportOptions<'h>,
    ) -> Result<CocoDataset<'h>, ExportError> {
        let text = |name: &str| dataset.facts().get(name).and_then(FactValue::as_text);
        Ok(CocoDataset {
            name: options.name,
            description: text("description"),
            licence: text("licence"),
            licence_url: text("licence_url"),
            facts: coco_facts(
                dataset.facts(),
                &["description", "licence", "licence_url", "licence_text"],
            ),
            images: &self.images,
            labels: &self.labels,
            dialect: options.dialect,
            annotation_ids: IdPlan::keeping(dataset.source_numbers()?.into_iter().map(Some)),
        })
    }

    /// Writes the annotations of an image.
    pub(super) fn lines(
        &self,
        frame: &Frame<'_>,
        dataset: &Dataset<'_>,
        image: &ImageRow,
        rows: Vec<Row<'_>>,
        votes: Votes,
    ) -> Lines {
        let place = self.places.get(&image.id).copied().unwrap_or(usize::MAX);
        let mut lines = Lines::default();
        for row in rows {
            lines.add(frame, &coco_row(dataset, place, row, votes));
        }
        lines
    }
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
