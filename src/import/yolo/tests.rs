//! Datasets as people have them, and damaged ones.

use proptest::prelude::*;

use super::line::Label;
use super::*;
use crate::files::input::FoundFile;
use crate::model::Geometry;
use crate::model::geometry::Shape;

fn image(name: &str) -> SourceImage {
    SourceImage {
        name: name.to_owned(),
        ..SourceImage::default()
    }
}

fn classes(text: &str) -> Vec<(String, Vec<u8>)> {
    vec![("classes.txt".to_owned(), text.as_bytes().to_vec())]
}

fn read(labels: &str, size: Option<[f64; 2]>) -> Result<Document, YoloProblem> {
    let mut reader = YoloReader::new("d", &classes("RBC\nWBC\n\nRBC\n")).unwrap();
    reader
        .label_file("labels/1.txt", labels.as_bytes(), image("1"), size)
        .map_err(|error| error.problem)?;
    Ok(reader.finish())
}

const SIZE: Option<[f64; 2]> = Some([640.0, 480.0]);

#[test]
fn quirk_29_boxes_outlines_and_turned_boxes_in_parts_of_the_image() {
    let text = "0 0.5 0.5 0.25 0.5\n1.0 0.5 0.5 0.25 0.5 0.875\r\n\n1 0 0 0.5 0 0.5 1\n0 0 0 0.5 0 0.5 1 0 1\n1 0 0 1 0 1 1 0 1 0.5\n";
    let document = read(text, SIZE).unwrap();
    let geometries: Vec<Geometry> = document
        .annotations
        .iter()
        .map(|one| one.geometry.clone())
        .collect();
    let ring = |points: &[[f64; 2]]| {
        Geometry::new(Shape::Polygon {
            rings: vec![points.to_vec()],
        })
    };
    let middle = Geometry::rectangle(240.0, 120.0, 160.0, 240.0);
    assert_eq!(
        geometries,
        [
            middle.clone(),
            middle,
            ring(&[[0.0, 0.0], [320.0, 0.0], [320.0, 480.0]]),
            ring(&[[0.0, 0.0], [320.0, 0.0], [320.0, 480.0], [0.0, 480.0]]),
            ring(&[[0.0, 0.0], [640.0, 0.0], [640.0, 480.0], [0.0, 480.0]]),
        ]
    );
    let labels: Vec<Option<usize>> = document.annotations.iter().map(|one| one.label).collect();
    assert_eq!(labels, [Some(0), Some(1), Some(1), Some(0), Some(1)]);
    let confidence = |index: usize| document.annotations[index].attributes.get("confidence").cloned();
    assert_eq!(confidence(0), None);
    assert_eq!(confidence(1), Some(SourceValue::Number(0.875)));
    assert_eq!(confidence(4), Some(SourceValue::Number(0.5)));
}

#[test]
fn quirk_29_classes_go_by_name_and_a_number_without_one_is_a_loss() {
    let document = read("3 .5 .5 .1 .1\n2 .5 .5 .1 .1\n9 .5 .5 .1 .1\n", SIZE).unwrap();
    let names: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["RBC", "WBC"]);
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(document.report.losses.count("class_unknown"), 2);
    assert_eq!(document.report.warnings.count("class_repeated"), 1);
    assert!(matches!(
        YoloReader::new("d", &[]).err().map(|error| error.problem),
        Some(YoloProblem::NoClasses)
    ));
    let mut two = classes("a\nb\n");
    two.push(("data.yaml".to_owned(), b"names: [b, a]".to_vec()));
    let error = YoloReader::new("d", &two).err().unwrap();
    assert_eq!(
        error.to_string(),
        "data.yaml: it names other classes than classes.txt"
    );
}

#[test]
fn quirk_29_no_line_means_looked_at_and_none_found() {
    for text in ["", "\n \r\n"] {
        let document = read(text, None).unwrap();
        assert_eq!((document.screenings.len(), document.annotations.len()), (1, 0));
    }
    let lost = read("7 .5 .5 .1 .1\n", SIZE).unwrap();
    assert_eq!(
        lost.screenings.len(),
        0,
        "a line that was lost is something that was found"
    );
}

#[test]
fn quirk_29_without_the_size_of_the_image_nothing_is_guessed() {
    for size in [None, Some([0.0, 480.0]), Some([f64::NAN, 1.0])] {
        assert!(matches!(
            read("0 .5 .5 .1 .1\n", size),
            Err(YoloProblem::SizeUnknown { image }) if image == "1"
        ));
    }
}

