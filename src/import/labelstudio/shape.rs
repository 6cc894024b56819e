//! The value of a region, and the place that it makes: percent of the image become level-0 pixels.

use serde::de::{Deserialize, Error as _, MapAccess};

use super::super::document::{PrivateTextKind, SourceFacts, SourceValue};
use super::super::json::{Any, AnySeed, Context, Members, Number, keep, keep_unknown};
use super::super::personal::private;
use super::brush;
use crate::model::Geometry;
use crate::model::geometry::{Position, Shape as Model, float_to_whole};

/// Lists of labels, by the member that holds them.
const LABELS: [&str; 8] = [
    "rectanglelabels",
    "polygonlabels",
    "keypointlabels",
    "ellipselabels",
    "brushlabels",
    "labels",
    "bitmasklabels",
    "vectorlabels",
];

/// The value of a region as it stands in the file.
#[derive(Default, PartialEq, Debug)]
pub(super) struct Shape {
    x: Option<f64>,
    y: Option<f64>,
    width: Option<f64>,
    height: Option<f64>,
    radius_x: Option<f64>,
    radius_y: Option<f64>,
    rotation: Option<f64>,
    /// Positions; `None` for one that is no pair of numbers.
    points: Option<Vec<Option<Position>>>,
    closed: Option<bool>,
    rle: Option<Vec<u8>>,
    /// Labels, from whichever list there is.
    pub(super) labels: Vec<String>,
    /// Whether there was a list of labels.
    pub(super) has_labels: bool,
    /// Chosen classes.
    pub(super) choices: Option<Vec<String>>,
    /// What else is said.
    pub(super) facts: SourceFacts,
    /// Members that must be numbers and are none.
    pub(super) not_numbers: Vec<&'static str>,
    /// Used members that were there.
    seen: Vec<&'static str>,
}

/// The kinds of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Brush,
    Polygon,
    Ellipse,
    Rectangle,
    Keypoint,
}

/// Why a region has no place.
pub(super) type Lack = (&'static str, String);

impl Members for Shape {
    const EXPECTED: &'static str = "the value of a region";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        const USED: [&str; 12] = [
            "x", "y", "width", "height", "radiusX", "radiusY", "rotation", "points", "closed", "rle",
            "choices", "text",
        ];
        if let Some(used) = USED.into_iter().chain(LABELS).find(|used| *used == name) {
            if self.seen.contains(&used) {
                return Err(A::Error::custom(format!(
                    "a region has the member '{name}' twice"
                )));
            }
            self.seen.push(used);
            return self.used(context, used, map);
        }
        match name {
            // The only format there is of a list of numbers.
            "format" => {
                if map.next_value_seed(AnySeed(context))? != Any::Text("rle".to_owned()) {
                    context.note("brush_format", || {
                        "the format of a brush stroke is not 'rle'".to_owned()
                    });
                }
                Ok(())
            }
            other => keep_unknown(map, context, &mut self.facts, other),
        }
    }
}

