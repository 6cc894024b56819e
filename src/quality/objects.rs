//! How far those agree who searched images independently: each marked objects of their own, which are matched by distance.
//! F1 of objects, overlap of what was matched, and how far counts per image agree.
//!
//! Who has screenings recorded is compared on the images, in the regions and for the labels that these name. Of somebody without any the
//! images are taken on which they marked something: an empty image cannot be told from one that was not looked at, which
//! is said in a warning. One image is held in memory at a time.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{State, StateError};
use crate::id::{Code, ImageId, ImagePrefix, LabelId};
use crate::model::geometry::whole_to_float;
use crate::model::{AnnotatorKind, Radius, Reach};

use super::bootstrap;
use super::contingency::Contingency;
use super::finds::{Finder, Found, Object};
use super::icc::icc_2_1;
use super::images::{self, Area, CaseName};
use super::matching::{MatchRule, TooCrowded, match_objects};
use super::statistic::{Interval, Statistic, Undefined, ratio};

/// What is compared.
#[derive(Debug, Clone)]
pub struct ObjectOptions {
    /// Within this radius two objects are one.
    pub radius: Radius,
    /// How they are matched.
    pub rule: MatchRule,
    /// Objects with this label alone; of any label where none is given.
    pub label: Option<LabelId>,
    /// Ratings and screenings of this round alone; of all rounds where none is given.
    pub round: Option<u32>,
    /// On these images alone; on all where none is given.
    pub images: Option<BTreeSet<ImagePrefix>>,
}

/// Objects that cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The radius is in µm.
    #[error("the image '{image}' has no resolution, so that a radius in µm is none there")]
    NoResolution {
        /// The image's name.
        image: String,
    },
    /// The radius is too large.
    #[error("within this radius each object of the image '{image}' has too many others to choose from")]
    TooCrowded {
        /// The image's name.
        image: String,
    },
    /// The version cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Objects of two, and how many of each are hit by the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many each marked.
    pub counts: [u64; 2],
    /// How many of them are hit.
    pub hits: [u64; 2],
}

impl Tally {
    fn merge(&mut self, other: &Self, times: u64) {
        for (sum, more) in self.counts.iter_mut().zip(other.counts) {
            *sum += more * times;
        }
        for (sum, more) in self.hits.iter_mut().zip(other.hits) {
            *sum += more * times;
        }
    }

    /// Returns F1: the harmonic mean of the share of each one's objects that are hit.
    ///
    /// # Errors
    /// [`Undefined::NoObjects`].
    pub fn f1(&self) -> Statistic {
        let [a, b] = self.counts;
        let [hit_a, hit_b] = self.hits;
        match (ratio(hit_a, a), ratio(hit_b, b)) {
            (None, None) => Err(Undefined::NoObjects),
            (Some(share_a), Some(share_b)) if share_a + share_b > 0.0 => {
                Ok(2.0 * share_a * share_b / (share_a + share_b))
            }
            (Some(_), _) | (None, Some(_)) => Ok(0.0),
        }
    }
}

/// A mean of what was added.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Mean {
    sum: f64,
    n: u64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1;
    }

    fn value(self) -> Statistic {
        if self.n == 0 {
            return Err(Undefined::NoAreas);
        }
        Ok(self.sum / whole_to_float(self.n))
    }
}

/// What two marked on the images that both searched.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectPair {
    /// The first, as a place in [`ObjectAgreement::raters`].
    pub a: usize,
    /// The second.
    pub b: usize,
    /// In all.
    pub tally: Tally,
    /// The labels that both gave to what was matched.
    pub table: Contingency,
    /// How many objects are one annotation that both rated: their places say nothing.
    pub shared: u64,
    cases: BTreeMap<CaseName, Tally>,
    per_image: Vec<[u64; 2]>,
    iou: Mean,
    dice: Mean,
}

impl ObjectPair {
    fn new(a: usize, b: usize, labels: usize) -> Self {
        Self {
            a,
            b,
            tally: Tally::default(),
            table: Contingency::new(labels),
            shared: 0,
            cases: BTreeMap::new(),
            per_image: Vec::new(),
            iou: Mean::default(),
            dice: Mean::default(),
        }
    }

    /// Returns how many images both searched.
    #[must_use]
    pub fn images(&self) -> usize {
        self.per_image.len()
    }

