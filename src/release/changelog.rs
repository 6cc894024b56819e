//! `CHANGELOG.md`: what changed since the release before, computed from both versions. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::escape::markdown;
use super::record::ReleaseRecord;
use super::version::{step_of, version_step};
use crate::event::{StateError, scan_records};
use crate::export::{Dataset, ImageRow};
use crate::id::ImageId;
use crate::model::{EntityKind, Key, SplitRecord};
use crate::snapshot::changes::{ChangeItem, ChangeKind, Comparison, Entity, FieldChange, FieldValue};

/// How many rows a table has at most; the rest is summed up in one.
const ROWS_MAX: usize = 20;

/// How often annotations changed in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Tally {
    added: u64,
    removed: u64,
    relabelled: u64,
    moved: u64,
    reshaped: u64,
    other: u64,
}

impl Tally {
    fn count(&mut self, change: &ChangeItem) {
        if change.is(ChangeKind::Added) {
            self.added += 1;
        } else if change.is(ChangeKind::Removed) {
            self.removed += 1;
        } else {
            let kinds = [ChangeKind::Relabelled, ChangeKind::Moved, ChangeKind::Reshaped];
            self.relabelled += u64::from(change.is(ChangeKind::Relabelled));
            self.moved += u64::from(change.is(ChangeKind::Moved));
            self.reshaped += u64::from(change.is(ChangeKind::Reshaped));
            self.other += u64::from(!kinds.iter().any(|kind| change.is(*kind)));
        }
    }

    fn add(&mut self, other: Self) {
        self.added += other.added;
        self.removed += other.removed;
        self.relabelled += other.relabelled;
        self.moved += other.moved;
        self.reshaped += other.reshaped;
        self.other += other.other;
    }

    fn total(self) -> u64 {
        self.added + self.removed + self.relabelled + self.moved + self.reshaped + self.other
    }

    fn cells(self) -> String {
        let cells = [
            self.added,
            self.removed,
            self.relabelled,
            self.moved,
            self.reshaped,
            self.other,
        ];
        cells.map(|count| count.to_string()).join(" | ")
    }
}

/// Both sides of a release, and what differs.
pub(super) struct Changes<'a> {
    pub(super) before: &'a Dataset<'a>,
    pub(super) comparison: &'a Comparison,
}

/// Writes the changelog; without a release before it says so.
pub(super) fn changelog(
    release: &ReleaseRecord,
    after: &Dataset<'_>,
    changes: Option<&Changes<'_>>,
) -> Result<String, StateError> {
    let mut out = format!(
        "# Changelog\n\n## {} ({})\n\n",
        markdown(&release.version),
        release.date
    );
    let (Some(previous), Some(changes)) = (&release.previous, changes) else {
        let exported = &release.exported;
        out.push_str(&format!(
            "The first release: {} images, {} annotations, {} labels.\n",
            exported.images, exported.annotations, exported.labels
        ));
        return Ok(out);
    };
    let step = version_step(changes.comparison).map_or_else(|| "nothing".to_owned(), |step| step.to_string());
    out.push_str(&format!(
        "Since {}, release `{}`: {step}.\n\n",
        markdown(&previous.version),
        previous.release
    ));
    if let Some(reason) = &release.forced {
        out.push_str(&format!(
            "The number of this version was set by hand: “{}”.\n\n",
            markdown(reason)
        ));
    }
    let mut writing = Writing {
        out,
        changes: &changes.comparison.changes,
    };
    writing.facts();
    writing.counts();
    writing.reasons();
    writing.images();
    writing.annotations(after, changes.before)?;
    writing.ratings();
    writing.largest();
    Ok(writing.out)
}

struct Writing<'a> {
    out: String,
    changes: &'a [ChangeItem],
}

