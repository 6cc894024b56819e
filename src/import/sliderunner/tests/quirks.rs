//! The points 1 to 14 of what real files do.

use super::fixture::{Fixture, SPOT, with_lists};
use crate::import::document::{Document, PrivateText, PrivateTextKind, SourceId, SourceValue};
use crate::model::Geometry;
use crate::model::geometry::{GeometryFlag, Plane, Position, Shape};

fn read(age: u8, sql: &str) -> Document {
    with_lists(age, sql).read().unwrap()
}

/// Annotations of one type, each with the given coordinates.
fn annotations(kind: &str, coordinates: &[&[(&str, &str)]]) -> String {
    let mut sql = String::new();
    for (index, points) in coordinates.iter().enumerate() {
        let uid = index + 1;
        sql +=
            &format!("insert into Annotations (uid, slide, type, agreedClass) values ({uid}, 1, {kind}, 0);");
        for (order, (x, y)) in points.iter().enumerate() {
            sql += &format!(
                "insert into Annotations_coordinates (coordinateX, coordinateY, annoId, orderIdx) \
                 values ({x}, {y}, {uid}, {order});"
            );
        }
    }
    sql
}

fn ring(document: &Document, index: usize) -> Vec<Position> {
    let Shape::Polygon { rings } = &document.annotations[index].geometry.shape else {
        panic!("not a polygon: {:?}", document.annotations[index]);
    };
    rings[0].clone()
}

#[test]
fn quirk_01_columns_of_each_age_are_asked_for() {
    for age in 0..=3 {
        let fixture = with_lists(age, SPOT);
        let before = std::fs::read(&fixture.path).unwrap();
        let document = fixture.read().unwrap();
        assert_eq!(document.annotations.len(), 1, "age {age}");
        assert_eq!(document.annotations[0].geometry, Geometry::point(10.5, 20.0));
        assert_eq!(document.annotations[0].label, Some(0));
        assert_eq!(document.annotations[0].id, Some(SourceId::Local("1".to_owned())));
        assert!(document.annotations[0].attributes.is_empty());
        assert!(
            document.report.losses.is_empty(),
            "age {age}: {:?}",
            document.report
        );
        assert_eq!(
            std::fs::read(&fixture.path).unwrap(),
            before,
            "the file is unchanged"
        );
        assert_eq!(
            std::fs::read_dir(fixture.folder.path()).unwrap().count(),
            1,
            "nothing lies beside it"
        );
    }
}

#[test]
fn quirk_01_optional_columns_are_kept_where_they_say_something() {
    let document = read(
        3,
        "update Classes set color = '#FC7CA7' where uid = 1;
         update Classes set color = 'red' where uid = 2;
         update Slides set uuid = '0b1c', exactImageID = '77';
         insert into Annotations (uid, slide, type, description, clickable) values (1, 1, 6, 'as Jane said', 0);
         alter table Annotations add column stage text;
         alter table Annotations add column annotator text;
         update Annotations set stage = 'prophase', annotator = 'Jane';
         alter table Annotations_label add column confidence real;
         insert into Annotations_label (person, class, annoId, confidence) values (1, 1, 1, 0.5);
         create table Extra (a); insert into Extra values (1), (2);",
    );
    assert_eq!(
        document.labels[0].facts["colour"],
        SourceValue::Text("#fc7ca7".to_owned())
    );
    assert_eq!(
        document.labels[1].facts["colour_as_given"],
        SourceValue::Text("red".to_owned())
    );
    assert_eq!(
        document.images[0].facts["uuid"],
        SourceValue::Text("0b1c".to_owned())
    );
    assert_eq!(
        document.images[0].facts["exact_image_id"],
        SourceValue::Text("77".to_owned())
    );
    let attributes = &document.annotations[0].attributes;
    let private = |kind, text: &str| {
        SourceValue::Private(PrivateText {
            kind,
            text: text.to_owned(),
        })
    };
    assert_eq!(
        attributes["description"],
        private(PrivateTextKind::FreeText, "as Jane said")
    );
    assert_eq!(attributes["annotator"], private(PrivateTextKind::Person, "Jane"));
    assert_eq!(attributes["stage"], SourceValue::Text("prophase".to_owned()));
    assert_eq!(attributes["clickable"], SourceValue::Flag(false));
    assert_eq!(document.report.losses.count("column_not_read"), 1);
    assert_eq!(document.report.losses.count("table_not_read"), 2);
}

