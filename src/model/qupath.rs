//! What QuPath's GeoJSON calls things, and which attribute of an annotation each becomes, so that writer and reader agree.
//!
//! Checked against QuPath's own reader and writer of GeoJSON (0.6 and the development version after it). A member of
//! `metadata` whose name begins with an underscore survives QuPath and is not shown in its tables.

use crate::id::hash_parts;

/// The object's type where it is not the usual `annotation`.
pub const OBJECT_TYPE: &str = "objectType";
/// The usual type of an object, which is no attribute.
pub const ANNOTATION: &str = "annotation";
/// Whether the object cannot be edited.
pub const IS_LOCKED: &str = "isLocked";
/// The object's own name.
pub const NAME: &str = "name";
/// The object's own colour, `#rrggbb`.
pub const COLOR: &str = "color";
/// The outline of a cell's nucleus, as compact JSON.
pub const NUCLEUS: &str = "nucleusGeometry";
/// The channel where it is -1, which QuPath writes for "all" in an image with a stack.
pub const PLANE_CHANNEL: &str = "plane_c";
/// Begins the name of an attribute that is a measurement.
pub const MEASUREMENT: &str = "measurement:";
/// Begins the name of an attribute that is an entry of `metadata`.
pub const METADATA: &str = "metadata:";
/// The id of the object that an object lies within.
pub const PARENT: &str = "parent";
/// The id of the object that several annotations were parts of.
pub const PART_OF: &str = "part_of";
/// The entry of `metadata` with the exact geometry as JSON; it lasts when QuPath opens and saves the file.
pub const EXACT_GEOMETRY: &str = "_holotype_geometry";
/// The member of `properties` with all else that Holotype knows of the annotation; QuPath does not keep it.
pub const HOLOTYPE: &str = "holotype";

/// What stands in old files where newer ones have an id, and the type that it says.
pub const OLD_TYPES: [(&str, &str); 6] = [
    ("PathAnnotationObject", ANNOTATION),
    ("PathDetectionObject", "detection"),
    ("PathCellObject", "cell"),
    ("PathTileObject", "tile"),
    ("TMACoreObject", "tmaCore"),
    ("PathRootObject", "root"),
];

/// Measurements that are no numbers, as QuPath writes them.
pub const NOT_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// A colour: red, green, blue.
pub type Colour = [u8; 3];

/// Reads `#rrggbb`.
#[must_use]
pub fn parse_colour(text: &str) -> Option<Colour> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    // A sign is no digit, though a number may have one.
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then_some(())?;
    Some([byte(0)?, byte(2)?, byte(4)?])
}

/// Writes `#rrggbb`.
#[must_use]
pub fn colour_text([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// The colour that a class is drawn in when its label has none: a hue from its name, the same in every export. A reader
/// takes it for no statement of the file.
#[must_use]
pub fn made_up_colour(name: &str) -> Colour {
    let digest = hash_parts("holotype/label-colour/1", &[name.as_bytes()]);
    let [first, second, third, ..] = *digest.as_bytes();
    // One of six sectors of the colour wheel, and a place in it; 40 to 220, so that it shows on white and on black.
    let (low, high) = (40_u8, 220_u8);
    let between = low + second % (high - low);
    match first % 6 {
        0 => [high, between, low],
        1 => [between, high, low],
        2 => [low, high, between],
        3 => [low, between, high],
        4 => [between, low, high],
        _ => [high, low, between],
    }
    .map(|part| part - third % 8)
}

/// Joins the parts of a class as QuPath shows it: `Tumor: Positive`.
#[must_use]
pub fn joined_class<'n>(parts: impl IntoIterator<Item = &'n str>) -> String {
    parts.into_iter().collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_written() {
        assert_eq!(parse_colour("#c80aFF"), Some([200, 10, 255]));
        for bad in ["c80aff", "#c80af", "#c80aff0", "#+80aff", "#é80af", "red", ""] {
            assert_eq!(parse_colour(bad), None, "{bad}");
        }
        let colour = made_up_colour("mitotic figure");
        assert_eq!(parse_colour(&colour_text(colour)), Some(colour));
        assert_ne!(colour, made_up_colour("non-mitotic cell"));
    }
}
