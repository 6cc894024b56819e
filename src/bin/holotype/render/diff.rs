//! A comparison of two versions in the formats of `diff --format`, and what these share.

use std::collections::BTreeMap;
use std::sync::Arc;

use holotype::id::{CommitId, SnapshotId};
use holotype::repo::Attribution;
use holotype::snapshot::changes::{ChangeItem, ChangeKind, Comparison, Entity, FieldValue};

use super::{diff_geojson, diff_html, diff_json, diff_markdown, diff_text};

/// The formats of `diff --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiffFormat {
    /// For people, in a terminal.
    Text,
    /// One object, `holotype/diff/1`.
    Json,
    /// A feature for each change of an annotation, in level-0 px.
    Geojson,
    /// One page without scripts.
    Html,
    /// Tables for a pull request.
    Md,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The revision as it was asked for.
    pub(crate) revision: String,
    /// The commit; `None` for the draft and before the first.
    pub(crate) commit: Option<CommitId>,
    /// The content.
    pub(crate) snapshot: SnapshotId,
}

/// What is rendered.
pub(crate) struct DiffView<'a> {
    /// The side before.
    pub(crate) from: Endpoint,
    /// The side after.
    pub(crate) to: Endpoint,
    /// What differs.
    pub(crate) comparison: &'a Comparison,
    /// Who made each change, in the order of the changes; may be shorter where nobody is known.
    pub(crate) by: &'a [Option<Arc<Attribution>>],
}

/// Renders a comparison. `stat_only` leaves the single changes out; `color` is for text alone.
pub(crate) fn render(view: &DiffView<'_>, format: DiffFormat, stat_only: bool, color: bool) -> String {
    match format {
        DiffFormat::Text => diff_text::render(view, stat_only, color),
        DiffFormat::Json => diff_json::render(view, stat_only),
        DiffFormat::Geojson => diff_geojson::render(view),
        DiffFormat::Html => diff_html::render(view, stat_only),
        DiffFormat::Md => diff_markdown::render(view, stat_only),
    }
}

/// A change and who made it.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) item: &'a ChangeItem,
    pub(super) by: Option<&'a Attribution>,
}

impl DiffView<'_> {
    /// Walks through the changes with who made them.
    pub(super) fn told(&self) -> impl Iterator<Item = Told<'_>> {
        let by = self.by.iter().map(Option::as_deref);
        self.comparison
            .changes
            .iter()
            .zip(by.chain(std::iter::repeat(None)))
            .map(|(item, by)| Told { item, by })
    }

    /// Returns a line that names both sides.
    pub(super) fn heading(&self) -> String {
        format!("{} → {}", self.from.to_text(), self.to.to_text())
    }

    /// Groups the changes on images: annotations, ratings and screenings, by the image's name.
    pub(super) fn on_images(&self) -> BTreeMap<&str, Vec<Told<'_>>> {
        let mut groups: BTreeMap<&str, Vec<Told<'_>>> = BTreeMap::new();
        for told in self.told().filter(|told| is_on_image(told.item.entity)) {
            let name = told.item.image.as_ref().map_or("", |image| image.name.as_ref());
            groups.entry(name).or_default().push(told);
        }
        groups
    }

    /// Lists the changes of an entity.
    pub(super) fn of(&self, entity: Entity) -> Vec<Told<'_>> {
        self.told().filter(|told| told.item.entity == entity).collect()
    }

    /// Returns how many hex digits tell the annotations of this comparison apart, at least 20: an annotation's
    /// first 16 are its image's.
    pub(super) fn id_length(&self) -> usize {
        let mut ids: Vec<&str> = self
            .comparison
            .changes
            .iter()
            .filter(|item| item.entity == Entity::Annotations)
            .map(|item| item.id.as_str())
            .collect();
        ids.sort_unstable();
        let shared = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
        ids.windows(2)
            .filter_map(|pair| Some(shared(pair.first()?, pair.last()?) + 1))
            .fold(20, usize::max)
    }
}

