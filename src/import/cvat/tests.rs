//! Files as the tool and its users write them, and hostile ones.

use proptest::prelude::*;

use super::*;
use crate::import::document::{PrivateTextKind, SourceAnnotation, SourceRating, SourceValue};
use crate::import::xml::hostile;
use crate::model::Geometry;
use crate::model::geometry::Shape;

/// In the tool's own layout: a task with two images and each shape.
pub(super) const SAMPLE: &str = r##"<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>5</id>
      <name>mitoses, round 1</name>
      <size>2</size>
      <mode>annotation</mode>
      <overlap>0</overlap>
      <bugtracker></bugtracker>
      <created>2024-05-13 09:12:01.000000+00:00</created>
      <updated>2024-05-14 10:00:00.000000+00:00</updated>
      <subset>train</subset>
      <start_frame>0</start_frame>
      <stop_frame>1</stop_frame>
      <frame_filter></frame_filter>
      <segments><segment><id>9</id><start>0</start><stop>1</stop><url>http://localhost:8080/api/jobs/9</url></segment></segments>
      <owner><username>admin.jones</username><email>admin@example.org</email></owner>
      <assignee><username>ada</username><email></email></assignee>
      <labels>
        <label><name>mitosis</name><color>#FA3253</color><type>any</type><attributes></attributes></label>
        <label><name>tissue</name><color>#32b7fa</color><type>polygon</type><attributes><attribute><name>grade</name><mutable>False</mutable><input_type>select</input_type><default_value>1</default_value><values>1
2</values></attribute></attributes></label>
        <label><name>cell</name><color>#000000</color><type>skeleton</type><svg>&lt;line x1="0"/&gt;</svg></label>
        <label><name>nucleus</name><color>#ff00ff</color><type>points</type><attributes></attributes><parent>cell</parent></label>
      </labels>
    </task>
    <dumped>2024-05-15 08:00:00.000000+00:00</dumped>
  </meta>
  <image id="0" name="a/001.png" subset="train" task_id="5" width="640" height="480">
    <box label="mitosis" source="manual" occluded="0" xtl="10.10" ytl="20.00" xbr="30.35" ybr="60.50" z_order="0">
    </box>
    <box label="mitosis" source="auto" occluded="1" xtl="100" ytl="100" xbr="120" ybr="110" rotation="30.5" z_order="4">
      <attribute name="score">0.5</attribute>
      <attribute name="Reviewer">Jane</attribute>
    </box>
    <polygon label="tissue" source="manual" occluded="0" points="1.5,2.00;9.00,2.00;9.00,7.25" z_order="0">
      <attribute name="grade">2</attribute>
    </polygon>
    <polyline label="tissue" source="manual" occluded="0" points="1.00,2.00;3.00,4.00" z_order="0">
    </polyline>
    <points label="mitosis" source="manual" occluded="0" points="5.00,6.00" z_order="0">
    </points>
    <ellipse label="tissue" source="manual" occluded="0" cx="50.5" cy="60" rx="10" ry="5" rotation="45.0" z_order="0">
    </ellipse>
    <mask label="tissue" source="semi-auto" occluded="0" rle="1, 2, 1, 1, 1" left="7" top="9" width="3" height="2" z_order="0">
    </mask>
    <tag label="tissue" source="manual">
    </tag>
  </image>
  <image id="1" name="a/002.png" subset="train" task_id="5" width="640" height="480">
    <skeleton label="cell" source="manual" z_order="0">
      <points label="nucleus" source="manual" outside="0" occluded="0" points="11.00,12.00">
      </points>
      <points label="nucleus" source="manual" outside="1" occluded="1" points="13.00,14.00">
        <attribute name="side">left</attribute>
      </points>
    </skeleton>
  </image>
</annotations>
"##;

fn bytes(bytes: &[u8]) -> Result<Document, XmlError> {
    super::read("annotations.xml", bytes).map_err(|CvatError(error)| error)
}

