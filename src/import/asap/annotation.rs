//! Annotations of a file: class, type, place, and what else is said of them.

use super::Seen;
use super::coordinates::{self, Decimals, Place};
use super::exact::{self, NotTaken};
use super::groups::{Groups, NO_GROUP, attributes};
use crate::id::AnnotationId;
use crate::import::colour::colour_fact;
use crate::import::document::{
    Document, PrivateTextKind, SourceAnnotation, SourceFacts, SourceId, SourceValue,
};
use crate::import::personal;
use crate::import::report::LossReport;
use crate::import::report::Skip;
use crate::import::xml::{
    Ids, Labels, Tag, XmlError, XmlReader, keep_attributes, keep_member, lose_text, polygon, polyline,
    upright_box,
};
use crate::model::Geometry;
use crate::model::geometry::Position;

/// The attributes of an annotation that are read here.
const KNOWN: [&str; 6] = [
    "Name",
    "Type",
    "PartOfGroup",
    "Color",
    "HolotypeId",
    "HolotypeGeometry",
];

/// What the tool gives to annotations in no group.
const DEFAULT_COLOUR: &str = "#f4fa58";

/// The types that the tool knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Dot,
    Polygon,
    Spline,
    PointSet,
    Rectangle,
    Measurement,
    None,
}

impl Kind {
    const ALL: [(&'static str, Self); 7] = [
        ("Dot", Self::Dot),
        ("Polygon", Self::Polygon),
        ("Spline", Self::Spline),
        ("PointSet", Self::PointSet),
        ("Rectangle", Self::Rectangle),
        ("Measurement", Self::Measurement),
        ("None", Self::None),
    ];

    fn parse(text: Option<&str>) -> Result<Self, Skip> {
        let Some(text) = text else {
            return Err(Skip::new("annotation_without_type", "it has no 'Type'"));
        };
        let found = Self::ALL.iter().find(|(word, _)| *word == text);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            Skip::new(
                "type_unknown",
                format!("its 'Type' is '{text}', which is none of the tool's"),
            )
        })
    }
}

/// Reads annotations into a document.
#[derive(Default)]
pub(super) struct Annotations {
    labels: Labels,
    decimals: Decimals,
    read: u64,
    sets: u32,
    ids: Ids,
}

impl Annotations {
    /// Reads `<Annotations>`.
    pub(super) fn read(
        &mut self,
        reader: &mut XmlReader<'_>,
        list: &Tag<'_>,
        document: &mut Document,
    ) -> Result<(), XmlError> {
        while let Some(child) = reader.child()? {
            if child.name() == "Annotation" {
                self.read += 1;
                self.annotation(reader, &child, document)?;
                continue;
            }
            document.report.losses.add("member_not_kept", || {
                format!(
                    "{}: <{}> is no annotation",
                    reader.here(child.offset),
                    child.name()
                )
            });
            reader.leave(reader.depth())?;
        }
        lose_text(reader, list, &mut document.report);
        Ok(())
    }

    fn annotation(
        &mut self,
        reader: &mut XmlReader<'_>,
        tag: &Tag<'_>,
        document: &mut Document,
    ) -> Result<(), XmlError> {
        let report = &mut document.report;
        let mut facts = SourceFacts::new();
        keep_attributes(tag, &KNOWN, &mut facts);
        let (mut positions, mut seen) = (None, Seen::default());
        while let Some(child) = reader.child()? {
            match child.name() {
                "Coordinates" => {
                    seen.once(reader, &child, "Coordinates")?;
                    positions = Some(coordinates::read(reader, &child, &mut self.decimals, report)?);
                }
                "Attributes" => attributes(reader, &child, &mut facts, report)?,
                _ => keep_member(reader, &child, &mut facts, report)?,
            }
        }
        lose_text(reader, tag, report);
        let number = self.read;
        let here = || format!("{}, annotation {number}", reader.here(tag.offset));
        let places = positions
            .unwrap_or_else(|| Err(Skip::new("annotation_without_place", "it has no <Coordinates>")))
            .and_then(|place| {
                let group = group(tag)?;
                let kind = Kind::parse(tag.get("Type").as_deref())?;
                let places = match carried(tag, &place.positions, &here, report) {
                    Some(geometry) => {
                        if kind == Kind::Spline {
                            note(&mut facts, "Spline");
                        }
                        vec![geometry]
                    }
                    None => self.places(kind, place, &mut facts)?,
                };
                Ok((group, kind, places))
            });
        let (group, kind, places) = match places {
            Ok(found) => found,
            Err(skip) => {
                report
                    .losses
                    .add(skip.code, || format!("{}: {}", here(), skip.why));
                return Ok(());
            }
        };
        say(kind, &here, report);
        named(tag, &mut facts);
        let id = tag
            .get("HolotypeId")
            .and_then(|text| holotype_id(&text, &here, report));
        let label = group.map(|group| self.labels.index(&mut document.labels, &group));
        let only = places.len() == 1;
        for geometry in places {
            let id = id.filter(|_| only);
            let annotation = SourceAnnotation {
                image: 0,
                geometry,
                label,
                id: id.map(|id| SourceId::Holotype(*id.as_bytes())),
                ratings: Vec::new(),
                attributes: facts.clone(),
            };
            let id = id.map(|id| id.to_string());
            self.ids.push(reader, tag.offset, id, annotation, document)?;
        }
        Ok(())
    }

