//! Places of every kind.

use super::*;
use crate::model::Geometry;
use crate::model::geometry::Shape;

fn shape(kind: &str, value: &str) -> Shape {
    let document = document(&task(&region("r", kind, value)));
    assert!(document.report.losses.is_empty(), "{:?}", document.report);
    document.annotations[0].geometry.shape.clone()
}

#[test]
fn quirk_28_percent_become_pixels_of_each_axis() {
    let document = document(&task(&rectangle("r1")));
    let annotation = &document.annotations[0];
    assert_eq!(annotation.geometry, Geometry::rectangle(20.0, 10.0, 10.0, 25.0));
    assert_eq!(document.labels[0].name, "mitosis");
    assert_eq!(annotation.id, Some(SourceId::Local("11:r1".to_owned())));
    assert_eq!(annotation.attributes["from_name"], text("label"));
    let image = &document.images[0];
    assert_eq!((image.width, image.height), (Some(200.0), Some(50.0)));
    assert!(document.report.losses.is_empty() && document.report.warnings.is_empty());
    // As the tool's own converter: times the size, then by 100.
    let odd = region(
        "r",
        "keypointlabels",
        r#""x":30.03003003003003,"y":0.1,"width":0.5,"keypointlabels":["a"]"#,
    );
    let odd = odd.replace("200", "333");
    let keypoint = self::document(&task(&odd));
    assert_eq!(
        keypoint.annotations[0].geometry,
        Geometry::point(30.03003003003003 * 333.0 / 100.0, 0.1 * 50.0 / 100.0)
    );
    assert_eq!(
        keypoint.annotations[0].attributes["keypoint_width"],
        SourceValue::Number(0.5)
    );
}

#[test]
fn quirk_28_turned_rectangles_turn_around_their_corner() {
    let value = r#""x":50,"y":20,"width":10,"height":20,"rotation":90,"rectanglelabels":["a"]"#;
    let document = document(&task(&region("r", "rectanglelabels", value)));
    let Shape::RotatedBox {
        x,
        y,
        width,
        height,
        angle_deg,
    } = document.annotations[0].geometry.shape
    else {
        panic!("{:?}", document.annotations[0]);
    };
    // The corner at (100, 10); 20 px wide, which go down, and 10 px high, which go left.
    let (centre_x, centre_y) = (100.0 - 5.0, 10.0 + 10.0);
    assert!((x + width / 2.0 - centre_x).abs() < 1e-9 && (y + height / 2.0 - centre_y).abs() < 1e-9);
    assert_eq!((width, height, angle_deg), (20.0, 10.0, 90.0));
    let said = r#"{"x":50,"y":20,"width":10,"height":20,"rotation":90}"#;
    assert_eq!(
        document.annotations[0].attributes["label_studio_rectangle"],
        text(said)
    );
    assert_eq!(warnings(&document), [("turned_to_rounding", 1)]);
}

#[test]
fn quirk_28_polygons_lines_and_ellipses() {
    let points = r#""points":[[0,0],[10,0],[10,20]]"#;
    let ring = vec![[0.0, 0.0], [20.0, 0.0], [20.0, 10.0]];
    let closed = shape(
        "polygonlabels",
        &format!(r#"{points},"closed":true,"polygonlabels":["a"]"#),
    );
    assert_eq!(
        closed,
        Shape::Polygon {
            rings: vec![ring.clone()]
        }
    );
    let open = shape(
        "polygonlabels",
        &format!(r#"{points},"closed":false,"polygonlabels":["a"]"#),
    );
    assert_eq!(open, Shape::Polyline { points: ring });
    let ellipse = r#""x":50,"y":50,"radiusX":10,"radiusY":20,"rotation":30,"ellipselabels":["a"]"#;
    assert_eq!(
        shape("ellipselabels", ellipse),
        Shape::Ellipse {
            x: 100.0,
            y: 25.0,
            radius_x: 20.0,
            radius_y: 10.0,
            angle_deg: 30.0
        }
    );
}

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    width: u64,
    height: u64,
    rle: Vec<u8>,
    counts: Vec<u64>,
}

/// Encoded by the package that Label Studio publishes, from pictures of ours; the runs were counted by numpy.
fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("brush_vectors.json")).unwrap()
}

