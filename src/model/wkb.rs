//! Geometries as well-known binary (ISO), the form of GeoParquet, so that reader and writer agree on what a table says.
//!
//! Written is the little-endian form; read are both, with the flags of PostGIS and further coordinates passed over.
//! It has points, lines and polygons. Round, turned and pixel shapes are written as the upright rectangle around them:
//! a circle of many corners would be as inexact, and its bytes would depend on the machine's sine.

use super::geometry::{Geometry, Position, Shape};

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

/// A geometry in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Left, upper, width, height; `None` for a whole image whose size is not known.
    pub bounds: Option<[f64; 4]>,
    /// In square pixels; `None` for what has none.
    pub area: Option<f64>,
    /// Well-known binary.
    pub wkb: Option<Vec<u8>>,
    /// Code and reason where the binary says less than the geometry does.
    pub loss: Option<(&'static str, &'static str)>,
}

/// Says a geometry in the table's terms; `size` is the image's width and height, where known.
#[must_use]
pub fn placed(geometry: &Geometry, size: Option<(f64, f64)>) -> Placed {
    let around = geometry
        .bounds()
        .map(|b| [b.x_min, b.y_min, b.x_max - b.x_min, b.y_max - b.y_min]);
    let mut placed = Placed {
        bounds: around,
        area: geometry.area(),
        wkb: None,
        loss: None,
    };
    let loss = match &geometry.shape {
        Shape::Box { x, y, width, height } => {
            placed.bounds = Some([*x, *y, *width, *height]);
            None
        }
        Shape::Point { x, y } => {
            placed.wkb = Some(point([*x, *y]));
            None
        }
        Shape::Polyline { points } => {
            placed.wkb = Some(line(points));
            None
        }
        Shape::Polygon { rings } if is_area(rings) => {
            placed.wkb = Some(polygon(rings));
            None
        }
        Shape::MultiPolygon { polygons } if polygons.iter().all(|rings| is_area(rings)) => {
            placed.wkb = Some(multi_polygon(polygons));
            None
        }
        Shape::Polygon { .. } | Shape::MultiPolygon { .. } => Some((
            "polygon_as_box",
            "the column geometry has the box around a polygon of under 3 positions",
        )),
        Shape::Circle { .. } | Shape::Ellipse { .. } => Some((
            "round_as_box",
            "the column geometry has the box around a circle or ellipse",
        )),
        Shape::RotatedBox { .. } => Some((
            "turned_box_as_box",
            "the column geometry has the upright box around a turned one",
        )),
        Shape::Mask { .. } => Some(("mask_as_box", "the column geometry has the box around a mask")),
        Shape::Image => {
            placed.bounds = size.map(|(width, height)| [0.0, 0.0, width, height]);
            placed.area = size.map(|(width, height)| width * height);
            Some((
                "image_as_box",
                "the column geometry has a whole image as a box of its size",
            ))
        }
    };
    let plane = ("plane", "the column geometry does not have the plane in a stack");
    placed.loss = loss.or(geometry.plane.map(|_| plane));
    if placed.wkb.is_none() {
        placed.wkb = placed.bounds.map(rectangle);
    }
    placed
}

/// Whether all rings can be rings of a polygon.
fn is_area(rings: &[Vec<Position>]) -> bool {
    !rings.is_empty() && rings.iter().all(|ring| ring.len() >= 3)
}

fn head(kind: u32, out: &mut Vec<u8>) {
    out.push(1);
    out.extend_from_slice(&kind.to_le_bytes());
}

