//! Files as the tool and its users write them, and hostile ones.

use proptest::prelude::*;

use super::*;
use crate::import::document::{PrivateText, PrivateTextKind, SourceId, SourceValue};
use crate::import::xml::hostile;
use crate::model::Geometry;
use crate::model::geometry::Shape;

/// In the tool's own layout: each type, two groups within another, one annotation without a group.
pub(super) const SAMPLE: &str = r##"<?xml version="1.0"?>
<ASAP_Annotations>
	<Annotations>
		<Annotation Name="Annotation 0" Type="Polygon" PartOfGroup="Tumor" Color="#F4FA58">
			<Coordinates>
				<Coordinate Order="0" X="62320.0039" Y="125713.008" />
				<Coordinate Order="1" X="62256.0039" Y="125714.008" />
				<Coordinate Order="2" X="62184" Y="125730" />
			</Coordinates>
		</Annotation>
		<Annotation Name="Annotation 1" Type="Dot" PartOfGroup="Mitosis" Color="#64fe2e">
			<Coordinates>
				<Coordinate Order="0" X="100.5" Y="200.25" />
			</Coordinates>
		</Annotation>
		<Annotation Name="Annotation 2" Type="Rectangle" PartOfGroup="None" Color="#F4FA58">
			<Coordinates>
				<Coordinate Order="0" X="10" Y="20" />
				<Coordinate Order="1" X="30.5" Y="20" />
				<Coordinate Order="2" X="30.5" Y="60" />
				<Coordinate Order="3" X="10" Y="60" />
			</Coordinates>
		</Annotation>
		<Annotation Name="Annotation 3" Type="Measurement" PartOfGroup="Tumor" Color="#F4FA58">
			<Coordinates>
				<Coordinate Order="0" X="1" Y="2" />
				<Coordinate Order="1" X="3" Y="4" />
			</Coordinates>
		</Annotation>
	</Annotations>
	<AnnotationGroups>
		<Group Name="Lesion" PartOfGroup="None" Color="#ff0000">
			<Attributes />
		</Group>
		<Group Name="Tumor" PartOfGroup="Lesion" Color="#F4FA58">
			<Attributes />
		</Group>
		<Group Name="Mitosis" PartOfGroup="Lesion" Color="#64FE2E">
			<Attributes><Attribute Name="grade" Value="2" /></Attributes>
		</Group>
	</AnnotationGroups>
</ASAP_Annotations>
"##;

fn bytes(bytes: &[u8]) -> Result<Document, XmlError> {
    super::read("slides/001.xml", bytes).map_err(|AsapError(error)| error)
}

/// One annotation of a type, with `(order, x, y)` as text.
fn one(kind: &str, group: &str, points: &[(&str, &str, &str)]) -> String {
    let points: String = points
        .iter()
        .map(|(order, x, y)| format!("<Coordinate Order=\"{order}\" X=\"{x}\" Y=\"{y}\"/>"))
        .collect();
    format!(
        "<Annotation Name=\"Annotation 0\" Type=\"{kind}\" PartOfGroup=\"{group}\"><Coordinates>{points}</Coordinates></Annotation>"
    )
}

fn wrap(annotations: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><ASAP_Annotations><Annotations>{annotations}</Annotations></ASAP_Annotations>"
    )
}

fn document(annotations: &str) -> Document {
    bytes(wrap(annotations).as_bytes()).unwrap()
}

const TRIANGLE: [(&str, &str, &str); 3] = [("0", "1", "1"), ("1", "5", "1"), ("2", "5", "4")];

fn text(text: &str) -> SourceValue {
    SourceValue::Text(text.to_owned())
}

#[test]
fn quirk_26_the_class_is_the_group_and_groups_lie_within_groups() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let label = |n: usize| {
        document.annotations[n]
            .label
            .map(|label| document.labels[label].name.as_str())
    };
    assert_eq!(
        [label(0), label(1), label(2), label(3)],
        [Some("Tumor"), Some("Mitosis"), None, Some("Tumor")]
    );
    let names: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["Tumor", "Mitosis", "Lesion"]);
    assert_eq!(document.labels[0].facts["colour"], text("#f4fa58"));
    assert_eq!(document.labels[0].facts["supercategory"], text("Lesion"));
    assert_eq!(document.labels[1].facts["grade"], SourceValue::Number(2.0));
    assert_eq!(
        document.labels[2].facts.len(),
        1,
        "the outermost group has a colour only"
    );
    assert_eq!(document.images[0].name, "001");
    assert!(document.people.is_empty() && document.annotations.iter().all(|a| a.id.is_none()));
    assert!(document.report.losses.is_empty(), "{:?}", document.report);
    assert!(document.report.warnings.is_empty(), "{:?}", document.report);
}

