//! What real files do, hostile files, and the published BCCD annotations.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::import::document::PrivateText;
use crate::model::Geometry;
use crate::model::geometry::Shape;

fn wrap(members: &str) -> String {
    format!("<annotation>\n<filename>a.jpg</filename>\n{members}\n</annotation>\n")
}

fn read(members: &str) -> Document {
    read_voc("a.xml", wrap(members).as_bytes()).unwrap()
}

fn object(name: &str, corners: [&str; 4], more: &str) -> String {
    let [x_min, y_min, x_max, y_max] = corners;
    format!(
        "<object><name>{name}</name><bndbox><xmin>{x_min}</xmin><ymin>{y_min}</ymin><xmax>{x_max}</xmax>\
         <ymax>{y_max}</ymax></bndbox>{more}</object>"
    )
}

fn refuse(text: impl AsRef<[u8]>) -> XmlError {
    read_voc("a.xml", text.as_ref()).unwrap_err().0
}

fn private(kind: PrivateTextKind, text: &str) -> SourceValue {
    SourceValue::Private(PrivateText {
        kind,
        text: text.to_owned(),
    })
}

#[test]
fn quirk_24_pixels_count_from_1_and_sizes_are_those_of_the_corners() {
    let document = read(&object("RBC", ["260", "177", "491", "376"], ""));
    assert_eq!(
        document.annotations[0].geometry,
        Geometry::rectangle(259.0, 176.0, 231.0, 199.0)
    );
    assert_eq!(
        (document.labels[0].name.as_str(), document.annotations[0].label),
        ("RBC", Some(0))
    );
    assert_eq!(document.annotations[0].id, None);
    assert!(document.people.is_empty() && document.annotations[0].ratings.is_empty());
    let decimals = read(&object("RBC", ["1.1", "0.5", "3.3", "-0.2"], ""));
    assert_eq!(decimals.report.losses.count("box_reversed"), 1);
    let decimals = read(&object("RBC", ["1.1", "-5", "3.3", "900"], ""));
    assert_eq!(
        decimals.annotations[0].geometry,
        Geometry::rectangle(0.1, -6.0, 2.2, 905.0)
    );
}

#[test]
fn quirk_24_boxes_of_zero_size_are_kept_and_reported() {
    let boxes = [
        ["181", "329", "181", "329"],
        ["1", "2", "1", "9"],
        ["1", "2", "9", "2"],
        ["1", "2", "2", "3"],
    ];
    let document = read(&boxes.map(|corners| object("RBC", corners, "")).concat());
    assert_eq!(document.annotations.len(), 4);
    assert_eq!(
        document.annotations[0].geometry,
        Geometry::rectangle(180.0, 328.0, 0.0, 0.0)
    );
    assert_eq!(document.report.warnings.count("zero_size_box"), 3);
    let message = document.report.warnings.iter().next().unwrap().message;
    assert_eq!(
        message,
        "a.xml, line 3, column 1, object 1: its box has zero size; kept as it is"
    );
}

#[test]
fn quirk_24_equal_objects_are_all_kept() {
    let document = read(&object("RBC", ["1", "2", "3", "4"], "").repeat(3));
    assert_eq!(document.annotations.len(), 3);
    assert_eq!(document.annotations[0], document.annotations[2]);
    assert_eq!(document.labels.len(), 1);
}

#[test]
fn quirk_24_file_names_stay_as_they_are() {
    let image = |xml: &str| read_voc("dir/b_7.xml", xml.as_bytes()).unwrap().images.remove(0);
    let named = image("<annotation><folder>JPEGImages</folder><filename>000012</filename></annotation>");
    assert_eq!(
        (named.name.as_str(), named.folder.as_deref()),
        ("000012", Some("JPEGImages"))
    );
    assert_eq!(
        image("<annotation><filename>x/a.jpg</filename></annotation>").name,
        "x/a.jpg"
    );
    assert_eq!(image("<annotation/>").name, "b_7");
    assert_eq!(
        image("<annotation><path>/home/jane/c.png</path></annotation>").name,
        "c.png"
    );
}

