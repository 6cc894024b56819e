//! What may be asked for, and why it may be refused.

use crate::id::{AnnotationId, BlobId, Code, ImageId, LabelId, PrivateId};
use crate::model::{AnnotatorKind, FactChanges, Facts, Geometry, ImageFile, Key, Rule};

use super::EntityRef;

/// From what an annotation's id derives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnnotationIdentity {
    /// A UUID of the source.
    Uuid([u8; 16]),
    /// All of an id that went out with an export and came back.
    Given(AnnotationId),
    /// The source's id within the context's lineage.
    Source,
    /// Geometry, label and annotator.
    Content,
}

/// A request. Members are as in the events that it leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Bring in an image by name only.
    DeclareImage {
        /// Its NFC name.
        name: String,
        /// What is known of it.
        facts: Facts,
    },
    /// Bring in the bytes of an image.
    IngestImage {
        /// Its NFC name.
        name: String,
        /// Its files, already stored.
        files: Vec<ImageFile>,
        /// What their headers say.
        facts: Facts,
    },
    /// Destroy the bytes of an image.
    EraseImage {
        /// The image.
        image: ImageId,
    },
    /// Assign an image to a case and slide.
    AssignImage {
        /// The image.
        image: ImageId,
        /// The case.
        case: Option<Code>,
        /// The slide.
        slide: Option<Code>,
    },
    /// Make a case known.
    RegisterCase {
        /// Its pseudonymous name.
        code: Code,
        /// The private object that holds the source's case number.
        source: Option<PrivateId>,
    },
    /// Make a slide known.
    RegisterSlide {
        /// Its name.
        code: Code,
        /// The case that it is of.
        case: Option<Code>,
    },
    /// Make somebody who rates known.
    RegisterAnnotator {
        /// The pseudonymous name.
        code: Code,
        /// Person, model or procedure.
        kind: AnnotatorKind,
        /// The name of a model or procedure.
        name: Option<String>,
        /// The private object that holds a person's name.
        person: Option<PrivateId>,
    },
    /// Destroy personal data.
    ErasePerson {
        /// The private objects.
        private: Vec<PrivateId>,
    },
    /// Add a label to the scheme.
    DefineLabel {
        /// Its name.
        name: String,
        /// Colour, description, …
        facts: Facts,
    },
    /// Give a label another name.
    RenameLabel {
        /// The label.
        label: LabelId,
        /// The new name.
        to: String,
    },
    /// State facts or take them away.
    SetFacts {
        /// About what.
        entity: EntityRef,
        /// The new values.
        changes: FactChanges,
    },
    /// Mark a place.
    Annotate {
        /// The image.
        image: ImageId,
        /// The place.
        geometry: Geometry,
        /// Its label.
        label: Option<LabelId>,
        /// From what its id derives.
        identity: AnnotationIdentity,
        /// The id that the source of the context's lineage gives it.
        source_id: Option<String>,
        /// Whatever else is known of it.
        attributes: Facts,
        /// The image version that it was drawn on, where known.
        image_version: Option<BlobId>,
    },
    /// Move or reshape an annotation.
    Revise {
        /// The annotation.
        annotation: AnnotationId,
        /// The new place.
        geometry: Geometry,
    },
    /// State attributes of an annotation or take them away.
    ReviseAttributes {
        /// The annotation.
        annotation: AnnotationId,
        /// The new values.
        changes: FactChanges,
    },
    /// Replace the recorded label, and rate.
    Relabel {
        /// The annotation.
        annotation: AnnotationId,
        /// The new label.
        label: Option<LabelId>,
    },
    /// Rate, without a change of the recorded label.
    Rate {
        /// The annotation.
        annotation: AnnotationId,
        /// The label; `None` is *no opinion*.
        label: Option<LabelId>,
    },
    /// Retract an annotation.
    Withdraw {
        /// The annotation.
        annotation: AnnotationId,
    },
    /// Attach a source's id (of the context's lineage) to an annotation.
    AttachSourceId {
        /// The annotation.
        annotation: AnnotationId,
        /// The id.
        source_id: String,
    },
    /// Declare an area completely searched.
    Screen {
        /// The image.
        image: ImageId,
        /// The area; `None` is the whole image.
        region: Option<Geometry>,
    },
    /// Bring a rule into force.
    SetRule {
        /// The rule.
        rule: Rule,
    },
    /// Log an exception from the rule, or take it back.
    Override {
        /// The annotation.
        annotation: AnnotationId,
        /// `None` takes the exception back; `Some(None)` agrees on *undecided*.
        label: Option<Option<LabelId>>,
    },
    /// Put a case, or an image that is its own case, into a part of a split.
    AssignSplit {
        /// The split.
        split: String,
        /// A case's code, or an image's id in hex digits.
        member: String,
        /// The part; `None` takes it out.
        part: Option<String>,
    },
    /// Put a record back to an earlier value.
    Restore {
        /// The record's key.
        key: Key,
        /// The canonical bytes that must stand there now; `None` when none may.
        expected: Option<Vec<u8>>,
        /// The canonical bytes that shall stand there; `None` when none shall.
        record: Option<Vec<u8>>,
    },
}

