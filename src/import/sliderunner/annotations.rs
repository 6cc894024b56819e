//! Annotations: their coordinates in order, their type, their ids, what the source records as agreed.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::ValueRef;
use uuid::Uuid;

use super::carried::Carried;
use super::error::SlideRunnerError;
use super::lists::{Classes, Slides, add_other_cells, place, whole_value};
use super::ratings::{Ratings, count};
use super::schema::{Cells, Schema};
use crate::import::document::{
    Document, PrivateTextKind, SourceAnnotation, SourceFacts, SourceId, SourceRating, SourceValue,
};
use crate::import::personal;
use crate::import::report::LossReport;
use crate::model::Geometry;
use crate::model::geometry::{Plane, Position, Shape};
use crate::model::sliderunner::{Fit, Kind, plane, shape};

const COLUMNS: [&str; 10] = [
    "uid",
    "slide",
    "type",
    "agreedClass",
    "guid",
    "deleted",
    "description",
    "clickable",
    "exact_id",
    "lastModified",
];

/// One row of `Annotations_coordinates`; a coordinate that is not a finite number is `None`.
struct Coordinate {
    order: Option<f64>,
    uid: Option<i64>,
    position: Option<Position>,
    z: f64,
}

/// What annotations name by their uids.
#[derive(Clone, Copy)]
pub(super) struct Lists<'a> {
    pub(super) slides: &'a Slides,
    pub(super) classes: &'a Classes,
}

/// Reads all annotations, in uid order, into the document.
pub(super) fn read(
    schema: &Schema<'_>,
    lists: &Lists<'_>,
    mut carried: Carried,
    ratings: &mut Ratings,
    document: &mut Document,
) -> Result<(), SlideRunnerError> {
    let extra = schema.other_columns("Annotations", &COLUMNS);
    let columns: Vec<&str> = COLUMNS
        .into_iter()
        .chain(extra.iter().map(String::as_str))
        .collect();
    let mut coordinates = read_coordinates(schema, &mut document.report)?;
    let (mut uids, mut guids) = (BTreeSet::new(), BTreeSet::new());
    schema.rows("Annotations", &columns, |cells| {
        let here = place(schema, "Annotations", cells);
        let Some(uid) = cells.integer(0).filter(|uid| uids.insert(*uid)) else {
            document
                .report
                .losses
                .add("uid_repeated", || format!("{here}: it has no uid of its own"));
            return Ok(());
        };
        let own = Own {
            uid,
            ratings: ratings.take(uid),
            coordinates: coordinates.remove(&uid).unwrap_or_default(),
        };
        let mut reading = Reading {
            cells,
            columns: &columns,
            here,
            report: &mut document.report,
        };
        let rated = count(own.ratings.len());
        match reading.annotation(own, lists, &mut guids)? {
            Some(mut annotation) => {
                let here = &reading.here;
                if let Some(carried) = carried.take(uid, here, &mut annotation, reading.report) {
                    document
                        .carried
                        .annotations
                        .insert(document.annotations.len(), carried);
                }
                document.annotations.push(annotation);
            }
            None => reading
                .report
                .losses
                .add_many("label_of_lost_annotation", rated, || {
                    format!("{}: its label rows are not taken over either", reading.here)
                }),
        }
        Ok(())
    })?;
    ratings.report_rest(schema, &mut document.report);
    for (annotation, rest) in coordinates {
        document
            .report
            .losses
            .add_many("coordinates_without_annotation", count(rest.len()), || {
                format!(
                    "{}: Annotations_coordinates names annotation {annotation}, which does not exist",
                    schema.file
                )
            });
    }
    Ok(())
}

/// What other tables hold of one annotation.
struct Own {
    uid: i64,
    ratings: Vec<SourceRating>,
    coordinates: Vec<Coordinate>,
}

/// One row of `Annotations` while it is read.
struct Reading<'a, 'r> {
    cells: &'a Cells<'r>,
    columns: &'a [&'a str],
    here: String,
    report: &'a mut LossReport,
}

