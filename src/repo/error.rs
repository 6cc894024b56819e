//! What can go wrong with a repository as a whole.

use crate::event::{BatchError, CreateError, EvolveError, Rejection, StateError};
use crate::id::CommitId;
use crate::index::LookupError;
use crate::log::LogError;
use crate::replay::ReplayError;
use crate::store::StoreError;
use crate::tree::TreeError;

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log cannot be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// An event that was decided here does not evolve the state.
    #[error("an event does not fit the state that it was decided on")]
    Evolve(#[from] EvolveError),
    /// A batch cannot be read or written.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A record cannot be written as canonical JSON.
    #[error("a record cannot be written exactly")]
    Encode(#[from] crate::codec::EncodeError),
    /// A request is refused; nothing was changed.
    #[error("{0}")]
    Refused(#[from] Rejection),
    /// A revision names nothing.
    #[error("there is no revision '{text}'")]
    UnknownRevision {
        /// The revision.
        text: String,
        /// Names that look alike.
        similar: Vec<String>,
    },
    /// A prefix names several things.
    #[error("'{text}' begins more than one id")]
    Ambiguous {
        /// The prefix.
        text: String,
    },
    /// A name is not known.
    #[error("there is no {kind} '{name}'")]
    UnknownName {
        /// Of what.
        kind: &'static str,
        /// The name.
        name: String,
        /// Names that look alike.
        similar: Vec<String>,
    },
    /// Nobody is named as author.
    #[error("no author is known")]
    NoAuthor,
    /// There is nothing to commit.
    #[error("there is nothing to commit")]
    NothingToCommit,
    /// The draft does not fit what was committed since it was begun.
    #[error("the draft does not fit what was committed since it was begun: {why}")]
    DraftConflict {
        /// Why.
        why: String,
    },
    /// A tag of this name exists, or no tag can have it.
    #[error("the tag '{name}' exists already, on commit {commit}")]
    TagExists {
        /// The name.
        name: String,
        /// The commit.
        commit: CommitId,
    },
    /// No tag or release can have this name.
    #[error(
        "'{name}' cannot be the name of a tag: 1 to 100 of the characters a-z A-Z 0-9 . _ -, beginning with a letter or digit, without '..'"
    )]
    BadTagName {
        /// The name.
        name: String,
    },
    /// What came later changed the same records.
    #[error("{count} of the records that commit {commit} changed were changed since, such as {example}")]
    RevertConflict {
        /// The commit.
        commit: CommitId,
        /// How many.
        count: usize,
        /// One of them.
        example: String,
    },
}

impl From<LookupError> for RepoError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Log(error) => error.into(),
            LookupError::Batch { source, .. } => source.into(),
        }
    }
}

impl RepoError {
    /// Whether it says that the repository is damaged.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Store(error) => error.is_damage(),
            Self::Log(error) => log_damage(error),
            Self::Replay(error) => replay_damage(error),
            Self::Tree(error) => tree_damage(error),
            Self::State(StateError::Damaged { .. }) => true,
            Self::State(StateError::Unreadable { source }) => {
                source.downcast_ref::<TreeError>().is_none_or(tree_damage)
            }
            Self::Evolve(_) | Self::Batch(_) => true,
            Self::Encode(_)
            | Self::Refused(_)
            | Self::UnknownRevision { .. }
            | Self::Ambiguous { .. }
            | Self::UnknownName { .. }
            | Self::NoAuthor
            | Self::NothingToCommit
            | Self::DraftConflict { .. }
            | Self::TagExists { .. }
            | Self::BadTagName { .. }
            | Self::RevertConflict { .. } => false,
        }
    }
}

fn log_damage(error: &LogError) -> bool {
    match error {
        LogError::Store(error) => error.is_damage(),
        LogError::Commit { .. } | LogError::Encode(_) => true,
    }
}

fn replay_damage(error: &ReplayError) -> bool {
    match error {
        ReplayError::Log(error) => log_damage(error),
        ReplayError::Tree(error) => tree_damage(error),
        ReplayError::Batch { .. } | ReplayError::EventCount { .. } | ReplayError::Evolve { .. } => true,
    }
}

fn tree_damage(error: &TreeError) -> bool {
    match error {
        TreeError::Missing { .. } | TreeError::Damaged { .. } => true,
        TreeError::Unsorted => false,
        TreeError::Source { source } => source.downcast_ref::<ReplayError>().is_none_or(replay_damage),
    }
}

impl From<CreateError> for RepoError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::State(error) => error.into(),
            CreateError::Evolve(error) => error.into(),
            CreateError::Batch(error) => error.into(),
        }
    }
}
