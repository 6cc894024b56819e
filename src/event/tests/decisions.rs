//! What commands are refused, and what makes no event.

use super::*;
use crate::event::check_image_name;
use crate::id::BlobId;
use crate::model::{ImageFile, ImageRecord};

/// A bench with a case and a slide.
fn furnished() -> Bench<'static> {
    let mut b = bench();
    let by = Context::default();
    for command in [
        Command::RegisterCase {
            code: code("c-1"),
            source: None,
        },
        Command::RegisterSlide {
            code: code("s-1"),
            case: None,
        },
    ] {
        run(&mut b.state, &by, command).unwrap();
    }
    b
}

/// How many events each of these commands makes, one after the other; `None` where it is refused.
fn counts(b: &mut Bench<'_>, commands: impl IntoIterator<Item = Command>) -> Vec<Option<usize>> {
    let by = b.by.clone();
    let counts = commands
        .into_iter()
        .map(|command| run(&mut b.state, &by, command).ok().map(|events| events.len()));
    counts.collect()
}

#[test]
fn an_image_is_assigned_where_case_or_slide_changes() {
    let mut b = furnished();
    let image = b.image;
    let to = |case: Option<&str>, slide: Option<&str>| Command::AssignImage {
        image,
        case: case.map(code),
        slide: slide.map(code),
    };
    let commands = [
        to(Some("c-1"), None),
        to(Some("c-1"), None),
        to(Some("c-1"), Some("s-1")),
        to(None, Some("s-1")),
        to(None, Some("s-1")),
        to(Some("c-2"), None),
        to(None, Some("s-2")),
    ];
    let expected = [Some(1), Some(0), Some(1), Some(1), Some(0), None, None];
    assert_eq!(counts(&mut b, commands), expected);
}

#[test]
fn the_same_bytes_are_ingested_once_and_erased_ones_never_again() {
    let mut b = furnished();
    let image = b.image;
    let ingest = |content: &[u8]| Command::IngestImage {
        name: "001.tiff".into(),
        files: vec![ImageFile::new(String::new(), BlobId::of(content), 3)],
        facts: Facts::new(),
    };
    let commands = [
        ingest(b"one"),
        ingest(b"one"),
        ingest(b"two"),
        Command::EraseImage { image },
        Command::EraseImage { image },
        ingest(b"two"),
    ];
    let expected = [Some(1), Some(0), Some(1), Some(1), Some(0), None];
    assert_eq!(counts(&mut b, commands), expected);
}

#[test]
fn an_image_whose_id_begins_like_that_of_another_is_refused() {
    let mut b = bench();
    let name = "002.tiff";
    let record = ImageRecord {
        name: "another.tiff".into(),
        ..ImageRecord::default()
    };
    b.state.apply(vec![Edit {
        key: Key::image(ImageId::of_name(name)),
        value: Some(to_canonical(&record).unwrap()),
    }]);
    let declare = Command::DeclareImage {
        name: name.into(),
        facts: Facts::new(),
    };
    let refused = run(&mut b.state, &Context::default(), declare).unwrap_err();
    assert!(matches!(refused, Rejection::ImagePrefixTaken { other, .. } if other == "another.tiff"));
}

#[test]
fn a_label_takes_no_name_that_another_has() {
    let mut b = bench();
    let label = b.label;
    let rename = |to: &str| Command::RenameLabel { label, to: to.into() };
    let define = Command::DefineLabel {
        name: "b".into(),
        facts: Facts::new(),
    };
    assert_eq!(
        counts(&mut b, [define, rename("b"), rename("a"), rename("c")]),
        [Some(1), None, Some(0), Some(1)]
    );
}

#[test]
fn a_region_is_screened_once_by_somebody_in_a_round() {
    let mut b = bench();
    let image = b.image;
    let screen = |region: Option<Geometry>| Command::Screen { image, region };
    let square = || Some(Geometry::rectangle(0.0, 0.0, 9.0, 9.0));
    let commands = [screen(None), screen(None), screen(square()), screen(square())];
    assert_eq!(counts(&mut b, commands), [Some(1), Some(0), Some(1), Some(0)]);
    b.by.round = Some(2);
    assert_eq!(counts(&mut b, [screen(None), screen(None)]), [Some(1), Some(0)]);
}

