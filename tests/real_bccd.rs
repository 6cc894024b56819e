//! The published blood cells (BCCD): 364 JPEG files and as many Pascal VOC files, as they are.

#![allow(
    clippy::indexing_slicing,
    reason = "a test that reaches beyond an answer has found something"
)]

mod lab;

use lab::{Lab, count_of, data_dir};

/// Adds or imports one after the other, and seals.
fn build(lab: &Lab, order: &[(&str, &str)]) -> String {
    for (command, path) in order {
        lab.ok(&[command, path]);
    }
    lab.commit("as published")
}

#[test]
fn images_and_annotations_come_in_once() {
    let Some(data) = data_dir() else { return };
    let (images, boxes) = (data.join("bccd/JPEGImages"), data.join("bccd/Annotations"));
    let (images, boxes) = (images.to_str().unwrap(), boxes.to_str().unwrap());
    let lab = Lab::new();
    let added = lab.json(&["add", images]);
    assert_eq!(
        (added["events"].as_u64(), added["added"].as_array().map(Vec::len)),
        (Some(364), Some(364))
    );
    let imported = lab.json(&["import", boxes]);
    assert_eq!(
        (&imported["format"], &imported["files"]),
        (&"voc".into(), &364.into())
    );
    assert_eq!(
        (&imported["created"], &imported["matched"]),
        (&4888.into(), &0.into())
    );
    assert_eq!(
        count_of(&imported, "warnings", "zero_size_box"),
        2,
        "{}",
        imported["warnings"]
    );
    let commit = lab.json(&["commit", "-m", "as published"]);
    let counts = &commit["counts"];
    assert_eq!(
        (&counts["images"], &counts["annotations"]),
        (&364.into(), &4888.into())
    );
    assert_eq!(counts["labels"], 3);

    let again = lab.json(&["import", boxes]);
    assert_eq!(
        (&again["events"], &again["matched"], &again["created"]),
        (&0.into(), &4888.into(), &0.into())
    );
    let again = lab.json(&["add", images]);
    assert_eq!((&again["events"], &again["unchanged"]), (&0.into(), &364.into()));
    assert_eq!(lab.json(&["status"])["draft"]["events"], 0);

    let flat = lab.rows(&["list", "annotations", "--where", "'zero_size' in flags"]);
    assert_eq!(flat.len(), 2);
    for row in &flat {
        let geometry = &row["geometry"];
        assert!(geometry["width"] == 0 || geometry["height"] == 0, "{geometry}");
    }
    let labels: Vec<_> = lab
        .rows(&["list", "labels"])
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(labels.len(), 3);
    for name in ["RBC", "WBC", "Platelets"] {
        assert!(labels.contains(&name.into()), "{name}");
    }
}

#[test]
fn every_blob_has_the_name_of_its_bytes_and_every_image_its_blob() {
    let Some(data) = data_dir() else { return };
    let images = data.join("bccd/JPEGImages");
    let lab = Lab::new();
    lab.ok(&["add", images.to_str().unwrap()]);
    lab.commit("images");
    let blobs: Vec<_> = lab
        .truth()
        .into_iter()
        .filter(|(path, _)| path.components().any(|part| part.as_os_str() == "blobs"))
        .collect();
    assert!(!blobs.is_empty());
    let mut hashes = std::collections::BTreeSet::new();
    for (path, bytes) in blobs {
        let hash = blake3::hash(&bytes).to_hex().to_string();
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), hash);
        hashes.insert(hash);
    }
    let rows = lab.rows(&["list", "images"]);
    assert_eq!(rows.len(), 364);
    for row in rows {
        assert!(hashes.contains(row["blob"].as_str().unwrap()));
        let original = std::fs::read(images.join(row["name"].as_str().unwrap())).unwrap();
        assert_eq!(row["blob"], blake3::hash(&original).to_hex().as_str());
        assert_eq!((&row["width"], &row["height"]), (&640.into(), &480.into()));
    }
}

#[test]
fn order_clock_and_chance_are_no_part_of_a_snapshot() {
    let Some(data) = data_dir() else { return };
    let (images, boxes) = (data.join("bccd/JPEGImages"), data.join("bccd/Annotations"));
    let (images, boxes) = (images.to_str().unwrap(), boxes.to_str().unwrap());
    let one = build(
        &Lab::seeded("2026-01-02", '1', "Ada <ada@example.org>"),
        &[("add", images), ("import", boxes)],
    );
    let two = build(
        &Lab::seeded("2031-12-24", '2', "Bob <bob@example.org>"),
        &[("add", images), ("import", boxes)],
    );
    assert_eq!(one, two, "other clocks, seeds and authors");
    let three = build(&Lab::new(), &[("import", boxes), ("add", images)]);
    assert_eq!(one, three, "annotations before images");
}
