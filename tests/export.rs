//! Versions in the formats of other tools, working copies and rules, by way of the library.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

#[path = "dataset/mod.rs"]
mod dataset;

use std::fs;

use dataset::{Made, code, make, set_fact};
use holotype::event::Command;
use holotype::export::{
    ExportError, ExportOptions, Filter, RuleError, Votes, checkout, evaluate_all, export_coco, export_voc,
    parse_rule, rule_text,
};
use holotype::files::folder::FileError;
use holotype::files::output::StagedFolder;
use holotype::model::rule::Tie;
use holotype::model::{AnnotatorKind, FactValue, Rule};
use serde_json::Value;

fn coco(made: &Made, rule: Option<&Rule>, options: &ExportOptions<'_>) -> (Value, Vec<u8>) {
    let version = made.repo.head_version().unwrap();
    let mut out = Vec::new();
    let exported = export_coco(&version, rule, &mut out, options).unwrap();
    let value: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        value["annotations"].as_array().unwrap().len() as u64,
        exported.annotations
    );
    assert_eq!(value["images"].as_array().unwrap().len() as u64, exported.images);
    (value, out)
}

#[test]
fn coco_is_standard_sorted_and_the_same_each_time() {
    let made = make();
    let options = ExportOptions {
        name: "cells",
        ..ExportOptions::default()
    };
    let (value, bytes) = coco(&made, None, &options);
    let names: Vec<&str> = value["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| image["file_name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["=evil.png", "a/1.png", "b.png", "declared.png"]);
    assert_eq!(value["images"][1]["id"], 2);
    assert_eq!(value["images"][1]["width"], 40);
    assert_eq!(value["licenses"][0]["name"], "CC-BY-4.0");
    assert_eq!(value["info"]["title"], "Cells | <b>of</b> dogs");
    // Source ids are kept, since there is one lineage and its numbers are unique.
    let ids: Vec<u64> = value["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_u64().unwrap())
        .collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [11, 12, 13]);
    assert!(value["annotations"][0]["bbox"].as_array().unwrap().len() == 4);
    assert!(value["annotations"][0].get("labels").is_none());
    assert_eq!(coco(&made, None, &options).1, bytes);
    assert_eq!(
        coco(&make(), None, &options).1,
        bytes,
        "another repository, the same content"
    );
}

