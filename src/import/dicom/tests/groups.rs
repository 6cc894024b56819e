//! What a well-formed file says, in each graphic type and encoding.

use super::super::super::document::{SourceId, SourceRating};
use super::super::tags;
use super::fixture::{ANN, code, cs, group, lo, points, set};
use super::*;
use crate::model::geometry::{Position, Shape};
use crate::model::{AnnotatorKind, Geometry};

fn shape(document: &Document, n: usize) -> &Shape {
    &document.annotations[n].geometry.shape
}

#[test]
fn quirk_30_points_keep_their_float_values() {
    let document = document(&File::new(vec![points()]));
    assert_eq!(document.annotations.len(), 2);
    assert_eq!(document.annotations[0].geometry, Geometry::point(10.5, 20.0));
    assert_eq!(document.annotations[1].geometry, Geometry::point(-3.25, 7.0));
    let ids: Vec<_> = document
        .annotations
        .iter()
        .map(|a| a.id.clone().unwrap())
        .collect();
    assert_eq!(
        ids,
        ["1.2.826.0.1.99.7/1", "1.2.826.0.1.99.7/2"].map(|id| SourceId::Local(id.to_owned()))
    );
    assert_eq!(document.images[0].name, "a");
    assert_eq!(
        document.images[0].facts["sop_instance_uid"],
        text("1.2.826.0.1.99.1")
    );
    assert!(document.report.losses.is_empty() && document.report.warnings.is_empty());
    let single = group("POINT", 1, Value::Floats(vec![0.1, 0.2]), None);
    let single = self::document(&File::new(vec![single]));
    assert_eq!(
        single.annotations[0].geometry,
        Geometry::point(f64::from(0.1_f32), f64::from(0.2_f32))
    );
    let double = group("POINT", 1, Value::Doubles("OD", vec![0.1, 1e9 + 0.25]), None);
    let double = self::document(&File::new(vec![double]));
    assert_eq!(double.annotations[0].geometry, Geometry::point(0.1, 1e9 + 0.25));
}

#[test]
fn quirk_30_lines_and_polygons_are_cut_by_the_index_list() {
    let coordinates: Vec<f32> = (0..14_u8).map(f32::from).collect();
    let polygons = group("POLYGON", 2, Value::Floats(coordinates.clone()), Some(&[1, 7]));
    let document = document(&File::new(vec![polygons]));
    assert_eq!(
        shape(&document, 0),
        &Shape::Polygon {
            rings: vec![vec![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]]
        }
    );
    assert_eq!(
        shape(&document, 1),
        &Shape::Polygon {
            rings: vec![vec![[6.0, 7.0], [8.0, 9.0], [10.0, 11.0], [12.0, 13.0]]]
        }
    );
    let lines = group("POLYLINE", 3, Value::Floats(coordinates), Some(&[1, 5, 7]));
    let document = self::document(&File::new(vec![lines]));
    let lengths: Vec<usize> = document
        .annotations
        .iter()
        .map(|annotation| {
            let Shape::Polyline { points } = &annotation.geometry.shape else {
                panic!("{annotation:?}");
            };
            points.len()
        })
        .collect();
    assert_eq!(lengths, [2, 4], "one position is no line");
    assert_eq!(losses(&document), [("too_few_positions", 1)]);
    assert_eq!(
        document.annotations[1].id,
        Some(SourceId::Local("1.2.826.0.1.99.7/3".into()))
    );
}

