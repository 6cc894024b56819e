//! Writes one table of delimited text with a row an annotation: commas, a header, lines that end with a line feed.
//!
//! **Columns**, always in this order: `image`, `holotype_id`, `label`, `x`, `y`, `width`, `height`, `geometry`, then one
//! for each attribute, by name. An attribute that is named as one of these, or begins with `attribute:`, is written with
//! `attribute:` before its name. A point has `x` and `y`, a box all four numbers; any other shape, and any place in a
//! stack, is JSON in `geometry`, beside the box around it. All numbers are pixels of the full resolution.
//!
//! **Texts** are written as [`crate::model::cell`] says: what a spreadsheet would run has an apostrophe before it.
//!
//! An image that was searched as a whole without a finding is a row of its name alone. What else a table cannot say
//! (who rated, facts of images and labels) is counted. The same rows give the same bytes.

use std::collections::BTreeSet;
use std::io::Write;

use super::ExportReport;
use super::rows::Row;
use crate::codec::to_canonical;
use crate::model::cell::{fact_to_cell, number_to_cell, text_to_cell};
use crate::model::{Facts, Geometry, Shape};

/// The columns before the attributes.
const FIXED: [&str; 8] = [
    "image",
    "holotype_id",
    "label",
    "x",
    "y",
    "width",
    "height",
    "geometry",
];

/// Stands before the name of an attribute that would name another column.
const ATTRIBUTE: &str = "attribute:";

/// No more attributes have columns, so that the table can be read.
const ATTRIBUTES_MAX: usize = 9_000;

/// The attributes that have columns.
#[derive(Debug, Clone, Default)]
pub struct AttributeColumns {
    names: Vec<String>,
    left_out: BTreeSet<String>,
}

impl AttributeColumns {
    /// Takes the names of all attributes.
    #[must_use]
    pub fn new(names: BTreeSet<String>) -> Self {
        let mut names: Vec<String> = names.into_iter().collect();
        let left_out = names.split_off(names.len().min(ATTRIBUTES_MAX));
        Self {
            names,
            left_out: left_out.into_iter().collect(),
        }
    }
}

/// A row as it is written, and what it does not say.
#[derive(Debug)]
pub struct CsvRow {
    cells: csv::StringRecord,
    losses: Vec<(&'static str, u64, &'static str)>,
}

impl CsvRow {
    /// Takes the cells of an annotation.
    #[must_use]
    pub fn new(row: &Row<'_>, columns: &AttributeColumns) -> Self {
        let mut writing = Self::begin(&row.image.record.name);
        writing.push(&row.annotation.to_string());
        writing.text(row.label_name.unwrap_or(""));
        writing.place(&row.record.geometry);
        writing.attributes(&row.record.attributes, columns);
        writing.lose("votes", count(row.ratings.len()), "ratings have no column");
        writing.lose(
            "source_ids",
            count(row.source_ids.len()),
            "the ids of its sources have no column",
        );
        let is_other = row.record.label != row.label;
        writing.lose(
            "recorded_label",
            u64::from(is_other),
            "the agreed label is written, not the recorded one",
        );
        writing
    }

    /// Says that nothing was found on an image.
    #[must_use]
    pub fn nothing_found(image: &str, columns: &AttributeColumns) -> Self {
        let mut writing = Self::begin(image);
        for _ in 1..FIXED.len() + columns.names.len() {
            writing.push("");
        }
        writing
    }

    fn begin(image: &str) -> Self {
        let mut writing = Self {
            cells: csv::StringRecord::new(),
            losses: Vec::new(),
        };
        writing.text(image);
        writing
    }

    fn lose(&mut self, code: &'static str, count: u64, why: &'static str) {
        if count > 0 {
            self.losses.push((code, count, why));
        }
    }

    fn text(&mut self, text: &str) {
        self.push(&text_to_cell(text));
    }

    /// Adds a cell; what no table can hold is replaced.
    fn push(&mut self, cell: &str) {
        if cell.contains('\0') {
            self.lose("characters_replaced", 1, "a NUL is written as U+FFFD");
            self.cells.push_field(&cell.replace('\0', "\u{FFFD}"));
        } else {
            self.cells.push_field(cell);
        }
    }

    fn place(&mut self, geometry: &Geometry) {
        let (numbers, is_all) = match &geometry.shape {
            Shape::Point { x, y } => (vec![*x, *y], true),
            Shape::Box { x, y, width, height } => (vec![*x, *y, *width, *height], true),
            Shape::RotatedBox { .. }
            | Shape::Circle { .. }
            | Shape::Ellipse { .. }
            | Shape::Polygon { .. }
            | Shape::MultiPolygon { .. }
            | Shape::Polyline { .. }
            | Shape::Mask { .. }
            | Shape::Image => {
                let bounds = geometry.bounds();
                let around = bounds.map(|b| vec![b.x_min, b.y_min, b.x_max - b.x_min, b.y_max - b.y_min]);
                (around.unwrap_or_default(), false)
            }
        };
        for index in 0..4 {
            let cell = numbers.get(index).map(|number| number_to_cell(*number));
            self.push(&cell.unwrap_or_default());
        }
        if is_all && geometry.plane.is_none() {
            self.push("");
            return;
        }
        let json = to_canonical(geometry)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        self.push(&json.unwrap_or_default());
    }

    fn attributes(&mut self, attributes: &Facts, columns: &AttributeColumns) {
        for name in &columns.names {
            let cell = attributes.get(name).map(fact_to_cell);
            let is_private = cell.as_ref().is_some_and(Option::is_none);
            self.lose(
                "private_attributes",
                u64::from(is_private),
                "private texts are left out",
            );
            self.push(&cell.flatten().unwrap_or_default());
        }
        let left_out = attributes.keys().filter(|name| columns.left_out.contains(*name));
        self.lose(
            "attribute_columns",
            count(left_out.count()),
            "there are too many attributes for a column each",
        );
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A table that is being written.
pub struct CsvTable<W: Write> {
    writer: csv::Writer<W>,
    report: ExportReport,
    rows: u64,
}

impl<W: Write> CsvTable<W> {
    /// Begins a table.
    ///
    /// # Errors
    /// [`csv::Error`] when it cannot be written.
    pub fn begin(out: W, columns: &AttributeColumns) -> Result<Self, csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        let mut header = CsvRow {
            cells: csv::StringRecord::from(FIXED.to_vec()),
            losses: Vec::new(),
        };
        for name in &columns.names {
            if name.is_empty() || FIXED.contains(&name.as_str()) || name.starts_with(ATTRIBUTE) {
                header.text(&format!("{ATTRIBUTE}{name}"));
            } else {
                header.text(name);
            }
        }
        writer.write_record(&header.cells)?;
        let mut table = Self {
            writer,
            report: ExportReport::default(),
            rows: 0,
        };
        table.count(&header);
        Ok(table)
    }

    fn count(&mut self, row: &CsvRow) {
        let number = self.rows;
        for (code, count, why) in &row.losses {
            self.report.add(code, *count, || format!("row {number}: {why}"));
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`csv::Error`] when it cannot be written.
    pub fn put(&mut self, row: &CsvRow) -> Result<(), csv::Error> {
        self.rows += 1;
        self.count(row);
        self.writer.write_record(&row.cells)
    }

    /// Ends the table; returns what was not written.
    ///
    /// # Errors
    /// [`csv::Error`] when the rest cannot be written.
    pub fn end(mut self) -> Result<ExportReport, csv::Error> {
        self.writer.flush()?;
        Ok(self.report)
    }
}
