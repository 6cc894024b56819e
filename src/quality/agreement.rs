//! How far those who rate agree, from the ratings of a version: each one's first opinion of an annotation counts. One pass
//! over the ratings; memory holds tables of labels by case, not ratings.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{State, StateError, scan_records};
use crate::id::{AnnotationId, Code, ImagePrefix, LabelId};
use crate::model::{AnnotatorKind, EntityKind, Key, KeyParts, RatingRecord};

use super::bootstrap;
use super::contingency::{Contingency, Weights};
use super::fleiss::Fleiss;
use super::images::{self, CaseName};
use super::independence::{Selection, Witnesses};
use super::krippendorff::{Coincidences, Metric};
use super::statistic::{Interval, Statistic, Undefined};

/// What is compared.
#[derive(Debug, Clone, Default)]
pub struct AgreementOptions {
    /// Ratings of this round alone; of all rounds where none is given.
    pub round: Option<u32>,
    /// Annotations on these images alone; on all where none is given.
    pub images: Option<BTreeSet<ImagePrefix>>,
    /// The order of labels, lowest first, for statistics that need one; labels that are not named come behind, by name.
    pub order: Vec<LabelId>,
}

/// Somebody who rated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rater {
    /// The code.
    pub code: Code,
    /// Person, model or procedure.
    pub kind: AnnotatorKind,
    /// How many annotations have an opinion of theirs.
    pub rated: u64,
    /// How many of these were given while the ratings of others were to be seen.
    pub unblinded: u64,
}

/// What two raters said of the annotations that both rated.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The first, as a place in [`Agreement::raters`].
    pub a: usize,
    /// The second.
    pub b: usize,
    /// What they said, by case.
    cases: BTreeMap<CaseName, Contingency>,
    /// What they said in all.
    pub table: Contingency,
}

/// Agreement within a version.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// Who rated, by code.
    pub raters: Vec<Rater>,
    /// The labels, in order, with their names.
    pub labels: Vec<(LabelId, String)>,
    /// Each pair that rated something in common or could have, in the order of the raters.
    pub pairs: Vec<Pair>,
    /// How many annotations have at least one opinion.
    pub rated: u64,
    /// What tells whose choice of annotations depends on what others said.
    pub selections: Vec<Selection>,
    units: Vec<(BTreeMap<usize, usize>, u64)>,
}

/// One annotation's opinions: rater and label, as places.
type Opinions = BTreeMap<usize, usize>;

/// The images of a version by prefix, each with its case.
fn cases(state: &dyn State) -> Result<BTreeMap<ImagePrefix, CaseName>, StateError> {
    let mut cases = BTreeMap::new();
    images::scan_images(state, |id, record| {
        cases.insert(id.prefix(), images::case_of(id, &record));
    })?;
    Ok(cases)
}

/// Reads a version.
struct Reader {
    raters: Vec<Rater>,
    places: BTreeMap<Code, usize>,
    labels: Vec<(LabelId, String)>,
    label_places: BTreeMap<LabelId, usize>,
}

impl Reader {
    fn open(state: &dyn State, order: &[LabelId]) -> Result<Self, StateError> {
        let rater = |(code, kind): (Code, AnnotatorKind)| Rater {
            code,
            kind,
            rated: 0,
            unblinded: 0,
        };
        let raters: Vec<Rater> = images::annotators(state)?.into_iter().map(rater).collect();
        let mut labels = images::labels(state)?;
        let place = |id: &LabelId| order.iter().position(|one| one == id).unwrap_or(usize::MAX);
        labels.sort_by(|a, b| (place(&a.0), &a.1, a.0).cmp(&(place(&b.0), &b.1, b.0)));
        let places = raters
            .iter()
            .enumerate()
            .map(|(n, rater)| (rater.code.clone(), n))
            .collect();
        let label_places = labels.iter().enumerate().map(|(n, (id, _))| (*id, n)).collect();
        Ok(Self {
            raters,
            places,
            labels,
            label_places,
        })
    }
}

/// Counts what is known of one annotation after the other.
struct Tally<'t> {
    reader: &'t mut Reader,
    tables: BTreeMap<(usize, usize), BTreeMap<CaseName, Contingency>>,
    units: BTreeMap<Opinions, u64>,
    rated: u64,
    cases: &'t BTreeMap<ImagePrefix, CaseName>,
}

