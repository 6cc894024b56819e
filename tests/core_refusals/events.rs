//! Events that do not fit the state, and states that cannot be read: told, and no edit is given.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use holotype::event::{
    BatchReader, BatchWriter, Command, Context, EntityRef, Event, EvolveError, State, StateError, Visit,
    all_records, decide, evolve, find_image,
};
use holotype::id::{AnnotationId, ImageId, LabelId};
use holotype::model::{
    EntityKind, FactChanges, FactValue, Facts, Geometry, ImageRecord, Key, KeyParts, LabelRecord, RatingKey,
};
use serde_json::json;

use super::commands::{Bench, code};

/// What an event of something that is not there, or is there already, is told by.
fn refusal(bench: &Bench, context: &Context, event: &Event) -> &'static str {
    let before = bench.state.edits().clone();
    let told = match evolve(&bench.state, context, event) {
        Err(EvolveError::Missing { .. }) => "missing",
        Err(EvolveError::Exists { .. }) => "exists",
        Err(EvolveError::Invalid { .. }) => "invalid",
        Err(_) => "other",
        Ok(_) => "fits",
    };
    assert_eq!(bench.state.edits(), &before, "{event:?}");
    told
}

fn changes() -> FactChanges {
    BTreeMap::from([("a".to_owned(), Some(FactValue::Flag(true)))])
}

#[test]
fn an_event_about_an_annotation_that_is_not_there_does_not_fit() {
    let mut bench = Bench::new();
    let known = bench.point();
    let annotation = AnnotationId::from_source(&bench.image, "none", "1");
    let rating = RatingKey {
        annotation: known,
        round: 9,
        annotator: code("human-1"),
        n: 0,
    };
    let (geometry, changes) = (Geometry::point(5.0, 5.0), changes());
    let source_id = "1".to_owned();
    let label = None;
    for event in [
        Event::GeometryRevised { annotation, geometry },
        Event::AttributesRevised { annotation, changes },
        Event::AnnotationRelabelled { annotation, label },
        Event::AnnotationWithdrawn { annotation },
        Event::RatingGiven { annotation, label },
        Event::RatingWithdrawn { rating },
        Event::SourceIdAttached {
            annotation,
            source_id,
        },
        Event::LabelOverridden {
            annotation,
            label: None,
        },
    ] {
        assert_eq!(refusal(&bench, &bench.by, &event), "missing", "{event:?}");
    }
    let unsaid = Event::RatingGiven {
        annotation: known,
        label,
    };
    assert_eq!(
        refusal(&bench, &Context::default(), &unsaid),
        "invalid",
        "nobody rates"
    );
    assert_eq!(refusal(&bench, &bench.by, &unsaid), "fits");
    let created = |annotation| Event::AnnotationCreated {
        annotation,
        geometry: Geometry::point(1.0, 2.0),
        label,
        source_id: None,
        attributes: Facts::new(),
        image_version: None,
    };
    assert_eq!(refusal(&bench, &bench.by, &created(known)), "exists");
    assert_eq!(refusal(&bench, &bench.by, &created(annotation)), "fits");
}

#[test]
fn an_event_about_something_else_that_is_not_there_or_is_does_not_fit() {
    let bench = Bench::new();
    let (image, label) = (ImageId::of_name("none.png"), LabelId::of_name("none", 0));
    let assigned = Event::ImageAssigned {
        image,
        case: None,
        slide: None,
    };
    let renamed = Event::LabelRenamed {
        label,
        name: "b".to_owned(),
    };
    let registered = Event::CaseRegistered {
        code: code("case-1"),
        source: None,
    };
    let defined = Event::LabelDefined {
        label: bench.label,
        name: "x".to_owned(),
        facts: Facts::new(),
    };
    let facts_of = |kind, id: &str| Event::FactsSet {
        entity: EntityRef {
            kind,
            id: id.to_owned(),
        },
        changes: changes(),
    };
    for (event, wanted) in [
        (Event::ImageErased { image }, "missing"),
        (assigned, "missing"),
        (renamed, "missing"),
        (registered, "exists"),
        (defined, "exists"),
        (facts_of(EntityKind::Case, "case-9"), "missing"),
        (facts_of(EntityKind::Annotator, "human-9"), "missing"),
        (facts_of(EntityKind::Rating, "x"), "invalid"),
        (facts_of(EntityKind::Image, "no digits"), "invalid"),
        (facts_of(EntityKind::Case, "case-1"), "fits"),
    ] {
        assert_eq!(refusal(&bench, &bench.by, &event), wanted, "{event:?}");
    }
}

