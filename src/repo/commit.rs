//! Committing: batches and commit durable, then the next slot of the branch, then what is derived.

use crate::codec::{Extra, Tag};
use crate::event::Context;
use crate::id::{CommitId, Digest, NodeId, Nonce, PrivateId};
use crate::log::{BatchRange, Commit, encode_commit};
use crate::snapshot::{count, snapshot_id};
use crate::store::{RefUpdate, Slot, SlotRead, Store};
use crate::tree::{MemoryNodes, NodeSink, Tree};

use super::transaction::{Transaction, range_of};
use super::workspace::Workspace;
use super::{MAIN, Repo, RepoError, Version, draft_state};

/// A commit that is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// Its id.
    pub id: CommitId,
    /// What it says.
    pub commit: Commit,
}

/// Who seals a commit and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    /// The private object with the author's name.
    pub author: PrivateId,
    /// Why.
    pub message: String,
}

/// What is to become a commit on top of a tip.
struct Proposal<'a> {
    tip: Option<&'a SlotRead>,
    parent: &'a Version,
    batches: Vec<BatchRange>,
    last_batch: Option<&'a [u8]>,
    workspace: Workspace<'a>,
    draft: Option<Digest>,
}

impl Repo {
    /// Runs `build` against the latest version and commits what it did; after a lost race, again on the new tip.
    /// `None` when it did nothing.
    ///
    /// # Errors
    /// [`RepoError`] from `build`, or when a file cannot be written.
    pub fn commit_with<T>(
        &self,
        sealing: &Sealing,
        build: impl FnMut(&mut Transaction<'_>, &Version) -> Result<T, RepoError>,
    ) -> Result<(T, Option<Committed>), RepoError> {
        self.try_commit_with(sealing, build)
    }

    /// As [`Repo::commit_with`], for a `build` with errors of its own; nothing is committed after one.
    ///
    /// # Errors
    /// Those of `build`, or when a file cannot be written.
    pub fn try_commit_with<T, E: From<RepoError>>(
        &self,
        sealing: &Sealing,
        mut build: impl FnMut(&mut Transaction<'_>, &Version) -> Result<T, E>,
    ) -> Result<(T, Option<Committed>), E> {
        // Blobs that were brought in for this are not garbage meanwhile, nor are those that were found there.
        self.store.begin_writing().map_err(RepoError::from)?;
        loop {
            let tip = self.tip()?;
            let parent = match tip.as_ref().and_then(|read| read.slot.commit) {
                Some(id) => self.version(id)?,
                None => self.empty_version(),
            };
            let mut transaction = Transaction::new(&self.store, Workspace::new(&parent));
            let result = build(&mut transaction, &parent)?;
            if transaction.events() == 0 {
                return Ok((result, None));
            }
            let (finished, workspace) = transaction.finish();
            let mut batches = finished.stored;
            batches.extend(finished.last.as_ref().map(range_of));
            let last_batch = finished.last.as_ref().map(|batch| batch.bytes.as_slice());
            let proposal = Proposal {
                tip: tip.as_ref(),
                parent: &parent,
                batches,
                last_batch,
                workspace,
                draft: None,
            };
            if let Some(committed) = self.seal(sealing, proposal)? {
                return Ok((result, Some(committed)));
            }
        }
    }

    /// Seals the draft. What was committed since it was begun is no obstacle as long as its events still fit.
    ///
    /// # Errors
    /// [`RepoError::NothingToCommit`], [`RepoError::DraftConflict`], or when a file cannot be written.
    pub fn commit_draft(&self, sealing: &Sealing) -> Result<Committed, RepoError> {
        let lock = self.store.lock_draft()?;
        loop {
            let Some(draft) = self.read_draft(&lock)? else {
                return Err(RepoError::NothingToCommit);
            };
            let tip = self.tip()?;
            let parent = self.head_version()?;
            let mut workspace = Workspace::new(&parent);
            draft.apply(self, &mut workspace).map_err(|error| {
                if let RepoError::Evolve(error) = error {
                    RepoError::DraftConflict {
                        why: error.to_string(),
                    }
                } else {
                    error
                }
            })?;
            let (batches, last) = draft.to_batches(self)?;
            if batches.is_empty() {
                return Err(RepoError::NothingToCommit);
            }
            let proposal = Proposal {
                tip: tip.as_ref(),
                parent: &parent,
                batches,
                last_batch: last.as_deref(),
                workspace,
                draft: Some(draft.id()),
            };
            if let Some(committed) = self.seal(sealing, proposal)? {
                // The slot names the draft, so one that stays behind is known as sealed and does no harm.
                self.store.drop_draft(&lock, MAIN);
                draft_state::remove(&self.store);
                return Ok(committed);
            }
        }
    }

    /// Makes the commit durable; `None` when another writer was first.
    fn seal(&self, sealing: &Sealing, proposal: Proposal<'_>) -> Result<Option<Committed>, RepoError> {
        let (tree, made) = proposal.workspace.finish()?;
        let commit = self.describe(sealing, proposal.parent, tree, proposal.batches)?;
        let (id, bytes) = encode_commit(&commit)?;
        if let Some(batch) = proposal.last_batch {
            self.store.write_object(batch)?;
        }
        self.store.write_object(&bytes)?;
        self.store.sync_objects()?;
        let random = Store::nonce(self.around.seed, "holotype/slot-nonce/1", id.digest().as_bytes())?;
        let mut slot = Slot::after(proposal.tip, MAIN, id, Nonce::of(random));
        slot.draft = proposal.draft;
        match self.store.create_slot(&slot)? {
            RefUpdate::Applied(_) => {
                self.persist_nodes(&made);
                Ok(Some(Committed { id, commit }))
            }
            RefUpdate::Stale(_) => Ok(None),
        }
    }

    fn describe(
        &self,
        sealing: &Sealing,
        parent: &Version,
        tree: Tree,
        batches: Vec<BatchRange>,
    ) -> Result<Commit, RepoError> {
        let counts = count(&tree, self.nodes.as_ref())?;
        Ok(Commit {
            author: sealing.author,
            batches,
            committed_at: self.around.now,
            snapshot: snapshot_id(tree.root(), &counts)?,
            counts,
            format: Tag::default(),
            message: sealing.message.clone(),
            parents: parent.id().into_iter().collect(),
            root: tree.root(),
            extra: Extra::default(),
        })
    }

    /// Returns the context of what is recorded now by this author.
    #[must_use]
    pub fn context(&self, author: PrivateId) -> Context {
        Context {
            author: Some(author),
            recorded_at: Some(self.around.now),
            ..Context::default()
        }
    }
}

/// Nodes in memory, with the order in which they were made.
#[derive(Default)]
pub(super) struct NodeLog {
    pub(super) nodes: MemoryNodes,
    pub(super) order: Vec<NodeId>,
}

impl NodeSink for NodeLog {
    fn keep(&mut self, id: NodeId, bytes: &[u8]) {
        self.nodes.keep(id, bytes);
        self.order.push(id);
    }
}
