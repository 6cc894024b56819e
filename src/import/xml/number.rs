//! Numbers as files write them: what is one, and differences in decimals, so that no bit is lost.

use super::error::XmlProblem;
use crate::model::geometry::decimal::Decimal;

/// A coordinate, with its decimal digits where they can be computed with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coordinate {
    value: f64,
    exact: Option<Decimal>,
}

impl Coordinate {
    /// Reads a coordinate; `None` for what is no finite number.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, XmlProblem> {
        Ok(number(text)?.map(|value| Self {
            value,
            exact: Decimal::parse(text.trim()).or_else(|| Decimal::from_f64(value)),
        }))
    }

    /// Returns the number.
    pub(crate) const fn value(self) -> f64 {
        self.value
    }

    fn of(value: f64) -> Self {
        Self {
            value,
            exact: Decimal::from_f64(value),
        }
    }

    /// Returns it counted from 0, when it is counted from 1.
    pub(crate) fn counted_from_zero(self) -> f64 {
        let exact = self
            .exact
            .and_then(|exact| exact.minus(Decimal::ONE))
            .and_then(Decimal::to_f64);
        exact.unwrap_or(self.value - 1.0)
    }

    /// Returns how far it lies after `start`; negative when before.
    pub(crate) fn distance_from(self, start: Self) -> f64 {
        let exact = self
            .exact
            .zip(start.exact)
            .and_then(|(end, start)| end.minus(start))
            .and_then(Decimal::to_f64);
        exact.unwrap_or(self.value - start.value)
    }
}

/// Returns how far `end` lies after `start`, computed in decimals where they have few enough digits.
pub(crate) fn distance(start: f64, end: f64) -> f64 {
    Coordinate::of(end).distance_from(Coordinate::of(start))
}

/// Reads a finite number; `None` for NaN, Infinity and what is no number.
pub(crate) fn number(text: &str) -> Result<Option<f64>, XmlProblem> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        Ok(_) if text.bytes().any(|byte| byte.is_ascii_digit()) => Err(XmlProblem::OutOfRange {
            text: text.to_owned(),
        }),
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Reads a number above 0.
pub(crate) fn positive(text: &str) -> Result<Option<f64>, XmlProblem> {
    Ok(number(text)?.filter(|value| *value > 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_shifted_in_decimals() {
        let read = |text: &str| Coordinate::parse(text).unwrap().unwrap();
        assert_eq!(read("1.1").counted_from_zero(), 0.1);
        assert_eq!(read("1").counted_from_zero(), 0.0);
        assert_eq!(read("1e2").counted_from_zero(), 99.0);
        assert_eq!(read("0.3").distance_from(read("0.1")), 0.2);
        assert_eq!(read("1e300").counted_from_zero(), 1e300);
    }

    #[test]
    fn what_is_no_number_differs_from_what_is_too_large() {
        for text in ["", "nan", "-inf", "Infinity", "1,5", "12px"] {
            assert_eq!(number(text).unwrap(), None, "{text}");
        }
        assert!(matches!(number("1e400"), Err(XmlProblem::OutOfRange { text }) if text == "1e400"));
    }
}
