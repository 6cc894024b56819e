//! Fleiss' kappa: the agreement of a fixed number of raters, who need not be the same ones throughout.
//!
//! J. L. Fleiss, *Psychol. Bull.* 76 (1971) 378–382.

use crate::model::geometry::whole_to_float;

use super::statistic::{Statistic, Undefined};

/// Counts of things that the same number of raters rated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleiss {
    raters: u64,
    items: u64,
    /// How often each label was given.
    given: Vec<u64>,
    /// The sum, over things and labels, of how often a thing was given a label, squared.
    squares: u64,
}

impl Fleiss {
    /// Begins without counts.
    #[must_use]
    pub fn new(raters: u64, labels: usize) -> Self {
        Self {
            raters,
            items: 0,
            given: vec![0; labels],
            squares: 0,
        }
    }

    /// Counts a thing by how often each label was given to it; one that another number of raters rated is passed over.
    pub fn add(&mut self, counts: &[u64]) {
        if counts.iter().sum::<u64>() != self.raters || counts.len() != self.given.len() {
            return;
        }
        self.items += 1;
        self.squares += counts.iter().map(|count| count * count).sum::<u64>();
        for (given, count) in self.given.iter_mut().zip(counts) {
            *given += count;
        }
    }

    /// Adds the counts of another, `times` over.
    pub fn merge(&mut self, other: &Self, times: u64) {
        self.items += other.items * times;
        self.squares += other.squares * times;
        for (given, more) in self.given.iter_mut().zip(&other.given) {
            *given += more * times;
        }
    }

    /// Returns how many things were counted.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Returns kappa.
    ///
    /// # Errors
    /// [`Undefined`] without two raters or a thing, or where all gave one label.
    pub fn kappa(&self) -> Statistic {
        if self.raters < 2 {
            return Err(Undefined::FewRaters);
        }
        if self.items == 0 {
            return Err(Undefined::NoItems);
        }
        let all = self.items * self.raters;
        if self.given.contains(&all) {
            return Err(Undefined::OneLabel);
        }
        let pairs = whole_to_float(self.items * self.raters * (self.raters - 1));
        let observed = whole_to_float(self.squares - all) / pairs;
        let expected: f64 = self
            .given
            .iter()
            .map(|count| (whole_to_float(*count) / whole_to_float(all)).powi(2))
            .sum();
        Ok((observed - expected) / (1.0 - expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper's table 1 as it is widely recomputed: ten subjects, fourteen raters, five labels.
    #[test]
    fn the_known_example_gives_its_value() {
        let rows: [[u64; 5]; 10] = [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ];
        let mut fleiss = Fleiss::new(14, 5);
        rows.iter().for_each(|row| fleiss.add(row));
        assert!((fleiss.kappa().unwrap() - 0.209_930_71).abs() < 1e-6);
        fleiss.add(&[1, 0, 0, 0, 0]);
        assert_eq!(fleiss.items(), 10, "another number of raters is passed over");
    }

    #[test]
    fn what_is_not_defined_says_why() {
        assert_eq!(Fleiss::new(1, 2).kappa(), Err(Undefined::FewRaters));
        assert_eq!(Fleiss::new(2, 2).kappa(), Err(Undefined::NoItems));
        let mut one = Fleiss::new(2, 2);
        one.add(&[2, 0]);
        assert_eq!(one.kappa(), Err(Undefined::OneLabel));
    }
}
