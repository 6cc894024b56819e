//! Folding `evolve` over the events of a portion, in their order, upon what was before.
//!
//! An event about an image reads and changes records of that image alone, and every other event none that belong to
//! an image. So the edits of all portions are those of one fold over all events.

use std::sync::{Arc, OnceLock};

use crate::event::{BatchReader, Edits, EmptyState, LineEvent, State, StateError, Visit, evolve_line};
use crate::id::{ImagePrefix, bytes_of_hex};
use crate::log::{BatchRange, LogError, read_batch};
use crate::model::Key;
use crate::snapshot::SnapshotView;
use crate::store::Store;
use crate::tree::{NodeSource, Tree};

use super::ReplayError;
use super::plan::{Plan, Portion, Subject};

/// What the events are folded upon.
#[derive(Clone, Copy)]
pub(super) enum Base<'a> {
    /// Nothing.
    Empty,
    /// A version.
    Tree(Tree, &'a dyn NodeSource),
}

/// Where an event is: the place of its batch, and how many events of the batch are before it.
pub(super) type Place = (usize, u64);

/// Why a portion could not be folded.
pub(super) enum Stop {
    /// The log is wrong there.
    Failure(Place, ReplayError),
    /// A batch holds an event that its commit says it does not hold, so that what a portion needs can be in any batch.
    NotAsStated,
}

impl Stop {
    /// Returns what is wrong with the log; `None` when it was not read as a whole.
    pub(super) fn into_failure(self) -> Option<ReplayError> {
        match self {
            Self::Failure(_, error) => Some(error),
            Self::NotAsStated => None,
        }
    }

    /// Returns the reason that counts: that the log is not as stated, else the first failure.
    pub(super) fn or_first(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotAsStated, _) | (_, Self::NotAsStated) => Self::NotAsStated,
            (Self::Failure(one, error), Self::Failure(another, _)) if one <= another => {
                Self::Failure(one, error)
            }
            (Self::Failure(..), another @ Self::Failure(..)) => another,
        }
    }
}

/// The batches of a replay.
pub(super) struct Batches<'a> {
    store: &'a Store,
    pub(super) ranges: &'a [BatchRange],
    kept: Vec<Option<OnceLock<Arc<[u8]>>>>,
}

impl<'a> Batches<'a> {
    pub(super) fn of(store: &'a Store, ranges: &'a [BatchRange], plan: &Plan) -> Self {
        Self {
            store,
            ranges,
            kept: plan.is_kept.iter().map(|kept| kept.then(OnceLock::new)).collect(),
        }
    }

    /// Reads a batch, verified; one that many portions need is read once.
    fn read(&self, place: usize, range: &BatchRange) -> Result<Arc<[u8]>, LogError> {
        let kept = self.kept.get(place).and_then(Option::as_ref);
        if let Some(bytes) = kept.and_then(OnceLock::get) {
            return Ok(Arc::clone(bytes));
        }
        let bytes: Arc<[u8]> = read_batch(self.store, range.batch)?.into();
        if let Some(kept) = kept {
            // Another thread may have been first; the bytes are the same.
            let _ = kept.set(Arc::clone(&bytes));
        }
        Ok(bytes)
    }
}

/// Folds the events of a portion.
pub(super) fn fold(batches: &Batches<'_>, portion: &Portion, base: Base<'_>) -> Result<Edits, Stop> {
    match base {
        Base::Empty => fold_upon(batches, portion, &EmptyState),
        Base::Tree(tree, source) => fold_upon(batches, portion, &SnapshotView { tree, source }),
    }
}

fn fold_upon(batches: &Batches<'_>, portion: &Portion, base: &dyn State) -> Result<Edits, Stop> {
    let mut edits = Edits::default();
    for place in portion.batches.iter().copied() {
        let Some(range) = batches.ranges.get(place) else {
            continue;
        };
        let bytes = batches
            .read(place, range)
            .map_err(|error| Stop::Failure((place, 0), error.into()))?;
        let reading = Reading {
            base,
            subject: portion.subject,
            place,
            range,
        };
        reading.fold(&bytes, &mut edits)?;
    }
    Ok(edits)
}

/// A batch that is read for a portion.
struct Reading<'a> {
    base: &'a dyn State,
    subject: Subject,
    place: usize,
    range: &'a BatchRange,
}

impl Reading<'_> {
    fn fold(&self, bytes: &[u8], edits: &mut Edits) -> Result<(), Stop> {
        let batch = self.range.batch;
        let mut before = 0_u64;
        let unreadable =
            |before, source| Stop::Failure((self.place, before), ReplayError::Batch { batch, source });
        let mut reader = BatchReader::new(bytes).map_err(|source| unreadable(before, source))?;
        while let Some(line) = reader.next_bytes() {
            let line = line.map_err(|source| unreadable(before, source))?;
            let image = self.image_at_front(line)?;
            if image.is_none_or(|image| self.subject.takes_image(image)) {
                let read = reader.read(line).map_err(|source| unreadable(before, source))?;
                self.check(image, &read.event)?;
                if self.subject.takes(&read.event) {
                    let base = self.base;
                    let made = evolve_line(&Edited { base, edits }, read.context, &read.event);
                    edits.apply(made.map_err(|source| {
                        let number = before.saturating_add(1);
                        Stop::Failure(
                            (self.place, before),
                            ReplayError::Evolve {
                                batch,
                                number,
                                source,
                            },
                        )
                    })?);
                }
            }
            before += 1;
        }
        if before == self.range.events {
            return Ok(());
        }
        let error = ReplayError::EventCount {
            batch,
            found: before,
            expected: self.range.events,
        };
        Err(Stop::Failure((self.place, before), error))
    }

    /// Returns the image that a line names first, where another portion may have to read it.
    fn image_at_front(&self, line: &[u8]) -> Result<Option<ImagePrefix>, Stop> {
        if self.subject == Subject::All {
            return Ok(None);
        }
        let digits = line
            .strip_prefix(b"{\"annotation\":\"")
            .and_then(|rest| rest.get(..16));
        let Some(image) = digits.and_then(bytes_of_hex).map(ImagePrefix::from_bytes) else {
            return Ok(None);
        };
        if self.range.may_hold(image) {
            Ok(Some(image))
        } else {
            Err(Stop::NotAsStated)
        }
    }

    /// Compares what an event is about with what its commit states, and with what its line names first.
    fn check(&self, at_front: Option<ImagePrefix>, event: &LineEvent<'_>) -> Result<(), Stop> {
        let image = event.image_prefix();
        let is_as_stated = match (self.subject, at_front, image) {
            (Subject::All, _, _) => true,
            (_, Some(front), image) => image == Some(front),
            (_, None, Some(image)) => self.range.may_hold(image),
            (_, None, None) => Subject::NoImage.can_be_in(self.range),
        };
        if is_as_stated {
            Ok(())
        } else {
            Err(Stop::NotAsStated)
        }
    }
}

/// Edits over what they are folded upon.
struct Edited<'s> {
    base: &'s dyn State,
    edits: &'s Edits,
}

impl State for Edited<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        self.edits.get_over(self.base, key)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        self.edits.scan_over(self.base, prefix, visit)
    }
}
