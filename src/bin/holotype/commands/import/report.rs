//! What an import did, or would do: figures, what changed image by image, the loss report; for people and as JSON.

use holotype::import::engine::changes::{Change, ChangeKind, ImageChanges, LabelChange};
use holotype::import::engine::matching::{RadiusUnit, RadiusUsed};
use holotype::import::format::Format;
use holotype::import::report::{Entries, Entry};
use holotype::repo::{Committed, Repo};
use serde_json::{Value, json};

use super::{ImportArgs, Total};
use crate::app::{App, plural, report_commit};
use crate::failure::Failure;
use crate::output::{one_line, table};

/// So many images stand in the table for people.
const ROWS_MAX: usize = 40;

/// So many annotations are named for people.
const NAMED_MAX: usize = 12;

/// What a report says beside what happened.
pub(super) struct Told<'a> {
    args: &'a ImportArgs,
    committed: Option<&'a Committed>,
}

impl<'a> Told<'a> {
    pub(super) fn of(args: &'a ImportArgs, committed: Option<&'a Committed>) -> Self {
        Self { args, committed }
    }
}

pub(super) fn report(
    app: &mut App,
    repo: &Repo,
    total: &Total,
    events: u64,
    told: &Told<'_>,
) -> Result<u8, Failure> {
    let format = match total.formats.as_slice() {
        [] => Format::Carrier.as_str(),
        [format] => format.as_str(),
        [_, ..] => "mixed",
    };
    print(app, total, format, events, told)?;
    let members = members(total, format, events, told);
    match told.committed {
        Some(committed) => report_commit(app, repo, "holotype/import/1", committed, members)?,
        None => app.out.object("holotype/import/1", &members)?,
    }
    Ok(0)
}

fn members(total: &Total, format: &str, events: u64, told: &Told<'_>) -> Value {
    let outcome = &total.outcome;
    let list = |entries: &Entries| -> Vec<Value> {
        let object =
            |Entry { code, count, message }| json!({"code": code, "count": count, "message": message});
        entries.iter().map(object).collect()
    };
    json!({
        "format": format,
        "files": total.files,
        "events": events,
        "matched": outcome.matched,
        "matched_by_distance": outcome.by_distance,
        "created": outcome.created,
        "modified": outcome.modified,
        "moved": outcome.moved,
        "reshaped": outcome.reshaped,
        "relabelled": outcome.relabelled,
        "withdrawn": outcome.withdrawn,
        "rekeyed": outcome.rekeyed,
        "ratings_added": outcome.ratings_added,
        "match_radius": outcome.radius.as_ref().map(radius_members),
        "scope": {
            "complete": told.args.complete,
            "annotator": told.args.annotator,
            "images": outcome.scope.images,
            "images_compared": outcome.scope.compared,
            "not_mentioned": outcome.scope.not_mentioned,
            "not_mentioned_of_others": outcome.scope.of_others,
        },
        "changes": outcome.changes.images.iter().map(image_members).collect::<Vec<_>>(),
        "changes_omitted_images": outcome.changes.more_images,
        "lineage": outcome.lineage,
        "box_format": outcome.box_format.as_ref().map(|decision| decision.format.as_str()),
        "box_format_evidence": outcome.box_format.as_ref().map(|decision| decision.evidence.clone()),
        "losses": list(&outcome.report.losses),
        "warnings": list(&outcome.report.warnings),
    })
}

fn radius_members(used: &RadiusUsed) -> Value {
    let unit = match used.radius.unit {
        RadiusUnit::Px => "px",
        RadiusUnit::Um => "um",
    };
    json!({
        "value": used.radius.value,
        "smallest": used.smallest,
        "unit": unit,
        "origin": used.origin.as_str(),
    })
}

