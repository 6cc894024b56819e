//! A version as one table of delimited text.

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow;

use super::{ExportOptions, Exported, chosen_images, count_erased, length};
use crate::event::{State, StateError, scan_records};
use crate::export::csv::{AttributeColumns, CsvRow, CsvTable};
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
    let columns = AttributeColumns::new(attribute_names(&dataset, &chosen, options)?);
    let screened = Screened::read(version)?;
    let mut table = CsvTable::begin(out, &columns)?;
    let (mut annotations, mut without) = (0, 0);
    let rows_of = |image: &ImageRow, rows: Vec<Row<'_>>| {
        let is_bare = rows.is_empty();
        let taken = rows.iter().filter(|row| options.filter.takes(row));
        let mut rows: Vec<CsvRow> = taken.map(|row| CsvRow::new(row, &columns)).collect();
        let (found, is_empty) = (length(&rows), is_bare && screened.wholly.contains(&image.id));
        if is_empty {
            rows.push(CsvRow::nothing_found(&image.record.name, &columns));
        }
        (found, rows)
    };
    let mut said = 0;
    dataset
        .rows()
        .each_image(chosen.iter().copied(), Parts::ALL, rows_of, |(found, rows)| {
            annotations += found;
            without += u64::from(rows.is_empty());
            said += u64::from(found == 0 && !rows.is_empty());
            rows.iter()
                .try_for_each(|row| table.put(row))
                .map_err(ExportError::from)
        })?;
    let mut report = table.end()?;
    report.add("image_without_annotations", without, || {
        "an image without annotations that nobody is known to have searched has no row".to_owned()
    });
    report.add("screenings", screened.count.saturating_sub(said), || {
        "who searched which area has no column; an image searched as a whole without a finding has a row"
            .to_owned()
    });
    report_facts(&dataset, &chosen, &mut report);
    count_erased(&dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
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