impl Endpoint {
    /// Returns the revision with the beginning of the commit's id, or of the snapshot's where there is none.
    fn to_text(&self) -> String {
        let id = self
            .commit
            .map_or_else(|| self.snapshot.to_string(), |commit| commit.to_string());
        if id.starts_with(&self.revision) {
            return short(&id, 12).to_owned();
        }
        let kind = if self.commit.is_some() { "" } else { "snapshot " };
        format!("{} ({kind}{})", self.revision, short(&id, 12))
    }
}

/// Whether changes of an entity are told under their image.
pub(super) fn is_on_image(entity: Entity) -> bool {
    match entity {
        Entity::Annotations | Entity::Ratings | Entity::Screenings => true,
        Entity::Dataset
        | Entity::Cases
        | Entity::Slides
        | Entity::Images
        | Entity::Labels
        | Entity::Annotators
        | Entity::Splits => false,
    }
}

/// Returns the entities that are told by themselves, in their order.
pub(super) fn own_sections() -> impl Iterator<Item = Entity> {
    Entity::ALL.iter().copied().filter(|entity| !is_on_image(*entity))
}

/// Returns the first characters of an id.
pub(super) fn short(id: &str, length: usize) -> &str {
    id.char_indices()
        .nth(length)
        .and_then(|(end, _)| id.get(..end))
        .unwrap_or(id)
}

/// How the label of a change reads where there is none.
pub(super) const NO_LABEL: &str = "(no label)";

/// From which label to which, how often.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Transitions {
    /// The count of each pair; `None` is *not there*.
    pub(super) counts: BTreeMap<(Option<String>, Option<String>), u64>,
}

impl Transitions {
    /// Counts annotations that were added, removed or relabelled.
    pub(super) fn of(view: &DiffView<'_>) -> Self {
        let mut counts = BTreeMap::new();
        for told in view.told().filter(|told| told.item.entity == Entity::Annotations) {
            let item = told.item;
            let (before, after) = labels(item);
            let pair = match item.kind {
                ChangeKind::Added => (None, Some(after)),
                ChangeKind::Removed => (Some(before), None),
                ChangeKind::Relabelled => (Some(before), Some(after)),
                ChangeKind::Moved
                | ChangeKind::Reshaped
                | ChangeKind::Renamed
                | ChangeKind::Rekeyed
                | ChangeKind::Modified => continue,
            };
            *counts.entry(pair).or_default() += 1;
        }
        Self { counts }
    }

    /// Returns the table: a heading, then a row for each label before. Cells without a count are empty.
    pub(super) fn table(&self) -> Vec<Vec<String>> {
        let name = |label: &Option<String>, none: &str| label.clone().unwrap_or_else(|| none.to_owned());
        let columns: std::collections::BTreeSet<_> = self.counts.keys().map(|(_, after)| after).collect();
        let rows: std::collections::BTreeSet<_> = self.counts.keys().map(|(before, _)| before).collect();
        let mut table = vec![vec!["from \\ to".to_owned()]];
        if let Some(heading) = table.first_mut() {
            heading.extend(columns.iter().map(|after| name(after, "(removed)")));
        }
        for before in rows {
            let mut row = vec![name(before, "(added)")];
            for after in &columns {
                let count = self.counts.get(&(before.clone(), (*after).clone()));
                row.push(count.map_or_else(String::new, |count| grouped(*count)));
            }
            table.push(row);
        }
        table
    }
}

/// Returns the labels of an annotation's change before and after.
pub(super) fn labels(item: &ChangeItem) -> (String, String) {
    let text =
        |value: Option<&FieldValue>| value.and_then(FieldValue::as_text).unwrap_or(NO_LABEL).to_owned();
    match item.fields.get("label") {
        Some(change) => (text(change.before.as_ref()), text(change.after.as_ref())),
        None => {
            let same = item.label.as_deref().unwrap_or(NO_LABEL).to_owned();
            (same.clone(), same)
        }
    }
}

/// Writes a count with commas between thousands.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Tells what happened, without whom: `moved 2.0 px (0.5 µm)`, `a → b`, `width: 4 → 5`.
pub(super) fn what_happened(item: &ChangeItem) -> String {
    match item.entity {
        Entity::Annotations => annotation_text(item),
        Entity::Ratings => rating_text(item),
        Entity::Screenings => screening_text(item),
        Entity::Dataset
        | Entity::Cases
        | Entity::Slides
        | Entity::Images
        | Entity::Labels
        | Entity::Annotators
        | Entity::Splits => plain_text(item),
    }
}

