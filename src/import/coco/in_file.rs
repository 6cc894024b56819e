//! The annotations of a long file: they stay in it, and are read image by image when they are asked for, by any number
//! of threads. Nothing of them is kept.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::again::Again;
use super::assemble::{Assembler, Meaning};
use super::error::CocoError;
use super::index::{ByImage, Places};
use super::source::Source;
use super::told::Told;
use crate::import::document::SourceAnnotation;
use crate::import::report::LossReport;

/// So many records are made annotations at a time where only some of all are.
const SAMPLED_TOGETHER: usize = 1 << 10;

/// Annotations that stay in their file.
#[derive(Debug)]
pub struct InFile {
    pub(super) source: Source,
    pub(super) places: Places,
    pub(super) by_image: ByImage,
    /// Records that repeat an earlier one, in ascending order.
    pub(super) repeats: Vec<u32>,
    pub(super) meaning: Meaning,
    pub(super) window: usize,
    pub(super) has_local_ids: bool,
    pub(super) reported: Mutex<Reported>,
}

/// What reading told, and of which images: a second reading of an image tells nothing.
#[derive(Debug, Default)]
pub(super) struct Reported {
    pub(super) told: Told,
    images: BTreeSet<usize>,
}

impl InFile {
    pub(super) fn again(&self) -> Again<'_> {
        Again {
            source: &self.source,
            places: &self.places,
            window: self.window,
        }
    }

    /// Returns how many records name an image of the document; not every record need be an annotation.
    #[must_use]
    pub fn count(&self, image: usize) -> usize {
        self.by_image.of(image).len()
    }

    /// Whether any record has an id that is no id of Holotype's own.
    #[must_use]
    pub fn has_local_ids(&self) -> bool {
        self.has_local_ids
    }

    /// Reads the annotations of some images of the document, in the order of the file.
    ///
    /// # Errors
    /// [`CocoError`] when the file cannot be read, or was changed.
    pub fn read(&self, images: &[usize]) -> Result<Vec<SourceAnnotation>, CocoError> {
        let mut annotations = Vec::with_capacity(images.iter().map(|image| self.count(*image)).sum());
        let told = match images {
            [image] => self.assemble(self.by_image.of(*image), &mut annotations)?,
            _ => {
                let records = images.iter().flat_map(|image| self.by_image.of(*image));
                let mut records: Vec<u32> = records.copied().collect();
                records.sort_unstable();
                self.assemble(&records, &mut annotations)?
            }
        };
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |image: &usize| !reported.images.contains(image);
        // An import reads the same images together every time.
        if images.iter().any(is_new) {
            reported.told.merge(told);
            reported.images.extend(images);
        }
        Ok(annotations)
    }

    /// Reads annotations evenly spread over the file: those of at most so many records. What is odd about them is told when
    /// they are read as a whole.
    ///
    /// # Errors
    /// [`CocoError`] when the file cannot be read, or was changed.
    pub fn sample(&self, at_most: usize) -> Result<Vec<SourceAnnotation>, CocoError> {
        let step = self.places.len().div_ceil(at_most.max(1)).max(1);
        let records: Vec<u32> = (0..self.places.count()).step_by(step).collect();
        let parts = records.par_chunks(SAMPLED_TOGETHER).map(|records| {
            let mut annotations = Vec::with_capacity(records.len());
            self.assemble(records, &mut annotations)?;
            Ok(annotations)
        });
        let parts = parts.collect::<Result<Vec<_>, CocoError>>()?;
        Ok(parts.concat())
    }

    /// Whether any record is an annotation.
    ///
    /// # Errors
    /// [`CocoError`] when the file cannot be read, or was changed.
    pub fn has_any(&self) -> Result<bool, CocoError> {
        let mut annotations = Vec::new();
        for image in 0..self.by_image.images() {
            for records in self.by_image.of(image).chunks(SAMPLED_TOGETHER) {
                self.assemble(records, &mut annotations)?;
                if !annotations.is_empty() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Makes annotations of records, and returns what is to be told of them.
    pub(super) fn assemble(
        &self,
        records: &[u32],
        annotations: &mut Vec<SourceAnnotation>,
    ) -> Result<Told, CocoError> {
        let mut assembler = Assembler::new(&self.meaning, &self.source.name);
        self.again().each(records, |record, raw| {
            if self.repeats.binary_search(&record).is_err() {
                let index = usize::try_from(record).unwrap_or(usize::MAX);
                annotations.extend(assembler.annotation(index, raw));
            }
            Ok(())
        })?;
        Ok(assembler.told)
    }

    /// Returns what was told of all annotations that were read.
    #[must_use]
    pub fn report(&self) -> LossReport {
        let mut report = LossReport::default();
        let reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        reported.told.report_to(&mut report);
        report
    }

    /// Makes sure that the file is the one that was opened.
    ///
    /// # Errors
    /// [`CocoError`] when it was changed since.
    pub fn check(&self) -> Result<(), CocoError> {
        self.source.check()
    }

    /// Returns how many bytes were read of the file so far, those that were read twice counted twice.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.source.read_bytes()
    }
}