fn push_count(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn push_position([x, y]: Position, out: &mut Vec<u8>) {
    out.extend_from_slice(&x.to_le_bytes());
    out.extend_from_slice(&y.to_le_bytes());
}

fn point(position: Position) -> Vec<u8> {
    let mut out = Vec::with_capacity(21);
    head(POINT, &mut out);
    push_position(position, &mut out);
    out
}

fn line(points: &[Position]) -> Vec<u8> {
    let mut out = Vec::with_capacity(9 + 16 * points.len());
    head(LINE, &mut out);
    push_count(points.len(), &mut out);
    points
        .iter()
        .for_each(|position| push_position(*position, &mut out));
    out
}

fn rectangle([x, y, width, height]: [f64; 4]) -> Vec<u8> {
    let mut out = Vec::with_capacity(93);
    let (right, lower) = (x + width, y + height);
    push_polygon(&[[[x, y], [right, y], [right, lower], [x, lower]]], &mut out);
    out
}

fn polygon(rings: &[Vec<Position>]) -> Vec<u8> {
    let mut out = Vec::new();
    push_polygon(rings, &mut out);
    out
}

fn multi_polygon(polygons: &[Vec<Vec<Position>>]) -> Vec<u8> {
    let mut out = Vec::new();
    head(MULTI_POLYGON, &mut out);
    push_count(polygons.len(), &mut out);
    polygons.iter().for_each(|rings| push_polygon(rings, &mut out));
    out
}

/// Rings are closed in this form: the first position is repeated.
fn push_polygon<R: AsRef<[Position]>>(rings: &[R], out: &mut Vec<u8>) {
    head(POLYGON, out);
    push_count(rings.len(), out);
    for ring in rings {
        let ring = ring.as_ref();
        push_count(ring.len() + 1, out);
        let closed = ring.iter().chain(ring.first());
        closed.for_each(|position| push_position(*position, out));
    }
}

/// Returns what a row says: `shape` is the word for what is meant, where the table has it, `bounds` left, upper, width and
/// height. `None` where there is neither a binary nor a whole image.
///
/// # Errors
/// [`WkbError`] when the binary is none.
pub fn read_row(
    shape: Option<&str>,
    bounds: Option<[f64; 4]>,
    wkb: Option<&[u8]>,
) -> Result<Option<Geometry>, WkbError> {
    if shape == Some("image") {
        return Ok(Some(Geometry::new(Shape::Image)));
    }
    let Some(wkb) = wkb else { return Ok(None) };
    let geometry = read(wkb)?;
    if shape != Some("box") {
        return Ok(Some(geometry));
    }
    // The columns have a box exactly; where the binary was changed alone, it counts.
    if let Some([x, y, width, height]) = bounds
        && rectangle([x, y, width, height]) == wkb
    {
        return Ok(Some(Geometry::rectangle(x, y, width, height)));
    }
    let drawn = match &geometry.shape {
        Shape::Polygon { rings } => super::geometry::Drawn::Polygon(rings.clone()).rectangle(),
        Shape::Point { .. }
        | Shape::Box { .. }
        | Shape::RotatedBox { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. }
        | Shape::MultiPolygon { .. }
        | Shape::Polyline { .. }
        | Shape::Mask { .. }
        | Shape::Image => None,
    };
    Ok(Some(drawn.map_or(geometry, |b| {
        Geometry::rectangle(b.x_min, b.y_min, b.x_max - b.x_min, b.y_max - b.y_min)
    })))
}

/// Bytes that are no geometry that is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WkbError {
    /// They end too early, or go on behind the geometry.
    #[error("its well-known binary has {length} bytes, which is not what it says of itself")]
    Length {
        /// How many there are.
        length: usize,
    },
    /// The first byte is no byte order.
    #[error("its well-known binary begins with {found}, which is no byte order")]
    Order {
        /// The byte.
        found: u8,
    },
    /// It is of a kind that marks several places, or none that is known.
    #[error("its well-known binary is of kind {kind}; points, lines, polygons and multipolygons are read")]
    Kind {
        /// The number of the kind.
        kind: u32,
    },
    /// A coordinate is not a finite number, as in an empty point.
    #[error("its well-known binary has a coordinate that is not a finite number")]
    NotFinite,
    /// A part has no position.
    #[error("its well-known binary has a part without positions")]
    Empty,
}

/// Reads a geometry. Each allocation is at most a few times as long as the bytes.
///
/// # Errors
/// [`WkbError`] when the bytes are none that is read.
pub fn read(bytes: &[u8]) -> Result<Geometry, WkbError> {
    let mut reader = Reader {
        rest: bytes,
        length: bytes.len(),
    };
    let shape = reader.shape()?;
    if reader.rest.is_empty() {
        Ok(Geometry::new(shape))
    } else {
        Err(reader.length_error())
    }
}

/// The bytes of one coordinate.
const COORDINATE_BYTES: usize = 8;

/// Byte order and number of coordinates of a position.
#[derive(Clone, Copy)]
struct Head {
    is_little: bool,
    kind: u32,
    dimensions: usize,
}

struct Reader<'b> {
    rest: &'b [u8],
    length: usize,
}