#[test]
fn quirk_30_rectangles() {
    let rectangle = |corners: [f32; 8]| {
        document(&File::new(vec![group(
            "RECTANGLE",
            1,
            Value::Floats(corners.to_vec()),
            None,
        )]))
    };
    for corners in [
        [1.0, 2.0, 5.0, 2.0, 5.0, 9.0, 1.0, 9.0],
        [5.0, 9.0, 1.0, 9.0, 1.0, 2.0, 5.0, 2.0],
        [1.0, 2.0, 1.0, 9.0, 5.0, 9.0, 5.0, 2.0],
    ] {
        let upright = rectangle(corners);
        assert_eq!(
            upright.annotations[0].geometry,
            Geometry::rectangle(1.0, 2.0, 4.0, 7.0)
        );
        assert!(upright.report.warnings.is_empty());
    }
    let turned = rectangle([10.0, 0.0, 14.0, 3.0, 11.0, 7.0, 7.0, 4.0]);
    let Shape::RotatedBox {
        x,
        y,
        width,
        height,
        angle_deg,
    } = *shape(&turned, 0)
    else {
        panic!("{:?}", shape(&turned, 0));
    };
    assert_eq!((x, y, width, height), (8.0, 1.0, 5.0, 5.0));
    assert!((angle_deg - 36.869_897_645_844_02).abs() < 1e-9, "{angle_deg}");
    let kept = &turned.annotations[0].attributes["dicom_points"];
    assert_eq!(kept, &text("[[10.0,0.0],[14.0,3.0],[11.0,7.0],[7.0,4.0]]"));
    assert_eq!(warnings(&turned), [("turned_to_rounding", 1)]);
    let skewed = rectangle([0.0, 0.0, 4.0, 0.0, 6.0, 3.0, 2.0, 3.0]);
    assert_eq!(warnings(&skewed), [("corners_of_no_rectangle", 1)]);
    assert!(matches!(shape(&skewed, 0), Shape::Polygon { rings } if rings[0].len() == 4));
}

#[test]
fn quirk_30_ellipses() {
    let ellipse = |points: [f32; 8]| {
        document(&File::new(vec![group(
            "ELLIPSE",
            1,
            Value::Floats(points.to_vec()),
            None,
        )]))
    };
    let upright = ellipse([0.0, 5.0, 10.0, 5.0, 5.0, 2.0, 5.0, 8.0]);
    let expected = Shape::Ellipse {
        x: 5.0,
        y: 5.0,
        radius_x: 5.0,
        radius_y: 3.0,
        angle_deg: 0.0,
    };
    assert_eq!(shape(&upright, 0), &expected);
    assert!(upright.report.warnings.is_empty());
    let standing = ellipse([5.0, 0.0, 5.0, 10.0, 2.0, 5.0, 8.0, 5.0]);
    let expected = Shape::Ellipse {
        x: 5.0,
        y: 5.0,
        radius_x: 5.0,
        radius_y: 3.0,
        angle_deg: 90.0,
    };
    assert_eq!(shape(&standing, 0), &expected);
    assert_eq!(warnings(&standing), [("turned_to_rounding", 1)]);
    for wrong in [
        [0.0, 5.0, 10.0, 5.0, 3.0, 2.0, 3.0, 8.0],
        [0.0, 5.0, 10.0, 5.0, 0.0, 4.0, 10.0, 6.0],
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    ] {
        assert_eq!(losses(&ellipse(wrong)), [("ellipse_unusable", 1)], "{wrong:?}");
    }
}

#[test]
fn quirk_30_each_encoding_says_the_same() {
    let mut open = points();
    set(&mut open, tags::TYPE, code("1", "SCT", "Mitotic figure"));
    let polygons = group("POLYGON", 1, Value::Doubles("OD", vec![0.5; 6]), Some(&[1]));
    let mut second = polygons;
    set(&mut second, tags::GROUP_UID, fixture::ui("1.2.3"));
    set(&mut second, tags::TYPE, code("1", "SCT", "Mitotic figure"));
    let file = File::new(vec![open.clone(), second.clone()]);
    let plain = document(&file);
    assert_eq!(plain.annotations.len(), 3);
    let variants = [
        file.encoded("1.2.840.10008.1.2", Encoding::ImplicitLittle),
        file.encoded("1.2.840.10008.1.2.2", Encoding::ExplicitBig),
        file.encoded("1.2.840.10008.1.2.4.50", Encoding::ExplicitLittle),
        file.clone()
            .set(tags::GROUPS, Value::OpenItems(vec![open, second])),
    ];
    for variant in variants {
        assert_eq!(document(&variant), plain, "{}", variant.syntax);
    }
    let open = variants_of_open(&file);
    assert_eq!(document(&open), plain);
}

