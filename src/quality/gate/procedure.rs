//! The standard operating procedure as a checklist: each step is done by what the log shows, or by a sign-off.
//!
//! A sign-off is a fact of the dataset, `sop.STEP`, whose value is the reason; the event that states it says who and when.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::id::Code;
use crate::model::{AnnotatorKind, FactValue, Facts, Rule, Severity};
use crate::quality::splits::FROZEN_MARK;

use super::codes::{NOT_ANNOTATED, NOT_STATED, STEP_OPEN};
use super::finding::{Finding, Judged, Report};
use super::inventory::Inventory;

/// The checklist that is shipped.
const SHIPPED: &str = include_str!("sop.toml");
/// With what the names of facts that are sign-offs begin.
const PREFIX: &str = "sop.";

/// A checklist that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProcedureError {
    /// It is no TOML, or has members or words that a checklist does not have.
    #[error("it is no checklist: {}", .source.message())]
    Form {
        /// Why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A step's id is no word, or two steps have it.
    #[error("'{id}' cannot be the id of a step: {why}")]
    Id {
        /// The id.
        id: String,
        /// Why.
        why: &'static str,
    },
}

/// What the log has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Each label of the scheme has a description.
    LabelsDescribed,
    /// No required fact is open.
    RequiredFacts,
    /// No finding of personal data is open.
    NoPersonalData,
    /// People rated, and no image is without annotation and screening.
    Annotated,
    /// A round by somebody to whom the ratings of others were hidden, beside somebody else's.
    BlindedPass,
    /// Screenings by two people, or in two rounds.
    SecondScreening,
    /// A rule derives the agreed labels.
    RuleInForce,
    /// A split with every case in a part, a frozen part and no leak.
    FrozenTest,
    /// There is a release.
    Released,
}

impl Evidence {
    /// What is missing where it is not there.
    const fn missing(self) -> &'static str {
        match self {
            Self::LabelsDescribed => "a description of each label (holotype set label NAME description=…)",
            Self::RequiredFacts => "required facts (HT-Q101)",
            Self::NoPersonalData => "a decision on each finding of personal data (HT-Q401 to HT-Q410)",
            Self::Annotated => "an annotation or screening of each image (HT-Q301), and ratings by people",
            Self::BlindedPass => {
                "a round whose ratings are all blinded, beside somebody else's (import --blinded --round 2)"
            }
            Self::SecondScreening => "screenings by two people or in two rounds (record, command screen)",
            Self::RuleInForce => "a rule in force (holotype consensus --rule R --record)",
            Self::FrozenTest => {
                "a split with every case in a part, a frozen part and no leak (holotype split create, split freeze)"
            }
            Self::Released => "a release (holotype release)",
        }
    }
}

/// After what a step is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum After {
    /// The first release.
    Release,
}

/// A step of the procedure.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How it is named.
    pub id: String,
    /// What is to be done.
    pub title: String,
    /// Facts of the dataset that have to be stated.
    #[serde(default)]
    pub facts: Vec<String>,
    /// What the log has to show.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    #[serde(default)]
    after: Option<After>,
}

/// A checklist.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// The steps, in order.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

impl Procedure {
    /// Reads a checklist.
    ///
    /// # Errors
    /// [`ProcedureError`] when it is none.
    pub fn parse(text: &str) -> Result<Self, ProcedureError> {
        let procedure: Self = toml::from_str(text).map_err(|source| ProcedureError::Form {
            source: Box::new(source),
        })?;
        let mut seen = BTreeSet::new();
        for step in &procedure.steps {
            let bad = |why| ProcedureError::Id {
                id: step.id.clone(),
                why,
            };
            if Code::parse(&step.id).is_err() {
                return Err(bad("letters, digits, . _ -"));
            }
            if !seen.insert(&step.id) {
                return Err(bad("two steps have it"));
            }
        }
        Ok(procedure)
    }

    /// Returns the checklist that is shipped.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn shipped() -> Result<Self, ProcedureError> {
        Self::parse(SHIPPED)
    }

    /// Returns the text of the checklist that is shipped.
    #[must_use]
    pub const fn shipped_text() -> &'static str {
        SHIPPED
    }
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// What is asked for is there.
    Shown,
    /// Somebody signed it off.
    SignedOff {
        /// Why.
        reason: String,
    },
    /// Something is missing.
    Open {
        /// What.
        missing: Vec<String>,
    },
    /// It is asked for after the first release.
    Later,
}

/// A step, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgedStep {
    /// How it is named.
    pub id: String,
    /// What is to be done.
    pub title: String,
    /// How far it is.
    pub state: StepState,
}