impl Shape {
    fn used<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &'static str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "x" | "y" | "width" | "height" | "radiusX" | "radiusY" | "rotation" => {
                let number = match map.next_value()? {
                    Number::Value(number) if number.is_finite() => Some(number),
                    Number::Value(_) | Number::NotFinite | Number::Other => {
                        self.not_numbers.push(name);
                        None
                    }
                };
                *self.number(name) = number;
            }
            "points" => {
                let points: Vec<Points> = map.next_value()?;
                self.points = Some(points.into_iter().map(|point| point.0).collect());
            }
            "closed" => self.closed = Some(map.next_value_seed(AnySeed(context))? != Any::Flag(false)),
            "rle" => self.rle = Some(map.next_value()?),
            "choices" => self.choices = Some(texts(map.next_value_seed(AnySeed(context))?)),
            "text" => match map.next_value_seed(AnySeed(context))? {
                Any::Text(text) | Any::Nested(text, _) => {
                    let value = private(PrivateTextKind::FreeText, &text);
                    self.facts.insert(name.to_owned(), value);
                }
                other @ (Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Number(_) | Any::Digits(_)) => {
                    keep(context, &mut self.facts, name, other);
                }
            },
            _ => {
                self.has_labels = true;
                self.labels.extend(texts(map.next_value_seed(AnySeed(context))?));
            }
        }
        Ok(())
    }

    fn number(&mut self, name: &str) -> &mut Option<f64> {
        match name {
            "x" => &mut self.x,
            "y" => &mut self.y,
            "width" => &mut self.width,
            "height" => &mut self.height,
            "radiusX" => &mut self.radius_x,
            "radiusY" => &mut self.radius_y,
            _ => &mut self.rotation,
        }
    }

    fn kind(&self) -> Option<Kind> {
        if self.rle.is_some() {
            Some(Kind::Brush)
        } else if self.points.is_some() {
            Some(Kind::Polygon)
        } else if self.radius_x.is_some() || self.radius_y.is_some() {
            Some(Kind::Ellipse)
        } else if self.height.is_some() {
            Some(Kind::Rectangle)
        } else if self.x.is_some() || self.y.is_some() || !self.not_numbers.is_empty() {
            Some(Kind::Keypoint)
        } else {
            None
        }
    }

    /// Whether it says where something is.
    pub(super) fn is_place(&self) -> bool {
        self.kind().is_some()
    }

    /// Makes the place on an image of this size in px; facts get what the place cannot hold. `None` where the value
    /// says no place at all.
    pub(super) fn place(
        &mut self,
        size: Option<(f64, f64)>,
        context: &mut Context<'_>,
    ) -> Option<Result<Geometry, Lack>> {
        let kind = self.kind()?;
        if let Some(name) = self.not_numbers.first() {
            let why = format!("'{name}' is no finite number");
            return Some(Err(("coordinate_not_a_number", why)));
        }
        let Some((width, height)) = size else {
            let why =
                "'original_width' and 'original_height' are not both there, and places are percent of them";
            return Some(Err(("image_size_missing", why.to_owned())));
        };
        let scale = Scale { width, height };
        let place = match kind {
            Kind::Brush => self.brush(&scale, context),
            Kind::Polygon => self.polygon(&scale),
            Kind::Ellipse => self.ellipse(&scale),
            Kind::Rectangle => self.rectangle(&scale, context),
            Kind::Keypoint => self.keypoint(&scale),
        };
        Some(place.and_then(finite))
    }

    /// Takes numbers that a place needs.
    fn need<const N: usize>(numbers: [(&str, Option<f64>); N]) -> Result<[f64; N], Lack> {
        let missing = numbers.iter().find(|(_, number)| number.is_none());
        if let Some((name, _)) = missing {
            return Err(("coordinate_missing", format!("'{name}' is missing")));
        }
        Ok(numbers.map(|(_, number)| number.unwrap_or_default()))
    }

    fn keypoint(&mut self, scale: &Scale) -> Result<Geometry, Lack> {
        let [x, y] = Self::need([("x", self.x), ("y", self.y)])?;
        // How large the point was drawn.
        if let Some(width) = self.width {
            self.facts
                .insert("keypoint_width".to_owned(), SourceValue::Number(width));
        }
        Ok(Geometry::point(scale.x(x), scale.y(y)))
    }

    fn ellipse(&mut self, scale: &Scale) -> Result<Geometry, Lack> {
        let [x, y, radius_x, radius_y] = Self::need([
            ("x", self.x),
            ("y", self.y),
            ("radiusX", self.radius_x),
            ("radiusY", self.radius_y),
        ])?;
        if radius_x < 0.0 || radius_y < 0.0 {
            return Err(("ellipse_inside_out", "a radius is negative".to_owned()));
        }
        Ok(Geometry::new(Model::Ellipse {
            x: scale.x(x),
            y: scale.y(y),
            radius_x: scale.x(radius_x),
            radius_y: scale.y(radius_y),
            angle_deg: self.rotation.unwrap_or(0.0) + 0.0,
        }))
    }

    fn rectangle(&mut self, scale: &Scale, context: &mut Context<'_>) -> Result<Geometry, Lack> {
        let numbers = Self::need([
            ("x", self.x),
            ("y", self.y),
            ("width", self.width),
            ("height", self.height),
        ])?;
        let [x, y, width, height] = numbers;
        if width < 0.0 || height < 0.0 {
            return Err(("box_inside_out", "its width or height is negative".to_owned()));
        }
        let (left, top) = (scale.x(x), scale.y(y));
        let (width, height) = (scale.x(width), scale.y(height));
        let angle_deg = self.rotation.unwrap_or(0.0);
        if angle_deg == 0.0 {
            return Ok(Geometry::rectangle(left, top, width, height));
        }
        context.note("turned_to_rounding", || {
            "a turned rectangle turns around its corner there; its place here is right to rounding, and what the file says is kept as 'label_studio_rectangle'".to_owned()
        });
        let [x, y, w, h] = numbers.map(|number| number.to_string());
        let said = format!(r#"{{"x":{x},"y":{y},"width":{w},"height":{h},"rotation":{angle_deg}}}"#);
        self.facts
            .insert("label_studio_rectangle".to_owned(), SourceValue::Text(said));
        let (sin, cos) = angle_deg.to_radians().sin_cos();
        let (half_width, half_height) = (width / 2.0, height / 2.0);
        let centre_x = left + half_width * cos - half_height * sin;
        let centre_y = top + half_width * sin + half_height * cos;
        Ok(Geometry::new(Model::RotatedBox {
            x: centre_x - half_width,
            y: centre_y - half_height,
            width,
            height,
            angle_deg,
        }))
    }

    fn polygon(&mut self, scale: &Scale) -> Result<Geometry, Lack> {
        let points = self.points.take().unwrap_or_default();
        let mut positions = Vec::with_capacity(points.len());
        for (index, point) in points.into_iter().enumerate() {
            let Some([x, y]) = point else {
                let why = format!("'points' has no two finite numbers at {index}");
                return Err(("coordinate_not_a_number", why));
            };
            positions.push([scale.x(x), scale.y(y)]);
        }
        let fewest = if self.closed == Some(false) { 2 } else { 3 };
        if positions.len() < fewest {
            let why = format!("it has {} positions", positions.len());
            return Err(("polygon_unusable", why));
        }
        Ok(Geometry::new(if self.closed == Some(false) {
            Model::Polyline { points: positions }
        } else {
            Model::Polygon {
                rings: vec![positions],
            }
        }))
    }

    fn brush(&mut self, scale: &Scale, context: &mut Context<'_>) -> Result<Geometry, Lack> {
        let rle = self.rle.take().unwrap_or_default();
        let sizes = float_to_whole(scale.width).zip(float_to_whole(scale.height));
        let (width, height) = sizes.ok_or_else(|| {
            let why = "the size of the image is no whole number of pixels".to_owned();
            ("runs_unusable", why)
        })?;
        let runs = brush::decode(&rle, width, height)
            .map_err(|why| ("runs_unusable", format!("its brush stroke: {why}")))?;
        if runs.is_partial {
            context.note("brush_partial", || {
                "a brush stroke paints some pixels half through; they are taken as painted".to_owned()
            });
        }
        Ok(Geometry::new(Model::Mask {
            x: 0.0,
            y: 0.0,
            width: scale.width,
            height: scale.height,
            counts: runs.counts,
        }))
    }
}

