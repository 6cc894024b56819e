//! The stored form of a geometry: one flat object with a `type`, as in `box {x,y,width,height}`.

use serde::{Serialize, Serializer};

use crate::codec::{Extra, record};

use super::{Geometry, Plane, Position, Shape};

/// A geometry that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// The `type` is not one of ours.
    #[error(
        "unknown geometry type '{name}'; known are point, box, rotated_box, circle, ellipse, polygon, multipolygon, polyline, mask, image"
    )]
    UnknownType {
        /// The type found.
        name: String,
    },
    /// A member that the type needs is missing.
    #[error("a geometry of type '{type_name}' needs '{member}'")]
    Missing {
        /// The type.
        type_name: String,
        /// The member.
        member: &'static str,
    },
    /// A member that the type does not have is there.
    #[error("a geometry of type '{type_name}' has no member '{member}'")]
    Unexpected {
        /// The type.
        type_name: String,
        /// The member.
        member: &'static str,
    },
    /// A member is there that no geometry has.
    #[error("a geometry of type '{type_name}' has an unknown member '{member}'")]
    Unknown {
        /// The type.
        type_name: String,
        /// The member.
        member: String,
    },
    /// A size is negative.
    #[error("a geometry of type '{type_name}' has a negative {member}")]
    Negative {
        /// The type.
        type_name: String,
        /// The member.
        member: &'static str,
    },
    /// There are too few positions, or no ring.
    #[error("a geometry of type '{type_name}' needs at least {needed} positions in each part")]
    TooFew {
        /// The type.
        type_name: String,
        /// The fewest positions allowed.
        needed: usize,
    },
    /// The runs of a mask do not cover it.
    #[error("the runs of the mask add up to {sum} pixels, its size is {size}")]
    Runs {
        /// Sum of the runs.
        sum: u64,
        /// Width times height.
        size: u64,
    },
}

record! {
    /// All members that any geometry has; which of them are present depends on the type.
    #[derive(Default)]
    pub(super) struct GeometryWire {
        angle_deg: Option<f64> = optional,
        counts: Option<Vec<u64>> = optional,
        height: Option<f64> = optional,
        plane: Option<Plane> = optional,
        points: Option<Vec<Position>> = optional,
        polygons: Option<Vec<Vec<Vec<Position>>>> = optional,
        radius: Option<f64> = optional,
        radius_x: Option<f64> = optional,
        radius_y: Option<f64> = optional,
        rings: Option<Vec<Vec<Position>>> = optional,
        type_name: String = required("type"),
        width: Option<f64> = optional,
        x: Option<f64> = optional,
        y: Option<f64> = optional,
    }
}

record! {
    /// The plane of a stack; all three members are always there.
    pub(super) struct PlaneWire {
        c: u32,
        t: u32,
        z: u32,
    }
}

impl From<Plane> for PlaneWire {
    fn from(Plane { c, t, z }: Plane) -> Self {
        let extra = Extra::default();
        Self { c, t, z, extra }
    }
}

impl TryFrom<PlaneWire> for Plane {
    type Error = GeometryError;

    fn try_from(wire: PlaneWire) -> Result<Self, GeometryError> {
        no_others("plane", &wire.extra)?;
        let PlaneWire { c, t, z, .. } = wire;
        Ok(Self { c, t, z })
    }
}

/// Refuses members that no geometry has: what a place is must not be half understood.
fn no_others(type_name: &str, extra: &Extra) -> Result<(), GeometryError> {
    match extra.iter().next() {
        Some((member, _)) => Err(GeometryError::Unknown {
            type_name: type_name.to_owned(),
            member: member.to_owned(),
        }),
        None => Ok(()),
    }
}

