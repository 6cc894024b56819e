//! A version as one Parquet table.

use std::io::Write;

use super::{ExportOptions, Exported, chosen_images, count_erased, length, text};
use crate::event::State;
use crate::export::carrier::carrier;
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::parquet::{ImageCells, ParquetRow, ParquetTable};
use crate::export::rows::{Parts, Row};
use crate::export::{ExportError, ExportReport};
use crate::model::Rule;

/// Writes a version as one Parquet table, a row an annotation, in the order of [`export_coco`](super::export_coco); what
/// belongs to no annotation stands in the file's metadata. Labels are agreed by
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
    let mut about = ExportReport::default();
    let carrier = text(&carrier(&dataset, &chosen, options.repository, &mut about)?)?;
    let mut table = ParquetTable::begin(out, options.name, carrier)?;
    let rows_of = |image: &ImageRow, rows: Vec<Row<'_>>| {
        let cells = ImageCells::new(image);
        let taken = rows.iter().filter(|row| options.filter.takes(row));
        let rows = taken.map(|row| ParquetRow::new(&cells, row, dataset.rows()));
        rows.collect::<Vec<_>>()
    };
    let images = chosen.iter().copied();
    dataset.rows().each_image(images, Parts::ALL, rows_of, |rows| {
        rows.into_iter()
            .try_for_each(|row| table.put(row))
            .map_err(ExportError::from)
    })?;
    let (annotations, mut report) = table.end()?;
    report.merge(about);
    count_erased(&dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
}
