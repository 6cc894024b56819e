//! Exact sums and products of decimal numbers, for formats whose origin or unit is not ours.
//!
//! Pascal VOC counts pixels from 1. Taking 1 off a coordinate in binary floating point loses bits (1.1 − 1 is not
//! 0.1), so a box would not survive being written and read again. Here the sum is done on the decimal digits that
//! stand in the file; only the result becomes an `f64`.

use std::fmt;

/// A decimal number of up to about 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    /// How many of the digits stand after the point.
    scale: u32,
}

impl Decimal {
    /// The number one.
    pub const ONE: Self = Self { digits: 1, scale: 0 };

    /// Reads `-12.5` and the like; `None` for an exponent, for anything else, or for too many digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mut digits, mut scale, mut seen_point, mut seen_digit) = (0i128, 0u32, false, false);
        for character in unsigned.chars() {
            if character == '.' && !seen_point {
                seen_point = true;
                continue;
            }
            digits = digits
                .checked_mul(10)?
                .checked_add(i128::from(character.to_digit(10)?))?;
            scale += u32::from(seen_point);
            seen_digit = true;
        }
        let digits = if negative { -digits } else { digits };
        seen_digit.then_some(Self { digits, scale })
    }

    /// Takes the shortest decimal that stands for `value`; `None` when it has too many digits or is not finite.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        Self::parse(&value.to_string())
    }

    /// Adds, exactly; `None` when the result has too many digits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let digits = self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?;
        Some(Self { digits, scale })
    }

    /// Subtracts, exactly; `None` when the result has too many digits.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self {
            digits: other.digits.checked_neg()?,
            scale: other.scale,
        })
    }

    /// Multiplies, exactly; `None` when the result has too many digits.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        Some(Self {
            digits: self.digits.checked_mul(other.digits)?,
            scale: self.scale.checked_add(other.scale)?,
        })
    }

    /// Divides, rounded to so many digits behind the point (half away from zero); `None` when the divisor is zero or
    /// there are too many digits.
    #[must_use]
    pub fn divided(self, divisor: Self, scale: u32) -> Option<Self> {
        let up = scale.checked_add(divisor.scale)?;
        let shift = 10i128.checked_pow(up.abs_diff(self.scale))?;
        let (above, below) = if up >= self.scale {
            (self.digits.checked_mul(shift)?, divisor.digits)
        } else {
            (self.digits, divisor.digits.checked_mul(shift)?)
        };
        let (quotient, rest) = (above.checked_div(below)?, above.checked_rem(below)?);
        let is_half = rest.unsigned_abs() >= below.unsigned_abs().div_ceil(2) && rest != 0;
        let away = if (above < 0) == (below < 0) { 1 } else { -1 };
        let digits = if is_half {
            quotient.checked_add(away)?
        } else {
            quotient
        };
        Some(Self { digits, scale })
    }

    /// Returns the nearest `f64`; `None` when there is none that is finite.
    #[must_use]
    pub fn to_f64(self) -> Option<f64> {
        self.to_string()
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
    }

    fn at_scale(self, scale: u32) -> Option<i128> {
        let factor = 10i128.checked_pow(scale.checked_sub(self.scale)?)?;
        self.digits.checked_mul(factor)
    }
}

/// Writes it without exponent and without needless zeros: `17`, `-0.5`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let text = self.digits.unsigned_abs().to_string();
        let scale = usize::try_from(self.scale).map_err(|_| fmt::Error)?;
        let padded = format!("{text:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_read_and_written_in_one_form() {
        for (text, written) in [
            ("12", "12"),
            ("+12.50", "12.5"),
            ("-.5", "-0.5"),
            ("-0", "0"),
            ("007.", "7"),
            ("0.000", "0"),
        ] {
            assert_eq!(
                Decimal::parse(text).map(|d| d.to_string()).as_deref(),
                Some(written),
                "{text}"
            );
        }
        for text in [
            "",
            ".",
            "-",
            "1e3",
            "1,5",
            "nan",
            "inf",
            "--1",
            "1.2.3",
            &"9".repeat(60),
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn subtraction_is_exact_where_floats_are_not() {
        let exact = Decimal::parse("1.1")
            .and_then(|d| d.minus(Decimal::ONE))
            .and_then(Decimal::to_f64);
        assert_eq!(exact, Some(0.1));
        assert_ne!(1.1 - 1.0, 0.1);
    }

    #[test]
    fn products_are_exact_where_floats_are_not() {
        let product = |a: &str, b: &str| {
            let product = Decimal::parse(a)?.times(Decimal::parse(b)?)?;
            Some(product.to_string())
        };
        assert_eq!(product("0.1", "3").as_deref(), Some("0.3"));
        assert_ne!(0.1 * 3.0, 0.3);
        assert_eq!(product("-0.333333", "640").as_deref(), Some("-213.33312"));
        assert_eq!(product(&"9".repeat(30), &"9".repeat(30)), None);
    }

    #[test]
    fn quotients_are_rounded_half_away_from_zero() {
        let quotient = |a: &str, b: &str, scale| {
            let quotient = Decimal::parse(a)?.divided(Decimal::parse(b)?, scale)?;
            Some(quotient.to_string())
        };
        for (a, b, scale, expected) in [
            ("1", "3", 6, "0.333333"),
            ("2", "3", 6, "0.666667"),
            ("-2", "3", 3, "-0.667"),
            ("1", "8", 2, "0.13"),
            ("1", "-8", 2, "-0.13"),
            ("3", "7", 0, "0"),
            ("4", "7", 0, "1"),
            ("0.00049", "1", 3, "0"),
            ("0.0005", "1", 3, "0.001"),
            ("50", "0.5", 1, "100"),
        ] {
            assert_eq!(quotient(a, b, scale).as_deref(), Some(expected), "{a} / {b}");
        }
        assert_eq!(quotient("1", "0", 3), None);
        assert_eq!(quotient("1", "3", 60), None);
    }

    #[test]
    fn too_many_digits_are_refused_not_rounded() {
        assert_eq!(Decimal::from_f64(1e300), None);
        assert_eq!(Decimal::from_f64(f64::NAN), None);
        let (large, small) = (
            Decimal::from_f64(1e30).unwrap(),
            Decimal::from_f64(1e-30).unwrap(),
        );
        assert_eq!(large.plus(small), None);
    }

    proptest! {
        #[test]
        fn adding_and_taking_away_gives_the_same_number(a in -1e9f64..1e9, b in -1e9f64..1e9) {
            let (a_decimal, b_decimal) = (Decimal::from_f64(a).unwrap(), Decimal::from_f64(b).unwrap());
            if let Some(sum) = a_decimal.plus(b_decimal) {
                let back = sum.minus(b_decimal).and_then(Decimal::to_f64);
                prop_assert_eq!(back, Some(a));
            }
        }
    }
}