#[test]
fn quirk_26_a_colour_of_its_own_and_a_name_somebody_typed_are_kept() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    assert!(
        document
            .annotations
            .iter()
            .all(|annotation| annotation.attributes.is_empty()),
        "what the tool gives by itself says nothing: {document:?}"
    );
    let counted = SAMPLE.replace("\"Annotation 2\"", "\"_2\"");
    let document = bytes(counted.as_bytes()).unwrap();
    assert_eq!(document.annotations[2].attributes["name"], text("_2"));
    let typed = SAMPLE
        .replace("\"Annotation 1\"", "\"as Jane said\"")
        .replace("#64fe2e", "#0000FF");
    let document = bytes(typed.as_bytes()).unwrap();
    let attributes = &document.annotations[1].attributes;
    assert_eq!(attributes["colour"], text("#0000ff"));
    let private = PrivateText {
        kind: PrivateTextKind::FreeText,
        text: "as Jane said".to_owned(),
    };
    assert_eq!(attributes["name"], SourceValue::Private(private));
}

#[test]
fn quirk_26_each_type_has_its_shape() {
    let sample = bytes(SAMPLE.as_bytes()).unwrap();
    let shape = |n: usize| sample.annotations[n].geometry.clone();
    assert_eq!(
        shape(0).shape,
        Shape::Polygon {
            rings: vec![vec![
                [62320.0039, 125_713.008],
                [62256.0039, 125_714.008],
                [62184.0, 125_730.0]
            ]]
        }
    );
    assert_eq!(shape(1), Geometry::point(100.5, 200.25));
    assert_eq!(shape(2), Geometry::rectangle(10.0, 20.0, 20.5, 40.0));
    assert_eq!(
        shape(3).shape,
        Shape::Polyline {
            points: vec![[1.0, 2.0], [3.0, 4.0]]
        }
    );
    assert!(
        sample.annotations[3].attributes.is_empty(),
        "a line is a measurement"
    );
    let spline = document(&one("Spline", "a", &TRIANGLE));
    assert!(matches!(&spline.annotations[0].geometry.shape, Shape::Polygon { rings } if rings[0].len() == 3));
    assert_eq!(spline.annotations[0].attributes["asap_type"], text("Spline"));
    assert_eq!(spline.report.losses.count("spline_as_polygon"), 1);
    let none = document(&one("None", "a", &TRIANGLE));
    assert_eq!(
        (none.annotations.len(), none.report.losses.count("type_none")),
        (0, 1)
    );
}

#[test]
fn quirk_26_a_rectangle_is_a_box_only_where_it_stands_upright() {
    let turned = [("0", "1", "1"), ("1", "5", "2"), ("2", "4", "6"), ("3", "0", "5")];
    let document = document(&(one("Rectangle", "a", &turned) + &one("Rectangle", "a", &TRIANGLE)));
    for annotation in &document.annotations {
        assert!(matches!(annotation.geometry.shape, Shape::Polygon { .. }));
        assert_eq!(annotation.attributes["asap_type"], text("Rectangle"));
    }
    assert_eq!(document.annotations.len(), 2);
}

#[test]
fn quirk_26_a_set_of_points_is_one_annotation_a_point() {
    let document = document(&(one("PointSet", "a", &TRIANGLE) + &one("PointSet", "a", &TRIANGLE[..1])));
    let found: Vec<(Geometry, SourceValue)> = document
        .annotations
        .iter()
        .map(|annotation| {
            (
                annotation.geometry.clone(),
                annotation.attributes["point_set"].clone(),
            )
        })
        .collect();
    let set = |x, y, number| (Geometry::point(x, y), SourceValue::Number(number));
    assert_eq!(
        found,
        [
            set(1.0, 1.0, 1.0),
            set(5.0, 1.0, 1.0),
            set(5.0, 4.0, 1.0),
            set(1.0, 1.0, 2.0)
        ]
    );
    assert_eq!(document.report.warnings.count("point_set_divided"), 2);
}

