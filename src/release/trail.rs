//! What a history tells of itself, event by event: which kinds of events there are, with which tools people worked, from
//! which files annotations came, and which event stated each fact of the dataset.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::ReleaseError;
use crate::event::{BatchReader, Context, ContextOrigin, Event, EventFormat, LineEvent};
use crate::id::{BatchId, CommitId, Digest, PrivateId};
use crate::log::{first_parents, read_batch};
use crate::model::{DatasetRecord, EntityKind, FactChanges, FactValue, Facts, Key};
use crate::repo::{Repo, RepoError};

/// The event that stated a fact.
#[derive(Debug, Clone, PartialEq)]
struct Stating {
    value: FactValue,
    /// Its batch and its number there, from 1.
    event: (BatchId, u64),
}

/// What is done to facts of the dataset by an event.
enum Step {
    /// These are stated, or taken away.
    Changed(FactChanges),
    /// These are all that there are.
    Restored(Facts),
}

/// What the events of a history, in their order, tell of themselves.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Trail {
    kinds: BTreeMap<EventFormat, u64>,
    tools: BTreeMap<String, u64>,
    without_tool: u64,
    sources: BTreeSet<Digest>,
    private: BTreeSet<PrivateId>,
    facts: BTreeMap<String, Stating>,
}

/// What was found in one batch, before the batches are put behind each other.
#[derive(Default)]
struct Part {
    trail: Trail,
    steps: Vec<((BatchId, u64), Step)>,
}

/// Reads the history of a commit.
pub(super) fn read_trail(repo: &Repo, from: CommitId) -> Result<Trail, ReleaseError> {
    let mut commits = Vec::new();
    for commit in first_parents(repo.store(), Some(from)) {
        commits.push(commit?.1);
    }
    let batches: Vec<BatchId> = commits
        .iter()
        .rev()
        .flat_map(|commit| commit.batches.iter().map(|range| range.batch))
        .collect();
    let parts: Vec<Part> = batches
        .into_par_iter()
        .map(|batch| read_part(repo, batch))
        .collect::<Result<_, ReleaseError>>()?;
    let mut trail = Trail::default();
    for part in parts {
        trail.absorb(part);
    }
    Ok(trail)
}

fn read_part(repo: &Repo, batch: BatchId) -> Result<Part, ReleaseError> {
    let bytes = read_batch(repo.store(), batch)?;
    let mut reader = BatchReader::new(&bytes).map_err(RepoError::from)?;
    let mut part = Part::default();
    let (mut plain, mut defaults) = (0, None);
    let mut number = 0;
    while let Some(line) = reader.next_line() {
        let line = line.map_err(RepoError::from)?;
        number += 1;
        match line.origin {
            ContextOrigin::Batch => {
                plain += 1;
                defaults.get_or_insert_with(|| line.context.clone());
            }
            ContextOrigin::Line => part.trail.note_context(line.context, 1),
        }
        match &line.event {
            LineEvent::Created(_) => part.trail.note_kind(EventFormat::AnnotationCreated),
            LineEvent::Other(event) => part.note_event((batch, number), event),
        }
    }
    if let Some(defaults) = defaults {
        part.trail.note_context(&defaults, plain);
    }
    Ok(part)
}

impl Part {
    fn note_event(&mut self, at: (BatchId, u64), event: &Event) {
        self.trail.note_kind(event.format());
        self.trail.private.extend(private_of(event));
        self.steps.extend(step_of(event).map(|step| (at, step)));
    }
}

impl Trail {
    /// Notes the next event; `at` is its batch and its number there, from 1.
    pub(super) fn note(&mut self, at: (BatchId, u64), context: &Context, event: &Event) {
        self.note_kind(event.format());
        self.note_context(context, 1);
        self.private.extend(private_of(event));
        if let Some(step) = step_of(event) {
            self.take(at, step);
        }
    }

    fn note_kind(&mut self, kind: EventFormat) {
        *self.kinds.entry(kind).or_default() += 1;
    }

    /// Notes that so many events have this context.
    fn note_context(&mut self, context: &Context, events: u64) {
        match &context.tool {
            Some(tool) => {
                let version = tool.version.as_ref().map(|version| format!(" {version}"));
                let tool = format!("{}{}", tool.name, version.unwrap_or_default());
                *self.tools.entry(tool).or_default() += events;
            }
            None => self.without_tool += events,
        }
        self.sources.extend(context.source);
        self.private.extend(context.author);
        self.private
            .extend(context.private.iter().flatten().map(|(_, id)| *id));
    }

    fn take(&mut self, event: (BatchId, u64), step: Step) {
        match step {
            Step::Changed(changes) => {
                for (name, value) in changes {
                    match value {
                        Some(value) => self.state(event, name, value),
                        None => drop(self.facts.remove(&name)),
                    }
                }
            }
            Step::Restored(facts) => {
                self.facts.retain(|name, _| facts.contains_key(name));
                for (name, value) in facts {
                    self.state(event, name, value);
                }
            }
        }
    }