#[test]
fn quirk_24_absolute_paths_are_private_and_counted() {
    let document = read("<path>/home/jane/a.jpg</path><folder>C:\\Users\\jane</folder>");
    assert_eq!(
        document.images[0].facts["path"],
        private(PrivateTextKind::Path, "/home/jane/a.jpg")
    );
    assert_eq!(document.report.warnings.count("absolute_path"), 2);
    assert!(
        document
            .report
            .warnings
            .iter()
            .all(|entry| !entry.message.contains("jane"))
    );
    let xml = "<annotation><filename>/home/jane/d.jpg</filename></annotation>";
    let document = read_voc("a.xml", xml.as_bytes()).unwrap();
    let image = &document.images[0];
    assert_eq!(
        (image.name.as_str(), image.folder.as_deref()),
        ("d.jpg", Some("/home/jane"))
    );
    assert_eq!(
        image.facts["filename"],
        private(PrivateTextKind::Path, "/home/jane/d.jpg")
    );
}

#[test]
fn quirk_24_what_a_file_says_of_its_image_is_kept() {
    let document = read(
        "<size><width>640</width><height>480</height><depth>3</depth></size><segmented>1</segmented>\
         <source><database>Unknown</database><annotation>VOC2007</annotation></source>\
         <owner><name>Jane</name></owner><stain>HE</stain><zoom>40</zoom><code>007</code>",
    );
    let image = &document.images[0];
    assert_eq!((image.width, image.height), (Some(640.0), Some(480.0)));
    assert_eq!(image.facts["depth"], SourceValue::Number(3.0));
    assert_eq!(image.facts["segmented"], SourceValue::Flag(true));
    assert_eq!(
        image.facts["source_annotation"],
        SourceValue::Text("VOC2007".to_owned())
    );
    assert_eq!(image.facts["stain"], SourceValue::Text("HE".to_owned()));
    assert_eq!(image.facts["zoom"], SourceValue::Number(40.0));
    assert_eq!(image.facts["code"], SourceValue::Text("007".to_owned()));
    assert_eq!(
        image.facts["owner"],
        private(PrivateTextKind::FreeText, "name=Jane")
    );
    assert_eq!(image.facts.len(), 7);
    let none = read("<size><width>0</width><height>-1</height></size>");
    assert_eq!((none.images[0].width, none.images[0].height), (None, None));
    assert_eq!(none.report.warnings.count("size_unusable"), 1);
}

#[test]
fn quirk_24_attributes_are_kept_where_they_say_something() {
    let nothing = "<pose>Unspecified</pose><truncated>0</truncated><difficult>0</difficult><occluded/>";
    let something = "<pose>Left</pose><truncated>1</truncated><difficult>1</difficult><occluded>half</occluded>\
        <stage>prophase</stage><stage>late</stage><annotator>Jane</annotator>\
        <attributes><attribute><name>score</name><value>0.5</value></attribute></attributes>\
        <part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>";
    let corners = ["1", "2", "3", "4"];
    let document = read(&(object("a", corners, nothing) + &object("a", corners, something)));
    assert!(document.annotations[0].attributes.is_empty());
    let text = |text: &str| SourceValue::Text(text.to_owned());
    let expected = [
        ("annotator", private(PrivateTextKind::Person, "Jane")),
        ("difficult", SourceValue::Flag(true)),
        ("occluded", text("half")),
        ("part", text("name=head; bndbox.xmin=1")),
        ("pose", text("Left")),
        ("score", SourceValue::Number(0.5)),
        ("stage", text("prophase")),
        ("stage_2", text("late")),
        ("truncated", SourceValue::Flag(true)),
    ];
    let expected: SourceFacts = expected
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    assert_eq!(document.annotations[1].attributes, expected);
    assert_eq!(document.report.losses.count("structure_of_member"), 1);
}

