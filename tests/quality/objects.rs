//! `agreement --match-radius`: objects that each marked alone; and how far each one agrees with themselves.

use serde_json::{Value, json};

use crate::lab::Lab;

fn close(value: &Value, expected: f64) -> bool {
    value
        .as_f64()
        .is_some_and(|value| (value - expected).abs() < 1e-9)
}

fn mark(image: &str, x: u32, label: &str, annotator: &str) -> Value {
    json!({
        "command": "annotate", "image": image, "label": label, "annotator": annotator,
        "geometry": {"type": "box", "x": x, "y": 0, "width": 10, "height": 10},
    })
}

/// Two people searched `a.tiff` and `b.tiff`, each alone; a third image was searched by one of them.
fn screened() -> Lab {
    let lab = Lab::new();
    let mut lines: Vec<Value> = ["a.tiff", "b.tiff", "c.tiff"]
        .map(|image| json!({"command": "declare", "image": image}))
        .into();
    lines.extend([
        mark("a.tiff", 0, "mitosis", "E1"),
        mark("a.tiff", 5, "mitosis", "E2"),
        mark("a.tiff", 100, "mitosis", "E1"),
        mark("a.tiff", 300, "other", "E1"),
        mark("a.tiff", 300, "mitosis", "E2"),
        mark("c.tiff", 0, "mitosis", "E1"),
    ]);
    for (image, annotator) in [
        ("a.tiff", "E1"),
        ("b.tiff", "E1"),
        ("c.tiff", "E1"),
        ("a.tiff", "E2"),
        ("b.tiff", "E2"),
    ] {
        lines.push(json!({"command": "screen", "image": image, "annotator": annotator}));
    }
    assert_eq!(crate::create(&lab, &lines), 0);
    lab.commit("two screenings");
    lab
}

fn pair(report: &Value) -> &Value {
    &report["objects"]["pairs"][0]
}

#[test]
fn objects_of_two_screenings_are_matched_where_both_searched() {
    let lab = screened();
    let report = lab.json(&["agreement", "--match-radius", "6px"]);
    let both = pair(&report);
    assert_eq!(
        (&both["a"], &both["b"], &both["images"]),
        (&json!("human-1"), &json!("human-2"), &json!(2)),
        "c.tiff was searched by one alone, b.tiff by both and is empty"
    );
    assert_eq!(
        [
            &both["objects_a"],
            &both["objects_b"],
            &both["matched_a"],
            &both["only_a"],
            &both["only_b"]
        ],
        [3, 2, 2, 1, 0]
    );
    assert!(close(&both["f1"], 0.8), "{both}");
    // One pair lies half upon the other, one is the same place.
    assert!(close(&both["mean_iou"], (1.0 / 3.0 + 1.0) / 2.0), "{both}");
    assert!(close(&both["mean_dice"], 0.75), "{both}");
    assert!(close(&both["icc_2_1"], 12.0 / 13.0), "{both}");
    assert_eq!(report["objects"]["match"], "maximum");
    assert_eq!(report["objects"]["warnings"], json!([]));
    let one = lab.json(&["agreement", "--match-radius", "6px", "--label", "mitosis"]);
    assert!(close(&pair(&one)["f1"], 0.5), "{one}");
    let none = lab.json(&["agreement", "--match-radius", "4.9"]);
    assert_eq!(pair(&none)["matched_a"], 1);
    let text = lab.ok(&["agreement", "--match-radius", "6px"]).stdout;
    assert!(text.contains("0.800") && text.contains("3 and 2"), "{text}");
}

