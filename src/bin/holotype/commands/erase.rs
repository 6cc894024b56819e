//! `erase`: destroys bytes or personal data for ever and keeps the fact.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use holotype::files::output::{Existing, StagedFile};
use holotype::repo::{Erased, Repo};
use holotype::time::Timestamp;
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::Failure;

/// Destroys the bytes of an image, or what names a person or case, for ever; the fact stays
#[derive(Debug, Args)]
pub(crate) struct EraseArgs {
    /// An image's name or id, a case's code, or a person's name or code
    subject: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Write what was removed into this new JSON file, which names no person
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(app: &mut App, args: &EraseArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    if repo.draft()?.is_some() {
        return Err(Failure::refused(
            "there is a draft, and an erasure is a commit of its own",
            "holotype commit -m MESSAGE first, or holotype discard",
        ));
    }
    let plan = repo.plan_erasure(&args.subject)?;
    confirm(args.yes, &format!("destroy {} for ever?", plan.describe()))?;
    let sealing = app.sealing(&repo, &format!("erase {}: {}", plan.kind(), args.reason))?;
    let context = holotype::event::Context {
        reason: Some(args.reason.clone()),
        ..app.context(&repo)?
    };
    let shared = plan.shared().to_vec();
    let file = match &args.certificate {
        Some(path) => Some(StagedFile::create(&app.user_path(path), Existing::Refuse)?),
        None => None,
    };
    let erased = repo.erase(&plan, &context, &sealing, &args.reason)?;
    let certificate = certificate(&repo, plan.kind(), &erased, app.around.now);
    if let Some(mut file) = file {
        writeln!(file, "{certificate:#}")?;
        file.publish()?;
    }
    let Erased {
        commit,
        blobs,
        private,
        ..
    } = erased;
    app.out.object(
        "holotype/erase/1",
        &json!({
            "commit": commit, "blobs": blobs, "private": private, "reason": args.reason, "shared_blobs": shared,
            "certificate": certificate,
        }),
    )?;
    app.out.line(format!(
        "erased {}; {} blobs and {} private objects are gone",
        plan.describe(),
        blobs.len(),
        private.len()
    ))?;
    for blob in &shared {
        app.out.line(format!(
            "the bytes {blob} stay, since another image shows them; erase that one as well: holotype list images"
        ))?;
    }
    app.out.line("names in images' names, labels, messages and other texts stay: look for them with holotype list and log")?;
    Ok(0)
}

/// Says what was removed, by ids alone: no name, no reason in somebody's words.
fn certificate(repo: &Repo, kind: &str, erased: &Erased, at: Timestamp) -> Value {
    json!({
        "schema": "holotype/erasure-certificate/1",
        "dataset": repo.store().repository().id,
        "kind": kind,
        "erased_at": at,
        "commit": erased.commit,
        "images": erased.images,
        "blobs": erased.blobs,
        "private": erased.private,
    })
}

/// Asks on a terminal; elsewhere `--yes` is needed.
pub(crate) fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let refused = || Failure::refused("nothing was changed", "add --yes to do it without being asked");
    if !std::io::stdin().is_terminal() {
        return Err(refused());
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{} [y/N] ", crate::output::one_line(question));
    let _ = stderr.flush();
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(refused())
    }
}
