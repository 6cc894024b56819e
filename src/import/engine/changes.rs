//! What an import changed, image by image, in figures and with a few named: what a person looks at before it is recorded.
//!
//! It counts and bounds; it decides nothing.

use std::collections::BTreeMap;

use crate::id::{AnnotationId, ImageId};

/// So many images are told apart; of further ones it is only said how many changed.
pub const IMAGES_MAX: usize = 1000;

/// So many annotations of one image are named for each kind of change.
pub const NAMED_MAX: usize = 3;

/// What can happen to an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was not known.
    Created,
    /// The same shape and size elsewhere.
    Moved,
    /// Another shape or size.
    Reshaped,
    /// Another recorded label.
    Relabelled,
    /// Another id in the source.
    Rekeyed,
    /// It is not there any more.
    Withdrawn,
}

impl ChangeKind {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Moved => "moved",
            Self::Reshaped => "reshaped",
            Self::Relabelled => "relabelled",
            Self::Rekeyed => "rekeyed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A label's change: the names before and after; `None` is no label.
pub type LabelChange = (Option<String>, Option<String>);

/// One annotation that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// To which annotation.
    pub annotation: AnnotationId,
    /// Its id in the source, where that has one.
    pub source_id: Option<String>,
    /// The middle of where it is now, in level-0 px; of a withdrawn one, where it was.
    pub at: Option<[f64; 2]>,
    /// How far it moved, in level-0 px.
    pub distance_px: Option<f64>,
    /// How its label changed.
    pub labels: Option<LabelChange>,
}

/// What changed on one image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageChanges {
    /// The image.
    pub image: ImageId,
    /// Its name.
    pub name: String,
    /// Annotations of the source that were known here.
    pub matched: u64,
    /// How many there are of each kind.
    pub counts: BTreeMap<ChangeKind, u64>,
    /// The farthest move, in level-0 px.
    pub moved_max_px: Option<f64>,
    /// The farthest move in µm, where the image's resolution is known.
    pub moved_max_um: Option<f64>,
    /// Changes of labels, and how often each.
    pub relabelled: BTreeMap<LabelChange, u64>,
    /// Ratings that were not known.
    pub ratings_added: u64,
    /// The first few of each kind.
    pub named: Vec<Change>,
}

impl ImageChanges {
    /// Begins on an image.
    #[must_use]
    pub fn new(image: ImageId, name: String) -> Self {
        Self {
            image,
            name,
            matched: 0,
            counts: BTreeMap::new(),
            moved_max_px: None,
            moved_max_um: None,
            relabelled: BTreeMap::new(),
            ratings_added: 0,
            named: Vec::new(),
        }
    }

    /// Returns how many changes of a kind there are.
    #[must_use]
    pub fn count(&self, kind: ChangeKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.ratings_added == 0
    }

    /// Counts a change. Whether it is one of the first of its kind, and should be named.
    pub fn add(&mut self, kind: ChangeKind) -> bool {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        usize::try_from(*count).is_ok_and(|count| count <= NAMED_MAX)
    }

    /// Notes how far something moved, in level-0 px and, where the resolution is known, in µm.
    pub fn add_move(&mut self, px: f64, um: Option<f64>) {
        let farther = |known: Option<f64>, new: f64| known.map_or(new, |known| known.max(new));
        self.moved_max_px = Some(farther(self.moved_max_px, px));
        self.moved_max_um = um.map(|um| farther(self.moved_max_um, um)).or(self.moved_max_um);
    }
}

/// What changed, by image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// The images on which something changed, in the order in which they were worked on.
    pub images: Vec<ImageChanges>,
    /// How many further images changed.
    pub more_images: u64,
}

impl Changes {
    /// Takes one image's changes in.
    pub fn push(&mut self, image: ImageChanges) {
        if image.is_empty() {
            return;
        }
        if self.images.len() < IMAGES_MAX {
            self.images.push(image);
        } else {
            self.more_images += 1;
        }
    }

    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        other.images.into_iter().for_each(|image| self.push(image));
        self.more_images += other.more_images;
    }
}

/// What an import could speak about, and how much of it it left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Images that the source names.
    pub images: u64,
    /// Of these, those on which annotations were known that it was compared with.
    pub compared: u64,
    /// Known annotations on these that the source does not mention, and that stay.
    pub not_mentioned: u64,
    /// Of these, those that a complete source leaves alone because others than its annotator rated them.
    pub of_others: u64,
}

impl Scope {
    /// Adds another's.
    pub fn add(&mut self, other: &Self) {
        self.images += other.images;
        self.compared += other.compared;
        self.not_mentioned += other.not_mentioned;
        self.of_others += other.of_others;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_are_named() {
        let mut image = ImageChanges::new(ImageId::of_name("a"), "a".to_owned());
        assert!(image.is_empty());
        let named: Vec<bool> = (0..5).map(|_| image.add(ChangeKind::Moved)).collect();
        assert_eq!(named, [true, true, true, false, false]);
        for distance in [3.0, 9.0, 1.0] {
            image.add_move(distance, (distance < 5.0).then_some(distance / 4.0));
        }
        assert_eq!(
            (image.count(ChangeKind::Moved), image.count(ChangeKind::Created)),
            (5, 0)
        );
        assert_eq!((image.moved_max_px, image.moved_max_um), (Some(9.0), Some(0.75)));
    }

    #[test]
    fn images_are_bounded_and_unchanged_ones_left_out() {
        let mut changes = Changes::default();
        changes.push(ImageChanges::new(ImageId::of_name("same"), "same".to_owned()));
        for n in 0..IMAGES_MAX + 5 {
            let mut image = ImageChanges::new(ImageId::of_name(&n.to_string()), n.to_string());
            image.add(ChangeKind::Created);
            changes.push(image);
        }
        let mut twice = Changes::default();
        twice.add(changes.clone());
        assert_eq!((changes.images.len(), changes.more_images), (IMAGES_MAX, 5));
        assert_eq!(twice, changes);
    }
}