fn annotation_text(item: &ChangeItem) -> String {
    let (before, after) = labels(item);
    let mut parts: Vec<String> = Vec::new();
    for kind in &item.kinds {
        parts.push(match kind {
            ChangeKind::Relabelled => "relabelled".to_owned(),
            ChangeKind::Moved => moved(item),
            ChangeKind::Reshaped => match item.overlap() {
                Some(overlap) => format!("reshaped, overlap {:.0} %", overlap * 100.0),
                None => "reshaped".to_owned(),
            },
            ChangeKind::Rekeyed => "other source ids".to_owned(),
            ChangeKind::Modified => other_fields(item),
            ChangeKind::Added | ChangeKind::Removed | ChangeKind::Renamed => kind.to_string(),
        });
    }
    let label = if item.is(ChangeKind::Relabelled) {
        format!("{before} → {after}")
    } else if item.is(ChangeKind::Removed) {
        before
    } else {
        after
    };
    format!("{label}: {}", parts.join(", "))
}

fn moved(item: &ChangeItem) -> String {
    let px = item.distance_px().unwrap_or_default();
    match item.distance_um() {
        Some(um) => format!("moved {} px ({} µm)", digits(px), digits(um)),
        None => format!("moved {} px", digits(px)),
    }
}

/// Writes a distance with one decimal, and with more where it would read as nothing.
fn digits(distance: f64) -> String {
    if distance >= 0.05 || distance == 0.0 {
        format!("{distance:.1}")
    } else {
        format!("{distance:.1e}")
    }
}

/// Fields of an annotation that no kind of change names.
fn other_fields(item: &ChangeItem) -> String {
    const TOLD: [&str; 7] = [
        "distance_px",
        "distance_um",
        "geometry",
        "image",
        "label",
        "overlap",
        "source_id",
    ];
    let fields: Vec<String> = item
        .fields
        .iter()
        .filter(|(name, _)| !TOLD.contains(name))
        .map(|(name, change)| field_text(name, change))
        .collect();
    if fields.is_empty() {
        "modified".to_owned()
    } else {
        fields.join(", ")
    }
}

fn rating_text(item: &ChangeItem) -> String {
    let said = item.label.as_deref().unwrap_or("no opinion");
    let rater = item.id.split('/').nth(2).unwrap_or("somebody");
    let round = item.id.split('/').nth(1).unwrap_or("1");
    let round = if round == "1" {
        String::new()
    } else {
        format!(", round {round}")
    };
    match item.kind {
        ChangeKind::Added => format!("{rater} rated {said}{round}"),
        ChangeKind::Removed => format!("rating of {rater} withdrawn: {said}{round}"),
        ChangeKind::Relabelled
        | ChangeKind::Moved
        | ChangeKind::Reshaped
        | ChangeKind::Renamed
        | ChangeKind::Rekeyed
        | ChangeKind::Modified => format!("rating of {rater}{round}: {}", all_fields(item)),
    }
}

fn screening_text(item: &ChangeItem) -> String {
    let who = item.fields.get("annotator");
    let who = who.and_then(|change| change.after.as_ref().or(change.before.as_ref()));
    let who = who.and_then(FieldValue::as_text).unwrap_or("somebody");
    let area = if item.fields.get("region").is_some() {
        "a region"
    } else {
        "the whole image"
    };
    match item.kind {
        ChangeKind::Added => format!("{who} searched {area}"),
        ChangeKind::Removed => format!("screening of {area} by {who} removed"),
        ChangeKind::Relabelled
        | ChangeKind::Moved
        | ChangeKind::Reshaped
        | ChangeKind::Renamed
        | ChangeKind::Rekeyed
        | ChangeKind::Modified => format!("screening: {}", all_fields(item)),
    }
}

