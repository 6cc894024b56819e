//! Finding events in the log by what they are about.

use std::collections::BTreeSet;

use crate::event::{BatchReader, Event, EventFormat, LoggedEvent};
use crate::id::{BatchId, BlobId, CommitId, ImagePrefix};
use crate::index::{BatchAt, Lookup, LookupError, Policy};
use crate::log::{BatchRange, Commit, read_batch};

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

/// Returns the events of a commit in whose lines one of the `needles` occurs, in order.
///
/// # Errors
/// [`RepoError`] when a batch is missing or damaged.
pub fn events_of(
    repo: &Repo,
    id: CommitId,
    commit: &Commit,
    scope: Scope,
    needles: &[&str],
) -> Result<Vec<HistoryEvent>, RepoError> {
    let mut found = Vec::new();
    for range in commit.batches.iter().filter(|range| scope.covers(range)) {
        collect(repo, id, range.batch, needles, &mut found)?;
    }
    Ok(found)
}

/// Returns the events after `since` up to `head` in whose lines one of the `needles` occurs, oldest first.
///
/// # Errors
/// [`RepoError`] when the log cannot be read.
pub fn events_since(
    repo: &Repo,
    head: Option<CommitId>,
    since: Option<CommitId>,
    scope: Scope,
    needles: &[&str],
) -> Result<Vec<HistoryEvent>, RepoError> {
    let mut found = Vec::new();
    for at in batches_since(repo, head, since, scope)? {
        collect(repo, at.commit, at.batch, needles, &mut found)?;
    }
    Ok(found)
}

/// Returns the blobs that events up to `head` say came in. Others are named by records alone that an export of another
/// dataset brought.
///
/// # Errors
/// [`RepoError`] when the log cannot be read.
pub fn ingested_blobs(repo: &Repo, head: Option<CommitId>) -> Result<BTreeSet<BlobId>, RepoError> {
    let mut blobs = BTreeSet::new();
    let needles = [EventFormat::ImageIngested.as_str()];
    for found in events_since(repo, head, None, Scope::Everything, &needles)? {
        if let Event::ImageIngested { files, .. } = found.logged.event {
            blobs.extend(files.iter().map(|file| file.blob));
        }
    }
    Ok(blobs)
}

/// Finds the batches; the index is free again when it returns.
fn batches_since(
    repo: &Repo,
    head: Option<CommitId>,
    since: Option<CommitId>,
    scope: Scope,
) -> Result<Vec<BatchAt>, LookupError> {
    let mut lookup = Lookup::new(repo.store(), head, Policy::Auto);
    match scope {
        Scope::Image(image) => lookup.batches_of_image(image, since),
        Scope::Global => lookup.global_batches(since),
        Scope::Everything => lookup.all_batches(since),
    }
}

fn collect(
    repo: &Repo,
    commit: CommitId,
    batch: BatchId,
    needles: &[&str],
    found: &mut Vec<HistoryEvent>,
) -> Result<(), RepoError> {
    let bytes = read_batch(repo.store(), batch)?;
    let mut reader = BatchReader::containing(&bytes, needles)?;
    while let Some(logged) = reader.next() {
        found.push(HistoryEvent {
            commit,
            batch,
            number: reader.number(),
            logged: logged?,
        });
    }
    Ok(())
}