/// A record that is put back has to be of the kind that its key is for.
#[test]
fn a_record_of_another_kind_is_not_put_back() {
    let bench = Bench::new();
    let (image, annotation) = (bench.image, AnnotationId::from_source(&bench.image, "l", "1"));
    let rating = RatingKey {
        annotation,
        round: 1,
        annotator: code("human-1"),
        n: 0,
    };
    let keys = [
        Key::dataset(),
        Key::rule(),
        Key::of(&KeyParts::Case(code("c"))),
        Key::of(&KeyParts::Slide(code("s"))),
        Key::image(image),
        Key::annotator(&code("human-1")),
        Key::label(bench.label),
        Key::annotation(annotation),
        Key::rating(&rating),
        Key::label_override(annotation),
        Key::source_id(annotation.image_prefix(), "lineage", "1"),
        Key::screening(image.prefix(), b"", None, 1),
        Key::split("s", "c"),
    ];
    for key in keys {
        let wrong = Some(json!({"format": "holotype/nothing/1"}));
        let event = Event::RecordRestored {
            key: key.clone(),
            record: wrong,
        };
        assert_eq!(refusal(&bench, &bench.by, &event), "invalid", "{key}");
        let gone = Event::RecordRestored {
            key: key.clone(),
            record: None,
        };
        assert_eq!(refusal(&bench, &bench.by, &gone), "fits", "{key}");
    }
}

/// A state that holds what is no record, or something under what is no key.
struct Damaged {
    key: Vec<u8>,
}

impl State for Damaged {
    fn get(&self, _key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        Ok(Some(b"damaged".to_vec()))
    }

    fn scan(&self, _prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        assert!(
            matches!(visit(&self.key, b"damaged"), ControlFlow::Break(())),
            "it goes on over damage"
        );
        Ok(())
    }
}

#[test]
fn damage_in_a_state_is_told_with_its_key() {
    let image = ImageId::of_name("a.png");
    let key = Key::image(image);
    let damaged = Damaged {
        key: key.as_bytes().to_vec(),
    };
    let told = |result: Result<(), StateError>| match result {
        Err(StateError::Damaged { key, .. }) => key,
        other => panic!("{other:?}"),
    };
    let read = holotype::event::read::<ImageRecord>(&damaged, &key).map(|_| ());
    assert_eq!(told(read), key.to_string());
    assert_eq!(
        told(find_image(&damaged, image.prefix()).map(|_| ())),
        key.to_string()
    );
    assert_eq!(
        told(all_records::<ImageRecord>(&damaged, EntityKind::Image).map(|_| ())),
        key.to_string()
    );
    let keyless = Damaged { key: vec![0xff; 3] };
    assert_eq!(
        told(all_records::<LabelRecord>(&keyless, EntityKind::Label).map(|_| ())),
        ""
    );
    // A decision and an application stop: neither refuses nor accepts upon what cannot be read.
    let erase = decide(&damaged, &Context::default(), Command::EraseImage { image });
    assert_eq!(told(erase.map(|_| ())), key.to_string());
    let applied = evolve(&damaged, &Context::default(), &Event::ImageErased { image });
    assert!(
        matches!(applied, Err(EvolveError::State(StateError::Damaged { .. }))),
        "{applied:?}"
    );
}

/// An event that JSON cannot carry leaves a batch as it was, whether it is the first or comes later.
#[test]
fn an_event_that_cannot_be_written_leaves_the_batch_as_it_was() {
    let mut bench = Bench::new();
    let annotation = bench.point();
    let revised = |x| Event::GeometryRevised {
        annotation,
        geometry: Geometry::point(x, 1.0),
    };
    let sealed = |bad: &[usize]| {
        let mut writer = BatchWriter::new();
        for n in 0..3 {
            if bad.contains(&n) {
                writer.push(&bench.by, &revised(f64::NAN)).unwrap_err();
            }
            writer
                .push(&bench.by, &revised(f64::from(u32::try_from(n).unwrap())))
                .unwrap();
        }
        assert_eq!(writer.events(), 3);
        writer.seal().unwrap().bytes
    };
    let whole = sealed(&[]);
    assert_eq!(BatchReader::new(&whole).unwrap().filter(Result::is_ok).count(), 3);
    for bad in [&[0][..], &[1], &[0, 1, 2]] {
        assert_eq!(sealed(bad), whole, "{bad:?}");
    }
    let mut writer = BatchWriter::new();
    writer.push(&bench.by, &revised(f64::NAN)).unwrap_err();
    assert_eq!(writer.events(), 0);
    assert!(writer.seal().is_none(), "nothing was written");
}
