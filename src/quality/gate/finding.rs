//! What the gate finds, and what became of it.

use std::collections::BTreeSet;

use crate::model::Severity;
use crate::quality::splits::LeakFinding;

use super::codes::Code;
use super::procedure::JudgedStep;
use super::waiver::Waiver;

/// How many names a message gives before it counts.
const NAMES: usize = 5;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding: one of [`super::CODES`], or of those of splits.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, such as `fact/scanner/CS2`; with the code it names the finding.
    pub object: String,
    /// What is wrong, in words.
    pub message: String,
    /// The command that settles it.
    pub settle: String,
    /// The names of what it concerns, all of them, sorted.
    pub items: Vec<String>,
}

impl Finding {
    /// A finding of a kind.
    pub(super) fn new(code: Code, object: String, message: String, settle: String) -> Self {
        Self {
            code: code.text,
            severity: code.severity,
            object,
            message,
            settle,
            items: Vec::new(),
        }
    }

    /// Says what it concerns.
    pub(super) fn about(mut self, items: BTreeSet<String>) -> Self {
        self.items = items.into_iter().collect();
        self
    }
}

impl From<LeakFinding> for Finding {
    fn from(leak: LeakFinding) -> Self {
        Self {
            code: leak.code,
            severity: leak.severity,
            object: leak.object,
            message: leak.message,
            settle: leak.settle,
            items: Vec::new(),
        }
    }
}

/// A finding, and the waiver under which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The finding.
    pub finding: Finding,
    /// The waiver that covers it today.
    pub waiver: Option<Waiver>,
}

impl Judged {
    /// Whether something is to be done: it is more than information, and not waived.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.finding.severity != Severity::Information && self.waiver.is_none()
    }
}

/// What the gate says of a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The findings: the worst first, then by code and object.
    pub findings: Vec<Judged>,
    /// The steps of the procedure, in order.
    pub steps: Vec<JudgedStep>,
}

impl Report {
    /// Returns how many findings are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.findings.iter().filter(|one| one.is_open()).count()
    }

    /// Returns the open findings of severity error.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        let open = self.findings.iter().filter(|one| one.is_open());
        open.map(|one| &one.finding)
            .filter(|finding| finding.severity == Severity::Error)
    }

    /// Returns the steps that are not done.
    pub fn open_steps(&self) -> impl Iterator<Item = &JudgedStep> {
        self.steps.iter().filter(|step| step.is_open())
    }

    /// Whether nothing is open.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.open() == 0
    }
}

/// The first names, and how many more there are.
pub(super) fn some<'n>(names: impl IntoIterator<Item = &'n String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    let first: Vec<&str> = names.iter().take(NAMES).copied().collect();
    match names.len().saturating_sub(NAMES) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// A word as a shell takes it: as it is, or quoted.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `1 image`, `2 images`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
