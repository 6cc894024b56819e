//! `commit`: seals the draft.

use clap::Args;
use holotype::event::{EventFormat, all_records};
use holotype::model::{EntityKind, Severity};
use holotype::quality::splits::{Material, check, frozen_parts, read_splits};
use holotype::repo::{Committed, Repo, Scope, events_of};
use serde_json::json;

use crate::app::{App, report_commit};
use crate::failure::Failure;

/// Events after which a split can leak that did not before.
const MOVING: [EventFormat; 5] = [
    EventFormat::SplitAssigned,
    EventFormat::ImageAssigned,
    EventFormat::ImageIngested,
    EventFormat::SlideRegistered,
    EventFormat::RecordRestored,
];

/// Seals the draft
#[derive(Debug, Args)]
pub(crate) struct CommitArgs {
    /// What was done, and why
    #[arg(short, long)]
    message: String,
}

pub(crate) fn run(app: &mut App, args: &CommitArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let sealing = app.sealing(&repo, &args.message)?;
    let committed = repo.commit_draft(&sealing)?;
    let leaks = leaks(&repo, &committed)?;
    report_commit(
        app,
        &repo,
        "holotype/commit/1",
        &committed,
        json!({"leaks": leaks}),
    )?;
    for leak in &leaks {
        app.out.note(format!("{leak}; see holotype split check"));
    }
    Ok(0)
}

/// What leaks between the parts of splits, where the commit could have made it so. Pictures are not compared: `split
/// check`, `check` and `release` do.
fn leaks(repo: &Repo, committed: &Committed) -> Result<Vec<String>, Failure> {
    let version = repo.version(committed.id)?;
    let splits = read_splits(&version)?;
    let mut leaks = Vec::new();
    if splits.is_empty() || !moves(repo, committed)? {
        return Ok(leaks);
    }
    let images = all_records(&version, EntityKind::Image)?;
    let material = Material::new(
        images.into_iter().map(|record| (record, 0)),
        all_records(&version, EntityKind::Slide)?,
        all_records(&version, EntityKind::Case)?,
    );
    for (name, assignment) in &splits {
        let found = check(&material, name, assignment, &frozen_parts(&version, name)?);
        let errors = found.into_iter().filter(|leak| leak.severity == Severity::Error);
        leaks.extend(errors.map(|leak| format!("{}: {}", leak.code, leak.message)));
    }
    Ok(leaks)
}

/// Whether a commit put an image, a slide or a case elsewhere, or brought one in.
fn moves(repo: &Repo, committed: &Committed) -> Result<bool, Failure> {
    for format in MOVING {
        let needle = format.as_str();
        if !events_of(
            repo,
            committed.id,
            &committed.commit,
            Scope::Everything,
            &[needle],
        )?
        .is_empty()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
