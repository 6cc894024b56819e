//! Whether rings cross themselves, found along a sweep, so that outlines of a million positions end in time.
//!
//! The answer is that of `geo`'s validation, which compares each side with each other one; here only sides are compared
//! whose spans meet. Relations between several rings (holes within their outline, and so on) are asked of `geo`, for
//! shapes of at most [`RELATED_MAX`] positions: beyond, only the rings themselves are looked at.

use geo::{CoordsIter, Intersects, Line, LineString, MultiPolygon, RemoveRepeatedPoints, Validation};

/// How many positions a shape of several rings may have for its rings to be compared with each other.
const RELATED_MAX: usize = 4096;

/// So many pairs of sides are looked at for one ring. A ring of which that is not enough is not known to cross itself.
const PAIRS_MAX: u64 = 1 << 28;

/// Whether polygons are valid as far as is looked: rings of three different positions that do not cross or touch
/// themselves, holes within their outline, nothing that overlaps.
pub(super) fn are_valid(polygons: &MultiPolygon<f64>) -> bool {
    let rings = || {
        polygons
            .iter()
            .flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
    };
    if rings().any(|ring| !ring.0.is_empty() && !is_simple(ring)) {
        return false;
    }
    let is_one = rings().count() <= 1;
    is_one || polygons.coords_count() > RELATED_MAX || polygons.is_valid()
}

/// Whether a closed ring has three different positions, all finite, and no two of its sides meet but neighbours.
fn is_simple(ring: &LineString<f64>) -> bool {
    let is_finite = ring.0.iter().all(|at| at.x.is_finite() && at.y.is_finite());
    if !is_finite || ring.remove_repeated_points().0.len() < 4 {
        return false;
    }
    let mut sides: Vec<Line<f64>> = ring.lines().collect();
    let left = |side: &Line<f64>| side.start.x.min(side.end.x);
    let right = |side: &Line<f64>| side.start.x.max(side.end.x);
    sides.sort_by(|a, b| left(a).total_cmp(&left(b)));
    let (mut open, mut pairs): (Vec<Line<f64>>, u64) = (Vec::new(), 0);
    for side in sides {
        open.retain(|other| right(other) >= left(&side));
        pairs = pairs.saturating_add(u64::try_from(open.len()).unwrap_or(u64::MAX));
        if pairs > PAIRS_MAX {
            return true;
        }
        if open.iter().any(|other| meet(&side, other)) {
            return false;
        }
        open.push(side);
    }
    true
}

/// Whether two sides meet that do not follow each other.
fn meet(a: &Line<f64>, b: &Line<f64>) -> bool {
    let is_above = |a: &Line<f64>, b: &Line<f64>| a.start.y.max(a.end.y) < b.start.y.min(b.end.y);
    !is_above(a, b) && !is_above(b, a) && a.start != b.end && a.end != b.start && a.intersects(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::Polygon;
    use proptest::prelude::*;

    fn polygon(ring: Vec<[f64; 2]>) -> MultiPolygon<f64> {
        MultiPolygon::new(vec![Polygon::new(LineString::from(ring), Vec::new())])
    }

    fn star(corners: u32) -> Vec<[f64; 2]> {
        let angle = |n: u32| f64::from(n) / f64::from(corners) * std::f64::consts::TAU;
        let radius = |n: u32| if n.is_multiple_of(2) { 1000.0 } else { 999.95 };
        (0..corners)
            .map(|n| [radius(n) * angle(n).cos(), radius(n) * angle(n).sin()])
            .collect()
    }

    #[test]
    fn f12_an_outline_of_many_positions_ends_in_time() {
        let mut ring = star(200_000);
        assert!(are_valid(&polygon(ring.clone())));
        ring.swap(7, 120_000);
        assert!(!are_valid(&polygon(ring)));
    }

    #[test]
    fn f12_sides_that_all_lie_side_by_side_end_in_time() {
        // A comb: each tooth is as wide as all of it, so that no side is left behind.
        let comb = (0..60_000_u32).map(|n| {
            let x = if (n / 2).is_multiple_of(2) { 0.0 } else { 1e6 };
            [x + f64::from(n) * 1e-3, f64::from(n.div_ceil(2))]
        });
        assert!(are_valid(&polygon(
            comb.chain([[-1.0, 30_001.0], [-1.0, -1.0]]).collect()
        )));
    }

    proptest! {
        #[test]
        fn the_answer_is_that_of_geo(
            rings in prop::collection::vec(prop::collection::vec([-6i32..6, -6i32..6], 3..9), 1..4),
        ) {
            let line = |ring: &Vec<[i32; 2]>| {
                LineString::from(ring.iter().map(|at| at.map(f64::from)).collect::<Vec<_>>())
            };
            let (outer, holes) = rings.split_first().unwrap();
            let polygon = Polygon::new(line(outer), holes.iter().map(line).collect());
            prop_assert_eq!(are_valid(&MultiPolygon::new(vec![polygon.clone()])), polygon.is_valid());
            let several = MultiPolygon::new(rings.iter().map(|ring| Polygon::new(line(ring), Vec::new())).collect());
            prop_assert_eq!(are_valid(&several), several.is_valid());
        }
    }
}