#[test]
fn quirk_02_half_pixels_in_integer_columns_are_exact() {
    let document = read(
        3,
        &annotations(
            "1",
            &[&[("6697.5", "731.5")], &[("0.1", "-6")], &[("'7.25'", "3")]],
        ),
    );
    let shapes: Vec<&Geometry> = document
        .annotations
        .iter()
        .map(|annotation| &annotation.geometry)
        .collect();
    assert_eq!(
        shapes,
        [
            &Geometry::point(6697.5, 731.5),
            &Geometry::point(0.1, -6.0),
            &Geometry::point(7.25, 3.0)
        ]
    );
}

#[test]
fn quirk_02_coordinates_that_are_no_numbers_are_lost_with_their_annotation() {
    let points: [&[(&str, &str)]; 5] = [
        &[("null", "1")],
        &[("9e999", "1")],
        &[("'nan'", "1")],
        &[("x'00'", "1")],
        &[("1", "1")],
    ];
    let document = read(3, &annotations("1", &points));
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(document.report.losses.count("coordinate_not_a_number"), 4);
    let message = document.report.losses.iter().next().unwrap().message;
    assert!(
        message.starts_with("labels.sqlite: Annotations uid 1: "),
        "{message}"
    );
}

#[test]
fn quirk_03_order_is_that_of_order_index_then_uid() {
    let document = read(
        3,
        "insert into Annotations (uid, slide, type) values (1, 1, 3), (2, 1, 3), (3, 1, 3);
         insert into Annotations_coordinates (uid, coordinateX, coordinateY, annoId, orderIdx) values
           (1, 0, 0, 1, null), (2, 1, 0, 1, null), (3, 1, 1, 1, null),
           (4, 0, 0, 2, 7), (5, 1, 0, 2, 7), (6, 1, 1, 2, 7),
           (9, 0, 0, 3, 0), (8, 1, 0, 3, 1), (7, 1, 1, 3, 2);",
    );
    for index in 0..3 {
        assert_eq!(
            ring(&document, index),
            [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]],
            "annotation {index}"
        );
    }
}

#[test]
fn quirk_04_polygons_are_kept_as_given_and_flagged() {
    let bow: &[(&str, &str)] = &[("-6", "0"), ("10", "10"), ("10", "0"), ("0", "10")];
    let repeated: &[(&str, &str)] = &[("0", "0"), ("0", "0"), ("5", "0"), ("5", "5")];
    let two: &[(&str, &str)] = &[("1", "1"), ("2", "2")];
    let document = read(3, &annotations("3", &[bow, repeated, two]));
    assert_eq!(
        ring(&document, 0),
        [[-6.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]]
    );
    assert_eq!(ring(&document, 1).len(), 4);
    assert_eq!(ring(&document, 2).len(), 2);
    let flags = |index: usize| document.annotations[index].geometry.flags(Some((7000.0, 5000.0)));
    assert_eq!(flags(0), [GeometryFlag::OutsideImage, GeometryFlag::SelfCrossing]);
    assert!(flags(1).contains(&GeometryFlag::RepeatedPoints));
    assert_eq!(flags(2), [GeometryFlag::TooFewPoints]);
    assert!(document.report.losses.is_empty());
}

#[test]
fn quirk_04_thousands_of_vertices_are_kept() {
    let document = read(
        3,
        "insert into Annotations (uid, slide, type) values (1, 1, 3);
         with recursive n(i) as (select 0 union all select i + 1 from n where i < 5999)
         insert into Annotations_coordinates (coordinateX, coordinateY, annoId, orderIdx)
           select i + 0.5, i, 1, i from n;",
    );
    let ring = ring(&document, 0);
    assert_eq!((ring.len(), ring[5999]), (6000, [5999.5, 5999.0]));
}

#[test]
fn quirk_05_class_0_is_no_opinion() {
    let document = read(
        3,
        &format!(
            "{SPOT} insert into Annotations_label (person, class, annoId) values (2, 0, 1), (2, null, 1), (2, 9, 1);"
        ),
    );
    let labels: Vec<Option<usize>> = document.annotations[0]
        .ratings
        .iter()
        .map(|rating| rating.label)
        .collect();
    assert_eq!(labels, [Some(0), None, None, None]);
    assert_eq!(document.labels.len(), 2, "no class is made up");
    assert_eq!(document.report.warnings.count("no_opinion"), 1);
    assert_eq!(document.report.warnings.count("label_without_class"), 1);
    assert_eq!(document.report.losses.count("unknown_class"), 1);
}

