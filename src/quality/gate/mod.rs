//! The gate: what keeps a version from being relied on or given away, gathered from all that can be computed about it.
//!
//! It gathers leaks of splits, required facts that nobody stated, values that look like one, scales that cannot be,
//! images that nobody looked at, labels without use, personal data, and open steps of the procedure; and it holds them
//! against waivers. Pure: headers of files, the log and today's date come in with [`Surroundings`]. It settles nothing.

mod codes;
mod content;
mod domains;
mod finding;
mod inventory;
mod personal;
mod procedure;
mod profile;
mod required;
mod scale;
mod vocabulary;
mod waiver;

#[cfg(test)]
mod tests;

pub use codes::{CODES, meaning};
pub use domains::covered_facts;
pub use finding::{Finding, Judged, Report};
pub use inventory::Inventory;
pub use personal::{Headers, personal_in_files, personal_that_is_new};
pub use procedure::{Evidence, JudgedStep, Procedure, ProcedureError, Step, StepState, sign_off_fact};
pub use profile::{Field, FieldOf, Profile, ProfileError};
pub use vocabulary::{FactUse, fact_values};
pub use waiver::{Waiver, waiver_fact, waivers};

use std::collections::BTreeMap;

use crate::event::{State, StateError};
use crate::model::Look;
use crate::quality::splits;

/// What has to be done before the gate opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    /// Findings have to be settled.
    #[default]
    Standard,
    /// And the steps of the procedure be done.
    Strict,
}

/// What the gate has to be told.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The facts that have to be stated, and words for one thing.
    pub profile: Profile,
    /// The steps that have to be done.
    pub procedure: Procedure,
    /// Whether steps that are not done are findings.
    pub gate: Gate,
    /// How many releases there are.
    pub releases: usize,
    /// What images look like, by name.
    pub looks: BTreeMap<String, Look>,
    /// What the headers of images say.
    pub headers: Headers,
    /// Today, as `2026-11-01`: a waiver ends with its day.
    pub today: String,
}

/// Judges a version.
///
/// # Errors
/// [`StateError`] when a record cannot be had or decoded.
pub fn check(state: &dyn State, around: &Surroundings) -> Result<Report, StateError> {
    let mut inventory = Inventory::read(state)?;
    inventory.material = inventory.material.with_looks(&around.looks);
    let mut findings = Vec::new();
    for (name, assignment) in &inventory.splits {
        let frozen = splits::frozen_parts(state, name)?;
        let leaks = splits::check(&inventory.material, name, assignment, &frozen);
        findings.extend(leaks.into_iter().map(Finding::from));
    }
    required::check(&inventory, &around.profile, &mut findings);
    vocabulary::check(&inventory, &around.profile, &mut findings);
    scale::check(&inventory, &mut findings);
    content::check(&inventory, &mut findings);
    domains::check(&inventory, &around.profile, &mut findings);
    personal::check(&inventory, &around.headers, &mut findings);
    let mut report = waiver::judge(findings.clone(), &inventory.dataset, &around.today);
    let scene = procedure::Scene {
        inventory: &inventory,
        report: &report,
        releases: around.releases,
    };
    let steps = procedure::judge(&around.procedure, &scene);
    if around.gate == Gate::Strict {
        findings.extend(steps.iter().filter_map(JudgedStep::finding));
        report = waiver::judge(findings, &inventory.dataset, &around.today);
    }
    report.steps = steps;
    Ok(report)
}
