//! What damaged and hostile files must not do.

use proptest::prelude::*;

use super::*;

#[test]
fn f01_coordinates_that_are_not_finite_lose_their_region() {
    let results = [
        rectangle("a").replace("\"x\":10", "\"x\":NaN"),
        rectangle("b").replace("\"height\":50,\"rotation\"", "\"height\":null,\"rotation\""),
        region(
            "c",
            "polygonlabels",
            r#""points":[[0,0],[1,Infinity],[2,2]],"polygonlabels":["a"]"#,
        ),
        rectangle("d").replace("\"origin\":\"manual\"", "\"score\":NaN"),
        rectangle("e").replace("\"x\":10", "\"x\":\"10\""),
    ];
    let document = document(&task(&results.join(",")));
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(losses(&document), [("coordinate_not_a_number", 4)]);
    assert_eq!(warnings(&document), [("not_a_number", 1)]);
    let message = document.report.losses.iter().next().unwrap().message;
    assert!(
        message.starts_with("a.json, /0/annotations/0/result/0: "),
        "{message}"
    );
}

#[test]
fn f02_numbers_out_of_range() {
    let message = refused(&task(&rectangle("a").replace("\"x\":10", "\"x\":1e400")));
    assert!(
        message.contains("line 1") && message.contains("out of range"),
        "{message}"
    );
}

#[test]
fn f03_long_ids_keep_their_digits() {
    let text = task(&rectangle("r")).replace("\"id\":11", "\"id\":123456789012345678901");
    let id = document(&text).annotations[0].id.clone();
    assert_eq!(id, Some(SourceId::Local("123456789012345678901:r".to_owned())));
}

#[test]
fn f04_a_used_member_twice_is_refused() {
    for (text, twice, record) in [
        ("\"id\":5,", "\"id\":5,\"id\":5,", "a task"),
        ("\"id\":11,", "\"id\":11,\"id\":11,", "an annotation"),
        ("\"x\":10,", "\"x\":10,\"x\":10,", "a region"),
        ("\"id\":\"r\",", "\"id\":\"r\",\"id\":\"r\",", "a region"),
        ("\"image\":", "\"image\":1,\"image\":", "'data'"),
        ("\"project\":3", "\"project\":3,\"project\":4", "a task"),
    ] {
        let message = refused(&task(&rectangle("r")).replacen(text, twice, 1));
        assert!(message.contains(&format!("{record} has the member")), "{message}");
        assert!(message.starts_with("a.json, line "), "{message}");
    }
}

#[test]
fn f05_deep_nesting_is_refused_or_passed_over() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [129, 1_000_000] {
        let used =
            task(&rectangle("r").replace("\"origin\":\"manual\"", &format!("\"meta\":{}", nested(depth))));
        assert!(refused(&used).contains("recursion limit"), "{depth}");
        let unknown = task(&rectangle("r")).replace("\"project\":3", &format!("\"extra\":{}", nested(depth)));
        let document = document(&unknown);
        assert_eq!(document.annotations.len(), 1);
        assert_eq!(warnings(&document), [("member_unusable", 1)]);
    }
}

#[test]
fn f07_regions_of_one_id() {
    let set = |label: &str| {
        format!(
            r#"{{"id":11,"completed_by":7,"result":[{}]}}"#,
            rectangle("r").replace("mitosis", label)
        )
    };
    let same = document(&tasks(&[set("a"), set("a")].join(","), ""));
    assert_eq!(same.annotations.len(), 1);
    let message = refused(&tasks(&[set("a"), set("b")].join(","), ""));
    assert_eq!(
        message,
        "a.json: /0/annotations/0/result/0 and /0/annotations/1/result/0 are both of the id 11:r, and they differ"
    );
    let apart = document(&tasks(&[set("a"), set("b").replace("11", "12")].join(","), ""));
    assert_eq!(
        apart.annotations.len(),
        2,
        "two people may have drawn regions of one id"
    );
}

#[test]
fn f10_sizes_that_are_none() {
    for size in ["0", "-5", "null", "\"200\""] {
        let text = rectangle("r").replace("\"original_width\":200", &format!("\"original_width\":{size}"));
        let document = document(&task(&text));
        assert_eq!(losses(&document), [("image_size_missing", 1)], "{size}");
        assert_eq!(document.images[0].width, None);
    }
}

