//! The cells of an annotation, and those of a row group, column by column.

use std::collections::BTreeSet;
use std::io::Write;

use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedRowGroupWriter;

use crate::codec::to_canonical;
use crate::export::carrier::carried;
use crate::export::{ExportReport, ImageRow, Row, RowReader};
use crate::model::carrier::without_private;
use crate::model::wkb::{Placed, placed, read_row};

/// What all rows of an image have in common.
#[derive(Debug, Clone)]
pub struct ImageCells {
    name: ByteArray,
    id: ByteArray,
    size: Option<(f64, f64)>,
    /// Square µm for one square pixel.
    um2: Option<f64>,
}

impl ImageCells {
    /// Takes them from an image.
    #[must_use]
    pub fn new(image: &ImageRow) -> Self {
        Self {
            name: text(&image.record.name),
            id: text(&image.id.to_string()),
            size: image.record.size(),
            um2: image.record.resolution().map(|(x, y)| x * y),
        }
    }
}

/// A row.
#[derive(Debug)]
pub struct ParquetRow {
    annotation: ByteArray,
    image: ByteArray,
    image_id: ByteArray,
    label: Option<ByteArray>,
    recorded_label: Option<ByteArray>,
    ratings: i32,
    annotators: i32,
    shape: ByteArray,
    geometry: Option<ByteArray>,
    geometry_exact: Option<ByteArray>,
    bounds: Option<[f64; 4]>,
    area_px2: Option<f64>,
    area_um2: Option<f64>,
    attributes: Option<ByteArray>,
    lineage: Option<ByteArray>,
    source_id: Option<ByteArray>,
    holotype: ByteArray,
    losses: Vec<(&'static str, u64, &'static str)>,
}

impl ParquetRow {
    /// Takes the cells of an annotation.
    #[must_use]
    pub fn new(image: &ImageCells, row: &Row<'_>, reader: &RowReader<'_>) -> Self {
        let Placed {
            bounds,
            area,
            wkb,
            loss,
        } = placed(&row.record.geometry, image.size);
        let shape = row.record.geometry.type_name();
        let read = read_row(Some(shape), bounds, wkb.as_deref()).ok().flatten();
        let is_exact = read.as_ref() == Some(&row.record.geometry);
        let (carried, hidden) = carried(row, reader, read.filter(|_| !is_exact));
        let mut losses = Vec::new();
        losses.extend(loss.map(|(code, why)| (code, 1, why)));
        if hidden > 0 {
            let count = u64::try_from(hidden).unwrap_or(u64::MAX);
            losses.push(("private_attributes", count, "private texts are left out"));
        }
        let mut attributes = row.record.attributes.clone();
        without_private(&mut attributes);
        let recorded = row.record.label.and_then(|label| reader.label_name(label));
        let source = row.source_ids.first();
        let people: BTreeSet<_> = row.ratings.iter().map(|rating| &rating.key.annotator).collect();
        Self {
            annotation: text(&row.annotation.to_string()),
            image: image.name.clone(),
            image_id: image.id.clone(),
            label: row.label_name.map(text),
            recorded_label: recorded.map(text),
            ratings: whole(row.ratings.len()),
            annotators: whole(people.len()),
            shape: ByteArray::from(shape),
            geometry: wkb.map(ByteArray::from),
            geometry_exact: (!is_exact).then(|| json(&row.record.geometry)).flatten(),
            bounds,
            area_px2: area,
            area_um2: area.zip(image.um2).map(|(area, um2)| area * um2),
            attributes: (!attributes.is_empty()).then(|| json(&attributes)).flatten(),
            lineage: source.map(|source| text(&source.lineage)),
            source_id: source.map(|source| text(&source.id)),
            holotype: json(&carried).unwrap_or_default(),
            losses,
        }
    }

