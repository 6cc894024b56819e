//! From a group's coordinates to places: which points belong to which annotation, and what shape they make.
//!
//! Points, lines, polygons and upright rectangles are exact. A turned rectangle and a turned ellipse are stored by size
//! and angle, which their points give only to rounding; the points themselves are kept beside them.

use crate::model::Geometry;
use crate::model::geometry::{Position, Shape};

use super::numbers::Numbers;

/// Right angles and common centres are held to this part of a size. Coordinates are often `float`, whose rounding at
/// 100,000 px is 0.004 px.
const TOLERANCE: f64 = 1e-3;

/// The kinds of graphics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GraphicType {
    /// One position.
    Point,
    /// An open line.
    Polyline,
    /// A closed area; the last position is joined to the first.
    Polygon,
    /// The ends of the major axis, then those of the minor one.
    Ellipse,
    /// Four corners, in order.
    Rectangle,
}

impl GraphicType {
    /// Reads the word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "POINT" => Some(Self::Point),
            "POLYLINE" => Some(Self::Polyline),
            "POLYGON" => Some(Self::Polygon),
            "ELLIPSE" => Some(Self::Ellipse),
            "RECTANGLE" => Some(Self::Rectangle),
            _ => None,
        }
    }

    /// Positions of each annotation, where all have the same number.
    const fn fixed(self) -> Option<usize> {
        match self {
            Self::Point => Some(1),
            Self::Ellipse | Self::Rectangle => Some(4),
            Self::Polyline | Self::Polygon => None,
        }
    }

    /// The fewest positions that make sense.
    const fn fewest(self) -> usize {
        match self {
            Self::Point => 1,
            Self::Polyline => 2,
            Self::Polygon => 3,
            Self::Ellipse | Self::Rectangle => 4,
        }
    }
}

/// The coordinates of a group, cut into its annotations.
#[derive(Debug)]
pub(super) struct Primitives<'b> {
    kind: GraphicType,
    coordinates: Numbers<'b>,
    /// Where lines and polygons begin: indices from 1, counted in numbers.
    starts: Option<Numbers<'b>>,
    count: usize,
}

/// What one annotation's coordinates make.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// A place.
    Exact(Geometry),
    /// A place that its points give only to rounding; the points are to be kept.
    Rounded(Geometry, Vec<Position>),
    /// Four corners that are no rectangle, as the polygon that they are.
    Corners(Geometry),
    /// Coordinates that are not finite.
    NotFinite,
    /// Too few positions.
    TooFew(usize),
    /// Four points that are no axes of an ellipse.
    NoEllipse,
}

impl<'b> Primitives<'b> {
    /// Cuts coordinates into annotations; says why not, where they do not fit.
    pub(super) fn new(
        kind: GraphicType,
        coordinates: Numbers<'b>,
        starts: Option<Numbers<'b>>,
    ) -> Result<Self, String> {
        if !coordinates.len().is_multiple_of(2) {
            return Err(format!(
                "it has {} numbers, which are no pairs",
                coordinates.len()
            ));
        }
        let positions = coordinates.len() / 2;
        let count = match (kind.fixed(), &starts) {
            (Some(each), _) if positions.is_multiple_of(each) => positions / each,
            (Some(each), _) => {
                return Err(format!(
                    "it has {positions} positions, which are no multiple of {each}"
                ));
            }
            (None, Some(starts)) => {
                check_starts(*starts, coordinates.len())?;
                starts.len()
            }
            (None, None) => {
                return Err("there is no index list (0066,0040), so where one ends is not known".to_owned());
            }
        };
        Ok(Self {
            kind,
            coordinates,
            starts,
            count,
        })
    }

    /// How many annotations there are.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Returns the n-th annotation's positions.
    fn positions(&self, n: usize) -> Vec<Position> {
        let range = match (self.kind.fixed(), &self.starts) {
            (Some(each), _) => n * each..(n + 1) * each,
            (None, Some(starts)) => {
                let begin = |n| {
                    let start = starts.whole(n).and_then(|start| usize::try_from(start).ok());
                    start.map_or(self.coordinates.len(), |start| start.saturating_sub(1)) / 2
                };
                begin(n)..begin(n + 1)
            }
            (None, None) => 0..0,
        };
        let position = |at: usize| {
            Some([
                self.coordinates.float(2 * at)?,
                self.coordinates.float(2 * at + 1)?,
            ])
        };
        range.filter_map(position).collect()
    }

    /// Returns the n-th annotation's place.
    pub(super) fn place(&self, n: usize) -> Place {
        let points = self.positions(n);
        if points.len() < self.kind.fewest() {
            return Place::TooFew(points.len());
        }
        if !points.iter().flatten().all(|number| number.is_finite()) {
            return Place::NotFinite;
        }
        match (self.kind, points.as_slice()) {
            (GraphicType::Point, [[x, y], ..]) => Place::Exact(Geometry::point(*x, *y)),
            (GraphicType::Ellipse, [a, b, c, d]) => ellipse([*a, *b, *c, *d]),
            (GraphicType::Rectangle, [a, b, c, d]) => rectangle([*a, *b, *c, *d]),
            (GraphicType::Polyline, _) => Place::Exact(Geometry::new(Shape::Polyline { points })),
            (GraphicType::Polygon, _) => Place::Exact(Geometry::new(Shape::Polygon { rings: vec![points] })),
            (GraphicType::Point | GraphicType::Ellipse | GraphicType::Rectangle, _) => {
                Place::TooFew(points.len())
            }
        }
    }
}

