//! From a type and coordinates to a geometry. Pure; nothing is repaired, closed, clamped or reordered here.

use crate::model::geometry::{Geometry, Position, Shape};

/// The types of annotations that SlideRunner writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Spot,
    Area,
    Polygon,
    SpecialSpot,
    Circle,
    ImageLabel,
    /// 255, or a number that SlideRunner does not know, or none.
    Unknown,
}

impl Kind {
    pub(super) const fn of(number: Option<i64>) -> Self {
        match number {
            Some(1) => Self::Spot,
            Some(2) => Self::Area,
            Some(3) => Self::Polygon,
            Some(4) => Self::SpecialSpot,
            Some(5) => Self::Circle,
            Some(6) => Self::ImageLabel,
            Some(_) | None => Self::Unknown,
        }
    }
}

/// Whether the coordinates are as many as the type asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    AsTyped,
    /// They are not: the geometry is what the coordinates make, a point or a polygon.
    ByCoordinates,
}

/// Builds the shape; `None` when it has no coordinates although it needs some, or when a size is not finite.
pub(super) fn shape(kind: Kind, points: &[Position]) -> Option<(Shape, Fit)> {
    let (shape, fit) = match (kind, points) {
        (Kind::ImageLabel, _) => (Shape::Image, Fit::AsTyped),
        (_, []) => return None,
        (Kind::Spot | Kind::SpecialSpot, &[[x, y]]) => (Shape::Point { x, y }, Fit::AsTyped),
        (Kind::Area, &[from, to]) => (area(from, to), Fit::AsTyped),
        (Kind::Circle, &[from, to]) => (round(from, to), Fit::AsTyped),
        (Kind::Polygon, ring) => (polygon(ring), Fit::AsTyped),
        (_, &[[x, y]]) => (Shape::Point { x, y }, Fit::ByCoordinates),
        (_, ring) => (polygon(ring), Fit::ByCoordinates),
    };
    let bounds = Geometry::new(shape.clone()).bounds();
    let is_finite = bounds.is_none_or(|b| {
        [b.x_min, b.y_min, b.x_max, b.y_max]
            .into_iter()
            .all(f64::is_finite)
    });
    is_finite.then_some((shape, fit))
}

fn polygon(ring: &[Position]) -> Shape {
    Shape::Polygon {
        rings: vec![ring.to_vec()],
    }
}

/// Two opposite corners, in any order.
fn area([x1, y1]: Position, [x2, y2]: Position) -> Shape {
    Shape::Box {
        x: x1.min(x2),
        y: y1.min(y2),
        width: (x2 - x1).abs(),
        height: (y2 - y1).abs(),
    }
}

/// The corners of the square or rectangle around a circle or an ellipse.
fn round([x1, y1]: Position, [x2, y2]: Position) -> Shape {
    let (x, y) = (f64::midpoint(x1, x2), f64::midpoint(y1, y2));
    let (radius_x, radius_y) = ((x2 - x1).abs() / 2.0, (y2 - y1).abs() / 2.0);
    if radius_x == radius_y {
        return Shape::Circle {
            x,
            y,
            radius: radius_x,
        };
    }
    Shape::Ellipse {
        x,
        y,
        radius_x,
        radius_y,
        angle_deg: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_come_in_any_order() {
        let expected = Some((
            Shape::Box {
                x: 1.5,
                y: -2.0,
                width: 3.5,
                height: 6.0,
            },
            Fit::AsTyped,
        ));
        assert_eq!(shape(Kind::Area, &[[1.5, -2.0], [5.0, 4.0]]), expected);
        assert_eq!(shape(Kind::Area, &[[5.0, -2.0], [1.5, 4.0]]), expected);
        assert_eq!(shape(Kind::Area, &[[5.0, 4.0], [1.5, -2.0]]), expected);
    }

    #[test]
    fn two_corners_make_a_circle_or_an_ellipse() {
        let circle = Shape::Circle {
            x: 2.0,
            y: 3.0,
            radius: 2.0,
        };
        assert_eq!(
            shape(Kind::Circle, &[[4.0, 1.0], [0.0, 5.0]]),
            Some((circle, Fit::AsTyped))
        );
        let ellipse = Shape::Ellipse {
            x: 2.0,
            y: 3.5,
            radius_x: 2.0,
            radius_y: 2.5,
            angle_deg: 0.0,
        };
        assert_eq!(
            shape(Kind::Circle, &[[0.0, 1.0], [4.0, 6.0]]),
            Some((ellipse, Fit::AsTyped))
        );
    }

    #[test]
    fn coordinates_decide_where_the_type_does_not_fit() {
        let point = Shape::Point { x: 1.0, y: 2.0 };
        assert_eq!(
            shape(Kind::Area, &[[1.0, 2.0]]),
            Some((point.clone(), Fit::ByCoordinates))
        );
        assert_eq!(
            shape(Kind::Unknown, &[[1.0, 2.0]]),
            Some((point, Fit::ByCoordinates))
        );
        let ring = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]];
        let triangle = Shape::Polygon {
            rings: vec![ring.clone()],
        };
        assert_eq!(
            shape(Kind::Spot, &ring),
            Some((triangle.clone(), Fit::ByCoordinates))
        );
        assert_eq!(shape(Kind::Unknown, &ring), Some((triangle, Fit::ByCoordinates)));
        assert_eq!(shape(Kind::Spot, &[]), None);
        assert_eq!(shape(Kind::ImageLabel, &[]), Some((Shape::Image, Fit::AsTyped)));
    }

    #[test]
    fn sizes_beyond_numbers_are_no_shape() {
        assert_eq!(shape(Kind::Area, &[[-1.7e308, 0.0], [1.7e308, 1.0]]), None);
        assert_eq!(shape(Kind::Circle, &[[-1.7e308, 0.0], [1.7e308, 1.0]]), None);
    }
}
