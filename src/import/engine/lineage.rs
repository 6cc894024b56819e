//! Which lineage a file's own ids belong to. Integer ids are weak: a file joins a lineage only when most of the ids
//! that are known there agree in place.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::event::{read, scan_records};
use crate::id::{AnnotationId, ImageId};
use crate::import::document::{Document, SourceAnnotation, SourceId};
use crate::model::{AnnotationRecord, EntityKind, Key, SourceIdRecord};
use crate::repo::Transaction;

use super::{Import, ImportError};

/// What a lineage knows, by id.
type Known = BTreeMap<String, AnnotationId>;

/// How a file's ids compare with a lineage's.
#[derive(Debug, Clone, Copy, Default)]
struct Agreement {
    /// Ids that both know.
    common: u64,
    /// Of these, those that name the same place.
    agree: u64,
    /// Of these, those on an image that the lineage's annotation is on as well.
    same_image: u64,
}

impl Import<'_, Transaction<'_>> {
    /// Returns the lineage that the document's ids belong to; `None` when no id needs one.
    pub(super) fn lineage(
        &mut self,
        document: &Document,
        images: &[ImageId],
    ) -> Result<Option<String>, ImportError> {
        if let Some(lineage) = &self.setting.options.lineage {
            return Ok(Some(lineage.clone()));
        }
        let any_id = document
            .annotations
            .iter()
            .any(|annotation| matches!(annotation.id, Some(SourceId::Local(_) | SourceId::Uuid(_))));
        let anonymous = !document.people.is_empty() && !any_id;
        if !any_id && !anonymous {
            return Ok(None);
        }
        let lineages = self.known_lineages()?;
        let mut unclear = None;
        for (name, known) in &lineages {
            let agreement = self.agreement(document, images, known)?;
            if agreement.common > 0 && agreement.agree * 2 > agreement.common {
                return Ok(Some(name.clone()));
            }
            if agreement.same_image * 2 > agreement.common {
                unclear = Some((name.clone(), agreement));
            }
        }
        match unclear {
            Some((lineage, agreement)) if has_local_ids(&document.annotations) => {
                Err(ImportError::LineageUnclear {
                    file: self.setting.file.to_owned(),
                    lineage,
                    common: agreement.common,
                    disagree: agreement.common - agreement.agree,
                })
            }
            _ => Ok(Some(free_name(self.setting.format, &lineages))),
        }
    }

    /// Reads the ids of all lineages of this format.
    fn known_lineages(&self) -> Result<BTreeMap<String, Known>, ImportError> {
        let mut lineages: BTreeMap<String, Known> = BTreeMap::new();
        let begin = format!("{}-", self.setting.format);
        scan_records(
            &*self.recorder,
            &Key::kind_prefix(EntityKind::SourceId),
            |_, record: SourceIdRecord| {
                if record.lineage.starts_with(&begin) {
                    lineages
                        .entry(record.lineage)
                        .or_default()
                        .insert(record.id, record.annotation);
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok(lineages)
    }

    fn agreement(
        &self,
        document: &Document,
        images: &[ImageId],
        known: &Known,
    ) -> Result<Agreement, ImportError> {
        let mut agreement = Agreement::default();
        for annotation in &document.annotations {
            let Some(id) = annotation.id.as_ref().and_then(alias_text) else {
                continue;
            };
            let Some(there) = known.get(&id) else { continue };
            agreement.common += 1;
            let image = images.get(annotation.image);
            if image.is_none_or(|image| image.prefix() != there.image_prefix()) {
                continue;
            }
            agreement.same_image += 1;
            let record: Option<AnnotationRecord> = read(&*self.recorder, &Key::annotation(*there))?;
            if record.is_some_and(|record| near(&record, annotation)) {
                agreement.agree += 1;
            }
        }
        Ok(agreement)
    }
}

/// Whether two annotations are at about the same place: bounds that meet, or the same geometry.
fn near(record: &AnnotationRecord, annotation: &SourceAnnotation) -> bool {
    if record.geometry == annotation.geometry {
        return true;
    }
    match (record.geometry.bounds(), annotation.geometry.bounds()) {
        (Some(a), Some(b)) => {
            a.x_min <= b.x_max && b.x_min <= a.x_max && a.y_min <= b.y_max && b.y_min <= a.y_max
        }
        _ => false,
    }
}

fn has_local_ids(annotations: &[SourceAnnotation]) -> bool {
    annotations
        .iter()
        .any(|annotation| matches!(annotation.id, Some(SourceId::Local(_))))
}

/// The text under which an id stands in an alias record.
pub(super) fn alias_text(id: &SourceId) -> Option<String> {
    match id {
        SourceId::Uuid(bytes) => Some(uuid::Uuid::from_bytes(*bytes).to_string()),
        SourceId::Local(text) => Some(text.clone()),
        SourceId::Holotype(_) => None,
    }
}

/// The lowest free name: `coco-1`, `coco-2`, …
fn free_name(format: &str, lineages: &BTreeMap<String, Known>) -> String {
    let mut n = 1_u64;
    loop {
        let name = format!("{format}-{n}");
        if !lineages.contains_key(&name) {
            return name;
        }
        n += 1;
    }
}
