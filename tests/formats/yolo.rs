//! YOLO datasets: what people bring, and what is written and read again.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::lab::{Lab, count_of, text};

fn declare(lab: &Lab, name: &str, width: u32, height: u32) {
    let facts = json!({"width": width, "height": height});
    let ran = lab.record(&[json!({"command": "declare", "image": name, "facts": facts})]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

fn dataset(lab: &Lab) {
    lab.write("d/data.yaml", "path: .\nnames:\n  0: mitosis\n  1: 'no'\n");
    lab.write(
        "d/labels/train/1.txt",
        "0 0.500000 0.500000 0.250000 0.500000\n1 0.1 0.2 0.1 0.1 0.75\n",
    );
    lab.write("d/labels/val/2.txt", "");
}

/// The files below a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn quirk_29_a_folder_is_one_source_and_its_images_are_found_by_name() {
    let lab = Lab::new();
    dataset(&lab);
    declare(&lab, "slides/1.tiff", 640, 480);
    declare(&lab, "2.tiff", 640, 480);
    let report = lab.json(&["import", "d"]);
    assert_eq!(
        (&report["format"], &report["files"], &report["created"]),
        (&json!("yolo"), &json!(1), &json!(2))
    );
    let rows = lab.rows(&["list", "annotations", "DRAFT"]);
    assert!(
        rows.iter().all(|row| row["image_name"] == "slides/1.tiff"),
        "{rows:?}"
    );
    let labels: Vec<String> = rows.iter().map(|row| text(&row["label"])).collect();
    assert!(labels.contains(&"no".to_owned()), "{labels:?}");
    let middle = json!({"type": "box", "x": 240, "y": 120, "width": 160, "height": 240});
    assert!(rows.iter().any(|row| row["geometry"] == middle), "{rows:?}");
    assert_eq!(lab.rows(&["list", "screenings", "DRAFT"]).len(), 1);
    assert_eq!(
        lab.json(&["import", "d"])["events"],
        0,
        "the same again is no event"
    );
}

#[test]
fn quirk_29_the_size_is_known_given_or_beside_or_the_file_is_refused() {
    let lab = Lab::new();
    dataset(&lab);
    let before = lab.truth();
    let ran = lab.run(&["import", "d"]);
    let expected =
        "error: labels/train/1.txt: places are parts of the image's size, and that of '1' is not known";
    assert_eq!(ran.refused(3), expected);
    assert!(ran.stderr.contains("--image-size"), "{}", ran.stderr);
    assert_eq!(lab.truth(), before);
    assert_eq!(lab.run(&["import", "d", "--image-size", "640"]).status, 2);
    let report = lab.json(&["import", "d", "--image-size", "640x480"]);
    assert_eq!(report["created"], 2);
    let images = lab.rows(&["list", "images", "DRAFT"]);
    assert!(
        images
            .iter()
            .any(|image| image["name"] == "1" && image["width"] == 640),
        "{images:?}"
    );
    let Some(data) = crate::lab::data_dir() else {
        return;
    };
    let beside = Lab::new();
    dataset(&beside);
    std::fs::create_dir_all(beside.path().join("d/images/train")).unwrap();
    std::fs::copy(
        data.join("bccd/JPEGImages/BloodImage_00000.jpg"),
        beside.path().join("d/images/train/1.jpg"),
    )
    .unwrap();
    assert_eq!(beside.json(&["import", "d"])["created"], 2);
    let images = beside.rows(&["list", "images", "DRAFT"]);
    assert!(
        images
            .iter()
            .any(|image| image["name"] == "1.jpg" && image["height"] == 480),
        "{images:?}"
    );
}

#[test]
fn quirk_29_a_label_file_alone_needs_the_names_beside_it() {
    let lab = Lab::new();
    declare(&lab, "1.tiff", 640, 480);
    lab.write("x/labels/1.txt", "0 0.5 0.5 0.25 0.5\n");
    let ran = lab.run(&["import", "x/labels/1.txt"]);
    assert!(
        ran.refused(3).contains("no file beside it names the classes"),
        "{}",
        ran.stderr
    );
    lab.write("x/classes.txt", "mitosis\n");
    let report = lab.json(&["import", "x/labels/1.txt"]);
    assert_eq!(
        (&report["format"], &report["created"]),
        (&json!("yolo"), &json!(1))
    );
}

#[test]
fn f22_a_bomb_in_the_list_of_names_is_refused() {
    let lab = Lab::new();
    lab.write("d/data.yaml", "a: &a [x, x]\nnames: [*a, *a]\n");
    lab.write("d/labels/1.txt", "0 0.5 0.5 0.1 0.1\n");
    let before = lab.truth();
    let ran = lab.run(&["import", "d", "--image-size", "10x10"]);
    assert!(
        ran.refused(3).starts_with("error: data.yaml: line 2: anchors"),
        "{}",
        ran.stderr
    );
    assert_eq!(lab.truth(), before);
}

#[test]
fn quirk_29_export_import_export_is_a_fixed_point() {
    let lab = Lab::new();
    declare(&lab, "a/1.tiff", 7215, 5412);
    declare(&lab, "a/2.tiff", 333, 77);
    declare(&lab, "3.tiff", 640, 480);
    declare(&lab, "4.tiff", 640, 480);
    let mut lines: Vec<Value> = (0..60_u32)
        .map(|n| {
            let at = f64::from(n) * 37.1 - 6.0;
            let geometry = json!({"type": "box", "x": at, "y": at / 3.0, "width": n, "height": 50.5});
            let image = ["a/1.tiff", "a/2.tiff"][usize::from(n % 2 == 1)];
            json!({"command": "annotate", "image": image, "geometry": geometry, "label": (["mitosis", "no"][usize::from(n % 3 == 1)])})
        })
        .collect();
    lines.push(json!({"command": "screen", "image": "3.tiff", "region": null}));
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(lab.feed(&["record", "-", "--create"], &input).status, 0);
    let before = lab.commit("made up");
    let report = lab.json(&["export", "--format", "yolo", "--out", "one"]);
    assert_eq!(
        (
            &report["annotations"],
            count_of(&report, "losses", "image_without_annotations")
        ),
        (&json!(60), 1)
    );
    let again = lab.json(&["import", "one", "--complete"]);
    assert_eq!(
        (&again["matched"], &again["events"]),
        (&json!(60), &json!(0)),
        "{before} {again}"
    );

    let fresh = Lab::new();
    for (name, width, height) in [
        ("a/1.tiff", 7215, 5412),
        ("a/2.tiff", 333, 77),
        ("3.tiff", 640, 480),
        ("4.tiff", 640, 480),
    ] {
        declare(&fresh, name, width, height);
    }
    let one = lab.path().join("one");
    let report = fresh.json(&["import", one.to_str().unwrap()]);
    assert_eq!((&report["created"], &report["losses"]), (&json!(60), &json!([])));
    assert_eq!(
        fresh.commit("read"),
        before,
        "boxes, labels and an empty image are all that there was"
    );
    fresh.ok(&["export", "--format", "yolo", "--out", "two"]);
    assert_eq!(files(&one), files(&fresh.path().join("two")));
    assert_eq!(files(&one)["labels/3.txt"], "");
    assert!(!files(&one).contains_key("labels/4.txt"));
}

#[test]
fn quirk_29_outlines_come_back_and_what_is_no_outline_makes_boxes_of_all() {
    let lab = Lab::new();
    declare(&lab, "1.tiff", 7215, 5412);
    let polygon = json!({"type": "polygon", "rings": [[[1.5, 2], [30, 4], [5, 61]]]});
    let annotate = |geometry: &Value| json!({"command": "annotate", "image": "1.tiff", "geometry": geometry, "label": "a"});
    let input = format!("{}\n", annotate(&polygon));
    assert_eq!(lab.feed(&["record", "-", "--create"], &input).status, 0);
    lab.commit("an outline");
    let report = lab.json(&["export", "--format", "yolo", "--out", "outlines"]);
    assert_eq!(report["losses"], json!([]));
    assert_eq!(lab.json(&["import", "outlines"])["events"], 0);
    let input = format!("{}\n", annotate(&json!({"type": "point", "x": 7, "y": 8})));
    assert_eq!(lab.feed(&["record", "-", "--create"], &input).status, 0);
    lab.commit("a point");
    let report = lab.json(&["export", "--format", "yolo", "--out", "boxes"]);
    assert_eq!(count_of(&report, "losses", "reduced_to_box"), 2);
}

#[test]
fn published_boxes_survive_yolo() {
    let Some(data) = crate::lab::data_dir() else {
        return;
    };
    let lab = Lab::new();
    let annotations = data.join("bccd/Annotations");
    let created = lab.json(&["import", annotations.to_str().unwrap()])["created"].clone();
    lab.commit("BCCD");
    let report = lab.json(&["export", "--format", "yolo", "--out", "yolo"]);
    assert_eq!(report["annotations"], created);
    let again = lab.json(&["import", "yolo", "--complete"]);
    assert_eq!(
        (&again["matched"], &again["events"]),
        (&created, &json!(0)),
        "{again}"
    );
}
