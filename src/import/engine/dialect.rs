//! How a source writes places: some tools write a box of one size around each point, others the centre of each box. That is
//! no change of what is marked, and a point that moved stays a point.
//!
//! It compares a known geometry with the source's; whether the two are the same annotation is decided before.

use crate::model::{Geometry, Shape};

use super::GeometryChoice;

/// A tool rounds the corners of a frame: so far, in px, its centre can be beside the point.
const ROUNDING_PX: f64 = 1.0;

/// Sizes that differ by less are one size, in px.
const SAME_SIZE_PX: f64 = 1e-3;

/// Width and height of the boxes of a source that has them in one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame([f64; 2]);

impl Frame {
    /// The size that at least 19 of 20 boxes of a source have.
    pub(super) fn of(places: &[&Geometry]) -> Option<Self> {
        let sizes = || places.iter().filter_map(|place| size(place));
        // A size that most have is what remains when each of another size takes one of it away.
        let (candidate, _) = sizes().fold(
            (None::<Self>, 0_usize),
            |(candidate, votes), size| match candidate.filter(|_| votes > 0) {
                None => (Some(size), 1),
                Some(candidate) if candidate.fits(size) => (Some(candidate), votes + 1),
                Some(candidate) => (Some(candidate), votes - 1),
            },
        );
        let candidate = candidate?;
        let having = sizes().filter(|size| candidate.fits(*size)).count();
        (having * 20 >= sizes().count() * 19).then_some(candidate)
    }

    fn fits(self, other: Self) -> bool {
        let (Self([width, height]), Self([other_width, other_height])) = (self, other);
        (width - other_width).abs() < SAME_SIZE_PX && (height - other_height).abs() < SAME_SIZE_PX
    }
}

fn size(geometry: &Geometry) -> Option<Frame> {
    match geometry.shape {
        Shape::Box { width, height, .. } => Some(Frame([width, height])),
        Shape::Point { .. }
        | Shape::RotatedBox { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. }
        | Shape::Polygon { .. }
        | Shape::MultiPolygon { .. }
        | Shape::Polyline { .. }
        | Shape::Mask { .. }
        | Shape::Image => None,
    }
}

/// What a source's geometry says about a known annotation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// The geometry from now on; `None` where it stays.
    pub(super) geometry: Option<Geometry>,
    /// How the source writes it, where that is not how it is known.
    pub(super) dialect: Option<Dialect>,
}

/// How a source writes what is known in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A box around a point.
    Framed,
    /// The centre of a box or circle.
    Centred,
}

impl Dialect {
    /// The code and the sentence of the report.
    pub(super) const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Framed => (
                "box_around_point_kept",
                "a box around a known point is how this file writes it; the point stays (--geometry take records the boxes)",
            ),
            Self::Centred => (
                "point_in_box_kept",
                "a point in the middle of a known box is how this file writes it; the box stays (--geometry take records the points)",
            ),
        }
    }
}

/// Compares what is known with what a source says.
pub(super) fn said(known: &Geometry, new: &Geometry, frame: Option<Frame>, choice: GeometryChoice) -> Said {
    if known == new {
        return Said {
            geometry: None,
            dialect: None,
        };
    }
    let taken = Said {
        geometry: Some(new.clone()),
        dialect: None,
    };
    let same_plane = new.plane.is_none() || new.plane == known.plane;
    if choice == GeometryChoice::Take || !same_plane {
        return taken;
    }
    let is_point = |geometry: &Geometry| matches!(geometry.shape, Shape::Point { .. });
    let is_framed = size(new).is_some_and(|size| frame.is_some_and(|frame| frame.fits(size)));
    let has_middle = matches!(known.shape, Shape::Box { .. } | Shape::Circle { .. });
    let dialect = if is_point(known) && is_framed {
        Dialect::Framed
    } else if has_middle && is_point(new) {
        Dialect::Centred
    } else {
        return taken;
    };
    let centre = |geometry: &Geometry| geometry.bounds().map(|bounds| bounds.centre());
    let (Some([x, y]), Some([new_x, new_y])) = (centre(known), centre(new)) else {
        return taken;
    };
    let by = [new_x - x, new_y - y];
    let is_rounding = by.iter().all(|distance| distance.abs() < ROUNDING_PX);
    Said {
        geometry: if is_rounding { None } else { moved(known, by) },
        dialect: Some(dialect),
    }
}

/// A point, box or circle moved; `None` for other shapes.
fn moved(geometry: &Geometry, [dx, dy]: [f64; 2]) -> Option<Geometry> {
    let shape = match geometry.shape {
        Shape::Point { x, y } => Shape::Point { x: x + dx, y: y + dy },
        Shape::Box { x, y, width, height } => Shape::Box {
            x: x + dx,
            y: y + dy,
            width,
            height,
        },
        Shape::Circle { x, y, radius } => Shape::Circle {
            x: x + dx,
            y: y + dy,
            radius,
        },
        Shape::RotatedBox { .. }
        | Shape::Ellipse { .. }
        | Shape::Polygon { .. }
        | Shape::MultiPolygon { .. }
        | Shape::Polyline { .. }
        | Shape::Mask { .. }
        | Shape::Image => return None,
    };
    Some(Geometry {
        shape,
        plane: geometry.plane,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_of(sizes: &[f64]) -> Option<Frame> {
        let one = |size: &f64| Geometry::rectangle(0.0, 0.0, *size, *size);
        let boxes: Vec<Geometry> = sizes.iter().map(one).collect();
        Frame::of(&boxes.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_frame_is_a_size_that_nearly_all_boxes_have() {
        let mut sizes = vec![50.0; 19];
        sizes.insert(0, 7.0);
        assert_eq!(frame_of(&sizes), Some(Frame([50.0, 50.0])));
        sizes.push(8.0);
        assert_eq!(frame_of(&sizes), None, "19 of 21");
        assert_eq!(Frame::of(&[]), None);
    }

    #[test]
    fn a_framed_point_stays_a_point_also_where_it_moved() {
        let (frame, keep) = (Some(Frame([50.0, 50.0])), GeometryChoice::Keep);
        let point = Geometry::point(100.5, 50.5);
        let around = |x: f64| Geometry::rectangle(x - 25.0, 25.0, 50.0, 50.0);
        let same = said(&point, &around(100.0), frame, keep);
        assert_eq!(
            (same.geometry, same.dialect),
            (None, Some(Dialect::Framed)),
            "rounded"
        );
        let moved = said(&point, &around(108.5), frame, keep);
        assert_eq!(moved.geometry, Some(Geometry::point(108.5, 50.0)));
        assert_eq!(
            said(&point, &around(100.0), None, keep).geometry,
            Some(around(100.0)),
            "sizes that vary are data"
        );
        let taken = said(&point, &around(100.0), frame, GeometryChoice::Take);
        assert_eq!((taken.geometry, taken.dialect), (Some(around(100.0)), None));
    }

    #[test]
    fn a_box_that_a_list_of_points_names_stays_a_box() {
        let known = Geometry::rectangle(10.0, 10.0, 20.0, 40.0);
        let same = said(&known, &Geometry::point(20.0, 30.0), None, GeometryChoice::Keep);
        assert_eq!((same.geometry, same.dialect), (None, Some(Dialect::Centred)));
        let moved = said(&known, &Geometry::point(25.0, 30.0), None, GeometryChoice::Keep);
        assert_eq!(moved.geometry, Some(Geometry::rectangle(15.0, 10.0, 20.0, 40.0)));
    }
}
