//! `release`: builds a folder that strangers can check without us, and the tag.

use std::path::PathBuf;

use clap::Args;
use holotype::export::agreed::{RuleError, parse_rule};
use holotype::export::image_table::is_source_pattern;
use holotype::release::{
    Images, NamedFilter, ReleaseError, ReleaseOptions, ReleaseRequest, ReleaseSummary, bare_doi,
    build_release,
};
use serde_json::json;

use crate::app::{App, counts_json};
use crate::commands::check::{GateOptions, before_release};
use crate::commands::export::{losses, row_filter};
use crate::failure::{CONFLICT, Failure, chain};

/// Builds DIR/NAME-VERSION/ with checksums, annotations, history and datasheet, and the tag
#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// The version, such as 1.0.0
    version: String,
    /// The revision; HEAD where none is given
    revision: Option<String>,
    /// Where the release's folder is made
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The images, too; else their digests
    #[arg(long)]
    with_images: bool,
    /// Only annotations for which this CEL expression is true stand in the exported annotations
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,
    /// Where images can be had: an address with {name}, {stem} or {blob}
    #[arg(long, value_name = "URL-PATTERN")]
    image_source: Option<String>,
    /// The DOI that an archive reserved for this version
    #[arg(long)]
    doi: Option<String>,
    /// The rule by which labels are agreed; else the one in force
    #[arg(long, value_name = "R")]
    rule: Option<String>,
    #[command(flatten)]
    gate: GateOptions,
}

pub(crate) fn run(app: &mut App, args: &ReleaseArgs) -> Result<u8, Failure> {
    if let Some(pattern) = &args.image_source
        && !is_source_pattern(pattern)
    {
        return Err(Failure::usage(
            format!("'{pattern}' is no address of images"),
            "give an address with a place for the name: https://example.org/{name}",
        ));
    }
    let doi = match &args.doi {
        Some(text) => Some(bare_doi(text).ok_or_else(|| {
            Failure::usage(
                format!("'{text}' is no DOI"),
                "a DOI is like 10.5281/zenodo.1234567",
            )
        })?),
        None => None,
    };
    let repo = app.repo()?;
    let author = app.author(&repo)?;
    let commit = repo.resolve(args.revision.as_deref().unwrap_or("HEAD"))?;
    let version = repo.version(commit)?;
    before_release(app, &repo, &version, &args.gate)?;
    let rule = args
        .rule
        .as_deref()
        .map(|text| parse_rule(text, &version))
        .transpose()?;
    let out_dir = app.user_path(&args.out);
    let filter = args
        .filter
        .as_deref()
        .map(|text| row_filter(&version, text))
        .transpose()?;
    let takes = filter
        .as_ref()
        .map(|filter| |row: &holotype::export::Row<'_>| filter.takes(row));
    let named = takes.as_ref().map(|takes| NamedFilter {
        text: args.filter.as_deref().unwrap_or(""),
        filter: holotype::export::version::Filter {
            image: None,
            annotation: Some(takes),
        },
    });
    let request = ReleaseRequest {
        version: &args.version,
        commit,
        out_dir: &out_dir,
        options: ReleaseOptions {
            images: if args.with_images {
                Images::Bytes
            } else {
                Images::Digests
            },
            rule: rule.as_ref(),
            date: app.source_date()?,
            filter: named,
            doi: doi.as_deref(),
            image_source: args.image_source.as_deref(),
        },
    };
    let summary = build_release(&repo, &request, author)?;
    report(app, &args.version, &summary)?;
    Ok(0)
}

fn report(app: &mut App, version: &str, summary: &ReleaseSummary) -> Result<(), Failure> {
    app.out.object(
        "holotype/release/1",
        &json!({
            "release": summary.id,
            "version": version,
            "path": summary.path,
            "commit": summary.record.commit,
            "snapshot": summary.record.snapshot,
            "counts": counts_json(&summary.record.counts),
            "files": summary.files,
            "losses": losses(&summary.report),
            "was_there": summary.was_there,
        }),
    )?;
    let word = if summary.was_there {
        "is there already"
    } else {
        "built"
    };
    app.out
        .line(format!("release {version} {word}: {}", summary.path.display()))?;
    app.out.line(format!("  release  {}", summary.id))?;
    app.out.line(format!("  commit   {}", summary.record.commit))?;
    app.out.line(format!("  snapshot {}", summary.record.snapshot))?;
    app.out.line(format!(
        "  {} files; check them with sha256sum -c, b3sum -c, or holotype verify --release DIR",
        summary.files
    ))?;
    for loss in summary.report.losses() {
        app.out.note(format!(
            "lost in COCO: {} × {}: {}",
            loss.count, loss.code, loss.message
        ));
    }
    Ok(())
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        let line = chain(&error);
        match error {
            ReleaseError::Repo(error) => error.into(),
            ReleaseError::Store(error) => error.into(),
            ReleaseError::Log(error) => error.into(),
            ReleaseError::State(error) => error.into(),
            ReleaseError::Export(error) => error.into(),
            ReleaseError::File(error) => error.into(),
            ReleaseError::VersionTaken { .. } => {
                Self::refused(line, "tags never move; choose another version")
            }
            ReleaseError::Differs { .. } => {
                Self::new(CONFLICT, line, "choose another --out, or another version")
            }
            ReleaseError::Ambiguous { .. } => {
                Self::refused(line, "leave the images out, or add them under other names")
            }
            ReleaseError::NoCommit => Self::refused(line, "commit first: holotype commit -m MESSAGE"),
            ReleaseError::Encode(_) | ReleaseError::Write(_) | ReleaseError::ReadBack { .. } => Self::new(
                crate::failure::IO,
                line,
                "check the disk, and run the command again",
            ),
        }
    }
}

impl From<RuleError> for Failure {
    fn from(error: RuleError) -> Self {
        let line = chain(&error);
        match error {
            RuleError::State(error) => error.into(),
            RuleError::UnknownAnnotator { .. } => {
                Self::refused(line, "'holotype list annotators' shows who there is")
            }
            RuleError::UnknownRule { .. } | RuleError::Form { .. } | RuleError::NotInferred { .. } => {
                Self::refused(
                    line,
                    "rules are as-recorded, first-human, majority(kinds=human+model,tie=recorded), adjudicated(primary=human-1+human-2,third=human-3)",
                )
            }
        }
    }
}