impl<'a> Writing<'a> {
    fn of(&self, entity: Entity) -> impl Iterator<Item = &'a ChangeItem> + use<'a> {
        self.changes.iter().filter(move |change| change.entity == entity)
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Facts of the dataset, the licence first.
    fn facts(&mut self) {
        let mut lines = Vec::new();
        for change in self.of(Entity::Dataset) {
            for (name, values) in change.fields.iter() {
                lines.push((name != "licence", name.to_owned(), sides(values)));
            }
        }
        lines.sort();
        for (_, name, (before, after)) in &lines {
            self.line(&format!("* {}: {before} → {after}", markdown(name)));
        }
        if !lines.is_empty() {
            self.line("");
        }
    }

    /// How many things changed, by kind of thing.
    fn counts(&mut self) {
        self.line("| | added | removed | changed |\n|---|---|---|---|");
        for entity in Entity::ALL {
            let mut counts = [0_u64; 3];
            for change in self.of(*entity) {
                let [added, removed, changed] = &mut counts;
                if change.is(ChangeKind::Added) {
                    *added += 1;
                } else if change.is(ChangeKind::Removed) {
                    *removed += 1;
                } else if change.kinds != [ChangeKind::Rekeyed] {
                    *changed += 1;
                }
            }
            let [added, removed, changed] = counts;
            if added + removed + changed > 0 {
                self.line(&format!("| {entity} | {added} | {removed} | {changed} |"));
            }
        }
        self.line("");
    }

    /// What makes the step as great as it is.
    fn reasons(&mut self) {
        let Some(greatest) = self.changes.iter().map(step_of).max() else {
            return;
        };
        let mut counts: BTreeMap<(Entity, ChangeKind), u64> = BTreeMap::new();
        for change in self.changes.iter().filter(|change| step_of(change) == greatest) {
            *counts.entry((change.entity, change.kind)).or_default() += 1;
        }
        let reasons: Vec<String> = counts
            .iter()
            .map(|((entity, kind), count)| format!("{count} {entity} {kind}"))
            .collect();
        self.line(&format!("{greatest} because of: {}.\n", reasons.join(", ")));
    }

    /// Images whose size or bytes differ, and labels with another name, each by name.
    fn images(&mut self) {
        let mut lines = Vec::new();
        for change in self
            .of(Entity::Images)
            .filter(|change| !change.is(ChangeKind::Added))
        {
            let name = change
                .image
                .as_ref()
                .map_or(change.id.as_str(), |image| &image.name);
            if change.is(ChangeKind::Removed) {
                lines.push(format!("* {}: removed", markdown(name)));
                continue;
            }
            let size = |name: &str| change.fields.get(name).map(sides);
            for (what, values) in [("width", size("width")), ("height", size("height"))] {
                if let Some((before, after)) = values {
                    lines.push(format!("* {}: {what} {before} → {after} px", markdown(name)));
                }
            }
            if change.fields.iter().any(|(field, _)| field.starts_with("files")) {
                lines.push(format!("* {}: other bytes", markdown(name)));
            }
        }
        for change in self
            .of(Entity::Labels)
            .filter(|change| change.is(ChangeKind::Renamed))
        {
            if let Some((before, after)) = change.fields.get("name").map(sides) {
                lines.push(format!("* label {before} → {after}"));
            }
        }
        if !lines.is_empty() {
            self.line("Other images and labels:\n");
            self.some_lines(&lines, "images and labels");
        }
    }

    fn some_lines(&mut self, lines: &[String], what: &str) {
        for line in lines.iter().take(ROWS_MAX) {
            self.line(line);
        }
        if lines.len() > ROWS_MAX {
            self.line(&format!("* and {} more {what}", lines.len() - ROWS_MAX));
        }
        self.line("");
    }

    /// Annotations by label, image, scanner and part of a split.
    fn annotations(&mut self, after: &Dataset<'_>, before: &Dataset<'_>) -> Result<(), StateError> {
        let known = Known::new(after, before)?;
        let mut tables: [(&str, BTreeMap<String, Tally>); 4] =
            ["label", "image", "scanner", "split and part"].map(|head| (head, BTreeMap::new()));
        for change in self.of(Entity::Annotations) {
            if change.kinds == [ChangeKind::Rekeyed] {
                continue;
            }
            let image = change.image.as_ref();
            let label = change.label.as_deref().unwrap_or("without a label").to_owned();
            let name = image.map_or_else(String::new, |image| image.name.to_string());
            let scanner = image.and_then(|image| known.scanner(image.id));
            let parts = image.map(|image| known.parts(image.id)).unwrap_or_default();
            let [labels, images, scanners, splits] = &mut tables;
            labels.1.entry(label).or_default().count(change);
            images.1.entry(name).or_default().count(change);
            let scanner = scanner.unwrap_or_else(|| "not stated".to_owned());
            scanners.1.entry(scanner).or_default().count(change);
            for part in parts {
                splits.1.entry(part).or_default().count(change);
            }
        }
        for (head, rows) in tables {
            self.table(head, rows);
        }
        Ok(())
    }

    fn table(&mut self, head: &str, rows: BTreeMap<String, Tally>) {
        if rows.is_empty() {
            return;
        }
        let mut rows: Vec<(String, Tally)> = rows.into_iter().collect();
        rows.sort_by(|a, b| b.1.total().cmp(&a.1.total()).then_with(|| a.0.cmp(&b.0)));
        self.line(&format!(
            "| annotations by {head} | added | removed | relabelled | moved | reshaped | else |\n\
             |---|---|---|---|---|---|---|"
        ));
        for (name, tally) in rows.iter().take(ROWS_MAX) {
            self.line(&format!("| {} | {} |", markdown(name), tally.cells()));
        }
        let rest = rows.get(ROWS_MAX..).unwrap_or_default();
        if !rest.is_empty() {
            let mut sum = Tally::default();
            rest.iter().for_each(|(_, tally)| sum.add(*tally));
            self.line(&format!("| {} others | {} |", rest.len(), sum.cells()));
        }
        self.line("");
    }

    /// Ratings by annotator and round.
    fn ratings(&mut self) {
        let mut rows: BTreeMap<(String, String), [u64; 3]> = BTreeMap::new();
        for change in self.of(Entity::Ratings) {
            // The id of a rating is `annotation/round/annotator/n`.
            let mut parts = change.id.split('/').skip(1);
            let round = parts.next().unwrap_or_default().to_owned();
            let annotator = parts.next().unwrap_or_default().to_owned();
            let [added, removed, changed] = rows.entry((annotator, round)).or_default();
            if change.is(ChangeKind::Added) {
                *added += 1;
            } else if change.is(ChangeKind::Removed) {
                *removed += 1;
            } else {
                *changed += 1;
            }
        }
        if rows.is_empty() {
            return;
        }
        self.line("| ratings by annotator | round | added | removed | changed |\n|---|---|---|---|---|");
        for ((annotator, round), [added, removed, changed]) in rows {
            self.line(&format!(
                "| {} | {round} | {added} | {removed} | {changed} |",
                markdown(&annotator)
            ));
        }
        self.line("");
    }

    /// The annotations that moved furthest, by name.
    fn largest(&mut self) {
        let mut moved: Vec<(f64, &ChangeItem)> = self
            .of(Entity::Annotations)
            .filter_map(|change| Some((change.distance_px()?, change)))
            .collect();
        moved.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.key.cmp(&b.1.key)));
        let lines: Vec<String> = moved
            .iter()
            .map(|(distance_px, change)| {
                let image = change.image.as_ref().map_or("", |image| &image.name);
                format!(
                    "* annotation `{}` on {}: by {distance_px} px",
                    change.id,
                    markdown(image)
                )
            })
            .collect();
        if !lines.is_empty() {
            self.line("Moved furthest:\n");
            self.some_lines(&lines, "annotations");
        }
    }
}

