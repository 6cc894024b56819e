//! Folding `evolve` over the events of batches, on all cores.
//!
//! An event about an image reads and changes records of that image alone, and every other event none that belong to
//! an image. So events are dealt out by image, in their order, and each share is folded for itself: the edits are
//! those of one fold over all events, and so is the first failure.

use rayon::prelude::*;

use crate::event::{BatchReader, Edits, EmptyState, LoggedEvent, State, StateError, Visit, evolve};
use crate::log::{BatchRange, read_batch};
use crate::model::Key;
use crate::snapshot::SnapshotView;
use crate::store::Store;
use crate::tree::{NodeSource, Tree};

use super::ReplayError;

/// Batches are decoded together up to so many bytes for each core, and so many batches in all.
const WINDOW_BYTES: u64 = 8 << 20;
const WINDOW_BATCHES: usize = 256;

/// One share for each first byte of an image's id, and one for what is about no image.
const SHARES: usize = 257;

/// What the events are folded upon.
#[derive(Clone, Copy)]
pub(super) enum Base<'a> {
    /// Nothing.
    Empty,
    /// A version.
    Tree(Tree, &'a dyn NodeSource),
}

/// A fold under way.
pub(super) struct Fold<'a> {
    base: Base<'a>,
    shares: Vec<Share>,
}

/// What is folded apart from all else.
#[derive(Default)]
struct Share {
    edits: Edits,
    /// The events to be folded next: batch within the window, event within the batch.
    todo: Vec<(usize, usize)>,
}

/// The events of a batch, up to where it cannot be read.
struct Decoded {
    events: Vec<LoggedEvent>,
    failure: Option<ReplayError>,
}

/// A failure and where it is: batch within the window, event within the batch.
type Failure = ((usize, usize), ReplayError);

impl<'a> Fold<'a> {
    pub(super) fn upon(base: Base<'a>) -> Self {
        Self {
            base,
            shares: (0..SHARES).map(|_| Share::default()).collect(),
        }
    }

    /// Folds the events of batches, in order.
    ///
    /// # Errors
    /// [`ReplayError`] when a batch cannot be read or an event does not fit: the first one.
    pub(super) fn take(&mut self, store: &Store, mut batches: &[BatchRange]) -> Result<(), ReplayError> {
        while !batches.is_empty() {
            let (window, later) = batches.split_at(window_length(batches));
            self.take_window(store, window)?;
            batches = later;
        }
        Ok(())
    }

    fn take_window(&mut self, store: &Store, window: &[BatchRange]) -> Result<(), ReplayError> {
        let mut decoded: Vec<Decoded> = window.par_iter().map(|range| decode(store, range)).collect();
        for (batch, Decoded { events, .. }) in decoded.iter().enumerate() {
            for (number, logged) in events.iter().enumerate() {
                if let Some(share) = self.shares.get_mut(share_of(logged)) {
                    share.todo.push((batch, number));
                }
            }
        }
        let base = self.base;
        let misfit = self
            .shares
            .par_iter_mut()
            .filter(|share| !share.todo.is_empty())
            .filter_map(|share| share.fold(base, window, &decoded).err())
            .min_by_key(|(place, _)| *place);
        let unread = decoded
            .iter_mut()
            .enumerate()
            .find_map(|(batch, decoded)| Some(((batch, decoded.events.len()), decoded.failure.take()?)));
        let first = [misfit, unread]
            .into_iter()
            .flatten()
            .min_by_key(|(place, _)| *place);
        // Millions of small pieces of memory are given back faster by all cores.
        decoded.into_par_iter().for_each(drop);
        first.map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Gives up the edits, in key order.
    pub(super) fn into_edits(self) -> impl Iterator<Item = (Key, Option<Vec<u8>>)> {
        let mut all = Edits::default();
        for share in self.shares {
            all.absorb(share.edits);
        }
        all.into_iter()
    }
}

/// How many batches are decoded together: at least one.
fn window_length(batches: &[BatchRange]) -> usize {
    let cores = u64::try_from(rayon::current_num_threads()).unwrap_or(1);
    let mut bytes = 0_u64;
    let fitting = batches.iter().take(WINDOW_BATCHES).take_while(|range| {
        bytes = bytes.saturating_add(range.size_bytes);
        bytes <= WINDOW_BYTES.saturating_mul(cores)
    });
    fitting.count().max(1)
}

fn share_of(logged: &LoggedEvent) -> usize {
    let image = logged.event.image_prefix();
    let first = image.and_then(|image| image.as_bytes().first().copied());
    first.map_or(SHARES - 1, usize::from)
}

/// Reads the events of a batch.
fn decode(store: &Store, range: &BatchRange) -> Decoded {
    let mut events = Vec::new();
    let failure = read_events(store, range, &mut events).err();
    Decoded { events, failure }
}

fn read_events(store: &Store, range: &BatchRange, events: &mut Vec<LoggedEvent>) -> Result<(), ReplayError> {
    let batch = range.batch;
    let bytes = read_batch(store, batch)?;
    let unreadable = |source| ReplayError::Batch { batch, source };
    for event in BatchReader::new(&bytes).map_err(unreadable)? {
        events.push(event.map_err(unreadable)?);
    }
    let found = u64::try_from(events.len()).unwrap_or(u64::MAX);
    if found == range.events {
        Ok(())
    } else {
        Err(ReplayError::EventCount {
            batch,
            found,
            expected: range.events,
        })
    }
}

impl Share {
    /// Folds the events that are to be folded next.
    fn fold(&mut self, base: Base<'_>, window: &[BatchRange], decoded: &[Decoded]) -> Result<(), Failure> {
        match base {
            Base::Empty => self.fold_upon(&EmptyState, window, decoded),
            Base::Tree(tree, source) => self.fold_upon(&SnapshotView { tree, source }, window, decoded),
        }
    }

    fn fold_upon(
        &mut self,
        base: &dyn State,
        window: &[BatchRange],
        decoded: &[Decoded],
    ) -> Result<(), Failure> {
        for (batch, number) in self.todo.drain(..) {
            let logged = decoded.get(batch).and_then(|decoded| decoded.events.get(number));
            let (Some(logged), Some(range)) = (logged, window.get(batch)) else {
                continue;
            };
            let edits = &self.edits;
            let edits =
                evolve(&Edited { base, edits }, &logged.context, &logged.event).map_err(|source| {
                    let error = ReplayError::Evolve {
                        batch: range.batch,
                        number: u64::try_from(number).unwrap_or(u64::MAX).saturating_add(1),
                        source,
                    };
                    ((batch, number), error)
                })?;
            self.edits.apply(edits);
        }
        Ok(())
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
