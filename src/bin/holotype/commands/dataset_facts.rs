//! Facts of the dataset that a command drafts by themselves: a waiver, a sign-off, an answer, a round, an erratum, a parent.

use holotype::event::{Command, Context, EntityRef};
use holotype::model::FactChanges;
use holotype::repo::Repo;

use crate::failure::Failure;

/// Drafts facts of the dataset; returns how many events that took.
pub(crate) fn draft(repo: &Repo, context: &Context, changes: FactChanges) -> Result<u64, Failure> {
    let ((), events) = repo.try_draft_with(|transaction| -> Result<(), Failure> {
        let entity = EntityRef::dataset();
        transaction.must(context, Command::SetFacts { entity, changes })?;
        Ok(())
    })?;
    Ok(events)
}
