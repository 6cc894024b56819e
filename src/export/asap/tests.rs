//! What is written, and how much of it the tool's form says.

use super::*;
use crate::model::geometry::Shape;

fn written(annotations: &[AsapAnnotation<'_>]) -> (String, AsapLosses) {
    let image = AsapImage {
        name: "a & \"b\".svs",
        size: Some((640.0, 480.0)),
    };
    let groups = [
        AsapGroup {
            name: "tumor",
            colour: Some("#ff0000"),
            outer: Some("lesion"),
        },
        AsapGroup {
            name: "lesion",
            colour: None,
            outer: None,
        },
    ];
    let mut out = Vec::new();
    let losses = write_asap(&image, &groups, annotations, &mut out);
    (String::from_utf8(out).unwrap(), losses)
}

fn annotation<'a>(label: Option<&'a str>, geometry: &'a Geometry) -> AsapAnnotation<'a> {
    AsapAnnotation {
        id: None,
        label,
        geometry,
        colour: None,
        curve: AsapCurve::Straight,
    }
}

#[test]
fn a_file_has_the_tools_own_layout() {
    let geometry = Geometry::rectangle(0.1, 9.5, 20.0, 0.2);
    let id = AnnotationId::from_bytes([7; 24]);
    let (text, losses) = written(&[AsapAnnotation {
        id: Some(id),
        ..annotation(Some("tumor"), &geometry)
    }]);
    assert_eq!(losses, AsapLosses::default());
    let expected = format!(
        r##"<?xml version="1.0" encoding="UTF-8"?>
<ASAP_Annotations HolotypeImage="a &amp; &quot;b&quot;.svs">
	<Annotations>
		<Annotation Name="Annotation 0" Type="Rectangle" PartOfGroup="tumor" Color="#ff0000" HolotypeId="{id}">
			<Coordinates>
				<Coordinate Order="0" X="0.1" Y="9.5" />
				<Coordinate Order="1" X="20.1" Y="9.5" />
				<Coordinate Order="2" X="20.1" Y="9.7" />
				<Coordinate Order="3" X="0.1" Y="9.7" />
			</Coordinates>
		</Annotation>
	</Annotations>
	<AnnotationGroups>
		<Group Name="lesion" PartOfGroup="None" Color="#56b4e9" HolotypeColour="none">
			<Attributes />
		</Group>
		<Group Name="tumor" PartOfGroup="lesion" Color="#ff0000">
			<Attributes />
		</Group>
	</AnnotationGroups>
</ASAP_Annotations>
"##
    );
    assert_eq!(text, expected);
}

#[test]
fn what_the_tool_cannot_draw_is_drawn_nearly_and_counted() {
    let triangle = vec![[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]];
    let hole = vec![[5.0, 1.0], [8.0, 1.0], [8.0, 4.0]];
    let geometries = [
        Shape::Polygon {
            rings: vec![triangle.clone(), hole],
        },
        Shape::Circle {
            x: 5.0,
            y: 5.0,
            radius: 2.0,
        },
        Shape::Polyline {
            points: triangle.clone(),
        },
        Shape::Image,
        Shape::MultiPolygon {
            polygons: vec![vec![triangle.clone()], vec![triangle.clone()]],
        },
        Shape::Polyline {
            points: triangle.iter().take(2).copied().collect(),
        },
    ]
    .map(Geometry::new);
    let (text, losses) = written(
        &geometries
            .each_ref()
            .map(|geometry| annotation(Some("None"), geometry)),
    );
    let expected = AsapLosses {
        holes_filled: 1,
        drawn_as_polygon: 1,
        line_closed: 1,
        image_as_rectangle: 1,
        divided: 1,
        label_unspeakable: 6,
        ..AsapLosses::default()
    };
    assert_eq!(losses, expected);
    assert_eq!(text.matches("<Annotation ").count(), 7);
    assert_eq!(
        text.matches("HolotypeGeometry=").count(),
        4,
        "not beside what is exact or in parts"
    );
    assert_eq!(text.matches("Type=\"Measurement\"").count(), 1);
}

#[test]
fn a_whole_image_of_no_known_size_is_not_written() {
    let geometry = Geometry::new(Shape::Image);
    let mut out = Vec::new();
    let losses = write_asap(
        &AsapImage::default(),
        &[],
        &[annotation(None, &geometry)],
        &mut out,
    );
    assert_eq!(losses.without_extent, 1);
    assert!(!String::from_utf8(out).unwrap().contains("<Annotation "));
}
