//! The intraclass correlation ICC(2,1): how far numbers that several raters gave the same subjects agree, absolutely, each
//! rater standing for any other.
//!
//! P. E. Shrout, J. L. Fleiss, *Psychol. Bull.* 86 (1979) 420–428.

use crate::model::geometry::whole_to_float;

use super::statistic::{Statistic, Undefined};

fn count(n: usize) -> f64 {
    whole_to_float(u64::try_from(n).unwrap_or(u64::MAX))
}

/// Returns ICC(2,1) of rows (one a subject) of numbers (one a rater, in the same order). Rows with another number of
/// raters than the first are passed over.
///
/// # Errors
/// [`Undefined`] with fewer than two raters or subjects, or where all numbers are the same.
pub fn icc_2_1(rows: &[Vec<f64>]) -> Statistic {
    let raters = rows.first().map_or(0, Vec::len);
    let rows: Vec<&Vec<f64>> = rows.iter().filter(|row| row.len() == raters).collect();
    if raters < 2 {
        return Err(Undefined::FewRaters);
    }
    if rows.len() < 2 {
        return Err(Undefined::FewSubjects);
    }
    let (n, k) = (count(rows.len()), count(raters));
    let mean = rows.iter().flat_map(|row| row.iter()).sum::<f64>() / (n * k);
    let squared = |value: f64| (value - mean).powi(2);
    let total: f64 = rows
        .iter()
        .flat_map(|row| row.iter())
        .map(|value| squared(*value))
        .sum();
    if total <= 0.0 {
        return Err(Undefined::NoVariance);
    }
    let between_rows: f64 = k * rows
        .iter()
        .map(|row| squared(row.iter().sum::<f64>() / k))
        .sum::<f64>();
    let column = |rater: usize| rows.iter().filter_map(|row| row.get(rater)).sum::<f64>() / n;
    let between_columns: f64 = n * (0..raters).map(|rater| squared(column(rater))).sum::<f64>();
    let rest = (total - between_rows - between_columns).max(0.0);
    let row_mean_square = between_rows / (n - 1.0);
    let column_mean_square = between_columns / (k - 1.0);
    let rest_mean_square = rest / ((n - 1.0) * (k - 1.0));
    let divisor =
        row_mean_square + (k - 1.0) * rest_mean_square + k * (column_mean_square - rest_mean_square) / n;
    if divisor == 0.0 {
        return Err(Undefined::NoVariance);
    }
    Ok((row_mean_square - rest_mean_square) / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper: six subjects, four judges.
    #[test]
    fn the_example_of_the_paper_gives_its_value() {
        let rows = [
            [9.0, 2.0, 5.0, 8.0],
            [6.0, 1.0, 3.0, 2.0],
            [8.0, 4.0, 6.0, 8.0],
            [7.0, 1.0, 2.0, 6.0],
            [10.0, 5.0, 6.0, 9.0],
            [6.0, 2.0, 4.0, 7.0],
        ]
        .map(Vec::from);
        assert!((icc_2_1(&rows).unwrap() - 0.289_763_8).abs() < 1e-6);
    }

    #[test]
    fn what_is_not_defined_says_why() {
        assert_eq!(icc_2_1(&[]), Err(Undefined::FewRaters));
        assert_eq!(icc_2_1(&[vec![1.0, 2.0]]), Err(Undefined::FewSubjects));
        assert_eq!(
            icc_2_1(&[vec![1.0, 1.0], vec![1.0, 1.0]]),
            Err(Undefined::NoVariance)
        );
    }
}
