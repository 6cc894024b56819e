//! Rows of a list, one by one, as annotations of a document.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Columns, Writer};
use super::error::CsvProblem;
use super::place::{Numbers, PlaceCells};
use crate::id::AnnotationId;
use crate::import::document::{
    Document, PrivateTextKind, SourceAnnotation, SourceFacts, SourceId, SourceImage, SourceLabel,
    SourcePerson, SourceRating, SourceScreening, SourceValue,
};
use crate::import::report::Skip;
use crate::import::{file_name, personal};
use crate::model::cell::{cell_to_fact, cell_to_text};
use crate::model::{FactValue, Geometry};

/// Extensions of such files; without them a file's name is that of its image.
const EXTENSIONS: [&str; 3] = ["csv", "tsv", "txt"];

/// A document that says: this image was looked at, and nothing was found.
pub(super) fn nothing_found(file: &str) -> Document {
    let mut document = Document::default();
    let name = file_name::stem(file, &EXTENSIONS).to_owned();
    document.images.push(SourceImage {
        name,
        ..SourceImage::default()
    });
    document.screenings.push(whole(0));
    document
}

const fn whole(image: usize) -> SourceScreening {
    SourceScreening {
        image,
        region: None,
        person: None,
    }
}

/// An annotation that has been read already, and where.
struct Seen {
    line: u64,
    annotation: usize,
}

/// Reads rows into a document.
pub(super) struct Rows<'c> {
    file: &'c str,
    columns: &'c Columns,
    numbers: Numbers,
    document: Document,
    images: BTreeMap<String, usize>,
    labels: BTreeMap<String, usize>,
    people: BTreeMap<String, usize>,
    seen: BTreeMap<(usize, String), Seen>,
    /// Images that a row names and nothing else.
    empty: BTreeSet<usize>,
    /// Rows whose places all lie between 0 and 1, and other ones.
    relative: u64,
    absolute: u64,
    rows: u64,
}

/// One row.
struct Row<'r> {
    line: u64,
    record: &'r csv::StringRecord,
}

impl<'r> Row<'r> {
    fn cell(&self, column: Option<usize>) -> &'r str {
        column.and_then(|column| self.record.get(column)).unwrap_or("")
    }

    fn text(&self, column: Option<usize>) -> &'r str {
        cell_to_text(self.cell(column))
    }
}

impl<'c> Rows<'c> {
    pub(super) fn new(file: &'c str, columns: &'c Columns, separator: char) -> Self {
        Self {
            file,
            columns,
            numbers: Numbers::new(separator),
            document: Document::default(),
            images: BTreeMap::new(),
            labels: BTreeMap::new(),
            people: BTreeMap::new(),
            seen: BTreeMap::new(),
            empty: BTreeSet::new(),
            relative: 0,
            absolute: 0,
            rows: 0,
        }
    }

    /// Reads a row.
    pub(super) fn read(&mut self, line: u64, record: &csv::StringRecord) -> Result<(), CsvProblem> {
        self.rows += 1;
        match self.annotation(&Row { line, record })? {
            Ok(Some(annotation)) => self.add(line, annotation)?,
            Ok(None) => {}
            Err(skip) => self.lose(line, &skip),
        }
        Ok(())
    }

    /// Reads a row as an annotation; `None` where it names an image alone.
    fn annotation(&mut self, row: &Row<'_>) -> Result<Result<Option<SourceAnnotation>, Skip>, CsvProblem> {
        let image = match self.image(row)? {
            Ok(image) => image,
            Err(skip) => return Ok(Err(skip)),
        };
        if self.is_image_alone(row.record) {
            self.empty.insert(image);
            return Ok(Ok(None));
        }
        let geometry = match self.geometry(row)? {
            Ok(geometry) => geometry,
            Err(skip) => return Ok(Err(skip)),
        };
        Ok(self.described(row, image, geometry).map(Some))
    }

    fn described(
        &mut self,
        row: &Row<'_>,
        image: usize,
        geometry: Geometry,
    ) -> Result<SourceAnnotation, Skip> {
        let label = self.label(row)?;
        let id = self.id(row)?;
        let person = self.person(row.text(self.columns.annotator));
        let rating = person.map(|person| SourceRating {
            person,
            label,
            claimed_at: None,
        });
        Ok(SourceAnnotation {
            image,
            geometry,
            label,
            id,
            ratings: rating.into_iter().collect(),
            attributes: self.attributes(row.record),
        })
    }

