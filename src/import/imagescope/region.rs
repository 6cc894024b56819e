//! One region of a layer: its place, and what else is said of it.

use std::collections::BTreeMap;

use super::{attributes, keep_pairs};
use crate::import::document::{Document, SourceFacts, SourceValue};
use crate::import::report::Skip;
use crate::import::xml::{
    Tag, XmlError, XmlProblem, XmlReader, box_of, keep_attributes, keep_member, lose_text, number, polygon,
    polyline, upright,
};
use crate::model::Geometry;
use crate::model::geometry::{Position, Shape};

/// What is read here, or says how the viewer shows a region, or follows from its place.
const KNOWN: [&str; 16] = [
    "Id",
    "Type",
    "NegativeROA",
    "Analyze",
    "InputRegionId",
    "Zoom",
    "Selected",
    "ImageFocus",
    "DisplayId",
    "Visible",
    "Length",
    "Area",
    "LengthMicrons",
    "AreaMicrons",
    "ReadOnly",
    "LineColor",
];

/// A region that can be used.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) geometry: Geometry,
    pub(super) facts: SourceFacts,
    /// Its id within the layer.
    pub(super) id: Option<String>,
    /// Whether it is cut out of others.
    pub(super) sign: Sign,
    /// Where it stands in the file.
    pub(super) offset: usize,
    /// Its number in the file, from 1.
    pub(super) number: u64,
}

/// Whether a region is an area, or cut out of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Positive,
    Negative,
}

/// Reads the region that `tag` opened; `headers` names attributes by id.
pub(super) fn read(
    reader: &mut XmlReader<'_>,
    tag: &Tag<'_>,
    number: u64,
    headers: &BTreeMap<String, String>,
    document: &mut Document,
) -> Result<Result<Region, Skip>, XmlError> {
    let mut facts = SourceFacts::new();
    keep_attributes(tag, &KNOWN, &mut facts);
    let mut positions = None;
    while let Some(child) = reader.child()? {
        match child.name() {
            "Vertices" if positions.is_some() => {
                let member = "Vertices";
                return Err(reader.refuse(child.offset, XmlProblem::Repeated { member }));
            }
            "Vertices" => positions = Some(vertices(reader, &child, document)?),
            "Attributes" => {
                let pairs = attributes(reader, &child, |id| headers.get(id).cloned(), document)?;
                keep_pairs(pairs, &mut facts);
            }
            _ => keep_member(reader, &child, &mut facts, &mut document.report)?,
        }
    }
    lose_text(reader, tag, &mut document.report);
    let sign = match tag.get("NegativeROA").as_deref() {
        None | Some("" | "0") => Sign::Positive,
        Some("1") => Sign::Negative,
        Some(other) => {
            let other = other.to_owned();
            return Ok(Err(Skip::new(
                "sign_unknown",
                format!("its 'NegativeROA' is '{other}', neither 0 nor 1"),
            )));
        }
    };
    if tag.get("Analyze").as_deref() == Some("0") {
        facts.insert("analyze".to_owned(), SourceValue::Flag(false));
    }
    if let Some(input) = tag.get("InputRegionId").filter(|id| !matches!(&**id, "" | "0")) {
        facts.insert(
            "input_region_id".to_owned(),
            SourceValue::Text(input.into_owned()),
        );
    }
    let positions =
        positions.unwrap_or_else(|| Err(Skip::new("annotation_without_place", "it has no <Vertices>")));
    Ok(positions
        .and_then(|positions| place(tag, positions, &mut facts, reader, document))
        .map(|geometry| Region {
            geometry,
            facts,
            id: tag
                .get("Id")
                .filter(|id| !id.is_empty())
                .map(std::borrow::Cow::into_owned),
            sign,
            offset: tag.offset,
            number,
        }))
}

