//! `completeness`: what was searched, found late, missed; and what cannot be told.

use serde_json::{Value, json};

use crate::lab::Lab;

fn mark(image: &str, x: u32, annotator: &str, round: u32) -> Value {
    json!({
        "command": "annotate", "image": image, "label": "mitosis", "annotator": annotator, "round": round,
        "geometry": {"type": "point", "x": x, "y": 0},
    })
}

/// Two searched a.tiff and b.tiff; c.tiff in part; d.tiff was not looked at.
fn screened() -> Lab {
    let lab = Lab::new();
    let mut lines: Vec<Value> = ["a.tiff", "b.tiff", "c.tiff", "d.tiff"]
        .map(|image| json!({"command": "declare", "image": image}))
        .into();
    lines.push(json!({
        "command": "annotate", "image": "a.tiff", "label": "mitosis", "geometry": {"type": "point", "x": 500, "y": 0},
        "attributes": {"control": true},
    }));
    lines.insert(0, json!({"command": "define_label", "name": "mitosis"}));
    lines.extend([
        mark("a.tiff", 0, "E1", 1),
        mark("a.tiff", 100, "E1", 1),
        mark("a.tiff", 501, "E1", 1),
        mark("a.tiff", 1, "E2", 1),
        mark("a.tiff", 200, "E2", 1),
        mark("a.tiff", 300, "E1", 2),
    ]);
    for annotator in ["E1", "E2"] {
        for image in ["a.tiff", "b.tiff"] {
            lines.push(json!({"command": "screen", "image": image, "annotator": annotator}));
        }
    }
    lines.push(json!({
        "command": "screen", "image": "c.tiff", "annotator": "E1",
        "region": {"type": "box", "x": 0, "y": 0, "width": 10, "height": 10},
    }));
    assert_eq!(crate::create(&lab, &lines), 0);
    lab.commit("two searches");
    lab
}

#[test]
fn empty_is_not_the_same_as_not_annotated() {
    let lab = screened();
    let report = lab.json(&["completeness"]);
    assert_eq!(
        report["counts"],
        json!({"annotated": 1, "empty": 1, "partly_empty": 1, "not_annotated": 1, "images": 4})
    );
    let images = report["images"].as_array().unwrap();
    let standings: Vec<&Value> = images.iter().map(|one| &one["standing"]).collect();
    assert_eq!(standings, ["annotated", "empty", "partly_empty", "not_annotated"]);
    assert_eq!(images[1]["searched_by"], json!(["human-1", "human-2"]));
    assert_eq!(report["found_in_later_rounds"], 1);
    let first = &report["annotators"][0];
    assert_eq!(
        [
            &first["screened"],
            &first["screened_in_part"],
            &first["empty"],
            &first["objects"]
        ],
        [2, 1, 2, 4]
    );
    let text = lab.ok(&["completeness"]).stdout;
    assert!(text.contains("d.tiff") && !text.contains("b.tiff"), "{text}");
}

