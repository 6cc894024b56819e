//! Assigns cases to parts by their shares, as even as can be in each stratum. Integers only, and an order that a seed and
//! the members' names alone give, so that a plan has one result on every machine and for ever.
//!
//! The rule is minimisation, as clinical trials balance their arms (S. J. Pocock, R. Simon, *Biometrics* 31, 1975): one
//! after the other goes to the part that is furthest behind its share, over all so far, those of the same value of each
//! fact, and those of the same values of all facts. "Over all" counts as much as the others together, so that many small
//! strata do not fill the largest part.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{Digest, hash_parts};

use super::Assignment;
use super::material::{Material, NOT_STATED, Picture, Unit};

/// A part and how much of the cases it shall have, in proportion to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub part: String,
    /// Its share; above 0.
    pub share: u32,
}

/// How cases are to be assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The parts, in order; of parts that are equally far behind the first one is taken.
    pub shares: Vec<Share>,
    /// The facts whose values each part shall have in proportion.
    pub stratify: Vec<String>,
    /// What the order of cases derives from.
    pub seed: u64,
}

/// The values of a member for a fact, as a stratum: several ones of one case are a stratum of their own.
pub(super) fn stratum(material: &Material, pictures: &[&Picture], fact: &str) -> String {
    let values = material.values(pictures, fact);
    if values.is_empty() {
        return NOT_STATED.to_owned();
    }
    values.into_iter().collect::<Vec<_>>().join(" + ")
}

/// How many of a group each part has.
#[derive(Default, Clone)]
struct Tally {
    all: u64,
    by_part: Vec<u64>,
}

/// A group of members within which shares are kept: all, those of one value of a fact, those of the same values.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone)]
enum Level {
    All,
    Value(usize, String),
    Values(Vec<String>),
}

/// Assigns every case. What must stay together does.
#[must_use]
pub fn assign(material: &Material, plan: &Plan) -> Assignment {
    let members = material.members();
    let levels_of = |member: &String| -> Vec<Level> {
        let pictures = members.get(member).map_or(&[][..], Vec::as_slice);
        let values: Vec<String> = plan
            .stratify
            .iter()
            .map(|fact| stratum(material, pictures, fact))
            .collect();
        let mut levels = vec![Level::All];
        levels.extend(
            values
                .iter()
                .cloned()
                .enumerate()
                .map(|(n, value)| Level::Value(n, value)),
        );
        if values.len() > 1 {
            levels.push(Level::Values(values));
        }
        levels
    };
    let mut tallies: BTreeMap<Level, Tally> = BTreeMap::new();
    let mut assignment = Assignment::new();
    for unit in ordered(material, plan.seed) {
        let levels: Vec<Level> = unit.members.iter().flat_map(levels_of).collect();
        for level in &levels {
            let tally = tallies.entry(level.clone()).or_default();
            tally.all += 1;
            tally.by_part.resize(plan.shares.len(), 0);
        }
        let Some(part) = furthest_behind(plan, &levels, &tallies) else {
            continue;
        };
        for level in &levels {
            let place = tallies
                .get_mut(level)
                .and_then(|tally| tally.by_part.get_mut(part));
            if let Some(count) = place {
                *count += 1;
            }
        }
        if let Some(share) = plan.shares.get(part) {
            assignment.extend(
                unit.members
                    .into_iter()
                    .map(|member| (member, share.part.clone())),
            );
        }
    }
    assignment
}

/// The part that lacks most of its share of these groups, in cases times the sum of shares.
fn furthest_behind(plan: &Plan, levels: &[Level], tallies: &BTreeMap<Level, Tally>) -> Option<usize> {
    let sum: i128 = plan.shares.iter().map(|one| i128::from(one.share)).sum();
    let strata = plan.stratify.len() + usize::from(plan.stratify.len() > 1);
    let overall = i128::try_from(strata.max(1)).unwrap_or(1);
    let mut best: Option<(i128, usize)> = None;
    for (n, share) in plan.shares.iter().enumerate() {
        let lack = |level: &Level| {
            let tally = tallies.get(level)?;
            let has = i128::from(tally.by_part.get(n).copied().unwrap_or(0));
            let lacks = i128::from(share.share) * i128::from(tally.all) - sum * has;
            Some(match level {
                Level::All => lacks * overall,
                Level::Value(..) | Level::Values(_) => lacks,
            })
        };
        let lacks: i128 = levels.iter().filter_map(lack).sum();
        if best.is_none_or(|(most, _)| lacks > most) {
            best = Some((lacks, n));
        }
    }
    best.map(|(_, part)| part)
}

/// Units of many cases first, which are hardest to place; equal ones by a digest of the seed and their members.
fn ordered(material: &Material, seed: u64) -> Vec<Unit> {
    let lot = |member: &String| {
        hash_parts(
            "holotype/split-order/1",
            &[&seed.to_le_bytes(), member.as_bytes()],
        )
    };
    let mut units: Vec<(usize, Option<Digest>, Unit)> = material
        .units()
        .into_iter()
        .map(|unit| (unit.members.len(), unit.members.iter().map(lot).min(), unit))
        .collect();
    units.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    units.into_iter().map(|(_, _, unit)| unit).collect()
}

/// One split for each value of a fact: what has the value goes to `test`, what has other values to `train`. What must stay
/// together does, so `test` can have other values, too; `train` never has the one left out. What has no value is in neither:
/// it could be of the domain left out.
#[must_use]
pub fn leave_out(material: &Material, fact: &str, train: &str, test: &str) -> BTreeMap<String, Assignment> {
    let members = material.members();
    let units: Vec<(Unit, BTreeSet<String>)> = material
        .units()
        .into_iter()
        .map(|unit| {
            let pictures: Vec<&Picture> = unit
                .members
                .iter()
                .filter_map(|member| members.get(member))
                .flatten()
                .copied()
                .collect();
            let values = material.values(&pictures, fact);
            (unit, values)
        })
        .collect();
    let all: BTreeSet<&String> = units.iter().flat_map(|(_, values)| values).collect();
    let mut splits = BTreeMap::new();
    for value in all {
        let mut assignment = Assignment::new();
        for (unit, values) in units.iter().filter(|(_, values)| !values.is_empty()) {
            let part = if values.contains(value) { test } else { train };
            assignment.extend(
                unit.members
                    .iter()
                    .map(|member| (member.clone(), part.to_owned())),
            );
        }
        splits.insert(value.clone(), assignment);
    }
    splits
}
