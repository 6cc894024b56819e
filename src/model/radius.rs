//! A radius within which two places are taken for one, in px or µm, and what it is on an image.

use super::ImageRecord;

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

/// A length within which two places are taken for one.
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

/// A radius on one image, in the unit in which it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reach {
    /// The radius.
    pub radius: f64,
    /// Units per level-0 px in x and y.
    pub scale: [f64; 2],
}

impl Reach {
    /// Returns the radius on an image; `None` where it is in µm and the image's resolution is not known.
    #[must_use]
    pub fn on(radius: Radius, image: Option<&ImageRecord>) -> Option<Self> {
        let scale = match radius.unit {
            RadiusUnit::Px => [1.0, 1.0],
            RadiusUnit::Um => image.and_then(ImageRecord::resolution).map(|(x, y)| [x, y])?,
        };
        Some(Self {
            radius: radius.value,
            scale,
        })
    }

    /// No radius at all, in px.
    pub const NONE: Self = Self {
        radius: 0.0,
        scale: [1.0, 1.0],
    };

    /// Returns a position in the radius's unit.
    #[must_use]
    pub fn position(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [scale_x, scale_y] = self.scale;
        [x * scale_x, y * scale_y]
    }

    /// Returns the distance of two positions in px, in the radius's unit.
    #[must_use]
    pub fn distance(&self, a: [f64; 2], b: [f64; 2]) -> f64 {
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
