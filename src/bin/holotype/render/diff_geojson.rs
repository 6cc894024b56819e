//! A comparison as GeoJSON: one feature for each change of an annotation, in level-0 px of its image, y down. The
//! members `objectType` and `classification` are those that QuPath reads.

use holotype::model::geometry::Position;
use holotype::model::{Geometry, Shape};
use holotype::snapshot::changes::Entity;
use serde_json::{Map, Value, json};

use super::diff::{DiffView, Told, labels};

/// Corners of the polygon that stands for a circle or an ellipse.
const CORNERS: u32 = 64;

/// Renders one `FeatureCollection`.
pub(super) fn render(view: &DiffView<'_>) -> String {
    let features: Vec<Value> = view
        .told()
        .filter(|told| told.item.entity == Entity::Annotations)
        .map(feature)
        .collect();
    let collection = json!({
        "type": "FeatureCollection",
        "coordinates": "level-0 px",
        "from": { "commit": view.from.commit, "snapshot": view.from.snapshot },
        "to": { "commit": view.to.commit, "snapshot": view.to.snapshot },
        "features": features,
    });
    format!("{collection}\n")
}

fn feature(told: Told<'_>) -> Value {
    let item = told.item;
    let mut properties = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            properties.insert(name.to_owned(), value);
        }
    };
    put("objectType", json!("annotation"));
    if let Some(label) = &item.label {
        put("classification", json!({ "name": &**label }));
    }
    put("change", json!(item.kind));
    put("changes", json!(item.kinds));
    put("image", json!(item.image.as_ref().map(|image| &*image.name)));
    if item.fields.get("label").is_some() {
        let (before, after) = labels(item);
        put("label_before", json!(before));
        put("label_after", json!(after));
    }
    put("distance_px", json!(item.distance_px()));
    put("distance_um", json!(item.distance_um()));
    put("overlap", json!(item.overlap()));
    if let Some(by) = told.by {
        put("author", json!(by.author));
        put("at", json!(by.at));
        put("reason", json!(by.reason));
    }
    json!({
        "type": "Feature",
        "id": item.id,
        "geometry": item.geometry().map_or(Value::Null, geometry),
        "properties": properties,
    })
}

/// Writes a geometry as GeoJSON has it: turned boxes, circles and ellipses as polygons, a mask as its bounds, the
/// whole image as none.
fn geometry(geometry: &Geometry) -> Value {
    match &geometry.shape {
        Shape::Point { x, y } => json!({ "type": "Point", "coordinates": [x, y] }),
        Shape::Polyline { points } if points.len() >= 2 => {
            json!({ "type": "LineString", "coordinates": points })
        }
        Shape::Polyline { points } => json!({ "type": "MultiPoint", "coordinates": points }),
        Shape::Polygon { rings } => polygon(rings),
        Shape::MultiPolygon { polygons } => {
            let polygons: Vec<Vec<Vec<Position>>> = polygons
                .iter()
                .map(|rings| rings.iter().map(|ring| closed(ring)).collect())
                .collect();
            json!({ "type": "MultiPolygon", "coordinates": polygons })
        }
        Shape::Box { x, y, width, height } => polygon(&[corners([*x, *y], [*width, *height], 0.0)]),
        Shape::RotatedBox {
            x,
            y,
            width,
            height,
            angle_deg,
        } => polygon(&[corners([*x, *y], [*width, *height], *angle_deg)]),
        Shape::Circle { x, y, radius } => polygon(&[ellipse([*x, *y], [*radius, *radius], 0.0)]),
        Shape::Ellipse {
            x,
            y,
            radius_x,
            radius_y,
            angle_deg,
        } => polygon(&[ellipse([*x, *y], [*radius_x, *radius_y], *angle_deg)]),
        Shape::Mask {
            x, y, width, height, ..
        } => polygon(&[corners([*x, *y], [*width, *height], 0.0)]),
        Shape::Image => Value::Null,
    }
}

/// Writes a polygon; fewer than three positions are no ring and become positions.
fn polygon(rings: &[Vec<Position>]) -> Value {
    if rings.iter().all(|ring| ring.len() >= 3) && !rings.is_empty() {
        let rings: Vec<Vec<Position>> = rings.iter().map(|ring| closed(ring)).collect();
        json!({ "type": "Polygon", "coordinates": rings })
    } else {
        let points: Vec<Position> = rings.iter().flatten().copied().collect();
        json!({ "type": "MultiPoint", "coordinates": points })
    }
}

