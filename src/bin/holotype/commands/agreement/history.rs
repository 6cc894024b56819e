//! Every event up to a version, oldest first, one batch in memory at a time.

use holotype::event::{BatchReader, LoggedEvent};
use holotype::log::{first_parents, read_batch};
use holotype::repo::{Repo, RepoError, Version};

use crate::failure::Failure;

/// Calls `each` for every event up to a version; for the draft, its own events come last.
pub(super) fn each_event(
    repo: &Repo,
    version: &Version,
    mut each: impl FnMut(&LoggedEvent),
) -> Result<(), Failure> {
    let head = match version.id() {
        Some(id) => Some(id),
        None => repo.head()?,
    };
    let mut commits = Vec::new();
    for commit in first_parents(repo.store(), head) {
        commits.push(commit?.1);
    }
    for range in commits.iter().rev().flat_map(|commit| &commit.batches) {
        let bytes = read_batch(repo.store(), range.batch)?;
        for event in BatchReader::new(&bytes).map_err(RepoError::from)? {
            each(&event.map_err(RepoError::from)?);
        }
    }
    if version.id().is_none()
        && let Some(draft) = repo.draft()?
    {
        draft.for_each(repo, |event| {
            each(&event);
            Ok(())
        })?;
    }
    Ok(())
}
