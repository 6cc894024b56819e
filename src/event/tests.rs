mod batches;
mod decisions;
mod records;

use super::*;
use crate::codec::to_canonical;
use crate::id::BatchId;
use crate::model::{AnnotationRecord, LabelRecord, RatingRecord};

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

/// Decides and applies; returns the events.
fn run(state: &mut Overlay<'_>, context: &Context, command: Command) -> Result<Vec<Event>, Rejection> {
    let events = decide(state, context, command).unwrap()?;
    for event in &events {
        let edits = evolve(state, context, event).unwrap();
        state.apply(edits);
    }
    Ok(events)
}

struct Bench<'a> {
    state: Overlay<'a>,
    by: Context,
    image: ImageId,
    label: LabelId,
}

fn bench() -> Bench<'static> {
    let mut state = Overlay::new(&EmptyState);
    let nobody = Context::default();
    let human = Command::RegisterAnnotator {
        code: code("human-1"),
        kind: AnnotatorKind::Human,
        name: None,
        person: None,
    };
    run(&mut state, &nobody, human).unwrap();
    run(
        &mut state,
        &nobody,
        Command::DeclareImage {
            name: "001.tiff".into(),
            facts: Facts::new(),
        },
    )
    .unwrap();
    let events = run(
        &mut state,
        &nobody,
        Command::DefineLabel {
            name: "a".into(),
            facts: Facts::new(),
        },
    )
    .unwrap();
    let [Event::LabelDefined { label, .. }] = events.as_slice() else {
        panic!("one label")
    };
    let by = Context {
        annotator: Some(code("human-1")),
        ..Context::default()
    };
    Bench {
        label: *label,
        state,
        by,
        image: ImageId::of_name("001.tiff"),
    }
}

fn annotate(bench: &Bench<'_>) -> Command {
    Command::Annotate {
        image: bench.image,
        geometry: Geometry::rectangle(1.0, 2.0, 50.0, 50.0),
        label: Some(bench.label),
        identity: AnnotationIdentity::Content,
        source_id: None,
        attributes: Facts::new(),
        image_version: None,
    }
}

#[test]
fn an_annotation_with_a_label_is_a_rating_too() {
    let mut b = bench();
    let command = annotate(&b);
    let events = run(&mut b.state, &b.by.clone(), command).unwrap();
    let id = events[0].annotation().unwrap();
    let record: AnnotationRecord = read(&b.state, &Key::annotation(id)).unwrap().unwrap();
    assert_eq!(record.label, Some(b.label));
    let rating = RatingKey {
        annotation: id,
        round: 1,
        annotator: code("human-1"),
        n: 0,
    };
    let rating: RatingRecord = read(&b.state, &Key::rating(&rating)).unwrap().unwrap();
    assert_eq!(rating.label, Some(b.label));
}

#[test]
fn the_same_content_twice_is_two_annotations() {
    let mut b = bench();
    let (first, second) = (annotate(&b), annotate(&b));
    let first = run(&mut b.state, &b.by.clone(), first).unwrap()[0].annotation();
    let second = run(&mut b.state, &b.by.clone(), second).unwrap()[0].annotation();
    assert_ne!(first, second);
}

#[test]
fn refusals_are_values_and_change_nothing() {
    let mut b = bench();
    let id = AnnotationId::from_source(&b.image, "l", "1");
    let unknown = Context {
        annotator: Some(code("human-9")),
        ..Context::default()
    };
    let before = b.state.edits().clone();
    for (context, command) in [
        (unknown, annotate(&b)),
        (
            b.by.clone(),
            Command::Relabel {
                annotation: id,
                label: Some(b.label),
            },
        ),
        (
            b.by.clone(),
            Command::DefineLabel {
                name: "a".into(),
                facts: Facts::new(),
            },
        ),
        (
            b.by.clone(),
            Command::DefineLabel {
                name: " ".into(),
                facts: Facts::new(),
            },
        ),
        (
            b.by.clone(),
            Command::DeclareImage {
                name: "../x".into(),
                facts: Facts::new(),
            },
        ),
        (
            b.by.clone(),
            Command::AttachSourceId {
                annotation: id,
                source_id: "1".into(),
            },
        ),
        (
            b.by.clone(),
            Command::RenameLabel {
                label: LabelId::of_name("zz", 0),
                to: "y".into(),
            },
        ),
    ] {
        run(&mut b.state, &context, command).expect_err("must be refused");
    }
    assert_eq!(b.state.edits(), &before);
}

