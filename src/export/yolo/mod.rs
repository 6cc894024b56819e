//! Writes YOLO label files: for each annotation a line with the number of its class and its place in parts of the
//! image's size. The counterpart of `import::yolo`.
//!
//! **Boxes or outlines.** Programs that learn from such files take a folder as one kind: a box among outlines is
//! misread as an outline. So a version is written as outlines only where every annotation is one ([`Kind::of`]); any other
//! version as boxes, and what is no box becomes the upright rectangle around it, counted. Holes and planes are lost.
//!
//! **Numbers** are as [`crate::model::geometry::relative`] says: read again they are the very pixels. The same values
//! give the same bytes.

use std::fmt::Write as _;

use crate::model::geometry::Position;
use crate::model::geometry::relative::Length;
use crate::model::{Geometry, Shape};

/// What all label files of a version hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Boxes.
    Boxes,
    /// Outlines.
    Outlines,
}

impl Kind {
    /// What a version is whose annotations have these geometries: outlines where each is one.
    pub fn of<'g>(geometries: impl IntoIterator<Item = &'g Geometry>) -> Option<Self> {
        let mut kind = None;
        for geometry in geometries {
            if outline(geometry).is_none() {
                return Some(Self::Boxes);
            }
            kind = Some(Self::Outlines);
        }
        kind
    }

    /// What two parts of a version are together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Outlines, Self::Outlines) => Self::Outlines,
            (Self::Boxes, Self::Boxes | Self::Outlines) | (Self::Outlines, Self::Boxes) => Self::Boxes,
        }
    }
}

/// What a file does not say of what it was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct YoloLosses {
    /// Shapes that were reduced to the rectangle around them.
    pub reduced_to_box: u64,
    /// Turned boxes that were written as their four corners.
    pub turned_box_as_outline: u64,
    /// Polygons whose holes were left out.
    pub holes: u64,
    /// Annotations without a class: not written.
    pub without_label: u64,
    /// Annotations on images whose size is not known: not written.
    pub without_size: u64,
    /// Positions in a stack: the plane is not written.
    pub without_plane: u64,
    /// Places that no decimal of a reasonable length gives: not written.
    pub without_number: u64,
}

impl YoloLosses {
    /// Adds those of another file.
    pub fn add(&mut self, other: Self) {
        self.reduced_to_box += other.reduced_to_box;
        self.turned_box_as_outline += other.turned_box_as_outline;
        self.holes += other.holes;
        self.without_label += other.without_label;
        self.without_size += other.without_size;
        self.without_plane += other.without_plane;
        self.without_number += other.without_number;
    }

    /// How many annotations were not written.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.without_label + self.without_size + self.without_number
    }
}

/// Appends the label file of an image to `out`: `labels` are class numbers and geometries, `size` is the image's width
/// and height in px. Tells what the file does not say.
pub fn write_labels<'g>(
    kind: Kind,
    size: Option<(f64, f64)>,
    labels: impl IntoIterator<Item = (Option<usize>, &'g Geometry)>,
    out: &mut String,
) -> YoloLosses {
    let mut losses = YoloLosses::default();
    let lengths = size.and_then(|(width, height)| Some([Length::new(width)?, Length::new(height)?]));
    for (class, geometry) in labels {
        let Some(class) = class else {
            losses.without_label += 1;
            continue;
        };
        let (Some(lengths), Some((width, height))) = (&lengths, size) else {
            losses.without_size += 1;
            continue;
        };
        let written = match kind {
            Kind::Boxes => write_box(lengths, rectangle(geometry, width, height)),
            Kind::Outlines => outline(geometry).and_then(|ring| write_outline(lengths, &ring)),
        };
        let Some(place) = written else {
            losses.without_number += 1;
            continue;
        };
        // Writing to a text cannot fail.
        let _ = writeln!(out, "{class}{place}");
        count(kind, geometry, &mut losses);
    }
    losses
}

fn count(kind: Kind, geometry: &Geometry, losses: &mut YoloLosses) {
    losses.without_plane += u64::from(geometry.plane.is_some());
    match kind {
        Kind::Boxes => losses.reduced_to_box += u64::from(!matches!(geometry.shape, Shape::Box { .. })),
        Kind::Outlines => {
            losses.turned_box_as_outline += u64::from(matches!(geometry.shape, Shape::RotatedBox { .. }));
            let has_holes = matches!(&geometry.shape, Shape::Polygon { rings } if rings.len() > 1);
            losses.holes += u64::from(has_holes);
        }
    }
}

/// Left, upper, width, height.
fn rectangle(geometry: &Geometry, width: f64, height: f64) -> [f64; 4] {
    if let Shape::Box { x, y, width, height } = geometry.shape {
        return [x, y, width, height];
    }
    geometry.bounds().map_or([0.0, 0.0, width, height], |b| {
        [b.x_min, b.y_min, b.x_max - b.x_min, b.y_max - b.y_min]
    })
}

