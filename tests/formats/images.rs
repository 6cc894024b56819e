//! Which image a file means: by the bytes beside it, by name, by what the user says.

use serde_json::{Value, json};

use crate::lab::{Lab, count_of, message_of, text};

fn coco(names: &[&str]) -> String {
    let images: Vec<Value> = (1_u64..)
        .zip(names)
        .map(|(id, name)| json!({"id": id, "file_name": name, "width": 1, "height": 1}))
        .collect();
    let annotations: Vec<Value> = (1..=names.len())
        .map(|id| json!({"id": id, "image_id": id, "category_id": 1, "bbox": [0, 0, 1, 1], "area": 1}))
        .collect();
    json!({"images": images, "categories": [{"id": 1, "name": "a"}], "annotations": annotations}).to_string()
}

fn import(lab: &Lab, name: &str, images: &[&str], more: &[&str]) -> Value {
    let file = lab.write(name, coco(images));
    lab.json(&[&["import", &file, "--box-format", "xywh"], more].concat())
}

/// The names of the images that have annotations.
fn annotated(lab: &Lab, revision: &str) -> Vec<String> {
    let mut names: Vec<String> = lab
        .rows(&["list", "annotations", revision])
        .iter()
        .map(|row| text(&row["image_name"]))
        .collect();
    names.sort();
    names
}

/// A bitmap of one pixel with this comment, so that bytes and their length can be chosen.
fn bitmap(comment: &str) -> String {
    format!("P1\n#{comment}\n1 1\n0\n")
}

/// A repository with the images `slides/a.pbm` and `slides/b.pbm`.
fn with_slides() -> Lab {
    let lab = Lab::new();
    lab.write("in/slides/a.pbm", bitmap("first"));
    lab.write("in/slides/b.pbm", bitmap("other"));
    lab.ok(&["add", &lab.path().join("in").display().to_string()]);
    lab.commit("images");
    lab
}

#[test]
fn bytes_beside_the_file_tell_which_image_it_is() {
    let lab = with_slides();
    lab.write("work/case 7.pbm", bitmap("other"));
    let report = import(&lab, "work/export.json", &["case 7.pbm"], &["--commit", "one"]);
    assert_eq!(annotated(&lab, "HEAD"), ["slides/b.pbm"]);
    assert!(message_of(&report, "warnings", "image_found_by_content").contains("slides/b.pbm"));
    let elsewhere = import(&lab, "alone/export.json", &["case 7.pbm"], &["--commit", "two"]);
    assert_eq!(count_of(&elsewhere, "warnings", "image_found_by_content"), 0);
    assert_eq!(
        annotated(&lab, "HEAD"),
        ["case 7.pbm", "slides/b.pbm"],
        "without its bytes it is a new name"
    );
}

#[test]
fn a_known_name_with_other_bytes_beside_the_file_is_told() {
    let lab = with_slides();
    lab.write("work/a.pbm", bitmap("scanned again, and longer"));
    let report = import(&lab, "work/export.json", &["a.pbm"], &["--commit", "one"]);
    let message = message_of(&report, "warnings", "image_content_differs");
    assert!(
        message.contains("slides/a.pbm") && message.contains("bytes"),
        "{message}"
    );
    assert_eq!(annotated(&lab, "HEAD"), ["slides/a.pbm"]);
}

#[test]
fn names_that_lead_out_of_the_folder_are_not_looked_for() {
    let lab = with_slides();
    lab.write("work/x.json", "");
    let report = import(&lab, "work/export.json", &["../in/slides/b.pbm"], &["--dry-run"]);
    assert_eq!(count_of(&report, "warnings", "image_found_by_content"), 0);
}

#[test]
fn one_name_in_several_folders_is_several_images() {
    let lab = Lab::new();
    import(
        &lab,
        "all.json",
        &["2019/1.tif", "2020/1.tif", "2.tif"],
        &["--commit", "all"],
    );
    assert_eq!(annotated(&lab, "HEAD"), ["2.tif", "2019/1.tif", "2020/1.tif"]);
    let again = import(&lab, "again.json", &["2020/1.tif", "2019/1.tif"], &[]);
    assert_eq!(again["created"], 0, "each finds its own: {again}");
}

#[test]
fn a_pattern_maps_all_images_of_a_kind() {
    let lab = Lab::new();
    import(
        &lab,
        "all.json",
        &["slides/1.ndpi", "slides/2.ndpi"],
        &["--commit", "all"],
    );
    let pattern = ["--map-image", "{}.svs=slides/{}.ndpi"];
    let mapped = import(&lab, "svs.json", &["1.svs", "2.svs"], &pattern);
    assert_eq!(
        (&mapped["created"], &mapped["matched"]),
        (&0.into(), &2.into()),
        "{mapped}"
    );
    let file = lab.write("svs.json", coco(&["1.svs"]));
    let ran = lab.run(&["import", &file, "--map-image", "{}.svs=one.ndpi"]);
    assert!(ran.refused(2).contains("{}"), "{}", ran.stderr);
}