#[test]
fn what_changes_nothing_is_no_event() {
    let mut b = bench();
    let by = b.by.clone();
    let command = annotate(&b);
    let id = run(&mut b.state, &by, command).unwrap()[0].annotation().unwrap();
    let label = b.label;
    for command in [
        Command::Relabel {
            annotation: id,
            label: Some(label),
        },
        Command::Revise {
            annotation: id,
            geometry: Geometry::rectangle(1.0, 2.0, 50.0, 50.0),
        },
        Command::RenameLabel {
            label,
            to: "a".into(),
        },
        Command::DeclareImage {
            name: "001.tiff".into(),
            facts: Facts::new(),
        },
        Command::SetRule {
            rule: Rule::AsRecorded,
        },
        Command::SetFacts {
            entity: EntityRef::dataset(),
            changes: FactChanges::from([("x".into(), None)]),
        },
    ] {
        assert_eq!(run(&mut b.state, &by, command).unwrap(), []);
    }
}

#[test]
fn renaming_a_label_is_one_event_and_keeps_its_id() {
    let mut b = bench();
    let by = b.by.clone();
    let label = b.label;
    assert_eq!(
        run(
            &mut b.state,
            &by,
            Command::RenameLabel {
                label,
                to: "b".into()
            }
        )
        .unwrap()
        .len(),
        1
    );
    let record: LabelRecord = read(&b.state, &Key::label(label)).unwrap().unwrap();
    assert_eq!(record.name, "b");
    let again = run(
        &mut b.state,
        &by,
        Command::DefineLabel {
            name: "a".into(),
            facts: Facts::new(),
        },
    )
    .unwrap();
    assert!(matches!(again.as_slice(), [Event::LabelDefined { label: other, .. }] if *other != label));
}

#[test]
fn withdrawing_takes_ratings_and_aliases_along() {
    let mut b = bench();
    let by = Context {
        lineage: Some("coco-1".into()),
        ..b.by.clone()
    };
    let before = live(&b.state);
    let Command::Annotate {
        image,
        geometry,
        label,
        attributes,
        ..
    } = annotate(&b)
    else {
        panic!()
    };
    let command = Command::Annotate {
        image,
        geometry,
        label,
        identity: AnnotationIdentity::Source,
        source_id: Some("17".into()),
        attributes,
        image_version: None,
    };
    let id = run(&mut b.state, &by, command).unwrap()[0].annotation().unwrap();
    run(
        &mut b.state,
        &by,
        Command::Rate {
            annotation: id,
            label: None,
        },
    )
    .unwrap();
    run(
        &mut b.state,
        &by,
        Command::Override {
            annotation: id,
            label: Some(None),
        },
    )
    .unwrap();
    assert_eq!(live(&b.state).len(), before.len() + 5);
    run(&mut b.state, &by, Command::Withdraw { annotation: id }).unwrap();
    assert_eq!(live(&b.state), before);
}

fn live(state: &Overlay<'_>) -> Vec<(Key, Vec<u8>)> {
    state
        .edits()
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), value.clone()?)))
        .collect()
}

#[test]
fn restoring_needs_the_expected_value() {
    let mut b = bench();
    let key = Key::label(b.label);
    let present = b.state.get(&key).unwrap();
    let other = to_canonical(&LabelRecord {
        name: "z".into(),
        ..LabelRecord::default()
    })
    .unwrap();
    let stale = Command::Restore {
        key: key.clone(),
        expected: None,
        record: Some(other.clone()),
    };
    run(&mut b.state, &Context::default(), stale).expect_err("changed since");
    let fits = Command::Restore {
        key: key.clone(),
        expected: present,
        record: Some(other.clone()),
    };
    assert_eq!(run(&mut b.state, &Context::default(), fits).unwrap().len(), 1);
    assert_eq!(b.state.get(&key).unwrap(), Some(other));
}

