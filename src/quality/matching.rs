//! Which objects that one marked are those that another marked: within a radius of each other, on one image and plane.
//!
//! `maximum` makes as many pairs as can be made, and of all such sets the one with the least sum of distances (the
//! assignment problem, solved exactly). `greedy` takes the nearest pair, then the nearest of what is left, as detection
//! benchmarks do. `any-hit` asks for each object whether any of the other's is within the radius, so that one can hit many.
//!
//! It knows neither labels nor who marked what.

use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::assignment::{Edge, assign};
use crate::model::geometry::{Plane, Position, float_to_whole, whole_to_float};

/// How objects are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchRule {
    /// As many pairs as can be, then the least sum of distances; one to one.
    #[default]
    Maximum,
    /// The nearest pair first; one to one.
    Greedy,
    /// Each object is hit that has any of the other's within the radius.
    AnyHit,
}

impl MatchRule {
    /// Returns the word for it on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maximum => "maximum",
            Self::Greedy => "greedy",
            Self::AnyHit => "any-hit",
        }
    }
}

/// An object as it is matched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Its centre, in the radius's unit.
    pub position: Position,
    /// Where in a stack; objects of two planes are never the same.
    pub plane: Plane,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matched {
    /// The pairs, by their places in the two lists, in the order of the first. Under `any-hit` each object of the first
    /// list that is hit comes with the nearest of the second.
    pub pairs: Vec<(usize, usize)>,
    /// How many of the first list, and of the second, are hit.
    pub hits: [u64; 2],
}

/// The radius is so large that matching would be too much work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("within this radius each object has too many of the other's to choose from")]
pub struct TooCrowded;

/// Distances are counted in so many parts of the radius, which makes sums exact.
const PARTS: f64 = 1_048_576.0;
/// More possible pairs on one image are refused: memory stays below half a gigabyte.
const PAIRS_MAX: usize = 20_000_000;
/// Looks at possible pairs that one image may take.
const WORK_MAX: u64 = 4_000_000_000;

/// Two that are near enough.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    square: f64,
    a: usize,
    b: usize,
}

/// Matches two lists. Equal lists have equal answers; of two sets of pairs that are equally good the order of the lists
/// decides.
///
/// # Errors
/// [`TooCrowded`].
pub fn match_objects(a: &[Spot], b: &[Spot], radius: f64, rule: MatchRule) -> Result<Matched, TooCrowded> {
    let candidates = candidates(a, b, radius, PAIRS_MAX)?;
    match rule {
        MatchRule::Maximum => maximum(a.len(), b.len(), &candidates, radius).map(one_to_one),
        MatchRule::Greedy => Ok(one_to_one(greedy(a.len(), b.len(), candidates))),
        MatchRule::AnyHit => Ok(any_hit(a.len(), b.len(), &candidates)),
    }
}

/// All that are within the radius of each other, in the order of the first list, then the second.
fn candidates(a: &[Spot], b: &[Spot], radius: f64, pairs_max: usize) -> Result<Vec<Candidate>, TooCrowded> {
    let points = b
        .iter()
        .enumerate()
        .map(|(n, spot)| GeomWithData::new(spot.position, n));
    let tree = RTree::bulk_load(points.collect());
    let mut all = Vec::new();
    for (n, spot) in a.iter().enumerate() {
        let first = all.len();
        for found in tree.locate_within_distance(spot.position, radius * radius) {
            let is_of_plane = b.get(found.data).is_some_and(|other| other.plane == spot.plane);
            if is_of_plane {
                all.push(Candidate {
                    square: square(spot.position, *found.geom()),
                    a: n,
                    b: found.data,
                });
            }
        }
        if let Some(of_spot) = all.get_mut(first..) {
            of_spot.sort_unstable_by_key(|candidate| candidate.b);
        }
        if all.len() > pairs_max {
            return Err(TooCrowded);
        }
    }
    Ok(all)
}

fn square([ax, ay]: Position, [bx, by]: Position) -> f64 {
    (ax - bx) * (ax - bx) + (ay - by) * (ay - by)
}

fn one_to_one(pairs: Vec<(usize, usize)>) -> Matched {
    let count = u64::try_from(pairs.len()).unwrap_or(u64::MAX);
    Matched {
        pairs,
        hits: [count, count],
    }
}

fn maximum(
    a: usize,
    b: usize,
    candidates: &[Candidate],
    radius: f64,
) -> Result<Vec<(usize, usize)>, TooCrowded> {
    let mut rows: Vec<Vec<Edge>> = vec![Vec::new(); a];
    for candidate in candidates {
        let part = if radius > 0.0 {
            (candidate.square.sqrt() / radius).min(1.0)
        } else {
            0.0
        };
        let cost = float_to_whole((part * PARTS).round()).and_then(|cost| i64::try_from(cost).ok());
        if let (Some(row), Some(cost)) = (rows.get_mut(candidate.a), cost) {
            row.push(Edge {
                column: candidate.b,
                cost,
            });
        }
    }
    // One pair more is worth more than all distances together.
    let pairs_max = whole_to_float(u64::try_from(a.min(b)).unwrap_or(u64::MAX));
    let alone = float_to_whole(PARTS * (pairs_max + 1.0)).and_then(|alone| i64::try_from(alone).ok());
    let mates = alone.and_then(|alone| assign(&rows, b, alone, &mut WORK_MAX.clone()));
    let pairs = mates.ok_or(TooCrowded)?.into_iter().enumerate();
    Ok(pairs.filter_map(|(row, mate)| Some((row, mate?))).collect())
}

fn greedy(a: usize, b: usize, mut candidates: Vec<Candidate>) -> Vec<(usize, usize)> {
    candidates.sort_unstable_by(|one, other| {
        let places = (one.a, one.b).cmp(&(other.a, other.b));
        one.square.total_cmp(&other.square).then(places)
    });
    let (mut free_a, mut free_b) = (vec![true; a], vec![true; b]);
    let mut pairs = Vec::new();
    for candidate in candidates {
        if let (Some(one), Some(other)) = (free_a.get_mut(candidate.a), free_b.get_mut(candidate.b))
            && *one
            && *other
        {
            (*one, *other) = (false, false);
            pairs.push((candidate.a, candidate.b));
        }
    }
    pairs.sort_unstable();
    pairs
}

fn any_hit(a: usize, b: usize, candidates: &[Candidate]) -> Matched {
    let mut nearest: Vec<Option<Candidate>> = vec![None; a];
    let mut is_hit = vec![false; b];
    for candidate in candidates {
        if let Some(hit) = is_hit.get_mut(candidate.b) {
            *hit = true;
        }
        if let Some(known) = nearest.get_mut(candidate.a)
            && known.is_none_or(|known| candidate.square < known.square)
        {
            *known = Some(*candidate);
        }
    }
    let count = |hits: usize| u64::try_from(hits).unwrap_or(u64::MAX);
    let pairs: Vec<(usize, usize)> = nearest.into_iter().flatten().map(|one| (one.a, one.b)).collect();
    Matched {
        hits: [
            count(pairs.len()),
            count(is_hit.into_iter().filter(|hit| *hit).count()),
        ],
        pairs,
    }
}

#[cfg(test)]
mod tests;
