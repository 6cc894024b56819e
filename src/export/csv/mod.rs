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

use std::collections::{BTreeMap, BTreeSet};
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

/// Rows on their way into a table. Each is written on its own into memory, so that many images are worked on at once;
/// [`CsvTable::put`] brings them together in order.
pub struct CsvLines<'c> {
    columns: &'c AttributeColumns,
    writer: csv::Writer<Vec<u8>>,
    rows: u64,
    losses: BTreeMap<&'static str, Loss>,
}

/// What is not written: how often, and of which row for the first time.
struct Loss {
    count: u64,
    row: u64,
    why: &'static str,
}

impl<'c> CsvLines<'c> {
    /// Begins without a row.
    #[must_use]
    pub fn new(columns: &'c AttributeColumns) -> Self {
        Self {
            columns,
            writer: csv::Writer::from_writer(Vec::new()),
            rows: 0,
            losses: BTreeMap::new(),
        }
    }

    /// Returns how many rows there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.rows
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Adds the row of an annotation.
    ///
    /// # Errors
    /// [`csv::Error`] when it cannot be written.
    pub fn add(&mut self, row: &Row<'_>) -> Result<(), csv::Error> {
        self.rows += 1;
        self.text(&row.image.record.name)?;
        self.cell(&row.annotation.to_string())?;
        self.text(row.label_name.unwrap_or(""))?;
        self.place(&row.record.geometry)?;
        self.attributes(&row.record.attributes)?;
        self.lose("votes", count(row.ratings.len()), "ratings have no column");
        self.lose(
            "source_ids",
            count(row.source_ids.len()),
            "the ids of its sources have no column",
        );
        let is_other = row.record.label != row.label;
        self.lose(
            "recorded_label",
            u64::from(is_other),
            "the agreed label is written, not the recorded one",
        );
        self.end_row()
    }

    /// Adds a row that says that nothing was found on an image.
    ///
    /// # Errors
    /// [`csv::Error`] when it cannot be written.
    pub fn add_nothing_found(&mut self, image: &str) -> Result<(), csv::Error> {
        self.rows += 1;
        self.text(image)?;
        for _ in 1..FIXED.len() + self.columns.names.len() {
            self.cell("")?;
        }
        self.end_row()
    }

    /// Adds the line before all rows, which counts as none.
    fn add_header(&mut self) -> Result<(), csv::Error> {
        for name in FIXED {
            self.cell(name)?;
        }
        for name in &self.columns.names {
            if name.is_empty() || FIXED.contains(&name.as_str()) || name.starts_with(ATTRIBUTE) {
                self.text(&format!("{ATTRIBUTE}{name}"))?;
            } else {
                self.text(name)?;
            }
        }
        self.end_row()
    }

    fn end_row(&mut self) -> Result<(), csv::Error> {
        self.writer.write_record(None::<&[u8]>)
    }

    fn lose(&mut self, code: &'static str, count: u64, why: &'static str) {
        if count > 0 {
            let row = self.rows;
            let first = || Loss { count: 0, row, why };
            self.losses.entry(code).or_insert_with(first).count += count;
        }
    }

    fn text(&mut self, text: &str) -> Result<(), csv::Error> {
        self.cell(&text_to_cell(text))
    }

    /// Adds a cell; what no table can hold is replaced.
    fn cell(&mut self, cell: &str) -> Result<(), csv::Error> {
        if cell.contains('\0') {
            self.lose("characters_replaced", 1, "a NUL is written as U+FFFD");
            self.writer.write_field(cell.replace('\0', "\u{FFFD}"))
        } else {
            self.writer.write_field(cell)
        }
    }

    fn place(&mut self, geometry: &Geometry) -> Result<(), csv::Error> {
        let (numbers, is_all) = match &geometry.shape {
            Shape::Point { x, y } => ([Some(*x), Some(*y), None, None], true),
            Shape::Box { x, y, width, height } => ([*x, *y, *width, *height].map(Some), true),
            Shape::RotatedBox { .. }
            | Shape::Circle { .. }
            | Shape::Ellipse { .. }
            | Shape::Polygon { .. }
            | Shape::MultiPolygon { .. }
            | Shape::Polyline { .. }
            | Shape::Mask { .. }
            | Shape::Image => {
                let bounds = geometry.bounds();
                let around = bounds.map(|b| [b.x_min, b.y_min, b.x_max - b.x_min, b.y_max - b.y_min]);
                (around.map_or([None; 4], |around| around.map(Some)), false)
            }
        };
        for number in numbers {
            self.cell(&number.map(number_to_cell).unwrap_or_default())?;
        }
        if is_all && geometry.plane.is_none() {
            return self.cell("");
        }
        let json = to_canonical(geometry)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        self.cell(&json.unwrap_or_default())
    }

    fn attributes(&mut self, attributes: &Facts) -> Result<(), csv::Error> {
        let columns = self.columns;
        for name in &columns.names {
            let cell = attributes.get(name).map(fact_to_cell);
            let is_private = cell.as_ref().is_some_and(Option::is_none);
            self.lose(
                "private_attributes",
                u64::from(is_private),
                "private texts are left out",
            );
            self.cell(&cell.flatten().unwrap_or_default())?;
        }
        let left_out = attributes.keys().filter(|name| columns.left_out.contains(*name));
        self.lose(
            "attribute_columns",
            count(left_out.count()),
            "there are too many attributes for a column each",
        );
        Ok(())
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A table that is being written.
pub struct CsvTable<W: Write> {
    out: W,
    report: ExportReport,
    rows: u64,
}

impl<W: Write> CsvTable<W> {
    /// Begins a table.
    ///
    /// # Errors
    /// [`csv::Error`] when it cannot be written.
    pub fn begin(out: W, columns: &AttributeColumns) -> Result<Self, csv::Error> {
        let mut header = CsvLines::new(columns);
        header.add_header()?;
        let mut table = Self {
            out,
            report: ExportReport::default(),
            rows: 0,
        };
        table.put(header)?;
        Ok(table)
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`csv::Error`] when they cannot be written.
    pub fn put(&mut self, lines: CsvLines<'_>) -> Result<(), csv::Error> {
        for (code, loss) in &lines.losses {
            let row = self.rows + loss.row;
            let why = loss.why;
            self.report.add(code, loss.count, || format!("row {row}: {why}"));
        }
        self.rows += lines.rows;
        let bytes = lines.writer.into_inner().map_err(|error| error.into_error())?;
        Ok(self.out.write_all(&bytes)?)
    }

    /// Ends the table; returns what was not written.
    ///
    /// # Errors
    /// [`csv::Error`] when the rest cannot be written.
    pub fn end(mut self) -> Result<ExportReport, csv::Error> {
        self.out.flush()?;
        Ok(self.report)
    }
}
