//! What is written as COCO and read again is the same: geometries to the bit, labels, names, ids and attributes.

use std::collections::BTreeMap;
use std::convert::Infallible;

use holotype::export::coco::{
    CocoDataset, CocoDialect, CocoImage, CocoLabel, CocoRow, CocoValue, IdPlan, write_coco,
};
use holotype::id::{AnnotationId, ImageId};
use holotype::import::coco::{BoxChoice, CocoOptions, read_coco};
use holotype::import::document::{Document, SourceFacts, SourceId, SourceValue};
use holotype::model::Geometry;
use holotype::model::geometry::{Plane, Position, Shape};
use proptest::prelude::*;

fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        -1000.0_f64..9000.0,
        (-100_i32..9000).prop_map(|half| f64::from(half) / 2.0),
        any::<f64>().prop_filter("finite, and squares too", |value| value.abs() < 1e150),
    ]
}

fn length() -> impl Strategy<Value = f64> {
    coordinate().prop_map(f64::abs)
}

fn ring(least: usize) -> impl Strategy<Value = Vec<Position>> {
    prop::collection::vec((coordinate(), coordinate()).prop_map(|(x, y)| [x, y]), least..7)
}

fn mask() -> impl Strategy<Value = Shape> {
    (
        0_u32..3,
        0_u32..3,
        1_u32..9,
        prop::collection::vec(0_u64..9, 1..9),
    )
        .prop_map(|(x, y, height, mut counts)| {
            let sum: u64 = counts.iter().sum();
            let rest = (u64::from(height) - sum % u64::from(height)) % u64::from(height);
            counts.push(rest);
            let width = (sum + rest) / u64::from(height);
            Shape::Mask {
                x: f64::from(x),
                y: f64::from(y),
                width: f64::from(u32::try_from(width).expect("few columns")),
                height: f64::from(height),
                counts,
            }
        })
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        (coordinate(), coordinate()).prop_map(|(x, y)| Shape::Point { x, y }),
        (coordinate(), coordinate(), length(), length()).prop_map(|(x, y, width, height)| Shape::Box {
            x,
            y,
            width,
            height
        }),
        (coordinate(), coordinate(), length(), length(), -360.0..360.0).prop_map(
            |(x, y, width, height, angle_deg)| Shape::RotatedBox {
                x,
                y,
                width,
                height,
                angle_deg
            }
        ),
        (coordinate(), coordinate(), length()).prop_map(|(x, y, radius)| Shape::Circle { x, y, radius }),
        (coordinate(), coordinate(), length(), length(), -360.0..360.0).prop_map(
            |(x, y, radius_x, radius_y, angle_deg)| Shape::Ellipse {
                x,
                y,
                radius_x,
                radius_y,
                angle_deg
            }
        ),
        prop::collection::vec(ring(1), 1..3).prop_map(|rings| Shape::Polygon { rings }),
        prop::collection::vec(prop::collection::vec(ring(3), 1..3), 1..4)
            .prop_map(|polygons| Shape::MultiPolygon { polygons }),
        ring(1).prop_map(|points| Shape::Polyline { points }),
        mask(),
        Just(Shape::Image),
    ]
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let plane = prop::option::weighted(0.1, (0_u32..4, 0_u32..4, 0_u32..4));
    (shape(), plane).prop_map(|(shape, plane)| Geometry {
        shape,
        plane: plane.map(|(c, t, z)| Plane { c, t, z }),
    })
}

fn attributes() -> impl Strategy<Value = BTreeMap<String, CocoValue>> {
    let value = prop_oneof![
        coordinate().prop_map(CocoValue::Number),
        any::<bool>().prop_map(CocoValue::Flag),
        "t[a-z \"äß\\\\]{0,6}".prop_map(CocoValue::Text),
        Just(CocoValue::Text("[1,2.5,{\"a\":null}]".to_owned())),
    ];
    prop::collection::btree_map("(score|area|bbox|stain|keypoints)", value, 0..4).prop_map(|mut map| {
        // An area of the source is a number, or it is none.
        if !matches!(map.get("area"), Some(CocoValue::Number(_)) | None) {
            map.remove("area");
        }
        map
    })
}

fn row() -> impl Strategy<Value = CocoRow> {
    (
        0_usize..3,
        0_usize..2,
        geometry(),
        any::<Option<u32>>(),
        any::<Option<[u8; 24]>>(),
        attributes(),
    )
        .prop_map(|(image, label, geometry, source_id, id, attributes)| CocoRow {
            image,
            label: Some(label),
            geometry,
            source_id: source_id.map(u64::from),
            id: id.map(AnnotationId::from_bytes),
            attributes,
            votes: 0,
            vote_labels: Vec::new(),
        })
}

