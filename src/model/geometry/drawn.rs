//! How a geometry is drawn where there are only points, lines and polygons, as in GeoJSON; and whether a drawing is
//! still that of a geometry, after a program has rounded or rewritten it.
//!
//! What is drawn can be less than what is meant: a circle becomes 64 corners, a mask its outline. Whoever writes a
//! drawing keeps the geometry beside it, and whoever reads both asks [`Drawn::is_of`] whether they still belong
//! together.

use super::{Bounds, Geometry, Position, Shape};

/// Programs that round to hundredths of a pixel, as QuPath does, move a position by no more than this (px).
const ROUNDING: f64 = 0.0051;

/// A drawing. Rings are not closed: the last position is joined to the first.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawn {
    /// One position.
    Point(Position),
    /// An open line of at least two positions.
    Line(Vec<Position>),
    /// An outer ring and holes, each of at least three positions.
    Polygon(Vec<Vec<Position>>),
    /// At least one polygon.
    MultiPolygon(Vec<Vec<Vec<Position>>>),
}

impl Drawn {
    /// Draws a geometry. `size` is the image's width and height in px, where known. What has no extent of its own is a
    /// rectangle or, at the last, a point: the drawing is never empty and its numbers are finite.
    #[must_use]
    pub fn of(geometry: &Geometry, size: Option<(f64, f64)>) -> Self {
        let drawn = match &geometry.shape {
            Shape::Point { x, y } => Some(Self::Point([*x, *y])),
            Shape::Box { .. } | Shape::RotatedBox { .. } | Shape::Circle { .. } | Shape::Ellipse { .. } => {
                Some(Self::Polygon(vec![geometry.outline()]))
            }
            Shape::Polygon { rings } => polygon(rings).map(Self::Polygon),
            Shape::MultiPolygon { polygons } => {
                let polygons: Vec<_> = polygons.iter().filter_map(|rings| polygon(rings)).collect();
                (!polygons.is_empty()).then_some(Self::MultiPolygon(polygons))
            }
            Shape::Polyline { points } => (points.len() > 1).then(|| Self::Line(points.clone())),
            Shape::Mask {
                x, y, height, counts, ..
            } => mask([*x, *y], *height, counts),
            Shape::Image => size.map(|(width, height)| rectangle([0.0, 0.0], [width, height])),
        };
        let around = || {
            let bounds = geometry.bounds()?;
            let size = [bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min];
            (size != [0.0, 0.0]).then(|| rectangle([bounds.x_min, bounds.y_min], size))
        };
        let anchor = || Self::Point(geometry.anchor().unwrap_or_default());
        drawn
            .or_else(around)
            .filter(Self::is_finite)
            .unwrap_or_else(anchor)
    }

    /// Whether the drawing says all of the geometry, so that reading it gives the same one.
    #[must_use]
    pub fn says_all_of(&self, geometry: &Geometry) -> bool {
        match (self, &geometry.shape) {
            (Self::Point(position), Shape::Point { x, y }) => *position == [*x, *y],
            (Self::Line(points), Shape::Polyline { points: given }) => points == given,
            (Self::Polygon(rings), Shape::Polygon { rings: given }) => rings == given,
            (Self::MultiPolygon(polygons), Shape::MultiPolygon { polygons: given }) => polygons == given,
            (Self::Point(_) | Self::Line(_) | Self::Polygon(_) | Self::MultiPolygon(_), _) => false,
        }
    }

    /// Whether every number is a whole number of hundredths, which rounding to them leaves alone.
    #[must_use]
    pub fn is_in_hundredths(&self) -> bool {
        self.positions()
            .flatten()
            .all(|number| (number * 100.0).round() / 100.0 == *number)
    }

    /// Whether this can be the drawing of `geometry` after a program has rounded it to hundredths of a pixel, begun
    /// its rings elsewhere, or drawn the same round or upright shape with other corners. `is_ellipse` says that the
    /// drawing stands for the ellipse within its bounds.
    #[must_use]
    pub fn is_of(&self, geometry: &Geometry, is_ellipse: bool) -> bool {
        match &geometry.shape {
            Shape::Box { .. } => match self.rectangle() {
                Some(bounds) => geometry
                    .bounds()
                    .is_some_and(|wanted| near_bounds(&bounds, &wanted)),
                None => self.is_near(&Self::of(geometry, None)),
            },
            Shape::Circle { .. } | Shape::Ellipse { .. } if is_ellipse => {
                let bounds = self.bounds().zip(geometry.bounds());
                bounds.is_some_and(|(bounds, wanted)| near_bounds(&bounds, &wanted))
            }
            Shape::Image => match self {
                Self::Point(position) => *position == [0.0, 0.0],
                Self::Line(_) | Self::Polygon(_) | Self::MultiPolygon(_) => self
                    .rectangle()
                    .is_some_and(|bounds| bounds.x_min == 0.0 && bounds.y_min == 0.0),
            },
            Shape::Point { .. }
            | Shape::RotatedBox { .. }
            | Shape::Circle { .. }
            | Shape::Ellipse { .. }
            | Shape::Polygon { .. }
            | Shape::MultiPolygon { .. }
            | Shape::Polyline { .. }
            | Shape::Mask { .. } => self.is_near(&Self::of(geometry, None)),
        }
    }

