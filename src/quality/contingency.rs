//! What two raters said of the same things, counted: percent agreement, Cohen's kappa, F1 and Jaccard of a label.
//!
//! Kappa: J. Cohen, *Educ. Psychol. Meas.* 20 (1960) 37–46; with weights: *Psychol. Bull.* 70 (1968) 213–220. Its large-sample
//! variance: J. L. Fleiss, J. Cohen, B. S. Everitt, *Psychol. Bull.* 72 (1969) 323–327.

use crate::model::geometry::whole_to_float;

use super::statistic::{Interval, Statistic, Undefined, Z_95, ratio};

/// Counts of pairs of labels: rows are the first rater's, columns the second's. Labels are numbered from 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contingency {
    labels: usize,
    cells: Vec<u64>,
}

/// How much it weighs that two labels differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Any difference counts as one.
    Nominal,
    /// By how far the labels are apart in their order.
    Linear,
    /// By the square of that.
    Quadratic,
}

impl Weights {
    /// How much two labels agree: 1 for the same, 0 for the two that are furthest apart.
    fn agreement(self, a: usize, b: usize, labels: usize) -> f64 {
        if a == b {
            return 1.0;
        }
        let steps = |n: usize| whole_to_float(u64::try_from(n).unwrap_or(u64::MAX));
        let apart = steps(a.abs_diff(b)) / steps(labels.saturating_sub(1).max(1));
        match self {
            Self::Nominal => 0.0,
            Self::Linear => 1.0 - apart,
            Self::Quadratic => 1.0 - apart * apart,
        }
    }
}

/// Cohen's kappa with the variance of its large-sample distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// The value.
    pub value: f64,
    /// The variance; never below 0.
    pub variance: f64,
}

impl Kappa {
    /// Returns the interval of 95 %, by the normal distribution.
    #[must_use]
    pub fn interval(self) -> [f64; 2] {
        let half = Z_95 * self.variance.sqrt();
        [self.value - half, self.value + half]
    }
}

impl Contingency {
    /// Begins without counts.
    #[must_use]
    pub fn new(labels: usize) -> Self {
        Self {
            labels,
            cells: vec![0; labels * labels],
        }
    }

    /// Counts pairs. Labels that there are not are passed over.
    pub fn add(&mut self, a: usize, b: usize, count: u64) {
        if a < self.labels
            && b < self.labels
            && let Some(cell) = self.cells.get_mut(a * self.labels + b)
        {
            *cell += count;
        }
    }

