//! Lists as people have them, and damaged ones.

mod damaged;
mod identity;

use super::*;
use crate::import::document::{SourceFacts, SourceId, SourceValue};
use crate::model::Geometry;
use crate::model::geometry::Shape;

fn read_with(text: &str, order: Option<&str>) -> Result<Document, CsvProblem> {
    let order = order.map(|order| CsvOrder::parse(order).unwrap());
    let options = CsvOptions {
        order: order.as_ref(),
    };
    read("a/001.csv", text.as_bytes(), &options).map_err(|error| error.problem)
}

fn list(text: &str) -> Document {
    read_with(text, None).unwrap()
}

fn geometries(document: &Document) -> Vec<Geometry> {
    document
        .annotations
        .iter()
        .map(|one| one.geometry.clone())
        .collect()
}

fn labels(document: &Document) -> Vec<Option<&str>> {
    let name = |label: usize| document.labels[label].name.as_str();
    document
        .annotations
        .iter()
        .map(|one| one.label.map(name))
        .collect()
}

fn images(document: &Document) -> Vec<&str> {
    document.images.iter().map(|image| image.name.as_str()).collect()
}

#[test]
fn quirk_25_each_separator_and_the_decimal_comma() {
    for text in [
        "x,y,label\n1.5,2,a\n",
        "x;y;label\n1.5;2;a\n",
        "x\ty\tlabel\n1.5\t2\ta\n",
        "x;y;label\n1,5;2;a\n",
        "x\ty\tlabel\r\n1,5\t2\ta\r\n",
        "\u{FEFF}x;y;label\r1,5;2;a\r",
        "\"x\",\"y\",\"label\"\n\"1.5\",\"2\",\"a\"\n",
        " X , Y (px) , Class Name \n 1.5 , 2 , a \n\n",
    ] {
        let document = list(text);
        assert_eq!(geometries(&document), [Geometry::point(1.5, 2.0)], "{text:?}");
        assert_eq!(
            (labels(&document), images(&document)),
            (vec![Some("a")], vec!["001"]),
            "{text:?}"
        );
        assert!(document.report.losses.is_empty(), "{:?}", document.report);
    }
}

#[test]
fn quirk_25_columns_come_in_any_order_and_spelling() {
    let expected = [Geometry::rectangle(10.0, 20.0, 30.0, 40.0)];
    for text in [
        "x,y,width,height\n10,20,30,40\n",
        "h;w;y;x\n40;30;20;10\n",
        "x1,y1,x2,y2\n10,20,40,60\n",
        "xmin,xmax,ymin,ymax\n10,40,20,60\n",
        "x0,y0,x1,y1\n10,20,40,60\n",
        "left,top,width,height\n10,20,30,40\n",
        "left,top,right,bottom\n10,20,40,60\n",
        "cx,cy,w,h\n25,40,30,40\n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\nb.jpg,640,480,a,10,20,40,60\n",
    ] {
        assert_eq!(geometries(&list(text)), expected, "{text:?}");
    }
    let tensorflow = list("filename,width,height,class,xmin,ymin,xmax,ymax\nb.jpg,640,480,a,10,20,40,60\n");
    let image = &tensorflow.images[0];
    assert_eq!((image.width, image.height), (Some(640.0), Some(480.0)));
    let circle = Geometry::new(Shape::Circle {
        x: 1.0,
        y: 2.0,
        radius: 3.0,
    });
    assert_eq!(geometries(&list("cx,cy,r\n1,2,3\n")), [circle]);
    assert_eq!(
        geometries(&list("Centroid X px,Centroid Y px\n1,2\n")),
        [Geometry::point(1.0, 2.0)]
    );
}