impl Reader<'_> {
    const fn length_error(&self) -> WkbError {
        WkbError::Length { length: self.length }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], WkbError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(self.length_error())?;
        self.rest = rest;
        Ok(*taken)
    }

    fn number(&mut self, is_little: bool) -> Result<u32, WkbError> {
        let bytes = self.take::<4>()?;
        Ok(if is_little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        })
    }

    fn head(&mut self) -> Result<Head, WkbError> {
        let [order] = self.take::<1>()?;
        if order > 1 {
            return Err(WkbError::Order { found: order });
        }
        let is_little = order == 1;
        let mut kind = self.number(is_little)?;
        // PostGIS sets bits for height, measure and reference system; ISO adds thousands.
        let has = |bit: u32| usize::from(kind & bit != 0);
        let mut dimensions = 2 + has(0x8000_0000) + has(0x4000_0000);
        let has_system = kind & 0x2000_0000 != 0;
        kind &= 0x1fff_ffff;
        dimensions += match kind / 1000 {
            0 => 0,
            1 | 2 => 1,
            3 => 2,
            _ => return Err(WkbError::Kind { kind }),
        };
        if has_system {
            self.number(is_little)?;
        }
        Ok(Head {
            is_little,
            kind: kind % 1000,
            dimensions,
        })
    }

    /// Reads how many parts follow, each of which has at least `least` bytes.
    fn count(&mut self, head: Head, least: usize) -> Result<usize, WkbError> {
        let count = usize::try_from(self.number(head.is_little)?).unwrap_or(usize::MAX);
        let fits = count
            .checked_mul(least)
            .is_some_and(|needed| needed <= self.rest.len());
        if fits { Ok(count) } else { Err(self.length_error()) }
    }

    fn position(&mut self, head: Head) -> Result<Position, WkbError> {
        let mut position = [0.0; 2];
        for axis in 0..head.dimensions {
            let bytes = self.take::<COORDINATE_BYTES>()?;
            let number = if head.is_little {
                f64::from_le_bytes(bytes)
            } else {
                f64::from_be_bytes(bytes)
            };
            if let Some(place) = position.get_mut(axis) {
                *place = number;
            }
        }
        if position.iter().all(|number| number.is_finite()) {
            Ok(position)
        } else {
            Err(WkbError::NotFinite)
        }
    }

    fn positions(&mut self, head: Head) -> Result<Vec<Position>, WkbError> {
        let count = self.count(head, head.dimensions * COORDINATE_BYTES)?;
        if count == 0 {
            return Err(WkbError::Empty);
        }
        (0..count).map(|_| self.position(head)).collect()
    }

    /// Rings are closed in this form: a last position that repeats the first is left out, once.
    fn rings(&mut self, head: Head) -> Result<Vec<Vec<Position>>, WkbError> {
        let count = self.count(head, 4)?;
        if count == 0 {
            return Err(WkbError::Empty);
        }
        let ring = |_| {
            let mut ring = self.positions(head)?;
            if ring.len() > 1 && ring.first() == ring.last() {
                ring.pop();
            }
            Ok(ring)
        };
        (0..count).map(ring).collect()
    }

    fn polygons(&mut self, head: Head) -> Result<Vec<Vec<Vec<Position>>>, WkbError> {
        let count = self.count(head, 9)?;
        if count == 0 {
            return Err(WkbError::Empty);
        }
        let polygon = |_| match self.head()? {
            head if head.kind == POLYGON => self.rings(head),
            head => Err(WkbError::Kind { kind: head.kind }),
        };
        (0..count).map(polygon).collect()
    }

    fn shape(&mut self) -> Result<Shape, WkbError> {
        let head = self.head()?;
        match head.kind {
            POINT => self.position(head).map(|[x, y]| Shape::Point { x, y }),
            LINE => self.positions(head).map(|points| Shape::Polyline { points }),
            POLYGON => self.rings(head).map(|rings| Shape::Polygon { rings }),
            MULTI_POLYGON => self
                .polygons(head)
                .map(|polygons| Shape::MultiPolygon { polygons }),
            kind => Err(WkbError::Kind { kind }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_point_is_what_other_tools_write() {
        let placed = placed(&Geometry::point(1.0, 2.5), None);
        assert_eq!(
            hex(&placed.wkb.unwrap()),
            "0101000000000000000000f03f0000000000000440"
        );
        assert_eq!(placed.bounds, Some([1.0, 2.5, 0.0, 0.0]));
        assert_eq!(placed.loss, None);
    }

    #[test]
    fn a_box_is_a_closed_ring_and_keeps_its_size_exactly() {
        let placed = placed(&Geometry::rectangle(0.1, 2.0, 0.2, 4.0), None);
        assert_eq!(placed.bounds, Some([0.1, 2.0, 0.2, 4.0]));
        let bytes = placed.wkb.unwrap();
        assert_eq!(bytes.len(), 93);
        assert_eq!(hex(&bytes[..13]), "01030000000100000005000000");
        assert_eq!(bytes[13..29], bytes[77..93], "the ring ends where it begins");
        assert_eq!(placed.loss, None);
    }

    #[test]
    fn what_has_no_form_is_a_box_and_told() {
        let circle = Geometry::new(Shape::Circle {
            x: 5.0,
            y: 5.0,
            radius: 2.0,
        });
        let round = placed(&circle, None);
        assert_eq!(round.bounds, Some([3.0, 3.0, 4.0, 4.0]));
        assert_eq!(round.loss.unwrap().0, "round_as_box");
        let whole = placed(&Geometry::new(Shape::Image), None);
        assert_eq!((whole.bounds, whole.wkb, whole.area), (None, None, None));
        let sized = placed(&Geometry::new(Shape::Image), Some((8.0, 4.0)));
        assert_eq!(
            (sized.bounds, sized.area),
            (Some([0.0, 0.0, 8.0, 4.0]), Some(32.0))
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let square = |x: f64| vec![[x, 0.0], [x + 1.0, 0.0], [x + 1.0, 1.5], [x, 0.0]];
        for shape in [
            Shape::Point { x: -1.5, y: 2.0 },
            Shape::Box {
                x: 0.1,
                y: 2.0,
                width: 0.2,
                height: 0.0,
            },
            Shape::Polyline { points: square(3.0) },
            Shape::Polygon {
                rings: vec![square(0.0), square(0.25)],
            },
            Shape::MultiPolygon {
                polygons: vec![vec![square(0.0)], vec![square(9.0), square(9.5)]],
            },
            Shape::Image,
        ] {
            let geometry = Geometry::new(shape);
            let row = placed(&geometry, Some((100.0, 50.0)));
            let read = read_row(Some(geometry.type_name()), row.bounds, row.wkb.as_deref());
            assert_eq!(read, Ok(Some(geometry)));
        }
    }

    #[test]
    fn other_byte_orders_heights_and_systems_are_read() {
        let point = Geometry::point(1.0, 2.0);
        let big = [&[0, 0, 0, 0, 1][..], &1_f64.to_be_bytes(), &2_f64.to_be_bytes()].concat();
        assert_eq!(read(&big), Ok(point.clone()));
        let numbers = [1_f64, 2.0, 3.0].map(f64::to_le_bytes).concat();
        let iso = [&[1][..], &1001_u32.to_le_bytes(), &numbers].concat();
        assert_eq!(read(&iso), Ok(point.clone()));
        let flagged = [
            &[1][..],
            &0xa000_0001_u32.to_le_bytes(),
            &[0xe6, 0x10, 0, 0],
            &numbers,
        ]
        .concat();
        assert_eq!(read(&flagged), Ok(point));
    }

    #[test]
    fn f12_f18_lies_are_refused_before_anything_is_allocated() {
        let square = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]];
        let good = placed(
            &Geometry::new(Shape::MultiPolygon {
                polygons: vec![vec![square]],
            }),
            None,
        )
        .wkb
        .unwrap();
        assert!(read(&good).is_ok());
        for end in 0..good.len() {
            assert!(read(&good[..end]).is_err(), "cut off at {end}");
        }
        assert!(read(&[&good[..], &[0]].concat()).is_err(), "trailing byte");
        for kind in [0_u32, 4, 5, 7, 8, 17, 4001] {
            let bytes = [&[1][..], &kind.to_le_bytes(), &[0; 64]].concat();
            assert!(read(&bytes).is_err(), "kind {kind}");
        }
        let many = [&[1][..], &LINE.to_le_bytes(), &u32::MAX.to_le_bytes(), &[0; 64]].concat();
        assert_eq!(read(&many), Err(WkbError::Length { length: 73 }));
        let empty = [
            &[1][..],
            &POINT.to_le_bytes(),
            &f64::NAN.to_le_bytes(),
            &f64::NAN.to_le_bytes(),
        ]
        .concat();
        assert_eq!(read(&empty), Err(WkbError::NotFinite));
    }
}
