//! A version leaves in a format and comes back into a new repository as the same snapshot, where the format can carry it
//! all; else the difference is the documented one.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::everything::{self, FILE_NAMES, Names, ODD_NAMES};
use crate::lab::{Lab, data_dir, text};

/// The snapshot of the latest commit.
fn snapshot(lab: &Lab) -> String {
    text(&lab.json(&["show", "HEAD"])["snapshot"])
}

/// Exports the latest version; returns the path.
fn export(lab: &Lab, format: &str) -> String {
    let path = lab.path().join(format!("out.{format}")).display().to_string();
    lab.ok(&["export", "--format", format, "--out", &path]);
    path
}

/// Imports a file into a new repository and commits; returns the repository and what the import said.
fn fresh(path: &str) -> (Lab, Value) {
    let lab = Lab::on("2027-03-04");
    let report = lab.json(&["import", path, "--commit", "brought here"]);
    (lab, report)
}

/// The published database, with the models and procedures of its people, a second round, a rule and exceptions from it.
fn midog() -> Option<Lab> {
    let file = data_dir()?.join("midog/MIDOG.sqlite").display().to_string();
    let lab = Lab::new();
    lab.ok(&[
        "import",
        &file,
        "--map-annotator",
        "RetinaNet=model",
        "--commit",
        "as published",
    ]);
    Some(lab)
}

fn comes_back(lab: &Lab, format: &str) {
    let path = export(lab, format);
    let (there, report) = fresh(&path);
    assert_eq!(report["created"], 4435);
    assert_eq!(report["ratings_added"], 11094);
    assert_eq!(report["losses"], json!([]), "{report}");
    assert_eq!(snapshot(&there), snapshot(lab));
}

#[test]
fn midog_comes_back_from_a_sliderunner_database_as_the_same_snapshot() {
    let Some(lab) = midog() else { return };
    comes_back(&lab, "sliderunner");
}

#[test]
fn midog_comes_back_from_a_parquet_table_as_the_same_snapshot() {
    let Some(lab) = midog() else { return };
    comes_back(&lab, "parquet");
}

/// Exports a repository that was made through the library, reads it into a new one, and compares.
fn everything_comes_back(seed: u64, format: &str, names: Names) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("here");
    let mut author = everything::make(&dir, seed, names);
    everything::leave_gaps(&mut author);
    let outside = Lab::bare("2027-01-01");
    let path = outside.path().join("out").display().to_string();
    let here = dir.display().to_string();
    outside.ok(&["-C", &here, "export", "--format", format, "--out", &path]);
    let (there, report) = fresh(&path);
    assert_eq!(report["losses"], json!([]), "{report}");
    everything::assert_same(&dir, there.path());
    let id = |lab: &Lab, dir: &str| text(&lab.json(&["-C", dir, "show", "HEAD"])["snapshot"]);
    assert_eq!(id(&outside, &here), id(&there, "."));
    // Once more: what is the same says nothing new, and the same version gives the same bytes.
    let again = there.json(&["import", &path]);
    assert_eq!(again["events"], 0, "{again}");
    let second = outside.path().join("second").display().to_string();
    outside.ok(&["-C", &here, "export", "--format", format, "--out", &second]);
    assert_eq!(files(Path::new(&path)), files(Path::new(&second)));
}

/// The bytes of a file, or of all files of a folder, by name.
fn files(path: &Path) -> Vec<(String, Vec<u8>)> {
    if path.is_file() {
        return vec![(String::new(), std::fs::read(path).unwrap())];
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        found.extend(
            files(&entry.path())
                .into_iter()
                .map(|(below, bytes)| (format!("{name}/{below}"), bytes)),
        );
    }
    found.sort();
    found
}

#[test]
fn everything_comes_back_from_geojson() {
    for seed in [1, 2, 3] {
        everything_comes_back(seed, "geojson", FILE_NAMES);
    }
}

proptest! {
    // A case is a dataset that goes through the program six times; what fails is told by its seed alone.
    #![proptest_config(ProptestConfig { cases: 2, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_dataset_holds_comes_back_from_each_lossless_format(seed: u64) {
        everything_comes_back(seed, "geojson", FILE_NAMES);
        everything_comes_back(seed, "sliderunner", ODD_NAMES);
        everything_comes_back(seed, "parquet", ODD_NAMES);
    }
}

#[test]
fn midog_comes_back_from_geojson_as_the_same_snapshot() {
    let Some(lab) = midog() else { return };
    comes_back(&lab, "geojson");
}