#[test]
fn quirk_25_without_a_header_the_order_is_asked_for() {
    for text in ["1,2\n3,4\n", "1;2\n", "1,5;2,5\n3,5;4\n", "7.5,1,mitosis\n"] {
        assert!(
            matches!(read_with(text, None), Err(CsvProblem::NoHeader { line: 1, .. })),
            "{text}"
        );
        assert_eq!(
            recognise(text.as_bytes()),
            Some("lines of numbers with one separator"),
            "{text}"
        );
    }
    let points = |text, order| geometries(&read_with(text, Some(order)).unwrap());
    assert_eq!(
        points("1,2\n3,4\n", "y,x"),
        [Geometry::point(2.0, 1.0), Geometry::point(4.0, 3.0)]
    );
    assert_eq!(points("1,2\n", "x,y"), [Geometry::point(1.0, 2.0)]);
    assert_eq!(points("1,5;2,5\n", "x,y"), [Geometry::point(1.5, 2.5)]);
    assert_eq!(
        points("1,2,3,4\n", "x,y,w,h"),
        [Geometry::rectangle(1.0, 2.0, 3.0, 4.0)]
    );
    assert_eq!(
        points("1,2,3,4\n", "x1,y1,x2,y2"),
        [Geometry::rectangle(1.0, 2.0, 2.0, 2.0)]
    );
    // An order that is given counts more than a header.
    assert_eq!(points("x,y\n1,2\n", "y,x"), [Geometry::point(2.0, 1.0)]);
    let more = read_with("7,b.jpg,1,2,early\n", Some("-,image,x,y,stage")).unwrap();
    assert_eq!(images(&more), ["b.jpg"]);
    let stage = SourceFacts::from([("stage".to_owned(), SourceValue::Text("early".to_owned()))]);
    assert_eq!(more.annotations[0].attributes, stage);
    assert_eq!(more.report.losses.count("column_passed_over"), 1);
    assert!(matches!(
        read_with("1,2,3\n", Some("x,y")),
        Err(CsvProblem::OrderLength {
            given: 2,
            line: 1,
            found: 3
        })
    ));
    assert!(CsvOrder::parse("stage,image").is_err() && CsvOrder::parse("x,x").is_err());
}

