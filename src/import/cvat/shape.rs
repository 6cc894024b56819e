//! One shape of an image: its label, place and attributes; several of those where it holds several points.

use super::image::Counters;
use crate::import::document::{Document, SourceFacts, SourceValue};
use crate::import::report::Skip;
use crate::import::runs::rows_to_columns;
use crate::import::xml::{
    Tag, XmlError, XmlProblem, XmlReader, box_of, insert, keep_attributes, keep_member, leaf_value,
    lose_text, number, polygon, polyline,
};
use crate::model::Geometry;
use crate::model::geometry::{Position, Shape, float_to_whole, whole_to_float};

/// So many runs all masks of a file may have, column by column.
const RUNS_MAX: usize = 1 << 26;

/// What every shape can have beside its place.
const COMMON: [&str; 6] = ["label", "occluded", "outside", "z_order", "source", "group_id"];

/// A label, a place, and what else is said.
pub(super) type Found = (String, Geometry, SourceFacts);

/// A shape of one kind: the attributes that make its place.
fn place_attributes(kind: &str) -> &'static [&'static str] {
    match kind {
        "box" => &["xtl", "ytl", "xbr", "ybr", "rotation"],
        "polygon" | "polyline" | "points" => &["points"],
        "ellipse" => &["cx", "cy", "rx", "ry", "rotation"],
        "mask" => &["rle", "left", "top", "width", "height"],
        _ => &[],
    }
}

/// Reads the shape that `tag` opened.
pub(super) fn read(
    reader: &mut XmlReader<'_>,
    tag: &Tag<'_>,
    counters: &mut Counters,
    document: &mut Document,
) -> Result<Result<Vec<Found>, Skip>, XmlError> {
    let mut facts = SourceFacts::new();
    let kind = tag.name();
    common(tag, &mut facts);
    keep_attributes(tag, &[&COMMON, place_attributes(kind)].concat(), &mut facts);
    let mut points = Vec::new();
    while let Some(child) = reader.child()? {
        match child.name() {
            "attribute" => attribute(reader, &child, &mut facts)?,
            "points" if kind == "skeleton" => {
                // A skeleton's points have attributes and no skeletons: this goes one level down.
                points.push(read(reader, &child, counters, document)?);
            }
            _ => keep_member(reader, &child, &mut facts, &mut document.report)?,
        }
    }
    lose_text(reader, tag, &mut document.report);
    let Some(label) = tag.get("label").filter(|label| !label.is_empty()) else {
        return Ok(Err(Skip::new("annotation_without_class", "it has no 'label'")));
    };
    let label = label.into_owned();
    let here = || reader.here(tag.offset);
    if kind == "skeleton" {
        return Ok(skeleton(&label, points, &facts, counters, document, here));
    }
    let places = match places(tag, counters).map_err(|problem| reader.refuse(tag.offset, problem))? {
        Ok(places) => places,
        Err(skip) => return Ok(Err(skip)),
    };
    if places.len() > 1 {
        counters.sets += 1;
        facts.insert(
            "point_set".to_owned(),
            SourceValue::Number(f64::from(counters.sets)),
        );
        document.report.warnings.add("point_set_divided", || {
            format!(
                "{}: a shape of several points becomes one annotation a point",
                here()
            )
        });
    }
    let found = places
        .into_iter()
        .map(|place| (label.clone(), place, facts.clone()));
    Ok(Ok(found.collect()))
}

/// What is said of any shape; `0` says nothing.
fn common(tag: &Tag<'_>, facts: &mut SourceFacts) {
    for flag in ["occluded", "outside"] {
        match tag.get(flag).as_deref() {
            None | Some("" | "0") => {}
            Some("1") => insert(facts, flag, SourceValue::Flag(true)),
            Some(other) => insert(facts, flag, leaf_value(flag, other)),
        }
    }
    for member in ["z_order", "group_id", "source"] {
        if let Some(value) = tag.get(member).filter(|value| !matches!(&**value, "" | "0")) {
            insert(facts, member, leaf_value(member, &value));
        }
    }
}

