//! Tests on files in the shapes that the server's serialisers give, and on damaged ones.

use proptest::prelude::*;

use super::super::document::{Document, SourceId, SourceValue};
use super::{ExactError, read, recognise};
use crate::model::geometry::Shape;
use crate::model::{AnnotatorKind, Geometry};

fn document(text: &str) -> Document {
    read("a.json", text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns the message with which a text is refused.
fn refused(text: &str) -> String {
    match read("a.json", text.as_bytes()) {
        Ok(document) => panic!("it was read: {document:?}"),
        Err(error) => error.to_string(),
    }
}

fn codes(entries: &super::super::report::Entries) -> Vec<(&'static str, u64)> {
    entries.iter().map(|entry| (entry.code, entry.count)).collect()
}

fn losses(document: &Document) -> Vec<(&'static str, u64)> {
    codes(&document.report.losses)
}

fn warnings(document: &Document) -> Vec<(&'static str, u64)> {
    codes(&document.report.warnings)
}

const UUID: &str = "b34d9c1e-32a1-4a5e-9d35-0c8a4f6f1e01";

/// An annotation, written out as `expand=annotation_type,image,user,last_editor` does, with this vector and type.
fn annotation(vector: &str, vector_type: &str) -> String {
    format!(
        r##"{{"annotation_type":{{"id":3,"name":"mitosis","vector_type":{vector_type},"node_count":0,"enable_concealed":true,
"enable_blurred":true,"color_code":"#FF00aa","default_width":50,"default_height":50,"sort_order":0,"closed":true,
"area_hit_test":true,"product":1}},"id":17,"vector":{vector},"verified_by_user":true,
"image":{{"id":4,"name":"001.svs","filename":"001_pyramid.tiff","time":"2020-01-01T00:00:00Z","height":800,"width":1000,"mpp":0.25,
"objectivePower":40.0,"image_type":0,"image_set":2,"annotations":[17,18]}},"concealed":false,"blurred":false,
"last_editor":{{"id":9,"username":"ada"}},"last_edit_time":"2021-05-04T10:11:12.131415Z","user":{{"id":9,"username":"ada"}},
"time":"2021-05-03T10:11:12Z","generated":false,"deleted":false,"description":"","unique_identifier":"{UUID}",
"uploaded_media_files":[],"meta_data":null,"annotationversion_set":[]}}"##
    )
}

const BOX: &str = r#"{"x1":10,"y1":20.5,"x2":60,"y2":70}"#;

fn page(annotations: &[String]) -> String {
    format!(
        r#"{{"count":{},"next":null,"previous":null,"results":[{}]}}"#,
        annotations.len(),
        annotations.join(",")
    )
}

fn one(vector: &str, vector_type: &str) -> Document {
    document(&page(&[annotation(vector, vector_type)]))
}

#[test]
fn a_page_of_the_server_is_read() {
    let text = page(&[annotation(BOX, "1")]);
    assert!(recognise(text.as_bytes()).is_some());
    let document = document(&text);
    let only = &document.annotations[0];
    assert_eq!(only.geometry, Geometry::rectangle(10.0, 20.5, 50.0, 49.5));
    let uuid = uuid::Uuid::parse_str(UUID).unwrap();
    assert_eq!(only.id, Some(SourceId::Uuid(*uuid.as_bytes())));
    assert_eq!(only.attributes["exact_id"], SourceValue::Text("17".to_owned()));
    assert_eq!(only.attributes["verified_by_user"], SourceValue::Flag(true));
    assert_eq!(document.labels[0].name, "mitosis");
    assert_eq!(
        document.labels[0].facts["colour"],
        SourceValue::Text("#ff00aa".to_owned())
    );
    let image = &document.images[0];
    assert_eq!(
        (image.name.as_str(), image.width, image.height),
        ("001.svs", Some(1000.0), Some(800.0))
    );
    assert_eq!(image.facts["um_per_px_x"], SourceValue::Number(0.25));
    assert_eq!(image.facts["objective_power"], SourceValue::Number(40.0));
    assert_eq!(
        image.facts["filename"],
        SourceValue::Text("001_pyramid.tiff".to_owned())
    );
    let rating = &only.ratings[0];
    assert_eq!(
        (document.people[0].name.as_str(), document.people[0].kind),
        ("ada", Some(AnnotatorKind::Human))
    );
    assert_eq!(rating.claimed_at.as_deref(), Some("2021-05-04T10:11:12.131Z"));
    assert!(
        document.report.losses.is_empty() && document.report.warnings.is_empty(),
        "{:?}",
        document.report
    );
    let list = format!("[{}]", annotation(BOX, "1"));
    assert!(recognise(list.as_bytes()).is_some());
    assert_eq!(self::document(&list), document);
}

