//! A source's annotations by image: in memory, or read from their file when it is the image's turn. Images are independent
//! of each other: portions of them are worked on by all processors while the portion before is taken in, in the order of
//! the images.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::id::ImageId;
use crate::import::coco::InFile;
use crate::import::document::{SourceAnnotation, SourceId};
use crate::import::progress::Stage;
use crate::import::report::Entries;
use crate::repo::{Fork, ImageState, Transaction, Work};

use super::annotations::{Meaning, count};
use super::{Import, ImportError, ImportOutcome};

/// What the work on one image led to, and what is odd about its geometries.
type Done = (Work, ImportOutcome, Entries);

/// So many annotations are worked on together, and those of at least one image.
const PORTION: usize = 1 << 14;

/// The annotations of one image.
pub(super) enum OfImage {
    /// They are in memory, in source order.
    Held(Vec<SourceAnnotation>),
    /// They are in the file.
    InFile {
        /// Which images of the document they are on.
        images: Vec<usize>,
        /// How many records name these; some of them need not be annotations.
        count: usize,
    },
}

/// What is worked on image by image.
pub(super) trait Load {
    /// Returns how many things there are, at most.
    fn size(&self) -> usize;
}

impl Load for OfImage {
    fn size(&self) -> usize {
        match self {
            Self::Held(annotations) => annotations.len(),
            Self::InFile { count, .. } => *count,
        }
    }
}

impl<T> Load for Vec<T> {
    fn size(&self) -> usize {
        self.len()
    }
}

/// The annotations of each image that a source names, in memory or in their file.
pub(super) struct ByImage<'a> {
    images: BTreeMap<ImageId, OfImage>,
    in_file: Option<&'a InFile>,
}

impl<'a> ByImage<'a> {
    /// Puts annotations to their images.
    pub(super) fn new(
        annotations: Vec<SourceAnnotation>,
        in_file: Option<&'a InFile>,
        images: &[ImageId],
    ) -> Self {
        let images = match in_file {
            Some(in_file) => stay(in_file, images),
            None => hold(annotations, images),
        };
        Self { images, in_file }
    }

    /// Returns how many images there are.
    pub(super) fn len(&self) -> usize {
        self.images.len()
    }

    /// Returns how many annotations there are, at most.
    pub(super) fn count(&self) -> u64 {
        self.images.values().map(|image| count(image.size())).sum()
    }

