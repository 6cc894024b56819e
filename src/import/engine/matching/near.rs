//! How near two annotations are to being the same: by distance of centres for points, boxes and circles, by overlap for
//! areas. It judges one pair; which pairs are worth it is decided elsewhere.

use crate::model::geometry::{Bounds, Displacement};
use crate::model::{Geometry, Reach, Shape};

/// Areas that overlap less are not the same (intersection over union).
pub(super) const OVERLAP_MIN: f64 = 0.25;

/// Of two boxes or circles that are the same, no side is longer than this many times the other's.
pub(super) const SIDES_MAX: f64 = 3.0;

/// What decides about two annotations of these kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A position without size: the centre alone.
    Point,
    /// Something whose centre is meant: the centre, and that the sizes are alike.
    Spot,
    /// Something whose outline is meant: the overlap.
    Area,
    /// An open line: its borders.
    Line,
    /// The whole image: never anything else.
    Whole,
}

/// An annotation as it is compared with others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    geometry: &'a Geometry,
    bounds: Bounds,
    kind: Kind,
}

impl<'a> Place<'a> {
    /// What is compared of a geometry; `None` for the whole image, and where there is not one position.
    pub(super) fn of(geometry: &'a Geometry) -> Option<Self> {
        let kind = match geometry.shape {
            Shape::Point { .. } => Kind::Point,
            Shape::Box { .. } | Shape::Circle { .. } => Kind::Spot,
            Shape::RotatedBox { .. }
            | Shape::Ellipse { .. }
            | Shape::Polygon { .. }
            | Shape::MultiPolygon { .. }
            | Shape::Mask { .. } => Kind::Area,
            Shape::Polyline { .. } => Kind::Line,
            Shape::Image => Kind::Whole,
        };
        Some(Self {
            geometry,
            bounds: geometry.bounds()?,
            kind,
        })
    }

    /// The middle of its bounds, in px.
    pub(super) fn centre(&self) -> [f64; 2] {
        self.bounds.centre()
    }

    /// Its longer side in px; `None` for a point, which has none.
    pub(super) fn longer_side(&self) -> Option<f64> {
        let [width, height] = self.sides();
        (self.kind != Kind::Point).then_some(width.max(height))
    }

    /// So far away, in the radius's unit, can the centre of another be that is the same.
    pub(super) fn limit(&self, reach: &Reach) -> f64 {
        match (self.kind, self.longer_side()) {
            (Kind::Spot | Kind::Area, Some(side)) => {
                let [x, y] = reach.scale;
                // Of two areas that overlap by a quarter one can be four times as long, and reach beyond on one side.
                reach.radius.max(2.0 * side * x.max(y))
            }
            (Kind::Point | Kind::Line | Kind::Whole | Kind::Spot | Kind::Area, _) => reach.radius,
        }
    }

    /// How unlike two are, from 0 (the same place) to 1 (just still the same); `None` where they are not the same. The
    /// order of the two does not matter.
    pub(super) fn unlikeness(&self, other: &Self, reach: &Reach) -> Option<f64> {
        if self.geometry.plane.unwrap_or_default() != other.geometry.plane.unwrap_or_default() {
            return None;
        }
        match (self.kind, other.kind) {
            (Kind::Whole | Kind::Line, Kind::Spot | Kind::Area)
            | (Kind::Spot | Kind::Area, Kind::Whole | Kind::Line)
            | (Kind::Whole, Kind::Whole | Kind::Line | Kind::Point)
            | (Kind::Line | Kind::Point, Kind::Whole) => None,
            (Kind::Point, Kind::Point | Kind::Spot | Kind::Area | Kind::Line)
            | (Kind::Spot | Kind::Area | Kind::Line, Kind::Point) => self.by_centre(other, reach),
            (Kind::Spot, Kind::Spot) => {
                let alike = self
                    .sides()
                    .into_iter()
                    .zip(other.sides())
                    .all(|(a, b)| a.max(b) <= SIDES_MAX * a.min(b) || a.max(b) <= 1.0);
                self.by_centre(other, reach).filter(|_| alike)
            }
            (Kind::Line, Kind::Line) => self.by_borders(other, reach),
            (Kind::Area, Kind::Spot | Kind::Area) | (Kind::Spot, Kind::Area) => self.by_overlap(other, reach),
        }
    }

