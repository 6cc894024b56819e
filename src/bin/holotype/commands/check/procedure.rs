//! `check procedure` and `check sign-off`: how far the steps of the standard operating procedure are.

use clap::Args;
use holotype::model::{FactChanges, FactValue};
use holotype::quality::gate::{JudgedStep, StepState, sign_off_fact};
use serde_json::{Value, json};

use super::options::{GateOptions, judge, procedure};
use super::waivers::{Who, who_stated};
use crate::app::App;
use crate::commands::dataset_facts;
use crate::failure::Failure;
use crate::output::one_line;

/// Lists the steps of the standard operating procedure: done, signed off, open
#[derive(Debug, Args)]
pub(crate) struct ProcedureArgs {
    /// The revision; DRAFT where none is given
    revision: Option<String>,
    #[command(flatten)]
    options: GateOptions,
}

/// Records that a step of the procedure is done, for a reason that the log does not show
#[derive(Debug, Args)]
pub(crate) struct SignOffArgs {
    /// The step, as check procedure names it
    step: String,
    /// Why it counts as done: what was done, where it can be read
    #[arg(long, value_name = "R")]
    reason: String,
    #[command(flatten)]
    options: GateOptions,
}

pub(super) fn list(app: &mut App, args: &ProcedureArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, Some(args.revision.as_deref().unwrap_or("DRAFT")))?;
    let report = judge(app, &repo, &version, &args.options)?;
    let who = who_stated(&repo, &version, "sop.")?;
    let steps: Vec<Value> = report.steps.iter().map(|step| object(step, &who)).collect();
    let open = report.open_steps().count();
    app.out
        .object("holotype/procedure/1", &json!({"steps": steps, "open": open}))?;
    for step in &report.steps {
        app.out.line(one_line(&line(step, &who)))?;
        if let StepState::Open { missing } = &step.state {
            for one in missing {
                app.out.line(format!("             missing: {}", one_line(one)))?;
            }
        }
    }
    app.out
        .line(format!("{open} of {} steps are open", report.steps.len()))?;
    Ok(0)
}

fn line(step: &JudgedStep, who: &Who) -> String {
    let (word, more) = match &step.state {
        StepState::Shown => ("done", String::new()),
        StepState::SignedOff { reason } => {
            let (author, at) = who.of(&sign_off_fact(&step.id));
            let day = at.map(|at| at.to_day()).unwrap_or_default();
            let by = author.unwrap_or("somebody not known");
            ("signed off", format!(" (by {by}, {day}: {reason})"))
        }
        StepState::Open { .. } => ("open", String::new()),
        StepState::Later => ("later", " (asked for after the first release)".to_owned()),
    };
    format!("{word:<11}{}: {}{more}", step.id, step.title)
}

/// A step as JSON.
pub(super) fn object(step: &JudgedStep, who: &Who) -> Value {
    let mut object = json!({"step": step.id, "title": step.title, "state": match step.state {
        StepState::Shown => "done",
        StepState::SignedOff { .. } => "signed-off",
        StepState::Open { .. } => "open",
        StepState::Later => "later",
    }});
    let more = match &step.state {
        StepState::Open { missing } => json!({"missing": missing}),
        StepState::SignedOff { reason } => {
            let (author, at) = who.of(&sign_off_fact(&step.id));
            json!({"reason": reason, "author": author, "at": at})
        }
        StepState::Shown | StepState::Later => json!({}),
    };
    if let (Value::Object(members), Value::Object(more)) = (&mut object, more) {
        members.extend(more);
    }
    object
}

pub(super) fn sign_off(app: &mut App, args: &SignOffArgs) -> Result<u8, Failure> {
    let known = procedure(app, &args.options)?.steps;
    if !known.iter().any(|step| step.id == args.step) {
        let names: Vec<&str> = known.iter().map(|step| step.id.as_str()).collect();
        return Err(Failure::refused(
            format!("the procedure has no step '{}'", args.step),
            format!("its steps are {}", names.join(", ")),
        ));
    }
    let reason = args.reason.trim();
    if holotype::event::check_text(reason).is_err() {
        return Err(Failure::refused(
            "the reason is empty or has a control character",
            "say in one line what was done: --reason \"kappa 0.81 between both, discussed on 3 May\"",
        ));
    }
    let repo = app.repo()?;
    let mut context = app.context(&repo)?;
    context.reason = Some(reason.to_owned());
    let changes = FactChanges::from([(sign_off_fact(&args.step), Some(FactValue::from(reason)))]);
    let events = dataset_facts::draft(&repo, &context, changes)?;
    app.out.object(
        "holotype/procedure/1",
        &json!({"step": args.step, "reason": reason, "events": events}),
    )?;
    app.out
        .line(format!("signed off {}: {}", args.step, one_line(reason)))?;
    Ok(0)
}
