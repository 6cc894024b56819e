//! What can go wrong with a release.

use std::path::PathBuf;

use super::{SignError, VersionStep};
use crate::codec::EncodeError;
use crate::event::StateError;
use crate::export::ExportError;
use crate::files::folder::FileError;
use crate::id::{CommitId, QueryId};
use crate::log::LogError;
use crate::repo::RepoError;
use crate::store::StoreError;

/// A failure of a release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The repository cannot be read.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The version cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The version cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The folder cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A record cannot be written as canonical JSON.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The version's name is given to another commit, or to a release of other content.
    #[error("the version '{version}' is taken: its tag is on commit {commit}{}", .why)]
    VersionTaken {
        /// The version.
        version: String,
        /// The commit that has it.
        commit: CommitId,
        /// What else is to be said.
        why: String,
    },
    /// The folder holds something else.
    #[error("{} exists and is not this release: {why}", .path.display())]
    Differs {
        /// The folder.
        path: PathBuf,
        /// What differs.
        why: String,
    },
    /// A stream cannot be written.
    #[error("cannot write a file of the release")]
    Write(#[from] std::io::Error),
    /// A file read back is not what was written.
    #[error("{} does not read back as it was written", .path.display())]
    ReadBack {
        /// The file.
        path: PathBuf,
    },
    /// Two versions cannot be compared.
    #[error(transparent)]
    Compare(#[from] crate::snapshot::changes::CompareError),
    /// The version's number says less than what changed.
    #[error("{version} understates the change since {previous}: {step}, so that {expected} is the least")]
    Understated {
        /// The number asked for.
        version: String,
        /// The release before.
        previous: String,
        /// What changed.
        step: VersionStep,
        /// The least number that says so.
        expected: String,
    },
    /// Nothing changed since the release before.
    #[error("nothing changed since {previous}: there is nothing to release")]
    NothingNew {
        /// The release before.
        previous: String,
    },
    /// The number of the next version cannot be computed.
    #[error("the version before is '{previous}', which is no number: the next one cannot be computed")]
    NoNumber {
        /// The release before.
        previous: String,
    },
    /// The folder holds no release.
    #[error("{} holds no release: {why}", .path.display())]
    NoRelease {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The folder holds a release of another dataset.
    #[error("{} is a release of another dataset, '{name}'", .path.display())]
    OtherDataset {
        /// The folder.
        path: PathBuf,
        /// The dataset's name.
        name: String,
    },
    /// What is cited is not here.
    #[error("the cited version {version} cannot be had from here: {why}")]
    Unresolved {
        /// The version.
        version: String,
        /// What does not match.
        why: String,
    },
    /// The stored query that is cited is not here.
    #[error("the stored query {id} cannot be had from here: {why}")]
    UnresolvedQuery {
        /// The query.
        id: QueryId,
        /// What does not match.
        why: String,
    },
    /// The key cannot sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The dataset names other keys for its releases.
    #[error("the dataset's fact {} names other keys than {fingerprint}", super::KEY_FACT)]
    WrongKey {
        /// The key that was given.
        fingerprint: String,
    },
    /// Names of files cannot stand in a manifest of a bag.
    #[error("the file {name} cannot stand in a manifest: BagIt reads %0A, %0D and %25 as other characters")]
    Ambiguous {
        /// The first such name.
        name: String,
    },
    /// The version is that before the first commit.
    #[error("there is no commit before the first: nothing can be released or cited")]
    NoCommit,
}

impl From<crate::export::coco::ExportError> for ReleaseError {
    fn from(error: crate::export::coco::ExportError) -> Self {
        Self::Export(error.into())
    }
}
