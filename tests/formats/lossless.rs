//! A version leaves in a format and comes back into a new repository as the same snapshot, where the format can carry it
//! all; else the difference is the documented one.

use std::path::Path;

use serde_json::{Value, json};

use crate::lab::{Lab, count_of, data_dir, text};

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

#[test]
fn midog_leaves_as_a_sliderunner_database_and_comes_back_as_the_same_snapshot() {
    let Some(lab) = midog() else { return };
    let path = export(&lab, "sliderunner");
    let (there, report) = fresh(&path);
    assert_eq!(report["created"], 4435);
    assert_eq!(report["ratings_added"], 11094);
    assert_eq!(report["losses"], json!([]), "{report}");
    assert_eq!(snapshot(&there), snapshot(&lab));
    assert_eq!(export(&there, "sliderunner").len(), path.len());
    assert!(Path::new(&path).is_file());
    assert_eq!(count_of(&report, "warnings", "carrier_differs"), 0);
}
