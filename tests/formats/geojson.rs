//! QuPath GeoJSON: what is written and read again is the same, and what QuPath does to a file on the way is undone where
//! nothing was edited.

use std::collections::BTreeMap;
use std::path::Path;

use holotype::export::geojson::{GeoJsonObject, write_geojson};
use holotype::id::{AnnotationId, ImageId};
use holotype::import::document::{Document, SourceId, SourceValue};
use holotype::import::geojson::read;
use holotype::model::geometry::{Plane, Position};
use holotype::model::{CarriedAnnotation, FactValue, Facts, Geometry, Shape};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lab::{Lab, count_of, data_dir, text};

/// Coordinates as they occur: whole and half pixels, any decimals, far outside.
fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-10_000i32..200_000).prop_map(f64::from),
        (-10_000i32..200_000).prop_map(|number| f64::from(number) / 2.0),
        -1e6f64..1e6,
        Just(0.1),
        Just(1e17),
    ]
}

fn length() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), (0i32..5000).prop_map(f64::from), 0.0f64..1e4]
}

fn ring() -> impl Strategy<Value = Vec<Position>> {
    let ring = prop::collection::vec([coordinate(), coordinate()], 1..9);
    // Some end where they begin, and some have a position twice in a row.
    (ring, any::<bool>(), any::<bool>()).prop_map(
        |(mut ring, closed, repeated): (Vec<Position>, bool, bool)| {
            if closed {
                ring.push(ring[0]);
            }
            if repeated {
                ring.insert(0, ring[0]);
            }
            ring
        },
    )
}

fn mask() -> impl Strategy<Value = Shape> {
    (
        coordinate(),
        coordinate(),
        1u64..6,
        prop::collection::vec(0u64..9, 1..9),
    )
        .prop_map(|(x, y, height, mut counts)| {
            let sum: u64 = counts.iter().sum();
            let missing = sum.div_ceil(height).max(1) * height - sum;
            *counts.last_mut().unwrap() += missing;
            let float = |whole: u64| f64::from(u32::try_from(whole).unwrap());
            let width = float((sum + missing) / height);
            Shape::Mask {
                x,
                y,
                width,
                height: float(height),
                counts,
            }
        })
}

fn shape() -> impl Strategy<Value = Shape> {
    let at = || (coordinate(), coordinate());
    prop_oneof![
        at().prop_map(|(x, y)| Shape::Point { x, y }),
        (at(), length(), length()).prop_map(|((x, y), width, height)| Shape::Box { x, y, width, height }),
        (at(), length(), length(), -400.0f64..400.0).prop_map(|((x, y), width, height, angle_deg)| {
            Shape::RotatedBox {
                x,
                y,
                width,
                height,
                angle_deg,
            }
        }),
        (at(), length()).prop_map(|((x, y), radius)| Shape::Circle { x, y, radius }),
        (at(), length(), length(), prop_oneof![Just(0.0), -400.0f64..400.0]).prop_map(
            |((x, y), radius_x, radius_y, angle_deg)| Shape::Ellipse {
                x,
                y,
                radius_x,
                radius_y,
                angle_deg
            }
        ),
        prop::collection::vec(ring(), 1..4).prop_map(|rings| Shape::Polygon { rings }),
        prop::collection::vec(prop::collection::vec(ring(), 1..3), 0..4)
            .prop_map(|polygons| Shape::MultiPolygon { polygons }),
        ring().prop_map(|points| Shape::Polyline { points }),
        mask(),
        Just(Shape::Image),
    ]
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let plane = prop::option::of((0u32..4, 0u32..4, 0u32..4));
    (shape(), plane).prop_map(|(shape, plane)| Geometry {
        shape,
        plane: plane.map(|(c, z, t)| Plane { c, t, z }),
    })
}

fn facts() -> impl Strategy<Value = Facts> {
    let value = prop_oneof![
        "[ -~äß\u{3b1}\t\n]{0,12}".prop_map(FactValue::Text),
        coordinate().prop_map(FactValue::Number),
        any::<bool>().prop_map(FactValue::Flag),
        prop::sample::select(vec![
            "NaN",
            "annotation",
            "cell",
            "#0a0b0c",
            "#0A0B0C",
            "{\"type\":\"Point\"}",
            "/home/x"
        ])
        .prop_map(FactValue::from),
    ];
    let name = prop::sample::select(vec![
        "objectType",
        "name",
        "isLocked",
        "color",
        "nucleusGeometry",
        "plane_c",
        "measurement:Area",
        "measurement:",
        "metadata:k",
        "metadata:_holotype_geometry",
        "metadata:",
        "parent",
        "stage",
        "isEllipse",
        "plane",
        "holotype",
        "classification",
        "metadata",
        "measurements",
    ]);
    prop::collection::btree_map(name.prop_map(str::to_owned), value, 0..6)
}

