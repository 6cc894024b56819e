//! What is not done in the annotations themselves: images that nobody looked at, labels without use or without a
//! place in the scheme.

use std::collections::BTreeSet;

use crate::id::ImageId;

use super::codes::{LABEL_UNKNOWN, LABEL_UNUSED, NO_LABEL, NOT_ANNOTATED};
use super::finding::{Finding, counted, some};
use super::inventory::Inventory;

/// Finds images without annotation and screening, and labels that are not used or not defined.
pub(super) fn check(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let is_bare = |name: &str| {
        let id = ImageId::of_name(name);
        !inventory.annotations.contains_key(&id.prefix()) && !inventory.screened.contains(&id)
    };
    let names = inventory.images.iter().map(|image| &image.name);
    let bare: BTreeSet<String> = names.filter(|name| is_bare(name)).cloned().collect();
    if !bare.is_empty() {
        let message = format!(
            "{} of {} have no annotation and no screening, so that nobody can tell 'empty' from 'not looked at': {}",
            bare.len(),
            counted(inventory.images.len(), "image"),
            some(&bare)
        );
        let settle = "annotate them, or say that they were searched: echo \
                      '{\"command\":\"screen\",\"image\":\"NAME\",\"region\":null,\"annotator\":\"CODE\"}' | holotype record -";
        let finding = Finding::new(NOT_ANNOTATED, "images".to_owned(), message, settle.to_owned());
        findings.push(finding.about(bare));
    }
    for (id, label) in &inventory.labels {
        if !inventory.label_uses.contains_key(id) {
            findings.push(Finding::new(
                LABEL_UNUSED,
                format!("label/{}", label.name),
                format!("no annotation or rating uses the label '{}'", label.name),
                "nothing: a scheme may have labels that do not occur".to_owned(),
            ));
        }
    }
    let known = |id: &&crate::id::LabelId| !inventory.labels.contains_key(*id);
    for id in inventory.label_uses.keys().filter(known) {
        findings.push(Finding::new(
            LABEL_UNKNOWN,
            format!("label/{id}"),
            format!("annotations or ratings have the label {id}, which is not in the scheme"),
            "holotype blame ANNOTATION shows who gave it; relabel with holotype record".to_owned(),
        ));
    }
    if inventory.without_label > 0 {
        findings.push(Finding::new(
            NO_LABEL,
            "annotations".to_owned(),
            format!("{} annotations have no label", inventory.without_label),
            "nothing, or relabel them with holotype record".to_owned(),
        ));
    }
}