fn wrap(shapes: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><annotations><image id=\"0\" name=\"a.png\">{shapes}</image></annotations>"
    )
}

fn document(shapes: &str) -> Document {
    bytes(wrap(shapes).as_bytes()).unwrap()
}

fn box_of(corners: [&str; 4], more: &str) -> String {
    let [left, top, right, bottom] = corners;
    format!("<box label=\"a\" xtl=\"{left}\" ytl=\"{top}\" xbr=\"{right}\" ybr=\"{bottom}\" {more}/>")
}

fn text(text: &str) -> SourceValue {
    SourceValue::Text(text.to_owned())
}

fn label<'d>(document: &'d Document, annotation: &SourceAnnotation) -> &'d str {
    &document.labels[annotation.label.unwrap()].name
}

#[test]
fn quirk_28_each_shape_is_read() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let shapes: Vec<Shape> = document
        .annotations
        .iter()
        .map(|a| a.geometry.shape.clone())
        .collect();
    let expected = [
        Geometry::rectangle(10.1, 20.0, 20.25, 40.5).shape,
        Shape::RotatedBox {
            x: 100.0,
            y: 100.0,
            width: 20.0,
            height: 10.0,
            angle_deg: 30.5,
        },
        Shape::Polygon {
            rings: vec![vec![[1.5, 2.0], [9.0, 2.0], [9.0, 7.25]]],
        },
        Shape::Polyline {
            points: vec![[1.0, 2.0], [3.0, 4.0]],
        },
        Geometry::point(5.0, 6.0).shape,
        Shape::Ellipse {
            x: 50.5,
            y: 60.0,
            radius_x: 10.0,
            radius_y: 5.0,
            angle_deg: 45.0,
        },
        Shape::Mask {
            x: 7.0,
            y: 9.0,
            width: 3.0,
            height: 2.0,
            counts: vec![2, 3, 1],
        },
        Shape::Image,
        Geometry::point(11.0, 12.0).shape,
        Geometry::point(13.0, 14.0).shape,
    ];
    assert_eq!(shapes, expected);
    let images: Vec<usize> = document.annotations.iter().map(|a| a.image).collect();
    assert_eq!(images, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    assert!(document.annotations.iter().all(|a| a.id.is_none()));
}

#[test]
fn quirk_28_what_is_said_of_a_shape_is_kept_where_it_says_something() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let attributes = |n: usize| &document.annotations[n].attributes;
    assert_eq!(
        (attributes(0).len(), &attributes(0)["source"]),
        (1, &text("manual"))
    );
    let second = attributes(1);
    assert_eq!(second["occluded"], SourceValue::Flag(true));
    assert_eq!(second["z_order"], SourceValue::Number(4.0));
    assert_eq!(second["source"], text("auto"));
    assert_eq!(second["score"], SourceValue::Number(0.5));
    assert!(matches!(&second["Reviewer"], SourceValue::Private(p) if p.text == "Jane"));
    assert_eq!(attributes(2)["grade"], SourceValue::Number(2.0));
    let grouped = self::document(&box_of(
        ["1", "2", "3", "4"],
        "group_id=\"7\" z_order=\"-1\" conf=\"x\" outside=\"0\"",
    ));
    let attributes = &grouped.annotations[0].attributes;
    assert_eq!(attributes["group_id"], SourceValue::Number(7.0));
    assert_eq!(attributes["z_order"], SourceValue::Number(-1.0));
    assert_eq!((attributes["conf"].clone(), attributes.len()), (text("x"), 3));
}

