//! ASAP XML through the program: read, written, and read again.

use holotype::export::asap::{AsapAnnotation, AsapCurve, AsapGroup, AsapImage, AsapLosses, write_asap};
use holotype::id::AnnotationId;
use holotype::import::asap::read;
use holotype::import::document::{SourceId, SourceValue};
use holotype::model::Geometry;
use holotype::model::geometry::{Plane, Shape};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lab::{Lab, count_of, message_of, text};

const FILE: &str = r##"<?xml version="1.0"?>
<ASAP_Annotations>
	<Annotations>
		<Annotation Name="Annotation 0" Type="Polygon" PartOfGroup="Tumor" Color="#F4FA58">
			<Coordinates>
				<Coordinate Order="2" X="62184" Y="125730" />
				<Coordinate Order="0" X="62320,0039" Y="125713,008" />
				<Coordinate Order="1" X="-6" Y="125714,008" />
			</Coordinates>
		</Annotation>
		<Annotation Name="Annotation 1" Type="Dot" PartOfGroup="Mitosis" Color="#64fe2e">
			<Coordinates><Coordinate Order="0" X="100.5" Y="200.25" /></Coordinates>
		</Annotation>
		<Annotation Name="Annotation 2" Type="Dot" PartOfGroup="None" Color="#F4FA58">
			<Coordinates><Coordinate Order="0" X="nan" Y="200.25" /></Coordinates>
		</Annotation>
	</Annotations>
	<AnnotationGroups>
		<Group Name="Tumor" PartOfGroup="None" Color="#F4FA58"><Attributes /></Group>
		<Group Name="Mitosis" PartOfGroup="Tumor" Color="#64FE2E"><Attributes /></Group>
	</AnnotationGroups>
</ASAP_Annotations>
"##;

/// Everything that a format can be asked to carry: each shape, each on an image of its own kind of name.
fn filled() -> Lab {
    let lab = Lab::new();
    lab.write("Tumor.xml", FILE);
    lab.ok(&["import", "Tumor.xml"]);
    let shapes = [
        json!({"type":"box","x":0.1,"y":20,"width":50.3,"height":0.2}),
        json!({"type":"polygon","rings":[[[0,0],[9,0],[9,9]],[[5,1],[8,1],[8,4]]]}),
        json!({"type":"circle","x":5,"y":5,"radius":2.5}),
        json!({"type":"rotated_box","x":1,"y":2,"width":30,"height":40,"angle_deg":30}),
        json!({"type":"ellipse","x":50,"y":60,"radius_x":3,"radius_y":4,"angle_deg":10}),
        json!({"type":"polyline","points":[[0,0],[1,1],[2,0]]}),
        json!({"type":"polyline","points":[[0,0],[1,1]]}),
        json!({"type":"mask","x":3,"y":4,"width":4,"height":3,"counts":[1,2,1,2,6]}),
        json!({"type":"point","x":1,"y":2,"plane":{"z":3,"c":0,"t":0}}),
    ];
    let lines: Vec<Value> = shapes
        .iter()
        .map(|geometry| {
            json!({"command":"annotate","image":"Tumor","geometry":geometry,"label":"Mitosis","annotator":"ada"})
        })
        .collect();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ran = lab.feed(&["record", "-", "--create"], &text);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    lab.commit("all");
    lab
}

#[test]
fn quirk_26_a_file_is_imported_and_again_gives_nothing() {
    let lab = Lab::new();
    lab.write("slides/001.xml", FILE);
    let report = lab.json(&["import", "slides"]);
    assert_eq!(report["format"], "asap");
    assert_eq!((&report["created"], &report["matched"]), (&json!(2), &json!(0)));
    assert_eq!(count_of(&report, "losses", "coordinate_not_a_number"), 1);
    let lost = message_of(&report, "losses", "coordinate_not_a_number");
    assert!(
        lost.contains("001.xml, line 14, column 3, annotation 3: 'X' is 'nan'"),
        "{lost}"
    );
    assert_eq!(count_of(&report, "warnings", "decimal_comma"), 1);
    lab.commit("first");
    let rows = lab.rows(&["list", "annotations"]);
    let labels: Vec<String> = rows.iter().map(|row| text(&row["label"])).collect();
    assert!(
        labels.contains(&"Tumor".to_owned()) && labels.contains(&"Mitosis".to_owned()),
        "{labels:?}"
    );
    assert!(
        rows.iter()
            .all(|row| row["image_name"] == "001" || row["image"].is_string())
    );
    let again = lab.json(&["import", "slides"]);
    assert_eq!(
        (&again["events"], &again["matched"]),
        (&json!(0), &json!(2)),
        "{again}"
    );
}

