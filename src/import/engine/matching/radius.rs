//! How far something may have moved and still be the same: as it is given, or by default.

use crate::model::{Geometry, Radius, RadiusUnit, Shape};

/// The radius where a source has nothing but points, in level-0 px: half of the 50 px box that is customary around a
/// mitotic figure at 0.25 µm/px.
pub const POINT_RADIUS_PX: f64 = 25.0;

/// A radius, and where it is from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RadiusUsed {
    /// The radius; where files have several, the largest.
    pub radius: Radius,
    /// The smallest, where files have several.
    pub smallest: f64,
    /// Where it is from.
    pub origin: RadiusOrigin,
}

/// Where a radius is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RadiusOrigin {
    /// It was given.
    Given,
    /// Half of the median smaller side of what the source draws.
    HalfMedianSide,
    /// The source draws points alone.
    Points,
}

impl RadiusOrigin {
    /// Returns the word for it in results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::HalfMedianSide => "half_median_side",
            Self::Points => "points",
        }
    }

    /// Returns what a person is told.
    #[must_use]
    pub const fn explained(self) -> &'static str {
        match self {
            Self::Given => "as given",
            Self::HalfMedianSide => "half of the median smaller side of what the file draws",
            Self::Points => "the file draws points alone",
        }
    }
}

impl RadiusUsed {
    /// Takes the radius that is given, else one from the sizes of places of the source.
    pub(in crate::import::engine) fn of(given: Option<Radius>, places: &[&Geometry]) -> Self {
        let (radius, origin) = match (given, median_side(places)) {
            (Some(radius), _) => (radius, RadiusOrigin::Given),
            (None, Some(side)) => (px(side / 2.0), RadiusOrigin::HalfMedianSide),
            (None, None) => (px(POINT_RADIUS_PX), RadiusOrigin::Points),
        };
        Self {
            radius,
            smallest: radius.value,
            origin,
        }
    }

    /// Joins with that of another file.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let larger = if other.radius.value > self.radius.value {
            other
        } else {
            self
        };
        Self {
            smallest: self.smallest.min(other.smallest),
            ..larger
        }
    }
}

const fn px(value: f64) -> Radius {
    Radius {
        value,
        unit: RadiusUnit::Px,
    }
}

/// The median of the smaller sides of what has an extent, in px.
fn median_side(places: &[&Geometry]) -> Option<f64> {
    let mut sides: Vec<f64> = places.iter().filter_map(|place| smaller_side(place)).collect();
    let middle = sides.len() / 2;
    if sides.is_empty() {
        return None;
    }
    let (_, median, _) = sides.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

fn smaller_side(geometry: &Geometry) -> Option<f64> {
    match geometry.shape {
        Shape::Point { .. } | Shape::Image | Shape::Polyline { .. } => None,
        Shape::Box { .. }
        | Shape::RotatedBox { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. }
        | Shape::Polygon { .. }
        | Shape::MultiPolygon { .. }
        | Shape::Mask { .. } => {
            let bounds = geometry.bounds()?;
            let side = (bounds.x_max - bounds.x_min).min(bounds.y_max - bounds.y_min);
            (side > 0.0).then_some(side)
        }
    }
}
