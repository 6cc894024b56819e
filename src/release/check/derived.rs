//! What a release derives from its history, derived once more; and its images.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::ReleaseError;
use super::super::bag::{BAG_INFO_NAME, BAGIT_NAME, bag_info};
use super::super::changelog::Changes;
use super::super::documents::{Documents, derive_documents};
use super::super::history::{OBJECTS, READER, SLOTS};
use super::super::manifest::{BLAKE3_NAME, DATA, RELEASE_NAME, SHA256_NAME, digest_stream};
use super::super::payload::{ANNOTATIONS, COCO, Derivation, IMAGE_FILES, LABELS, derive_payload};
use super::super::record::ReleaseRecord;
use super::super::sink::{Hashes, Sink};
use super::super::version::version_step;
use super::{Checker, Finding, Severity, text_of};
use crate::event::State;
use crate::export::{Dataset, Exported, Filter, ImageRow};
use crate::files::folder::Folder;
use crate::id::Digest;
use crate::snapshot::SnapshotView;
use crate::tree::{MemoryNodes, Tree};

/// The version and the one of the release before, as trees.
pub(super) struct Trees<'a> {
    pub(super) nodes: &'a MemoryNodes,
    pub(super) before: Option<Tree>,
    pub(super) after: Tree,
}

/// Compares what is released with what the history says.
pub(super) fn check_content(
    checker: &mut Checker<'_>,
    record: &ReleaseRecord,
    state: &(dyn State + Sync),
    trees: &Trees<'_>,
) {
    let dataset = match Dataset::open(state, Some(&record.rule)) {
        Ok(dataset) => dataset,
        Err(error) => return checker.find("HT-R010", "history", error.to_string()),
    };
    checker.check_signer(dataset.facts());
    check_images(checker, record, &dataset);
    if let Err(error) = check_derived(checker, record, &dataset, trees) {
        checker.find("HT-R013", "history", error.to_string());
    }
}

/// Derives exports, tables and documents from the history and compares them with what is listed. The expression of a
/// release of fewer rows is not evaluated: its annotations are not compared.
fn check_derived(
    checker: &mut Checker<'_>,
    record: &ReleaseRecord,
    dataset: &Dataset<'_>,
    trees: &Trees<'_>,
) -> Result<(), ReleaseError> {
    let mut hashes = Hashes::default();
    let what = Derivation {
        name: &record.name,
        repository: record.dataset,
        filter: Filter::default(),
        image_source: record.image_source.as_deref(),
        tell: &|_| {},
    };
    let derived = derive_payload(dataset, &what, &mut hashes)?;
    // Documents speak of the payload: where that is damaged, the damage alone is told.
    let is_whole = !checker
        .check
        .findings
        .iter()
        .any(|finding| finding.object.starts_with(DATA));
    let is_compared = |name: &str| {
        (is_whole || name.starts_with(DATA))
            && (record.filter.is_none() || !name.starts_with(ANNOTATIONS) || name == LABELS)
    };
    check_exported(checker, record, &derived.exported);
    let payload = checker.payload();
    let view = trees.before.map(|tree| SnapshotView {
        tree,
        source: trees.nodes,
    });
    let before = view.as_ref().map(|view| Dataset::open(view, None)).transpose()?;
    let comparison = trees
        .before
        .map(|before| crate::snapshot::changes::compare(trees.nodes, before, trees.after))
        .transpose()?;
    let step = comparison
        .as_ref()
        .and_then(version_step)
        .map(|step| step.to_string());
    if step != record.step {
        let message = "it says another step since the release before than the history";
        checker.find("HT-R013", RELEASE_NAME, message);
    }
    let changes = before.as_ref().zip(comparison.as_ref());
    let changes = changes.map(|(before, comparison)| Changes { before, comparison });
    let trail = std::mem::take(&mut checker.trail);
    let documents = Documents {
        dataset,
        numbers: &derived.numbers,
        trail: &trail,
        changes: changes.as_ref(),
    };
    derive_documents(&documents, record, &payload, &mut hashes)?;
    hashes.put(
        BAG_INFO_NAME,
        bag_info(record, dataset.facts(), &payload).as_bytes(),
    )?;
    compare(checker, &hashes, is_compared);
    Ok(())
}