/// A geometry as it is written: borrowed, its members in canonical order.
#[derive(Default, Serialize)]
pub(super) struct GeometryLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    angle_deg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<&'a [u64]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plane: Option<Plane>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<&'a [Position]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    polygons: Option<&'a [Vec<Vec<Position>>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    radius: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    radius_x: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    radius_y: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rings: Option<&'a [Vec<Position>]>,
    #[serde(rename = "type")]
    type_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<f64>,
}

impl<'a> GeometryLine<'a> {
    pub(super) fn of(geometry: &'a Geometry) -> Self {
        let mut line = Self {
            type_name: geometry.type_name(),
            plane: geometry.plane,
            ..Self::default()
        };
        match &geometry.shape {
            Shape::Point { x, y } => line.set_position(*x, *y),
            Shape::Box { x, y, width, height } => line.set_box(*x, *y, *width, *height),
            Shape::RotatedBox {
                x,
                y,
                width,
                height,
                angle_deg,
            } => {
                line.set_box(*x, *y, *width, *height);
                line.angle_deg = Some(*angle_deg);
            }
            Shape::Circle { x, y, radius } => {
                line.set_position(*x, *y);
                line.radius = Some(*radius);
            }
            Shape::Ellipse {
                x,
                y,
                radius_x,
                radius_y,
                angle_deg,
            } => {
                line.set_position(*x, *y);
                (line.radius_x, line.radius_y) = (Some(*radius_x), Some(*radius_y));
                line.angle_deg = Some(*angle_deg);
            }
            Shape::Polygon { rings } => line.rings = Some(rings),
            Shape::MultiPolygon { polygons } => line.polygons = Some(polygons),
            Shape::Polyline { points } => line.points = Some(points),
            Shape::Mask {
                x,
                y,
                width,
                height,
                counts,
            } => {
                line.set_box(*x, *y, *width, *height);
                line.counts = Some(counts);
            }
            Shape::Image => {}
        }
        line
    }

    fn set_position(&mut self, x: f64, y: f64) {
        (self.x, self.y) = (Some(x), Some(y));
    }

    fn set_box(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.set_position(x, y);
        (self.width, self.height) = (Some(width), Some(height));
    }
}

impl Serialize for Geometry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        GeometryLine::of(self).serialize(serializer)
    }
}

impl GeometryWire {
    /// Takes a member that the type needs.
    fn need<T>(&self, member: &'static str, value: Option<T>) -> Result<T, GeometryError> {
        value.ok_or_else(|| GeometryError::Missing {
            type_name: self.type_name.clone(),
            member,
        })
    }

    fn position(&mut self) -> Result<(f64, f64), GeometryError> {
        let (x, y) = (self.x.take(), self.y.take());
        Ok((self.need("x", x)?, self.need("y", y)?))
    }

    fn length(&self, member: &'static str, value: Option<f64>) -> Result<f64, GeometryError> {
        let length = self.need(member, value)?;
        if length < 0.0 {
            return Err(GeometryError::Negative {
                type_name: self.type_name.clone(),
                member,
            });
        }
        Ok(length)
    }

    fn size(&mut self) -> Result<(f64, f64), GeometryError> {
        let (width, height) = (self.width.take(), self.height.take());
        Ok((self.length("width", width)?, self.length("height", height)?))
    }

    fn angle(&mut self) -> Result<f64, GeometryError> {
        let angle = self.angle_deg.take();
        self.need("angle_deg", angle)
    }

    fn check_rings(&self, rings: &[Vec<Position>]) -> Result<(), GeometryError> {
        if rings.is_empty() || rings.iter().any(Vec::is_empty) {
            return Err(GeometryError::TooFew {
                type_name: self.type_name.clone(),
                needed: 1,
            });
        }
        Ok(())
    }

