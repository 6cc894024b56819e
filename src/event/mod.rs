//! Event sourcing, pure: a command is decided against a state into events or a rejection, and an event evolves a
//! state into edits of its records. No I/O, no clock, no randomness; time and author come in with the context.

mod batch;
mod bulk;
mod command;
mod context;
mod created;
mod creations;
mod decide;
mod evolve;
mod line;
mod overlay;
mod state;
mod written;

pub use batch::{
    BATCH_SIZE_MAX, BatchError, BatchHeader, BatchPart, BatchReader, BatchWriter, ContextOrigin, EventLines,
    LineEvent, ReadLine, SealedBatch,
};
pub use bulk::{CreateError, Created, NewAnnotation, create_annotations};
pub use command::{AnnotationIdentity, Command, Rejection};
pub use context::{Context, Tool};
pub use created::CreatedLine;
pub use creations::Creations;
pub(crate) use decide::check_image_name;
pub use decide::{check_text, decide};
pub use evolve::{Edit, EvolveError, evolve, evolve_line};
pub use line::{EventError, EventFormat, EventWire};
pub use overlay::{Edits, Overlay};
pub use state::{
    EmptyState, State, StateError, Visit, all_records, decode_under, find_image, read, scan_records,
};
pub use written::EventLine;

use serde_json::Value;

use crate::id::{AnnotationId, BlobId, Code, ImageId, LabelId, PrivateId};
use crate::model::{
    AnnotatorKind, EntityKind, FactChanges, Facts, Geometry, ImageFile, Key, KeyParts, RatingKey, Rule,
};

/// What facts are about: the kind of entity and its id as text (empty for the dataset).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityRef {
    /// Dataset, case, slide, image, annotator or label.
    pub kind: EntityKind,
    /// The id: a code, or hex digits; empty for the dataset.
    pub id: String,
}

impl EntityRef {
    /// The whole dataset.
    #[must_use]
    pub const fn dataset() -> Self {
        Self {
            kind: EntityKind::Dataset,
            id: String::new(),
        }
    }

    /// An image.
    #[must_use]
    pub fn image(image: ImageId) -> Self {
        Self {
            kind: EntityKind::Image,
            id: image.to_string(),
        }
    }

    /// Returns the key of the record that holds the facts; `None` when nothing of this kind and id has any.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        let code = || Code::parse(&self.id).ok();
        match self.kind {
            EntityKind::Dataset => Some(Key::dataset()),
            EntityKind::Case => Some(Key::of(&KeyParts::Case(code()?))),
            EntityKind::Slide => Some(Key::of(&KeyParts::Slide(code()?))),
            EntityKind::Image => ImageId::parse(&self.id).ok().map(Key::image),
            EntityKind::Annotator => Some(Key::annotator(&code()?)),
            EntityKind::Label => LabelId::parse(&self.id).ok().map(Key::label),
            EntityKind::Rule
            | EntityKind::Annotation
            | EntityKind::Rating
            | EntityKind::Override
            | EntityKind::SourceId
            | EntityKind::Screening
            | EntityKind::Split => None,
        }
    }
}