    /// Returns the bounds where this is an upright rectangle of four corners.
    #[must_use]
    pub fn rectangle(&self) -> Option<Bounds> {
        let Self::Polygon(rings) = self else { return None };
        let [ring] = rings.as_slice() else { return None };
        let [a, b, c, d] = ring.as_slice() else {
            return None;
        };
        let [[ax, ay], [bx, by], [cx, cy], [dx, dy]] = [*a, *b, *c, *d];
        let first_is_level = ay == by && bx == cx && cy == dy && dx == ax;
        let first_is_upright = ax == bx && by == cy && cx == dx && dy == ay;
        (first_is_level || first_is_upright)
            .then(|| self.bounds())
            .flatten()
    }

    /// Returns the smallest upright rectangle around it.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        Bounds::of(self.positions().copied())
    }

    /// Returns the ellipse (half axes along x and y) whose outline all positions lie on, to a hundredth of a pixel, its
    /// four outermost ones among them: centre, then half axes. `None` where there is none.
    #[must_use]
    pub fn upright_ellipse(&self) -> Option<(Position, Position)> {
        let Self::Polygon(rings) = self else { return None };
        let [ring] = rings.as_slice() else { return None };
        let bounds = self.bounds()?;
        let [cx, cy] = bounds.centre();
        let [rx, ry] = [
            (bounds.x_max - bounds.x_min) / 2.0,
            (bounds.y_max - bounds.y_min) / 2.0,
        ];
        if ring.len() < 8 || rx <= 0.0 || ry <= 0.0 {
            return None;
        }
        let slack = 2.0 * ROUNDING;
        let lies_on = |[x, y]: &Position| {
            let (dx, dy) = ((x - cx).abs(), (y - cy).abs());
            // Some position within the slack around this one is on the ellipse.
            let reach = |dx: f64, dy: f64| (dx / rx).powi(2) + (dy / ry).powi(2);
            reach((dx - slack).max(0.0), (dy - slack).max(0.0)) <= 1.0 && reach(dx + slack, dy + slack) >= 1.0
        };
        let near = |a: f64, b: f64| (a - b).abs() <= slack;
        let has_tip = |tip: Position| ring.iter().any(|[x, y]| near(*x, tip[0]) && near(*y, tip[1]));
        let tips = [[cx - rx, cy], [cx + rx, cy], [cx, cy - ry], [cx, cy + ry]];
        (ring.iter().all(lies_on) && tips.into_iter().all(has_tip)).then_some(([cx, cy], [rx, ry]))
    }

    fn positions(&self) -> Box<dyn Iterator<Item = &Position> + '_> {
        match self {
            Self::Point(position) => Box::new(std::iter::once(position)),
            Self::Line(points) => Box::new(points.iter()),
            Self::Polygon(rings) => Box::new(rings.iter().flatten()),
            Self::MultiPolygon(polygons) => Box::new(polygons.iter().flatten().flatten()),
        }
    }

    fn is_finite(&self) -> bool {
        self.positions().flatten().all(|number| number.is_finite())
    }

    /// Whether both are the same drawing but for rounding, and for where rings begin and which way they run.
    fn is_near(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Point(a), Self::Point(b)) => near(a, b),
            (Self::Line(a), Self::Line(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b)),
            (Self::Polygon(a), Self::Polygon(b)) => near_rings(a, b),
            // A program may write a single polygon as one.
            (Self::MultiPolygon(a), Self::MultiPolygon(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near_rings(a, b))
            }
            (Self::Polygon(a), Self::MultiPolygon(b)) | (Self::MultiPolygon(b), Self::Polygon(a)) => {
                matches!(b.as_slice(), [b] if near_rings(a, b))
            }
            (Self::Point(_) | Self::Line(_) | Self::Polygon(_) | Self::MultiPolygon(_), _) => false,
        }
    }
}

