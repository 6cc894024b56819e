//! Tests of the writer.

use std::convert::Infallible;

use super::*;
use crate::model::geometry::{Plane, Shape};

fn row(geometry: Geometry) -> CocoRow {
    CocoRow {
        image: 0,
        label: Some(0),
        geometry,
        source_id: None,
        id: None,
        attributes: CocoFacts::new(),
        votes: 0,
        vote_labels: Vec::new(),
    }
}

fn image() -> CocoImage {
    CocoImage {
        name: "a.tiff".to_owned(),
        width: Some(10.0),
        height: Some(8.0),
        ..CocoImage::default()
    }
}

fn label() -> CocoLabel {
    CocoLabel {
        name: "cell".to_owned(),
        ..CocoLabel::default()
    }
}

fn export(rows: &[CocoRow]) -> (serde_json::Value, String, ExportReport) {
    let (images, labels) = ([image()], [label()]);
    let dataset = CocoDataset {
        name: "cells",
        licence: Some("CC0"),
        images: &images,
        labels: &labels,
        annotation_ids: IdPlan::keeping(rows.iter().map(|row| row.source_id)),
        ..CocoDataset::default()
    };
    let mut out = Vec::new();
    let report = write_coco(&mut out, &dataset, rows.iter().cloned().map(Ok::<_, Infallible>)).unwrap();
    let text = String::from_utf8(out).unwrap();
    (serde_json::from_str(&text).unwrap(), text, report)
}

#[test]
fn a_box_is_standard_coco_byte_for_byte() {
    let mut first = row(Geometry::rectangle(-1.5, 2.0, 3.0, 4.0));
    first
        .attributes
        .insert("score".to_owned(), CocoValue::Number(0.25));
    first
        .attributes
        .insert("keypoints".to_owned(), CocoValue::Text("[1,2,2]".to_owned()));
    let (_, text, report) = export(&[first]);
    assert_eq!(
        text,
        concat!(
            r#"{"info":{"holotype_format":"holotype/coco/1","name":"cells"},"#,
            r#""licenses":[{"id":1,"name":"CC0"}],"categories":["#,
            "\n",
            r#"{"id":1,"name":"cell"}"#,
            "\n],\"images\":[\n",
            r#"{"id":1,"file_name":"a.tiff","width":10,"height":8,"license":1}"#,
            "\n],\"annotations\":[\n",
            r#"{"id":1,"image_id":1,"category_id":1,"bbox":[-1.5,2,3,4],"area":12,"iscrowd":0,"#,
            r#""keypoints":[1,2,2],"score":0.25}"#,
            "\n]}\n"
        )
    );
    assert!(report.is_empty());
}

#[test]
fn ids_of_the_source_stay_when_no_two_are_the_same() {
    let with = |id| CocoRow {
        source_id: id,
        ..row(Geometry::rectangle(0.0, 0.0, 1.0, 1.0))
    };
    let ids = |rows: &[CocoRow]| -> Vec<u64> {
        let (value, ..) = export(rows);
        value["annotations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(ids(&[with(Some(7)), with(None), with(Some(3))]), [7, 8, 3]);
    assert_eq!(ids(&[with(Some(7)), with(Some(7))]), [1, 2]);
    assert_eq!(ids(&[with(None), with(None)]), [1, 2]);
}

#[test]
fn what_coco_cannot_say_is_counted_and_written_exactly() {
    let hole = vec![[2.0, 2.0], [3.0, 2.0], [3.0, 3.0]];
    let outer = vec![[1.0, 1.0], [5.0, 1.0], [5.0, 5.0], [1.0, 5.0]];
    let mut stacked = Geometry::rectangle(0.0, 0.0, 1.0, 1.0);
    stacked.plane = Some(Plane { c: 0, t: 0, z: 3 });
    let mut unlabelled = row(Geometry::point(0.0, 0.0));
    unlabelled.label = None;
    let mut voted = row(Geometry::point(4.0, 4.5));
    voted.votes = 3;
    let (value, _, report) = export(&[
        voted,
        row(Geometry::new(Shape::Polygon {
            rings: vec![outer, hole],
        })),
        row(stacked),
        unlabelled,
        row(Geometry::new(Shape::Image)),
    ]);
    for (code, count) in [
        ("votes", 3),
        ("point_as_box", 1),
        ("polygon_holes", 1),
        ("plane", 1),
        ("annotation_without_label", 1),
        ("image_as_box", 1),
    ] {
        assert_eq!(report.count(code), count, "{code}");
    }
    let annotations = value["annotations"].as_array().unwrap();
    assert_eq!(annotations.len(), 4);
    assert_eq!(annotations[0]["bbox"], serde_json::json!([4, 4.5, 0, 0]));
    assert_eq!(annotations[0]["holotype_geometry"]["type"], "point");
    assert_eq!(
        annotations[1]["segmentation"],
        serde_json::json!([[1, 1, 5, 1, 5, 5, 1, 5]])
    );
    assert_eq!(annotations[1]["area"], 15.5);
    assert_eq!(annotations[3]["bbox"], serde_json::json!([0, 0, 10, 8]));
}

#[test]
fn a_mask_within_its_image_is_laid_over_the_whole_of_it() {
    // 2 x 2 pixels at (3, 5) of an image of 10 x 8: all set but the first.
    let mask = Geometry::new(Shape::Mask {
        x: 3.0,
        y: 5.0,
        width: 2.0,
        height: 2.0,
        counts: vec![1, 3],
    });
    let (value, _, report) = export(&[row(mask)]);
    let annotation = &value["annotations"][0];
    // Column 3 row 6, then column 4 rows 5 and 6.
    assert_eq!(
        annotation["segmentation"]["counts"],
        serde_json::json!([30, 1, 6, 2, 41])
    );
    assert_eq!(annotation["segmentation"]["size"], serde_json::json!([8, 10]));
    assert_eq!(annotation["bbox"], serde_json::json!([3, 5, 2, 2]));
    assert_eq!(annotation["area"], 3);
    assert!(report.is_empty());
}

#[test]
fn what_is_wrong_with_the_input_is_an_error() {
    let (images, labels) = ([image()], [label()]);
    let dataset = CocoDataset {
        images: &images,
        labels: &labels,
        ..CocoDataset::default()
    };
    let write = |row: CocoRow| write_coco(&mut Vec::new(), &dataset, [Ok::<_, Infallible>(row)]);
    let nowhere = CocoRow {
        image: 1,
        ..row(Geometry::point(0.0, 0.0))
    };
    assert!(matches!(
        write(nowhere),
        Err(ExportError::Reference {
            what: "image",
            reference: 1,
            ..
        })
    ));
    let other = CocoRow {
        label: Some(4),
        ..row(Geometry::point(0.0, 0.0))
    };
    assert!(matches!(
        write(other),
        Err(ExportError::Reference {
            what: "label",
            reference: 4,
            ..
        })
    ));
    let infinite = write(row(Geometry::point(f64::INFINITY, 0.0)));
    assert!(
        matches!(infinite, Err(ExportError::NotFinite { .. })),
        "{infinite:?}"
    );
    let failing = write_coco(&mut Vec::new(), &dataset, [Err("disk gone")]);
    assert!(matches!(failing, Err(ExportError::Row { index: 0, .. })));
}
