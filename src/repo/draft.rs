//! The draft: events that were acknowledged, one line each time, and not yet sealed by a commit.

use crate::event::{BatchReader, BatchWriter, LoggedEvent};
use crate::id::Digest;
use crate::log::{BatchRange, read_batch};
use crate::store::{DraftEntry, DraftFile, DraftHead, DraftLock, Store};

use super::transaction::{Finished, Transaction, range_of, range_of_bytes};
use super::workspace::Workspace;
use super::{MAIN, Repo, RepoError, Version, draft_state};

/// Batches up to this size are kept in the draft itself.
const INLINE_MAX: usize = 64 << 10;
/// What a draft leads to is written down again when so many entries were added.
const APPLIED_MAX: usize = 32;

/// A draft that no commit has sealed.
#[derive(Debug, Clone)]
pub struct DraftState {
    file: DraftFile,
}

impl DraftState {
    /// Returns the number that names this draft.
    #[must_use]
    pub fn id(&self) -> Digest {
        self.file.head.id
    }

    fn bytes(repo: &Repo, entry: &DraftEntry) -> Result<Vec<u8>, RepoError> {
        match entry {
            DraftEntry::Inline(bytes) => Ok(bytes.clone()),
            DraftEntry::Stored(batch) => Ok(read_batch(repo.store(), *batch)?),
        }
    }

    /// Calls `each` for every event, in order.
    ///
    /// # Errors
    /// [`RepoError`] when a batch cannot be read, or what `each` returns.
    pub fn for_each(
        &self,
        repo: &Repo,
        mut each: impl FnMut(LoggedEvent) -> Result<(), RepoError>,
    ) -> Result<(), RepoError> {
        for entry in &self.file.entries {
            for event in BatchReader::new(&Self::bytes(repo, entry)?)? {
                each(event?)?;
            }
        }
        Ok(())
    }

    /// Applies its events.
    ///
    /// # Errors
    /// [`RepoError::Evolve`] when one does not fit.
    pub(super) fn apply(&self, repo: &Repo, workspace: &mut Workspace<'_>) -> Result<(), RepoError> {
        self.for_each(repo, |event| workspace.take(&event.context, &event.event))
    }

    /// Applies its events to a version, to see whether they fit.
    ///
    /// # Errors
    /// [`RepoError::Evolve`] when one does not fit.
    pub fn check(&self, repo: &Repo, version: &Version) -> Result<(), RepoError> {
        self.apply(repo, &mut Workspace::new(version))
    }

    /// Applies its events to a state, those that were applied before by what they led to; returns how many entries
    /// were not.
    fn apply_known(
        &self,
        repo: &Repo,
        parent: &Version,
        workspace: &mut Workspace<'_>,
    ) -> Result<usize, RepoError> {
        let entries = &self.file.entries;
        let known = match draft_state::read(repo.store(), self.id(), parent.id(), entries) {
            Some((known, edits)) => {
                workspace.apply(edits)?;
                known
            }
            None => 0,
        };
        let mut applied = 0;
        for entry in entries.iter().skip(known) {
            for event in BatchReader::new(&Self::bytes(repo, entry)?)? {
                let event = event?;
                workspace.take(&event.context, &event.event)?;
            }
            applied += 1;
        }
        Ok(applied)
    }

    /// Returns how many events there are.
    ///
    /// # Errors
    /// [`RepoError`] when a batch cannot be read.
    pub fn events(&self, repo: &Repo) -> Result<u64, RepoError> {
        let mut count = 0;
        for entry in &self.file.entries {
            count += range_of_bytes(&Self::bytes(repo, entry)?)?.events;
        }
        Ok(count)
    }

    /// Returns the batches for a commit: stored ones as they are, those in the draft joined. The bytes of the last
    /// batch are returned where they are not stored yet.
    pub(super) fn to_batches(&self, repo: &Repo) -> Result<(Vec<BatchRange>, Option<Vec<u8>>), RepoError> {
        let mut batches = Vec::new();
        let mut writer = BatchWriter::new();
        for entry in &self.file.entries {
            let bytes = Self::bytes(repo, entry)?;
            if matches!(entry, DraftEntry::Stored(_)) {
                batches.extend(store_batch(repo, &mut writer)?);
                batches.push(range_of_bytes(&bytes)?);
                continue;
            }
            for event in BatchReader::new(&bytes)? {
                let event = event?;
                writer.push(&event.context, &event.event)?;
                if writer.is_full() {
                    batches.extend(store_batch(repo, &mut writer)?);
                }
            }
        }
        let last = writer.seal();
        batches.extend(last.as_ref().map(range_of));
        Ok((batches, last.map(|batch| batch.bytes)))
    }
}

fn store_batch(repo: &Repo, writer: &mut BatchWriter) -> Result<Option<BatchRange>, RepoError> {
    let Some(batch) = writer.seal() else {
        return Ok(None);
    };
    repo.store().write_object(&batch.bytes)?;
    Ok(Some(range_of(&batch)))
}