    /// Notes that an event states a fact; one that says what is known already states nothing.
    fn state(&mut self, event: (BatchId, u64), name: String, value: FactValue) {
        if self.facts.get(&name).is_none_or(|known| known.value != value) {
            self.facts.insert(name, Stating { value, event });
        }
    }

    fn absorb(&mut self, part: Part) {
        let other = part.trail;
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        for (tool, count) in other.tools {
            *self.tools.entry(tool).or_default() += count;
        }
        self.without_tool += other.without_tool;
        self.sources.extend(other.sources);
        self.private.extend(other.private);
        for (at, step) in part.steps {
            self.take(at, step);
        }
    }

    /// Returns how many events of a kind there are.
    pub(super) fn events(&self, kind: EventFormat) -> u64 {
        self.kinds.get(&kind).copied().unwrap_or(0)
    }

    /// Returns the tools that events name, each with its version where that is known, and how many events name it.
    pub(super) fn tools(&self) -> &BTreeMap<String, u64> {
        &self.tools
    }

    /// Returns how many events name no tool.
    pub(super) fn without_tool(&self) -> u64 {
        self.without_tool
    }

    /// Returns from how many files, told by their digests, events came.
    pub(super) fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Returns how many private objects events name.
    pub(super) fn private(&self) -> usize {
        self.private.len()
    }

    /// Returns the event that stated a fact of the dataset as it is, `BATCH:NUMBER`.
    pub(super) fn stating(&self, fact: &str) -> Option<String> {
        let (batch, number) = self.facts.get(fact)?.event;
        Some(format!("{batch}:{number}"))
    }
}

/// The private objects that an event itself names.
fn private_of(event: &Event) -> Vec<PrivateId> {
    if let Event::PersonErased { private } = event {
        return private.clone();
    }
    if let Event::AnnotatorRegistered { person: id, .. } | Event::CaseRegistered { source: id, .. } = event {
        return id.iter().copied().collect();
    }
    Vec::new()
}

/// What an event does to facts of the dataset.
fn step_of(event: &Event) -> Option<Step> {
    if let Event::FactsSet { entity, changes } = event
        && entity.kind == EntityKind::Dataset
    {
        return Some(Step::Changed(changes.clone()));
    }
    if let Event::RecordRestored { key, record } = event
        && *key == Key::dataset()
    {
        let record: Option<DatasetRecord> = record
            .as_ref()
            .and_then(|record| serde_json::from_value(record.clone()).ok());
        return Some(Step::Restored(record.unwrap_or_default().facts));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EntityRef, Tool};

    fn at(number: u64) -> (BatchId, u64) {
        (BatchId::of(b"batch"), number)
    }

    fn set(name: &str, value: Option<&str>) -> Event {
        Event::FactsSet {
            entity: EntityRef::dataset(),
            changes: [(name.to_owned(), value.map(FactValue::from))].into(),
        }
    }

    fn restored(record: &serde_json::Value) -> Event {
        Event::RecordRestored {
            key: Key::dataset(),
            record: Some(record.clone()),
        }
    }

    fn stating(trail: &Trail, fact: &str) -> Option<u64> {
        let id = trail.stating(fact)?;
        id.rsplit_once(':')?.1.parse().ok()
    }

    #[test]
    fn the_event_that_states_a_fact_is_the_last_that_changed_it() {
        let mut trail = Trail::default();
        let events = [
            set("licence", Some("MIT")),
            set("title", Some("Cells")),
            set("licence", Some("MIT")),
            set("licence", Some("CC0-1.0")),
            set("contact", Some("a@b")),
            set("contact", None),
        ];
        for (number, event) in (1..).zip(&events) {
            trail.note(at(number), &Context::default(), event);
        }
        assert_eq!(stating(&trail, "licence"), Some(4));
        assert_eq!(stating(&trail, "title"), Some(2));
        assert_eq!(stating(&trail, "contact"), None);
        assert_eq!(trail.events(EventFormat::FactsSet), 6);
        let back = restored(&serde_json::json!({
            "facts": {"licence": "MIT"}, "format": "dataset/1",
        }));
        trail.note(at(7), &Context::default(), &back);
        assert_eq!(
            (stating(&trail, "licence"), stating(&trail, "title")),
            (Some(7), None)
        );
    }

    #[test]
    fn tools_files_and_private_objects_are_counted() {
        let mut trail = Trail::default();
        let tool = |version: Option<&str>| Context {
            tool: Some(Tool {
                name: "SlideRunner".to_owned(),
                version: version.map(str::to_owned),
            }),
            source: Some(Digest::of(b"file")),
            author: Some(PrivateId::of(b"author")),
            ..Context::default()
        };
        for (number, context) in (1..).zip([
            tool(None),
            tool(Some("2.0")),
            tool(Some("2.0")),
            Context::default(),
        ]) {
            trail.note(at(number), &context, &set("a", None));
        }
        let tools: Vec<(&str, u64)> = trail
            .tools()
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .collect();
        assert_eq!(tools, [("SlideRunner", 1), ("SlideRunner 2.0", 2)]);
        assert_eq!(
            (trail.without_tool(), trail.sources(), trail.private()),
            (1, 1, 1)
        );
    }
}
