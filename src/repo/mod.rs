//! A repository: opening it, reading its versions, changing it through transactions, drafts and commits, its refs
//! and the names of its people.

mod annotators;
mod attribution;
mod commit;
mod compact;
mod draft;
mod draft_state;
mod erase;
mod error;
mod fork;
mod gc;
mod history;
mod nodes;
mod pack;
mod packs;
mod people;
mod revert;
mod revision;
mod transaction;
mod version;
mod workspace;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

pub use attribution::Attribution;
pub use commit::{Committed, Sealing};
pub use draft::DraftState;
pub use erase::{Erased, ErasurePlan};
pub use error::RepoError;
pub use fork::{Fork, ImageState, Work};
pub use gc::{GcOutcome, GcPlan, GcRun};
pub use history::{HistoryEvent, Scope, events_of, events_since, ingested_blobs};
pub use nodes::Nodes;
pub(crate) use pack::PackWriter;
pub use packs::damaged_packs;
pub use people::{Person, Registration};
pub use transaction::{Finished, Transaction};
pub use version::Version;

use crate::id::{CommitId, Digest, PrivateId};
use crate::log::{Commit, read_commit};
use crate::store::{PrivateKind, RefUpdate, SlotRead, Spared, Store, TagRecord, Vfs};
use crate::time::Timestamp;

/// The one branch that there is for now.
pub const MAIN: &str = "main";

/// Time and randomness, which come in from outside.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    /// The present time.
    pub now: Timestamp,
    /// What salts and nonces derive from; random where there is none.
    pub seed: Option<Digest>,
}

/// Private objects by what they hold.
type KnownPrivate = BTreeMap<(PrivateKind, String), PrivateId>;

/// An open repository.
#[derive(Clone)]
pub struct Repo {
    store: Store,
    nodes: Arc<Nodes>,
    around: Surroundings,
    known_private: Arc<Mutex<Option<KnownPrivate>>>,
    rehearses: bool,
}

impl Repo {
    /// Makes a repository in `dir`.
    ///
    /// # Errors
    /// [`RepoError`] when there is one already, or a file cannot be written.
    pub fn init(vfs: Arc<dyn Vfs>, dir: &Path, name: &str, around: Surroundings) -> Result<Self, RepoError> {
        let id = Store::nonce(around.seed, "holotype/dataset-id/1", name.as_bytes())?;
        let store = Store::init(vfs, dir, name, id)?;
        Ok(Self::new(store, around))
    }

    /// Opens the repository in `dir` or the nearest folder above it, and finishes what a crash interrupted.
    ///
    /// # Errors
    /// [`RepoError`] when there is none, or its first files cannot be read.
    pub fn open(vfs: Arc<dyn Vfs>, dir: &Path, around: Surroundings) -> Result<Self, RepoError> {
        let store = Store::discover(vfs, dir)?;
        // Who may only read still reads; the next one who may write finishes it.
        let _ = Self::new(store.apart(), around).finish_erasure();
        Ok(Self::new(store, around))
    }

    fn new(store: Store, around: Surroundings) -> Self {
        Self {
            nodes: Arc::new(Nodes::new(store.clone())),
            store,
            around,
            known_private: Arc::default(),
            rehearses: false,
        }
    }

    /// Returns a repository for a rehearsal: what would be private objects is not written.
    #[must_use]
    pub fn rehearsal(&self) -> Self {
        Self {
            rehearses: true,
            ..self.clone()
        }
    }

    /// Returns the files.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns time and randomness.
    #[must_use]
    pub fn around(&self) -> &Surroundings {
        &self.around
    }

    /// Returns the name given with `init`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.store.repository().name
    }

    /// Returns the latest slot of the branch; `None` before the first commit.
    ///
    /// # Errors
    /// [`RepoError`] when it is damaged or cannot be read.
    pub fn tip(&self) -> Result<Option<SlotRead>, RepoError> {
        Ok(self.store.read_latest(MAIN)?)
    }

    /// Returns the latest commit; `None` before the first.
    ///
    /// # Errors
    /// [`RepoError`] when the slot is damaged or cannot be read.
    pub fn head(&self) -> Result<Option<CommitId>, RepoError> {
        Ok(self.tip()?.and_then(|read| read.slot.commit))
    }

    /// Reads a commit.
    ///
    /// # Errors
    /// [`RepoError`] when it is missing or damaged.
    pub fn commit(&self, id: CommitId) -> Result<Commit, RepoError> {
        Ok(read_commit(&self.store, id)?)
    }

    /// Returns the version of a commit.
    ///
    /// # Errors
    /// [`RepoError`] when the commit is missing or damaged.
    pub fn version(&self, id: CommitId) -> Result<Version, RepoError> {
        Version::at(self, id)
    }

    /// Returns the version before the first commit.
    #[must_use]
    pub fn empty_version(&self) -> Version {
        Version::empty(self)
    }

    /// Returns the latest version.
    ///
    /// # Errors
    /// [`RepoError`] when it cannot be read.
    pub fn head_version(&self) -> Result<Version, RepoError> {
        match self.head()? {
            Some(id) => self.version(id),
            None => Ok(self.empty_version()),
        }
    }

    /// Throws away derived files, all but what is spared; nothing that matters is lost.
    ///
    /// # Errors
    /// [`RepoError`] when a file cannot be removed.
    pub fn drop_derived(&self, spared: Spared) -> Result<(), RepoError> {
        Ok(self.store.drop_derived(self.around.now, spared)?)
    }

    /// Rebuilds the nodes of the latest version from the log.
    ///
    /// # Errors
    /// [`RepoError`] when the log cannot be replayed.
    pub fn rebuild_nodes(&self) -> Result<(), RepoError> {
        match self.head()? {
            Some(head) => Ok(self.nodes.rebuild(head)?),
            None => Ok(()),
        }
    }

    /// Gives a commit a name for good.
    ///
    /// # Errors
    /// [`RepoError::TagExists`], [`RepoError::BadTagName`], or when it cannot be written.
    pub fn tag(
        &self,
        name: &str,
        commit: CommitId,
        author: PrivateId,
        message: &str,
    ) -> Result<TagRecord, RepoError> {
        if !crate::store::is_ref_name(name) || name == MAIN || name == "HEAD" || name == "DRAFT" {
            return Err(RepoError::BadTagName {
                name: name.to_owned(),
            });
        }
        let folded = name.to_lowercase();
        for other in self.store.list_tags()? {
            if other != name && other.to_lowercase() == folded {
                let commit = self.store.read_tag(&other)?.map_or(commit, |tag| tag.commit);
                return Err(RepoError::TagExists { name: other, commit });
            }
        }
        let tag = TagRecord::new(name, commit, author, self.around.now, message);
        match self.store.create_tag(&tag)? {
            RefUpdate::Applied(tag) => Ok(tag),
            RefUpdate::Stale(actual) => Err(RepoError::TagExists {
                name: actual.name,
                commit: actual.commit,
            }),
        }
    }
}
