//! `revert`: drafts events that undo one commit.

use clap::Args;
use serde_json::json;

use crate::app::{App, plural, short};
use crate::failure::Failure;

/// Drafts events that undo one commit; what came later stays
#[derive(Debug, Args)]
pub(crate) struct RevertArgs {
    /// The commit
    revision: String,
}

pub(crate) fn run(app: &mut App, args: &RevertArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let commit = repo.resolve(&args.revision)?;
    let mut context = app.context(&repo)?;
    context.reason = Some(format!("reverts commit {commit}"));
    let events = repo.revert(commit, &context)?;
    app.out.object(
        "holotype/revert/1",
        &json!({"reverted": commit, "events": events}),
    )?;
    app.out.line(format!(
        "drafted {events} event{} that undo {}",
        plural(events),
        short(&commit.to_string())
    ))?;
    if events > 0 {
        app.out
            .line("next: holotype diff HEAD DRAFT, then holotype commit -m MESSAGE")?;
    }
    Ok(0)
}