/// An immutable fact about the dataset. Who, when and why are in its [`Context`].
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// An image is known by name, without bytes.
    ImageDeclared {
        /// Its NFC name.
        name: String,
        /// What is known of it.
        facts: Facts,
    },
    /// Bytes of an image came in: the first, or a new version.
    ImageIngested {
        /// Its NFC name.
        name: String,
        /// Its files.
        files: Vec<ImageFile>,
        /// What their headers say.
        facts: Facts,
    },
    /// The bytes of an image were destroyed; the fact remains.
    ImageErased {
        /// The image.
        image: ImageId,
    },
    /// An image was assigned to a case or slide, or taken from it.
    ImageAssigned {
        /// The image.
        image: ImageId,
        /// The case.
        case: Option<Code>,
        /// The slide.
        slide: Option<Code>,
    },
    /// A case became known.
    CaseRegistered {
        /// Its pseudonymous name.
        code: Code,
        /// The private object that holds the source's case number.
        source: Option<PrivateId>,
    },
    /// A slide became known.
    SlideRegistered {
        /// Its name.
        code: Code,
        /// The case that it is of.
        case: Option<Code>,
    },
    /// Somebody who rates became known.
    AnnotatorRegistered {
        /// The pseudonymous name.
        code: Code,
        /// Person, model or procedure.
        kind: AnnotatorKind,
        /// The name of a model or procedure.
        name: Option<String>,
        /// The private object that holds a person's name.
        person: Option<PrivateId>,
    },
    /// Personal data were destroyed; the fact remains.
    PersonErased {
        /// The private objects.
        private: Vec<PrivateId>,
    },
    /// A label was added to the scheme.
    LabelDefined {
        /// Its id for good.
        label: LabelId,
        /// Its first name.
        name: String,
        /// Colour, description, …
        facts: Facts,
    },
    /// A label got another name: one event, not one for each annotation.
    LabelRenamed {
        /// The label.
        label: LabelId,
        /// The new name.
        name: String,
    },
    /// Facts were stated or taken away.
    FactsSet {
        /// About what.
        entity: EntityRef,
        /// The new values.
        changes: FactChanges,
    },
    /// A place was marked; with a label and an annotator it is that annotator's rating, too.
    AnnotationCreated {
        /// Its id.
        annotation: AnnotationId,
        /// The place.
        geometry: Geometry,
        /// Its label.
        label: Option<LabelId>,
        /// The id that the source of the context's lineage gives it.
        source_id: Option<String>,
        /// Whatever else is known of it.
        attributes: Facts,
        /// The image version that it was drawn on, where known.
        image_version: Option<BlobId>,
    },
    /// An annotation was moved or reshaped.
    GeometryRevised {
        /// The annotation.
        annotation: AnnotationId,
        /// The new place.
        geometry: Geometry,
    },
    /// Attributes of an annotation were stated or taken away.
    AttributesRevised {
        /// The annotation.
        annotation: AnnotationId,
        /// The new values.
        changes: FactChanges,
    },
    /// The recorded label was replaced; with an annotator it is that annotator's rating, too.
    AnnotationRelabelled {
        /// The annotation.
        annotation: AnnotationId,
        /// The new label.
        label: Option<LabelId>,
    },
    /// An annotation was retracted, with its ratings and aliases; it stays in history.
    AnnotationWithdrawn {
        /// The annotation.
        annotation: AnnotationId,
    },
    /// An annotator gave a label, or no opinion.
    RatingGiven {
        /// The annotation.
        annotation: AnnotationId,
        /// The label; `None` is *no opinion*.
        label: Option<LabelId>,
    },
    /// A rating was retracted.
    RatingWithdrawn {
        /// Which.
        rating: RatingKey,
    },
    /// A source's id was attached to an annotation (of the context's lineage).
    SourceIdAttached {
        /// The annotation.
        annotation: AnnotationId,
        /// The id.
        source_id: String,
    },
    /// An area was searched completely.
    RegionScreened {
        /// The image.
        image: ImageId,
        /// The area; `None` is the whole image.
        region: Option<Geometry>,
    },
    /// A rule came into force.
    RuleSet {
        /// The rule.
        rule: Rule,
    },
    /// An exception from the rule was logged, or taken back.
    LabelOverridden {
        /// The annotation.
        annotation: AnnotationId,
        /// `None` takes the exception back; `Some(None)` agrees on *undecided*.
        label: Option<Option<LabelId>>,
    },
    /// A case, or an image that is its own case, was put into a part of a split.
    SplitAssigned {
        /// The split.
        split: String,
        /// A case's code, or an image's id in hex digits.
        member: String,
        /// The part; `None` takes it out.
        part: Option<String>,
    },
    /// A record was put back to an earlier value, by a revert or a merge.
    RecordRestored {
        /// The record's key.
        key: Key,
        /// The value; `None` takes the record away.
        record: Option<Value>,
    },
}