#[test]
fn a_batch_gives_its_events_back() {
    let mut b = bench();
    let by = Context {
        recorded_at: crate::time::Timestamp::parse("2026-11-01T12:00:00Z").ok(),
        ..b.by.clone()
    };
    let command = annotate(&b);
    let event = run(&mut b.state, &by, command).unwrap().remove(0);
    let annotation = event.annotation().unwrap();
    let logged = vec![
        LoggedEvent {
            context: by.clone(),
            event,
        },
        LoggedEvent {
            context: Context {
                annotator: None,
                ..by.clone()
            },
            event: Event::AnnotationWithdrawn { annotation },
        },
        LoggedEvent {
            context: by.clone(),
            event: Event::LabelOverridden {
                annotation,
                label: None,
            },
        },
        LoggedEvent {
            context: by,
            event: Event::LabelOverridden {
                annotation,
                label: Some(None),
            },
        },
    ];
    let mut writer = BatchWriter::new();
    for event in &logged {
        writer.push(&event.context, &event.event).unwrap();
    }
    let sealed = writer.seal().unwrap();
    assert_eq!((sealed.events, sealed.id), (4, BatchId::of(&sealed.bytes)));
    assert_eq!(sealed.images, Some((b.image.prefix(), b.image.prefix())));
    let read: Vec<_> = BatchReader::new(&sealed.bytes)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(read, logged);
    assert!(writer.seal().is_none());
}

#[test]
fn a_box_takes_about_150_bytes() {
    let b = bench();
    let mut writer = BatchWriter::new();
    for n in 0..100_u32 {
        let geometry = Geometry::rectangle(f64::from(n) * 40.0, 346.0, 50.0, 50.0);
        let event = Event::AnnotationCreated {
            annotation: AnnotationId::from_source(&b.image, "coco-1", &n.to_string()),
            geometry,
            label: Some(b.label),
            source_id: None,
            attributes: Facts::new(),
            image_version: None,
        };
        writer.push(&b.by, &event).unwrap();
    }
    let sealed = writer.seal().unwrap();
    let per_event = sealed.bytes.len() / 100;
    assert!(per_event < 175, "{per_event} bytes an event");
}

#[test]
fn unknown_events_are_refused_by_name() {
    let header = br#"{"event":"annotation.created/2","format":"holotype/batch/1"}"#;
    let error = BatchReader::new(&[header.as_slice(), b"\n"].concat())
        .err()
        .unwrap();
    assert!(matches!(
        error,
        BatchError::Event {
            source: EventError::UnknownFormat { .. },
            ..
        }
    ));
}

#[test]
fn one_rule_has_one_form() {
    let mut b = bench();
    let majority = |kinds: &[AnnotatorKind]| Command::SetRule {
        rule: Rule::Majority {
            kinds: kinds.to_vec(),
            tie: crate::model::rule::Tie::Undecided,
        },
    };
    let (human, model) = (AnnotatorKind::Human, AnnotatorKind::Model);
    let by = Context::default();
    assert_eq!(
        run(&mut b.state, &by, majority(&[model, human, model]))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(run(&mut b.state, &by, majority(&[human, model])).unwrap(), []);
}

/// The events of a reader with their numbers, up to the first that cannot be read.
fn numbered(mut reader: BatchReader<'_>) -> Vec<Result<(u64, Event), String>> {
    let mut read = Vec::new();
    while let Some(line) = reader.next_line() {
        let line = line.map(|line| line.event.into_event());
        let failed = line.is_err();
        read.push(match line {
            Ok(event) => Ok((reader.number(), event)),
            Err(error) => Err(format!("{:?}", chain(&error))),
        });
        if failed {
            break;
        }
    }
    read
}

fn chain(error: &dyn std::error::Error) -> Vec<String> {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect()
}

proptest::proptest! {
    #[test]
    fn a_batch_in_parts_is_read_as_the_whole(
        kinds in proptest::collection::vec(0_u8..12, 0..30),
        part_bytes in 0_usize..400,
    ) {
        let mut text = "{\"event\":\"annotation.withdrawn/1\",\"format\":\"holotype/batch/1\"}\n".to_owned();
        for (n, kind) in kinds.iter().enumerate() {
            text.push_str(&match kind {
                0 => "\n".to_owned(),
                1 => "{}\n".to_owned(),
                2 => "{}\r\n".to_owned(),
                _ => format!("{{\"annotation\":\"{n:048x}\"}}\n"),
            });
        }
        if kinds.len() % 5 == 1 {
            text.pop();
        }
        let whole = numbered(BatchReader::new(text.as_bytes()).unwrap());
        let parts = BatchPart::whole(text.as_bytes()).unwrap().divided(part_bytes);
        let mut found = Vec::new();
        for part in &parts {
            found.extend(numbered(part.reader()));
            if found.last().is_some_and(Result::is_err) {
                break;
            }
        }
        proptest::prop_assert_eq!(found, whole);
    }
}
