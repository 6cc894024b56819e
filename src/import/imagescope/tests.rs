//! Files as the viewer and its users write them, and hostile ones.

use proptest::prelude::*;

use super::*;
use crate::import::document::{PrivateTextKind, SourceAnnotation, SourceId};
use crate::import::xml::hostile;
use crate::model::Geometry;
use crate::model::geometry::Shape;

/// In the viewer's own layout: a named layer with a hole, one that has a colour only, one that a description names.
pub(super) const SAMPLE: &str = r#"<?xml version="1.0"?>
<Annotations MicronsPerPixel="0.252100">
 <Annotation Id="1" Name="Tumor" ReadOnly="0" NameReadOnly="0" LineColorReadOnly="0" Incremental="0" Type="4" LineColor="65280" Visible="1" Selected="1" MarkupImagePath="" MacroName="">
  <Attributes>
   <Attribute Name="Description" Id="0" Value=""/>
  </Attributes>
  <Regions>
   <RegionAttributeHeaders>
    <AttributeHeader Id="9999" Name="Region" ColumnWidth="-1"/>
    <AttributeHeader Id="1" Name="grade" ColumnWidth="-1"/>
   </RegionAttributeHeaders>
   <Region Id="1" Type="0" Zoom="0.05" Selected="0" ImageLocation="" ImageFocus="-1" Length="400.0" Area="10000.0" LengthMicrons="100.8" AreaMicrons="635.5" Text="" NegativeROA="0" InputRegionId="0" Analyze="1" DisplayId="1">
    <Attributes><Attribute Name="" Id="1" Value="2"/></Attributes>
    <Vertices>
     <Vertex X="0" Y="0" Z="0"/>
     <Vertex X="100" Y="0" Z="0"/>
     <Vertex X="100" Y="100" Z="0"/>
     <Vertex X="0" Y="100" Z="0"/>
    </Vertices>
   </Region>
   <Region Id="2" Type="0" Zoom="0.05" Selected="0" ImageLocation="" ImageFocus="-1" Length="30" Area="50" LengthMicrons="1" AreaMicrons="1" Text="" NegativeROA="1" InputRegionId="0" Analyze="1" DisplayId="2">
    <Attributes/>
    <Vertices>
     <Vertex X="10" Y="10"/>
     <Vertex X="20" Y="10"/>
     <Vertex X="20" Y="20"/>
    </Vertices>
   </Region>
  </Regions>
  <Plots/>
 </Annotation>
 <Annotation Id="2" Name="" Type="4" LineColor="255" Visible="1">
  <Attributes/>
  <Regions>
   <Region Id="1" Type="1" Text="as Jane said" NegativeROA="0">
    <Vertices><Vertex X="1.5" Y="2"/><Vertex X="11.5" Y="2"/><Vertex X="11.5" Y="6"/><Vertex X="1.5" Y="6"/></Vertices>
   </Region>
   <Region Id="2" Type="2"><Vertices><Vertex X="10" Y="20"/><Vertex X="30" Y="60"/></Vertices></Region>
  </Regions>
 </Annotation>
 <Annotation Id="3" Name="" LineColor="16711680">
  <Attributes><Attribute Name="Description" Id="0" Value="mitosis"/></Attributes>
  <Regions>
   <Region Id="1" Type="3"><Vertices><Vertex X="1" Y="2"/><Vertex X="3" Y="4"/></Vertices></Region>
   <Region Id="2" Type="4" Analyze="0"><Vertices><Vertex X="1" Y="2"/><Vertex X="3" Y="4"/></Vertices></Region>
  </Regions>
 </Annotation>
</Annotations>
"#;

fn bytes(bytes: &[u8]) -> Result<Document, XmlError> {
    super::read("slides/001.xml", bytes).map_err(|ImageScopeError(error)| error)
}

/// One region of a type; `more` are further attributes.
fn region(id: u32, kind: &str, more: &str, points: &[[&str; 2]]) -> String {
    let points: String = points
        .iter()
        .map(|[x, y]| format!("<Vertex X=\"{x}\" Y=\"{y}\" Z=\"0\"/>"))
        .collect();
    format!("<Region Id=\"{id}\" Type=\"{kind}\" {more}><Vertices>{points}</Vertices></Region>")
}

fn layer(attributes: &str, regions: &str) -> String {
    format!("<Annotation {attributes}><Regions>{regions}</Regions></Annotation>")
}

fn wrap(layers: &str) -> String {
    format!("<?xml version=\"1.0\"?><Annotations>{layers}</Annotations>")
}

