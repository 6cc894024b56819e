//! A transaction: commands decided one after the other against a state, their events gathered in batches, nothing
//! visible until it is committed or drafted.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::{
    BatchWriter, Command, Context, Event, EventLines, Rejection, SealedBatch, State, StateError, Visit,
    decide,
};
use crate::id::{BatchId, Code, Digest};
use crate::log::BatchRange;
use crate::model::Key;
use crate::snapshot::SnapshotView;
use crate::store::Store;

use super::fork::{Piece, Work};
use super::workspace::Workspace;
use super::{RepoError, Version};

/// Events that were decided and are not yet committed.
pub struct Transaction<'a> {
    store: &'a Store,
    state: Workspace<'a>,
    writer: BatchWriter,
    ranges: Vec<BatchRange>,
    events: u64,
    people: std::collections::BTreeMap<String, Code>,
    visited: AtomicU64,
}

/// What a transaction leaves: batches that are stored (their names not yet durable) and one that is not.
pub struct Finished {
    /// The batches that were full.
    pub(super) stored: Vec<BatchRange>,
    /// The last one.
    pub(super) last: Option<SealedBatch>,
    /// How many events there are in all.
    pub events: u64,
}

impl<'a> Transaction<'a> {
    /// Begins on a state.
    pub(super) fn new(store: &'a Store, state: Workspace<'a>) -> Self {
        Self {
            store,
            state,
            writer: BatchWriter::new(),
            ranges: Vec::new(),
            events: 0,
            people: std::collections::BTreeMap::new(),
            visited: AtomicU64::new(0),
        }
    }

    /// Begins on a version, to see what commands would do.
    #[must_use]
    pub fn rehearsal(store: &'a Store, version: &'a Version) -> Self {
        Self::new(store, Workspace::new(version))
    }

    /// Decides a command and takes its events in.
    ///
    /// The inner error is a refusal; nothing was taken in then.
    ///
    /// # Errors
    /// [`RepoError`] when the state cannot be read or a full batch not be written.
    pub fn execute(
        &mut self,
        context: &Context,
        command: Command,
    ) -> Result<Result<Vec<Event>, Rejection>, RepoError> {
        let events = match decide(&self.state, context, command)? {
            Ok(events) => events,
            Err(rejection) => return Ok(Err(rejection)),
        };
        for event in &events {
            self.state.take(context, event)?;
            self.log(context, event)?;
        }
        Ok(Ok(events))
    }

    /// As [`Transaction::execute`], a refusal being an error.
    ///
    /// # Errors
    /// [`RepoError`], also for a refusal.
    pub fn must(&mut self, context: &Context, command: Command) -> Result<Vec<Event>, RepoError> {
        Ok(self.execute(context, command)??)
    }

    /// Returns what was decided so far as a state of its own, on which forks can be worked on.
    ///
    /// # Errors
    /// [`RepoError`] when the tree cannot be read.
    pub fn settle(&mut self) -> Result<SnapshotView<'a>, RepoError> {
        self.state.settle()
    }

    /// Takes in what was worked out about one image.
    ///
    /// # Errors
    /// [`RepoError`] when a full batch cannot be written.
    pub fn join(&mut self, work: Work) -> Result<(), RepoError> {
        for piece in &work.pieces {
            match piece {
                Piece::Events(context, events) => {
                    for event in events {
                        self.log(context, event)?;
                    }
                }
                Piece::Lines(lines) => self.log_lines(lines)?,
            }
        }
        self.state.absorb(work.edits)
    }

    /// Adds events that are written already to the open batch, and to those that follow.
    fn log_lines(&mut self, lines: &EventLines) -> Result<(), RepoError> {
        let mut next = 0;
        while next < lines.len() {
            next = self.writer.push_lines(lines, next)?;
            self.seal_if_full()?;
        }
        self.events += u64::try_from(lines.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Adds an event to the open batch.
    fn log(&mut self, context: &Context, event: &Event) -> Result<(), RepoError> {
        self.writer.push(context, event)?;
        self.events += 1;
        self.seal_if_full()
    }

    fn seal_if_full(&mut self) -> Result<(), RepoError> {
        if self.writer.is_full()
            && let Some(batch) = self.writer.seal()
        {
            self.store.write_object(&batch.bytes)?;
            self.ranges.push(range_of(&batch));
        }
        Ok(())
    }

    /// Remembers under which name an annotator was registered here: the log does not tell yet.
    pub fn note_person(&mut self, name: &str, code: &Code) {
        self.people.insert(name.to_owned(), code.clone());
    }

    /// Returns who was registered here under a name.
    #[must_use]
    pub fn noted_person(&self, name: &str) -> Option<Code> {
        self.people.get(name).cloned()
    }

    /// Returns how many events were taken in.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Returns how many records scans of the transaction's state have visited.
    #[must_use]
    pub fn visited(&self) -> u64 {
        self.visited.load(Ordering::Relaxed)
    }

    /// Ends it; returns what it leaves and its state.
    pub(super) fn finish(mut self) -> (Finished, Workspace<'a>) {
        let last = self.writer.seal();
        let finished = Finished {
            stored: self.ranges,
            last,
            events: self.events,
        };
        (finished, self.state)
    }
}

impl State for Transaction<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        self.state.get(key)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        let mut visited = 0;
        let scanned = self.state.scan(prefix, &mut |key, value| {
            visited += 1;
            visit(key, value)
        });
        self.visited.fetch_add(visited, Ordering::Relaxed);
        scanned
    }
}

/// Describes a finished batch as a commit names it.
pub(super) fn range_of(batch: &SealedBatch) -> BatchRange {
    BatchRange::new(
        batch.id,
        batch.events,
        batch.global_events,
        batch.images,
        u64::try_from(batch.bytes.len()).unwrap_or(u64::MAX),
    )
}

/// Describes the bytes of a batch by reading them.
pub(super) fn range_of_bytes(bytes: &[u8]) -> Result<BatchRange, RepoError> {
    let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let batch = BatchId::from_digest(Digest::of(bytes));
    let mut range = BatchRange::new(batch, 0, 0, None, size_bytes);
    for event in crate::event::BatchReader::new(bytes)? {
        range.note_event(event?.event.image_prefix());
    }
    Ok(range)
}
