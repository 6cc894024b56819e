//! Every event: the line that it is, the image that it is about, and the records that it leaves.

use serde_json::json;

use super::*;
use crate::codec::{Record, value_from_canonical};
use crate::id::{BlobId, PrivateId};
use crate::model::{FactValue, ImageFile, Method, SplitRecord};

const IMAGE: &str = "1.tiff";

fn image() -> ImageId {
    ImageId::of_name(IMAGE)
}

fn label() -> LabelId {
    LabelId::of_name("mitosis", 0)
}

fn annotation() -> AnnotationId {
    AnnotationId::from_source(&image(), "coco-1", "7")
}

fn rating(n: u32) -> RatingKey {
    RatingKey {
        annotation: annotation(),
        round: 2,
        annotator: code("human-1"),
        n,
    }
}

fn facts(name: &str, value: &str) -> Facts {
    Facts::from([(name.to_owned(), FactValue::Text(value.to_owned()))])
}

fn file(content: &[u8]) -> ImageFile {
    ImageFile::new(String::new(), BlobId::of(content), content.len() as u64)
}

fn about(kind: EntityKind, id: String) -> Event {
    Event::FactsSet {
        entity: EntityRef { kind, id },
        changes: FactChanges::from([("note".to_owned(), Some(FactValue::Text(kind.to_string())))]),
    }
}

/// Who rates, how and when.
fn by() -> Context {
    Context {
        annotator: Some(code("human-1")),
        blinded: Some(true),
        claimed_at: Some("2020-01-02".to_owned()),
        lineage: Some("coco-1".to_owned()),
        method: Some(Method::Manual),
        round: Some(2),
        ..Context::default()
    }
}

/// Events about no image, each fitting behind those before.
fn global_events() -> Vec<Event> {
    vec![
        Event::CaseRegistered {
            code: code("c-1"),
            source: Some(PrivateId::of(b"number")),
        },
        Event::SlideRegistered {
            code: code("s-1"),
            case: Some(code("c-1")),
        },
        Event::AnnotatorRegistered {
            code: code("human-1"),
            kind: AnnotatorKind::Human,
            name: None,
            person: Some(PrivateId::of(b"name")),
        },
        Event::AnnotatorRegistered {
            code: code("model-1"),
            kind: AnnotatorKind::Model,
            name: Some("net 2".to_owned()),
            person: None,
        },
        Event::PersonErased {
            private: vec![PrivateId::of(b"number")],
        },
        Event::LabelDefined {
            label: label(),
            name: "mitosis".to_owned(),
            facts: facts("colour", "red"),
        },
        Event::LabelRenamed {
            label: label(),
            name: "mitotic figure".to_owned(),
        },
        about(EntityKind::Dataset, String::new()),
        about(EntityKind::Case, "c-1".to_owned()),
        about(EntityKind::Slide, "s-1".to_owned()),
        about(EntityKind::Annotator, "model-1".to_owned()),
        about(EntityKind::Label, label().to_string()),
        Event::RuleSet {
            rule: Rule::Majority {
                kinds: vec![AnnotatorKind::Human],
                tie: crate::model::rule::Tie::Undecided,
            },
        },
        Event::SplitAssigned {
            split: "main".to_owned(),
            member: "c-1".to_owned(),
            part: Some("test".to_owned()),
        },
        Event::RecordRestored {
            key: Key::label(LabelId::of_name("other", 0)),
            record: Some(json!({"format": LabelRecord::FORMAT, "name": "other"})),
        },
    ]
}

/// Events about one image, each fitting behind those before and the global ones.
fn image_events() -> Vec<Event> {
    let mut events = vec![
        Event::ImageDeclared {
            name: IMAGE.to_owned(),
            facts: facts("stain", "HE"),
        },
        Event::ImageIngested {
            name: IMAGE.to_owned(),
            files: vec![file(b"first")],
            facts: facts("scanner", "a"),
        },
        Event::ImageIngested {
            name: IMAGE.to_owned(),
            files: vec![file(b"second")],
            facts: facts("scanner", "b"),
        },
        Event::ImageAssigned {
            image: image(),
            case: Some(code("c-1")),
            slide: Some(code("s-1")),
        },
        about(EntityKind::Image, image().to_string()),
        Event::RegionScreened {
            image: image(),
            region: Some(Geometry::rectangle(0.0, 0.0, 9.0, 9.0)),
        },
    ];
    events.extend(annotation_events());
    events.push(Event::ImageErased { image: image() });
    events
}