    /// Ends the document.
    pub(super) fn finish(mut self) -> Document {
        let file = self.file;
        if self.rows == 0 && self.columns.image.is_none() {
            let mut found_none = nothing_found(file);
            found_none.report = self.document.report;
            return found_none;
        }
        let report = &mut self.document.report;
        if self.rows == 0 {
            report.warnings.add("no_rows", || {
                format!("{file}: it has a column for the image and no row, so it says of no image that nothing was found")
            });
        }
        if self.absolute == 0 {
            report.warnings.add_many("coordinates_look_relative", self.relative, || {
                format!("{file}: every coordinate lies between 0 and 1, as parts of a width have it; they were taken as pixels")
            });
        }
        let with: BTreeSet<usize> = self.document.annotations.iter().map(|one| one.image).collect();
        for image in self.empty {
            if with.contains(&image) {
                let name = self
                    .document
                    .images
                    .get(image)
                    .map_or("", |image| image.name.as_str());
                report.warnings.add("empty_row_beside_annotations", || {
                    format!("{file}: a row says that nothing was found on '{name}', others say what was")
                });
            } else {
                self.document.screenings.push(whole(image));
            }
        }
        for column in &self.columns.passed_over {
            report.losses.add_many("column_passed_over", self.rows, || {
                format!("{file}: column {} is passed over, as it was asked", column + 1)
            });
        }
        self.document
    }

    fn lose(&mut self, line: u64, skip: &Skip) {
        let file = self.file;
        self.document
            .report
            .losses
            .add(skip.code, || format!("{file}, line {line}: {}", skip.why));
    }

    fn warn(&mut self, code: &'static str, line: u64, message: impl FnOnce() -> String) {
        let file = self.file;
        self.document
            .report
            .warnings
            .add(code, || format!("{file}, line {line}: {}", message()));
    }

    /// Whether a row names its image and nothing else.
    fn is_image_alone(&self, record: &csv::StringRecord) -> bool {
        let Some(image) = self.columns.image else {
            return false;
        };
        let size = self.columns.image_size.unwrap_or([image; 2]);
        record
            .iter()
            .enumerate()
            .all(|(column, cell)| column == image || size.contains(&column) || cell.trim().is_empty())
    }

    fn image(&mut self, row: &Row<'_>) -> Result<Result<usize, Skip>, CsvProblem> {
        let given = match self.columns.image {
            None => file_name::stem(self.file, &EXTENSIONS),
            Some(_) => row.text(self.columns.image),
        };
        if given.is_empty() {
            return Ok(Err(Skip::new("row_without_image", "it names no image")));
        }
        let index = match self.images.get(given) {
            Some(index) => *index,
            None => self.new_image(row.line, given),
        };
        let Some(size) = self.columns.image_size else {
            return Ok(Ok(index));
        };
        let mut read = [None; 2];
        for (read, column) in read.iter_mut().zip(size) {
            let number = self
                .numbers
                .read(row.line, self.columns.name(column), row.cell(Some(column)))?;
            *read = number
                .map(|number| number.to_f64())
                .filter(|number| *number > 0.0);
        }
        if let (Some(image), [Some(width), Some(height)]) = (self.document.images.get_mut(index), read) {
            let first = (
                *image.width.get_or_insert(width),
                *image.height.get_or_insert(height),
            );
            if first != (width, height) {
                let name = image.name.clone();
                self.warn("image_size_differs", row.line, || {
                    format!("the image '{name}' has another size than on a line before")
                });
            }
        }
        Ok(Ok(index))
    }

    fn new_image(&mut self, line: u64, given: &str) -> usize {
        let (folder, name) = personal::split_absolute(given);
        let mut image = SourceImage {
            name: name.to_owned(),
            folder: folder.map(str::to_owned),
            ..SourceImage::default()
        };
        if folder.is_some() {
            self.warn("absolute_path", line, || {
                "the image is named by an absolute path, which can name a person".to_owned()
            });
            let path = personal::private(PrivateTextKind::Path, given);
            image.facts.insert("path".to_owned(), path);
        }
        let index = self.document.images.len();
        self.document.images.push(image);
        self.images.insert(given.to_owned(), index);
        index
    }