#[test]
fn quirk_24_objects_that_cannot_be_used_are_lost_and_counted() {
    for (xml, code) in [
        (object("", ["1", "2", "3", "4"], ""), "object_without_name"),
        (object("a", ["nan", "2", "3", "4"], ""), "coordinate_not_a_number"),
        (object("a", ["1", "2", "inf", "4"], ""), "coordinate_not_a_number"),
        (object("a", ["1", "2", "3,5", "4"], ""), "coordinate_not_a_number"),
        (
            object("a", ["-1.7e308", "2", "1.7e308", "4"], ""),
            "coordinate_not_a_number",
        ),
        (object("a", ["4", "2", "3", "4"], ""), "box_reversed"),
        (object("a", ["1", "5", "3", "4"], ""), "box_reversed"),
        (
            object("a", ["1", "5", "3", "9"], "<name>b</name>"),
            "member_repeated",
        ),
        (
            object("a", ["1", "5", "3", "9"], "<deleted>1</deleted>"),
            "deleted_in_source",
        ),
        ("<object><name>a</name></object>".to_owned(), "object_without_box"),
        (
            "<object><name>a</name><bndbox><xmin>1</xmin></bndbox></object>".to_owned(),
            "box_incomplete",
        ),
    ] {
        let document = read(&(xml + &object("b", ["1", "2", "3", "4"], "")));
        assert_eq!(
            document.report.losses.count(code),
            1,
            "{code}: {:?}",
            document.report
        );
        assert_eq!(document.annotations.len(), 1, "{code}: the rest is read");
    }
}

#[test]
fn quirk_24_polygons_are_read_in_both_forms() {
    let flat = "<polygon><x1>1</x1><y1>1</y1><x2>5.5</x2><y2>1</y2><x3>5</x3><y3>5</y3></polygon>";
    let points =
        "<polygon><pt><x>1</x><y>1</y></pt><pt><x>5.5</x><y>1</y></pt><pt><x>5</x><y>5</y></pt></polygon>";
    let ring = vec![[0.0, 0.0], [4.5, 0.0], [4.0, 4.0]];
    for polygon in [flat, points] {
        let document = read(&object("a", ["1", "1", "5.5", "5"], polygon));
        assert_eq!(
            document.annotations[0].geometry.shape,
            Shape::Polygon {
                rings: vec![ring.clone()]
            }
        );
        assert!(document.report.losses.is_empty(), "{:?}", document.report);
    }
    for bad in [
        "<polygon><x1>1</x1><y1>1</y1></polygon>",
        "<polygon><x1>1</x1><x2>1</x2></polygon>",
    ] {
        let document = read(&object("a", ["1", "1", "5", "5"], bad));
        assert_eq!(
            document.annotations[0].geometry,
            Geometry::rectangle(0.0, 0.0, 4.0, 4.0)
        );
        assert_eq!(document.report.losses.count("polygon_unusable"), 1);
    }
    let other_box = read(&object("a", ["1", "1", "9", "9"], flat));
    assert_eq!(other_box.report.losses.count("box_beside_polygon"), 1);
}

#[test]
fn names_lose_layout_only_and_say_so() {
    let corners = ["1", "2", "3", "4"];
    let names = ["\n  RBC\n  ", " RBC ", "&#32;RBC", "R &amp; <![CDATA[<B> ]]>"];
    let document = read(&names.map(|name| object(name, corners, "")).concat());
    let labels: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(labels, ["RBC", " RBC", "R & <B> "]);
    assert_eq!(document.report.warnings.count("white_space_around_name"), 1);
}

#[test]
fn a_voc_file_is_told_by_its_root() {
    for head in [
        "<annotation>",
        "\u{FEFF}<?xml version='1.0'?>\n<!-- x --><annotation verified='yes'",
        "<annotation/>",
    ] {
        assert!(looks_like_voc(head.as_bytes()), "{head}");
    }
    assert!(looks_like_voc(b"<!DOCTYPE annotation [<!ENTITY a 'b'>]>"));
    for head in [
        "<annotations>",
        "<ASAP_Annotations>",
        "{\"images\": []}",
        "",
        "<!-- <annotation>",
        "annotation",
    ] {
        assert!(!looks_like_voc(head.as_bytes()), "{head}");
    }
}

