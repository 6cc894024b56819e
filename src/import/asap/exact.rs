//! The exact geometry that our own export carries beside what the tool can draw.

use crate::model::Geometry;
use crate::model::geometry::{Drawn, Position, Shape};

/// Why a carried geometry is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It is no geometry.
    Unreadable,
    /// The positions are not those of its drawing: somebody drew anew.
    DrawnAnew,
}

/// Reads a carried geometry and takes it where the positions are still those of its drawing. `line` tells that they are
/// joined as an open line.
pub(super) fn read(text: &str, positions: &[Position]) -> Result<Geometry, NotTaken> {
    let geometry: Geometry = serde_json::from_str(text).map_err(|_| NotTaken::Unreadable)?;
    if is_drawn(positions, &geometry) {
        Ok(geometry)
    } else {
        Err(NotTaken::DrawnAnew)
    }
}

fn is_drawn(positions: &[Position], geometry: &Geometry) -> bool {
    let polygon = || Drawn::Polygon(vec![positions.to_vec()]);
    match (&geometry.shape, Drawn::of(geometry, None)) {
        (Shape::Box { .. } | Shape::Image, _) => polygon().is_of(geometry, false),
        (_, Drawn::Point(_)) => match positions {
            [position] => Drawn::Point(*position).is_of(geometry, false),
            _ => false,
        },
        (_, Drawn::Line(_)) => Drawn::Line(positions.to_vec()).is_of(geometry, false),
        // The tool shows the outer ring alone.
        (_, Drawn::Polygon(rings)) => {
            let rings = rings.into_iter().take(1).collect();
            polygon().is_of(&Geometry::new(Shape::Polygon { rings }), false)
        }
        (_, Drawn::MultiPolygon(_)) => false,
    }
}
