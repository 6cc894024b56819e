//! Which of the annotations that no id and no equal place has settled are the same: the best one-to-one assignment on one
//! image.
//!
//! Equal annotations (geometry and label) are one class with a count, so that many in one place are no work. Each class of
//! the source looks at its nearest [`CANDIDATES_MAX`] known classes of like size; classes that can be paired with each
//! other, over any number of steps, form a component, and each component is solved to the optimum. Where that would take
//! too much work, the nearest pairs of that component go first. The order of the source does not matter.

use std::collections::{BTreeMap, HashMap};

use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::assignment::{Edge, assign};
use crate::id::LabelId;
use crate::model::Reach;

use super::near::Place;

/// So many known classes of like size does one of the source look at.
pub(super) const CANDIDATES_MAX: usize = 32;

/// What a pair costs at most: a move by the radius, or the least overlap, to another label.
const COST_MAX: f64 = 1_048_576.0;

/// The part of the cost that another label makes: as much as a seventh of the radius.
const LABEL_PART: f64 = 0.125;

/// What a pair that is not made costs: just more than any that can be.
const ALONE: i64 = 1_048_577;

/// A component whose equal annotations, taken apart, have more possible pairs is not solved to the optimum.
const EXACT_PAIRS_MAX: u64 = 1 << 20;

/// Looks at a possible pair that solving one image may take, beside [`WORK_PER_PAIR`] for each pair.
const WORK_BASE: u64 = 1 << 24;
const WORK_PER_PAIR: u64 = 64;

/// Equal annotations.
pub(super) struct Class<'a> {
    pub(super) place: Place<'a>,
    pub(super) label: Option<LabelId>,
    pub(super) count: usize,
}

/// A class of the source and one of those known, and how many of each are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) new: usize,
    pub(super) known: usize,
    pub(super) count: usize,
}

/// What the assignment led to.
#[derive(Debug, Default)]
pub(super) struct Paired {
    pub(super) pairs: Vec<Pair>,
    /// How many of the source had more candidates than were looked at.
    pub(super) crowded: usize,
    /// How many of the source were given the nearest first.
    pub(super) nearest_first: usize,
    /// Looks at possible pairs.
    pub(super) work: u64,
}

/// A possible pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    cost: i64,
    new: usize,
    known: usize,
}

/// Pairs classes of the source with known ones. Both must come in an order that their content alone decides.
pub(super) fn pair(new: &[Class<'_>], known: &[Class<'_>], reach: &Reach) -> Paired {
    let mut paired = Paired::default();
    if reach.radius <= 0.0 || new.is_empty() || known.is_empty() {
        return paired;
    }
    let candidates = candidates(new, known, reach, &mut paired);
    let mut work = WORK_BASE + WORK_PER_PAIR * to_u64(candidates.len());
    let budget = work;
    for component in components(new.len(), known.len(), candidates) {
        let mut solver = Component::of(&component, new, known);
        match solver.exact(&mut work) {
            Some(pairs) => paired.pairs.extend(pairs),
            None => {
                paired.nearest_first += solver.rows.iter().map(|(_, count)| count).sum::<usize>();
                paired.pairs.extend(solver.nearest_first());
            }
        }
    }
    paired.work += budget - work;
    paired.pairs.sort_unstable_by_key(|pair| (pair.new, pair.known));
    paired
}

/// Known classes by size: what has no like size is no candidate, however near.
type Index = BTreeMap<Option<i32>, RTree<GeomWithData<[f64; 2], usize>>>;

/// The size of a place as a power of two; `None` for a point.
fn size_of(place: &Place<'_>) -> Option<i32> {
    let side = place.longer_side()?.clamp(1.0, 1e9);
    (0..31).find(|power| side < 2_f64.powi(*power + 1))
}

/// Sides differ by a factor of three at most, areas that overlap by four times their area: two powers and a rounded one.
const SIZES_APART_MAX: i32 = 2;