#[test]
fn f21_document_types_and_entities_are_refused() {
    let laughs = "<!DOCTYPE lolz [<!ENTITY a 'lol'><!ENTITY b '&a;&a;'>]>\n<annotation>&b;</annotation>";
    let external = "<?xml version='1.0'?>\n<!DOCTYPE a SYSTEM 'file:///etc/passwd'><annotation/>";
    for (xml, line) in [(laughs, 1), (external, 2)] {
        let error = refuse(xml);
        assert!(matches!(error.problem, XmlProblem::Doctype), "{error}");
        assert_eq!((error.place.line, error.place.column), (line, 1));
    }
    let error = refuse("<annotation>\n  <filename>a&x;b</filename></annotation>");
    assert!(matches!(&error.problem, XmlProblem::Entity { name } if name == "x"));
    assert_eq!(
        error.to_string(),
        "a.xml, line 2, column 14: the entity '&x;' is not accepted"
    );
    assert!(matches!(
        refuse("<annotation a='&x;'/>").problem,
        XmlProblem::Syntax(_)
    ));
    assert!(matches!(
        refuse("<annotation>&#1;</annotation>").problem,
        XmlProblem::Character { code: 1 }
    ));
}

#[test]
fn f21_nothing_is_included_from_elsewhere() {
    let include =
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>";
    let document = read(include);
    assert!(
        document.images[0].facts.is_empty(),
        "{:?}",
        document.images[0].facts
    );
}

#[test]
fn f21_deep_nesting_is_refused_without_a_stack_overflow() {
    let error = refuse("<annotation>".repeat(1_000_000));
    assert!(
        matches!(error.problem, XmlProblem::TooDeep { limit: 128 }),
        "{error}"
    );
}

#[test]
fn f21_many_members_of_one_name_take_no_quadratic_time() {
    let many = "<a>1</a>".repeat(200_000);
    assert_eq!(read(&many).images[0].facts.len(), 200_000);
    let vertices: String = (1..=100_000)
        .map(|n| format!("<x{n}>{n}</x{n}><y{n}>2</y{n}>"))
        .collect();
    let document = read(&format!(
        "<object><name>a</name><polygon>{vertices}</polygon></object>"
    ));
    assert_eq!(document.annotations.len(), 1);
}

#[test]
fn f21_files_beyond_the_limit_are_refused() {
    let error = refuse(vec![b' '; (16 << 20) + 1]);
    assert!(matches!(error.problem, XmlProblem::TooLarge { .. }));
}

#[test]
fn files_that_are_not_one_whole_document_are_refused_with_their_place() {
    let whole = wrap(&object("a", ["1", "2", "3", "4"], ""));
    let end = whole.trim_end().len();
    for length in 0..end {
        assert!(
            read_voc("a.xml", &whole.as_bytes()[..length]).is_err(),
            "cut at {length}"
        );
    }
    let error = refuse(&whole[..whole.len() - "</annotation>\n".len()]);
    assert_eq!(
        error.to_string(),
        "a.xml, line 4, column 1: the file ends within <annotation>"
    );
    for after in ["x", "<annotation/>", "&amp;", "<![CDATA[x]]>"] {
        let error = refuse(whole.clone() + after);
        assert!(
            matches!(error.problem, XmlProblem::OutsideRoot),
            "{after}: {error}"
        );
        assert_eq!((error.place.line, error.place.column), (5, 1), "{after}");
    }
    assert!(read_voc("a.xml", (whole.clone() + "<!-- end -->\n").as_bytes()).is_ok());
    assert!(matches!(
        refuse("<annotation><b></annotation></b>").problem,
        XmlProblem::Syntax(_)
    ));
    assert!(
        matches!(refuse("<annotations/>").problem, XmlProblem::WrongRoot { root, .. } if root == "annotations")
    );
    assert!(matches!(refuse("").problem, XmlProblem::NoRoot));
    let error = refuse("<annotation><filename>a</filename><filename>b</filename></annotation>");
    assert!(matches!(
        error.problem,
        XmlProblem::Repeated { member: "filename" }
    ));
    let error = refuse(wrap(&object("a", ["1e400", "2", "3", "4"], "")));
    assert!(matches!(error.problem, XmlProblem::OutOfRange { .. }), "{error}");
}

