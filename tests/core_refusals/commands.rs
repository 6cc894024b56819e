//! Commands that ask for what is not there, is taken, or cannot be kept: refused by name, and nothing is changed.

use std::collections::BTreeMap;

use holotype::event::{
    AnnotationIdentity, Command, Context, Edit, EmptyState, EntityRef, Event, NewAnnotation, Overlay,
    Rejection, create_annotations, decide, evolve,
};
use holotype::id::{AnnotationId, BlobId, Code, ImageId, LabelId};
use holotype::model::rule::Tie;
use holotype::model::{
    AnnotatorKind, EntityKind, FactValue, Facts, Geometry, ImageFile, ImageRecord, Key, KeyParts, Rule,
};

pub(super) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

/// A state with an image, a label, a case and a rater.
pub(super) struct Bench {
    pub(super) state: Overlay<'static>,
    pub(super) by: Context,
    pub(super) image: ImageId,
    pub(super) label: LabelId,
}

impl Bench {
    pub(super) fn new() -> Self {
        let mut bench = Self {
            state: Overlay::new(&EmptyState),
            by: Context::default(),
            image: ImageId::of_name("a.png"),
            label: LabelId::of_name("cell", 0),
        };
        let (name, facts) = ("a.png".to_owned(), Facts::new());
        bench.accept(Command::DeclareImage { name, facts });
        let (name, facts) = ("cell".to_owned(), Facts::new());
        bench.accept(Command::DefineLabel { name, facts });
        bench.accept(Command::RegisterCase {
            code: code("case-1"),
            source: None,
        });
        bench.accept(Command::RegisterAnnotator {
            code: code("human-1"),
            kind: AnnotatorKind::Human,
            name: None,
            person: None,
        });
        bench.by.annotator = Some(code("human-1"));
        bench
    }

    /// Decides and applies; returns the events.
    pub(super) fn accept(&mut self, command: Command) -> Vec<Event> {
        let events = decide(&self.state, &self.by, command).unwrap().unwrap();
        for event in &events {
            let edits = evolve(&self.state, &self.by, event).unwrap();
            self.state.apply(edits);
        }
        events
    }

    fn annotate(&self, identity: AnnotationIdentity, geometry: Geometry) -> Command {
        Command::Annotate {
            image: self.image,
            geometry,
            label: Some(self.label),
            identity,
            source_id: None,
            attributes: Facts::new(),
            image_version: None,
        }
    }

    /// Draws a point; returns its id.
    pub(super) fn point(&mut self) -> AnnotationId {
        let command = self.annotate(AnnotationIdentity::Content, Geometry::point(1.0, 2.0));
        self.accept(command)[0].annotation().unwrap()
    }

    /// Asserts what a command is refused with, and that the state is as before.
    fn refused(&self, context: &Context, command: Command, wanted: &Rejection) {
        let before = self.state.edits().clone();
        let told = format!("{command:?}");
        let refused = decide(&self.state, context, command).unwrap();
        assert_eq!(refused.as_ref(), Err(wanted), "{told}");
        assert_eq!(self.state.edits(), &before);
        assert!(!wanted.to_string().contains('\n'));
    }
}

fn entity(kind: EntityKind, id: &str) -> EntityRef {
    EntityRef {
        kind,
        id: id.to_owned(),
    }
}

fn unknown(kind: &'static str, id: &str) -> Rejection {
    Rejection::UnknownEntity {
        kind,
        id: id.to_owned(),
    }
}

#[test]
fn images_cases_and_slides_that_are_not_there_are_named() {
    let bench = Bench::new();
    let nowhere = ImageId::of_name("none.png");
    let no_image = Rejection::UnknownImage {
        image: nowhere.to_string(),
    };
    let assign = |image, case: Option<&str>, slide: Option<&str>| Command::AssignImage {
        image,
        case: case.map(code),
        slide: slide.map(code),
    };
    let slide = Command::RegisterSlide {
        code: code("slide-1"),
        case: Some(code("case-9")),
    };
    let screen = Command::Screen {
        image: nowhere,
        region: None,
    };
    for (command, wanted) in [
        (Command::EraseImage { image: nowhere }, no_image.clone()),
        (assign(nowhere, None, None), no_image.clone()),
        (screen, no_image),
        (slide, unknown("case", "case-9")),
        (
            assign(bench.image, Some("case-9"), None),
            unknown("case", "case-9"),
        ),
        (
            assign(bench.image, Some("case-1"), Some("slide-9")),
            unknown("slide", "slide-9"),
        ),
    ] {
        bench.refused(&bench.by, command, &wanted);
    }
}

