//! Finding events in the log by what they are about.

use crate::event::{BatchReader, LoggedEvent};
use crate::id::{BatchId, CommitId, ImagePrefix};
use crate::log::{BatchRange, Commit, first_parents, read_batch};

use super::{Repo, RepoError};

/// An event and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEvent {
    /// The commit.
    pub commit: CommitId,
    /// The batch.
    pub batch: BatchId,
    /// Which event of the batch, from 1.
    pub number: u64,
    /// The event.
    pub logged: LoggedEvent,
}

impl HistoryEvent {
    /// Names the event: its batch and its number.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}:{}", self.batch, self.number)
    }
}

/// Which batches to look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that can hold events about an image.
    Image(ImagePrefix),
    /// Those that hold events about no image.
    Global,
    /// All.
    Everything,
}

impl Scope {
    fn covers(self, range: &BatchRange) -> bool {
        match self {
            Self::Image(image) => range.may_hold(image),
            Self::Global => range.global_events > 0,
            Self::Everything => true,
        }
    }
}

/// Returns the events of a commit in whose lines `needle` occurs, in order.
///
/// # Errors
/// [`RepoError`] when a batch is missing or damaged.
pub fn events_of(
    repo: &Repo,
    id: CommitId,
    commit: &Commit,
    scope: Scope,
    needle: &str,
) -> Result<Vec<HistoryEvent>, RepoError> {
    let mut found = Vec::new();
    for range in commit.batches.iter().filter(|range| scope.covers(range)) {
        let bytes = read_batch(repo.store(), range.batch)?;
        let mut reader = BatchReader::containing(&bytes, needle)?;
        while let Some(logged) = reader.next() {
            found.push(HistoryEvent {
                commit: id,
                batch: range.batch,
                number: reader.number(),
                logged: logged?,
            });
        }
    }
    Ok(found)
}

/// Returns the events after `since` up to `head` in whose lines `needle` occurs, oldest first.
///
/// # Errors
/// [`RepoError`] when the log cannot be read.
pub fn events_since(
    repo: &Repo,
    head: Option<CommitId>,
    since: Option<CommitId>,
    scope: Scope,
    needle: &str,
) -> Result<Vec<HistoryEvent>, RepoError> {
    let mut commits = Vec::new();
    for commit in first_parents(repo.store(), head) {
        let (id, commit) = commit?;
        if Some(id) == since {
            break;
        }
        commits.push((id, commit));
    }
    let mut found = Vec::new();
    for (id, commit) in commits.iter().rev() {
        found.extend(events_of(repo, *id, commit, scope, needle)?);
    }
    Ok(found)
}