#[test]
fn quirk_28_skeletons_and_several_points_become_one_annotation_a_point() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let last = &document.annotations[9];
    assert_eq!(label(&document, last), "nucleus");
    assert_eq!(last.attributes["skeleton"], text("cell"));
    assert_eq!(last.attributes["skeleton_number"], SourceValue::Number(1.0));
    assert_eq!(last.attributes["outside"], SourceValue::Flag(true));
    assert_eq!(last.attributes["side"], text("left"));
    assert_eq!(document.annotations[8].attributes.get("side"), None);
    assert_eq!(document.report.warnings.count("skeleton_divided"), 1);
    let several =
        self::document("<points label=\"a\" points=\"1,2;3,4\"/><points label=\"a\" points=\"5,6;7,8\"/>");
    let sets: Vec<f64> = several
        .annotations
        .iter()
        .filter_map(|a| match a.attributes["point_set"] {
            SourceValue::Number(number) => Some(number),
            SourceValue::Text(_) | SourceValue::Flag(_) | SourceValue::Private(_) => None,
        })
        .collect();
    assert_eq!(sets, [1.0, 1.0, 2.0, 2.0]);
    assert_eq!(several.report.warnings.count("point_set_divided"), 2);
    let empty = self::document(
        "<skeleton label=\"a\"><points label=\"b\" points=\"\"/><points points=\"1,2\"/></skeleton>",
    );
    assert_eq!(empty.annotations.len(), 0);
    assert_eq!(empty.report.losses.count("annotation_without_place"), 2);
    assert_eq!(empty.report.losses.count("annotation_without_class"), 1);
}

#[test]
fn quirk_28_labels_have_their_colours_and_outer_labels() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let names: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["mitosis", "tissue", "nucleus", "cell"]);
    let facts = |n: usize| &document.labels[n].facts;
    assert_eq!((facts(0)["colour"].clone(), facts(0).len()), (text("#fa3253"), 1));
    assert_eq!(facts(1)["cvat_type"], text("polygon"));
    assert!(
        matches!(&facts(1)["attributes"], SourceValue::Private(p) if p.text.contains("attribute.name=grade"))
    );
    assert_eq!(facts(2)["supercategory"], text("cell"));
    assert_eq!(facts(3)["svg"], text("<line x1=\"0\"/>"));
    assert_eq!(document.report.warnings.count("label_not_declared"), 0);
    let ghost = self::document(&box_of(["1", "2", "3", "4"], ""));
    assert_eq!(ghost.report.warnings.count("label_not_declared"), 1);
}

#[test]
fn quirk_28_the_assignee_labelled_what_is_manual_and_the_owner_stays_private() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let people: Vec<&str> = document
        .people
        .iter()
        .map(|person| person.name.as_str())
        .collect();
    assert_eq!(people, ["ada"]);
    for annotation in &document.annotations {
        let expected = SourceRating {
            person: 0,
            label: annotation.label,
            claimed_at: None,
        };
        let is_manual = annotation.attributes["source"] == text("manual");
        assert_eq!(
            annotation.ratings,
            if is_manual { vec![expected] } else { Vec::new() }
        );
    }
    assert_eq!(document.report.warnings.count("assignee_taken_as_annotator"), 8);
    assert!(
        matches!(&document.images[0].facts["cvat_owner"], SourceValue::Private(p) if p.kind == PrivateTextKind::Person)
    );
    let said = format!("{:?}{:?}", document.report, document.labels);
    assert!(!said.contains("jones") && !said.contains("ada"), "{said}");
    let nobody = SAMPLE.replace("<username>ada</username><email></email>", "");
    let document = bytes(nobody.as_bytes()).unwrap();
    assert!(document.people.is_empty() && document.annotations.iter().all(|a| a.ratings.is_empty()));
}

#[test]
fn quirk_28_images_take_the_facts_of_their_task() {
    let document = bytes(SAMPLE.as_bytes()).unwrap();
    let image = &document.images[0];
    assert_eq!(
        (image.name.as_str(), image.width, image.height),
        ("a/001.png", Some(640.0), Some(480.0))
    );
    assert_eq!(image.facts["cvat_task"], text("mitoses, round 1"));
    assert_eq!(image.facts["cvat_subset"], text("train"));
    assert_eq!(
        image.facts["cvat_created"],
        text("2024-05-13 09:12:01.000000+00:00")
    );
    assert_eq!(document.images[0].facts, document.images[1].facts);
    assert!(document.dataset.is_empty());
    assert_eq!(document.report.losses.count("job_data"), 7);
    let later = SAMPLE
        .replace("2024-05-15 08", "2024-06-01 08")
        .replace("2024-05-14 10", "2024-05-20 10");
    assert_eq!(
        bytes(later.as_bytes()).unwrap(),
        document,
        "a later export of the same is the same"
    );
}

