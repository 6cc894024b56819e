//! Where a node ends: a hazard rule over the hash of the key and the level, integers only.
//!
//! After the `n`-th entry of a node (from 1) it ends iff `n >= T/4` and `lot · (11·T)⁴ < (40000 · n³) << 32`, in 128
//! bits, where `lot` is the little-endian u32 at byte `4 · (level mod 8)` of BLAKE3(key) and `T` is 32 in leaves and
//! 64 above. The probability to end grows with the third power of n, so sizes vary little; a value never moves a
//! boundary; and another level draws another lot, else one key would end nodes at all levels.

/// The size that the rule aims at in leaves.
pub const LEAF_TARGET: u64 = 32;
/// The size that the rule aims at above leaves.
pub const UPPER_TARGET: u64 = 64;

/// Whether a node of this level ends after its `n`-th entry (from 1), which has this key.
#[must_use]
pub fn is_boundary(key: &[u8], level: u8, n: u64) -> bool {
    n >= target(level) / 4 && ends(lot(key, level), target(level), n)
}

/// The fewest entries after which a node of this level ends when the last one has this key; `most` when it does not
/// end with fewer.
pub(super) fn ends_from(key: &[u8], level: u8, most: u64) -> u64 {
    let (target, lot) = (target(level), lot(key, level));
    (target / 4..most).find(|n| ends(lot, target, *n)).unwrap_or(most)
}

const fn target(level: u8) -> u64 {
    if level == 0 { LEAF_TARGET } else { UPPER_TARGET }
}

/// The number that a key draws on a level.
fn lot(key: &[u8], level: u8) -> u32 {
    let hash = blake3::hash(key);
    let start = usize::from(level % 8) * 4;
    let bytes = hash.as_bytes().get(start..start + 4);
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map_or(0, u32::from_le_bytes)
}

fn ends(lot: u32, target: u64, n: u64) -> bool {
    // In whole numbers a · 2^32 above b is a above b / 2^32; what n cannot reach within a node stays above.
    let spread = u128::from(lot) * u128::from(11 * target).pow(4);
    let grown = 40_000_u64.saturating_mul(n).saturating_mul(n).saturating_mul(n);
    spread >> 32 < u128::from(grown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_end_for_certain_at_a_size() {
        let keys: Vec<[u8; 8]> = (0..2000_u64).map(u64::to_be_bytes).collect();
        assert!(keys.iter().all(|key| !is_boundary(key, 0, 7)));
        assert!(keys.iter().all(|key| is_boundary(key, 0, 73)));
        assert!(keys.iter().all(|key| !is_boundary(key, 1, 15)));
        assert!(keys.iter().all(|key| is_boundary(key, 1, 184)));
    }

    /// The digest of `holotype` as b3sum prints it: c33e2fc4 58e9bd15 … 6cb117ad.
    #[test]
    fn a_lot_is_four_bytes_of_the_digest() {
        let lots = [0, 1, 7, 8].map(|level| lot(b"holotype", level));
        assert_eq!(lots, [0xc42f_3ec3, 0x15bd_e958, 0xad17_b16c, 0xc42f_3ec3]);
    }

    /// 40000 · 9³ is what the lot 8157869 spreads to in leaves, 40000 · 36³ what 32631476 does above.
    #[test]
    fn a_node_ends_where_it_has_grown_beyond_the_lot() {
        for (lot, target, n) in [(8_157_869, LEAF_TARGET, 9), (32_631_476, UPPER_TARGET, 36)] {
            assert!(!ends(lot, target, n));
            assert!(ends(lot - 1, target, n) && ends(lot, target, n + 1));
        }
    }

    #[test]
    fn the_fewest_entries_are_the_first_at_which_a_node_ends() {
        for key in (0..4000_u64).map(u64::to_be_bytes) {
            for (level, most) in [(0, 12), (0, 80), (1, 20)] {
                let first = (1..most).find(|n| is_boundary(&key, level, *n));
                assert_eq!(ends_from(&key, level, most), first.unwrap_or(most));
            }
        }
    }

    #[test]
    fn levels_draw_different_lots() {
        let ends = |level: u8| {
            (0..2000_u64)
                .filter(|n| is_boundary(&n.to_be_bytes(), level, 64))
                .count()
        };
        let both = (0..2000_u64)
            .filter(|n| is_boundary(&n.to_be_bytes(), 1, 64) && is_boundary(&n.to_be_bytes(), 2, 64))
            .count();
        assert!(both * 2 < ends(1), "{both} of {} and {}", ends(1), ends(2));
    }
}