    fn geometry(&mut self, row: &Row<'_>) -> Result<Result<Geometry, Skip>, CsvProblem> {
        let written = row.cell(self.columns.geometry).trim();
        if !written.is_empty() {
            return Ok(serde_json::from_str(written).map_err(|error| {
                Skip::new(
                    "geometry_unreadable",
                    format!("its geometry is none of Holotype's: {error}"),
                )
            }));
        }
        let Some(place) = &self.columns.place else {
            return Ok(Err(Skip::new("coordinate_not_a_number", "it has no geometry")));
        };
        let cells = PlaceCells {
            line: row.line,
            record: row.record,
            names: &self.columns.names,
        };
        let geometry = cells.geometry(place, &mut self.numbers)?;
        if let Some(bounds) = geometry.as_ref().ok().and_then(Geometry::bounds) {
            let all = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max];
            let is_relative = all.iter().all(|number| (0.0..=1.0).contains(number))
                && all.iter().any(|number| number.fract() != 0.0);
            self.relative += u64::from(is_relative);
            self.absolute += u64::from(!is_relative);
        }
        Ok(geometry)
    }

    fn label(&mut self, row: &Row<'_>) -> Result<Option<usize>, Skip> {
        if self.columns.label.is_none() {
            let line = row.line;
            self.warn("without_label", line, || "no column says what this is".to_owned());
            return Ok(None);
        }
        let cell = row.cell(self.columns.label);
        let name = cell_to_text(cell);
        if name.is_empty() {
            return match self.columns.writer {
                Writer::Holotype => Ok(None),
                Writer::Other => Err(Skip::new("row_without_label", "its class is missing")),
            };
        }
        if cell.len() != name.len() && cell.trim() != cell {
            self.warn("white_space_around_name", row.line, || {
                format!("white space around the name '{name}' is left out")
            });
        }
        if let Some(label) = self.labels.get(name) {
            return Ok(Some(*label));
        }
        let index = self.document.labels.len();
        self.document.labels.push(SourceLabel {
            name: name.to_owned(),
            facts: SourceFacts::new(),
        });
        self.labels.insert(name.to_owned(), index);
        Ok(Some(index))
    }

    fn id(&mut self, row: &Row<'_>) -> Result<Option<SourceId>, Skip> {
        let own = row.text(self.columns.own_id);
        if !own.is_empty() {
            return match AnnotationId::parse(own) {
                Ok(id) => Ok(Some(SourceId::Holotype(*id.as_bytes()))),
                Err(error) => Err(Skip::new("holotype_id_unreadable", error.to_string())),
            };
        }
        let id = row.text(self.columns.id);
        if id.is_empty() {
            return Ok(None);
        }
        Ok(Some(match uuid::Uuid::parse_str(id) {
            Ok(uuid) => SourceId::Uuid(*uuid.as_bytes()),
            Err(_) => SourceId::Local(id.to_owned()),
        }))
    }

    fn person(&mut self, name: &str) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        if let Some(person) = self.people.get(name) {
            return Some(*person);
        }
        let index = self.document.people.len();
        self.document.people.push(SourcePerson {
            name: name.to_owned(),
            kind: None,
        });
        self.people.insert(name.to_owned(), index);
        Some(index)
    }

    fn attributes(&self, record: &csv::StringRecord) -> SourceFacts {
        let cells = self.columns.attributes.iter();
        let values = cells.filter_map(|(column, name)| {
            let value = cell_to_fact(record.get(*column)?)?;
            Some((name.clone(), attribute(name, value)))
        });
        values.collect()
    }

    /// Adds an annotation; a row that repeats one adds what is new of who said what.
    fn add(&mut self, line: u64, annotation: SourceAnnotation) -> Result<(), CsvProblem> {
        let Some(id) = annotation.id.as_ref().map(id_text) else {
            self.document.annotations.push(annotation);
            return Ok(());
        };
        let key = (annotation.image, id);
        let Some(seen) = self.seen.get(&key) else {
            let index = self.document.annotations.len();
            self.document.annotations.push(annotation);
            self.seen.insert(
                key,
                Seen {
                    line,
                    annotation: index,
                },
            );
            return Ok(());
        };
        let first = seen.line;
        let differs = CsvProblem::IdTwice {
            id: key.1,
            first,
            second: line,
        };
        let Some(known) = self.document.annotations.get_mut(seen.annotation) else {
            return Err(differs);
        };
        if *known == annotation {
            self.warn("row_repeated", line, || format!("it says what line {first} says"));
            return Ok(());
        }
        let is_other_rating = !annotation.ratings.is_empty()
            && known.geometry == annotation.geometry
            && !known.ratings.is_empty()
            && annotation
                .ratings
                .iter()
                .all(|new| known.ratings.iter().all(|old| old.person != new.person));
        if !is_other_rating {
            return Err(differs);
        }
        known.ratings.extend(annotation.ratings);
        let is_agreed = known.label == annotation.label;
        let attributes_differ = known.attributes != annotation.attributes;
        if !is_agreed {
            known.label = None;
            self.warn("label_not_agreed", line, || {
                "its annotators give it different classes; it has no agreed one".to_owned()
            });
        }
        if attributes_differ {
            let skip = Skip::new(
                "attributes_of_rating",
                format!("what else it says differs from line {first}, which is kept"),
            );
            self.lose(line, &skip);
        }
        Ok(())
    }
}

/// An attribute's value, privately where it can name a person.
fn attribute(name: &str, value: FactValue) -> SourceValue {
    match personal::text_value(name, &value.to_string()) {
        private @ SourceValue::Private(_) => private,
        SourceValue::Text(_) | SourceValue::Number(_) | SourceValue::Flag(_) => match value {
            FactValue::Text(text) => SourceValue::Text(text),
            FactValue::Number(number) => SourceValue::Number(number),
            FactValue::Flag(flag) => SourceValue::Flag(flag),
            // No cell is read as one.
            FactValue::Private(id) => SourceValue::Text(id.to_string()),
        },
    }
}

fn id_text(id: &SourceId) -> String {
    match id {
        SourceId::Uuid(bytes) => uuid::Uuid::from_bytes(*bytes).to_string(),
        SourceId::Holotype(bytes) => AnnotationId::from_bytes(*bytes).to_string(),
        SourceId::Local(text) => text.clone(),
    }
}
