//! Hostile files, by the codes of the threats. Each is read or refused; none panics, hangs or recurses without end.

use proptest::prelude::*;

use super::*;

#[test]
fn f01_literals_are_kept_in_measurements_only() {
    let document = one(POINT, r#""measurements":{"a":NaN},"zoom":Infinity"#);
    assert_eq!(attribute(&document, "measurement:a"), Some(&text("NaN")));
    assert_eq!(attribute(&document, "zoom"), None);
    assert_eq!(warnings(&document), [("not_a_number", 1)]);
}

#[test]
fn f02_numbers_out_of_range_are_refused() {
    let refused = refused(&collection(&[feature(
        r#"{"type":"Point","coordinates":[1e400,1]}"#,
        "",
    )]));
    assert!(refused.contains("number out of range"), "{refused}");
}

#[test]
fn f03_digits_beyond_2_53_are_kept() {
    let document = one(
        POINT,
        r#""measurements":{"a":9007199254740993},"serial":18446744073709551615"#,
    );
    assert_eq!(
        attribute(&document, "measurement:a"),
        Some(&text("9007199254740993"))
    );
    assert_eq!(
        attribute(&document, "serial"),
        Some(&text("18446744073709551615"))
    );
}

#[test]
fn f04_a_used_member_that_stands_twice_is_refused() {
    let twice = r#"{"type":"FeatureCollection","features":[],"features":[]}"#;
    assert!(refused(twice).contains("'features' twice"));
    let id = format!(r#"{{"type":"Feature","id":"a","id":"b","geometry":{POINT}}}"#);
    assert!(refused(&id).contains("a feature has the member 'id' twice"));
}

#[test]
fn f05_deep_nesting_is_refused_without_a_stack_overflow() {
    for depth in [129, 1_000_000] {
        let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for text in [
            nested.clone(),
            one_with(&format!(r#"{{"type":"Polygon","coordinates":{nested}}}"#), ""),
            one_with(POINT, &format!(r#""zoom":{nested}"#)),
            one_with(POINT, &format!(r#""measurements":{nested}"#)),
        ] {
            assert!(refused(&text).contains("recursion limit"), "{depth}");
        }
    }
}

fn one_with(geometry: &str, properties: &str) -> String {
    collection(&[feature(geometry, properties)])
}

#[test]
fn f06_ids_of_other_kinds_are_told() {
    let with = |id: &str| document(&format!(r#"[{{"type":"Feature","id":{id},"geometry":{POINT}}}]"#));
    for (id, code) in [
        ("true", "id_unusable"),
        ("[1]", "id_unusable"),
        ("-1", "id_not_text"),
        ("\"\"", "id_unusable"),
    ] {
        assert_eq!(warnings(&with(id)), [(code, 1)], "{id}");
    }
    assert!(with("null").annotations[0].id.is_none());
}

#[test]
fn f15_encodings() {
    let text_of = collection(&[feature(POINT, "")]);
    let read = |bytes: &[u8]| super::super::read("a.geojson", bytes).map_err(|error| error.to_string());
    let marked = read(format!("\u{feff}{text_of}").as_bytes()).unwrap();
    assert_eq!(warnings(&marked), [("byte_order_mark", 1)]);
    assert!(recognise(format!("\u{feff}{text_of}").as_bytes()).is_some());
    let wide: Vec<u8> = text_of.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&wide).unwrap_err().contains("UTF-16"));
    assert!(
        read(b"{\"type\":\"\xff\"}")
            .unwrap_err()
            .contains("line 1, column 10")
    );
    let lone = collection(&[feature(POINT, r#""name":"\ud800""#)]);
    assert!(refused(&lone).contains("hex escape"), "{}", refused(&lone));
    let nul = one(POINT, r#""name":"a\u0000b""#);
    assert_eq!(attribute(&nul, "name"), Some(&text("a\0b")));
}

#[test]
fn f16_what_is_cut_or_goes_on_is_refused() {
    let whole = collection(&[feature(POINT, r#""classification":{"name":"é","color":[1,2,3]}"#)]);
    for end in 0..whole.len() {
        if whole.is_char_boundary(end) {
            refused(&whole[..end]);
        }
    }
    for tail in ["x", "{}", ",", "\0"] {
        refused(&format!("{whole}{tail}"));
    }
    assert_eq!(document(&format!("{whole}\n \n")).annotations.len(), 1);
}

#[test]
fn f18_geometries_of_all_kinds_of_wrong_are_kept_or_lost() {
    let clockwise = r#"{"type":"Polygon","coordinates":[[[0,0],[0,9],[9,9],[9,1],[0,0]],[[50,50],[60,50],[60,61],[50,50]]]}"#;
    let document = one(clockwise, "");
    let [Shape::Polygon { rings }] = shapes(&document)[..] else {
        panic!()
    };
    assert_eq!(rings[0][1], [0.0, 9.0], "the winding stays");
    assert_eq!(rings.len(), 2, "a hole outside stays");
    let depth = 100_000;
    let nested = format!(
        "{}{POINT}{}",
        r#"{"type":"GeometryCollection","geometries":["#.repeat(depth),
        "]}".repeat(depth)
    );
    assert!(refused(&one_with(&nested, "")).contains("recursion limit"));
    let children = format!(
        "{}{}",
        r#"{"type":"Feature","geometry":null,"properties":{"childObjects":["#.repeat(depth),
        "]}}".repeat(depth)
    );
    assert!(refused(&children).contains("recursion limit"));
    let huge = one(
        r#"{"type":"LineString","coordinates":[[1e308,-1e308],[-1e308,1e308]]}"#,
        "",
    );
    assert_eq!(huge.annotations.len(), 1);
}

#[test]
fn f25_dates_of_any_form_stay_texts() {
    for date in [
        "10000-01-01T00:00:00Z",
        "2016-12-31T23:59:60Z",
        "2020-01-01",
        "2038-01-19T03:14:08",
    ] {
        let document = one(POINT, &format!(r#""metadata":{{"created":"{date}"}}"#));
        assert_eq!(attribute(&document, "metadata:created"), Some(&text(date)));
    }
}

#[test]
fn many_features_of_one_id_take_no_quadratic_time() {
    let one = r#"{"type":"Feature","id":"x","geometry":{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}}"#;
    let text = format!("[{}]", vec![one; 50_000].join(","));
    assert_eq!(document(&text).annotations.len(), 2);
}

#[test]
fn what_claims_to_be_ours_is_checked() {
    for carried in [
        "7",
        "{}",
        r#"{"format":"export-annotation/2","id":"00"}"#,
        r#"{"format":"export-annotation/1","id":"000000000000000000000000000000000000000000000000","geometry":{"type":"box","x":1}}"#,
    ] {
        let document = one(POINT, &format!(r#""holotype":{carried}"#));
        assert_eq!(
            warnings(&document),
            [("holotype_member_unusable", 1)],
            "{carried}"
        );
        assert_eq!(document.annotations.len(), 1);
    }
    // A geometry that does not belong to the drawing is not taken.
    let elsewhere =
        r#""metadata":{"_holotype_geometry":"{\"type\":\"circle\",\"x\":900,\"y\":900,\"radius\":5}"}"#;
    let document = one(POINT, elsewhere);
    assert_eq!(shapes(&document), [&Shape::Point { x: 3.0, y: 4.5 }]);
    assert_eq!(warnings(&document), [("geometry_edited", 1)]);
    let broken = one(POINT, r#""metadata":{"_holotype_geometry":"x"}"#);
    assert_eq!(warnings(&broken), [("exact_geometry_unusable", 1)]);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = recognise(&bytes);
        let _ = super::super::read("a.geojson", &bytes);
    }

    /// Texts of the words that such files are made of, which get further than random bytes.
    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(prop::sample::select(WORDS), 0..60)) {
        let text = words.concat();
        let _ = recognise(text.as_bytes());
        let _ = super::super::read("a.geojson", text.as_bytes());
    }

    /// A file with a piece cut out, or two pieces exchanged.
    #[test]
    fn mutated_files_are_read_or_refused(from in 0usize..900, length in 0usize..40, to in 0usize..900) {
        let whole = collection(&[
            feature(POINT, r#""classification":{"names":["a","b"],"color":[1,2,3]},"metadata":{"x":"y"}"#),
            feature(&r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,0]]],"plane":{"c":1,"z":2,"t":3},"isEllipse":true}"#.repeat(1), r#""measurements":[{"name":"a","value":NaN}],"childObjects":[]"#),
        ]);
        let mut bytes = whole.into_bytes();
        let (from, to) = (from % bytes.len(), to % bytes.len());
        let piece: Vec<u8> = bytes.drain(from..(from + length).min(bytes.len())).collect();
        let _ = super::super::read("a.geojson", &bytes);
        bytes.splice(to.min(bytes.len())..to.min(bytes.len()), piece);
        let _ = super::super::read("a.geojson", &bytes);
    }
}

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"type\":",
    "\"Feature\"",
    "\"FeatureCollection\"",
    "\"features\":",
    "\"geometry\":",
    "\"coordinates\":",
    "\"Polygon\"",
    "\"Point\"",
    "\"properties\":",
    "\"classification\":",
    "\"metadata\":",
    "\"id\":",
    "\"measurements\":",
    "\"childObjects\":",
    "\"plane\":",
    "\"holotype\":",
    "1",
    "-2.5",
    "1e308",
    "NaN",
    "null",
    "true",
    "\"a\"",
    "[1,2]",
    "[[1,2],[3,4],[5,6],[1,2]]",
];
