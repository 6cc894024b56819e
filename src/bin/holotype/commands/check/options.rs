//! What the gate goes by: profile, checklist, how strict it is; and the gate before a release.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use holotype::files::input::read_file;
use holotype::import::headers;
use holotype::import::looks::looks;
use holotype::quality::gate::{Gate, Headers, Procedure, Profile, Report, Surroundings, check};
use holotype::quality::splits::read_splits;
use holotype::release::release_of_tag;
use holotype::repo::{Repo, Version};

use crate::app::App;
use crate::failure::{Failure, chain};

/// The most bytes of a profile or checklist.
const FILE_BYTES: u64 = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GateArg {
    Standard,
    Strict,
}

/// What the gate goes by.
#[derive(Debug, Args)]
pub(crate) struct GateOptions {
    /// The facts that have to be stated, as TOML; else the profile that is shipped (check --print-profile)
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// The steps that have to be done, as TOML; else the checklist that is shipped (check --print-sop)
    #[arg(long, value_name = "FILE")]
    sop: Option<PathBuf>,
    /// With strict, steps of the procedure that are not done count, too
    #[arg(long, value_name = "GATE", default_value = "standard")]
    gate: GateArg,
}

/// Judges a version.
pub(crate) fn judge(
    app: &App,
    repo: &Repo,
    version: &Version,
    options: &GateOptions,
) -> Result<Report, Failure> {
    let (parts, unread) = headers::of_version(repo, version)?;
    let around = Surroundings {
        profile: profile(app, options)?,
        procedure: procedure(app, options)?,
        gate: match options.gate {
            GateArg::Standard => Gate::Standard,
            GateArg::Strict => Gate::Strict,
        },
        releases: releases(repo)?,
        headers: Headers { parts, unread },
        looks: if read_splits(version)?.is_empty() {
            BTreeMap::new()
        } else {
            looks(repo, version)?
        },
        today: app.around.now.to_day(),
    };
    Ok(check(version, &around)?)
}

fn releases(repo: &Repo) -> Result<usize, Failure> {
    let mut count = 0;
    for name in repo.store().list_tags()? {
        let tag = repo.store().read_tag(&name)?;
        count += usize::from(tag.as_ref().and_then(release_of_tag).is_some());
    }
    Ok(count)
}

/// The profile asked for, else the one that is shipped.
pub(super) fn profile(app: &App, options: &GateOptions) -> Result<Profile, Failure> {
    let (what, text) = text(app, options.profile.as_deref(), Profile::shipped_text())?;
    Profile::parse(&text).map_err(|error| unusable(&what, &chain(&error), "--print-profile"))
}

/// The checklist asked for, else the one that is shipped.
pub(super) fn procedure(app: &App, options: &GateOptions) -> Result<Procedure, Failure> {
    let (what, text) = text(app, options.sop.as_deref(), Procedure::shipped_text())?;
    Procedure::parse(&text).map_err(|error| unusable(&what, &chain(&error), "--print-sop"))
}

fn text(app: &App, path: Option<&Path>, shipped: &str) -> Result<(String, String), Failure> {
    let Some(path) = path else {
        return Ok(("what is shipped".to_owned(), shipped.to_owned()));
    };
    let path = app.user_path(path);
    let what = path.display().to_string();
    let text = String::from_utf8(read_file(&path, FILE_BYTES)?);
    let text = text
        .map_err(|_| Failure::refused(format!("{what} is not UTF-8"), "save it as a TOML file in UTF-8"))?;
    Ok((what, text))
}

fn unusable(what: &str, why: &str, print: &str) -> Failure {
    Failure::refused(
        format!("{what}: {}", why.replace('\n', " ")),
        format!("correct it; holotype check {print} shows one that works"),
    )
}

/// Refuses a release while errors are open, with `--gate strict` while anything is; else tells which steps are.
pub(crate) fn before_release(
    app: &App,
    repo: &Repo,
    version: &Version,
    options: &GateOptions,
) -> Result<Vec<String>, Failure> {
    let report = judge(app, repo, version, options)?;
    let mut blocking = report.findings.iter().filter(|one| one.is_open());
    let first = match options.gate {
        GateArg::Strict => blocking.next().map(|one| &one.finding),
        GateArg::Standard => report.errors().next(),
    };
    if let Some(first) = first {
        let count = match options.gate {
            GateArg::Strict => report.open(),
            GateArg::Standard => report.errors().count(),
        };
        return Err(Failure::refused(
            format!(
                "the gate is closed: {}: {} ({} more open)",
                first.code,
                first.message,
                count.saturating_sub(1)
            ),
            format!("{}; holotype check HEAD shows all", first.settle),
        ));
    }
    let mut notes = Vec::new();
    if report.open() > 0 {
        notes.push(format!(
            "{} findings are open: holotype check HEAD",
            report.open()
        ));
    }
    let steps: Vec<&str> = report.open_steps().map(|step| step.id.as_str()).collect();
    if !steps.is_empty() {
        notes.push(format!(
            "steps of the procedure that are not done: {} (holotype check procedure)",
            steps.join(", ")
        ));
    }
    Ok(notes)
}