#[test]
fn f01_numbers_that_are_none_are_lost_or_refused_with_their_line() {
    let document = read("0 nan .5 .1 .1\n0 .5 .5 -0.1 .1\n0 320 240 50 50\n", SIZE).unwrap();
    assert_eq!(document.report.losses.count("coordinate_not_a_number"), 1);
    assert_eq!(document.report.losses.count("negative_size"), 1);
    assert_eq!(document.report.warnings.count("coordinates_look_absolute"), 1);
    assert!(matches!(
        read("\n0 1e400 .5 .1 .1\n", SIZE),
        Err(YoloProblem::OutOfRange { line: 2, text }) if text == "1e400"
    ));
    for text in [
        "0 .5 .5 .1\n",
        "cell .5 .5 .1 .1\n",
        "0 .5 .5 .1 x\n",
        "-1 .5 .5 .1 .1\n",
        "0.5 .5 .5 .1 .1\n",
    ] {
        assert!(
            matches!(read(text, SIZE), Err(YoloProblem::NotLabels { line: 1, .. })),
            "{text}"
        );
    }
    let mut reader = YoloReader::new("d", &classes("a")).unwrap();
    let error = reader.label_file("1.txt", b"0 .5 .5 .1 .1\n\xff", image("1"), SIZE);
    assert_eq!(error.unwrap_err().to_string(), "1.txt: line 2 is no UTF-8 text");
}

#[test]
fn f11_f12_places_outside_are_kept_exactly_and_outlines_of_two_points_are_no_labels() {
    let document = read("0 -0.25 1.5 0.5 0\n0 0 0 1 1 1 0 0 1\n", SIZE).unwrap();
    let geometries: Vec<&Geometry> = document.annotations.iter().map(|one| &one.geometry).collect();
    let bow = vec![[0.0, 0.0], [640.0, 480.0], [640.0, 0.0], [0.0, 480.0]];
    let bow = Geometry::new(Shape::Polygon { rings: vec![bow] });
    assert_eq!(
        geometries,
        [&Geometry::rectangle(-320.0, 720.0, 320.0, 0.0), &bow]
    );
    assert!(matches!(
        read("0 .1 .1 .2\n", SIZE),
        Err(YoloProblem::NotLabels { line: 1, .. })
    ));
}

#[test]
fn f15_a_byte_order_mark_is_accepted_and_other_encodings_are_not() {
    let plain = "0 0.5 0.5 0.25 0.5\n";
    let marked = read(&format!("\u{feff}{plain}"), SIZE).unwrap();
    assert_eq!(marked.annotations, read(plain, SIZE).unwrap().annotations);
    for bytes in [
        plain
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>(),
        b"0 0.5 0.5 0.25 0.5\n\0".to_vec(),
        b"\xe4".to_vec(),
    ] {
        let mut reader = YoloReader::new("d", &classes("a")).unwrap();
        let error = reader.label_file("1.txt", &bytes, image("1"), SIZE).unwrap_err();
        assert!(matches!(error.problem, YoloProblem::NotText { .. }), "{error}");
    }
}

#[test]
fn f16_a_file_that_is_cut_anywhere_is_read_or_refused_with_its_line() {
    let whole = "0 0.5 0.5 0.25 0.5\n1 0.1 0.2 0.1 0.1 0.75\n";
    for length in 0..=whole.len() {
        match read(&whole[..length], SIZE) {
            Ok(document) => assert!(document.annotations.len() <= 2),
            Err(error) => assert!(
                matches!(error, YoloProblem::NotLabels { line: 1 | 2, .. }),
                "{error}"
            ),
        }
    }
}

fn found(names: &[&str]) -> Vec<FoundFile> {
    let file = |name: &&str| FoundFile {
        name: (*name).to_owned(),
        path: (*name).into(),
        size_bytes: 1,
    };
    names.iter().map(file).collect()
}

