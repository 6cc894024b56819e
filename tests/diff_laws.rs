//! What `compare` tells of two versions, and who it was: laws, and each kind of change once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

#[path = "diff_laws/lab.rs"]
mod lab;
#[path = "diff_laws/random.rs"]
mod random;
#[path = "diff_laws/who.rs"]
mod who;

use holotype::event::{Command, Context, EntityRef, State};
use holotype::id::ImageId;
use holotype::model::{AnnotatorKind, Facts, Geometry, Key, Rule};
use holotype::repo::Version;
use holotype::snapshot::changes::{ChangeKind, Comparison, Entity, Summary};

use lab::{IMAGE, Lab, NONE, annotate, code, declare, facts, field, label, majority, set, values};

#[test]
fn a_version_does_not_differ_from_itself() {
    let lab = Lab::new();
    let (version, _) = lab.begin();
    let found = lab.compare(&version, &version);
    assert!(found.identical);
    assert_eq!(
        found,
        Comparison {
            identical: true,
            ..Comparison::default()
        }
    );
}

#[test]
fn a_box_moved_by_two_pixels_is_one_change() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let geometry = Geometry::rectangle(12.0, 20.0, 50.0, 50.0);
    let context = lab.by("human-2", "off by two");
    let after = lab.run(vec![(context, Command::Revise { annotation, geometry })]);
    let change = lab.only(&before, &after);
    assert_eq!(change.kinds, [ChangeKind::Moved]);
    assert_eq!(change.id, annotation.to_string());
    assert_eq!(change.distance_px(), Some(2.0));
    assert_eq!(change.distance_um(), Some(0.5));
    assert_eq!(change.image.as_ref().unwrap().name.as_ref(), IMAGE);
    assert_eq!(change.label.as_deref(), Some("a"));
    assert_eq!(field(&change, "geometry").0["x"], 10.0);
    assert_eq!(field(&change, "geometry").1["x"], 12.0);
    let by = lab.repo.attribute(&before, &after, &[change]).unwrap();
    let by = by[0].as_ref().unwrap();
    assert_eq!(by.author.as_deref(), Some("Ada <ada@example.org>"));
    assert_eq!(by.annotator, Some(code("human-2")));
    assert_eq!(by.reason.as_deref(), Some("off by two"));
    assert_eq!(by.commit, after.id());
    assert_eq!(by.at.unwrap().to_string(), "2026-11-01T12:00:00.000Z");
    assert!(by.event.as_ref().unwrap().ends_with(":1"));
}

#[test]
fn a_distance_in_um_needs_a_known_resolution_and_heeds_both_axes() {
    let lab = Lab::new();
    let (_, annotation) = lab.begin();
    let image = EntityRef::image(ImageId::of_name(IMAGE));
    let before = lab.one(set(image.clone(), "um_per_px_y", Some(1.0.into())));
    let geometry = Geometry::rectangle(14.0, 20.0 + 3.0, 50.0, 50.0);
    let after = lab.one(Command::Revise { annotation, geometry });
    let change = lab.only(&before, &after);
    assert_eq!(change.distance_px(), Some(5.0));
    assert_eq!(
        change.distance_um(),
        Some(10.0_f64.sqrt()).map(|um| (um * 1e9).round() / 1e9)
    );
    let unknown = lab.run(vec![
        (lab.context(), set(image.clone(), "um_per_px_y", None)),
        (lab.context(), set(image, "um_per_px_x", None)),
    ]);
    let geometry = Geometry::rectangle(10.1, 23.0, 50.0, 50.0);
    let moved = lab.one(Command::Revise { annotation, geometry });
    let change = lab.only(&unknown, &moved);
    assert_eq!((change.distance_px(), change.distance_um()), (Some(3.9), None));
}

#[test]
fn a_larger_box_is_reshaped() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let geometry = Geometry::rectangle(10.0, 20.0, 100.0, 50.0);
    let after = lab.one(Command::Revise { annotation, geometry });
    let change = lab.only(&before, &after);
    assert_eq!(change.kinds, [ChangeKind::Reshaped]);
    assert!((change.overlap().unwrap() - 0.5).abs() < 1e-9);
}

