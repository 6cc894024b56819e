//! What can go wrong with the index, and with looking something up.

use std::io;
use std::path::PathBuf;

use crate::codec::EncodeError;
use crate::event::BatchError;
use crate::id::BatchId;
use crate::log::LogError;

/// A lookup that the log itself could not answer.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// A commit or a batch cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A batch holds what is no event.
    #[error("the batch {batch} cannot be read")]
    Batch {
        /// The batch.
        batch: BatchId,
        /// Why.
        #[source]
        source: BatchError,
    },
}

/// An index that cannot be used, filled or sealed. The log answers without it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The log that it is filled from cannot be read.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// Another process, or another handle of this one, has it open.
    #[error("the index {} is in use", .path.display())]
    Locked {
        /// Its folder.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// sled refused.
    #[error("sled cannot {action} the index")]
    Sled {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: sled::Error,
    },
    /// sled panicked.
    #[error("sled panicked when it was to {action} the index: {words}")]
    Panicked {
        /// What was tried.
        action: &'static str,
        /// What it said of it, on one line.
        words: String,
    },
    /// A row is too long to be written, or does not hold what a row of its kind holds.
    #[error("a row of the index cannot be {action}")]
    Row {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: bincode::Error,
    },
    /// A row that another one speaks of is missing.
    #[error("the index has no row for the commit at position {position}")]
    NoRow {
        /// How many commits stand before it.
        position: u64,
    },
    /// The rows do not end where the seal says.
    #[error("the index does not hold what its seal says")]
    OtherRows,
    /// The seal cannot be written as canonical JSON.
    #[error("the seal of the index cannot be written exactly")]
    Seal(#[from] EncodeError),
}

impl IndexError {
    /// Says what was tried on which path.
    pub(super) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

impl From<LogError> for IndexError {
    fn from(error: LogError) -> Self {
        Self::Lookup(error.into())
    }
}