#[test]
fn quirk_26_positions_are_sorted_by_their_order() {
    let ring = |points: &[(&str, &str, &str)]| {
        let document = document(&one("Polygon", "a", points));
        let Shape::Polygon { rings } = document.annotations[0].geometry.shape.clone() else {
            panic!("{document:?}");
        };
        (rings[0].clone(), document.report)
    };
    let (sorted, report) = ring(&[("10", "3", "3"), ("2", "2", "2"), ("0", "1", "1")]);
    assert_eq!(sorted, [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]);
    assert!(report.warnings.count("order_repeated") == 0 && report.warnings.count("order_missing") == 0);
    let (sorted, report) = ring(&[("1", "3", "3"), ("0", "1", "1"), ("1", "2", "2")]);
    assert_eq!(sorted, [[1.0, 1.0], [3.0, 3.0], [2.0, 2.0]]);
    assert_eq!(report.warnings.count("order_repeated"), 1);
    let (sorted, report) = ring(&[("1", "3", "3"), ("", "1", "1"), ("0", "2", "2")]);
    assert_eq!(sorted, [[3.0, 3.0], [1.0, 1.0], [2.0, 2.0]]);
    assert_eq!(report.warnings.count("order_missing"), 1);
}

#[test]
fn quirk_26_decimal_commas_are_read_and_told() {
    let comma = document(&one("Dot", "a", &[("0", "62320,0039", "-12,5")]));
    assert_eq!(comma.annotations[0].geometry, Geometry::point(62320.0039, -12.5));
    assert_eq!(comma.report.warnings.count("decimal_comma"), 1);
    assert_eq!(comma.report.warnings.count("decimals_mixed"), 0);
    let mixed = document(&one("Dot", "a", &[("0", "1,5", "2.5")]));
    assert_eq!(mixed.report.warnings.count("decimals_mixed"), 1);
    for bad in ["1.234,5", "1,234.5", "1,2,3", ",", "1 234"] {
        let document = document(&one("Dot", "a", &[("0", bad, "1")]));
        assert_eq!(
            document.report.losses.count("coordinate_not_a_number"),
            1,
            "{bad}"
        );
        assert_eq!(document.annotations.len(), 0, "{bad}");
    }
}

#[test]
fn quirk_26_groups_that_are_missing_repeated_or_contradictory() {
    let ghost = document(&one("Polygon", "Ghost", &TRIANGLE));
    assert_eq!(ghost.labels[0].name, "Ghost");
    assert_eq!(ghost.report.warnings.count("group_not_declared"), 1);
    let with = |groups: &str| SAMPLE.replace("</AnnotationGroups>", &format!("{groups}</AnnotationGroups>"));
    let same = with("<Group Name=\"Lesion\" PartOfGroup=\"None\" Color=\"#FF0000\"/>");
    let document = bytes(same.as_bytes()).unwrap();
    assert_eq!(
        (
            document.labels.len(),
            document.report.warnings.count("group_repeated")
        ),
        (3, 1)
    );
    let other = with("<Group Name=\"Lesion\" PartOfGroup=\"None\" Color=\"#00FF00\"/>");
    let error = bytes(other.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "slides/001.xml, line 41, column 2: the group 'Lesion' is there twice, and not the same; the first is at line 32, column 3"
    );
    let circle = with("<Group Name=\"x\" PartOfGroup=\"y\"/><Group Name=\"y\" PartOfGroup=\"x\"/>");
    assert_eq!(
        bytes(circle.as_bytes()).unwrap().labels.len(),
        5,
        "a circle of groups ends"
    );
}

#[test]
fn what_nobody_knows_is_kept_and_what_names_a_person_is_private() {
    let more = SAMPLE
        .replace("<ASAP_Annotations>", "<ASAP_Annotations Version=\"2\"><Case>H23-1</Case>")
        .replace(
            "Type=\"Dot\"",
            "Type=\"Dot\" Score=\"0.5\" Reviewer=\"Jane\"",
        )
        .replacen("</Coordinates>", "</Coordinates><Attributes><Attribute Name=\"stage\" Value=\"late\"/></Attributes><Note by=\"x\"><a>1</a></Note>", 1);
    let document = bytes(more.as_bytes()).unwrap();
    let facts = &document.images[0].facts;
    assert_eq!(facts["Version"], SourceValue::Number(2.0));
    assert!(matches!(&facts["Case"], SourceValue::Private(p) if p.kind == PrivateTextKind::SourceCaseId));
    let first = &document.annotations[0].attributes;
    assert_eq!(first["stage"], text("late"));
    assert_eq!(first["Note"], text("@by=x; a=1"));
    let second = &document.annotations[1].attributes;
    assert_eq!(second["Score"], SourceValue::Number(0.5));
    assert!(matches!(&second["Reviewer"], SourceValue::Private(p) if p.text == "Jane"));
    assert_eq!(document.report.losses.count("structure_of_member"), 1);
}

