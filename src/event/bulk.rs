//! Creating many annotations of one image at once. Events, edits and refusals are those of one command after the other;
//! what they share is looked up once, each line and each record is written once, and edits are sorted once.

use std::collections::{BTreeSet, HashSet};

use crate::id::{AnnotationId, ImageId, LabelId};
use crate::model::{Facts, Geometry};

use super::batch::{BatchError, EventLines};
use super::command::{AnnotationIdentity, Rejection};
use super::context::Context;
use super::decide::Judge;
use super::evolve::{EvolveError, Scribe};
use super::line::EventFormat;
use super::overlay::Edits;
use super::state::{State, StateError};

/// An annotation to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAnnotation {
    /// The place.
    pub geometry: Geometry,
    /// Its label.
    pub label: Option<LabelId>,
    /// From what its id derives.
    pub identity: AnnotationIdentity,
    /// The id that the source of the context's lineage gives it.
    pub source_id: Option<String>,
    /// Whatever else is known of it.
    pub attributes: Facts,
}

/// What the creation of annotations leads to.
#[derive(Debug)]
pub struct Created {
    /// The events, as lines of a batch.
    pub lines: EventLines,
    /// What they do to the state.
    pub edits: Edits,
}

/// Annotations that cannot be created, for another reason than a refusal.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// An event does not fit the state.
    #[error(transparent)]
    Evolve(#[from] EvolveError),
    /// An event cannot be written.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

/// Creates annotations on an image. The inner error is the first refusal; nothing of the rest counts then.
///
/// # Errors
/// [`CreateError`] when the state cannot be read, or a number not be written exactly.
pub fn create_annotations(
    state: &dyn State,
    context: &Context,
    image: ImageId,
    annotations: impl IntoIterator<Item = NewAnnotation>,
) -> Result<Result<Created, Rejection>, CreateError> {
    let judge = Judge { state, context };
    let scribe = Scribe::of_creation(state, context);
    if let Err(rejection) = judge.may_annotate(image)? {
        return Ok(Err(rejection));
    }
    let mut lines = EventLines::of(context.clone(), EventFormat::AnnotationCreated);
    let mut edits = Vec::new();
    let mut labels: BTreeSet<LabelId> = BTreeSet::new();
    let mut taken: HashSet<AnnotationId> = HashSet::new();
    for new in annotations {
        if let Some(label) = new.label.filter(|label| !labels.contains(label)) {
            if let Err(rejection) = judge.label(label)? {
                return Ok(Err(rejection));
            }
            labels.insert(label);
        }
        let event = match judge.created(image, new, &|id| taken.contains(&id))? {
            Ok(event) => event,
            Err(rejection) => return Ok(Err(rejection)),
        };
        taken.extend(event.annotation());
        lines.push(&event)?;
        scribe.create(event, &mut edits)?;
    }
    Ok(Ok(Created {
        lines,
        edits: Edits::from(edits),
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{
        BatchReader, BatchWriter, Command, EmptyState, Event, Overlay, SealedBatch, decide, evolve,
    };
    use super::*;
    use crate::id::Code;
    use crate::model::AnnotatorKind;

    fn image() -> ImageId {
        ImageId::of_name("1.tiff")
    }

    fn label(n: u8) -> LabelId {
        LabelId::of_name(&format!("label {n}"), 0)
    }

    /// An image, two labels, an annotator, and an annotation.
    fn base() -> Overlay<'static> {
        let mut state = Overlay::new(&EmptyState);
        let context = Context {
            lineage: Some("coco-1".to_owned()),
            ..Context::default()
        };
        let define = |n: u8| Command::DefineLabel {
            name: format!("label {n}"),
            facts: Facts::new(),
        };
        let declare = Command::DeclareImage {
            name: "1.tiff".to_owned(),
            facts: Facts::new(),
        };
        let register = Command::RegisterAnnotator {
            code: Code::parse("human-1").unwrap(),
            kind: AnnotatorKind::Human,
            name: None,
            person: None,
        };
        let known = annotate(NewAnnotation {
            geometry: Geometry::point(1.0, 2.0),
            label: None,
            identity: AnnotationIdentity::Source,
            source_id: Some("7".to_owned()),
            attributes: Facts::new(),
        });
        for command in [declare, define(0), define(1), register, known] {
            for event in decide(&state, &context, command).unwrap().unwrap() {
                let edits = evolve(&state, &context, &event).unwrap();
                state.apply(edits);
            }
        }
        state
    }

    fn annotate(new: NewAnnotation) -> Command {
        Command::Annotate {
            image: image(),
            geometry: new.geometry,
            label: new.label,
            identity: new.identity,
            source_id: new.source_id,
            attributes: new.attributes,
            image_version: None,
        }
    }

    fn one_by_one(
        base: &Overlay<'_>,
        context: &Context,
        annotations: Vec<NewAnnotation>,
    ) -> Result<(Vec<Event>, Edits), Rejection> {
        let mut state = Overlay::new(base);
        let mut events = Vec::new();
        for new in annotations {
            for event in decide(&state, context, annotate(new)).unwrap()? {
                let edits = evolve(&state, context, &event).unwrap();
                state.apply(edits);
                events.push(event);
            }
        }
        Ok((events, state.into_edits()))
    }

    /// The batches of lines that come behind `before`.
    fn batches(before: &[Event], context: &Context, lines: &EventLines) -> Vec<SealedBatch> {
        let mut writer = BatchWriter::new();
        for event in before {
            writer.push(&Context::default(), event).unwrap();
        }
        let mut sealed = Vec::new();
        let mut next = 0;
        while next < lines.len() {
            next = writer.push_lines(lines, next).unwrap();
            if writer.is_full() {
                sealed.extend(writer.seal());
            }
        }
        sealed.extend(writer.seal());
        assert_eq!(lines.context(), context);
        sealed
    }

    fn plain_batches(before: &[Event], context: &Context, events: &[Event]) -> Vec<SealedBatch> {
        let mut writer = BatchWriter::new();
        for event in before {
            writer.push(&Context::default(), event).unwrap();
        }
        let mut sealed = Vec::new();
        for event in events {
            writer.push(context, event).unwrap();
            if writer.is_full() {
                sealed.extend(writer.seal());
            }
        }
        sealed.extend(writer.seal());
        sealed
    }

    fn new() -> impl Strategy<Value = NewAnnotation> {
        let identity = prop_oneof![
            4 => Just(AnnotationIdentity::Content),
            4 => Just(AnnotationIdentity::Source),
            1 => any::<[u8; 16]>().prop_map(AnnotationIdentity::Uuid),
        ];
        let source_id = proptest::option::weighted(0.95, (8_u32..200).prop_map(|id| id.to_string()));
        let label = proptest::option::of((0_u8..200).prop_map(|n| label(n % 100 / 50)));
        ((0_u8..4, 0_u8..4), label, identity, source_id).prop_map(|((x, y), label, identity, source_id)| {
            NewAnnotation {
                geometry: Geometry::rectangle(f64::from(x) / 2.0, f64::from(y), 50.0, 50.0),
                label,
                identity,
                source_id,
                attributes: Facts::new(),
            }
        })
    }

    proptest! {
        #[test]
        fn many_at_once_are_as_one_after_the_other(
            all in proptest::collection::vec(new(), 0..40),
            has_annotator in any::<bool>(),
            comes_first in any::<bool>(),
        ) {
            let base = base();
            let context = Context {
                lineage: Some("coco-1".to_owned()),
                annotator: has_annotator.then(|| Code::parse("human-1").unwrap()),
                ..Context::default()
            };
            let expected = one_by_one(&base, &context, all.clone());
            let found = create_annotations(&base, &context, image(), all).unwrap();
            let before = if comes_first { Vec::new() } else { vec![Event::AnnotationWithdrawn {
                annotation: AnnotationId::from_source(&image(), "x", "y"),
            }] };
            match (expected, found) {
                (Ok((events, edits)), Ok(created)) => {
                    prop_assert_eq!(&created.edits, &edits);
                    prop_assert_eq!(created.edits.size_bytes(), edits.size_bytes());
                    let sealed = batches(&before, &context, &created.lines);
                    prop_assert_eq!(&sealed, &plain_batches(&before, &context, &events));
                    let read: Vec<Event> = sealed
                        .iter()
                        .flat_map(|batch| BatchReader::new(&batch.bytes).unwrap())
                        .map(|event| event.unwrap().event)
                        .collect();
                    prop_assert_eq!(&read[before.len()..], &events[..]);
                }
                (Err(expected), Err(found)) => prop_assert_eq!(found, expected),
                (expected, found) => prop_assert!(false, "{:?} and {:?}", expected.is_ok(), found.is_ok()),
            }
        }
    }
}