fn plain_text(item: &ChangeItem) -> String {
    let name = name_of(item);
    match item.kind {
        ChangeKind::Added | ChangeKind::Removed if item.entity == Entity::Splits => {
            format!("{name}: {}", all_fields(item))
        }
        ChangeKind::Added | ChangeKind::Removed => name,
        ChangeKind::Relabelled
        | ChangeKind::Moved
        | ChangeKind::Reshaped
        | ChangeKind::Renamed
        | ChangeKind::Rekeyed
        | ChangeKind::Modified => {
            if name.is_empty() {
                all_fields(item)
            } else {
                format!("{name}: {}", all_fields(item))
            }
        }
    }
}

/// Returns the name under which people know what changed.
pub(super) fn name_of(item: &ChangeItem) -> String {
    match item.entity {
        Entity::Images => item
            .image
            .as_ref()
            .map_or_else(|| item.id.clone(), |image| image.name.to_string()),
        Entity::Labels => {
            let name = item.fields.get("name");
            let name = name.and_then(|change| change.before.as_ref().or(change.after.as_ref()));
            name.and_then(FieldValue::as_text)
                .map_or_else(|| item.id.clone(), str::to_owned)
        }
        Entity::Dataset
        | Entity::Cases
        | Entity::Slides
        | Entity::Annotators
        | Entity::Annotations
        | Entity::Ratings
        | Entity::Screenings
        | Entity::Splits => item.id.clone(),
    }
}

fn all_fields(item: &ChangeItem) -> String {
    let is_told = |name: &str| {
        let of_split = item.entity == Entity::Splits && (name == "split" || name == "member");
        let same_name = item.entity == Entity::Labels && name == "name";
        of_split || same_name
    };
    let mut parts = Vec::new();
    if item.is(ChangeKind::Renamed)
        && let Some(after) = item.fields.get("name").and_then(|change| change.after.as_ref())
    {
        parts.push(format!("renamed to {}", value_text(after)));
    }
    for (name, change) in item.fields.iter().filter(|(name, _)| !is_told(name)) {
        parts.push(field_text(name, change));
    }
    parts.join(", ")
}

/// Writes `name: before → after`.
pub(super) fn field_text(name: &str, change: &holotype::snapshot::changes::FieldChange) -> String {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{name}: {} → {}", value_text(before), value_text(after)),
        (None, Some(after)) => format!("{name}: {}", value_text(after)),
        (Some(before), None) => format!("{name} removed, was {}", value_text(before)),
        (None, None) => name.to_owned(),
    }
}

/// Writes a value, cut where it is long.
fn value_text(value: &FieldValue) -> String {
    const LONGEST: usize = 80;
    let text = match value {
        FieldValue::Text(text) => text.to_string(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Geometry(geometry) => geometry.type_name().to_owned(),
        FieldValue::Json(json) => match json.get("name").or_else(|| json.get("label")) {
            Some(serde_json::Value::String(name)) => name.clone(),
            _ => json.to_string(),
        },
    };
    let cut = short(&text, LONGEST);
    if cut.len() < text.len() {
        format!("{cut}…")
    } else {
        text
    }
}

/// Tells who and why: `Ada <ada@example.org>, 2026-11-01: second read`. Empty where nobody is known.
pub(super) fn who_and_why(by: Option<&Attribution>) -> String {
    let Some(by) = by else {
        return String::new();
    };
    let author = by.author.clone();
    let day = by.at.map(|at| at.to_day());
    let tool = by.tool.as_ref().map(|tool| format!("with {}", tool.name));
    let who: Vec<String> = [author, day, tool].into_iter().flatten().collect();
    let who = who.join(", ");
    match by.reason.as_deref().filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("{who}: {reason}"),
        None => who,
    }
}

/// Makes text safe for a terminal and one line: control characters, and marks that turn the direction of text,
/// are written as `\u{…}`.
pub(super) fn plain(text: &str) -> String {
    let is_unsafe = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.chars().any(is_unsafe) {
        return text.to_owned();
    }
    text.chars()
        .map(|letter| {
            if is_unsafe(letter) {
                letter.escape_unicode().to_string()
            } else {
                letter.to_string()
            }
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests;