impl Reading<'_, '_> {
    /// Builds the annotation; `None` when it cannot be taken over, which is then in the report.
    fn annotation(
        &mut self,
        own: Own,
        lists: &Lists<'_>,
        guids: &mut BTreeSet<[u8; 16]>,
    ) -> Result<Option<SourceAnnotation>, SlideRunnerError> {
        if self.cells.number(5).is_some_and(|deleted| deleted != 0.0) {
            self.lose("deleted_in_source", "the source marks it as deleted");
            return Ok(None);
        }
        let Some(image) = lists.slides.index(self.cells.integer(1)) else {
            self.lose("annotation_without_slide", "its slide does not exist");
            return Ok(None);
        };
        let kind = Kind::of(self.cells.integer(2));
        let mut attributes = SourceFacts::new();
        let Some(geometry) = self.geometry(kind, &own.coordinates, &mut attributes) else {
            return Ok(None);
        };
        if kind == Kind::SpecialSpot {
            attributes.insert("special".to_owned(), SourceValue::Flag(true));
        }
        self.add_attributes(&mut attributes)?;
        let id = self.id(own.uid, guids, &mut attributes)?;
        self.warn_of_repeated_ratings(&own.ratings);
        Ok(Some(SourceAnnotation {
            image,
            geometry,
            label: self.agreed(lists.classes),
            id: Some(id),
            ratings: own.ratings,
            attributes,
        }))
    }

    fn geometry(
        &mut self,
        kind: Kind,
        coordinates: &[Coordinate],
        attributes: &mut SourceFacts,
    ) -> Option<Geometry> {
        let points: Option<Vec<Position>> =
            coordinates.iter().map(|coordinate| coordinate.position).collect();
        let Some(points) = points.or_else(|| (kind == Kind::ImageLabel).then(Vec::new)) else {
            self.lose(
                "coordinate_not_a_number",
                "one of its coordinates is not a finite number",
            );
            return None;
        };
        let Some((shape, fit)) = shape(kind, &points) else {
            self.lose(
                "annotation_without_place",
                "it has no coordinates, or none that a size can be computed from",
            );
            return None;
        };
        let has_place = coordinates.iter().any(|coordinate| coordinate.position.is_some());
        if shape == Shape::Image && has_place {
            self.lose(
                "coordinates_of_image_label",
                "it labels the whole image; its coordinates are not taken over",
            );
        }
        if fit == Fit::ByCoordinates {
            let type_as_given = match self.cells.get(2) {
                ValueRef::Integer(number) => Some(whole_value(number)),
                ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => None,
            };
            if let Some(value) = type_as_given {
                attributes.insert("source_type".to_owned(), value);
            }
            self.warn(
                "type_does_not_fit",
                "its type is unknown or needs another number of coordinates; these make it a point or a polygon",
            );
        }
        let plane = self.plane(coordinates);
        Some(Geometry { shape, plane })
    }

    /// The focus level that all coordinates share; level 0 is a plain image.
    fn plane(&mut self, coordinates: &[Coordinate]) -> Option<Plane> {
        let z = coordinates.first()?.z;
        if coordinates.iter().any(|coordinate| coordinate.z != z) {
            self.lose(
                "plane_unusable",
                "its coordinates lie in different planes; none is taken over",
            );
            return None;
        }
        plane(z).unwrap_or_else(|_| {
            self.lose("plane_unusable", "its coordinateZ is not a whole number from 0");
            None
        })
    }

    /// The label that the source records as agreed: 0, none and an unknown class are no label.
    fn agreed(&mut self, classes: &Classes) -> Option<usize> {
        let class = self.cells.integer(3).unwrap_or(0);
        let label = classes.index(class);
        if label.is_none() && class != 0 {
            self.lose(
                "unknown_class",
                &format!("its agreed class {class} is not in Classes"),
            );
        }
        label
    }

