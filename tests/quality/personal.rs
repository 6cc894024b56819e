//! Personal data is told before it is recorded, refused where that is asked for, and found in what is there.

use serde_json::{Value, json};

use crate::lab::{Lab, data_dir, text};

/// A TIFF of one white pixel for each text, least byte first: the text is the directory's description.
fn tiff(texts: &[&str]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    for (n, text) in texts.iter().enumerate() {
        let mut text = text.as_bytes().to_vec();
        text.push(0);
        let long = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
        let entry = |tag: u16, kind: u16, count: usize, value: usize| {
            [
                &tag.to_le_bytes()[..],
                &kind.to_le_bytes(),
                &long(count),
                &long(value),
            ]
            .concat()
        };
        let entries = 9;
        let text_at = bytes.len() + 2 + entries * 12 + 4;
        let pixel_at = text_at + text.len();
        let next = pixel_at + 1;
        let table = [
            entry(256, 4, 1, 1),
            entry(257, 4, 1, 1),
            entry(258, 3, 1, 8),
            entry(259, 3, 1, 1),
            entry(262, 3, 1, 1),
            entry(270, 2, text.len(), text_at),
            entry(273, 4, 1, pixel_at),
            entry(278, 4, 1, 1),
            entry(279, 4, 1, 1),
        ];
        bytes.extend(u16::try_from(entries).unwrap().to_le_bytes());
        bytes.extend(table.concat());
        bytes.extend(if n + 1 == texts.len() { [0; 4] } else { long(next) });
        bytes.extend(&text);
        bytes.push(0xff);
    }
    bytes
}

fn codes(findings: &Value) -> Vec<(String, String)> {
    let findings = findings.as_array().unwrap().iter();
    let mut codes: Vec<(String, String)> = findings
        .map(|one| (text(&one["code"]), text(&one["object"])))
        .filter(|(code, _)| code.starts_with("HT-Q4"))
        .collect();
    codes.sort();
    codes
}

fn pair(code: &str, object: &str) -> (String, String) {
    (code.to_owned(), object.to_owned())
}

/// A folder with one finding of each kind that a name or a description can have.
fn planted(lab: &Lab) -> String {
    let aperio =
        "Aperio Image Library v11.2.1\r\n1x1|AppMag = 20|User = ameier|Barcode = 4711|Date = 12/29/09";
    let label = "Aperio Image Library v11.2.1\nlabel 387x463";
    let overview = "Aperio Image Library v11.2.1\nmacro 1280x431";
    lab.write("in/Meier_Anna.tiff", tiff(&["plain"]));
    lab.write("in/H23-12345.tiff", tiff(&["plain 2"]));
    lab.write("in/2019-04-03.tiff", tiff(&["plain 3"]));
    lab.write("in/a.svs", tiff(&[aperio, label, overview]));
    lab.write(
        "in/b.tiff",
        tiff(&["from C:\\Users\\ameier, ask a.meier@clinic.example"]),
    );
    lab.path().join("in").display().to_string()
}

#[test]
fn planted_findings_of_each_kind_are_told_before_and_found_after() {
    let lab = Lab::new();
    let folder = planted(&lab);
    let before = lab.truth();
    let strict = lab.run(&["add", &folder, "--strict-privacy"]);
    assert!(strict.refused(3).contains("HT-Q4"), "{strict:?}");
    assert_eq!(lab.truth(), before, "nothing was recorded");
    let ran = lab.run(&["add", &folder, "--json"]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stderr.contains("HT-Q407") && ran.stderr.contains("settle: "),
        "{}",
        ran.stderr
    );
    let wanted = [
        pair("HT-Q401", "header/ImageDescription"),
        pair("HT-Q402", "header/ImageDescription"),
        pair("HT-Q403", "image name"),
        pair("HT-Q404", "header/ImageDescription"),
        pair("HT-Q404", "image name"),
        pair("HT-Q405", "header/ImageDescription"),
        pair("HT-Q405", "image name"),
        pair("HT-Q407", "header/label image"),
        pair("HT-Q408", "header/macro image"),
        pair("HT-Q410", "header/ImageDescription"),
    ];
    assert_eq!(codes(&ran.json()["privacy"]), wanted);
    let report = lab.run(&["check", "--json"]).json();
    assert_eq!(codes(&report["findings"]), wanted);
    let findings = report["findings"].as_array().unwrap().iter();
    let label = findings.clone().find(|one| one["code"] == "HT-Q407").unwrap();
    assert_eq!(label["items"], json!(["a.svs, directory 2"]));
    assert!(
        text(&label["settle"]).contains("holotype check waive HT-Q407 'header/label image'"),
        "{label}"
    );
}

#[test]
fn a_plain_file_is_silent_and_what_is_kept_is_a_waiver() {
    let lab = Lab::new();
    lab.write(
        "in/001.tiff",
        tiff(&["Aperio Image Library v11.2.1\r\n1x1|AppMag = 20|MPP = 0.5"]),
    );
    let folder = lab.path().join("in").display().to_string();
    let ran = lab.ok(&["add", &folder, "--strict-privacy"]);
    assert!(!ran.stderr.contains("HT-Q"), "{}", ran.stderr);
    let other = lab.write("2019-04-03.tiff", tiff(&["x"]));
    lab.ok(&["add", &other]);
    let open = |lab: &Lab| {
        let report = lab.run(&["check", "--json"]).json();
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .filter(|one| one["code"] == "HT-Q405" && one["open"] == true)
            .count()
    };
    assert_eq!(open(&lab), 1);
    let waive = [
        "check",
        "waive",
        "HT-Q405",
        "image name",
        "--reason",
        "day of the scan, not of a patient",
        "--until",
        "2026-12-31",
    ];
    lab.ok(&waive);
    assert_eq!(open(&lab), 0);
}