#[test]
fn everything_comes_back_from_a_sliderunner_database() {
    for seed in [1, 2, 3] {
        everything_comes_back(seed, "sliderunner", ODD_NAMES);
    }
}

#[test]
fn everything_comes_back_from_a_parquet_table() {
    for seed in [1, 2, 3] {
        everything_comes_back(seed, "parquet", ODD_NAMES);
    }
}

/// Annotations as a format without people and rounds can have them: image, geometry, label, and what the votes say.
fn anonymous(lab: &Lab) -> Vec<(String, Value, Value, Vec<Value>)> {
    let image_names: std::collections::BTreeMap<String, String> = lab
        .rows(&["list", "images"])
        .iter()
        .map(|row| (text(&row["id"]), text(&row["name"])))
        .collect();
    let mut rows: Vec<_> = lab
        .rows(&["list", "annotations"])
        .iter()
        .map(|row| {
            let votes = row["ratings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|rating| rating["label"].clone());
            let image = image_names[row["image"].as_str().unwrap()].clone();
            (
                image,
                row["geometry"].clone(),
                row["label"].clone(),
                votes.collect::<Vec<_>>(),
            )
        })
        .collect();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

#[test]
fn midog_plus_plus_comes_back_from_its_own_dialect_as_the_same_annotations() {
    let Some(data) = data_dir() else { return };
    let file = data.join("midog/MIDOG++.json").display().to_string();
    let lab = Lab::new();
    lab.ok(&["import", &file, "--commit", "as published"]);
    let path = lab.path().join("out.json").display().to_string();
    lab.ok(&["export", "--format", "coco", "--dialect", "midog", "--out", &path]);
    let read = |path: &str| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    let (published, written) = (read(&file), read(&path));
    let places = |value: &Value| {
        let list = value["annotations"].as_array().unwrap();
        let mut places: Vec<String> = list
            .iter()
            .map(|row| {
                format!(
                    "{} {} {} {}",
                    row["id"], row["image_id"], row["bbox"], row["labels"]
                )
            })
            .collect();
        places.sort();
        places
    };
    assert_eq!(
        places(&written),
        places(&published),
        "numbers, boxes and votes are as published"
    );
    let (there, report) = fresh(&path);
    assert_eq!(
        (&report["created"], &report["box_format"]),
        (&json!(26286), &json!("xyxy")),
        "{report}"
    );
    assert_eq!(anonymous(&there), anonymous(&lab));
}

#[test]
fn coco_and_voc_give_back_what_they_have_a_place_for() {
    let Some(lab) = midog() else { return };
    // COCO: places, labels, images and their ids; who rated, rounds and times have no place in it.
    let path = export(&lab, "coco");
    let (there, report) = fresh(&path);
    assert_eq!(
        (&report["created"], &report["ratings_added"]),
        (&json!(4435), &json!(0))
    );
    assert_ne!(snapshot(&there), snapshot(&lab), "the difference is documented");
    let diff = |kind: &str| {
        let ids = |lab: &Lab| {
            let rows = lab.rows(&["list", kind]);
            rows.iter()
                .map(|row| text(&row["id"]))
                .collect::<std::collections::BTreeSet<_>>()
        };
        (ids(&lab), ids(&there))
    };
    for kind in ["images", "labels", "annotations"] {
        let (here, there) = diff(kind);
        assert_eq!(here, there, "{kind} keep their ids");
    }
    let places = |lab: &Lab| {
        let rows = lab.rows(&["list", "annotations"]);
        rows.iter()
            .map(|row| format!("{} {} {}", row["id"], row["geometry"], row["label"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(places(&there), places(&lab));
    assert_eq!(there.rows(&["list", "annotators"]).len(), 0);
    // Pascal VOC: points are boxes of no size, and there are no ids.
    let folder = lab.path().join("voc").display().to_string();
    let exported = lab.json(&["export", "--format", "voc", "--out", &folder]);
    assert_eq!(crate::lab::count_of(&exported, "losses", "reduced_to_box"), 4435);
    assert_eq!(crate::lab::count_of(&exported, "losses", "votes"), 11094);
    let (there, report) = fresh(&folder);
    assert_eq!(
        (&report["created"], &report["files"]),
        (&json!(4435), &json!(200))
    );
    let labels = |lab: &Lab| {
        let mut labels: Vec<String> = lab
            .rows(&["list", "annotations"])
            .iter()
            .map(|row| text(&row["label"]))
            .collect();
        labels.sort();
        labels
    };
    assert_eq!(labels(&there), labels(&lab));
}