impl Repo {
    /// Reads the draft; one that a commit sealed before its file could be removed is none.
    pub(super) fn read_draft(&self, lock: &DraftLock) -> Result<Option<DraftState>, RepoError> {
        let draft = self.draft()?;
        if draft.is_none() && self.store.read_draft(MAIN)?.is_some() {
            self.store.drop_draft(lock, MAIN);
        }
        Ok(draft)
    }

    /// Reads the draft; `None` when there is nothing to commit.
    ///
    /// # Errors
    /// [`RepoError`] when it is damaged or cannot be read.
    pub fn draft(&self) -> Result<Option<DraftState>, RepoError> {
        let Some(file) = self.store.read_draft(MAIN)? else {
            return Ok(None);
        };
        let mut seq = file.head.base_seq + 1;
        while let Some(read) = self.store.read_slot(MAIN, seq)? {
            if read.slot.draft == Some(file.head.id) {
                return Ok(None);
            }
            seq += 1;
        }
        Ok(Some(DraftState { file }))
    }

    /// Runs `build` against the latest version with the draft, and appends what it did to the draft; durable when
    /// this returns. Returns the number of events.
    ///
    /// # Errors
    /// [`RepoError`] from `build`, or when a file cannot be written.
    pub fn draft_with<T>(
        &self,
        build: impl FnOnce(&mut Transaction<'_>) -> Result<T, RepoError>,
    ) -> Result<(T, u64), RepoError> {
        self.try_draft_with(build)
    }

    /// As [`Repo::draft_with`], for a `build` with errors of its own; nothing is recorded after one.
    ///
    /// # Errors
    /// Those of `build`, or when a file cannot be written.
    pub fn try_draft_with<T, E: From<RepoError>>(
        &self,
        build: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>,
    ) -> Result<(T, u64), E> {
        let lock = self.store.lock_draft().map_err(RepoError::from)?;
        let draft = self.read_draft(&lock)?;
        let tip = self.tip()?;
        let parent = self.head_version()?;
        let mut workspace = Workspace::new(&parent);
        if let Some(draft) = &draft
            && draft.apply_known(self, &parent, &mut workspace)? >= APPLIED_MAX
            && let Some(edits) = workspace.all_edits()
        {
            draft_state::write(&self.store, draft.id(), parent.id(), &draft.file.entries, edits);
        }
        let mut transaction = Transaction::new(&self.store, workspace);
        let result = build(&mut transaction)?;
        let (finished, _) = transaction.finish();
        let events = finished.events;
        let head = match draft {
            Some(draft) => draft.file.head,
            None => {
                let subject = tip.as_ref().map_or([0; 32], |read| *read.digest.as_bytes());
                let id = Store::nonce(self.around.seed, "holotype/draft-id/1", &subject)
                    .map_err(RepoError::from)?;
                DraftHead::new(id, tip.as_ref())
            }
        };
        self.append(&lock, &head, finished)?;
        Ok((result, events))
    }

    /// Makes what a transaction left durable, and appends it to the draft.
    fn append(&self, lock: &DraftLock, head: &DraftHead, finished: Finished) -> Result<(), RepoError> {
        let mut entries: Vec<DraftEntry> = finished
            .stored
            .iter()
            .map(|range| DraftEntry::Stored(range.batch))
            .collect();
        if let Some(last) = finished.last {
            if entries.is_empty() && last.bytes.len() <= INLINE_MAX {
                entries.push(DraftEntry::Inline(last.bytes));
            } else {
                self.store.write_object(&last.bytes)?;
                entries.push(DraftEntry::Stored(last.id));
            }
        }
        if entries.is_empty() {
            return Ok(());
        }
        if entries.iter().any(|entry| matches!(entry, DraftEntry::Stored(_))) {
            self.store.sync_objects()?;
        }
        Ok(self.store.append_draft(lock, MAIN, head, &entries)?)
    }

    /// Gives the draft up. Returns whether there was one.
    ///
    /// # Errors
    /// [`RepoError`] when it cannot be removed.
    pub fn discard_draft(&self) -> Result<bool, RepoError> {
        let lock = self.store.lock_draft()?;
        let there = self.read_draft(&lock)?.is_some();
        draft_state::remove(&self.store);
        self.store.discard_draft(&lock, MAIN)?;
        Ok(there)
    }

    /// Returns the latest version with the draft on top.
    ///
    /// # Errors
    /// [`RepoError`] when it cannot be read, or the draft does not fit any more.
    pub fn draft_version(&self) -> Result<Version, RepoError> {
        let parent = self.head_version()?;
        let Some(draft) = self.draft()? else {
            return Ok(parent);
        };
        let mut workspace = Workspace::new(&parent);
        draft.apply(self, &mut workspace)?;
        let (tree, _) = workspace.finish()?;
        Ok(Version::unnamed(self, tree))
    }
}