fn document(regions: &str) -> Document {
    bytes(wrap(&layer("Id=\"1\" Name=\"a\"", regions)).as_bytes()).unwrap()
}

const TRIANGLE: [[&str; 2]; 3] = [["1", "1"], ["5", "1"], ["5", "4"]];

fn square(from: &str, to: &str) -> [[String; 2]; 4] {
    [[from, from], [to, from], [to, to], [from, to]].map(|point| point.map(str::to_owned))
}

fn squared(id: u32, kind: &str, more: &str, from: &str, to: &str) -> String {
    let corners = square(from, to);
    let corners: Vec<[&str; 2]> = corners.iter().map(|[x, y]| [x.as_str(), y.as_str()]).collect();
    region(id, kind, more, &corners)
}

fn text(text: &str) -> SourceValue {
    SourceValue::Text(text.to_owned())
}

fn rings(annotation: &SourceAnnotation) -> Vec<usize> {
    let Shape::Polygon { rings } = &annotation.geometry.shape else {
        panic!("{annotation:?} is no polygon");
    };
    rings.iter().map(Vec::len).collect()
}

#[test]
fn quirk_27_the_class_is_the_layers_name_or_description_or_colour() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let names: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["Tumor", "#ff0000", "mitosis"]);
    let labels: Vec<Option<usize>> = document.annotations.iter().map(|a| a.label).collect();
    assert_eq!(labels, [Some(0), Some(1), Some(1), Some(2), Some(2)]);
    for (label, colour) in [(0, "#00ff00"), (1, "#ff0000"), (2, "#0000ff")] {
        assert_eq!(
            document.labels[label].facts["colour"],
            text(colour),
            "decimal, blue first"
        );
        assert_eq!(
            document.labels[label].facts.len(),
            1,
            "{:?}",
            document.labels[label].facts
        );
    }
    let neither = bytes(wrap(&layer("Id=\"1\"", &region(1, "0", "", &TRIANGLE))).as_bytes()).unwrap();
    assert_eq!(neither.annotations.len(), 0);
    assert_eq!(neither.report.losses.count("annotation_without_class"), 1);
    let empty = bytes(wrap(&layer("Id=\"1\" Name=\"Stroma\"", "")).as_bytes()).unwrap();
    assert_eq!(
        (empty.labels.len(), empty.annotations.len()),
        (1, 0),
        "an empty layer is a class"
    );
}

#[test]
fn quirk_27_each_type_has_its_shape() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let [tumor, rectangle, ellipse, arrow, ruler] = document.annotations.as_slice() else {
        panic!("{document:?}");
    };
    assert_eq!(rings(tumor), [4, 3]);
    assert_eq!(rectangle.geometry, Geometry::rectangle(1.5, 2.0, 10.0, 4.0));
    let expected = Shape::Ellipse {
        x: 20.0,
        y: 40.0,
        radius_x: 10.0,
        radius_y: 20.0,
        angle_deg: 0.0,
    };
    assert_eq!(ellipse.geometry.shape, expected);
    let line = Shape::Polyline {
        points: vec![[1.0, 2.0], [3.0, 4.0]],
    };
    assert_eq!((&arrow.geometry.shape, &ruler.geometry.shape), (&line, &line));
    assert_eq!(arrow.attributes["imagescope_type"], text("arrow"));
    assert_eq!(ruler.attributes["imagescope_type"], text("ruler"));
    let four = self::document(&squared(1, "2", "", "0", "8"));
    assert!(matches!(
        four.annotations[0].geometry.shape,
        Shape::Ellipse {
            x: 4.0,
            radius_x: 4.0,
            ..
        }
    ));
    let two = self::document(&region(1, "1", "", &[["9", "8"], ["1", "2"]]));
    assert_eq!(
        two.annotations[0].geometry,
        Geometry::rectangle(1.0, 2.0, 8.0, 6.0)
    );
    let turned = self::document(&region(1, "1", "", &TRIANGLE));
    assert_eq!(
        turned.annotations[0].attributes["imagescope_type"],
        text("rectangle")
    );
    let missing = self::document(&region(1, "", "", &TRIANGLE));
    assert_eq!(
        (
            rings(&missing.annotations[0]),
            missing.report.warnings.count("type_missing")
        ),
        (vec![3], 1)
    );
}

