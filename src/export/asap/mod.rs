//! Writes ASAP XML: one file for one image, its annotations and the groups of the label scheme.
//!
//! The counterpart of `import::asap`. A point is a `Dot`, a box a `Rectangle`, a polygon a `Polygon`, a line of two
//! positions a `Measurement`; numbers have the fewest decimals that read back as the same number. Anything else is
//! drawn as a polygon. Four attributes are ours; the tool passes over them and does not keep them when it saves:
//!
//! * `HolotypeImage` of the root: the image's name, which the tool takes from the file's;
//! * `HolotypeId` of an annotation: its id, all 48 hex digits;
//! * `HolotypeGeometry` of an annotation: the exact geometry as canonical JSON, where the tool's form is another or less. Our
//!   reader takes it only while the positions are still those of its drawing;
//! * `HolotypeColour="none"` of a group: the label has no colour, the one written is from a fixed palette.
//!
//! A geometry that takes several polygons becomes several annotations without these. The group `None` means no class, so
//! a label of this name cannot be said. The same values give the same bytes.

mod draw;
mod groups;

use std::collections::BTreeMap;

use crate::id::AnnotationId;
use crate::model::Geometry;

use super::xml::push_value;
use draw::{Drawing, Exactness, draw};
use groups::placed;

pub use groups::AsapGroup;

/// The colour that the tool gives to what has none.
const DEFAULT_COLOUR: &str = "#F4FA58";

/// The group of what is in no group.
const NO_GROUP: &str = "None";

/// The image that a file describes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AsapImage<'a> {
    /// Its name.
    pub name: &'a str,
    /// Width and height in px, where known.
    pub size: Option<(f64, f64)>,
}

/// How the tool joins the corners of a polygon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AsapCurve {
    /// By straight lines.
    #[default]
    Straight,
    /// By a smooth curve through them.
    Spline,
}

/// One annotation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AsapAnnotation<'a> {
    /// Its id.
    pub id: Option<AnnotationId>,
    /// Its class; without one it is in no group.
    pub label: Option<&'a str>,
    /// Its place.
    pub geometry: &'a Geometry,
    /// Its own colour `#rrggbb`; else that of its group.
    pub colour: Option<&'a str>,
    /// How its corners are joined.
    pub curve: AsapCurve,
}

/// What a file does not say of what it was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AsapLosses {
    /// Polygons whose holes the tool shows filled.
    pub holes_filled: u64,
    /// Round or turned shapes, masks, and polygons of too few corners, drawn as polygons.
    pub drawn_as_polygon: u64,
    /// Lines of more than two positions, drawn as polygons, which are closed.
    pub line_closed: u64,
    /// Whole images, drawn as rectangles.
    pub image_as_rectangle: u64,
    /// Annotations that became several.
    pub divided: u64,
    /// Annotations without an extent that could be drawn: not written.
    pub without_extent: u64,
    /// Positions in a stack, which the tool does not show.
    pub without_plane: u64,
    /// Annotations whose label cannot be the name of a group: written without.
    pub label_unspeakable: u64,
    /// Labels within others that are no label, or within themselves.
    pub outer_labels: u64,
    /// Characters that XML does not allow, written as U+FFFD.
    pub characters_replaced: u64,
}

impl AsapLosses {
    /// Adds those of another file.
    pub fn add(&mut self, other: Self) {
        self.holes_filled += other.holes_filled;
        self.drawn_as_polygon += other.drawn_as_polygon;
        self.line_closed += other.line_closed;
        self.image_as_rectangle += other.image_as_rectangle;
        self.divided += other.divided;
        self.without_extent += other.without_extent;
        self.without_plane += other.without_plane;
        self.label_unspeakable += other.label_unspeakable;
        self.outer_labels += other.outer_labels;
        self.characters_replaced += other.characters_replaced;
    }
}