/// Holds an index list against the coordinates: it begins at 1, rises, and names first numbers of pairs.
fn check_starts(starts: Numbers<'_>, numbers: usize) -> Result<(), String> {
    let mut last = None;
    for n in 0..starts.len() {
        let start = starts.whole(n).and_then(|start| usize::try_from(start).ok());
        let start = start.ok_or_else(|| "it ends within a number".to_owned())?;
        let fits = match last {
            None => start == 1,
            Some(last) => start > last,
        };
        if !fits || start % 2 == 0 || start > numbers {
            return Err(format!(
                "index {} of its list is {start}, which does not fit {numbers} numbers after {}",
                n + 1,
                last.map_or_else(|| "nothing".to_owned(), |last| last.to_string())
            ));
        }
        last = Some(start);
    }
    if last.is_none() && numbers > 0 {
        return Err(format!(
            "its index list is empty, and there are {numbers} numbers"
        ));
    }
    Ok(())
}

fn middle(a: Position, b: Position) -> Position {
    let half = |a: f64, b: f64| a / 2.0 + b / 2.0;
    let ([ax, ay], [bx, by]) = (a, b);
    [half(ax, bx), half(ay, by)]
}

fn way(from: Position, to: Position) -> Position {
    let ([ax, ay], [bx, by]) = (from, to);
    [bx - ax, by - ay]
}

fn distance(a: Position, b: Position) -> f64 {
    let [x, y] = way(a, b);
    x.hypot(y)
}

/// The cosine of the angle between two ways; 1 where one has no length.
fn cosine([ax, ay]: Position, [bx, by]: Position) -> f64 {
    let lengths = ax.hypot(ay) * bx.hypot(by);
    if lengths > 0.0 {
        (ax * bx + ay * by) / lengths
    } else {
        1.0
    }
}

/// An ellipse by the ends of its axes: centre in the middle of the first, half axes half their lengths, turned by
/// the angle of the first.
fn ellipse([a, b, c, d]: [Position; 4]) -> Place {
    let (first, second) = (distance(a, b), distance(c, d));
    let centre = middle(a, b);
    let size = first.max(second);
    let is_one = size > 0.0
        && size.is_finite()
        && distance(centre, middle(c, d)) <= size * TOLERANCE
        && (second == 0.0 || first == 0.0 || cosine(way(a, b), way(c, d)).abs() <= TOLERANCE);
    if !is_one {
        return Place::NoEllipse;
    }
    let [along_x, along_y] = way(a, b);
    let [x, y] = centre;
    let is_upright = along_y == 0.0 && way(c, d).first() == Some(&0.0) && middle(c, d) == centre;
    let shape = |angle_deg| {
        Geometry::new(Shape::Ellipse {
            x,
            y,
            radius_x: first / 2.0,
            radius_y: second / 2.0,
            angle_deg,
        })
    };
    if is_upright {
        Place::Exact(shape(0.0))
    } else {
        Place::Rounded(shape(degrees(along_x, along_y)), vec![a, b, c, d])
    }
}

/// A rectangle by its corners.
fn rectangle([a, b, c, d]: [Position; 4]) -> Place {
    let ([ax, ay], [cx, cy]) = (a, c);
    let is_upright = (b == [cx, ay] && d == [ax, cy]) || (b == [ax, cy] && d == [cx, ay]);
    if is_upright {
        return Place::Exact(Geometry::rectangle(
            ax.min(cx),
            ay.min(cy),
            (cx - ax).abs(),
            (cy - ay).abs(),
        ));
    }
    let points = vec![a, b, c, d];
    let (width, height) = (distance(a, b), distance(b, c));
    let size = width.max(height);
    let is_one = size.is_finite()
        && distance(middle(a, c), middle(b, d)) <= size * TOLERANCE
        && cosine(way(a, b), way(b, c)).abs() <= TOLERANCE;
    if !is_one {
        return Place::Corners(Geometry::new(Shape::Polygon { rings: vec![points] }));
    }
    let [x, y] = middle(a, c);
    let [along_x, along_y] = way(a, b);
    let geometry = Geometry::new(Shape::RotatedBox {
        x: x - width / 2.0,
        y: y - height / 2.0,
        width,
        height,
        angle_deg: degrees(along_x, along_y),
    });
    Place::Rounded(geometry, points)
}

/// The angle of a way, clockwise on the screen (y goes down), from 0 up to 180: half a turn changes neither a
/// rectangle nor an ellipse.
fn degrees(x: f64, y: f64) -> f64 {
    let angle = y.atan2(x).to_degrees();
    let angle = if angle < 0.0 { angle + 180.0 } else { angle };
    if angle >= 180.0 { angle - 180.0 } else { angle }
}
