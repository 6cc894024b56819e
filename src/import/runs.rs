//! Masks whose runs go row by row, as runs that go column by column.

use std::collections::BTreeSet;

/// So many runs one mask may have when its runs go column by column. Few runs along rows can be many along columns, up
/// to the number of pixels.
const RUNS_MAX: usize = 1 << 22;

/// Turns runs of zeros, ones, zeros, … along rows into runs along columns; `None` when they do not add up to
/// `width · height` pixels, or would be more than 2²² runs.
///
/// Between two columns only those rows change in which a run begins or ends there. The borders between set and unset
/// rows are kept as a set, so that the work follows the runs read and written, not the number of pixels.
pub(crate) fn rows_to_columns(width: u64, height: u64, rows: &[u64]) -> Option<Vec<u64>> {
    let pixels = width.checked_mul(height)?;
    let sum = rows.iter().try_fold(0_u64, |sum, run| sum.checked_add(*run))?;
    if sum != pixels {
        return None;
    }
    let mut columns = Runs::default();
    if pixels == 0 {
        return Some(Vec::new());
    }
    let changes = changes(width, rows)?;
    let mut borders: BTreeSet<u64> = BTreeSet::new();
    let mut column = 0;
    let mut changes = changes.into_iter().peekable();
    while column < width {
        while let Some((_, row)) = changes.next_if(|(at, _)| *at <= column) {
            for border in [row, row + 1] {
                if !borders.remove(&border) {
                    borders.insert(border);
                }
            }
        }
        let next = changes.peek().map_or(width, |(at, _)| *at).min(width);
        columns.repeat(&borders, height, next - column)?;
        column = next;
    }
    Some(columns.lengths)
}

/// Returns where which row changes, by column: each set run along a row changes it twice.
fn changes(width: u64, rows: &[u64]) -> Option<Vec<(u64, u64)>> {
    let mut changes = Vec::new();
    let mut at = 0_u64;
    for (n, run) in rows.iter().enumerate() {
        let mut left = *run;
        while left > 0 {
            let (row, column) = (at.checked_div(width)?, at.checked_rem(width)?);
            let length = left.min(width - column);
            if n % 2 == 1 {
                changes.push((column, row));
                changes.push((column + length, row));
                if changes.len() > 2 * RUNS_MAX {
                    return None;
                }
                at += length;
                left -= length;
            } else {
                at += left;
                left = 0;
            }
        }
    }
    changes.sort_unstable();
    Some(changes)
}

/// Runs while they are written: zeros, ones, zeros, ….
#[derive(Default)]
struct Runs {
    lengths: Vec<u64>,
}

impl Runs {
    /// Writes `count` equal columns, in which the rows change at these borders.
    fn repeat(&mut self, borders: &BTreeSet<u64>, height: u64, count: u64) -> Option<()> {
        let mut inner = borders
            .iter()
            .filter(|border| **border > 0 && **border < height)
            .peekable();
        let begins_set = borders.contains(&0);
        if inner.peek().is_none() {
            return self.push(begins_set, height.checked_mul(count)?);
        }
        let inner: Vec<u64> = inner.copied().collect();
        for _ in 0..count {
            let (mut from, mut is_set) = (0, begins_set);
            for border in inner.iter().chain([&height]) {
                self.push(is_set, border - from)?;
                (from, is_set) = (*border, !is_set);
            }
        }
        Some(())
    }

    fn push(&mut self, is_set: bool, length: u64) -> Option<()> {
        let last_is_set = self.lengths.len().is_multiple_of(2);
        match self.lengths.last_mut() {
            Some(last) if last_is_set == is_set => *last += length,
            None if is_set => self.lengths.extend([0, length]),
            Some(_) | None => self.lengths.push(length),
        }
        (self.lengths.len() <= RUNS_MAX).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_become_columns() {
        // 0 1 1
        // 0 1 0
        assert_eq!(rows_to_columns(3, 2, &[1, 2, 1, 1, 1]), Some(vec![2, 3, 1]));
        assert_eq!(rows_to_columns(3, 2, &[6]), Some(vec![6]));
        assert_eq!(rows_to_columns(3, 2, &[0, 6]), Some(vec![0, 6]));
        assert_eq!(rows_to_columns(0, 5, &[]), Some(Vec::new()));
    }

    #[test]
    fn what_does_not_add_up_is_none() {
        assert_eq!(rows_to_columns(3, 2, &[5]), None);
        assert_eq!(rows_to_columns(3, 2, &[5, 2]), None);
        assert_eq!(rows_to_columns(u64::MAX, 2, &[1]), None);
        assert_eq!(rows_to_columns(2, 2, &[u64::MAX, 5]), None);
    }

    #[test]
    fn f13_work_follows_the_runs_and_not_the_pixels() {
        let side = 1_u64 << 31;
        assert_eq!(
            rows_to_columns(side, side, &[side * side]),
            Some(vec![side * side])
        );
        // Every second row of a hundred thousand, as wide: five billion runs along columns.
        let striped = vec![100_000_u64; 100_000];
        assert_eq!(rows_to_columns(100_000, 100_000, &striped), None);
        // One run over all of an image of 2^62 pixels would change two billion rows.
        assert_eq!(rows_to_columns(side, side, &[0, side * side]), None);
    }

    proptest! {
        #[test]
        fn each_pixel_stays_what_it_is(width in 1usize..9, height in 1usize..9, seed in prop::collection::vec(any::<bool>(), 64)) {
            let pixels: Vec<bool> = seed.into_iter().take(width * height).collect();
            let encode = |pixels: &[bool]| {
                let mut runs = vec![0_u64];
                let mut last = false;
                for pixel in pixels {
                    if *pixel == last { *runs.last_mut().unwrap() += 1 } else { runs.push(1) }
                    last = *pixel;
                }
                runs
            };
            let columns: Vec<bool> = (0..width)
                .flat_map(|x| (0..height).map(move |y| (x, y)))
                .map(|(x, y)| pixels[y * width + x])
                .collect();
            let turned = rows_to_columns(width as u64, height as u64, &encode(&pixels)).unwrap();
            let expected = encode(&columns);
            prop_assert_eq!(turned, expected);
        }
    }
}
