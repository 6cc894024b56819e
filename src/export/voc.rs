//! Writes Pascal VOC: one XML file for one image.
//!
//! The counterpart of `import::voc`, with the same reading of pixels: `xmin = x + 1`, `xmax = x + width + 1`, whole
//! pixels without decimals, anything else with all of its decimals, so that reading gives back the same box. VOC
//! says boxes only; any other shape becomes the smallest upright rectangle around it, and is counted.

use super::xml::push_text;
use crate::model::Geometry;
use crate::model::geometry::Shape;
use crate::model::geometry::decimal::Decimal;

/// The image that a file describes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct VocImage<'a> {
    /// Its file name.
    pub name: &'a str,
    /// Its folder, relative, where it has one.
    pub folder: Option<&'a str>,
    /// Width in px, where known.
    pub width: Option<f64>,
    /// Height in px, where known.
    pub height: Option<f64>,
    /// Number of channels, where known.
    pub depth: Option<u32>,
}

/// One annotation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VocObject<'a> {
    /// Its class; without one VOC cannot say it.
    pub label: Option<&'a str>,
    /// Its place.
    pub geometry: &'a Geometry,
    /// How the object is seen; written as `Unspecified` where not known.
    pub pose: Option<&'a str>,
    /// Whether it is cut off.
    pub truncated: bool,
    /// Whether it is hard to tell.
    pub difficult: bool,
    /// Whether something lies over it.
    pub occluded: bool,
}

impl<'a> VocObject<'a> {
    /// Makes an object of which nothing but class and place is known.
    #[must_use]
    pub const fn new(label: Option<&'a str>, geometry: &'a Geometry) -> Self {
        Self {
            label,
            geometry,
            pose: None,
            truncated: false,
            difficult: false,
            occluded: false,
        }
    }
}

/// What a file does not say of what it was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VocLosses {
    /// Shapes that were reduced to the rectangle around them.
    pub reduced_to_box: u64,
    /// Annotations of the whole image whose size is not known: not written.
    pub without_extent: u64,
    /// Annotations without a class: not written.
    pub without_label: u64,
    /// Positions in a stack: the plane is not written.
    pub without_plane: u64,
    /// Characters that XML does not allow, written as U+FFFD.
    pub characters_replaced: u64,
}

impl VocLosses {
    /// Adds those of another file.
    pub fn add(&mut self, other: Self) {
        self.reduced_to_box += other.reduced_to_box;
        self.without_extent += other.without_extent;
        self.without_label += other.without_label;
        self.without_plane += other.without_plane;
        self.characters_replaced += other.characters_replaced;
    }

    /// Whether the file says all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Appends the file for `image` to `out` and tells what it does not say. The same values give the same bytes.
pub fn write_voc(image: &VocImage<'_>, objects: &[VocObject<'_>], out: &mut Vec<u8>) -> VocLosses {
    let mut xml = Xml::default();
    xml.line(0, "<annotation>");
    if let Some(folder) = image.folder {
        xml.text(1, "folder", folder);
    }
    xml.text(1, "filename", image.name);
    xml.line(1, "<size>");
    for (name, value) in [
        ("width", image.width),
        ("height", image.height),
        ("depth", image.depth.map(f64::from)),
    ] {
        if let Some(value) = value {
            xml.text(2, name, &value.to_string());
        }
    }
    xml.line(1, "</size>");
    xml.text(1, "segmented", "0");
    for object in objects {
        write_object(&mut xml, image, object);
    }
    xml.line(0, "</annotation>");
    out.extend_from_slice(xml.text.as_bytes());
    xml.losses
}

