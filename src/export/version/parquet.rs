//! A version as one Parquet table.

use std::io::Write;

use super::{ExportOptions, Exported, chosen_images, count_erased, length};
use crate::event::State;
use crate::export::ExportError;
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::parquet::{ImageCells, ParquetRow, ParquetTable};
use crate::export::rows::{Parts, Row};
use crate::model::Rule;

/// Writes a version as one Parquet table, a row an annotation, in the order of [`export_coco`]. Labels are agreed by
/// `rule`, else by the rule in force; an annotation without one stays.
///
/// # Errors
/// [`ExportError`] when the version cannot be read or `out` not be written.
pub fn export_parquet<W: Write + Send>(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: W,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let dataset = Dataset::open(version, rule)?;
    let chosen: Vec<&ImageRow> = chosen_images(&dataset, options);
    let mut table = ParquetTable::begin(out, options.name)?;
    let mut empty = 0;
    let rows_of = |image: &ImageRow, rows: Vec<Row<'_>>| {
        let cells = ImageCells::new(image);
        let taken = rows.iter().filter(|row| options.filter.takes(row));
        let recorded = |row: &Row<'_>| {
            row.record
                .label
                .and_then(|label| dataset.rows().label_name(label))
        };
        let rows = taken.map(|row| ParquetRow::new(&cells, row, recorded(row)));
        rows.collect::<Vec<_>>()
    };
    let images = chosen.iter().copied();
    dataset.rows().each_image(images, Parts::ALL, rows_of, |rows| {
        empty += u64::from(rows.is_empty());
        rows.into_iter()
            .try_for_each(|row| table.put(row))
            .map_err(ExportError::from)
    })?;
    let (annotations, mut report) = table.end()?;
    report.add("image_without_annotations", empty, || {
        "an image without annotations has no row".to_owned()
    });
    let facts = length(&chosen) + u64::from(!dataset.facts().is_empty());
    report.add("facts", facts, || {
        "facts of the dataset, of images, cases and slides have no column".to_owned()
    });
    count_erased(&dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
}
