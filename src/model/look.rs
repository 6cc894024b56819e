//! What a picture looks like, in 256 bits that hardly change when it is encoded anew.
//!
//! The hash is a *difference hash* (N. Krawetz, "Kind of Like That", 2013) of 16 × 16 bits: the picture in grey is averaged
//! into 17 columns and 16 rows; a bit says whether a cell is darker than its right neighbour. Another format, another
//! quality or a moderate change of size flip a few bits; pictures that have nothing to do with each other differ in about
//! half. Turned, mirrored and cropped copies are not told. Nothing of it is stored.

use std::fmt;

/// Columns of cells, one more than of bits.
pub const COLUMNS: u64 = 17;
/// Rows of cells.
pub const ROWS: u64 = 16;
/// Up to how many different bits two pictures are taken for one that was encoded anew.
pub const SAME_BITS: u32 = 6;
/// Up to how many different bits two pictures look alike.
pub const ALIKE_BITS: u32 = 20;
/// How far the cells of a picture have to be apart, in grey values, so that it looks like anything.
const CONTRAST: u64 = 4;
/// Fractions of a grey value that are kept of an average.
const SCALE: u64 = 256;

/// How alike two pictures look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LookAlike {
    /// As one picture that was encoded anew.
    Same,
    /// As two fields that overlap, or one picture that was changed.
    Alike,
}

/// What a picture looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Look([u64; 4]);

impl Look {
    /// Computes the look of a picture in grey, row by row; `None` where it is smaller than the cells, has not as many
    /// values as it says, or is so even that noise would decide.
    #[must_use]
    pub fn of_grey(width: u64, height: u64, grey: &[u8]) -> Option<Self> {
        let count = usize::try_from(width.checked_mul(height)?).ok()?;
        if width < COLUMNS || height < ROWS || grey.len() != count {
            return None;
        }
        let cells = cells(width, height, grey)?;
        let lowest = cells.iter().min()?;
        let highest = cells.iter().max()?;
        if highest - lowest < CONTRAST * SCALE {
            return None;
        }
        let columns = usize::try_from(COLUMNS).ok()?;
        let mut bits = [0_u64; 4];
        let mut at = 0_usize;
        for row in cells.chunks_exact(columns) {
            for pair in row.windows(2) {
                if let ([left, right], Some(word)) = (pair, bits.get_mut(at / 64))
                    && left < right
                {
                    *word |= 1 << (at % 64);
                }
                at += 1;
            }
        }
        Some(Self(bits))
    }

    /// Returns in how many of 256 bits two looks differ.
    #[must_use]
    pub fn distance(&self, other: &Self) -> u32 {
        self.0
            .iter()
            .zip(&other.0)
            .map(|(a, b)| (a ^ b).count_ones())
            .sum()
    }

    /// Says how alike two pictures look; `None` where they do not.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> Option<LookAlike> {
        match self.distance(other) {
            distance if distance <= SAME_BITS => Some(LookAlike::Same),
            distance if distance <= ALIKE_BITS => Some(LookAlike::Alike),
            _ => None,
        }
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(f, "{word:016x}"))
    }
}

/// The averages of the cells, row by row, in fractions of a grey value.
fn cells(width: u64, height: u64, grey: &[u8]) -> Option<Vec<u64>> {
    let columns = usize::try_from(COLUMNS).ok()?;
    let rows = usize::try_from(ROWS).ok()?;
    let mut sums = vec![(0_u64, 0_u64); columns * rows];
    let lines = grey.chunks_exact(usize::try_from(width).ok()?);
    for (y, line) in (0_u64..).zip(lines) {
        let row = usize::try_from(y * ROWS / height).ok()?;
        for (x, value) in (0_u64..).zip(line) {
            let column = usize::try_from(x * COLUMNS / width).ok()?;
            let (sum, count) = sums.get_mut(row * columns + column)?;
            *sum += u64::from(*value);
            *count += 1;
        }
    }
    sums.into_iter()
        .map(|(sum, count)| (sum * SCALE).checked_div(count))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A picture of a few smooth hills, as a field of cells is.
    fn picture(width: u64, height: u64, seed: u64) -> Vec<u8> {
        let mut grey = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let (u, v) = (x * 1000 / width, y * 1000 / height);
                let mut value = 0;
                for n in 0..12_u64 {
                    // splitmix64, so that the hills of one seed are no shifted copy of another's.
                    let mut mix = seed.wrapping_add((n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                    mix = (mix ^ (mix >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                    mix = (mix ^ (mix >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                    mix ^= mix >> 31;
                    let (cx, cy) = ((mix >> 40) % 1000, (mix >> 20) % 1000);
                    let square = u.abs_diff(cx).pow(2) + v.abs_diff(cy).pow(2);
                    value += 1_500_000 / (square + 20_000);
                }
                grey.push(u8::try_from(value.min(255)).unwrap());
            }
        }
        grey
    }

    #[test]
    fn even_and_small_pictures_look_like_nothing() {
        assert_eq!(Look::of_grey(64, 64, &[200; 64 * 64]), None);
        assert_eq!(Look::of_grey(16, 16, &[0; 256]), None);
        assert_eq!(Look::of_grey(64, 64, &[0; 63]), None);
        let steps: Vec<u8> = (0..64_u32 * 64).map(|n| u8::try_from(n % 64).unwrap()).collect();
        let look = Look::of_grey(64, 64, &steps).unwrap();
        assert_eq!(
            look.to_string(),
            "f".repeat(64),
            "brighter to the right everywhere"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn noise_and_another_size_hardly_change_a_look(seed in any::<u64>(), noise in any::<u64>(), width in 120_u64..400) {
            let one = Look::of_grey(320, 240, &picture(320, 240, seed)).unwrap();
            let mut state = noise;
            let noisy: Vec<u8> = picture(320, 240, seed).into_iter().map(|value| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let change = i16::try_from((state >> 33) % 17).unwrap() - 8;
                u8::try_from((i16::from(value) + change).clamp(0, 255)).unwrap()
            }).collect();
            prop_assert!(one.likeness(&Look::of_grey(320, 240, &noisy).unwrap()).is_some());
            let height = width * 3 / 4;
            let resized = Look::of_grey(width, height, &picture(width, height, seed)).unwrap();
            prop_assert!(one.distance(&resized) <= 2 * ALIKE_BITS, "{}", one.distance(&resized));
        }

        #[test]
        fn other_pictures_look_otherwise(a in any::<u64>(), b in any::<u64>()) {
            prop_assume!(a.abs_diff(b) > 100);
            let look = |seed| Look::of_grey(200, 150, &picture(200, 150, seed)).unwrap();
            prop_assert_eq!(look(a).distance(&look(a)), 0);
            prop_assert!(look(a).likeness(&look(b)).is_none());
        }
    }
}
