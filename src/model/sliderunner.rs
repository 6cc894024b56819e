//! SlideRunner's types of annotations: from a type and coordinates to a geometry, and back, so that reader and writer
//! agree. Nothing is repaired, closed, clamped or reordered here.

use super::geometry::{Drawn, Geometry, Plane, Position, Shape};

/// The types of annotations that SlideRunner writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One position.
    Spot,
    /// Two corners of a rectangle.
    Area,
    /// Positions around an area.
    Polygon,
    /// One position that asks for no label.
    SpecialSpot,
    /// Two corners around a circle or an ellipse.
    Circle,
    /// The whole image, or one focus level of it: one row of coordinates that has the level alone, or none.
    ImageLabel,
    /// 255, or a number that SlideRunner does not know, or none.
    Unknown,
}

impl Kind {
    /// Returns what a number in the column `type` means.
    #[must_use]
    pub const fn of(number: Option<i64>) -> Self {
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

    /// Returns the number for the column `type`.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Spot => 1,
            Self::Area => 2,
            Self::Polygon => 3,
            Self::SpecialSpot => 4,
            Self::Circle => 5,
            Self::ImageLabel => 6,
            Self::Unknown => 255,
        }
    }
}

/// Whether the coordinates are as many as the type asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// They are.
    AsTyped,
    /// They are not: the geometry is what the coordinates make, a point or a polygon.
    ByCoordinates,
}

/// Builds the shape; `None` when it has no coordinates although it needs some, or when a size is not finite.
#[must_use]
pub fn shape(kind: Kind, points: &[Position]) -> Option<(Shape, Fit)> {
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

/// Returns the focus level that all coordinates of one annotation share as its plane; level 0 is a plain image.
///
/// # Errors
/// The level, when it is none.
pub fn plane(z: f64) -> Result<Option<Plane>, f64> {
    if z == 0.0 {
        return Ok(None);
    }
    let level = (z.fract() == 0.0)
        .then(|| format!("{z:.0}").parse::<u32>().ok())
        .flatten();
    level.map(|z| Some(Plane { c: 0, t: 0, z })).ok_or(z)
}

/// A geometry as SlideRunner has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The type.
    pub kind: Kind,
    /// The coordinates, level-0 px.
    pub points: Vec<Position>,
    /// The focus level.
    pub z: u32,
    /// Code and reason where this says less than the geometry does.
    pub loss: Option<(&'static str, &'static str)>,
}

impl Placed {
    /// Says a geometry in SlideRunner's terms; `size` is the image's width and height in px, where known.
    #[must_use]
    pub fn of(geometry: &Geometry, size: Option<(f64, f64)>) -> Self {
        let (kind, points, loss) = match &geometry.shape {
            Shape::Point { x, y } => (Kind::Spot, vec![[*x, *y]], None),
            Shape::Box { x, y, width, height } => (Kind::Area, vec![[*x, *y], [x + width, y + height]], None),
            Shape::Circle { x, y, radius } => (
                Kind::Circle,
                vec![[x - radius, y - radius], [x + radius, y + radius]],
                None,
            ),
            Shape::Ellipse {
                x,
                y,
                radius_x,
                radius_y,
                angle_deg,
            } if *angle_deg == 0.0 => (
                Kind::Circle,
                vec![[x - radius_x, y - radius_y], [x + radius_x, y + radius_y]],
                None,
            ),
            Shape::Polygon { rings } => match rings.as_slice() {
                [ring] => (Kind::Polygon, ring.clone(), None),
                rings => (
                    Kind::Polygon,
                    rings.first().cloned().unwrap_or_default(),
                    Some(("without_holes", "SlideRunner has no holes in a polygon")),
                ),
            },
            Shape::Image => (Kind::ImageLabel, Vec::new(), None),
            Shape::RotatedBox { .. }
            | Shape::Ellipse { .. }
            | Shape::MultiPolygon { .. }
            | Shape::Polyline { .. }
            | Shape::Mask { .. } => Self::drawn(geometry, size),
        };
        let loss = loss.or_else(|| {
            let is_plain = geometry.plane.is_none_or(|plane| plane.c == 0 && plane.t == 0);
            (!is_plain).then_some(("without_channel", "SlideRunner has no channels and time points"))
        });
        let placed = Self {
            kind,
            points,
            z: geometry.plane.map_or(0, |plane| plane.z),
            loss,
        };
        if placed.read_back().is_some() {
            return placed;
        }
        // A border beyond what a number can be: what is drawn instead is finite.
        let (kind, points, loss) = Self::drawn(geometry, size);
        Self {
            kind,
            points,
            loss,
            ..placed
        }
    }

