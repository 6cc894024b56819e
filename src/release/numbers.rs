//! Everything that a datasheet counts, from one pass over a version.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{StateError, scan_records};
use crate::export::{Dataset, ImageRow, Parts, Row};
use crate::id::Code;
use crate::model::{EntityKind, FactValue, Key, ScreeningRecord, SplitRecord};

/// Facts by which images are counted, on the image, its slide or its case.
const GROUPING_FACTS: [&str; 11] = [
    "species",
    "tumour",
    "tumour_type",
    "tumor",
    "tumor_type",
    "origin",
    "laboratory",
    "stain",
    "vendor",
    "scanner",
    "licence",
];

/// How often something is said of images and their annotations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) images: u64,
    pub(super) annotations: u64,
}

/// What one annotator did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Work {
    pub(super) kind: String,
    pub(super) ratings: u64,
    pub(super) no_opinion: u64,
    pub(super) rounds: BTreeSet<u32>,
    pub(super) blinded: u64,
    pub(super) not_blinded: u64,
}

/// The numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) images: u64,
    pub(super) with_bytes: u64,
    pub(super) declared: u64,
    pub(super) erased: u64,
    pub(super) size_bytes: u64,
    pub(super) without_case: u64,
    pub(super) without_size: u64,
    pub(super) without_resolution: u64,
    pub(super) empty_screened: u64,
    pub(super) empty_not_screened: u64,
    pub(super) annotations: u64,
    pub(super) undecided: u64,
    pub(super) exceptions: u64,
    pub(super) without_rating: u64,
    /// By name.
    pub(super) labels: BTreeMap<String, Tally>,
    pub(super) shapes: BTreeMap<&'static str, u64>,
    /// By fact, then by value.
    pub(super) facts: BTreeMap<&'static str, BTreeMap<String, Tally>>,
    pub(super) annotators: BTreeMap<Code, Work>,
    pub(super) methods: BTreeMap<&'static str, u64>,
    pub(super) screened_images: u64,
    /// By split and part.
    pub(super) splits: BTreeMap<(String, String), u64>,
    pub(super) lineages: BTreeSet<String>,
}

/// Counts a version.
pub(super) fn count(dataset: &Dataset<'_>) -> Result<Numbers, StateError> {
    let mut numbers = Numbers::default();
    for (code, record) in dataset.annotators() {
        let work = Work {
            kind: record.kind.to_string(),
            ..Work::default()
        };
        numbers.annotators.insert(code.clone(), work);
    }
    for (_, label) in dataset.rows().labels() {
        numbers.labels.insert(label.name.clone(), Tally::default());
    }
    let mut screened = BTreeSet::new();
    scan_records(
        dataset.rows().state(),
        &Key::kind_prefix(EntityKind::Screening),
        |_, record: ScreeningRecord| {
            screened.insert(record.image);
            ControlFlow::Continue(())
        },
    )?;
    scan_records(
        dataset.rows().state(),
        &Key::kind_prefix(EntityKind::Split),
        |_, record: SplitRecord| {
            *numbers.splits.entry((record.split, record.part)).or_default() += 1;
            ControlFlow::Continue(())
        },
    )?;
    dataset
        .rows()
        .each_image(dataset.images(), Parts::ALL, together, |(image, rows)| {
            numbers.count_image(dataset, image, &rows);
            let is_screened = screened.contains(&image.id);
            numbers.screened_images += u64::from(is_screened);
            numbers.empty_screened += u64::from(rows.is_empty() && is_screened);
            numbers.empty_not_screened += u64::from(rows.is_empty() && !is_screened);
            Ok::<_, StateError>(())
        })?;
    Ok(numbers)
}

fn together<'s>(image: &'s ImageRow, rows: Vec<Row<'s>>) -> (&'s ImageRow, Vec<Row<'s>>) {
    (image, rows)
}

impl Numbers {
    fn count_image(&mut self, dataset: &Dataset<'_>, image: &ImageRow, rows: &[Row<'_>]) {
        let record = &image.record;
        self.images += 1;
        if image.is_erased() {
            self.erased += 1;
        } else if record.files.is_empty() {
            self.declared += 1;
        } else {
            self.with_bytes += 1;
            self.size_bytes += record.files.iter().map(|file| file.size_bytes).sum::<u64>();
        }
        self.without_case += u64::from(record.case.is_none());
        self.without_size += u64::from(record.size().is_none());
        self.without_resolution += u64::from(record.resolution().is_none());
        let annotations = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        for name in GROUPING_FACTS {
            let value = match dataset.fact_of(image, name) {
                Some(value @ (FactValue::Text(_) | FactValue::Number(_) | FactValue::Flag(_))) => value,
                Some(FactValue::Private(_)) | None => continue,
            };
            let tally = self
                .facts
                .entry(name)
                .or_default()
                .entry(value.to_string())
                .or_default();
            tally.images += 1;
            tally.annotations += annotations;
        }
        let mut labels_here = BTreeSet::new();
        for row in rows {
            self.count_row(row);
            labels_here.extend(row.label_name);
        }
        for label in labels_here {
            entry(&mut self.labels, label).images += 1;
        }
    }

    fn count_row(&mut self, row: &Row<'_>) {
        self.annotations += 1;
        match row.label_name {
            Some(label) => entry(&mut self.labels, label).annotations += 1,
            None => self.undecided += 1,
        }
        self.exceptions += u64::from(row.exception.is_some());
        self.without_rating += u64::from(row.ratings.is_empty());
        *self.shapes.entry(row.record.geometry.type_name()).or_default() += 1;
        for id in &row.source_ids {
            if !self.lineages.contains(&id.lineage) {
                self.lineages.insert(id.lineage.clone());
            }
        }
        for rating in &row.ratings {
            let work = self.annotators.entry(rating.key.annotator.clone()).or_default();
            work.ratings += 1;
            work.no_opinion += u64::from(rating.record.label.is_none());
            work.rounds.insert(rating.key.round);
            work.blinded += u64::from(rating.record.blinded == Some(true));
            work.not_blinded += u64::from(rating.record.blinded == Some(false));
            let method = rating
                .record
                .method
                .map_or("not stated", |method| method.as_str());
            *self.methods.entry(method).or_default() += 1;
        }
    }
}

/// Finds a tally by name; one is made for a name that has none yet.
fn entry<'t>(tallies: &'t mut BTreeMap<String, Tally>, name: &str) -> &'t mut Tally {
    if !tallies.contains_key(name) {
        tallies.insert(name.to_owned(), Tally::default());
    }
    tallies
        .get_mut(name)
        .expect("it was there, or has just been made")
}