/// The same file, its groups without stated lengths, as Implicit VR.
fn variants_of_open(file: &File) -> File {
    let mut file = file.encoded("1.2.840.10008.1.2", Encoding::ImplicitLittle);
    for (tag, value) in &mut file.elements {
        if let Value::Items(items) = value
            && *tag == tags::GROUPS
        {
            *value = Value::OpenItems(items.clone());
        }
    }
    file
}

#[test]
fn quirk_30_codes_are_facts_of_the_label() {
    let mut described = points();
    let description = Value::Text("UT", "as Dr. Jones said".to_owned());
    set(&mut described, tags::GROUP_DESCRIPTION, description);
    set(
        &mut described,
        tags::DISPLAY_CIELAB,
        Value::Shorts(vec![1, 2, 65_535]),
    );
    let document = document(&File::new(vec![described.clone()]));
    let label = &document.labels[0];
    assert_eq!(label.name, "mitosis");
    assert_eq!(label.facts["type_code"], text("370114008"));
    assert_eq!(label.facts["type_scheme"], text("SCT"));
    assert_eq!(label.facts["type_meaning"], text("Mitotic figure"));
    assert_eq!(label.facts["category_code"], text("49755003"));
    assert_eq!(label.facts["dicom_cielab"], text("1\\2\\65535"));
    assert!(matches!(label.facts["description"], SourceValue::Private(_)));
    let mut other = points();
    set(&mut other, tags::GROUP_UID, fixture::ui("1.2.3"));
    let both = self::document(&File::new(vec![described, other]));
    assert_eq!(both.labels.len(), 1);
    assert_eq!(losses(&both), [("label_codes_differ", 1)]);
    let mut nameless = points();
    nameless.retain(|(tag, _)| *tag != tags::GROUP_LABEL);
    assert_eq!(
        self::document(&File::new(vec![nameless.clone()])).labels[0].name,
        "Mitotic figure"
    );
    nameless.retain(|(tag, _)| *tag != tags::TYPE);
    let nameless = self::document(&File::new(vec![nameless]));
    assert_eq!(nameless.annotations[0].label, None);
    assert_eq!(warnings(&nameless), [("group_without_label", 1)]);
}

/// A group with this generation type, and an algorithm where one is named.
fn made(generation: &str, algorithm: Option<&str>) -> fixture::Elements {
    let mut group = points();
    set(&mut group, tags::GENERATION_TYPE, cs(generation));
    if let Some(name) = algorithm {
        let algorithm = vec![
            (tags::ALGORITHM_NAME, lo(name)),
            (tags::ALGORITHM_VERSION, lo("2.1")),
        ];
        set(&mut group, tags::ALGORITHMS, Value::Items(vec![algorithm]));
    }
    group
}

