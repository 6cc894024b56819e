//! Labels map by name, never by number; unknown ones are added to the scheme. Names that look like two spellings of one,
//! and colours that two labels have, are told; nothing is joined.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{Command, EntityRef, Event, scan_records};
use crate::id::LabelId;
use crate::import::document::{LabelFacts, SourceLabel};
use crate::import::table::spelling_variants;
use crate::model::{EntityKind, FactChanges, FactValue, Facts, Key, KeyParts, LabelRecord};
use crate::repo::Transaction;

use super::{Import, ImportError};

/// The fact that is a label's colour.
const COLOUR: &str = "colour";

/// A label of the scheme.
struct Known {
    id: LabelId,
    facts: Facts,
}

impl Import<'_, Transaction<'_>> {
    /// Returns the label of each label of the source.
    pub(super) fn labels(
        &mut self,
        labels: &[SourceLabel],
        worth: LabelFacts,
    ) -> Result<Vec<LabelId>, ImportError> {
        let mut known = self.known_labels()?;
        let (mut new, mut recoloured) = (BTreeSet::new(), BTreeSet::new());
        let mut found = Vec::with_capacity(labels.len());
        for label in labels {
            let name = self.setting.options.map_label.get(&label.name);
            let name = name.unwrap_or(&label.name).clone();
            let before = known.get(&name).map(|label| label.facts.get(COLOUR).cloned());
            found.push(self.label(label, &name, worth, &mut known)?);
            let after = known.get(&name).and_then(|label| label.facts.get(COLOUR));
            if before.as_ref().and_then(Option::as_ref) != after {
                recoloured.insert(name.clone());
            }
            if before.is_none() {
                new.insert(name);
            }
        }
        self.warn_spellings(&known, &new);
        self.warn_colours(&known, &recoloured);
        Ok(found)
    }

    fn known_labels(&self) -> Result<BTreeMap<String, Known>, ImportError> {
        let mut known = BTreeMap::new();
        scan_records(
            &*self.recorder,
            &Key::kind_prefix(EntityKind::Label),
            |key, record: LabelRecord| {
                if let Ok(KeyParts::Label(id)) = key.parts() {
                    let facts = record.facts;
                    known.insert(record.name, Known { id, facts });
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok(known)
    }

    fn label(
        &mut self,
        label: &SourceLabel,
        name: &str,
        worth: LabelFacts,
        known: &mut BTreeMap<String, Known>,
    ) -> Result<LabelId, ImportError> {
        let context = self.plain_context();
        let changes = self.fact_changes(&label.facts);
        if let Some(known) = known.get_mut(name) {
            let changes = worth_saying(changes, &known.facts, worth);
            let entity = EntityRef {
                kind: EntityKind::Label,
                id: known.id.to_string(),
            };
            known.facts = crate::model::facts::with_changes(std::mem::take(&mut known.facts), &changes);
            self.must(&context, Command::SetFacts { entity, changes })?;
            return Ok(known.id);
        }
        let facts: Facts = changes
            .into_iter()
            .filter_map(|(fact, value)| Some((fact, value?)))
            .collect();
        let command = Command::DefineLabel {
            name: name.to_owned(),
            facts: facts.clone(),
        };
        let id = self.define(&context, command)?;
        let id = id.unwrap_or_else(|| LabelId::of_name(name, 0));
        known.insert(name.to_owned(), Known { id, facts });
        Ok(id)
    }

    /// Tells names that are new and look like another spelling of a name: in other case, in another Unicode form, with
    /// other white space or hyphens, or with a letter more, less or changed.
    fn warn_spellings(&mut self, known: &BTreeMap<String, Known>, new: &BTreeSet<String>) {
        if new.is_empty() {
            return;
        }
        // What was there before counts as the more frequent one.
        let counts = known
            .keys()
            .map(|name| (name.clone(), 2 - u64::from(new.contains(name))));
        let counts: BTreeMap<String, u64> = counts.collect();
        let file = self.setting.file;
        for (name, other) in spelling_variants(&counts) {
            if !new.contains(&name) && !new.contains(&other) {
                continue;
            }
            self.outcome.report.warnings.add("label_spelling", || {
                format!("{file}: the label '{name}' is new and looks like another spelling of '{other}'; --map-label joins them")
            });
        }
    }

    /// Tells colours that a label has since now, and another has as well.
    fn warn_colours(&mut self, known: &BTreeMap<String, Known>, recoloured: &BTreeSet<String>) {
        let mut by_colour: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, label) in known {
            if let Some(colour) = label.facts.get(COLOUR).and_then(FactValue::as_text) {
                by_colour.entry(colour.to_lowercase()).or_default().push(name);
            }
        }
        let file = self.setting.file;
        for (colour, names) in by_colour.iter().filter(|(_, names)| names.len() > 1) {
            if !names.iter().any(|name| recoloured.contains(*name)) {
                continue;
            }
            self.outcome.report.warnings.add("colour_collision", || {
                format!(
                    "{file}: the labels '{}' have one colour, {colour}",
                    names.join("' and '")
                )
            });
        }
    }
}

/// What another file says of a known label is only added; a scheme replaces.
fn worth_saying(changes: FactChanges, facts: &Facts, worth: LabelFacts) -> FactChanges {
    let says = |fact: &String| match worth {
        LabelFacts::Hints => !facts.contains_key(fact),
        LabelFacts::Definitions => true,
    };
    changes.into_iter().filter(|(fact, _)| says(fact)).collect()
}

impl Import<'_, Transaction<'_>> {
    /// Defines a label and returns its id.
    fn define(
        &mut self,
        context: &crate::event::Context,
        command: Command,
    ) -> Result<Option<LabelId>, ImportError> {
        let events = self.recorder.must(context, command)?;
        Ok(events.iter().find_map(|event| {
            if let Event::LabelDefined { label, .. } = event {
                Some(*label)
            } else {
                None
            }
        }))
    }
}
