//! Objects of a file: their class, their box or polygon, and what else is said of them.

use std::collections::BTreeMap;

use super::Failure;
use crate::import::document::{Document, SourceAnnotation, SourceFacts, SourceValue};
use crate::import::personal;
use crate::import::report::LossReport;
use crate::import::report::Skip;
use crate::import::xml::{Coordinate, Element, Labels, Member, add_nested, add_others, insert, leaf_value};
use crate::model::Geometry;
use crate::model::geometry::{Position, Shape};

/// The members of an object that are read here.
const KNOWN: [&str; 10] = [
    "name",
    "bndbox",
    "polygon",
    "pose",
    "truncated",
    "difficult",
    "occluded",
    "part",
    "attributes",
    "deleted",
];

/// Reads objects into a document.
pub(super) struct Objects<'d> {
    file: &'d str,
    document: &'d mut Document,
    labels: Labels,
}

impl<'d> Objects<'d> {
    pub(super) fn new(file: &'d str, document: &'d mut Document) -> Self {
        Self {
            file,
            document,
            labels: Labels::default(),
        }
    }

    /// Reads one object; `number` counts from 1.
    pub(super) fn read(&mut self, number: usize, element: &Element) -> Result<(), Failure> {
        let here = format!("{}, {}, object {number}", self.file, element.place);
        let report = &mut self.document.report;
        let (name, geometry) = match name(element).and_then(|name| Ok((name, not_deleted(element)?))) {
            Ok((name, ())) => (name, geometry(element, &here, report)?),
            Err(skip) => (element, Err(skip)),
        };
        let geometry = match geometry {
            Ok(geometry) => geometry,
            Err(skip) => {
                report.losses.add(skip.code, || format!("{here}: {}", skip.why));
                return Ok(());
            }
        };
        if name.was_trimmed {
            report.warnings.add("white_space_around_name", || {
                format!("{here}: white space around the name '{}' is left out", name.text)
            });
        }
        if let Shape::Box { width, height, .. } = geometry.shape
            && (width == 0.0 || height == 0.0)
        {
            report.warnings.add("zero_size_box", || {
                format!("{here}: its box has zero size; kept as it is")
            });
        }
        let attributes = attributes(element, &here, report);
        let label = self.labels.index(&mut self.document.labels, &name.text);
        self.document.annotations.push(SourceAnnotation {
            image: 0,
            geometry,
            label: Some(label),
            id: None,
            ratings: Vec::new(),
            attributes,
        });
        Ok(())
    }
}

fn name(object: &Element) -> Result<&Element, Skip> {
    match object.member("name") {
        Member::One(name) if !name.text.is_empty() => Ok(name),
        Member::One(_) | Member::Missing => Err(Skip::new("object_without_name", "it has no <name>")),
        Member::Several(_) => Err(Skip::new("member_repeated", "it has more than one <name>")),
    }
}

fn not_deleted(object: &Element) -> Result<(), Skip> {
    if object.all("deleted").any(|deleted| deleted.text == "1") {
        return Err(Skip::new("deleted_in_source", "the source marks it as deleted"));
    }
    Ok(())
}

/// A polygon where there is a usable one, else the box.
fn geometry(
    object: &Element,
    here: &str,
    report: &mut LossReport,
) -> Result<Result<Geometry, Skip>, Failure> {
    let bounding_box = match object.member("bndbox") {
        Member::One(element) => Some(rectangle(element)?),
        Member::Missing => None,
        Member::Several(_) => Some(Err(Skip::new("member_repeated", "it has more than one <bndbox>"))),
    };
    let polygon = match object.member("polygon") {
        Member::One(element) => polygon(element)?,
        Member::Missing => {
            let missing = || {
                Err(Skip::new(
                    "object_without_box",
                    "it has neither <bndbox> nor <polygon>",
                ))
            };
            return Ok(bounding_box.unwrap_or_else(missing));
        }
        Member::Several(_) => Err(Skip::new("member_repeated", "it has more than one <polygon>")),
    };
    match (polygon, bounding_box) {
        (Err(skip), Some(Ok(rectangle))) => {
            report.losses.add("polygon_unusable", || {
                format!("{here}: {}; its box is taken instead", skip.why)
            });
            Ok(Ok(rectangle))
        }
        (Ok(polygon), Some(Ok(rectangle))) => {
            if polygon.bounds() != rectangle.bounds() {
                report.losses.add("box_beside_polygon", || {
                    format!("{here}: its polygon is taken; its <bndbox> is another rectangle and is not")
                });
            }
            Ok(Ok(polygon))
        }
        (polygon, Some(Err(_)) | None) => Ok(polygon),
    }
}

/// Corners from 1 become an upper left corner from 0 and a size.
fn rectangle(element: &Element) -> Result<Result<Geometry, Skip>, Failure> {
    let mut corners = Vec::new();
    for name in ["xmin", "ymin", "xmax", "ymax"] {
        match element.member(name) {
            Member::One(member) => match coordinate(member)? {
                Ok(coordinate) => corners.push(coordinate),
                Err(skip) => return Ok(Err(skip)),
            },
            Member::Missing => {
                return Ok(Err(Skip::new(
                    "box_incomplete",
                    format!("its box has no <{name}>"),
                )));
            }
            Member::Several(_) => {
                return Ok(Err(Skip::new(
                    "member_repeated",
                    format!("its box has more than one <{name}>"),
                )));
            }
        }
    }
    let [x_min, y_min, x_max, y_max] = corners.as_slice() else {
        return Ok(Err(Skip::new("box_incomplete", "its box is incomplete")));
    };
    let (width, height) = (x_max.distance_from(*x_min), y_max.distance_from(*y_min));
    if width < 0.0 || height < 0.0 {
        return Ok(Err(Skip::new("box_reversed", "its box ends before it begins")));
    }
    let geometry = Geometry::rectangle(
        x_min.counted_from_zero(),
        y_min.counted_from_zero(),
        width,
        height,
    );
    Ok(finite(geometry))
}