    /// Returns the mean intersection over union of matched objects that have an area.
    ///
    /// # Errors
    /// [`Undefined::NoAreas`].
    pub fn mean_iou(&self) -> Statistic {
        self.iou.value()
    }

    /// Returns the mean Dice coefficient of the areas of matched objects.
    ///
    /// # Errors
    /// [`Undefined::NoAreas`].
    pub fn mean_dice(&self) -> Statistic {
        self.dice.value()
    }

    /// Returns ICC(2,1) of the counts of both per image.
    ///
    /// # Errors
    /// [`Undefined`] with fewer than two images, or where all counts are the same.
    pub fn icc(&self) -> Statistic {
        let row = |counts: &[u64; 2]| counts.iter().copied().map(whole_to_float).collect();
        let rows: Vec<Vec<f64>> = self.per_image.iter().map(row).collect();
        if rows.is_empty() {
            return Err(Undefined::FewSubjects);
        }
        icc_2_1(&rows)
    }

    /// Returns the interval of 95 % of F1, by drawing cases.
    ///
    /// # Errors
    /// [`Undefined`] with fewer than two cases, or where F1 is not defined.
    pub fn f1_by_cases(&self, repetitions: u32, seed: u64) -> Interval {
        let tallies: Vec<&Tally> = self.cases.values().collect();
        bootstrap::interval(tallies.len(), repetitions, seed, |times| {
            let mut drawn = Tally::default();
            for (tally, count) in tallies.iter().zip(times) {
                drawn.merge(tally, *count);
            }
            drawn.f1()
        })
    }
}

/// Agreement about objects within a version.
#[derive(Debug, Clone)]
pub struct ObjectAgreement {
    /// All who can rate, by code.
    pub raters: Vec<(Code, AnnotatorKind)>,
    /// The labels with their names.
    pub labels: Vec<(LabelId, String)>,
    /// Each two who searched an image in common.
    pub pairs: Vec<ObjectPair>,
    /// Who marked something and has no screening recorded.
    pub unscreened: BTreeSet<usize>,
    /// Counts by image and by who searched it.
    counts: Vec<BTreeMap<usize, u64>>,
}

impl ObjectAgreement {
    /// Returns ICC(2,1) of counts per image of these, over the images that all of them searched, and how many these are.
    pub fn icc(&self, raters: &[usize]) -> (Statistic, usize) {
        let row = |counts: &BTreeMap<usize, u64>| -> Option<Vec<f64>> {
            let count = |rater: &usize| counts.get(rater).copied().map(whole_to_float);
            raters.iter().map(count).collect()
        };
        let rows: Vec<Vec<f64>> = self.counts.iter().filter_map(row).collect();
        let images = rows.len();
        let icc = if raters.len() < 2 {
            Err(Undefined::FewRaters)
        } else if images < 2 {
            Err(Undefined::FewSubjects)
        } else {
            icc_2_1(&rows)
        };
        (icc, images)
    }

    /// Returns the places of the persons who searched something.
    #[must_use]
    pub fn people(&self) -> Vec<usize> {
        let searched: BTreeSet<usize> = self.counts.iter().flat_map(BTreeMap::keys).copied().collect();
        let is_person = |n: &usize| {
            let rater = self.raters.get(*n);
            rater.is_some_and(|(_, kind)| *kind == AnnotatorKind::Human)
        };
        searched.into_iter().filter(is_person).collect()
    }
}

struct Reader<'a> {
    options: &'a ObjectOptions,
    label_places: BTreeMap<LabelId, usize>,
    finder: Finder<'a>,
    found: ObjectAgreement,
    pairs: BTreeMap<(usize, usize), ObjectPair>,
}