impl Tally<'_> {
    /// Takes all ratings whose keys begin with `prefix`.
    fn scan(&mut self, state: &dyn State, prefix: &[u8], round: Option<u32>) -> Result<(), StateError> {
        let mut open: Option<(AnnotationId, Opinions)> = None;
        scan_records(state, prefix, |key, record: RatingRecord| {
            let Ok(KeyParts::Rating(rating)) = key.parts() else {
                return ControlFlow::Continue(());
            };
            if round.is_some_and(|round| round != rating.round) {
                return ControlFlow::Continue(());
            }
            if open
                .as_ref()
                .is_some_and(|(annotation, _)| *annotation != rating.annotation)
                && let Some((annotation, opinions)) = open.take()
            {
                self.take(annotation, opinions);
            }
            let (_, opinions) = open.get_or_insert_with(|| (rating.annotation, Opinions::new()));
            let place = self.reader.places.get(&rating.annotator).copied();
            let label = record
                .label
                .and_then(|label| self.reader.label_places.get(&label).copied());
            if let (Some(place), Some(label)) = (place, label)
                && !opinions.contains_key(&place)
            {
                opinions.insert(place, label);
                if record.blinded == Some(false)
                    && let Some(rater) = self.reader.raters.get_mut(place)
                {
                    rater.unblinded += 1;
                }
            }
            ControlFlow::Continue(())
        })?;
        if let Some((annotation, opinions)) = open {
            self.take(annotation, opinions);
        }
        Ok(())
    }

    fn take(&mut self, annotation: AnnotationId, opinions: Opinions) {
        if opinions.is_empty() {
            return;
        }
        self.rated += 1;
        let labels = self.reader.labels.len();
        let image = annotation.image_prefix();
        let case = self
            .cases
            .get(&image)
            .cloned()
            .unwrap_or_else(|| format!("image {image}"));
        for (a, first) in &opinions {
            if let Some(rater) = self.reader.raters.get_mut(*a) {
                rater.rated += 1;
            }
            for (b, second) in opinions.range(a + 1..) {
                self.tables
                    .entry((*a, *b))
                    .or_default()
                    .entry(case.clone())
                    .or_insert_with(|| Contingency::new(labels))
                    .add(*first, *second, 1);
            }
        }
        *self.units.entry(opinions).or_default() += 1;
    }
}

/// Reads who said what.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn read_agreement(state: &dyn State, options: &AgreementOptions) -> Result<Agreement, StateError> {
    let cases = cases(state)?;
    let mut reader = Reader::open(state, &options.order)?;
    let mut tally = Tally {
        reader: &mut reader,
        tables: BTreeMap::new(),
        units: BTreeMap::new(),
        rated: 0,
        cases: &cases,
    };
    match &options.images {
        None => tally.scan(state, &Key::kind_prefix(EntityKind::Rating), options.round)?,
        Some(images) => {
            for image in images {
                let prefix = Key::on_image_prefix(EntityKind::Rating, *image);
                tally.scan(state, &prefix, options.round)?;
            }
        }
    }
    let (tables, units, rated) = (tally.tables, tally.units, tally.rated);
    Ok(assemble(reader, tables, units, rated))
}

fn assemble(
    reader: Reader,
    mut tables: BTreeMap<(usize, usize), BTreeMap<CaseName, Contingency>>,
    units: BTreeMap<Opinions, u64>,
    rated: u64,
) -> Agreement {
    let labels = reader.labels.len();
    let active: Vec<usize> = (0..reader.raters.len())
        .filter(|n| reader.raters.get(*n).is_some_and(|rater| rater.rated > 0))
        .collect();
    let mut pairs = Vec::new();
    for (n, a) in active.iter().enumerate() {
        for b in active.iter().skip(n + 1) {
            let cases = tables.remove(&(*a, *b)).unwrap_or_default();
            let mut table = Contingency::new(labels);
            cases.values().for_each(|one| table.merge(one, 1));
            pairs.push(Pair {
                a: *a,
                b: *b,
                cases,
                table,
            });
        }
    }
    let units: Vec<(Opinions, u64)> = units.into_iter().collect();
    let selections = Witnesses::of(&units, reader.raters.len()).selections();
    Agreement {
        raters: reader.raters,
        labels: reader.labels,
        pairs,
        rated,
        selections,
        units,
    }
}

impl Agreement {
    /// Returns the places of the persons who rated something.
    #[must_use]
    pub fn people(&self) -> Vec<usize> {
        let of_people = |(n, rater): (usize, &Rater)| {
            (rater.kind == AnnotatorKind::Human && rater.rated > 0).then_some(n)
        };
        self.raters.iter().enumerate().filter_map(of_people).collect()
    }

