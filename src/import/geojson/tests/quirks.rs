//! Points 22 and 23 of what real files do.

use super::super::super::document::{PrivateText, PrivateTextKind, SourceId};
use super::*;
use crate::model::geometry::Plane;

#[test]
fn quirk_22_a_collection_a_list_and_a_single_feature_are_read() {
    let feature = feature(POINT, "");
    let expected = [&Shape::Point { x: 3.0, y: 4.5 }];
    for text in [
        collection(std::slice::from_ref(&feature)),
        format!("[{feature}]"),
        feature.clone(),
        format!(" \n[{}]", collection(std::slice::from_ref(&feature))),
        format!(r#"{{"features":[{feature}],"type":"FeatureCollection"}}"#),
    ] {
        let document = document(&text);
        assert_eq!(shapes(&document), expected, "{text}");
        assert_eq!(document.images.len(), 1);
        assert_eq!(document.images[0].name, "a.tiff");
        assert_eq!(
            (losses(&document), warnings(&document)),
            (vec![], vec![]),
            "{text}"
        );
        assert!(recognise(text.as_bytes()).is_some(), "{text}");
    }
}

#[test]
fn quirk_22_other_json_is_not_recognised() {
    for head in [
        r#"{"images":[],"annotations":[{"type":"Feature"}]}"#,
        r#"[{"id":1,"annotations":[{"type":"Feature"}]}]"#,
        r#"[{"data":{"type":"Feature"}}]"#,
        r#"{"type":"Polygon","coordinates":[]}"#,
        r#"{"a":{"features":[{"type":"Feature"}]}}"#,
        "[]",
        "{}",
        "",
        "type",
        "x {\"type\":\"Feature\"}",
    ] {
        assert_eq!(recognise(head.as_bytes()), None, "{head}");
    }
    let cut = collection(&[feature(POINT, "")]).replace(r#""type":"FeatureCollection","#, "");
    for end in 40..cut.len() {
        assert_eq!(
            recognise(&cut.as_bytes()[..end]),
            Some("an object with a list 'features'")
        );
    }
}

#[test]
fn quirk_23_metadata_twice_is_read_once() {
    let document = one(POINT, r#""metadata":{"a":"1","b":"x"},"metadata":{"a":"2"}"#);
    assert_eq!(attribute(&document, "metadata:a"), Some(&text("2")));
    assert_eq!(attribute(&document, "metadata:b"), None);
    assert_eq!(warnings(&document), [("member_twice", 1)]);
}

#[test]
fn quirk_23_ids_are_uuids_or_the_names_of_types() {
    let with = |id: &str| {
        let text = collection(&[format!(r#"{{"type":"Feature","id":{id},"geometry":{POINT}}}"#)]);
        document(&text)
    };
    let document = with(r#""6B1C2f3e-0000-4000-8000-0123456789ab""#);
    let Some(SourceId::Uuid(bytes)) = &document.annotations[0].id else {
        panic!("{document:?}")
    };
    assert_eq!(bytes[..4], [0x6b, 0x1c, 0x2f, 0x3e]);
    for (old, object_type) in [
        ("PathAnnotationObject", None),
        ("PathCellObject", Some("cell")),
        ("PathDetectionObject", Some("detection")),
        ("PathTileObject", Some("tile")),
        ("TMACoreObject", Some("tmaCore")),
    ] {
        let document = with(&format!("\"{old}\""));
        assert_eq!(document.annotations[0].id, None);
        assert_eq!(
            attribute(&document, "objectType"),
            object_type.map(text).as_ref(),
            "{old}"
        );
    }
    assert_eq!(
        with("\"tumor 7\"").annotations[0].id,
        Some(SourceId::Local("tumor 7".to_owned()))
    );
    let number = with("9007199254740993");
    assert_eq!(
        number.annotations[0].id,
        Some(SourceId::Local("9007199254740993".to_owned()))
    );
    assert_eq!(warnings(&number), [("id_not_text", 1)]);
}

#[test]
fn quirk_23_types_have_two_names_and_an_alias() {
    for name in ["objectType", "object_type", "type"] {
        let document = one(POINT, &format!(r#""{name}":"detection""#));
        assert_eq!(
            attribute(&document, "objectType"),
            Some(&text("detection")),
            "{name}"
        );
        assert_eq!(warnings(&document), []);
        let usual = one(POINT, &format!(r#""{name}":"annotation""#));
        assert!(
            usual.annotations[0].attributes.is_empty(),
            "what every annotation is"
        );
    }
}

#[test]
fn quirk_23_classes_have_four_forms() {
    for (class, name, colour) in [
        (r#"{"name":"Tumor","color":[200,0,0]}"#, "Tumor", Some("#c80000")),
        (
            r#"{"names":["Tumor","Positive"],"color":[200,0,0]}"#,
            "Tumor: Positive",
            Some("#c80000"),
        ),
        (r#""Stroma""#, "Stroma", None),
        (
            r#"{"name":"Tumor","colorRGB":-3670016}"#,
            "Tumor",
            Some("#c80000"),
        ),
        (
            r#"{"parentClass":{"name":"Tumor","colorRGB":-1},"name":"Positive","colorRGB":-3670016}"#,
            "Tumor: Positive",
            Some("#c80000"),
        ),
    ] {
        let document = one(POINT, &format!(r#""classification":{class}"#));
        assert_eq!(label(&document), Some(name), "{class}");
        assert_eq!(
            document.labels[0].facts.get("colour"),
            colour.map(text).as_ref(),
            "{class}"
        );
        assert_eq!(warnings(&document), [], "{class}");
    }
    for none in ["null", "{}", r#""""#] {
        let document = one(POINT, &format!(r#""classification":{none}"#));
        assert_eq!((label(&document), document.labels.len()), (None, 0), "{none}");
    }
}

#[test]
fn quirk_23_measurements_are_an_object_or_a_list_and_keep_what_is_no_number() {
    let object = r#""measurements":{"Area µm^2":12.5,"Solidity":"NaN","Ratio":"-Infinity","n":null}"#;
    let list = r#""measurements":[{"name":"Area µm^2","value":12.5},{"name":"Solidity","value":NaN},{"name":"Ratio","value":-Infinity}]"#;
    for (properties, told) in [(object, vec![("null_member", 1)]), (list, vec![])] {
        let document = one(POINT, properties);
        assert_eq!(
            attribute(&document, "measurement:Area µm^2"),
            Some(&SourceValue::Number(12.5))
        );
        assert_eq!(attribute(&document, "measurement:Solidity"), Some(&text("NaN")));
        assert_eq!(
            attribute(&document, "measurement:Ratio"),
            Some(&text("-Infinity"))
        );
        assert_eq!(warnings(&document), told);
    }
}

fn ellipse(radius_x: f64, radius_y: f64, flag: &str) -> String {
    let corner = |n: u32| {
        let (sin, cos) = (f64::from(n) / 32.0 * std::f64::consts::TAU).sin_cos();
        format!("[{:.2},{:.2}]", 50.0 + radius_x * cos, 40.0 + radius_y * sin)
    };
    let mut ring: Vec<String> = (0..32).map(corner).collect();
    ring.push(ring[0].clone());
    format!(
        r#"{{"type":"Polygon","coordinates":[[{}]]{flag}}}"#,
        ring.join(",")
    )
}

#[test]
fn quirk_23_ellipses_are_recovered_where_the_outline_is_one() {
    let flag = r#","isEllipse":true"#;
    let document = one(&ellipse(7.5, 3.25, flag), "");
    let expected = Shape::Ellipse {
        x: 50.0,
        y: 40.0,
        radius_x: 7.5,
        radius_y: 3.25,
        angle_deg: 0.0,
    };
    assert_eq!(shapes(&document), [&expected]);
    let plain = one(&ellipse(7.5, 3.25, ""), "");
    assert!(
        matches!(shapes(&plain)[..], [Shape::Polygon { .. }]),
        "nothing says that it is one"
    );
    let triangle = format!(r#"{{"type":"Polygon","coordinates":[[[0,0],[4,0],[0,4],[0,0]]]{flag}}}"#);
    let document = one(&triangle, "");
    assert!(matches!(shapes(&document)[..], [Shape::Polygon { .. }]));
    assert_eq!(attribute(&document, "isEllipse"), Some(&SourceValue::Flag(true)));
    assert_eq!(warnings(&document), [("ellipse_not_recovered", 1)]);
}

#[test]
fn quirk_23_planes_are_kept_and_the_default_one_is_none() {
    let plane = |plane: &str| {
        one(
            &format!(r#"{{"type":"Point","coordinates":[1,2],"plane":{plane}}}"#),
            "",
        )
    };
    let document = plane(r#"{"c":1,"z":2,"t":3}"#);
    assert_eq!(
        document.annotations[0].geometry.plane,
        Some(Plane { c: 1, z: 2, t: 3 })
    );
    let document = plane(r#"{"c":-1,"z":2,"t":0}"#);
    assert_eq!(
        document.annotations[0].geometry.plane,
        Some(Plane { c: 0, z: 2, t: 0 })
    );
    assert_eq!(attribute(&document, "plane_c"), Some(&SourceValue::Number(-1.0)));
    for default in [r#"{"c":-1,"z":0,"t":0}"#, "{}", "null"] {
        let document = plane(default);
        assert_eq!(document.annotations[0].geometry.plane, None, "{default}");
        assert!(document.annotations[0].attributes.is_empty());
    }
    for odd in [
        r#"{"c":0,"z":-3,"t":0}"#,
        r#"{"c":0.5}"#,
        "7",
        r#"{"c":0,"c":1}"#,
        r#"{"z":"1"}"#,
    ] {
        let document = plane(odd);
        assert_eq!(document.annotations[0].geometry.plane, None, "{odd}");
        assert_eq!(warnings(&document), [("plane_unusable", 1)], "{odd}");
    }
}

#[test]
fn quirk_23_cells_keep_their_nucleus_and_objects_their_parent() {
    let child = r#"{"type":"Feature","id":"00000000-0000-4000-8000-000000000002","geometry":{"type":"Point","coordinates":[1,1]},"nucleusGeometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1],[0,0]]]},"properties":{"objectType":"cell"}}"#;
    let parent = "00000000-0000-4000-8000-000000000001";
    let text_of = format!(
        r#"[{{"type":"Feature","id":"{parent}","geometry":{POINT},"properties":{{"childObjects":[{child}]}}}}]"#
    );
    let document = document(&text_of);
    assert_eq!(document.annotations.len(), 2);
    let cell = &document.annotations[1];
    assert_eq!(cell.attributes["parent"], text(parent));
    assert_eq!(cell.attributes["objectType"], text("cell"));
    assert_eq!(
        cell.attributes["nucleusGeometry"],
        text(r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,1],[0,0]]]}"#)
    );
}

#[test]
fn quirk_23_holes_and_many_vertices_are_kept_as_they_are() {
    let far: Vec<String> = (0..20_000).map(|n| format!("[{n},{}.25]", n % 977)).collect();
    let ring = format!("[{},[0,0.25]]", far.join(","));
    let hole = "[[5,5],[6,5],[6,6],[5,5]]";
    let document = one(
        &format!(r#"{{"type":"MultiPolygon","coordinates":[[{ring},{hole}],[{hole}]]}}"#),
        "",
    );
    let [Shape::MultiPolygon { polygons }] = shapes(&document)[..] else {
        panic!()
    };
    let lengths: Vec<Vec<usize>> = polygons
        .iter()
        .map(|rings| rings.iter().map(Vec::len).collect())
        .collect();
    assert_eq!(
        lengths,
        [vec![20_000, 3], vec![3]],
        "the closing positions are left out"
    );
    assert_eq!(polygons[0][0][19_999], [19_999.0, 459.25]);
}

#[test]
fn quirk_23_several_points_become_several_annotations() {
    let id = "00000000-0000-4000-8000-000000000001";
    let several = format!(
        r#"{{"type":"Feature","id":"{id}","geometry":{{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}},"properties":{{"classification":"Mitosis"}}}}"#
    );
    let document = document(&several);
    assert_eq!(
        shapes(&document),
        [&Shape::Point { x: 1.0, y: 2.0 }, &Shape::Point { x: 3.0, y: 4.0 }]
    );
    assert!(
        document
            .annotations
            .iter()
            .all(|one| one.id.is_none() && one.label == Some(0))
    );
    assert_eq!(attribute(&document, "part_of"), Some(&text(id)));
    assert_eq!(warnings(&document), [("feature_split", 1)]);
    let single = super::document(&several.replace(",[3,4]", ""));
    assert!(single.annotations[0].id.is_some(), "one place has the id");
    let collection = one(
        r#"{"type":"GeometryCollection","geometries":[{"type":"LineString","coordinates":[[0,0],[1,1]]},{"type":"MultiLineString","coordinates":[[[0,0],[1,1]],[[2,2],[3,3]]]}]}"#,
        "",
    );
    assert_eq!(collection.annotations.len(), 3);
}

#[test]
fn quirk_23_what_else_is_said_is_kept() {
    let document = one(
        POINT,
        r#""name":"Region 1","color":[1,2,3],"isLocked":true,"isMissing":false,"metadata":{"ANNOTATION_DESCRIPTION":"seen by Jane","Case":"7"},"annotator":"Jane","zoom":{"a":[1]}"#,
    );
    let private = |kind, text: &str| {
        SourceValue::Private(PrivateText {
            kind,
            text: text.to_owned(),
        })
    };
    for (name, value) in [
        ("name", text("Region 1")),
        ("color", text("#010203")),
        ("isLocked", SourceValue::Flag(true)),
        ("isMissing", SourceValue::Flag(false)),
        (
            "metadata:ANNOTATION_DESCRIPTION",
            private(PrivateTextKind::FreeText, "seen by Jane"),
        ),
        ("annotator", private(PrivateTextKind::Person, "Jane")),
        ("zoom", text(r#"{"a":[1]}"#)),
    ] {
        assert_eq!(attribute(&document, name), Some(&value), "{name}");
    }
}
