//! A tiny repository in which each kind of event occurs. The specification shows its files.

use holotype::event::{AnnotationIdentity, Command, Context, EntityRef, Event, Tool};
use holotype::id::{AnnotationId, CommitId, Digest, ImageId, LabelId, PrivateId};
use holotype::model::{
    AnnotatorKind, EntityKind, FactChanges, FactValue, Facts, Geometry, Key, Method, RatingKey, Rule, Shape,
};
use holotype::store::{PrivateKind, Tombstone};

use super::{Author, code, second};

/// A bitmap of one pixel, whole.
pub(crate) const IMAGE_BYTES: &[u8] = b"P1\n1 1\n0\n";

/// The images, in the order of their names.
pub(crate) fn images() -> [ImageId; 2] {
    ["field-1.pbm", "slides/Präparat 2.tif"].map(ImageId::of_name)
}

/// The labels.
pub(crate) fn labels() -> [LabelId; 2] {
    ["mitotic figure", "Zellkern"].map(|name| LabelId::of_name(name, 0))
}

/// The annotations: by a source's id, by content, by a UUID.
pub(crate) fn annotations() -> [AnnotationId; 3] {
    let [image, _] = images();
    let point = holotype::codec::to_canonical(&Geometry::point(0.1, 1e21)).expect("a geometry");
    [
        AnnotationId::from_source(&image, "coco-1", "17"),
        AnnotationId::from_content(&image, &point, Some(labels()[1]), Some(&code("human-1")), 0),
        AnnotationId::from_uuid(image.prefix(), [7; 16]),
    ]
}