fn image_members(image: &ImageChanges) -> Value {
    let labels = |((from, to), count): (&LabelChange, &u64)| json!({"from": from, "to": to, "count": count});
    json!({
        "image": image.image.to_string(),
        "name": image.name,
        "matched": image.matched,
        "created": image.count(ChangeKind::Created),
        "moved": image.count(ChangeKind::Moved),
        "moved_max_px": image.moved_max_px,
        "moved_max_um": image.moved_max_um,
        "reshaped": image.count(ChangeKind::Reshaped),
        "relabelled": image.count(ChangeKind::Relabelled),
        "labels": image.relabelled.iter().map(labels).collect::<Vec<_>>(),
        "withdrawn": image.count(ChangeKind::Withdrawn),
        "rekeyed": image.count(ChangeKind::Rekeyed),
        "ratings_added": image.ratings_added,
        "named": image.named.iter().map(change_members).collect::<Vec<_>>(),
    })
}

fn change_members(change: &Change) -> Value {
    let labels = change.labels.as_ref();
    json!({
        "kind": change.kind.as_str(),
        "annotation": change.annotation.to_string(),
        "source_id": change.source_id,
        "at": change.at,
        "distance_px": change.distance_px,
        "from": labels.and_then(|(from, _)| from.clone()),
        "to": labels.and_then(|(_, to)| to.clone()),
    })
}

fn print(app: &mut App, total: &Total, format: &str, events: u64, told: &Told<'_>) -> Result<(), Failure> {
    let outcome = &total.outcome;
    app.out.line(format!(
        "read {} file{} ({format}): {} created, {} matched, {} modified, {} withdrawn, {} re-keyed, {} ratings added: {events} event{}",
        total.files,
        plural(total.files),
        outcome.created,
        outcome.matched,
        outcome.modified,
        outcome.withdrawn,
        outcome.rekeyed,
        outcome.ratings_added,
        plural(events)
    ))?;
    if outcome.modified > 0 {
        app.out.line(format!(
            "of the modified: {} moved, {} reshaped, {} relabelled",
            outcome.moved, outcome.reshaped, outcome.relabelled
        ))?;
    }
    print_scope(app, total, told)?;
    if told.args.dry_run {
        print_changes(app, total)?;
    }
    if let Some(decision) = &outcome.box_format {
        app.out.line(format!(
            "boxes read as {}: {}",
            decision.format.as_str(),
            decision.evidence
        ))?;
    }
    let nothing_lost = outcome.report.losses.is_empty();
    app.out.line(if nothing_lost {
        "loss report: everything was taken over"
    } else {
        "loss report:"
    })?;
    for (heading, entries) in [
        ("lost", &outcome.report.losses),
        ("look", &outcome.report.warnings),
    ] {
        for Entry { code, count, message } in entries.iter() {
            app.out
                .line(format!("  {heading}  {count} × {code}: {}", one_line(&message)))?;
        }
    }
    Ok(())
}

/// Says how far something may have moved and what becomes of what is not mentioned, where anything was known.
fn print_scope(app: &mut App, total: &Total, told: &Told<'_>) -> Result<(), Failure> {
    let outcome = &total.outcome;
    let scope = &outcome.scope;
    if scope.compared == 0 && outcome.withdrawn == 0 && scope.not_mentioned == 0 {
        return Ok(());
    }
    if let Some(used) = &outcome.radius {
        let unit = used.radius.unit.as_str();
        let value = if used.radius.value == 0.0 {
            "matched by ids and equal places alone (radius 0)".to_owned()
        } else if used.smallest < used.radius.value {
            format!("matched within {} to {} {unit}", used.smallest, used.radius.value)
        } else {
            format!("matched within {} {unit}", used.radius.value)
        };
        app.out.line(format!(
            "{value}: {}; {} by distance or overlap",
            used.origin.explained(),
            outcome.by_distance
        ))?;
    }
    let images = format!("the {} image{} that it names", scope.images, plural(scope.images));
    app.out.line(match (told.args.complete, &told.args.annotator) {
        (false, _) => format!(
            "scope: partial; {} known annotation{} on {images} not mentioned, which stay (--complete withdraws them)",
            scope.not_mentioned,
            plural(scope.not_mentioned)
        ),
        (true, None) => format!("scope: complete for {images}; what is not mentioned there is withdrawn"),
        (true, Some(_)) => format!(
            "scope: complete for what the annotator alone rated on {images}; {} of others, not mentioned, stay",
            scope.of_others
        ),
    })
}

