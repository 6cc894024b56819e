//! The three lists of a database: slides, classes, persons; each with its way from the file's uid to our index.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::ValueRef;

use super::error::SlideRunnerError;
use super::ratings::LabelRow;
use super::schema::{Cells, Schema, whole_to_number};
use crate::import::colour::colour_fact;
use crate::import::document::{Document, SourceFacts, SourceImage, SourceLabel, SourcePerson, SourceValue};
use crate::import::personal;
use crate::import::report::LossReport;

const SLIDE_COLUMNS: [&str; 8] = [
    "uid",
    "filename",
    "width",
    "height",
    "directory",
    "uuid",
    "exactImageID",
    "EXACTUSER",
];
const CLASS_COLUMNS: [&str; 4] = ["uid", "name", "color", "colour"];
const PERSON_COLUMNS: [&str; 2] = ["uid", "name"];

/// The slides: uid to index into the document's images.
pub(super) struct Slides(BTreeMap<i64, usize>);

impl Slides {
    pub(super) fn index(&self, uid: Option<i64>) -> Option<usize> {
        uid.and_then(|uid| self.0.get(&uid).copied())
    }

    /// Reads the slides into the document.
    pub(super) fn read(schema: &Schema<'_>, document: &mut Document) -> Result<Self, SlideRunnerError> {
        let extra = schema.other_columns("Slides", &SLIDE_COLUMNS);
        let columns: Vec<&str> = SLIDE_COLUMNS
            .into_iter()
            .chain(extra.iter().map(String::as_str))
            .collect();
        let mut slides = Self(BTreeMap::new());
        schema.rows("Slides", &columns, |cells| {
            let place = || place(schema, "Slides", cells);
            let (Some(uid), Some(filename)) = (cells.integer(0), cells.text(1)?) else {
                document.report.losses.add("slide_without_name", || {
                    format!("{}: it has no uid or no file name", place())
                });
                return Ok(());
            };
            if slides.0.contains_key(&uid) {
                document
                    .report
                    .losses
                    .add("uid_repeated", || format!("{}: the uid occurs before", place()));
                return Ok(());
            }
            let image = slide(cells, &columns, filename, &place(), &mut document.report)?;
            slides.0.insert(uid, document.images.len());
            document.images.push(image);
            Ok(())
        })?;
        warn_of_equal_names(schema.file, document);
        Ok(slides)
    }
}

fn slide(
    cells: &Cells<'_>,
    columns: &[&str],
    filename: String,
    place: &str,
    report: &mut LossReport,
) -> Result<SourceImage, SlideRunnerError> {
    let (folder_in_name, name) = personal::split_absolute(&filename);
    let folder = cells.text(4)?.or_else(|| folder_in_name.map(str::to_owned));
    if folder.as_deref().is_some_and(personal::is_absolute_path) {
        report.warnings.add("absolute_directory", || {
            format!("{place}: its directory is an absolute path, which can name a person; it is not stored as it is")
        });
    }
    let mut size = |column: usize| {
        let value = cells.number(column).filter(|value| *value > 0.0);
        if value.is_none() && cells.get(column) != ValueRef::Null {
            report.warnings.add("size_unusable", || {
                format!("{place}: its width or height is not a positive number")
            });
        }
        value
    };
    let (width, height) = (size(2), size(3));
    let mut facts = SourceFacts::new();
    if let Some(uuid) = cells.text(5)? {
        facts.insert("uuid".to_owned(), SourceValue::Text(uuid));
    }
    if let Some(id) = cells.text(6)? {
        facts.insert("exact_image_id".to_owned(), SourceValue::Text(id));
    }
    add_other_cells(cells, columns, SLIDE_COLUMNS.len(), &mut facts, place, report)?;
    Ok(SourceImage {
        name: name.to_owned(),
        folder,
        width,
        height,
        facts,
    })
}

/// A slide's key is (directory, filename); names repeat within one file.
fn warn_of_equal_names(file: &str, document: &mut Document) {
    let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
    for image in &document.images {
        let name = image.name.as_str();
        let new_name = names.insert(name);
        if !keys.insert((image.folder.as_deref(), name)) {
            document.report.warnings.add("slide_repeated", || {
                format!("{file}: two slides have the file name '{name}' in the same directory")
            });
        } else if !new_name {
            document.report.warnings.add("slide_name_repeated", || {
                format!("{file}: slides in several directories have the file name '{name}'")
            });
        }
    }
}

/// The classes: uid to index into the document's labels. Two uids of one name are one label.
pub(super) struct Classes(BTreeMap<i64, usize>);

impl Classes {
    pub(super) fn index(&self, uid: i64) -> Option<usize> {
        self.0.get(&uid).copied()
    }