/// Keeps `<attribute name="…">value</attribute>`.
fn attribute(reader: &mut XmlReader<'_>, tag: &Tag<'_>, facts: &mut SourceFacts) -> Result<(), XmlError> {
    let depth = reader.depth();
    if reader.child()?.is_some() {
        reader.leave(depth)?;
    }
    let value = reader.take_text().text;
    let name = tag.get("name").filter(|name| !name.is_empty());
    if !value.is_empty() {
        let name = name.unwrap_or("attribute".into());
        insert(facts, &name, leaf_value(&name, &value));
    }
    Ok(())
}

/// Makes annotations of a skeleton's points.
fn skeleton(
    label: &str,
    points: Vec<Result<Vec<Found>, Skip>>,
    facts: &SourceFacts,
    counters: &mut Counters,
    document: &mut Document,
    here: impl Fn() -> String,
) -> Result<Vec<Found>, Skip> {
    counters.skeletons += 1;
    let mut found = Vec::new();
    for point in points {
        match point {
            Ok(point) => found.extend(point),
            Err(skip) => document.report.losses.add(skip.code, || {
                format!("{}: a point of a skeleton: {}", here(), skip.why)
            }),
        }
    }
    if found.is_empty() {
        return Err(Skip::new(
            "annotation_without_place",
            "it is a skeleton of no usable points",
        ));
    }
    for (_, _, attributes) in &mut found {
        for (name, value) in facts {
            attributes.entry(name.clone()).or_insert_with(|| value.clone());
        }
        attributes.insert("skeleton".to_owned(), SourceValue::Text(label.to_owned()));
        let number = SourceValue::Number(f64::from(counters.skeletons));
        attributes.insert("skeleton_number".to_owned(), number);
    }
    document.report.warnings.add("skeleton_divided", || {
        format!("{}: a skeleton becomes one annotation a point", here())
    });
    Ok(found)
}

/// Reads the places of a shape.
fn places(tag: &Tag<'_>, counters: &mut Counters) -> Result<Result<Vec<Geometry>, Skip>, XmlProblem> {
    let one = |place: Result<Geometry, Skip>| place.map(|place| vec![place]);
    Ok(match tag.name() {
        "box" => {
            one(turned(tag, ["xtl", "ytl", "xbr", "ybr"])?.and_then(|(four, angle)| rectangle(four, angle)))
        }
        "ellipse" => {
            one(turned(tag, ["cx", "cy", "rx", "ry"])?.and_then(|(four, angle)| ellipse(four, angle)))
        }
        "polygon" => one(points(tag)?.and_then(polygon)),
        "polyline" => one(points(tag)?.and_then(polyline)),
        "points" => {
            points(tag)?.map(|points| points.into_iter().map(|[x, y]| Geometry::point(x, y)).collect())
        }
        "mask" => one(mask(tag, counters)?),
        "tag" => Ok(vec![Geometry::new(Shape::Image)]),
        other => Err(Skip::new("cuboid", format!("a {other} is no flat shape"))),
    })
}

fn rectangle(borders: [f64; 4], angle_deg: f64) -> Result<Geometry, Skip> {
    let [left, top, right, bottom] = borders;
    if right < left || bottom < top {
        return Err(Skip::new("box_reversed", "its box ends before it begins"));
    }
    let upright = box_of(borders)?;
    if let Shape::Box { x, y, width, height } = upright.shape
        && angle_deg != 0.0
    {
        return Ok(Geometry::new(Shape::RotatedBox {
            x,
            y,
            width,
            height,
            angle_deg,
        }));
    }
    Ok(upright)
}

fn ellipse([x, y, radius_x, radius_y]: [f64; 4], angle_deg: f64) -> Result<Geometry, Skip> {
    if radius_x < 0.0 || radius_y < 0.0 {
        return Err(Skip::new(
            "ellipse_unusable",
            "a radius of its ellipse is negative",
        ));
    }
    Ok(Geometry::new(Shape::Ellipse {
        x,
        y,
        radius_x,
        radius_y,
        angle_deg,
    }))
}

