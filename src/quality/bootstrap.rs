//! Intervals by drawing cases anew, with replacement: what was said of one case is not independent, so cases are drawn and
//! not annotations. A seed gives the draws, the same on every machine and for ever.
//!
//! B. Efron, R. J. Tibshirani, *An Introduction to the Bootstrap* (1993), the percentile interval.

use crate::model::geometry::whole_to_float;

use super::contingency::{Contingency, Weights};
use super::statistic::{Interval, Statistic, Undefined};

/// A sequence of numbers from a seed (SplitMix64: G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct Draws(u64);

impl Draws {
    /// Begins with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `bound`, each as likely as any other; 0 where the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Numbers from the incomplete last stretch are drawn again.
        let last = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = self.next_u64();
            if drawn < last {
                return drawn % bound;
            }
        }
    }
}

/// Returns the percentile interval of 95 % of a figure over cases. `figure` is given how often each case was drawn.
///
/// # Errors
/// [`Undefined::FewCases`] with fewer than two cases; the figure's own reason where it is not defined for a half of the
/// draws or more.
pub fn interval(
    cases: usize,
    repetitions: u32,
    seed: u64,
    mut figure: impl FnMut(&[u64]) -> Statistic,
) -> Interval {
    if cases < 2 {
        return Err(Undefined::FewCases);
    }
    let mut draws = Draws::new(seed);
    let bound = u64::try_from(cases).unwrap_or(u64::MAX);
    let mut values = Vec::new();
    let mut why = Undefined::NoItems;
    let mut times = vec![0_u64; cases];
    for _ in 0..repetitions {
        times.fill(0);
        for _ in 0..cases {
            let drawn = usize::try_from(draws.below(bound)).unwrap_or(0);
            if let Some(count) = times.get_mut(drawn) {
                *count += 1;
            }
        }
        match figure(&times) {
            Ok(value) => values.push(value),
            Err(reason) => why = reason,
        }
    }
    if values.len() * 2 <= usize::try_from(repetitions).unwrap_or(usize::MAX) {
        return Err(why);
    }
    values.sort_by(f64::total_cmp);
    match (quantile(&values, 0.025), quantile(&values, 0.975)) {
        (Some(low), Some(high)) => Ok([low, high]),
        _ => Err(why),
    }
}

/// Returns the percentile interval of 95 % of Cohen's kappa, by drawing the tables of cases.
///
/// # Errors
/// As [`interval`].
pub(super) fn kappa(
    cases: &[&Contingency],
    labels: usize,
    weights: Weights,
    repetitions: u32,
    seed: u64,
) -> Interval {
    interval(cases.len(), repetitions, seed, |times| {
        let mut drawn = Contingency::new(labels);
        for (table, count) in cases.iter().zip(times) {
            drawn.merge(table, *count);
        }
        drawn.kappa(weights).map(|kappa| kappa.value)
    })
}

/// The quantile of sorted values, between neighbours in proportion.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * whole_to_float(u64::try_from(last).unwrap_or(u64::MAX));
    let low = crate::model::geometry::float_to_whole(place.floor())?;
    let low = usize::try_from(low).ok()?;
    let (a, b) = (*sorted.get(low)?, *sorted.get((low + 1).min(last))?);
    Some(a + (b - a) * place.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_draws_for_ever() {
        let mut draws = Draws::new(1);
        assert_eq!(
            [draws.next_u64(), draws.next_u64()],
            [10_451_216_379_200_822_465, 13_757_245_211_066_428_519]
        );
        assert!((0..1000).map(|_| draws.below(7)).all(|drawn| drawn < 7));
        assert_eq!(draws.below(0), 0);
    }

    #[test]
    fn an_interval_holds_the_figure_and_narrows_with_cases() {
        let width = |cases: usize| {
            let values: Vec<f64> = (0..cases).map(|n| if n % 2 == 0 { 0.0 } else { 1.0 }).collect();
            let mean = |times: &[u64]| {
                let sum: f64 = times
                    .iter()
                    .zip(&values)
                    .map(|(t, v)| whole_to_float(*t) * v)
                    .sum();
                Ok(sum / whole_to_float(times.iter().sum()))
            };
            let [low, high] = interval(cases, 400, 7, mean).unwrap();
            assert!(low <= 0.5 && 0.5 <= high, "{low} {high}");
            high - low
        };
        assert!(width(400) < width(16));
        assert_eq!(interval(1, 10, 1, |_| Ok(1.0)), Err(Undefined::FewCases));
        assert_eq!(
            interval(3, 10, 1, |_| Err(Undefined::OneLabel)),
            Err(Undefined::OneLabel)
        );
    }
}