/// The one ring of positions that a shape is; `None` for any other shape.
fn outline(geometry: &Geometry) -> Option<Vec<Position>> {
    let ring = match &geometry.shape {
        Shape::Polygon { rings } => rings.first()?.clone(),
        Shape::RotatedBox { .. } => geometry.outline(),
        Shape::MultiPolygon { .. }
        | Shape::Point { .. }
        | Shape::Box { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. }
        | Shape::Polyline { .. }
        | Shape::Mask { .. }
        | Shape::Image => return None,
    };
    // A line with two positions would be read as a box.
    (ring.len() >= 3).then_some(ring)
}

fn write_box([width, height]: &[Length; 2], [x, y, w, h]: [f64; 4]) -> Option<String> {
    let [x, w] = width.parts_of_span(x, w)?;
    let [y, h] = height.parts_of_span(y, h)?;
    Some(format!(" {x} {y} {w} {h}"))
}

fn write_outline([width, height]: &[Length; 2], ring: &[Position]) -> Option<String> {
    let mut line = String::new();
    for [x, y] in ring {
        let (x, y) = (width.part(*x)?, height.part(*y)?);
        let _ = write!(line, " {x} {y}");
    }
    Some(line)
}

/// Returns `classes.txt`: a name a line. What would end a line is a space.
#[must_use]
pub fn classes_text<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let one_line = |name: &str| name.replace(['\n', '\r'], " ");
    names.into_iter().map(|name| one_line(name) + "\n").collect()
}

/// Returns `data.yaml`: where images are, and the names by number. Names are in double quotes, as JSON has them.
#[must_use]
pub fn data_yaml<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut text = String::from("path: .\ntrain: images\nval: images\nnames:\n");
    let mut is_empty = true;
    for (number, name) in names.into_iter().enumerate() {
        is_empty = false;
        let quoted = serde_json::Value::from(name);
        let _ = writeln!(text, "  {number}: {quoted}");
    }
    if is_empty {
        text = text.replace("names:\n", "names: []\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(kind: Kind, geometries: &[Geometry]) -> (String, YoloLosses) {
        let mut out = String::new();
        let labels = geometries.iter().map(|geometry| (Some(3), geometry));
        let losses = write_labels(kind, Some((640.0, 480.0)), labels, &mut out);
        (out, losses)
    }

    #[test]
    fn quirk_29_boxes_are_middles_and_sizes_with_six_digits() {
        let (text, losses) = written(Kind::Boxes, &[Geometry::rectangle(240.0, 120.0, 160.0, 240.0)]);
        assert_eq!(text, "3 0.500000 0.500000 0.250000 0.500000\n");
        assert_eq!(losses, YoloLosses::default());
    }

    #[test]
    fn a_version_is_outlines_where_every_annotation_is_one() {
        let polygon = Geometry::new(Shape::Polygon {
            rings: vec![vec![[0.0, 0.0], [320.0, 0.0], [320.0, 240.0]], vec![[1.0, 1.0]]],
        });
        let turned = Geometry::new(Shape::RotatedBox {
            x: 0.0,
            y: 0.0,
            width: 320.0,
            height: 240.0,
            angle_deg: 0.0,
        });
        let point = Geometry::point(64.0, 48.0);
        assert_eq!(Kind::of([&polygon, &turned]), Some(Kind::Outlines));
        assert_eq!(Kind::of([&polygon, &point]), Some(Kind::Boxes));
        assert_eq!(Kind::of([]), None);
        let (text, losses) = written(Kind::Outlines, &[polygon.clone(), turned]);
        let first = "3 0.000000 0.000000 0.500000 0.000000 0.500000 0.500000\n";
        assert_eq!(
            text,
            format!("{first}3 0.000000 0.000000 0.500000 0.000000 0.500000 0.500000 0.000000 0.500000\n")
        );
        assert_eq!((losses.holes, losses.turned_box_as_outline), (1, 1));
        let (text, losses) = written(Kind::Boxes, &[polygon, point]);
        assert_eq!(
            text,
            "3 0.250000 0.250000 0.500000 0.500000\n3 0.100000 0.100000 0.000000 0.000000\n"
        );
        assert_eq!(losses.reduced_to_box, 2);
    }

    #[test]
    fn what_cannot_be_said_is_counted() {
        let point = Geometry::point(1.0, 1.0);
        let mut out = String::new();
        let losses = write_labels(Kind::Boxes, None, [(Some(0), &point), (None, &point)], &mut out);
        assert_eq!(
            (out.as_str(), losses.without_size, losses.without_label),
            ("", 1, 1)
        );
        assert_eq!(losses.left_out(), 2);
    }

    #[test]
    fn names_are_written_so_that_no_reader_mistakes_them() {
        let names = ["no", "a: \"b\"", "\u{3b1}"];
        assert_eq!(
            data_yaml(names),
            "path: .\ntrain: images\nval: images\nnames:\n  0: \"no\"\n  1: \"a: \\\"b\\\"\"\n  2: \"\u{3b1}\"\n"
        );
        assert!(data_yaml([]).ends_with("names: []\n"));
        assert_eq!(classes_text(names), "no\na: \"b\"\n\u{3b1}\n");
    }
}
