//! How far something may have moved and still be the same: as it is given, by default, and on one image.

use crate::model::{Geometry, ImageRecord, Shape};

/// The radius where a source has nothing but points, in level-0 px: half of the 50 px box that is customary around a
/// mitotic figure at 0.25 µm/px.
pub const POINT_RADIUS_PX: f64 = 25.0;

/// The unit of a radius.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RadiusUnit {
    /// Level-0 pixels.
    Px,
    /// Micrometres, by the image's resolution.
    Um,
}

impl RadiusUnit {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Px => "px",
            Self::Um => "µm",
        }
    }
}

/// How far something may have moved and still be the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Radius {
    /// At least 0; with 0 nothing is matched by distance or overlap.
    pub value: f64,
    /// Its unit.
    pub unit: RadiusUnit,
}

impl Radius {
    /// Reads `12`, `12px`, `3.5um` or `3.5µm`; a number alone is in px. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let micro = ["um", "µm", "μm"];
        let (number, unit) = match micro.iter().find_map(|unit| text.strip_suffix(unit)) {
            Some(number) => (number, RadiusUnit::Um),
            None => (text.strip_suffix("px").unwrap_or(text), RadiusUnit::Px),
        };
        let value: f64 = number.trim().parse().ok()?;
        (value.is_finite() && value >= 0.0).then_some(Self { value, unit })
    }
}

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

/// A radius on one image, in the unit in which it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::import::engine) struct Reach {
    /// The radius.
    pub(super) radius: f64,
    /// Units per level-0 px in x and y.
    pub(super) scale: [f64; 2],
}

impl Reach {
    /// The radius on an image; `None` where it is in µm and the image's resolution is not known.
    pub(in crate::import::engine) fn on(radius: Radius, image: Option<&ImageRecord>) -> Option<Self> {
        let scale = match radius.unit {
            RadiusUnit::Px => [1.0, 1.0],
            RadiusUnit::Um => image.and_then(ImageRecord::resolution).map(|(x, y)| [x, y])?,
        };
        Some(Self {
            radius: radius.value,
            scale,
        })
    }

    /// No radius at all.
    pub(in crate::import::engine) const NONE: Self = Self {
        radius: 0.0,
        scale: [1.0, 1.0],
    };

    /// A position in the radius's unit.
    pub(super) fn position(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [scale_x, scale_y] = self.scale;
        [x * scale_x, y * scale_y]
    }

    /// The distance of two positions in px, in the radius's unit.
    pub(super) fn distance(&self, a: [f64; 2], b: [f64; 2]) -> f64 {
        let ([ax, ay], [bx, by]) = (self.position(a), self.position(b));
        (ax - bx).hypot(ay - by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_radius_has_a_number_and_perhaps_a_unit() {
        for (text, value, unit) in [
            ("12", 12.0, RadiusUnit::Px),
            ("12.5px", 12.5, RadiusUnit::Px),
            ("0", 0.0, RadiusUnit::Px),
            ("3 um", 3.0, RadiusUnit::Um),
            ("3µm", 3.0, RadiusUnit::Um),
            ("3μm", 3.0, RadiusUnit::Um),
        ] {
            assert_eq!(Radius::parse(text), Some(Radius { value, unit }), "{text}");
        }
        for text in ["", "px", "-1", "nan", "inf", "1e400", "5mm", "5 pixels", "um"] {
            assert_eq!(Radius::parse(text), None, "{text}");
        }
    }

    #[test]
    fn micrometres_follow_the_axes_and_need_a_resolution() {
        let um = Radius::parse("5um").unwrap();
        assert_eq!(Reach::on(um, None), None);
        let mut image = ImageRecord::default();
        assert_eq!(Reach::on(um, Some(&image)), None);
        image.facts.insert("um_per_px_x".to_owned(), 0.5.into());
        image.facts.insert("um_per_px_y".to_owned(), 0.25.into());
        let reach = Reach::on(um, Some(&image)).unwrap();
        assert_eq!(reach.distance([0.0, 0.0], [6.0, 16.0]), 5.0);
    }
}
