//! A ring that crosses itself, through every reader that has areas: it is kept as it was drawn, and told.

use rusqlite::Connection;
use serde_json::json;

use crate::lab::{Lab, count_of};

/// A bow, on an image of 100 by 100 px.
const BOW: [[u32; 2]; 4] = [[10, 10], [50, 50], [50, 10], [10, 50]];

/// The positions in one line, each written by `write`.
fn written(between: &str, write: impl Fn([u32; 2]) -> String) -> String {
    BOW.map(write).join(between)
}

/// A repository that knows the image.
fn with_image() -> Lab {
    let lab = Lab::new();
    lab.record(&[json!({"command": "declare", "image": "a.png", "facts": {"width": 100, "height": 100}})]);
    lab
}

/// Imports a file; it holds the bow and nothing else.
fn comes_in(lab: &Lab, format: &str, path: &str, more: &[&str]) {
    let report = lab.json(&[&["import", path, "--format", format], more].concat());
    assert_eq!(report["created"], 1, "{format}: {report}");
    assert_eq!(
        count_of(&report, "warnings", "self_crossing"),
        1,
        "{format}: {report}"
    );
    let rows = lab.rows(&["list", "annotations", "DRAFT"]);
    let geometry = json!({"type": "polygon", "rings": [BOW]});
    assert_eq!((rows.len(), &rows[0]["geometry"]), (1, &geometry), "{format}");
}

fn file_comes_in(format: &str, name: &str, content: impl AsRef<[u8]>, more: &[&str]) {
    let lab = with_image();
    let path = lab.write(name, content);
    comes_in(&lab, format, &path, more);
}

#[test]
fn f18_a_ring_that_crosses_itself_comes_in_exactly_from_json() {
    let flat: Vec<u32> = BOW.concat();
    let coco = json!({
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 100}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [flat], "bbox": [10, 10, 40, 40]}],
    });
    file_comes_in("coco", "c.json", coco.to_string(), &["--box-format", "xywh"]);
    let mut ring = BOW.to_vec();
    ring.push(BOW[0]);
    let feature = json!({"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
                         "properties": {"classification": {"name": "cell"}}});
    file_comes_in("geojson", "a.png.geojson", feature.to_string(), &[]);
    let region = json!({"id": "r", "type": "polygonlabels", "from_name": "l", "to_name": "i",
                        "original_width": 100, "original_height": 100, "image_rotation": 0,
                        "value": {"points": BOW, "closed": true, "polygonlabels": ["cell"]}});
    let task = json!([{"id": 1, "data": {"image": "a.png"}, "annotations": [{"id": 1, "result": [region]}]}]);
    file_comes_in("labelstudio", "t.json", task.to_string(), &["--image", "a.png"]);
    let mut vector = json!({});
    for (position, n) in BOW.iter().zip(1..) {
        vector[format!("x{n}")] = json!(position[0]);
        vector[format!("y{n}")] = json!(position[1]);
    }
    let exact = json!([{"id": 17, "vector": vector, "deleted": false,
        "annotation_type": {"id": 3, "name": "cell", "vector_type": 5, "closed": true},
        "image": {"id": 4, "name": "a.png", "width": 100, "height": 100}}]);
    file_comes_in("exact", "e.json", exact.to_string(), &[]);
}

#[test]
fn f18_a_ring_that_crosses_itself_comes_in_exactly_from_xml() {
    let points = written("", |[x, y]| format!("<pt><x>{}</x><y>{}</y></pt>", x + 1, y + 1));
    let voc = format!(
        "<annotation><filename>a.png</filename><size><width>100</width><height>100</height></size>\
         <object><name>cell</name><polygon>{points}</polygon></object></annotation>"
    );
    file_comes_in("voc", "a.xml", voc, &[]);
    let points: String = BOW
        .iter()
        .enumerate()
        .map(|(n, [x, y])| format!(r#"<Coordinate Order="{n}" X="{x}" Y="{y}"/>"#))
        .collect();
    let asap = format!(
        r##"<ASAP_Annotations><Annotations><Annotation Name="0" Type="Polygon" PartOfGroup="cell" Color="#F4FA58">
            <Coordinates>{points}</Coordinates></Annotation></Annotations><AnnotationGroups>
            <Group Name="cell" PartOfGroup="None" Color="#F4FA58"/></AnnotationGroups></ASAP_Annotations>"##
    );
    file_comes_in("asap", "s.xml", asap, &["--image", "a.png"]);
    let points = written("", |[x, y]| format!(r#"<Vertex X="{x}" Y="{y}" Z="0"/>"#));
    let imagescope = format!(
        r#"<Annotations><Annotation Id="1" Name="cell" LineColor="255"><Regions><Region Id="1" Type="0">
           <Vertices>{points}</Vertices></Region></Regions></Annotation></Annotations>"#
    );
    file_comes_in("imagescope", "i.xml", imagescope, &["--image", "a.png"]);
    let points = written(";", |[x, y]| format!("{x},{y}"));
    let cvat = format!(
        r#"<annotations><version>1.1</version><image id="0" name="a.png" width="100" height="100">
           <polygon label="cell" occluded="0" source="manual" points="{points}" z_order="0"></polygon>
           </image></annotations>"#
    );
    file_comes_in("cvat", "v.xml", cvat, &[]);
}

#[test]
fn f18_a_ring_that_crosses_itself_comes_in_exactly_from_lists_and_tables() {
    let lab = with_image();
    lab.write("d/data.yaml", "names: [cell]\n");
    let line = written(" ", |[x, y]| {
        format!("{} {}", f64::from(x) / 100.0, f64::from(y) / 100.0)
    });
    lab.write("d/labels/a.txt", format!("0 {line}\n"));
    comes_in(&lab, "yolo", "d", &[]);
    let lab = with_image();
    let path = lab.path().join("s.sqlite");
    let tables = "create table Slides (uid integer primary key, filename text, width integer, height integer, directory text);
         create table Classes (uid integer primary key, name text);
         create table Persons (uid integer primary key, name text);
         create table Annotations (uid integer primary key, slide integer, type integer, agreedClass integer);
         create table Annotations_label (uid integer primary key, person integer, class integer, annoId integer);
         create table Annotations_coordinates (uid integer primary key, coordinateX integer, coordinateY integer, slide integer, annoId integer, orderIdx integer);
         create table Log (uid integer primary key, dateTime float, labelId integer);
         insert into Slides values (1, 'a.png', 100, 100, ''); insert into Classes values (1, 'cell');
         insert into Annotations values (1, 1, 3, 1);";
    let points = written("", |[x, y]| {
        format!(
            "insert into Annotations_coordinates (coordinateX, coordinateY, slide, annoId) values ({x}, {y}, 1, 1);"
        )
    });
    let database = Connection::open(&path).unwrap();
    database.execute_batch(&format!("{tables}{points}")).unwrap();
    drop(database);
    comes_in(&lab, "sliderunner", &path.display().to_string(), &[]);
    // What came in goes out and into another dataset.
    lab.commit("drawn");
    let table = lab.path().join("t.parquet").display().to_string();
    lab.ok(&["export", "--format", "parquet", "--out", &table]);
    comes_in(&Lab::on("2027-01-01"), "parquet", &table, &[]);
}