fn candidates(new: &[Class<'_>], known: &[Class<'_>], reach: &Reach, paired: &mut Paired) -> Vec<Candidate> {
    let mut by_size: BTreeMap<Option<i32>, Vec<GeomWithData<[f64; 2], usize>>> = BTreeMap::new();
    for (n, class) in known.iter().enumerate() {
        let point = GeomWithData::new(reach.position(class.place.centre()), n);
        by_size.entry(size_of(&class.place)).or_default().push(point);
    }
    let index: Index = by_size
        .into_iter()
        .map(|(size, points)| (size, RTree::bulk_load(points)))
        .collect();
    let mut all = Vec::new();
    for (n, class) in new.iter().enumerate() {
        let size = size_of(&class.place);
        let limit = class.place.limit(reach);
        let position = reach.position(class.place.centre());
        let mut is_crowded = false;
        for (other, tree) in &index {
            let is_like = match (size, *other) {
                (Some(a), Some(b)) => a.abs_diff(b) <= SIZES_APART_MAX.unsigned_abs(),
                (None, _) | (_, None) => true,
            };
            if !is_like {
                continue;
            }
            let within = tree
                .nearest_neighbor_iter_with_distance_2(&position)
                .take_while(|(_, square)| square.sqrt() <= limit * (1.0 + 1e-9));
            for (looked_at, (found, _)) in within.enumerate() {
                if looked_at == CANDIDATES_MAX {
                    is_crowded = true;
                    break;
                }
                paired.work += 1;
                let cost = known.get(found.data).and_then(|other| cost(class, other, reach));
                all.extend(cost.map(|cost| Candidate {
                    cost,
                    new: n,
                    known: found.data,
                }));
            }
        }
        paired.crowded += if is_crowded { class.count } else { 0 };
    }
    all
}

/// What it costs that two are the same, from 0 to [`COST_MAX`].
fn cost(new: &Class<'_>, known: &Class<'_>, reach: &Reach) -> Option<i64> {
    let unlike = new.place.unlikeness(&known.place, reach)?.clamp(0.0, 1.0);
    let label = if new.label == known.label { 0.0 } else { LABEL_PART };
    Some(rounded((unlike * (1.0 - LABEL_PART) + label) * COST_MAX))
}

/// The whole number next to one from 0 to 2^51: at 2^52 a float's last bit is worth one.
fn rounded(value: f64) -> i64 {
    const SHIFT: f64 = 4_503_599_627_370_496.0;
    let bits = (value + SHIFT).to_bits() - SHIFT.to_bits();
    i64::try_from(bits).unwrap_or(i64::MAX)
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Puts candidates together that share a class, directly or over others; in the order of their first class.
fn components(new: usize, known: usize, candidates: Vec<Candidate>) -> Vec<Vec<Candidate>> {
    let mut parents: Vec<usize> = (0..new + known).collect();
    for candidate in &candidates {
        let (a, b) = (
            root(&mut parents, candidate.new),
            root(&mut parents, new + candidate.known),
        );
        if let Some(parent) = parents.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }
    let mut components: BTreeMap<usize, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let root = root(&mut parents, candidate.new);
        components.entry(root).or_default().push(candidate);
    }
    components.into_values().collect()
}

/// The first of the set that `node` is in; shortens the way there.
fn root(parents: &mut [usize], mut node: usize) -> usize {
    while let Some(parent) = parents.get(node).copied().filter(|parent| *parent != node) {
        let grandparent = parents.get(parent).copied().unwrap_or(parent);
        if let Some(slot) = parents.get_mut(node) {
            *slot = grandparent;
        }
        node = grandparent;
    }
    node
}

/// Classes that can be paired with each other, numbered from 0 within the component.
struct Component {
    /// Class and count.
    rows: Vec<(usize, usize)>,
    columns: Vec<(usize, usize)>,
    /// By row and column of the component.
    candidates: Vec<Candidate>,
}

impl Component {
    fn of(candidates: &[Candidate], new: &[Class<'_>], known: &[Class<'_>]) -> Self {
        let number = |classes: &[Class<'_>], of: fn(&Candidate) -> usize| {
            let mut names: Vec<usize> = candidates.iter().map(of).collect();
            names.sort_unstable();
            names.dedup();
            let numbers: HashMap<usize, usize> = names
                .iter()
                .enumerate()
                .map(|(number, name)| (*name, number))
                .collect();
            let counted: Vec<(usize, usize)> = names
                .into_iter()
                .map(|name| (name, classes.get(name).map_or(0, |class| class.count)))
                .collect();
            (counted, numbers)
        };
        let (rows, row_numbers) = number(new, |candidate| candidate.new);
        let (columns, column_numbers) = number(known, |candidate| candidate.known);
        let inner = |candidate: &Candidate| Candidate {
            cost: candidate.cost,
            new: row_numbers.get(&candidate.new).copied().unwrap_or(0),
            known: column_numbers.get(&candidate.known).copied().unwrap_or(0),
        };
        Self {
            rows,
            columns,
            candidates: candidates.iter().map(inner).collect(),
        }
    }