/// Passes a place on whose numbers are finite: percents that are can make pixels that are not.
fn finite(geometry: Geometry) -> Result<Geometry, Lack> {
    let is_finite = geometry
        .bounds()
        .is_none_or(|b| [b.x_min, b.y_min, b.x_max, b.y_max].iter().all(|v| v.is_finite()));
    if is_finite {
        Ok(geometry)
    } else {
        let why = "in pixels it is beyond what a number can be".to_owned();
        Err(("coordinate_not_a_number", why))
    }
}

/// The size of an image in px.
struct Scale {
    width: f64,
    height: f64,
}

impl Scale {
    fn x(&self, percent: f64) -> f64 {
        percent * self.width / 100.0
    }

    fn y(&self, percent: f64) -> f64 {
        percent * self.height / 100.0
    }
}

/// A position of a polygon.
struct Points(Option<Position>);

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let numbers = Vec::<Number>::deserialize(deserializer)?;
        let finite = |number: &Number| match number {
            Number::Value(value) => Some(*value).filter(|value| value.is_finite()),
            Number::NotFinite | Number::Other => None,
        };
        Ok(Self(match numbers.as_slice() {
            [x, y] => finite(x).zip(finite(y)).map(|(x, y)| [x, y]),
            _ => None,
        }))
    }
}

/// The texts of a list, or a text alone.
fn texts(any: Any) -> Vec<String> {
    match any {
        Any::Text(text) => vec![text],
        Any::Nested(json, _) => serde_json::from_str::<Vec<Option<String>>>(&json)
            .map(|texts| texts.into_iter().flatten().collect())
            .unwrap_or_default(),
        Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Number(_) | Any::Digits(_) => Vec::new(),
    }
}
