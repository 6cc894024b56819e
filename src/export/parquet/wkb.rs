//! Geometries as well-known binary (ISO, little-endian), the form of GeoParquet.
//!
//! It has points, lines and polygons. Round, turned and pixel shapes are written as the upright rectangle around them:
//! a circle of many corners would be as inexact, and its bytes would depend on the machine's sine.

use crate::model::Geometry;
use crate::model::geometry::{Position, Shape};

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// A geometry on its way into a table.
pub(super) struct Placed {
    /// Left, upper, width, height; `None` for a whole image whose size is not known.
    pub(super) bounds: Option<[f64; 4]>,
    /// In square pixels; `None` for what has none.
    pub(super) area: Option<f64>,
    /// Well-known binary.
    pub(super) wkb: Option<Vec<u8>>,
    /// Code and reason where the binary says less than the geometry does.
    pub(super) loss: Option<(&'static str, &'static str)>,
}

/// Says a geometry in the table's terms; `size` is the image's width and height, where known.
pub(super) fn placed(geometry: &Geometry, size: Option<(f64, f64)>) -> Placed {
    let around = geometry
        .bounds()
        .map(|b| [b.x_min, b.y_min, b.x_max - b.x_min, b.y_max - b.y_min]);
    let mut placed = Placed {
        bounds: around,
        area: geometry.area(),
        wkb: None,
        loss: None,
    };
    let loss = match &geometry.shape {
        Shape::Box { x, y, width, height } => {
            placed.bounds = Some([*x, *y, *width, *height]);
            None
        }
        Shape::Point { x, y } => {
            placed.wkb = Some(point([*x, *y]));
            None
        }
        Shape::Polyline { points } => {
            placed.wkb = Some(line(points));
            None
        }
        Shape::Polygon { rings } if is_area(rings) => {
            placed.wkb = Some(polygon(rings));
            None
        }
        Shape::MultiPolygon { polygons } if polygons.iter().all(|rings| is_area(rings)) => {
            placed.wkb = Some(multi_polygon(polygons));
            None
        }
        Shape::Polygon { .. } | Shape::MultiPolygon { .. } => Some((
            "polygon_as_box",
            "the column geometry has the box around a polygon of under 3 positions",
        )),
        Shape::Circle { .. } | Shape::Ellipse { .. } => Some((
            "round_as_box",
            "the column geometry has the box around a circle or ellipse",
        )),
        Shape::RotatedBox { .. } => Some((
            "turned_box_as_box",
            "the column geometry has the upright box around a turned one",
        )),
        Shape::Mask { .. } => Some(("mask_as_box", "the column geometry has the box around a mask")),
        Shape::Image => {
            placed.bounds = size.map(|(width, height)| [0.0, 0.0, width, height]);
            placed.area = size.map(|(width, height)| width * height);
            Some((
                "image_as_box",
                "the column geometry has a whole image as a box of its size",
            ))
        }
    };
    let plane = ("plane", "the column geometry does not have the plane in a stack");
    placed.loss = loss.or(geometry.plane.map(|_| plane));
    if placed.wkb.is_none() {
        placed.wkb = placed.bounds.map(rectangle);
    }
    placed
}

/// Whether all rings can be rings of a polygon.
fn is_area(rings: &[Vec<Position>]) -> bool {
    !rings.is_empty() && rings.iter().all(|ring| ring.len() >= 3)
}

fn head(kind: u32, out: &mut Vec<u8>) {
    out.push(1);
    out.extend_from_slice(&kind.to_le_bytes());
}

fn push_count(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn push_position([x, y]: Position, out: &mut Vec<u8>) {
    out.extend_from_slice(&x.to_le_bytes());
    out.extend_from_slice(&y.to_le_bytes());
}

fn point(position: Position) -> Vec<u8> {
    let mut out = Vec::with_capacity(21);
    head(POINT, &mut out);
    push_position(position, &mut out);
    out
}

fn line(points: &[Position]) -> Vec<u8> {
    let mut out = Vec::with_capacity(9 + 16 * points.len());
    head(LINE, &mut out);
    push_count(points.len(), &mut out);
    points
        .iter()
        .for_each(|position| push_position(*position, &mut out));
    out
}

fn rectangle([x, y, width, height]: [f64; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(93);
    let (right, lower) = (x + width, y + height);
    push_polygon(&[[[x, y], [right, y], [right, lower], [x, lower]]], &mut out);
    out
}

fn polygon(rings: &[Vec<Position>]) -> Vec<u8> {
    let mut out = Vec::new();
    push_polygon(rings, &mut out);
    out
}

fn multi_polygon(polygons: &[Vec<Vec<Position>>]) -> Vec<u8> {
    let mut out = Vec::new();
    head(MULTI_POLYGON, &mut out);
    push_count(polygons.len(), &mut out);
    polygons.iter().for_each(|rings| push_polygon(rings, &mut out));
    out
}

/// Rings are closed in this form: the first position is repeated.
fn push_polygon<R: AsRef<[Position]>>(rings: &[R], out: &mut Vec<u8>) {
    head(POLYGON, out);
    push_count(rings.len(), out);
    for ring in rings {
        let ring = ring.as_ref();
        push_count(ring.len() + 1, out);
        let closed = ring.iter().chain(ring.first());
        closed.for_each(|position| push_position(*position, out));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_point_is_what_other_tools_write() {
        let placed = placed(&Geometry::point(1.0, 2.5), None);
        assert_eq!(
            hex(&placed.wkb.unwrap()),
            "0101000000000000000000f03f0000000000000440"
        );
        assert_eq!(placed.bounds, Some([1.0, 2.5, 0.0, 0.0]));
        assert_eq!(placed.loss, None);
    }

    #[test]
    fn a_box_is_a_closed_ring_and_keeps_its_size_exactly() {
        let placed = placed(&Geometry::rectangle(0.1, 2.0, 0.2, 4.0), None);
        assert_eq!(placed.bounds, Some([0.1, 2.0, 0.2, 4.0]));
        let bytes = placed.wkb.unwrap();
        assert_eq!(bytes.len(), 93);
        assert_eq!(hex(&bytes[..13]), "01030000000100000005000000");
        assert_eq!(bytes[13..29], bytes[77..93], "the ring ends where it begins");
        assert_eq!(placed.loss, None);
    }

    #[test]
    fn what_has_no_form_is_a_box_and_told() {
        let circle = Geometry::new(Shape::Circle {
            x: 5.0,
            y: 5.0,
            radius: 2.0,
        });
        let round = placed(&circle, None);
        assert_eq!(round.bounds, Some([3.0, 3.0, 4.0, 4.0]));
        assert_eq!(round.loss.unwrap().0, "round_as_box");
        let whole = placed(&Geometry::new(Shape::Image), None);
        assert_eq!((whole.bounds, whole.wkb, whole.area), (None, None, None));
        let sized = placed(&Geometry::new(Shape::Image), Some((8.0, 4.0)));
        assert_eq!(
            (sized.bounds, sized.area),
            (Some([0.0, 0.0, 8.0, 4.0]), Some(32.0))
        );
    }
}