/// Why a request is refused. A value, not a failure: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The image is not known.
    #[error("there is no image {image}")]
    UnknownImage {
        /// Its id or name.
        image: String,
    },
    /// The annotation is not known, or was withdrawn.
    #[error("there is no annotation {annotation} in this version")]
    UnknownAnnotation {
        /// The annotation.
        annotation: AnnotationId,
    },
    /// The label is not in the scheme.
    #[error("there is no label {label}")]
    UnknownLabel {
        /// The label.
        label: LabelId,
    },
    /// The annotator is not known.
    #[error("there is no annotator {code}")]
    UnknownAnnotator {
        /// The code.
        code: Code,
    },
    /// Something else that facts are stated about is not known.
    #[error("there is no {kind} {id}")]
    UnknownEntity {
        /// Its kind.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// The command needs somebody who rates.
    #[error("{command} needs an annotator")]
    AnnotatorNeeded {
        /// The command.
        command: &'static str,
    },
    /// A name is taken.
    #[error("the {kind} '{name}' exists already")]
    NameTaken {
        /// Of what.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A name is empty, or has characters that no name can have.
    #[error("'{name}' cannot be the name of {kind}: {why}")]
    BadName {
        /// Of what.
        kind: &'static str,
        /// The name.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// Another image's id begins with the same 8 bytes.
    #[error("the image '{name}' cannot be told from '{other}' by the first 8 bytes of its id; rename one")]
    ImagePrefixTaken {
        /// The image.
        name: String,
        /// The one that is there.
        other: String,
    },
    /// An annotation with this id exists.
    #[error("the annotation {annotation} exists already")]
    AnnotationExists {
        /// The annotation.
        annotation: AnnotationId,
    },
    /// The annotation is on another image than its id says.
    #[error("the annotation {annotation} does not belong to image {image}")]
    ForeignAnnotation {
        /// The annotation.
        annotation: AnnotationId,
        /// The image.
        image: ImageId,
    },
    /// The rating is not there.
    #[error("there is no such rating of annotation {annotation}")]
    UnknownRating {
        /// The annotation.
        annotation: AnnotationId,
    },
    /// The command needs a lineage.
    #[error("a source id needs the lineage that it belongs to")]
    LineageNeeded,
    /// The bytes of the image are gone.
    #[error("the image {image} was erased")]
    Erased {
        /// The image.
        image: ImageId,
    },
    /// What is to be restored was changed since.
    #[error("the {kind} {id} was changed since")]
    ChangedSince {
        /// Its kind.
        kind: &'static str,
        /// The key or id.
        id: String,
    },
    /// A value cannot be kept exactly.
    #[error("cannot be stored exactly: {why}")]
    NotExact {
        /// Why.
        why: String,
    },
}
