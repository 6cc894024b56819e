//! Values that look like one: two spellings of one scanner, two words for one diagnosis, two facts that say one thing
//! and contradict each other. Nothing is unified here; `holotype vocabulary map` does.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::spelling::{Likeness, likeness, variants};
use crate::model::{FactValue, Facts, ImageRecord};

use super::codes::{CONTRADICTION, LABEL_SPELLING, SPELLING, SYNONYM};
use super::finding::{Finding, counted, quoted, some};
use super::inventory::Inventory;
use super::profile::Profile;

/// Facts that each image has its own value of, or that are read elsewhere: they have no vocabulary.
const NO_VOCABULARY: [&str; 6] = ["title", "description", "comment", "url", "doi", "sha256"];
/// Facts of the dataset whose names begin so are records of Holotype, not vocabulary.
const RECORDS: [&str; 3] = ["split.", "waiver.", "sop."];

/// How often a value of a fact is stated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactUse {
    /// In how many records.
    pub records: u64,
    /// For which images, by themselves, their slides or their cases.
    pub images: BTreeSet<String>,
}

/// Returns the values of each fact that is a text, stated of images, slides, cases and the dataset.
#[must_use]
pub fn fact_values(inventory: &Inventory) -> BTreeMap<String, BTreeMap<String, FactUse>> {
    let mut values: BTreeMap<String, BTreeMap<String, FactUse>> = BTreeMap::new();
    let records = [&inventory.dataset]
        .into_iter()
        .chain(inventory.images.iter().map(|one| &one.facts))
        .chain(inventory.slides.values().map(|one| &one.facts))
        .chain(inventory.cases.values().map(|one| &one.facts));
    for facts in records {
        for (name, text) in texts(facts) {
            let value = values.entry(name.to_owned()).or_default();
            value.entry(text.to_owned()).or_default().records += 1;
        }
    }
    for image in &inventory.images {
        for facts in inventory.facts_of(image) {
            for (name, text) in texts(facts) {
                if let Some(found) = values.get_mut(name).and_then(|values| values.get_mut(text)) {
                    found.images.insert(image.name.clone());
                }
            }
        }
    }
    values
}

fn texts(facts: &Facts) -> impl Iterator<Item = (&str, &str)> {
    facts.iter().filter_map(|(name, value)| match value {
        FactValue::Text(text) if !RECORDS.iter().any(|start| name.starts_with(start)) => {
            Some((name.as_str(), text.as_str()))
        }
        FactValue::Text(_) | FactValue::Number(_) | FactValue::Flag(_) | FactValue::Private(_) => None,
    })
}

/// Finds values that look like one.
pub(super) fn check(inventory: &Inventory, profile: &Profile, findings: &mut Vec<Finding>) {
    for (fact, values) in fact_values(inventory) {
        if !NO_VOCABULARY.contains(&fact.as_str()) {
            within(&fact, &values, profile, findings);
        }
    }
    for field in profile.fields.iter().filter(|field| field.same) {
        for (n, one) in field.facts.iter().enumerate() {
            for other in field.facts.iter().skip(n + 1) {
                between(inventory, profile, (one, other), findings);
            }
        }
    }
    labels(inventory, profile, findings);
}

/// Values of one fact.
fn within(fact: &str, values: &BTreeMap<String, FactUse>, profile: &Profile, findings: &mut Vec<Finding>) {
    let counts: BTreeMap<String, u64> = values
        .iter()
        .map(|(value, found)| (value.clone(), found.records))
        .collect();
    let images = |value: &str| values.get(value).map_or(0, |found| found.images.len());
    for pair in variants(&counts, &profile.synonyms) {
        let (code, what) = match pair.likeness {
            Likeness::Spelling => (SPELLING, "look like two spellings of one value"),
            Likeness::Synonym => (SYNONYM, "are two words for one thing"),
        };
        let message = format!(
            "{fact}: '{}' ({}) and '{}' ({}) {what}",
            pair.rare,
            counted(images(&pair.rare), "image"),
            pair.common,
            counted(images(&pair.common), "image")
        );
        let settle = map(fact, &pair.rare, &pair.common);
        let items = values.get(&pair.rare).map(|found| found.images.clone());
        findings.push(
            Finding::new(code, format!("fact/{fact}/{}", pair.rare), message, settle)
                .about(items.unwrap_or_default()),
        );
    }
}

fn map(fact: &str, from: &str, to: &str) -> String {
    format!(
        "holotype vocabulary map {} {}",
        quoted(fact),
        quoted(&format!("{from}={to}"))
    )
}

/// Values of two facts that say one thing.
fn between(inventory: &Inventory, profile: &Profile, facts: (&str, &str), findings: &mut Vec<Finding>) {
    let text = |image: &'_ ImageRecord, fact: &str| {
        let mut stated = inventory.facts_of(image).filter_map(|facts| facts.get(fact));
        stated.next().and_then(FactValue::as_text).map(str::to_owned)
    };
    let mut pairs: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for image in &inventory.images {
        if let (Some(a), Some(b)) = (text(image, facts.0), text(image, facts.1))
            && a != b
        {
            pairs.entry((a, b)).or_default().insert(image.name.clone());
        }
    }
    for ((a, b), images) in pairs {
        let (code, what) = match likeness(&a, &b, &profile.synonyms) {
            Some(Likeness::Spelling) => (SPELLING, "two spellings of one value"),
            Some(Likeness::Synonym) => (SYNONYM, "two words for one thing"),
            None => (CONTRADICTION, "which contradict each other"),
        };
        let message = format!(
            "{}: {} is '{a}' and {} is '{b}', {what}: {}",
            counted(images.len(), "image"),
            facts.0,
            facts.1,
            some(&images)
        );
        let object = format!("fact/{}/{b}", facts.1);
        findings.push(Finding::new(code, object, message, map(facts.1, &b, &a)).about(images));
    }
}

/// Names of labels.
fn labels(inventory: &Inventory, profile: &Profile, findings: &mut Vec<Finding>) {
    let counts: BTreeMap<String, u64> = inventory
        .labels
        .iter()
        .map(|(id, label)| {
            let uses = inventory.label_uses.get(id).copied().unwrap_or(0);
            (label.name.clone(), uses)
        })
        .collect();
    for pair in variants(&counts, &profile.synonyms) {
        let message = format!(
            "the labels '{}' and '{}' look like spellings of one, or words for one thing",
            pair.rare, pair.common
        );
        let settle = format!(
            "look at them with holotype list annotations --where {}; relabel what is meant otherwise with holotype record",
            quoted(&format!("label == \"{}\"", pair.rare))
        );
        findings.push(Finding::new(
            LABEL_SPELLING,
            format!("label/{}", pair.rare),
            message,
            settle,
        ));
    }
}
