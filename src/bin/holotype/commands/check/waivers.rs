//! Waivers: giving one, listing them, and who gave them.

use std::collections::BTreeMap;

use clap::Args;
use holotype::event::Event;
use holotype::id::PrivateId;
use holotype::model::{EntityKind, FactChanges, FactValue, Severity};
use holotype::quality::gate::{Inventory, Waiver, meaning, waivers};
use holotype::repo::{Repo, Scope, Version, events_since};
use holotype::time::Timestamp;
use serde_json::{Value, json};

use super::Told;
use super::options::{GateOptions, judge};
use crate::app::App;
use crate::commands::dataset_facts;
use crate::failure::Failure;
use crate::output::{one_line, table};

/// Records that a finding is accepted, for a reason and until a day
#[derive(Debug, Args)]
pub(crate) struct WaiveArgs {
    /// The code of the finding, such as HT-Q301
    code: String,
    /// What the finding is about, as check names it; all findings of the code where none is given
    object: Option<String>,
    /// Why it is accepted
    #[arg(long, value_name = "R")]
    reason: String,
    /// The last day on which the waiver holds, such as 2027-06-30
    #[arg(long, value_name = "DATE")]
    until: String,
    #[command(flatten)]
    options: GateOptions,
}

/// Who stated which facts of the dataset last, and when.
#[derive(Debug, Default)]
pub(crate) struct Who(BTreeMap<String, (Option<String>, Option<Timestamp>)>);

impl Who {
    /// Returns who stated a fact, and when.
    pub(super) fn of(&self, fact: &str) -> (Option<&str>, Option<Timestamp>) {
        let known = self.0.get(fact);
        known.map_or((None, None), |(author, at)| (author.as_deref(), *at))
    }

    /// A waiver, with who gave it and when.
    pub(super) fn json(&self, waiver: &Waiver) -> Value {
        let (author, at) = self.of(&waiver.fact());
        json!({"code": waiver.code, "object": waiver.object, "until": waiver.until, "reason": waiver.reason,
               "author": author, "at": at})
    }
}

/// Finds who stated the facts of the dataset whose names begin so, and when. An event that put facts back to what they
/// were, as a revert does, is not asked: who stated them is.
pub(super) fn who_stated(repo: &Repo, version: &Version, prefix: &str) -> Result<Who, Failure> {
    let mut found: BTreeMap<String, (Option<PrivateId>, Option<Timestamp>)> = BTreeMap::new();
    let mut take = |logged: &holotype::event::LoggedEvent| {
        if let Event::FactsSet { entity, changes } = &logged.event
            && entity.kind == EntityKind::Dataset
        {
            for name in changes.keys().filter(|name| name.starts_with(prefix)) {
                let context = &logged.context;
                found.insert(name.clone(), (context.author, context.recorded_at));
            }
        }
    };
    let head = match version.id() {
        Some(id) => Some(id),
        None => repo.head()?,
    };
    for event in events_since(repo, head, None, Scope::Global, &["\"entity\":\"dataset\""])? {
        take(&event.logged);
    }
    if version.id().is_none()
        && let Some(draft) = repo.draft()?
    {
        draft.for_each(repo, |logged| {
            take(&logged);
            Ok(())
        })?;
    }
    let mut who = Who::default();
    for (name, (author, at)) in found {
        let author = author.map(|id| repo.person(id)).transpose()?;
        who.0.insert(name, (author.map(|person| person.to_text()), at));
    }
    Ok(who)
}