    fn sides(&self) -> [f64; 2] {
        let b = self.bounds;
        [b.x_max - b.x_min, b.y_max - b.y_min]
    }

    fn by_centre(&self, other: &Self, reach: &Reach) -> Option<f64> {
        within(reach.distance(self.centre(), other.centre()), reach)
    }

    /// By the border of the bounds that differs the most.
    fn by_borders(&self, other: &Self, reach: &Reach) -> Option<f64> {
        let (a, b) = (self.bounds, other.bounds);
        let upper = reach.distance([a.x_min, a.y_min], [b.x_min, b.y_min]);
        let lower = reach.distance([a.x_max, a.y_max], [b.x_max, b.y_max]);
        within(upper.max(lower), reach)
    }

    /// By overlap, or, where the outline is the very same, by how far it was moved.
    fn by_overlap(&self, other: &Self, reach: &Reach) -> Option<f64> {
        let overlap = if self.overlap_at_most(other) < OVERLAP_MIN {
            None
        } else {
            let exact = self.geometry.overlap(other.geometry);
            // What crosses itself has no area that could be told, and a mask is compared by its bounds.
            exact.or_else(|| Some(bounds_overlap(&self.bounds, &other.bounds)))
        };
        match overlap.filter(|overlap| *overlap >= OVERLAP_MIN) {
            Some(overlap) => Some((1.0 - overlap) / (1.0 - OVERLAP_MIN)),
            None => self.by_centre(other, reach).filter(|_| {
                let displacement = self.geometry.displacement(other.geometry);
                matches!(displacement, Displacement::Moved { .. })
            }),
        }
    }

    /// An upper bound of the overlap that costs nothing: areas are within their bounds.
    fn overlap_at_most(&self, other: &Self) -> f64 {
        let both = intersection(&self.bounds, &other.bounds);
        match (self.geometry.area(), other.geometry.area()) {
            (Some(a), Some(b)) if a.max(b) > 0.0 => both / a.max(b),
            _ => bounds_overlap(&self.bounds, &other.bounds),
        }
    }
}

fn within(distance: f64, reach: &Reach) -> Option<f64> {
    (distance <= reach.radius && reach.radius > 0.0).then(|| distance / reach.radius)
}

fn intersection(a: &Bounds, b: &Bounds) -> f64 {
    let width = a.x_max.min(b.x_max) - a.x_min.max(b.x_min);
    let height = a.y_max.min(b.y_max) - a.y_min.max(b.y_min);
    width.max(0.0) * height.max(0.0)
}

fn bounds_overlap(a: &Bounds, b: &Bounds) -> f64 {
    let area = |bounds: &Bounds| (bounds.x_max - bounds.x_min) * (bounds.y_max - bounds.y_min);
    let both = intersection(a, b);
    let all = area(a) + area(b) - both;
    if all > 0.0 { both / all } else { 0.0 }
}

/// Whether two geometries are at about the same place: equal, bounds that meet, or centres within the radius.
pub(in crate::import::engine) fn is_near(a: &Geometry, b: &Geometry, reach: &Reach) -> bool {
    if a == b {
        return true;
    }
    let (Some(bounds_a), Some(bounds_b)) = (a.bounds(), b.bounds()) else {
        return false;
    };
    let meet = bounds_a.x_min <= bounds_b.x_max
        && bounds_b.x_min <= bounds_a.x_max
        && bounds_a.y_min <= bounds_b.y_max
        && bounds_b.y_min <= bounds_a.y_max;
    meet || within(reach.distance(bounds_a.centre(), bounds_b.centre()), reach).is_some()
}
