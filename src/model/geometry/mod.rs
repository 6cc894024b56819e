//! Marked places in an image, in level-0 pixels: `f64`, sub-pixel, kept exactly as the source gave them, also
//! outside of the image. What is odd about one is told by [`flags`](Geometry::flags), never repaired.

pub mod decimal;
mod drawn;
mod measure;
pub mod relative;
mod runs;
mod scan;
mod simple;
mod trace;
mod wire;

pub use drawn::Drawn;
pub use measure::{Bounds, Displacement, GeometryFlag};
pub use runs::{covered_bounds, float_to_whole, whole_to_float};

use serde::{Deserialize, Serialize};
use wire::{GeometryWire, PlaneWire};

/// A position `[x, y]` in level-0 pixels; x to the right, y down, the origin at the image's upper left corner.
pub type Position = [f64; 2];

/// Where in a stack of an image a geometry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "PlaneWire", into = "PlaneWire")]
pub struct Plane {
    /// Channel.
    pub c: u32,
    /// Time point.
    pub t: u32,
    /// Focus level.
    pub z: u32,
}

/// A marked place: a shape and, in a stack, its plane.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "GeometryWire")]
pub struct Geometry {
    /// What is marked.
    pub shape: Shape,
    /// Where in a stack; `None` in a plain image.
    pub plane: Option<Plane>,
}

/// The shapes. All lengths in level-0 pixels, angles in degrees clockwise on the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One position.
    Point {
        /// Position.
        x: f64,
        /// Position.
        y: f64,
    },
    /// An upright rectangle; width and height may be zero.
    Box {
        /// Left border.
        x: f64,
        /// Upper border.
        y: f64,
        /// Width.
        width: f64,
        /// Height.
        height: f64,
    },
    /// A rectangle turned around its centre.
    RotatedBox {
        /// Left border before turning.
        x: f64,
        /// Upper border before turning.
        y: f64,
        /// Width.
        width: f64,
        /// Height.
        height: f64,
        /// Angle.
        angle_deg: f64,
    },
    /// A circle around a centre.
    Circle {
        /// Centre.
        x: f64,
        /// Centre.
        y: f64,
        /// Radius.
        radius: f64,
    },
    /// An ellipse around a centre.
    Ellipse {
        /// Centre.
        x: f64,
        /// Centre.
        y: f64,
        /// Half axis along x before turning.
        radius_x: f64,
        /// Half axis along y before turning.
        radius_y: f64,
        /// Angle.
        angle_deg: f64,
    },
    /// An outer ring and holes. Rings are not closed: the last position is joined to the first.
    Polygon {
        /// The outer ring, then the holes.
        rings: Vec<Vec<Position>>,
    },
    /// Several polygons as one annotation.
    MultiPolygon {
        /// The polygons, each as its rings.
        polygons: Vec<Vec<Vec<Position>>>,
    },
    /// An open line.
    Polyline {
        /// Its positions, in order.
        points: Vec<Position>,
    },
    /// Pixels, run-length encoded column by column (COCO's order), beginning with a run of zeros.
    Mask {
        /// Left border.
        x: f64,
        /// Upper border.
        y: f64,
        /// Width in pixels.
        width: f64,
        /// Height in pixels.
        height: f64,
        /// Lengths of the runs: zeros, ones, zeros, …
        counts: Vec<u64>,
    },
    /// The whole image.
    Image,
}

impl Geometry {
    /// Wraps a shape in a plain image.
    #[must_use]
    pub const fn new(shape: Shape) -> Self {
        Self { shape, plane: None }
    }

    /// A point.
    #[must_use]
    pub const fn point(x: f64, y: f64) -> Self {
        Self::new(Shape::Point { x, y })
    }

    /// An upright box by its upper left corner and size.
    #[must_use]
    pub const fn rectangle(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self::new(Shape::Box { x, y, width, height })
    }

    /// Returns the word for the shape, as on the wire.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self.shape {
            Shape::Point { .. } => "point",
            Shape::Box { .. } => "box",
            Shape::RotatedBox { .. } => "rotated_box",
            Shape::Circle { .. } => "circle",
            Shape::Ellipse { .. } => "ellipse",
            Shape::Polygon { .. } => "polygon",
            Shape::MultiPolygon { .. } => "multipolygon",
            Shape::Polyline { .. } => "polyline",
            Shape::Mask { .. } => "mask",
            Shape::Image => "image",
        }
    }
}

#[cfg(test)]
mod tests;