fn write_object(xml: &mut Xml, image: &VocImage<'_>, object: &VocObject<'_>) {
    let Some(label) = object.label.filter(|label| !label.is_empty()) else {
        xml.losses.without_label += 1;
        return;
    };
    let Some([x, y, width, height]) = rectangle(object.geometry, image) else {
        xml.losses.without_extent += 1;
        return;
    };
    xml.losses.reduced_to_box += u64::from(!matches!(object.geometry.shape, Shape::Box { .. }));
    xml.losses.without_plane += u64::from(object.geometry.plane.is_some());
    let flag = |set: bool| if set { "1" } else { "0" };
    xml.line(1, "<object>");
    xml.text(2, "name", label);
    xml.text(2, "pose", object.pose.unwrap_or("Unspecified"));
    xml.text(2, "truncated", flag(object.truncated));
    xml.text(2, "difficult", flag(object.difficult));
    if object.occluded {
        xml.text(2, "occluded", flag(true));
    }
    xml.line(2, "<bndbox>");
    xml.text(3, "xmin", &from_one(x, 0.0));
    xml.text(3, "ymin", &from_one(y, 0.0));
    xml.text(3, "xmax", &from_one(x, width));
    xml.text(3, "ymax", &from_one(y, height));
    xml.line(2, "</bndbox>");
    xml.line(1, "</object>");
}

/// Left, top, width, height; `None` for the whole of an image whose size is not known.
fn rectangle(geometry: &Geometry, image: &VocImage<'_>) -> Option<[f64; 4]> {
    if let Shape::Box { x, y, width, height } = geometry.shape {
        return Some([x, y, width, height]);
    }
    match geometry.bounds() {
        Some(b) => Some([b.x_min, b.y_min, b.x_max - b.x_min, b.y_max - b.y_min]),
        None => image
            .width
            .zip(image.height)
            .map(|(width, height)| [0.0, 0.0, width, height]),
    }
}

/// Counts a coordinate from 1, in decimals, so that no bit is lost on the way back.
fn from_one(start: f64, length: f64) -> String {
    let exact = || {
        Decimal::from_f64(start)?
            .plus(Decimal::from_f64(length)?)?
            .plus(Decimal::ONE)
    };
    exact().map_or_else(|| (start + length + 1.0).to_string(), |exact| exact.to_string())
}

#[derive(Default)]
struct Xml {
    text: String,
    losses: VocLosses,
}

impl Xml {
    fn line(&mut self, depth: usize, line: &str) {
        self.indent(depth);
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn text(&mut self, depth: usize, name: &str, text: &str) {
        self.indent(depth);
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        self.losses.characters_replaced += push_text(&mut self.text, text);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    fn indent(&mut self, depth: usize) {
        self.text.extend(std::iter::repeat_n('\t', depth));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(image: &VocImage<'_>, objects: &[VocObject<'_>]) -> (String, VocLosses) {
        let mut out = Vec::new();
        let losses = write_voc(image, objects, &mut out);
        (String::from_utf8(out).unwrap(), losses)
    }

    #[test]
    fn whole_pixels_stay_whole_and_halves_stay_halves() {
        let image = VocImage {
            name: "a & b.jpg",
            width: Some(640.0),
            height: Some(480.0),
            depth: Some(3),
            ..VocImage::default()
        };
        let geometry = Geometry::rectangle(0.0, 9.5, 20.0, 0.1);
        let (text, losses) = written(&image, &[VocObject::new(Some("RBC"), &geometry)]);
        assert!(losses.is_empty());
        assert!(text.contains("<filename>a &amp; b.jpg</filename>"));
        for line in [
            "<xmin>1</xmin>",
            "<ymin>10.5</ymin>",
            "<xmax>21</xmax>",
            "<ymax>10.6</ymax>",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_counted() {
        let (point, whole) = (Geometry::point(4.0, 5.0), Geometry::new(Shape::Image));
        let objects = [
            VocObject::new(Some("cell"), &point),
            VocObject::new(Some("cell"), &whole),
            VocObject::new(None, &point),
            VocObject::new(Some("a\u{1}"), &point),
        ];
        let (text, losses) = written(&VocImage::default(), &objects);
        assert_eq!(
            losses,
            VocLosses {
                reduced_to_box: 2,
                without_extent: 1,
                without_label: 1,
                without_plane: 0,
                characters_replaced: 1,
            }
        );
        assert_eq!(text.matches("<object>").count(), 2);
    }
}