#[test]
fn what_facts_and_splits_are_about_has_to_be_there() {
    let bench = Bench::new();
    let label = LabelId::of_name("none", 0).to_string();
    let image = ImageId::of_name("none.png").to_string();
    for (kind, id) in [
        (EntityKind::Case, "case-9"),
        (EntityKind::Case, "no code!"),
        (EntityKind::Slide, "slide-9"),
        (EntityKind::Annotator, "human-9"),
        (EntityKind::Rating, "x"),
        (EntityKind::Label, &label),
        (EntityKind::Image, &image),
    ] {
        let command = Command::SetFacts {
            entity: entity(kind, id),
            changes: BTreeMap::from([("a".to_owned(), Some(FactValue::Flag(true)))]),
        };
        bench.refused(&bench.by, command, &unknown(kind.as_str(), id));
    }
    for member in ["case-9", &image, "no code!"] {
        let command = Command::AssignSplit {
            split: "s".to_owned(),
            member: member.to_owned(),
            part: Some("train".to_owned()),
        };
        bench.refused(&bench.by, command, &unknown("case", member));
    }
}

#[test]
fn a_rule_counts_on_raters_that_are_there() {
    let bench = Bench::new();
    let nobody = code("human-9");
    let weighted = Rule::Weighted {
        weights: BTreeMap::from([(code("human-1"), 1), (nobody.clone(), 2)]),
        quorum: 1,
        tie: Tie::Undecided,
    };
    let adjudicated = Rule::Adjudicated {
        primary: [code("human-1"), code("human-1")],
        third: nobody.clone(),
    };
    let wanted = Rejection::UnknownAnnotator { code: nobody };
    for rule in [weighted, adjudicated] {
        bench.refused(&bench.by, Command::SetRule { rule }, &wanted);
    }
}

#[test]
fn labels_and_annotations_that_are_not_there_are_named() {
    let mut bench = Bench::new();
    let known = bench.point();
    let label = LabelId::of_name("none", 0);
    let annotation = AnnotationId::from_source(&bench.image, "none", "1");
    let rate = |label| Command::Rate {
        annotation: known,
        label,
    };
    let relabel = Command::Relabel {
        annotation: known,
        label: Some(label),
    };
    let exception = Command::Override {
        annotation: known,
        label: Some(Some(label)),
    };
    for command in [rate(Some(label)), relabel, exception] {
        bench.refused(&bench.by, command, &Rejection::UnknownLabel { label });
    }
    let geometry = Geometry::point(3.0, 3.0);
    let revise = Command::Revise { annotation, geometry };
    for command in [Command::Withdraw { annotation }, revise] {
        bench.refused(&bench.by, command, &Rejection::UnknownAnnotation { annotation });
    }
    let needed = Rejection::AnnotatorNeeded { command: "rate" };
    bench.refused(&Context::default(), rate(None), &needed);
    let attach = Command::AttachSourceId {
        annotation: known,
        source_id: "7".to_owned(),
    };
    bench.refused(&bench.by, attach, &Rejection::LineageNeeded);
}

#[test]
fn what_cannot_be_kept_exactly_or_has_no_name_is_refused() {
    let mut bench = Bench::new();
    let annotation = bench.point();
    let nan = || Geometry::point(f64::NAN, 1.0);
    let why = "NaN cannot be encoded: JSON has no such number".to_owned();
    let inexact = Rejection::NotExact { why };
    for command in [
        bench.annotate(AnnotationIdentity::Content, nan()),
        Command::Revise {
            annotation,
            geometry: nan(),
        },
        Command::Screen {
            image: bench.image,
            region: Some(nan()),
        },
    ] {
        bench.refused(&bench.by, command, &inexact);
    }
    let bad = |kind, name: &str, why| Rejection::BadName {
        kind,
        name: name.to_owned(),
        why,
    };
    let long = "a/".repeat(3000) + "a";
    for (name, why) in [
        ("", "it is empty"),
        ("a\u{7}", "it has a control character"),
        (&*long, "it is longer than 4,096 bytes"),
        ("/a", "it is a relative path with / between its parts"),
        ("a\\b", "it is a relative path with / between its parts"),
        ("a//b", "a part of it is empty, '.' or '..'"),
        ("a/../b", "a part of it is empty, '.' or '..'"),
    ] {
        let facts = Facts::new();
        let command = Command::DeclareImage {
            name: name.to_owned(),
            facts,
        };
        bench.refused(&bench.by, command, &bad("an image", name, why));
    }
    let (label, to) = (bench.label, " ".to_owned());
    bench.refused(
        &bench.by,
        Command::RenameLabel { label, to },
        &bad("a label", " ", "it is empty"),
    );
}