#[test]
fn a_relabel_that_moves_too_is_one_change_and_a_rating() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let geometry = Geometry::rectangle(13.0, 24.0, 50.0, 50.0);
    let (one, two) = (lab.by("human-1", "moved"), lab.by("human-2", "second read"));
    let after = lab.run(vec![
        (one, Command::Revise { annotation, geometry }),
        (
            two,
            Command::Relabel {
                annotation,
                label: Some(label("b")),
            },
        ),
    ]);
    let found = lab.compare(&before, &after);
    let [change, rating] = found.changes.as_slice() else {
        panic!("{found:#?}")
    };
    assert_eq!(change.kinds, [ChangeKind::Relabelled, ChangeKind::Moved]);
    assert_eq!(change.kind, ChangeKind::Relabelled);
    assert_eq!(field(change, "label"), values("a", "b"));
    assert_eq!(rating.entity, Entity::Ratings);
    assert_eq!(rating.id, format!("{annotation}/1/human-2/0"));
    assert_eq!(field(rating, "label"), values(NONE, "b"));
    assert_eq!(field(rating, "annotator"), values(NONE, "human-2"));
    assert_eq!(field(rating, "round"), values(NONE, 1.0));
    let counts = found.summary.annotations;
    assert_eq!(
        (counts.modified, counts.relabelled, counts.moved, counts.reshaped),
        (1, 1, 1, 0)
    );
    assert_eq!(found.summary.ratings.added, 1);
    let by = lab.repo.attribute(&before, &after, &found.changes).unwrap();
    let reasons: Vec<_> = by
        .iter()
        .map(|by| by.as_ref().unwrap().reason.as_deref())
        .collect();
    assert_eq!(reasons, [Some("second read"), Some("second read")]);
}

#[test]
fn under_majority_a_rating_alone_relabels() {
    let lab = Lab::new();
    let (_, annotation) = lab.begin();
    let rule = majority(vec![AnnotatorKind::Human]);
    let before = lab.one(Command::SetRule { rule });
    let context = lab.by("human-2", "disagrees");
    let rate = Command::Rate {
        annotation,
        label: Some(label("b")),
    };
    let after = lab.run(vec![(context, rate)]);
    let found = lab.compare(&before, &after);
    let change = &found.changes[0];
    assert_eq!(change.kinds, [ChangeKind::Relabelled]);
    assert_eq!(field(change, "label"), values("a", NONE), "a tie is undecided");
    assert_eq!(change.geometry().unwrap().type_name(), "box");
    assert_eq!(found.summary.annotations.relabelled, 1);
    assert_eq!((found.summary.ratings.added, found.changes.len()), (1, 2));
    let by = lab.repo.attribute(&before, &after, &found.changes).unwrap();
    assert_eq!(by[0].as_ref().unwrap().reason.as_deref(), Some("disagrees"));
    // The opinion of one who does not count changes no label.
    let rate = Command::Rate {
        annotation,
        label: Some(label("b")),
    };
    let model = lab.run(vec![(lab.by("model-1", ""), rate)]);
    assert_eq!(lab.only(&after, &model).entity, Entity::Ratings);
}

#[test]
fn another_rule_relabels_whatever_it_gives_another_label() {
    let lab = Lab::new();
    let (_, annotation) = lab.begin();
    let before = lab.run(vec![
        (lab.context(), annotate("2", 300.0)),
        (
            lab.by("human-2", ""),
            Command::Rate {
                annotation,
                label: Some(label("b")),
            },
        ),
    ]);
    let after = lab.one(Command::SetRule {
        rule: Rule::FirstHuman,
    });
    let found = lab.compare(&before, &after);
    assert_eq!(found.summary.dataset.modified, 1);
    assert_eq!(field(&found.changes[0], "rule").1["name"], "first-human");
    // The one without ratings has no label any more; the other keeps the first human's.
    assert_eq!(found.summary.annotations.relabelled, 1);
    assert_eq!(field(&found.changes[1], "label"), values("a", NONE));
    let by = lab.repo.attribute(&before, &after, &found.changes).unwrap();
    assert!(by.iter().all(|by| by.as_ref().unwrap().commit == after.id()));
    let everyone = majority(vec![AnnotatorKind::Human, AnnotatorKind::Model]);
    let third = lab.one(Command::SetRule { rule: everyone });
    let found = lab.compare(&after, &third);
    assert_eq!(found.summary.annotations.relabelled, 1, "a tie now");
}

#[test]
fn another_kind_of_annotator_relabels_under_a_rule_that_looks_at_it() {
    let lab = Lab::new();
    let (_, annotation) = lab.begin();
    let rule = majority(vec![AnnotatorKind::Human]);
    let before = lab.run(vec![
        (
            lab.by("human-2", ""),
            Command::Rate {
                annotation,
                label: Some(label("b")),
            },
        ),
        (
            lab.by("model-1", ""),
            Command::Rate {
                annotation,
                label: Some(label("b")),
            },
        ),
        (lab.context(), Command::SetRule { rule }),
    ]);
    let key = Key::annotator(&code("model-1"));
    let expected = before.get(&key).unwrap().unwrap();
    let record = String::from_utf8(expected.clone())
        .unwrap()
        .replace("\"model\"", "\"human\"");
    let restore = Command::Restore {
        key,
        expected: Some(expected),
        record: Some(record.into_bytes()),
    };
    let after = lab.one(restore);
    let found = lab.compare(&before, &after);
    assert_eq!(found.summary.annotators.modified, 1);
    assert_eq!(found.summary.annotations.relabelled, 1);
    assert_eq!(field(&found.changes[1], "label"), values(NONE, "b"));
}

