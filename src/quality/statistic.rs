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
        })
    }
}

/// A figure, or why it is not defined.
pub type Statistic = Result<f64, Undefined>;

/// Lower and upper bound of an interval.
pub type Interval = Result<[f64; 2], Undefined>;

/// The 97.5 % quantile of the standard normal distribution, for two-sided intervals of 95 %.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// Divides counts; `None` by zero.
#[must_use]
pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| whole_to_float(part) / whole_to_float(whole))
}
