//! Which files of a folder are YOLO datasets. Names and beginnings alone are looked at; nothing is opened here.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{is_class_file, may_be_class_file};
use super::{needs_size, recognise};
use crate::files::input::FoundFile;

/// Where label files stand, by custom.
const LABELS: &str = "labels";

/// Where images stand, by custom.
const IMAGES: &str = "images";

/// A dataset in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct YoloFolder {
    /// Its name below the folder that was searched; empty for that folder itself.
    pub name: String,
    /// What messages call it.
    pub title: String,
    /// The files that name the classes.
    pub class_files: Vec<FoundFile>,
    /// The files with labels.
    pub label_files: Vec<FoundFile>,
    /// Files that may be images, by what a label file of theirs would be named.
    pub others: BTreeMap<String, Vec<FoundFile>>,
}

/// Finds the datasets among files, and returns the files that belong to none. `head` reads the beginning of a file, and
/// is asked for text files alone.
///
/// # Errors
/// What `head` returns.
pub fn split_folders<E>(
    files: Vec<FoundFile>,
    head: impl Fn(&FoundFile) -> Result<Vec<u8>, E>,
) -> Result<(Vec<YoloFolder>, Vec<FoundFile>), E> {
    let mut datasets: BTreeMap<String, YoloFolder> = BTreeMap::new();
    let mut rest = Vec::new();
    for file in files {
        if may_be_class_file(&file.name) && is_class_file(&file.name, &head(&file)?) {
            let name = root_of(&file.name).to_owned();
            let dataset = datasets.entry(name.clone()).or_insert_with(|| YoloFolder {
                title: name.clone(),
                name,
                ..YoloFolder::default()
            });
            dataset.class_files.push(file);
        } else {
            rest.push(file);
        }
    }
    let roots: BTreeSet<String> = datasets.keys().cloned().collect();
    let mut others = Vec::new();
    for file in rest {
        let Some(root) = nearest(&roots, &file.name).and_then(|root| datasets.get_mut(root)) else {
            others.push(file);
            continue;
        };
        if is_text(&file.name) && is_label_file(&head(&file)?) {
            root.label_files.push(file);
            continue;
        }
        let key = image_key(&root.name, &file.name);
        root.others.entry(key).or_default().push(file.clone());
        others.push(file);
    }
    // A list of names without a label beside it is no dataset.
    let (found, without): (Vec<_>, Vec<_>) = datasets
        .into_values()
        .partition(|dataset| !dataset.label_files.is_empty());
    others.extend(without.into_iter().flat_map(|dataset| dataset.class_files));
    others.sort();
    Ok((found, others))
}

/// Returns where files may stand that name the classes of a label file, as paths beside its folder.
#[must_use]
pub fn class_files_near() -> [&'static str; 5] {
    [
        "classes.txt",
        "obj.names",
        "data.yaml",
        "data.yml",
        "dataset.yaml",
    ]
}

fn is_text(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("txt"))
}

fn is_label_file(head: &[u8]) -> bool {
    !needs_size(head) || recognise(head).is_some()
}

/// The folder of a dataset whose classes this file names.
fn root_of(class_file: &str) -> &str {
    let folder = class_file.rsplit_once('/').map_or("", |(folder, _)| folder);
    match folder.rsplit_once('/') {
        Some((above, LABELS)) => above,
        None if folder == LABELS => "",
        Some(_) | None => folder,
    }
}

/// The innermost of these folders that a file is in.
fn nearest<'r>(roots: &'r BTreeSet<String>, name: &str) -> Option<&'r String> {
    let mut folder = name;
    while let Some((above, _)) = folder.rsplit_once('/') {
        if let Some(root) = roots.get(above) {
            return Some(root);
        }
        folder = above;
    }
    roots.get("")
}

/// Returns what a label file is about, or what an image's label file would be: its path below the dataset without the
/// folder `labels` or `images` and without extension.
#[must_use]
pub fn image_key(root: &str, name: &str) -> String {
    let below = name.strip_prefix(root).unwrap_or(name).trim_start_matches('/');
    let below = match below.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !stem.ends_with('/') && !extension.contains('/') => {
            stem
        }
        Some(_) | None => below,
    };
    let mut parts: Vec<&str> = below.split('/').collect();
    let folders = parts.len().saturating_sub(1);
    let folders = parts.get(..folders).unwrap_or_default();
    let kind = folders
        .iter()
        .rposition(|part| *part == LABELS || *part == IMAGES);
    if let Some(kind) = kind {
        parts.remove(kind);
    }
    parts.join("/")
}
