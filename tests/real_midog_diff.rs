//! What `diff` tells of the published mitotic figures: MIDOG 2021, its successor MIDOG++, and one box moved.

#![allow(
    clippy::indexing_slicing,
    reason = "a test that reaches beyond an answer has found something"
)]

mod lab;

use lab::{Lab, data_dir};
use serde_json::{Value, json};

fn import(lab: &Lab, file: &std::path::Path) {
    lab.ok(&[
        "import",
        file.to_str().expect("a path in UTF-8"),
        "--commit",
        "as published",
    ]);
}

fn changes<'a>(diff: &'a Value, entity: &str, kind: &str) -> Vec<&'a Value> {
    let all = diff["changes"].as_array().expect("a list");
    all.iter()
        .filter(|change| change["entity"] == entity && change["kind"] == kind)
        .collect()
}

#[test]
fn the_successor_only_adds() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    import(&lab, &data.join("midog/MIDOG.json"));
    import(&lab, &data.join("midog/MIDOG++.json"));
    let diff = lab.json(&["diff", "HEAD~1", "HEAD"]);
    let annotations = &diff["summary"]["annotations"];
    let none = ["removed", "moved", "reshaped", "relabelled"].map(|name| annotations[name].as_u64());
    assert_eq!((annotations["added"].as_u64(), none), (Some(21851), [Some(0); 4]));
    assert_eq!(diff["summary"]["images"]["added"], 353);
    let resized: Vec<&str> = changes(&diff, "images", "modified")
        .into_iter()
        .filter(|change| !change["fields"]["width"].is_null() || !change["fields"]["height"].is_null())
        .filter_map(|change| change["image"]["name"].as_str())
        .collect();
    assert_eq!(resized, ["172.tiff", "173.tiff"]);
    // People see them first, though 198 other images have a new fact.
    let text = lab.ok(&["diff", "HEAD~1", "HEAD"]).stdout;
    let images = text.split("\nImages\n").nth(1).expect("a section");
    let first: Vec<&str> = images.lines().take(2).map(|line| &line[4..12]).collect();
    assert_eq!(first, ["172.tiff", "173.tiff"]);
    let dataset = changes(&diff, "dataset", "modified");
    let licence = json!({"before": "Attribution-NonCommercial-NoDerivs License", "after": "CC0"});
    assert_eq!(dataset[0]["fields"]["licence"], licence);
}

#[test]
fn a_box_moved_by_two_pixels_is_one_change() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    let file = data.join("midog/MIDOG.json");
    import(&lab, &file);
    let original = std::fs::read_to_string(&file).unwrap();
    let moved = original.replace(
        "\"bbox\": [4336, 346, 4386, 396]",
        "\"bbox\": [4338, 346, 4388, 396]",
    );
    assert_ne!(original, moved);
    let copy = lab.write("copy.json", moved);
    import(&lab, copy.as_ref());
    let diff = lab.json(&["diff", "HEAD~1", "HEAD"]);
    assert_eq!(diff["changes"].as_array().map(Vec::len), Some(1), "{diff}");
    let change = &diff["changes"][0];
    assert_eq!(change["kind"], "moved", "{change}");
    let shown = change.to_string();
    assert!(
        shown.contains(":2,") || shown.contains(":2.0,") || shown.contains(":2}"),
        "{shown}"
    );
    assert_eq!(diff["summary"]["annotations"]["moved"], 1);
    let same = lab.json(&["diff", "HEAD", "HEAD"]);
    assert_eq!((&same["identical"], &same["changes"]), (&true.into(), &json!([])));
}

#[test]
fn an_export_brought_into_a_fresh_repository_is_the_same() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    import(&lab, &data.join("midog/MIDOG.json"));
    let file = lab.path().join("export.json");
    lab.ok(&[
        "export",
        "--format",
        "coco",
        "--out",
        file.to_str().expect("a path in UTF-8"),
    ]);
    let fresh = Lab::new();
    import(&fresh, &file);
    let rows = |lab: &Lab| -> Vec<Value> {
        let listed = lab.ok(&["list", "annotations", "--json"]).stdout;
        let row = |line: &str| -> Value {
            let row: Value = serde_json::from_str(line).expect("an object a line");
            json!([row["id"], row["image_name"], row["geometry"], row["label"]])
        };
        listed.lines().map(row).collect()
    };
    let published = rows(&lab);
    assert_eq!(published.len(), 4435);
    assert_eq!(rows(&fresh), published);
}