#[test]
fn quirk_27_a_negative_region_is_a_hole_of_the_smallest_around_it() {
    let nested = [
        squared(1, "0", "", "0", "100"),
        squared(2, "0", "", "10", "50"),
        squared(3, "0", "NegativeROA=\"1\"", "20", "30"),
        squared(4, "0", "NegativeROA=\"1\"", "60", "100"),
        squared(5, "1", "", "200", "300"),
        squared(6, "1", "NegativeROA=\"1\"", "210", "220"),
    ];
    let document = document(&nested.concat());
    let found: Vec<Vec<usize>> = document.annotations.iter().map(rings).collect();
    assert_eq!(found, [vec![4, 4], vec![4, 4], vec![4, 4]]);
    let Shape::Polygon { rings: inner } = &document.annotations[1].geometry.shape else {
        panic!("{document:?}");
    };
    assert_eq!(inner[1][0], [20.0, 20.0], "the smaller region has the hole");
    assert_eq!(
        document.annotations[2].attributes["imagescope_type"],
        text("rectangle")
    );
    assert_eq!(
        document.annotations[2].id,
        Some(SourceId::Local("1/5".to_owned()))
    );
}

#[test]
fn quirk_27_a_hole_of_nothing_is_kept_and_told() {
    let regions = [
        squared(1, "0", "", "0", "10"),
        squared(2, "0", "NegativeROA=\"1\"", "5", "15"),
        squared(3, "2", "", "100", "200"),
        squared(4, "0", "NegativeROA=\"1\"", "140", "150"),
        squared(5, "2", "NegativeROA=\"1\"", "1", "2"),
    ];
    let other_layer = layer(
        "Id=\"2\" Name=\"b\"",
        &squared(1, "0", "NegativeROA=\"1\"", "2", "3"),
    );
    let file = wrap(&(layer("Id=\"1\" Name=\"a\"", &regions.concat()) + &other_layer));
    let document = bytes(file.as_bytes()).unwrap();
    assert_eq!(document.annotations.len(), 6);
    assert_eq!(rings(&document.annotations[0]), [4]);
    let negative: Vec<bool> = document
        .annotations
        .iter()
        .map(|a| a.attributes.get("negative_roa") == Some(&SourceValue::Flag(true)))
        .collect();
    assert_eq!(negative, [false, true, false, true, true, true]);
    assert_eq!(document.report.warnings.count("hole_without_region"), 4);
    let said = self::document(
        &(squared(1, "0", "", "0", "9") + &squared(2, "0", "NegativeROA=\"1\" Text=\"vessel\"", "1", "2")),
    );
    assert_eq!(said.report.losses.count("hole_attributes"), 1);
    let sign = self::document(&region(1, "0", "NegativeROA=\"yes\"", &TRIANGLE));
    assert_eq!(sign.report.losses.count("sign_unknown"), 1);
}

#[test]
fn quirk_27_the_resolution_is_a_fact_of_the_image() {
    let image = bytes(SAMPLE.as_bytes()).unwrap().images.remove(0);
    assert_eq!(image.name, "001");
    for axis in ["um_per_px_x", "um_per_px_y"] {
        assert_eq!(image.facts[axis], SourceValue::Number(0.2521));
    }
    for bad in ["0", "", "-1", "none", "nan"] {
        let file = SAMPLE.replace("0.252100", bad);
        let document = bytes(file.as_bytes()).unwrap();
        assert!(document.images[0].facts.is_empty(), "{bad}");
        assert_eq!(document.report.warnings.count("resolution_unusable"), 1, "{bad}");
    }
}

#[test]
fn quirk_27_ids_are_of_layer_and_region() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let ids: Vec<Option<SourceId>> = document.annotations.iter().map(|a| a.id.clone()).collect();
    let local = |text: &str| Some(SourceId::Local(text.to_owned()));
    assert_eq!(ids, ["1/1", "2/1", "2/2", "3/1", "3/2"].map(local));
    let both = layer("Id=\"1\" Name=\"a\"", &region(1, "0", "", &TRIANGLE));
    let document = bytes(wrap(&both.repeat(2)).as_bytes()).unwrap();
    assert_eq!(
        (
            document.annotations[0].id.clone(),
            document.annotations[1].id.clone()
        ),
        (local("1/1"), None)
    );
    assert_eq!(document.report.warnings.count("layer_id_repeated"), 1);
}

