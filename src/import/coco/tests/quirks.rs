//! Points 16 to 21 of what real COCO files do.

use super::super::super::document::{PrivateText, PrivateTextKind, SourceId};
use super::*;
use crate::model::Geometry;
use crate::model::geometry::Shape;

#[test]
fn quirk_16_boxes_outside_their_image_are_kept_exactly() {
    let list = [
        annotation("1", r#""bbox":[-5.5,-3,20,20]"#),
        annotation("2", r#""bbox":[90,70,20,20]"#),
        annotation("3", r#""bbox":[500,10,0,20]"#),
    ];
    let document = document(&file(&list.join(",")));
    let geometries: Vec<Geometry> = document.annotations.iter().map(|a| a.geometry.clone()).collect();
    assert_eq!(
        geometries,
        [
            Geometry::rectangle(-5.5, -3.0, 20.0, 20.0),
            Geometry::rectangle(90.0, 70.0, 20.0, 20.0),
            Geometry::rectangle(500.0, 10.0, 0.0, 20.0)
        ]
    );
    assert_eq!(warnings(&document), [("outside_image", 3), ("zero_size", 1)]);
    assert!(losses(&document).is_empty());
}

#[test]
fn quirk_17_gaps_and_missing_members_are_ordinary() {
    let list = [
        annotation("3", r#""bbox":[1,2,3,4]"#),
        annotation("900", r#""bbox":[1.5,2.5,3,4],"area":null"#),
    ];
    let document = document(&file(&list.join(",")));
    let ids: Vec<_> = document
        .annotations
        .iter()
        .map(|a| a.id.clone().unwrap())
        .collect();
    assert_eq!(
        ids,
        [SourceId::Local("3".to_owned()), SourceId::Local("900".to_owned())]
    );
    assert!(document.report.losses.is_empty() && document.report.warnings.is_empty());
}

#[test]
fn quirk_17_null_references_are_losses() {
    let list = [
        r#"{"id":1,"image_id":null,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"id":2,"image_id":1,"category_id":null,"bbox":[1,2,3,4]}"#,
        r#"{"id":3,"image_id":1,"category_id":2,"bbox":[1,2,3,4]}"#,
    ];
    let document = document(&file(&list.join(",")));
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(
        losses(&document),
        [("annotation_without_class", 1), ("annotation_without_image", 1)]
    );
    let messages: Vec<String> = document.report.losses.iter().map(|entry| entry.message).collect();
    assert_eq!(
        messages,
        [
            "a.json, annotations[1] (id 2): its 'category_id' is null",
            "a.json, annotations[0] (id 1): its 'image_id' is null"
        ]
    );
}

#[test]
fn quirk_17_crowds_and_areas_are_kept_only_when_they_say_something() {
    let list = [
        annotation("1", r#""bbox":[1,2,3,4],"area":12,"iscrowd":0,"segmentation":[]"#),
        annotation(
            "2",
            r#""bbox":[1,2,3,4],"area":9.5,"iscrowd":1,"segmentation":null"#,
        ),
    ];
    let document = document(&file(&list.join(",")));
    assert!(document.annotations[0].attributes.is_empty());
    let kept = &document.annotations[1].attributes;
    assert_eq!(kept["area"], SourceValue::Number(9.5));
    assert_eq!(kept["iscrowd"], SourceValue::Number(1.0));
    assert_eq!(warnings(&document), [("area_differs", 1)]);
}

#[test]
fn quirk_17_a_hundred_thousand_boxes_in_one_line() {
    let list: Vec<String> = (0..100_000)
        .map(|n| annotation(&n.to_string(), r#""bbox":[1.5,2,3,4]"#))
        .collect();
    let text = file(&list.join(",")).replace('\n', "");
    let document = document(&text);
    assert_eq!(document.annotations.len(), 100_000);
    assert_eq!(
        document.annotations[99_999].id,
        Some(SourceId::Local("99999".to_owned()))
    );
}

#[test]
fn quirk_18_extra_members_are_data() {
    let list = annotation(
        "1",
        r#""bbox":[1,2,3,4],"score":0.5,"keypoints":[1, 2, 2],"num_keypoints":1,"ok":true,
"note":"seen","more":{"a": [1.0, null, "x\n"], "b":{}},"big":9007199254740993,"nothing":null"#,
    );
    let text_of_file = file(&list).replace(r#""width":100"#, r#""tumor_type":"breast","width":100"#);
    let document = document(&text_of_file);
    let kept = &document.annotations[0].attributes;
    assert_eq!(kept["score"], SourceValue::Number(0.5));
    assert_eq!(kept["keypoints"], text("[1,2,2]"));
    assert_eq!(kept["num_keypoints"], SourceValue::Number(1.0));
    assert_eq!(kept["ok"], SourceValue::Flag(true));
    assert_eq!(kept["note"], text("seen"));
    assert_eq!(kept["more"], text(r#"{"a":[1,null,"x\n"],"b":{}}"#));
    assert_eq!(kept["big"], text("9007199254740993"));
    assert_eq!(kept.len(), 7);
    assert_eq!(document.images[0].facts["tumor_type"], text("breast"));
    assert_eq!(warnings(&document), [("null_member", 1)]);
}

#[test]
fn quirk_18_votes_become_ratings_of_numbered_annotators() {
    let list = [
        annotation("1", r#""bbox":[1,2,3,4],"labels":[2,1]"#),
        annotation("2", r#""bbox":[1,2,3,4],"labels":[1,null,7,1]"#),
        annotation("3", r#""bbox":[1,2,3,4],"labels":[]"#),
        annotation("4", r#""bbox":[1,2,3,4],"labels":"none""#),
    ];
    let document = document(&file(&list.join(",")));
    let people: Vec<&str> = document
        .people
        .iter()
        .map(|person| person.name.as_str())
        .collect();
    assert_eq!(
        people,
        ["annotator 1", "annotator 2", "annotator 3", "annotator 4"]
    );
    let votes = |n: usize| -> Vec<(usize, Option<usize>)> {
        document.annotations[n]
            .ratings
            .iter()
            .map(|rating| (rating.person, rating.label))
            .collect()
    };
    assert_eq!(votes(0), [(0, Some(1)), (1, Some(0))]);
    assert_eq!(votes(1), [(0, Some(0)), (3, Some(0))]);
    assert_eq!(votes(2), []);
    assert_eq!(document.annotations[3].attributes["labels"], text("none"));
    assert_eq!(losses(&document), [("vote_without_class", 2)]);
    assert_eq!(document.annotations[0].label, Some(0), "category_id is the label");
}

#[test]
fn quirk_18_votes_can_be_ignored() {
    let text = file(&annotation("1", r#""bbox":[1,2,3,4],"labels":[2,1,1]"#));
    let options = CocoOptions {
        votes: VoteChoice::Ignore,
        ..xywh()
    };
    let document = read_coco("a.json", text.as_bytes(), &options).unwrap();
    assert_eq!(losses(&document), [("votes_ignored", 3)]);
    assert!(document.people.is_empty() && document.annotations[0].ratings.is_empty());
}

#[test]
fn quirk_18_what_can_name_a_person_is_private() {
    let list = annotation(
        "1",
        r#""bbox":[1,2,3,4],"created_by":"Ann","annotatorId":17,"user":{"id":3},"num_annotators":3,
"patient_id":"P-77","tool":{"file":"/home/ann/x.tif"},"stain":"HE""#,
    );
    let document = document(&file(&list));
    let kept = &document.annotations[0].attributes;
    let private = |kind, text: &str| {
        SourceValue::Private(PrivateText {
            kind,
            text: text.to_owned(),
        })
    };
    assert_eq!(kept["created_by"], private(PrivateTextKind::Person, "Ann"));
    assert_eq!(kept["annotatorId"], private(PrivateTextKind::Person, "17"));
    assert_eq!(kept["user"], private(PrivateTextKind::Person, r#"{"id":3}"#));
    assert_eq!(kept["patient_id"], private(PrivateTextKind::SourceCaseId, "P-77"));
    assert_eq!(
        kept["tool"],
        private(PrivateTextKind::Path, r#"{"file":"/home/ann/x.tif"}"#)
    );
    assert_eq!(kept["num_annotators"], SourceValue::Number(3.0));
    assert_eq!(kept["stain"], text("HE"));
    assert_eq!(document.report.warnings.count("made_private"), 5);
}

#[test]
fn quirk_19_an_image_without_annotations_says_nothing() {
    let document = document(&file(""));
    assert_eq!((document.images.len(), document.annotations.len()), (1, 0));
    assert!(document.images[0].facts.is_empty());
    assert!(document.report.losses.is_empty() && document.report.warnings.is_empty());
}

#[test]
fn quirk_20_versions_and_dates_are_facts_of_the_source() {
    let info = r#"{"info":{"version":"1.0","date_created":"2021/04/01","year":2020,"description":"D",
"contributor":"Ann","url":null},"licenses":[{"id":1,"name":"CC0","url":"https://example.org"}],"#;
    let text_of_file = file("").replacen('{', info, 1);
    let document = document(&text_of_file);
    let facts = &document.dataset;
    assert_eq!(facts["source_version"], text("1.0"));
    assert_eq!(facts["date_created"], text("2021/04/01"));
    assert_eq!(facts["year"], SourceValue::Number(2020.0));
    assert_eq!(facts["description"], text("D"));
    assert_eq!(facts["licence"], text("CC0"));
    assert_eq!(facts["licence_url"], text("https://example.org"));
    let contributor = PrivateText {
        kind: PrivateTextKind::Person,
        text: "Ann".to_owned(),
    };
    assert_eq!(facts["contributor"], SourceValue::Private(contributor));
    assert_eq!(facts.len(), 7);
}

#[test]
fn quirk_21_polygons_are_kept_position_by_position() {
    let list = [
        annotation("1", r#""bbox":[1,1,4,4],"segmentation":[[1,1,5,1,5,5,1,1]]"#),
        annotation("2", r#""segmentation":[[1,1,5,1,5,5],[7,7,8,7,8,8]]"#),
        annotation("3", r#""bbox":[1,1,9,9],"segmentation":[[1,1,5,1,5,5]]"#),
    ];
    let document = document(&file(&list.join(",")));
    let closed = vec![[1.0, 1.0], [5.0, 1.0], [5.0, 5.0], [1.0, 1.0]];
    assert_eq!(
        document.annotations[0].geometry.shape,
        Shape::Polygon { rings: vec![closed] }
    );
    assert!(document.annotations[0].attributes.is_empty());
    let Shape::MultiPolygon { polygons } = &document.annotations[1].geometry.shape else {
        panic!("several polygons are a multipolygon");
    };
    assert_eq!(polygons.len(), 2);
    assert_eq!(document.annotations[2].attributes["bbox"], text("[1,1,9,9]"));
    assert_eq!(warnings(&document), [("box_differs", 1)]);
}

#[test]
fn quirk_21_run_lengths_come_as_lists_and_as_text() {
    // A mask of 10 x 9 pixels: the text is what the COCO API makes of the list.
    let list = [
        annotation(
            "1",
            r#""segmentation":{"counts":[6,1,40,4,5,4,5,4,21],"size":[9,10]}"#,
        ),
        annotation(
            "2",
            r#""segmentation":{"size":[9,10],"counts":"61X13mN000`0"},"iscrowd":1"#,
        ),
    ];
    let document = document(&file(&list.join(",")));
    let mask = Shape::Mask {
        x: 0.0,
        y: 0.0,
        width: 10.0,
        height: 9.0,
        counts: vec![6, 1, 40, 4, 5, 4, 5, 4, 21],
    };
    assert_eq!(document.annotations[0].geometry.shape, mask);
    assert_eq!(document.annotations[1].geometry.shape, mask);
    assert_eq!(document.report.warnings.count("mask_of_other_size"), 2);
}

#[test]
fn quirk_21_a_box_around_the_set_pixels_agrees_with_its_mask() {
    // 80 rows; column 1 has its rows 2 to 4 set.
    let list = annotation(
        "1",
        r#""bbox":[1,2,1,3],"area":3,"segmentation":{"counts":[82,3,7915],"size":[80,100]}"#,
    );
    let document = document(&file(&list));
    assert!(document.annotations[0].attributes.is_empty());
    assert!(document.report.warnings.is_empty(), "{:?}", warnings(&document));
}
