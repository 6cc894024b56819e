//! What a column is, by its name: in any case, with any separators, with or without a unit.

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// A position, or the left border where there is a width.
    X,
    /// A position, or the upper border where there is a height.
    Y,
    /// The middle.
    CentreX,
    /// The middle.
    CentreY,
    /// One border, `x0`: the left one, where `x1` is the right one.
    X0,
    /// One border, `y0`.
    Y0,
    /// The left border, or the right one beside `x0`.
    X1,
    /// The upper border, or the lower one beside `y0`.
    Y1,
    /// The right border.
    X2,
    /// The lower border.
    Y2,
    /// A width, of the place or of the image.
    Width,
    /// A height, of the place or of the image.
    Height,
    /// A radius.
    Radius,
    /// The image's width.
    ImageWidth,
    /// The image's height.
    ImageHeight,
    /// The image's name or path.
    Image,
    /// The class.
    Label,
    /// An id of the source.
    Id,
    /// An id of Holotype's own that went out with an export.
    OwnId,
    /// Who said so.
    Annotator,
    /// A geometry as JSON.
    Geometry,
}

/// A unit behind a column's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Pixels, said or not.
    Pixel,
    /// Micrometres.
    Micrometre,
}

/// What a name says: the role, which of several names for it this is (the lower the better), and the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) role: Role,
    pub(super) rank: usize,
    pub(super) unit: Unit,
}

/// Names for each role, folded, the best first.
const NAMES: [(Role, &[&str]); 21] = [
    (
        Role::X,
        &[
            "x",
            "xpos",
            "posx",
            "xposition",
            "positionx",
            "xcoord",
            "coordx",
            "xcoordinate",
            "coordinatex",
            "pointx",
            "bboxx",
            "boxx",
            "locationx",
        ],
    ),
    (
        Role::Y,
        &[
            "y",
            "ypos",
            "posy",
            "yposition",
            "positiony",
            "ycoord",
            "coordy",
            "ycoordinate",
            "coordinatey",
            "pointy",
            "bboxy",
            "boxy",
            "locationy",
        ],
    ),
    (
        Role::CentreX,
        &[
            "cx",
            "xc",
            "centrex",
            "centerx",
            "xcentre",
            "xcenter",
            "centroidx",
            "xcentroid",
        ],
    ),
    (
        Role::CentreY,
        &[
            "cy",
            "yc",
            "centrey",
            "centery",
            "ycentre",
            "ycenter",
            "centroidy",
            "ycentroid",
        ],
    ),
    (Role::X0, &["x0"]),
    (Role::Y0, &["y0"]),
    (
        Role::X1,
        &[
            "x1", "xmin", "minx", "left", "xtl", "bboxxmin", "bboxx1", "xstart", "startx",
        ],
    ),
    (
        Role::Y1,
        &[
            "y1", "ymin", "miny", "top", "ytl", "bboxymin", "bboxy1", "ystart", "starty",
        ],
    ),
    (
        Role::X2,
        &[
            "x2", "xmax", "maxx", "right", "xbr", "bboxxmax", "bboxx2", "xend", "endx",
        ],
    ),
    (
        Role::Y2,
        &[
            "y2", "ymax", "maxy", "bottom", "ybr", "bboxymax", "bboxy2", "yend", "endy",
        ],
    ),
    (Role::Width, &["width", "w", "bboxwidth", "bboxw", "boxwidth"]),
    (Role::Height, &["height", "h", "bboxheight", "bboxh", "boxheight"]),
    (Role::Radius, &["radius", "r"]),
    (Role::ImageWidth, &["imagewidth", "imgwidth", "imgw"]),
    (Role::ImageHeight, &["imageheight", "imgheight", "imgh"]),
    (
        Role::Image,
        &[
            "image",
            "imagename",
            "filename",
            "imagefile",
            "imagepath",
            "filepath",
            "file",
            "img",
            "imgname",
            "imgpath",
            "path",
            "imageid",
            "slide",
            "slidename",
            "slidefile",
            "slideid",
            "wsi",
        ],
    ),
    (
        Role::Label,
        &[
            "label",
            "labelname",
            "class",
            "classname",
            "category",
            "categoryname",
            "classification",
            "celltype",
        ],
    ),
    (
        Role::Id,
        &["id", "uuid", "guid", "annotationid", "objectid", "uid"],
    ),
    (Role::OwnId, &["holotypeid"]),
    (
        Role::Annotator,
        &[
            "annotator",
            "annotatorname",
            "annotatedby",
            "rater",
            "reader",
            "observer",
            "expert",
            "pathologist",
            "labelledby",
            "labeledby",
        ],
    ),
    (Role::Geometry, &["geometry"]),
];

/// Reads a column's name; `None` where it names something else.
pub(super) fn named(name: &str) -> Option<Named> {
    // No column is named with what belongs to another syntax: the first line of a JSON file is no header.
    if name.contains(['{', '}', '"', '<', '>', ':', '=']) {
        return None;
    }
    let (mut folded, mut unit) = (String::new(), Unit::Pixel);
    for word in name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        match word.to_lowercase().as_str() {
            "px" | "pixel" | "pixels" => {}
            "um" | "\u{b5}m" | "\u{3bc}m" | "micron" | "microns" => unit = Unit::Micrometre,
            word => folded.push_str(word),
        }
    }
    NAMES.iter().find_map(|(role, names)| {
        let rank = names.iter().position(|known| *known == folded)?;
        Some(Named {
            role: *role,
            rank,
            unit,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirk_25_columns_are_known_in_any_spelling() {
        for (name, role) in [
            ("X", Role::X),
            (" x (px) ", Role::X),
            ("Centroid X px", Role::CentreX),
            ("bbox_x1", Role::X1),
            ("XMin", Role::X1),
            ("left", Role::X1),
            ("ImageID", Role::Image),
            ("file_name", Role::Image),
            ("Class Name", Role::Label),
            ("holotype_id", Role::OwnId),
            ("Annotated-By", Role::Annotator),
        ] {
            assert_eq!(named(name).map(|named| named.role), Some(role), "{name}");
        }
        for name in ["", "stage", "{\"x\":1", "<x>", "xy", "score"] {
            assert_eq!(named(name), None, "{name}");
        }
        for name in ["Centroid X \u{b5}m", "x_um", "x [micron]"] {
            assert_eq!(
                named(name).map(|named| named.unit),
                Some(Unit::Micrometre),
                "{name}"
            );
        }
    }

    #[test]
    fn no_name_stands_for_two_roles() {
        let mut all: Vec<&str> = NAMES
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