#[test]
fn quirk_27_texts_and_attributes_are_kept_and_a_look_at_a_slide_changes_nothing() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    assert_eq!(
        document.annotations[0].attributes.len(),
        1,
        "{:?}",
        document.annotations[0].attributes
    );
    assert_eq!(
        document.annotations[0].attributes["grade"],
        SourceValue::Number(2.0),
        "named by its header"
    );
    let said = &document.annotations[1].attributes["Text"];
    assert!(
        matches!(said, SourceValue::Private(p) if p.kind == PrivateTextKind::FreeText && p.text == "as Jane said")
    );
    assert_eq!(
        document.annotations[4].attributes["analyze"],
        SourceValue::Flag(false)
    );
    assert_eq!(document.report.losses.count("viewer_state"), 1);
    let looked = SAMPLE
        .replace("Zoom=\"0.05\"", "Zoom=\"0.9\"")
        .replace("Selected=\"0\"", "Selected=\"1\"");
    assert_eq!(bytes(looked.as_bytes()).unwrap(), document);
    let path = SAMPLE.replacen(
        "ImageLocation=\"\"",
        "ImageLocation=\"C:\\Users\\jane\\1.svs\"",
        1,
    );
    let document = bytes(path.as_bytes()).unwrap();
    assert!(
        matches!(&document.annotations[0].attributes["ImageLocation"], SourceValue::Private(p) if p.kind == PrivateTextKind::Path)
    );
}

#[test]
fn quirk_27_layers_of_one_name_are_one_class() {
    let regions = region(1, "0", "", &TRIANGLE);
    let first = layer("Id=\"1\" Name=\"a\" LineColor=\"255\"", &regions);
    let second = layer("Id=\"2\" Name=\"a\" LineColor=\"65280\"", &regions);
    let document = bytes(wrap(&(first + &second)).as_bytes()).unwrap();
    assert_eq!((document.labels.len(), document.annotations.len()), (1, 2));
    assert_eq!(document.labels[0].facts["colour"], text("#ff0000"));
    assert_eq!(document.report.warnings.count("layers_of_one_class_differ"), 1);
}

#[test]
fn what_cannot_be_used_is_lost_with_its_place_and_the_rest_is_read() {
    for (bad, code) in [
        (region(1, "7", "", &TRIANGLE), "type_unknown"),
        (region(1, "2", "", &TRIANGLE), "ellipse_unusable"),
        (region(1, "4", "", &TRIANGLE[..1]), "line_unusable"),
        (region(1, "0", "", &[["1", "x"]; 3]), "coordinate_not_a_number"),
        (
            region(1, "0", "", &TRIANGLE).replace("X=", "Q="),
            "coordinate_missing",
        ),
        (
            "<Region Id=\"1\" Type=\"0\"/>".to_owned(),
            "annotation_without_place",
        ),
        (
            region(1, "0", "", &TRIANGLE).replace("</Vertices>", "<V X=\"1\"/></Vertices>"),
            "member_not_kept",
        ),
    ] {
        let document = document(&(bad + &region(2, "0", "", &TRIANGLE)));
        assert_eq!(
            document.report.losses.count(code),
            1,
            "{code}: {:?}",
            document.report
        );
        assert!(
            document
                .annotations
                .iter()
                .any(|a| a.id == Some(SourceId::Local("1/2".to_owned()))),
            "{code}"
        );
    }
    let message = document(&region(1, "7", "", &TRIANGLE))
        .report
        .losses
        .iter()
        .next()
        .unwrap()
        .message;
    assert_eq!(
        message,
        "slides/001.xml, line 1, column 72, region 1: its 'Type' is '7', which is none of 0 to 4"
    );
    let deep = document(&region(1, "0", "", &TRIANGLE).replace("Z=\"0\"", "Z=\"3\""));
    assert_eq!(
        (deep.annotations.len(), deep.report.losses.count("vertex_depth")),
        (1, 1)
    );
}

#[test]
fn what_is_there_twice_or_out_of_range_refuses_the_file() {
    let same = region(1, "0", "", &TRIANGLE);
    let document = document(&same.repeat(2));
    assert_eq!(
        (
            document.annotations.len(),
            document.report.warnings.count("annotation_repeated")
        ),
        (1, 1)
    );
    let layers = |regions: &str| wrap(&layer("Id=\"1\" Name=\"a\"", regions));
    for (text, is) in [
        (
            layers(&(same.clone() + &region(1, "1", "", &TRIANGLE[..2]))),
            "Contradiction",
        ),
        (
            layers(&same.replace("</Region>", "<Vertices/></Region>")),
            "Repeated",
        ),
        (layers(&region(1, "0", "", &[["1e400", "1"]; 3])), "OutOfRange"),
        (SAMPLE.replace("0.252100", "1e400"), "OutOfRange"),
        (layers(&region(1, "0", "Id=\"2\"", &TRIANGLE)), "Attribute"),
        ("<annotations/>".to_owned(), "WrongRoot"),
    ] {
        let problem = bytes(text.as_bytes()).unwrap_err().problem;
        assert!(format!("{problem:?}").starts_with(is), "{is}: {problem:?}");
    }
}

