//! What a reader does with odd input, row by row; ids, licences, names and what our own exports carry.

use super::super::super::document::{PrivateText, PrivateTextKind, SourceId};
use super::*;
use crate::model::Geometry;
use crate::model::geometry::Shape;

fn ids(document: &Document) -> Vec<SourceId> {
    document
        .annotations
        .iter()
        .map(|a| a.id.clone().unwrap())
        .collect()
}

#[test]
fn ids_as_float_or_text_are_numbers() {
    let list = [
        r#"{"id":1.0,"image_id":"1","category_id":1.00,"bbox":[1,2,3,4]}"#,
        r#"{"id":"2","image_id":1e0,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"id":-3,"image_id":1,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"id":"c7","image_id":1,"category_id":1,"bbox":[1,2,3,4]}"#,
    ];
    let document = document(&file(&list.join(",")));
    let local = |text: &str| SourceId::Local(text.to_owned());
    assert_eq!(ids(&document), [local("1"), local("2"), local("-3"), local("c7")]);
    assert_eq!(warnings(&document), [("id_as_float", 3), ("id_as_text", 3)]);
    let entry = document.report.warnings.iter().next().unwrap();
    assert_eq!(
        entry.message,
        "a.json, annotations[0] (id 1): 'id' is 1.0; it is taken as 1"
    );
}

#[test]
fn a_null_or_impossible_id_is_a_loss_a_missing_one_a_warning() {
    let list = [
        r#"{"id":null,"image_id":1,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"id":true,"image_id":1,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"id":1.5,"image_id":1,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"image_id":1,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"id":5,"image_id":9,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"id":6,"image_id":1,"category_id":9,"bbox":[1,2,3,4]}"#,
    ];
    let document = document(&file(&list.join(",")));
    assert_eq!(
        losses(&document),
        [
            ("annotation_without_class", 1),
            ("annotation_without_id", 3),
            ("annotation_without_image", 1)
        ]
    );
    assert_eq!(warnings(&document), [("annotation_id_missing", 1)]);
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(document.annotations[0].id, None);
}

#[test]
fn images_and_classes_without_id_or_name_are_losses() {
    let text = r#"{"images":[{"id":null,"file_name":"a"},{"id":2,"file_name":null},{"id":3},{"file_name":"b"}],
"categories":[{"id":null,"name":"x"},{"id":2},{"id":3,"name":4}],"annotations":[]}"#;
    let document = document(text);
    assert!(document.images.is_empty() && document.labels.is_empty());
    assert_eq!(
        losses(&document),
        [
            ("class_without_id", 1),
            ("class_without_name", 2),
            ("image_without_id", 2),
            ("image_without_name", 2)
        ]
    );
}

