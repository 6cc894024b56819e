//! Facts of the dataset that a command drafts by themselves: a waiver, a sign-off, an answer, a round, an erratum, a parent.

use holotype::event::{Command, Context, EntityRef, read};
use holotype::model::{DatasetRecord, FactChanges, Facts, Key};
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

/// The facts of the dataset with what is not yet committed.
pub(crate) fn drafted(repo: &Repo) -> Result<Facts, Failure> {
    let dataset: Option<DatasetRecord> = read(&repo.draft_version()?, &Key::dataset())?;
    Ok(dataset.unwrap_or_default().facts)
}
