//! What an import would have to guess: the images, labels and people of a document that are not known here.
//!
//! It records nothing and changes nothing.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use crate::event::{State, scan_records};
use crate::id::ImageId;
use crate::import::coco::InFile;
use crate::import::document::{Document, SourceLabel};
use crate::model::{EntityKind, Key, LabelRecord};
use crate::repo::{Repo, Transaction};

use super::known_images::{Found, source_names};
use super::labels::folded;
use super::people::known_annotator;
use super::run::Run;
use super::{ImportError, ImportOptions};

/// So many names that are alike are offered.
const CANDIDATES_MAX: usize = 3;

/// Names less alike than this (Jaro and Winkler's measure, 0 to 1) are not offered.
const ALIKE: f64 = 0.9;

/// What of a document is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Images, in source order.
    pub images: Vec<UnknownImage>,
    /// Labels, in source order.
    pub labels: Vec<UnknownLabel>,
    /// People that no choice was made for.
    pub people: Vec<String>,
    /// Whether annotations have labels and nobody is named who gave them.
    pub names_nobody: bool,
    /// Whether annotations are known on its images.
    pub known_annotations: bool,
}

/// An image that is not known, or that could be several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownImage {
    /// The name in the source.
    pub name: String,
    /// Images here that it could be.
    pub candidates: Vec<String>,
    /// Whether it cannot be taken as new.
    pub is_unclear: bool,
}

/// A label that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLabel {
    /// The name in the source.
    pub name: String,
    /// A known one that differs in spelling only, or is much alike.
    pub similar: Option<String>,
}

/// Looks for what is not known in a file's document, of which annotations may be left in the file; images may lie beside the file, in `folder`.
///
/// # Errors
/// [`ImportError`] when the state cannot be read.
pub fn survey(
    repo: &Repo,
    transaction: &Transaction<'_>,
    run: &mut Run,
    (file, folder): (&str, Option<&Path>),
    (document, in_file): (&Document, Option<&InFile>),
    options: &ImportOptions,
) -> Result<Survey, ImportError> {
    let asks_who = document.people.is_empty() && options.annotator.is_none();
    let mut survey = Survey {
        labels: unknown_labels(transaction, &document.labels, options)?,
        names_nobody: asks_who && has_labelled(document, in_file)?,
        ..Survey::default()
    };
    let known = run.images(transaction)?;
    for (image, name) in document.images.iter().zip(source_names(&document.images)) {
        match known.find(file, folder, image, &name, options) {
            Ok(Found { name: found, .. }) if known.contains(&found) => {
                survey.known_annotations |= has_annotations(transaction, &found)?;
            }
            // What the options name is not asked about again, also where it is new.
            Ok(Found { name: found, .. }) if found != name => {}
            Ok(Found { name, .. }) => survey.images.push(UnknownImage {
                candidates: alike(known.names(), &name),
                name: image.name.clone(),
                is_unclear: false,
            }),
            Err(ImportError::ImageUnclear { candidates, .. }) => survey.images.push(UnknownImage {
                name: image.name.clone(),
                candidates: vec![candidates],
                is_unclear: true,
            }),
            Err(error) => return Err(error),
        }
    }
    for person in &document.people {
        let is_chosen = options.map_annotator.contains_key(&person.name);
        if !is_chosen && known_annotator(repo, transaction, &person.name)?.is_none() {
            survey.people.push(person.name.clone());
        }
    }
    Ok(survey)
}

/// Whether any annotation has a label, as each one does that is read from its file.
fn has_labelled(document: &Document, in_file: Option<&InFile>) -> Result<bool, ImportError> {
    match in_file {
        Some(in_file) => Ok(in_file.has_any()?),
        None => Ok(document.annotations.iter().any(|one| one.label.is_some())),
    }
}

fn has_annotations(state: &dyn State, image: &str) -> Result<bool, ImportError> {
    let prefix = Key::on_image_prefix(EntityKind::Annotation, ImageId::of_name(image).prefix());
    let mut has_any = false;
    state.scan(&prefix, &mut |_, _| {
        has_any = true;
        ControlFlow::Break(())
    })?;
    Ok(has_any)
}

fn unknown_labels(
    state: &dyn State,
    labels: &[SourceLabel],
    options: &ImportOptions,
) -> Result<Vec<UnknownLabel>, ImportError> {
    let mut known = BTreeSet::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Label),
        |_, record: LabelRecord| {
            known.insert(record.name);
            ControlFlow::Continue(())
        },
    )?;
    let unknown = labels
        .iter()
        .map(|label| &label.name)
        .filter(|name| !options.map_label.contains_key(*name) && !known.contains(*name));
    let asked = unknown.map(|name| {
        let folds = |other: &&String| folded(other) == folded(name);
        let similar = known.iter().find(folds).cloned();
        UnknownLabel {
            name: name.clone(),
            similar: similar.or_else(|| alike(known.iter().map(String::as_str), name).into_iter().next()),
        }
    });
    Ok(asked.collect())
}

/// The names that are most alike, best first.
fn alike<'a>(known: impl Iterator<Item = &'a str>, name: &str) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = known
        .map(|other| (strsim::jaro_winkler(other, name), other))
        .filter(|(score, _)| *score >= ALIKE)
        .collect();
    scored.sort_by(|(a, a_name), (b, b_name)| b.total_cmp(a).then_with(|| a_name.cmp(b_name)));
    scored
        .into_iter()
        .take(CANDIDATES_MAX)
        .map(|(_, name)| name.to_owned())
        .collect()
}
