//! Measures of a geometry: bounds, centre, area, what is odd about it, and how two differ.

use geo::{Area, BooleanOps, BoundingRect, Intersects, Validation};

use super::simple::are_valid;
use super::{Geometry, Position, Shape, whole_to_float};

/// The smallest upright rectangle around a geometry, in level-0 pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Left border.
    pub x_min: f64,
    /// Upper border.
    pub y_min: f64,
    /// Right border.
    pub x_max: f64,
    /// Lower border.
    pub y_max: f64,
}

impl Bounds {
    /// Returns the middle.
    #[must_use]
    pub fn centre(&self) -> Position {
        [
            f64::midpoint(self.x_min, self.x_max),
            f64::midpoint(self.y_min, self.y_max),
        ]
    }

    pub(super) fn of(points: impl IntoIterator<Item = Position>) -> Option<Self> {
        points.into_iter().fold(None, |bounds: Option<Self>, [x, y]| {
            Some(bounds.map_or(
                Self {
                    x_min: x,
                    y_min: y,
                    x_max: x,
                    y_max: y,
                },
                |b| Self {
                    x_min: b.x_min.min(x),
                    y_min: b.y_min.min(y),
                    x_max: b.x_max.max(x),
                    y_max: b.y_max.max(y),
                },
            ))
        })
    }
}

/// What is odd about a geometry. It is kept as it came, and flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GeometryFlag {
    /// Some of it lies outside of its image.
    OutsideImage,
    /// It has no extent in at least one direction, though its type has one.
    ZeroSize,
    /// A ring crosses itself or another.
    SelfCrossing,
    /// A position follows itself.
    RepeatedPoints,
    /// A ring of fewer than three positions.
    TooFewPoints,
}

impl GeometryFlag {
    /// Returns the word for it in results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutsideImage => "outside_image",
            Self::ZeroSize => "zero_size",
            Self::SelfCrossing => "self_crossing",
            Self::RepeatedPoints => "repeated_points",
            Self::TooFewPoints => "too_few_points",
        }
    }
}

/// How one geometry became another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Displacement {
    /// Equal in all.
    None,
    /// The same shape and size elsewhere.
    Moved {
        /// Distance in level-0 pixels.
        distance_px: f64,
    },
    /// Another type, size or outline.
    Reshaped {
        /// Intersection over union of the areas, 0 to 1; `None` where one has no area.
        overlap: Option<f64>,
    },
}

