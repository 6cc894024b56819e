//! `round list`: the rounds of a version, as they are shown.

use clap::Args;
use holotype::model::geometry::whole_to_float;
use holotype::quality::rounds::{Round, rounds_of};
use holotype::quality::statistic::wilson;
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::Failure;
use crate::output::table;

/// Lists rounds, and how far answers differ from agreed labels
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// The revision; HEAD where none is given
    revision: Option<String>,
}

/// A round as results have it.
pub(super) fn members(round: &Round) -> Value {
    let closing = round.closing.as_ref();
    let interval = closing.and_then(|one| wilson(one.differing, one.compared).ok());
    let rate = closing.filter(|one| one.compared > 0);
    json!({
        "annotator": round.annotator,
        "round": round.number,
        "standing": if closing.is_some() { "closed" } else { "open" },
        "blinded": round.is_blinded,
        "base": round.base,
        "images": round.images,
        "seed": round.seed,
        "sample": round.sample,
        "objects": round.objects,
        "form": round.form.as_str(),
        "package": round.package,
        "answers": closing.map(|one| &one.answers),
        "answered": closing.map(|one| one.answered),
        "compared": closing.map(|one| one.compared),
        "differing": closing.map(|one| one.differing),
        "noise_rate": rate.map(|one| whole_to_float(one.differing) / whole_to_float(one.compared)),
        "noise_rate_ci": interval,
    })
}

pub(super) fn run(app: &mut App, args: &ListArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, args.revision.as_deref())?;
    let rounds = rounds_of(&super::facts(&version)?);
    let list: Vec<Value> = rounds.iter().map(members).collect();
    app.out
        .object("holotype/round/1", &json!({"action": "list", "rounds": list}))?;
    if rounds.is_empty() {
        app.out.line("no round was opened")?;
        return Ok(0);
    }
    let mut rows: Vec<Vec<String>> = vec![
        [
            "annotator",
            "round",
            "",
            "blinded",
            "objects",
            "answered",
            "differing",
            "rate",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    for round in &rounds {
        let closing = round.closing.as_ref();
        let count = |of: &dyn Fn(&holotype::quality::rounds::Closing) -> u64| {
            closing.map_or_else(|| "-".to_owned(), |one| of(one).to_string())
        };
        let word = |is: bool, yes: &str, no: &str| if is { yes.to_owned() } else { no.to_owned() };
        rows.push(vec![
            round.annotator.to_string(),
            round.number.to_string(),
            word(closing.is_some(), "closed", "open"),
            word(round.is_blinded, "yes", "no"),
            round.objects.to_string(),
            count(&|one| one.answered),
            count(&|one| one.differing),
            rate_text(round),
        ]);
    }
    if !app.out.json && !app.out.quiet {
        app.out.text(&table(&rows))?;
    }
    Ok(0)
}

/// The rate of answers that differ, with its interval, for people.
pub(super) fn rate_text(round: &Round) -> String {
    let Some(closing) = &round.closing else {
        return "-".to_owned();
    };
    match wilson(closing.differing, closing.compared) {
        Ok([low, high]) => format!(
            "{:.1} % ({:.1} to {:.1})",
            100.0 * whole_to_float(closing.differing) / whole_to_float(closing.compared),
            100.0 * low,
            100.0 * high
        ),
        Err(why) => format!("not defined: {why}"),
    }
}