#[test]
fn a_radius_in_micrometres_needs_a_resolution() {
    let lab = screened();
    let before = lab.truth();
    let refused = lab.run(&["agreement", "--match-radius", "1.3um"]);
    assert_eq!(
        refused.refused(3),
        "error: the image 'a.tiff' has no resolution, so that a radius in µm is none there"
    );
    assert_eq!(lab.truth(), before);
    lab.ok(&["set", "image", "a.tiff", "um_per_px_x=0.25", "um_per_px_y=0.25"]);
    lab.ok(&["set", "image", "b.tiff", "um_per_px_x=0.25", "um_per_px_y=0.25"]);
    let report = lab.json(&["agreement", "DRAFT", "--match-radius", "1.3um"]);
    assert_eq!(pair(&report)["matched_a"], 2, "5 px are 1.25 µm");
    assert_eq!(lab.run(&["agreement", "--match-radius", "far"]).status, 2);
    assert_eq!(lab.run(&["agreement", "--match", "greedy"]).status, 2);
}

#[test]
fn an_annotation_that_both_rated_is_said_to_be_one() {
    let lab = screened();
    let rows = lab.rows(&["list", "annotations"]);
    let of_first = rows.iter().find(|row| row["geometry"]["x"] == 100).unwrap();
    let rate =
        json!({"command": "rate", "annotation": of_first["id"], "label": "mitosis", "annotator": "E2"});
    assert_eq!(crate::create(&lab, &[rate]), 0);
    let report = lab.json(&["agreement", "DRAFT", "--match-radius", "6px"]);
    assert_eq!(pair(&report)["shared"], 1);
    assert_eq!(report["objects"]["warnings"][0]["code"], "shared_objects");
}

#[test]
fn who_has_no_screening_is_compared_where_they_marked_something() {
    let lab = Lab::new();
    let mut lines: Vec<Value> = ["a.tiff", "b.tiff"]
        .map(|image| json!({"command": "declare", "image": image}))
        .into();
    lines.extend([
        mark("a.tiff", 0, "mitosis", "E1"),
        mark("a.tiff", 1, "mitosis", "E2"),
        mark("b.tiff", 0, "mitosis", "E1"),
    ]);
    assert_eq!(crate::create(&lab, &lines), 0);
    let report = lab.json(&["agreement", "DRAFT", "--match-radius", "6px"]);
    assert_eq!(pair(&report)["images"], 1);
    assert_eq!(pair(&report)["icc_2_1"], Value::Null);
    assert_eq!(pair(&report)["undefined"]["icc_2_1"], "it needs two subjects");
    let warnings = report["objects"]["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|one| one["code"] == "no_screening"));
}

#[test]
fn somebody_is_compared_with_themselves_and_by_field_and_label() {
    let lab = screened();
    let rows = lab.rows(&["list", "annotations"]);
    let again: Vec<Value> = rows
        .iter()
        .map(|row| {
            let label = if row["geometry"]["x"] == 100 {
                "other"
            } else {
                "mitosis"
            };
            json!({"command": "rate", "annotation": row["id"], "label": label, "annotator": "E1", "round": 2})
        })
        .collect();
    assert_eq!(crate::create(&lab, &again), 0);
    lab.ok(&["set", "image", "a.tiff", "scanner=CS2"]);
    let report = lab.json(&["agreement", "DRAFT", "--by", "scanner", "--match-radius", "6"]);
    let repeat = &report["intra_rater"][0];
    assert_eq!(
        (&repeat["annotator"], &repeat["rounds"], &repeat["n"]),
        (&json!("human-1"), &json!([1, 2]), &json!(4))
    );
    assert!(close(&repeat["percent_agreement"], 0.5), "{repeat}");
    let groups = report["by"]["groups"].as_array().unwrap();
    let values: Vec<&Value> = groups.iter().map(|one| &one["value"]).collect();
    assert_eq!(values, ["CS2", "not stated"]);
    assert_eq!(groups[0]["objects"]["pairs"][0]["images"], 1);
    let report = lab.json(&["agreement", "DRAFT", "--by", "label"]);
    let groups = report["by"]["groups"].as_array().unwrap();
    let values: Vec<&Value> = groups.iter().map(|one| &one["value"]).collect();
    assert_eq!(values, ["mitosis", "other"]);
    assert_eq!(groups[0]["pairs"][0]["labels"], json!(["mitosis", "any other"]));
}