    /// Whether what somebody said can be taken as said independently: a person, who did not choose what to rate by what
    /// others had said, and is not known to have seen it.
    #[must_use]
    pub fn is_independent(&self, rater: usize) -> bool {
        let fits = |one: &Rater| one.kind == AnnotatorKind::Human && one.unblinded == 0;
        self.raters.get(rater).is_some_and(fits) && !self.selections.iter().any(|one| one.rater == rater)
    }

    /// Returns the label that `f1` and `jaccard` of a pair are about where none is named: the rarer of two; with more
    /// there is none.
    #[must_use]
    pub fn rarer_label(&self) -> Option<usize> {
        let mut given = vec![0_u64; self.labels.len()];
        for (opinions, count) in &self.units {
            for label in opinions.values() {
                if let Some(times) = given.get_mut(*label) {
                    *times += count;
                }
            }
        }
        let used: Vec<(u64, usize)> = given
            .into_iter()
            .enumerate()
            .filter(|(_, times)| *times > 0)
            .map(|(n, times)| (times, n))
            .collect();
        match used.as_slice() {
            [_] | [_, _] => used.iter().min().map(|(_, label)| *label),
            _ => None,
        }
    }

    /// Returns the same with two labels alone: this one, and any other.
    #[must_use]
    pub fn against_rest(&self, label: usize) -> Self {
        let mut one = self.clone();
        let name = self.labels.get(label).map(|(id, name)| (*id, name.clone()));
        let rest = LabelId::of_name("any other", u32::MAX);
        one.labels = name.into_iter().chain([(rest, "any other".to_owned())]).collect();
        for pair in &mut one.pairs {
            pair.table = pair.table.against_rest(label);
            for table in pair.cases.values_mut() {
                *table = table.against_rest(label);
            }
        }
        let mut units: BTreeMap<Opinions, u64> = BTreeMap::new();
        for (opinions, times) in &self.units {
            let two = opinions
                .iter()
                .map(|(rater, given)| (*rater, usize::from(*given != label)));
            *units.entry(two.collect()).or_default() += times;
        }
        one.units = units.into_iter().collect();
        one
    }

    /// The units of these raters: how often each label was given to an annotation, and how often that came up.
    fn counted<'s>(&'s self, raters: &'s [usize]) -> impl Iterator<Item = (Vec<u64>, u64)> + 's {
        self.units.iter().map(move |(opinions, times)| {
            let mut counts = vec![0; self.labels.len()];
            for label in raters.iter().filter_map(|rater| opinions.get(rater)) {
                if let Some(count) = counts.get_mut(*label) {
                    *count += 1;
                }
            }
            (counts, *times)
        })
    }

    /// Returns Krippendorff's alpha of these raters.
    ///
    /// # Errors
    /// [`Undefined`] where it is not defined.
    pub fn alpha(&self, raters: &[usize], metric: Metric) -> Statistic {
        let mut all = Coincidences::new(self.labels.len());
        for (counts, times) in self.counted(raters) {
            let mut one = Coincidences::new(self.labels.len());
            one.add(&counts);
            all.merge(&one, times);
        }
        if raters.len() < 2 {
            return Err(Undefined::FewRaters);
        }
        all.alpha(metric)
    }

    /// Returns Fleiss' kappa of these raters over the annotations that each of them rated, and how many these are.
    pub fn fleiss(&self, raters: &[usize]) -> (Statistic, u64) {
        let number = u64::try_from(raters.len()).unwrap_or(u64::MAX);
        let mut all = Fleiss::new(number, self.labels.len());
        for (counts, times) in self.counted(raters) {
            let mut one = Fleiss::new(number, self.labels.len());
            one.add(&counts);
            all.merge(&one, times);
        }
        (all.kappa(), all.items())
    }
}

impl Pair {
    /// Returns the interval of 95 % of kappa, by drawing cases.
    ///
    /// # Errors
    /// [`Undefined`] where there are too few cases, or kappa is not defined.
    pub fn kappa_by_cases(&self, weights: Weights, repetitions: u32, seed: u64) -> Interval {
        let tables: Vec<&Contingency> = self.cases.values().collect();
        bootstrap::kappa(&tables, self.table.labels(), weights, repetitions, seed)
    }

    /// Returns over how many cases they were compared.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.cases.len()
    }
}
