//! Images resolve by name, then by the last part of the name; unknown ones are declared.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use unicode_normalization::UnicodeNormalization;

use crate::event::{Command, EntityRef, read, scan_records};
use crate::id::ImageId;
use crate::import::document::SourceImage;
use crate::model::{EntityKind, FactChanges, FactValue, Facts, ImageRecord, Key};
use crate::repo::Transaction;

use super::{Import, ImportError};

/// So many images are named in one message.
const NAMED_MAX: usize = 20;

/// The images that are known, by name and by the last part of the name.
struct Known {
    names: BTreeMap<String, ImageId>,
    last_parts: BTreeMap<String, Vec<String>>,
    stems: BTreeMap<String, Vec<String>>,
}

impl Import<'_, Transaction<'_>> {
    /// Returns the image of each image of the source.
    pub(super) fn images(&mut self, images: &[SourceImage]) -> Result<Vec<ImageId>, ImportError> {
        if self.setting.options.image.is_some() && images.len() > 1 {
            return Err(ImportError::NotOneImage {
                file: self.setting.file.to_owned(),
                count: images.len(),
            });
        }
        let known = self.known_images()?;
        let names = source_names(images);
        let found = images
            .iter()
            .zip(names)
            .map(|(image, name)| self.image(image, &name, &known))
            .collect();
        self.warn_resized();
        found
    }

    /// Returns the name here of each image that a source names so.
    pub(super) fn names_here<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<Vec<String>, ImportError> {
        let known = self.known_images()?;
        let named = |name: &str| SourceImage {
            name: name.to_owned(),
            ..SourceImage::default()
        };
        names
            .map(|name| self.resolve(&named(name), name, &known))
            .collect()
    }

    /// Names the declared images that have other dimensions now.
    fn warn_resized(&mut self) {
        let resized = std::mem::take(&mut self.resized);
        let count = u64::try_from(resized.len()).unwrap_or(u64::MAX);
        let file = self.setting.file;
        self.outcome
            .report
            .warnings
            .add_many("image_dimensions_changed", count, || {
                let named: Vec<&str> = resized.iter().take(NAMED_MAX).map(String::as_str).collect();
                let more = if resized.len() > NAMED_MAX { ", …" } else { "" };
                format!(
                    "{file}: declared images have other dimensions now: {}{more}",
                    named.join(", ")
                )
            });
    }

    fn known_images(&self) -> Result<Known, ImportError> {
        let mut known = Known {
            names: BTreeMap::new(),
            last_parts: BTreeMap::new(),
            stems: BTreeMap::new(),
        };
        scan_records(
            &*self.recorder,
            &Key::kind_prefix(EntityKind::Image),
            |_, record: ImageRecord| {
                let last = last_part(&record.name).to_owned();
                known
                    .stems
                    .entry(stem(&last).to_owned())
                    .or_default()
                    .push(record.name.clone());
                known
                    .last_parts
                    .entry(last)
                    .or_default()
                    .push(record.name.clone());
                known
                    .names
                    .insert(record.name.clone(), ImageId::of_name(&record.name));
                ControlFlow::Continue(())
            },
        )?;
        Ok(known)
    }

    fn image(&mut self, image: &SourceImage, name: &str, known: &Known) -> Result<ImageId, ImportError> {
        let name = self.resolve(image, name, known)?;
        let id = ImageId::of_name(&name);
        let changes = self.image_facts(image);
        let context = self.plain_context();
        let present: Option<ImageRecord> = read(&*self.recorder, &Key::image(id))?;
        let Some(present) = present else {
            let facts: Facts = changes
                .into_iter()
                .filter_map(|(fact, value)| Some((fact, value?)))
                .collect();
            self.must(&context, Command::DeclareImage { name, facts })?;
            return Ok(id);
        };
        let changes = self.compare(&present, changes);
        self.must(
            &context,
            Command::SetFacts {
                entity: EntityRef::image(id),
                changes,
            },
        )?;
        Ok(id)
    }

    fn image_facts(&mut self, image: &SourceImage) -> FactChanges {
        let mut changes = self.fact_changes(&image.facts);
        for (name, value) in [("width", image.width), ("height", image.height)] {
            if let Some(value) = value {
                changes.insert(name.to_owned(), Some(FactValue::Number(value)));
            }
        }
        changes
    }

    /// Leaves out what the bytes themselves say otherwise, and tells of other dimensions.
    fn compare(&mut self, present: &ImageRecord, mut changes: FactChanges) -> FactChanges {
        let mut other = Vec::new();
        for name in ["width", "height"] {
            let Some(Some(new)) = changes.get(name).cloned() else {
                continue;
            };
            let Some(old) = present.facts.get(name).filter(|old| **old != new) else {
                continue;
            };
            if present.files.is_empty() {
                other.push(format!("{name} {old} px before, {new} px now"));
                continue;
            }
            let (file, image, old) = (self.setting.file, &present.name, old.clone());
            self.outcome.report.warnings.add("image_dimensions_differ", || {
                format!(
                    "{file}: it says {name} {new} px of {image}, whose bytes have {old} px; the bytes count"
                )
            });
            changes.remove(name);
        }
        if !other.is_empty() {
            self.resized
                .push(format!("{} ({})", present.name, other.join(", ")));
        }
        changes
    }

    /// Finds the name of the image here.
    fn resolve(&self, image: &SourceImage, name: &str, known: &Known) -> Result<String, ImportError> {
        if let Some(given) = &self.setting.options.image {
            return Ok(given.nfc().collect());
        }
        let mapped = [image.name.as_str(), name]
            .into_iter()
            .find_map(|name| self.setting.options.map_image.get(name));
        if let Some(mapped) = mapped {
            return Ok(mapped.nfc().collect());
        }
        if known.names.contains_key(name) {
            return Ok(name.to_owned());
        }
        let last = last_part(name);
        let has_extension = stem(last) != last;
        let by_last = known.last_parts.get(last);
        let candidates = by_last.or_else(|| known.stems.get(last).filter(|_| !has_extension));
        match candidates.map(Vec::as_slice) {
            Some([only]) if fits_folder(only, name) => Ok(only.clone()),
            Some([_]) | None => Ok(name.to_owned()),
            Some(several) => {
                let fitting: Vec<_> = several
                    .iter()
                    .filter(|candidate| fits_folder(candidate, name))
                    .collect();
                match fitting.as_slice() {
                    [only] => Ok((*only).clone()),
                    [] => Ok(name.to_owned()),
                    several => Err(ImportError::ImageUnclear {
                        file: self.setting.file.to_owned(),
                        name: name.to_owned(),
                        candidates: several
                            .iter()
                            .take(3)
                            .map(|name| name.as_str())
                            .collect::<Vec<_>>()
                            .join(" or "),
                    }),
                }
            }
        }
    }
}

/// Whether one of two names is the other with folders before it.
fn fits_folder(a: &str, b: &str) -> bool {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    long == short
        || long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'))
        || stem(last_part(long)) == last_part(short) && !short.contains('/')
}

/// Names the images of a source: the file's own name, or, where names repeat, the shortest path suffix that is unique.
fn source_names(images: &[SourceImage]) -> Vec<String> {
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
        assert!(fits_folder("slides/001.tiff", "001.tiff"));
        assert!(fits_folder("001.tiff", "slides/001.tiff"));
        assert!(fits_folder("001.tiff", "001"));
        assert!(!fits_folder("a/001.tiff", "b/001.tiff"));
        assert_eq!(stem(".hidden"), ".hidden");
    }
}
