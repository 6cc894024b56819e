//! Walking the log from a commit to the first one, as far as needed and never twice.

use crate::id::CommitId;
use crate::log::{LogError, read_commit};
use crate::store::Store;

use super::rows::CommitRow;

/// The commits read so far, newest first.
#[derive(Debug)]
pub(super) struct Walk {
    rows: Vec<CommitRow>,
    next: Option<CommitId>,
}

/// Where a walk came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At the commit that was looked for; this many stand after it.
    Met(usize),
    /// At the first commit, without having met it.
    First,
    /// At the limit.
    Limit,
}

impl Walk {
    /// Begins at a commit.
    pub(super) fn new(head: Option<CommitId>) -> Self {
        Self {
            rows: Vec::new(),
            next: head,
        }
    }

    /// Reads on until a commit is met, there are no more, or `limit` commits were read in all.
    ///
    /// # Errors
    /// [`LogError`] when a commit is missing or damaged.
    pub(super) fn until(
        &mut self,
        store: &Store,
        since: Option<CommitId>,
        limit: usize,
    ) -> Result<End, LogError> {
        if let Some(since) = since
            && let Some(place) = self.rows.iter().position(|row| row.id() == since)
        {
            return Ok(End::Met(place));
        }
        while let Some(id) = self.next {
            if Some(id) == since {
                return Ok(End::Met(self.rows.len()));
            }
            if self.rows.len() >= limit {
                return Ok(End::Limit);
            }
            let commit = read_commit(store, id)?;
            self.rows.push(CommitRow::of(id, &commit));
            self.next = commit.first_parent();
        }
        Ok(End::First)
    }

    /// Returns the newest `count` of the commits read, oldest first.
    pub(super) fn oldest_first(&self, count: usize) -> impl Iterator<Item = &CommitRow> {
        self.rows.iter().take(count).rev()
    }
}
