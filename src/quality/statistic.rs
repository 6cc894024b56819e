//! A figure, or why there is none: never a zero or a NaN in its place.

use std::fmt;

use crate::model::geometry::whole_to_float;

/// Why a figure is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Undefined {
    /// Nothing was rated by all who are compared.
    NoItems,
    /// All gave one and the same label, so that chance alone agrees, too.
    OneLabel,
    /// Fewer than two raters.
    FewRaters,
    /// The label was given by nobody.
    LabelNotGiven,
    /// There is one subject only, or none.
    FewSubjects,
    /// All values are the same.
    NoVariance,
    /// There are too few cases to draw from.
    FewCases,
    /// Neither marked an object.
    NoObjects,
    /// No pair of objects has an area on both sides.
    NoAreas,
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoItems => "nothing was rated by all of them",
            Self::OneLabel => "all gave one and the same label",
            Self::FewRaters => "it needs two raters",
            Self::LabelNotGiven => "nobody gave the label",
            Self::FewSubjects => "it needs two subjects",
            Self::NoVariance => "all values are the same",
            Self::FewCases => "it needs two cases",
            Self::NoObjects => "neither marked an object",
            Self::NoAreas => "no two matched objects have an area",
        })
    }
}

/// A figure, or why it is not defined.
pub type Statistic = Result<f64, Undefined>;

/// Lower and upper bound of an interval.
pub type Interval = Result<[f64; 2], Undefined>;

/// The 97.5 % quantile of the standard normal distribution, for two-sided intervals of 95 %.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Returns the interval of 95 % of a share by the score method (E. B. Wilson, *J. Am. Stat. Assoc.* 22 (1927) 209–212).
///
/// # Errors
/// [`Undefined::NoItems`] where the whole is nothing.
pub fn wilson(part: u64, whole: u64) -> Interval {
    let share = ratio(part, whole).ok_or(Undefined::NoItems)?;
    let n = whole_to_float(whole);
    let square = Z_95 * Z_95;
    let middle = (share + square / (2.0 * n)) / (1.0 + square / n);
    let half = Z_95 / (1.0 + square / n) * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    Ok([(middle - half).max(0.0), (middle + half).min(1.0)])
}

/// Divides counts; `None` by zero.
#[must_use]
pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| whole_to_float(part) / whole_to_float(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of statsmodels' `proportion_confint(method="wilson")`.
    #[test]
    fn the_interval_of_a_share_is_wilsons() {
        let [low, high] = wilson(3, 40).unwrap();
        assert!(
            (low - 0.025_836_026).abs() < 1e-6 && (high - 0.198_642_335).abs() < 1e-6,
            "{low} {high}"
        );
        let [low, high] = wilson(0, 10).unwrap();
        assert!(low == 0.0 && (high - 0.277_532_800).abs() < 1e-6, "{high}");
        assert_eq!(wilson(0, 0), Err(Undefined::NoItems));
    }
}
