//! `check coverage`: what a version covers, fact by fact, over all and in each part of a split.

use clap::Args;
use holotype::quality::coverage::{Count, Coverage, coverage};
use holotype::quality::gate::{Inventory, covered_facts};
use serde_json::{Value, json};

use super::options::{GateOptions, profile};
use crate::app::App;
use crate::failure::Failure;
use crate::output::{one_line, table};

/// Counts cases, images and annotations by the values of facts, in each part of a split, and names the gaps
#[derive(Debug, Args)]
pub(crate) struct CoverageArgs {
    /// The revision; DRAFT where none is given
    revision: Option<String>,
    /// The facts; else for each field of the profile the one that most images state
    #[arg(long, value_name = "FACT,…", value_delimiter = ',')]
    by: Vec<String>,
    /// The split; the only one where there is one
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    #[command(flatten)]
    options: GateOptions,
}

pub(super) fn run(app: &mut App, args: &CoverageArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, Some(args.revision.as_deref().unwrap_or("DRAFT")))?;
    let inventory = Inventory::read(&version)?;
    let split = match (&args.split, inventory.splits.len()) {
        (Some(name), _) if !inventory.splits.contains_key(name) => {
            return Err(Failure::refused(
                format!("there is no split '{name}'"),
                "'holotype split show' shows what there is",
            ));
        }
        (Some(name), _) => Some(name.clone()),
        (None, 1) => inventory.splits.keys().next().cloned(),
        (None, _) => None,
    };
    let facts = if args.by.is_empty() {
        covered_facts(&inventory, &profile(app, &args.options)?)
    } else {
        args.by.clone()
    };
    let assignment = split.as_ref().and_then(|name| inventory.splits.get(name));
    let tables: Vec<Coverage> = facts
        .iter()
        .map(|fact| coverage(&inventory.material, fact, assignment))
        .collect();
    let objects: Vec<Value> = tables.iter().map(object).collect();
    app.out.object(
        "holotype/coverage/1",
        &json!({"split": split, "coverage": objects}),
    )?;
    for (n, one) in tables.iter().enumerate() {
        if n > 0 {
            app.out.line("")?;
        }
        print(app, one)?;
    }
    if tables.is_empty() {
        app.out
            .line("no image states any of the facts that the profile asks for")?;
    }
    Ok(0)
}

fn count(count: Count) -> Value {
    json!({"cases": count.cases, "images": count.images, "annotations": count.annotations})
}

fn object(one: &Coverage) -> Value {
    let rows = one.rows.iter().map(|row| {
        let parts: serde_json::Map<String, Value> = one
            .parts
            .iter()
            .zip(&row.parts)
            .map(|(part, found)| (part.clone(), count(*found)))
            .collect();
        let mut object = count(row.all);
        if let Value::Object(members) = &mut object {
            members.insert("value".to_owned(), json!(row.value));
            members.insert("parts".to_owned(), Value::Object(parts));
        }
        object
    });
    let gaps: Vec<String> = one.gaps().iter().map(ToString::to_string).collect();
    json!({"fact": one.fact, "parts": one.parts, "rows": rows.collect::<Vec<_>>(), "gaps": gaps})
}

fn print(app: &mut App, one: &Coverage) -> Result<(), Failure> {
    let heads = [one.fact.as_str(), "cases", "images", "annotations"];
    let parts = one.parts.iter().map(|part| format!("images in {part}"));
    let mut rows = vec![heads.iter().map(|head| (*head).to_owned()).chain(parts).collect()];
    for row in &one.rows {
        let counts = [row.all.cases, row.all.images, row.all.annotations];
        let parts = row.parts.iter().map(|count| count.images);
        let numbers = counts.into_iter().chain(parts).map(|number| number.to_string());
        rows.push([row.value.clone()].into_iter().chain(numbers).collect::<Vec<_>>());
    }
    app.out.line(table(&rows).trim_end())?;
    for gap in one.gaps() {
        app.out.line(format!("  gap: {}", one_line(&gap.to_string())))?;
    }
    Ok(())
}
