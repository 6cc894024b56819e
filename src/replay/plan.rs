//! How a replay is divided: by ranges of images, each of which can be folded apart from all others, and the events that
//! are about no image. Commits say which images a batch can be about; whoever reads a batch compares.

use crate::event::LineEvent;
use crate::id::ImagePrefix;
use crate::log::BatchRange;

/// About so many bytes of events are folded at once by each thread.
const PORTION_BYTES: u64 = 8 << 20;
/// With fewer bytes than this for each portion, more of them are not worth it.
const PORTION_MIN: u64 = 128 << 10;
/// A batch that more portions than this read is kept in memory meanwhile.
const READ_ANEW_MAX: usize = 2;
/// Batches are kept in memory up to so many bytes.
const KEPT_BYTES: u64 = 64 << 20;

/// What a portion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Everything.
    All,
    /// Images whose prefixes are between two numbers, both included.
    Images(u64, u64),
    /// No image.
    NoImage,
}

/// A part of a replay.
#[derive(Debug)]
pub(super) struct Portion {
    pub(super) subject: Subject,
    /// The places of the batches that are read for it, in order.
    pub(super) batches: Vec<usize>,
}

/// How a replay is divided.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) portions: Vec<Portion>,
    /// Whether a batch is read for many portions and kept in memory meanwhile.
    pub(super) is_kept: Vec<bool>,
}

/// Returns a prefix as a number of the same order.
pub(super) fn number_of(prefix: ImagePrefix) -> u64 {
    u64::from_be_bytes(*prefix.as_bytes())
}

impl Subject {
    /// Whether an event is about this.
    pub(super) fn takes(self, event: &LineEvent<'_>) -> bool {
        match (self, event.image_prefix()) {
            (Self::All, _) | (Self::NoImage, None) => true,
            (Self::Images(..), None) | (Self::NoImage, Some(_)) => false,
            (Self::Images(..), Some(image)) => self.takes_image(image),
        }
    }

    pub(super) fn takes_image(self, image: ImagePrefix) -> bool {
        match self {
            Self::All => true,
            Self::Images(first, last) => (first..=last).contains(&number_of(image)),
            Self::NoImage => false,
        }
    }

    /// Whether a batch can hold an event about this, as its commit says.
    pub(super) fn can_be_in(self, range: &BatchRange) -> bool {
        match (self, range.images) {
            (Self::All, _) => true,
            (Self::Images(first, last), Some((lowest, highest))) => {
                number_of(lowest) <= last && first <= number_of(highest)
            }
            (Self::Images(..), None) => false,
            // Also what is said to hold nothing is read once.
            (Self::NoImage, images) => range.global_events > 0 || images.is_none(),
        }
    }
}

impl Plan {
    /// One part, for which nothing has to be believed.
    pub(super) fn whole(batches: &[BatchRange]) -> Self {
        Self {
            portions: vec![Portion {
                subject: Subject::All,
                batches: (0..batches.len()).collect(),
            }],
            is_kept: vec![false; batches.len()],
        }
    }

    /// Divides a replay of these batches among `threads`.
    pub(super) fn of(batches: &[BatchRange], threads: u64) -> Self {
        let bytes = batches
            .iter()
            .fold(0_u64, |sum, range| sum.saturating_add(range.size_bytes));
        let few = (bytes / PORTION_MIN).min(threads.saturating_mul(4));
        let count = few.max(bytes / PORTION_BYTES);
        if count < 2 {
            return Self::whole(batches);
        }
        let step = u64::MAX / count;
        let first_of = |number: u64| number.saturating_mul(step);
        let images = (0..count).map(|number| {
            let last = if number + 1 == count {
                u64::MAX
            } else {
                first_of(number + 1) - 1
            };
            Subject::Images(first_of(number), last)
        });
        let mut readers = vec![0_usize; batches.len()];
        let portions = std::iter::once(Subject::NoImage).chain(images).map(|subject| {
            let mut places = Vec::new();
            for (place, (range, readers)) in batches.iter().zip(&mut readers).enumerate() {
                if subject.can_be_in(range) {
                    places.push(place);
                    *readers += 1;
                }
            }
            Portion {
                subject,
                batches: places,
            }
        });
        // A portion that no batch is about is kept: what was before is part of the tree, too.
        let portions = portions.collect();
        let mut kept = 0_u64;
        let is_kept = batches.iter().zip(readers).map(|(range, readers)| {
            let fits = readers > READ_ANEW_MAX && kept.saturating_add(range.size_bytes) <= KEPT_BYTES;
            kept += if fits { range.size_bytes } else { 0 };
            fits
        });
        Self {
            is_kept: is_kept.collect(),
            portions,
        }
    }
}