#[test]
fn encodings_other_than_utf8_are_refused() {
    let utf16: Vec<u8> = wrap("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(refuse(&utf16).problem, XmlProblem::Utf16));
    assert!(matches!(
        refuse([&b"\xFF\xFE"[..], &utf16].concat()).problem,
        XmlProblem::Utf16
    ));
    assert!(matches!(
        refuse(b"<annotation>\xE4</annotation>").problem,
        XmlProblem::NotUtf8 { offset: 12 }
    ));
    let declared = "<?xml version='1.0' encoding='ISO-8859-1'?><annotation/>";
    assert!(matches!(
        refuse(declared).problem,
        XmlProblem::OtherEncoding { .. }
    ));
    assert!(matches!(
        refuse("<annotation>\0</annotation>").problem,
        XmlProblem::Character { code: 0 }
    ));
    assert!(
        read_voc(
            "a.xml",
            "\u{FEFF}<?xml version='1.0' encoding='utf-8'?><annotation/>".as_bytes()
        )
        .is_ok()
    );
}

fn bccd() -> Option<PathBuf> {
    let folder = std::env::var_os("HOLOTYPE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = folder.join("bccd/Annotations");
    if path.exists() {
        return Some(path);
    }
    assert_ne!(
        std::env::var("HOLOTYPE_REQUIRE_TOOLS").as_deref(),
        Ok("1"),
        "{} is missing",
        path.display()
    );
    println!("skipped: no real data");
    None
}

#[test]
fn bccd_is_read_whole() {
    let Some(folder) = bccd() else { return };
    let (mut files, mut objects) = (0, 0);
    let (mut labels, mut report) = (std::collections::BTreeSet::new(), LossReport::default());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(looks_like_voc(&bytes[..64]));
        let document = read_voc(path.file_name().unwrap().to_str().unwrap(), &bytes).unwrap();
        files += 1;
        objects += document.annotations.len();
        assert_eq!(
            (document.images[0].width, document.images[0].height),
            (Some(640.0), Some(480.0))
        );
        labels.extend(document.labels.into_iter().map(|label| label.name));
        report.losses.merge(&document.report.losses);
        report.warnings.merge(&document.report.warnings);
    }
    assert_eq!((files, objects), (364, 4_888));
    assert_eq!(
        labels.into_iter().collect::<Vec<_>>(),
        ["Platelets", "RBC", "WBC"]
    );
    assert!(report.losses.is_empty(), "{:?}", report.losses);
    assert_eq!(
        (
            report.warnings.count("zero_size_box"),
            report.warnings.count("absolute_path")
        ),
        (2, 364)
    );
}

proptest! {
    #[test]
    fn f21_mutated_files_are_read_or_refused(cut in 0usize..400, at in 0usize..400, bytes in prop::collection::vec(any::<u8>(), 0..4)) {
        let polygon = "<polygon><x1>1</x1><y1>1</y1><x2>5</x2><y2>1</y2><x3>5</x3><y3>5</y3></polygon>";
        let mut file = wrap(&object("a &amp; b", ["1", "2.5", "3", "4"], polygon)).into_bytes();
        let at = at.min(file.len());
        let end = (at + bytes.len()).min(file.len());
        file.splice(at..end, bytes);
        file.truncate(file.len().saturating_sub(cut / 40));
        if let Ok(document) = read_voc("a.xml", &file) {
            prop_assert_eq!(document.images.len(), 1);
        }
        let _ = looks_like_voc(&file);
    }

    #[test]
    fn f21_any_markup_is_read_or_refused(text in "(<annotation>|</annotation>|<object>|<name>|</name>|<|>|&|;|a|1|\"|'|!\\[CDATA\\[|\\]\\]>|<!--|-->|<\\?|\\?>){0,20}") {
        if let Ok(document) = read_voc("a.xml", text.as_bytes()) {
            prop_assert!(document.annotations.is_empty());
        }
    }
}
