//! Arithmetic on the runs of a mask: what they cover, and whole numbers as floats and back.

use super::Bounds;

/// Returns the smallest upright rectangle around the set pixels of a mask of this height, relative to the mask's
/// upper left corner; `None` when no pixel is set or the height is 0. `counts` are runs of zeros, ones, zeros, …,
/// column by column.
#[must_use]
pub fn covered_bounds(height: u64, counts: &[u64]) -> Option<Bounds> {
    let mut covered: Option<[u64; 4]> = None;
    let mut at = 0_u64;
    for (n, run) in counts.iter().enumerate() {
        let next = at.checked_add(*run)?;
        if n % 2 == 1 && *run > 0 {
            let last = next - 1;
            let (first_column, last_column) = (at.checked_div(height)?, last.checked_div(height)?);
            let (top, bottom) = if first_column == last_column {
                (at % height, last % height)
            } else {
                (0, height - 1)
            };
            covered = Some(covered.map_or(
                [first_column, top, last_column, bottom],
                |[left, upper, right, lower]| {
                    [
                        left.min(first_column),
                        upper.min(top),
                        right.max(last_column),
                        lower.max(bottom),
                    ]
                },
            ));
        }
        at = next;
    }
    covered.map(|[left, upper, right, lower]| Bounds {
        x_min: whole_to_float(left),
        y_min: whole_to_float(upper),
        x_max: whole_to_float(right) + 1.0,
        y_max: whole_to_float(lower) + 1.0,
    })
}

/// Converts a whole number; exact up to 2^53, as every stored number is.
#[must_use]
pub fn whole_to_float(value: u64) -> f64 {
    let high = u32::try_from(value >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(value & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// Converts a float that is a whole number from 0 to 2^53; `None` for any other.
#[must_use]
pub fn float_to_whole(value: f64) -> Option<u64> {
    if value.fract() != 0.0 || !(0.0..=9_007_199_254_740_992.0).contains(&value) {
        return None;
    }
    format!("{:.0}", value.abs()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_cover_is_found_column_by_column() {
        // Three rows: the runs set rows 1 and 2 of column 0, then row 0 of column 1.
        let bounds = covered_bounds(3, &[1, 3, 5]).unwrap();
        assert_eq!(
            [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max],
            [0.0, 0.0, 2.0, 3.0]
        );
        let one = covered_bounds(4, &[5, 2, 9]).unwrap();
        assert_eq!([one.x_min, one.y_min, one.x_max, one.y_max], [1.0, 1.0, 2.0, 3.0]);
        assert_eq!(covered_bounds(3, &[9]), None);
        assert_eq!(covered_bounds(0, &[0, 1]), None);
        assert_eq!(covered_bounds(3, &[u64::MAX, 2]), None);
    }

    #[test]
    fn whole_numbers_become_floats_and_back() {
        for value in [0, 1, 4_294_967_296, 9_007_199_254_740_992] {
            assert_eq!(float_to_whole(whole_to_float(value)), Some(value));
        }
        for value in [-1.0, 0.5, f64::NAN, f64::INFINITY, 9_007_199_254_740_994.0] {
            assert_eq!(float_to_whole(value), None, "{value}");
        }
        assert_eq!(float_to_whole(-0.0), Some(0));
    }
}
