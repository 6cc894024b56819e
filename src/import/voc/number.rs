//! Numbers as VOC files write them, and the shift of their origin.

use super::error::VocProblem;
use crate::import::quantity::{self, Quantity};

/// Reads a coordinate; `None` for what is no finite number.
pub(super) fn coordinate(text: &str) -> Result<Option<Quantity>, VocProblem> {
    Quantity::parse(text).map_err(|_| out_of_range(text))
}

/// Returns a coordinate counted from 0.
pub(super) fn counted_from_zero(coordinate: Quantity) -> f64 {
    coordinate.minus(Quantity::of(1.0)).to_f64()
}

/// Reads a finite number; `None` for NaN, Infinity and what is no number.
pub(super) fn number(text: &str) -> Result<Option<f64>, VocProblem> {
    quantity::number(text).map_err(|_| out_of_range(text))
}

/// Reads a number above 0.
pub(super) fn positive(text: &str) -> Result<Option<f64>, VocProblem> {
    Ok(number(text)?.filter(|value| *value > 0.0))
}

fn out_of_range(text: &str) -> VocProblem {
    VocProblem::OutOfRange {
        text: text.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_shifted_in_decimals() {
        let shifted = |text: &str| counted_from_zero(coordinate(text).unwrap().unwrap());
        assert_eq!(shifted("1.1"), 0.1);
        assert_eq!(shifted("1"), 0.0);
        assert_eq!(shifted("1e300"), 1e300);
    }

    #[test]
    fn a_number_that_is_too_large_is_named() {
        assert!(matches!(number(" 1e400"), Err(VocProblem::OutOfRange { text }) if text == "1e400"));
    }
}
