//! DICOM annotations that highdicom wrote (`tests/interop/dicom.py --keep`), through the program.

use std::path::Path;

use serde_json::Value;

use crate::lab::{Lab, count_of};

const FILE: &[u8] = include_bytes!("ann.dcm");

/// What the image of the file says of its patient; all of it stands in the file.
const PLANTED: [&str; 6] = [
    "Musterfrau^Erika",
    "PID-4711",
    "19610203",
    "ACC-0815",
    "Klinikum Beispielstadt",
    "H23-4711",
];

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The files below a folder that hold a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if holds(&std::fs::read(&path).unwrap(), text) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn quirk_30_annotations_come_in_with_their_raters_and_again_without_an_event() {
    let lab = Lab::new();
    let path = lab.write("ann.dcm", FILE);
    let said = lab.json(&["import", &path, "--image", "slide.svs"]);
    assert_eq!(
        (said["format"].as_str(), said["created"].as_u64()),
        (Some("dicom"), Some(125))
    );
    assert_eq!(said["ratings_added"], 125);
    lab.commit("annotations");
    let annotators = lab.rows(&["list", "annotators"]);
    let mut kinds: Vec<(&str, &str)> = annotators
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), row["name"].as_str().unwrap()))
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [("human", "Doe^Jane"), ("model", "MitNet 2.1")]);
    let rows = lab.rows(&["list", "annotations"]);
    let of_type = |kind: &str| {
        let is_one = |row: &&Value| row["geometry"]["type"] == kind;
        rows.iter().filter(is_one).count()
    };
    assert_eq!(
        (
            of_type("point"),
            of_type("polyline"),
            of_type("polygon"),
            of_type("ellipse")
        ),
        (25, 25, 25, 25)
    );
    assert_eq!(of_type("box") + of_type("rotated_box"), 25);
    assert!(
        rows.iter()
            .all(|row| row["ratings"].as_array().unwrap().len() == 1)
    );
    let again = lab.json(&["import", &path, "--image", "slide.svs"]);
    assert_eq!(
        (again["events"].as_u64(), again["matched"].as_u64()),
        (Some(0), Some(125))
    );
}

#[test]
fn quirk_30_nothing_of_the_patient_is_in_the_repository() {
    let lab = Lab::new();
    let path = lab.write("ann.dcm", FILE);
    let said = lab.json(&["import", &path, "--image", "slide.svs", "--commit", "annotations"]);
    assert!(count_of(&said, "losses", "patient_and_study_left_out") > 0);
    for planted in PLANTED {
        assert!(holds(FILE, planted), "{planted} is in the file");
        assert_eq!(files_with(&lab.path().join(".holotype"), planted), [""; 0]);
        assert!(!said.to_string().contains(planted));
    }
    let creator = files_with(&lab.path().join(".holotype"), "Doe^Jane");
    assert!(
        !creator.is_empty() && creator.iter().all(|file| file.contains("/private/")),
        "{creator:?}"
    );
}

#[test]
fn f16_a_damaged_file_is_refused_and_nothing_is_recorded() {
    let lab = Lab::new();
    let before = lab.truth();
    for end in [400, FILE.len() / 2, FILE.len() - 1] {
        let path = lab.write("cut.dcm", &FILE[..end]);
        let ran = lab.run(&["import", &path, "--format", "dicom"]);
        assert!(ran.refused(3).contains("cut.dcm"), "{ran:?}");
        assert_eq!(lab.truth(), before);
    }
}