/// Reads who marked what, and compares each two.
///
/// # Errors
/// [`ObjectError`] when the version cannot be read, or a radius does not fit an image.
pub fn read_objects(state: &dyn State, options: &ObjectOptions) -> Result<ObjectAgreement, ObjectError> {
    let raters = images::annotators(state)?;
    let labels = images::labels(state)?;
    let places: BTreeMap<Code, usize> = (0..)
        .zip(&raters)
        .map(|(n, rater)| (rater.0.clone(), n))
        .collect();
    let mut all = Vec::new();
    images::scan_images(state, |id, record| {
        let is_wanted = options
            .images
            .as_ref()
            .is_none_or(|images| images.contains(&id.prefix()));
        if is_wanted {
            let case = images::case_of(id, &record);
            all.push((id, case, Reach::on(options.radius, Some(&record)), record.name));
        }
    })?;
    let images = all.iter().map(|one| one.0);
    let mut reader = Reader {
        options,
        label_places: (0..).zip(&labels).map(|(n, label)| (label.0, n)).collect(),
        finder: Finder::open(state, places, images, options.label, options.round)?,
        found: ObjectAgreement {
            raters,
            labels,
            pairs: Vec::new(),
            unscreened: BTreeSet::new(),
            counts: Vec::new(),
        },
        pairs: BTreeMap::new(),
    };
    for (id, case, reach, name) in all {
        reader.image(id, case, reach, name)?;
    }
    reader.found.unscreened = reader.finder.unscreened;
    reader.found.pairs = reader.pairs.into_values().collect();
    Ok(reader.found)
}

impl Reader<'_> {
    fn image(
        &mut self,
        id: ImageId,
        case: CaseName,
        reach: Option<Reach>,
        name: String,
    ) -> Result<(), ObjectError> {
        let found = self.finder.on(id.prefix())?;
        let count = |found: &Found| u64::try_from(found.objects.len()).unwrap_or(u64::MAX);
        if found.is_empty() {
            return Ok(());
        }
        let counts = found.iter().map(|(rater, found)| (*rater, count(found)));
        self.found.counts.push(counts.collect());
        let raters: Vec<(&usize, &Found)> = found.iter().collect();
        for (n, (a, of_a)) in raters.iter().enumerate() {
            for (b, of_b) in raters.iter().skip(n + 1) {
                let Some(reach) = reach else {
                    return Err(ObjectError::NoResolution { image: name });
                };
                let labels = self.found.labels.len();
                let pair = self.pairs.entry((**a, **b));
                let pair = pair.or_insert_with(|| ObjectPair::new(**a, **b, labels));
                let places = |label: LabelId| self.label_places.get(&label).copied();
                let matched = pair.compare(of_a, of_b, &case, &reach, self.options.rule);
                let Ok(matched) = matched else {
                    return Err(ObjectError::TooCrowded { image: name });
                };
                for [one, other] in matched {
                    pair.take(one, other, [places(one.label), places(other.label)]);
                }
            }
        }
        Ok(())
    }
}

impl ObjectPair {
    /// Compares what two found on an image; returns what was matched.
    fn compare<'f>(
        &mut self,
        a: &'f Found,
        b: &'f Found,
        case: &str,
        reach: &Reach,
        rule: MatchRule,
    ) -> Result<Vec<[&'f Object; 2]>, TooCrowded> {
        let (in_a, in_b) = (within(a, &b.area), within(b, &a.area));
        let spots = |objects: &[&Object]| {
            objects
                .iter()
                .map(|object| object.spot(reach))
                .collect::<Vec<_>>()
        };
        let matched = match_objects(&spots(&in_a), &spots(&in_b), reach.radius, rule)?;
        let count = |objects: &[&Object]| u64::try_from(objects.len()).unwrap_or(u64::MAX);
        let tally = Tally {
            counts: [count(&in_a), count(&in_b)],
            hits: matched.hits,
        };
        self.tally.merge(&tally, 1);
        self.cases.entry(case.to_owned()).or_default().merge(&tally, 1);
        self.per_image.push(tally.counts);
        let both = |(n, m): &(usize, usize)| Some([*in_a.get(*n)?, *in_b.get(*m)?]);
        Ok(matched.pairs.iter().filter_map(both).collect())
    }

    fn take(&mut self, one: &Object, other: &Object, labels: [Option<usize>; 2]) {
        if let [Some(first), Some(second)] = labels {
            self.table.add(first, second, 1);
        }
        self.shared += u64::from(one.annotation == other.annotation);
        if let Some(iou) = one.geometry.overlap(&other.geometry) {
            self.iou.add(iou);
            self.dice.add(2.0 * iou / (1.0 + iou));
        }
    }
}

/// The objects that lie where another searched for their label, too.
fn within<'f>(found: &'f Found, area: &Area) -> Vec<&'f Object> {
    let objects = found.objects.iter();
    let searched = |object: &&Object| area.covers(object.centre, object.label);
    objects.filter(searched).collect()
}