#[test]
fn our_own_ids_are_strong_and_stand_for_one_annotation() {
    let id = "0123456789abcdef".repeat(3);
    let dot = |x: &str, id: &str| {
        one("Dot", "a", &[("0", x, "1")]).replace("Type=", &format!("HolotypeId=\"{id}\" Type="))
    };
    let document = document(&(dot("1", &id) + &dot("1", &id) + &dot("2", "me")));
    assert!(matches!(&document.annotations[0].id, Some(SourceId::Holotype(bytes)) if bytes[0] == 1));
    assert_eq!(
        (document.annotations.len(), document.annotations[1].id.clone()),
        (2, None)
    );
    assert_eq!(document.report.warnings.count("annotation_repeated"), 1);
    assert_eq!(document.report.warnings.count("holotype_id_unusable"), 1);
    let error = bytes(wrap(&(dot("1", &id) + &dot("2", &id))).as_bytes()).unwrap_err();
    assert!(
        matches!(error.problem, XmlProblem::Contradiction { .. }),
        "{error}"
    );
}

#[test]
fn what_cannot_be_used_is_lost_with_its_place_and_the_rest_is_read() {
    let without = |attribute: &str| one("Dot", "a", &TRIANGLE[..1]).replace(attribute, "Other");
    for (annotation, code) in [
        (without("PartOfGroup"), "annotation_without_class"),
        (one("Dot", "", &TRIANGLE[..1]), "annotation_without_class"),
        (without("Type"), "annotation_without_type"),
        (one("Circle", "a", &TRIANGLE), "type_unknown"),
        (one("Dot", "a", &TRIANGLE), "dot_unusable"),
        (one("Dot", "a", &[]), "dot_unusable"),
        (one("PointSet", "a", &[]), "annotation_without_place"),
        (
            "<Annotation Type=\"Dot\" PartOfGroup=\"a\"/>".to_owned(),
            "annotation_without_place",
        ),
        (one("Measurement", "a", &TRIANGLE[..1]), "line_unusable"),
        (
            one("Dot", "a", &TRIANGLE[..1]).replace("X=", "Z="),
            "coordinate_missing",
        ),
        ("<Note/>".to_owned(), "member_not_kept"),
    ] {
        let document = document(&(annotation + &one("Polygon", "b", &TRIANGLE)));
        assert_eq!(
            document.report.losses.count(code),
            1,
            "{code}: {:?}",
            document.report
        );
        assert_eq!(document.annotations.len(), 1, "{code}: the rest is read");
    }
    let message = document(&without("Type"))
        .report
        .losses
        .iter()
        .next()
        .unwrap()
        .message;
    assert_eq!(
        message,
        "slides/001.xml, line 1, column 53, annotation 1: it has no 'Type'"
    );
}

#[test]
fn what_is_there_twice_or_out_of_range_refuses_the_file() {
    let twice = one("Dot", "a", &TRIANGLE[..1]).replace("</Annotation>", "<Coordinates/></Annotation>");
    let lists = "<ASAP_Annotations><Annotations/><Annotations/></ASAP_Annotations>";
    let attribute = wrap(&one("Dot", "a", &TRIANGLE[..1]).replace("X=", "X=\"1\" X="));
    for (text, is) in [
        (wrap(&twice), "Repeated"),
        (lists.to_owned(), "Repeated"),
        (attribute, "Attribute"),
        (wrap(&one("Dot", "a", &[("0", "1e400", "1")])), "OutOfRange"),
        (wrap(&one("Dot", "a", &[("1e400", "1", "1")])), "OutOfRange"),
        ("<annotation/>".to_owned(), "WrongRoot"),
    ] {
        let problem = bytes(text.as_bytes()).unwrap_err().problem;
        assert!(format!("{problem:?}").starts_with(is), "{is}: {problem:?}");
    }
}

