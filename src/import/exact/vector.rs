//! An annotation's `vector`, and the place that it makes by the type of its class.

use serde::de::MapAccess;

use super::super::document::SourceFacts;
use super::super::json::{Context, Members, Number, keep_unknown};
use crate::model::Geometry;
use crate::model::geometry::{Position, Shape};

/// How a vector is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VectorType {
    /// Two corners.
    Box,
    /// One position.
    Point,
    /// Two ends.
    Line,
    /// An open line of any number of positions.
    MultiLine,
    /// A closed area.
    Polygon,
    /// Two corners, of a size that the type gives.
    FixedSizeBox,
    /// No place: the whole image.
    Global,
}

impl VectorType {
    /// Reads the server's number.
    pub(super) fn of(number: f64) -> Option<Self> {
        const ALL: [VectorType; 7] = [
            VectorType::Box,
            VectorType::Point,
            VectorType::Line,
            VectorType::MultiLine,
            VectorType::Polygon,
            VectorType::FixedSizeBox,
            VectorType::Global,
        ];
        let numbers = (1..).map(f64::from as fn(u8) -> f64);
        ALL.into_iter()
            .zip(numbers)
            .find(|(_, known)| *known == number)
            .map(|(kind, _)| kind)
    }
}

/// The numbers of a vector: `x1`, `y1`, `x2`, … in any order.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Vector {
    /// Axis, number from 1, and value; `None` where it is no finite number.
    numbers: Vec<(Axis, u32, Option<f64>)>,
    /// What else it holds.
    pub(super) facts: SourceFacts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Axis {
    X,
    Y,
}

/// Why there is no place.
pub(super) type Lack = (&'static str, String);

impl Members for Vector {
    const EXPECTED: &'static str = "an object as 'vector'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let Some((axis, n)) = coordinate(name) else {
            return keep_unknown(map, context, &mut self.facts, name);
        };
        let value = match map.next_value()? {
            Number::Value(value) => Some(value).filter(|value| value.is_finite()),
            Number::NotFinite | Number::Other => None,
        };
        self.numbers.push((axis, n, value));
        Ok(())
    }
}

/// Reads `x12`.
fn coordinate(name: &str) -> Option<(Axis, u32)> {
    let (axis, digits) = match (name.strip_prefix('x'), name.strip_prefix('y')) {
        (Some(digits), _) => (Axis::X, digits),
        (None, Some(digits)) => (Axis::Y, digits),
        (None, None) => return None,
    };
    let n = digits
        .parse()
        .ok()
        .filter(|n: &u32| n.to_string() == digits && *n > 0)?;
    Some((axis, n))
}

impl Vector {
    /// Whether it has no coordinates.
    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Sorts the coordinates by their numbers, whatever order the members came in.
    ///
    /// # Errors
    /// When one is there twice.
    pub(super) fn sort<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.numbers.sort_unstable_by_key(|(axis, n, _)| (*n, *axis));
        let twice = self
            .numbers
            .array_windows()
            .find(|[(a, n, _), (b, m, _)]| (a, n) == (b, m));
        match twice {
            Some([(axis, n, _), _]) => {
                let axis = match axis {
                    Axis::X => 'x',
                    Axis::Y => 'y',
                };
                Err(E::custom(format!("'vector' has the member '{axis}{n}' twice")))
            }
            None => Ok(()),
        }
    }

    /// Puts the sorted coordinates into positions.
    ///
    /// # Errors
    /// When one is missing, or no finite number.
    fn positions(self) -> Result<Vec<Position>, Lack> {
        let mut positions = Vec::with_capacity(self.numbers.len() / 2);
        for (expected, pair) in (1..).zip(self.numbers.chunks(2)) {
            let [(Axis::X, n, x), (Axis::Y, m, y)] = pair else {
                return Err((
                    "vector_unusable",
                    format!("x{expected} and y{expected} are not both there"),
                ));
            };
            if *n != expected || *m != expected {
                return Err((
                    "vector_unusable",
                    format!("x{expected} and y{expected} are not both there"),
                ));
            }
            let (Some(x), Some(y)) = (x, y) else {
                let why = format!("x{expected} or y{expected} is no finite number");
                return Err(("coordinate_not_a_number", why));
            };
            positions.push([*x, *y]);
        }
        Ok(positions)
    }

    /// Makes the place.
    ///
    /// # Errors
    /// When its coordinates make none of this type.
    pub(super) fn place(self, kind: VectorType) -> Result<Place, Lack> {
        let positions = self.positions()?;
        let count = positions.len();
        let unfit = |needs: &str| {
            let why = format!("its vector has {count} positions, and its type needs {needs}");
            Err(("vector_unusable", why))
        };
        Ok(match (kind, positions.as_slice()) {
            (VectorType::Box | VectorType::FixedSizeBox, [a, b]) => corners(*a, *b),
            (VectorType::Box | VectorType::FixedSizeBox, _) => return unfit("2"),
            (VectorType::Point, [[x, y], rest @ ..]) if rest.iter().all(|other| other == &[*x, *y]) => {
                Place::AsGiven(Geometry::point(*x, *y))
            }
            (VectorType::Point, _) => return unfit("1"),
            (VectorType::Line, [_, _]) | (VectorType::MultiLine, [_, _, ..]) => {
                Place::AsGiven(Geometry::new(Shape::Polyline { points: positions }))
            }
            (VectorType::Line, _) => return unfit("2"),
            (VectorType::MultiLine, _) => return unfit("2 or more"),
            (VectorType::Polygon, [_, _, _, ..]) => Place::AsGiven(Geometry::new(Shape::Polygon {
                rings: vec![positions],
            })),
            (VectorType::Polygon, _) => return unfit("3 or more"),
            (VectorType::Global, _) => Place::AsGiven(Geometry::new(Shape::Image)),
        })
    }
}

/// A place, and whether its corners came in another order.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// As the vector gives it.
    AsGiven(Geometry),
    /// A box whose first corner is not its upper left one.
    OtherCorners(Geometry),
}

fn corners([ax, ay]: Position, [bx, by]: Position) -> Place {
    let geometry = Geometry::rectangle(ax.min(bx), ay.min(by), (bx - ax).abs(), (by - ay).abs());
    if bx < ax || by < ay {
        Place::OtherCorners(geometry)
    } else {
        Place::AsGiven(geometry)
    }
}
