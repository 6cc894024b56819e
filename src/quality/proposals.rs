//! What became of what models marked: accepted, edited, rejected, or not looked at yet. Told from the log, oldest event
//! first, as a snapshot does not hold what was withdrawn.

use std::collections::{BTreeMap, HashMap};

use crate::event::{Event, LoggedEvent};
use crate::id::{AnnotationId, Code, LabelId};
use crate::model::AnnotatorKind;

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// No person said anything of it.
    Open,
    /// A person gave it the same label, and it was not edited.
    Accepted,
    /// It was moved, or a person gave it another label.
    Edited,
    /// It was withdrawn.
    Rejected,
}

/// How many proposals of a model met which fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fates {
    /// Not looked at yet.
    pub open: u64,
    /// Accepted.
    pub accepted: u64,
    /// Edited.
    pub edited: u64,
    /// Rejected.
    pub rejected: u64,
}

#[derive(Debug)]
struct Proposal {
    model: Code,
    label: Option<LabelId>,
    fate: Fate,
}

/// Counts moves of annotations and follows proposals, from the events of a log, oldest first.
#[derive(Debug, Default)]
pub struct Lives {
    kinds: BTreeMap<Code, AnnotatorKind>,
    proposals: HashMap<AnnotationId, Proposal>,
    moves: BTreeMap<AnnotationId, u64>,
}

impl Lives {
    /// Begins; `kinds` tell who is a model and who a person.
    #[must_use]
    pub fn new(kinds: BTreeMap<Code, AnnotatorKind>) -> Self {
        Self {
            kinds,
            ..Self::default()
        }
    }

    /// Takes the next event.
    pub fn take(&mut self, logged: &LoggedEvent) {
        let by = logged.context.annotator.as_ref();
        let kind = by.and_then(|code| self.kinds.get(code)).copied();
        match &logged.event {
            Event::AnnotationCreated {
                annotation, label, ..
            } => {
                if let (Some(model), Some(AnnotatorKind::Model)) = (by, kind) {
                    let proposal = Proposal {
                        model: model.clone(),
                        label: *label,
                        fate: Fate::Open,
                    };
                    self.proposals.insert(*annotation, proposal);
                }
            }
            Event::GeometryRevised { annotation, .. } => {
                *self.moves.entry(*annotation).or_default() += 1;
                if kind != Some(AnnotatorKind::Model) {
                    self.meet(*annotation, |_| Fate::Edited);
                }
            }
            Event::AnnotationRelabelled { annotation, label } | Event::RatingGiven { annotation, label } => {
                if kind == Some(AnnotatorKind::Human) && label.is_some() {
                    self.meet(*annotation, |proposed| {
                        if proposed == *label {
                            Fate::Accepted
                        } else {
                            Fate::Edited
                        }
                    });
                }
            }
            Event::AnnotationWithdrawn { annotation } => {
                self.moves.remove(annotation);
                self.meet(*annotation, |_| Fate::Rejected);
            }
            Event::ImageDeclared { .. }
            | Event::ImageIngested { .. }
            | Event::ImageErased { .. }
            | Event::ImageAssigned { .. }
            | Event::CaseRegistered { .. }
            | Event::SlideRegistered { .. }
            | Event::AnnotatorRegistered { .. }
            | Event::PersonErased { .. }
            | Event::LabelDefined { .. }
            | Event::LabelRenamed { .. }
            | Event::FactsSet { .. }
            | Event::AttributesRevised { .. }
            | Event::RatingWithdrawn { .. }
            | Event::SourceIdAttached { .. }
            | Event::RegionScreened { .. }
            | Event::RuleSet { .. }
            | Event::LabelOverridden { .. }
            | Event::SplitAssigned { .. }
            | Event::RecordRestored { .. } => {}
        }
    }

    /// The further fate wins: who accepts what was edited accepts the edited one.
    fn meet(&mut self, annotation: AnnotationId, fate: impl Fn(Option<LabelId>) -> Fate) {
        if let Some(proposal) = self.proposals.get_mut(&annotation) {
            proposal.fate = proposal.fate.max(fate(proposal.label));
        }
    }

    /// Returns how often each annotation was moved or reshaped.
    #[must_use]
    pub fn moves(&self) -> &BTreeMap<AnnotationId, u64> {
        &self.moves
    }

    /// Returns what became of the proposals of each model.
    #[must_use]
    pub fn fates(&self) -> BTreeMap<Code, Fates> {
        let mut all: BTreeMap<Code, Fates> = BTreeMap::new();
        for proposal in self.proposals.values() {
            let fates = all.entry(proposal.model.clone()).or_default();
            match proposal.fate {
                Fate::Open => fates.open += 1,
                Fate::Accepted => fates.accepted += 1,
                Fate::Edited => fates.edited += 1,
                Fate::Rejected => fates.rejected += 1,
            }
        }
        all
    }
}