    fn add_attributes(&mut self, attributes: &mut SourceFacts) -> Result<(), SlideRunnerError> {
        if let Some(description) = self.cells.text(6)? {
            let kind = PrivateTextKind::FreeText;
            attributes.insert("description".to_owned(), personal::private(kind, &description));
        }
        if self.cells.integer(7) == Some(0) {
            attributes.insert("clickable".to_owned(), SourceValue::Flag(false));
        }
        if let Some(id) = self.cells.integer(8).filter(|id| *id != 0) {
            attributes.insert("exact_id".to_owned(), whole_value(id));
        }
        add_other_cells(
            self.cells,
            self.columns,
            COLUMNS.len(),
            attributes,
            &self.here,
            self.report,
        )
    }

    /// A guid is a strong id, a uid a weak one: after a migration it can name something else.
    fn id(
        &mut self,
        uid: i64,
        guids: &mut BTreeSet<[u8; 16]>,
        attributes: &mut SourceFacts,
    ) -> Result<SourceId, SlideRunnerError> {
        let local = SourceId::Local(uid.to_string());
        let Some(text) = self.cells.text(4)? else {
            return Ok(local);
        };
        match Uuid::parse_str(text.trim()) {
            Ok(guid) if guid.is_nil() => {
                self.warn("guid_unusable", "its guid is all zeros; its uid stands in");
                Ok(local)
            }
            Ok(guid) if guids.insert(*guid.as_bytes()) => Ok(SourceId::Uuid(*guid.as_bytes())),
            Ok(_) => {
                self.warn(
                    "guid_repeated",
                    "its guid is that of an earlier annotation; its uid stands in",
                );
                Ok(local)
            }
            Err(_) => {
                self.warn(
                    "guid_unusable",
                    "its guid is no UUID; kept as an attribute, its uid stands in",
                );
                attributes.insert("guid".to_owned(), SourceValue::Text(text));
                Ok(local)
            }
        }
    }

    fn warn_of_repeated_ratings(&mut self, ratings: &[SourceRating]) {
        let mut of_person: BTreeMap<usize, u64> = BTreeMap::new();
        for rating in ratings {
            *of_person.entry(rating.person).or_default() += 1;
        }
        let repeated = count(of_person.values().filter(|times| **times > 1).count());
        self.report.warnings.add_many("person_rated_again", repeated, || {
            format!(
                "{}: one person labelled it more than once; all labels are kept, in order",
                self.here
            )
        });
    }

    fn lose(&mut self, code: &'static str, why: &str) {
        self.report.losses.add(code, || format!("{}: {why}", self.here));
    }

    fn warn(&mut self, code: &'static str, why: &str) {
        self.report.warnings.add(code, || format!("{}: {why}", self.here));
    }
}

/// Reads the coordinates of all annotations, each in the order (orderIdx, uid).
fn read_coordinates(
    schema: &Schema<'_>,
    report: &mut LossReport,
) -> Result<BTreeMap<i64, Vec<Coordinate>>, SlideRunnerError> {
    let columns = [
        "uid",
        "annoId",
        "orderIdx",
        "coordinateX",
        "coordinateY",
        "coordinateZ",
    ];
    let mut by_annotation: BTreeMap<i64, Vec<Coordinate>> = BTreeMap::new();
    schema.rows("Annotations_coordinates", &columns, |cells| {
        let Some(annotation) = cells.integer(1) else {
            report.losses.add("coordinates_without_annotation", || {
                format!(
                    "{}: it names no annotation",
                    place(schema, "Annotations_coordinates", cells)
                )
            });
            return Ok(());
        };
        by_annotation.entry(annotation).or_default().push(Coordinate {
            order: cells.number(2),
            uid: cells.integer(0),
            position: cells.number(3).zip(cells.number(4)).map(|(x, y)| [x, y]),
            z: cells.number(5).unwrap_or(0.0),
        });
        Ok(())
    })?;
    for coordinates in by_annotation.values_mut() {
        coordinates.sort_by(|a, b| {
            let (order_a, order_b) = (
                a.order.unwrap_or(f64::NEG_INFINITY),
                b.order.unwrap_or(f64::NEG_INFINITY),
            );
            order_a.total_cmp(&order_b).then(a.uid.cmp(&b.uid))
        });
    }
    Ok(by_annotation)
}
