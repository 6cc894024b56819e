//! A geometry as the tool can draw it: a type, and positions as text.

use super::AsapCurve;
use crate::model::Geometry;
use crate::model::geometry::decimal::Decimal;
use crate::model::geometry::{Drawn, Position, Shape};

/// Whether the tool's form says all of a geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exactness {
    /// It does.
    Drawn,
    /// It does not: the exact one is carried beside it.
    Carried,
}

/// A drawing.
pub(super) struct Drawing {
    /// The tool's type.
    pub(super) kind: &'static str,
    /// The positions of each part; at least one part.
    pub(super) parts: Vec<Vec<[String; 2]>>,
    pub(super) exactness: Exactness,
    pub(super) fills_holes: bool,
    pub(super) is_approximate: bool,
    pub(super) closes_line: bool,
    pub(super) is_image: bool,
}

/// Draws a geometry; `None` for the whole of an image whose size is not known.
pub(super) fn draw(geometry: &Geometry, size: Option<(f64, f64)>, curve: AsapCurve) -> Option<Drawing> {
    let mut drawing = match &geometry.shape {
        Shape::Box { x, y, width, height } => rectangle([*x, *y], [*width, *height]),
        Shape::Image => {
            let (width, height) = size?;
            Drawing {
                exactness: Exactness::Carried,
                is_image: true,
                ..rectangle([0.0, 0.0], [width, height])
            }
        }
        Shape::Point { .. }
        | Shape::RotatedBox { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. }
        | Shape::Polygon { .. }
        | Shape::MultiPolygon { .. }
        | Shape::Polyline { .. }
        | Shape::Mask { .. } => of(geometry, curve),
    };
    if geometry.plane.is_some() {
        drawing.exactness = Exactness::Carried;
    }
    Some(drawing)
}

fn plain(kind: &'static str, parts: Vec<Vec<[String; 2]>>, exactness: Exactness) -> Drawing {
    Drawing {
        kind,
        parts,
        exactness,
        fills_holes: false,
        is_approximate: false,
        closes_line: false,
        is_image: false,
    }
}

fn of(geometry: &Geometry, curve: AsapCurve) -> Drawing {
    let drawn = Drawn::of(geometry, None);
    let says_all = drawn.says_all_of(geometry);
    let exactness = if says_all {
        Exactness::Drawn
    } else {
        Exactness::Carried
    };
    let is_drawn_otherwise = matches!(
        geometry.shape,
        Shape::RotatedBox { .. } | Shape::Circle { .. } | Shape::Ellipse { .. } | Shape::Mask { .. }
    );
    let round = |drawing| Drawing {
        is_approximate: is_drawn_otherwise,
        ..drawing
    };
    match drawn {
        Drawn::Point(position) => Drawing {
            // A point where something else was meant.
            is_approximate: !says_all,
            ..plain("Dot", vec![texts(&[position])], exactness)
        },
        Drawn::Line(points) if points.len() == 2 => plain("Measurement", vec![texts(&points)], exactness),
        Drawn::Line(points) => Drawing {
            closes_line: true,
            ..plain("Polygon", vec![texts(&points)], Exactness::Carried)
        },
        Drawn::Polygon(rings) => {
            let fills_holes = rings.len() > 1;
            let outer = rings.first().map(|ring| texts(ring)).unwrap_or_default();
            let kind = match (curve, &geometry.shape) {
                (AsapCurve::Spline, Shape::Polygon { .. }) => "Spline",
                (AsapCurve::Spline | AsapCurve::Straight, _) => "Polygon",
            };
            let exactness = if fills_holes {
                Exactness::Carried
            } else {
                exactness
            };
            round(Drawing {
                fills_holes,
                ..plain(kind, vec![outer], exactness)
            })
        }
        Drawn::MultiPolygon(polygons) => {
            let outer = |rings: &Vec<Vec<Position>>| rings.first().map(|ring| texts(ring));
            round(Drawing {
                fills_holes: polygons.iter().any(|rings| rings.len() > 1),
                ..plain(
                    "Polygon",
                    polygons.iter().filter_map(outer).collect(),
                    Exactness::Carried,
                )
            })
        }
    }
}

fn texts(positions: &[Position]) -> Vec<[String; 2]> {
    positions
        .iter()
        .map(|position| position.map(|number| number.to_string()))
        .collect()
}

/// A rectangle by its corners. The far ones are decimal sums, so that the size is read back to the last bit.
fn rectangle([x, y]: Position, [width, height]: Position) -> Drawing {
    let far = |start: f64, length: f64| {
        let sum = Decimal::from_f64(start)?.plus(Decimal::from_f64(length)?)?;
        Some(sum.to_string())
    };
    let (right, bottom) = (far(x, width), far(y, height));
    let exactness = if right.is_some() && bottom.is_some() {
        Exactness::Drawn
    } else {
        Exactness::Carried
    };
    let right = right.unwrap_or_else(|| (x + width).to_string());
    let bottom = bottom.unwrap_or_else(|| (y + height).to_string());
    let (left, top) = (x.to_string(), y.to_string());
    let corners = [[&left, &top], [&right, &top], [&right, &bottom], [&left, &bottom]];
    let corners = corners.map(|corner| corner.map(String::clone));
    plain("Rectangle", vec![corners.to_vec()], exactness)
}