impl Geometry {
    /// Returns the smallest upright rectangle around it; `None` for the whole image, whose size it does not know.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        match &self.shape {
            Shape::Point { x, y } => Bounds::of([[*x, *y]]),
            Shape::Box { x, y, width, height }
            | Shape::Mask {
                x, y, width, height, ..
            } => Bounds::of([[*x, *y], [x + width, y + height]]),
            Shape::Circle { x, y, radius } => {
                Bounds::of([[x - radius, y - radius], [x + radius, y + radius]])
            }
            Shape::RotatedBox { .. } | Shape::Ellipse { .. } => Bounds::of(self.outline()),
            Shape::Polygon { rings } => Bounds::of(rings.iter().flatten().copied()),
            Shape::MultiPolygon { polygons } => Bounds::of(polygons.iter().flatten().flatten().copied()),
            Shape::Polyline { points } => Bounds::of(points.iter().copied()),
            Shape::Image => None,
        }
    }

    /// Returns the outline of a box, turned or not, as its four corners; of a circle or ellipse 64 positions on it; of any
    /// other shape nothing.
    #[must_use]
    pub fn outline(&self) -> Vec<Position> {
        let turned = |cx: f64, cy: f64, dx: f64, dy: f64, angle_deg: f64| {
            let (sin, cos) = angle_deg.to_radians().sin_cos();
            [cx + dx * cos - dy * sin, cy + dx * sin + dy * cos]
        };
        match &self.shape {
            Shape::RotatedBox {
                x,
                y,
                width,
                height,
                angle_deg,
            } => {
                let (half_w, half_h) = (width / 2.0, height / 2.0);
                [
                    (-half_w, -half_h),
                    (half_w, -half_h),
                    (half_w, half_h),
                    (-half_w, half_h),
                ]
                .map(|(dx, dy)| turned(x + half_w, y + half_h, dx, dy, *angle_deg))
                .to_vec()
            }
            Shape::Ellipse {
                x,
                y,
                radius_x,
                radius_y,
                angle_deg,
            } => (0..64_u32)
                .map(|step| {
                    let (sin, cos) = (f64::from(step) / 64.0 * std::f64::consts::TAU).sin_cos();
                    turned(*x, *y, radius_x * cos, radius_y * sin, *angle_deg)
                })
                .collect(),
            Shape::Circle { x, y, radius } => Self::new(Shape::Ellipse {
                x: *x,
                y: *y,
                radius_x: *radius,
                radius_y: *radius,
                angle_deg: 0.0,
            })
            .outline(),
            Shape::Box { x, y, width, height } => {
                vec![
                    [*x, *y],
                    [x + width, *y],
                    [x + width, y + height],
                    [*x, y + height],
                ]
            }
            Shape::Point { .. }
            | Shape::Polygon { .. }
            | Shape::MultiPolygon { .. }
            | Shape::Polyline { .. }
            | Shape::Mask { .. }
            | Shape::Image => Vec::new(),
        }
    }

    /// Returns the rings whose last position is joined to their first.
    fn rings(&self) -> Vec<&Vec<Position>> {
        match &self.shape {
            Shape::Polygon { rings } => rings.iter().collect(),
            Shape::MultiPolygon { polygons } => polygons.iter().flatten().collect(),
            Shape::Point { .. }
            | Shape::Box { .. }
            | Shape::RotatedBox { .. }
            | Shape::Circle { .. }
            | Shape::Ellipse { .. }
            | Shape::Polyline { .. }
            | Shape::Mask { .. }
            | Shape::Image => Vec::new(),
        }
    }

    /// Returns the area as polygons, where the shape has one.
    fn to_polygons(&self) -> geo::MultiPolygon<f64> {
        let line = |ring: &[Position]| geo::LineString::from(ring.to_vec());
        let polygon = |rings: &[Vec<Position>]| {
            let mut lines = rings.iter().map(|ring| line(ring));
            let outer = lines.next().unwrap_or_else(|| geo::LineString::new(Vec::new()));
            geo::Polygon::new(outer, lines.collect())
        };
        match &self.shape {
            Shape::Polygon { rings } => geo::MultiPolygon::new(vec![polygon(rings)]),
            Shape::MultiPolygon { polygons } => {
                geo::MultiPolygon::new(polygons.iter().map(|rings| polygon(rings)).collect())
            }
            Shape::Box { .. } | Shape::RotatedBox { .. } | Shape::Circle { .. } | Shape::Ellipse { .. } => {
                geo::MultiPolygon::new(vec![polygon(&[self.outline()])])
            }
            Shape::Point { .. } | Shape::Polyline { .. } | Shape::Mask { .. } | Shape::Image => {
                geo::MultiPolygon::new(Vec::new())
            }
        }
    }

    /// Returns the area in square level-0 pixels; 0 for shapes without one, and `None` for the whole image, and where the
    /// area, or a product on the way to it, is beyond every number.
    #[must_use]
    pub fn area(&self) -> Option<f64> {
        let area = match &self.shape {
            Shape::Image => return None,
            Shape::Box { width, height, .. } | Shape::RotatedBox { width, height, .. } => width * height,
            Shape::Circle { radius, .. } => std::f64::consts::PI * radius * radius,
            Shape::Ellipse {
                radius_x, radius_y, ..
            } => std::f64::consts::PI * radius_x * radius_y,
            Shape::Mask { counts, .. } => counts
                .iter()
                .skip(1)
                .step_by(2)
                .map(|run| whole_to_float(*run))
                .sum(),
            Shape::Point { .. } | Shape::Polyline { .. } => 0.0,
            Shape::Polygon { .. } | Shape::MultiPolygon { .. } => self.to_polygons().unsigned_area(),
        };
        area.is_finite().then_some(area)
    }

    /// Tells what is odd, in a fixed order. `size` is the image's width and height in pixels, where known.
    #[must_use]
    pub fn flags(&self, size: Option<(f64, f64)>) -> Vec<GeometryFlag> {
        let mut flags = Vec::new();
        let bounds = self.bounds();
        if let (Some(b), Some((width, height))) = (bounds, size)
            && (b.x_min < 0.0 || b.y_min < 0.0 || b.x_max > width || b.y_max > height)
        {
            flags.push(GeometryFlag::OutsideImage);
        }
        let has_extent = !matches!(
            self.shape,
            Shape::Point { .. } | Shape::Polyline { .. } | Shape::Image
        );
        if has_extent && bounds.is_some_and(|b| b.x_min == b.x_max || b.y_min == b.y_max) {
            flags.push(GeometryFlag::ZeroSize);
        }
        let rings = self.rings();
        let large_enough = rings.iter().all(|ring| ring.len() >= 3);
        if !rings.is_empty() && large_enough && !are_valid(&self.to_polygons()) {
            flags.push(GeometryFlag::SelfCrossing);
        }
        if rings
            .iter()
            .any(|ring| ring.windows(2).any(|pair| pair.first() == pair.last()))
        {
            flags.push(GeometryFlag::RepeatedPoints);
        }
        if !large_enough {
            flags.push(GeometryFlag::TooFewPoints);
        }
        flags
    }

    /// Tells how `self` became `after`.
    #[must_use]
    pub fn displacement(&self, after: &Self) -> Displacement {
        if self == after {
            return Displacement::None;
        }
        if let Some([dx, dy]) = self.translation(after) {
            return Displacement::Moved {
                distance_px: dx.hypot(dy),
            };
        }
        Displacement::Reshaped {
            overlap: self.overlap(after),
        }
    }

    /// Returns the vector by which the whole shape was moved, if that is all that differs.
    fn translation(&self, after: &Self) -> Option<Position> {
        if self.plane != after.plane {
            return None;
        }
        let (from, to) = (self.anchor()?, after.anchor()?);
        let vector = [to.first()? - from.first()?, to.get(1)? - from.get(1)?];
        self.same_but_for(after, vector).then_some(vector)
    }

    /// Returns the first position of the shape.
    pub(super) fn anchor(&self) -> Option<Position> {
        match &self.shape {
            Shape::Point { x, y }
            | Shape::Box { x, y, .. }
            | Shape::RotatedBox { x, y, .. }
            | Shape::Circle { x, y, .. }
            | Shape::Ellipse { x, y, .. }
            | Shape::Mask { x, y, .. } => Some([*x, *y]),
            Shape::Polygon { rings } => rings.first()?.first().copied(),
            Shape::MultiPolygon { polygons } => polygons.first()?.first()?.first().copied(),
            Shape::Polyline { points } => points.first().copied(),
            Shape::Image => None,
        }
    }

    /// Whether `after` is this shape moved by `vector`, to a millionth of a pixel (floats do not add exactly).
    fn same_but_for(&self, after: &Self, [dx, dy]: Position) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-6;
        let (positions, sizes) = self.take_apart();
        let (positions_after, sizes_after) = after.take_apart();
        self.type_name() == after.type_name()
            && positions.len() == positions_after.len()
            && sizes.len() == sizes_after.len()
            && sizes.iter().zip(&sizes_after).all(|(a, b)| near(*a, *b))
            && positions
                .iter()
                .zip(&positions_after)
                .all(|([ax, ay], [bx, by])| near(ax + dx, *bx) && near(ay + dy, *by))
    }

    /// Returns what moves with the shape, and what does not: sizes, angles, numbers of positions, runs.
    fn take_apart(&self) -> (Vec<Position>, Vec<f64>) {
        let length = |ring: &Vec<Position>| whole_to_float(u64::try_from(ring.len()).unwrap_or(u64::MAX));
        match &self.shape {
            Shape::Point { x, y } => (vec![[*x, *y]], Vec::new()),
            Shape::Box { x, y, width, height } => (vec![[*x, *y]], vec![*width, *height]),
            Shape::RotatedBox {
                x,
                y,
                width,
                height,
                angle_deg,
            } => (vec![[*x, *y]], vec![*width, *height, *angle_deg]),
            Shape::Circle { x, y, radius } => (vec![[*x, *y]], vec![*radius]),
            Shape::Ellipse {
                x,
                y,
                radius_x,
                radius_y,
                angle_deg,
            } => (vec![[*x, *y]], vec![*radius_x, *radius_y, *angle_deg]),
            Shape::Mask {
                x,
                y,
                width,
                height,
                counts,
            } => {
                let runs = counts.iter().map(|run| whole_to_float(*run));
                (
                    vec![[*x, *y]],
                    [*width, *height].into_iter().chain(runs).collect(),
                )
            }
            Shape::Polygon { rings } => (
                rings.iter().flatten().copied().collect(),
                rings.iter().map(length).collect(),
            ),
            Shape::MultiPolygon { polygons } => {
                let rings = || polygons.iter().flatten();
                // A polygon's rings are told from the next one's by a length that no ring has.
                let lengths = polygons
                    .iter()
                    .flat_map(|rings| rings.iter().map(length).chain([-1.0]));
                (rings().flatten().copied().collect(), lengths.collect())
            }
            Shape::Polyline { points } => (points.clone(), Vec::new()),
            Shape::Image => (Vec::new(), Vec::new()),
        }
    }

    /// Returns whether a position lies within the area or on its border; nothing lies within what has no area.
    #[must_use]
    pub fn covers(&self, [x, y]: Position) -> bool {
        self.to_polygons().intersects(&geo::Point::new(x, y))
    }

    /// Returns intersection over union of the areas; `None` where one has no area or is not valid.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Option<f64> {
        let (a, b) = (self.to_polygons(), other.to_polygons());
        let (area_a, area_b) = (a.unsigned_area(), b.unsigned_area());
        if area_a <= 0.0 || area_b <= 0.0 {
            return None;
        }
        let (rect_a, rect_b) = (a.bounding_rect()?, b.bounding_rect()?);
        let apart = rect_a.max().x < rect_b.min().x
            || rect_b.max().x < rect_a.min().x
            || rect_a.max().y < rect_b.min().y
            || rect_b.max().y < rect_a.min().y;
        if apart {
            return Some(0.0);
        }
        if !a.is_valid() || !b.is_valid() {
            return None;
        }
        let both = a.intersection(&b).unsigned_area();
        Some(both / (area_a + area_b - both))
    }
}
