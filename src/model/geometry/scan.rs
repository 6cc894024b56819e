//! Reading the commonest geometries in one pass: boxes, points, circles, polygons and lines in a plain image. All
//! others, and those that are wrong, are left to the general reader.

use crate::codec::Scan;

use super::{Geometry, Position, Shape};

impl Geometry {
    /// Reads a geometry in its stored form; `None` where the general reader has to look.
    pub(crate) fn scan(scan: &mut Scan<'_>) -> Option<Self> {
        let shape = match scan.rest() {
            [b'{', b'"', b'h', ..] => boxed(scan)?,
            [b'{', b'"', b't', ..] => {
                scan.literal(b"{\"type\":\"point\"")?;
                let [x, y] = corner(scan)?;
                Shape::Point { x, y }
            }
            [b'{', b'"', b'r', b'a', ..] => {
                scan.literal(b"{\"radius\":")?;
                let radius = length(scan)?;
                scan.literal(b",\"type\":\"circle\"")?;
                let [x, y] = corner(scan)?;
                Shape::Circle { x, y, radius }
            }
            [b'{', b'"', b'r', b'i', ..] => {
                scan.literal(b"{\"rings\":")?;
                let mut rings = Vec::with_capacity(1);
                scan.list(|scan| {
                    rings.push(positions(scan)?);
                    Some(())
                })?;
                scan.literal(b",\"type\":\"polygon\"}")?;
                Shape::Polygon { rings }
            }
            [b'{', b'"', b'p', b'o', b'i', ..] => {
                scan.literal(b"{\"points\":")?;
                let points = positions(scan)?;
                scan.literal(b",\"type\":\"polyline\"}")?;
                Shape::Polyline { points }
            }
            _ => return None,
        };
        Some(Self { shape, plane: None })
    }
}

fn boxed(scan: &mut Scan<'_>) -> Option<Shape> {
    scan.literal(b"{\"height\":")?;
    let height = length(scan)?;
    scan.literal(b",\"type\":\"box\",\"width\":")?;
    let width = length(scan)?;
    let [x, y] = corner(scan)?;
    Some(Shape::Box { x, y, width, height })
}

/// Reads the last two members.
fn corner(scan: &mut Scan<'_>) -> Option<Position> {
    scan.literal(b",\"x\":")?;
    let x = scan.number()?;
    scan.literal(b",\"y\":")?;
    let y = scan.number()?;
    scan.literal(b"}")?;
    Some([x, y])
}

fn length(scan: &mut Scan<'_>) -> Option<f64> {
    scan.number().filter(|length| *length >= 0.0)
}

/// Reads positions, one or more.
fn positions(scan: &mut Scan<'_>) -> Option<Vec<Position>> {
    let mut positions = Vec::new();
    scan.list(|scan| {
        scan.literal(b"[")?;
        let x = scan.number()?;
        scan.literal(b",")?;
        let y = scan.number()?;
        scan.literal(b"]")?;
        positions.push([x, y]);
        Some(())
    })?;
    Some(positions)
}