#[test]
fn an_override_relabels_when_it_changes_the_label() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let hard = |label| Command::Override { annotation, label };
    let after = lab.one(hard(Some(Some(label("b")))));
    let change = lab.only(&before, &after);
    assert_eq!(change.kinds, [ChangeKind::Relabelled]);
    assert_eq!(field(&change, "label"), values("a", "b"));
    assert_eq!(field(&change, "override").1["label"], "b");
    // The recorded label under an override changes nothing that is in force.
    let hidden = lab.one(Command::Relabel {
        annotation,
        label: Some(label("b")),
    });
    let change = lab.only(&after, &hidden);
    assert_eq!(change.kinds, [ChangeKind::Modified]);
    assert_eq!(field(&change, "recorded_label"), values("a", "b"));
    // Without the override, what is recorded is in force: the same.
    let back = lab.one(hard(None));
    let change = lab.only(&hidden, &back);
    assert_eq!(change.kinds, [ChangeKind::Modified]);
    assert_eq!(field(&change, "override").1, NONE);
}

#[test]
fn a_renamed_label_is_a_change_of_the_label_alone() {
    let lab = Lab::new();
    let (before, _) = lab.begin();
    let after = lab.one(Command::RenameLabel {
        label: label("a"),
        to: "mitotic figure".to_owned(),
    });
    let change = lab.only(&before, &after);
    assert_eq!(
        (change.entity, change.kinds.as_slice()),
        (Entity::Labels, &[ChangeKind::Renamed][..])
    );
    assert_eq!(field(&change, "name"), values("a", "mitotic figure"));
    assert_eq!(before.compare(&after).unwrap().summary.labels.modified, 1);
}

#[test]
fn labels_that_change_places_by_name_are_still_two_labels() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let rename = |name: &str, to: &str| Command::RenameLabel {
        label: label(name),
        to: to.to_owned(),
    };
    let relabel = Command::Relabel {
        annotation,
        label: Some(label("b")),
    };
    let after = lab.run(vec![
        (lab.context(), rename("a", "old a")),
        (lab.context(), rename("b", "a")),
        (lab.context(), relabel),
    ]);
    let found = lab.compare(&before, &after);
    assert_eq!(found.summary.labels.modified, 2);
    let change = &found.changes[2];
    assert_eq!(change.kinds, [ChangeKind::Relabelled]);
    assert_eq!(field(change, "label"), values("a", "a"));
}

#[test]
fn facts_of_dataset_and_images_are_told_by_name() {
    let lab = Lab::new();
    let (first, _) = lab.begin();
    let licence = |value: &str| set(EntityRef::dataset(), "licence", Some(value.into()));
    let before = lab.one(licence("CC-BY-4.0"));
    let change = lab.only(&first, &before);
    assert_eq!(change.kind, ChangeKind::Modified, "a dataset is always there");
    assert_eq!(field(&change, "licence"), values(NONE, "CC-BY-4.0"));
    let image = EntityRef::image(ImageId::of_name(IMAGE));
    let after = lab.run(vec![
        (lab.context(), licence("CC0-1.0")),
        (lab.context(), set(image.clone(), "width", Some(7216.0.into()))),
        (lab.context(), set(image, "height", Some(5412.0.into()))),
        (lab.context(), declare("000.tiff", Facts::new())),
    ]);
    let found = lab.compare(&before, &after);
    let told: Vec<_> = found
        .changes
        .iter()
        .map(|change| (change.entity, change.kind))
        .collect();
    assert_eq!(
        told,
        [
            (Entity::Dataset, ChangeKind::Modified),
            (Entity::Images, ChangeKind::Added),
            (Entity::Images, ChangeKind::Modified),
        ]
    );
    assert_eq!(
        field(&found.changes[0], "licence"),
        values("CC-BY-4.0", "CC0-1.0")
    );
    assert_eq!(field(&found.changes[1], "name"), values(NONE, "000.tiff"));
    assert_eq!(field(&found.changes[2], "width"), values(7215.0, 7216.0));
    assert_eq!(field(&found.changes[2], "height"), values(NONE, 5412.0));
    assert_eq!(found.changes[2].fields.len(), 2);
}

