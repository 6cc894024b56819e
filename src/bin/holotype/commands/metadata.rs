//! `metadata`: joins a table to images.

use std::path::PathBuf;

use clap::Args;
use holotype::files::input::read_file;
use holotype::import::metadata::{MetadataError, MetadataOptions, MetadataOutcome, join};
use holotype::import::table::read_table;
use holotype::repo::Repo;
use serde_json::json;

use crate::app::{App, plural};
use crate::failure::{Failure, chain};

/// Joins a table of facts to images, declared ones too
#[derive(Debug, Args)]
pub(crate) struct MetadataArgs {
    /// The table: CSV with , ; or tab, the first line naming the columns
    pub table: PathBuf,
    /// The column that names the image
    #[arg(long, value_name = "COLUMN")]
    pub key: Option<String>,
    /// Turns a key into a name: '{:03}.tiff' makes 001.tiff of 1
    #[arg(long = "match", value_name = "PATTERN")]
    pub pattern: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &MetadataArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    join_table(app, &repo, args, 0)?;
    Ok(0)
}

/// Joins a table and tells what matched.
pub(crate) fn join_table(
    app: &mut App,
    repo: &Repo,
    args: &MetadataArgs,
    before: u64,
) -> Result<(), Failure> {
    let context = app.context(repo)?;
    let path = app.user_path(&args.table);
    let bytes = read_file(&path, 1 << 30)?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let table = read_table(&name, &bytes).map_err(|error| {
        Failure::refused(
            chain(&error),
            "save it as CSV with one line a row, the first naming the columns",
        )
    })?;
    let options = MetadataOptions {
        key: args.key.clone(),
        pattern: args.pattern.clone(),
    };
    let context = holotype::event::Context {
        source: Some(holotype::id::Digest::of(&bytes)),
        ..context
    };
    let (outcome, events) = repo.try_draft_with(|transaction| {
        join(repo, transaction, &context, &table, &options).map_err(Failure::from)
    })?;
    if before == 0 {
        app.out.object(
            "holotype/metadata/1",
            &json!({
                "events": events,
                "key": outcome.key,
                "rows": table.rows.len(),
                "matched": outcome.matched,
                "unmatched_rows": outcome.unmatched_rows,
                "unmatched_images": outcome.unmatched_images,
                "repeated": outcome.repeated,
                "private": outcome.private,
                "not_kept": outcome.not_kept,
                "spellings": outcome.spellings.iter().map(|(column, a, b)| json!({"column": column, "values": [a, b]})).collect::<Vec<_>>(),
            }),
        )?;
    }
    let rows = u64::try_from(table.rows.len()).unwrap_or(u64::MAX);
    app.out.line(format!(
        "{} of {rows} row{} of {name} name an image by '{}', {events} event{}",
        outcome.matched,
        plural(rows),
        outcome.key,
        plural(events)
    ))?;
    unmatched(app, "rows name no image", &outcome.unmatched_rows)?;
    unmatched(app, "images have no row", &outcome.unmatched_images)?;
    notes(app, &outcome);
    Ok(())
}

/// Tells what deserves a look.
fn notes(app: &App, outcome: &MetadataOutcome) {
    for name in &outcome.repeated {
        app.out.note(format!(
            "more than one row names {name}; what the last one says counts"
        ));
    }
    for fact in &outcome.private {
        app.out.note(format!(
            "'{fact}' can name a person; it is kept in private objects, which can be erased"
        ));
    }
    for fact in &outcome.not_kept {
        app.out.note(format!(
            "'{fact}' can name a person, and nothing else of its row is new; it was not kept"
        ));
    }
    for (column, a, b) in &outcome.spellings {
        app.out.note(format!(
            "column {column}: '{a}' and '{b}' look like two spellings of one value"
        ));
    }
}

fn unmatched(app: &mut App, what: &str, names: &[String]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    app.out.line(format!("{} {what}:", names.len()))?;
    for name in names {
        app.out.line(format!("  {}", crate::output::one_line(name)))?;
    }
    Ok(())
}

impl From<MetadataError> for Failure {
    fn from(error: MetadataError) -> Self {
        let line = chain(&error);
        match error {
            MetadataError::Repo(error) => error.into(),
            MetadataError::NoColumn { .. } => Self::refused(line, "name one of them with --key"),
            MetadataError::Pattern { .. } => {
                Self::refused(line, "a pattern has one {} or {:03}, such as '{:03}.tiff'")
            }
            MetadataError::NothingMatches { .. } => Self::refused(
                line,
                "turn keys into names with --match, such as --match '{:03}.tiff', or choose the column with --key",
            ),
        }
    }
}