#[test]
fn what_is_taken_erased_or_changed_since_is_refused() {
    let mut bench = Bench::new();
    let other = bench.accept(Command::DefineLabel {
        name: "other".to_owned(),
        facts: Facts::new(),
    });
    assert_eq!(other.len(), 1);
    let taken = |kind, name: &str| Rejection::NameTaken {
        kind,
        name: name.to_owned(),
    };
    let (label, to) = (bench.label, "other".to_owned());
    bench.refused(
        &bench.by,
        Command::RenameLabel { label, to },
        &taken("label", "other"),
    );
    let again = Command::RegisterCase {
        code: code("case-1"),
        source: None,
    };
    bench.refused(&bench.by, again, &taken("case", "case-1"));
    // An id of another image, and one that is here.
    let image = bench.image;
    let annotation = AnnotationId::from_source(&ImageId::of_name("b.png"), "l", "1");
    let foreign = bench.annotate(AnnotationIdentity::Given(annotation), Geometry::point(1.0, 1.0));
    bench.refused(
        &bench.by,
        foreign,
        &Rejection::ForeignAnnotation { annotation, image },
    );
    let annotation = bench.point();
    let twice = bench.annotate(AnnotationIdentity::Given(annotation), Geometry::point(1.0, 1.0));
    bench.refused(&bench.by, twice, &Rejection::AnnotationExists { annotation });
    // Bytes that were erased do not come back.
    bench.accept(Command::EraseImage { image });
    let files = vec![ImageFile::new("a.png".to_owned(), BlobId::of(b"new"), 3)];
    let ingest = Command::IngestImage {
        name: "a.png".to_owned(),
        files,
        facts: Facts::new(),
    };
    bench.refused(&bench.by, ingest, &Rejection::Erased { image });
    let key = Key::label(bench.label);
    let restore = |record: Option<&[u8]>, expected: Option<&[u8]>| Command::Restore {
        key: Key::label(bench.label),
        expected: expected.map(<[u8]>::to_vec),
        record: record.map(<[u8]>::to_vec),
    };
    let changed = Rejection::ChangedSince {
        kind: "label",
        id: key.to_string(),
    };
    bench.refused(&bench.by, restore(None, Some(b"{}")), &changed);
    bench.refused(&bench.by, restore(Some(b"{}"), None), &changed);
    let case = Key::of(&KeyParts::Case(code("case-2")));
    let broken = Command::Restore {
        key: case,
        expected: None,
        record: Some(b"no JSON".to_vec()),
    };
    let refused = decide(&bench.state, &bench.by, broken).unwrap();
    assert!(matches!(refused, Err(Rejection::NotExact { .. })), "{refused:?}");
}

/// Annotations find their image by the first 8 bytes of its id: of two that begin alike the second does not come in.
#[test]
fn an_image_that_begins_as_another_does_not_come_in() {
    let mut bench = Bench::new();
    let image = ImageId::of_name("late.png");
    let digits = image.to_string();
    let (head, tail) = digits.split_at(digits.len() - 1);
    let like = ImageId::parse(&format!("{head}{}", if tail == "0" { "1" } else { "0" })).unwrap();
    let record = ImageRecord {
        name: "early.png".to_owned(),
        ..ImageRecord::default()
    };
    bench.state.apply(vec![Edit {
        key: Key::image(like),
        value: Some(holotype::codec::to_canonical(&record).unwrap()),
    }]);
    let (name, facts) = ("late.png".to_owned(), Facts::new());
    let wanted = Rejection::ImagePrefixTaken {
        name: name.clone(),
        other: "early.png".to_owned(),
    };
    bench.refused(&bench.by, Command::DeclareImage { name, facts }, &wanted);
}

/// Many at once are refused as one is, and none of them is made.
#[test]
fn annotations_in_bulk_are_refused_as_single_ones() {
    let bench = Bench::new();
    let new = |label, x| NewAnnotation {
        geometry: Geometry::point(x, 1.0),
        label,
        identity: AnnotationIdentity::Content,
        source_id: None,
        attributes: Facts::new(),
    };
    let label = LabelId::of_name("none", 0);
    let nowhere = ImageId::of_name("none.png");
    let nobody = Context {
        annotator: Some(code("human-9")),
        ..Context::default()
    };
    let create = |context: &Context, image, news: Vec<NewAnnotation>| {
        create_annotations(&bench.state, context, image, news)
            .unwrap()
            .err()
    };
    let good = || new(Some(bench.label), 1.0);
    assert_eq!(create(&bench.by, bench.image, vec![good()]), None);
    assert_eq!(
        create(&bench.by, bench.image, vec![good(), new(Some(label), 2.0)]),
        Some(Rejection::UnknownLabel { label })
    );
    let image = nowhere.to_string();
    assert_eq!(
        create(&bench.by, nowhere, vec![good()]),
        Some(Rejection::UnknownImage { image })
    );
    let code = code("human-9");
    assert_eq!(
        create(&nobody, bench.image, vec![good()]),
        Some(Rejection::UnknownAnnotator { code })
    );
    assert!(matches!(
        create(&bench.by, bench.image, vec![good(), new(None, f64::INFINITY)]),
        Some(Rejection::NotExact { .. })
    ));
}