#[test]
fn other_source_ids_alone_are_told_and_not_counted() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let context = Context {
        lineage: Some("coco-1".to_owned()),
        ..lab.context()
    };
    let attach = Command::AttachSourceId {
        annotation,
        source_id: "17".to_owned(),
    };
    let after = lab.run(vec![(context, attach)]);
    let change = lab.only(&before, &after);
    assert_eq!(change.kinds, [ChangeKind::Rekeyed]);
    assert_eq!(field(&change, "source_id").1[0]["id"], "17");
    let found = lab.compare(&before, &after);
    assert!(!found.identical);
    assert_eq!(found.summary, Summary::default());
    let by = lab.repo.attribute(&before, &after, &found.changes).unwrap();
    assert!(by[0].is_some());
}

#[test]
fn everything_else_is_added_or_modified() {
    let lab = Lab::new();
    let (before, _) = lab.begin();
    let image = ImageId::of_name(IMAGE);
    let split = |part: Option<&str>| Command::AssignSplit {
        split: "official".to_owned(),
        member: "case-1".to_owned(),
        part: part.map(str::to_owned),
    };
    let after = lab.run(vec![
        (
            lab.context(),
            Command::RegisterCase {
                code: code("case-1"),
                source: None,
            },
        ),
        (
            lab.context(),
            Command::RegisterSlide {
                code: code("slide-1"),
                case: Some(code("case-1")),
            },
        ),
        (
            lab.context(),
            Command::AssignImage {
                image,
                case: Some(code("case-1")),
                slide: None,
            },
        ),
        (
            lab.by("human-1", "all of it"),
            Command::Screen { image, region: None },
        ),
        (lab.context(), split(Some("train"))),
    ]);
    let found = lab.compare(&before, &after);
    let told: Vec<_> = found
        .changes
        .iter()
        .map(|change| (change.entity, change.kind, change.id.as_str()))
        .collect();
    let image_id = image.to_string();
    assert_eq!(
        told[..3],
        [
            (Entity::Cases, ChangeKind::Added, "case-1"),
            (Entity::Slides, ChangeKind::Added, "slide-1"),
            (Entity::Images, ChangeKind::Modified, image_id.as_str()),
        ]
    );
    assert_eq!((told[3].0, told[3].1), (Entity::Screenings, ChangeKind::Added));
    assert_eq!(told[4], (Entity::Splits, ChangeKind::Added, "official/case-1"));
    assert_eq!(field(&found.changes[2], "case"), values(NONE, "case-1"));
    assert_eq!(field(&found.changes[3], "image"), values(NONE, IMAGE));
    let by = lab.repo.attribute(&before, &after, &found.changes).unwrap();
    assert!(by.iter().all(Option::is_some));
    assert_eq!(by[3].as_ref().unwrap().reason.as_deref(), Some("all of it"));
}

#[test]
fn an_annotation_with_attributes_that_comes_or_goes_is_not_modified_too() {
    let lab = Lab::new();
    let (before, _) = lab.begin();
    let mut command = annotate("9", 300.0);
    if let Command::Annotate { attributes, .. } = &mut command {
        *attributes = facts([("grade", 2.0)]);
    }
    let after = lab.run(vec![(lab.by("human-1", "one more"), command)]);
    let kinds = |one: &Version, other: &Version| {
        let changes = lab.compare(one, other).changes.into_iter();
        let annotations = changes.filter(|change| change.entity == Entity::Annotations);
        annotations.map(|change| change.kinds).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&before, &after), [[ChangeKind::Added]]);
    assert_eq!(kinds(&after, &before), [[ChangeKind::Removed]]);
}

#[test]
fn what_is_put_elsewhere_or_withdrawn_is_told() {
    let lab = Lab::new();
    let (_, annotation) = lab.begin();
    let split = |part: Option<&str>| Command::AssignSplit {
        split: "official".to_owned(),
        member: "case-1".to_owned(),
        part: part.map(str::to_owned),
    };
    let case = Command::RegisterCase {
        code: code("case-1"),
        source: None,
    };
    let after = lab.run(vec![(lab.context(), case), (lab.context(), split(Some("train")))]);
    let moved = lab.one(split(Some("test")));
    assert_eq!(field(&lab.only(&after, &moved), "part"), values("train", "test"));
    let gone = lab.run(vec![
        (lab.context(), split(None)),
        (
            lab.by("human-1", "out of focus"),
            Command::Withdraw { annotation },
        ),
    ]);
    let found = lab.compare(&moved, &gone);
    let counts = |entity| found.summary.counts(entity).removed;
    assert_eq!(
        [Entity::Annotations, Entity::Ratings, Entity::Splits].map(counts),
        [1, 1, 1]
    );
    let by = lab.repo.attribute(&moved, &gone, &found.changes).unwrap();
    assert_eq!(
        by[1].as_ref().unwrap().reason.as_deref(),
        Some("out of focus"),
        "of the rating"
    );
}
