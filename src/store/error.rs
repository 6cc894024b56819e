//! What can go wrong in the store.

use std::io;
use std::path::{Path, PathBuf};

use super::vfs::LinkFound;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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
    /// A file that must be there is missing.
    #[error("{} is missing", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file does not hold what its name or its own digest says.
    #[error("{} is damaged: {why}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file is of a format that this version does not know.
    #[error("{} is of a newer format: {why}", .path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// There is no repository.
    #[error("there is no Holotype repository in {} or above it", .path.display())]
    NoRepository {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is a repository already.
    #[error("{} is a Holotype repository already", .path.display())]
    RepositoryExists {
        /// Where.
        path: PathBuf,
    },
    /// An earlier write could not be made durable, so nothing further is written.
    #[error("nothing is written to {} any more, since an earlier write could not be made durable: {why}", .path.display())]
    Poisoned {
        /// The repository.
        path: PathBuf,
        /// What that write met with.
        why: String,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    Random,
}

impl StoreError {
    /// Says what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            // A repository has no links: this one is not as we made it.
            if let Some(link) = source
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<LinkFound>())
            {
                return Self::Damaged {
                    path,
                    why: link.to_string(),
                };
            }
            Self::Io { action, path, source }
        }
    }

    pub(crate) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            why: why.into(),
        }
    }

    /// Whether it says that the file system cannot do what a repository needs.
    pub(super) fn is_unsupported(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::Unsupported)
    }

    /// Whether it says that the repository, not the machine, is at fault.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Missing { .. } | Self::Damaged { .. } => true,
            Self::Io { .. }
            | Self::NewerFormat { .. }
            | Self::NoRepository { .. }
            | Self::RepositoryExists { .. }
            | Self::Poisoned { .. }
            | Self::Random => false,
        }
    }
}
