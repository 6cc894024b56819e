//! A source's annotations by image. Images are independent of each other: portions of them are worked on by all
//! processors while the portion before is taken in, in the order of the images.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use crate::id::ImageId;
use crate::import::document::SourceAnnotation;
use crate::repo::{Fork, ImageState, Transaction, Work};

use super::annotations::Meaning;
use super::{Import, ImportError, ImportOutcome};

/// The annotations of each image that a source names, in source order.
pub(super) type ByImage = BTreeMap<ImageId, Vec<SourceAnnotation>>;

/// What the work on one image led to.
type Done = (Work, ImportOutcome);

/// So many annotations are worked on together, and those of at least one image.
const PORTION: usize = 1 << 14;

/// Puts annotations to their images.
pub(super) fn by_image(annotations: Vec<SourceAnnotation>, images: &[ImageId]) -> ByImage {
    let mut counts: BTreeMap<ImageId, usize> = images.iter().map(|image| (*image, 0)).collect();
    for image in annotations
        .iter()
        .filter_map(|annotation| images.get(annotation.image))
    {
        *counts.entry(*image).or_default() += 1;
    }
    let mut by_image: ByImage = counts
        .into_iter()
        .map(|(image, count)| (image, Vec::with_capacity(count)))
        .collect();
    for annotation in annotations {
        if let Some(image) = images.get(annotation.image) {
            by_image.entry(*image).or_default().push(annotation);
        }
    }
    by_image
}

impl Import<'_, Transaction<'_>> {
    /// Records what is new or differs.
    pub(super) fn annotations(
        &mut self,
        by_image: ByImage,
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        self.each_image(by_image, |import, image, annotations| {
            import.image_annotations(image, annotations, meaning)
        })
    }

    /// Works on images beside each other, and takes in what that led to in their order.
    pub(super) fn each_image<T: Send>(
        &mut self,
        by_image: BTreeMap<ImageId, Vec<T>>,
        work: impl Fn(&mut Import<'_, Fork<'_>>, ImageId, Vec<T>) -> Result<(), ImportError> + Sync,
    ) -> Result<(), ImportError> {
        let base = self.recorder.settle()?;
        let (setting, context) = (self.setting, Arc::clone(&self.context));
        let work = |(image, items): (ImageId, Vec<T>)| -> Result<Done, ImportError> {
            let state = ImageState::read(base, image.prefix())?;
            let mut fork = Fork::new(&state);
            let mut import = Import::new(setting, &mut fork, Arc::clone(&context));
            work(&mut import, image, items)?;
            import.leave_out(BTreeMap::new());
            let outcome = import.outcome;
            Ok((fork.finish(), outcome))
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
        for (work, outcome) in done {
            self.recorder.join(work)?;
            self.outcome.add(outcome);
        }
        Ok(())
    }
}

/// Takes images until there is enough on them.
fn next_portion<T>(waiting: &mut impl Iterator<Item = (ImageId, Vec<T>)>) -> Vec<(ImageId, Vec<T>)> {
    let mut portion = Vec::new();
    let mut size = 0;
    while size < PORTION {
        let Some((image, items)) = waiting.next() else {
            break;
        };
        size += items.len() + 1;
        portion.push((image, items));
    }
    portion
}
