//! `check`: the gate before others rely on a version.

mod coverage;
mod formats;
mod options;
mod procedure;
mod strip;
mod waivers;

use clap::{Args, Subcommand, ValueEnum};
use holotype::quality::gate::{Procedure, Profile, Report};
use serde_json::json;

use crate::app::App;
use crate::failure::{FOUND, Failure};

pub(crate) use options::{GateOptions, before_release};

use options::judge;
use waivers::{Who, who_stated};

/// Judges a version before others rely on it: leaks, missing facts, spellings, scales, personal data; exit 1 when something is open
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CheckArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// The revision; DRAFT where none is given
    revision: Option<String>,
    #[command(flatten)]
    options: GateOptions,
    /// How findings are told
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// List the waivers, with who gave them and when
    #[arg(long, conflicts_with = "format")]
    waivers: bool,
    /// Print the profile that is shipped, to be changed and given with --profile
    #[arg(long, conflicts_with_all = ["format", "waivers", "profile", "revision"])]
    print_profile: bool,
    /// Print the checklist that is shipped, to be changed and given with --sop
    #[arg(long, conflicts_with_all = ["format", "waivers", "sop", "revision", "print_profile"])]
    print_sop: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
    Junit,
    Md,
}

#[derive(Debug, Subcommand)]
enum Action {
    Coverage(coverage::CoverageArgs),
    Procedure(procedure::ProcedureArgs),
    SignOff(procedure::SignOffArgs),
    Strip(strip::StripArgs),
    Waive(waivers::WaiveArgs),
}

pub(crate) fn run(app: &mut App, args: &CheckArgs) -> Result<u8, Failure> {
    match &args.action {
        Some(Action::Coverage(args)) => return coverage::run(app, args),
        Some(Action::Procedure(args)) => return procedure::list(app, args),
        Some(Action::Strip(args)) => return strip::run(app, args),
        Some(Action::SignOff(args)) => return procedure::sign_off(app, args),
        Some(Action::Waive(waive)) => return waivers::waive(app, waive),
        None if args.print_profile => {
            app.out.text(Profile::shipped_text())?;
            return Ok(0);
        }
        None if args.print_sop => {
            app.out.text(Procedure::shipped_text())?;
            return Ok(0);
        }
        None => {}
    }
    app.out.json |= args.format == Format::Json;
    let repo = app.repo()?;
    let version = app.version(&repo, Some(args.revision.as_deref().unwrap_or("DRAFT")))?;
    let report = judge(app, &repo, &version, &args.options)?;
    let told = Told {
        who: who_stated(&repo, &version, "")?,
        report: &report,
        name: repo.name().to_owned(),
    };
    if args.waivers {
        return waivers::list(app, &version, &told);
    }
    if app.out.json {
        app.out.object("holotype/check/1", &told.json())?;
    } else {
        match args.format {
            Format::Text | Format::Json => told.text(app)?,
            Format::Sarif => app.out.text(&told.sarif())?,
            Format::Junit => app.out.text(&told.junit())?,
            Format::Md => app.out.text(&told.markdown())?,
        }
    }
    Ok(if report.passed() { 0 } else { FOUND })
}

/// What is told of a version.
pub(crate) struct Told<'a> {
    who: Who,
    report: &'a Report,
    name: String,
}

impl Told<'_> {
    fn json(&self) -> serde_json::Value {
        let findings = self.report.findings.iter().map(|one| {
            let finding = &one.finding;
            json!({"code": finding.code, "severity": finding.severity.as_str(), "object": finding.object,
                   "message": finding.message, "settle": finding.settle, "items": finding.items,
                   "open": one.is_open(),
                   "waiver": one.waiver.as_ref().map(|waiver| self.who.json(waiver))})
        });
        let steps = self
            .report
            .steps
            .iter()
            .map(|step| procedure::object(step, &self.who));
        json!({"findings": findings.collect::<Vec<_>>(), "passed": self.report.passed(),
               "open": self.report.open(), "steps": steps.collect::<Vec<_>>()})
    }
}
