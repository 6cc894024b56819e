//! The images that are known, and which of them a source means: by its bytes where they lie beside the file, by name, by
//! the last part of the name, or by what the user says.
//!
//! It reads and compares; it records nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::event::{State, scan_records};
use crate::import::document::SourceImage;
use crate::model::{EntityKind, ImageRecord, Key};

use super::beside::{Beside, ByContent};
use super::{ImportError, ImportOptions};

/// So many images are named that one can be.
const CANDIDATES_MAX: usize = 3;

/// The images that are known, by name (with their sizes in px where these are), by parts of the name and by content.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownImages {
    names: BTreeMap<String, Option<(f64, f64)>>,
    last_parts: HashMap<String, Vec<String>>,
    stems: HashMap<String, Vec<String>>,
    contents: ByContent,
}

/// Which image a source means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its name here.
    pub(super) name: String,
    /// What the bytes beside the file say about it.
    pub(super) beside: Evidence,
}

/// What bytes beside a file say about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// Nothing.
    None,
    /// They are those of a known image of another name.
    OtherName,
    /// The known image of this name has other bytes: this many, and that many beside the file.
    OtherContent { known: u64, beside: u64 },
}

impl Found {
    fn plain(name: String) -> Self {
        Self {
            name,
            beside: Evidence::None,
        }
    }
}

impl KnownImages {
    /// Reads the images of a state.
    pub(super) fn read(state: &dyn State) -> Result<Self, ImportError> {
        let mut known = Self::default();
        let prefix = Key::kind_prefix(EntityKind::Image);
        scan_records(state, &prefix, |_, record: ImageRecord| {
            known.take(&record);
            ControlFlow::Continue(())
        })?;
        Ok(known)
    }

    /// Takes in one as it is now.
    pub(super) fn take(&mut self, record: &ImageRecord) {
        if !self.names.contains_key(&record.name) {
            self.contents.add(record);
        }
        self.add(&record.name, record.size());
    }

    /// Takes in one that was declared since, or has another size in px now.
    pub(super) fn add(&mut self, name: &str, size: Option<(f64, f64)>) {
        if let Some(known) = self.names.get_mut(name) {
            *known = size;
            return;
        }
        self.names.insert(name.to_owned(), size);
        let last = last_part(name);
        for (by_part, part) in [(&mut self.stems, stem(last)), (&mut self.last_parts, last)] {
            by_part.entry(part.to_owned()).or_default().push(name.to_owned());
        }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Finds which image is meant by one of a source, which has `name` when its folder counts. What the user says goes first,
    /// then what the bytes beside the file in `folder` say, then names.
    pub(super) fn find(
        &self,
        file: &str,
        folder: Option<&Path>,
        image: &SourceImage,
        name: &str,
        options: &ImportOptions,
    ) -> Result<Found, ImportError> {
        if let Some(given) = &options.image {
            return Ok(Found::plain(given.nfc().collect()));
        }
        let mut names = [image.name.as_str(), name].into_iter();
        if let Some(mapped) = names.find_map(|name| options.map_image.get(name)) {
            return Ok(Found::plain(mapped.nfc().collect()));
        }
        let beside = match folder {
            Some(folder) if !self.contents.is_empty() => self.contents.look(folder, name),
            Some(_) | None => Beside::Nothing,
        };
        match beside {
            Beside::Is(found) => {
                let beside = if found == name {
                    Evidence::None
                } else {
                    Evidence::OtherName
                };
                Ok(Found { name: found, beside })
            }
            Beside::Nothing => Ok(Found::plain(self.by_name(file, name)?)),
            Beside::Other(beside) => {
                let name = self.by_name(file, name)?;
                let beside = match self.contents.size(&name).filter(|known| *known != beside) {
                    Some(known) => Evidence::OtherContent { known, beside },
                    None => Evidence::None,
                };
                Ok(Found { name, beside })
            }
        }
    }

    fn by_name(&self, file: &str, name: &str) -> Result<String, ImportError> {
        if self.names.contains_key(name) {
            return Ok(name.to_owned());
        }
        let last = last_part(name);
        // What looks like an extension may be a part of the name: 'a.b' can be 'a.b.tiff'.
        let candidates = self.last_parts.get(last).or_else(|| self.stems.get(last));
        let fitting: Vec<&String> = candidates
            .into_iter()
            .flatten()
            .filter(|candidate| fits(candidate, name))
            .collect();
        match fitting.as_slice() {
            [only] => Ok((*only).clone()),
            [] => Ok(name.to_owned()),
            several => {
                let named = several.iter().take(CANDIDATES_MAX).map(|name| name.as_str());
                Err(ImportError::ImageUnclear {
                    file: file.to_owned(),
                    name: name.to_owned(),
                    candidates: named.collect::<Vec<_>>().join(" or "),
                })
            }
        }
    }
}

/// The sizes of the images that are known, for formats whose places are parts of them.
#[derive(Debug, Clone, Default)]
pub struct KnownSizes {
    known: Arc<KnownImages>,
    options: Arc<ImportOptions>,
}

impl KnownSizes {
    /// Those of known images, with the names that were given for images.
    pub(super) fn of(known: Arc<KnownImages>, options: &ImportOptions) -> Self {
        Self {
            known,
            options: Arc::new(options.clone()),
        }
    }