#[test]
fn a_member_of_a_split_is_a_case_or_an_image() {
    let mut b = furnished();
    let image = b.image.to_string();
    let assign = |member: &str, part: Option<&str>| Command::AssignSplit {
        split: "main".into(),
        member: member.into(),
        part: part.map(str::to_owned),
    };
    let stranger = ImageId::of_name("stranger.tiff").to_string();
    let commands = [
        assign("c-1", Some("train")),
        assign("c-1", Some("train")),
        assign("c-1", Some("test")),
        assign("c-1", None),
        assign("c-1", None),
        assign(&image, Some("train")),
        assign("c-2", Some("train")),
        assign(&stranger, Some("train")),
        assign("no code!", Some("train")),
    ];
    let expected = [
        Some(1),
        Some(0),
        Some(1),
        Some(1),
        Some(0),
        Some(1),
        None,
        None,
        None,
    ];
    assert_eq!(counts(&mut b, commands), expected);
}

#[test]
fn an_annotation_with_an_id_of_another_image_is_refused() {
    let mut b = bench();
    let given = |image: ImageId| {
        let mut command = annotate(&bench());
        if let Command::Annotate { identity, .. } = &mut command {
            *identity = AnnotationIdentity::Given(AnnotationId::from_source(&image, "coco-1", "1"));
        }
        command
    };
    let (own, other) = (given(b.image), given(ImageId::of_name("002.tiff")));
    assert_eq!(counts(&mut b, [other, own]), [None, Some(1)]);
}

#[test]
fn many_annotations_with_an_unknown_label_are_refused() {
    let b = bench();
    let new = |label: LabelId| NewAnnotation {
        geometry: Geometry::point(1.0, 2.0),
        label: Some(label),
        identity: AnnotationIdentity::Content,
        source_id: None,
        attributes: Facts::new(),
    };
    let create = |labels: &[LabelId]| {
        let annotations = labels.iter().copied().map(new);
        create_annotations(&b.state, &b.by, b.image, annotations).unwrap()
    };
    let unknown = LabelId::of_name("unknown", 0);
    assert!(create(&[b.label, b.label]).is_ok());
    let refused = create(&[b.label, unknown]).unwrap_err();
    assert!(matches!(refused, Rejection::UnknownLabel { .. }), "{refused:?}");
}

#[test]
fn an_id_of_a_source_is_attached_where_it_does_not_mean_the_annotation_yet() {
    let mut b = bench();
    b.by.lineage = Some("coco-1".into());
    let by = b.by.clone();
    let mut new = || {
        let command = annotate(&b);
        run(&mut b.state, &by, command).unwrap()[0].annotation().unwrap()
    };
    let (one, other) = (new(), new());
    let attach = |annotation, source_id: &str| Command::AttachSourceId {
        annotation,
        source_id: source_id.into(),
    };
    let commands = [
        attach(one, "7"),
        attach(one, "7"),
        attach(other, "7"),
        attach(other, "8"),
    ];
    assert_eq!(counts(&mut b, commands), [Some(1), Some(0), Some(1), Some(1)]);
}

#[test]
fn erasing_nobody_is_no_event() {
    let mut b = bench();
    let nobody = Command::ErasePerson { private: Vec::new() };
    let somebody = Command::ErasePerson {
        private: vec![crate::id::PrivateId::of(b"x")],
    };
    assert_eq!(counts(&mut b, [nobody, somebody]), [Some(0), Some(1)]);
}

#[test]
fn names_of_images_are_relative_paths() {
    let longest = "a".repeat(4096);
    for name in ["a.tiff", "folder/a b.tiff", "..a/.b", longest.as_str()] {
        assert_eq!(check_image_name(name), Ok(()), "{name}");
    }
    let longer = "a".repeat(4097);
    for name in [
        "",
        " ",
        "/a",
        "a\\b",
        "a//b",
        "./a",
        "a/..",
        "a/",
        "a\n",
        longer.as_str(),
    ] {
        assert!(check_image_name(name).is_err(), "{name}");
    }
}