/// The table of what would change.
fn print_changes(app: &mut App, total: &Total) -> Result<(), Failure> {
    let changes = &total.outcome.changes;
    if changes.images.is_empty() {
        return app.out.line("nothing would change");
    }
    let heading = [
        "image",
        "known",
        "new",
        "moved",
        "reshaped",
        "relabelled",
        "withdrawn",
        "re-keyed",
        "ratings",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(changes.images.iter().take(ROWS_MAX).map(row));
    app.out.line(table(&rows).trim_end())?;
    let listed = u64::try_from(changes.images.len().saturating_sub(ROWS_MAX)).unwrap_or(u64::MAX);
    let more = changes.more_images + listed;
    if more > 0 {
        app.out.line(format!(
            "and {more} more image{} with changes (--json lists {})",
            plural(more),
            changes.images.len()
        ))?;
    }
    let named = changes
        .images
        .iter()
        .flat_map(|image| image.named.iter().map(move |change| (image, change)))
        .filter(|(_, change)| change.kind != ChangeKind::Rekeyed);
    for (image, change) in named.take(NAMED_MAX) {
        app.out
            .line(format!("  {}", one_line(&sentence(image, change))))?;
    }
    Ok(())
}

fn row(image: &ImageChanges) -> Vec<String> {
    let count = |kind| match image.count(kind) {
        0 => "-".to_owned(),
        count => count.to_string(),
    };
    let farthest = match (image.moved_max_px, image.moved_max_um) {
        (Some(px), Some(um)) => format!(" (up to {px:.1} px, {um:.2} µm)"),
        (Some(px), None) => format!(" (up to {px:.1} px)"),
        (None, _) => String::new(),
    };
    let labels: Vec<String> = image
        .relabelled
        .iter()
        .take(2)
        .map(|(labels, count)| format!("{count} × {}", arrow(labels)))
        .collect();
    let more = if image.relabelled.len() > labels.len() {
        ", …"
    } else {
        ""
    };
    let relabelled = match labels.as_slice() {
        [] => "-".to_owned(),
        labels => format!("{}{more}", labels.join(", ")),
    };
    vec![
        image.name.clone(),
        image.matched.to_string(),
        count(ChangeKind::Created),
        format!("{}{farthest}", count(ChangeKind::Moved)),
        count(ChangeKind::Reshaped),
        relabelled,
        count(ChangeKind::Withdrawn),
        count(ChangeKind::Rekeyed),
        if image.ratings_added == 0 {
            "-".to_owned()
        } else {
            image.ratings_added.to_string()
        },
    ]
}

fn arrow((from, to): &LabelChange) -> String {
    let name = |label: &Option<String>| label.clone().unwrap_or_else(|| "(no label)".to_owned());
    format!("{} → {}", name(from), name(to))
}

fn sentence(image: &ImageChanges, change: &Change) -> String {
    let at = change
        .at
        .map_or_else(String::new, |[x, y]| format!(" at {x:.1}, {y:.1}"));
    let who = change
        .source_id
        .as_ref()
        .map_or_else(String::new, |id| format!(" {id}"));
    let how = match (change.distance_px, &change.labels) {
        (Some(px), _) => format!(" by {px:.1} px"),
        (None, Some(labels)) => format!(": {}", arrow(labels)),
        (None, None) => String::new(),
    };
    format!("{}: {}{who}{at}{how}", image.name, change.kind.as_str())
}
