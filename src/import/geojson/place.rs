//! From drawings to geometries: exact ones that an export left, ellipses, planes, and what stays a polygon.

use super::super::document::{SourceFacts, SourceValue};
use super::super::json::Context;
use super::coordinates::Unusable;
use super::geometry::{AllChannels, PlaneRead, RawGeometry};
use crate::model::geometry::decimal::Decimal;
use crate::model::geometry::{Bounds, Drawn, Plane};
use crate::model::qupath::PLANE_CHANNEL;
use crate::model::{Geometry, Shape};

/// The geometry that an export of Holotype left beside the drawing, where there is one.
pub(super) struct Exact(pub(super) Option<Geometry>);

/// Returns the geometries that a feature marks; what they cannot say becomes attributes.
pub(super) fn places(
    context: &mut Context<'_>,
    raw: &RawGeometry,
    exact: Exact,
    attributes: &mut SourceFacts,
) -> Result<Vec<Geometry>, Unusable> {
    let drawn = raw.places(context)?;
    let plane = plane(context, raw, attributes);
    if let ([drawn], Some(exact)) = (drawn.as_slice(), &exact.0) {
        if drawn.is_of(exact, raw.is_ellipse) {
            let shape = exact.shape.clone();
            return Ok(vec![Geometry { shape, plane }]);
        }
        context.note("geometry_edited", || {
            format!(
                "what is drawn is no longer the {} that was exported; the drawing is taken",
                exact.type_name()
            )
        });
        if let Some(shape) = edited(drawn, exact, raw.is_ellipse) {
            return Ok(vec![Geometry { shape, plane }]);
        }
    }
    let shapes = drawn
        .into_iter()
        .map(|drawn| shape(context, drawn, raw.is_ellipse, attributes));
    Ok(shapes.map(|shape| Geometry { shape, plane }).collect())
}

/// Takes a drawing for what it shows.
fn shape(context: &mut Context<'_>, drawn: Drawn, is_ellipse: bool, attributes: &mut SourceFacts) -> Shape {
    if is_ellipse {
        if let Some(ellipse) = ellipse(&drawn) {
            return ellipse;
        }
        context.note("ellipse_not_recovered", || {
            "it is marked as an ellipse, and its outline is none; it stays a polygon".to_owned()
        });
        attributes.insert("isEllipse".to_owned(), SourceValue::Flag(true));
    } else if drawn.rectangle().is_some() {
        context.note("rectangle_as_polygon", || {
            "an upright rectangle stays a polygon: the file does not say that it was drawn as a box"
                .to_owned()
        });
    }
    match drawn {
        Drawn::Point([x, y]) => Shape::Point { x, y },
        Drawn::Line(points) => Shape::Polyline { points },
        Drawn::Polygon(rings) => Shape::Polygon { rings },
        Drawn::MultiPolygon(polygons) => Shape::MultiPolygon { polygons },
    }
}

/// Takes a drawing for the kind of shape that was exported, where it still is one: a box that was moved is a box.
fn edited(drawn: &Drawn, exact: &Geometry, is_ellipse: bool) -> Option<Shape> {
    match &exact.shape {
        Shape::Box { .. } => drawn.rectangle().map(boxed),
        Shape::Circle { .. } if is_ellipse => match ellipse(drawn)? {
            Shape::Ellipse {
                x,
                y,
                radius_x,
                radius_y,
                ..
            } if radius_x == radius_y => Some(Shape::Circle {
                x,
                y,
                radius: radius_x,
            }),
            other => Some(other),
        },
        Shape::Point { .. }
        | Shape::RotatedBox { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. }
        | Shape::Polygon { .. }
        | Shape::MultiPolygon { .. }
        | Shape::Polyline { .. }
        | Shape::Mask { .. }
        | Shape::Image => None,
    }
}

/// The box within bounds. The size is taken in decimals, so that it has no more digits than the borders.
fn boxed(bounds: Bounds) -> Shape {
    let length = |from: f64, to: f64| {
        let exact = || Decimal::from_f64(to)?.minus(Decimal::from_f64(from)?)?.to_f64();
        exact().unwrap_or(to - from)
    };
    Shape::Box {
        x: bounds.x_min,
        y: bounds.y_min,
        width: length(bounds.x_min, bounds.x_max),
        height: length(bounds.y_min, bounds.y_max),
    }
}

fn ellipse(drawn: &Drawn) -> Option<Shape> {
    let ([x, y], [radius_x, radius_y]) = drawn.upright_ellipse()?;
    Some(Shape::Ellipse {
        x,
        y,
        radius_x,
        radius_y,
        angle_deg: 0.0,
    })
}

fn plane(context: &mut Context<'_>, raw: &RawGeometry, attributes: &mut SourceFacts) -> Option<Plane> {
    let given = raw.plane.as_ref()?;
    match given.plane() {
        PlaneRead::Default => None,
        PlaneRead::Plane(plane, AllChannels::No) => Some(plane),
        PlaneRead::Plane(plane, AllChannels::Yes) => {
            attributes.insert(PLANE_CHANNEL.to_owned(), SourceValue::Number(-1.0));
            Some(plane)
        }
        PlaneRead::Unusable => {
            let text = given.text();
            context.note("plane_unusable", || {
                format!("its plane ({text}) is none; it is kept as an attribute")
            });
            attributes.insert("plane".to_owned(), SourceValue::Text(text));
            None
        }
    }
}