    pub(super) fn report_to(&self, index: u64, report: &mut ExportReport) {
        for (code, count, why) in &self.losses {
            report.add(code, *count, || format!("annotation {index}: {why}"));
        }
    }
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

fn json<T: serde::Serialize>(value: &T) -> Option<ByteArray> {
    to_canonical(value).ok().map(ByteArray::from)
}

fn whole(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A column of a row group: the values that are there, and for each row whether there is one.
struct Column<T> {
    values: Vec<T>,
    levels: Vec<i16>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            levels: Vec::new(),
        }
    }
}

impl<T> Column<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

/// The rows of a row group.
#[derive(Default)]
pub(super) struct Columns {
    annotation: Vec<ByteArray>,
    image: Vec<ByteArray>,
    image_id: Vec<ByteArray>,
    label: Column<ByteArray>,
    recorded_label: Column<ByteArray>,
    ratings: Vec<i32>,
    annotators: Vec<i32>,
    shape: Vec<ByteArray>,
    geometry: Column<ByteArray>,
    geometry_exact: Column<ByteArray>,
    bounds: [Column<f64>; 4],
    area_px2: Column<f64>,
    area_um2: Column<f64>,
    attributes: Column<ByteArray>,
    lineage: Column<ByteArray>,
    source_id: Column<ByteArray>,
    holotype: Vec<ByteArray>,
}

impl Columns {
    pub(super) fn len(&self) -> usize {
        self.annotation.len()
    }

    pub(super) fn push(&mut self, row: ParquetRow) {
        self.annotation.push(row.annotation);
        self.image.push(row.image);
        self.image_id.push(row.image_id);
        self.label.push(row.label);
        self.recorded_label.push(row.recorded_label);
        self.ratings.push(row.ratings);
        self.annotators.push(row.annotators);
        self.shape.push(row.shape);
        self.geometry.push(row.geometry);
        self.geometry_exact.push(row.geometry_exact);
        let bounds = row.bounds.map_or([None; 4], |bounds| bounds.map(Some));
        for (column, value) in self.bounds.iter_mut().zip(bounds) {
            column.push(value);
        }
        self.area_px2.push(row.area_px2);
        self.area_um2.push(row.area_um2);
        self.attributes.push(row.attributes);
        self.lineage.push(row.lineage);
        self.source_id.push(row.source_id);
        self.holotype.push(row.holotype);
    }

    /// Writes the columns in the order of the schema.
    pub(super) fn write<W: Write + Send>(self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<()> {
        required::<ByteArrayType, W>(group, &self.annotation)?;
        required::<ByteArrayType, W>(group, &self.image)?;
        required::<ByteArrayType, W>(group, &self.image_id)?;
        optional::<ByteArrayType, W>(group, &self.label)?;
        optional::<ByteArrayType, W>(group, &self.recorded_label)?;
        required::<Int32Type, W>(group, &self.ratings)?;
        required::<Int32Type, W>(group, &self.annotators)?;
        required::<ByteArrayType, W>(group, &self.shape)?;
        optional::<ByteArrayType, W>(group, &self.geometry)?;
        optional::<ByteArrayType, W>(group, &self.geometry_exact)?;
        for column in &self.bounds {
            optional::<DoubleType, W>(group, column)?;
        }
        optional::<DoubleType, W>(group, &self.area_px2)?;
        optional::<DoubleType, W>(group, &self.area_um2)?;
        optional::<ByteArrayType, W>(group, &self.attributes)?;
        optional::<ByteArrayType, W>(group, &self.lineage)?;
        optional::<ByteArrayType, W>(group, &self.source_id)?;
        required::<ByteArrayType, W>(group, &self.holotype)
    }
}

fn required<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<()> {
    write::<T, W>(group, values, None)
}

fn optional<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column<T::T>,
) -> Result<()> {
    write::<T, W>(group, &column.values, Some(&column.levels))
}

fn write<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<()> {
    let more = || ParquetError::General("the schema has fewer columns than a row".to_owned());
    let mut column = group.next_column()?.ok_or_else(more)?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}
