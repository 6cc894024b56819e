//! Required facts that nobody stated, and those that are stated to be missing.

use std::collections::BTreeSet;

use super::codes::{NOT_STATED, STATED_MISSING};
use super::finding::{Finding, counted, some};
use super::inventory::{Inventory, first_stated};
use super::profile::{Field, FieldOf, Profile};

/// Finds required facts that are not stated.
pub(super) fn check(inventory: &Inventory, profile: &Profile, findings: &mut Vec<Finding>) {
    for field in &profile.fields {
        match field.of {
            FieldOf::Dataset => of_dataset(inventory, profile, field, findings),
            FieldOf::Image => of_images(inventory, profile, field, findings),
        }
    }
}

fn object(field: &Field) -> String {
    format!("field/{}", field.name)
}

fn fact(field: &Field) -> &str {
    field.facts.first().map_or("", String::as_str)
}

fn of_dataset(inventory: &Inventory, profile: &Profile, field: &Field, findings: &mut Vec<Finding>) {
    match first_stated(&inventory.dataset, &field.facts) {
        None => {
            let fact = fact(field);
            findings.push(Finding::new(
                NOT_STATED,
                object(field),
                format!("{} of the dataset is not stated", field.name),
                format!("holotype set dataset {fact}=VALUE ({fact}=unknown where it is not known)"),
            ));
        }
        Some(value) if profile.is_missing(value) => findings.push(Finding::new(
            STATED_MISSING,
            object(field),
            format!("{} of the dataset is stated as '{value}'", field.name),
            format!("nothing, or holotype set dataset {}=VALUE", fact(field)),
        )),
        Some(_) => {}
    }
}

fn of_images(inventory: &Inventory, profile: &Profile, field: &Field, findings: &mut Vec<Finding>) {
    let (mut silent, mut missing) = (BTreeSet::new(), BTreeSet::new());
    for image in &inventory.images {
        match inventory.stated(image, &field.facts) {
            None => silent.insert(image.name.clone()),
            Some(value) if profile.is_missing(value) => missing.insert(image.name.clone()),
            Some(_) => false,
        };
    }
    let fact = fact(field);
    let all = counted(inventory.images.len(), "image");
    if !silent.is_empty() {
        let message = format!(
            "{} is not stated for {} of {all}: {}",
            field.name,
            silent.len(),
            some(&silent)
        );
        let settle = format!(
            "holotype metadata TABLE.csv with a column {fact}, or holotype set dataset {fact}=VALUE for all images \
             ({fact}=unknown where it is not known)"
        );
        findings.push(Finding::new(NOT_STATED, object(field), message, settle).about(silent));
    }
    if !missing.is_empty() {
        let message = format!(
            "{} is stated to be missing for {} of {all}: {}",
            field.name,
            missing.len(),
            some(&missing)
        );
        let settle = format!("nothing, or holotype metadata TABLE.csv with a column {fact}");
        findings.push(Finding::new(STATED_MISSING, object(field), message, settle).about(missing));
    }
}
