//! Values that one part of a split alone covers: what is learned there is not tested, or not learned.

use crate::quality::coverage::{Gap, coverage};

use super::codes::COVERAGE;
use super::finding::{Finding, quoted, some};
use super::inventory::Inventory;
use super::profile::{FieldOf, Profile};

/// A fact with more values than this is no domain, but something of each image.
const VALUES_MAX: usize = 50;

/// Returns the facts by which it is worth to see what is covered: of each field of the profile the fact that most images
/// state, where any does.
#[must_use]
pub fn covered_facts(inventory: &Inventory, profile: &Profile) -> Vec<String> {
    let of_images = profile.fields.iter().filter(|field| field.of == FieldOf::Image);
    of_images
        .filter_map(|field| {
            let stated = field.facts.iter().map(|fact| {
                let pictures = inventory.material.pictures().iter();
                let count = pictures.filter(|picture| inventory.material.fact(picture, fact).is_some());
                (count.count(), fact)
            });
            let most = stated.rev().max_by_key(|(count, _)| *count);
            most.filter(|(count, _)| *count > 0).map(|(_, fact)| fact.clone())
        })
        .collect()
}

/// Finds values that stand in one part alone.
pub(super) fn check(inventory: &Inventory, profile: &Profile, findings: &mut Vec<Finding>) {
    let facts = covered_facts(inventory, profile);
    for (split, assignment) in &inventory.splits {
        for fact in &facts {
            let table = coverage(&inventory.material, fact, Some(assignment));
            if table.rows.len() > VALUES_MAX {
                continue;
            }
            let alone: Vec<String> = table
                .gaps()
                .into_iter()
                .filter(|gap| matches!(gap, Gap::OnlyIn { .. }))
                .map(|gap| gap.to_string())
                .collect();
            if alone.is_empty() {
                continue;
            }
            let message = format!("{fact}: {}", some(&alone));
            let settle = format!(
                "holotype check coverage --split {} --by {} shows it; add cases, or holotype split create --stratify {}",
                quoted(split),
                quoted(fact),
                quoted(fact)
            );
            let object = format!("split/{split}/fact/{fact}");
            let finding = Finding::new(COVERAGE, object, message, settle);
            findings.push(finding.about(alone.into_iter().collect()));
        }
    }
}
