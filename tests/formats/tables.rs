//! Tables of facts about images, through the program.

use serde_json::{Value, json};

use crate::lab::Lab;

fn with_images() -> Lab {
    let lab = Lab::new();
    let declare = |name: &str| json!({"command": "declare", "image": name});
    let ran = lab.record(&[declare("001.tiff"), declare("002.tiff"), declare("003.tiff")]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    lab
}

fn image(lab: &Lab, name: &str) -> Value {
    let rows = lab.rows(&["list", "images", "DRAFT"]);
    rows.into_iter().find(|row| row["name"] == name).unwrap()
}

#[test]
fn quirk_25_a_table_of_facts_with_each_separator() {
    for text in [
        "slide;scanner\n1;CS2\n2;XR\n",
        "slide,scanner\r\n1,CS2\r\n2,XR\r\n",
        "\u{FEFF}slide\tscanner\r1\tCS2\r2\tXR\r",
    ] {
        let lab = with_images();
        lab.write("t.csv", text);
        let report = lab.json(&["metadata", "t.csv", "--match", "{:03}.tiff"]);
        assert_eq!(
            (&report["matched"], &report["events"]),
            (&json!(2), &json!(2)),
            "{text:?}"
        );
        assert!(image(&lab, "001.tiff").to_string().contains("CS2"), "{text:?}");
        assert_eq!(
            lab.json(&["metadata", "t.csv", "--match", "{:03}.tiff"])["events"],
            0
        );
    }
}

#[test]
fn quirk_25_spellings_of_one_scanner_are_told() {
    let lab = with_images();
    lab.write(
        "t.csv",
        "slide;scanner\n001;Hamamatsu XR\n002;Hamammatsu XR\n003;Hamamatsu XR\n",
    );
    let report = lab.json(&["metadata", "t.csv"]);
    assert_eq!(
        report["spellings"],
        json!([{"column": "scanner", "values": ["Hamammatsu XR", "Hamamatsu XR"]}])
    );
}

#[test]
fn quirk_25_rows_that_name_one_image_twice_are_told() {
    let lab = with_images();
    lab.write("t.csv", "slide;scanner\n001;CS2\n002;XR\n001;S360\n");
    assert_eq!(lab.json(&["metadata", "t.csv"])["repeated"], json!(["001.tiff"]));
}

#[test]
fn f20_damaged_tables_are_refused_and_nothing_is_recorded() {
    let lab = with_images();
    let before = lab.truth();
    let wide: String = std::iter::once("slide".to_owned())
        .chain((0..1_000_000).map(|n| format!(";c{n}")))
        .collect();
    for (name, bytes) in [
        ("ragged.csv", &b"slide;scanner\n001;CS2\n002\n"[..]),
        ("quote.csv", b"slide;scanner\n001;\"CS2\n"),
        ("nul.csv", b"slide;scanner\n001;\0\n"),
        ("latin.csv", b"slide;scanner\n001;K\xf6ln\n"),
        ("wide.csv", wide.as_bytes()),
        ("empty.csv", b""),
    ] {
        lab.write(name, bytes);
        let ran = lab.run(&["metadata", name]);
        assert!(ran.refused(3).contains(name), "{}", ran.stderr);
    }
    assert_eq!(lab.truth(), before);
}

#[test]
fn what_can_name_a_person_in_a_table_is_private() {
    let lab = with_images();
    lab.write(
        "t.csv",
        "slide;scanner;pathologist user;path\n001;CS2;Jane Doe;/home/jane/001.tiff\n",
    );
    let report = lab.json(&["metadata", "t.csv"]);
    assert_eq!(report["private"], json!(["path", "pathologist_user"]));
    let row = image(&lab, "001.tiff").to_string();
    assert!(
        row.contains("CS2") && !row.to_lowercase().contains("jane"),
        "{row}"
    );
    lab.commit("a table");
    for (path, bytes) in lab.truth() {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        assert!(!text.contains("jane"), "{}", path.display());
    }
    let again = lab.json(&["metadata", "t.csv"]);
    assert_eq!(
        (&again["events"], &again["not_kept"]),
        (&json!(0), &json!([])),
        "{again}"
    );
}