/// Compares how much was derived with what `release.json` says; where an expression chose it, says that it was not.
fn check_exported(checker: &mut Checker<'_>, record: &ReleaseRecord, found: &Exported) {
    if record.filter.is_none() {
        for (what, said, found) in [
            ("images", record.exported.images, found.images),
            ("annotations", record.exported.annotations, found.annotations),
        ] {
            if found != said {
                let message = format!("the history gives {found} {what}, {RELEASE_NAME} says {said}");
                checker.find("HT-R011", COCO, message);
            }
        }
    } else {
        checker.check.findings.push(Finding {
            code: "HT-R013",
            severity: Severity::Information,
            object: ANNOTATIONS.to_owned(),
            message:
                "chosen by an expression, which is not evaluated here: not derived again from the history"
                    .to_owned(),
        });
    }
}

/// Compares what was derived with what is listed, and asks where the rest comes from.
fn compare(checker: &mut Checker<'_>, hashes: &Hashes, is_compared: impl Fn(&str) -> bool) {
    for (name, digest) in hashes.files.iter().filter(|(name, _)| is_compared(name)) {
        match checker.listed.get(name) {
            Some(listed) if listed.blake3 == *digest => {}
            Some(_) => checker.find("HT-R013", name, "the history gives other bytes for it"),
            None => checker.find(
                "HT-R013",
                name,
                "the history gives it, the manifest does not list it",
            ),
        }
    }
    let known = [BAGIT_NAME, SHA256_NAME, BLAKE3_NAME, READER];
    let is_known = |name: &String| {
        known.contains(&name.as_str())
            || !is_compared(name)
            || hashes.files.contains_key(name)
            || [OBJECTS, SLOTS, IMAGE_FILES]
                .iter()
                .any(|folder| name.starts_with(folder))
    };
    let unknown: Vec<String> = checker
        .listed
        .keys()
        .filter(|name| !is_known(name))
        .cloned()
        .collect();
    for name in unknown {
        checker.find("HT-R013", &name, "nothing in the history gives such a file");
    }
}

/// Compares the images in the folder with those that the history names, and those elsewhere where asked to.
fn check_images(checker: &mut Checker<'_>, record: &ReleaseRecord, dataset: &Dataset<'_>) {
    let present = || dataset.images().iter().filter(|image| !image.is_erased());
    let named: BTreeMap<String, Digest> = present()
        .flat_map(ImageRow::file_names)
        .map(|(name, file)| (name, file.blob.digest()))
        .collect();
    if let Some(folder) = checker.options.images {
        check_elsewhere(checker, folder, &named);
    }
    let expected: BTreeMap<String, Digest> = if record.with_images {
        let files = named.iter();
        files
            .map(|(name, digest)| (format!("{IMAGE_FILES}{name}"), *digest))
            .collect()
    } else {
        BTreeMap::new()
    };
    checker.check.image_files = named;
    let listed: BTreeMap<String, Digest> = checker
        .listed
        .iter()
        .filter(|(name, _)| name.starts_with(IMAGE_FILES))
        .map(|(name, digests)| (name.clone(), digests.blake3))
        .collect();
    for (name, blob) in &expected {
        match listed.get(name) {
            Some(digest) if digest == blob => {}
            Some(_) => checker.find("HT-R012", name, "the manifest names other bytes than the history"),
            None => checker.find(
                "HT-R012",
                name,
                "the history names this image, the manifest does not",
            ),
        }
    }
    for name in listed.keys().filter(|name| !expected.contains_key(*name)) {
        checker.find("HT-R012", name, "the history names no such image");
    }
}

/// Compares images in another folder, each under its name, with those that the history names.
fn check_elsewhere(checker: &mut Checker<'_>, path: &Path, named: &BTreeMap<String, Digest>) {
    let folder = match Folder::open(path) {
        Ok(folder) => folder,
        Err(error) => return checker.find("HT-R012", &path.display().to_string(), text_of(&error)),
    };
    for (name, digest) in named {
        let found = folder
            .open_file(name)
            .map_err(|error| text_of(&error))
            .and_then(|mut file| digest_stream(&mut file).map_err(|error| error.to_string()));
        match found {
            Ok(digests) if digests.blake3 == *digest => checker.check.images += 1,
            Ok(_) => checker.find("HT-R012", name, "the history names other bytes for this image"),
            Err(why) => checker.find(
                "HT-R012",
                name,
                format!("it is not among the images given: {why}"),
            ),
        }
    }
}