/// Events about one annotation.
fn annotation_events() -> Vec<Event> {
    let annotation = annotation();
    vec![
        Event::AnnotationCreated {
            annotation,
            geometry: Geometry::rectangle(1.0, 2.0, 50.0, 50.0),
            label: None,
            source_id: Some("7".to_owned()),
            attributes: facts("grade", "2"),
            image_version: Some(BlobId::of(b"second")),
        },
        Event::GeometryRevised {
            annotation,
            geometry: Geometry::rectangle(1.5, 2.0, 50.0, 50.0),
        },
        Event::AttributesRevised {
            annotation,
            changes: FactChanges::from([
                ("grade".to_owned(), None),
                ("sure".to_owned(), Some(FactValue::Flag(true))),
            ]),
        },
        Event::AnnotationRelabelled {
            annotation,
            label: Some(label()),
        },
        Event::RatingGiven {
            annotation,
            label: None,
        },
        Event::RatingWithdrawn { rating: rating(1) },
        Event::SourceIdAttached {
            annotation,
            source_id: "8".to_owned(),
        },
        Event::LabelOverridden {
            annotation,
            label: Some(Some(label())),
        },
        Event::RecordRestored {
            key: Key::rating(&rating(5)),
            record: Some(json!({"format": RatingRecord::FORMAT})),
        },
        Event::RecordRestored {
            key: Key::label_override(annotation),
            record: None,
        },
        Event::LabelOverridden {
            annotation,
            label: Some(Some(label())),
        },
    ]
}

#[test]
fn every_event_is_read_back_from_its_line() {
    let mut events = global_events();
    events.extend(image_events());
    events.push(Event::AnnotationWithdrawn {
        annotation: annotation(),
    });
    let mut writer = BatchWriter::new();
    for event in &events {
        writer.push(&by(), event).unwrap();
    }
    let count = u64::try_from(events.len()).unwrap();
    assert_eq!(writer.events(), count);
    let sealed = writer.seal().unwrap();
    let global = u64::try_from(global_events().len()).unwrap();
    assert_eq!((sealed.events, sealed.global_events), (count, global));
    assert_eq!(sealed.images, Some((image().prefix(), image().prefix())));
    let read = BatchReader::new(&sealed.bytes)
        .unwrap()
        .map(|read| read.unwrap().event);
    assert_eq!(read.collect::<Vec<_>>(), events);
}

#[test]
fn an_event_is_about_the_image_that_it_names() {
    for event in global_events() {
        assert_eq!(event.image_prefix(), None, "{event:?}");
    }
    for event in image_events() {
        assert_eq!(event.image_prefix(), Some(image().prefix()), "{event:?}");
    }
    let code_like_an_image = about(EntityKind::Case, image().to_string());
    assert_eq!(code_like_an_image.image_prefix(), None);
    let restored = Event::RecordRestored {
        key: Key::rating(&rating(5)),
        record: None,
    };
    assert_eq!(restored.annotation(), Some(annotation()));
}

fn value(record: &impl serde::Serialize) -> serde_json::Value {
    value_from_canonical(&to_canonical(record).unwrap()).unwrap()
}

/// The records that the events about no image leave, without their formats.
fn global_records() -> Vec<(Key, serde_json::Value)> {
    vec![
        (Key::dataset(), json!({"facts": {"note": "dataset"}})),
        (
            Key::of(&KeyParts::Case(code("c-1"))),
            json!({"code": "c-1", "facts": {"note": "case"}}),
        ),
        (
            Key::of(&KeyParts::Slide(code("s-1"))),
            json!({"case": "c-1", "code": "s-1", "facts": {"note": "slide"}}),
        ),
        (
            Key::annotator(&code("human-1")),
            json!({"code": "human-1", "kind": "human"}),
        ),
        (
            Key::annotator(&code("model-1")),
            json!({"code": "model-1", "facts": {"note": "annotator"}, "kind": "model", "name": "net 2"}),
        ),
        (
            Key::label(LabelId::of_name("mitosis", 0)),
            json!({"facts": {"colour": "red", "note": "label"}, "name": "mitotic figure"}),
        ),
        (Key::label(LabelId::of_name("other", 0)), json!({"name": "other"})),
        (
            Key::rule(),
            json!({"rule": {"kinds": ["human"], "name": "majority", "tie": "undecided"}}),
        ),
        (
            Key::split("main", "c-1"),
            json!({"member": "c-1", "part": "test", "split": "main"}),
        ),
    ]
}