    /// Returns the images in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ImageId, &OfImage)> {
        self.images.iter()
    }

    /// Returns the images for all processors.
    pub(super) fn par_iter(&self) -> impl ParallelIterator<Item = (&ImageId, &OfImage)> {
        self.images.par_iter()
    }

    /// Returns the annotations of an image.
    pub(super) fn read<'i>(&self, image: &'i OfImage) -> Result<Cow<'i, [SourceAnnotation]>, ImportError> {
        match (image, self.in_file) {
            (OfImage::Held(annotations), _) => Ok(Cow::Borrowed(annotations)),
            (OfImage::InFile { images, .. }, Some(in_file)) => Ok(Cow::Owned(in_file.read(images)?)),
            (OfImage::InFile { .. }, None) => Ok(Cow::Borrowed(&[])),
        }
    }

    /// Whether any annotation has such an id.
    pub(super) fn has_id(&self, fits: fn(&SourceId) -> bool) -> Result<bool, ImportError> {
        // An export of Holotype has no ids but Holotype's own, which is known without reading it.
        let is_own = |in_file: &InFile| !in_file.has_local_ids() && !fits(&SourceId::Holotype([0; 24]));
        if self.in_file.is_some_and(is_own) {
            return Ok(false);
        }
        for image in self.images.values() {
            let annotations = self.read(image)?;
            let mut ids = annotations.iter().filter_map(|annotation| annotation.id.as_ref());
            if ids.any(fits) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Puts annotations that are in memory to their images.
fn hold(annotations: Vec<SourceAnnotation>, images: &[ImageId]) -> BTreeMap<ImageId, OfImage> {
    let mut counts: BTreeMap<ImageId, usize> = images.iter().map(|image| (*image, 0)).collect();
    for image in annotations
        .iter()
        .filter_map(|annotation| images.get(annotation.image))
    {
        *counts.entry(*image).or_default() += 1;
    }
    let mut by_image: BTreeMap<ImageId, Vec<SourceAnnotation>> = counts
        .into_iter()
        .map(|(image, count)| (image, Vec::with_capacity(count)))
        .collect();
    for annotation in annotations {
        if let Some(image) = images.get(annotation.image) {
            by_image.entry(*image).or_default().push(annotation);
        }
    }
    let held = |(image, annotations)| (image, OfImage::Held(annotations));
    by_image.into_iter().map(held).collect()
}

/// Notes which annotations of a file are on which image. Several images of a document can be one here.
fn stay(in_file: &InFile, images: &[ImageId]) -> BTreeMap<ImageId, OfImage> {
    let mut by_image: BTreeMap<ImageId, Vec<usize>> = BTreeMap::new();
    for (place, image) in images.iter().enumerate() {
        by_image.entry(*image).or_default().push(place);
    }
    let counted = |(image, images): (ImageId, Vec<usize>)| {
        let count = images.iter().map(|place| in_file.count(*place)).sum();
        (image, OfImage::InFile { images, count })
    };
    by_image.into_iter().map(counted).collect()
}

impl Import<'_, Transaction<'_>> {
    /// Records what is new or differs.
    pub(super) fn annotations(
        &mut self,
        by_image: ByImage<'_>,
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        self.setting.progress.begin(Stage::Recording, by_image.count());
        let ByImage { images, in_file } = by_image;
        self.each_image(images, |import, image, annotations| {
            let annotations = match (annotations, in_file) {
                (OfImage::Held(annotations), _) => annotations,
                (OfImage::InFile { images, .. }, Some(in_file)) => in_file.read(&images)?,
                (OfImage::InFile { .. }, None) => Vec::new(),
            };
            import.image_annotations(image, annotations, meaning)
        })
    }

    /// Works on images beside each other, and takes in what that led to in their order.
    pub(super) fn each_image<T: Load + Send>(
        &mut self,
        by_image: BTreeMap<ImageId, T>,
        work: impl Fn(&mut Import<'_, Fork<'_>>, ImageId, T) -> Result<(), ImportError> + Sync,
    ) -> Result<(), ImportError> {
        let base = self.recorder.settle()?;
        let (setting, context) = (self.setting, Arc::clone(&self.context));
        let work = |(image, items): (ImageId, T)| -> Result<Done, ImportError> {
            let size = count(items.size());
            let state = ImageState::read(base, image.prefix())?;
            let mut fork = Fork::new(&state);
            let mut import = Import::new(setting, &mut fork, Arc::clone(&context));
            work(&mut import, image, items)?;
            import.leave_out(BTreeMap::new());
            let (outcome, flags) = (import.outcome, import.flags);
            setting.progress.advance(size);
            Ok((fork.finish(), outcome, flags))
        };
        let mut waiting = by_image.into_iter();
        let mut done = Vec::new();
        loop {
            let portion = next_portion(&mut waiting);
            if portion.is_empty() && done.is_empty() {
                return Ok(());
            }
            let (taken, worked) = rayon::join(
                || self.take_in(std::mem::take(&mut done)),
                || portion.into_par_iter().map(&work).collect::<Result<Vec<_>, _>>(),
            );
            taken?;
            done = worked?;
        }
    }

    fn take_in(&mut self, done: Vec<Done>) -> Result<(), ImportError> {
        for (work, outcome, flags) in done {
            self.recorder.join(work)?;
            self.outcome.add(outcome);
            self.flags.merge(&flags);
        }
        Ok(())
    }
}

/// Takes images until there is enough on them.
fn next_portion<T: Load>(waiting: &mut impl Iterator<Item = (ImageId, T)>) -> Vec<(ImageId, T)> {
    let mut portion = Vec::new();
    let mut size = 0;
    while size < PORTION {
        let Some((image, items)) = waiting.next() else {
            break;
        };
        size += items.size() + 1;
        portion.push((image, items));
    }
    portion
}