/// Degrees clockwise around the centre, as ours are.
fn rotation(tag: &Tag<'_>) -> Result<Result<f64, Skip>, XmlProblem> {
    match tag.get("rotation").filter(|text| !text.is_empty()) {
        Some(text) => Ok(number(&text)?.ok_or_else(|| not_a_number("rotation", &text))),
        None => Ok(Ok(0.0)),
    }
}

/// Reads four numbers and a rotation.
fn turned(tag: &Tag<'_>, names: [&str; 4]) -> Result<Result<([f64; 4], f64), Skip>, XmlProblem> {
    let (four, angle) = (numbers(tag, names)?, rotation(tag)?);
    Ok(four.and_then(|four| Ok((four, angle?))))
}

fn not_a_number(name: &str, text: &str) -> Skip {
    Skip::new(
        "coordinate_not_a_number",
        format!("'{name}' is '{text}', which is no finite number"),
    )
}

/// Reads attributes that are numbers.
fn numbers<const N: usize>(tag: &Tag<'_>, names: [&str; N]) -> Result<Result<[f64; N], Skip>, XmlProblem> {
    let mut values = [0.0; N];
    for (name, slot) in names.into_iter().zip(&mut values) {
        let Some(text) = tag.get(name) else {
            return Ok(Err(Skip::new(
                "coordinate_missing",
                format!("it has no '{name}'"),
            )));
        };
        match number(&text)? {
            Some(value) => *slot = value,
            None => return Ok(Err(not_a_number(name, &text))),
        }
    }
    Ok(Ok(values))
}

/// Reads `x,y;x,y;…`.
fn points(tag: &Tag<'_>) -> Result<Result<Vec<Position>, Skip>, XmlProblem> {
    let text = tag.get("points").unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(Err(Skip::new("annotation_without_place", "it has no 'points'")));
    }
    let mut points = Vec::new();
    for pair in text.split(';') {
        let Some((x, y)) = pair.split_once(',') else {
            return Ok(Err(Skip::new(
                "points_unusable",
                format!("'points' holds '{pair}', which is no pair"),
            )));
        };
        match (number(x)?, number(y)?) {
            (Some(x), Some(y)) => points.push([x, y]),
            (_, _) => return Ok(Err(not_a_number("points", pair))),
        }
    }
    Ok(Ok(points))
}

/// Reads a mask: the rectangle that it fills, and runs of zeros, ones, zeros, … row by row.
fn mask(tag: &Tag<'_>, counters: &mut Counters) -> Result<Result<Geometry, Skip>, XmlProblem> {
    let [left, top, width, height] = match numbers(tag, ["left", "top", "width", "height"])? {
        Ok(numbers) => numbers,
        Err(skip) => return Ok(Err(skip)),
    };
    let unusable = |why: &str| Ok(Err(Skip::new("runs_unusable", why)));
    let (Some(columns), Some(rows)) = (float_to_whole(width), float_to_whole(height)) else {
        return unusable("its mask is no whole number of pixels wide and high");
    };
    let text = tag.get("rle").unwrap_or_default();
    let runs: Option<Vec<u64>> = text.split(',').map(|run| run.trim().parse().ok()).collect();
    let Some(runs) = runs else {
        return unusable("'rle' is no list of run lengths");
    };
    let sum = runs.iter().try_fold(0_u64, |sum, run| sum.checked_add(*run));
    if sum.is_none() || sum != columns.checked_mul(rows) {
        return unusable("the runs of its mask do not add up to its size");
    }
    let Some(counts) = rows_to_columns(columns, rows, &runs) else {
        return unusable("its mask has too many runs column by column");
    };
    counters.runs = counters.runs.saturating_add(counts.len());
    if counters.runs > RUNS_MAX {
        return unusable("the masks of the file have too many runs together");
    }
    Ok(Ok(Geometry::new(Shape::Mask {
        x: left,
        y: top,
        width: whole_to_float(columns),
        height: whole_to_float(rows),
        counts,
    })))
}
