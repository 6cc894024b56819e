//! Waivers: a finding that somebody decided to live with, for a reason and until a day.
//!
//! A waiver is a fact of the dataset, `waiver.CODE` for all findings of a code or `waiver.CODE.OBJECT` for one; its value
//! is `YYYY-MM-DD REASON`, the last day on which it holds. The event that states it says who and when. A waiver is taken
//! back as any fact is.

use std::collections::BTreeMap;

use crate::model::{FactValue, Facts};
use crate::time::Timestamp;

use super::codes::{WAIVER_ENDED, WAIVER_IDLE, WAIVER_UNREADABLE, meaning};
use super::finding::{Finding, Judged, Report, quoted};

/// With what the names of facts that are waivers begin.
const PREFIX: &str = "waiver.";

/// A waiver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Waiver {
    /// The code of the findings.
    pub code: String,
    /// The finding; `None` is all of the code.
    pub object: Option<String>,
    /// The last day on which it holds, `2026-11-01`.
    pub until: String,
    /// Why.
    pub reason: String,
}

impl Waiver {
    /// Returns the name of the fact that it is.
    #[must_use]
    pub fn fact(&self) -> String {
        waiver_fact(&self.code, self.object.as_deref())
    }

    /// Returns the value of the fact that it is.
    #[must_use]
    pub fn value(&self) -> String {
        format!("{} {}", self.until, self.reason)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self, today: &str) -> bool {
        self.until.as_str() < today
    }

    fn covers(&self, finding: &Finding) -> bool {
        self.code == finding.code
            && self
                .object
                .as_ref()
                .is_none_or(|object| *object == finding.object)
    }

    /// What it is about, as findings about waivers name it.
    fn name(&self) -> String {
        let object = self.object.as_ref().map(|object| format!("/{object}"));
        format!("waiver/{}{}", self.code, object.unwrap_or_default())
    }
}

/// Returns the name of the fact that a waiver is.
#[must_use]
pub fn waiver_fact(code: &str, object: Option<&str>) -> String {
    let object = object.map(|object| format!(".{object}")).unwrap_or_default();
    format!("{PREFIX}{code}{object}")
}

fn parse(name: &str, value: &FactValue) -> Option<Waiver> {
    let rest = name.strip_prefix(PREFIX)?;
    let (code, object) = match rest.split_once('.') {
        Some((code, object)) => (code, Some(object.to_owned())),
        None => (rest, None),
    };
    meaning(code)?;
    let (until, reason) = value.as_text()?.split_once(' ')?;
    let day = Timestamp::parse_time_or_end_of_day(until).ok()?.to_day();
    (day == until && !reason.trim().is_empty()).then(|| Waiver {
        code: code.to_owned(),
        object,
        until: day,
        reason: reason.trim().to_owned(),
    })
}

/// Reads the waivers among the dataset's facts, by the names of the facts; `None` where one is unreadable.
#[must_use]
pub fn waivers(facts: &Facts) -> BTreeMap<String, Option<Waiver>> {
    let named = facts.iter().filter(|(name, _)| name.starts_with(PREFIX));
    named
        .map(|(name, value)| (name.clone(), parse(name, value)))
        .collect()
}

/// Holds findings against waivers; adds what is wrong with the latter.
pub(super) fn judge(findings: Vec<Finding>, dataset: &Facts, today: &str) -> Report {
    let mut extra = Vec::new();
    let mut valid = Vec::new();
    for (fact, waiver) in waivers(dataset) {
        let take_back = format!("holotype set dataset {}", quoted(&format!("{fact}=")));
        match waiver {
            None => extra.push(Finding::new(
                WAIVER_UNREADABLE,
                format!("dataset/{fact}"),
                format!("the fact {fact} is no waiver: its value is 'YYYY-MM-DD REASON', its name waiver.CODE.OBJECT"),
                take_back,
            )),
            Some(waiver) if waiver.has_ended(today) => extra.push(Finding::new(
                WAIVER_ENDED,
                waiver.name(),
                format!("the waiver of {} ended on {}: {}", waiver.code, waiver.until, waiver.reason),
                format!("settle the finding, or give it again with holotype check waive; {take_back}"),
            )),
            Some(waiver) => {
                if !findings.iter().any(|finding| waiver.covers(finding)) {
                    extra.push(Finding::new(
                        WAIVER_IDLE,
                        waiver.name(),
                        format!("nothing is found that the waiver of {} is about", waiver.code),
                        take_back,
                    ));
                }
                valid.push(waiver);
            }
        }
    }
    let mut judged: Vec<Judged> = findings
        .into_iter()
        .chain(extra)
        .map(|finding| Judged {
            waiver: valid.iter().find(|waiver| waiver.covers(&finding)).cloned(),
            finding,
        })
        .collect();
    judged.sort_by(|a, b| {
        let key = |one: &'_ Judged| (one.finding.severity, one.finding.code, one.finding.object.clone());
        key(a).cmp(&key(b))
    });
    Report {
        findings: judged,
        steps: Vec::new(),
    }
}
