//! What `examples/generate_dataset` writes: the same for the same numbers, exactly as much as asked for, skewed as
//! slides are, and importable.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "../examples/generate_dataset/dataset.rs"]
mod dataset;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use dataset::{IMAGE_MAX, LABELS, Order, Shapes, Wanted, counts, write_coco};
use serde_json::Value;

fn text(wanted: &Wanted) -> Vec<u8> {
    let mut out = Vec::new();
    write_coco(wanted, &mut out).unwrap();
    out
}

fn list<'a>(file: &'a Value, name: &str) -> &'a [Value] {
    file[name].as_array().unwrap()
}

#[test]
fn the_same_numbers_give_the_same_bytes_and_another_seed_gives_others() {
    let wanted = Wanted::boxes(20, 500);
    assert_eq!(text(&wanted), text(&wanted));
    assert_ne!(text(&wanted), text(&Wanted { seed: 2, ..wanted }));
}

#[test]
fn every_order_holds_the_same_annotations() {
    let mut found = BTreeSet::new();
    for word in ["images-first", "annotations-first", "shuffled"] {
        let order = Order::parse(word).unwrap();
        let bytes = text(&Wanted {
            order,
            annotators: 3,
            shapes: Shapes::Mixed,
            ..Wanted::boxes(30, 700)
        });
        let file: Value = serde_json::from_slice(&bytes).unwrap();
        let mut rows: Vec<String> = list(&file, "annotations").iter().map(Value::to_string).collect();
        assert_eq!(rows.len(), 700, "{word}");
        rows.sort_unstable();
        found.insert(rows.concat());
        let annotations_at = String::from_utf8(bytes).unwrap().find("\"annotations\"").unwrap();
        assert_eq!(annotations_at < 400, order == Order::AnnotationsFirst, "{word}");
    }
    assert_eq!(found.len(), 1);
    assert_eq!(Order::parse("sorted"), None);
}

#[test]
fn counts_are_exact_and_skewed_as_slides_are() {
    for (images, annotations) in [
        (1, 0),
        (1, 7),
        (3, 100_000),
        (10, 9),
        (1000, 1_000_000),
        (999, 123_457),
    ] {
        let counts = counts(&Wanted::boxes(images, annotations));
        assert_eq!(u64::try_from(counts.len()).unwrap(), images);
        assert_eq!(counts.iter().sum::<u64>(), annotations, "{images} images");
    }
    let million = counts(&Wanted::boxes(1000, 1_000_000));
    assert_eq!(million.iter().max(), Some(&IMAGE_MAX));
    assert_eq!(million.iter().filter(|count| **count == 0).count(), 400);
}

#[test]
fn every_shape_has_its_members_and_every_annotator_a_vote() {
    for (word, member) in [
        ("boxes", "bbox"),
        ("points", "holotype_geometry"),
        ("polygons", "segmentation"),
    ] {
        let shapes = Shapes::parse(word).unwrap();
        let wanted = Wanted {
            shapes,
            annotators: 4,
            ..Wanted::boxes(5, 50)
        };
        let file: Value = serde_json::from_slice(&text(&wanted)).unwrap();
        let mut of_image: BTreeMap<u64, usize> = BTreeMap::new();
        for row in list(&file, "annotations") {
            assert!(row.get(member).is_some(), "{word}: {row}");
            assert_eq!(row["labels"].as_array().map(Vec::len), Some(4));
            *of_image.entry(row["image_id"].as_u64().unwrap()).or_default() += 1;
        }
        let expected = counts(&wanted);
        for (image, count) in of_image {
            let place = usize::try_from(image - 1).unwrap();
            assert_eq!(u64::try_from(count).unwrap(), expected[place]);
        }
    }
    assert_eq!(Shapes::parse("circles"), None);
}

#[test]
fn it_can_be_imported() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mixed.json");
    let wanted = Wanted {
        shapes: Shapes::Mixed,
        ..Wanted::boxes(12, 300)
    };
    std::fs::write(&file, text(&wanted)).unwrap();
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_holotype"))
            .args(words)
            .current_dir(dir.path())
            .env("HOLOTYPE_AUTHOR", "Ada Ørsted <ada@example.org>")
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["init", "--name", "generated"]);
    run(&["--json", "import", "mixed.json", "--commit", "all"]);
    let status: Value = serde_json::from_str(&run(&["--json", "status"])).unwrap();
    assert_eq!(status["counts"]["annotations"], 300, "{status}");
    assert_eq!(status["counts"]["images"], 12, "{status}");
    assert_eq!(LABELS.len(), 4);
}