impl JudgedStep {
    /// Whether something is to be done.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, StepState::Open { .. })
    }

    /// The finding that it is open; `None` where it is not.
    pub(super) fn finding(&self) -> Option<Finding> {
        let StepState::Open { missing } = &self.state else {
            return None;
        };
        let wanted = if missing.is_empty() {
            "it has to be signed off".to_owned()
        } else {
            format!("missing: {}", missing.join("; "))
        };
        Some(Finding::new(
            STEP_OPEN,
            format!("sop/{}", self.id),
            format!("{} is not done; {wanted}", self.title),
            format!(
                "add what is missing, or holotype check sign-off {} --reason R",
                self.id
            ),
        ))
    }
}

/// Returns the name of the fact that a sign-off is.
#[must_use]
pub fn sign_off_fact(step: &str) -> String {
    format!("{PREFIX}{step}")
}

/// What a step is judged by.
pub(super) struct Scene<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) report: &'a Report,
    pub(super) releases: usize,
}

/// Judges all steps.
pub(super) fn judge(procedure: &Procedure, scene: &Scene<'_>) -> Vec<JudgedStep> {
    let steps = procedure.steps.iter().map(|step| JudgedStep {
        id: step.id.clone(),
        title: step.title.clone(),
        state: scene.state(step),
    });
    steps.collect()
}

fn stated<'a>(facts: &'a Facts, name: &str) -> Option<&'a str> {
    let text = facts.get(name).and_then(FactValue::as_text).map(str::trim);
    text.filter(|text| !text.is_empty())
}

impl Scene<'_> {
    fn state(&self, step: &Step) -> StepState {
        let dataset = &self.inventory.dataset;
        if let Some(reason) = stated(dataset, &sign_off_fact(&step.id)) {
            return StepState::SignedOff {
                reason: reason.to_owned(),
            };
        }
        let facts = step.facts.iter().filter(|name| stated(dataset, name).is_none());
        let mut missing: Vec<String> = facts
            .map(|name| format!("the fact {name} (holotype set dataset {name}=…)"))
            .collect();
        let absent = step.evidence.iter().filter(|evidence| !self.shows(**evidence));
        missing.extend(absent.map(|evidence| evidence.missing().to_owned()));
        let is_bare = step.facts.is_empty() && step.evidence.is_empty();
        match step.after {
            _ if missing.is_empty() && !is_bare => StepState::Shown,
            Some(After::Release) if self.releases == 0 => StepState::Later,
            Some(After::Release) | None => StepState::Open { missing },
        }
    }

    /// Whether no finding is open for which this is true.
    fn none_open(&self, is: impl Fn(&Judged) -> bool) -> bool {
        !self.report.findings.iter().any(|one| one.is_open() && is(one))
    }

    fn people(&self) -> BTreeSet<&Code> {
        let rounds = self.inventory.rounds.keys();
        let human = |code: &&Code| self.inventory.annotators.get(*code) == Some(&AnnotatorKind::Human);
        rounds.map(|(_, code)| code).filter(human).collect()
    }

    fn shows(&self, evidence: Evidence) -> bool {
        let inventory = self.inventory;
        match evidence {
            Evidence::LabelsDescribed => {
                let mut labels = inventory.labels.values();
                !inventory.labels.is_empty()
                    && labels.all(|label| stated(&label.facts, "description").is_some())
            }
            Evidence::RequiredFacts => {
                !inventory.images.is_empty() && self.none_open(|one| one.finding.code == NOT_STATED.text)
            }
            Evidence::NoPersonalData => {
                !inventory.images.is_empty() && self.none_open(|one| one.finding.code.starts_with("HT-Q4"))
            }
            Evidence::Annotated => {
                !self.people().is_empty() && self.none_open(|one| one.finding.code == NOT_ANNOTATED.text)
            }
            Evidence::BlindedPass => {
                let people = self.people();
                people.len() > 1
                    && inventory
                        .rounds
                        .iter()
                        .any(|((_, code), blinded)| *blinded && people.contains(code))
            }
            Evidence::SecondScreening => inventory.screeners.len() > 1,
            Evidence::RuleInForce => inventory.rule != Rule::AsRecorded,
            Evidence::FrozenTest => inventory.splits.keys().any(|split| self.is_frozen(split)),
            Evidence::Released => self.releases > 0,
        }
    }

    /// Whether a split has a frozen part, every image in a part, and no leak.
    fn is_frozen(&self, split: &str) -> bool {
        let frozen = format!("split.{split}{FROZEN_MARK}");
        let has_frozen = self
            .inventory
            .dataset
            .keys()
            .any(|name| name.starts_with(&frozen));
        let assignment = self.inventory.splits.get(split);
        let is_assigned = |assignment: &super::super::splits::Assignment| {
            let mut pictures = self.inventory.material.pictures().iter();
            pictures.all(|picture| {
                assignment.contains_key(&picture.member()) || assignment.contains_key(&picture.id.to_string())
            })
        };
        let own = format!("split/{split}/");
        has_frozen
            && assignment.is_some_and(is_assigned)
            && self.none_open(|one| {
                one.finding.code.starts_with("HT-Q2")
                    && one.finding.severity != Severity::Information
                    && one.finding.object.starts_with(&own)
            })
    }
}
