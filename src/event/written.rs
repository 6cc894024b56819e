//! One event as it is written to a line of a batch: borrowed from the event, so that nothing is copied first. The
//! members are those of [`EventWire`](super::EventWire), which reads them back.

use serde::Serialize;
use serde_json::Value;

use crate::id::{AnnotationId, BlobId, Code, ImageId, LabelId, PrivateId};
use crate::model::{AnnotatorKind, EntityKind, FactChanges, Facts, Geometry, ImageFile, Rule};

use super::Event;
use super::context::ContextWire;

/// An event as it is written: borrowed, its members in canonical order. Format and context are the batch's to add.
#[derive(Default, Serialize)]
pub struct EventLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    annotation: Option<AnnotationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotator: Option<&'a Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<ContextWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'a FactChanges>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<EntityKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<&'a Facts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [ImageFile]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geometry: Option<&'a Geometry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_version: Option<BlobId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<AnnotatorKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<LabelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<PrivateId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private: Option<&'a [PrivateId]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a Geometry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    round: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slide: Option<&'a Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<PrivateId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_back: Option<bool>,
}

fn facts_of(facts: &Facts) -> Option<&Facts> {
    (!facts.is_empty()).then_some(facts)
}

impl<'a> EventLine<'a> {
    /// An event's own members.
    #[must_use]
    pub fn of(event: &'a Event) -> Self {
        let mut line = Self::default();
        match event {
            Event::ImageDeclared { name, facts } => {
                (line.name, line.facts) = (Some(name.as_str()), facts_of(facts));
            }
            Event::ImageIngested { name, files, facts } => {
                (line.name, line.facts) = (Some(name.as_str()), facts_of(facts));
                line.files = (!files.is_empty()).then_some(files.as_slice());
            }
            Event::ImageErased { image } => line.image = Some(*image),
            Event::ImageAssigned { image, case, slide } => {
                (line.image, line.case, line.slide) = (Some(*image), case.as_ref(), slide.as_ref());
            }
            Event::CaseRegistered { code, source } => (line.code, line.source) = (Some(code), *source),
            Event::SlideRegistered { code, case } => (line.code, line.case) = (Some(code), case.as_ref()),
            Event::AnnotatorRegistered {
                code,
                kind,
                name,
                person,
            } => {
                (line.code, line.kind) = (Some(code), Some(*kind));
                (line.name, line.person) = (name.as_deref(), *person);
            }
            Event::PersonErased { private } => {
                line.private = (!private.is_empty()).then_some(private.as_slice());
            }
            Event::LabelDefined { label, name, facts } => {
                (line.label, line.name, line.facts) = (Some(*label), Some(name.as_str()), facts_of(facts));
            }
            Event::LabelRenamed { label, name } => {
                (line.label, line.name) = (Some(*label), Some(name.as_str()))
            }
            Event::FactsSet { entity, changes } => {
                line.id = (entity.kind != EntityKind::Dataset).then_some(entity.id.as_str());
                (line.entity, line.changes) = (Some(entity.kind), Some(changes));
            }
            other @ (Event::AnnotationCreated { .. }
            | Event::GeometryRevised { .. }
            | Event::AttributesRevised { .. }
            | Event::AnnotationRelabelled { .. }
            | Event::AnnotationWithdrawn { .. }
            | Event::RatingGiven { .. }
            | Event::RatingWithdrawn { .. }
            | Event::SourceIdAttached { .. }
            | Event::LabelOverridden { .. }
            | Event::RegionScreened { .. }
            | Event::RuleSet { .. }
            | Event::SplitAssigned { .. }
            | Event::RecordRestored { .. }) => line.set_other_event(other),
        }
        line
    }

    fn set_other_event(&mut self, event: &'a Event) {
        self.annotation = event.annotation();
        match event {
            Event::AnnotationCreated {
                geometry,
                label,
                source_id,
                attributes,
                image_version,
                ..
            } => {
                (self.geometry, self.label) = (Some(geometry), *label);
                (self.source_id, self.attributes) = (source_id.as_deref(), facts_of(attributes));
                self.image_version = *image_version;
            }
            Event::GeometryRevised { geometry, .. } => self.geometry = Some(geometry),
            Event::AttributesRevised { changes, .. } => self.changes = Some(changes),
            Event::AnnotationRelabelled { label, .. } | Event::RatingGiven { label, .. } => {
                self.label = *label;
            }
            Event::AnnotationWithdrawn { .. } => {}
            Event::RatingWithdrawn { rating } => {
                self.annotator = Some(&rating.annotator);
                (self.round, self.n) = (Some(rating.round), Some(rating.n));
            }
            Event::SourceIdAttached { source_id, .. } => self.source_id = Some(source_id),
            Event::RegionScreened { image, region } => {
                (self.image, self.region) = (Some(*image), region.as_ref());
            }
            Event::RuleSet { rule } => self.rule = Some(rule),
            Event::LabelOverridden { label, .. } => {
                self.taken_back = label.is_none().then_some(true);
                self.label = label.flatten();
            }
            Event::SplitAssigned { split, member, part } => {
                (self.split, self.member, self.part) =
                    (Some(split.as_str()), Some(member.as_str()), part.as_deref());
            }
            Event::RecordRestored { key, record } => {
                self.annotation = None;
                (self.key, self.record) = (Some(key.to_string()), record.as_ref());
            }
            Event::ImageDeclared { .. }
            | Event::ImageIngested { .. }
            | Event::ImageErased { .. }
            | Event::ImageAssigned { .. }
            | Event::CaseRegistered { .. }
            | Event::SlideRegistered { .. }
            | Event::AnnotatorRegistered { .. }
            | Event::PersonErased { .. }
            | Event::LabelDefined { .. }
            | Event::LabelRenamed { .. }
            | Event::FactsSet { .. } => {}
        }
    }
}
