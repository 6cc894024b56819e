//! The outline of a mask as polygons, along the borders of its pixels.
//!
//! Pixels that share a side belong together; each such patch is one polygon, its holes behind its outer ring. Borders
//! are walked with the patch on the right hand, and at a corner where two of its pixels meet diagonally the walk turns
//! left, so that rings touch there and never cross: the polygons are valid.

use std::collections::BTreeMap;

use super::{Position, whole_to_float};

/// So many pieces of columns are traced; a mask of more is left to its bounds.
const SEGMENTS_MAX: usize = 200_000;

/// A piece of a column of pixels: rows `top` to `bottom`, without `bottom`.
#[derive(Debug, Clone, Copy)]
struct Segment {
    column: u64,
    top: u64,
    bottom: u64,
}

/// A corner of pixels: column and row.
type Corner = (u64, u64);

/// The four directions, each a right turn of the one before; y points down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heading {
    Right,
    Down,
    Left,
    Up,
}

impl Heading {
    const fn after_a_left_turn(self) -> Self {
        match self {
            Self::Right => Self::Up,
            Self::Down => Self::Right,
            Self::Left => Self::Down,
            Self::Up => Self::Left,
        }
    }
}

/// The borders of one patch, by the corner where each begins.
type Borders = BTreeMap<Corner, Vec<(Heading, Corner)>>;

/// Returns the polygons around the set pixels of a mask, relative to its upper left corner; `None` when the mask has
/// no height or too many pieces. `counts` are runs of zeros, ones, zeros, …, column by column of `height` pixels.
pub(super) fn trace(height: u64, counts: &[u64]) -> Option<Vec<Vec<Vec<Position>>>> {
    let segments = segments(height, counts)?;
    let patches = patches(&segments);
    let mut borders: BTreeMap<usize, Borders> = BTreeMap::new();
    let columns = columns(&segments);
    for (index, segment) in segments.iter().enumerate() {
        let patch = patches.get(index).copied().unwrap_or(index);
        let of_patch = borders.entry(patch).or_default();
        let (left, right) = (segment.column, segment.column.checked_add(1)?);
        let mut add =
            |from: Corner, heading, to: Corner| of_patch.entry(from).or_default().push((heading, to));
        add((left, segment.top), Heading::Right, (right, segment.top));
        add((right, segment.bottom), Heading::Left, (left, segment.bottom));
        for (top, bottom) in uncovered(segment, columns.get(&right).copied().unwrap_or(&[])) {
            add((right, top), Heading::Down, (right, bottom));
        }
        let before = left
            .checked_sub(1)
            .and_then(|column| columns.get(&column))
            .copied();
        for (top, bottom) in uncovered(segment, before.unwrap_or(&[])) {
            add((left, bottom), Heading::Up, (left, top));
        }
    }
    Some(borders.into_values().map(polygon).collect())
}

/// Cuts runs at the ends of columns, and joins what touches within one.
fn segments(height: u64, counts: &[u64]) -> Option<Vec<Segment>> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut at = 0_u64;
    for (n, run) in counts.iter().enumerate() {
        let end = at.checked_add(*run)?;
        while n % 2 == 1 && at < end {
            let column = at.checked_div(height)?;
            let stop = end.min(column.checked_add(1)?.checked_mul(height)?);
            let (top, bottom) = (at - column * height, stop - column * height);
            at = stop;
            let count = segments.len();
            let touching = segments
                .last_mut()
                .filter(|last| last.column == column && last.bottom == top);
            match touching {
                Some(last) => last.bottom = bottom,
                None if count == SEGMENTS_MAX => return None,
                None => segments.push(Segment { column, top, bottom }),
            }
        }
        at = end;
    }
    Some(segments)
}

/// The segments of each column.
fn columns(segments: &[Segment]) -> BTreeMap<u64, &[Segment]> {
    segments
        .chunk_by(|a, b| a.column == b.column)
        .filter_map(|chunk| Some((chunk.first()?.column, chunk)))
        .collect()
}

/// The patch of each segment, named by one of its segments.
fn patches(segments: &[Segment]) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..segments.len()).collect();
    let mut before = 0;
    for (index, segment) in segments.iter().enumerate() {
        // The first segment of the column before that reaches down to this one.
        while segments.get(before).is_some_and(|other| {
            other.column.saturating_add(1) < segment.column
                || (other.column < segment.column && other.bottom <= segment.top)
        }) {
            before += 1;
        }
        let touching = segments
            .iter()
            .enumerate()
            .skip(before)
            .take_while(|(_, other)| other.column < segment.column && other.top < segment.bottom);
        for (other, _) in touching {
            let (a, b) = (root(&mut parents, index), root(&mut parents, other));
            if let Some(parent) = parents.get_mut(a.max(b)) {
                *parent = a.min(b);
            }
        }
    }
    (0..segments.len())
        .map(|index| root(&mut parents, index))
        .collect()
}

/// Follows parents to the one that is its own, and shortens the way for the next.
fn root(parents: &mut [usize], from: usize) -> usize {
    let mut at = from;
    while let Some(parent) = parents.get(at).copied()
        && parent != at
    {
        let grandparent = parents.get(parent).copied().unwrap_or(parent);
        if let Some(place) = parents.get_mut(at) {
            *place = grandparent;
        }
        at = grandparent;
    }
    at
}