#[test]
fn a_member_twice_refuses_where_it_is_used_and_warns_where_it_is_not() {
    for (text, message) in [
        (
            file(r#"{"id":1,"image_id":1,"image_id":2,"category_id":1,"bbox":[1,2,3,4]}"#),
            "a.json, line 2, column 111: annotations[0] has the member 'image_id' twice",
        ),
        (
            r#"{"images":[],"images":[],"annotations":[]}"#.to_owned(),
            "a.json, line 1, column 24: the file has the member 'images' twice",
        ),
        (
            file(&annotation(
                "1",
                r#""segmentation":{"size":[1,1],"size":[1,1],"counts":[1]}"#,
            )),
            "a.json, line 2, column 158: a 'segmentation' has the member 'size' twice",
        ),
    ] {
        assert_eq!(read(&text).unwrap_err().to_string(), message);
    }
    let text_of_file = file(&annotation(
        "1",
        r#""bbox":[1,2,3,4],"x":1,"x":2,"y":{"a":1,"b":[2],"a":3}"#,
    ))
    .replacen('{', r#"{"info":{"year":1,"year":2},"#, 1);
    let document = document(&text_of_file);
    assert_eq!(document.annotations[0].attributes["x"], SourceValue::Number(2.0));
    assert_eq!(
        document.annotations[0].attributes["y"],
        text(r#"{"b":[2],"a":3}"#)
    );
    assert_eq!(document.dataset["year"], SourceValue::Number(2.0));
    assert_eq!(warnings(&document), [("member_twice", 3)]);
}

#[test]
fn a_record_without_a_place_is_a_loss() {
    let list = [
        annotation("1", r#""bbox":null"#),
        annotation("2", r#""segmentation":[]"#),
        annotation("3", r#""bbox":[]"#),
        annotation("4", r#""bbox":[1,2,3]"#),
        annotation("5", r#""bbox":"1,2,3,4""#),
        annotation("6", r#""bbox":[1,2,"3",4]"#),
        annotation("7", r#""bbox":[1,2,3,4],"segmentation":"x""#),
        annotation("8", r#""bbox":[1,2,3,4],"segmentation":{"counts":[1]}"#),
    ];
    let document = document(&file(&list.join(",")));
    assert!(document.annotations.is_empty());
    assert_eq!(
        losses(&document),
        [
            ("annotation_without_place", 3),
            ("box_unusable", 3),
            ("segmentation_unusable", 2)
        ]
    );
}

#[test]
fn absolute_paths_stay_out_of_names() {
    for path in [
        "/home/ann/001.tiff",
        r"C:\\Users\\Ann\\001.tiff",
        r"\\\\host\\share\\001.tiff",
        "file:///x/001.tiff",
    ] {
        let document = document(&file("").replace("a.tiff", path));
        let image = &document.images[0];
        assert_eq!(image.name, "001.tiff");
        assert_eq!(image.folder, None);
        let path = PrivateText {
            kind: PrivateTextKind::Path,
            text: path.replace(r"\\", r"\"),
        };
        assert_eq!(image.facts["path"], SourceValue::Private(path));
        assert_eq!(warnings(&document), [("absolute_path", 1)]);
    }
    let slashed = document(&file("").replace("a.tiff", "case 1/a.tiff"));
    assert_eq!(
        (
            slashed.images[0].name.as_str(),
            slashed.report.warnings.is_empty()
        ),
        ("case 1/a.tiff", true)
    );
    let folder = document(&file("").replace("a.tiff", r"case 1\\a.tiff"));
    assert_eq!(folder.images[0].name, "case 1/a.tiff");
    assert_eq!(warnings(&folder), [("backslash_in_name", 1)]);
}

#[test]
fn licences_are_resolved() {
    let with = |licences: &str, images: [&str; 2]| {
        let [first, second] = images;
        document(&format!(
            r#"{{"licenses":[{licences}],"images":[{{"id":1,"file_name":"a"{first}}},
{{"id":2,"file_name":"b"{second}}}],"annotations":[]}}"#
        ))
    };
    let two = r#"{"id":1,"name":"CC0","url":"u"},{"id":2,"name":"MIT"}"#;
    let shared = with(two, [r#","license":2"#, r#","license":2"#]);
    assert_eq!(shared.dataset["licence"], text("MIT"));
    assert_eq!(losses(&shared), [("licence_of_no_image", 1)]);
    assert!(shared.images[0].facts.is_empty());
    let mixed = with(two, [r#","license":1"#, r#","license":2"#]);
    assert!(mixed.dataset.is_empty());
    assert_eq!(mixed.images[0].facts["licence"], text("CC0"));
    assert_eq!(mixed.images[0].facts["licence_url"], text("u"));
    assert_eq!(mixed.images[1].facts["licence"], text("MIT"));
    let unknown = with(two, [r#","license":1"#, r#","license":9"#]);
    assert_eq!(
        losses(&unknown),
        [("licence_of_no_image", 1), ("licence_unknown", 1)]
    );
    let only = with(r#"{"id":1,"name":"CC0"}"#, ["", r#","license":1"#]);
    assert_eq!(only.dataset["licence"], text("CC0"));
}

#[test]
fn what_our_exports_carry_is_taken() {
    let id = "00112233445566778899aabbccddeeff0011223344556677";
    let list = [
        annotation(
            "1",
            &format!(
                r#""bbox":[5,6,0,0],"holotype_geometry":{{"type":"point","x":5,"y":6}},"holotype_id":"{id}""#
            ),
        ),
        annotation(
            "2",
            r#""bbox":[5,6,7,7],"holotype_geometry":{"type":"point","x":5,"y":6},"holotype_id":"x""#,
        ),
        annotation(
            "3",
            r#""bbox":[5,6,0,0],"holotype_geometry":{"type":"point","x":5}"#,
        ),
        annotation("4", r#""bbox":[5,6,2,2],"source_area":3,"source_bbox":[1,2]"#),
    ];
    let document = document(&file(&list.join(",")));
    let first = &document.annotations[0];
    assert_eq!(first.geometry, Geometry::point(5.0, 6.0));
    let Some(SourceId::Holotype(bytes)) = &first.id else {
        panic!("{:?}", first.id);
    };
    assert_eq!(crate::id::AnnotationId::from_bytes(*bytes).to_string(), id);
    assert!(first.attributes.is_empty());
    let second = &document.annotations[1];
    assert_eq!(second.id, Some(SourceId::Local("2".to_owned())));
    assert_eq!(second.geometry.shape, Shape::Point { x: 5.0, y: 6.0 });
    assert_eq!(
        second.attributes["bbox"],
        text("[5,6,7,7]"),
        "somebody changed the box and not the geometry"
    );
    assert_eq!(
        document.annotations[2].attributes["area"],
        SourceValue::Number(3.0)
    );
    assert_eq!(document.annotations[2].attributes["bbox"], text("[1,2]"));
    assert_eq!(losses(&document), [("exact_geometry_unusable", 1)]);
    assert_eq!(
        warnings(&document),
        [("box_differs", 1), ("holotype_id_unusable", 1)]
    );
    let twice = [
        annotation("1", &format!(r#""bbox":[5,6,1,1],"holotype_id":"{id}""#)),
        annotation("2", &format!(r#""bbox":[5,6,2,2],"holotype_id":"{id}""#)),
    ];
    let error = read(&file(&twice.join(","))).unwrap_err();
    assert!(
        matches!(
            error,
            CocoError::DuplicateId {
                member: "holotype_id",
                first: 0,
                second: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn lists_beside_coco_are_losses_and_scalars_facts() {
    let document = document(&file("").replacen('{', r#"{"type":"instances","videos":[{"a":1}],"x":{},"#, 1));
    assert_eq!(document.dataset["type"], text("instances"));
    assert_eq!(losses(&document), [("unknown_list", 2)]);
}

#[test]
fn a_coco_file_is_known_by_its_lists() {
    for head in [
        r#"{"images":[],"annotations":[]}"#,
        "\u{feff} {\n \"info\": {\"images\": 1}, \"annotations\" : [], \"images\": [ ] }",
        r#"{"info":{"description":"{[\"]"},"licenses":[],"images":[{"id":1,"fi"#,
        r#"{"annotations":[NaN,"#,
    ] {
        assert!(looks_like_coco(head.as_bytes()), "{head}");
    }
    for head in [
        "",
        "[]",
        "{}",
        r#"{"images":[]}"#,
        r#"{"images":{},"annotations":[]}"#,
        r#"{"type":"FeatureCollection","features":[{"images":[],"annotations":[]}]}"#,
        r#"{"x":{"images":[],"annotations":[]},"#,
        r#"[{"images":[],"annotations":[]}]"#,
        "<annotation/>",
        "SQLite format 3\0",
    ] {
        assert!(!looks_like_coco(head.as_bytes()), "{head}");
    }
    assert!(matches!(
        read(r#"{"images":[]}"#),
        Err(CocoError::NotCoco {
            missing: "annotations",
            ..
        })
    ));
    assert!(matches!(
        read("{}"),
        Err(CocoError::NotCoco {
            missing: "images",
            ..
        })
    ));
}