/// Appends the file for `image` to `out` and tells what it does not say. `groups` are all labels of the scheme.
pub fn write_asap(
    image: &AsapImage<'_>,
    groups: &[AsapGroup<'_>],
    annotations: &[AsapAnnotation<'_>],
    out: &mut Vec<u8>,
) -> AsapLosses {
    let mut xml = Xml::default();
    let (groups, lost) = placed(groups);
    xml.losses.outer_labels = lost;
    xml.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.open(0, "ASAP_Annotations", &[("HolotypeImage", image.name)]);
    xml.open(1, "Annotations", &[]);
    let colours: BTreeMap<&str, &str> = groups.iter().map(|group| (group.name, group.colour)).collect();
    for annotation in annotations {
        let of_group = annotation.label.and_then(|label| colours.get(label)).copied();
        let colour = annotation.colour.or(of_group);
        xml.annotation(image, annotation, colour.unwrap_or(DEFAULT_COLOUR));
    }
    xml.close(1, "Annotations");
    xml.open(1, "AnnotationGroups", &[]);
    for group in &groups {
        let mut attributes = vec![
            ("Name", group.name),
            ("PartOfGroup", group.outer.unwrap_or(NO_GROUP)),
            ("Color", group.colour),
        ];
        if !group.has_colour {
            attributes.push(("HolotypeColour", "none"));
        }
        xml.open(2, "Group", &attributes);
        xml.empty(3, "Attributes", &[]);
        xml.close(2, "Group");
    }
    xml.close(1, "AnnotationGroups");
    xml.close(0, "ASAP_Annotations");
    out.extend_from_slice(xml.text.as_bytes());
    xml.losses
}

#[derive(Default)]
struct Xml {
    text: String,
    written: u64,
    losses: AsapLosses,
}

impl Xml {
    fn annotation(&mut self, image: &AsapImage<'_>, annotation: &AsapAnnotation<'_>, colour: &str) {
        let Some(drawing) = draw(annotation.geometry, image.size, annotation.curve) else {
            self.losses.without_extent += 1;
            return;
        };
        self.count(&drawing, annotation);
        let group = match annotation.label {
            Some(label) if label.is_empty() || label == NO_GROUP => {
                self.losses.label_unspeakable += 1;
                NO_GROUP
            }
            Some(label) => label,
            None => NO_GROUP,
        };
        let is_one = drawing.parts.len() == 1;
        let id = annotation.id.filter(|_| is_one).map(|id| id.to_string());
        let exact = match drawing.exactness {
            Exactness::Drawn => None,
            // A geometry is always JSON: it has no numbers but finite ones.
            Exactness::Carried => serde_json::to_string(annotation.geometry).ok().filter(|_| is_one),
        };
        for part in &drawing.parts {
            let name = format!("Annotation {}", self.written);
            self.written += 1;
            let mut attributes = vec![
                ("Name", name.as_str()),
                ("Type", drawing.kind),
                ("PartOfGroup", group),
                ("Color", colour),
            ];
            let ours = [("HolotypeId", &id), ("HolotypeGeometry", &exact)];
            attributes.extend(
                ours.iter()
                    .filter_map(|(key, value)| Some((*key, value.as_deref()?))),
            );
            self.open(2, "Annotation", &attributes);
            self.open(3, "Coordinates", &[]);
            for (order, [x, y]) in part.iter().enumerate() {
                self.empty(
                    4,
                    "Coordinate",
                    &[("Order", &order.to_string()), ("X", x), ("Y", y)],
                );
            }
            self.close(3, "Coordinates");
            self.close(2, "Annotation");
        }
    }

    fn count(&mut self, drawing: &Drawing, annotation: &AsapAnnotation<'_>) {
        let losses = &mut self.losses;
        losses.holes_filled += u64::from(drawing.fills_holes);
        losses.drawn_as_polygon += u64::from(drawing.is_approximate);
        losses.line_closed += u64::from(drawing.closes_line);
        losses.image_as_rectangle += u64::from(drawing.is_image);
        losses.divided += u64::from(drawing.parts.len() > 1);
        losses.without_plane += u64::from(annotation.geometry.plane.is_some());
    }

    fn open(&mut self, depth: usize, name: &str, attributes: &[(&str, &str)]) {
        self.tag(depth, name, attributes);
        self.text.push_str(">\n");
    }

    fn empty(&mut self, depth: usize, name: &str, attributes: &[(&str, &str)]) {
        self.tag(depth, name, attributes);
        self.text.push_str(" />\n");
    }

    fn close(&mut self, depth: usize, name: &str) {
        self.text.extend(std::iter::repeat_n('\t', depth));
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    fn tag(&mut self, depth: usize, name: &str, attributes: &[(&str, &str)]) {
        self.text.extend(std::iter::repeat_n('\t', depth));
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            self.text.push(' ');
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.losses.characters_replaced += push_value(&mut self.text, value);
            self.text.push('"');
        }
    }
}

#[cfg(test)]
mod tests;
