//! `index`: rebuilds what is derived.

use clap::{Args, Subcommand};
use holotype::store::Spared;
use serde_json::json;

use crate::app::App;
use crate::failure::{Failure, IO, chain};

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
    repo.drop_derived(Spared::Index)?;
    repo.rebuild_nodes()?;
    let stats = holotype::index::rebuild(repo.store(), repo.head()?).map_err(|error| {
        Failure::new(
            IO,
            chain(&error),
            "answers are right without an index; try again later",
        )
    })?;
    app.out.object(
        "holotype/index-rebuild/1",
        &json!({"head": repo.head()?, "commits": stats.commits}),
    )?;
    app.out.line("rebuilt everything derived from the log")?;
    Ok(0)
}
