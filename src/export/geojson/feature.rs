//! One feature: its members in the order in which QuPath writes them.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::places::{Measurement, Places};
use super::{GeoJsonLosses, GeoJsonObject};
use crate::codec::to_canonical;
use crate::export::numbers::Shortest;
use crate::model::geometry::{Bounds, Drawn, Plane, Position};
use crate::model::qupath::{ANNOTATION, Colour, EXACT_GEOMETRY, HOLOTYPE, made_up_colour};
use crate::model::{Geometry, Shape};

/// An exact geometry of more bytes than this is not repeated in `metadata`, which QuPath holds as text.
const METADATA_BYTES_MAX: usize = 1 << 16;

/// Appends the feature.
pub(super) fn write(
    size: Option<(f64, f64)>,
    object: &GeoJsonObject<'_>,
    out: &mut Vec<u8>,
    losses: &mut GeoJsonLosses,
) {
    let geometry = object.geometry;
    let drawn = Drawn::of(geometry, size);
    count(geometry, &drawn, size, losses);
    let places = Places::of(object.attributes, geometry.plane.as_ref());
    losses.private_attributes += places.private;
    let says_all = drawn.says_all_of(geometry);
    let exact = (!says_all || !drawn.is_in_hundredths())
        .then(|| {
            to_canonical(geometry)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
        })
        .flatten()
        .filter(|text| text.len() <= METADATA_BYTES_MAX);
    let mut carried = object.carried.clone();
    carried.attributes.clone_from(&places.rest);
    carried.geometry = (!says_all).then(|| geometry.clone());
    let feature = Feature {
        id: uuid::Uuid::from_bytes(object.id.own()).to_string(),
        geometry: Place {
            drawn: &drawn,
            plane: geometry.plane,
            is_of_all_channels: places.is_of_all_channels,
            is_ellipse: is_upright(&geometry.shape),
        },
        properties: Properties {
            class: object.class.map(|(name, colour)| Class {
                name,
                color: colour.unwrap_or_else(|| made_up_colour(name)),
            }),
            carried: to_canonical(&carried)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .and_then(|text| RawValue::from_string(text).ok()),
            exact,
            places: &places,
        },
        nucleus: places.nucleus,
    };
    let mut serializer = serde_json::Serializer::with_formatter(out, Shortest);
    feature
        .serialize(&mut serializer)
        .expect("texts, finite numbers and JSON are JSON, and memory can be written");
}

/// Counts what a program that draws the file does not show.
fn count(geometry: &Geometry, drawn: &Drawn, size: Option<(f64, f64)>, losses: &mut GeoJsonLosses) {
    match &geometry.shape {
        Shape::Image => losses.image_without_size += u64::from(size.is_none()),
        Shape::Mask { .. } => {
            // Traced pixels cover what the mask covers; the rectangle that stands in for them covers more.
            let area = geometry.area().unwrap_or_default();
            let is_more = |b: Bounds| (b.x_max - b.x_min) * (b.y_max - b.y_min) != area;
            losses.mask_as_box += u64::from(drawn.rectangle().is_some_and(is_more));
        }
        Shape::Polygon { .. } | Shape::MultiPolygon { .. } | Shape::Polyline { .. } => {
            losses.shape_reduced += u64::from(!drawn.says_all_of(geometry));
        }
        Shape::Point { .. }
        | Shape::Box { .. }
        | Shape::RotatedBox { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. } => {}
    }
}

/// Whether QuPath's own ellipse, which is that within the bounds of the drawing, is the shape.
fn is_upright(shape: &Shape) -> bool {
    match shape {
        Shape::Circle { radius, .. } => *radius > 0.0,
        Shape::Ellipse {
            radius_x,
            radius_y,
            angle_deg,
            ..
        } => *radius_x > 0.0 && *radius_y > 0.0 && angle_deg % 180.0 == 0.0,
        Shape::Point { .. }
        | Shape::Box { .. }
        | Shape::RotatedBox { .. }
        | Shape::Polygon { .. }
        | Shape::MultiPolygon { .. }
        | Shape::Polyline { .. }
        | Shape::Mask { .. }
        | Shape::Image => false,
    }
}