    /// Refuses members that the type has no use for.
    fn check_rest(&self) -> Result<(), GeometryError> {
        no_others(&self.type_name, &self.extra)?;
        let rest = [
            ("angle_deg", self.angle_deg.is_some()),
            ("counts", self.counts.is_some()),
            ("height", self.height.is_some()),
            ("points", self.points.is_some()),
            ("polygons", self.polygons.is_some()),
            ("radius", self.radius.is_some()),
            ("radius_x", self.radius_x.is_some()),
            ("radius_y", self.radius_y.is_some()),
            ("rings", self.rings.is_some()),
            ("width", self.width.is_some()),
            ("x", self.x.is_some()),
            ("y", self.y.is_some()),
        ];
        match rest.into_iter().find(|(_, present)| *present) {
            Some((member, _)) => Err(GeometryError::Unexpected {
                type_name: self.type_name.clone(),
                member,
            }),
            None => Ok(()),
        }
    }

    fn round_shape(&mut self) -> Result<Shape, GeometryError> {
        let (x, y) = self.position()?;
        if self.type_name == "circle" {
            let radius = self.radius.take();
            return Ok(Shape::Circle {
                x,
                y,
                radius: self.length("radius", radius)?,
            });
        }
        let (radius_x, radius_y) = (self.radius_x.take(), self.radius_y.take());
        Ok(Shape::Ellipse {
            x,
            y,
            radius_x: self.length("radius_x", radius_x)?,
            radius_y: self.length("radius_y", radius_y)?,
            angle_deg: self.angle()?,
        })
    }

    fn mask(&mut self) -> Result<Shape, GeometryError> {
        let ((x, y), (width, height)) = (self.position()?, self.size()?);
        let counts = self.counts.take();
        let counts = self.need("counts", counts)?;
        let sum = counts
            .iter()
            .try_fold(0_u64, |sum, run| sum.checked_add(*run))
            .unwrap_or(u64::MAX);
        // Sizes are whole pixels; a product beyond 2^53 cannot equal a sum of runs that fits in memory.
        let product = width * height;
        let whole = width.fract() == 0.0 && height.fract() == 0.0 && product <= 9_007_199_254_740_992.0;
        let size = if whole {
            format!("{product:.0}").parse().unwrap_or(0)
        } else {
            0
        };
        if !whole || sum != size {
            return Err(GeometryError::Runs { sum, size });
        }
        Ok(Shape::Mask {
            x,
            y,
            width,
            height,
            counts,
        })
    }
}

impl TryFrom<GeometryWire> for Geometry {
    type Error = GeometryError;

    fn try_from(mut wire: GeometryWire) -> Result<Self, GeometryError> {
        let shape = match wire.type_name.as_str() {
            "point" => wire.position().map(|(x, y)| Shape::Point { x, y })?,
            "box" => {
                let ((x, y), (width, height)) = (wire.position()?, wire.size()?);
                Shape::Box { x, y, width, height }
            }
            "rotated_box" => {
                let ((x, y), (width, height)) = (wire.position()?, wire.size()?);
                Shape::RotatedBox {
                    x,
                    y,
                    width,
                    height,
                    angle_deg: wire.angle()?,
                }
            }
            "circle" | "ellipse" => wire.round_shape()?,
            "polygon" => {
                let rings = wire.rings.take();
                let rings = wire.need("rings", rings)?;
                wire.check_rings(&rings)?;
                Shape::Polygon { rings }
            }
            "multipolygon" => {
                let polygons = wire.polygons.take();
                let polygons = wire.need("polygons", polygons)?;
                polygons.iter().try_for_each(|rings| wire.check_rings(rings))?;
                Shape::MultiPolygon { polygons }
            }
            "polyline" => {
                let points = wire.points.take();
                let points = wire.need("points", points)?;
                wire.check_rings(std::slice::from_ref(&points))?;
                Shape::Polyline { points }
            }
            "mask" => wire.mask()?,
            "image" => Shape::Image,
            other => {
                return Err(GeometryError::UnknownType {
                    name: other.to_owned(),
                });
            }
        };
        wire.check_rest()?;
        Ok(Self {
            shape,
            plane: wire.plane,
        })
    }
}
