//! The history in a release: commits and batches as the repository stores them, and the slots of the branch up to the
//! commit, so that anyone can replay it. Private objects stay where they are.

use std::collections::BTreeSet;

use super::ReleaseError;
use super::contents::Contents;
use super::record::ReleaseRecord;
use crate::id::{BatchId, CommitId};
use crate::log::{Commit, read_batch, read_commit};
use crate::repo::{MAIN, Repo};
use crate::store::{StoreError, read_all};
use crate::time::Timestamp;

/// Where objects stand in a release.
pub(super) const OBJECTS: &str = "data/history/objects/";
/// Where the slots of the branch stand in a release.
pub(super) const SLOTS: &str = "data/history/refs/heads/main/";

/// The program beside it that replays it without Holotype.
pub(super) const READER: &str = "data/history/read_repository.py";
const READER_TEXT: &str = include_str!("../../examples/read_repository.py");

/// What the log says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogFacts {
    pub(super) commits: u64,
    pub(super) events: u64,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
}

impl LogFacts {
    /// What a release says of its log.
    pub(super) fn of(release: &ReleaseRecord) -> Self {
        Self {
            commits: release.commits,
            events: release.events,
            first_at: release.first_commit_at,
            last_at: release.last_commit_at,
        }
    }
}

/// Returns a commit and all before it, each once, parents of a merge too.
pub(super) fn ancestors(repo: &Repo, from: CommitId) -> Result<Vec<(CommitId, Commit)>, ReleaseError> {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        let commit = read_commit(repo.store(), id)?;
        open.extend(commit.parents.iter().filter(|parent| seen.insert(**parent)));
        found.push((id, commit));
    }
    Ok(found)
}

/// Sums up the log.
pub(super) fn log_facts(commits: &[(CommitId, Commit)], tip: &Commit) -> LogFacts {
    let times = || commits.iter().map(|(_, commit)| commit.committed_at);
    LogFacts {
        commits: u64::try_from(commits.len()).unwrap_or(u64::MAX),
        events: commits.iter().map(|(_, commit)| commit.events()).sum(),
        first_at: times().min().unwrap_or(tip.committed_at),
        last_at: times().max().unwrap_or(tip.committed_at),
    }
}

/// Writes commits, batches and slots.
pub(super) fn add_history(
    repo: &Repo,
    tip: CommitId,
    commits: &[(CommitId, Commit)],
    contents: &mut Contents,
) -> Result<(), ReleaseError> {
    let mut batches: BTreeSet<BatchId> = BTreeSet::new();
    for (id, commit) in commits {
        contents.add(&format!("{OBJECTS}{id}"), &repo.store().read_object(id.digest())?)?;
        batches.extend(commit.batches.iter().map(|range| range.batch));
    }
    for id in batches {
        contents.add(&format!("{OBJECTS}{id}"), &read_batch(repo.store(), id)?)?;
    }
    contents.add(READER, READER_TEXT.as_bytes())?;
    let mut slots = Vec::new();
    let mut seq = 1;
    while let Some(read) = repo.store().read_slot(MAIN, seq)? {
        slots.push(format!("{seq:010}"));
        if read.slot.commit == Some(tip) {
            for name in &slots {
                let path = repo.store().path(&format!("refs/heads/{MAIN}/{name}"));
                let bytes =
                    read_all(repo.store().vfs(), &path, 1 << 20).map_err(|source| StoreError::Io {
                        action: "read",
                        path,
                        source,
                    })?;
                contents.add(&format!("{SLOTS}{name}"), &bytes)?;
            }
            break;
        }
        seq += 1;
    }
    Ok(())
}
