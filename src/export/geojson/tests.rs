//! The file as its bytes.

use super::*;
use crate::id::{ImageId, LabelId};
use crate::model::carried::CarriedLabel;
use crate::model::geometry::Plane;
use crate::model::{FactValue, Shape};

fn id(n: u8) -> AnnotationId {
    AnnotationId::from_uuid(ImageId::of_name("001.tiff").prefix(), [n; 16])
}

fn object<'a>(geometry: &'a Geometry, attributes: &'a Facts) -> GeoJsonObject<'a> {
    GeoJsonObject {
        id: id(0xab),
        geometry,
        class: Some(("mitotic figure", Some([200, 0, 10]))),
        attributes,
        carried: CarriedAnnotation {
            label: Some(CarriedLabel::new(
                LabelId::of_name("mitotic figure", 0),
                "mitotic figure",
            )),
            ..CarriedAnnotation::empty(id(0xab))
        },
    }
}

fn written(objects: &[GeoJsonObject<'_>]) -> (String, GeoJsonLosses) {
    let mut out = Vec::new();
    let losses = write_geojson(None, objects, &mut out);
    (String::from_utf8(out).unwrap(), losses)
}

#[test]
fn a_file_is_as_qupath_writes_it_but_for_what_is_carried() {
    let point = Geometry {
        plane: Some(Plane { c: 0, t: 0, z: 3 }),
        ..Geometry::point(3.0, 4.5)
    };
    let attributes = Facts::from([
        ("objectType".to_owned(), FactValue::from("detection")),
        ("name".to_owned(), FactValue::from("a\"b")),
        ("isLocked".to_owned(), FactValue::Flag(true)),
        ("color".to_owned(), FactValue::from("#010203")),
        ("measurement:Area µm^2".to_owned(), FactValue::from(12.5)),
        ("measurement:Solidity".to_owned(), FactValue::from("NaN")),
        ("metadata:k".to_owned(), FactValue::from("v")),
        ("plane_c".to_owned(), FactValue::from(-1.0)),
        ("stage".to_owned(), FactValue::from("late")),
        (
            "who".to_owned(),
            FactValue::Private(crate::id::PrivateId::of(b"x")),
        ),
    ]);
    let (text, losses) = written(&[object(&point, &attributes)]);
    let feature = concat!(
        r#"{"type":"Feature","id":"abababab-abab-abab-abab-abababababab","#,
        r#""geometry":{"type":"Point","coordinates":[3,4.5],"plane":{"c":-1,"z":3,"t":0}},"#,
        r#""properties":{"objectType":"detection","name":"a\"b","color":[1,2,3],"#,
        r#""classification":{"name":"mitotic figure","color":[200,0,10]},"isLocked":true,"#,
        r#""measurements":{"Area µm^2":12.5,"Solidity":"NaN"},"metadata":{"k":"v"},"#,
        r#""holotype":{"attributes":{"stage":"late"},"format":"export-annotation/1","id":"ID","label":{"id":"LABEL","name":"mitotic figure"}}}}"#,
    );
    let feature = feature
        .replace("\"ID\"", &format!("\"{}\"", id(0xab)))
        .replace("LABEL", &LabelId::of_name("mitotic figure", 0).to_string());
    let expected = format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{feature}\n]}}\n");
    assert_eq!(text, expected);
    let private = GeoJsonLosses {
        private_attributes: 1,
        ..GeoJsonLosses::default()
    };
    assert_eq!(losses, private);
    assert_eq!(
        written(&[]).0,
        "{\"type\":\"FeatureCollection\",\"features\":[\n]}\n"
    );
}

#[test]
fn what_is_drawn_as_less_is_counted_and_kept_exactly() {
    let none = Facts::new();
    let mask = |width: f64, counts: Vec<u64>| {
        Geometry::new(Shape::Mask {
            x: 0.0,
            y: 0.0,
            width,
            height: 2.0,
            counts,
        })
    };
    let geometries = [
        Geometry::new(Shape::Image),
        Geometry::new(Shape::Polyline {
            points: vec![[1.0, 2.0]],
        }),
        Geometry::new(Shape::Polygon {
            rings: vec![vec![[1.0, 2.0], [3.0, 4.0]]],
        }),
        mask(2.0, vec![4]),
        mask(2.0, vec![0, 4]),
        mask(2.0, vec![0, 1, 3]),
    ];
    let objects: Vec<_> = geometries
        .iter()
        .map(|geometry| object(geometry, &none))
        .collect();
    let (text, losses) = written(&objects);
    let expected = GeoJsonLosses {
        private_attributes: 0,
        image_without_size: 1,
        mask_as_box: 1,
        shape_reduced: 2,
    };
    assert_eq!(losses, expected);
    assert_eq!(text.matches("_holotype_geometry").count(), geometries.len());
}

#[test]
fn only_upright_round_shapes_are_marked_as_ellipses() {
    let ellipse = |radius_y: f64, angle_deg: f64| {
        Geometry::new(Shape::Ellipse {
            x: 9.0,
            y: 9.0,
            radius_x: 2.0,
            radius_y,
            angle_deg,
        })
    };
    let none = Facts::new();
    for (geometry, is_marked) in [
        (
            Geometry::new(Shape::Circle {
                x: 9.0,
                y: 9.0,
                radius: 2.0,
            }),
            true,
        ),
        (ellipse(1.0, 0.0), true),
        (ellipse(1.0, 180.0), true),
        (ellipse(1.0, 30.0), false),
        (ellipse(0.0, 0.0), false),
    ] {
        let (text, _) = written(&[object(&geometry, &none)]);
        assert_eq!(text.contains("\"isEllipse\":true"), is_marked, "{geometry:?}");
    }
}
