//! Looking up: through the index where that is worth it and possible, else by walking the log. Both ways give the
//! same answers; the index alone is never the reason for a failure.

use std::collections::BTreeSet;

use crate::id::{CommitId, ImageId, ImagePrefix};
use crate::store::Store;
use crate::time::Timestamp;

use super::aliases::{images_of, last_component};
use super::open::{Index, IndexAnswer, IndexMode, open_after};
use super::rows::{About, BatchAt, CommitRow};
use super::walk::{End, Walk};
use super::{IndexError, LookupError};

/// Up to this many commits, walking the log is faster than starting sled.
pub const WALK_MAX: usize = 200;

/// When the index is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// When more than [`WALK_MAX`] commits would have to be read.
    #[default]
    Auto,
    /// Whenever it can be had.
    Always,
    /// Never.
    Never,
}

/// The index as far as it was asked for.
#[derive(Debug)]
enum Source {
    NotAsked,
    Open(Box<Index>),
    Bypassed,
}

/// Answers questions about the history of one commit. What was read for one question serves the next. The index, once
/// opened, is closed and sealed with the lookup, so keep it no longer than for questions that belong together.
#[derive(Debug)]
pub struct Lookup<'a> {
    store: &'a Store,
    head: Option<CommitId>,
    policy: Policy,
    walk: Walk,
    source: Source,
}

impl<'a> Lookup<'a> {
    /// Prepares to look into a commit and all before it. Nothing is read yet.
    #[must_use]
    pub fn new(store: &'a Store, head: Option<CommitId>, policy: Policy) -> Self {
        Self {
            store,
            head,
            policy,
            walk: Walk::new(head),
            source: Source::NotAsked,
        }
    }

    /// Whether the index was asked and answered so far.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        matches!(self.source, Source::Open(_))
    }

    /// Returns the batches that can hold events about an image, oldest first; only those after `since`, where that is
    /// a commit before.
    ///
    /// # Errors
    /// [`LookupError`] when the log cannot be read.
    pub fn batches_of_image(
        &mut self,
        image: ImagePrefix,
        since: Option<CommitId>,
    ) -> Result<Vec<BatchAt>, LookupError> {
        self.batches(About::Image(image), since)
    }

    /// Returns the batches that hold events about no image, oldest first; only those after `since`, where that is a
    /// commit before.
    ///
    /// # Errors
    /// [`LookupError`] when the log cannot be read.
    pub fn global_batches(&mut self, since: Option<CommitId>) -> Result<Vec<BatchAt>, LookupError> {
        self.batches(About::NoImage, since)
    }

    /// Returns all batches, oldest first; only those after `since`, where that is a commit before.
    ///
    /// # Errors
    /// [`LookupError`] when the log cannot be read.
    pub fn all_batches(&mut self, since: Option<CommitId>) -> Result<Vec<BatchAt>, LookupError> {
        self.batches(About::Anything, since)
    }

    fn batches(&mut self, about: About, since: Option<CommitId>) -> Result<Vec<BatchAt>, LookupError> {
        if let Some(found) = self.ask(since, |index| index.batches(about, since))? {
            return Ok(found);
        }
        let count = match self.walk.until(self.store, since, usize::MAX)? {
            End::Met(count) => count,
            End::First | End::Limit => usize::MAX,
        };
        let rows = self.walk.oldest_first(count);
        Ok(rows.flat_map(|row| row.batches_about(about)).collect())
    }

    /// Returns the last commit recorded by a time, going by the running maximum of `committed_at`, since clocks run
    /// back.
    ///
    /// # Errors
    /// [`LookupError`] when the log cannot be read.
    pub fn commit_at(&mut self, time: Timestamp) -> Result<Option<CommitId>, LookupError> {
        if let Some(found) = self.ask(None, |index| index.commit_at(time))? {
            return Ok(found);
        }
        self.walk.until(self.store, None, usize::MAX)?;
        let rows = self.walk.oldest_first(usize::MAX);
        // The running maximum is beyond the time from the first commit on that is.
        let found = rows
            .take_while(|row| row.committed_ms <= time.as_unix_ms())
            .last();
        Ok(found.map(CommitRow::id))
    }

    /// Returns the commits whose ids begin with these lower-case hex digits, sorted.
    ///
    /// # Errors
    /// [`LookupError`] when the log cannot be read.
    pub fn commits_with_prefix(&mut self, hex: &str) -> Result<Vec<CommitId>, LookupError> {
        if let Some(found) = self.ask(None, |index| index.commits_with_prefix(hex))? {
            return Ok(found);
        }
        self.walk.until(self.store, None, usize::MAX)?;
        let ids = self.walk.oldest_first(usize::MAX).map(CommitRow::id);
        let found: BTreeSet<_> = ids.filter(|id| id.to_string().starts_with(hex)).collect();
        Ok(found.into_iter().collect())
    }

    /// Returns the images that were ever named so, by the last component of their names, sorted.
    ///
    /// # Errors
    /// [`LookupError`] when the log cannot be read.
    pub fn images_named(&mut self, name: &str) -> Result<Vec<ImageId>, LookupError> {
        if let Some(found) = self.ask(None, |index| index.images_named(name))? {
            return Ok(found);
        }
        self.walk.until(self.store, None, usize::MAX)?;
        let mut found = BTreeSet::new();
        for row in self.walk.oldest_first(usize::MAX) {
            let images = images_of(self.store, row)?;
            let named = images
                .into_iter()
                .filter(|(full, _)| last_component(full) == name);
            found.extend(named.map(|(_, image)| image));
        }
        Ok(found.into_iter().collect())
    }

    /// Asks the index; `None` when the log is to be walked instead, back to `since` where that comes first.
    fn ask<T>(
        &mut self,
        since: Option<CommitId>,
        question: impl FnOnce(&mut Index) -> Result<T, IndexError>,
    ) -> Result<Option<T>, LookupError> {
        if self.is_walk_short(since)? {
            return Ok(None);
        }
        if matches!(self.source, Source::NotAsked) {
            self.source = match open_after(self.store, self.head, IndexMode::Keep, &mut self.walk) {
                IndexAnswer::Ready(index) => Source::Open(index),
                IndexAnswer::Bypassed(_) => Source::Bypassed,
            };
        }
        let Source::Open(index) = &mut self.source else {
            return Ok(None);
        };
        match question(index) {
            Ok(answer) => return Ok(Some(answer)),
            // The index is not at fault; the walk says what is.
            Err(IndexError::Lookup(_)) => return Ok(None),
            Err(_) => {}
        }
        if let Source::Open(index) = std::mem::replace(&mut self.source, Source::Bypassed) {
            index.discard();
        }
        Ok(None)
    }

    /// Whether the log is to be walked, since it is short or nothing else is wanted.
    fn is_walk_short(&mut self, since: Option<CommitId>) -> Result<bool, LookupError> {
        match (self.policy, &self.source) {
            (Policy::Never, _) | (_, Source::Bypassed) => Ok(true),
            (Policy::Always, _) | (Policy::Auto, Source::Open(_)) => Ok(false),
            (Policy::Auto, Source::NotAsked) => {
                Ok(self.walk.until(self.store, since, WALK_MAX)? != End::Limit)
            }
        }
    }
}