#[test]
fn quirk_25_no_byte_or_a_header_alone_means_looked_at_and_none_found() {
    for text in ["", "\u{FEFF}", "\n\n", "x,y\n", "x;y;label"] {
        let document = list(text);
        assert_eq!(
            (images(&document), document.annotations.len()),
            (vec!["001"], 0),
            "{text:?}"
        );
        assert_eq!(document.screenings.len(), 1, "{text:?}");
        assert_eq!(document.screenings[0].region, None);
    }
    let nobody = list("image,x,y\n");
    assert_eq!((nobody.images.len(), nobody.screenings.len()), (0, 0));
    assert_eq!(nobody.report.warnings.count("no_rows"), 1);
    // A row that names an image alone says so of that image.
    let some = list("image,x1,y1,x2,y2,label\na.jpg,1,2,3,4,m\nb.jpg,,,,,\n");
    assert_eq!(
        (some.annotations.len(), images(&some)),
        (1, vec!["a.jpg", "b.jpg"])
    );
    assert_eq!(
        some.screenings.iter().map(|one| one.image).collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn quirk_25_a_table_of_facts_is_no_list() {
    for text in [
        "slide;scanner;origin\n1;CS2;UMC\n",
        "Slide,Width,Height\n1,7215,5412\n",
    ] {
        assert!(
            matches!(read_with(text, None), Err(CsvProblem::NoPlace { .. })),
            "{text}"
        );
        assert_eq!(recognise(text.as_bytes()), None, "{text}");
        assert!(is_table(text.as_bytes()), "{text}");
    }
    for text in [
        "# notes, and more\nno table\n",
        "{\"a\":1,\"b\":2}",
        "<a b=\"1,2\"/>",
        "[1,2,3]",
        "{\"a\":[1, 2, 3]}",
        "word",
    ] {
        assert_eq!(recognise(text.as_bytes()), None, "{text}");
        assert!(!is_table(text.as_bytes()), "{text}");
    }
}

#[test]
fn quirk_25_columns_that_say_a_place_twice_or_half_are_refused() {
    for text in [
        "x,y,cx,cy\n1,2,3,4\n",
        "x,x (px),y\n1,2,3\n",
        "x,y,width\n1,2,3\n",
        "x1,y1,x2\n1,2,3\n",
        "x,label\n1,a\n",
        "x,y,xmin,ymin,xmax,ymax\n1,2,3,4,5,6\n",
    ] {
        assert!(
            matches!(read_with(text, None), Err(CsvProblem::Unclear { .. })),
            "{text}"
        );
    }
    assert!(matches!(
        read_with("Centroid X \u{b5}m\tCentroid Y \u{b5}m\n1.5\t2.5\n", None),
        Err(CsvProblem::Micrometres { column }) if column == "Centroid X \u{b5}m"
    ));
    assert!(matches!(
        read_with("x,y,a,a\n1,2,3,4\n", None),
        Err(CsvProblem::Table(
            super::super::table::TableProblem::ColumnRepeated { line: 1, .. }
        ))
    ));
}

#[test]
fn quirk_25_comma_and_point_as_decimal_signs_in_one_file_are_refused() {
    assert!(matches!(
        read_with("x;y\n1;2\n1,234;2\n1;2.5\n", None),
        Err(CsvProblem::MixedDecimals {
            comma_line: 3,
            point_line: 4
        })
    ));
    let skipped = list("x;y\n1.234,5;2\n3;4\n");
    assert_eq!(geometries(&skipped), [Geometry::point(3.0, 4.0)]);
    assert_eq!(skipped.report.losses.count("coordinate_not_a_number"), 1);
}

#[test]
fn what_is_computed_is_computed_in_decimals() {
    let shape = |text: &str| geometries(&list(text)).remove(0);
    assert_eq!(
        shape("x1,y1,x2,y2\n0.1,0.1,0.3,0.4\n"),
        Geometry::rectangle(0.1, 0.1, 0.2, 0.3)
    );
    assert_eq!(
        shape("cx,cy,w,h\n0.7,1.1,0.2,2\n"),
        Geometry::rectangle(0.6, 0.1, 0.2, 2.0)
    );
}

#[test]
fn all_other_columns_are_kept_and_what_can_name_a_person_privately() {
    let document =
        list("x,y,score,verified,stage,Patient ID,comment,\n1,2,0.85,true,007,P-1,as Jane said,8\n");
    let facts = &document.annotations[0].attributes;
    assert_eq!(facts["score"], SourceValue::Number(0.85));
    assert_eq!(facts["verified"], SourceValue::Flag(true));
    assert_eq!(facts["stage"], SourceValue::Text("007".to_owned()));
    assert_eq!(facts["column_8"], SourceValue::Number(8.0));
    assert!(matches!(facts["Patient ID"], SourceValue::Private(_)));
    assert!(matches!(facts["comment"], SourceValue::Private(_)));
}

#[test]
fn images_named_by_absolute_paths_lose_them() {
    let document = list("image,x,y\n/home/jane/a.jpg,1,2\n/home/jane/a.jpg,3,4\nb/c.jpg,1,2\n");
    assert_eq!(images(&document), ["a.jpg", "b/c.jpg"]);
    assert!(matches!(
        document.images[0].facts["path"],
        SourceValue::Private(_)
    ));
    assert_eq!(document.report.warnings.count("absolute_path"), 1);
}

#[test]
fn coordinates_that_are_parts_of_a_width_are_told() {
    let relative = list("image,xmin,ymin,xmax,ymax\na,0.1,0.2,0.3,0.4\na,0,0,1,0.5\n");
    assert_eq!(relative.report.warnings.count("coordinates_look_relative"), 2);
    let absolute = list("x,y\n0.5,0.5\n7,8\n");
    assert_eq!(absolute.report.warnings.count("coordinates_look_relative"), 0);
}

#[test]
fn ids_are_uuids_own_ones_or_texts() {
    let own = "00".repeat(24);
    let text = format!(
        "id,holotype_id,x,y\n7,,1,2\n{uuid},,1,2\n1.0,{own},1,2\n",
        uuid = uuid::Uuid::from_bytes([7; 16])
    );
    let ids: Vec<Option<SourceId>> = list(&text).annotations.into_iter().map(|one| one.id).collect();
    let expected = [
        SourceId::Local("7".to_owned()),
        SourceId::Uuid([7; 16]),
        SourceId::Holotype([0; 24]),
    ];
    assert_eq!(ids, expected.map(Some));
}