struct Feature<'a> {
    id: String,
    geometry: Place<'a>,
    properties: Properties<'a>,
    nucleus: Option<&'a RawValue>,
}

impl Serialize for Feature<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "Feature")?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("geometry", &self.geometry)?;
        if let Some(nucleus) = self.nucleus {
            map.serialize_entry("nucleusGeometry", nucleus)?;
        }
        map.serialize_entry("properties", &self.properties)?;
        map.end()
    }
}

struct Place<'a> {
    drawn: &'a Drawn,
    plane: Option<Plane>,
    is_of_all_channels: bool,
    is_ellipse: bool,
}

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.drawn {
            Drawn::Point(position) => {
                map.serialize_entry("type", "Point")?;
                map.serialize_entry("coordinates", position)?;
            }
            Drawn::Line(points) => {
                map.serialize_entry("type", "LineString")?;
                map.serialize_entry("coordinates", points)?;
            }
            Drawn::Polygon(rings) => {
                map.serialize_entry("type", "Polygon")?;
                map.serialize_entry("coordinates", &Rings(rings))?;
            }
            Drawn::MultiPolygon(polygons) => {
                map.serialize_entry("type", "MultiPolygon")?;
                let polygons: Vec<Rings<'_>> = polygons.iter().map(|rings| Rings(rings)).collect();
                map.serialize_entry("coordinates", &polygons)?;
            }
        }
        if let Some(Plane { c, t, z }) = self.plane {
            let c = if self.is_of_all_channels { -1 } else { i64::from(c) };
            map.serialize_entry("plane", &PlaneLine { c, z, t })?;
        }
        if self.is_ellipse {
            map.serialize_entry("isEllipse", &true)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct PlaneLine {
    c: i64,
    z: u32,
    t: u32,
}

/// Rings, each with its first position again at its end.
struct Rings<'a>(&'a [Vec<Position>]);

impl Serialize for Rings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|ring| Ring(ring)))
    }
}

struct Ring<'a>(&'a [Position]);

impl Serialize for Ring<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for position in self.0.iter().chain(self.0.first()) {
            seq.serialize_element(position)?;
        }
        seq.end()
    }
}

#[derive(Serialize)]
struct Class<'a> {
    name: &'a str,
    color: Colour,
}

struct Properties<'a> {
    places: &'a Places<'a>,
    class: Option<Class<'a>>,
    exact: Option<String>,
    carried: Option<Box<RawValue>>,
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let places = self.places;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("objectType", places.object_type.unwrap_or(ANNOTATION))?;
        if let Some(name) = places.name {
            map.serialize_entry("name", name)?;
        }
        if let Some(color) = places.color {
            map.serialize_entry("color", &color)?;
        }
        if let Some(class) = &self.class {
            map.serialize_entry("classification", class)?;
        }
        map.serialize_entry("isLocked", &places.is_locked)?;
        if !places.measurements.is_empty() {
            map.serialize_entry::<_, std::collections::BTreeMap<&str, Measurement<'_>>>(
                "measurements",
                &places.measurements,
            )?;
        }
        if !places.metadata.is_empty() || self.exact.is_some() {
            map.serialize_entry("metadata", &Metadata(places, self.exact.as_deref()))?;
        }
        if let Some(carried) = &self.carried {
            map.serialize_entry(HOLOTYPE, carried)?;
        }
        map.end()
    }
}

struct Metadata<'a>(&'a Places<'a>, Option<&'a str>);

impl Serialize for Metadata<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let exact = self.1.map(|exact| (EXACT_GEOMETRY, exact));
        let entries = self.0.metadata.iter().map(|(name, text)| (*name, *text));
        serializer.collect_map(entries.chain(exact))
    }
}
