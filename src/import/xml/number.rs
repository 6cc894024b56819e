//! Numbers as files write them: what is one, and differences in decimals, so that no bit is lost.

use super::error::XmlProblem;
use crate::import::quantity::{self, Quantity};

/// A coordinate, with its decimal digits where they can be computed with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coordinate(Quantity);

impl Coordinate {
    /// Reads a coordinate; `None` for what is no finite number.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, XmlProblem> {
        let parsed = Quantity::parse(text).map_err(|_| out_of_range(text))?;
        Ok(parsed.map(Self))
    }

    /// Returns the number.
    pub(crate) const fn value(self) -> f64 {
        self.0.to_f64()
    }

    /// Returns it counted from 0, when it is counted from 1.
    pub(crate) fn counted_from_zero(self) -> f64 {
        self.0.minus(Quantity::of(1.0)).to_f64()
    }

    /// Returns how far it lies after `start`; negative when before.
    pub(crate) fn distance_from(self, start: Self) -> f64 {
        self.0.minus(start.0).to_f64()
    }
}

/// Returns how far `end` lies after `start`, computed in decimals where they have few enough digits.
pub(crate) fn distance(start: f64, end: f64) -> f64 {
    Quantity::of(end).minus(Quantity::of(start)).to_f64()
}

fn out_of_range(text: &str) -> XmlProblem {
    XmlProblem::OutOfRange {
        text: text.trim().to_owned(),
    }
}

/// Reads a finite number; `None` for NaN, Infinity and what is no number.
pub(crate) fn number(text: &str) -> Result<Option<f64>, XmlProblem> {
    quantity::number(text).map_err(|_| out_of_range(text))
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
        let shifted = |text: &str| Coordinate::parse(text).unwrap().unwrap().counted_from_zero();
        assert_eq!(shifted("1.1"), 0.1);
        assert_eq!(shifted("1"), 0.0);
        assert_eq!(shifted("1e300"), 1e300);
    }

    #[test]
    fn what_is_no_number_differs_from_what_is_too_large() {
        for text in ["", "nan", "-inf", "Infinity", "1,5", "12px"] {
            assert_eq!(number(text).unwrap(), None, "{text}");
        }
        assert!(matches!(number("1e400"), Err(XmlProblem::OutOfRange { text }) if text == "1e400"));
    }
}