fn images() -> [CocoImage; 3] {
    ["001.tiff", "case 2/001.tiff", "ü \"x\".svs"].map(|name| CocoImage {
        id: Some(ImageId::of_name(name)),
        name: name.to_owned(),
        // The last one's size is not known.
        width: (!name.ends_with("svs")).then_some(7215.0),
        height: (!name.ends_with("svs")).then_some(5412.0),
        facts: BTreeMap::from([("tumor_type".to_owned(), CocoValue::Text("breast".to_owned()))]),
        source_id: None,
    })
}

fn write(rows: &[CocoRow]) -> Vec<u8> {
    write_as(CocoDialect::Standard, rows)
}

fn write_as(dialect: CocoDialect, rows: &[CocoRow]) -> Vec<u8> {
    let images = images();
    let labels = ["mitotic figure", "Mitosis?"].map(|name| CocoLabel {
        name: name.to_owned(),
        ..CocoLabel::default()
    });
    let dataset = CocoDataset {
        name: "round",
        description: Some("a dataset"),
        licence: Some("CC0"),
        licence_url: Some("https://creativecommons.org"),
        facts: BTreeMap::from([("source_version".to_owned(), CocoValue::Text("1.0".to_owned()))]),
        images: &images,
        labels: &labels,
        annotation_ids: IdPlan::keeping(rows.iter().map(|row| row.source_id)),
        dialect,
    };
    let mut out = Vec::new();
    write_coco(&mut out, &dataset, rows.iter().cloned().map(Ok::<_, Infallible>)).expect("memory takes all");
    out
}

fn facts(attributes: &BTreeMap<String, CocoValue>) -> SourceFacts {
    let value = |value: &CocoValue| match value {
        CocoValue::Text(text) => SourceValue::Text(text.clone()),
        CocoValue::Number(number) => SourceValue::Number(*number),
        CocoValue::Flag(flag) => SourceValue::Flag(*flag),
    };
    attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), value(attribute)))
        .collect()
}

fn read_as(dialect: CocoDialect, bytes: &[u8]) -> Document {
    let box_format = match dialect {
        CocoDialect::Standard => BoxChoice::Auto,
        CocoDialect::Midog => BoxChoice::Xyxy,
    };
    let options = CocoOptions {
        box_format,
        ..CocoOptions::default()
    };
    read_coco("out.json", bytes, &options).expect("our own export")
}

fn read(bytes: &[u8]) -> Document {
    read_coco("out.json", bytes, &CocoOptions::default()).expect("our own export")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_and_read_again_is_the_same(rows in prop::collection::vec(row(), 0..12)) {
        let bytes = write(&rows);
        prop_assert_eq!(&bytes, &write(&rows), "the same bytes");
        let mut rows = rows;
        // The same id twice is refused, as it must be.
        let mut seen = std::collections::BTreeSet::new();
        rows.retain(|row| row.id.is_none_or(|id| seen.insert(id)));
        for dialect in CocoDialect::ALL {
            let document = read_as(dialect, &write_as(dialect, &rows));
            prop_assert!(document.report.losses.is_empty(), "{:?}", document.report.losses);
            prop_assert_eq!(document.annotations.len(), rows.len());
            for (annotation, row) in document.annotations.iter().zip(&rows) {
                prop_assert_eq!(&annotation.geometry, &row.geometry);
                prop_assert_eq!((annotation.image, annotation.label), (row.image, row.label));
                prop_assert_eq!(&annotation.attributes, &facts(&row.attributes));
                if let Some(id) = row.id {
                    prop_assert_eq!(&annotation.id, &Some(SourceId::Holotype(*id.as_bytes())));
                }
            }
        }
    }
}

#[test]
fn names_sizes_licence_and_facts_come_back() {
    let document = read(&write(&[]));
    let names: Vec<&str> = document.images.iter().map(|image| image.name.as_str()).collect();
    assert_eq!(names, ["001.tiff", "case 2/001.tiff", "ü \"x\".svs"]);
    assert_eq!(
        (document.images[0].width, document.images[2].width),
        (Some(7215.0), None)
    );
    assert_eq!(
        document.images[1].facts["tumor_type"],
        SourceValue::Text("breast".to_owned())
    );
    let labels: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(labels, ["mitotic figure", "Mitosis?"]);
    for (fact, value) in [
        ("name", "round"),
        ("description", "a dataset"),
        ("licence", "CC0"),
        ("licence_url", "https://creativecommons.org"),
        ("source_version", "1.0"),
    ] {
        assert_eq!(
            document.dataset[fact],
            SourceValue::Text(value.to_owned()),
            "{fact}"
        );
    }
    assert_eq!(document.dataset.len(), 5);
    assert!(document.report.losses.is_empty() && document.report.warnings.is_empty());
}