#[test]
fn quirk_28_brush_strokes_become_the_runs_that_the_package_encoded() {
    for vector in vectors() {
        let value = format!(r#""format":"rle","rle":{:?},"brushlabels":["a"]"#, vector.rle);
        let region = region("r", "brushlabels", &value)
            .replace("200", &vector.width.to_string())
            .replace(":50", &format!(":{}", vector.height));
        let document = document(&task(&region));
        let Shape::Mask { x, y, counts, .. } = &document.annotations[0].geometry.shape else {
            panic!("{}", vector.name);
        };
        assert_eq!((*x, *y, counts), (0.0, 0.0, &vector.counts), "{}", vector.name);
        assert!(document.report.losses.is_empty());
    }
}

#[test]
fn f13_brush_strokes_that_do_not_fit_their_image() {
    let vector = vectors().remove(6);
    let stroke = |rle: &[u8], width: u64| {
        let value = format!(r#""format":"rle","rle":{rle:?},"brushlabels":["a"]"#);
        let region = region("r", "brushlabels", &value)
            .replace("200", &width.to_string())
            .replace(":50", &format!(":{}", vector.height));
        losses(&document(&task(&region)))
    };
    assert_eq!(stroke(&vector.rle, vector.width), []);
    assert_eq!(stroke(&vector.rle, vector.width + 1), [("runs_unusable", 1)]);
    for end in 0..vector.rle.len() - 2 {
        assert_eq!(
            stroke(&vector.rle[..end], vector.width),
            [("runs_unusable", 1)],
            "{end}"
        );
    }
    // A stroke that says it covers 2^30 pixels is not unpacked on its word.
    let huge = [0xff, 0xff, 0xff, 0xfc, 0x39, 0x1b, 0xfe];
    let value = format!(r#""rle":{huge:?},"brushlabels":["a"]"#);
    let region = region("r", "brushlabels", &value)
        .replace("200", "1073741823")
        .replace(":50", ":1");
    assert_eq!(losses(&document(&task(&region))), [("runs_unusable", 1)]);
}

#[test]
fn quirk_28_choices_are_of_the_whole_image() {
    let choice = r#"{"id":"c","type":"choices","value":{"choices":["tumour","blurred"]},"from_name":"kind","to_name":"image"}"#;
    let document = document(&task(choice));
    let said: Vec<_> = document
        .annotations
        .iter()
        .map(|annotation| {
            (
                annotation.geometry.shape.clone(),
                document.labels[annotation.label.unwrap()].name.as_str(),
                annotation.id.clone().unwrap(),
                annotation.ratings.len(),
            )
        })
        .collect();
    let local = |id: &str| SourceId::Local(id.to_owned());
    assert_eq!(
        said,
        [
            (Shape::Image, "tumour", local("11:c"), 1),
            (Shape::Image, "blurred", local("11:c/1"), 1)
        ]
    );
}

#[test]
fn quirk_28_what_is_said_of_a_region_is_kept_with_it() {
    let results = [
        rectangle("r1"),
        r#"{"id":"r1","type":"textarea","value":{"x":10,"y":20,"width":5,"height":50,"text":["as Dr. Jones said"]},"original_width":200,"original_height":50,"from_name":"why"}"#.to_owned(),
        r#"{"id":"r1","type":"choices","value":{"x":10,"y":20,"width":5,"height":50,"choices":["sure"]},"original_width":200,"original_height":50}"#.to_owned(),
        rectangle("r2"),
        r#"{"from_id":"r1","to_id":"r2","type":"relation","direction":"right","labels":["next to"]}"#.to_owned(),
        r#"{"from_id":"gone","to_id":"r2","type":"relation","direction":"right"}"#.to_owned(),
    ];
    let document = document(&task(&results.join(",")));
    assert_eq!(document.annotations.len(), 2);
    let attributes = &document.annotations[0].attributes;
    assert_eq!(attributes["choices"], text(r#"["sure"]"#));
    assert!(matches!(&attributes["text"], SourceValue::Private(text) if text.text.contains("Jones")));
    let relation = r#"[{"to":"r2","direction":"right","labels":["next to"]}]"#;
    assert_eq!(attributes["relations"], text(relation));
    assert_eq!(losses(&document), [("relation_of_nothing", 1)]);
    // Labels and shape may be two results of one id.
    let apart = [
        region(
            "r",
            "rectangle",
            r#""x":1,"y":2,"width":3,"height":4,"rotation":0"#,
        ),
        region(
            "r",
            "labels",
            r#""x":1,"y":2,"width":3,"height":4,"rotation":0,"labels":["a","b"]"#,
        ),
    ];
    let apart = self::document(&task(&apart.join(",")));
    assert_eq!(apart.annotations.len(), 1);
    assert_eq!(apart.labels[apart.annotations[0].label.unwrap()].name, "a");
    assert_eq!(apart.annotations[0].attributes["labels"], text(r#"["a","b"]"#));
    assert_eq!(warnings(&apart), [("several_labels", 1)]);
}

#[test]
fn quirk_28_a_turned_image_and_other_media_are_losses() {
    let turned = rectangle("r").replace(r#""image_rotation":0"#, r#""image_rotation":90"#);
    assert_eq!(losses(&document(&task(&turned))), [("image_rotated", 1)]);
    let sound =
        r#"{"id":"t","type":"timeserieslabels","value":{"start":1,"end":2,"timeserieslabels":["a"]}}"#;
    assert_eq!(losses(&document(&task(sound))), [("region_without_place", 1)]);
    let sizeless = rectangle("r").replace(r#""original_width":200,"#, "");
    assert_eq!(losses(&document(&task(&sizeless))), [("image_size_missing", 1)]);
    let other = [rectangle("r"), rectangle("s").replace("200", "400")].join(",");
    let other = document(&task(&other));
    assert_eq!(warnings(&other), [("image_sizes_differ", 1)]);
    assert_eq!(
        other.annotations[1].geometry,
        Geometry::rectangle(40.0, 10.0, 20.0, 25.0)
    );
}
