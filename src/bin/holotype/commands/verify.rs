//! `verify`: checks every file of the repository, or a release's folder or archive.

use std::path::{Path, PathBuf};

use clap::Args;
use holotype::id::ReleaseId;
use holotype::release::{
    CheckOptions, ReleaseRecord, VerifyingKey, parse_keys, tombstone_path, verify_release_archive,
    verify_release_with, withdrawal,
};
use holotype::verify::{
    Affected, Finding, Severity, VerifyOptions, VerifyProgress, VerifyReport, VerifyStage, verify,
};
use serde_json::{Value, json};

use crate::app::{App, short};
use crate::failure::{FOUND, Failure, chain};
use crate::output::{one_line, shows_progress};

/// Checks every file of the repository, or a release's folder; exit 1 when something is found
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Leave the bytes of images out
    #[arg(long)]
    quick: bool,
    /// Recompute every snapshot from the events
    #[arg(long)]
    replay: bool,
    /// Check a release's folder or archive, tar.zst or zip; needs no repository
    #[arg(long, value_name = "DIR", conflicts_with_all = ["quick", "replay"])]
    release: Option<PathBuf>,
    /// A folder with the images of the release, where that has their digests alone
    #[arg(long, value_name = "FOLDER", requires = "release")]
    images: Option<PathBuf>,
    /// A file of public keys, of which one must have signed: *.pub, or the allowed signers of ssh-keygen
    #[arg(long, value_name = "FILE", requires = "release")]
    signers: Option<PathBuf>,
    /// A citation of the release, or its digest alone: it must be that one
    #[arg(long, value_name = "TEXT", requires = "release")]
    cited: Option<String>,
}

/// The code of a derived file that is damaged.
const DERIVED: &str = "HT-I007";

/// One line of a result.
pub(crate) struct Line {
    code: String,
    severity: String,
    object: String,
    message: String,
    affected: Option<Affected>,
}

pub(crate) fn run(app: &mut App, args: &VerifyArgs) -> Result<u8, Failure> {
    if let Some(dir) = &args.release {
        return release(app, dir, args);
    }
    let repo = app.repo()?;
    let options = VerifyOptions {
        quick: args.quick,
        replay: args.replay,
    };
    let result = with_bar(app, |tell| verify(&repo, &options, tell));
    let report = result.map_err(|error| cannot_check(&error))?;
    let lines = lines_of(&report);
    let checked = report.checked;
    let counts = json!({
        "objects": checked.objects, "bytes": checked.bytes, "events": checked.events, "blobs": checked.blobs,
    });
    app.out.object(
        "holotype/verify/1",
        &json!({"ok": report.ok(), "findings": json_lines(&lines), "checked": counts}),
    )?;
    print(app, &lines)?;
    if report.is_damaged() {
        app.out.note(
            "bring back what is damaged: holotype repair --from DIR, DIR being another copy or a release",
        );
    }
    app.out.line(format!(
        "checked {} objects, {} events, {} blobs, {} bytes{}",
        checked.objects,
        checked.events,
        checked.blobs,
        checked.bytes,
        if args.replay {
            "; every snapshot was computed anew from the events"
        } else {
            ""
        }
    ))?;
    close(app, report.ok())
}

/// Shows how far a check is while it runs.
pub(crate) fn with_bar<T>(app: &App, work: impl FnOnce(&dyn Fn(VerifyProgress)) -> T) -> T {
    let bar = if shows_progress(app.out.quiet) {
        indicatif::ProgressBar::new(0)
    } else {
        indicatif::ProgressBar::hidden()
    };
    let done = work(&|progress: VerifyProgress| {
        bar.set_message(match progress.stage {
            VerifyStage::Objects => "log",
            VerifyStage::Blobs => "images",
            VerifyStage::Replay => "replay",
        });
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    });
    bar.finish_and_clear();
    done
}

/// Says that a repository cannot be checked at all.
pub(crate) fn cannot_check(error: &dyn std::error::Error) -> Failure {
    Failure::new(
        crate::failure::IO,
        chain(error),
        "check the disk and the permissions",
    )
}

/// The findings of a check, with what each damaged file held.
pub(crate) fn lines_of(report: &VerifyReport) -> Vec<Line> {
    let line = |finding: &Finding| Line {
        code: finding.code.to_owned(),
        severity: finding.severity.as_str().to_owned(),
        object: finding.object.clone(),
        message: finding.message.clone(),
        affected: report
            .affected
            .get(&finding.object)
            .filter(|_| finding.severity == Severity::Error)
            .cloned(),
    };
    report.findings.iter().map(line).collect()
}