/// The rows of a segment that no segment of a neighbouring column, sorted from the top, lies beside.
fn uncovered(segment: &Segment, beside: &[Segment]) -> Vec<(u64, u64)> {
    let mut rows = Vec::new();
    let mut top = segment.top;
    let first = beside.partition_point(|other| other.bottom <= segment.top);
    let touching = beside
        .iter()
        .skip(first)
        .take_while(|other| other.top < segment.bottom);
    for other in touching {
        if other.top > top {
            rows.push((top, other.top));
        }
        top = other.bottom;
    }
    if top < segment.bottom {
        rows.push((top, segment.bottom));
    }
    rows
}

/// Walks all borders of one patch: the outer ring first, then the holes.
fn polygon(mut borders: Borders) -> Vec<Vec<Position>> {
    let mut rings = Vec::new();
    // The uppermost corner of the leftmost column is on the outer ring, and no corner that comes first lies within a
    // straight line.
    while let Some((start, (heading, next))) = take_any(&mut borders) {
        let (mut ring, mut heading, mut at) = (vec![start], heading, next);
        while at != start {
            let Some((turned, next)) = take_next(&mut borders, at, heading) else {
                break;
            };
            if turned != heading {
                ring.push(at);
            }
            (heading, at) = (turned, next);
        }
        rings.push(
            ring.into_iter()
                .map(|(x, y)| [whole_to_float(x), whole_to_float(y)])
                .collect(),
        );
    }
    rings
}

fn take_any(borders: &mut Borders) -> Option<(Corner, (Heading, Corner))> {
    let (start, edges) = borders.iter_mut().next()?;
    let start = *start;
    let edge = edges.pop();
    if edges.is_empty() {
        borders.remove(&start);
    }
    Some((start, edge?))
}

/// Takes the border that goes on from a corner: the one to the left where two begin.
fn take_next(borders: &mut Borders, at: Corner, heading: Heading) -> Option<(Heading, Corner)> {
    let edges = borders.get_mut(&at)?;
    let left = heading.after_a_left_turn();
    let place = edges.iter().position(|(other, _)| *other == left).unwrap_or(0);
    let edge = (place < edges.len()).then(|| edges.swap_remove(place));
    if edges.is_empty() {
        borders.remove(&at);
    }
    edge
}

#[cfg(test)]
mod tests {
    use geo::{Area, Validation};
    use proptest::prelude::*;

    use super::*;

    fn runs(height: usize, pixels: &[bool]) -> Vec<u64> {
        assert_eq!(pixels.len() % height, 0);
        let (mut counts, mut value) = (vec![0_u64], false);
        for pixel in pixels {
            if *pixel != value {
                counts.push(0);
                value = *pixel;
            }
            *counts.last_mut().unwrap() += 1;
        }
        counts
    }

    fn as_geo(polygons: &[Vec<Vec<Position>>]) -> geo::MultiPolygon<f64> {
        let line = |ring: &Vec<Position>| geo::LineString::from(ring.clone());
        polygons
            .iter()
            .map(|rings| {
                let mut lines = rings.iter().map(line);
                geo::Polygon::new(lines.next().unwrap(), lines.collect())
            })
            .collect()
    }

    #[test]
    fn a_ring_of_pixels_has_a_hole() {
        let pixels = [true, true, true, true, false, true, true, true, true];
        let traced = trace(3, &runs(3, &pixels)).unwrap();
        assert_eq!(
            traced,
            [vec![
                vec![[0.0, 0.0], [3.0, 0.0], [3.0, 3.0], [0.0, 3.0]],
                vec![[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0]],
            ]]
        );
    }

    #[test]
    fn what_cannot_be_traced_is_left() {
        assert_eq!(trace(0, &[0, 1]), None);
        assert_eq!(trace(3, &[u64::MAX, 2]), None);
        assert_eq!(trace(1, &[0, 10_000_000]), None, "more columns than are traced");
        assert_eq!(trace(4, &[12]), Some(vec![]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn the_outline_is_valid_and_holds_just_the_pixels(
            height in 1_usize..7,
            pixels in prop::collection::vec(any::<bool>(), 1..8 * 7),
        ) {
            let whole = pixels.len() / height * height;
            let pixels = &pixels[..whole];
            prop_assume!(!pixels.is_empty());
            let traced = trace(u64::try_from(height).unwrap(), &runs(height, pixels)).unwrap();
            let polygons = as_geo(&traced);
            for polygon in &polygons {
                prop_assert!(polygon.is_valid(), "{:?}", polygon);
            }
            let set = pixels.iter().filter(|pixel| **pixel).count();
            prop_assert_eq!(polygons.unsigned_area(), whole_to_float(u64::try_from(set).unwrap()));
            for (at, pixel) in pixels.iter().enumerate() {
                let of = |n: usize| whole_to_float(u64::try_from(n).unwrap()) + 0.5;
                let centre = geo::Point::new(of(at / height), of(at % height));
                prop_assert_eq!(geo::Contains::contains(&polygons, &centre), *pixel);
            }
        }
    }
}
