//! `tag`: gives a commit a name for good.

use clap::Args;
use serde_json::json;

use crate::app::{App, short};
use crate::failure::Failure;

/// Gives a commit a name that never moves
#[derive(Debug, Args)]
pub(crate) struct TagArgs {
    /// The name, such as v1.0
    name: String,
    /// The revision; HEAD where none is given
    revision: Option<String>,
    /// Why
    #[arg(short, long)]
    message: String,
}

pub(crate) fn run(app: &mut App, args: &TagArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let commit = repo.resolve(args.revision.as_deref().unwrap_or("HEAD"))?;
    let author = app.author(&repo)?;
    let tag = repo.tag(&args.name, commit, author, &args.message)?;
    app.out.object(
        "holotype/tag/1",
        &json!({"tag": tag.name, "commit": tag.commit, "created_at": tag.created_at, "message": tag.message}),
    )?;
    app.out.line(format!(
        "tagged {} as {}",
        short(&tag.commit.to_string()),
        tag.name
    ))?;
    Ok(0)
}
