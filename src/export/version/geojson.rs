//! A version as QuPath GeoJSON, one file an image.

use super::{ExportOptions, Exported, chosen_images, count_erased, length, text};
use crate::event::State;
use crate::export::carrier::{carried, carrier};
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::geojson::{GeoJsonLosses, GeoJsonObject, write_geojson};
use crate::export::rows::{Parts, Row, RowReader};
use crate::export::{ExportError, ExportReport};
use crate::files::names::{Sameness, check_names};
use crate::files::output::StagedFolder;
use crate::id::LabelId;
use crate::model::qupath::{Colour, parse_colour};
use crate::model::{FactValue, Rule};

/// The file with what belongs to no annotation.
const CARRIER_NAME: &str = "holotype.json";

/// Writes a version as QuPath GeoJSON: one file an image, `NAME.geojson`, since the name of the file is all that says
/// which image it is about. An image without annotations has a file without features. What belongs to no annotation stands
/// in one more file, `holotype.json`.
///
/// # Errors
/// [`ExportError::Names`] when names of images cannot be files, or when the version cannot be read or a file not be
/// written.
pub fn export_geojson(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: &mut StagedFolder,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let dataset = Dataset::open(version, rule)?;
    let names: Vec<String> = chosen_images(&dataset, options)
        .iter()
        .map(|image| format!("{}.geojson", image.record.name))
        .collect();
    let faults = check_names(names.iter().map(String::as_str), Sameness::Bytes);
    if !faults.is_empty() {
        return Err(ExportError::Names { names: faults });
    }
    let mut names = names.iter();
    let mut exported = write_geojson_files(&dataset, options, &mut |_, bytes| {
        let name = names.next().map_or("", String::as_str);
        out.write_file(name, bytes).map_err(ExportError::from)
    })?;
    let chosen = chosen_images(&dataset, options);
    let carrier = carrier(&dataset, &chosen, options.repository, &mut exported.report)?;
    out.write_file(CARRIER_NAME, text(&carrier)?.as_bytes())?;
    Ok(exported)
}

/// Takes the file of an image.
pub type PutImageFile<'p> = dyn FnMut(&ImageRow, &[u8]) -> Result<(), ExportError> + 'p;

/// The files of the images as [`export_geojson`] writes them, for a dataset that was read already and any place: `put` is given the file of each image, in
/// the order of their names.
///
/// # Errors
/// [`ExportError`] when the version cannot be read, and those of `put`.
fn write_geojson_files(
    dataset: &Dataset<'_>,
    options: &ExportOptions<'_>,
    put: &mut PutImageFile<'_>,
) -> Result<Exported, ExportError> {
    let chosen: Vec<&ImageRow> = chosen_images(dataset, options);
    let rows = dataset.rows();
    let mut export = GeoJsonExport::begin(put);
    rows.each_image(
        chosen.iter().copied(),
        Parts::ALL,
        |image, mut rows_of| {
            rows_of.retain(|row| options.filter.takes(row));
            GeoJsonFile::of(rows, image, &rows_of)
        },
        |file| export.put(file),
    )?;
    let annotations = export.annotations;
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(rows.labels()),
        report: export.end(dataset),
    })
}

/// The file of an image.
pub(super) struct GeoJsonFile<'i> {
    image: &'i ImageRow,
    bytes: Vec<u8>,
    losses: GeoJsonLosses,
    annotations: u64,
}

impl<'i> GeoJsonFile<'i> {
    /// Writes these annotations of it.
    pub(super) fn of(reader: &RowReader<'_>, image: &'i ImageRow, rows: &[Row<'_>]) -> Self {
        let (bytes, losses) = file(reader, image, rows);
        Self {
            image,
            bytes,
            losses,
            annotations: length(rows),
        }
    }
}

/// Files that are being written, and what was counted of them.
pub(super) struct GeoJsonExport<'e, 'p> {
    put: &'e mut PutImageFile<'p>,
    losses: GeoJsonLosses,
    annotations: u64,
}

impl<'e, 'p> GeoJsonExport<'e, 'p> {
    pub(super) fn begin(put: &'e mut PutImageFile<'p>) -> Self {
        Self {
            put,
            losses: GeoJsonLosses::default(),
            annotations: 0,
        }
    }

    pub(super) fn put(&mut self, file: GeoJsonFile<'_>) -> Result<(), ExportError> {
        self.annotations += file.annotations;
        self.losses.add(file.losses);
        (self.put)(file.image, &file.bytes)
    }

    /// Returns what was not written.
    pub(super) fn end(self, dataset: &Dataset<'_>) -> ExportReport {
        let mut report = report(&self.losses);
        count_erased(dataset, &mut report);
        report
    }
}

fn file(reader: &RowReader<'_>, image: &ImageRow, rows: &[Row<'_>]) -> (Vec<u8>, GeoJsonLosses) {
    let objects: Vec<GeoJsonObject<'_>> = rows
        .iter()
        .map(|row| GeoJsonObject {
            id: row.annotation,
            geometry: &row.record.geometry,
            class: row.label_name.map(|name| (name, colour(reader, row.label))),
            attributes: &row.record.attributes,
            carried: carried(row, reader, None).0,
        })
        .collect();
    let mut bytes = Vec::new();
    let losses = write_geojson(image.record.size(), &objects, &mut bytes);
    (bytes, losses)
}

fn colour(reader: &RowReader<'_>, label: Option<LabelId>) -> Option<Colour> {
    let (_, record) = reader.labels().get(reader.label_place(label?)?)?;
    record
        .facts
        .get("colour")
        .and_then(FactValue::as_text)
        .and_then(parse_colour)
}

fn report(losses: &GeoJsonLosses) -> ExportReport {
    let mut report = ExportReport::default();
    for (code, count, message) in [
        (
            "private_attribute",
            losses.private_attributes,
            "attributes that can name a person are not written",
        ),
        (
            "image_without_size",
            losses.image_without_size,
            "annotations of a whole image whose size is not known are drawn as a point",
        ),
        (
            "mask_as_box",
            losses.mask_as_box,
            "masks without a pixel, or of very many pieces, are drawn as a rectangle",
        ),
        (
            "shape_reduced",
            losses.shape_reduced,
            "lines of one position and polygons of under 3 are drawn as less than they are",
        ),
    ] {
        report.add(code, count, || message.to_owned());
    }
    report
}