#[test]
fn each_vector_type_makes_its_shape() {
    let shape = |vector: &str, kind: &str| {
        let document = one(vector, kind);
        assert!(document.report.losses.is_empty(), "{:?}", document.report);
        document.annotations[0].geometry.shape.clone()
    };
    let three = r#"{"y3":6,"x3":5,"y2":4,"x2":3,"x1":1,"y1":2}"#;
    let points = vec![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
    assert_eq!(
        shape(r#"{"x1":1.5,"y1":2}"#, "2"),
        Shape::Point { x: 1.5, y: 2.0 }
    );
    assert_eq!(
        shape(r#"{"x1":1,"y1":2,"x2":1,"y2":2}"#, "2"),
        Shape::Point { x: 1.0, y: 2.0 }
    );
    let ends = points[..2].to_vec();
    assert_eq!(
        shape(r#"{"x1":1,"y1":2,"x2":3,"y2":4}"#, "3"),
        Shape::Polyline { points: ends }
    );
    assert_eq!(
        shape(three, "4"),
        Shape::Polyline {
            points: points.clone()
        }
    );
    assert_eq!(shape(three, "5"), Shape::Polygon { rings: vec![points] });
    assert_eq!(
        one(BOX, "6").annotations[0].geometry,
        Geometry::rectangle(10.0, 20.5, 50.0, 49.5)
    );
    for nothing in ["null", "{}"] {
        assert_eq!(shape(nothing, "7"), Shape::Image);
        assert_eq!(losses(&one(nothing, "1")), [("not_in_image", 1)]);
    }
    // Ten positions, of which the tenth must not come after the first.
    let numbers: Vec<String> = (1..=10).map(|n| format!(r#""x{n}":{n},"y{n}":0"#)).collect();
    let Shape::Polygon { rings } = shape(&format!("{{{}}}", numbers.join(",")), "5") else {
        panic!("a polygon");
    };
    assert_eq!(rings[0][9], [10.0, 0.0]);
    let turned = one(r#"{"x1":60,"y1":20.5,"x2":10,"y2":70}"#, "1");
    assert_eq!(
        turned.annotations[0].geometry,
        Geometry::rectangle(10.0, 20.5, 50.0, 49.5)
    );
    assert_eq!(warnings(&turned), [("corners_in_other_order", 1)]);
}

#[test]
fn vectors_that_do_not_fit_lose_their_annotation() {
    for (vector, kind) in [
        (r#"{"x1":1,"y1":2}"#, "1"),
        (r#"{"x1":1,"y1":2,"x2":3}"#, "1"),
        (r#"{"x1":1,"y1":2,"x3":3,"y3":4}"#, "1"),
        (r#"{"x1":1,"y1":2,"x2":3,"y2":4}"#, "2"),
        (r#"{"x1":1,"y1":2}"#, "3"),
        (r#"{"x1":1,"y1":2}"#, "4"),
        (r#"{"x1":1,"y1":2,"x2":3,"y2":4}"#, "5"),
        (r#"{"y1":1,"x2":2}"#, "2"),
    ] {
        let document = one(vector, kind);
        assert_eq!(losses(&document), [("vector_unusable", 1)], "{vector}");
        let message = document.report.losses.iter().next().unwrap().message;
        assert!(message.starts_with("a.json, /0 (id 17): "), "{message}");
    }
    for kind in ["0", "8", "1.5", "null"] {
        assert_eq!(losses(&one(BOX, kind)), [("vector_type_unknown", 1)], "{kind}");
    }
}

#[test]
fn numbers_instead_of_objects() {
    let annotation = annotation(BOX, "1");
    let kind_at = annotation.find("\"id\":17").unwrap();
    let by_number = format!("{{\"annotation_type\":3,{}", &annotation[kind_at..]);
    assert_eq!(losses(&document(&page(&[by_number]))), [("class_by_number", 1)]);
    let people = annotation.replace(r#"{"id":9,"username":"ada"}"#, "9");
    assert_eq!(document(&page(&[people])).people[0].name, "EXACT user 9");
    let start = annotation.find("\"image\":{").unwrap();
    let end = annotation.find("\"concealed\":false").unwrap();
    let by_number = format!("{}\"image\":4,{}", &annotation[..start], &annotation[end..]);
    let document = document(&page(&[by_number]));
    assert_eq!(document.images[0].name, "EXACT image 4");
    assert_eq!(warnings(&document), [("image_by_number", 1)]);
}

#[test]
fn the_last_editor_rates_and_the_creator_is_kept_privately() {
    let edited = annotation(BOX, "1").replacen("\"username\":\"ada\"", "\"username\":\"ben\"", 1);
    let document = document(&page(&[edited]));
    let only = &document.annotations[0];
    assert_eq!(document.people[only.ratings[0].person].name, "ben");
    assert!(matches!(&only.attributes["created_by"], SourceValue::Private(text) if text.text == "ada"));
    let generated = annotation(BOX, "1").replace("\"generated\":false", "\"generated\":true");
    let generated = self::document(&page(&[generated]));
    assert!(generated.people.is_empty() && generated.annotations[0].ratings.is_empty());
    assert_eq!(warnings(&generated), [("generated", 1)]);
    let nobody = annotation(BOX, "1").replace(r#"{"id":9,"username":"ada"}"#, "null");
    assert_eq!(
        warnings(&self::document(&page(&[nobody]))),
        [("annotation_without_person", 1)]
    );
}

#[test]
fn what_is_deleted_or_elsewhere_is_counted() {
    let deleted = annotation(BOX, "1").replace("\"deleted\":false", "\"deleted\":true");
    assert_eq!(losses(&document(&page(&[deleted]))), [("deleted_in_source", 1)]);
    let versions =
        annotation(BOX, "1").replace("\"annotationversion_set\":[]", "\"annotationversion_set\":[1,2]");
    assert_eq!(losses(&document(&page(&[versions]))), [("earlier_versions", 1)]);
    let more = page(&[annotation(BOX, "1")]).replace("\"next\":null", "\"next\":\"https://host/?offset=50\"");
    let more = document(&more);
    assert_eq!(losses(&more), [("further_pages", 1)]);
    assert!(!format!("{:?}", more.report).contains("host"));
    let told = annotation(BOX, "1")
        .replace("\"description\":\"\"", "\"description\":\"as Ada said\"")
        .replace(
            "\"meta_data\":null",
            "\"meta_data\":{\"score\":0.5,\"annotator\":\"Ada\"}",
        )
        .replace("\"remark\"", "\"x\"");
    let attributes = &document(&page(&[told])).annotations[0].attributes;
    assert!(matches!(attributes["description"], SourceValue::Private(_)));
    assert!(matches!(attributes["meta_data"], SourceValue::Private(_)));
}

#[test]
fn f01_f02_numbers_that_are_none() {
    for number in ["NaN", "-Infinity", "null", "\"10\"", "[1]"] {
        let document = one(&BOX.replace("10", number), "1");
        assert_eq!(losses(&document), [("coordinate_not_a_number", 1)], "{number}");
    }
    let message = refused(&page(&[annotation(&BOX.replace("10", "1e400"), "1")]));
    assert!(
        message.contains("out of range") && message.contains("line "),
        "{message}"
    );
}

#[test]
fn f03_f06_ids_of_every_kind() {
    let with = |id: &str, uuid: &str| {
        let text = annotation(BOX, "1")
            .replace("\"id\":17", &format!("\"id\":{id}"))
            .replace(&format!("\"{UUID}\""), uuid);
        document(&page(&[text]))
    };
    let long = with("123456789012345678901", "null");
    assert_eq!(
        long.annotations[0].id,
        Some(SourceId::Local("123456789012345678901".to_owned()))
    );
    let text = with("\"17\"", "null");
    assert_eq!(text.annotations[0].id, Some(SourceId::Local("17".to_owned())));
    assert_eq!(warnings(&text), [("id_as_text", 1)]);
    assert_eq!(with("null", "null").annotations[0].id, None);
    let broken = with("17", "\"None\"");
    assert_eq!(broken.annotations[0].id, Some(SourceId::Local("17".to_owned())));
    assert_eq!(warnings(&broken), [("identifier_unusable", 1)]);
}

#[test]
fn f04_a_used_member_twice_is_refused() {
    for (text, twice) in [
        ("\"id\":17,", "\"id\":17,\"id\":17,"),
        ("\"vector\":", "\"vector\":null,\"vector\":"),
        ("\"x1\":10,", "\"x1\":10,\"x1\":10,"),
        ("\"y2\":70", "\"y2\":70,\"x1\":10"),
        ("\"vector_type\":1,", "\"vector_type\":1,\"vector_type\":2,"),
        ("\"width\":1000,", "\"width\":1000,\"width\":1,"),
        ("\"results\":", "\"results\":[],\"results\":"),
    ] {
        let message = refused(&page(&[annotation(BOX, "1")]).replacen(text, twice, 1));
        assert!(
            message.contains("twice") || message.contains("two lists"),
            "{message}"
        );
        assert!(message.starts_with("a.json, line "), "{message}");
    }
}

#[test]
fn f05_deep_nesting() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [129, 1_000_000] {
        let used =
            annotation(BOX, "1").replace("\"meta_data\":null", &format!("\"meta_data\":{}", nested(depth)));
        assert!(refused(&page(&[used])).contains("recursion limit"));
    }
    let beside = page(&[annotation(BOX, "1")]).replace("\"count\":1", &format!("\"extra\":{}", nested(100)));
    assert_eq!(losses(&document(&beside)), [("unknown_member", 1)]);
}

#[test]
fn f07_annotations_of_one_id() {
    let same = document(&page(&[annotation(BOX, "1"), annotation(BOX, "1")]));
    assert_eq!(same.annotations.len(), 1);
    let other = annotation(&BOX.replace("10", "11"), "1");
    let message = refused(&page(&[annotation(BOX, "1"), other]));
    assert!(
        message.contains("/0 (id 17) and /1 (id 17)") && message.contains(UUID),
        "{message}"
    );
}

#[test]
fn f10_sizes_that_are_none() {
    for size in ["0", "-5", "\"1000\"", "null"] {
        let text = annotation(BOX, "1").replace("\"width\":1000", &format!("\"width\":{size}"));
        assert_eq!(document(&page(&[text])).images[0].width, None, "{size}");
    }
}

#[test]
fn f15_f16_encodings_and_damaged_ends() {
    let whole = page(&[annotation(BOX, "1")]);
    assert_eq!(
        warnings(&document(&format!("\u{feff}{whole}"))),
        [("byte_order_mark", 1)]
    );
    let wide: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(
        read("a.json", &wide)
            .unwrap_err()
            .to_string()
            .contains("not UTF-8")
    );
    for end in 0..whole.len() {
        assert!(read("a.json", &whole.as_bytes()[..end]).is_err(), "{end}");
    }
    assert!(refused(&format!("{whole}{whole}")).contains("trailing characters"));
    assert!(matches!(read("a.json", b"{}"), Err(ExactError::NoList { .. })));
    assert!(matches!(
        read("a.json", b"{\"results\":7}"),
        Err(ExactError::NoList { .. })
    ));
}

#[test]
fn only_its_own_files_are_recognised() {
    for other in [
        r#"{"images":[],"annotations":[{"vector":1,"annotation_type":2}]}"#,
        r#"[{"type":"Feature","geometry":{}}]"#,
        r#"[{"annotations":[],"data":{}}]"#,
        r#"{"vector":{},"annotation_type":1}"#,
        "",
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
        let mut bytes = page(&[annotation(BOX, "1"), annotation("null", "7")]).into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = recognise(&bytes);
        match read("a.json", &bytes) {
            Ok(document) => prop_assert!(document.annotations.len() <= 2),
            Err(error) => prop_assert!(error.to_string().starts_with("a.json")),
        }
    }
}
