//! What hostile and damaged files must not do.

use proptest::prelude::*;

use super::super::super::document::SourceId;
use super::*;

/// Returns the message with which a file is refused.
fn refused(bytes: &[u8]) -> String {
    match read_coco("a.json", bytes, &xywh()) {
        Ok(document) => panic!("it was read: {document:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn f01_literals_that_json_does_not_have() {
    let list = [
        annotation("1", r#""bbox":[1,NaN,3,4]"#),
        annotation("2", r#""bbox":[1,-Infinity,3,4]"#),
        annotation("3", r#""bbox":[1,2,3,4],"segmentation":[[1,2,Infinity,4,5,6]]"#),
        annotation(
            "4",
            r#""bbox":[1,2,3,4],"score":NaN,"note":"NaN \" Infinity","list":[1,NaN]"#,
        ),
        annotation("NaN", r#""bbox":[1,2,3,4]"#),
        annotation("6", r#""bbox":NaN"#),
    ];
    let document = document(&file(&list.join(",")));
    assert_eq!(
        losses(&document),
        [("annotation_without_id", 1), ("coordinate_not_a_number", 4)]
    );
    assert_eq!(warnings(&document), [("not_a_number", 2)]);
    let kept = &document.annotations[0].attributes;
    assert_eq!(kept["note"], text("NaN \" Infinity"));
    assert_eq!(kept["list"], text("[1,null]"));
    assert!(!kept.contains_key("score"));
    let message = refused(file(r#"{"score":NaN,"bbox":[1,2"#).as_bytes());
    assert!(message.contains("line 2, column"), "{message}");
}

#[test]
fn f02_numbers_out_of_range() {
    for member in [
        r#""bbox":[1,2,3,1e400]"#,
        r#""bbox":[1,2,3,4],"score":-1e999"#,
        r#""category_id":1e400"#,
    ] {
        let message = refused(file(&format!(r#"{{"id":1,"image_id":1,{member}}}"#)).as_bytes());
        assert!(
            message.contains("line 2") && message.contains("out of range"),
            "{message}"
        );
    }
}

#[test]
fn f03_long_ids_keep_their_digits() {
    let long = [
        "9007199254740993",
        "18446744073709551616",
        "123456789012345678901234567890",
    ];
    let list: Vec<String> = long
        .iter()
        .map(|id| annotation(id, r#""bbox":[1,2,3,4]"#))
        .collect();
    let document = document(&file(&list.join(",")));
    let ids: Vec<_> = document
        .annotations
        .iter()
        .map(|a| a.id.clone().unwrap())
        .collect();
    assert_eq!(ids, long.map(|id| SourceId::Local(id.to_owned())));
    assert!(document.report.warnings.is_empty());
}

#[test]
fn f04_the_same_member_twice() {
    for member in [
        "id",
        "image_id",
        "category_id",
        "bbox",
        "segmentation",
        "area",
        "iscrowd",
        "labels",
    ] {
        let message = refused(file(&format!(r#"{{"{member}":null,"{member}":null}}"#)).as_bytes());
        assert!(
            message.ends_with(&format!("annotations[0] has the member '{member}' twice")),
            "{message}"
        );
    }
}

#[test]
fn f05_deep_nesting() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let used = |depth| {
        file(&annotation(
            "1",
            &format!(r#""bbox":[1,2,3,4],"x":{}"#, nested(depth)),
        ))
    };
    assert_eq!(document(&used(100)).annotations.len(), 1);
    for depth in [129, 1_000_000] {
        let message = refused(used(depth).as_bytes());
        assert!(
            message.contains("recursion limit exceeded") && message.contains("line 2"),
            "{message}"
        );
    }
    let unused = file("").replacen('{', &format!(r#"{{"x":{},"#, nested(1_000_000)), 1);
    assert_eq!(losses(&document(&unused)), [("unknown_list", 1)]);
    for member in ["bbox", "segmentation"] {
        let deep = file(&annotation("1", &format!(r#""{member}":{}"#, nested(1_000_000))));
        match read(&deep) {
            Ok(document) => assert!(document.annotations.is_empty()),
            Err(error) => assert!(matches!(error, CocoError::Json { .. }), "{error}"),
        }
    }
}

#[test]
fn f06_ids_of_other_types() {
    let list = ["1.0", "\"2\"", "-3", "null", "true", "[1]", "{}", "1.5", "\"\""]
        .map(|id| annotation(id, r#""bbox":[1,2,3,4]"#));
    let document = document(&file(&list.join(",")));
    assert_eq!(document.annotations.len(), 3);
    assert_eq!(losses(&document), [("annotation_without_id", 6)]);
}

#[test]
fn f07_the_same_id_twice() {
    let same = [
        annotation("5", r#""bbox":[1,2,3,4]"#),
        annotation("5.0", r#""bbox":[1.0,2,3,4]"#),
    ];
    let once = document(&file(&same.join(",")));
    assert_eq!(once.annotations.len(), 1);
    assert_eq!(once.report.warnings.count("record_twice"), 1);
    let other = [
        annotation("9", r#""bbox":[1,2,3,4]"#),
        same[0].clone(),
        annotation("9", r#""bbox":[1,2,3,5]"#),
    ];
    assert_eq!(
        refused(file(&other.join(",")).as_bytes()),
        "a.json: annotations[0] and annotations[2] both have the id 9, and they differ"
    );
    let images = r#"{"images":[{"id":1,"file_name":"a"},{"id":1,"file_name":"b"}],"annotations":[]}"#;
    assert!(refused(images.as_bytes()).contains("images[0] and images[1] both have the id 1"));
    let classes = r#"{"images":[],"categories":[{"id":1,"name":"a"},{"id":1,"name":"b"}],"annotations":[]}"#;
    assert!(refused(classes.as_bytes()).contains("categories[0] and categories[1]"));
}

#[test]
fn f08_references_to_nothing() {
    let list = [
        r#"{"id":1,"image_id":7,"category_id":1,"bbox":[1,2,3,4]}"#,
        r#"{"id":2,"image_id":1,"category_id":0,"bbox":[1,2,3,4]}"#,
    ];
    let document = document(&file(&list.join(",")));
    let messages: Vec<String> = document.report.losses.iter().map(|entry| entry.message).collect();
    assert_eq!(
        messages,
        [
            "a.json, annotations[1] (id 2): 'categories' has no usable class 0",
            "a.json, annotations[0] (id 1): 'images' has no usable image 7"
        ]
    );
}

#[test]
fn f09_an_image_need_not_be_there() {
    let document = document(&file("").replace("a.tiff", "nowhere.tiff"));
    assert_eq!(document.images[0].name, "nowhere.tiff");
    assert!(document.report.losses.is_empty());
}

#[test]
fn f10_sizes_that_are_none() {
    for size in ["0", "-5", "\"100\"", "true", "[1]"] {
        let document = document(&file("").replace(r#""width":100"#, &format!(r#""width":{size}"#)));
        assert_eq!(
            (document.images[0].width, document.images[0].height),
            (None, Some(80.0)),
            "{size}"
        );
        assert_eq!(warnings(&document), [("image_size_unusable", 1)]);
    }
    let missing = document(&file("").replace(r#""width":100,"#, r#""width":null,"#));
    assert!(missing.images[0].width.is_none() && missing.report.warnings.is_empty());
}

#[test]
fn f11_odd_boxes() {
    let list = [
        annotation("1", r#""bbox":[-10,-10,5,5]"#),
        annotation("2", r#""bbox":[1e9,1e9,5,5]"#),
        annotation("3", r#""bbox":[1,1,0,0]"#),
        annotation("4", r#""bbox":[1,1,-1,1]"#),
        annotation("5", r#""bbox":[1,1,null,1]"#),
    ];
    let document = document(&file(&list.join(",")));
    assert_eq!(document.annotations.len(), 3);
    assert_eq!(
        losses(&document),
        [("box_inside_out", 1), ("coordinate_not_a_number", 1)]
    );
    assert_eq!(warnings(&document), [("outside_image", 2), ("zero_size", 1)]);
}

#[test]
fn f12_polygons_of_too_few_and_of_many_positions() {
    let list = [
        annotation("1", r#""segmentation":[[1,1,2,2]]"#),
        annotation("2", r#""segmentation":[[1,1,2,2,3,3,4]]"#),
        annotation("3", r#""segmentation":[[1,1,2,2,3,3],[]]"#),
        annotation("4", r#""segmentation":[1,1,2,2,3,3]"#),
        annotation("5", r#""segmentation":[[1,1,2,2,3,"3"]]"#),
    ];
    assert_eq!(
        losses(&document(&file(&list.join(",")))),
        [("polygon_unusable", 5)]
    );
    let many = annotation(
        "1",
        &format!(r#""segmentation":[[{}]]"#, vec!["1,2"; 1_000_000].join(",")),
    );
    let document = document(&file(&many));
    let crate::model::geometry::Shape::Polygon { rings } = &document.annotations[0].geometry.shape else {
        panic!("a polygon");
    };
    assert_eq!(rings[0].len(), 1_000_000);
}

#[test]
fn f13_run_lengths_that_do_not_add_up() {
    let with = |n: usize, runs: &str| annotation(&n.to_string(), &format!(r#""segmentation":{runs}"#));
    let list = [
        with(1, r#"{"counts":[1,2],"size":[2,2]}"#),
        with(2, r#"{"counts":[-1,5],"size":[2,2]}"#),
        with(3, r#"{"counts":[1.5,2.5],"size":[2,2]}"#),
        with(
            4,
            r#"{"counts":[9007199254740992,9007199254740992],"size":[4294967296,4294967296]}"#,
        ),
        with(5, r#"{"counts":"!","size":[2,2]}"#),
        with(6, r#"{"counts":"oooooooooooooooooooo0","size":[2,2]}"#),
        with(7, r#"{"counts":"13","size":[2]}"#),
        with(8, r#"{"counts":null,"size":[2,2]}"#),
        with(9, r#"{"counts":[1.0,3],"size":[2.0,2]}"#),
    ];
    let document = document(&file(&list.join(",")));
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(
        losses(&document),
        [
            ("runs_do_not_add_up", 2),
            ("runs_unusable", 5),
            ("segmentation_unusable", 1)
        ]
    );
}

#[test]
fn f14_an_area_that_disagrees_is_kept() {
    let list = annotation("1", r#""segmentation":[[0,0,4,0,4,4,0,4]],"area":15.5"#);
    let document = document(&file(&list));
    assert_eq!(
        document.annotations[0].attributes["area"],
        SourceValue::Number(15.5)
    );
    let near = annotation("1", r#""segmentation":[[0,0,4,0,4,4,0,4]],"area":16.000001"#);
    assert!(self::document(&file(&near)).annotations[0].attributes.is_empty());
    // Where the geometry has more than a number can say, nothing else is known of its area.
    let huge = annotation("1", r#""bbox":[0,0,1e200,1e200],"area":4"#);
    let huge = self::document(&file(&huge));
    assert_eq!(huge.annotations[0].attributes["area"], SourceValue::Number(4.0));
    assert_eq!(huge.report.warnings.count("area_differs"), 1);
}

#[test]
fn f15_encodings() {
    let plain = file("");
    let marked = document(&format!("\u{feff}{plain}"));
    assert_eq!(warnings(&marked), [("byte_order_mark", 1)]);
    let marked_and_literal = document(&format!(
        "\u{feff}{}",
        file(&annotation("1", r#""bbox":[1,2,3,4],"x":NaN"#))
    ));
    assert_eq!(
        warnings(&marked_and_literal),
        [("byte_order_mark", 1), ("not_a_number", 1)]
    );
    for (bytes, place) in [
        (
            plain
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>(),
            "line 1, column 1:",
        ),
        ([0xfe, 0xff, 0, b'{'].to_vec(), "line 1, column 1:"),
        (b"{\n\"a\": \"\xff\"}".to_vec(), "line 2, column 7:"),
    ] {
        let message = refused(&bytes);
        assert!(
            message.contains(place) && message.contains("not UTF-8"),
            "{message}"
        );
    }
    for place in [r#""file_name":"a.tiff""#, r#""name":"other""#] {
        let broken = place.replace("r\"", "r\\ud800\"").replace("f\"", "f\\ud800\"");
        let message = refused(plain.replace(place, &broken).as_bytes());
        assert!(
            message.contains("hex escape") && message.contains("line "),
            "{message}"
        );
    }
    let nul = document(&plain.replace("a.tiff", "a\\u0000.tiff"));
    assert_eq!(nul.images[0].name, "a\0.tiff");
}

#[test]
fn f16_damaged_ends() {
    let whole = file(&annotation("1", r#""bbox":[1,2,3,4],"note":"äöü""#));
    for (text, what) in [
        (format!("{whole} x"), "trailing characters"),
        (format!("{whole}{whole}"), "trailing characters"),
        (String::new(), "EOF"),
        ("[]".to_owned(), "expected a COCO object"),
        (
            r#"{"images":[null],"annotations":[]}"#.to_owned(),
            "expected an object as images[0]",
        ),
    ] {
        let message = refused(text.as_bytes());
        assert!(message.contains(what) && message.contains("line"), "{message}");
    }
    for end in 0..whole.len() {
        let message = refused(&whole.as_bytes()[..end]);
        assert!(message.starts_with("a.json, line "), "{end}: {message}");
    }
}

#[test]
fn f17_class_names_that_differ_in_spelling_of_letters() {
    let text = r#"{"images":[],"categories":[{"id":1,"name":"Zelle ä"},{"id":2,"name":"zelle a\u0308"},
{"id":3,"name":"other"},{"id":4,"name":"other"}],"annotations":[]}"#;
    let document = document(text);
    assert_eq!(document.labels.len(), 4);
    assert_eq!(document.labels[1].name, "zelle a\u{308}", "kept exactly");
    assert_eq!(warnings(&document), [("class_names_alike", 2)]);
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let list = [
            annotation("1", r#""bbox":[1,2,3,4],"labels":[1,2],"score":NaN,"x":{"a":[1,{}]}"#),
            annotation("2", r#""segmentation":{"counts":"61X13mN000`0","size":[9,10]},"area":3"#),
            annotation("3", r#""segmentation":[[1,1,5,1,5,5]],"holotype_geometry":{"type":"image"}"#),
        ];
        let mut bytes = file(&list.join(",")).into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = looks_like_coco(&bytes);
        match read_coco("a.json", &bytes, &CocoOptions::default()) {
            Ok(document) => prop_assert!(document.annotations.len() <= 3),
            Err(error) => prop_assert!(error.to_string().starts_with("a.json")),
        }
    }
}
