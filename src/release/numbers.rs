//! Everything that a datasheet counts, from one pass over a version: its own, or that of an export.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::codec::to_canonical;
use crate::event::{EmptyState, StateError, scan_records};
use crate::export::{Dataset, ImageRow, Parts, Row};
use crate::id::{Code, Digest, ImageId, LabelId};
use crate::model::{EntityKind, FactValue, Key, ScreeningRecord, SplitRecord};
use crate::quality::gate::personal_that_is_new;

/// Facts that tell groups of people or animals apart, on the image, its slide or its case.
pub(super) const GROUPS: [&str; 8] = [
    "species",
    "sex",
    "age_group",
    "tumour",
    "tumour_type",
    "tumor",
    "tumor_type",
    "origin",
];

/// Other facts by which images are counted.
const ORIGINS: [&str; 5] = ["laboratory", "stain", "vendor", "scanner", "licence"];

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
    /// Annotations that reach beyond their image, where its size is known.
    pub(super) outside: u64,
    /// Annotations on which several annotators have an opinion, and those among them on which opinions differ.
    pub(super) rated_by_several: u64,
    pub(super) disputed: u64,
    /// Images with the bytes, annotations with the place on the same image, of another.
    pub(super) repeated_images: u64,
    pub(super) repeated_annotations: u64,
    /// Ratings that carry the time that their tool claims.
    pub(super) claimed: u64,
    /// What the gate finds of personal data in names and facts: in how many places, by code.
    pub(super) personal: BTreeMap<&'static str, usize>,
    /// How many images state a fact, themselves or by their slide or case.
    pub(super) fact_names: BTreeMap<String, u64>,
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

/// A count under way, to which several threads show images.
pub(super) struct Count<'a, 'd> {
    dataset: &'a Dataset<'d>,
    screened: BTreeSet<ImageId>,
    numbers: Mutex<Numbers>,
}

/// Counts a version.
pub(super) fn count(dataset: &Dataset<'_>) -> Result<Numbers, StateError> {
    let count = Count::begin(dataset)?;
    count.read(dataset.images())?;
    Ok(count.finish())
}

impl<'a, 'd> Count<'a, 'd> {
    /// Counts all but images and annotations.
    pub(super) fn begin(dataset: &'a Dataset<'d>) -> Result<Self, StateError> {
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
        numbers.repeated_images = repeated(
            dataset
                .images()
                .iter()
                .filter_map(|image| image.record.single_blob()),
        );
        for finding in personal_that_is_new(&EmptyState, dataset.rows().state())? {
            *numbers.personal.entry(finding.code).or_default() += finding.items.len();
        }
        Ok(Self {
            dataset,
            screened,
            numbers: Mutex::new(numbers),
        })
    }

    /// Reads and counts images.
    pub(super) fn read(&self, images: impl IntoIterator<Item = &'a ImageRow>) -> Result<(), StateError> {
        let show = |image, rows: Vec<Row<'_>>| self.show(image, &rows);
        let rows = self.dataset.rows();
        rows.each_image(images, Parts::ALL, show, |()| Ok::<_, StateError>(()))
    }

