//! Folding `evolve` over the events of a portion, in their order, upon what was before.
//!
//! An event about an image reads and changes records of that image alone, and every other event none that belong to
//! an image. So the edits of all portions are those of one fold over all events.

use std::sync::{Arc, Mutex, PoisonError};

use crate::event::{
    BatchError, BatchReader, Creations, Edits, EmptyState, EvolveError, LineEvent, ReadLine, State,
    StateError, Visit, evolve,
};
use crate::id::ImagePrefix;
use crate::log::{BatchRange, LogError, read_batch};
use crate::model::Key;
use crate::snapshot::SnapshotView;
use crate::store::Store;
use crate::tree::{NodeSource, Tree};

use super::ReplayError;
use super::plan::{Plan, Portion, Subject};
use super::text::{BatchText, Run};

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
    kept: Vec<Option<Mutex<Option<Arc<BatchText>>>>>,
}

impl<'a> Batches<'a> {
    pub(super) fn of(store: &'a Store, ranges: &'a [BatchRange], plan: &Plan) -> Self {
        Self {
            store,
            ranges,
            kept: plan
                .is_kept
                .iter()
                .map(|kept| kept.then(Mutex::default))
                .collect(),
        }
    }

    /// Reads a batch, verified; one that many portions need is read once.
    fn read(&self, place: usize, range: &BatchRange) -> Result<Arc<BatchText>, LogError> {
        let read = || read_batch(self.store, range.batch).map(|bytes| Arc::new(BatchText::new(bytes)));
        let Some(kept) = self.kept.get(place).and_then(Option::as_ref) else {
            return read();
        };
        // Whoever comes second waits, which is less work than reading it again.
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = kept.as_ref() {
            return Ok(Arc::clone(text));
        }
        let text = read()?;
        *kept = Some(Arc::clone(&text));
        Ok(text)
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
        let text = batches
            .read(place, range)
            .map_err(|error| Stop::Failure((place, 0), error.into()))?;
        let reading = Reading {
            base,
            subject: portion.subject,
            place,
            range,
        };
        reading.fold(&text, &mut edits)?;
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
    fn fold(&self, text: &BatchText, edits: &mut Edits) -> Result<(), Stop> {
        let mut reader =
            BatchReader::new(text.bytes()).map_err(|source| self.failure(0, self.unreadable(source)))?;
        let mut folding = Folding {
            base: self.base,
            edits,
            creations: Creations::default(),
        };
        let mut before = 0_u64;
        for run in text.runs() {
            if self.passes_over(run)? {
                before += run.events;
                continue;
            }
            for line in text.lines_of(run) {
                let number = before.saturating_add(1);
                let read = reader.read_numbered(number, line);
                let read = read.map_err(|source| self.failure(before, self.unreadable(source)))?;
                self.check(run.image, &read.event)?;
                if self.subject.takes(&read.event) {
                    folding.apply(&read).map_err(|source| {
                        let batch = self.range.batch;
                        let error = ReplayError::Evolve {
                            batch,
                            number,
                            source,
                        };
                        self.failure(before, error)
                    })?;
                }
                before = number;
            }
        }
        if let Some(error) = text.end() {
            return Err(self.failure(before, self.unreadable(error.into())));
        }
        folding.creations.settle(folding.edits);
        if before == self.range.events {
            return Ok(());
        }
        let error = ReplayError::EventCount {
            batch: self.range.batch,
            found: before,
            expected: self.range.events,
        };
        Err(self.failure(before, error))
    }

    fn unreadable(&self, source: BatchError) -> ReplayError {
        ReplayError::Batch {
            batch: self.range.batch,
            source,
        }
    }

    fn failure(&self, before: u64, error: ReplayError) -> Stop {
        Stop::Failure((self.place, before), error)
    }

    /// Whether another portion reads the lines of a run, which all name one image first.
    fn passes_over(&self, run: &Run) -> Result<bool, Stop> {
        let Some(image) = run.image.filter(|_| self.subject != Subject::All) else {
            return Ok(false);
        };
        if self.range.may_hold(image) {
            Ok(!self.subject.takes_image(image))
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

/// What the events so far come to.
struct Folding<'f> {
    base: &'f dyn State,
    edits: &'f mut Edits,
    creations: Creations,
}

impl Folding<'_> {
    fn apply(&mut self, read: &ReadLine<'_, '_>) -> Result<(), EvolveError> {
        let goes_on = match &read.event {
            LineEvent::Created(created) => self.creations.take(created.annotation.image_prefix()),
            LineEvent::Other(_) => false,
        };
        if !goes_on {
            self.creations.settle(self.edits);
        }
        let state = Edited {
            base: self.base,
            edits: self.edits,
        };
        match &read.event {
            LineEvent::Created(created) => self.creations.add(&state, read.context, created),
            LineEvent::Other(event) => {
                let made = evolve(&state, read.context, event)?;
                self.edits.apply(made);
                Ok(())
            }
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
