//! The images that are known, and which of them a source means: by mapping, by name, by the last part of the name, and
//! by that without its extension.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use unicode_normalization::UnicodeNormalization;

use super::{ImportError, ImportOptions};
use crate::event::{State, scan_records};
use crate::import::document::SourceImage;
use crate::model::{EntityKind, ImageRecord, Key};

/// So many images are named that one can be.
const CANDIDATES_MAX: usize = 3;

/// The images that are known, with their sizes in px where these are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    names: BTreeMap<String, Option<(f64, f64)>>,
    last_parts: BTreeMap<String, Vec<String>>,
    stems: BTreeMap<String, Vec<String>>,
}

/// A name fits several images.
pub(super) struct Several {
    /// Some of them.
    pub(super) candidates: String,
}

impl Known {
    pub(super) fn read(state: &dyn State) -> Result<Self, ImportError> {
        let mut known = Self::default();
        scan_records(
            state,
            &Key::kind_prefix(EntityKind::Image),
            |_, record: ImageRecord| {
                let last = last_part(&record.name).to_owned();
                let by_stem = known.stems.entry(stem(&last).to_owned()).or_default();
                by_stem.push(record.name.clone());
                let by_last = known.last_parts.entry(last).or_default();
                by_last.push(record.name.clone());
                known.names.insert(record.name.clone(), record.size());
                ControlFlow::Continue(())
            },
        )?;
        Ok(known)
    }

    /// Finds the name here of an image that a source calls `name`; one that is not known keeps it.
    pub(super) fn resolve(
        &self,
        image: &SourceImage,
        name: &str,
        options: &ImportOptions,
    ) -> Result<String, Several> {
        if let Some(given) = &options.image {
            return Ok(given.nfc().collect());
        }
        let mapped = [image.name.as_str(), name]
            .into_iter()
            .find_map(|name| options.map_image.get(name));
        if let Some(mapped) = mapped {
            return Ok(mapped.nfc().collect());
        }
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
                Err(Several {
                    candidates: named.collect::<Vec<_>>().join(" or "),
                })
            }
        }
    }
}

/// The sizes of the images that are known, for formats whose places are parts of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KnownSizes {
    known: Known,
    image: Option<String>,
    map_image: BTreeMap<String, String>,
}

impl KnownSizes {
    /// Reads them, with the names that were given for images.
    ///
    /// # Errors
    /// [`ImportError`] when the state cannot be read.
    pub fn read(state: &dyn State, options: &ImportOptions) -> Result<Self, ImportError> {
        Ok(Self {
            known: Known::read(state)?,
            image: options.image.clone(),
            map_image: options.map_image.clone(),
        })
    }

    /// Returns the width and height, px, of the image that a source means, where it is known.
    #[must_use]
    pub fn size_of(&self, image: &SourceImage) -> Option<[f64; 2]> {
        let options = ImportOptions {
            image: self.image.clone(),
            map_image: self.map_image.clone(),
            ..ImportOptions::default()
        };
        let name: String = image.name.nfc().collect();
        let name = self.known.resolve(image, &name, &options).ok()?;
        let (width, height) = (*self.known.names.get(&name)?)?;
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
