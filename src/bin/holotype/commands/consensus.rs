//! `consensus`: the agreed labels under a rule.

use clap::Args;
use holotype::event::Command;
use holotype::export::agreed::{evaluate_all, parse_rule, rule_text};
use holotype::model::Rule;
use holotype::repo::RepoError;
use serde_json::json;

use crate::app::{App, plural};
use crate::failure::Failure;

/// Tells what a rule agrees on; --record makes it the rule of the dataset (one event)
#[derive(Debug, Args)]
pub(crate) struct ConsensusArgs {
    /// The revision; HEAD where none is given
    revision: Option<String>,
    /// as-recorded, first-human, majority, adjudicated or weighted, with parameters in brackets: weighted(weights=human-1:2+human-2:1)
    #[arg(long, value_name = "R")]
    rule: String,
    /// Make it the rule of the dataset
    #[arg(long)]
    record: bool,
}

pub(crate) fn run(app: &mut App, args: &ConsensusArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, args.revision.as_deref())?;
    let rule = parse_rule(&args.rule, &version)?;
    let report = evaluate_all(&version, &rule)?;
    let mut events = 0;
    if args.record {
        let context = app.context(&repo)?;
        let command = Command::SetRule { rule: rule.clone() };
        ((), events) = repo.draft_with(|transaction| -> Result<(), RepoError> {
            transaction.must(&context, command)?;
            Ok(())
        })?;
    }
    let exceptions: Vec<_> = report
        .exceptions
        .iter()
        .map(|one| json!({"annotation": one.annotation, "rule_label": one.rule_label, "label": one.label}))
        .collect();
    app.out.object(
        "holotype/consensus/1",
        &json!({
            "rule": rule_text(&rule),
            "tie": tie_of(&rule),
            "quorum": quorum_of(&rule),
            "annotations": report.annotations,
            "decided": report.decided,
            "undecided": report.undecided,
            "labels": report.labels,
            "exceptions": exceptions,
            "events": events,
        }),
    )?;
    app.out.line(format!("rule {}", rule_text(&rule)))?;
    if let (Some(tie), Some(quorum)) = (tie_of(&rule), quorum_of(&rule)) {
        app.out
            .line(format!("a tie is {tie}; it takes {quorum} to decide"))?;
    }
    app.out.line(format!(
        "{} annotations: {} decided, {} undecided, {} exceptions",
        report.annotations,
        report.decided,
        report.undecided,
        report.exceptions.len()
    ))?;
    for (label, count) in &report.labels {
        app.out
            .line(format!("  {count:>8}  {}", crate::output::one_line(label)))?;
    }
    if args.record {
        app.out.line(format!(
            "recorded {events} event{}; seal it with holotype commit",
            plural(events)
        ))?;
    }
    Ok(0)
}

/// What a tie gives under a rule; none where a rule has no ties.
fn tie_of(rule: &Rule) -> Option<&'static str> {
    match rule {
        Rule::Majority { tie, .. } | Rule::Weighted { tie, .. } => Some(tie.as_str()),
        Rule::AsRecorded | Rule::FirstHuman | Rule::Adjudicated { .. } => None,
    }
}

/// How much has to be said before a rule decides: opinions, or their weight.
fn quorum_of(rule: &Rule) -> Option<u32> {
    match rule {
        Rule::Weighted { quorum, .. } => Some(*quorum),
        Rule::Majority { .. } | Rule::FirstHuman => Some(1),
        Rule::AsRecorded | Rule::Adjudicated { .. } => None,
    }
}