#[test]
fn headers_of_files_that_are_not_copied_or_not_there_are_told() {
    let lab = Lab::new();
    let file = lab.write("a.tiff", tiff(&["by Dr. Meier"]));
    lab.ok(&["add", &file, "--no-copy"]);
    let report = lab.run(&["check", "--json"]).json();
    assert_eq!(
        codes(&report["findings"]),
        [pair("HT-Q403", "header/ImageDescription")]
    );
    std::fs::remove_file(&file).unwrap();
    let report = lab.run(&["check", "--json"]).json();
    assert_eq!(codes(&report["findings"]), [pair("HT-Q411", "headers")]);
}

#[test]
fn an_import_tells_only_what_it_brings_and_refuses_where_asked() {
    let lab = Lab::new();
    lab.ok(&["add", &lab.write("2019-04-03.tiff", tiff(&["x"]))]);
    let file = lab.write(
        "boxes.json",
        json!({
            "images": [{"id": 1, "file_name": "Meier_Anna.tiff", "width": 9, "height": 9, "site": "C:\\Users\\am"}],
            "categories": [{"id": 1, "name": "cell"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]}],
        })
        .to_string(),
    );
    let before = lab.truth();
    let strict = lab.run(&["import", &file, "--box-format", "xywh", "--strict-privacy"]);
    assert!(strict.refused(3).contains("HT-Q403"), "{strict:?}");
    assert_eq!(lab.truth(), before);
    let ran = lab.ok(&["import", &file, "--box-format", "xywh"]);
    assert!(ran.stderr.contains("HT-Q403"), "{}", ran.stderr);
    assert!(
        !ran.stderr.contains("HT-Q405"),
        "what was there before is not told again: {}",
        ran.stderr
    );
    let again = lab.ok(&["import", &file, "--box-format", "xywh"]);
    assert!(!again.stderr.contains("HT-Q4"), "{}", again.stderr);
}

#[test]
fn published_data_raise_no_false_alarm() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    lab.ok(&["add", &data.join("bccd/JPEGImages").display().to_string()]);
    lab.ok(&[
        "import",
        &data.join("bccd/Annotations").display().to_string(),
        "--annotator",
        "somebody=human",
    ]);
    let report = lab.run(&["check", "--json"]).json();
    assert_eq!(codes(&report["findings"]), []);
    let lab = Lab::new();
    lab.ok(&["import", &data.join("midog/MIDOG++.json").display().to_string()]);
    let table = data.join("midog/MIDOG++_slides.csv").display().to_string();
    lab.ok(&["metadata", &table, "--key", "Slide", "--match", "{:03}.tiff"]);
    let report = lab.run(&["check", "--json"]).json();
    assert_eq!(codes(&report["findings"]), []);
}

#[test]
fn photographs_of_slide_and_label_are_taken_out_of_copies_and_the_gate_is_settled() {
    let lab = Lab::new();
    let slide = tiff(&[
        "Aperio Image Library v11.2.1\r\n1x1|AppMag = 20",
        "Aperio Image Library v11.2.1\nlabel 387x463",
        "Aperio Image Library v11.2.1\nmacro 1280x431",
    ]);
    lab.write("in/a.svs", slide.clone());
    let folder = lab.path().join("in").display().to_string();
    lab.ok(&["add", &folder]);
    lab.commit("a slide with its label");
    let photographs = [
        pair("HT-Q407", "header/label image"),
        pair("HT-Q408", "header/macro image"),
    ];
    let kept = lab.json(&["check", "strip", &folder, "--out", "kept"]);
    assert_eq!(codes(&kept["left"]), photographs);
    assert_eq!(std::fs::read(lab.path().join("kept/a.svs")).unwrap(), slide);
    let clean = lab.json(&["check", "strip", &folder, "--out", "clean", "--photographs"]);
    assert_eq!(codes(&clean["left"]), []);
    let blanked = clean["files"][0]["blanked"].to_string();
    assert!(
        blanked.contains("label image of directory 2") && blanked.contains("macro image of directory 3"),
        "{blanked}"
    );
    let copy = std::fs::read(lab.path().join("clean/a.svs")).unwrap();
    assert_eq!(copy.len(), slide.len());
    let found = |lab: &Lab| codes(&lab.run(&["check", "--json"]).json()["findings"]);
    assert_eq!(found(&lab), photographs);
    lab.ok(&["add", &lab.path().join("clean").display().to_string()]);
    assert_eq!(found(&lab), []);
    let alone = lab.write(
        "alone/label.tiff",
        tiff(&["Aperio Image Library v11.2.1\nlabel 387x463"]),
    );
    let refused = lab.run(&["check", "strip", &alone, "--out", "none", "--photographs"]);
    assert!(refused.refused(3).contains("nothing would be left"));
    assert!(!lab.path().join("none").exists());
}
