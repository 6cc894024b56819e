//! What an event is about, and what it did to it.

use crate::codec::to_canonical;
use crate::event::{Event, LoggedEvent};
use crate::id::{AnnotationId, Code, ImageId};
use crate::model::{Key, KeyParts, RatingKey};

/// What an event did to what it is about, or what a change asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Aspect {
    /// Made it.
    Created,
    /// Took it away.
    Withdrawn,
    /// Said what it is.
    Label,
    /// Said where it is.
    Geometry,
    /// Said how a source calls it.
    SourceId,
    /// Did anything with it.
    Anything,
}

/// Names the ratings of one annotator for one annotation in one round.
pub(super) fn rating_group(annotation: AnnotationId, round: u32, annotator: &Code) -> Key {
    Key::rating(&RatingKey {
        annotation,
        round,
        annotator: annotator.clone(),
        n: 0,
    })
}

/// Returns the group of ratings that an event adds one to.
pub(super) fn rating_given(logged: &LoggedEvent) -> Option<Key> {
    let annotator = logged.context.annotator.as_ref()?;
    let (Event::AnnotationCreated {
        annotation,
        label: Some(_),
        ..
    }
    | Event::AnnotationRelabelled { annotation, .. }
    | Event::RatingGiven { annotation, .. }) = &logged.event
    else {
        return None;
    };
    Some(rating_group(
        *annotation,
        logged.context.round_or_first(),
        annotator,
    ))
}

/// Returns the records that an event is about, and what it did to them.
pub(super) fn subjects(logged: &LoggedEvent) -> Vec<(Key, Aspect)> {
    let one = |key, aspect| vec![(key, aspect)];
    let about = |annotation: &AnnotationId, aspect| vec![(Key::annotation(*annotation), aspect)];
    match &logged.event {
        Event::ImageDeclared { name, .. } | Event::ImageIngested { name, .. } => {
            one(Key::image(ImageId::of_name(name)), Aspect::Created)
        }
        Event::ImageErased { image } | Event::ImageAssigned { image, .. } => {
            one(Key::image(*image), Aspect::Anything)
        }
        Event::CaseRegistered { code, .. } => one(Key::of(&KeyParts::Case(code.clone())), Aspect::Created),
        Event::SlideRegistered { code, .. } => one(Key::of(&KeyParts::Slide(code.clone())), Aspect::Created),
        Event::AnnotatorRegistered { code, .. } => one(Key::annotator(code), Aspect::Created),
        Event::PersonErased { .. } => Vec::new(),
        Event::LabelDefined { label, .. } => one(Key::label(*label), Aspect::Created),
        Event::LabelRenamed { label, .. } => one(Key::label(*label), Aspect::Anything),
        Event::FactsSet { entity, .. } => entity
            .key()
            .map(|key| one(key, Aspect::Anything))
            .unwrap_or_default(),
        Event::AnnotationCreated { annotation, .. } => about(annotation, Aspect::Created),
        Event::GeometryRevised { annotation, .. } => about(annotation, Aspect::Geometry),
        Event::AttributesRevised { annotation, .. } => about(annotation, Aspect::Anything),
        Event::AnnotationWithdrawn { annotation } => about(annotation, Aspect::Withdrawn),
        Event::AnnotationRelabelled { annotation, .. }
        | Event::RatingGiven { annotation, .. }
        | Event::LabelOverridden { annotation, .. } => about(annotation, Aspect::Label),
        Event::RatingWithdrawn { rating } => vec![
            (Key::annotation(rating.annotation), Aspect::Label),
            (Key::rating(rating), Aspect::Anything),
        ],
        Event::SourceIdAttached { annotation, .. } => about(annotation, Aspect::SourceId),
        Event::RegionScreened { .. } => screened(logged)
            .map(|key| one(key, Aspect::Created))
            .unwrap_or_default(),
        Event::RuleSet { .. } => one(Key::rule(), Aspect::Anything),
        Event::SplitAssigned { split, member, .. } => one(Key::split(split, member), Aspect::Anything),
        Event::RecordRestored { key, .. } => restored(key),
    }
}

/// Returns the key of the screening that an event records.
fn screened(logged: &LoggedEvent) -> Option<Key> {
    let Event::RegionScreened { image, region } = &logged.event else {
        return None;
    };
    let region = region.as_ref().map(to_canonical).transpose().ok()?;
    Some(Key::screening(
        image.prefix(),
        &region.unwrap_or_default(),
        logged.context.annotator.as_ref(),
        logged.context.round_or_first(),
    ))
}

/// A record that was put back explains any change of it; one that labels come from also the annotation's label.
fn restored(key: &Key) -> Vec<(Key, Aspect)> {
    let all = [
        Aspect::Withdrawn,
        Aspect::Created,
        Aspect::Label,
        Aspect::Geometry,
    ];
    let (annotation, aspects) = match key.parts() {
        Ok(KeyParts::Annotation(annotation)) => (Some(annotation), all.as_slice()),
        Ok(KeyParts::Override(annotation)) => (Some(annotation), &[Aspect::Label][..]),
        Ok(KeyParts::Rating(rating)) => (Some(rating.annotation), &[Aspect::Label][..]),
        _ => (None, &[][..]),
    };
    let mut found = vec![(key.clone(), Aspect::Anything)];
    for aspect in aspects {
        found.extend(annotation.map(|annotation| (Key::annotation(annotation), *aspect)));
    }
    found
}
