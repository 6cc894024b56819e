//! When a resolution is believed.
//!
//! A wrong scale is worse than none. Programs that know no resolution write one nevertheless: 72 or 96 dots
//! per inch (28 or 38 per centimetre, 2835 or 3780 per metre), or 1. **The rule:** a density within 1 dpi of
//! 72 or 96, or of exactly 1 per unit, is a default and says nothing; one that is not finite, not above 0, or
//! that makes a pixel smaller than 10^-6 µm or larger than 10^6 µm is nonsense and a warning. Each axis is
//! judged by itself.

/// The length that a density is per.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Inch,
    Centimetre,
    Metre,
}

/// A resolution as it was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// µm per px.
    Known(f64),
    /// What programs write that know nothing.
    Default,
    /// What cannot be.
    Nonsense,
}

/// Judges a density of pixels per unit.
pub(super) fn from_density(per_unit: f64, unit: Unit) -> Scale {
    let unit_um = match unit {
        Unit::Inch => 25_400.0,
        Unit::Centimetre => 10_000.0,
        Unit::Metre => 1_000_000.0,
    };
    let per_inch = per_unit / unit_um * 25_400.0;
    if per_unit == 1.0
        || [72.0, 96.0]
            .iter()
            .any(|default| (per_inch - default).abs() <= 1.0)
    {
        return Scale::Default;
    }
    from_um(unit_um / per_unit)
}

/// Judges a size of pixels in µm.
pub(super) fn from_um(um_per_px: f64) -> Scale {
    if (1e-6..=1e6).contains(&um_per_px) {
        Scale::Known(um_per_px)
    } else {
        Scale::Nonsense
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_that_know_nothing_is_a_default() {
        for (per_unit, unit) in [
            (72.0, Unit::Inch),
            (96.0, Unit::Inch),
            (1.0, Unit::Inch),
            (28.0, Unit::Centimetre),
            (28.35, Unit::Centimetre),
            (38.0, Unit::Centimetre),
            (1.0, Unit::Centimetre),
            (2835.0, Unit::Metre),
            (3780.0, Unit::Metre),
        ] {
            assert_eq!(
                from_density(per_unit, unit),
                Scale::Default,
                "{per_unit} per {unit:?}"
            );
        }
    }

    #[test]
    fn real_densities_become_um_per_px() {
        assert_eq!(from_density(40_000.0, Unit::Centimetre), Scale::Known(0.25));
        assert_eq!(from_density(100_000.0, Unit::Inch), Scale::Known(0.254));
        assert_eq!(from_density(4_000_000.0, Unit::Metre), Scale::Known(0.25));
        assert_eq!(from_density(75.0, Unit::Inch), Scale::Known(25_400.0 / 75.0));
    }

    #[test]
    fn what_cannot_be_is_nonsense() {
        for per_unit in [
            0.0,
            -0.0,
            -4.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            1e-300,
            1e300,
        ] {
            assert_eq!(from_density(per_unit, Unit::Inch), Scale::Nonsense, "{per_unit}");
        }
    }
}
