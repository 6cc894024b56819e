//! `resolve`: makes exactly the release that a citation names.

use std::path::PathBuf;

use clap::Args;
use holotype::release::{ReleaseCitation, release_build, resolve_release};
use serde_json::json;

use crate::app::App;
use crate::commands::release::with_filter;
use crate::failure::Failure;
use crate::output::one_line;

/// Makes exactly the release that a citation names, or says what does not match
#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    /// What 'cite' prints, or NAME@vVERSION#DIGEST of it
    citation: String,
    /// Where the release's folder is made
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(app: &mut App, args: &ResolveArgs) -> Result<u8, Failure> {
    let cited = ReleaseCitation::parse(&args.citation).ok_or_else(|| {
        Failure::usage(
            format!("'{}' names no release", one_line(&args.citation)),
            "give NAME@vVERSION#DIGEST, or the line that holotype cite prints",
        )
    })?;
    let repo = app.repo()?;
    let cited = cited.named_in(&repo)?;
    let out_dir = app.user_path(&args.out);
    let build = release_build(&repo, &cited.version)?;
    let filter = build.as_ref().and_then(|build| build.filter.clone());
    let version = match &build {
        Some(_) => repo.version(repo.resolve(&cited.version)?)?,
        None => repo.empty_version(),
    };
    let summary = with_filter(&version, filter.as_deref(), |filter| {
        Ok(resolve_release(&repo, &cited, &out_dir, filter)?)
    })?;
    app.out.object(
        "holotype/resolve/1",
        &json!({
            "release": summary.id,
            "version": summary.record.version,
            "path": summary.path,
            "commit": summary.record.commit,
            "snapshot": summary.record.snapshot,
            "files": summary.files,
        }),
    )?;
    app.out.line(format!(
        "{} is the release {}",
        summary.path.display(),
        summary.id
    ))?;
    app.out
        .line(format!("  {} files, byte for byte what was cited", summary.files))?;
    Ok(0)
}
