//! A version in the formats of other tools: which of its rows, and where each of their members goes.

mod coco;
mod parquet;
mod voc;

pub use coco::{Watch, export_coco, write_coco_watched, write_dataset_as_coco};
pub use parquet::export_parquet;
pub use voc::export_voc;

use std::io::Write;

use super::dataset::{Dataset, ImageRow};
use super::format::{FileFormat, FolderFormat};
use super::rows::{Parts, Row};
use super::{ExportError, ExportReport};
use crate::event::State;
use crate::files::output::StagedFolder;
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

    fn takes(&self, row: &Row<'_>) -> bool {
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
    /// Which rows are exported.
    pub filter: Filter<'a>,
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
        FileFormat::Parquet => export_parquet(version, rule, out, options),
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
        FolderFormat::Voc => export_voc(version, rule, out, options),
    }
}
