//! What a reader does with odd input, row by row of the table.

use super::*;

#[test]
fn what_is_not_this_format_is_refused() {
    for (text, told) in [
        ("", "line 1, column 1: EOF while parsing a value"),
        (
            "{}",
            "is not GeoJSON with features: it has neither a type nor 'features'",
        ),
        ("7", "is not GeoJSON with features: there is a number"),
        (
            r#"{"type":"Polygon","coordinates":[]}"#,
            "its type is 'Polygon', and it has no 'features'",
        ),
        (
            r#"{"type":"FeatureCollection"}"#,
            "its type is 'FeatureCollection', and it has no 'features'",
        ),
        (
            r#"{"type":"FeatureCollection","features":{}}"#,
            "'features' is a list or object, no list",
        ),
    ] {
        assert!(refused(text).contains(told), "{text}: {}", refused(text));
        assert!(refused(text).starts_with("a.tiff.geojson"), "{text}");
    }
}

#[test]
fn the_same_member_twice_is_refused_where_it_is_used() {
    for (geometry, properties) in [
        (r#"{"type":"Point","type":"Point","coordinates":[1,2]}"#, ""),
        (r#"{"type":"Point","coordinates":[1,2],"coordinates":[1,2]}"#, ""),
        (POINT, r#""classification":"a","classification":"a""#),
        (POINT, r#""measurements":{},"measurements":{}"#),
        (POINT, r#""classification":{"name":"a","name":"a"}"#),
    ] {
        let refused = refused(&collection(&[feature(geometry, properties)]));
        assert!(refused.contains("twice"), "{refused}");
        assert!(refused.contains("line 1, column "), "{refused}");
    }
    let document = one(POINT, r#""zoom":1,"zoom":2,"measurements":{"a":1,"a":2}"#);
    assert_eq!(attribute(&document, "zoom"), Some(&SourceValue::Number(2.0)));
    assert_eq!(
        attribute(&document, "measurement:a"),
        Some(&SourceValue::Number(2.0))
    );
    assert_eq!(warnings(&document), [("member_twice", 2)]);
}

#[test]
fn a_coordinate_that_is_no_number_loses_its_feature() {
    for bad in ["[NaN,1]", "[1,-Infinity]", "[null,1]"] {
        let text = collection(&[
            feature(&format!(r#"{{"type":"Point","coordinates":{bad}}}"#), ""),
            feature(POINT, ""),
        ]);
        let document = document(&text);
        assert_eq!(document.annotations.len(), 1, "{bad}");
        assert_eq!(losses(&document), [("coordinate_not_a_number", 1)], "{bad}");
        let told = document.report.losses.iter().next().unwrap().message;
        assert!(told.starts_with("a.tiff.geojson, /features/0: "), "{told}");
    }
}

#[test]
fn the_same_id_twice_is_taken_once_or_refuses_the_file() {
    let with = |x: u32| {
        format!(
            r#"{{"type":"Feature","id":"A0000000-0000-4000-8000-000000000001","geometry":{{"type":"Point","coordinates":[{x},2]}}}}"#
        )
    };
    let document = document(&collection(&[with(1), feature(POINT, ""), with(1)]));
    assert_eq!(document.annotations.len(), 2);
    assert_eq!(warnings(&document), [("record_twice", 1)]);
    for text in [
        collection(&[with(1), with(2)]),
        format!("[{},{}]", with(1), with(2)),
    ] {
        let told = refused(&text);
        assert!(
            told.contains("both have the id a0000000-0000-4000-8000-000000000001"),
            "{told}"
        );
        assert!(told.contains("/0 and ") && told.contains("/1 both"), "{told}");
    }
}

#[test]
fn what_makes_no_place_is_lost_and_named() {
    for (geometry, code) in [
        ("null", "geometry_missing"),
        ("{}", "geometry_missing"),
        ("7", "geometry_unusable"),
        (r#"{"coordinates":[1,2]}"#, "geometry_unusable"),
        (r#"{"type":"Point"}"#, "geometry_unusable"),
        (r#"{"type":"Curve","coordinates":[1,2]}"#, "geometry_unusable"),
        (r#"{"type":"Point","coordinates":[]}"#, "geometry_empty"),
        (r#"{"type":"Polygon","coordinates":[[],[]]}"#, "geometry_empty"),
        (r#"{"type":"Point","coordinates":[1]}"#, "position_unusable"),
        (
            r#"{"type":"Point","coordinates":[[1,2]]}"#,
            "coordinates_unusable",
        ),
        (
            r#"{"type":"Point","coordinates":["1","2"]}"#,
            "coordinates_unusable",
        ),
        (
            r#"{"type":"Point","coordinates":{"x":1}}"#,
            "coordinates_unusable",
        ),
        (
            r#"{"type":"LineString","coordinates":[[1,2],3]}"#,
            "coordinates_unusable",
        ),
        (
            r#"{"type":"MultiPolygon","coordinates":[[[1,2],[3,4],[5,6]]]}"#,
            "coordinates_unusable",
        ),
        (r#"{"type":"LineString","coordinates":[[1,2]]}"#, "too_few_points"),
        (
            r#"{"type":"Polygon","coordinates":[[[1,2],[3,4],[1,2]]]}"#,
            "too_few_points",
        ),
        (
            r#"{"type":"GeometryCollection","geometries":[]}"#,
            "geometry_missing",
        ),
        (r#"{"type":"GeometryCollection"}"#, "geometry_missing"),
    ] {
        let document = one(geometry, "");
        assert_eq!(losses(&document), [(code, 1)], "{geometry}");
        assert!(document.annotations.is_empty(), "{geometry}");
    }
    let document = document(&format!(
        "[null,7,[1],{{\"type\":\"Point\"}},{}]",
        feature(POINT, "")
    ));
    assert_eq!(losses(&document), [("not_a_feature", 4)]);
    assert_eq!(document.annotations.len(), 1);
}

#[test]
fn odd_geometry_is_kept_exactly() {
    let bow = r#"{"type":"Polygon","coordinates":[[[-6,0],[1e6,1],[1e6,0],[-6,1],[-6,1],[-6,0]]]}"#;
    let document = one(bow, "");
    let ring = vec![[-6.0, 0.0], [1e6, 1.0], [1e6, 0.0], [-6.0, 1.0], [-6.0, 1.0]];
    assert_eq!(shapes(&document), [&Shape::Polygon { rings: vec![ring] }]);
    let open = r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[0,4]]]}"#;
    let document = one(open, "");
    assert_eq!(warnings(&document), [("ring_not_closed", 1)]);
    let square = r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}"#;
    let document = one(square, "");
    assert!(matches!(shapes(&document)[..], [Shape::Polygon { .. }]));
    assert_eq!(warnings(&document), [("rectangle_as_polygon", 1)]);
    let deep = r#"{"type":"Point","coordinates":[1,2,3]}"#;
    assert_eq!(warnings(&one(deep, "")), [("third_coordinate", 1)]);
}

#[test]
fn what_a_collection_says_beside_its_features_is_the_images() {
    let text_of = format!(
        r#"{{"type":"FeatureCollection","name":"slide 7","crs":{{"type":"name"}},"features":[{}]}}"#,
        feature(POINT, "")
    );
    let document = document(&text_of);
    assert_eq!(document.images[0].facts["name"], text("slide 7"));
    assert_eq!(document.images[0].facts["crs"], text(r#"{"type":"name"}"#));
    assert_eq!(warnings(&document), [("crs", 1)]);
}

#[test]
fn classes_that_differ_in_colour_are_one_and_told() {
    let class = |colour: &str| format!(r#""classification":{{"name":"Tumor","color":{colour}}}"#);
    let document = document(&collection(&[
        feature(POINT, &class("[200,0,0]")),
        feature(POINT, &class("[0,0,200]")),
        feature(POINT, &class("[1,2]")),
    ]));
    assert_eq!(document.labels.len(), 1);
    assert_eq!(document.labels[0].facts["colour"], text("#c80000"));
    assert_eq!(
        warnings(&document),
        [("class_differs", 1), ("class_member_unusable", 1)]
    );
}
