//! What a release derives from a version for its payload: the annotations in four formats, the labels, the splits and
//! the images as tables. The same function builds them and derives them again when a release is checked.

use serde_json::json;

use super::ReleaseError;
use super::manifest::is_ambiguous;
use super::numbers::{Count, Numbers};
use super::sink::{Sink, put_result};
use crate::codec::to_canonical;
use crate::export::image_table::{write_image_table, write_source_table};
use crate::export::split_table::write_split_table;
use crate::export::version::{FormatsOut, write_formats};
use crate::export::{Dataset, ExportOptions, Exported, Filter, ImageRow, Votes};
use crate::files::names::{Sameness, check_names};
use crate::id::Digest;

/// The folder of the annotations.
pub(super) const ANNOTATIONS: &str = "data/annotations/";
/// The annotations as COCO.
pub(super) const COCO: &str = "data/annotations/coco.json";
/// The annotations as one table of text.
pub(super) const CSV: &str = "data/annotations/annotations.csv";
/// The annotations as one Parquet table.
pub(super) const PARQUET: &str = "data/annotations/annotations.parquet";
/// The annotations as GeoJSON, a file an image.
pub(super) const GEOJSON: &str = "data/annotations/geojson/";
/// The labels.
pub(super) const LABELS: &str = "data/annotations/labels.json";
/// The images as a table.
pub(super) const IMAGES: &str = "data/images.csv";
/// Where the images can be had.
pub(super) const IMAGE_SOURCES: &str = "data/image-sources.csv";
/// The splits.
pub(super) const SPLITS: &str = "data/splits.csv";
/// The folder of the images.
pub(super) const IMAGE_FILES: &str = "data/images/";

/// What is to be derived.
#[derive(Clone, Copy)]
pub(super) struct Derivation<'a> {
    /// The dataset's name.
    pub(super) name: &'a str,
    /// The dataset's random number.
    pub(super) repository: Digest,
    /// Which rows stand in the annotations.
    pub(super) filter: Filter<'a>,
    /// Where images can be had.
    pub(super) image_source: Option<&'a str>,
    /// Is told of annotations that were read, several at a time, on several threads.
    pub(super) tell: &'a (dyn Fn(u64) + Sync),
}

/// What was derived.
pub(super) struct Derived {
    /// What COCO holds.
    pub(super) exported: Exported,
    /// What was counted of the whole version.
    pub(super) numbers: Numbers,
}

/// Writes all of it.
pub(super) fn derive_payload<S: Sink>(
    dataset: &Dataset<'_>,
    what: &Derivation<'_>,
    sink: &mut S,
) -> Result<Derived, ReleaseError> {
    let derived = write_annotations(dataset, what, sink)?;
    sink.put(LABELS, &labels_json(dataset)?)?;
    put_result(sink, SPLITS, |out| write_split_table(dataset, out))?;
    put_result(sink, IMAGES, |out| {
        write_image_table(dataset.images().iter(), out)
    })?;
    if let Some(pattern) = what.image_source {
        put_result(sink, IMAGE_SOURCES, |out| {
            write_source_table(dataset.images().iter(), pattern, out)
        })?;
    }
    Ok(derived)
}

/// Writes the annotations in all formats, in one pass. What the documents say is counted of everything there is, as far
/// as it goes while that is read.
fn write_annotations<S: Sink>(
    dataset: &Dataset<'_>,
    what: &Derivation<'_>,
    sink: &mut S,
) -> Result<Derived, ReleaseError> {
    let options = ExportOptions {
        name: what.name,
        votes: Votes::Omit,
        filter: what.filter,
        repository: Some(what.repository),
        ..ExportOptions::default()
    };
    let count = Count::begin(dataset)?;
    let names = GeoJsonNames::of(dataset);
    let (mut coco, mut csv, mut parquet) = (sink.open(COCO)?, sink.open(CSV)?, sink.open(PARQUET)?);
    let out = FormatsOut {
        coco: &mut coco,
        csv: &mut csv,
        parquet: &mut parquet,
        geojson: &mut |image, bytes| {
            sink.put(&names.name(image), bytes)
                .map_err(|error| std::io::Error::other(error).into())
        },
    };
    let exported = write_formats(dataset, out, &options, &|image, rows| {
        count.show(image, rows);
        (what.tell)(u64::try_from(rows.len()).unwrap_or(u64::MAX));
    })?;
    for (name, file) in [(COCO, coco), (CSV, csv), (PARQUET, parquet)] {
        sink.close(name, file)?;
    }
    // An export passes over images that are erased or not asked for, and shows none of them.
    let passed_over = dataset
        .images()
        .iter()
        .filter(|image| !options.filter.takes_image(image));
    count.read(passed_over)?;
    Ok(Derived {
        exported,
        numbers: count.finish(),
    })
}

/// How the GeoJSON files are named: as their images; by the ids of the images where a name cannot be a file anywhere.
enum GeoJsonNames {
    ByName,
    ById,
}

impl GeoJsonNames {
    fn of(dataset: &Dataset<'_>) -> Self {
        let present = dataset.images().iter().filter(|image| !image.is_erased());
        let names: Vec<String> = present
            .map(|image| format!("{GEOJSON}{}.geojson", image.record.name))
            .collect();
        let is_fine = check_names(names.iter().map(String::as_str), Sameness::Folded).is_empty()
            && !names.iter().any(|name| is_ambiguous(name));
        if is_fine { Self::ByName } else { Self::ById }
    }

    fn name(&self, image: &ImageRow) -> String {
        match self {
            Self::ByName => format!("{GEOJSON}{}.geojson", image.record.name),
            Self::ById => format!("{GEOJSON}{}.geojson", image.id),
        }
    }
}

/// The labels with their ids here and in COCO.
fn labels_json(dataset: &Dataset<'_>) -> Result<Vec<u8>, ReleaseError> {
    let labels: Vec<serde_json::Value> = (1_u64..)
        .zip(dataset.rows().labels())
        .map(|(number, (id, record))| {
            let facts: crate::model::Facts = record
                .facts
                .iter()
                .filter(|(_, value)| !matches!(value, crate::model::FactValue::Private(_)))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            json!({"coco_id": number, "facts": facts, "holotype_id": id, "name": record.name})
        })
        .collect();
    let mut bytes = to_canonical(&json!({"format": "holotype/labels/1", "labels": labels}))?;
    bytes.push(b'\n');
    Ok(bytes)
}
