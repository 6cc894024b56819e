//! What a split came to: cases, images and annotations of each part, and how far that is from what was asked for.

use std::collections::BTreeMap;

use crate::model::geometry::whole_to_float;
use crate::quality::statistic::ratio;

use super::Assignment;
use super::assign::{Share, stratum};
use super::material::{Material, Picture};

/// What a part has.
#[derive(Debug, Clone, PartialEq)]
pub struct PartCount {
    /// The part.
    pub part: String,
    /// Cases, each image without one counted as its own.
    pub cases: u64,
    /// Images.
    pub images: u64,
    /// Annotations.
    pub annotations: u64,
    /// Its share of the cases, from 0 to 1; `None` where there are none.
    pub share: Option<f64>,
    /// The share asked for; `None` where none was.
    pub requested: Option<f64>,
}

/// A part's cases of a stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct StratumPart {
    /// The part.
    pub part: String,
    /// Its cases.
    pub cases: u64,
    /// Its images.
    pub images: u64,
    /// Its share of the stratum's cases, from 0 to 1.
    pub share: Option<f64>,
}

/// Cases that have the same value of a fact, or of all facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Stratum {
    /// The value of each fact.
    pub values: BTreeMap<String, String>,
    /// Its cases.
    pub cases: u64,
    /// They by part.
    pub parts: Vec<StratumPart>,
    /// By how many cases the part that is furthest from its share misses it; `None` where no shares were asked for.
    pub misses: Option<f64>,
}

/// What a split came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Its parts: those asked for in their order, then others by name.
    pub parts: Vec<PartCount>,
    /// Strata: by each fact alone, then by all of them.
    pub strata: Vec<Stratum>,
    /// Cases in no part.
    pub without_part: u64,
}

/// Counts. `shares` are those asked for, where any were.
#[must_use]
pub fn report(material: &Material, assignment: &Assignment, facts: &[String], shares: &[Share]) -> Report {
    let mut names: Vec<String> = shares.iter().map(|one| one.part.clone()).collect();
    let mut others: Vec<&String> = assignment.values().filter(|part| !names.contains(part)).collect();
    others.sort_unstable();
    others.dedup();
    let others: Vec<String> = others.into_iter().cloned().collect();
    names.extend(others);
    let members = material.members();
    let assigned: Vec<(&str, &[&Picture])> = members
        .iter()
        .filter_map(|(member, pictures)| Some((assignment.get(member)?.as_str(), pictures.as_slice())))
        .collect();
    let wanted = Wanted {
        shares,
        names: &names,
    };
    let by_all = (facts.len() > 1).then_some(facts);
    let groups = facts.iter().map(std::slice::from_ref).chain(by_all);
    Report {
        parts: wanted.parts(&assigned),
        strata: groups
            .flat_map(|facts| wanted.strata(material, &assigned, facts))
            .collect(),
        without_part: count(members.len()).saturating_sub(count(assigned.len())),
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

type Assigned<'a> = [(&'a str, &'a [&'a Picture])];

/// The parts, and what was asked for.
struct Wanted<'a> {
    shares: &'a [Share],
    names: &'a [String],
}

impl Wanted<'_> {
    fn parts(&self, assigned: &Assigned<'_>) -> Vec<PartCount> {
        let all = count(assigned.len());
        let one = |part: &String| {
            let within = || assigned.iter().filter(|(own, _)| own == part);
            let pictures = || within().flat_map(|(_, pictures)| pictures.iter());
            let cases = count(within().count());
            PartCount {
                part: part.clone(),
                cases,
                images: count(pictures().count()),
                annotations: pictures().map(|picture| picture.annotations).sum(),
                share: ratio(cases, all),
                requested: self.requested(part),
            }
        };
        self.names.iter().map(one).collect()
    }

    /// The share asked for; 0 of a part that was not asked for, where others were.
    fn requested(&self, part: &str) -> Option<f64> {
        let sum: u64 = self.shares.iter().map(|one| u64::from(one.share)).sum();
        let own = self.shares.iter().find(|one| one.part == part);
        ratio(own.map_or(0, |one| u64::from(one.share)), sum)
    }

    fn strata(&self, material: &Material, assigned: &Assigned<'_>, facts: &[String]) -> Vec<Stratum> {
        let mut groups: BTreeMap<Vec<String>, Vec<(&str, &[&Picture])>> = BTreeMap::new();
        for (part, pictures) in assigned {
            let values = facts
                .iter()
                .map(|fact| stratum(material, pictures, fact))
                .collect();
            groups.entry(values).or_default().push((part, pictures));
        }
        let of_group = |(values, group): (Vec<String>, Vec<(&str, &[&Picture])>)| {
            let cases = count(group.len());
            let parts = self.parts(&group);
            let miss = |one: &PartCount| {
                let wanted = one.requested? * whole_to_float(cases);
                Some((whole_to_float(one.cases) - wanted).abs())
            };
            Stratum {
                values: facts.iter().cloned().zip(values).collect(),
                cases,
                misses: parts.iter().filter_map(miss).reduce(f64::max),
                parts: parts
                    .into_iter()
                    .map(|one| StratumPart {
                        part: one.part,
                        cases: one.cases,
                        images: one.images,
                        share: one.share,
                    })
                    .collect(),
            }
        };
        groups.into_iter().map(of_group).collect()
    }
}
