//! Creations of annotations that follow each other in the log: each is checked against the state and those before it, and
//! what they do is sorted once for each image. No other event may be applied in between.

use std::collections::HashSet;

use crate::id::{AnnotationId, ImagePrefix};
use crate::model::Key;

use super::context::Context;
use super::created::CreatedLine;
use super::evolve::{Edit, EvolveError, Scribe, create_line};
use super::overlay::Edits;
use super::state::State;

/// Creations on one image that are not among the edits yet.
#[derive(Debug, Default)]
pub struct Creations {
    image: Option<ImagePrefix>,
    made: HashSet<AnnotationId>,
    edits: Vec<Edit>,
}

impl Creations {
    /// Whether a creation on this image can be taken in; else those on another one have to be [settled](Self::settle) first.
    #[must_use]
    pub fn take(&self, image: ImagePrefix) -> bool {
        self.image.is_none_or(|own| own == image)
    }

    /// Takes a creation in. `state` holds everything but the creations here.
    ///
    /// # Errors
    /// [`EvolveError`] when it does not fit.
    pub fn add(
        &mut self,
        state: &dyn State,
        context: &Context,
        created: &CreatedLine<'_>,
    ) -> Result<(), EvolveError> {
        if !self.made.insert(created.annotation) {
            let key = Key::annotation(created.annotation);
            return Err(Scribe::of_creation(state, context).exists(&key));
        }
        self.image = Some(created.annotation.image_prefix());
        create_line(state, context, created, &mut self.edits)
    }

    /// Puts what was taken in to the edits.
    pub fn settle(&mut self, edits: &mut Edits) {
        if let Some(image) = self.image.take() {
            edits.apply_sorted(Some(image), std::mem::take(&mut self.edits));
            self.made.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{BatchReader, BatchWriter, EmptyState, Event, LineEvent, Overlay, evolve_line};
    use crate::id::{Code, ImageId, LabelId};
    use crate::model::{Facts, Geometry};

    fn event((image, own, label, alias): (u8, u8, bool, u8)) -> Event {
        let image = ImageId::of_name(&format!("{image}"));
        Event::AnnotationCreated {
            annotation: AnnotationId::from_source(&image, "l", &own.to_string()),
            geometry: Geometry::point(f64::from(own), 2.0),
            label: label.then(|| LabelId::of_name("a", 0)),
            source_id: (alias > 0).then(|| alias.to_string()),
            attributes: Facts::new(),
            image_version: None,
        }
    }

    #[test]
    fn creations_on_one_image_are_taken_in_together() {
        let (one, other) = (ImageId::of_name("1").prefix(), ImageId::of_name("2").prefix());
        let mut creations = Creations::default();
        assert!(creations.take(one) && creations.take(other));
        let mut writer = BatchWriter::new();
        writer
            .push(&Context::default(), &event((1, 1, false, 0)))
            .unwrap();
        let bytes = writer.seal().unwrap().bytes;
        let mut reader = BatchReader::new(&bytes).unwrap();
        let line = reader.next_line().unwrap().unwrap();
        let LineEvent::Created(created) = &line.event else {
            unreachable!()
        };
        creations.add(&EmptyState, line.context, created).unwrap();
        assert!(creations.take(one) && !creations.take(other));
        creations.settle(&mut Edits::default());
        assert!(creations.take(other));
    }

    proptest! {
        #[test]
        fn creations_in_a_row_do_what_they_do_one_by_one(
            parts in prop::collection::vec((0_u8..3, 0_u8..60, any::<bool>(), 0_u8..9), 1..30),
            has_annotator in any::<bool>(),
            known in prop::option::of((0_u8..3, 0_u8..60)),
        ) {
            let context = Context {
                lineage: Some("l".to_owned()),
                annotator: has_annotator.then(|| Code::parse("human-1").unwrap()),
                ..Context::default()
            };
            let mut base = Overlay::new(&EmptyState);
            if let Some((image, own)) = known {
                base.apply(super::super::evolve(&EmptyState, &context, &event((image, own, true, 1))).unwrap());
            }
            let mut writer = BatchWriter::new();
            for part in parts {
                writer.push(&context, &event(part)).unwrap();
            }
            let bytes = writer.seal().unwrap().bytes;
            let mut reader = BatchReader::new(&bytes).unwrap();
            let mut one_by_one = Overlay::new(&base);
            let mut together = Overlay::new(&base);
            let mut creations = Creations::default();
            while let Some(line) = reader.next_line() {
                let line = line.unwrap();
                let LineEvent::Created(created) = &line.event else { unreachable!() };
                let expected = evolve_line(&one_by_one, line.context, &line.event);
                if !creations.take(created.annotation.image_prefix()) {
                    together.settle(&mut creations);
                }
                let found = creations.add(&together, line.context, created);
                match (expected, found) {
                    (Ok(edits), Ok(())) => one_by_one.apply(edits),
                    (Err(expected), Err(found)) => {
                        prop_assert_eq!(found.to_string(), expected.to_string());
                        return Ok(());
                    }
                    (expected, found) => prop_assert!(false, "{:?} and {:?}", expected, found),
                }
            }
            together.settle(&mut creations);
            let (expected, found) = (one_by_one.into_edits(), together.into_edits());
            prop_assert!(found.size_bytes() >= expected.iter().count());
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
        }
    }
}
