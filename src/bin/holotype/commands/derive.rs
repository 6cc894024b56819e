//! `derive`: records which release of another dataset this one is made from, and which of its images.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use holotype::event::{Command, EntityRef};
use holotype::export::{Dataset, ImageRow};
use holotype::id::{Digest, ImageId};
use holotype::model::{FactChanges, FactValue, Facts};
use holotype::release::{CheckOptions, ReleaseCheck, ReleaseRecord, Severity, verify_release_with};
use serde_json::json;

use crate::app::App;
use crate::commands::verify::cited_release;
use crate::failure::Failure;
use crate::output::one_line;

/// The fact of the dataset that pins the parent.
const PARENT: &str = "derived_from_release";
/// The fact of an image that pins the bytes of the parent that it is made from: the ids of their blobs, a space between them.
const BLOBS: &str = "derived_from_blob";

/// Records which release of another dataset this one is made from, and the blob of each image that is in it; a release that is not whole, or another one than before, is refused
#[derive(Debug, Args)]
pub(crate) struct DeriveArgs {
    /// The folder of the release
    #[arg(long, value_name = "RELEASE_DIR")]
    from: PathBuf,
    /// A citation of the release, or its digest alone: it must be that one
    #[arg(long, value_name = "TEXT")]
    cited: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &DeriveArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let path = app.user_path(&args.from);
    let options = CheckOptions {
        cited: args.cited.as_deref().map(cited_release).transpose()?,
        ..CheckOptions::default()
    };
    let check = verify_release_with(&path, &options)?;
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
    let draft = repo.draft_version()?;
    let dataset = Dataset::open(&draft, None)?;
    let known = dataset.facts().get(PARENT).and_then(FactValue::as_text);
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
    let changes = parent_facts(&check, parent, dataset.facts());
    let (pinned, pins) = pins(&dataset, &check)?;
    let context = app.context(&repo)?;
    let events = if changes.is_empty() && pins.is_empty() {
        0
    } else {
        let ((), events) = repo.try_draft_with(|transaction| -> Result<(), Failure> {
            let of_dataset = (!changes.is_empty()).then(|| (EntityRef::dataset(), changes.clone()));
            let of_images = pins.iter().map(|(image, blobs)| {
                let value = Some(FactValue::from(blobs.as_str()));
                let changes = FactChanges::from([(BLOBS.to_owned(), value)]);
                (EntityRef::image(*image), changes)
            });
            for (entity, changes) in of_dataset.into_iter().chain(of_images) {
                transaction.must(&context, Command::SetFacts { entity, changes })?;
            }
            Ok(())
        })?;
        events
    };
    app.out.object(
        "holotype/derive/1",
        &json!({
            "release": id, "name": parent.name, "version": parent.version, "snapshot": parent.snapshot,
            "images": pinned, "events": events,
        }),
    )?;
    app.out.line(format!(
        "recorded: derived from {}@{}#{id}",
        parent.name, parent.version
    ))?;
    app.out.line(format!("  {pinned} images are of its bytes"))?;
    Ok(0)
}

/// What is said of the parent and not said yet.
fn parent_facts(check: &ReleaseCheck, parent: &ReleaseRecord, known: &Facts) -> FactChanges {
    let facts = [
        (PARENT, check.id.map(|id| id.to_string()).unwrap_or_default()),
        ("derived_from_name", parent.name.clone()),
        ("derived_from_version", parent.version.clone()),
        ("derived_from_commit", parent.commit.to_string()),
        ("derived_from_snapshot", parent.snapshot.to_string()),
        ("derived_from_manifest", parent.manifest_blake3.clone()),
    ];
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Some(FactValue::from(value.as_str()))))
        .filter(|(name, value)| known.get(name) != value.as_ref())
        .collect()
}

/// Finds the images whose bytes are the parent's; returns how many there are, and the pins that are not recorded yet. One
/// that is recorded must be of the parent.
fn pins(dataset: &Dataset<'_>, check: &ReleaseCheck) -> Result<(u64, Vec<(ImageId, String)>), Failure> {
    let held: BTreeSet<Digest> = check.image_files.values().copied().collect();
    let is_held = |blob: &str| Digest::parse(blob).is_ok_and(|blob| held.contains(&blob));
    let (mut pinned, mut new) = (0, Vec::new());
    for image in dataset.images().iter().filter(|image| !image.is_erased()) {
        let known = image.record.facts.get(BLOBS).and_then(FactValue::as_text);
        match known {
            Some(known) => {
                if let Some(blob) = known.split(' ').find(|blob| !is_held(blob)) {
                    return Err(wrong_pin(image, blob));
                }
                pinned += 1;
            }
            None => {
                let blobs: Vec<String> = image
                    .record
                    .files
                    .iter()
                    .map(|file| file.blob.to_string())
                    .collect();
                if !blobs.is_empty() && blobs.iter().all(|blob| is_held(blob)) {
                    pinned += 1;
                    new.push((image.id, blobs.join(" ")));
                }
            }
        }
    }
    Ok((pinned, new))
}

fn wrong_pin(image: &ImageRow, blob: &str) -> Failure {
    let name = &image.record.name;
    Failure::refused(
        one_line(&format!(
            "'{name}' is recorded as made from the blob {blob}, which the release does not hold"
        )),
        format!(
            "give the release that it is made from, or take the pin away: holotype set image '{name}' {BLOBS}="
        ),
    )
}
