//! `index`: rebuilds what is derived.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::app::App;
use crate::failure::Failure;

/// Rebuilds the index and the nodes of the latest version from the log
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    #[command(subcommand)]
    action: IndexAction,
}

#[derive(Debug, Subcommand)]
enum IndexAction {
    /// Rebuilds everything derived
    Rebuild,
}

pub(crate) fn run(app: &mut App, args: &IndexArgs) -> Result<u8, Failure> {
    let IndexAction::Rebuild = args.action;
    let repo = app.repo()?;
    repo.drop_derived()?;
    repo.rebuild_nodes()?;
    app.out
        .object("holotype/index-rebuild/1", &json!({"head": repo.head()?}))?;
    app.out.line("rebuilt everything derived from the log")?;
    Ok(0)
}