#[test]
fn quirk_05_special_spots_have_no_label() {
    let document = read(3, &annotations("4", &[&[("3", "4")]]));
    let special = &document.annotations[0];
    assert_eq!(
        (special.geometry.clone(), special.label),
        (Geometry::point(3.0, 4.0), None)
    );
    assert!(special.ratings.is_empty());
    assert_eq!(special.attributes["special"], SourceValue::Flag(true));
}

#[test]
fn quirk_05_each_type_has_its_shape() {
    let corners: &[(&str, &str)] = &[("8", "2"), ("4", "6")];
    assert_eq!(
        read(3, &annotations("2", &[corners])).annotations[0].geometry,
        Geometry::rectangle(4.0, 2.0, 4.0, 4.0)
    );
    let circle = Shape::Circle {
        x: 6.0,
        y: 4.0,
        radius: 2.0,
    };
    assert_eq!(
        read(3, &annotations("5", &[corners])).annotations[0]
            .geometry
            .shape,
        circle
    );
    let document = read(3, &annotations("6", &[&[]]));
    assert_eq!(document.annotations[0].geometry.shape, Shape::Image);
    let unknown = read(3, &annotations("255", &[&[("1", "2")], corners, &[]]));
    assert_eq!(unknown.annotations.len(), 2);
    assert_eq!(unknown.annotations[0].geometry, Geometry::point(1.0, 2.0));
    assert_eq!(
        unknown.annotations[0].attributes["source_type"],
        SourceValue::Number(255.0)
    );
    assert_eq!(ring(&unknown, 1), [[8.0, 2.0], [4.0, 6.0]]);
    assert_eq!(unknown.report.warnings.count("type_does_not_fit"), 2);
    assert_eq!(unknown.report.losses.count("annotation_without_place"), 1);
}

#[test]
fn quirk_05_a_focus_level_becomes_a_plane() {
    let points: [&[(&str, &str)]; 4] = [&[("1", "1")]; 4];
    let sql = annotations("1", &points)
        + "update Annotations_coordinates set coordinateZ = 3 where annoId = 2;
           update Annotations_coordinates set coordinateZ = 1.5 where annoId = 3;
           update Annotations_coordinates set coordinateZ = -1 where annoId = 4;";
    let document = read(3, &sql);
    let planes: Vec<Option<Plane>> = document.annotations.iter().map(|a| a.geometry.plane).collect();
    assert_eq!(planes, [None, Some(Plane { c: 0, t: 0, z: 3 }), None, None]);
    assert_eq!(document.report.losses.count("plane_unusable"), 2);
}

#[test]
fn quirk_05_a_label_of_the_image_has_a_row_with_its_focus_level_alone() {
    let empty: &[(&str, &str)] = &[("null", "null")];
    let sql = annotations("6", &[empty, empty, &[("3", "4")]])
        + "update Annotations_coordinates set coordinateZ = 7 where annoId = 2;";
    let document = read(3, &sql);
    let found: Vec<&Geometry> = document.annotations.iter().map(|a| &a.geometry).collect();
    let whole = |plane| Geometry {
        shape: Shape::Image,
        plane,
    };
    let seventh = Some(Plane { c: 0, t: 0, z: 7 });
    assert_eq!(found, [&whole(None), &whole(seventh), &whole(None)]);
    assert_eq!(
        document.report.losses.count("coordinates_of_image_label"),
        1,
        "the third has numbers"
    );
}

#[test]
fn quirk_06_a_model_is_a_person_like_any_other_here() {
    let sql =
        format!("{SPOT} insert into Annotations_label (person, class, annoId) values (2, 2, 1), (7, 1, 1);");
    let document = read(3, &sql);
    let names: Vec<&str> = document
        .people
        .iter()
        .map(|person| person.name.as_str())
        .collect();
    assert_eq!(names, ["expert 1", "RetinaNet", "person 7"]);
    let people: Vec<usize> = document.annotations[0]
        .ratings
        .iter()
        .map(|rating| rating.person)
        .collect();
    assert_eq!(people, [0, 1, 2]);
    assert_eq!(document.report.warnings.count("person_without_name"), 1);
}

