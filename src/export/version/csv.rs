//! A version as one table of delimited text.

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow;

use super::{ExportOptions, Exported, chosen_images, count_erased, length};
use crate::event::{State, StateError, scan_records};
use crate::export::csv::{AttributeColumns, CsvLines, CsvTable};
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::rows::{Parts, Ratings, Row};
use crate::export::{ExportError, ExportReport};
use crate::id::ImageId;
use crate::model::{EntityKind, Key, Rule, ScreeningRecord};

/// Writes a version as one table, a row an annotation, image by image in the order of their names. Labels are agreed by
/// `rule`, else by the rule in force; an annotation without one stays.
///
/// # Errors
/// [`ExportError`] when the version cannot be read or `out` not be written.
pub fn export_csv<W: Write>(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: W,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let dataset = Dataset::open(version, rule)?;
    let chosen: Vec<&ImageRow> = chosen_images(&dataset, options);
    let shape = CsvShape::read(&dataset, &chosen, options)?;
    let mut table = CsvExport::begin(out, &shape)?;
    let rows_of = |image: &ImageRow, mut rows: Vec<Row<'_>>| {
        let is_bare = rows.is_empty();
        rows.retain(|row| options.filter.takes(row));
        shape.lines(image, &rows, is_bare)
    };
    dataset
        .rows()
        .each_image(chosen.iter().copied(), Parts::ALL, rows_of, |lines| {
            table.put(lines?)
        })?;
    let (annotations, report) = table.end(&dataset, &chosen)?;
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
}

/// What has to be known of a version before its first row.
pub(super) struct CsvShape {
    columns: AttributeColumns,
    screened: Screened,
}

/// The rows of an image.
pub(super) struct ImageLines<'c> {
    lines: CsvLines<'c>,
    is_nothing_found: bool,
}

impl CsvShape {
    /// Reads it: all attributes, and which images were searched.
    pub(super) fn read(
        dataset: &Dataset<'_>,
        chosen: &[&ImageRow],
        options: &ExportOptions<'_>,
    ) -> Result<Self, ExportError> {
        Ok(Self {
            columns: AttributeColumns::new(attribute_names(dataset, chosen, options)?),
            screened: Screened::read(dataset.rows().state())?,
        })
    }

    /// Writes the rows of an image; `is_bare` when it has no annotation, chosen or not.
    pub(super) fn lines(
        &self,
        image: &ImageRow,
        rows: &[Row<'_>],
        is_bare: bool,
    ) -> Result<ImageLines<'_>, ExportError> {
        let mut lines = CsvLines::new(&self.columns);
        rows.iter().try_for_each(|row| lines.add(row))?;
        let is_nothing_found = is_bare && self.screened.wholly.contains(&image.id);
        if is_nothing_found {
            lines.add_nothing_found(&image.record.name)?;
        }
        Ok(ImageLines {
            lines,
            is_nothing_found,
        })
    }
}

/// A table that is being written, and what was counted of it.
pub(super) struct CsvExport<'s, W: Write> {
    shape: &'s CsvShape,
    table: CsvTable<W>,
    annotations: u64,
    /// Images without a row.
    without: u64,
    /// Images with a row that says that nothing was found.
    said: u64,
}

impl<'s, W: Write> CsvExport<'s, W> {
    pub(super) fn begin(out: W, shape: &'s CsvShape) -> Result<Self, ExportError> {
        Ok(Self {
            shape,
            table: CsvTable::begin(out, &shape.columns)?,
            annotations: 0,
            without: 0,
            said: 0,
        })
    }

    /// Adds the rows of an image.
    pub(super) fn put(&mut self, image: ImageLines<'_>) -> Result<(), ExportError> {
        let said = u64::from(image.is_nothing_found);
        self.said += said;
        self.annotations += image.lines.len() - said;
        self.without += u64::from(image.lines.is_empty());
        Ok(self.table.put(image.lines)?)
    }

    /// Ends the table; returns how many annotations it has, and what was not written.
    pub(super) fn end(
        self,
        dataset: &Dataset<'_>,
        chosen: &[&ImageRow],
    ) -> Result<(u64, ExportReport), ExportError> {
        let mut report = self.table.end()?;
        report.add("image_without_annotations", self.without, || {
            "an image without annotations that nobody is known to have searched has no row".to_owned()
        });
        let screenings = self.shape.screened.count.saturating_sub(self.said);
        report.add("screenings", screenings, || {
            "who searched which area has no column; an image searched as a whole without a finding has a row"
                .to_owned()
        });
        report_facts(dataset, chosen, &mut report);
        count_erased(dataset, &mut report);
        Ok((self.annotations, report))
    }
}

/// Collects the names of all attributes: each has its column in every row.
fn attribute_names(
    dataset: &Dataset<'_>,
    chosen: &[&ImageRow],
    options: &ExportOptions<'_>,
) -> Result<BTreeSet<String>, ExportError> {
    let parts = options.filter.parts(Parts {
        ratings: Ratings::Counted,
        source_ids: false,
    });
    let names_of = |_: &ImageRow, rows: Vec<Row<'_>>| {
        let taken = rows.into_iter().filter(|row| options.filter.takes(row));
        taken
            .flat_map(|row| row.record.attributes.into_keys())
            .collect::<BTreeSet<String>>()
    };
    let mut names = BTreeSet::new();
    dataset
        .rows()
        .each_image(chosen.iter().copied(), parts, names_of, |found| {
            names.extend(found);
            Ok::<(), ExportError>(())
        })?;
    Ok(names)
}

fn report_facts(dataset: &Dataset<'_>, chosen: &[&ImageRow], report: &mut ExportReport) {
    let images = chosen.iter().filter(|image| !image.record.facts.is_empty());
    let labels = dataset.rows().labels().iter();
    let labels = labels.filter(|(_, label)| !label.facts.is_empty());
    let total = images.count() + labels.count() + usize::from(!dataset.facts().is_empty());
    report.add("facts", u64::try_from(total).unwrap_or(u64::MAX), || {
        "facts of the dataset, of images and of labels have no column".to_owned()
    });
}

/// What is known to have been searched.
pub(super) struct Screened {
    /// The images that somebody searched as a whole.
    pub(super) wholly: BTreeSet<ImageId>,
    /// How many screenings there are.
    pub(super) count: u64,
}

impl Screened {
    pub(super) fn read(version: &dyn State) -> Result<Self, StateError> {
        let mut screened = Self {
            wholly: BTreeSet::new(),
            count: 0,
        };
        let prefix = Key::kind_prefix(EntityKind::Screening);
        scan_records(version, &prefix, |_, record: ScreeningRecord| {
            screened.count += 1;
            if record.region.is_none() {
                screened.wholly.insert(record.image);
            }
            ControlFlow::Continue(())
        })?;
        Ok(screened)
    }
}
