//! Whether somebody rated a selection that depends on what others had said, such as disputed annotations only. Statistics
//! that pool such ratings with the others' are biased, and have to say so.

use std::collections::BTreeMap;

use super::contingency::Contingency;
use super::statistic::ratio;

/// Who rated less than this share of what two others rated is looked at.
const COVERED: f64 = 0.95;
/// So many annotations have to be rated, and left out, before anything is said.
const FEW: u64 = 10;
/// How far chi-square with one degree of freedom has to go: a probability of one in a million.
const CHI_SQUARE: f64 = 23.93;

/// Somebody who rated what two others disagreed on rather than what they agreed on, or the other way round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    /// Who.
    pub rater: usize,
    /// The two others.
    pub others: [usize; 2],
    /// The share of disputed annotations among those that were rated.
    pub disputed_among_rated: f64,
    /// The share of disputed annotations among those that were left out.
    pub disputed_among_rest: f64,
}

/// For each two raters, and each third one: whether the two agreed, by whether the third rated.
#[derive(Debug, Default)]
pub(super) struct Witnesses {
    raters: usize,
    /// Rows: the third rated, or not; columns: the two differ, or not.
    tables: BTreeMap<[usize; 3], Contingency>,
}

impl Witnesses {
    /// Counts from what was said of annotations, each with how often that came up.
    pub(super) fn of(units: &[(BTreeMap<usize, usize>, u64)], raters: usize) -> Self {
        let mut witnesses = Self {
            raters,
            ..Self::default()
        };
        for (opinions, times) in units {
            for (a, first) in opinions {
                for (b, second) in opinions.range(a + 1..) {
                    for third in (0..raters).filter(|third| third != a && third != b) {
                        let rated = usize::from(!opinions.contains_key(&third));
                        let table = witnesses.tables.entry([third, *a, *b]);
                        table.or_insert_with(|| Contingency::new(2)).add(
                            rated,
                            usize::from(first == second),
                            *times,
                        );
                    }
                }
            }
        }
        witnesses
    }

    /// Returns who selected; of several pairs of others the one that tells most.
    pub(super) fn selections(&self) -> Vec<Selection> {
        let mut found: BTreeMap<usize, Selection> = BTreeMap::new();
        for ([rater, a, b], table) in &self.tables {
            let Some(selection) = selection(*rater, [*a, *b], table) else {
                continue;
            };
            let gap = |one: &Selection| (one.disputed_among_rated - one.disputed_among_rest).abs();
            let is_wider = found.get(rater).is_none_or(|known| gap(known) < gap(&selection));
            if is_wider {
                found.insert(*rater, selection);
            }
        }
        (0..self.raters)
            .filter_map(|rater| found.remove(&rater))
            .collect()
    }
}

fn selection(rater: usize, others: [usize; 2], table: &Contingency) -> Option<Selection> {
    let [disputed, agreed] = [table.cell(0, 0), table.cell(0, 1)];
    let [disputed_rest, agreed_rest] = [table.cell(1, 0), table.cell(1, 1)];
    let (rated, rest) = (disputed + agreed, disputed_rest + agreed_rest);
    let covered = ratio(rated, table.n())?;
    if covered >= COVERED || rated < FEW || rest < FEW {
        return None;
    }
    let (among_rated, among_rest) = (ratio(disputed, rated)?, ratio(disputed_rest, rest)?);
    let overall = ratio(disputed + disputed_rest, table.n())?;
    let spread = overall * (1.0 - overall);
    let size = 1.0 / (ratio(1, rated)? + ratio(1, rest)?);
    let chi_square = (among_rated - among_rest).powi(2) * size / spread;
    (spread > 0.0 && chi_square > CHI_SQUARE).then_some(Selection {
        rater,
        others,
        disputed_among_rated: among_rated,
        disputed_among_rest: among_rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(opinions: &[(usize, usize)], times: u64) -> (BTreeMap<usize, usize>, u64) {
        (opinions.iter().copied().collect(), times)
    }

    #[test]
    fn who_saw_disputes_only_is_found() {
        let units = [
            unit(&[(0, 0), (1, 0)], 3000),
            unit(&[(0, 0), (1, 1), (2, 0)], 500),
            unit(&[(0, 1), (1, 0), (2, 0)], 400),
        ];
        let found = Witnesses::of(&units, 3).selections();
        let [one] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((one.rater, one.others), (2, [0, 1]));
        assert!(one.disputed_among_rated > 0.99 && one.disputed_among_rest < 0.01);
    }

    #[test]
    fn who_rated_a_part_without_looking_is_not() {
        let units = [
            unit(&[(0, 0), (1, 0)], 800),
            unit(&[(0, 0), (1, 1)], 200),
            unit(&[(0, 0), (1, 0), (2, 0)], 80),
            unit(&[(0, 0), (1, 1), (2, 0)], 20),
        ];
        assert_eq!(Witnesses::of(&units, 3).selections(), []);
        assert_eq!(Witnesses::of(&[], 3).selections(), []);
    }
}
