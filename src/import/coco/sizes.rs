//! How large the images of a long file are, as far as that is needed before all of it was read: what boxes tell of
//! their format depends on it. It is a guess, which is compared with what the whole file says.

use super::super::json::{Context, Id};
use super::assemble::Lists;
use super::boxes::Size;
use super::error::CocoError;
use super::images::{Places, take_images};
use super::parse_text;
use super::source::Source;
use crate::import::document::Document;

/// Sizes of images by their ids.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sizes {
    images: Places,
    sizes: Vec<Option<Size>>,
}

/// The list that is looked for at the end.
const IMAGES: &[u8] = b"\"images\"";

impl Sizes {
    /// Reads the images where they are before the annotations, else where they are at the end of the file.
    pub(super) fn guess(source: &Source, head: &[u8], list: u64, window: usize) -> Result<Self, CocoError> {
        if let Some(sizes) = Self::read(&source.name, &[head, b"]}"].concat()) {
            return Ok(sizes);
        }
        let size = source.size_bytes();
        let tail = u64::try_from(window).unwrap_or(u64::MAX).saturating_mul(2);
        let mut bytes = Vec::new();
        source.read(size.saturating_sub(tail).max(list), size.max(list), &mut bytes)?;
        let found = memchr::memmem::rfind(&bytes, IMAGES).and_then(|at| bytes.get(at..));
        let sizes = found.and_then(|list| Self::read(&source.name, &[b"{", list].concat()));
        Ok(sizes.unwrap_or_default())
    }

    fn read(name: &str, text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut context = Context::new(name);
        let file = parse_text(text, &mut context).ok()?;
        let mut document = Document::default();
        let images = take_images(&mut document, &mut context, file.images?, file.licences).ok()?;
        Some(Self::new(images, &document))
    }

    fn new(images: Places, document: &Document) -> Self {
        Self {
            images,
            sizes: document.images.iter().map(super::assemble::size).collect(),
        }
    }

    /// Returns those that the whole file says.
    pub(super) fn known(lists: &Lists) -> Self {
        Self::new(lists.images.clone(), &lists.document)
    }

    /// Returns the size of the image of an id.
    pub(super) fn of(&self, image: &Id) -> Option<Size> {
        self.sizes.get(*self.images.get(image)?).copied().flatten()
    }
}