    /// Makes the places of a type, and notes what they do not tell of it.
    fn places(
        &mut self,
        kind: Kind,
        Place { positions, corners }: Place,
        facts: &mut SourceFacts,
    ) -> Result<Vec<Geometry>, Skip> {
        let place = match kind {
            Kind::Dot => match positions.as_slice() {
                [[x, y]] => Geometry::point(*x, *y),
                other => {
                    return Err(Skip::new(
                        "dot_unusable",
                        format!("it is a dot with {} positions", other.len()),
                    ));
                }
            },
            Kind::Polygon => polygon(positions)?,
            Kind::Spline => {
                note(facts, "Spline");
                polygon(positions)?
            }
            Kind::Rectangle => match corners.as_ref().and_then(upright_box) {
                Some(upright) => upright?,
                None => {
                    note(facts, "Rectangle");
                    polygon(positions)?
                }
            },
            Kind::Measurement => polyline(positions)?,
            Kind::PointSet => {
                if positions.is_empty() {
                    return Err(Skip::new("annotation_without_place", "it is a set of no points"));
                }
                self.sets += 1;
                facts.insert("point_set".to_owned(), SourceValue::Number(f64::from(self.sets)));
                return Ok(positions
                    .into_iter()
                    .map(|[x, y]| Geometry::point(x, y))
                    .collect());
            }
            Kind::None => {
                return Err(Skip::new("type_none", "its 'Type' is 'None', which has no shape"));
            }
        };
        Ok(vec![place])
    }

    /// Tells what concerns the whole file, once the groups are known.
    pub(super) fn finish(mut self, file: &str, groups: &Groups, document: &mut Document) {
        let (count, first) = groups.describe(&mut self.labels, document);
        let warnings = &mut document.report.warnings;
        warnings.add_many("group_not_declared", count, || {
            format!(
                "{file}: the group '{}' is not among <AnnotationGroups>; it is taken as a class",
                first.unwrap_or_default()
            )
        });
        warnings.add_many("decimal_comma", self.decimals.with_comma, || {
            format!("{file}: coordinates are written with a decimal comma")
        });
        if self.decimals.with_comma > 0 && self.decimals.with_point {
            warnings.add("decimals_mixed", || {
                format!("{file}: some numbers have a decimal comma, others a point; a comma is never a thousand here")
            });
        }
        // An annotation has the colour of its group, unless somebody gave it another.
        for annotation in &mut document.annotations {
            let label = annotation.label.and_then(|label| document.labels.get(label));
            let Some(label) = label else { continue };
            for key in ["colour", "colour_as_given"] {
                let colour = annotation.attributes.get(key);
                if colour.is_some_and(|colour| groups.has_colour(&label.name, colour)) {
                    annotation.attributes.remove(key);
                }
            }
        }
    }
}

/// Notes a type that the shape does not tell.
fn note(facts: &mut SourceFacts, kind: &str) {
    facts.insert("asap_type".to_owned(), SourceValue::Text(kind.to_owned()));
}

/// The class: `None` for the group of what has none.
fn group(tag: &Tag<'_>) -> Result<Option<String>, Skip> {
    match tag.get("PartOfGroup") {
        Some(group) if group == NO_GROUP => Ok(None),
        Some(group) if !group.is_empty() => Ok(Some(group.into_owned())),
        Some(_) | None => Err(Skip::new("annotation_without_class", "it has no 'PartOfGroup'")),
    }
}

/// Tells what a type loses.
fn say(kind: Kind, here: &impl Fn() -> String, report: &mut LossReport) {
    match kind {
        Kind::Spline => report.losses.add("spline_as_polygon", || {
            format!(
                "{}: of a spline the control points are kept; the curve between them is not",
                here()
            )
        }),
        Kind::PointSet => report.warnings.add("point_set_divided", || {
            format!("{}: a set of points becomes one annotation a point", here())
        }),
        Kind::Dot | Kind::Polygon | Kind::Rectangle | Kind::Measurement | Kind::None => {}
    }
}

/// Keeps name and colour where the tool did not give them by itself. A number names nobody; any other name was typed by
/// somebody.
fn named(tag: &Tag<'_>, facts: &mut SourceFacts) {
    let is_ungrouped = tag.get("PartOfGroup").is_some_and(|group| group == NO_GROUP);
    if let Some(colour) = tag.get("Color").filter(|colour| !colour.is_empty())
        && !(is_ungrouped && colour.eq_ignore_ascii_case(DEFAULT_COLOUR))
    {
        let (key, colour) = colour_fact(&colour);
        facts.insert(key.to_owned(), SourceValue::Text(colour));
    }
    if let Some(name) = tag.get("Name").filter(|name| !name.is_empty()) {
        let value = match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "Annotation " => return,
            "" | "_" => SourceValue::Text(name.into_owned()),
            _ => personal::private(PrivateTextKind::FreeText, &name),
        };
        facts.insert("name".to_owned(), value);
    }
}

/// Takes the geometry that our own export carries, while it is the one that is drawn.
fn carried(
    tag: &Tag<'_>,
    positions: &[Position],
    here: &impl Fn() -> String,
    report: &mut LossReport,
) -> Option<Geometry> {
    let text = tag.get("HolotypeGeometry")?;
    let (code, why) = match exact::read(&text, positions) {
        Ok(geometry) => return Some(geometry),
        Err(NotTaken::Unreadable) => ("holotype_geometry_unusable", "'HolotypeGeometry' is no geometry"),
        Err(NotTaken::DrawnAnew) => (
            "drawn_anew",
            "its positions are no longer those of 'HolotypeGeometry'; what is drawn is taken",
        ),
    };
    report.warnings.add(code, || format!("{}: {why}", here()));
    None
}

/// Reads an id of Holotype's own.
fn holotype_id(text: &str, here: &impl Fn() -> String, report: &mut LossReport) -> Option<AnnotationId> {
    match AnnotationId::parse(text) {
        Ok(id) => Some(id),
        Err(_) => {
            report.warnings.add("holotype_id_unusable", || {
                format!("{}: 'HolotypeId' is not the 48 hex digits of an id", here())
            });
            None
        }
    }
}
