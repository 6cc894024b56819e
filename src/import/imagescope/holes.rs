//! Which region a negative one is cut out of: the smallest of its layer that contains it.
//!
//! A hole is within an outline when positions on it are: all of them up to 256, else 256 evenly spaced ones. Work is
//! bounded: what is left undecided after about 2³¹ steps belongs to nothing.

use super::region::{Region, Sign};
use crate::model::geometry::{Bounds, Position, Shape};

/// So many positions of a hole are looked at.
const SAMPLES: usize = 256;

/// So many steps are taken for one file.
const STEPS: u64 = 1 << 31;

/// What is left of the steps.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        Self(STEPS)
    }
}

impl Budget {
    fn spend(&mut self, steps: usize) -> bool {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let left = self.0.checked_sub(steps);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// An outline that holes can be cut out of.
struct Outline {
    index: usize,
    bounds: Bounds,
    area: f64,
    ring: Vec<Position>,
}

/// Returns for each region which one it is a hole of.
pub(super) fn owners(regions: &[Region], budget: &mut Budget) -> Vec<Option<usize>> {
    let mut owners = vec![None; regions.len()];
    if regions.iter().all(|region| region.sign == Sign::Positive) {
        return owners;
    }
    let mut outlines: Vec<Outline> = Vec::new();
    for (index, region) in regions.iter().enumerate() {
        if region.sign == Sign::Positive
            && let Some(ring) = ring(region)
            && let Some(bounds) = region.geometry.bounds()
        {
            let area = region.geometry.area().unwrap_or(f64::INFINITY);
            outlines.push(Outline {
                index,
                bounds,
                area,
                ring,
            });
        }
    }
    // The first that contains it is the smallest, and of equal ones the last drawn, which lies on top.
    outlines.sort_by(|a, b| a.area.total_cmp(&b.area).then(b.index.cmp(&a.index)));
    for (region, owner) in regions.iter().zip(&mut owners) {
        if region.sign == Sign::Negative
            && let Some(hole) = ring(region)
            && let Some(bounds) = region.geometry.bounds()
        {
            let found = outlines
                .iter()
                .find(|outline| outline.contains(&hole, &bounds, budget));
            *owner = found.map(|outline| outline.index);
        }
    }
    owners
}

/// The outline of a region that can be, or have, a hole.
pub(super) fn ring(region: &Region) -> Option<Vec<Position>> {
    match &region.geometry.shape {
        Shape::Polygon { rings } => rings.first().cloned(),
        Shape::Box { x, y, width, height } => {
            let (right, bottom) = (x + width, y + height);
            Some(vec![[*x, *y], [right, *y], [right, bottom], [*x, bottom]])
        }
        Shape::Point { .. }
        | Shape::RotatedBox { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. }
        | Shape::MultiPolygon { .. }
        | Shape::Polyline { .. }
        | Shape::Mask { .. }
        | Shape::Image => None,
    }
}

impl Outline {
    fn contains(&self, hole: &[Position], bounds: &Bounds, budget: &mut Budget) -> bool {
        let outer = &self.bounds;
        let fits = outer.x_min <= bounds.x_min
            && outer.y_min <= bounds.y_min
            && outer.x_max >= bounds.x_max
            && outer.y_max >= bounds.y_max;
        if !budget.spend(1) || !fits {
            return false;
        }
        let step = hole.len().div_ceil(SAMPLES).max(1);
        hole.iter()
            .step_by(step)
            .all(|position| budget.spend(self.ring.len()) && covers(&self.ring, *position))
    }
}

/// Whether a position lies within a ring or on it; by how many of its sides are right of the position (even–odd).
fn covers(ring: &[Position], [x, y]: Position) -> bool {
    let ends = ring.iter().cycle().skip(1);
    let mut is_within = false;
    for ([ax, ay], [bx, by]) in ring.iter().zip(ends) {
        let side = (bx - ax) * (y - ay) - (x - ax) * (by - ay);
        let is_beside = x >= ax.min(*bx) && x <= ax.max(*bx) && y >= ay.min(*by) && y <= ay.max(*by);
        if side == 0.0 && is_beside {
            return true;
        }
        if (*ay > y) != (*by > y) && (side > 0.0) == (by > ay) {
            is_within = !is_within;
        }
    }
    is_within
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn borders_belong_to_a_ring() {
        let ring = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]];
        for position in [[0.0, 0.0], [2.0, 0.0], [4.0, 4.0], [0.0, 2.0], [2.0, 2.0]] {
            assert!(covers(&ring, position), "{position:?}");
        }
        for position in [[-0.1, 2.0], [4.1, 4.0], [2.0, 4.1], [5.0, 0.0], [-1.0, 0.0]] {
            assert!(!covers(&ring, position), "{position:?}");
        }
    }

    proptest! {
        #[test]
        fn a_position_off_the_border_is_within_as_geo_says(
            ring in prop::collection::vec([-20i32..20, -20i32..20], 3..9),
            at in [-20i32..20, -20i32..20],
        ) {
            use geo::Contains;
            let ring: Vec<Position> = ring.into_iter().map(|p| p.map(f64::from)).collect();
            // No line through two whole positions meets these; one offset for both would lie on diagonals.
            let at = [
                f64::from(at[0]) + std::f64::consts::FRAC_1_PI,
                f64::from(at[1]) + std::f64::consts::FRAC_1_SQRT_2,
            ];
            let polygon = geo::Polygon::new(geo::LineString::from(ring.clone()), Vec::new());
            // Outlines that cross themselves have no inside that all agree on.
            prop_assume!(geo::Validation::is_valid(&polygon));
            prop_assert_eq!(covers(&ring, at), polygon.contains(&geo::Point::from((at[0], at[1]))));
        }
    }
}
