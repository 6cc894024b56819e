//! What the four numbers of a box mean.

use super::super::super::document::BoxFormat;
use super::*;
use crate::model::Geometry;

fn auto(annotations: &[String]) -> Result<Document, CocoError> {
    read_coco(
        "a.json",
        file(&annotations.join(",")).as_bytes(),
        &CocoOptions::default(),
    )
}

fn decided(annotations: &[String]) -> BoxFormat {
    auto(annotations).unwrap().box_format.unwrap().format
}

fn boxes(list: &[[f64; 4]]) -> Vec<String> {
    list.iter()
        .enumerate()
        .map(|(n, four)| annotation(&n.to_string(), &format!(r#""bbox":{four:?}"#)))
        .collect()
}

#[test]
fn quirk_15_corners_are_told_from_sizes_by_evidence() {
    let corners = boxes(&[
        [60.0, 50.0, 80.0, 70.0],
        [70.0, 40.0, 80.0, 60.0],
        [40.0, 60.0, 90.0, 75.0],
    ]);
    let document = auto(&corners).unwrap();
    let decision = document.box_format.unwrap();
    assert_eq!(decision.format, BoxFormat::Xyxy);
    assert_eq!(
        decision.evidence,
        "of 3 boxes 3 leave their image or are inside out when read as xywh, 0 when read as xyxy"
    );
    assert_eq!(
        document.annotations[0].geometry,
        Geometry::rectangle(60.0, 50.0, 20.0, 20.0)
    );
    let sizes = boxes(&[[60.0, 50.0, 20.0, 20.0], [10.0, 10.0, 30.0, 20.0]]);
    assert_eq!(decided(&sizes), BoxFormat::Xywh);
}

#[test]
fn quirk_15_area_and_segmentation_settle_what_would_fit_both_ways() {
    let with = |more: &str| vec![annotation("1", &format!(r#""bbox":[10,10,20,30],{more}"#))];
    assert_eq!(decided(&with(r#""area":600"#)), BoxFormat::Xywh);
    assert_eq!(decided(&with(r#""area":200"#)), BoxFormat::Xyxy);
    assert_eq!(
        decided(&with(r#""segmentation":[[10,10,30,10,30,40]]"#)),
        BoxFormat::Xywh
    );
    assert_eq!(
        decided(&with(r#""segmentation":[[10,10,20,10,20,30]]"#)),
        BoxFormat::Xyxy
    );
}

#[test]
fn quirk_15_one_size_in_one_reading_settles_it() {
    let corners = boxes(&[
        [10.0, 10.0, 40.0, 40.0],
        [11.0, 12.0, 41.0, 42.0],
        [13.0, 11.0, 43.0, 41.0],
    ]);
    let document = auto(&corners).unwrap();
    assert_eq!(document.box_format.as_ref().unwrap().format, BoxFormat::Xyxy);
    assert!(
        document
            .box_format
            .unwrap()
            .evidence
            .ends_with("read as xyxy all are 30 x 30 px")
    );
    let sizes = boxes(&[
        [10.0, 10.0, 40.0, 40.0],
        [11.0, 12.0, 40.0, 40.0],
        [13.0, 11.0, 40.0, 40.0],
    ]);
    assert_eq!(decided(&sizes), BoxFormat::Xywh);
}

#[test]
fn quirk_15_when_it_is_not_clear_the_person_is_asked() {
    let error = auto(&boxes(&[[10.0, 10.0, 20.0, 30.0]])).unwrap_err();
    let CocoError::BoxFormatUnclear { file, evidence } = &error else {
        panic!("{error}");
    };
    assert_eq!(file, "a.json");
    assert_eq!(
        evidence,
        "of 1 boxes 0 leave their image or are inside out when read as xywh, 0 when read as xyxy"
    );
    for (choice, width) in [(BoxChoice::Xywh, 20.0), (BoxChoice::Xyxy, 10.0)] {
        let options = CocoOptions {
            box_format: choice,
            votes: VoteChoice::Ratings,
        };
        let text = file_of_one();
        let document = read_coco("a.json", text.as_bytes(), &options).unwrap();
        assert_eq!(
            document.annotations[0].geometry.bounds().unwrap().x_max,
            10.0 + width
        );
        assert!(
            document
                .box_format
                .unwrap()
                .evidence
                .starts_with("asked for as an option")
        );
    }
}

fn file_of_one() -> String {
    file(&annotation("1", r#""bbox":[10,10,20,30]"#))
}

#[test]
fn quirk_15_contradicting_evidence_is_not_clear() {
    let mut both = boxes(&[
        [60.0, 50.0, 80.0, 70.0],
        [70.0, 40.0, 80.0, 60.0],
        [40.0, 60.0, 90.0, 75.0],
    ]);
    both.push(annotation("9", r#""bbox":[60,50,20,20]"#));
    assert!(matches!(auto(&both), Err(CocoError::BoxFormatUnclear { .. })));
}

#[test]
fn quirk_15_no_boxes_and_no_image_sizes_are_standard() {
    assert_eq!(decided(&[]), BoxFormat::Xywh);
    assert_eq!(
        decided(&boxes(&[[0.0, 0.0, 5.0, 5.0]])),
        BoxFormat::Xywh,
        "both readings are the same"
    );
    let without_size = |text: String| text.replace(r#","width":100,"height":80"#, "");
    let ordinary = without_size(file(
        &boxes(&[[60.0, 50.0, 20.0, 20.0], [1.0, 1.0, 9.0, 9.0]]).join(","),
    ));
    let document = read_coco("a.json", ordinary.as_bytes(), &CocoOptions::default()).unwrap();
    let decision = document.box_format.unwrap();
    assert_eq!(decision.format, BoxFormat::Xywh);
    assert!(
        decision.evidence.starts_with("no image has a size; of 2 boxes 0"),
        "{}",
        decision.evidence
    );
    let corners = boxes(&[
        [60.0, 50.0, 80.0, 70.0],
        [70.0, 40.0, 90.0, 60.0],
        [40.0, 60.0, 60.0, 80.0],
    ]);
    let text = without_size(file(&corners.join(",")));
    let document = read_coco("a.json", text.as_bytes(), &CocoOptions::default()).unwrap();
    assert_eq!(
        document.box_format.unwrap().format,
        BoxFormat::Xyxy,
        "all of one size"
    );
}

#[test]
fn a_box_that_is_inside_out_is_a_loss() {
    let document = document(&file(&annotation("4", r#""bbox":[10,10,-20,30]"#)));
    assert_eq!(losses(&document), [("box_inside_out", 1)]);
    let entry = document.report.losses.iter().next().unwrap();
    assert_eq!(
        entry.message,
        "a.json, annotations[0] (id 4): its 'bbox' read as xywh has the size -20 x 30"
    );
    let options = CocoOptions {
        box_format: BoxChoice::Xyxy,
        votes: VoteChoice::Ratings,
    };
    let text = file(&annotation("4", r#""bbox":[10,10,5,30]"#));
    let document = read_coco("a.json", text.as_bytes(), &options).unwrap();
    assert_eq!(losses(&document), [("box_inside_out", 1)]);
    assert!(document.annotations.is_empty());
}