#[test]
fn f11_odd_boxes_are_kept_and_those_inside_out_are_not() {
    let results = [
        rectangle("a").replace("\"x\":10", "\"x\":-10"),
        rectangle("b").replace("\"x\":10", "\"x\":1e9"),
        rectangle("c").replace("\"width\":5", "\"width\":0"),
        rectangle("d").replace("\"width\":5", "\"width\":-5"),
    ];
    let document = document(&task(&results.join(",")));
    assert_eq!(document.annotations.len(), 3);
    assert_eq!(losses(&document), [("box_inside_out", 1)]);
}

#[test]
fn f12_polygons_of_too_few_positions() {
    let polygon = |id: &str, points: &str| {
        region(
            id,
            "polygonlabels",
            &format!(r#""points":{points},"polygonlabels":["a"]"#),
        )
    };
    let results = [
        polygon("a", "[[1,1],[2,2]]"),
        polygon("b", "[]"),
        polygon("c", "[[1,1],[2,2],[3]]"),
        polygon("d", "[[1,1],[2,2],[3,3,3]]"),
    ];
    let document = document(&task(&results.join(",")));
    assert!(document.annotations.is_empty());
    assert_eq!(
        losses(&document),
        [("coordinate_not_a_number", 2), ("polygon_unusable", 2)]
    );
}

#[test]
fn f15_encodings() {
    let plain = task(&rectangle("r"));
    assert_eq!(
        warnings(&document(&format!("\u{feff}{plain}"))),
        [("byte_order_mark", 1)]
    );
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let message = read("a.json", &wide).unwrap_err().to_string();
    assert!(message.contains("not UTF-8"), "{message}");
    let broken = refused(&plain.replace("mitosis", "mit\\ud800"));
    assert!(
        broken.contains("hex escape") && broken.contains("line"),
        "{broken}"
    );
}

#[test]
fn f16_damaged_ends() {
    let whole = task(&rectangle("r"));
    for end in 0..whole.len() {
        assert!(read("a.json", &whole.as_bytes()[..end]).is_err(), "{end}");
    }
    for text in [format!("{whole} x"), format!("{whole}{whole}")] {
        assert!(refused(&text).contains("trailing characters"));
    }
    for text in ["[1]", "\"x\"", "[[]]", "null"] {
        let error = read("a.json", text.as_bytes()).unwrap_err();
        assert!(matches!(error, LabelStudioError::Json(_)), "{text}: {error}");
    }
}

#[test]
fn only_its_own_files_are_recognised() {
    assert!(recognise(task(&rectangle("r")).as_bytes()).is_some());
    for other in [
        r#"{"images":[],"annotations":[],"data":1}"#,
        r#"[{"type":"Feature","geometry":{}}]"#,
        r#"[{"data":"annotations"}]"#,
        "[]",
        "",
        "<annotation/>",
    ] {
        assert_eq!(recognise(other.as_bytes()), None, "{other}");
    }
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let results = [
            rectangle("a"),
            region("b", "polygonlabels", r#""points":[[0,0],[10,0],[10,20]],"polygonlabels":["a"]"#),
            region("c", "brushlabels", r#""format":"rle","rle":[0,0,0,140,57,27,254,67,0,143,255,33,128,0],"brushlabels":["a"]"#)
                .replace("200", "7").replace(":50", ":5"),
            r#"{"from_id":"a","to_id":"b","type":"relation","direction":"right"}"#.to_owned(),
        ];
        let mut bytes = task(&results.join(",")).into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = recognise(&bytes);
        match read("a.json", &bytes) {
            Ok(document) => prop_assert!(document.annotations.len() <= 4),
            Err(error) => prop_assert!(error.to_string().starts_with("a.json")),
        }
    }

    #[test]
    fn random_strokes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), width in 1_u64..40, height in 1_u64..40) {
        let mut stroke = u32::try_from(width * height * 4).unwrap().to_be_bytes().to_vec();
        stroke.extend(bytes);
        if let Ok(runs) = super::super::brush::decode(&stroke, width, height) {
            prop_assert_eq!(runs.counts.iter().sum::<u64>(), width * height);
        }
    }
}
