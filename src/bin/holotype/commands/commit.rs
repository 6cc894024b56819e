//! `commit`: seals the draft.

use clap::Args;
use serde_json::json;

use crate::app::{App, report_commit};
use crate::failure::Failure;

/// Seals the draft
#[derive(Debug, Args)]
pub(crate) struct CommitArgs {
    /// What was done, and why
    #[arg(short, long)]
    message: String,
}

pub(crate) fn run(app: &mut App, args: &CommitArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let sealing = app.sealing(&repo, &args.message)?;
    let committed = repo.commit_draft(&sealing)?;
    report_commit(app, &repo, "holotype/commit/1", &committed, json!({}))?;
    Ok(0)
}