/// Returns the rings of at least three positions; `None` when the outer one has fewer.
fn polygon(rings: &[Vec<Position>]) -> Option<Vec<Vec<Position>>> {
    let (outer, holes) = rings.split_first()?;
    if outer.len() < 3 {
        return None;
    }
    let holes = holes.iter().filter(|hole| hole.len() >= 3);
    Some(std::iter::once(outer).chain(holes).cloned().collect())
}

fn rectangle([x, y]: Position, [width, height]: Position) -> Drawn {
    Drawn::Polygon(vec![Geometry::rectangle(x, y, width, height).outline()])
}

/// Draws a mask by its outline; `None` when no pixel is set or there are too many pieces.
fn mask([x, y]: Position, height: f64, counts: &[u64]) -> Option<Drawn> {
    let mut polygons = super::trace::trace(super::float_to_whole(height)?, counts)?;
    for position in polygons.iter_mut().flatten().flatten() {
        let [column, row] = *position;
        *position = [x + column, y + row];
    }
    match polygons.len() {
        0 => None,
        1 => polygons.pop().map(Drawn::Polygon),
        _ => Some(Drawn::MultiPolygon(polygons)),
    }
}

fn near([ax, ay]: &Position, [bx, by]: &Position) -> bool {
    near_number(*ax, *bx) && near_number(*ay, *by)
}

/// Where numbers are so large that neighbouring ones lie further apart than programs round (from about 10¹³ on), a
/// sum that was rounded once or twice may be a few of them away.
fn near_number(a: f64, b: f64) -> bool {
    (a - b).abs() <= ROUNDING.max(4.0 * f64::EPSILON * a.abs().max(b.abs()))
}

fn near_bounds(a: &Bounds, b: &Bounds) -> bool {
    near(&[a.x_min, a.y_min], &[b.x_min, b.y_min]) && near(&[a.x_max, a.y_max], &[b.x_max, b.y_max])
}

fn near_rings(a: &[Vec<Position>], b: &[Vec<Position>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near_ring(a, b))
}

