//! How far somebody agrees with themselves: the same annotations, rated in two rounds.
//!
//! A rating counts as the first opinion of its round. One pass over the ratings; memory holds tables by case.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{State, StateError, scan_records};
use crate::id::{AnnotationId, Code, ImagePrefix, LabelId};
use crate::model::{EntityKind, Key, KeyParts, RatingRecord};

use super::bootstrap;
use super::contingency::{Contingency, Weights};
use super::images::{self, CaseName};
use super::statistic::Interval;

/// What somebody said in two rounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// Who.
    pub annotator: Code,
    /// The earlier round and the later one.
    pub rounds: [u32; 2],
    /// What was said: rows in the earlier round, columns in the later one.
    pub table: Contingency,
    cases: BTreeMap<CaseName, Contingency>,
}

impl Repeat {
    /// Returns the interval of 95 % of kappa, by drawing cases.
    ///
    /// # Errors
    /// [`Undefined`](super::statistic::Undefined) with fewer than two cases, or where kappa is not defined.
    pub fn kappa_by_cases(&self, weights: Weights, repetitions: u32, seed: u64) -> Interval {
        let tables: Vec<&Contingency> = self.cases.values().collect();
        bootstrap::kappa(&tables, self.table.labels(), weights, repetitions, seed)
    }
}

/// By annotator, in each round, the first label of one annotation.
type Rounds = BTreeMap<Code, BTreeMap<u32, LabelId>>;

struct Reader {
    cases: BTreeMap<ImagePrefix, CaseName>,
    labels: BTreeMap<LabelId, usize>,
    count: usize,
    repeats: BTreeMap<(Code, [u32; 2]), Repeat>,
    open: Option<(AnnotationId, Rounds)>,
}

/// Reads who rated the same annotation in several rounds; each two rounds are compared. `labels` are in the order in which
/// tables have them; `images` are those that count, all where none is given.
///
/// # Errors
/// [`StateError`] when the version cannot be read.
pub fn read_repeats(
    state: &dyn State,
    labels: &[LabelId],
    images: Option<&BTreeSet<ImagePrefix>>,
) -> Result<Vec<Repeat>, StateError> {
    let mut cases = BTreeMap::new();
    images::scan_images(state, |id, record| {
        cases.insert(id.prefix(), images::case_of(id, &record));
    })?;
    let mut reader = Reader {
        cases,
        labels: labels.iter().enumerate().map(|(n, label)| (*label, n)).collect(),
        count: labels.len(),
        repeats: BTreeMap::new(),
        open: None,
    };
    match images {
        None => reader.scan(state, &Key::kind_prefix(EntityKind::Rating))?,
        Some(images) => {
            for image in images {
                reader.scan(state, &Key::on_image_prefix(EntityKind::Rating, *image))?;
            }
        }
    }
    Ok(reader.repeats.into_values().collect())
}

impl Reader {
    /// Takes all ratings whose keys begin with `prefix`.
    fn scan(&mut self, state: &dyn State, prefix: &[u8]) -> Result<(), StateError> {
        scan_records(state, prefix, |key, record: RatingRecord| {
            if let (Ok(KeyParts::Rating(rating)), Some(label)) = (key.parts(), record.label) {
                if self.open.as_ref().is_some_and(|open| open.0 != rating.annotation) {
                    self.close();
                }
                let (_, rounds) = self
                    .open
                    .get_or_insert_with(|| (rating.annotation, Rounds::new()));
                let of_annotator = rounds.entry(rating.annotator).or_default();
                of_annotator.entry(rating.round).or_insert(label);
            }
            ControlFlow::Continue(())
        })?;
        self.close();
        Ok(())
    }

    fn close(&mut self) {
        let Some((annotation, rounds)) = self.open.take() else {
            return;
        };
        let image = annotation.image_prefix();
        let case = self.cases.get(&image).cloned();
        let case = case.unwrap_or_else(|| format!("image {image}"));
        for (code, given) in rounds {
            for (earlier, first) in &given {
                for (later, second) in given.range(earlier + 1..) {
                    self.add(&code, [*earlier, *later], [*first, *second], &case);
                }
            }
        }
    }

    fn add(&mut self, code: &Code, rounds: [u32; 2], labels: [LabelId; 2], case: &str) {
        let [Some(first), Some(second)] = labels.map(|label| self.labels.get(&label).copied()) else {
            return;
        };
        let count = self.count;
        let repeat = self
            .repeats
            .entry((code.clone(), rounds))
            .or_insert_with(|| Repeat {
                annotator: code.clone(),
                rounds,
                table: Contingency::new(count),
                cases: BTreeMap::new(),
            });
        repeat.table.add(first, second, 1);
        let of_case = repeat.cases.entry(case.to_owned());
        of_case
            .or_insert_with(|| Contingency::new(count))
            .add(first, second, 1);
    }
}