fn id(n: usize) -> AnnotationId {
    let mut own = [7_u8; 16];
    own[0] = u8::try_from(n).unwrap();
    AnnotationId::from_uuid(ImageId::of_name("001.tiff").prefix(), own)
}

fn written(objects: &[(Geometry, Facts)], size: Option<(f64, f64)>) -> Vec<u8> {
    let objects: Vec<GeoJsonObject<'_>> = objects
        .iter()
        .enumerate()
        .map(|(n, (geometry, attributes))| GeoJsonObject {
            id: id(n),
            geometry,
            class: Some(("a: b", None)),
            attributes,
            carried: CarriedAnnotation::empty(id(n)),
        })
        .collect();
    let (mut bytes, mut again) = (Vec::new(), Vec::new());
    write_geojson(size, &objects, &mut bytes);
    write_geojson(size, &objects, &mut again);
    assert_eq!(bytes, again, "the same values give the same bytes");
    bytes
}

fn source(facts: &Facts) -> BTreeMap<String, SourceValue> {
    facts
        .iter()
        .filter_map(|(name, value)| {
            let value = match value {
                FactValue::Text(text) => SourceValue::Text(text.clone()),
                FactValue::Number(number) => SourceValue::Number(*number),
                FactValue::Flag(flag) => SourceValue::Flag(*flag),
                FactValue::Private(_) => return None,
            };
            Some((name.clone(), value))
        })
        .collect()
}