#[test]
fn labels_follow_the_rule_and_overrides_win() {
    let made = make();
    let options = ExportOptions::default();
    let of = |rule: Option<&Rule>| {
        let (value, _) = coco(&made, rule, &options);
        let mut found: Vec<(u64, u64)> = value["annotations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["id"].as_u64().unwrap(), row["category_id"].as_u64().unwrap()))
            .collect();
        found.sort_unstable();
        found
    };
    // Categories by name: 1 mitotic figure, 2 other. 13 has an override to `other`.
    assert_eq!(of(None), [(11, 1), (12, 1), (13, 2)]);
    let version = made.repo.head_version().unwrap();
    let adjudicated = parse_rule("adjudicated", &version).unwrap();
    assert_eq!(
        rule_text(&adjudicated),
        "adjudicated(primary=human-1+human-2,third=human-3)"
    );
    assert_eq!(of(Some(&adjudicated)), [(11, 1), (12, 2), (13, 2)]);
    let report = evaluate_all(&version, &adjudicated).unwrap();
    assert_eq!((report.annotations, report.decided, report.undecided), (3, 3, 0));
    assert_eq!(report.exceptions.len(), 1);
    assert_eq!(report.exceptions[0].rule_label.as_deref(), Some("mitotic figure"));
    assert_eq!(report.exceptions[0].label.as_deref(), Some("other"));
    let majority = parse_rule("majority", &version).unwrap();
    let report = evaluate_all(&version, &majority).unwrap();
    assert_eq!(report.labels.get("other"), Some(&2));
}

#[test]
fn votes_are_written_only_when_asked_for() {
    let made = make();
    let options = ExportOptions {
        votes: Votes::List,
        ..ExportOptions::default()
    };
    let (value, _) = coco(&made, None, &options);
    let rows = value["annotations"].as_array().unwrap();
    let disputed = rows.iter().find(|row| row["id"] == 12).unwrap();
    assert_eq!(disputed["labels"], serde_json::json!([1, 2, 2]));
}

#[test]
fn a_filter_chooses_rows_and_images() {
    let made = make();
    let annotation = |row: &holotype::export::Row<'_>| row.label_name == Some("other");
    let image = |image: &holotype::export::ImageRow| image.record.name != "declared.png";
    let options = ExportOptions {
        filter: Filter {
            annotation: Some(&annotation),
            image: Some(&image),
        },
        ..ExportOptions::default()
    };
    let (value, _) = coco(&made, None, &options);
    assert_eq!(value["images"].as_array().unwrap().len(), 3);
    assert_eq!(value["annotations"].as_array().unwrap().len(), 1);
}

#[test]
fn erased_images_are_left_out() {
    let made = make();
    let image = holotype::id::ImageId::of_name("b.png");
    made.run(|_| vec![Command::EraseImage { image }]);
    let (value, _) = coco(&made, None, &ExportOptions::default());
    assert_eq!(value["images"].as_array().unwrap().len(), 3);
    let version = made.repo.head_version().unwrap();
    let exported = export_coco(&version, None, &mut Vec::new(), &ExportOptions::default()).unwrap();
    assert_eq!(exported.report.count("erased_image"), 1);
}

#[test]
fn voc_is_one_file_an_image() {
    let made = make();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("voc");
    let version = made.repo.head_version().unwrap();
    let mut staged = StagedFolder::create(&out).unwrap();
    let exported = export_voc(&version, None, &mut staged, &ExportOptions::default()).unwrap();
    staged.publish().unwrap();
    assert_eq!((exported.images, exported.annotations), (4, 3));
    let text = fs::read_to_string(out.join("a/1.xml")).unwrap();
    assert!(text.contains("<filename>1.png</filename>") && text.contains("<folder>a</folder>"));
    assert!(text.contains("<name>mitotic figure</name>"));
    assert!(
        fs::read_to_string(out.join("declared.xml"))
            .unwrap()
            .contains("<annotation>")
    );
}

#[test]
fn a_working_copy_has_the_images_and_their_annotations() {
    let made = make();
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("copy");
    let version = made.repo.head_version().unwrap();
    let summary = checkout(&made.repo, &version, None, &out).unwrap();
    assert_eq!((summary.images, summary.declared, summary.erased), (3, 1, 0));
    assert_eq!(fs::read(out.join("a/1.png")).unwrap(), b"bytes of a/1.png");
    assert!(out.join("annotations.coco.json").exists());
    let again = checkout(&made.repo, &version, None, &out);
    assert!(matches!(
        again,
        Err(ExportError::File(FileError::NotEmpty { .. }))
    ));
    // A damaged blob is never passed on, and nothing half-made is left.
    let blob = made.blob("a/1.png");
    let path = made.repo.store().blob_path(blob);
    fs::write(&path, b"flipped").unwrap();
    let other = dir.path().join("other");
    assert!(matches!(
        checkout(&made.repo, &version, None, &other),
        Err(ExportError::Store(_))
    ));
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        checkout(&made.repo, &version, None, &other),
        Err(ExportError::BytesMissing { .. })
    ));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// An image that was recorded without a copy is read where it lies, and somebody may have changed it there.