/// Whether two rings are one, begun elsewhere or walked the other way. Few places can be where the other begins; a ring
/// in which very many can is none that a person drew.
fn near_ring(a: &[Position], b: &[Position]) -> bool {
    const STARTS_MAX: usize = 16;
    let Some(first) = a.first() else {
        return b.is_empty();
    };
    let starts = b.iter().enumerate().filter(|(_, position)| near(first, position));
    a.len() == b.len()
        && starts.take(STARTS_MAX).any(|(start, _)| {
            let (head, tail) = b.split_at_checked(start).unwrap_or((b, &[]));
            let onwards = tail.iter().chain(head);
            let backwards = tail
                .iter()
                .take(1)
                .chain(head.iter().rev())
                .chain(tail.iter().skip(1).rev());
            a.iter().zip(onwards).all(|(a, b)| near(a, b)) || a.iter().zip(backwards).all(|(a, b)| near(a, b))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(drawn: &Drawn) -> Drawn {
        let hundredth = |[x, y]: &Position| [(x * 100.0).round() / 100.0, (y * 100.0).round() / 100.0];
        let ring = |ring: &Vec<Position>| ring.iter().map(hundredth).collect::<Vec<_>>();
        match drawn {
            Drawn::Point(position) => Drawn::Point(hundredth(position)),
            Drawn::Line(points) => Drawn::Line(ring(points)),
            Drawn::Polygon(rings) => Drawn::Polygon(rings.iter().map(ring).collect()),
            Drawn::MultiPolygon(polygons) => {
                let polygon = |rings: &Vec<Vec<Position>>| rings.iter().map(ring).collect();
                Drawn::MultiPolygon(polygons.iter().map(polygon).collect())
            }
        }
    }

    fn shapes() -> Vec<Geometry> {
        let (x, y) = (10.123_456, 20.765_432);
        [
            Shape::Point { x, y },
            Shape::Box {
                x,
                y,
                width: 3.333,
                height: 4.004,
            },
            Shape::RotatedBox {
                x,
                y,
                width: 3.333,
                height: 4.004,
                angle_deg: 33.0,
            },
            Shape::Circle { x, y, radius: 7.77 },
            Shape::Ellipse {
                x,
                y,
                radius_x: 7.77,
                radius_y: 3.1,
                angle_deg: 0.0,
            },
            Shape::Ellipse {
                x,
                y,
                radius_x: 7.77,
                radius_y: 3.1,
                angle_deg: 20.0,
            },
            Shape::Polygon {
                rings: vec![vec![[x, y], [x + 5.0, y], [x, y + 5.0]]],
            },
            Shape::Polyline {
                points: vec![[x, y], [x + 5.0, y]],
            },
            Shape::Mask {
                x,
                y,
                width: 3.0,
                height: 2.0,
                counts: vec![1, 3, 2],
            },
        ]
        .map(Geometry::new)
        .to_vec()
    }

    #[test]
    fn a_rounded_drawing_is_still_of_its_geometry_and_of_no_other() {
        let shapes = shapes();
        for (at, geometry) in shapes.iter().enumerate() {
            let drawn = round(&Drawn::of(geometry, None));
            assert!(drawn.is_in_hundredths(), "{drawn:?}");
            for (other_at, other) in shapes.iter().enumerate() {
                assert_eq!(
                    drawn.is_of(other, false),
                    at == other_at,
                    "{geometry:?} as {other:?}"
                );
            }
        }
    }

    #[test]
    fn a_ring_may_begin_elsewhere_and_run_the_other_way() {
        let geometry = Geometry::new(Shape::Polygon {
            rings: vec![vec![[0.0, 0.0], [9.0, 0.0], [9.0, 5.0], [0.0, 7.0]]],
        });
        let turned = Drawn::Polygon(vec![vec![[9.0, 5.0], [9.0, 0.0], [0.0, 0.0], [0.0, 7.0]]]);
        let other = Drawn::Polygon(vec![vec![[9.0, 0.0], [9.0, 5.0], [0.0, 0.0], [0.0, 7.0]]]);
        assert!(turned.is_of(&geometry, false));
        assert!(!other.is_of(&geometry, false));
    }

    #[test]
    fn an_ellipse_is_found_again_and_nothing_else_is_one() {
        let ellipse = |radius_x, radius_y, angle_deg| {
            let shape = Shape::Ellipse {
                x: 50.0,
                y: 40.0,
                radius_x,
                radius_y,
                angle_deg,
            };
            Drawn::of(&Geometry::new(shape), None)
        };
        for (radius_x, radius_y) in [(7.5, 3.25), (1000.0, 2.0), (0.5, 0.5)] {
            let found = round(&ellipse(radius_x, radius_y, 0.0)).upright_ellipse();
            assert_eq!(found, Some(([50.0, 40.0], [radius_x, radius_y])));
        }
        assert_eq!(ellipse(7.5, 3.25, 20.0).upright_ellipse(), None, "turned");
        assert_eq!(ellipse(7.5, 0.0, 0.0).upright_ellipse(), None, "flat");
        let octagon = |angle: f64| {
            let corner = |n: u32| (f64::from(n) / 8.0 * std::f64::consts::TAU + angle).sin_cos();
            Drawn::Polygon(vec![
                (0..8)
                    .map(corner)
                    .map(|(sin, cos)| [9.0 * cos, 9.0 * sin])
                    .collect(),
            ])
        };
        assert_eq!(octagon(0.1).upright_ellipse(), None, "without its tips");
        assert_eq!(rectangle([0.0, 0.0], [4.0, 4.0]).upright_ellipse(), None);
    }

    #[test]
    fn a_drawing_is_never_empty_and_never_infinite() {
        let two = vec![vec![[1.0, 2.0], [3.0, 4.0]]];
        let far = Geometry::new(Shape::Circle {
            x: 1e308,
            y: 0.0,
            radius: 1e308,
        });
        for (geometry, expected) in [
            (Geometry::new(Shape::Image), Drawn::Point([0.0, 0.0])),
            (
                Geometry::new(Shape::MultiPolygon { polygons: vec![] }),
                Drawn::Point([0.0, 0.0]),
            ),
            (
                Geometry::new(Shape::Polygon { rings: two }),
                rectangle([1.0, 2.0], [2.0, 2.0]),
            ),
            (
                Geometry::new(Shape::Polyline {
                    points: vec![[1.0, 2.0]],
                }),
                Drawn::Point([1.0, 2.0]),
            ),
            (far, Drawn::Point([1e308, 0.0])),
        ] {
            let drawn = Drawn::of(&geometry, None);
            assert_eq!(drawn, expected);
            assert!(!drawn.says_all_of(&geometry));
            assert!(drawn.is_of(&geometry, false), "{geometry:?}");
        }
        let whole = Drawn::of(&Geometry::new(Shape::Image), Some((8.0, 6.0)));
        assert_eq!(whole, rectangle([0.0, 0.0], [8.0, 6.0]));
        assert!(whole.is_of(&Geometry::new(Shape::Image), false));
    }
}
