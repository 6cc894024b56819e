//! Several formats from one pass over a version: every annotation is read and decoded once.

use std::io::Write;
use std::sync::mpsc::{Receiver, SendError, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

use super::coco::CocoShape;
use super::csv::{CsvExport, CsvShape};
use super::geojson::{GeoJsonExport, GeoJsonFile, PutImageFile};
use super::{ExportOptions, Exported, chosen_images, count_erased, length, text};
use crate::export::carrier::carrier;
use crate::export::coco::write_coco_by;
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::parquet::{ImageCells, ParquetRow, ParquetTable, ParquetWriteError};
use crate::export::rows::{Parts, Row};
use crate::export::{ExportError, ExportReport};

/// What is told of every image that is looked at, with all that was read of its annotations, on several threads.
pub type Watch<'w> = dyn Fn(&ImageRow, &[Row<'_>]) + Sync + 'w;

/// Where the formats go. Each is the same bytes as the export of that format alone writes.
pub struct FormatsOut<'o> {
    /// COCO, as [`export_coco`](super::export_coco).
    pub coco: &'o mut (dyn Write + Send),
    /// One table of text, as [`export_csv`](super::export_csv).
    pub csv: &'o mut (dyn Write + Send),
    /// One Parquet table, as [`export_parquet`](super::export_parquet).
    pub parquet: &'o mut (dyn Write + Send),
    /// The GeoJSON of each image, as [`export_geojson`](super::export_geojson) without the file of what belongs to no
    /// annotation; in the order of the images' names.
    pub geojson: &'o mut PutImageFile<'o>,
}

/// How many images' rows wait for the Parquet table, which is encoded on a thread of its own.
const AHEAD: usize = 2;

/// Writes a version in four formats. `watch` is shown everything that is read, ratings and source ids included, filtered
/// or not. What is returned is said of COCO.
///
/// # Errors
/// [`ExportError`] when the version cannot be read or something not be written.
pub fn write_formats(
    dataset: &Dataset<'_>,
    out: FormatsOut<'_>,
    options: &ExportOptions<'_>,
    watch: &Watch<'_>,
) -> Result<Exported, ExportError> {
    let chosen: Vec<&ImageRow> = chosen_images(dataset, options);
    let rows = dataset.rows();
    let coco_shape = CocoShape::of(dataset, &chosen);
    let head = coco_shape.head(dataset, options)?;
    let csv_shape = CsvShape::read(dataset, &chosen, options)?;
    let mut csv = CsvExport::begin(out.csv, &csv_shape)?;
    // What the other formats lose is said by themselves where they are asked for alone.
    let mut unsaid = ExportReport::default();
    let carrier = text(&carrier(dataset, &chosen, options.repository, &mut unsaid)?)?;
    let table = ParquetTable::begin(out.parquet, options.name, carrier)?;
    let mut geojson = GeoJsonExport::begin(out.geojson);
    let mut coco = out.coco;
    let (annotations, mut report) = write_coco_by(&mut coco, &head, |frame, coco| {
        let work = |image, mut rows_of: Vec<Row<'_>>| {
            watch(image, &rows_of);
            let is_bare = rows_of.is_empty();
            rows_of.retain(|row| options.filter.takes(row));
            let cells = ImageCells::new(image);
            let parquet = rows_of.iter().map(|row| ParquetRow::new(&cells, row, rows));
            (
                parquet.collect::<Vec<_>>(),
                csv_shape.lines(image, &rows_of, is_bare),
                GeoJsonFile::of(rows, image, &rows_of),
                coco_shape.lines(frame, dataset, image, rows_of, options.votes),
            )
        };
        let mut filled = Ok(());
        std::thread::scope(|scope| {
            let mut filling = Filling::begin(scope, table, &mut filled);
            let put = |(parquet, lines, file, coco_lines)| {
                filling.put(parquet)?;
                let lines: Result<_, ExportError> = lines;
                csv.put(lines?)?;
                geojson.put(file)?;
                coco.put(&coco_lines).map_err(ExportError::from)
            };
            rows.each_image(chosen.iter().copied(), Parts::ALL, work, put)?;
            filling.end()
        })?;
        filled.map_err(ExportError::from)
    })?;
    csv.end(dataset, &chosen)?;
    count_erased(dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(rows.labels()),
        report,
    })
}

/// A table that a thread of its own fills, or this one where there is no other.
enum Filling<W: Write + Send> {
    Elsewhere(SyncSender<Vec<ParquetRow>>),
    Here(Box<ParquetTable<W>>),
}

impl<W: Write + Send> Filling<W> {
    /// Begins; what a thread says at its end stands in `filled` then.
    fn begin<'scope>(
        scope: &'scope Scope<'scope, '_>,
        table: ParquetTable<W>,
        filled: &'scope mut Result<(), ParquetWriteError>,
    ) -> Self
    where
        W: 'scope,
    {
        let (ready, waiting) = sync_channel(AHEAD);
        let (hand_over, taken) = sync_channel(1);
        // A thread that cannot be had would take the table with it.
        let work = move || {
            if let Ok(table) = taken.recv() {
                *filled = fill(table, waiting);
            }
        };
        if Builder::new().spawn_scoped(scope, work).is_err() {
            return Self::Here(Box::new(table));
        }
        match hand_over.send(table) {
            Ok(()) => Self::Elsewhere(ready),
            Err(SendError(table)) => Self::Here(Box::new(table)),
        }
    }

    fn put(&mut self, rows: Vec<ParquetRow>) -> Result<(), ParquetWriteError> {
        match self {
            Self::Elsewhere(ready) => {
                // Nobody waits any more when the table cannot be written, which is told behind the pass.
                let _ = ready.send(rows);
                Ok(())
            }
            Self::Here(table) => rows.into_iter().try_for_each(|row| table.put(row)),
        }
    }

    /// Ends the table; a thread ends it when the sender goes.
    fn end(self) -> Result<(), ExportError> {
        match self {
            Self::Elsewhere(_) => Ok(()),
            Self::Here(table) => Ok(table.end().map(|_| ())?),
        }
    }
}

/// Fills a table with the rows of one image after the other.
fn fill<W: Write + Send>(
    mut table: ParquetTable<W>,
    waiting: Receiver<Vec<ParquetRow>>,
) -> Result<(), ParquetWriteError> {
    for rows in waiting {
        rows.into_iter().try_for_each(|row| table.put(row))?;
    }
    table.end().map(|_| ())
}
