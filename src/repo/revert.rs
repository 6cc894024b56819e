//! Undoing a commit: each record that it changed goes back to its value before, as long as nobody changed it since.

use crate::event::{Command, Context, Rejection};
use crate::id::CommitId;
use crate::model::Key;
use crate::tree::{Change, TreeChange};

use super::{Repo, RepoError};

impl Repo {
    /// Drafts events that undo a commit. Returns how many.
    ///
    /// # Errors
    /// [`RepoError::RevertConflict`] when a later change stands on what the commit did, or when files cannot be
    /// read or written.
    pub fn revert(&self, commit: CommitId, context: &Context) -> Result<u64, RepoError> {
        let after = self.version(commit)?;
        let before = match after.commit().and_then(crate::log::Commit::first_parent) {
            Some(parent) => self.version(parent)?,
            None => self.empty_version(),
        };
        let ((), events) = self.draft_with(|transaction| -> Result<(), RepoError> {
            let mut clashes = Vec::new();
            for change in after.tree().diff(after.nodes(), &before.tree()) {
                let TreeChange { key, change } = change?;
                let key = Key::from_bytes(&key).map_err(|error| crate::event::StateError::Damaged {
                    key: String::new(),
                    why: error.to_string(),
                })?;
                let (expected, record) = match change {
                    Change::Added(record) => (None, Some(record)),
                    Change::Removed(expected) => (Some(expected), None),
                    Change::Modified {
                        before: expected,
                        after: record,
                    } => (Some(expected), Some(record)),
                };
                match transaction.execute(
                    context,
                    Command::Restore {
                        key,
                        expected,
                        record,
                    },
                )? {
                    Ok(_) => {}
                    Err(Rejection::ChangedSince { kind, id }) => clashes.push(format!("{kind} {id}")),
                    Err(rejection) => return Err(rejection.into()),
                }
            }
            match clashes.first() {
                Some(example) => Err(RepoError::RevertConflict {
                    commit,
                    count: clashes.len(),
                    example: example.clone(),
                }),
                None => Ok(()),
            }
        })?;
        Ok(events)
    }
}
