//! `gc`: drops what is derived.

use clap::Args;
use serde_json::json;

use crate::app::App;
use crate::failure::Failure;

/// Drops everything that can be rebuilt; never a commit, a batch or an image
#[derive(Debug, Args)]
pub(crate) struct GcArgs {}

pub(crate) fn run(app: &mut App, _args: &GcArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let freed = repo.drop_derived()?;
    app.out.object("holotype/gc/1", &json!({"freed_bytes": freed}))?;
    app.out.line(format!(
        "freed {freed} bytes of derived files; they are rebuilt when needed"
    ))?;
    Ok(0)
}
