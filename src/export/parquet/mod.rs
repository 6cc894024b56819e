//! Writes one Parquet table with a row an annotation, in the manner of GeoParquet 1.1: geometries as well-known binary
//! in pixels, without a reference system, beside plain columns.
//!
//! The same rows give the same bytes: settings, the sizes of row groups and the name of the writer are fixed. Rows are
//! taken one by one, and one row group is in memory at a time.

mod columns;

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use columns::Columns;
pub use columns::{ImageCells, ParquetRow};

use super::ExportReport;

/// The schema. `ratings` and `annotators` are how many there are; `geometry_exact` is canonical JSON where `geometry` and
/// the bounds do not say it all; `holotype` is JSON with all that is known of the annotation beside its place: its
/// ratings, one by one, the override, every source id ([`CarriedAnnotation`](crate::model::CarriedAnnotation)).
const SCHEMA: &str = "message annotations {
    required binary annotation (UTF8);
    required binary image (UTF8);
    required binary image_id (UTF8);
    optional binary label (UTF8);
    optional binary recorded_label (UTF8);
    required int32 ratings;
    required int32 annotators;
    required binary shape (UTF8);
    optional binary geometry;
    optional binary geometry_exact (UTF8);
    optional double x;
    optional double y;
    optional double width;
    optional double height;
    optional double area_px2;
    optional double area_um2;
    optional binary attributes (UTF8);
    optional binary lineage (UTF8);
    optional binary source_id (UTF8);
    required binary holotype (UTF8);
}";

/// Columns whose values hardly repeat, so that a dictionary of them would only cost.
const DISTINCT: [&str; 10] = [
    "annotation",
    "geometry",
    "geometry_exact",
    "x",
    "y",
    "width",
    "height",
    "area_px2",
    "source_id",
    "holotype",
];

/// The key of the metadata that holds the records which belong to no annotation ([`Carrier`](crate::model::Carrier)).
pub const CARRIER_KEY: &str = "holotype.carrier";

/// What GeoParquet 1.1 wants to be told. There is no reference system: pixels, x to the right, y down.
const GEO: &str = r#"{"columns":{"geometry":{"crs":null,"encoding":"WKB","geometry_types":[]}},"primary_column":"geometry","version":"1.1.0"}"#;

/// How many rows a group has; the last may have fewer.
const GROUP_ROWS: usize = 1 << 16;

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the Parquet file")]
pub struct ParquetWriteError(#[from] parquet::errors::ParquetError);

/// A table that is being written.
pub struct ParquetTable<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    group: Columns,
    report: ExportReport,
    written: u64,
}

impl<W: Write + Send> ParquetTable<W> {
    /// Begins the table of a dataset with this name; `carried` is the JSON of what belongs to no annotation.
    ///
    /// # Errors
    /// [`ParquetWriteError`] when it cannot be written.
    pub fn begin(out: W, name: &str, carried: String) -> Result<Self, ParquetWriteError> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let about = serde_json::json!({"format": "holotype/parquet/1", "name": name}).to_string();
        let metadata = vec![
            KeyValue::new("geo".to_owned(), GEO.to_owned()),
            KeyValue::new("holotype".to_owned(), about),
            KeyValue::new(CARRIER_KEY.to_owned(), carried),
        ];
        let plain = DISTINCT
            .into_iter()
            .fold(WriterProperties::builder(), |properties, column| {
                properties.set_column_dictionary_enabled(ColumnPath::from(column), false)
            });
        let properties = plain
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by("holotype".to_owned())
            .set_key_value_metadata(Some(metadata))
            .build();
        Ok(Self {
            writer: SerializedFileWriter::new(out, schema, Arc::new(properties))?,
            group: Columns::default(),
            report: ExportReport::default(),
            written: 0,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`ParquetWriteError`] when a row group cannot be written.
    pub fn put(&mut self, row: ParquetRow) -> Result<(), ParquetWriteError> {
        row.report_to(self.written, &mut self.report);
        self.written += 1;
        self.group.push(row);
        if self.group.len() == GROUP_ROWS {
            self.end_group()?;
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetWriteError> {
        let mut group = self.writer.next_row_group()?;
        std::mem::take(&mut self.group).write(&mut group)?;
        group.close()?;
        Ok(())
    }

    /// Ends the table; returns how many rows it has, and what was not written.
    ///
    /// # Errors
    /// [`ParquetWriteError`] when the rest cannot be written.
    pub fn end(mut self) -> Result<(u64, ExportReport), ParquetWriteError> {
        if self.group.len() > 0 {
            self.end_group()?;
        }
        self.writer.close()?;
        Ok((self.written, self.report))
    }
}