/// Makes the shape of the type, and notes what it does not tell of it.
fn place(
    tag: &Tag<'_>,
    positions: Vec<Position>,
    facts: &mut SourceFacts,
    reader: &XmlReader<'_>,
    document: &mut Document,
) -> Result<Geometry, Skip> {
    let mut noted = |word: &str| {
        facts.insert("imagescope_type".to_owned(), SourceValue::Text(word.to_owned()));
    };
    match tag.get("Type").as_deref().map(str::trim) {
        Some("0") => polygon(positions),
        None | Some("") => {
            document.report.warnings.add("type_missing", || {
                format!(
                    "{}: a region without 'Type' is taken as drawn freehand",
                    reader.here(tag.offset)
                )
            });
            polygon(positions)
        }
        Some("1") => match corners(&positions) {
            Some(borders) => box_of(borders),
            None => {
                noted("rectangle");
                polygon(positions)
            }
        },
        Some("2") => ellipse(&positions),
        Some("3") => {
            noted("arrow");
            polyline(positions)
        }
        Some("4") => {
            noted("ruler");
            polyline(positions)
        }
        Some(other) => Err(Skip::new(
            "type_unknown",
            format!("its 'Type' is '{other}', which is none of 0 to 4"),
        )),
    }
}

/// Left, top, right, bottom of the rectangle with these four corners, or these two opposite ones.
fn corners(positions: &[Position]) -> Option<[f64; 4]> {
    match positions {
        [[ax, ay], [bx, by]] => Some([ax.min(*bx), ay.min(*by), ax.max(*bx), ay.max(*by)]),
        positions => upright(positions),
    }
}

/// The ellipse that touches the sides of the rectangle with these corners.
fn ellipse(positions: &[Position]) -> Result<Geometry, Skip> {
    let Some([left, top, right, bottom]) = corners(positions) else {
        return Err(Skip::new(
            "ellipse_unusable",
            format!(
                "the {} corners of its ellipse are not those of an upright rectangle",
                positions.len()
            ),
        ));
    };
    let (radius_x, radius_y) = (right / 2.0 - left / 2.0, bottom / 2.0 - top / 2.0);
    Ok(Geometry::new(Shape::Ellipse {
        x: f64::midpoint(left, right),
        y: f64::midpoint(top, bottom),
        radius_x,
        radius_y,
        angle_deg: 0.0,
    }))
}

/// Reads `<Vertices>`: its positions in the order of the file, or why they make no place.
fn vertices(
    reader: &mut XmlReader<'_>,
    list: &Tag<'_>,
    document: &mut Document,
) -> Result<Result<Vec<Position>, Skip>, XmlError> {
    let (mut positions, mut bad, mut is_deep) = (Vec::new(), None, false);
    while let Some(child) = reader.child()? {
        if child.name() == "Vertex" {
            let read =
                vertex(&child, &mut is_deep).map_err(|problem| reader.refuse(child.offset, problem))?;
            match read {
                Ok(position) => positions.push(position),
                Err(skip) => drop(bad.get_or_insert(skip)),
            }
        } else {
            document.report.losses.add("member_not_kept", || {
                format!("{}: <{}> is no vertex", reader.here(child.offset), child.name())
            });
        }
        reader.leave(reader.depth())?;
    }
    lose_text(reader, list, &mut document.report);
    if is_deep {
        document.report.losses.add("vertex_depth", || {
            format!(
                "{}: the 'Z' of its vertices is not kept",
                reader.here(list.offset)
            )
        });
    }
    Ok(bad.map_or(Ok(positions), Err))
}

fn vertex(tag: &Tag<'_>, is_deep: &mut bool) -> Result<Result<Position, Skip>, XmlProblem> {
    let (mut x, mut y) = (None, None);
    for (name, value) in tag.attributes() {
        let axis = match name {
            "X" => &mut x,
            "Y" => &mut y,
            "Z" => {
                *is_deep |= number(&value)?.is_none_or(|z| z != 0.0);
                continue;
            }
            _ => continue,
        };
        let Some(value) = number(&value)? else {
            return Ok(Err(Skip::new(
                "coordinate_not_a_number",
                format!("'{name}' is '{value}', which is no finite number"),
            )));
        };
        *axis = Some(value);
    }
    Ok(x.zip(y)
        .map(|(x, y)| [x, y])
        .ok_or_else(|| Skip::new("coordinate_missing", "one of its vertices lacks 'X' or 'Y'")))
}