/// What is known of images on either side.
struct Known {
    scanners: BTreeMap<ImageId, String>,
    parts: BTreeMap<ImageId, BTreeSet<String>>,
}

impl Known {
    fn new(after: &Dataset<'_>, before: &Dataset<'_>) -> Result<Self, StateError> {
        let mut known = Self {
            scanners: BTreeMap::new(),
            parts: BTreeMap::new(),
        };
        // What is said after stands above what was said before.
        for dataset in [before, after] {
            let mut members: BTreeMap<String, Vec<ImageId>> = BTreeMap::new();
            for image in dataset.images() {
                known.take(dataset, image);
                members.entry(image.id.to_string()).or_default().push(image.id);
                if let Some(case) = &image.record.case {
                    members.entry(case.to_string()).or_default().push(image.id);
                }
            }
            let prefix = Key::kind_prefix(EntityKind::Split);
            scan_records(dataset.rows().state(), &prefix, |_, record: SplitRecord| {
                for image in members.get(&record.member).into_iter().flatten() {
                    let part = format!("{} / {}", record.split, record.part);
                    known.parts.entry(*image).or_default().insert(part);
                }
                ControlFlow::Continue(())
            })?;
        }
        Ok(known)
    }

    fn take(&mut self, dataset: &Dataset<'_>, image: &ImageRow) {
        let scanner = dataset
            .fact_of(image, "scanner")
            .and_then(|value| value.as_text());
        if let Some(scanner) = scanner {
            self.scanners.insert(image.id, scanner.to_owned());
        }
    }

    fn scanner(&self, image: ImageId) -> Option<String> {
        self.scanners.get(&image).cloned()
    }

    fn parts(&self, image: ImageId) -> BTreeSet<String> {
        self.parts.get(&image).cloned().unwrap_or_default()
    }
}

/// Both values of a field, as Markdown.
fn sides(change: &FieldChange) -> (String, String) {
    let text = |value: &Option<FieldValue>| match value {
        None => "nothing".to_owned(),
        Some(FieldValue::Text(text)) => format!("“{}”", markdown(text)),
        Some(FieldValue::Number(number)) => number.to_string(),
        Some(other @ (FieldValue::Json(_) | FieldValue::Geometry(_))) => {
            markdown(&serde_json::to_string(other).unwrap_or_default())
        }
    };
    (text(&change.before), text(&change.after))
}