#[test]
fn quirk_30_algorithms_are_models_and_operators_are_people() {
    let automatic = document(&File::new(vec![made("AUTOMATIC", Some("MitNet"))]));
    assert_eq!(automatic.people[0].name, "MitNet 2.1");
    assert_eq!(automatic.people[0].kind, Some(AnnotatorKind::Model));
    let rating = SourceRating {
        person: 0,
        label: Some(0),
        claimed_at: None,
    };
    assert_eq!(automatic.annotations[1].ratings, [rating]);
    let file = File::new(vec![made("MANUAL", None)]);
    let file = file.set(tags::CREATOR, Value::Text("PN", "Doe^Jane^^^".to_owned()));
    let manual = document(&file);
    assert_eq!(
        (manual.people[0].name.as_str(), manual.people[0].kind),
        ("Doe^Jane", Some(AnnotatorKind::Human))
    );
    assert_eq!(manual.annotations[0].ratings.len(), 1);
    let file = File::new(vec![made("SEMIAUTOMATIC", Some("MitNet"))]);
    let helped = document(&file.set(tags::OPERATORS, Value::Text("PN", "Doe^Jane".to_owned())));
    assert_eq!(helped.people[0].name, "Doe^Jane");
    assert_eq!(helped.annotations[0].attributes["algorithm"], text("MitNet 2.1"));
    assert_eq!(
        helped.annotations[0].attributes["generation_type"],
        text("SEMIAUTOMATIC")
    );
    let nobody = document(&File::new(vec![made("MANUAL", None)]));
    assert!(nobody.people.is_empty() && nobody.annotations[0].ratings.is_empty());
    assert_eq!(
        nobody.annotations[0].attributes["generation_type"],
        text("MANUAL")
    );
    let file = File::new(vec![made("MANUAL", None)]);
    let several = document(&file.set(tags::OPERATORS, Value::Text("PN", "Doe^Jane\\Roe^R".to_owned())));
    assert!(several.people.is_empty());
    assert_eq!(warnings(&several), [("several_operators", 1)]);
}

#[test]
fn quirk_30_measurements_are_attributes_with_their_units() {
    let measurement = |values: Vec<f32>, of: Option<Vec<u32>>| {
        let mut item = vec![(tags::MEASURED_VALUES, Value::Floats(values))];
        if let Some(of) = of {
            item.push((tags::ANNOTATION_INDICES, Value::Longs("OL", of)));
        }
        vec![
            (tags::CONCEPT, code("42798000", "SCT", "Area")),
            (tags::UNITS, code("um2", "UCUM", "square micrometer")),
            (tags::MEASUREMENT_VALUES, Value::Items(vec![item])),
        ]
    };
    let with = |measurements: Vec<fixture::Elements>| {
        let mut group = points();
        set(&mut group, tags::MEASUREMENTS, Value::Items(measurements));
        document(&File::new(vec![group]))
    };
    let all = with(vec![measurement(vec![1.5, 2.5], None)]);
    let area = |document: &Document, n: usize| document.annotations[n].attributes.get("Area [um2]").cloned();
    assert_eq!(area(&all, 0), Some(SourceValue::Number(1.5)));
    assert_eq!(area(&all, 1), Some(SourceValue::Number(2.5)));
    let some = with(vec![measurement(vec![2.5], Some(vec![2]))]);
    assert_eq!(
        (area(&some, 0), area(&some, 1)),
        (None, Some(SourceValue::Number(2.5)))
    );
    for (values, of) in [
        (vec![1.0], None),
        (vec![1.0], Some(vec![3])),
        (vec![1.0], Some(vec![0])),
        (vec![1.0, 2.0], Some(vec![1, 1])),
    ] {
        assert_eq!(
            losses(&with(vec![measurement(values, of)])),
            [("measurement_unusable", 1)]
        );
    }
    let nan = with(vec![measurement(vec![f32::NAN, 1.0], None)]);
    assert_eq!(losses(&nan), [("measurement_not_a_number", 1)]);
    let twice = with(vec![measurement(vec![1.0, 2.0], None); 2]);
    assert_eq!(losses(&twice), [("measurement_twice", 1)]);
}

#[test]
fn quirk_30_planes_and_optical_paths_that_do_not_apply_are_kept() {
    let mut some = points();
    set(&mut some, tags::ALL_OPTICAL_PATHS, cs("NO"));
    set(
        &mut some,
        tags::OPTICAL_PATHS,
        Value::Text("SH", "1\\2".to_owned()),
    );
    set(&mut some, tags::ALL_Z_PLANES, cs("NO"));
    set(&mut some, tags::COMMON_Z, Value::Doubles("FD", vec![0.25]));
    let attributes = &document(&File::new(vec![some])).annotations[0].attributes;
    assert_eq!(attributes["optical_paths"], text("1\\2"));
    assert_eq!(attributes["all_z_planes"], SourceValue::Flag(false));
    assert_eq!(attributes["common_z_mm"], SourceValue::Number(0.25));
}