/// An event with everything around it.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent {
    /// Who, when, with what, why.
    pub context: Context,
    /// What happened.
    pub event: Event,
}

impl Event {
    /// Returns the annotation that the event is about, where it is about one.
    #[must_use]
    pub fn annotation(&self) -> Option<AnnotationId> {
        match self {
            Self::AnnotationCreated { annotation, .. }
            | Self::GeometryRevised { annotation, .. }
            | Self::AttributesRevised { annotation, .. }
            | Self::AnnotationRelabelled { annotation, .. }
            | Self::AnnotationWithdrawn { annotation }
            | Self::RatingGiven { annotation, .. }
            | Self::SourceIdAttached { annotation, .. }
            | Self::LabelOverridden { annotation, .. } => Some(*annotation),
            Self::RatingWithdrawn { rating } => Some(rating.annotation),
            Self::RecordRestored { key, .. } => annotation_of_key(key),
            Self::ImageDeclared { .. }
            | Self::ImageIngested { .. }
            | Self::ImageErased { .. }
            | Self::ImageAssigned { .. }
            | Self::CaseRegistered { .. }
            | Self::SlideRegistered { .. }
            | Self::AnnotatorRegistered { .. }
            | Self::PersonErased { .. }
            | Self::LabelDefined { .. }
            | Self::LabelRenamed { .. }
            | Self::FactsSet { .. }
            | Self::RegionScreened { .. }
            | Self::RuleSet { .. }
            | Self::SplitAssigned { .. } => None,
        }
    }

    /// Returns the prefix of the image that the event is about, where it is about one.
    #[must_use]
    pub fn image_prefix(&self) -> Option<crate::id::ImagePrefix> {
        if let Some(annotation) = self.annotation() {
            return Some(annotation.image_prefix());
        }
        match self {
            Self::ImageDeclared { name, .. } | Self::ImageIngested { name, .. } => {
                Some(ImageId::of_name(name).prefix())
            }
            Self::ImageErased { image }
            | Self::ImageAssigned { image, .. }
            | Self::RegionScreened { image, .. } => Some(image.prefix()),
            Self::FactsSet { entity, .. } if entity.kind == EntityKind::Image => {
                ImageId::parse(&entity.id).ok().map(|image| image.prefix())
            }
            Self::RecordRestored { key, .. } => key.image_prefix(),
            Self::FactsSet { .. }
            | Self::CaseRegistered { .. }
            | Self::SlideRegistered { .. }
            | Self::AnnotatorRegistered { .. }
            | Self::PersonErased { .. }
            | Self::LabelDefined { .. }
            | Self::LabelRenamed { .. }
            | Self::RuleSet { .. }
            | Self::SplitAssigned { .. }
            | Self::AnnotationCreated { .. }
            | Self::GeometryRevised { .. }
            | Self::AttributesRevised { .. }
            | Self::AnnotationRelabelled { .. }
            | Self::AnnotationWithdrawn { .. }
            | Self::RatingGiven { .. }
            | Self::RatingWithdrawn { .. }
            | Self::SourceIdAttached { .. }
            | Self::LabelOverridden { .. } => None,
        }
    }
}

fn annotation_of_key(key: &Key) -> Option<AnnotationId> {
    match key.parts().ok()? {
        KeyParts::Annotation(annotation) | KeyParts::Override(annotation) => Some(annotation),
        KeyParts::Rating(rating) => Some(rating.annotation),
        KeyParts::Dataset
        | KeyParts::Rule
        | KeyParts::Case(_)
        | KeyParts::Slide(_)
        | KeyParts::Image(_)
        | KeyParts::Annotator(_)
        | KeyParts::Label(_)
        | KeyParts::SourceId(..)
        | KeyParts::Screening(..)
        | KeyParts::Split(_) => None,
    }
}

#[cfg(test)]
mod tests;
