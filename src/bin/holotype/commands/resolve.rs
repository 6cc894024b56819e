//! `resolve`: makes exactly the release that a citation names, or tells exactly the annotations of a cited query.

use std::path::{Path, PathBuf};

use clap::Args;
use holotype::release::{
    QueryCitation, ReleaseCitation, release_build, resolve_release, tombstone_path, withdrawal,
};
use holotype::repo::Repo;
use serde_json::json;

use crate::app::App;
use crate::commands::cite::with_every_row;
use crate::commands::dataset_facts;
use crate::commands::export::row_filter;
use crate::commands::release::with_filter;
use crate::failure::Failure;
use crate::output::one_line;

/// Makes exactly what a citation names, a release or the annotations of a query, or says what does not match
#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    /// What 'cite' prints, or NAME@vVERSION#DIGEST or NAME@vVERSION?query#ID of it
    citation: String,
    /// Where the folder is made; the annotations of a query are printed as JSON Lines where none is given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(app: &mut App, args: &ResolveArgs) -> Result<u8, Failure> {
    if let Some(cited) = QueryCitation::parse(&args.citation) {
        let repo = app.repo()?;
        let out = args.out.as_deref().map(|out| app.user_path(out));
        return query(app, &repo, &cited, out.as_deref());
    }
    let cited = ReleaseCitation::parse(&args.citation).ok_or_else(|| {
        Failure::usage(
            format!("'{}' names no release", one_line(&args.citation)),
            "give NAME@vVERSION#DIGEST, or the line that holotype cite prints",
        )
    })?;
    let repo = app.repo()?;
    let cited = cited.named_in(&repo)?;
    let out_dir = args.out.as_deref().map(|out| app.user_path(out));
    let out_dir = out_dir
        .ok_or_else(|| Failure::usage("a release is a folder", "say where it is to be made: --out DIR"))?;
    let build = release_build(&repo, &cited.version)?;
    let filter = build.as_ref().and_then(|build| build.filter.clone());
    let version = match &build {
        Some(_) => repo.version(repo.resolve(&cited.version)?)?,
        None => repo.empty_version(),
    };
    let summary = with_filter(&version, filter.as_deref(), |filter| {
        Ok(resolve_release(&repo, &cited, &out_dir, filter)?)
    })?;
    let tombstone = withdrawal(&repo, &cited.version)?.map(|withdrawal| one_line(&withdrawal.to_string()));
    app.out.object(
        "holotype/resolve/1",
        &json!({
            "release": summary.id,
            "withdrawn": tombstone,
            "tombstone": tombstone.as_ref().map(|_| tombstone_path(&summary.path)),
            "version": summary.record.version,
            "path": summary.path,
            "commit": summary.record.commit,
            "snapshot": summary.record.snapshot,
            "files": summary.files,
        }),
    )?;
    if let Some(tombstone) = tombstone {
        app.out.note(tombstone);
    }
    app.out.line(format!(
        "{} is the release {}",
        summary.path.display(),
        summary.id
    ))?;
    app.out
        .line(format!("  {} files, byte for byte what was cited", summary.files))?;
    Ok(0)
}

/// Tells or writes the annotations of a cited query.
fn query(app: &mut App, repo: &Repo, cited: &QueryCitation, out: Option<&Path>) -> Result<u8, Failure> {
    let stored = cited.find(repo, &dataset_facts::drafted(repo)?)?;
    let record = &stored.record;
    let version = repo.version(record.commit)?;
    let filter = row_filter(&version, &record.query)?;
    let mut rows = Vec::new();
    let path = with_every_row(&filter, &record.query, |named| match out {
        Some(dir) => Ok(Some(cited.make(repo, &stored, &version, named.filter, dir)?)),
        None => {
            cited.write(&stored, &version, named.filter, &mut rows)?;
            Ok(None)
        }
    })?;
    let tombstone = match &record.version {
        Some(version) => withdrawal(repo, version)?.map(|withdrawal| one_line(&withdrawal.to_string())),
        None => None,
    };
    if let Some(tombstone) = &tombstone {
        app.out.note(tombstone);
    }
    let Some(path) = path else {
        app.out.bytes(&rows)?;
        return Ok(0);
    };
    app.out.object(
        "holotype/resolve/1",
        &json!({
            "query": stored.id, "withdrawn": tombstone, "expression": record.query, "count": record.count, "result": record.result,
            "path": path, "commit": record.commit, "snapshot": record.snapshot,
        }),
    )?;
    app.out
        .line(format!("{} is the query {}", path.display(), stored.id))?;
    app.out
        .line(format!("  {} annotations, exactly what was cited", record.count))?;
    Ok(0)
}