    fn count(&self, candidate: &Candidate) -> [usize; 2] {
        let of = |list: &[(usize, usize)], n: usize| list.get(n).map_or(0, |(_, count)| *count);
        [of(&self.rows, candidate.new), of(&self.columns, candidate.known)]
    }

    /// The least sum of costs; `None` where that is too much work.
    fn exact(&self, work: &mut u64) -> Option<Vec<Pair>> {
        if let [only] = self.candidates.as_slice() {
            let [new, known] = self.count(only);
            return Some(self.outer(vec![(only.new, only.known, new.min(known))]));
        }
        let pairs = self.candidates.iter().map(|candidate| {
            let [new, known] = self.count(candidate).map(to_u64);
            new.saturating_mul(known)
        });
        if pairs.fold(0, u64::saturating_add) > EXACT_PAIRS_MAX {
            return None;
        }
        // Equal annotations are taken apart: as many rows and columns as there are.
        let first_of = |list: &[(usize, usize)]| -> Vec<usize> {
            let starts = list.iter().scan(0, |next, (_, count)| {
                *next += count;
                Some(*next)
            });
            std::iter::once(0).chain(starts).collect()
        };
        let (row_starts, column_starts) = (first_of(&self.rows), first_of(&self.columns));
        let mut rows: Vec<Vec<Edge>> = vec![Vec::new(); row_starts.last().copied().unwrap_or(0)];
        for candidate in &self.candidates {
            for row in range(&row_starts, candidate.new) {
                let edges = range(&column_starts, candidate.known).map(|column| Edge {
                    column,
                    cost: candidate.cost,
                });
                if let Some(row) = rows.get_mut(row) {
                    row.extend(edges);
                }
            }
        }
        let columns = column_starts.last().copied().unwrap_or(0);
        let found = assign(&rows, columns, ALONE, work)?;
        let class_of = |starts: &[usize], n: usize| starts.partition_point(|start| *start <= n) - 1;
        let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (row, column) in found.into_iter().enumerate() {
            if let Some(column) = column {
                let key = (class_of(&row_starts, row), class_of(&column_starts, column));
                *counts.entry(key).or_default() += 1;
            }
        }
        let counted = counts
            .into_iter()
            .map(|((row, column), count)| (row, column, count));
        Some(self.outer(counted.collect()))
    }

    /// The nearest pairs first.
    fn nearest_first(&mut self) -> Vec<Pair> {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.sort_unstable();
        let mut left = [&self.rows, &self.columns]
            .map(|list| list.iter().map(|(_, count)| *count).collect::<Vec<usize>>());
        let mut pairs = Vec::new();
        let [rows, columns] = &mut left;
        for candidate in candidates {
            let (Some(row), Some(column)) = (rows.get_mut(candidate.new), columns.get_mut(candidate.known))
            else {
                continue;
            };
            let count = (*row).min(*column);
            if count > 0 {
                *row -= count;
                *column -= count;
                pairs.push((candidate.new, candidate.known, count));
            }
        }
        self.outer(pairs)
    }

    /// Names classes as the caller does.
    fn outer(&self, pairs: Vec<(usize, usize, usize)>) -> Vec<Pair> {
        let name = |list: &[(usize, usize)], n: usize| list.get(n).map(|(name, _)| *name);
        pairs
            .into_iter()
            .filter_map(|(row, column, count)| {
                Some(Pair {
                    new: name(&self.rows, row)?,
                    known: name(&self.columns, column)?,
                    count,
                })
            })
            .collect()
    }
}

fn range(starts: &[usize], n: usize) -> std::ops::Range<usize> {
    let at = |n: usize| starts.get(n).copied().unwrap_or(0);
    at(n)..at(n + 1)
}
