//! How many objects there are in all, estimated from two independent searches: capture and recapture.
//!
//! The estimate is D. G. Chapman's (*Univ. Calif. Publ. Stat.* 1 (1951) 131–160), its variance G. A. F. Seber's (*Biometrika* 57
//! (1970) 313–318). The interval is A. Chao's (*Biometrics* 43 (1987) 783–791): log-normal in the number of objects that
//! neither found, so that it never lies below what was found.

use crate::model::geometry::whole_to_float;

use super::statistic::{Undefined, Z_95};

/// What has to hold for the estimate to mean anything.
pub const ASSUMPTIONS: [&str; 4] = [
    "nothing was added to the images or taken from them between the two searches",
    "neither knew what the other had marked",
    "each object is as likely to be found as any other; where some are easier to see, the estimate is too low",
    "matched objects are one, and what is not matched is not",
];

/// An estimate of how many objects there are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recapture {
    /// How many at least one of the two found.
    pub found: u64,
    /// How many there are, by Chapman.
    pub estimate: f64,
    /// The interval of 95 %.
    pub interval: [f64; 2],
}

impl Recapture {
    /// Estimates from how many each found, and how many both.
    ///
    /// # Errors
    /// [`Undefined::NoObjects`] where neither found anything.
    pub fn of(first: u64, second: u64, both: u64) -> Result<Self, Undefined> {
        let both_whole = both.min(first).min(second);
        let found = first + second - both_whole;
        if found == 0 {
            return Err(Undefined::NoObjects);
        }
        let [a, b, m] = [first, second, both_whole].map(whole_to_float);
        let estimate = (a + 1.0) * (b + 1.0) / (m + 1.0) - 1.0;
        let variance = (a + 1.0) * (b + 1.0) * (a - m) * (b - m) / ((m + 1.0).powi(2) * (m + 2.0));
        let seen = whole_to_float(found);
        let unseen = estimate - seen;
        let interval = if unseen > 0.0 && variance > 0.0 {
            let factor = (Z_95 * (1.0 + variance / unseen.powi(2)).ln().sqrt()).exp();
            [seen + unseen / factor, seen + unseen * factor]
        } else {
            [estimate, estimate]
        };
        Ok(Self {
            found,
            estimate,
            interval,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 200 marked, 150 caught, 30 of them marked: worked out by hand from the formulas.
    #[test]
    fn a_known_example_gives_its_values() {
        let one = Recapture::of(200, 150, 30).unwrap();
        assert_eq!(one.found, 320);
        assert!((one.estimate - 978.064_516).abs() < 1e-6, "{one:?}");
        // Variance 201 · 151 · 170 · 120 / (31² · 32) = 20133.988; 658.0645 were not seen.
        let [low, high] = one.interval;
        assert!(
            (low - 753.321_783).abs() < 1e-5 && (high - 1_319.370_27).abs() < 1e-5,
            "{low} {high}"
        );
    }

    #[test]
    fn what_both_found_whole_is_all_there_is() {
        let one = Recapture::of(7, 7, 7).unwrap();
        assert_eq!((one.estimate, one.interval), (7.0, [7.0, 7.0]));
        assert_eq!(Recapture::of(0, 0, 0), Err(Undefined::NoObjects));
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate_and_what_was_found(a in 0_u64..500, b in 0_u64..500, m in 0_u64..500) {
            let m = m.min(a).min(b);
            let Ok(one) = Recapture::of(a, b, m) else {
                prop_assert_eq!(a + b, 0);
                return Ok(());
            };
            let [low, high] = one.interval;
            prop_assert!(low <= one.estimate + 1e-9 && one.estimate <= high + 1e-9, "{one:?}");
            prop_assert!(whole_to_float(one.found) <= low + 1e-9, "{one:?}");
            let back = Recapture::of(b, a, m).unwrap();
            prop_assert!((back.estimate - one.estimate).abs() < 1e-9);
        }
    }
}