#[test]
fn bytes_that_were_not_copied_and_have_changed_are_not_passed_on() {
    let made = make();
    let dir = tempfile::tempdir().unwrap();
    let (store, blob) = (made.repo.store(), made.blob("a/1.png"));
    let elsewhere = dir.path().join("elsewhere.png");
    fs::rename(store.blob_path(blob), &elsewhere).unwrap();
    store.set_local_path(blob, elsewhere.to_str().unwrap()).unwrap();
    let version = made.repo.head_version().unwrap();
    let out = dir.path().join("copy");
    checkout(&made.repo, &version, None, &out).unwrap();
    assert_eq!(fs::read(out.join("a/1.png")).unwrap(), b"bytes of a/1.png");
    for changed in ["bytes of a/2.png", "", "bytes of a/1.pngx"] {
        fs::write(&elsewhere, changed).unwrap();
        let result = checkout(&made.repo, &version, None, &dir.path().join("other"));
        assert!(
            matches!(&result, Err(ExportError::BytesChanged { path, .. }) if *path == elsewhere),
            "{result:?}"
        );
        assert!(!dir.path().join("other").exists());
    }
}

#[test]
fn n01_names_that_cannot_be_on_disk_are_listed() {
    let made = make();
    made.ingest(&[
        ("CON", b"1"),
        ("annotations.coco.json", b"2"),
        ("x:y", b"3"),
        ("b.png/c", b"4"),
    ]);
    let dir = tempfile::tempdir().unwrap();
    let version = made.repo.head_version().unwrap();
    match checkout(&made.repo, &version, None, &dir.path().join("copy")) {
        Err(ExportError::Names { names }) => {
            let names: Vec<String> = names.into_iter().map(|error| error.name).collect();
            assert_eq!(names, ["CON", "annotations.coco.json", "x:y", "b.png"]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn rules_are_read_as_they_are_written() {
    let made = make();
    let version = made.repo.head_version().unwrap();
    for text in [
        "as-recorded",
        "first-human",
        "majority(kinds=human,tie=undecided)",
        "majority(kinds=human+model,tie=recorded)",
        "adjudicated(primary=human-1+human-2,third=human-3)",
    ] {
        assert_eq!(rule_text(&parse_rule(text, &version).unwrap()), text);
    }
    assert_eq!(
        parse_rule("majority(tie=recorded,kinds=model+human)", &version).unwrap(),
        Rule::Majority {
            kinds: vec![AnnotatorKind::Human, AnnotatorKind::Model],
            tie: Tie::Recorded
        }
    );
    for bad in [
        "majority(kinds=human",
        "majority(kinds=people)",
        "majority(tie=coin)",
        "majority(a=b)",
        "first-human(x=y)",
        "adjudicated(primary=human-1,third=human-3)",
        "adjudicated(primary=human-1+human-1,third=human-3)",
        "adjudicated(third=human-3)",
    ] {
        assert!(
            matches!(parse_rule(bad, &version), Err(RuleError::Form { .. })),
            "{bad}"
        );
    }
    assert!(matches!(
        parse_rule("plurality", &version),
        Err(RuleError::UnknownRule { .. })
    ));
    assert!(matches!(
        parse_rule("adjudicated(primary=human-1+human-2,third=nobody)", &version),
        Err(RuleError::UnknownAnnotator { .. })
    ));
}

#[test]
fn who_is_who_is_not_guessed() {
    let made = make();
    // The third also rates where the other two agree.
    made.run(|made| {
        vec![Command::Rate {
            annotation: made.annotation("11"),
            label: Some(made.label("other")),
        }]
    });
    let version = made.repo.head_version().unwrap();
    assert!(
        parse_rule("adjudicated", &version).is_ok(),
        "without an annotator nothing was rated"
    );
    made.run_as(&code("human-3"), |made| {
        vec![Command::Rate {
            annotation: made.annotation("11"),
            label: Some(made.label("other")),
        }]
    });
    let version = made.repo.head_version().unwrap();
    match parse_rule("adjudicated", &version) {
        Err(RuleError::NotInferred { why }) => assert!(why.contains("other two"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn private_facts_stay_out() {
    let made = make();
    let private = made.private("Prof. Secret");
    set_fact(&made, "supervisor", FactValue::Private(private));
    let (_, bytes) = coco(&made, None, &ExportOptions::default());
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("Secret") && !text.contains("supervisor"));
}
