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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::BatchId;

    fn prefix(first: u8) -> ImagePrefix {
        ImagePrefix::from_bytes([first, 0, 0, 0, 0, 0, 0, 0])
    }

    /// The number of the prefix with this first byte.
    fn number(first: u8) -> u64 {
        u64::from(first) << 56
    }

    fn range(images: Option<(u8, u8)>, global_events: u64, size_bytes: u64) -> BatchRange {
        let images = images.map(|(first, last)| (prefix(first), prefix(last)));
        BatchRange::new(BatchId::of(b"b"), 1, global_events, images, size_bytes)
    }

    fn places(plan: &Plan) -> Vec<&[usize]> {
        plan.portions
            .iter()
            .map(|portion| portion.batches.as_slice())
            .collect()
    }

    #[test]
    fn a_subject_takes_the_images_between_its_ends() {
        let some = Subject::Images(number(2), number(4));
        assert_eq!(number_of(prefix(2)), number(2));
        let taken = |subject: Subject| [1, 2, 3, 4, 5].map(|image| subject.takes_image(prefix(image)));
        assert_eq!(taken(some), [false, true, true, true, false]);
        assert_eq!(
            (taken(Subject::All), taken(Subject::NoImage)),
            ([true; 5], [false; 5])
        );
    }

    #[test]
    fn a_batch_is_read_for_what_it_can_hold() {
        let some = Subject::Images(number(2), number(4));
        for (images, can) in [
            (Some((0, 1)), false),
            (Some((0, 2)), true),
            (Some((3, 3)), true),
            (Some((0, 9)), true),
            (Some((4, 9)), true),
            (Some((5, 9)), false),
            (None, false),
        ] {
            assert_eq!(some.can_be_in(&range(images, 1, 0)), can, "{images:?}");
        }
        let global = |images, events| Subject::NoImage.can_be_in(&range(images, events, 0));
        assert!(global(Some((0, 9)), 1) && global(None, 1) && global(None, 0));
        assert!(!global(Some((0, 9)), 0));
        assert!(Subject::All.can_be_in(&range(None, 0, 0)));
    }

    #[test]
    fn the_portions_are_all_images_each_once_and_what_is_about_none() {
        for (size_bytes, threads, count) in [
            (2 * PORTION_MIN, 1, 2),
            (2 * PORTION_MIN, 8, 2),
            (9 * PORTION_MIN, 1, 4),
            (9 * PORTION_MIN, 2, 8),
            (5 * PORTION_BYTES, 1, 5),
            (5 * PORTION_BYTES, 2, 8),
        ] {
            let plan = Plan::of(&[range(Some((0, 255)), 1, size_bytes)], threads);
            let (first, images) = plan.portions.split_first().unwrap();
            assert_eq!(
                (first.subject, images.len()),
                (Subject::NoImage, count),
                "{size_bytes}"
            );
            let mut next = Some(0);
            for portion in images {
                let Subject::Images(first, last) = portion.subject else {
                    panic!("{portion:?}")
                };
                assert_eq!(Some(first), next);
                assert!(last - first >= u64::MAX / u64::try_from(count).unwrap() - 1);
                next = last.checked_add(1);
            }
            assert_eq!(next, None, "up to the last image");
        }
    }

    #[test]
    fn what_is_short_is_not_divided() {
        for (size_bytes, threads) in [(0, 8), (2 * PORTION_MIN - 1, 8), (9 * PORTION_MIN, 0)] {
            let plan = Plan::of(&[range(None, 1, size_bytes), range(None, 1, 0)], threads);
            assert_eq!(places(&plan), [[0, 1]]);
            assert_eq!(plan.portions[0].subject, Subject::All);
            assert_eq!(plan.is_kept, [false, false]);
        }
    }

    #[test]
    fn a_batch_that_many_portions_read_is_kept_while_there_is_room() {
        let (half, quarter) = (Some((0, 127)), Some((0, 63)));
        let batches = [
            range(Some((0, 255)), 1, 4 * PORTION_MIN),
            range(half, 0, 0),
            range(half, 1, 0),
            range(quarter, 0, 0),
        ];
        let plan = Plan::of(&batches, 1);
        let expected: [&[usize]; 5] = [&[0, 2], &[0, 1, 2, 3], &[0, 1, 2], &[0], &[0]];
        assert_eq!(places(&plan), expected);
        assert_eq!(plan.is_kept, [true, false, true, false]);
        let all = Some((0, 255));
        let large = [
            range(all, 1, KEPT_BYTES - 1),
            range(all, 1, 2),
            range(all, 1, 1),
            range(all, 1, 1),
        ];
        assert_eq!(Plan::of(&large, 1).is_kept, [true, false, true, false]);
    }
}