/// Gives a waiver.
pub(super) fn waive(app: &mut App, args: &WaiveArgs) -> Result<u8, Failure> {
    let waiver = asked_for(app, args)?;
    let repo = app.repo()?;
    let version = app.version(&repo, Some("DRAFT"))?;
    let report = judge(app, &repo, &version, &args.options)?;
    let covered = report.findings.iter().filter(|one| {
        let object = waiver.object.as_ref();
        one.finding.code == waiver.code && object.is_none_or(|object| *object == one.finding.object)
    });
    let covered = covered.count();
    if covered == 0 {
        let object = waiver.object.as_ref().map(|object| format!(" about '{object}'"));
        return Err(Failure::refused(
            format!(
                "there is no finding {}{}",
                waiver.code,
                object.unwrap_or_default()
            ),
            "holotype check shows what is found, with code and object",
        ));
    }
    let mut context = app.context(&repo)?;
    context.reason = Some(waiver.reason.clone());
    let changes = FactChanges::from([(waiver.fact(), Some(FactValue::Text(waiver.value())))]);
    let events = dataset_facts::draft(&repo, &context, changes)?;
    app.out.object(
        "holotype/check/1",
        &json!({"code": waiver.code, "object": waiver.object, "until": waiver.until,
                "reason": waiver.reason, "covers": covered, "events": events}),
    )?;
    app.out.line(format!(
        "waived {} until {}: {covered} finding{}",
        waiver.code,
        waiver.until,
        if covered == 1 { "" } else { "s" }
    ))?;
    Ok(0)
}

/// Checks what was asked for.
fn asked_for(app: &App, args: &WaiveArgs) -> Result<Waiver, Failure> {
    match meaning(&args.code) {
        None => {
            return Err(Failure::refused(
                format!("'{}' is no code of a finding", args.code),
                "holotype check shows the codes of what is found, such as HT-Q301",
            ));
        }
        Some((Severity::Information, _)) => {
            return Err(Failure::refused(
                format!("{} is information and needs no waiver", args.code),
                "nothing has to be done about it",
            ));
        }
        Some((Severity::Error | Severity::Warning, _)) => {}
    }
    if args.code.starts_with("HT-Q6") {
        return Err(Failure::refused(
            format!("{} is about waivers and cannot be waived", args.code),
            "give the waiver again, or take it back as the finding says",
        ));
    }
    let reason = args.reason.trim();
    if holotype::event::check_text(reason).is_err() {
        return Err(Failure::refused(
            "the reason is empty or has a control character",
            "say in one line why this is accepted: --reason \"archive material, no scanner known\"",
        ));
    }
    let day = Timestamp::parse_time_or_end_of_day(&args.until).map(|time| time.to_day());
    let until = day.ok().filter(|day| *day == args.until).ok_or_else(|| {
        Failure::usage(
            format!("--until '{}' is no day", args.until),
            "write it as 2027-06-30",
        )
    })?;
    if until < app.around.now.to_day() {
        return Err(Failure::refused(
            format!("{until} is over"),
            "a waiver needs a last day that is to come: --until DATE",
        ));
    }
    Ok(Waiver {
        code: args.code.clone(),
        object: args.object.clone(),
        until,
        reason: reason.to_owned(),
    })
}

/// Lists the waivers.
pub(super) fn list(app: &mut App, version: &Version, told: &Told<'_>) -> Result<u8, Failure> {
    let today = app.around.now.to_day();
    let all: Vec<Waiver> = waivers(&Inventory::read(version)?.dataset)
        .into_values()
        .flatten()
        .collect();
    let covers = |waiver: &Waiver| {
        let findings = told.report.findings.iter();
        findings.filter(|one| one.waiver.as_ref() == Some(waiver)).count()
    };
    let objects = all.iter().map(|waiver| {
        let mut object = told.who.json(waiver);
        if let Value::Object(members) = &mut object {
            members.insert("ended".to_owned(), json!(waiver.has_ended(&today)));
            members.insert("covers".to_owned(), json!(covers(waiver)));
        }
        object
    });
    app.out.object(
        "holotype/check/1",
        &json!({"waivers": objects.collect::<Vec<_>>()}),
    )?;
    let mut rows = vec![
        ["code", "object", "until", "covers", "by", "on", "reason"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for waiver in &all {
        let (author, at) = told.who.of(&waiver.fact());
        let ended = if waiver.has_ended(&today) { " (ended)" } else { "" };
        rows.push(vec![
            waiver.code.clone(),
            waiver.object.clone().unwrap_or_else(|| "all".to_owned()),
            format!("{}{ended}", waiver.until),
            covers(waiver).to_string(),
            author.unwrap_or("not known").to_owned(),
            at.map(|at| at.to_day()).unwrap_or_default(),
            one_line(&waiver.reason),
        ]);
    }
    if all.is_empty() {
        app.out.line("there are no waivers")?;
    } else {
        app.out.line(table(&rows).trim_end())?;
    }
    Ok(0)
}