#[test]
fn quirk_29_each_customary_layout_is_found() {
    let head = |file: &FoundFile| -> Result<Vec<u8>, ()> {
        let text = match file.name.rsplit('/').next().unwrap() {
            "data.yaml" => "names: [a]",
            "dataset.yaml" => "version: 3",
            "train.txt" => "images/1.jpg\n",
            "README.txt" => "read me",
            "2.txt" => "",
            _ => "0 .5 .5 .1 .1\n",
        };
        Ok(text.into())
    };
    for (names, roots) in [
        (
            &[
                "data.yaml",
                "images/train/1.jpg",
                "labels/train/1.txt",
                "labels/val/2.txt",
                "README.txt",
            ][..],
            &[("", 2)][..],
        ),
        (
            &["data.yaml", "train/images/1.jpg", "train/labels/1.txt"],
            &[("", 1)],
        ),
        (&["1.jpg", "1.txt", "2.txt", "classes.txt"], &[("", 2)]),
        (&["labels/1.txt", "labels/classes.txt", "1.jpg"], &[("", 1)]),
        (&["obj.names", "obj_train_data/1.txt", "train.txt"], &[("", 1)]),
        (
            &[
                "a/data.yaml",
                "a/labels/1.txt",
                "b/classes.txt",
                "b/1.txt",
                "c.json",
            ],
            &[("a", 1), ("b", 1)],
        ),
        (&["dataset.yaml", "1.txt"], &[]),
        (&["classes.txt", "notes.json"], &[]),
    ] {
        let (datasets, rest) = split_folders(found(names), head).unwrap();
        let summary: Vec<(&str, usize)> = datasets
            .iter()
            .map(|one| (one.name.as_str(), one.label_files.len()))
            .collect();
        assert_eq!(summary, roots, "{names:?}");
        let taken: usize = datasets
            .iter()
            .map(|one| one.label_files.len() + one.class_files.len())
            .sum();
        assert_eq!(taken + rest.len(), names.len(), "{names:?}");
    }
    for (root, name, key) in [
        ("", "labels/train/1.txt", "train/1"),
        ("a", "a/train/labels/1.txt", "train/1"),
        ("", "images/train/1.v2.jpg", "train/1.v2"),
        ("", "1.txt", "1"),
        ("", "labels/labels.txt", "labels"),
    ] {
        assert_eq!(image_key(root, name), key);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..120), names in prop::collection::vec(any::<u8>(), 0..120)) {
        let _ = recognise(&bytes);
        for file in ["classes.txt", "data.yaml"] {
            if let Ok(reader) = YoloReader::new("d", &[(file.to_owned(), names.clone())]) {
                prop_assert!(reader.finish().labels.iter().all(|label| !label.name.is_empty()));
            }
        }
        let mut reader = YoloReader::new("d", &classes("a")).unwrap();
        if reader.label_file("1.txt", &bytes, image("1"), SIZE).is_ok() {
            let document = reader.finish();
            prop_assert_eq!(document.images.len(), 1);
            prop_assert!(document.annotations.iter().all(|one| one.label == Some(0)));
        }
    }

    #[test]
    fn f22_any_mix_of_what_yaml_knows_is_read_or_refused(text in "(names: ?)?[ab01:,\\[\\]{}'\"#&*!|<\n -]{0,60}") {
        if let Ok(reader) = YoloReader::new("d", &[("data.yaml".to_owned(), text.into_bytes())]) {
            prop_assert!(reader.finish().labels.iter().all(|label| !label.name.contains('\n')));
        }
    }

    #[test]
    fn any_line_of_numbers_is_read_or_refused(line in "[0-9]{1,2}( -?[0-9]{0,3}[.]?[0-9]{0,30}(e-?[0-9]{1,3})?){3,10}") {
        let document = read(&line, SIZE);
        if let Ok(document) = document {
            for one in &document.annotations {
                let bounds = one.geometry.bounds().unwrap();
                prop_assert!([bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].iter().all(|v| v.is_finite()));
            }
        }
    }

    #[test]
    fn quirk_29_the_same_numbers_are_the_same_geometry(parts in prop::collection::vec(0u32..1_000_000, 4), zeros in 0usize..4) {
        let line = |zeros: usize| {
            let parts: Vec<String> = parts.iter().map(|part| format!("0.{part:06}{}", "0".repeat(zeros))).collect();
            format!("0 {}", parts.join(" "))
        };
        let one = |text: &str| read(text, Some([7215.0, 5412.0])).unwrap().annotations.remove(0).geometry;
        prop_assert_eq!(one(&line(0)), one(&line(zeros)));
    }
}

#[test]
fn a_label_knows_when_its_numbers_are_no_parts() {
    let size = line::Size {
        width: Length::new(10.0).unwrap(),
        height: Length::new(10.0).unwrap(),
        px: [10.0, 10.0],
    };
    let label: Label = read_label(1, "4 5 0.5 1 1", &size).unwrap().unwrap();
    assert!(label.is_far_outside && label.class == 4);
    assert_eq!(label.geometry, Geometry::rectangle(45.0, 0.0, 10.0, 10.0));
}
