//! `discard`: drops the draft.

use clap::Args;
use serde_json::json;

use crate::app::{App, plural};
use crate::commands::erase::confirm;
use crate::failure::Failure;

/// Drops the draft
#[derive(Debug, Args)]
pub(crate) struct DiscardArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(app: &mut App, args: &DiscardArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let events = match repo.draft()? {
        Some(draft) => draft.events(&repo)?,
        None => 0,
    };
    if events > 0 {
        confirm(
            args.yes,
            &format!("drop {events} event{} that no commit has sealed?", plural(events)),
        )?;
        repo.discard_draft()?;
    }
    app.out.object("holotype/discard/1", &json!({"events": events}))?;
    app.out
        .line(format!("dropped {events} event{}", plural(events)))?;
    Ok(0)
}