fn facts(pairs: &[(&str, FactValue)]) -> Facts {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn changes(pairs: &[(&str, Option<FactValue>)]) -> FactChanges {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

/// Builds it in `dir` and returns its commits.
pub(crate) fn build(dir: &std::path::Path) -> Vec<CommitId> {
    let mut author = Author::begin(dir, "example");
    let mut commits = vec![set_up(&mut author), annotate(&mut author)];
    commits.push(correct(&mut author));
    commits.push(erase(&mut author));
    author
        .repo
        .tag("v1", commits[1], author.person, "The first release")
        .expect("the tag is free");
    let note = (
        author.context(),
        Event::AnnotationWithdrawn {
            annotation: annotations()[2],
        },
    );
    author.draft_events(vec![note]);
    let store = author.repo.store();
    let elsewhere = holotype::id::BlobId::of(b"bytes that were not copied");
    store
        .set_local_path(elsewhere, "/data/scan.svs")
        .expect("the path is kept");
    commits
}

/// Everything but annotations.
fn set_up(author: &mut Author) -> CommitId {
    let [field, scan] = images();
    let file = author.blob("field-1.pbm", IMAGE_BYTES);
    let (case, person) = (
        author.private(PrivateKind::SourceCaseId, "2019/4711"),
        author.private(PrivateKind::Person, "Grace Hopper"),
    );
    let by = author.context();
    let mut commands = vec![
        Command::SetFacts {
            entity: EntityRef::dataset(),
            changes: changes(&[
                ("licence", Some("CC-BY-4.0".into())),
                ("title", Some("Example".into())),
            ]),
        },
        Command::IngestImage {
            name: "field-1.pbm".to_owned(),
            files: vec![file],
            facts: facts(&[("height", 1.0.into()), ("width", 1.0.into())]),
        },
        Command::DeclareImage {
            name: "slides/Präparat 2.tif".to_owned(),
            facts: facts(&[("um_per_px_x", 0.25.into())]),
        },
        Command::RegisterCase {
            code: code("case-1"),
            source: Some(case),
        },
        Command::RegisterSlide {
            code: code("slide-1"),
            case: Some(code("case-1")),
        },
        Command::AssignImage {
            image: scan,
            case: Some(code("case-1")),
            slide: Some(code("slide-1")),
        },
    ];
    commands.extend(scheme(person, field));
    let commands = commands
        .into_iter()
        .map(|command| (by.clone(), command))
        .collect();
    author.commit("Set up", commands).id
}

/// People, labels, a split.
fn scheme(person: PrivateId, field: ImageId) -> Vec<Command> {
    let annotator = |name: &str, kind, given: Option<&str>, person| Command::RegisterAnnotator {
        code: code(name),
        kind,
        name: given.map(str::to_owned),
        person,
    };
    let label = |name: &str, facts| Command::DefineLabel {
        name: name.to_owned(),
        facts,
    };
    vec![
        annotator("human-1", AnnotatorKind::Human, None, Some(person)),
        annotator("model-1", AnnotatorKind::Model, Some("RetinaNet"), None),
        label("mitotic figure", facts(&[("colour", "#d62728".into())])),
        label("Zellkern", Facts::new()),
        Command::AssignSplit {
            split: "default".to_owned(),
            member: field.to_string(),
            part: Some("train".to_owned()),
        },
    ]
}

/// An annotator's work as a file tells it, and as a tool does.
fn contexts(author: &Author) -> (Context, Context) {
    let from_file = Context {
        annotator: Some(code("human-1")),
        lineage: Some("coco-1".to_owned()),
        method: Some(Method::Imported),
        source: Some(Digest::of(b"a source file")),
        ..author.context()
    };
    let by_hand = Context {
        blinded: Some(true),
        claimed_at: Some("2019-03-01 10:00".to_owned()),
        method: Some(Method::Manual),
        tool: Some(Tool {
            name: "SlideRunner".to_owned(),
            version: Some("2.0".to_owned()),
        }),
        ..author.rating_by("human-1")
    };
    (from_file, by_hand)
}

/// Three annotations, rated.
fn annotate(author: &mut Author) -> CommitId {
    let [field, _] = images();
    let [figure, nucleus] = labels();
    let [imported, drawn, proposed] = annotations();
    let (from_file, by_hand) = contexts(author);
    let by_model = author.rating_by("model-1");
    let annotate = |geometry, label, identity, source_id: Option<&str>| Command::Annotate {
        image: field,
        geometry,
        label,
        identity,
        source_id: source_id.map(str::to_owned),
        attributes: Facts::new(),
        image_version: None,
    };
    let commands = vec![
        (
            from_file.clone(),
            annotate(
                Geometry::rectangle(10.0, 20.5, 50.0, 50.0),
                Some(figure),
                AnnotationIdentity::Source,
                Some("17"),
            ),
        ),
        (
            by_hand.clone(),
            annotate(
                Geometry::point(0.1, 1e21),
                Some(nucleus),
                AnnotationIdentity::Content,
                None,
            ),
        ),
        (
            author.context(),
            annotate(triangle(), None, AnnotationIdentity::Uuid([7; 16]), None),
        ),
        (
            by_model.clone(),
            Command::Rate {
                annotation: imported,
                label: None,
            },
        ),
        (
            by_model,
            Command::Rate {
                annotation: proposed,
                label: Some(figure),
            },
        ),
        (
            from_file,
            Command::AttachSourceId {
                annotation: drawn,
                source_id: "18".to_owned(),
            },
        ),
        (
            by_hand,
            Command::Screen {
                image: field,
                region: None,
            },
        ),
    ];
    author.commit("Annotate", commands).id
}

fn triangle() -> Geometry {
    Geometry::new(Shape::Polygon {
        rings: vec![vec![[0.0, 0.0], [4.5, 0.0], [0.0, 5e-324]]],
    })
}

/// What people do afterwards: through the draft, since no command withdraws a rating.
fn correct(author: &mut Author) -> CommitId {
    let [imported, drawn, proposed] = annotations();
    let [figure, nucleus] = labels();
    let by = author.context();
    let human = Context {
        reason: Some("agreed at the microscope".to_owned()),
        ..author.rating_by("human-1")
    };
    let rating = RatingKey {
        annotation: imported,
        round: 1,
        annotator: code("model-1"),
        n: 0,
    };
    author.draft_events(vec![
        (
            by.clone(),
            Event::GeometryRevised {
                annotation: imported,
                geometry: Geometry::rectangle(12.0, 20.5, 50.0, 50.0),
            },
        ),
        (
            by.clone(),
            Event::AttributesRevised {
                annotation: imported,
                changes: changes(&[("difficult", Some(FactValue::Flag(true)))]),
            },
        ),
        (
            human,
            Event::AnnotationRelabelled {
                annotation: imported,
                label: Some(nucleus),
            },
        ),
        (
            by.clone(),
            Event::LabelRenamed {
                label: nucleus,
                name: "nucleus 🔬".to_owned(),
            },
        ),
        (by.clone(), Event::RatingWithdrawn { rating }),
        (
            by.clone(),
            Event::LabelOverridden {
                annotation: drawn,
                label: Some(Some(figure)),
            },
        ),
        (
            by.clone(),
            Event::LabelOverridden {
                annotation: proposed,
                label: Some(None),
            },
        ),
        (
            by,
            Event::RuleSet {
                rule: Rule::FirstHuman,
            },
        ),
    ]);
    author.commit_draft("Correct").id
}

/// A withdrawal, a record put back, bytes and a name destroyed.
fn erase(author: &mut Author) -> CommitId {
    let [field, _] = images();
    let [_, drawn, _] = annotations();
    let person = author.private(PrivateKind::Person, "Grace Hopper");
    let by = author.context();
    let state = author.repo.head_version().expect("a version");
    let key = Key::label(labels()[1]);
    let present = holotype::event::State::get(&state, &key).expect("the state is read");
    let commands = [
        Command::Withdraw { annotation: drawn },
        Command::Restore {
            key,
            expected: present,
            record: Some(br#"{"format":"label/1","name":"Zellkern"}"#.to_vec()),
        },
        Command::EraseImage { image: field },
        Command::ErasePerson {
            private: vec![person],
        },
    ];
    let commands = commands
        .into_iter()
        .map(|command| (by.clone(), command))
        .collect();
    let id = author.commit("Erase", commands).id;
    let store = author.repo.store();
    let blob = holotype::id::BlobId::of(IMAGE_BYTES);
    let tombstone = |object| Tombstone::new(object, second(4), "on request");
    store
        .erase_private(person, &tombstone(person.digest()))
        .expect("it is destroyed");
    store
        .erase_blob(blob, &tombstone(blob.digest()))
        .expect("it is destroyed");
    assert_eq!(
        EntityKind::ALL.len(),
        13,
        "a new kind of record belongs into this example"
    );
    id
}

/// What the defaults of a batch would be: who recorded and when, nothing else.
pub(crate) fn plain_context(context: &Context) -> Context {
    Context {
        author: context.author,
        recorded_at: context.recorded_at,
        ..Context::default()
    }
}