#[test]
fn quirk_28_a_project_tells_its_tasks_apart() {
    let task = |id: u32, who: &str| {
        format!(
            "<task><id>{id}</id><name>task {id}</name><assignee><username>{who}</username></assignee></task>"
        )
    };
    let image = |task: u32| {
        format!(
            "<image id=\"0\" name=\"f.png\" task_id=\"{task}\">{}</image>",
            box_of(["1", "2", "3", "4"], "")
        )
    };
    let file = format!(
        "<annotations><version>1.1</version><meta><project><name>p</name><labels><label><name>a</name></label></labels>\
         <tasks>{}{}</tasks></project></meta>{}{}</annotations>",
        task(1, "ada"),
        task(2, "ben"),
        image(1),
        image(2)
    );
    let document = bytes(file.as_bytes()).unwrap();
    let folders: Vec<Option<&str>> = document
        .images
        .iter()
        .map(|image| image.folder.as_deref())
        .collect();
    assert_eq!(folders, [Some("task 1"), Some("task 2")]);
    let who: Vec<&str> = document
        .annotations
        .iter()
        .map(|a| document.people[a.ratings[0].person].name.as_str())
        .collect();
    assert_eq!(who, ["ada", "ben"]);
}

#[test]
fn quirk_28_a_job_has_an_assignee_too_and_tracks_are_lost() {
    let file = format!(
        "<annotations><version>1.0</version><meta><job><id>3</id><mode>interpolation</mode><assignee><username>ada</username></assignee></job></meta>\
         <track id=\"0\" label=\"a\"><box frame=\"0\" xtl=\"1\" ytl=\"2\" xbr=\"3\" ybr=\"4\"/></track>\
         <image id=\"0\" name=\"f.png\">{}</image></annotations>",
        box_of(["1", "2", "3", "4"], "")
    );
    let document = bytes(file.as_bytes()).unwrap();
    assert_eq!((document.people.len(), document.annotations.len()), (1, 1));
    assert_eq!(document.report.losses.count("track_of_video"), 1);
    assert_eq!(document.report.warnings.count("version_unknown"), 1);
}

#[test]
fn an_image_that_is_there_twice_is_the_same_or_the_file_is_refused() {
    let image = |size: &str| {
        let shape = box_of(["1", "2", "3", "4"], "");
        format!("<image id=\"0\" name=\"f.png\" width=\"{size}\" height=\"9\">{shape}</image>")
    };
    let file = |a: &str, b: &str| format!("<annotations>{}{}</annotations>", image(a), image(b));
    let document = bytes(file("8", "8").as_bytes()).unwrap();
    assert_eq!((document.images.len(), document.annotations.len()), (1, 2));
    assert_eq!(document.report.warnings.count("image_repeated"), 1);
    let error = bytes(file("8", "7").as_bytes()).unwrap_err();
    assert!(
        matches!(error.problem, XmlProblem::Contradiction { .. }),
        "{error}"
    );
    let path = SAMPLE.replace("a/001.png", "/home/jane/001.png");
    let document = bytes(path.as_bytes()).unwrap();
    assert_eq!(document.images[0].name, "001.png");
    assert!(
        matches!(&document.images[0].facts["path"], SourceValue::Private(p) if p.kind == PrivateTextKind::Path)
    );
}