#[test]
fn what_two_searches_missed_is_estimated_and_controls_are_looked_for() {
    let lab = screened();
    let report = lab.json(&["completeness", "--match-radius", "5px", "--round", "1"]);
    let pair = &report["capture_recapture"]["pairs"][0];
    assert_eq!(
        [
            &pair["objects_a"],
            &pair["objects_b"],
            &pair["both"],
            &pair["found"]
        ],
        [3, 2, 1, 4]
    );
    // (3 + 1)(2 + 1)/(1 + 1) - 1
    assert_eq!(pair["estimate"], 5.0);
    let [low, high] = [0, 1].map(|n| pair["estimate_ci"][n].as_f64().unwrap());
    assert!((4.0..5.0).contains(&low) && high > 5.0, "{pair}");
    assert_eq!(
        report["capture_recapture"]["assumptions"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let of = |n: usize| {
        let one = &report["annotators"][n];
        [one["controls_found"].clone(), one["controls_missed"].clone()]
    };
    assert_eq!((of(0), of(1)), ([json!(1), json!(0)], [json!(0), json!(1)]));
}

#[test]
fn one_search_that_both_rated_is_no_two_searches() {
    let lab = screened();
    let rows = lab.rows(&["list", "annotations"]);
    let shared = rows.iter().find(|row| row["geometry"]["x"] == 100).unwrap();
    let rate = json!({"command": "rate", "annotation": shared["id"], "label": "mitosis", "annotator": "E2"});
    assert_eq!(crate::create(&lab, &[rate]), 0);
    let report = lab.json(&["completeness", "DRAFT", "--match-radius", "5px"]);
    let pair = &report["capture_recapture"]["pairs"][0];
    assert_eq!(pair["estimate"], Value::Null);
    let why = pair["undefined"]["estimate"].as_str().unwrap();
    assert!(why.starts_with("1 of the matched objects"), "{why}");
}

#[test]
fn fifty_images_of_midog_are_not_annotated() {
    let Some(lab) = crate::midog() else { return };
    let report = lab.json(&["completeness", "--match-radius", "7.5px"]);
    assert_eq!(report["counts"]["images"], 200);
    assert_eq!(report["counts"]["not_annotated"], 50);
    for pair in report["capture_recapture"]["pairs"].as_array().unwrap() {
        assert_eq!(
            pair["estimate"],
            Value::Null,
            "all rated the same annotations: {pair}"
        );
    }
}

/// E1 searched a.tiff for mitoses alone and marked some ink, too; E2 searched it for everything; b.tiff is empty.
fn screened_for_one_label() -> Lab {
    let lab = Lab::new();
    let mut lines: Vec<Value> = ["a.tiff", "b.tiff"]
        .map(|image| json!({"command": "declare", "image": image}))
        .into();
    let mark = |x: u32, label: &str, annotator: &str| {
        json!({
            "command": "annotate", "image": "a.tiff", "label": label, "annotator": annotator,
            "geometry": {"type": "point", "x": x, "y": 0},
        })
    };
    lines.extend([
        mark(0, "mitosis", "E1"),
        mark(100, "ink", "E1"),
        mark(1, "mitosis", "E2"),
        mark(200, "ink", "E2"),
        json!({"command": "screen", "image": "a.tiff", "annotator": "E1", "labels": ["mitosis"]}),
        json!({"command": "screen", "image": "b.tiff", "annotator": "E1", "labels": ["mitosis"]}),
        json!({"command": "screen", "image": "a.tiff", "annotator": "E2"}),
    ]);
    assert_eq!(crate::create(&lab, &lines), 0);
    lab.commit("one searched for one label");
    lab
}

#[test]
fn a_search_for_one_label_says_nothing_of_others() {
    let lab = screened_for_one_label();
    let listed = lab.rows(&["list", "screenings"]);
    let labels: Vec<&Value> = listed
        .iter()
        .filter(|row| row["annotator"] == "human-1")
        .map(|row| &row["labels"])
        .collect();
    assert_eq!(labels, [&json!(["mitosis"]), &json!(["mitosis"])]);
    assert!(
        listed
            .iter()
            .any(|row| row["annotator"] == "human-2" && row["labels"] == Value::Null)
    );
    let standing = |more: &[&str]| {
        let report = lab.json(&[&["completeness"], more].concat());
        report["images"][1]["standing"].clone()
    };
    assert_eq!(standing(&[]), "partly_empty");
    assert_eq!(standing(&["--label", "mitosis"]), "empty");
    assert_eq!(standing(&["--label", "ink"]), "not_annotated");
    let objects = |more: &[&str]| {
        let report = lab.json(&[&["agreement", "--match-radius", "5px"], more].concat());
        report["objects"]["pairs"].clone()
    };
    let pair = &objects(&[])[0];
    assert_eq!(
        (&pair["objects_a"], &pair["objects_b"], &pair["matched_a"]),
        (&json!(1), &json!(1), &json!(1)),
        "ink was not searched for by both"
    );
    assert_eq!(objects(&["--label", "ink"]), json!([]));
}

#[test]
fn one_round_of_one_image_is_searched_for_the_same_labels() {
    let lab = screened_for_one_label();
    let before = lab.truth();
    for (line, why) in [
        (
            json!({"command": "screen", "image": "a.tiff", "annotator": "E1", "labels": ["ink"]}),
            "human-1 screened 'a.tiff' for other labels in round 1; give another round",
        ),
        (
            json!({"command": "screen", "image": "a.tiff", "annotator": "E1"}),
            "for other labels in round 1",
        ),
        (
            json!({"command": "screen", "image": "a.tiff", "annotator": "E2", "labels": ["ink"]}),
            "for other labels in round 1",
        ),
        (
            json!({"command": "screen", "image": "a.tiff", "labels": ["ink"]}),
            "needs an 'annotator'",
        ),
    ] {
        let ran = lab.record(&[line]);
        let refused = ran.refused(3);
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(lab.truth(), before);
    let again = json!({"command": "screen", "image": "a.tiff", "annotator": "E1", "labels": ["mitosis"]});
    assert_eq!(lab.record(&[again]).status, 0);
    assert_eq!(lab.json(&["status"])["draft"]["events"], 0, "it is known already");
    let later =
        json!({"command": "screen", "image": "a.tiff", "annotator": "E1", "labels": ["ink"], "round": 2});
    assert_eq!(lab.record(&[later]).status, 0);
    lab.commit("a second round");
    lab.ok(&["verify", "--replay"]);
}