#[test]
fn f11_odd_places_are_kept_exactly_and_what_is_no_number_is_lost() {
    let flat = [("0", "3", "3"), ("1", "3", "3"), ("2", "3", "3"), ("3", "3", "3")];
    let outside = [
        ("0", "-6", "-7.5"),
        ("1", "1e300", "-7.5"),
        ("2", "1e300", "9"),
        ("3", "-6", "9"),
    ];
    let document = document(&(one("Rectangle", "a", &flat) + &one("Rectangle", "a", &outside)));
    assert_eq!(
        document.annotations[0].geometry,
        Geometry::rectangle(3.0, 3.0, 0.0, 0.0)
    );
    assert_eq!(
        document.annotations[1].geometry,
        Geometry::rectangle(-6.0, -7.5, 1e300, 16.5)
    );
    for bad in ["nan", "NaN", "inf", "-Infinity", "1.#IND", "", "0x10"] {
        let document = self::document(&one("Dot", "a", &[("0", "1", bad)]));
        assert_eq!(
            document.report.losses.count("coordinate_not_a_number"),
            1,
            "{bad}"
        );
    }
}

#[test]
fn f12_polygons_of_two_points_are_lost_and_a_million_points_are_read() {
    let crossing = [
        ("0", "0", "0"),
        ("1", "4", "4"),
        ("2", "4", "0"),
        ("3", "0", "4"),
        ("4", "0", "4"),
    ];
    let document = document(&(one("Polygon", "a", &TRIANGLE[..2]) + &one("Polygon", "a", &crossing)));
    assert_eq!(document.report.losses.count("polygon_unusable"), 1);
    assert!(
        matches!(&document.annotations[0].geometry.shape, Shape::Polygon { rings } if rings[0].len() == 5)
    );
    let many: String = (0..1_000_000)
        .map(|n| {
            format!(
                "<Coordinate Order=\"{n}\" X=\"{}\" Y=\"{}.5\" />\n",
                n % 1000,
                n / 1000
            )
        })
        .collect();
    let file = one("Polygon", "a", &[]).replace("<Coordinates>", &format!("<Coordinates>{many}"));
    let document = self::document(&file);
    assert!(
        matches!(&document.annotations[0].geometry.shape, Shape::Polygon { rings } if rings[0].len() == 1_000_000)
    );
}

#[test]
fn f15_other_encodings_are_refused() {
    assert_eq!(hostile::encodings(bytes, SAMPLE), Vec::<String>::new());
}

#[test]
fn f16_what_is_not_one_whole_file_is_refused() {
    assert_eq!(hostile::fragments(bytes, SAMPLE), Vec::<String>::new());
}

#[test]
fn f21_nothing_is_pulled_in_and_nothing_grows() {
    assert_eq!(hostile::document_types(bytes, SAMPLE), Vec::<String>::new());
}

#[test]
fn a_file_is_told_by_its_root() {
    assert!(recognise(SAMPLE.as_bytes()).is_some());
    assert!(recognise(b"<ASAP_Annotations/>").is_some());
    for other in ["<Annotations>", "<annotation>", "<ASAP_AnnotationsX>", "{}", ""] {
        assert_eq!(recognise(other.as_bytes()), None, "{other}");
    }
}

proptest! {
    #[test]
    fn f21_mutated_files_are_read_or_refused(
        at in 0usize..2400, length in 0usize..40, bytes in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut file = SAMPLE.as_bytes().to_vec();
        let at = at.min(file.len());
        let end = (at + length).min(file.len());
        file.splice(at..end, bytes);
        if let Ok(document) = super::read("a.xml", &file) {
            prop_assert_eq!(document.images.len(), 1);
            let labels = document.labels.len();
            prop_assert!(document.annotations.iter().all(|a| a.label.is_none_or(|label| label < labels)));
        }
        let _ = recognise(&file);
    }

    #[test]
    fn f21_any_markup_is_read_or_refused(
        text in "(<ASAP_Annotations>|</ASAP_Annotations>|<Annotations>|</Annotations>|<Annotation Type='Dot'>|</Annotation>|<Coordinates>|<Coordinate X='1'/>|<|>|&|a| |\"|<!\\[CDATA\\[|\\]\\]>){0,20}",
    ) {
        if let Ok(document) = super::read("a.xml", text.as_bytes()) {
            prop_assert!(document.annotations.is_empty());
        }
    }
}