/// Ends a ring where it began, as GeoJSON wants it.
fn closed(ring: &[Position]) -> Vec<Position> {
    let mut ring = ring.to_vec();
    if ring.first() != ring.last() {
        ring.extend(ring.first().copied());
    }
    ring
}

fn turned([cx, cy]: Position, [dx, dy]: Position, angle_deg: f64) -> Position {
    if angle_deg == 0.0 {
        return [cx + dx, cy + dy];
    }
    let (sin, cos) = angle_deg.to_radians().sin_cos();
    [cx + dx * cos - dy * sin, cy + dx * sin + dy * cos]
}

/// Returns the corners of a box that is turned around its centre.
fn corners([x, y]: Position, [width, height]: Position, angle_deg: f64) -> Vec<Position> {
    if angle_deg == 0.0 {
        return vec![[x, y], [x + width, y], [x + width, y + height], [x, y + height]];
    }
    let (w, h) = (width / 2.0, height / 2.0);
    [[-w, -h], [w, -h], [w, h], [-w, h]]
        .map(|offset| turned([x + w, y + h], offset, angle_deg))
        .to_vec()
}

fn ellipse(centre: Position, [radius_x, radius_y]: Position, angle_deg: f64) -> Vec<Position> {
    (0..CORNERS)
        .map(|step| {
            let (sin, cos) = (f64::from(step) / f64::from(CORNERS) * std::f64::consts::TAU).sin_cos();
            turned(centre, [radius_x * cos, radius_y * sin], angle_deg)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::diff::tests::{sample, view};
    use super::*;

    #[test]
    fn each_change_of_an_annotation_is_a_feature() {
        let (comparison, by) = sample();
        let json: Value = serde_json::from_str(&render(&view(&comparison, &by))).unwrap();
        let features = json["features"].as_array().unwrap();
        let told: Vec<_> = features
            .iter()
            .map(|feature| feature["properties"]["change"].as_str().unwrap())
            .collect();
        assert_eq!(told, ["moved", "relabelled", "removed", "added"]);
        let [moved, relabelled, removed, _] = features.as_slice() else {
            panic!("{features:?}")
        };
        assert_eq!(
            moved["geometry"]["coordinates"][0],
            json!([
                [12.0, 20.0],
                [62.0, 20.0],
                [62.0, 70.0],
                [12.0, 70.0],
                [12.0, 20.0]
            ])
        );
        assert_eq!(moved["properties"]["distance_um"], 0.5);
        assert_eq!(moved["properties"]["reason"], "off by | two");
        assert_eq!(
            relabelled["properties"]["classification"]["name"],
            "non-mitotic cell"
        );
        assert_eq!(
            relabelled["geometry"]["type"], "Polygon",
            "the place that did not change"
        );
        assert_eq!(
            removed["geometry"]["coordinates"][0][0],
            json!([10.0, 20.0]),
            "where it was"
        );
    }

    #[test]
    fn every_shape_has_its_form() {
        let ring = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]];
        let of = |shape| geometry(&Geometry::new(shape));
        assert_eq!(
            of(Shape::Point { x: 1.0, y: 2.0 })["coordinates"],
            json!([1.0, 2.0])
        );
        let polygon = of(Shape::Polygon {
            rings: vec![ring.clone()],
        });
        assert_eq!(polygon["coordinates"][0].as_array().unwrap().len(), 4);
        let multi = of(Shape::MultiPolygon {
            polygons: vec![vec![ring.clone()]],
        });
        assert_eq!(multi["coordinates"][0][0].as_array().unwrap().len(), 4);
        assert_eq!(of(Shape::Polyline { points: ring })["type"], "LineString");
        let few = of(Shape::Polygon {
            rings: vec![vec![[1.0, 1.0]]],
        });
        assert_eq!(few["type"], "MultiPoint");
        let circle = of(Shape::Circle {
            x: 5.0,
            y: 5.0,
            radius: 2.0,
        });
        assert_eq!(circle["coordinates"][0].as_array().unwrap().len(), 65);
        assert_eq!(circle["coordinates"][0][0], json!([7.0, 5.0]));
        let turned = of(Shape::RotatedBox {
            x: 0.0,
            y: 0.0,
            width: 4.0,
            height: 2.0,
            angle_deg: 90.0,
        });
        let corner: Position = serde_json::from_value(turned["coordinates"][0][0].clone()).unwrap();
        assert!(
            (corner[0] - 3.0).abs() < 1e-9 && (corner[1] + 1.0).abs() < 1e-9,
            "{corner:?}"
        );
        assert_eq!(of(Shape::Image), Value::Null);
    }
}
