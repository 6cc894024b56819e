//! `add`: brings in images.

use std::path::PathBuf;

use clap::Args;
use holotype::import::headers;
use holotype::import::ingest::{Copying, IngestError, IngestOptions, IngestProgress, find_images, ingest};
use holotype::quality::gate::{Finding, personal_in_files};
use serde_json::json;

use crate::app::{App, plural};
use crate::commands::metadata;
use crate::commands::personal::{self, Privacy};
use crate::failure::{Failure, chain};
use crate::output::shows_progress;

/// Brings in image files and folders; the originals are never moved, changed or linked into
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Image files and folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// A table of facts about the images (CSV with , ; or tab)
    #[arg(long, value_name = "TABLE.csv")]
    metadata: Option<PathBuf>,
    /// Goes before every name, such as "2026/"
    #[arg(long, value_name = "P", default_value = "")]
    name_prefix: String,
    /// Record the digest and leave the file where it is
    #[arg(long)]
    no_copy: bool,
    /// Refuse, where names or headers of files look like personal data; else that is told
    #[arg(long)]
    strict_privacy: bool,
}

pub(crate) fn run(app: &mut App, args: &AddArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let context = app.context(&repo)?;
    let paths: Vec<PathBuf> = args.paths.iter().map(|path| app.user_path(path)).collect();
    let copying = if args.no_copy {
        Copying::LeaveThere
    } else {
        Copying::Copy
    };
    let options = IngestOptions {
        name_prefix: args.name_prefix.clone(),
        copying,
    };
    let found = personal_data(app, args, &paths, &options)?;
    let bar = bar(app);
    let tick = |progress: IngestProgress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes);
    };
    let result = ingest(&repo, &context, &paths, &options, &tick);
    bar.finish_and_clear();
    let (outcome, events) = result?;
    app.out.object(
        "holotype/add/1",
        &json!({
            "events": events,
            "added": outcome.added,
            "new_versions": outcome.new_versions,
            "unchanged": outcome.unchanged,
            "skipped": outcome.skipped,
            "bytes": outcome.bytes,
            "privacy": personal::json(&found),
            "warnings": outcome.warnings.iter().map(|(image, code)| json!({"image": image, "code": code})).collect::<Vec<_>>(),
        }),
    )?;
    let added = outcome.added.len();
    app.out.line(format!(
        "added {added} image{}, {} bytes",
        plural(u64::try_from(added).unwrap_or(0)),
        outcome.bytes
    ))?;
    for name in &outcome.new_versions {
        app.out
            .line(format!("  {name} has other bytes: a new version of that image"))?;
    }
    if outcome.unchanged > 0 {
        app.out.line(format!("  {} here already", outcome.unchanged))?;
    }
    passed_over(app, &outcome.skipped);
    for (image, code) in outcome.warnings.iter().take(5) {
        app.out.note(format!("{image}: {code}"));
    }
    if let Some(table) = &args.metadata {
        let join = metadata::MetadataArgs {
            table: table.clone(),
            key: None,
            pattern: None,
        };
        metadata::join_table(app, &repo, &join, events)?;
    }
    if events > 0 {
        app.out
            .line("next: holotype import ANNOTATIONS, or holotype commit -m MESSAGE")?;
    }
    Ok(0)
}

/// Tells which files were no images.
fn passed_over(app: &App, skipped: &[String]) {
    if let Some(first) = skipped.first() {
        app.out.note(format!(
            "passed over {} files that are no images, such as {first}",
            skipped.len()
        ));
    }
}

/// Tells of personal data in names and headers before anything is hashed for good, or refuses it.
fn personal_data(
    app: &App,
    args: &AddArgs,
    paths: &[PathBuf],
    options: &IngestOptions,
) -> Result<Vec<Finding>, Failure> {
    let found = personal_in_files(&headers::of_files(&find_images(paths, options)?.0)?);
    personal::tell(app, &found, Privacy::of(args.strict_privacy))?;
    Ok(found)
}

/// A bar with rate and time left, on a terminal.
fn bar(app: &App) -> indicatif::ProgressBar {
    if !shows_progress(app.out.quiet) {
        return indicatif::ProgressBar::hidden();
    }
    let style =
        indicatif::ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left");
    let bar = indicatif::ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| indicatif::ProgressStyle::default_bar()));
    bar
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        let line = chain(&error);
        match error {
            IngestError::Repo(error) => error.into(),
            IngestError::Files(error) => error.into(),
            IngestError::EmptyFolder { .. } => {
                Self::refused(line, "give a folder with image files, or the files themselves")
            }
            IngestError::SameName { .. } => {
                Self::refused(line, "add them one after the other with --name-prefix")
            }
        }
    }
}

impl From<holotype::files::input::FilesError> for Failure {
    fn from(error: holotype::files::input::FilesError) -> Self {
        use holotype::files::input::FilesError;
        let line = chain(&error);
        match error {
            FilesError::NotFound { .. } => Self::refused(line, "check the path; nothing was changed"),
            FilesError::IsFolder { .. } => Self::refused(line, "give a file; nothing was changed"),
            FilesError::NotRegular { .. } | FilesError::Name { .. } | FilesError::TooLarge { .. } => {
                Self::refused(line, "nothing was changed")
            }
            FilesError::Changed { .. } => {
                Self::refused(line, "run the command again when nobody writes to it")
            }
            FilesError::Io { .. } => Self::new(
                crate::failure::IO,
                line,
                "nothing was changed; check the disk and the permissions",
            ),
        }
    }
}