    /// The outer ring of the largest piece of what can only be drawn.
    fn drawn(
        geometry: &Geometry,
        size: Option<(f64, f64)>,
    ) -> (Kind, Vec<Position>, Option<(&'static str, &'static str)>) {
        let loss = (
            "drawn_as_polygon",
            "SlideRunner has the outline of its largest piece as a polygon",
        );
        match Drawn::of(geometry, size) {
            Drawn::Point([x, y]) => (Kind::Spot, vec![[x, y]], Some(loss)),
            Drawn::Line(points) => (Kind::Polygon, points, Some(loss)),
            Drawn::Polygon(rings) => (Kind::Polygon, outer(rings), Some(loss)),
            Drawn::MultiPolygon(polygons) => {
                let rings = polygons.into_iter().map(outer);
                let largest = rings.max_by(|a, b| area_of(a).total_cmp(&area_of(b)));
                (Kind::Polygon, largest.unwrap_or_default(), Some(loss))
            }
        }
    }

    /// Returns what a reader makes of it.
    #[must_use]
    pub fn read_back(&self) -> Option<Geometry> {
        let (shape, _) = shape(self.kind, &self.points)?;
        let plane = plane(f64::from(self.z)).ok().flatten();
        Some(Geometry { shape, plane })
    }
}

fn outer(rings: Vec<Vec<Position>>) -> Vec<Position> {
    rings.into_iter().next().unwrap_or_default()
}

fn area_of(ring: &[Position]) -> f64 {
    Geometry::new(polygon(ring)).area().unwrap_or(0.0)
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

    #[test]
    fn what_sliderunner_has_a_type_for_comes_back() {
        let ring = vec![[0.5, 0.0], [4.0, 0.0], [4.0, 3.0]];
        for shape in [
            Shape::Point { x: 1.5, y: -2.0 },
            Shape::Box {
                x: 1.0,
                y: 2.0,
                width: 3.0,
                height: 0.0,
            },
            Shape::Circle {
                x: 5.0,
                y: 6.0,
                radius: 2.5,
            },
            Shape::Ellipse {
                x: 5.0,
                y: 6.0,
                radius_x: 2.5,
                radius_y: 1.0,
                angle_deg: 0.0,
            },
            Shape::Polygon {
                rings: vec![ring.clone()],
            },
            Shape::Image,
        ] {
            let geometry = Geometry::new(shape);
            let placed = Placed::of(&geometry, None);
            assert_eq!((placed.read_back(), placed.loss), (Some(geometry), None));
        }
        for geometry in [Geometry::point(1.0, 2.0), Geometry::new(Shape::Image)] {
            let deep = Geometry {
                plane: Some(Plane { c: 0, t: 0, z: 3 }),
                ..geometry
            };
            assert_eq!(Placed::of(&deep, None).read_back(), Some(deep));
        }
    }

    #[test]
    fn what_sliderunner_has_no_type_for_is_drawn_and_told() {
        let square = |x: f64, size: f64| vec![vec![[x, 0.0], [x + size, 0.0], [x + size, size], [x, size]]];
        let geometry = Geometry::new(Shape::MultiPolygon {
            polygons: vec![square(0.0, 1.0), square(9.0, 4.0)],
        });
        let placed = Placed::of(&geometry, None);
        let largest = Geometry::new(Shape::Polygon {
            rings: square(9.0, 4.0),
        });
        assert_eq!((placed.read_back(), placed.kind), (Some(largest), Kind::Polygon));
        assert_eq!(placed.loss.unwrap().0, "drawn_as_polygon");
        let channel = Geometry {
            plane: Some(Plane { c: 1, t: 0, z: 0 }),
            ..Geometry::point(1.0, 2.0)
        };
        assert_eq!(Placed::of(&channel, None).loss.unwrap().0, "without_channel");
    }
}
