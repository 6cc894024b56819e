use proptest::prelude::*;

use super::*;

fn square(x: f64, y: f64, side: f64) -> Geometry {
    Geometry::new(Shape::Polygon {
        rings: vec![vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]]],
    })
}

#[test]
fn the_wire_form_is_flat_and_has_a_type() {
    let text = serde_json::to_string(&Geometry::rectangle(10.0, 20.5, 50.0, 0.0)).unwrap();
    assert_eq!(
        text,
        r#"{"height":0.0,"type":"box","width":50.0,"x":10.0,"y":20.5}"#
    );
}

#[test]
fn each_type_survives_the_wire() {
    let mut stacked = Geometry::point(1.0, 2.0);
    stacked.plane = Some(Plane { z: 3, c: 0, t: 1 });
    let shapes = [
        Geometry::point(-1.5, 2.0),
        stacked,
        Geometry::rectangle(0.0, 0.0, 1.0, 1.0),
        Geometry::new(Shape::RotatedBox {
            x: 0.0,
            y: 0.0,
            width: 2.0,
            height: 1.0,
            angle_deg: 30.0,
        }),
        Geometry::new(Shape::Circle {
            x: 5.0,
            y: 5.0,
            radius: 2.5,
        }),
        Geometry::new(Shape::Ellipse {
            x: 5.0,
            y: 5.0,
            radius_x: 2.5,
            radius_y: 1.0,
            angle_deg: 0.0,
        }),
        square(0.0, 0.0, 4.0),
        Geometry::new(Shape::MultiPolygon {
            polygons: vec![vec![vec![[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]],
        }),
        Geometry::new(Shape::Polyline {
            points: vec![[0.0, 0.0], [3.0, 4.0]],
        }),
        Geometry::new(Shape::Mask {
            x: 0.0,
            y: 0.0,
            width: 2.0,
            height: 2.0,
            counts: vec![1, 2, 1],
        }),
        Geometry::new(Shape::Image),
    ];
    for geometry in shapes {
        let text = serde_json::to_string(&geometry).unwrap();
        assert_eq!(
            serde_json::from_str::<Geometry>(&text).unwrap(),
            geometry,
            "{text}"
        );
    }
}

#[test]
fn what_is_no_geometry_is_refused() {
    for (text, why) in [
        (r#"{"type":"blob","x":1,"y":2}"#, "unknown geometry type"),
        (r#"{"type":"point","x":1}"#, "needs 'y'"),
        (
            r#"{"type":"point","x":1,"y":2,"radius":1}"#,
            "has no member 'radius'",
        ),
        (
            r#"{"type":"box","x":1,"y":2,"width":-1,"height":1}"#,
            "negative width",
        ),
        (r#"{"type":"polygon","rings":[]}"#, "at least 1"),
        (
            r#"{"type":"mask","x":0,"y":0,"width":2,"height":2,"counts":[1,2]}"#,
            "add up to 3",
        ),
        (
            r#"{"type":"mask","x":0,"y":0,"width":2,"height":2,"counts":[18446744073709551615,2]}"#,
            "add up",
        ),
        (r#"{"type":"point","x":1,"y":2,"z":3}"#, "unknown member"),
    ] {
        let error = serde_json::from_str::<Geometry>(text)
            .expect_err(text)
            .to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn moved_is_told_from_reshaped() {
    let a = Geometry::rectangle(10.0, 10.0, 50.0, 50.0);
    assert_eq!(a.displacement(&a), Displacement::None);
    let moved = a.displacement(&Geometry::rectangle(12.0, 10.0, 50.0, 50.0));
    assert_eq!(moved, Displacement::Moved { distance_px: 2.0 });
    let Displacement::Reshaped {
        overlap: Some(overlap),
    } = a.displacement(&Geometry::rectangle(10.0, 10.0, 50.0, 25.0))
    else {
        panic!("another height is another shape");
    };
    assert!((overlap - 0.5).abs() < 1e-9);
    assert_eq!(
        square(0.0, 0.0, 4.0).displacement(&square(3.0, 4.0, 4.0)),
        Displacement::Moved { distance_px: 5.0 }
    );
    let other_type = Geometry::point(35.0, 35.0);
    assert_eq!(
        a.displacement(&other_type),
        Displacement::Reshaped { overlap: None }
    );
}

#[test]
fn odd_geometries_are_flagged_and_kept() {
    let size = Some((100.0, 80.0));
    assert_eq!(
        Geometry::rectangle(60.0, 10.0, 50.0, 50.0).flags(size),
        [GeometryFlag::OutsideImage]
    );
    assert_eq!(
        Geometry::rectangle(-6.0, 10.0, 5.0, 5.0).flags(size),
        [GeometryFlag::OutsideImage]
    );
    assert_eq!(
        Geometry::rectangle(6.0, 10.0, 0.0, 5.0).flags(size),
        [GeometryFlag::ZeroSize]
    );
    assert_eq!(Geometry::rectangle(6.0, 10.0, 5.0, 5.0).flags(size), []);
    assert_eq!(Geometry::rectangle(600.0, 10.0, 5.0, 5.0).flags(None), []);
    let bow = vec![[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]];
    let crossing = Geometry::new(Shape::Polygon { rings: vec![bow] });
    assert_eq!(crossing.flags(size), [GeometryFlag::SelfCrossing]);
    let doubled = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 0.0], [4.0, 4.0]];
    let repeated = Geometry::new(Shape::Polygon { rings: vec![doubled] });
    assert_eq!(repeated.flags(size), [GeometryFlag::RepeatedPoints]);
    let two = Geometry::new(Shape::Polygon {
        rings: vec![vec![[0.0, 0.0], [4.0, 0.0]]],
    });
    assert!(two.flags(size).contains(&GeometryFlag::TooFewPoints));
}

#[test]
fn areas_and_centres_are_in_pixels() {
    assert_eq!(Geometry::rectangle(0.0, 0.0, 4.0, 5.0).area(), Some(20.0));
    assert_eq!(square(1.0, 1.0, 3.0).area(), Some(9.0));
    let mask = Geometry::new(Shape::Mask {
        x: 0.0,
        y: 0.0,
        width: 2.0,
        height: 2.0,
        counts: vec![1, 2, 1],
    });
    assert_eq!(mask.area(), Some(2.0));
    assert_eq!(
        Geometry::rectangle(10.0, 20.0, 50.0, 50.0)
            .bounds()
            .unwrap()
            .centre(),
        [35.0, 45.0]
    );
}

#[test]
fn a_place_has_one_form_alone() {
    for bad in [
        r#"{"plane":{"z":1},"type":"image"}"#,
        r#"{"plane":[0,0,1],"type":"image"}"#,
        r#"{"type":"image","x":null}"#,
        r#"{"colour":"red","type":"image"}"#,
        r#"[null,null,null,null,null,null,null,null,null,null,"image",null,null,null]"#,
    ] {
        assert!(serde_json::from_str::<Geometry>(bad).is_err(), "{bad}");
    }
}

#[test]
fn sums_of_huge_numbers_that_were_rounded_elsewhere_are_the_same_drawing() {
    // x + width is a tie between two neighbours, four apart; from its digits it is the other one.
    let geometry = Geometry::rectangle(-3.397_507_125_003_347e16, 0.0, 1612.0, 0.0);
    let [left, right] = [
        -3.397_507_125_003_347e16,
        "-33975071250031858".parse::<f64>().unwrap(),
    ];
    let drawn = |right| Drawn::Polygon(vec![vec![[left, 0.0], [right, 0.0], [right, 0.0], [left, 0.0]]]);
    assert!(drawn(right).is_of(&geometry, false));
    assert!(!drawn(right + 64.0).is_of(&geometry, false), "that was moved");
}

/// Coordinates of every size that a number can have.
fn far() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<f64>().prop_filter("finite", |number| number.is_finite()),
        1 => Just(f64::MAX),
        1 => Just(f64::MIN),
    ]
}

proptest! {
    #[test]
    fn an_area_is_a_number_or_none(
        places in prop::collection::vec([far(), far()], 3..8),
        length in far().prop_map(f64::abs),
        other in far().prop_map(f64::abs),
    ) {
        let [x, y] = places[0];
        let circle = Shape::Circle { x, y, radius: length };
        let ellipse = Shape::Ellipse { x, y, radius_x: length, radius_y: other, angle_deg: 1.0 };
        let polygon = Shape::Polygon { rings: vec![places.clone()] };
        let polygons = Shape::MultiPolygon { polygons: vec![vec![places.clone(), places]] };
        for geometry in [circle, ellipse, polygon, polygons].map(Geometry::new) {
            let area = geometry.area();
            prop_assert!(area.is_none_or(|area| area.is_finite() && area >= 0.0), "{area:?} of {geometry:?}");
        }
        let area = Geometry::rectangle(x, y, length, other).area();
        prop_assert_eq!(area, Some(length * other).filter(|area| area.is_finite()));
    }
}

#[test]
fn what_is_larger_than_numbers_go_has_no_area() {
    assert_eq!(Geometry::rectangle(0.0, 0.0, 1e200, 1e200).area(), None);
    assert_eq!(square(-1e300, 0.0, 1e300).area(), None);
    let large = square(1e150, 0.0, 1e150).area().unwrap();
    assert!((large / 1e300 - 1.0).abs() < 1e-12, "{large}");
    let circle = Shape::Circle {
        x: 0.0,
        y: 0.0,
        radius: 1e160,
    };
    assert_eq!(Geometry::new(circle).area(), None);
}