#[test]
fn quirk_07_several_labels_of_one_person_are_kept_in_order() {
    let sql =
        format!("{SPOT} insert into Annotations_label (person, class, annoId) values (2, 1, 1), (1, 2, 1);");
    let document = read(3, &sql);
    let ratings: Vec<_> = document.annotations[0]
        .ratings
        .iter()
        .map(|r| (r.person, r.label))
        .collect();
    assert_eq!(ratings, [(0, Some(0)), (1, Some(0)), (0, Some(1))]);
    assert_eq!(document.report.warnings.count("person_rated_again"), 1);
}

#[test]
fn quirk_08_the_agreed_class_stands_apart_from_the_labels() {
    let sql =
        format!("{SPOT} update Annotations set agreedClass = 2; update Annotations_label set class = 1;");
    let document = read(3, &sql);
    assert_eq!(document.annotations[0].label, Some(1));
    assert_eq!(document.annotations[0].ratings[0].label, Some(0));
    for (class, losses) in [("0", 0), ("null", 0), ("99", 1)] {
        let document = read(
            3,
            &format!("{SPOT} update Annotations set agreedClass = {class};"),
        );
        assert_eq!(document.annotations[0].label, None, "{class}");
        assert_eq!(document.report.losses.count("unknown_class"), losses, "{class}");
    }
}

#[test]
fn quirk_09_classes_are_told_by_name() {
    let swapped = "insert into Slides (uid, filename) values (1, 'a'); insert into Persons values (1, 'p', 0);
        insert into Classes (uid, name) values (1, 'not mitotic figure'), (2, 'mitotic figure'), (3, 'mitotic figure');";
    let sql = format!(
        "{swapped}{SPOT} update Annotations set agreedClass = 3; update Annotations_label set class = 2;"
    );
    let document = Fixture::new(3, &sql).read().unwrap();
    let names: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["not mitotic figure", "mitotic figure"]);
    assert_eq!(document.annotations[0].label, Some(1));
    assert_eq!(document.annotations[0].ratings[0].label, Some(1));
    assert_eq!(document.report.warnings.count("class_name_repeated"), 1);
}

#[test]
fn quirk_10_a_slide_is_named_by_directory_and_file_name() {
    let document = Fixture::new(
        3,
        "insert into Slides (filename, width, height, directory, uuid) values
           ('a.svs', null, null, 'C:\\Users\\jane\\slides', 'None'), ('a.svs', 10, 20, '/home/jane', null),
           ('a.svs', 0, -1, '/home/jane', ''), ('/Users/jane/b.svs', 1, 1, null, null), (null, 1, 1, null, null),
           ('sub/c.svs', 1, 1, '', null);",
    )
    .read()
    .unwrap();
    let slides: Vec<_> = document
        .images
        .iter()
        .map(|i| (i.folder.as_deref(), i.name.as_str(), i.width, i.height))
        .collect();
    assert_eq!(
        slides,
        [
            (Some("C:\\Users\\jane\\slides"), "a.svs", None, None),
            (Some("/home/jane"), "a.svs", Some(10.0), Some(20.0)),
            (Some("/home/jane"), "a.svs", None, None),
            (Some("/Users/jane"), "b.svs", Some(1.0), Some(1.0)),
            (None, "sub/c.svs", Some(1.0), Some(1.0)),
        ]
    );
    assert!(document.images.iter().all(|image| image.facts.is_empty()));
    let warnings = &document.report.warnings;
    assert_eq!(warnings.count("absolute_directory"), 4);
    assert_eq!(warnings.count("slide_name_repeated"), 1);
    assert_eq!(warnings.count("slide_repeated"), 1);
    assert_eq!(document.report.losses.count("slide_without_name"), 1);
    assert!(
        warnings.iter().all(|entry| !entry.message.contains("jane")),
        "messages name nobody"
    );
}