#[test]
fn quirk_26_the_image_is_found_by_the_name_of_the_file_or_given() {
    let lab = Lab::new();
    lab.write("scan.xml", FILE);
    lab.ok(&["import", "scan.xml", "--image", "other.svs"]);
    lab.commit("first");
    let names: Vec<String> = lab
        .rows(&["list", "images"])
        .iter()
        .map(|row| text(&row["name"]))
        .collect();
    assert_eq!(names, ["other.svs"]);
}

#[test]
fn an_export_read_again_changes_nothing_where_it_was_made() {
    let lab = filled();
    let exported = lab.json(&["export", "--format", "asap", "--out", "out"]);
    for code in [
        "holes_filled",
        "drawn_as_polygon",
        "line_closed",
        "without_plane",
        "votes",
    ] {
        assert!(count_of(&exported, "losses", code) > 0, "{code}: {exported}");
    }
    let report = lab.json(&["import", "out"]);
    assert_eq!(
        (&report["events"], &report["matched"]),
        (&json!(0), &json!(11)),
        "{report}"
    );
    lab.ok(&["export", "--format", "asap", "--out", "again"]);
    let file = |folder: &str| std::fs::read(lab.path().join(folder).join("Tumor.xml")).unwrap();
    assert_eq!(
        file("out"),
        file("again"),
        "the same version gives the same bytes"
    );
}

#[test]
fn an_export_read_elsewhere_differs_in_what_the_tool_cannot_say_only() {
    let lab = filled();
    lab.ok(&["export", "--format", "asap", "--out", "out"]);
    let other = Lab::new();
    let path = lab.path().join("out").display().to_string();
    let report = other.json(&["import", &path]);
    assert_eq!(report["created"], json!(11));
    other.commit("from elsewhere");
    // Nobody is said to have rated; geometry, label and id of each annotation are the same.
    let rows = |lab: &Lab| -> Vec<(Value, Value, Value)> {
        let row = |row: &Value| (row["id"].clone(), row["geometry"].clone(), row["label"].clone());
        lab.rows(&["list", "annotations"]).iter().map(row).collect()
    };
    assert_eq!(rows(&lab), rows(&other));
    let ratings = |lab: &Lab| lab.rows(&["list", "ratings"]).len();
    assert_eq!((ratings(&lab), ratings(&other)), (9, 0));
    let facts = |lab: &Lab| -> Vec<Value> { lab.rows(&["list", "labels"]) };
    assert_eq!(facts(&lab).len(), facts(&other).len());
}

#[test]
fn a_shape_that_was_drawn_anew_is_taken_as_drawn() {
    let lab = filled();
    lab.ok(&["export", "--format", "asap", "--out", "out"]);
    let path = lab.path().join("out/Tumor.xml");
    let file = std::fs::read_to_string(&path).unwrap();
    // The outer ring of the polygon with a hole.
    let moved = file.replacen("X=\"9\" Y=\"9\"", "X=\"9\" Y=\"12\"", 1);
    assert_ne!(moved, file);
    std::fs::write(&path, moved).unwrap();
    let report = lab.json(&["import", "out"]);
    assert_eq!(count_of(&report, "warnings", "drawn_anew"), 1);
    assert_eq!(
        (&report["modified"], &report["created"]),
        (&json!(1), &json!(0)),
        "{report}"
    );
}

#[test]
fn f16_a_truncated_file_is_refused_and_nothing_is_recorded() {
    let lab = Lab::new();
    for percent in (1..100).step_by(7) {
        let cut = FILE.len() * percent / 100;
        lab.write("001.xml", &FILE[..cut]);
        let before = lab.truth();
        let ran = lab.run(&["import", "001.xml", "--format", "asap"]);
        assert!(
            ran.refused(3).contains("001.xml, line "),
            "{percent} %: {}",
            ran.stderr
        );
        assert_eq!(lab.truth(), before, "{percent} %");
    }
}

fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-10_000i32..200_000).prop_map(f64::from),
        (-10_000i32..200_000).prop_map(|number| f64::from(number) / 2.0),
        -1e6f64..1e6,
        -1.0f64..1.0,
        any::<f64>().prop_filter("finite", |number| number.is_finite() && number.abs() < 1e200),
        Just(0.1),
    ]
}

fn position() -> impl Strategy<Value = [f64; 2]> {
    [coordinate(), coordinate()]
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let ring = || prop::collection::vec(position(), 3..7);
    let shape = prop_oneof![
        position().prop_map(|[x, y]| Shape::Point { x, y }),
        (position(), position()).prop_map(|([x, y], [width, height])| Shape::Box {
            x,
            y,
            width: width.abs(),
            height: height.abs(),
        }),
        ring().prop_map(|ring| Shape::Polygon { rings: vec![ring] }),
        (ring(), ring()).prop_map(|(ring, hole)| Shape::Polygon {
            rings: vec![ring, hole]
        }),
        prop::collection::vec(position(), 2..5).prop_map(|points| Shape::Polyline { points }),
        (position(), 0.0f64..1e4).prop_map(|([x, y], radius)| Shape::Circle { x, y, radius }),
        (position(), 0.0f64..1e4, 0.0f64..360.0).prop_map(|([x, y], size, angle_deg)| Shape::RotatedBox {
            x,
            y,
            width: size,
            height: size / 3.0,
            angle_deg,
        }),
    ];
    (shape, prop::option::of(0u32..5)).prop_map(|(shape, z)| Geometry {
        shape,
        plane: z.map(|z| Plane {
            z,
            ..Plane::default()
        }),
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        rows in prop::collection::vec((prop::option::of(0usize..3), geometry(), any::<[u8; 24]>(), any::<bool>()), 0..8),
        name in "[a-z0-9 &<>\"'.]{1,10}x",
        labels in prop::collection::btree_set("[ -~äß\u{3b1}\t\n\r]{1,12}", 3),
    ) {
        let labels: Vec<&String> = labels.iter().filter(|label| *label != "None").collect();
        let groups: Vec<AsapGroup<'_>> = labels
            .iter()
            .enumerate()
            .map(|(n, label)| AsapGroup {
                name: label.as_str(),
                colour: (n == 0).then_some("#0102ff"),
                outer: (n > 0).then(|| labels[0].as_str()),
            })
            .collect();
        let label = |n: &Option<usize>| n.and_then(|n| labels.get(n)).map(|label| label.as_str());
        let annotations: Vec<AsapAnnotation<'_>> = rows
            .iter()
            .map(|(n, geometry, id, spline)| AsapAnnotation {
                id: Some(AnnotationId::from_bytes(*id)),
                label: label(n),
                geometry,
                colour: None,
                curve: if *spline { AsapCurve::Spline } else { AsapCurve::Straight },
            })
            .collect();
        let image = AsapImage { name: &name, size: None };
        let mut bytes = Vec::new();
        let losses = write_asap(&image, &groups, &annotations, &mut bytes);
        let document = read("b.xml", &bytes).unwrap();
        prop_assert_eq!(losses.characters_replaced, 0);
        prop_assert_eq!(&document.images[0].name, &name);
        prop_assert_eq!(document.annotations.len(), rows.len());
        let spline = SourceValue::Text("Spline".to_owned());
        for (read, (n, geometry, id, is_spline)) in document.annotations.iter().zip(&rows) {
            prop_assert_eq!(&read.geometry, geometry);
            prop_assert_eq!(read.label.map(|label| document.labels[label].name.as_str()), label(n));
            prop_assert_eq!(read.id.as_ref(), Some(&SourceId::Holotype(*id)));
            let is_ring = matches!(geometry.shape, Shape::Polygon { .. });
            prop_assert_eq!(read.attributes.get("asap_type") == Some(&spline), is_ring && *is_spline);
        }
        prop_assert_eq!(document.labels.iter().filter(|label| label.facts.contains_key("colour")).count(), usize::from(!labels.is_empty()));
        let without_holes = AsapLosses { holes_filled: 0, drawn_as_polygon: 0, line_closed: 0, without_plane: 0, ..losses };
        prop_assert_eq!(without_holes, AsapLosses::default());
    }
}