#[test]
fn quirk_30_coordinates_on_the_slide_or_in_frames_are_a_loss_with_the_reason() {
    let flat = File::new(vec![points()]);
    for (tag, word, code) in [
        (tags::COORDINATE_TYPE, "3D", "coordinates_in_mm"),
        (tags::COORDINATE_TYPE, "4D", "coordinates_unknown"),
        (tags::PIXEL_ORIGIN, "FRAME", "coordinates_of_frames"),
        (tags::PIXEL_ORIGIN, "NOWHERE", "coordinates_unknown"),
    ] {
        let document = document(&flat.clone().set(tag, cs(word)));
        assert!(document.annotations.is_empty());
        assert_eq!(losses(&document), [(code, 2)], "each annotation is counted");
        assert!(loss(&document, code).starts_with("a.dcm, (006A,0002)[1]: "));
    }
    let mut silent = flat;
    silent.elements.retain(|(tag, _)| *tag != tags::PIXEL_ORIGIN);
    assert_eq!(warnings(&document(&silent)), [("pixel_origin_missing", 1)]);
}

#[test]
fn f25_content_times_are_claimed_times_where_they_have_a_zone() {
    let file = File::new(vec![made("AUTOMATIC", Some("MitNet"))])
        .set(tags::CONTENT_DATE, Value::Text("DA", "20260102".to_owned()));
    let at = |time: &str, zone: Option<&str>| {
        let mut file = file
            .clone()
            .set(tags::CONTENT_TIME, Value::Text("TM", time.to_owned()));
        if let Some(zone) = zone {
            file = file.set(tags::TIME_ZONE, Value::Text("SH", zone.to_owned()));
        }
        let document = document(&file);
        (
            document.annotations[0].ratings[0].claimed_at.clone(),
            losses(&document),
        )
    };
    assert_eq!(
        at("112233.5", Some("+0100")).0.as_deref(),
        Some("2026-01-02T10:22:33.500Z")
    );
    assert_eq!(
        at("1122", Some("-0030")).0.as_deref(),
        Some("2026-01-02T11:52:00.000Z")
    );
    assert_eq!(at("112233", None), (None, vec![("time_without_zone", 1)]));
    for time in ["", "1", "996060", "noon"] {
        let (claimed, lost) = at(time, Some("+0000"));
        assert_eq!(claimed, None, "{time}");
        assert_eq!(lost.len(), usize::from(!time.is_empty()), "{time}");
    }
}

#[test]
fn turned_shapes_give_back_the_points_they_came_from() {
    let corners: [Position; 4] = [[10.0, 0.0], [14.0, 3.0], [11.0, 7.0], [7.0, 4.0]];
    let flat = corners.concat();
    let turned = document(&File::new(vec![group(
        "RECTANGLE",
        1,
        Value::Doubles("OD", flat),
        None,
    )]));
    let Shape::RotatedBox {
        x,
        y,
        width,
        height,
        angle_deg,
    } = *shape(&turned, 0)
    else {
        panic!("{:?}", shape(&turned, 0));
    };
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    let (centre_x, centre_y) = (x + width / 2.0, y + height / 2.0);
    let at = |side_x: f64, side_y: f64| {
        let (dx, dy) = (side_x * width / 2.0, side_y * height / 2.0);
        [centre_x + dx * cos - dy * sin, centre_y + dx * sin + dy * cos]
    };
    let again = [at(-1.0, -1.0), at(1.0, -1.0), at(1.0, 1.0), at(-1.0, 1.0)];
    for (again, corner) in again.iter().zip(&corners) {
        assert!(
            (again[0] - corner[0]).hypot(again[1] - corner[1]) < 1e-9,
            "{again:?} {corner:?}"
        );
    }
    assert_eq!(ANN.len(), 28);
}
