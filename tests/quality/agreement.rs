//! `agreement`: figures that others computed, what is not defined, and what is not independent.

use serde_json::{Value, json};

use crate::lab::Lab;

fn close(value: &Value, expected: f64) -> bool {
    value
        .as_f64()
        .is_some_and(|value| (value - expected).abs() < 1e-6)
}

fn pair<'a>(report: &'a Value, a: &str, b: &str) -> &'a Value {
    let pairs = report["pairs"].as_array().unwrap();
    pairs
        .iter()
        .find(|pair| pair["a"] == a && pair["b"] == b)
        .unwrap()
}

/// `a`, `b`, n, agreement, kappa, its interval, F1, Jaccard.
type Expected = (&'static str, &'static str, u64, f64, f64, [f64; 2], f64, f64);

/// Computed with scikit-learn and statsmodels from each person's first label of each annotation of MIDOG 2021.
#[rustfmt::skip]
const MIDOG: [Expected; 5] = [
    ("human-1", "human-2", 4435, 0.791_432, 0.555_544, [0.530_383, 0.580_704], 0.720_965, 0.563_679),
    ("human-1", "human-3", 925, 0.601_081, 0.176_115, [0.112_406, 0.239_823], 0.663_014, 0.495_902),
    ("human-2", "human-3", 925, 0.398_919, -0.165_32, [-0.225_593, -0.105_047], 0.369_615, 0.226_704),
    ("human-1", "model-1", 838, 0.866_348, 0.0, [0.0, 0.0], 0.0, 0.0),
    ("human-2", "model-1", 838, 0.855_609, 0.0, [0.0, 0.0], 0.0, 0.0),
];

#[test]
fn the_experts_of_midog_agree_as_others_computed() {
    let Some(lab) = crate::midog() else { return };
    let report = lab.json(&["agreement"]);
    for (a, b, n, agree, kappa, interval, f1, jaccard) in MIDOG {
        let pair = pair(&report, a, b);
        assert_eq!(pair["n"], n);
        assert!(close(&pair["percent_agreement"], agree), "{pair}");
        assert!(close(&pair["cohen_kappa"], kappa), "{pair}");
        assert!(close(&pair["cohen_kappa_ci"][0], interval[0]), "{pair}");
        assert!(close(&pair["cohen_kappa_ci"][1], interval[1]), "{pair}");
        assert!(
            close(&pair["f1"], f1) && close(&pair["jaccard"], jaccard),
            "{pair}"
        );
    }
    assert!(close(&report["krippendorff_alpha"], 0.603_86), "{report}");
    assert!(
        close(&report["krippendorff_alpha_independent"], 0.554_498_89),
        "{report}"
    );
    assert_eq!(report["independent"], false);
    assert_eq!(report["independent_annotators"], json!(["human-1", "human-2"]));
    assert_eq!(pair(&report, "human-1", "human-2")["independent"], true);
    let flagged: Vec<&Value> = report["warnings"].as_array().unwrap().iter().collect();
    assert!(
        flagged
            .iter()
            .any(|one| one["code"] == "selected_subset" && one["annotator"] == "human-3")
    );
    assert!(
        flagged
            .iter()
            .any(|one| one["code"] == "not_a_person" && one["annotator"] == "model-1")
    );
    assert_eq!(report, lab.json(&["agreement"]), "the same draws each time");
}

/// A COCO file of 10-px boxes on two images, the n-th at x = n, with these labels.
fn coco(labels: &[&str]) -> String {
    let images =
        [0, 1].map(|n| json!({"id": n, "file_name": format!("{n}.tiff"), "width": 900, "height": 900}));
    let categories: Vec<Value> = ["a", "b"]
        .iter()
        .enumerate()
        .map(|(n, name)| json!({"id": n, "name": name}))
        .collect();
    let annotations: Vec<Value> = labels
        .iter()
        .enumerate()
        .map(|(n, label)| {
            let category = usize::from(*label == "b");
            json!({"id": n, "image_id": n % 2, "category_id": category, "bbox": [n, 0, 10, 10], "area": 100})
        })
        .collect();
    json!({"images": images, "categories": categories, "annotations": annotations}).to_string()
}

/// What a first expert drew and a second one rated.
fn annotated(lab: &Lab, labels: &[(&str, &str)]) {
    let first: Vec<&str> = labels.iter().map(|(one, _)| *one).collect();
    let file = lab.write("first.json", coco(&first));
    lab.ok(&["import", &file, "--annotator", "E1=human"]);
    let rate = |row: &Value| {
        let n = row["geometry"]["x"].as_u64().unwrap();
        let (_, label) = labels[usize::try_from(n).unwrap()];
        json!({"command": "rate", "annotation": row["id"], "label": label, "annotator": "E2"})
    };
    let rows = lab.rows(&["list", "annotations", "DRAFT"]);
    let text: String = rows.iter().map(|row| format!("{}\n", rate(row))).collect();
    let ran = lab.feed(&["record", "-", "--create"], &text);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    lab.commit("two experts");
}

#[test]
fn two_experts_are_compared_in_all_and_image_by_image() {
    let lab = Lab::new();
    annotated(
        &lab,
        &[
            ("a", "a"),
            ("b", "b"),
            ("a", "b"),
            ("a", "a"),
            ("b", "b"),
            ("b", "b"),
        ],
    );
    let report = lab.json(&["agreement", "--by", "name"]);
    let all = pair(&report, "human-1", "human-2");
    assert_eq!(
        (all["n"].clone(), all["table"].clone()),
        (json!(6), json!([[2, 1], [0, 3]]))
    );
    assert!(close(&all["cohen_kappa"], 2.0 / 3.0), "{all}");
    assert_eq!(report["independent"], true);
    let groups = report["by"]["groups"].as_array().unwrap();
    let n: Vec<&Value> = groups.iter().map(|one| &one["pairs"][0]["n"]).collect();
    assert_eq!(n, [&json!(3), &json!(3)]);
    let text = lab.ok(&["agreement"]).stdout;
    assert!(
        text.contains("human-1 human-2") && text.contains("0.667"),
        "{text}"
    );
}

#[test]
fn what_is_not_defined_is_null_and_says_why() {
    let lab = Lab::new();
    annotated(&lab, &[("a", "a"), ("a", "a")]);
    let report = lab.json(&["agreement"]);
    let all = pair(&report, "human-1", "human-2");
    assert_eq!(
        (&all["cohen_kappa"], &all["cohen_kappa_ci"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(all["undefined"]["cohen_kappa"], "all gave one and the same label");
    assert!(close(&all["percent_agreement"], 1.0));
    assert_eq!(report["krippendorff_alpha"], Value::Null);
    assert_eq!(
        report["undefined"]["krippendorff_alpha"],
        "all gave one and the same label"
    );
    let empty = Lab::new();
    let file = empty.write("first.json", coco(&["a"]));
    empty.ok(&["import", &file]);
    let report = empty.json(&["agreement", "DRAFT"]);
    assert_eq!(
        (report["pairs"].clone(), report["krippendorff_alpha"].clone()),
        (json!([]), Value::Null)
    );
}

#[test]
fn a_label_that_there_is_not_is_refused() {
    let lab = Lab::new();
    annotated(&lab, &[("a", "b")]);
    let ran = lab.run(&["agreement", "--positive", "c"]);
    assert_eq!(ran.refused(3), "error: there is no label 'c'");
}