fn check(document: &Document, objects: &[(Geometry, Facts)]) {
    assert_eq!(document.annotations.len(), objects.len(), "{:?}", document.report);
    assert!(document.report.losses.is_empty(), "{:?}", document.report);
    for (n, (annotation, (geometry, facts))) in document.annotations.iter().zip(objects).enumerate() {
        assert_eq!(&annotation.geometry, geometry);
        assert_eq!(annotation.attributes, source(facts), "{geometry:?}");
        assert_eq!(annotation.id, Some(SourceId::Uuid(id(n).own())));
    }
    if !objects.is_empty() {
        assert_eq!(document.labels[0].name, "a: b");
        assert!(
            document.labels[0].facts.is_empty(),
            "a made-up colour says nothing"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn geometries_and_attributes_survive(
        objects in prop::collection::vec((geometry(), facts()), 0..5),
        size in prop::option::of((1u32..9999, 1u32..9999)),
    ) {
        let size = size.map(|(width, height)| (f64::from(width), f64::from(height)));
        let bytes = written(&objects, size);
        let document = read("001.tiff.geojson", &bytes).unwrap();
        check(&document, &objects);
        prop_assert_eq!(document.report.warnings.count("geometry_edited"), 0);
    }

    /// QuPath drops members that it does not know, and rounds to hundredths; an untouched shape is still the same.
    #[test]
    fn geometries_survive_what_qupath_does_to_them(geometry in small_geometry()) {
        let bytes = written(&[(geometry.clone(), Facts::new())], Some((5000.0, 4000.0)));
        let document = read("001.tiff.geojson", through_qupath(&bytes).as_bytes()).unwrap();
        prop_assert_eq!(&document.annotations[0].geometry, &geometry, "{:?}", document.report);
    }
}

/// Geometries that QuPath can hold: not so far outside that a hundredth of a pixel is below what a number tells.
fn small_geometry() -> impl Strategy<Value = Geometry> {
    geometry().prop_filter("far outside, or too few positions", |geometry| {
        let large = geometry.bounds().is_some_and(|b| {
            [b.x_min, b.y_min, b.x_max, b.y_max]
                .iter()
                .any(|number| number.abs() > 1e9)
        });
        !large
    })
}

/// Does to a file what QuPath's own reader and writer do, as far as its source tells: unknown members are dropped,
/// `metadata` stays and is written, coordinates have two decimals.
fn through_qupath(bytes: &[u8]) -> String {
    let mut file: Value = serde_json::from_slice(bytes).unwrap();
    for feature in file["features"].as_array_mut().unwrap() {
        round(&mut feature["geometry"]["coordinates"]);
        let properties = feature["properties"].as_object_mut().unwrap();
        properties.remove("holotype");
        if properties["isLocked"] == json!(false) {
            properties.remove("isLocked");
        }
    }
    file.to_string()
}

fn round(value: &mut Value) {
    if let Value::Array(values) = value {
        values.iter_mut().for_each(round);
    } else {
        let number = value.as_f64().expect("coordinates are numbers");
        *value = json!((number * 100.0).round() / 100.0);
    }
}

fn exported(lab: &Lab, revision: &str, name: &str) -> BTreeMap<String, String> {
    let out = lab.path().join(name);
    lab.ok(&["export", revision, "--format", "geojson", "--out", name]);
    let mut files = BTreeMap::new();
    collect(&out, &out, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
}

/// A dataset of all shapes on two images, one of them in a folder, made by commands.
fn recorded() -> Lab {
    let lab = Lab::new();
    let mut lines = vec![
        json!({"command":"declare","image":"a/001.tiff","facts":{"width":400,"height":300}}),
        json!({"command":"declare","image":"002.tiff"}),
        json!({"command":"define_label","name":"mitosis","facts":{"colour":"#c8000a"}}),
    ];
    for geometry in [
        json!({"type":"point","x":1.234567,"y":2}),
        json!({"type":"box","x":10.1,"y":20,"width":30.25,"height":40}),
        json!({"type":"rotated_box","x":10,"y":20,"width":30,"height":40,"angle_deg":15}),
        json!({"type":"circle","x":50,"y":60,"radius":7.5}),
        json!({"type":"ellipse","x":50,"y":60,"radius_x":9,"radius_y":4,"angle_deg":0}),
        json!({"type":"polygon","rings":[[[0,0],[9,0],[0,9]],[[1,1],[2,1],[1,2]]]}),
        json!({"type":"polyline","points":[[0,0],[9,0],[0,9]]}),
        json!({"type":"mask","x":5,"y":5,"width":3,"height":2,"counts":[1,3,2]}),
        json!({"type":"image"}),
    ] {
        for image in ["a/001.tiff", "002.tiff"] {
            lines.push(json!({"command":"annotate","image":image,"geometry":geometry,"label":"mitosis","attributes":{"stage":"late","measurement:Area":4.5}}));
        }
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ran = lab.feed(&["record", "-", "--create", "--commit", "all shapes"], &text);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    lab
}

#[test]
fn an_export_that_comes_back_changes_nothing() {
    let lab = recorded();
    let files = exported(&lab, "HEAD", "out");
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        ["002.tiff.geojson", "a/001.tiff.geojson", "holotype.json"]
    );
    assert_eq!(exported(&lab, "HEAD", "again"), files, "the same bytes");
    let read = lab.json(&["import", "out"]);
    assert_eq!(
        (&read["format"], &read["events"]),
        (&json!("geojson"), &json!(0)),
        "{read}"
    );
    assert_eq!(
        (&read["matched"], &read["losses"]),
        (&json!(18), &json!([])),
        "{read}"
    );
}

#[test]
fn an_export_gives_the_same_annotations_in_a_fresh_dataset() {
    let lab = recorded();
    exported(&lab, "HEAD", "out");
    let fresh = Lab::new();
    let out = lab.path().join("out").display().to_string();
    let read = fresh.json(&["import", &out, "--commit", "from GeoJSON"]);
    assert_eq!(
        (&read["losses"], &read["warnings"].as_array().map(Vec::len)),
        (&json!([]), &Some(0)),
        "{read}"
    );
    let rows = |lab: &Lab| lab.rows(&["list", "annotations"]);
    assert_eq!(rows(&fresh), rows(&lab));
    let labels = |lab: &Lab| lab.rows(&["list", "labels"]);
    assert_eq!(labels(&fresh), labels(&lab));
}

#[test]
fn what_qupath_saves_unedited_changes_nothing_and_an_edit_is_one_event() {
    let lab = recorded();
    let files = exported(&lab, "HEAD", "out");
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".geojson")) {
        lab.write(&format!("saved/{name}"), through_qupath(text.as_bytes()));
    }
    let read = lab.json(&["import", "saved"]);
    assert_eq!(
        (&read["events"], &read["matched"]),
        (&json!(0), &json!(18)),
        "{read}"
    );
    let mut file: Value =
        serde_json::from_str(&through_qupath(files["002.tiff.geojson"].as_bytes())).unwrap();
    let features = file["features"].as_array_mut().unwrap();
    let is_box = |feature: &Value| {
        let exact = feature["properties"]["metadata"]["_holotype_geometry"].as_str();
        exact.is_some_and(|exact| exact.contains("\"type\":\"box\""))
    };
    let edited = features.iter_mut().find(|feature| is_box(feature)).unwrap();
    edited["geometry"]["coordinates"] =
        json!([[[11.1, 20], [41.35, 20], [41.35, 60], [11.1, 60], [11.1, 20]]]);
    let id = text(&edited["id"]).replace('-', "");
    lab.write("edited/002.tiff.geojson", file.to_string());
    let read = lab.json(&["import", "edited", "--commit", "moved"]);
    assert_eq!(
        (&read["events"], &read["modified"]),
        (&json!(1), &json!(1)),
        "{read}"
    );
    assert_eq!(count_of(&read, "warnings", "geometry_edited"), 1);
    let rows = lab.rows(&["list", "annotations"]);
    let row = rows.iter().find(|row| text(&row["id"]).ends_with(&id)).unwrap();
    assert_eq!(
        row["geometry"],
        json!({"type":"box","x":11.1,"y":20,"width":30.25,"height":40}),
        "a moved box is a box"
    );
    let moved = lab.json(&["diff", "HEAD~1", "HEAD"]);
    assert_eq!(moved["summary"]["annotations"]["moved"], json!(1), "{moved}");
}

#[test]
fn the_image_can_be_named_and_a_file_without_its_ending_finds_it() {
    let lab = recorded();
    let feature = r#"{"type":"Feature","geometry":{"type":"Point","coordinates":[77,88]},"properties":{}}"#;
    lab.write("001.geojson", format!("[{feature}]"));
    let read = lab.json(&[
        "import",
        "001.geojson",
        "--annotator",
        "Dr. Ada=human",
        "--commit",
        "one",
    ]);
    assert_eq!(
        (&read["created"], &read["ratings_added"]),
        (&json!(1), &json!(0)),
        "{read}"
    );
    lab.write("export.json", format!("[{feature}]"));
    let read = lab.json(&["import", "export.json", "--image", "a/001.tiff"]);
    assert_eq!(
        (&read["created"], &read["matched"]),
        (&json!(0), &json!(1)),
        "{read}"
    );
}

#[test]
fn a_refused_file_changes_nothing() {
    let lab = recorded();
    let truth = lab.truth();
    for (name, bytes) in [
        (
            "cut.geojson",
            &br#"{"type":"FeatureCollection","features":[{"type":"#[..],
        ),
        ("deep.geojson", &b"[[[[[[[["[..]),
        ("wide.geojson", &b"\xff\xfe{\0"[..]),
        (
            "twice.geojson",
            &br#"{"type":"FeatureCollection","features":[],"features":[]}"#[..],
        ),
    ] {
        lab.write(name, bytes);
        let line = lab
            .run(&["import", name, "--format", "geojson"])
            .refused(3)
            .to_owned();
        assert!(line.starts_with(&format!("error: {name}")), "{line}");
        assert_eq!(lab.truth(), truth, "{name}");
    }
}

#[test]
fn midog_goes_to_geojson_and_back_without_an_event() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    let sqlite = data.join("midog/MIDOG.sqlite").display().to_string();
    lab.json(&["import", &sqlite, "--commit", "MIDOG"]);
    exported(&lab, "HEAD", "out");
    let read = lab.json(&["import", "out"]);
    assert_eq!(
        (&read["files"], &read["matched"], &read["events"]),
        (&json!(201), &json!(4435), &json!(0))
    );
    let fresh = Lab::new();
    let out = lab.path().join("out").display().to_string();
    let read = fresh.json(&["import", &out, "--commit", "MIDOG"]);
    assert_eq!(
        (&read["created"], &read["ratings_added"], &read["losses"]),
        (&json!(4435), &json!(11_094), &json!([]))
    );
    let places = |lab: &Lab| -> Vec<Value> {
        let rows = lab.rows(&["list", "annotations"]);
        rows.into_iter()
            .map(|row| json!([row["id"], row["geometry"], row["label"], row["attributes"]]))
            .collect()
    };
    assert_eq!(places(&fresh), places(&lab));
}