#[test]
fn what_cannot_be_used_is_lost_with_its_place_and_the_rest_is_read() {
    let mask = |rle: &str, width: &str| {
        format!("<mask label=\"a\" rle=\"{rle}\" left=\"0\" top=\"0\" width=\"{width}\" height=\"2\"/>")
    };
    for (bad, code) in [
        (box_of(["1", "2", "0", "4"], ""), "box_reversed"),
        (box_of(["1", "2", "x", "4"], ""), "coordinate_not_a_number"),
        (
            box_of(["1", "2", "3", "4"], "rotation=\"nan\""),
            "coordinate_not_a_number",
        ),
        (
            box_of(["1", "2", "3", "4"], "").replace("xtl", "x"),
            "coordinate_missing",
        ),
        (
            box_of(["1", "2", "3", "4"], "").replace("label=\"a\"", ""),
            "annotation_without_class",
        ),
        (
            "<polygon label=\"a\" points=\"1,2;3,4\"/>".to_owned(),
            "polygon_unusable",
        ),
        (
            "<polygon label=\"a\" points=\"1,2;3,4;5\"/>".to_owned(),
            "points_unusable",
        ),
        (
            "<polygon label=\"a\" points=\"1,2;3,4;5,inf\"/>".to_owned(),
            "coordinate_not_a_number",
        ),
        ("<polygon label=\"a\"/>".to_owned(), "annotation_without_place"),
        (
            "<polyline label=\"a\" points=\"1,2\"/>".to_owned(),
            "line_unusable",
        ),
        (
            "<ellipse label=\"a\" cx=\"1\" cy=\"1\" rx=\"-1\" ry=\"1\"/>".to_owned(),
            "ellipse_unusable",
        ),
        ("<cuboid label=\"a\" xtl1=\"1\"/>".to_owned(), "cuboid"),
        ("<blob label=\"a\"/>".to_owned(), "shape_unknown"),
        (mask("1, 2", "3"), "runs_unusable"),
        (mask("1, -2, 7", "3"), "runs_unusable"),
        (mask("", "3"), "runs_unusable"),
        (mask("3", "1.5"), "runs_unusable"),
    ] {
        let document = document(&(bad + &box_of(["1", "2", "3", "4"], "")));
        assert_eq!(
            document.report.losses.count(code),
            1,
            "{code}: {:?}",
            document.report
        );
        assert_eq!(document.annotations.len(), 1, "{code}: the rest is read");
    }
    let message = document(&box_of(["1", "2", "0", "4"], ""))
        .report
        .losses
        .iter()
        .next()
        .unwrap()
        .message;
    assert_eq!(
        message,
        "annotations.xml, line 1, column 62, shape 1: its box ends before it begins"
    );
}

#[test]
fn shapes_of_an_image_without_a_name_are_lost() {
    let nameless = wrap(&box_of(["1", "2", "3", "4"], "")).replace("name=\"a.png\"", "");
    let document = bytes(nameless.as_bytes()).unwrap();
    assert_eq!((document.images.len(), document.annotations.len()), (0, 0));
    assert_eq!(document.report.losses.count("image_without_name"), 2);
}

#[test]
fn what_is_there_twice_or_out_of_range_refuses_the_file() {
    for (text, is) in [
        (SAMPLE.replace("<meta>", "<meta/><meta>"), "Repeated"),
        (
            SAMPLE.replace("<version>1.1</version>", "<version>1.1</version><version/>"),
            "Repeated",
        ),
        (wrap(&box_of(["1e400", "2", "3", "4"], "")), "OutOfRange"),
        (
            wrap(&box_of(["1", "2", "3", "4"], "rotation=\"1e400\"")),
            "OutOfRange",
        ),
        (
            wrap("<polygon label=\"a\" points=\"1,2;3,4;1e400,1\"/>"),
            "OutOfRange",
        ),
        (wrap(&box_of(["1", "2", "3", "4"], "xtl=\"5\"")), "Attribute"),
        (
            format!(
                "<annotations><meta><a>{}</a></meta></annotations>",
                "<b>1</b>".repeat(2_100_000)
            ),
            "MemberTooLarge",
        ),
        ("<Annotations/>".to_owned(), "WrongRoot"),
    ] {
        let problem = bytes(text.as_bytes()).unwrap_err().problem;
        assert!(format!("{problem:?}").starts_with(is), "{is}: {problem:?}");
    }
}

