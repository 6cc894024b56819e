//! Krippendorff's alpha: agreement of any number of raters, of whom each may have left things out.
//!
//! K. Krippendorff, *Content Analysis* (2004), chapter 11; computed from the matrix of coincidences.

use crate::model::geometry::whole_to_float;

use super::statistic::{Statistic, Undefined};

/// How far two labels are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The same or not.
    Nominal,
    /// By how many values lie between them, in the order of the labels.
    Ordinal,
    /// By the square of the difference of their numbers.
    Interval,
}

/// How often labels met on the same thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Coincidences {
    labels: usize,
    cells: Vec<f64>,
}

impl Coincidences {
    /// Begins without counts.
    #[must_use]
    pub fn new(labels: usize) -> Self {
        Self {
            labels,
            cells: vec![0.0; labels * labels],
        }
    }

    /// Counts a thing by how often each label was given to it. What fewer than two rated is passed over.
    pub fn add(&mut self, counts: &[u64]) {
        let raters: u64 = counts.iter().sum();
        if raters < 2 {
            return;
        }
        let weight = 1.0 / whole_to_float(raters - 1);
        for (a, first) in counts.iter().enumerate() {
            for (b, second) in counts.iter().enumerate() {
                let pairs = if a == b {
                    first * first.saturating_sub(1)
                } else {
                    first * second
                };
                if b < self.labels
                    && let Some(cell) = self.cells.get_mut(a * self.labels + b)
                {
                    *cell += whole_to_float(pairs) * weight;
                }
            }
        }
    }

    /// Adds the counts of another, `times` over.
    pub fn merge(&mut self, other: &Self, times: u64) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            *cell += more * whole_to_float(times);
        }
    }

    /// Returns alpha. Labels are in their order, and are taken for the numbers from 0 where the metric needs numbers.
    ///
    /// # Errors
    /// [`Undefined::NoItems`] where nothing was rated twice, [`Undefined::OneLabel`] where only one label was given.
    pub fn alpha(&self, metric: Metric) -> Statistic {
        let all = 0..self.labels;
        let cell = |a: usize, b: usize| self.cells.get(a * self.labels + b).copied().unwrap_or(0.0);
        let given: Vec<f64> = all
            .clone()
            .map(|a| all.clone().map(|b| cell(a, b)).sum())
            .collect();
        let n: f64 = given.iter().sum();
        if n <= 0.0 {
            return Err(Undefined::NoItems);
        }
        if given.iter().filter(|count| **count > 0.0).count() < 2 {
            return Err(Undefined::OneLabel);
        }
        let (mut observed, mut expected) = (0.0, 0.0);
        for a in all.clone() {
            for b in all.clone() {
                let apart = distance(metric, &given, a, b);
                let product = given.get(a).zip(given.get(b)).map_or(0.0, |(a, b)| a * b);
                observed += cell(a, b) * apart;
                expected += product * apart;
            }
        }
        Ok(1.0 - (n - 1.0) * observed / expected)
    }
}

/// The squared distance of two labels.
fn distance(metric: Metric, given: &[f64], a: usize, b: usize) -> f64 {
    if a == b {
        return 0.0;
    }
    match metric {
        Metric::Nominal => 1.0,
        Metric::Ordinal => {
            let (low, high) = (a.min(b), a.max(b));
            let between: f64 = given.get(low..=high).unwrap_or_default().iter().sum();
            let ends = given.get(low).zip(given.get(high)).map_or(0.0, |(a, b)| a + b);
            (between - ends / 2.0).powi(2)
        }
        Metric::Interval => whole_to_float(u64::try_from(a.abs_diff(b)).unwrap_or(u64::MAX)).powi(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Krippendorff's own example C: four observers, twelve units, five values, with values missing.
    fn example() -> Coincidences {
        let observers: [[u8; 12]; 4] = [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
            [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
        ];
        let mut coincidences = Coincidences::new(5);
        for unit in 0..12 {
            let mut counts = [0; 5];
            for observer in observers {
                if let Some(count) = usize::from(observer[unit]).checked_sub(1) {
                    counts[count] += 1;
                }
            }
            coincidences.add(&counts);
        }
        coincidences
    }

    #[test]
    fn the_known_example_gives_its_values() {
        let example = example();
        for (metric, value) in [
            (Metric::Nominal, 0.743_421),
            (Metric::Ordinal, 0.815_388),
            (Metric::Interval, 0.849_107),
        ] {
            let alpha = example.alpha(metric).unwrap();
            assert!((alpha - value).abs() < 1e-3, "{metric:?}: {alpha}");
        }
    }

    #[test]
    fn what_is_not_defined_says_why() {
        let mut coincidences = Coincidences::new(2);
        assert_eq!(coincidences.alpha(Metric::Nominal), Err(Undefined::NoItems));
        coincidences.add(&[1, 0]);
        assert_eq!(coincidences.alpha(Metric::Nominal), Err(Undefined::NoItems));
        coincidences.add(&[2, 0]);
        assert_eq!(coincidences.alpha(Metric::Nominal), Err(Undefined::OneLabel));
        coincidences.add(&[1, 1]);
        assert!(coincidences.alpha(Metric::Nominal).is_ok());
    }
}
