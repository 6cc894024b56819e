//! `vocabulary`: the values of facts, and one value put in the place of another, wherever it is stated.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use clap::{Args, Subcommand};
use holotype::codec::Record;
use holotype::event::{Command, EntityRef, State, read, scan_records};
use holotype::id::ImageId;
use holotype::model::{
    CaseRecord, DatasetRecord, EntityKind, FactChanges, FactValue, Facts, ImageRecord, Key, SlideRecord,
};
use holotype::quality::gate::{Inventory, fact_values};
use serde_json::{Value, json};

use super::set::fact;
use crate::app::{App, plural};
use crate::failure::Failure;
use crate::output::table;

/// Lists the values of facts, and unifies them
#[derive(Debug, Args)]
pub(crate) struct VocabularyArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(ListArgs),
    Map(MapArgs),
}

/// Lists the values of facts, with how many records and images have them
#[derive(Debug, Args)]
struct ListArgs {
    /// The fact; all that are texts where none is given
    field: Option<String>,
    /// The revision; DRAFT where none is given
    revision: Option<String>,
}

/// Replaces values of a fact wherever images, slides, cases or the dataset state them, all or nothing
#[derive(Debug, Args)]
struct MapArgs {
    /// The fact, such as scanner
    field: String,
    /// The value as it is and as it shall be, such as 'Hamammatsu XR=Hamamatsu XR'; nothing after = takes the fact away
    #[arg(required = true, value_name = "OLD=NEW")]
    pairs: Vec<String>,
    /// Why
    #[arg(long, value_name = "R")]
    reason: Option<String>,
    /// Tell what would be recorded
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(app: &mut App, args: &VocabularyArgs) -> Result<u8, Failure> {
    match &args.action {
        Action::List(args) => list(app, args),
        Action::Map(args) => map(app, args),
    }
}

fn list(app: &mut App, args: &ListArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, Some(args.revision.as_deref().unwrap_or("DRAFT")))?;
    let mut values = fact_values(&Inventory::read(&version)?);
    if let Some(field) = &args.field {
        values.retain(|fact, _| fact == field);
        if values.is_empty() {
            return Err(Failure::refused(
                format!("nothing states the fact '{field}' as a text"),
                "'holotype vocabulary list' shows what is stated",
            ));
        }
    }
    let mut objects = Vec::new();
    let mut rows = vec![["fact", "value", "records", "images"].map(str::to_owned).to_vec()];
    for (fact, values) in &values {
        for (value, found) in values {
            let images = found.images.len();
            objects.push(json!({"fact": fact, "value": value, "records": found.records, "images": images}));
            let counts = [found.records.to_string(), images.to_string()];
            rows.push([fact.clone(), value.clone()].into_iter().chain(counts).collect());
        }
    }
    app.out
        .object("holotype/vocabulary/1", &json!({"values": objects}))?;
    app.out.line(table(&rows).trim_end())?;
    Ok(0)
}

/// The records that state a fact, with what they state.
fn stated(state: &dyn State, field: &str) -> Result<Vec<(EntityRef, FactValue)>, Failure> {
    let mut found = Vec::new();
    let dataset: Option<DatasetRecord> = read(state, &Key::dataset())?;
    if let Some(value) = dataset.and_then(|record| record.facts.get(field).cloned()) {
        found.push((EntityRef::dataset(), value));
    }
    let mut take = |kind, id: String, facts: &Facts| {
        if let Some(value) = facts.get(field) {
            found.push((EntityRef { kind, id }, value.clone()));
        }
    };
    each(state, EntityKind::Case, |record: CaseRecord| {
        take(EntityKind::Case, record.code.to_string(), &record.facts);
    })?;
    each(state, EntityKind::Slide, |record: SlideRecord| {
        take(EntityKind::Slide, record.code.to_string(), &record.facts);
    })?;
    each(state, EntityKind::Image, |record: ImageRecord| {
        let id = ImageId::of_name(&record.name).to_string();
        take(EntityKind::Image, id, &record.facts);
    })?;
    Ok(found)
}

fn each<R: Record>(state: &dyn State, kind: EntityKind, mut take: impl FnMut(R)) -> Result<(), Failure> {
    scan_records(state, &Key::kind_prefix(kind), |_, record: R| {
        take(record);
        ControlFlow::Continue(())
    })?;
    Ok(())
}

/// Takes OLD=NEW apart: at the first = before which stands a value that there is.
fn pair<'p>(text: &'p str, known: &BTreeMap<String, u64>) -> Result<(&'p str, &'p str), Failure> {
    let mut at = text.match_indices('=').map(|(at, _)| at).peekable();
    if at.peek().is_none() {
        return Err(Failure::usage(
            format!("'{text}' has no = between the value as it is and as it shall be"),
            "holotype vocabulary map scanner 'Hamammatsu XR=Hamamatsu XR'",
        ));
    }
    at.filter_map(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
        .find(|(old, _)| known.contains_key(*old))
        .ok_or_else(|| {
            Failure::refused(
                format!("no value before the = of '{text}' is stated"),
                "'holotype vocabulary list' shows what is stated",
            )
        })
}

fn map(app: &mut App, args: &MapArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let mut context = app.context(&repo)?;
    let asked = format!("vocabulary map {} {}", args.field, args.pairs.join(" "));
    context.reason = Some(match &args.reason {
        Some(reason) => format!("{reason} ({asked})"),
        None => asked,
    });
    let mut done: Vec<(String, String, u64)> = Vec::new();
    let build =
        |transaction: &mut holotype::repo::Transaction<'_>| -> Result<Vec<(String, String, u64)>, Failure> {
            let records = stated(&*transaction, &args.field)?;
            let mut known: BTreeMap<String, u64> = BTreeMap::new();
            for (_, value) in &records {
                *known.entry(value.to_string()).or_default() += 1;
            }
            let mut wanted: BTreeMap<&str, &str> = BTreeMap::new();
            for text in &args.pairs {
                let (old, new) = pair(text, &known)?;
                if wanted.insert(old, new).is_some() {
                    return Err(Failure::usage(
                        format!("'{old}' is given twice"),
                        "give each value once",
                    ));
                }
            }
            for (entity, value) in &records {
                let Some(new) = wanted.get(value.to_string().as_str()) else {
                    continue;
                };
                let changes = FactChanges::from([(args.field.clone(), fact(&args.field, new))]);
                let entity = entity.clone();
                transaction.must(&context, Command::SetFacts { entity, changes })?;
            }
            let told = wanted.into_iter().map(|(old, new)| {
                let count = known.get(old).copied().unwrap_or(0);
                (old.to_owned(), new.to_owned(), count)
            });
            Ok(told.collect())
        };
    let events = if args.dry_run {
        let version = app.version(&repo, Some("DRAFT"))?;
        let mut rehearsal = holotype::repo::Transaction::rehearsal(repo.store(), &version);
        done.extend(build(&mut rehearsal)?);
        rehearsal.events()
    } else {
        let (told, events) = repo.try_draft_with(build)?;
        done.extend(told);
        events
    };
    let mapped: Vec<Value> = done
        .iter()
        .map(|(old, new, records)| json!({"old": old, "new": new, "records": records}))
        .collect();
    app.out.object(
        "holotype/vocabulary/1",
        &json!({"fact": args.field, "mapped": mapped, "events": events}),
    )?;
    for (old, new, records) in &done {
        let line = format!(
            "{}: '{old}' is now '{new}', {records} record{}",
            args.field,
            plural(*records)
        );
        app.out.line(crate::output::one_line(&line))?;
    }
    app.out.line(format!("{events} event{}", plural(events)))?;
    Ok(0)
}
