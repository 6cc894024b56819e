//! `errata`: what is known to be wrong in a release, from what was corrected since; and that it was withdrawn.

use clap::Args;
use holotype::release::{VersionStep, Withdrawal, release_of_tag, step_of, withdrawal};
use holotype::repo::Repo;
use holotype::snapshot::changes::ChangeKind;
use serde_json::{Value, json};

use crate::app::{App, plural};
use crate::commands::dataset_facts;
use crate::failure::Failure;
use crate::output::one_line;

/// Lists what was corrected since a release, with who and why; or says that it is withdrawn
#[derive(Debug, Args)]
pub(crate) struct ErrataArgs {
    /// The version of a release
    version: String,
    /// Record that the release is withdrawn, for this reason
    #[arg(long, value_name = "REASON")]
    withdraw: Option<String>,
    /// The version that replaces it
    #[arg(long, value_name = "VERSION", requires = "withdraw")]
    replaced_by: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &ErrataArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    require_release(&repo, &args.version)?;
    match &args.withdraw {
        Some(reason) => withdraw(app, &repo, args, reason.trim()),
        None => list(app, &repo, &args.version),
    }
}

fn require_release(repo: &Repo, version: &str) -> Result<(), Failure> {
    let tag = repo.store().read_tag(version)?;
    if tag.as_ref().and_then(release_of_tag).is_some() {
        return Ok(());
    }
    Err(Failure::refused(
        format!("there is no release '{}'", one_line(version)),
        "give the version of a release of this repository",
    ))
}

/// Records the tombstone in the draft; the tag and its name stay.
fn withdraw(app: &mut App, repo: &Repo, args: &ErrataArgs, reason: &str) -> Result<u8, Failure> {
    if reason.is_empty() {
        return Err(Failure::usage(
            "the reason is empty",
            "say why: --withdraw REASON",
        ));
    }
    if let Some(other) = &args.replaced_by {
        require_release(repo, other)?;
    }
    let withdrawal = Withdrawal {
        version: args.version.clone(),
        reason: reason.to_owned(),
        replaced_by: args.replaced_by.clone(),
    };
    let mut context = app.context(repo)?;
    context.reason = Some(reason.to_owned());
    let events = dataset_facts::draft(repo, &context, withdrawal.facts())?;
    app.out.object(
        "holotype/errata/1",
        &json!({
            "version": args.version, "events": events,
            "withdrawn": {"reason": reason, "replaced_by": args.replaced_by},
        }),
    )?;
    app.out.line(format!(
        "recorded that {} is withdrawn; commit it, and tell those who have it",
        args.version
    ))?;
    Ok(0)
}

fn list(app: &mut App, repo: &Repo, version: &str) -> Result<u8, Failure> {
    let before = repo.version(repo.resolve(version)?)?;
    let after = repo.head_version()?;
    let mut comparison = before.compare(&after)?;
    // What was only added was not wrong before.
    comparison.retain(|change| !change.is(ChangeKind::Added) && step_of(change) == VersionStep::Major);
    let by = repo.attribute(&before, &after, &comparison.changes)?;
    let corrections: Vec<Value> = comparison
        .changes
        .iter()
        .zip(&by)
        .map(|(change, by)| {
            json!({
                "entity": change.entity,
                "id": change.id,
                "kind": change.kind,
                "image": change.image,
                "event": by.as_ref().and_then(|by| by.event.clone()),
                "annotator": by.as_ref().and_then(|by| by.annotator.clone()),
                "reason": by.as_ref().and_then(|by| by.reason.clone()),
            })
        })
        .collect();
    let tombstone = withdrawal(repo, version)?;
    app.out.object(
        "holotype/errata/1",
        &json!({
            "version": version,
            "withdrawn": tombstone.as_ref().map(|withdrawn| {
                json!({"reason": withdrawn.reason, "replaced_by": withdrawn.replaced_by})
            }),
            "corrections": corrections,
        }),
    )?;
    if let Some(withdrawn) = &tombstone {
        app.out.line(one_line(&withdrawn.to_string()))?;
    }
    let count = u64::try_from(corrections.len()).unwrap_or(u64::MAX);
    app.out
        .line(format!("{count} correction{} since {version}", plural(count)))?;
    for (change, by) in comparison.changes.iter().zip(&by) {
        let image = change.image.as_ref().map_or("", |image| &image.name);
        let reason = by
            .as_ref()
            .and_then(|by| by.reason.as_deref())
            .unwrap_or("no reason given");
        app.out.line(one_line(&format!(
            "  {} {} {image}  {}: {reason}",
            change.entity, change.kind, change.id
        )))?;
    }
    Ok(0)
}
