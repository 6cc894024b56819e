//! `derive`: records which release of another dataset this one is made from.

use std::path::PathBuf;

use clap::Args;
use holotype::model::{FactChanges, FactValue};
use holotype::release::{Severity, verify_release};
use holotype::repo::Repo;
use serde_json::json;

use crate::app::App;
use crate::commands::dataset_facts;
use crate::failure::Failure;
use crate::output::one_line;

/// The fact that pins the parent.
const PARENT: &str = "derived_from_release";

/// Records which release of another dataset this one is made from; a release that is not whole is refused
#[derive(Debug, Args)]
pub(crate) struct DeriveArgs {
    /// The folder of the release
    #[arg(long, value_name = "RELEASE_DIR")]
    from: PathBuf,
}

pub(crate) fn run(app: &mut App, args: &DeriveArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let path = app.user_path(&args.from);
    let check = verify_release(&path)?;
    let fault = check
        .findings
        .iter()
        .find(|finding| finding.severity == Severity::Error);
    let (Some(id), Some(parent), None) = (check.id, &check.record, fault) else {
        let what = fault.map_or_else(String::new, |fault| {
            format!(": {} {}", fault.object, fault.message)
        });
        return Err(Failure::refused(
            one_line(&format!("{} is no whole release{what}", path.display())),
            "get the release once more; 'holotype verify --release DIR' lists all that is wrong",
        ));
    };
    let stated = dataset_facts::drafted(&repo)?;
    let known = stated.get(PARENT).and_then(FactValue::as_text);
    if let Some(known) = known.filter(|known| *known != id.to_string()) {
        return Err(Failure::refused(
            format!(
                "this dataset is derived from the release {known}, and {} is {id}",
                path.display()
            ),
            format!(
                "give the folder of that release, or take the old parent away: holotype set dataset {PARENT}="
            ),
        ));
    }
    let facts = [
        (PARENT, id.to_string()),
        ("derived_from_name", parent.name.clone()),
        ("derived_from_version", parent.version.clone()),
        ("derived_from_commit", parent.commit.to_string()),
        ("derived_from_snapshot", parent.snapshot.to_string()),
    ];
    let changes: FactChanges = facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Some(FactValue::from(value.as_str()))))
        .filter(|(name, value)| stated.get(name) != value.as_ref())
        .collect();
    let events = record(app, &repo, &changes)?;
    app.out.object(
        "holotype/derive/1",
        &json!({
            "release": id, "name": parent.name, "version": parent.version, "snapshot": parent.snapshot,
            "events": events,
        }),
    )?;
    app.out.line(format!(
        "recorded: derived from {}@{}#{id}",
        parent.name, parent.version
    ))?;
    Ok(0)
}

/// Records facts of the dataset, where there are any; returns how many events that took.
fn record(app: &App, repo: &Repo, changes: &FactChanges) -> Result<u64, Failure> {
    if changes.is_empty() {
        return Ok(0);
    }
    dataset_facts::draft(repo, &app.context(repo)?, changes.clone())
}