#[test]
fn f11_odd_places_are_kept_exactly_and_what_is_no_number_is_lost() {
    let odd = box_of(["3", "3", "3", "3"], "") + &box_of(["-6", "-7.5", "1e300", "9"], "");
    let document = document(&odd);
    assert_eq!(
        document.annotations[0].geometry,
        Geometry::rectangle(3.0, 3.0, 0.0, 0.0)
    );
    assert_eq!(
        document.annotations[1].geometry,
        Geometry::rectangle(-6.0, -7.5, 1e300, 16.5)
    );
    for bad in ["nan", "NaN", "inf", "-Infinity", "", "1,5", "null"] {
        let document = self::document(&box_of(["1", bad, "3", "4"], ""));
        assert_eq!(
            document.report.losses.count("coordinate_not_a_number"),
            1,
            "{bad}"
        );
    }
}

#[test]
fn f12_polygons_of_two_points_are_lost_and_a_million_points_are_read() {
    let two = document("<polygon label=\"a\" points=\"1,2;3,4\"/>");
    assert_eq!(
        (two.annotations.len(), two.report.losses.count("polygon_unusable")),
        (0, 1)
    );
    let many: Vec<String> = (0..1_000_000)
        .map(|n| format!("{}.5,{}", n % 1000, n / 1000))
        .collect();
    let document = document(&format!("<polygon label=\"a\" points=\"{}\"/>", many.join(";")));
    assert!(
        matches!(&document.annotations[0].geometry.shape, Shape::Polygon { rings } if rings[0].len() == 1_000_000)
    );
}

#[test]
fn f13_masks_that_would_grow_are_lost() {
    let striped = vec!["3000"; 3000].join(",");
    let document = document(&format!(
        "<mask label=\"a\" rle=\"{striped}\" left=\"0\" top=\"0\" width=\"3000\" height=\"3000\"/>"
    ));
    assert_eq!(
        (
            document.annotations.len(),
            document.report.losses.count("runs_unusable")
        ),
        (0, 1)
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
fn a_file_is_told_by_its_root_and_what_is_in_it() {
    assert!(recognise(SAMPLE.as_bytes()).is_some());
    assert!(recognise(b"<annotations><image id='0'").is_some());
    for other in [
        "<annotation>",
        "<annotations>",
        "<annotations><ndpviewstate id='1'>",
        "<Annotations>",
        "",
    ] {
        assert_eq!(recognise(other.as_bytes()), None, "{other}");
    }
}

proptest! {
    #[test]
    fn f21_mutated_files_are_read_or_refused(
        at in 0usize..4600, length in 0usize..40, bytes in prop::collection::vec(any::<u8>(), 0..6),
    ) {
        let mut file = SAMPLE.as_bytes().to_vec();
        let at = at.min(file.len());
        let end = (at + length).min(file.len());
        file.splice(at..end, bytes);
        if let Ok(document) = super::read("a.xml", &file) {
            let (images, labels) = (document.images.len(), document.labels.len());
            prop_assert!(document.annotations.iter().all(|a| a.image < images && a.label.is_some_and(|l| l < labels)));
        }
        let _ = recognise(&file);
    }

    #[test]
    fn f21_any_markup_is_read_or_refused(
        text in "(<annotations>|</annotations>|<meta>|<task>|<image name='a'>|</image>|<box label='a'>|</box>|<skeleton label='a'>|<|>|&|a| |\"|<!\\[CDATA\\[|\\]\\]>){0,20}",
    ) {
        if let Ok(document) = super::read("a.xml", text.as_bytes()) {
            prop_assert!(document.annotations.is_empty());
        }
    }
}
