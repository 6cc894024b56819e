//! A version leaves in a format and comes back into a new repository as the same snapshot, where the format can carry it
//! all; else the difference is the documented one.

use serde_json::{Value, json};

use crate::everything;
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
fn everything_comes_back(seed: u64, format: &str) {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("here");
    let mut author = everything::make(&dir, seed);
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
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&second).unwrap());
}

#[test]
fn everything_comes_back_from_a_sliderunner_database() {
    for seed in [1, 2, 3] {
        everything_comes_back(seed, "sliderunner");
    }
}

#[test]
fn everything_comes_back_from_a_parquet_table() {
    for seed in [1, 2, 3] {
        everything_comes_back(seed, "parquet");
    }
}