fn release(app: &mut App, dir: &std::path::Path, args: &VerifyArgs) -> Result<u8, Failure> {
    let path = app.user_path(dir);
    let images = args.images.as_deref().map(|folder| app.user_path(folder));
    let signers = match &args.signers {
        Some(file) => Some(read_keys(&app.user_path(file))?),
        None => None,
    };
    let options = CheckOptions {
        images: images.as_deref(),
        signers: signers.as_deref(),
        cited: args.cited.as_deref().map(cited_release).transpose()?,
    };
    let mut check = if path.is_file() {
        verify_release_archive(&path, &std::env::temp_dir(), None, &options)?
    } else {
        verify_release_with(&path, &options)?
    };
    if let Some(said) = withdrawn(app, &path, check.record.as_ref()) {
        check.withdrawn(said);
    }
    let lines: Vec<Line> = check
        .findings
        .iter()
        .map(|finding| Line {
            code: finding.code.to_owned(),
            severity: serde_json::to_value(finding.severity)
                .ok()
                .and_then(|word| word.as_str().map(str::to_owned))
                .unwrap_or_default(),
            object: finding.object.clone(),
            message: finding.message.clone(),
            affected: None,
        })
        .collect();
    let counts = json!({
        "files": check.files, "bytes": check.bytes, "events": check.events, "images": check.images,
    });
    app.out.object(
        "holotype/verify/1",
        &json!({
            "ok": check.is_ok(), "release": check.id, "signer": check.signer, "findings": json_lines(&lines),
            "checked": counts,
        }),
    )?;
    print(app, &lines)?;
    if let Some(id) = &check.id {
        app.out.line(format!("release {id}"))?;
    }
    app.out.line(format!(
        "checked {} files, {} bytes, {} events replayed",
        check.files, check.bytes, check.events
    ))?;
    if args.images.is_some() {
        app.out
            .line(format!("compared {} files of images", check.images))?;
    }
    if let Some(signer) = &check.signer {
        app.out.line(format!("signed by {signer}"))?;
    }
    if args.cited.is_none() && args.signers.is_none() {
        app.out.line(
            "not checked: that this is the release that was published. Compare its digest with the one cited",
        )?;
    }
    close(app, check.is_ok())
}

/// What says that a release was withdrawn: the repository of its dataset, where this is in one, else the tombstone beside
/// its folder.
fn withdrawn(app: &App, dir: &Path, record: Option<&ReleaseRecord>) -> Option<String> {
    let by_repository = || {
        let record = record?;
        let repo = app.repo().ok()?;
        let is_ours = repo.store().repository().id == record.dataset;
        withdrawal(&repo, &record.version).ok()?.filter(|_| is_ours)
    };
    if let Some(withdrawal) = by_repository() {
        return Some(one_line(&withdrawal.to_string()));
    }
    let dir = std::path::absolute(dir).ok()?;
    let bytes = holotype::files::input::read_file(&tombstone_path(&dir), 1 << 20).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines().next().map(one_line)
}

/// Reads public keys.
fn read_keys(path: &std::path::Path) -> Result<Vec<VerifyingKey>, Failure> {
    let bad = |why: String| {
        Failure::refused(
            format!("{}: {why}", path.display()),
            "give a file of public keys: ssh-ed25519 AAAA…, one a line",
        )
    };
    let bytes = holotype::files::input::read_file(path, 1 << 20)?;
    let text = String::from_utf8(bytes).map_err(|error| bad(error.to_string()))?;
    let keys = parse_keys(&text).map_err(|error| bad(error.to_string()))?;
    if keys.is_empty() {
        return Err(bad("it holds no key".to_owned()));
    }
    Ok(keys)
}

/// Finds the digest in a citation: behind the last `#`, else the whole text.
pub(crate) fn cited_release(text: &str) -> Result<ReleaseId, Failure> {
    let rest = text.rsplit_once('#').map_or(text, |(_, rest)| rest);
    let digest: String = rest.trim().chars().take_while(char::is_ascii_hexdigit).collect();
    ReleaseId::parse(&digest).map_err(|_| {
        Failure::usage(
            format!("'{}' holds no digest of a release", one_line(text)),
            "give NAME@vVERSION#DIGEST, or the 64 hex digits of the digest",
        )
    })
}

/// `damaged` tells truth, which only a copy brings back, from what is derived and rebuilt when needed.
pub(crate) fn json_lines(lines: &[Line]) -> Vec<Value> {
    let one = |line: &Line| {
        let mut members = json!({
            "code": line.code, "severity": line.severity, "object": line.object, "message": line.message,
        });
        if let (Some(affected), Value::Object(members)) = (&line.affected, &mut members) {
            members.insert("damaged".to_owned(), json!("truth"));
            members.insert("held".to_owned(), json!(affected.held));
            members.insert("commits".to_owned(), json!(affected.commits));
            members.insert("tags".to_owned(), json!(affected.tags));
            members.insert("copies".to_owned(), json!(affected.copies));
        } else if let (DERIVED, Value::Object(members)) = (line.code.as_str(), &mut members) {
            members.insert("damaged".to_owned(), json!("derived"));
        }
        members
    };
    lines.iter().map(one).collect()
}

pub(crate) fn print(app: &mut App, lines: &[Line]) -> Result<(), Failure> {
    for line in lines {
        app.out.line(one_line(&format!(
            "{} {}  {}: {}",
            line.severity, line.code, line.object, line.message
        )))?;
        let Some(affected) = &line.affected else { continue };
        app.out.line(one_line(&format!("  it held {}", affected.held)))?;
        if let (Some(first), Some(last)) = (affected.commits.first(), affected.commits.last()) {
            app.out.line(format!(
                "  needed by {} commits, from {} to {}",
                affected.commits.len(),
                short(&first.to_string()),
                short(&last.to_string())
            ))?;
        }
        if !affected.tags.is_empty() {
            app.out.line(one_line(&format!(
                "  needed by the tags {}",
                affected.tags.join(", ")
            )))?;
        }
        app.out
            .line(format!("  a good copy may be in {}", affected.copies))?;
    }
    Ok(())
}

fn close(app: &mut App, ok: bool) -> Result<u8, Failure> {
    app.out.line(if ok { "ok" } else { "not ok" })?;
    Ok(if ok { 0 } else { FOUND })
}