    /// Adds the counts of another table with the same labels, `times` over.
    pub fn merge(&mut self, other: &Self, times: u64) {
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            *cell += more * times;
        }
    }

    /// Returns how many labels there are.
    #[must_use]
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// Returns a count.
    #[must_use]
    pub fn cell(&self, a: usize, b: usize) -> u64 {
        if b < self.labels {
            self.cells.get(a * self.labels + b).copied().unwrap_or(0)
        } else {
            0
        }
    }

    /// Returns the counts with two labels alone: this one, and any other.
    #[must_use]
    pub fn against_rest(&self, label: usize) -> Self {
        let mut two = Self::new(2);
        for a in 0..self.labels {
            for b in 0..self.labels {
                two.add(usize::from(a != label), usize::from(b != label), self.cell(a, b));
            }
        }
        two
    }

    /// Returns how many things both rated.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.cells.iter().sum()
    }

    /// Returns on how many of them they agree.
    #[must_use]
    pub fn agreed(&self) -> u64 {
        (0..self.labels).map(|label| self.cell(label, label)).sum()
    }

    fn row(&self, a: usize) -> u64 {
        (0..self.labels).map(|b| self.cell(a, b)).sum()
    }

    fn column(&self, b: usize) -> u64 {
        (0..self.labels).map(|a| self.cell(a, b)).sum()
    }

    /// Returns the share of agreement, from 0 to 1.
    ///
    /// # Errors
    /// [`Undefined::NoItems`].
    pub fn percent_agreement(&self) -> Statistic {
        ratio(self.agreed(), self.n()).ok_or(Undefined::NoItems)
    }

    /// Returns kappa, and its variance by Fleiss, Cohen and Everitt.
    ///
    /// # Errors
    /// [`Undefined::NoItems`]; [`Undefined::OneLabel`] where chance agrees on everything.
    pub fn kappa(&self, weights: Weights) -> Result<Kappa, Undefined> {
        let n = whole_to_float(self.n());
        if self.n() == 0 {
            return Err(Undefined::NoItems);
        }
        let all = 0..self.labels;
        let share = |count: u64| whole_to_float(count) / n;
        let rows: Vec<f64> = all.clone().map(|label| share(self.row(label))).collect();
        let columns: Vec<f64> = all.clone().map(|label| share(self.column(label))).collect();
        let weight = |a, b| weights.agreement(a, b, self.labels);
        let cells: Vec<(usize, usize, f64)> = all
            .clone()
            .flat_map(|a| all.clone().map(move |b| (a, b)))
            .map(|(a, b)| (a, b, share(self.cell(a, b))))
            .collect();
        let product = |a: usize, b: usize| rows.get(a).zip(columns.get(b)).map_or(0.0, |(r, c)| r * c);
        let observed: f64 = cells.iter().map(|(a, b, p)| weight(*a, *b) * p).sum();
        let expected: f64 = cells
            .iter()
            .map(|(a, b, _)| weight(*a, *b) * product(*a, *b))
            .sum();
        if self.agrees_by_chance() {
            return Err(Undefined::OneLabel);
        }
        let value = (observed - expected) / (1.0 - expected);
        let mean = |of: &dyn Fn(usize) -> f64, shares: &[f64]| -> f64 {
            shares
                .iter()
                .enumerate()
                .map(|(label, share)| of(label) * share)
                .sum()
        };
        let row_means: Vec<f64> = all.clone().map(|a| mean(&|b| weight(a, b), &columns)).collect();
        let column_means: Vec<f64> = all.map(|b| mean(&|a| weight(a, b), &rows)).collect();
        let spread: f64 = cells
            .iter()
            .map(|(a, b, p)| {
                let means = row_means
                    .get(*a)
                    .zip(column_means.get(*b))
                    .map_or(0.0, |(r, c)| r + c);
                p * (weight(*a, *b) - means * (1.0 - value)).powi(2)
            })
            .sum();
        let centre = (value - expected * (1.0 - value)).powi(2);
        let variance = (spread - centre) / ((1.0 - expected).powi(2) * n);
        Ok(Kappa {
            value,
            variance: variance.max(0.0),
        })
    }

    /// Whether both gave one and the same label to everything, told by whole numbers.
    fn agrees_by_chance(&self) -> bool {
        (0..self.labels).any(|label| self.cell(label, label) == self.n())
    }

    /// Returns the interval of 95 % of kappa.
    ///
    /// # Errors
    /// As [`Contingency::kappa`].
    pub fn kappa_interval(&self, weights: Weights) -> Interval {
        self.kappa(weights).map(Kappa::interval)
    }

    /// Returns F1 (the Dice coefficient) of a label: twice what both gave it, by what each gave it.
    ///
    /// # Errors
    /// [`Undefined::LabelNotGiven`].
    pub fn f1(&self, label: usize) -> Statistic {
        let both = self.cell(label, label);
        ratio(2 * both, self.row(label) + self.column(label)).ok_or(Undefined::LabelNotGiven)
    }

    /// Returns the Jaccard index of a label: what both gave it, by what either gave it.
    ///
    /// # Errors
    /// [`Undefined::LabelNotGiven`].
    pub fn jaccard(&self, label: usize) -> Statistic {
        let both = self.cell(label, label);
        ratio(both, self.row(label) + self.column(label) - both).ok_or(Undefined::LabelNotGiven)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(cells: &[&[u64]]) -> Contingency {
        let mut table = Contingency::new(cells.len());
        for (a, row) in cells.iter().enumerate() {
            for (b, count) in row.iter().enumerate() {
                table.add(a, b, *count);
            }
        }
        table
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    /// Figures of scikit-learn and statsmodels for the experts of MIDOG 2021.
    #[test]
    fn the_experts_of_midog_agree_as_others_computed() {
        let one = table(&[&[1195, 569], &[356, 2315]]);
        let kappa = one.kappa(Weights::Nominal).unwrap();
        assert!(close(one.percent_agreement().unwrap(), 0.791_432));
        assert!(close(kappa.value, 0.555_544));
        assert!(close(kappa.variance, 0.000_164_790_8));
        let [low, high] = kappa.interval();
        assert!(close(low, 0.530_383) && close(high, 0.580_704), "{low} {high}");
        assert!(close(one.f1(0).unwrap(), 0.720_965));
        assert!(close(one.jaccard(0).unwrap(), 0.563_679));
        let two = table(&[&[363, 206], &[163, 193]])
            .kappa(Weights::Nominal)
            .unwrap();
        assert!(close(two.value, 0.176_115) && close(two.variance, 0.001_056_575));
        let three = table(&[&[163, 193], &[363, 206]])
            .kappa(Weights::Nominal)
            .unwrap();
        assert!(close(three.value, -0.165_32) && close(three.variance, 0.000_945_681_8));
    }

    #[test]
    fn what_is_not_defined_says_why() {
        assert_eq!(
            table(&[&[0, 0], &[0, 0]]).percent_agreement(),
            Err(Undefined::NoItems)
        );
        assert_eq!(
            table(&[&[0, 0], &[0, 0]]).kappa(Weights::Nominal),
            Err(Undefined::NoItems)
        );
        assert_eq!(
            table(&[&[5, 0], &[0, 0]]).kappa(Weights::Linear),
            Err(Undefined::OneLabel)
        );
        assert_eq!(table(&[&[5, 0], &[0, 0]]).f1(1), Err(Undefined::LabelNotGiven));
        assert_eq!(
            Contingency::new(0).kappa(Weights::Nominal),
            Err(Undefined::NoItems)
        );
        // One who gives one label only agrees as chance does, with no spread.
        let model = table(&[&[0, 112], &[0, 726]]).kappa(Weights::Nominal).unwrap();
        assert!(
            model.value.abs() < 1e-12 && model.variance.abs() < 1e-12,
            "{model:?}"
        );
    }

    proptest! {
        #[test]
        fn weights_make_no_difference_between_two_labels(cells in proptest::array::uniform4(0_u64..50)) {
            let [a, b, c, d] = cells;
            let table = table(&[&[a, b], &[c, d]]);
            let nominal = table.kappa(Weights::Nominal);
            for weights in [Weights::Linear, Weights::Quadratic] {
                prop_assert_eq!(table.kappa(weights), nominal);
            }
        }

        #[test]
        fn a_label_against_the_rest_keeps_its_figures(cells in proptest::collection::vec(0_u64..30, 9)) {
            let mut all = Contingency::new(3);
            for (place, count) in cells.iter().enumerate() {
                all.add(place / 3, place % 3, *count);
            }
            for label in 0..3 {
                let two = all.against_rest(label);
                prop_assert_eq!(two.n(), all.n());
                prop_assert_eq!(two.f1(0), all.f1(label));
                prop_assert_eq!(two.jaccard(0), all.jaccard(label));
            }
        }

        #[test]
        fn who_comes_first_makes_no_difference(cells in proptest::collection::vec(0_u64..30, 9)) {
            let (mut there, mut back) = (Contingency::new(3), Contingency::new(3));
            for (place, count) in cells.iter().enumerate() {
                there.add(place / 3, place % 3, *count);
                back.add(place % 3, place / 3, *count);
            }
            for weights in [Weights::Nominal, Weights::Linear, Weights::Quadratic] {
                match (there.kappa(weights), back.kappa(weights)) {
                    (Ok(a), Ok(b)) => {
                        prop_assert!(close(a.value, b.value) && close(a.variance, b.variance));
                        prop_assert!(a.value <= 1.0 + 1e-12);
                    }
                    (a, b) => prop_assert_eq!(a, b),
                }
            }
        }
    }
}
