//! Objects of a file: their class, their box or polygon, and what else is said of them.

use std::collections::BTreeMap;

use super::Failure;
use super::number::{self, counted_from_zero, number};
use super::xml::{Element, Member};
use crate::import::document::{
    Document, PrivateTextKind, SourceAnnotation, SourceFacts, SourceLabel, SourceValue,
};
use crate::import::personal;
use crate::import::quantity::Quantity;
use crate::import::report::LossReport;
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

/// Why an object, or its polygon, is not taken over.
struct Skip {
    code: &'static str,
    why: String,
}

impl Skip {
    fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self {
            code,
            why: why.into(),
        }
    }
}

/// Reads objects into a document.
pub(super) struct Objects<'d> {
    file: &'d str,
    document: &'d mut Document,
    labels: BTreeMap<String, usize>,
}

impl<'d> Objects<'d> {
    pub(super) fn new(file: &'d str, document: &'d mut Document) -> Self {
        Self {
            file,
            document,
            labels: BTreeMap::new(),
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
        let label = self.label(&name.text);
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

    fn label(&mut self, name: &str) -> usize {
        let labels = &mut self.document.labels;
        *self.labels.entry(name.to_owned()).or_insert_with(|| {
            labels.push(SourceLabel {
                name: name.to_owned(),
                facts: SourceFacts::new(),
            });
            labels.len() - 1
        })
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
    let (width, height) = (x_max.minus(*x_min).to_f64(), y_max.minus(*y_min).to_f64());
    if width < 0.0 || height < 0.0 {
        return Ok(Err(Skip::new("box_reversed", "its box ends before it begins")));
    }
    let geometry = Geometry::rectangle(
        counted_from_zero(*x_min),
        counted_from_zero(*y_min),
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
            (Ok(x), Ok(y)) => ring.push([counted_from_zero(x), counted_from_zero(y)]),
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

fn coordinate(element: &Element) -> Result<Result<Quantity, Skip>, Failure> {
    let parsed = number::coordinate(&element.text).map_err(|problem| (element.place, problem))?;
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

/// Keeps the members beyond `known`, and the element's own attributes, under their names.
pub(super) fn add_others(
    element: &Element,
    known: &[&str],
    facts: &mut SourceFacts,
    here: &str,
    report: &mut LossReport,
) {
    let is_namespace = |name: &str| name.starts_with("xmlns") || name.starts_with("xsi:");
    for (name, value) in element.attributes.iter().filter(|(name, _)| !is_namespace(name)) {
        insert(facts, name, leaf_value(name, value));
    }
    for child in element
        .children
        .iter()
        .filter(|child| !known.contains(&child.name.as_str()))
    {
        if !child.children.is_empty() {
            add_nested(child, facts, here, report);
        } else if !child.text.is_empty() {
            insert(facts, &child.name, leaf_value(&child.name, &child.text));
        }
    }
}

/// Keeps a member with members of its own as one text: its structure is lost.
fn add_nested(element: &Element, facts: &mut SourceFacts, here: &str, report: &mut LossReport) {
    report.losses.add("structure_of_member", || {
        format!(
            "{here}: <{}> has members of its own; it is kept as a text only",
            element.name
        )
    });
    let (mut parts, mut is_private) = (Vec::new(), false);
    flatten(element, "", &mut parts, &mut is_private);
    if parts.is_empty() {
        return;
    }
    let text = parts.join("; ");
    let value = if is_private {
        personal::private(PrivateTextKind::FreeText, &text)
    } else {
        SourceValue::Text(text)
    };
    insert(facts, &element.name, value);
}

/// Collects `a.b=text` of each leaf. A `<name>` in here is that of a part; the depth is limited by the parser.
fn flatten(element: &Element, prefix: &str, parts: &mut Vec<String>, is_private: &mut bool) {
    for child in &element.children {
        let path = format!("{prefix}{}", child.name);
        if !child.text.is_empty() {
            let is_personal = matches!(
                personal::text_value(&child.name, &child.text),
                SourceValue::Private(_)
            );
            *is_private |= is_personal && (child.name != "name" || element.name != "part");
            parts.push(format!("{path}={}", child.text));
        }
        flatten(child, &format!("{path}."), parts, is_private);
    }
}

fn leaf_value(name: &str, text: &str) -> SourceValue {
    match personal::text_value(name, text) {
        SourceValue::Text(text) => match number(&text) {
            // Only where the number says all that the text says: not for 007.
            Ok(Some(value)) if value.to_string() == text => SourceValue::Number(value),
            Ok(_) | Err(_) => SourceValue::Text(text),
        },
        value @ (SourceValue::Number(_) | SourceValue::Flag(_) | SourceValue::Private(_)) => value,
    }
}

/// Adds a fact; a second one of the same name is `name_2`.
pub(super) fn insert(facts: &mut SourceFacts, name: &str, value: SourceValue) {
    let key = |number: u64| {
        if number == 1 {
            name.to_owned()
        } else {
            format!("{name}_{number}")
        }
    };
    // Not one by one: a file can repeat a member a million times.
    let (mut taken, mut free) = (0, 1);
    while facts.contains_key(&key(free)) {
        (taken, free) = (free, free * 2);
    }
    while free - taken > 1 {
        let middle = u64::midpoint(taken, free);
        if facts.contains_key(&key(middle)) {
            taken = middle;
        } else {
            free = middle;
        }
    }
    facts.insert(key(free), value);
}