    /// Reads the classes into the document.
    pub(super) fn read(schema: &Schema<'_>, document: &mut Document) -> Result<Self, SlideRunnerError> {
        let extra = schema.other_columns("Classes", &CLASS_COLUMNS);
        let columns: Vec<&str> = CLASS_COLUMNS
            .into_iter()
            .chain(extra.iter().map(String::as_str))
            .collect();
        let mut classes = Self(BTreeMap::new());
        let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
        schema.rows("Classes", &columns, |cells| {
            let place = || place(schema, "Classes", cells);
            let (Some(uid), Some(name)) = (cells.integer(0), cells.text(1)?) else {
                document.report.losses.add("class_without_name", || {
                    format!("{}: it has no uid or no name", place())
                });
                return Ok(());
            };
            if let Some(index) = by_name.get(&name) {
                document.report.warnings.add("class_name_repeated", || {
                    format!(
                        "{}: another class has the name '{name}'; both are read as one",
                        place()
                    )
                });
                classes.0.entry(uid).or_insert(*index);
                return Ok(());
            }
            if classes.0.contains_key(&uid) {
                document
                    .report
                    .losses
                    .add("uid_repeated", || format!("{}: the uid occurs before", place()));
                return Ok(());
            }
            let mut facts = SourceFacts::new();
            if let Some(colour) = cells.text(2)?.or(cells.text(3)?) {
                let (key, text) = colour_fact(&colour);
                facts.insert(key.to_owned(), SourceValue::Text(text));
            }
            add_other_cells(
                cells,
                &columns,
                CLASS_COLUMNS.len(),
                &mut facts,
                &place(),
                &mut document.report,
            )?;
            classes.0.insert(uid, document.labels.len());
            by_name.insert(name.clone(), document.labels.len());
            document.labels.push(SourceLabel { name, facts });
            Ok(())
        })?;
        Ok(classes)
    }
}

/// The persons: uid to index into the document's people.
pub(super) struct Persons(BTreeMap<i64, usize>);

impl Persons {
    pub(super) fn index(&self, uid: i64) -> Option<usize> {
        self.0.get(&uid).copied()
    }

    /// Reads the persons who are listed, or who rated, in uid order.
    pub(super) fn read(
        schema: &Schema<'_>,
        rows: &[LabelRow],
        document: &mut Document,
    ) -> Result<Self, SlideRunnerError> {
        let mut names: BTreeMap<i64, Option<String>> = rows
            .iter()
            .filter_map(|row| row.person)
            .map(|uid| (uid, None))
            .collect();
        schema.rows("Persons", &PERSON_COLUMNS, |cells| {
            let Some(uid) = cells.integer(0) else {
                document
                    .report
                    .losses
                    .add("row_without_uid", || place(schema, "Persons", cells));
                return Ok(());
            };
            let name = cells.text(1)?;
            let known = names.entry(uid).or_insert(None);
            if known.is_some() {
                document.report.losses.add("uid_repeated", || {
                    format!("{}: the uid occurs before", place(schema, "Persons", cells))
                });
                return Ok(());
            }
            *known = name;
            Ok(())
        })?;
        let (mut persons, mut seen) = (Self(BTreeMap::new()), BTreeSet::new());
        for (uid, name) in names {
            let name = name.unwrap_or_else(|| {
                document.report.warnings.add("person_without_name", || {
                    format!("{}: Persons does not say the name of uid {uid}", schema.file)
                });
                format!("person {uid}")
            });
            if !seen.insert(name.clone()) {
                document.report.warnings.add("person_name_repeated", || {
                    format!(
                        "{}: Persons uid {uid}: another person has the same name; they stay two",
                        schema.file
                    )
                });
            }
            persons.0.insert(uid, document.people.len());
            document.people.push(SourcePerson { name, kind: None });
        }
        Ok(persons)
    }
}

/// Names a row for a message.
pub(super) fn place(schema: &Schema<'_>, table: &str, cells: &Cells<'_>) -> String {
    let uid = cells
        .integer(0)
        .map_or_else(|| "unknown".to_owned(), |uid| uid.to_string());
    format!("{}: {table} uid {uid}", schema.file)
}

/// Keeps the cells of columns that this reader does not know, under the columns' names.
pub(super) fn add_other_cells(
    cells: &Cells<'_>,
    columns: &[&str],
    known: usize,
    facts: &mut SourceFacts,
    place: &str,
    report: &mut LossReport,
) -> Result<(), SlideRunnerError> {
    for (index, &column) in columns.iter().enumerate().skip(known) {
        let value = match cells.get(index) {
            ValueRef::Null => continue,
            ValueRef::Integer(number) => whole_value(number),
            ValueRef::Real(number) if number.is_finite() => SourceValue::Number(number),
            ValueRef::Real(number) => SourceValue::Text(number.to_string()),
            ValueRef::Text(_) => match cells.text(index)? {
                Some(text) => personal::text_value(column, &text),
                None => continue,
            },
            ValueRef::Blob(_) => {
                report.losses.add("bytes_in_column", || {
                    format!("{place}: column '{column}' holds bytes")
                });
                continue;
            }
        };
        facts.insert(column.to_owned(), value);
    }
    Ok(())
}

/// A whole number, or its digits where an `f64` does not hold it exactly.
pub(super) fn whole_value(number: i64) -> SourceValue {
    if number.unsigned_abs() <= 1 << 53 {
        SourceValue::Number(whole_to_number(number))
    } else {
        SourceValue::Text(number.to_string())
    }
}