/// The records that the events about one image leave, without their formats.
fn image_records() -> Vec<(Key, serde_json::Value)> {
    let (label, blob) = (label().to_string(), |content: &[u8]| {
        BlobId::of(content).to_string()
    });
    let file = |content: &[u8]| json!({"blob": blob(content), "name": "", "size_bytes": content.len()});
    let region = Geometry::rectangle(0.0, 0.0, 9.0, 9.0);
    let screened = to_canonical(&region).unwrap();
    let screening = Key::screening(image().prefix(), &screened, Some(&code("human-1")), 2);
    vec![
        (
            Key::image(image()),
            json!({
                "case": "c-1",
                "facts": {"erased": true, "note": "image", "scanner": "b", "stain": "HE"},
                "files": [file(b"second")],
                "name": IMAGE,
                "slide": "s-1",
                "versions": [[file(b"first")]],
            }),
        ),
        (
            screening,
            json!({
                "annotator": "human-1", "blinded": true, "image": image().to_string(),
                "region": value(&region), "round": 2,
            }),
        ),
        (
            Key::annotation(annotation()),
            json!({
                "attributes": {"sure": true},
                "geometry": value(&Geometry::rectangle(1.5, 2.0, 50.0, 50.0)),
                "image_version": blob(b"second"),
                "label": label,
            }),
        ),
        (
            Key::rating(&rating(0)),
            json!({"blinded": true, "claimed_at": "2020-01-02", "label": label, "method": "manual"}),
        ),
        (Key::rating(&rating(5)), json!({})),
        (Key::label_override(annotation()), json!({"label": label})),
    ]
}

#[test]
fn every_event_leaves_the_records_that_it_says() {
    let mut state = Overlay::new(&EmptyState);
    for event in global_events().into_iter().chain(image_events()) {
        let edits = evolve(&state, &by(), &event).unwrap_or_else(|error| panic!("{event:?}: {error}"));
        state.apply(edits);
    }
    let found = |key: &Key| state.get(key).unwrap();
    for (key, expected) in global_records().into_iter().chain(image_records()) {
        let record = found(&key).unwrap_or_else(|| panic!("no record {key}: {expected}"));
        let mut record = value_from_canonical(&record).unwrap();
        record.as_object_mut().unwrap().remove("format");
        assert_eq!(record, expected, "{key}");
    }
    assert_eq!(found(&Key::rating(&rating(1))), None);
    for source_id in ["7", "8"] {
        let key = Key::source_id(image().prefix(), "coco-1", source_id);
        assert!(found(&key).is_some(), "{source_id}");
    }
    let splits: Vec<SplitRecord> = all_records(&state, EntityKind::Split).unwrap();
    assert_eq!(splits.len(), 1);
    let known = find_image(&state, image().prefix()).unwrap();
    assert_eq!(
        known.map(|(id, record)| (id, record.name)),
        Some((image(), IMAGE.to_owned()))
    );
}

#[test]
fn an_image_that_comes_in_with_its_bytes_has_its_name() {
    let ingested = Event::ImageIngested {
        name: "2.tiff".to_owned(),
        files: vec![file(b"first")],
        facts: Facts::new(),
    };
    let mut state = Overlay::new(&EmptyState);
    let edits = evolve(&state, &Context::default(), &ingested).unwrap();
    state.apply(edits);
    let image = ImageId::of_name("2.tiff");
    let record: crate::model::ImageRecord = read(&state, &Key::image(image)).unwrap().unwrap();
    assert_eq!((record.name.as_str(), record.files.len()), ("2.tiff", 1));
    assert!(record.versions.is_empty());
}

#[test]
fn facts_that_are_all_taken_away_leave_no_record_of_the_dataset() {
    let mut state = Overlay::new(&EmptyState);
    let set = |value: Option<&str>| Event::FactsSet {
        entity: EntityRef::dataset(),
        changes: FactChanges::from([(
            "name".to_owned(),
            value.map(|text| FactValue::Text(text.to_owned())),
        )]),
    };
    for (value, is_there) in [(Some("x"), true), (None, false)] {
        let edits = evolve(&state, &Context::default(), &set(value)).unwrap();
        state.apply(edits);
        assert_eq!(state.get(&Key::dataset()).unwrap().is_some(), is_there);
    }
}

#[test]
fn what_is_put_back_is_a_record_of_its_kind() {
    let state = Overlay::new(&EmptyState);
    let put_back = |key: Key, record: serde_json::Value| {
        let record = Some(record);
        evolve(
            &state,
            &Context::default(),
            &Event::RecordRestored { key, record },
        )
    };
    let record = json!({"format": RatingRecord::FORMAT});
    assert!(put_back(Key::rating(&rating(0)), record.clone()).is_ok());
    for key in [
        Key::dataset(),
        Key::rule(),
        Key::image(image()),
        Key::label(label()),
        Key::annotation(annotation()),
        Key::split("main", "c-1"),
    ] {
        assert!(put_back(key.clone(), record.clone()).is_err(), "{key}");
    }
}
