//! Decisions about annotations and their ratings.

use std::ops::ControlFlow;

use crate::codec::to_canonical;
use crate::id::{AnnotationId, Code, ImageId, LabelId};
use crate::model::facts::effective_changes;
use crate::model::{FactChanges, Geometry, Key, KeyParts, OverrideRecord, RatingRecord, SourceIdRecord};

use super::super::bulk::NewAnnotation;
use super::super::command::{AnnotationIdentity, Command, Rejection};
use super::super::state::{StateError, read, scan_records};
use super::{Decision, Event, Judge, Look, accept, one, refuse, some_if};

impl Judge<'_> {
    pub(super) fn annotate(&self, command: Command) -> Decision {
        let Command::Annotate {
            image,
            geometry,
            label,
            identity,
            source_id,
            attributes,
            image_version,
        } = command
        else {
            return Ok(Ok(Vec::new()));
        };
        accept!(self.has_image(image));
        if let Some(label) = label {
            accept!(self.label(label));
        }
        let new = NewAnnotation {
            geometry,
            label,
            identity,
            source_id,
            attributes,
        };
        let mut event = accept!(self.created(image, new, &|_| false));
        if let Event::AnnotationCreated {
            image_version: version,
            ..
        } = &mut event
        {
            *version = image_version;
        }
        one(event)
    }

    /// Whether annotations can be created on an image, by whom the context names.
    pub(in crate::event) fn may_annotate(&self, image: ImageId) -> Look<()> {
        if let Some(annotator) = &self.context.annotator {
            accept!(self.annotator(annotator));
        }
        self.has_image(image)
    }

    fn has_image(&self, image: ImageId) -> Look<()> {
        if self.state.get(&Key::image(image))?.is_none() {
            refuse!(Rejection::UnknownImage {
                image: image.to_string()
            });
        }
        Ok(Ok(()))
    }

    /// The event of an annotation on an image that is known, with a label that is known. `is_taken` tells ids that
    /// are taken beside those of the state.
    pub(in crate::event) fn created(
        &self,
        image: ImageId,
        new: NewAnnotation,
        is_taken: &dyn Fn(AnnotationId) -> bool,
    ) -> Look<Event> {
        let NewAnnotation {
            geometry,
            label,
            identity,
            source_id,
            attributes,
        } = new;
        let is_known = |id: AnnotationId| -> Result<bool, StateError> {
            Ok(is_taken(id) || self.state.get(&Key::annotation(id))?.is_some())
        };
        if source_id.is_some() && self.context.lineage.is_none() {
            refuse!(Rejection::LineageNeeded);
        }
        let canonical = match to_canonical(&geometry) {
            Ok(bytes) => bytes,
            Err(error) => refuse!(Rejection::NotExact {
                why: error.to_string()
            }),
        };
        let annotation = match identity {
            AnnotationIdentity::Uuid(own) => AnnotationId::from_uuid(image.prefix(), own),
            AnnotationIdentity::Given(id) if id.image_prefix() == image.prefix() => id,
            AnnotationIdentity::Given(annotation) => {
                refuse!(Rejection::ForeignAnnotation { annotation, image })
            }
            AnnotationIdentity::Source => match (&self.context.lineage, &source_id) {
                (Some(lineage), Some(source_id)) => AnnotationId::from_source(&image, lineage, source_id),
                _ => refuse!(Rejection::LineageNeeded),
            },
            AnnotationIdentity::Content => self.free_content_id(image, &canonical, label, &is_known)?,
        };
        if is_known(annotation)? {
            refuse!(Rejection::AnnotationExists { annotation });
        }
        Ok(Ok(Event::AnnotationCreated {
            annotation,
            geometry,
            label,
            source_id,
            attributes,
            image_version: None,
        }))
    }

    fn free_content_id(
        &self,
        image: ImageId,
        geometry: &[u8],
        label: Option<LabelId>,
        is_known: &dyn Fn(AnnotationId) -> Result<bool, StateError>,
    ) -> Result<AnnotationId, StateError> {
        let mut n = 0;
        loop {
            let annotator = self.context.annotator.as_ref();
            let id = AnnotationId::from_content(&image, geometry, label, annotator, n);
            if !is_known(id)? {
                return Ok(id);
            }
            n += 1;
        }
    }

    pub(super) fn revise(&self, annotation: AnnotationId, geometry: Geometry) -> Decision {
        let record = accept!(self.annotation(annotation));
        if let Err(error) = to_canonical(&geometry) {
            refuse!(Rejection::NotExact {
                why: error.to_string()
            });
        }
        some_if(
            record.geometry != geometry,
            Event::GeometryRevised { annotation, geometry },
        )
    }

    pub(super) fn revise_attributes(&self, annotation: AnnotationId, changes: &FactChanges) -> Decision {
        let record = accept!(self.annotation(annotation));
        let changes = effective_changes(&record.attributes, changes);
        some_if(
            !changes.is_empty(),
            Event::AttributesRevised { annotation, changes },
        )
    }

    pub(super) fn attach_source_id(&self, annotation: AnnotationId, source_id: String) -> Decision {
        accept!(self.annotation(annotation));
        let Some(lineage) = &self.context.lineage else {
            refuse!(Rejection::LineageNeeded)
        };
        let key = Key::source_id(annotation.image_prefix(), lineage, &source_id);
        let present: Option<SourceIdRecord> = read(self.state, &key)?;
        let changes = present.is_none_or(|record| record.annotation != annotation);
        some_if(
            changes,
            Event::SourceIdAttached {
                annotation,
                source_id,
            },
        )
    }

    pub(super) fn override_label(
        &self,
        annotation: AnnotationId,
        label: Option<Option<LabelId>>,
    ) -> Decision {
        accept!(self.annotation(annotation));
        if let Some(Some(label)) = label {
            accept!(self.label(label));
        }
        let present: Option<OverrideRecord> = read(self.state, &Key::label_override(annotation))?;
        let changes = present.map(|record| record.label) != label;
        some_if(changes, Event::LabelOverridden { annotation, label })
    }

    pub(super) fn rate(&self, annotation: AnnotationId, label: Option<LabelId>) -> Decision {
        accept!(self.annotation(annotation));
        if let Some(label) = label {
            accept!(self.label(label));
        }
        if self.context.annotator.is_none() {
            refuse!(Rejection::AnnotatorNeeded { command: "rate" });
        }
        one(Event::RatingGiven { annotation, label })
    }

    pub(super) fn relabel(&self, annotation: AnnotationId, label: Option<LabelId>) -> Decision {
        let record = accept!(self.annotation(annotation));
        if let Some(label) = label {
            accept!(self.label(label));
        }
        let said_already = match &self.context.annotator {
            Some(annotator) => self.last_rating(annotation, annotator)? == Some(label),
            None => true,
        };
        let changes = record.label != label || !said_already;
        some_if(changes, Event::AnnotationRelabelled { annotation, label })
    }

    /// The label of the annotator's latest rating in the context's round.
    fn last_rating(
        &self,
        annotation: AnnotationId,
        annotator: &Code,
    ) -> Result<Option<Option<LabelId>>, StateError> {
        let round = self.context.round_or_first();
        let mut last = None;
        scan_records(
            self.state,
            &Key::ratings_prefix(annotation),
            |key, record: RatingRecord| {
                if let Ok(KeyParts::Rating(rating)) = key.parts()
                    && rating.round == round
                    && rating.annotator == *annotator
                {
                    last = Some(record.label);
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok(last)
    }
}
