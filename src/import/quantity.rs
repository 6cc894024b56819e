//! Numbers as text files write them, with their decimal digits, so that what is computed from them is exact.
//!
//! A difference or product is worked out on the digits that stand in the file, and only its result becomes the
//! nearest `f64`: 1.1 − 1 is 0.1. Where a number has more digits than [`Decimal`] holds, the same step is done in
//! binary floating point. Nothing here knows a format or a unit.

use crate::model::geometry::decimal::Decimal;

/// A number that no `f64` holds, such as 1e400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// A finite number, with its decimal digits where they can be computed with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantity {
    value: f64,
    exact: Option<Decimal>,
}

impl Quantity {
    /// One half.
    pub(super) fn half() -> Self {
        Self::of(0.5)
    }

    /// Takes a number by its shortest decimal.
    pub(super) fn of(value: f64) -> Self {
        let exact = Decimal::from_f64(value);
        Self { value, exact }
    }

    /// Reads a number; `None` for what is no finite number.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, OutOfRange> {
        Ok(number(text)?.map(|value| Self {
            value,
            exact: Decimal::parse(text.trim()).or_else(|| Decimal::from_f64(value)),
        }))
    }

    /// Returns the nearest `f64`.
    pub(super) const fn to_f64(self) -> f64 {
        self.value
    }

    /// Returns its decimal digits, where they can be computed with.
    pub(super) const fn exact(self) -> Option<Decimal> {
        self.exact
    }

    /// Subtracts.
    pub(super) fn minus(self, other: Self) -> Self {
        self.with(other, Decimal::minus, |a, b| a - b)
    }

    /// Multiplies.
    pub(super) fn times(self, other: Self) -> Self {
        self.with(other, Decimal::times, |a, b| a * b)
    }

    fn with(
        self,
        other: Self,
        exactly: fn(Decimal, Decimal) -> Option<Decimal>,
        nearly: fn(f64, f64) -> f64,
    ) -> Self {
        let exact = self.exact.zip(other.exact).and_then(|(a, b)| exactly(a, b));
        match exact.and_then(|exact| Some((exact, exact.to_f64()?))) {
            Some((exact, value)) => Self {
                value,
                exact: Some(exact),
            },
            None => Self {
                value: nearly(self.value, other.value),
                exact: None,
            },
        }
    }
}

/// Reads a finite number; `None` for NaN, Infinity and what is no number.
pub(super) fn number(text: &str) -> Result<Option<f64>, OutOfRange> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        Ok(_) if text.bytes().any(|byte| byte.is_ascii_digit()) => Err(OutOfRange),
        Ok(_) | Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Quantity {
        Quantity::parse(text).unwrap().unwrap()
    }

    #[test]
    fn steps_are_done_in_decimals() {
        let one = read("1");
        assert_eq!(read("1.1").minus(one).to_f64(), 0.1);
        assert_eq!(read("1e2").minus(one).to_f64(), 99.0);
        assert_eq!(read("0.3").minus(read("0.1")).to_f64(), 0.2);
        assert_eq!(read("0.1").times(read("3")).to_f64(), 0.3);
        assert_eq!(read("6.1e-05").times(read("1000")).to_f64(), 0.061);
        assert_eq!(read("0.7").times(Quantity::half()).to_f64(), 0.35);
        assert_eq!(read("1e300").minus(one).to_f64(), 1e300);
    }

    #[test]
    fn what_is_no_number_differs_from_what_is_too_large() {
        for text in ["", "nan", "-inf", "Infinity", "1,5", "12px"] {
            assert_eq!(number(text), Ok(None), "{text}");
        }
        assert_eq!(number("1e400"), Err(OutOfRange));
    }
}