    /// Counts an image and its annotations, ratings and source ids included.
    pub(super) fn show(&self, image: &ImageRow, rows: &[Row<'_>]) {
        let mut here = Numbers::default();
        here.count_image(self.dataset, image, rows);
        let is_screened = self.screened.contains(&image.id);
        here.screened_images += u64::from(is_screened);
        here.empty_screened += u64::from(rows.is_empty() && is_screened);
        here.empty_not_screened += u64::from(rows.is_empty() && !is_screened);
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.absorb(here);
    }

    pub(super) fn finish(self) -> Numbers {
        self.numbers.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn absorb(&mut self, other: Self) {
        self.images += other.images;
        self.annotations += other.annotations;
    }
}

impl Work {
    fn absorb(&mut self, other: Self) {
        self.ratings += other.ratings;
        self.no_opinion += other.no_opinion;
        self.rounds.extend(other.rounds);
        self.blinded += other.blinded;
        self.not_blinded += other.not_blinded;
    }
}

impl Numbers {
    /// Adds what was counted of an image.
    fn absorb(&mut self, other: Self) {
        self.images += other.images;
        self.with_bytes += other.with_bytes;
        self.declared += other.declared;
        self.erased += other.erased;
        self.size_bytes += other.size_bytes;
        self.without_case += other.without_case;
        self.without_size += other.without_size;
        self.without_resolution += other.without_resolution;
        self.empty_screened += other.empty_screened;
        self.empty_not_screened += other.empty_not_screened;
        self.annotations += other.annotations;
        self.undecided += other.undecided;
        self.exceptions += other.exceptions;
        self.without_rating += other.without_rating;
        self.outside += other.outside;
        self.rated_by_several += other.rated_by_several;
        self.disputed += other.disputed;
        self.repeated_annotations += other.repeated_annotations;
        self.claimed += other.claimed;
        for (fact, count) in other.fact_names {
            *self.fact_names.entry(fact).or_default() += count;
        }
        self.screened_images += other.screened_images;
        self.lineages.extend(other.lineages);
        for (label, tally) in other.labels {
            self.labels.entry(label).or_default().absorb(tally);
        }
        for (shape, count) in other.shapes {
            *self.shapes.entry(shape).or_default() += count;
        }
        for (fact, values) in other.facts {
            let known = self.facts.entry(fact).or_default();
            for (value, tally) in values {
                known.entry(value).or_default().absorb(tally);
            }
        }
        for (code, work) in other.annotators {
            self.annotators.entry(code).or_default().absorb(work);
        }
        for (method, count) in other.methods {
            *self.methods.entry(method).or_default() += count;
        }
    }
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
        for name in GROUPS.into_iter().chain(ORIGINS) {
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
        self.count_facts(dataset, image);
        self.repeated_annotations += repeated(rows.iter().filter_map(place));
        let mut labels_here = BTreeSet::new();
        for row in rows {
            self.count_row(row);
            labels_here.extend(row.label_name);
        }
        for label in labels_here {
            entry(&mut self.labels, label).images += 1;
        }
    }

    /// Counts which facts an image states.
    fn count_facts(&mut self, dataset: &Dataset<'_>, image: &ImageRow) {
        for name in dataset.facts_of(image).into_keys() {
            *self.fact_names.entry(name.to_owned()).or_default() += 1;
        }
    }

    fn count_row(&mut self, row: &Row<'_>) {
        self.annotations += 1;
        self.outside += u64::from(is_outside(row));
        let opinions = || {
            let ratings = row.ratings.iter();
            ratings.filter_map(|rating| Some((&rating.key.annotator, rating.record.label?)))
        };
        let annotators: BTreeSet<&Code> = opinions().map(|(annotator, _)| annotator).collect();
        if annotators.len() > 1 {
            let labels: BTreeSet<LabelId> = opinions().map(|(_, label)| label).collect();
            self.rated_by_several += 1;
            self.disputed += u64::from(labels.len() > 1);
        }
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
            let annotator = &rating.key.annotator;
            if !self.annotators.contains_key(annotator) {
                self.annotators.insert(annotator.clone(), Work::default());
            }
            let Some(work) = self.annotators.get_mut(annotator) else {
                continue;
            };
            work.ratings += 1;
            self.claimed += u64::from(rating.record.claimed_at.is_some());
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

/// How many of these are said more than once, each of them counted.
fn repeated<T: Ord>(things: impl Iterator<Item = T>) -> u64 {
    let mut counts: BTreeMap<T, u64> = BTreeMap::new();
    for thing in things {
        *counts.entry(thing).or_default() += 1;
    }
    counts.values().filter(|count| **count > 1).sum()
}

/// The digest of the place of an annotation.
fn place(row: &Row<'_>) -> Option<Digest> {
    Some(Digest::of(&to_canonical(&row.record.geometry).ok()?))
}

/// Whether an annotation reaches beyond its image, where the image's size is known.
fn is_outside(row: &Row<'_>) -> bool {
    let (Some(bounds), Some((width, height))) = (row.record.geometry.bounds(), row.image.record.size())
    else {
        return false;
    };
    bounds.x_min < 0.0 || bounds.y_min < 0.0 || bounds.x_max > width || bounds.y_max > height
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_said_twice_is_repeated(mut things in proptest::collection::vec(0_u8..20, 0..40)) {
            let found = repeated(things.iter());
            let expected = things.iter().filter(|a| things.iter().filter(|b| a == b).count() > 1).count();
            prop_assert_eq!(found, expected as u64);
            things.sort_unstable();
            things.dedup();
            prop_assert_eq!(repeated(things.iter()), 0);
        }
    }
}
