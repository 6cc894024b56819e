//! A version in the formats of other tools: which of its rows, and where each of their members goes.

mod asap;
mod coco;
mod csv;
mod formats;
mod geojson;
mod parquet;
mod sliderunner;
mod voc;
mod yolo;

pub use asap::export_asap;
pub use coco::{export_coco, write_dataset_as_coco};
pub use csv::export_csv;
pub use formats::{FormatsOut, Watch, write_formats};
pub use geojson::{PutImageFile, export_geojson};
pub use parquet::export_parquet;
pub use sliderunner::export_sliderunner;
pub use voc::export_voc;
pub use yolo::export_yolo;

use std::collections::BTreeMap;
use std::io::Write;

use super::coco::CocoDialect;
use super::dataset::{Dataset, ImageRow};
use super::format::{FileFormat, FolderFormat};
use super::rows::{Parts, Row};
use super::{ExportError, ExportReport};
use crate::codec::to_canonical;
use crate::event::State;
use crate::files::names::{Sameness, check_names, fold};
use crate::files::output::StagedFolder;
use crate::id::Digest;
use crate::model::Rule;

/// Which rows are exported.
#[derive(Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Which images; without it all. Annotations of an image that is left out are left out, too.
    pub image: Option<&'a (dyn Fn(&ImageRow) -> bool + Sync)>,
    /// Which annotations; without it all. Images stay.
    pub annotation: Option<&'a (dyn Fn(&Row<'_>) -> bool + Sync)>,
}

impl Filter<'_> {
    /// Whether an image is exported: one that is erased is not.
    #[must_use]
    pub fn takes_image(&self, image: &ImageRow) -> bool {
        !image.is_erased() && self.image.is_none_or(|takes| takes(image))
    }

    /// Whether an annotation is exported, if its image is.
    #[must_use]
    pub fn takes(&self, row: &Row<'_>) -> bool {
        self.annotation.is_none_or(|takes| takes(row))
    }

    /// What has to be read of annotations: a filter may ask for anything.
    fn parts(&self, otherwise: Parts) -> Parts {
        self.annotation.map_or(otherwise, |_| Parts::ALL)
    }
}

/// Whether ratings are written where a format has a place for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Votes {
    /// They are left out, and counted as a loss.
    #[default]
    Omit,
    /// They are written, without who gave them.
    List,
}

/// What an export may be told.
#[derive(Clone, Copy, Default)]
pub struct ExportOptions<'a> {
    /// The dataset's name.
    pub name: &'a str,
    /// Whether ratings are written.
    pub votes: Votes,
    /// The form of COCO.
    pub dialect: CocoDialect,
    /// Which rows are exported.
    pub filter: Filter<'a>,
    /// The id of the dataset that is exported from, which tells whose codes those of people are.
    pub repository: Option<Digest>,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// How many images were written.
    pub images: u64,
    /// How many annotations were written.
    pub annotations: u64,
    /// How many labels were written.
    pub labels: u64,
    /// What was not written.
    pub report: ExportReport,
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

/// Writes a value as canonical JSON.
fn text<T: serde::Serialize>(value: &T) -> Result<String, ExportError> {
    let bytes = to_canonical(value)?;
    String::from_utf8(bytes).map_err(|error| std::io::Error::other(error).into())
}

/// Counts erased images as left out.
fn count_erased(dataset: &Dataset<'_>, report: &mut ExportReport) {
    for image in dataset.images().iter().filter(|image| image.is_erased()) {
        report.add("erased_image", 1, || {
            format!(
                "'{}' was erased; it and its annotations are left out",
                image.record.name
            )
        });
    }
}

/// Returns the images that are exported, by name.
fn chosen_images<'d>(dataset: &'d Dataset<'_>, options: &ExportOptions<'_>) -> Vec<&'d ImageRow> {
    let images = dataset.images().iter();
    images.filter(|image| options.filter.takes_image(image)).collect()
}

/// Names a file for each image: as the image but for its extension, or behind it where two images differ in that alone.
///
/// # Errors
/// [`ExportError::Names`] when names of images cannot be files.
fn file_names(images: &[&ImageRow], extension: &str) -> Result<Vec<String>, ExportError> {
    let stem = |name: &str| match name.rsplit_once('.') {
        Some((stem, last)) if !stem.is_empty() && !stem.ends_with('/') && !last.contains('/') => {
            stem.to_owned()
        }
        _ => name.to_owned(),
    };
    let mut uses: BTreeMap<String, u32> = BTreeMap::new();
    for image in images {
        *uses.entry(fold(&stem(&image.record.name))).or_default() += 1;
    }
    let names: Vec<String> = images
        .iter()
        .map(|image| {
            let stem = stem(&image.record.name);
            if uses.get(&fold(&stem)) == Some(&1) {
                format!("{stem}.{extension}")
            } else {
                format!("{}.{extension}", image.record.name)
            }
        })
        .collect();
    let faults = check_names(names.iter().map(String::as_str), Sameness::Bytes);
    if faults.is_empty() {
        Ok(names)
    } else {
        Err(ExportError::Names { names: faults })
    }
}

/// Writes a version as one file. Labels are agreed by `rule`, else by the rule in force.
///
/// # Errors
/// [`ExportError`] when the version cannot be read or `out` not be written.
pub fn export_file<W: Write + Send>(
    format: FileFormat,
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    mut out: W,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    match format {
        FileFormat::Coco => export_coco(version, rule, &mut out, options),
        FileFormat::Csv => export_csv(version, rule, &mut out, options),
        FileFormat::Parquet => export_parquet(version, rule, out, options),
        FileFormat::SlideRunner => export_sliderunner(version, rule, out, options),
    }
}

/// Writes a version as files of a folder. Labels are agreed by `rule`, else by the rule in force.
///
/// # Errors
/// [`ExportError`] when the version cannot be read, or a file not be written or not be named so.
pub fn export_folder(
    format: FolderFormat,
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: &mut StagedFolder,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    match format {
        FolderFormat::Asap => export_asap(version, rule, out, options),
        FolderFormat::GeoJson => export_geojson(version, rule, out, options),
        FolderFormat::Voc => export_voc(version, rule, out, options),
        FolderFormat::Yolo => export_yolo(version, rule, out, options),
    }
}
