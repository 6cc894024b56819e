//! Removing what nobody needs: blobs that no version has, what is derived, and what dead processes left. Commits,
//! batches, private objects and what is in quarantine are never removed here.
//!
//! A blob is needed when its id stands in a batch that a slot, a tag or the draft leads to. Blobs and temporary files go
//! only while nobody else writes: what a writer has brought in and not yet named is safe, whatever the clocks say. What
//! is derived goes beside everybody.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{BatchId, BlobId, CommitId};
use crate::log::{read_batch, read_commit};
use crate::store::{DraftEntry, Garbage, GarbageKind, LocalCollection, Store, Tally};

use super::{Repo, RepoError};

/// What may go and what may not yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GcPlan {
    /// What may go.
    pub garbage: Vec<Garbage>,
    /// What nobody needs either, and that is too young or in use.
    pub young: Vec<Garbage>,
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GcRun {
    /// Everything that may go went.
    Whole,
    /// Somebody else wrote: blobs and temporary files stay for the next time.
    BesideWriters,
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcOutcome {
    /// What was removed, and what stays since it is too young.
    pub plan: GcPlan,
    /// Whether anything had to wait.
    pub run: GcRun,
}

impl Repo {
    /// Finds what may go: what nobody needs and was last written `grace_ms` milliseconds ago or earlier.
    ///
    /// # Errors
    /// [`RepoError`] when the log cannot be read: then nobody knows what is needed.
    pub fn plan_gc(&self, grace_ms: u64) -> Result<GcPlan, RepoError> {
        self.plan_with(&mut Reach::new(&self.store)?, grace_ms)
    }

    fn plan_with(&self, reach: &mut Reach, grace_ms: u64) -> Result<GcPlan, RepoError> {
        reach.look(&self.store)?;
        let blobs = self.store.blob_files()?.into_iter();
        let mut all: Vec<Garbage> = blobs
            .filter(|(id, _)| reach.unreached.contains(id))
            .map(|(_, garbage)| garbage)
            .collect();
        all.extend(self.store.derived_files()?);
        all.extend(self.store.temporary_files()?);
        let (garbage, young) = all
            .into_iter()
            .partition(|one| one.is_past(self.around.now, grace_ms));
        Ok(GcPlan { garbage, young })
    }

    /// Removes what nobody needs and was last written `grace_ms` milliseconds ago or earlier, and notes in `local/` when
    /// and by whom this was asked for: the given name, else who was remembered, else nobody.
    ///
    /// # Errors
    /// [`RepoError`] when the log cannot be read, or a file not be written or removed.
    pub fn gc(&self, grace_ms: u64, author: Option<&str>) -> Result<GcOutcome, RepoError> {
        let asking = Self::new(self.store.apart(), self.around);
        let author = match asking.author(author) {
            Err(RepoError::NoAuthor) => None,
            other => Some(other?),
        };
        // Whoever wrote this name is gone again.
        drop(asking);
        let mut reach = Reach::new(&self.store)?;
        reach.look(&self.store)?;
        let (store, run) = match self.store.alone()? {
            Some(alone) => (alone, GcRun::Whole),
            None => (self.store.apart(), GcRun::BesideWriters),
        };
        // Once more, now that nobody writes: only what came since is read.
        let mut plan = self.plan_with(&mut reach, grace_ms)?;
        if run == GcRun::BesideWriters {
            plan.garbage.retain(|one| one.kind == GarbageKind::Derived);
        }
        if !plan.garbage.is_empty() {
            store.note_collection(&LocalCollection {
                blobs: Tally::of(&plan.garbage, GarbageKind::Blob),
                derived: Tally::of(&plan.garbage, GarbageKind::Derived),
                temporary: Tally::of(&plan.garbage, GarbageKind::Temporary),
                ..LocalCollection::new(self.around.now, grace_ms, author)
            })?;
        }
        let mut removed = Vec::new();
        for one in plan.garbage {
            if store.remove_garbage(&one)? {
                removed.push(one);
            } else {
                plan.young.push(one);
            }
        }
        plan.garbage = removed;
        Ok(GcOutcome { plan, run })
    }
}

/// What refs lead to, as far as it was looked at.
struct Reach {
    /// The blobs whose id did not stand anywhere yet.
    unreached: BTreeSet<BlobId>,
    /// How many slots of each branch were looked at.
    slots: BTreeMap<String, u64>,
    commits: BTreeSet<CommitId>,
    batches: BTreeSet<BatchId>,
}

impl Reach {
    /// Begins with all blobs that are here. One that comes in later is none of them, and stays.
    fn new(store: &Store) -> Result<Self, RepoError> {
        Ok(Self {
            unreached: store.blob_files()?.into_iter().map(|(id, _)| id).collect(),
            slots: BTreeMap::new(),
            commits: BTreeSet::new(),
            batches: BTreeSet::new(),
        })
    }

    /// Reads what was not read yet and takes out the blobs that stand there; ends when none is left. The draft is read
    /// before the slots, since a commit takes its events from there to here.
    fn look(&mut self, store: &Store) -> Result<(), RepoError> {
        for entry in store.list("draft")? {
            let Some(branch) = entry.name.strip_suffix(".jsonl") else {
                continue;
            };
            for entry in store
                .read_draft(branch)?
                .map_or_else(Vec::new, |file| file.entries)
            {
                match entry {
                    DraftEntry::Inline(bytes) => self.reach(&bytes),
                    DraftEntry::Stored(batch) => self.look_into(store, batch)?,
                }
            }
        }
        for branch in store.list_branches()? {
            let mut seq = self.slots.get(&branch).copied().unwrap_or(0);
            while let Some(read) = store.read_slot(&branch, seq + 1)? {
                seq += 1;
                self.walk(store, read.slot.commit)?;
            }
            self.slots.insert(branch, seq);
        }
        for name in store.list_tags()? {
            self.walk(store, store.read_tag(&name)?.map(|tag| tag.commit))?;
        }
        Ok(())
    }

    /// Looks at a commit and all before it.
    fn walk(&mut self, store: &Store, from: Option<CommitId>) -> Result<(), RepoError> {
        let mut open: Vec<CommitId> = from.into_iter().collect();
        while let Some(id) = open.pop() {
            if self.unreached.is_empty() || !self.commits.insert(id) {
                continue;
            }
            let commit = read_commit(store, id)?;
            for range in &commit.batches {
                self.look_into(store, range.batch)?;
            }
            open.extend(commit.parents);
        }
        Ok(())
    }

    fn look_into(&mut self, store: &Store, batch: BatchId) -> Result<(), RepoError> {
        if !self.unreached.is_empty() && self.batches.insert(batch) {
            self.reach(&read_batch(store, batch)?);
        }
        Ok(())
    }

    fn reach(&mut self, bytes: &[u8]) {
        for id in ids_in(bytes) {
            self.unreached.remove(&id);
        }
    }
}

/// All that can be the id of a blob: whatever event names it, known to this version or not.
fn ids_in(bytes: &[u8]) -> impl Iterator<Item = BlobId> {
    const DIGITS: usize = 64;
    bytes
        .split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        .filter(|run| run.len() == DIGITS)
        .filter_map(|run| BlobId::parse(std::str::from_utf8(run).ok()?).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_is_found_wherever_it_stands(before in "[^0-9a-f]*", after in "[^0-9a-f]*", body: Vec<u8>) {
            let id = BlobId::of(&body);
            let text = format!("{{\"a\":\"{before}{id}{after}\"}}");
            prop_assert!(ids_in(text.as_bytes()).any(|found| found == id));
            // A longer run of digits is something else.
            let longer = format!("0{id}");
            prop_assert_eq!(ids_in(longer.as_bytes()).next(), None);
        }
    }
}
