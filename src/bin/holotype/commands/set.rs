//! `set`: states facts.

use clap::{Args, ValueEnum};
use holotype::event::{Command, EntityRef};
use holotype::id::{Code, LabelId};
use holotype::model::{EntityKind, FactChanges, FactValue};
use holotype::repo::{Repo, RepoError, Transaction};
use serde_json::json;

use crate::app::{App, plural};
use crate::commands::show::find_image;
use crate::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Entity {
    Dataset,
    Image,
    Case,
    Slide,
    Label,
    Annotator,
    Author,
}

/// States facts: licence, title, species, scanner, colour, …
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// What the facts are about
    entity: Entity,
    /// Its id or name (not for dataset), then KEY=VALUE…; an empty value takes a fact away.
    /// For author: "Name <mail>"
    #[arg(required = true)]
    words: Vec<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &SetArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    if args.entity == Entity::Author {
        let name = args.words.join(" ");
        repo.remember_author(&name)?;
        app.out.object("holotype/set/1", &json!({"events": 0}))?;
        app.out.line(format!("from now on {name} records here"))?;
        return Ok(0);
    }
    let (id, pairs) = split(args)?;
    let changes = changes(pairs)?;
    let mut context = app.context(&repo)?;
    context.reason.clone_from(&args.reason);
    let ((), events) = repo.draft_with(|transaction| -> Result<(), RepoError> {
        let entity = resolve(&repo, transaction, args.entity, id)?;
        if matches!(args.entity, Entity::Case | Entity::Slide) {
            register(transaction, &context, args.entity, &entity)?;
        }
        transaction.must(
            &context,
            Command::SetFacts {
                entity,
                changes: changes.clone(),
            },
        )?;
        Ok(())
    })?;
    app.out.object("holotype/set/1", &json!({"events": events}))?;
    app.out
        .line(format!("recorded {events} event{}", plural(events)))?;
    Ok(0)
}

fn split(args: &SetArgs) -> Result<(&str, &[String]), Failure> {
    if args.entity == Entity::Dataset {
        return Ok(("", &args.words));
    }
    match args.words.split_first() {
        Some((id, pairs)) if !pairs.is_empty() => Ok((id, pairs)),
        _ => Err(Failure::usage(
            "an id or name, and at least one KEY=VALUE are needed",
            "holotype set image 001.tiff scanner=CS2",
        )),
    }
}

fn changes(pairs: &[String]) -> Result<FactChanges, Failure> {
    let mut changes = FactChanges::new();
    for pair in pairs {
        let Some((key, value)) = pair.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err(Failure::usage(
                format!("'{pair}' has no = between name and value"),
                "holotype set dataset licence=CC0",
            ));
        };
        changes.insert(key.trim().to_owned(), fact(key.trim(), value));
    }
    Ok(changes)
}

/// Numbers are kept as numbers where facts are numbers by nature; an empty value takes the fact away.
pub(super) fn fact(key: &str, value: &str) -> Option<FactValue> {
    const NUMBERS: [&str; 5] = ["width", "height", "um_per_px_x", "um_per_px_y", "objective"];
    match (value, value.parse::<f64>()) {
        ("", _) => None,
        ("true", _) => Some(FactValue::Flag(true)),
        ("false", _) => Some(FactValue::Flag(false)),
        (_, Ok(number)) if number.is_finite() && NUMBERS.contains(&key) => Some(FactValue::Number(number)),
        _ => Some(FactValue::from(value)),
    }
}

fn resolve(
    repo: &Repo,
    transaction: &Transaction<'_>,
    entity: Entity,
    id: &str,
) -> Result<EntityRef, RepoError> {
    let unknown = |kind| RepoError::UnknownName {
        kind,
        name: id.to_owned(),
        similar: Vec::new(),
    };
    let reference = |kind, id: String| EntityRef { kind, id };
    match entity {
        Entity::Dataset | Entity::Author => Ok(EntityRef::dataset()),
        Entity::Case => Ok(reference(EntityKind::Case, id.to_owned())),
        Entity::Slide => Ok(reference(EntityKind::Slide, id.to_owned())),
        Entity::Image => {
            let version = repo.draft_version()?;
            let found = find_image(&version, id).map_err(|_| unknown("image"))?;
            found
                .map(|(image, _)| EntityRef::image(image))
                .ok_or_else(|| unknown("image"))
        }
        Entity::Label => {
            let label =
                crate::commands::record::find_label(transaction, id)?.or_else(|| LabelId::parse(id).ok());
            label
                .map(|label| reference(EntityKind::Label, label.to_string()))
                .ok_or_else(|| unknown("label"))
        }
        Entity::Annotator => {
            let code = repo.find_annotator(transaction, id)?;
            code.map(|code| reference(EntityKind::Annotator, code.to_string()))
                .ok_or_else(|| unknown("annotator"))
        }
    }
}

/// A case or slide becomes known when something is first said about it.
fn register(
    transaction: &mut Transaction<'_>,
    context: &holotype::event::Context,
    entity: Entity,
    reference: &EntityRef,
) -> Result<(), RepoError> {
    let Some(key) = reference.key() else { return Ok(()) };
    if holotype::event::State::get(transaction, &key)?.is_some() {
        return Ok(());
    }
    let Ok(code) = Code::parse(&reference.id) else {
        return Ok(());
    };
    let command = if entity == Entity::Slide {
        Command::RegisterSlide { code, case: None }
    } else {
        Command::RegisterCase { code, source: None }
    };
    transaction.must(context, command)?;
    Ok(())
}
