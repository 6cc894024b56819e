//! `status`: where the dataset stands.

use clap::Args;
use holotype::repo::MAIN;
use serde_json::json;

use crate::app::{App, counts_json, plural, short};
use crate::failure::Failure;

/// Tells branch, head, draft and counts
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {}

pub(crate) fn run(app: &mut App, _args: &StatusArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let head = repo.head()?;
    let draft = repo.draft()?;
    let draft_events = match &draft {
        Some(draft) => draft.events(&repo)?,
        None => 0,
    };
    let counts = if draft.is_some() {
        repo.draft_version()?.counts()?
    } else {
        repo.head_version()?.counts()?
    };
    app.out.object(
        "holotype/status/1",
        &json!({
            "branch": MAIN,
            "head": head,
            "draft": {"events": draft_events},
            "counts": counts_json(&counts),
            "name": repo.name(),
        }),
    )?;
    app.out
        .line(format!("dataset {} on branch {MAIN}", repo.name()))?;
    match head {
        Some(head) => app.out.line(format!("head    {}", short(&head.to_string())))?,
        None => app.out.line("head    none: nothing is committed yet")?,
    }
    app.out.line(format!(
        "draft   {draft_events} event{} not yet committed",
        plural(draft_events)
    ))?;
    app.out.line(format!(
        "holds   {} images, {} annotations, {} ratings by {} annotators, {} labels, {} cases",
        counts.images, counts.annotations, counts.ratings, counts.annotators, counts.labels, counts.cases
    ))?;
    if draft_events > 0 {
        app.out
            .line("next: holotype diff HEAD DRAFT, then holotype commit -m MESSAGE")?;
    }
    Ok(0)
}
