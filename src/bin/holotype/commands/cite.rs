//! `cite`: names an exact version.

use clap::Args;
use holotype::release::{CiteFormat, cite};
use serde_json::json;

use crate::app::App;
use crate::commands::errata::{describe, withdrawn};
use crate::failure::Failure;

/// Cites an exact version
#[derive(Debug, Args)]
pub(crate) struct CiteArgs {
    /// A release's version, a tag, or any revision
    version: String,
    /// text, bibtex, cff or datacite
    #[arg(long, default_value = "text")]
    format: String,
}

pub(crate) fn run(app: &mut App, args: &CiteArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let format = CiteFormat::parse(&args.format).ok_or_else(|| {
        Failure::usage(
            format!("'{}' is no form of a citation", args.format),
            "forms are text, bibtex, cff, datacite",
        )
    })?;
    let text = cite(&repo, &args.version, format)?;
    let tombstone = withdrawn(&repo, &args.version)?.map(|withdrawn| describe(&args.version, &withdrawn));
    app.out.object(
        "holotype/cite/1",
        &json!({
            "version": args.version, "format": args.format, "citation": text, "withdrawn": tombstone,
        }),
    )?;
    if let Some(tombstone) = tombstone {
        app.out.note(tombstone);
    }
    app.out.line(text.trim_end())?;
    Ok(0)
}
