//! Annotations of a source that are new here: the first ones of an image one by one, the rest of a new image together.

use std::collections::HashSet;
use std::sync::Arc;

use crate::event::{AnnotationIdentity, Command, NewAnnotation, State};
use crate::id::{AnnotationId, ImageId};
use crate::import::document::{SourceAnnotation, SourceId, SourceValue};
use crate::model::{Key, Rule};
use crate::repo::Fork;

use super::account::Subject;
use super::annotations::{Meaning, count, text_of};
use super::changes::ChangeKind;
use super::matching::Known;
use super::{Import, ImportError, public_fact};

/// So many annotations of an image are created one by one before the rest is created together: the account of an image
/// names no more.
const NAMED_MAX: usize = super::changes::NAMED_MAX;

impl Import<'_, Fork<'_>> {
    /// Splits off the annotations that can be created together: of a new image and without more to say than their creation,
    /// behind the first ones, which the account names.
    pub(super) fn in_bulk(
        &self,
        mut annotations: Vec<SourceAnnotation>,
        known: &Known,
        meaning: &Meaning<'_>,
    ) -> (Vec<SourceAnnotation>, Vec<SourceAnnotation>) {
        let is_new = known.records.is_empty()
            && meaning.rule == Rule::AsRecorded
            && annotations.iter().all(is_plain)
            && has_own_ids(&annotations);
        let rest = if is_new && annotations.len() > NAMED_MAX {
            annotations.split_off(NAMED_MAX)
        } else {
            Vec::new()
        };
        (annotations, rest)
    }

    /// Creates annotations that are plain, on an image that had none.
    pub(super) fn create_all(
        &mut self,
        image: ImageId,
        annotations: Vec<SourceAnnotation>,
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        if annotations.is_empty() {
            return Ok(());
        }
        let context = Arc::clone(&self.context);
        let mut ratings = 0;
        let new = annotations.into_iter().map(|annotation| {
            let label = meaning.label(annotation.label);
            ratings += u64::from(context.annotator.is_some() && label.is_some());
            let (identity, source_id) = identity(annotation.id);
            let attributes = annotation.attributes.into_iter();
            NewAnnotation {
                geometry: annotation.geometry,
                label,
                identity,
                source_id,
                attributes: attributes
                    .filter_map(|(name, value)| Some((name, public_fact(&value)?)))
                    .collect(),
            }
        });
        let created = self.recorder.create(&context, image, new)?;
        self.note_created(created);
        self.outcome.created += count(created);
        self.outcome.ratings_added += ratings;
        Ok(())
    }

    pub(super) fn create(
        &mut self,
        image: ImageId,
        annotation: SourceAnnotation,
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        let label = meaning.label(annotation.label);
        let (identity, source_id) = identity(annotation.id.clone());
        let identity = self.free_identity(image, identity, source_id.as_deref())?;
        let changes = self.fact_changes(&annotation.attributes);
        let attributes = changes
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let command = Command::Annotate {
            image,
            geometry: annotation.geometry.clone(),
            label,
            identity,
            source_id,
            attributes,
            image_version: None,
        };
        let context = Arc::clone(&self.context);
        let recorded = self.record(&context, command)?;
        self.outcome.created += 1;
        if context.annotator.is_some() && label.is_some() {
            self.outcome.ratings_added += 1;
        }
        if let Some(id) = recorded.annotation {
            let subject = Subject {
                annotation: id,
                source_id: annotation.id.as_ref().and_then(text_of),
                geometry: &annotation.geometry,
            };
            self.note(ChangeKind::Created, subject);
            self.rate(id, &annotation.ratings, &[], meaning)?;
            self.settle(id, label, meaning)?;
        }
        Ok(())
    }

    /// The identity of a new annotation. A weak id that named another one before does not make it that one.
    fn free_identity(
        &self,
        image: ImageId,
        identity: AnnotationIdentity,
        source_id: Option<&str>,
    ) -> Result<AnnotationIdentity, ImportError> {
        let (Some(lineage), Some(source_id), AnnotationIdentity::Source) =
            (&self.context.lineage, source_id, &identity)
        else {
            return Ok(identity);
        };
        let id = AnnotationId::from_source(&image, lineage, source_id);
        let taken = self.recorder.get(&Key::annotation(id))?.is_some();
        Ok(if taken {
            AnnotationIdentity::Content
        } else {
            identity
        })
    }
}

/// From what the id of a new annotation derives, and the id that its source gives it.
fn identity(id: Option<SourceId>) -> (AnnotationIdentity, Option<String>) {
    match id {
        Some(SourceId::Uuid(own)) => (AnnotationIdentity::Uuid(own), None),
        Some(SourceId::Holotype(id)) => (AnnotationIdentity::Given(AnnotationId::from_bytes(id)), None),
        Some(SourceId::Local(text)) => (AnnotationIdentity::Source, Some(text)),
        None => (AnnotationIdentity::Content, None),
    }
}

/// Whether the creation of an annotation is one event that says all of it.
fn is_plain(annotation: &SourceAnnotation) -> bool {
    let can_name = |value: &SourceValue| matches!(value, SourceValue::Private(_));
    annotation.ratings.is_empty() && !annotation.attributes.values().any(can_name)
}

/// Whether no two annotations have the same id.
fn has_own_ids(annotations: &[SourceAnnotation]) -> bool {
    let mut ids = HashSet::with_capacity(annotations.len());
    let mut given = annotations.iter().filter_map(|annotation| annotation.id.as_ref());
    given.all(|id| ids.insert(id))
}
