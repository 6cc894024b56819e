//! Labels map by name, never by number; unknown ones are added to the scheme.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::event::{Command, EntityRef, Event, scan_records};
use crate::id::LabelId;
use crate::import::document::SourceLabel;
use crate::model::{EntityKind, FactChanges, Facts, Key, KeyParts, LabelRecord};
use crate::repo::Transaction;

use super::{Import, ImportError};

impl Import<'_, Transaction<'_>> {
    /// Returns the label of each label of the source.
    pub(super) fn labels(&mut self, labels: &[SourceLabel]) -> Result<Vec<LabelId>, ImportError> {
        let mut known = BTreeMap::new();
        scan_records(
            &*self.recorder,
            &Key::kind_prefix(EntityKind::Label),
            |key, record: LabelRecord| {
                if let Ok(KeyParts::Label(label)) = key.parts() {
                    known.insert(record.name, label);
                }
                ControlFlow::Continue(())
            },
        )?;
        labels.iter().map(|label| self.label(label, &mut known)).collect()
    }

    fn label(
        &mut self,
        label: &SourceLabel,
        known: &mut BTreeMap<String, LabelId>,
    ) -> Result<LabelId, ImportError> {
        if let Some(id) = self.named.get(&label.name) {
            return Ok(*id);
        }
        let name = self
            .setting
            .options
            .map_label
            .get(&label.name)
            .unwrap_or(&label.name)
            .clone();
        let context = self.plain_context();
        let changes = self.fact_changes(&label.facts);
        if let Some(id) = known.get(&name) {
            // What is known of a label is not overwritten by another file's colours; what is missing is added.
            let record: LabelRecord =
                crate::event::read(&*self.recorder, &Key::label(*id))?.unwrap_or_default();
            let missing: FactChanges = changes
                .into_iter()
                .filter(|(fact, _)| !record.facts.contains_key(fact))
                .collect();
            let entity = EntityRef {
                kind: EntityKind::Label,
                id: id.to_string(),
            };
            self.must(
                &context,
                Command::SetFacts {
                    entity,
                    changes: missing,
                },
            )?;
            return Ok(*id);
        }
        if let Some(similar) = known.keys().find(|other| folded(other) == folded(&name)) {
            let (file, similar) = (self.setting.file, similar.clone());
            self.outcome.report.warnings.add("label_spelling", || {
                format!("{file}: the label '{name}' is new, and '{similar}' differs in spelling only; --map-label joins them")
            });
        }
        let facts: Facts = changes
            .into_iter()
            .filter_map(|(fact, value)| Some((fact, value?)))
            .collect();
        let events = self.recorder.must(
            &context,
            Command::DefineLabel {
                name: name.clone(),
                facts,
            },
        )?;
        let defined = events.iter().find_map(|event| {
            if let Event::LabelDefined { label, .. } = event {
                Some(*label)
            } else {
                None
            }
        });
        let id = defined.unwrap_or_else(|| LabelId::of_name(&name, 0));
        known.insert(name, id);
        Ok(id)
    }
}

/// A name without case, white space and Unicode form.
fn folded(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    name.nfkc()
        .flat_map(char::to_lowercase)
        .filter(|character| character.is_alphanumeric())
        .collect()
}
