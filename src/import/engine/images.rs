//! Images resolve by name, then by the last part of the name; unknown ones are declared.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::event::{Command, EntityRef, read};
use crate::id::ImageId;
use crate::import::document::SourceImage;
use crate::model::{FactChanges, FactValue, Facts, ImageRecord, Key};
use crate::repo::Transaction;

use super::known_images::{Known, Several};
use super::{Import, ImportError};

/// So many images are named in one message.
const NAMED_MAX: usize = 20;

impl Import<'_, Transaction<'_>> {
    /// Returns the image of each image of the source.
    pub(super) fn images(&mut self, images: &[SourceImage]) -> Result<Vec<ImageId>, ImportError> {
        if self.setting.options.image.is_some() && images.len() > 1 {
            return Err(ImportError::NotOneImage {
                file: self.setting.file.to_owned(),
                count: images.len(),
            });
        }
        let known = Known::read(&*self.recorder)?;
        let names = source_names(images);
        let found = images
            .iter()
            .zip(names)
            .map(|(image, name)| self.image(image, &name, &known))
            .collect();
        self.warn_resized();
        found
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

    fn image(&mut self, image: &SourceImage, name: &str, known: &Known) -> Result<ImageId, ImportError> {
        let resolved = known.resolve(image, name, self.setting.options);
        let name = resolved.map_err(|Several { candidates }| ImportError::ImageUnclear {
            file: self.setting.file.to_owned(),
            name: name.to_owned(),
            candidates,
        })?;
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
}