/// `<x1>`, `<y1>`, `<x2>`, … or `<pt><x/><y/></pt>`, in the origin of the boxes.
fn polygon(element: &Element) -> Result<Result<Geometry, Skip>, Failure> {
    let Some(pairs) = pairs(element) else {
        return Ok(Err(Skip::new(
            "polygon_unusable",
            "its polygon lacks or repeats a coordinate",
        )));
    };
    let mut ring: Vec<Position> = Vec::new();
    for (x, y) in pairs {
        match (coordinate(x)?, coordinate(y)?) {
            (Ok(x), Ok(y)) => ring.push([x.counted_from_zero(), y.counted_from_zero()]),
            (Err(skip), _) | (_, Err(skip)) => return Ok(Err(skip)),
        }
    }
    if ring.len() < 3 {
        return Ok(Err(Skip::new(
            "polygon_unusable",
            "its polygon has fewer than three points",
        )));
    }
    Ok(finite(Geometry::new(Shape::Polygon { rings: vec![ring] })))
}

/// Pairs the coordinates of a polygon; `None` when one is missing or there twice.
fn pairs(polygon: &Element) -> Option<Vec<(&Element, &Element)>> {
    if polygon.all("pt").next().is_some() {
        return polygon.all("pt").map(point).collect();
    }
    let (mut x, mut y) = (BTreeMap::new(), BTreeMap::new());
    for child in &polygon.children {
        let numbered = child.name.split_at_checked(1).and_then(|(axis, number)| {
            let axis = match axis {
                "x" => &mut x,
                "y" => &mut y,
                _ => return None,
            };
            Some(axis.insert(number.parse::<u32>().ok()?, child).is_none())
        });
        if numbered == Some(false) {
            return None;
        }
    }
    // Numbered from 1 without a gap: each x has its y, and the last number is the count.
    let is_whole = x.keys().eq(y.keys()) && x.keys().zip(1..).all(|(number, expected)| *number == expected);
    is_whole.then(|| x.into_values().zip(y.into_values()).collect())
}

fn point(element: &Element) -> Option<(&Element, &Element)> {
    match (element.member("x"), element.member("y")) {
        (Member::One(x), Member::One(y)) => Some((x, y)),
        (Member::Missing | Member::One(_) | Member::Several(_), _) => None,
    }
}

fn coordinate(element: &Element) -> Result<Result<Coordinate, Skip>, Failure> {
    let parsed = Coordinate::parse(&element.text).map_err(|problem| (element.place, problem))?;
    Ok(parsed.ok_or_else(|| {
        Skip::new(
            "coordinate_not_a_number",
            format!("<{}> '{}' is no finite number", element.name, element.text),
        )
    }))
}

fn finite(geometry: Geometry) -> Result<Geometry, Skip> {
    let is_finite = geometry
        .bounds()
        .is_none_or(|b| [b.x_min, b.y_min, b.x_max, b.y_max].iter().all(|v| v.is_finite()));
    if is_finite {
        Ok(geometry)
    } else {
        Err(Skip::new(
            "coordinate_not_a_number",
            "its size is no finite number",
        ))
    }
}

/// What is said of an object beyond class and place; `0` and `Unspecified` say nothing.
fn attributes(object: &Element, here: &str, report: &mut LossReport) -> SourceFacts {
    let mut facts = SourceFacts::new();
    for flag in ["truncated", "difficult", "occluded"] {
        for element in object.all(flag) {
            match element.text.as_str() {
                "" | "0" => {}
                "1" => insert(&mut facts, flag, SourceValue::Flag(true)),
                other => insert(&mut facts, flag, personal::text_value(flag, other)),
            }
        }
    }
    for pose in object.all("pose").map(|pose| pose.text.as_str()) {
        if !pose.is_empty() && !pose.eq_ignore_ascii_case("unspecified") {
            insert(&mut facts, "pose", personal::text_value("pose", pose));
        }
    }
    for deleted in object
        .all("deleted")
        .filter(|deleted| !matches!(deleted.text.as_str(), "" | "0"))
    {
        insert(
            &mut facts,
            "deleted",
            personal::text_value("deleted", &deleted.text),
        );
    }
    for part in object.all("part") {
        add_nested(part, &mut facts, here, report);
    }
    for pair in object
        .all("attributes")
        .flat_map(|attributes| attributes.all("attribute"))
    {
        match (pair.member("name"), pair.member("value")) {
            (Member::One(name), Member::One(value)) if !value.text.is_empty() => {
                insert(&mut facts, &name.text, leaf_value(&name.text, &value.text));
            }
            (Member::One(_), Member::One(_)) => {}
            (Member::Missing | Member::One(_) | Member::Several(_), _) => {
                add_nested(pair, &mut facts, here, report);
            }
        }
    }
    add_others(object, &KNOWN, &mut facts, here, report);
    facts
}
