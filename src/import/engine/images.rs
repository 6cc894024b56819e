//! The images of a source: unknown ones are declared, facts are taken over, what disagrees is told.

use crate::event::{Command, EntityRef, read};
use crate::id::ImageId;
use crate::import::document::SourceImage;
use crate::model::{FactChanges, FactValue, Facts, ImageRecord, Key};
use crate::repo::Transaction;

use super::known_images::{Evidence, KnownImages, source_names};
use super::run::Run;
use super::{Import, ImportError};

/// Width and height in px, where both are known.
type Size = Option<(f64, f64)>;

/// So many images are named in one message.
const NAMED_MAX: usize = 20;

impl Import<'_, Transaction<'_>> {
    /// Returns the image of each image of the source.
    pub(super) fn images(
        &mut self,
        images: &[SourceImage],
        run: &mut Run,
    ) -> Result<Vec<ImageId>, ImportError> {
        if self.setting.options.image.is_some() && images.len() > 1 {
            return Err(ImportError::NotOneImage {
                file: self.setting.file.to_owned(),
                count: images.len(),
            });
        }
        let known = run.images(&*self.recorder)?;
        let names = source_names(images);
        let found: Result<Vec<(String, Size)>, ImportError> = images
            .iter()
            .zip(names)
            .map(|(image, name)| self.image(image, &name, known))
            .collect();
        self.warn_resized();
        let found = found?;
        // Only now: within one source, an image is not found under the name of another.
        found.iter().for_each(|(name, size)| known.add(name, *size));
        Ok(found.iter().map(|(name, _)| ImageId::of_name(name)).collect())
    }

    /// Returns the name here of each image that a source names so.
    pub(super) fn names_here<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
        run: &mut Run,
    ) -> Result<Vec<String>, ImportError> {
        let known = run.images(&*self.recorder)?;
        let setting = self.setting;
        let named = |name: &str| SourceImage {
            name: name.to_owned(),
            ..SourceImage::default()
        };
        names
            .map(|name| {
                let found = known.find(setting.file, None, &named(name), name, setting.options)?;
                Ok(found.name)
            })
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

    /// Returns the name and the size of an image here.
    fn image(
        &mut self,
        image: &SourceImage,
        name: &str,
        known: &KnownImages,
    ) -> Result<(String, Size), ImportError> {
        let setting = self.setting;
        let found = known.find(setting.file, setting.folder, image, name, setting.options)?;
        self.tell(&found.name, name, found.beside);
        let name = found.name;
        let id = ImageId::of_name(&name);
        let changes = self.image_facts(image);
        let context = self.plain_context();
        let present: Option<ImageRecord> = read(&*self.recorder, &Key::image(id))?;
        let Some(present) = present else {
            let facts: Facts = changes
                .into_iter()
                .filter_map(|(fact, value)| Some((fact, value?)))
                .collect();
            let number = |name: &str| facts.get(name).and_then(FactValue::as_number);
            let size = number("width").zip(number("height"));
            let declared = name.clone();
            self.must(&context, Command::DeclareImage { name, facts })?;
            return Ok((declared, size));
        };
        let changes = self.compare(&present, changes);
        let number = |name: &str| match changes.get(name) {
            Some(new) => new.as_ref().and_then(FactValue::as_number),
            None => present.number(name),
        };
        let size = number("width").zip(number("height"));
        self.must(
            &context,
            Command::SetFacts {
                entity: EntityRef::image(id),
                changes,
            },
        )?;
        Ok((name, size))
    }

    /// Tells what bytes beside the file say about an image.
    fn tell(&mut self, found: &str, name: &str, evidence: Evidence) {
        let file = self.setting.file;
        let warnings = &mut self.outcome.report.warnings;
        match evidence {
            Evidence::None => {}
            Evidence::OtherName => warnings.add("image_found_by_content", || {
                format!("{file}: {name}, which lies beside it, has the bytes of {found}; that is the image")
            }),
            Evidence::OtherContent { known, beside } => warnings.add("image_content_differs", || {
                format!("{file}: {name}, which lies beside it, has {beside} bytes, {found} here has {known}; the name counts")
            }),
        }
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