#[test]
fn f11_odd_places_are_kept_exactly_and_what_is_no_number_is_lost() {
    let document =
        document(&(squared(1, "1", "", "3", "3") + &region(2, "1", "", &[["-6", "-7.5"], ["1e300", "9"]])));
    assert_eq!(
        document.annotations[0].geometry,
        Geometry::rectangle(3.0, 3.0, 0.0, 0.0)
    );
    assert_eq!(
        document.annotations[1].geometry,
        Geometry::rectangle(-6.0, -7.5, 1e300, 16.5)
    );
    for bad in ["nan", "inf", "-Infinity", "1.#IND", "", "1,5"] {
        let document = self::document(&region(1, "1", "", &[["1", "1"], ["2", bad]]));
        assert_eq!(
            document.report.losses.count("coordinate_not_a_number"),
            1,
            "{bad}"
        );
    }
    let wide = self::document(&region(1, "1", "", &[["-1.7e308", "1"], ["1.7e308", "2"]]));
    assert_eq!(wide.report.losses.count("coordinate_not_a_number"), 1);
}

#[test]
fn f12_polygons_of_two_points_are_lost_and_a_million_points_are_read() {
    let two = document(&region(1, "0", "", &TRIANGLE[..2]));
    assert_eq!(
        (two.annotations.len(), two.report.losses.count("polygon_unusable")),
        (0, 1)
    );
    let many: String = (0..1_000_000)
        .map(|n| format!("<Vertex X=\"{}\" Y=\"{}.5\" Z=\"0\"/>\n", n % 1000, n / 1000))
        .collect();
    let file = region(1, "0", "", &[]).replace("<Vertices>", &format!("<Vertices>{many}"));
    assert_eq!(rings(&document(&file).annotations[0]), [1_000_000]);
}

#[test]
fn f12_many_holes_end_in_bounded_time() {
    let outer: Vec<[String; 2]> = (0..100_000)
        .map(|n| {
            let (sin, cos) = (f64::from(n) / 100_000.0 * std::f64::consts::TAU).sin_cos();
            [(1000.0 * cos).to_string(), (1000.0 * sin).to_string()]
        })
        .collect();
    let outer: Vec<[&str; 2]> = outer.iter().map(|[x, y]| [x.as_str(), y.as_str()]).collect();
    let mut regions = region(0, "0", "", &outer);
    for id in 1..=200 {
        regions += &squared(id, "0", "NegativeROA=\"1\"", "1", "2");
    }
    let document = document(&regions);
    assert_eq!(rings(&document.annotations[0]).len(), 201);
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
fn a_file_is_told_by_its_root_and_what_is_in_it() {
    assert!(recognise(SAMPLE.as_bytes()).is_some());
    assert!(recognise(b"<Annotations/>").is_some());
    for other in [
        "<annotations>",
        "<ASAP_Annotations>",
        "<Annotations><Other/>",
        "<annotation>",
        "",
    ] {
        assert_eq!(recognise(other.as_bytes()), None, "{other}");
    }
}

proptest! {
    #[test]
    fn f21_mutated_files_are_read_or_refused(
        at in 0usize..3500, length in 0usize..40, bytes in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut file = SAMPLE.as_bytes().to_vec();
        let at = at.min(file.len());
        let end = (at + length).min(file.len());
        file.splice(at..end, bytes);
        if let Ok(document) = super::read("a.xml", &file) {
            prop_assert_eq!(document.images.len(), 1);
            let labels = document.labels.len();
            prop_assert!(document.annotations.iter().all(|a| a.label.is_some_and(|label| label < labels)));
        }
        let _ = recognise(&file);
    }

    #[test]
    fn f21_any_markup_is_read_or_refused(
        text in "(<Annotations>|</Annotations>|<Annotation Name='a'>|</Annotation>|<Regions>|<Region Type='1'>|</Region>|<Vertices>|<Vertex X='1'/>|<|>|&|a| |\"|<!\\[CDATA\\[|\\]\\]>){0,20}",
    ) {
        if let Ok(document) = super::read("a.xml", text.as_bytes()) {
            prop_assert!(document.annotations.is_empty());
        }
    }
}