#[test]
fn quirk_11_only_the_log_claims_a_time() {
    let document = read(
        3,
        &format!(
            "{SPOT} insert into Annotations_label (uid, person, class, annoId) values (2, 2, 1, 1), (3, 2, 1, 1);
             insert into Log (dateTime, labelId) values (1616148830.5508225, 1), (1616148831.25, 1), (5, 1),
               (1616148830, 99), (null, 2), (1e30, 2);"
        ),
    );
    let times: Vec<_> = document.annotations[0]
        .ratings
        .iter()
        .map(|rating| rating.claimed_at.as_deref())
        .collect();
    assert_eq!(times, [Some("2021-03-19T10:13:51.250Z"), None, None]);
    assert_eq!(document.report.losses.count("log_without_label"), 1);
    assert_eq!(document.report.losses.count("log_without_time"), 2);
    assert!(
        document.annotations[0].attributes.is_empty(),
        "lastModified is not taken"
    );
}

#[test]
fn quirk_12_rows_that_were_deleted_for_good_are_counted() {
    let sql = format!(
        "{SPOT} insert into Annotations (uid, slide, type) values (9, 1, 6); delete from Annotations where uid = 9;
         insert into Slides (uid, filename) values (4, 'x'); delete from Slides where uid = 4;"
    );
    let document = read(3, &sql);
    let entry = document
        .report
        .losses
        .iter()
        .find(|entry| entry.code == "hard_deleted_rows")
        .unwrap();
    assert_eq!(entry.count, 8 + 3);
    assert!(
        entry.message.ends_with("Slides 3, Annotations 8"),
        "{}",
        entry.message
    );
}

#[test]
fn quirk_12_rows_that_are_marked_as_deleted_are_not_taken_over() {
    let document = read(3, &format!("{SPOT} update Annotations set deleted = 1;"));
    assert!(document.annotations.is_empty());
    assert_eq!(document.report.losses.count("deleted_in_source"), 1);
    assert_eq!(document.report.losses.count("label_of_lost_annotation"), 1);
}

#[test]
fn quirk_13_rows_that_point_nowhere_are_reported_and_the_rest_is_read() {
    let document = read(
        3,
        &format!(
            "{SPOT} insert into Annotations_label (person, class, annoId) values (1, 1, 77), (1, 1, null), (null, 1, 1);
             insert into Annotations (uid, slide, type) values (2, 55, 6), (3, null, 6);
             insert into Annotations_coordinates (coordinateX, coordinateY, annoId) values (1, 1, 88), (1, 1, null);"
        ),
    );
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(document.annotations[0].ratings.len(), 1);
    let losses = &document.report.losses;
    assert_eq!(losses.count("label_without_annotation"), 2);
    assert_eq!(losses.count("label_without_person"), 1);
    assert_eq!(losses.count("annotation_without_slide"), 2);
    assert_eq!(losses.count("coordinates_without_annotation"), 2);
}

#[test]
fn quirk_14_a_guid_is_a_strong_id_and_a_uid_a_weak_one() {
    let points: [&[(&str, &str)]; 7] = [&[("1", "1")]; 7];
    let guids = "
        update Annotations set guid = '1f6b744e-e4b4-4167-930a-c0915b0fcd13' where uid = 1;
        update Annotations set guid = '1F6B744EE4B44167930AC0915B0FCD13' where uid = 2;
        update Annotations set guid = 'None' where uid = 3;
        update Annotations set guid = '' where uid = 4;
        update Annotations set guid = 'my own' where uid = 5;
        update Annotations set guid = '00000000-0000-0000-0000-000000000000' where uid = 6;";
    let document = read(3, &(annotations("1", &points) + guids));
    let ids: Vec<SourceId> = document
        .annotations
        .iter()
        .filter_map(|annotation| annotation.id.clone())
        .collect();
    let local = |uid: &str| SourceId::Local(uid.to_owned());
    let guid = *uuid::Uuid::parse_str("1f6b744e-e4b4-4167-930a-c0915b0fcd13")
        .unwrap()
        .as_bytes();
    let expected = [
        SourceId::Uuid(guid),
        local("2"),
        local("3"),
        local("4"),
        local("5"),
        local("6"),
        local("7"),
    ];
    assert_eq!(ids, expected);
    assert_eq!(
        document.annotations[4].attributes["guid"],
        SourceValue::Text("my own".to_owned())
    );
    assert_eq!(document.report.warnings.count("guid_repeated"), 1);
    assert_eq!(document.report.warnings.count("guid_unusable"), 2);
}