    /// Returns the width and height, px, of the image that a source means, where it is known.
    #[must_use]
    pub fn size_of(&self, image: &SourceImage) -> Option<[f64; 2]> {
        let name: String = image.name.nfc().collect();
        let found = self.known.find("", None, image, &name, &self.options).ok()?;
        let (width, height) = (*self.known.names.get(&found.name)?)?;
        Some([width, height])
    }
}

/// Whether a known image can be the one that a source calls `name`: with or without extension, and with or without
/// folders before it.
fn fits(candidate: &str, name: &str) -> bool {
    let is_end = |long: &str, short: &str| {
        long == short || long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'))
    };
    let bare = candidate
        .strip_suffix(last_part(candidate))
        .map(|folder| format!("{folder}{}", stem(last_part(candidate))));
    [Some(candidate), bare.as_deref()]
        .into_iter()
        .flatten()
        .any(|candidate| is_end(candidate, name) || is_end(name, candidate))
}

/// Names the images of a source: the file's own name, or, where names repeat, the shortest path suffix that is unique.
pub(super) fn source_names(images: &[SourceImage]) -> Vec<String> {
    let paths: Vec<Vec<String>> = images
        .iter()
        .map(|image| {
            let folder = image.folder.as_deref().unwrap_or("");
            format!("{folder}/{}", image.name)
                .nfc()
                .collect::<String>()
                .split(['/', '\\'])
                .filter(|part| !part.is_empty() && *part != "." && *part != "..")
                .map(str::to_owned)
                .collect()
        })
        .collect();
    let own = |index: usize| {
        images
            .get(index)
            .map_or(1, |image| image.name.split('/').filter(|p| !p.is_empty()).count())
    };
    let suffix = |path: &[String], length: usize| {
        path.get(path.len().saturating_sub(length)..)
            .unwrap_or(path)
            .join("/")
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (index, path) in paths.iter().enumerate() {
        *counts.entry(suffix(path, own(index))).or_default() += 1;
    }
    let longest = paths.iter().map(Vec::len).max().unwrap_or(0);
    paths
        .iter()
        .enumerate()
        .map(|(index, path)| {
            let short = suffix(path, own(index));
            if counts.get(&short).is_none_or(|count| *count == 1) {
                return short;
            }
            let unique = (own(index) + 1..=longest)
                .map(|length| suffix(path, length))
                .find(|candidate| {
                    paths
                        .iter()
                        .filter(|other| suffix(other, candidate.split('/').count()) == *candidate)
                        .count()
                        == 1
                });
            unique.unwrap_or_else(|| path.join("/"))
        })
        .collect()
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A file name without its extension.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(folder: Option<&str>, name: &str) -> SourceImage {
        SourceImage {
            name: name.to_owned(),
            folder: folder.map(str::to_owned),
            ..SourceImage::default()
        }
    }

    #[test]
    fn repeated_names_take_the_shortest_unique_suffix() {
        let images = [
            image(Some("/home/x/a"), "1.svs"),
            image(Some("/home/x/b"), "1.svs"),
            image(None, "2.svs"),
        ];
        assert_eq!(source_names(&images), ["a/1.svs", "b/1.svs", "2.svs"]);
        assert_eq!(source_names(&[image(Some("C:\\data\\a"), "1.svs")]), ["1.svs"]);
        assert_eq!(source_names(&[image(None, "x/1.svs")]), ["x/1.svs"]);
    }

    #[test]
    fn folders_and_extensions_may_be_missing_in_a_source() {
        for (candidate, name) in [
            ("slides/001.tiff", "001.tiff"),
            ("001.tiff", "slides/001.tiff"),
            ("001.tiff", "001"),
            ("slides/001.tiff", "001"),
            ("slides/001.tiff", "slides/001"),
            ("001.tiff", "train/001"),
            ("a.b.tiff", "a.b"),
        ] {
            assert!(fits(candidate, name), "{candidate} / {name}");
        }
        for (candidate, name) in [
            ("a/001.tiff", "b/001.tiff"),
            ("a/001.tiff", "b/001"),
            ("1001.tiff", "001"),
            ("001.tiff", "001.svs"),
        ] {
            assert!(!fits(candidate, name), "{candidate} / {name}");
        }
        assert_eq!(stem(".hidden"), ".hidden");
    }
}
