//! The number of a version, from what changed since the release before. Pure.
//!
//! | step | when |
//! |---|---|
//! | MAJOR | what was there is another: an annotation, rating, image, label, screening or member of a split was removed; an annotation has another place, label or attribute; a rating, a screening or the part of a split's member differs; an image has other bytes, another size, case or slide; the rule that agrees on labels is another |
//! | MINOR | there is more, and what was there is the same |
//! | PATCH | neither: facts of the dataset, of images, cases, slides, labels or annotators, or the name of a label |
//!
//! This is the rule of Croissant 1.0 for versions of datasets, made exact. A licence is a fact: its change is a PATCH, and
//! stands at the top of the changelog.

use std::fmt;

use crate::snapshot::changes::{ChangeItem, ChangeKind, Comparison, Entity};

/// How far a version is from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VersionStep {
    /// What there is is the same; something else is said of it.
    Patch,
    /// There is more.
    Minor,
    /// What was there is another.
    Major,
}

impl fmt::Display for VersionStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patch => "PATCH",
            Self::Minor => "MINOR",
            Self::Major => "MAJOR",
        })
    }
}

/// Fields of an image whose change makes it another image.
const IMAGE_FIELDS: [&str; 6] = ["blob", "case", "files", "height", "slide", "width"];

/// Returns how far a change takes the dataset.
#[must_use]
pub fn step_of(change: &ChangeItem) -> VersionStep {
    if change.is(ChangeKind::Added) {
        return VersionStep::Minor;
    }
    if change.is(ChangeKind::Removed) {
        return VersionStep::Major;
    }
    let has = |names: &[&str]| {
        change
            .fields
            .iter()
            .any(|(name, _)| names.iter().any(|known| name == *known || is_inside(name, known)))
    };
    let is_major = match change.entity {
        Entity::Annotations => change.kinds != [ChangeKind::Rekeyed],
        Entity::Ratings | Entity::Screenings | Entity::Splits => true,
        Entity::Images => has(&IMAGE_FIELDS),
        Entity::Slides => has(&["case"]),
        Entity::Dataset => has(&["rule"]),
        Entity::Cases | Entity::Labels | Entity::Annotators => false,
    };
    if is_major {
        VersionStep::Major
    } else {
        VersionStep::Patch
    }
}

/// Whether a field is a part of another: `files/0` of `files`.
fn is_inside(name: &str, outer: &str) -> bool {
    name.strip_prefix(outer)
        .is_some_and(|rest| rest.starts_with(['/', '.']))
}

/// Returns how far a comparison takes the dataset; `None` where both sides are the same.
#[must_use]
pub fn version_step(comparison: &Comparison) -> Option<VersionStep> {
    if comparison.identical {
        return None;
    }
    let steps = comparison.changes.iter().map(step_of);
    Some(steps.max().unwrap_or(VersionStep::Patch))
}

/// A version of three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct VersionNumber {
    /// Goes up when what was there is another.
    pub major: u64,
    /// Goes up when there is more.
    pub minor: u64,
    /// Goes up when something else is said.
    pub patch: u64,
}

impl VersionNumber {
    /// The number of a first release.
    pub const FIRST: Self = Self {
        major: 1,
        minor: 0,
        patch: 0,
    };

    /// Reads `1.2.3`, `1.2`, `1`, each with or without `v` before it; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('v').unwrap_or(text);
        let mut numbers = digits.split('.').map(|part| {
            let is_plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let is_shortest = part == "0" || !part.starts_with('0');
            (is_plain && is_shortest).then(|| part.parse::<u64>().ok())?
        });
        let major = numbers.next()??;
        let mut rest = || numbers.next().map_or(Some(0), |number| number);
        let (minor, patch) = (rest()?, rest()?);
        numbers.next().is_none().then_some(Self { major, minor, patch })
    }

    /// Returns the number that a step leads to.
    #[must_use]
    pub const fn next(self, step: VersionStep) -> Self {
        match step {
            VersionStep::Major => Self {
                major: self.major.saturating_add(1),
                minor: 0,
                patch: 0,
            },
            VersionStep::Minor => Self {
                minor: self.minor.saturating_add(1),
                patch: 0,
                ..self
            },
            VersionStep::Patch => Self {
                patch: self.patch.saturating_add(1),
                ..self
            },
        }
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let read = |text| VersionNumber::parse(text).map(|number| number.to_string());
        for (text, number) in [
            ("1.2.3", Some("1.2.3")),
            ("v2", Some("2.0.0")),
            ("0.10", Some("0.10.0")),
            ("9223372036854775808.0.0", Some("9223372036854775808.0.0")),
        ] {
            assert_eq!(read(text).as_deref(), number, "{text}");
        }
        for text in [
            "",
            "v",
            "1.",
            "01.0",
            "1.0.0.0",
            "1.0-rc1",
            "spring",
            "-1",
            "18446744073709551616",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_step_goes_up_and_a_greater_step_goes_further(
            major in 0..u64::MAX - 1, minor in 0..u64::MAX - 1, patch in 0..u64::MAX - 1,
        ) {
            let number = VersionNumber { major, minor, patch };
            let [a, b, c] = [VersionStep::Patch, VersionStep::Minor, VersionStep::Major].map(|step| number.next(step));
            prop_assert!(number < a && a < b && b < c);
            prop_assert_eq!(VersionNumber::parse(&c.to_string()), Some(c));
        }
    }
}
