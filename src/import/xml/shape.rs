//! Shapes that several XML formats write as a list of positions.

use super::number::{Coordinate, distance};
use crate::import::report::Skip;
use crate::model::Geometry;
use crate::model::geometry::{Position, Shape};

/// Makes a polygon of its outer ring; not closed, as the file gives it.
pub(crate) fn polygon(ring: Vec<Position>) -> Result<Geometry, Skip> {
    if ring.len() < 3 {
        return Err(Skip::new(
            "polygon_unusable",
            format!("its polygon has {} points; an area needs three", ring.len()),
        ));
    }
    Ok(Geometry::new(Shape::Polygon { rings: vec![ring] }))
}

/// Makes an open line.
pub(crate) fn polyline(points: Vec<Position>) -> Result<Geometry, Skip> {
    if points.len() < 2 {
        return Err(Skip::new(
            "line_unusable",
            format!("its line has {} points; a line needs two", points.len()),
        ));
    }
    Ok(Geometry::new(Shape::Polyline { points }))
}

/// Returns left, top, right, bottom when positions are the four corners of an upright rectangle, one after the other,
/// to the last bit.
pub(crate) fn upright(ring: &[Position]) -> Option<[f64; 4]> {
    let [[ax, ay], [bx, by], [cx, cy], [dx, dy]] = ring else {
        return None;
    };
    let across_first = ay == by && bx == cx && cy == dy && dx == ax;
    let down_first = ax == bx && by == cy && cx == dx && dy == ay;
    (across_first || down_first).then_some([ax.min(*cx), ay.min(*cy), ax.max(*cx), ay.max(*cy)])
}

/// Makes a box of four corners as the file writes them, where they are those of an upright rectangle. Its size is the
/// decimal difference of what stands in the file.
pub(crate) fn upright_box(corners: &[[Coordinate; 2]; 4]) -> Option<Result<Geometry, Skip>> {
    let [left, top, _, _] = upright(&corners.map(|corner| corner.map(Coordinate::value)))?;
    let [[ax, ay], _, [cx, cy], _] = *corners;
    let length = |a: Coordinate, c: Coordinate| {
        if a.value() <= c.value() {
            c.distance_from(a)
        } else {
            a.distance_from(c)
        }
    };
    Some(sized([left, top], [length(ax, cx), length(ay, cy)]))
}

/// Makes a box of its borders. Sizes are decimal differences, so that no bit is lost when it is written again.
pub(crate) fn box_of([left, top, right, bottom]: [f64; 4]) -> Result<Geometry, Skip> {
    sized([left, top], [distance(left, right), distance(top, bottom)])
}

fn sized([left, top]: Position, [width, height]: Position) -> Result<Geometry, Skip> {
    if width.is_finite() && height.is_finite() {
        Ok(Geometry::rectangle(left, top, width, height))
    } else {
        Err(Skip::new(
            "coordinate_not_a_number",
            "its size is no finite number",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_may_begin_anywhere_and_run_either_way() {
        let corners = [[1.0, 2.0], [4.5, 2.0], [4.5, 7.0], [1.0, 7.0]];
        for start in 0..4 {
            let mut ring: Vec<Position> = corners.iter().cycle().skip(start).take(4).copied().collect();
            assert_eq!(upright(&ring), Some([1.0, 2.0, 4.5, 7.0]));
            ring.reverse();
            assert_eq!(upright(&ring), Some([1.0, 2.0, 4.5, 7.0]));
        }
        assert_eq!(upright(&[[3.0, 3.0]; 4]), Some([3.0; 4]));
        let crossed = [[1.0, 2.0], [4.5, 7.0], [4.5, 2.0], [1.0, 7.0]];
        let turned = [[1.0, 2.0], [4.5, 2.000_001], [4.5, 7.0], [1.0, 7.0]];
        for ring in [&crossed[..], &turned, &corners[..3], &[]] {
            assert_eq!(upright(ring), None);
        }
    }

    #[test]
    fn sizes_are_decimal_and_finite() {
        assert_eq!(
            box_of([0.1, 0.0, 0.3, 1.0]).unwrap(),
            Geometry::rectangle(0.1, 0.0, 0.2, 1.0)
        );
        assert_eq!(
            box_of([-1.7e308, 0.0, 1.7e308, 1.0]).unwrap_err().code,
            "coordinate_not_a_number"
        );
    }
}
