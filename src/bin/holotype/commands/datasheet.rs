//! `datasheet`: what is known of a version, from the log.

use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::failure::Failure;

/// Writes the datasheet of a version, every number from the log
#[derive(Debug, Args)]
pub(crate) struct DatasheetArgs {
    /// The revision; HEAD where none is given
    revision: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &DatasheetArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = repo.version(repo.resolve(args.revision.as_deref().unwrap_or("HEAD"))?)?;
    let text = holotype::release::datasheet(&repo, &version, None)?;
    app.out.object(
        "holotype/datasheet/1",
        &json!({"commit": version.id(), "markdown": text}),
    )?;
    app.out.line(text.trim_end())?;
    Ok(0)
}
