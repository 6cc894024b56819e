//! What `verify` finds: a code, how bad it is, what it is about and a sentence.

use std::path::Path;

use crate::store::{Store, StoreError};

pub use crate::model::Severity;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding: one of [`CODES`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The path of a file below `.holotype`.
    pub object: String,
    /// What is wrong, in words.
    pub message: String,
}

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    text: &'static str,
    severity: Severity,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $severity:ident, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub(super) const $name: Code = Code { text: $text, severity: Severity::$severity };
        )*

        /// All codes, how bad they are and what they mean. A code never changes its meaning.
        pub const CODES: &[(&str, Severity, &str)] = &[
            $(($text, Severity::$severity, $meaning),)*
        ];
    };
}

codes! {
    DAMAGED = "HT-E001", Error, "the bytes of a file are not those that its name or its own digest says";
    MISSING = "HT-E002", Error, "a file that another one names is missing";
    UNREADABLE = "HT-E003", Error, "a file cannot be read";
    NEWER = "HT-E004", Error, "a file is of a newer format than this version reads";
    FORM = "HT-E005", Error, "an object is not what it is used as, or not in canonical form";
    RANGE = "HT-E006", Error, "a commit describes a batch otherwise than the batch is";
    SNAPSHOT = "HT-E007", Error, "a commit's snapshot id does not follow from its root and counts";
    REPLAY_ROOT = "HT-E008", Error, "a commit's events do not lead from its parent to its root or counts";
    REPLAY_EVENT = "HT-E009", Error, "an event does not fit the version before it";
    CHAIN = "HT-E010", Error, "a branch's slots have a gap, or one does not follow from the one before";
    LINEAGE = "HT-E011", Error, "a slot's commit does not continue the commit of the slot before";
    REMOVED = "HT-E012", Error, "a slot or tag that the witness saw is gone or was replaced";
    WITNESS = "HT-E013", Error, "the witness is damaged";
    SIZE = "HT-E014", Error, "the bytes of an image have another length than was recorded";
    DRAFT = "HT-E015", Error, "the draft does not fit the version that it was begun on";
    PRIVATE = "HT-E016", Error, "a private object is missing and was not erased";
    STRAY = "HT-W001", Warning, "a file or folder that belongs to no repository";
    NOT_ERASED = "HT-W002", Warning, "something was erased and its bytes are still there";
    DRAFT_BEHIND = "HT-W003", Warning, "the draft does not fit what was committed since it was begun";
    UNREACHED = "HT-I001", Information, "no commit, tag or draft leads to it";
    ERASED = "HT-I002", Information, "erased, as its tombstone says";
    NOT_COPIED = "HT-I003", Information, "the bytes were not copied into the repository";
    LAGGING = "HT-I004", Information, "the witness has not seen all slots and tags, as after a crash";
    TORN = "HT-I005", Information, "the draft ends with what a crash left of a line that was never acknowledged";
    SEALED = "HT-I006", Information, "the draft is sealed by a commit already";
    DERIVED = "HT-I007", Information, "a derived file is damaged and is rebuilt when needed";
    NO_PRIVATE = "HT-I008", Information, "this copy has no private objects";
    NOT_HERE = "HT-I010", Information, "the bytes of an image never came in here: an export of another dataset told of it";
    NOT_CHECKED = "HT-I009", Information, "not checked, since what it builds on is damaged";
}

impl Code {
    /// Makes a finding of this kind.
    pub(super) fn about(self, object: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            code: self.text,
            severity: self.severity,
            object: object.into(),
            message: message.into(),
        }
    }
}

/// Turns a failure of the store into a finding about the file that it names.
pub(super) fn of_store(store: &Store, error: &StoreError) -> Finding {
    let at = |path: &Path| {
        let below = path.strip_prefix(store.root()).unwrap_or(path);
        below.to_string_lossy().into_owned()
    };
    match error {
        StoreError::Damaged { path, why } => DAMAGED.about(at(path), why),
        StoreError::Missing { path } => MISSING.about(at(path), "it is missing"),
        StoreError::NewerFormat { path, why } => NEWER.about(at(path), why),
        StoreError::Io { action, path, source } => {
            UNREADABLE.about(at(path), format!("cannot {action} it: {source}"))
        }
        StoreError::NoRepository { path }
        | StoreError::RepositoryExists { path }
        | StoreError::Poisoned { path, .. } => UNREADABLE.about(at(path), error.to_string()),
        StoreError::Random => UNREADABLE.about("", error.to_string()),
    }
}

/// Returns an error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_say_how_bad_they_are() {
        let mut texts: Vec<&str> = CODES.iter().map(|(text, _, _)| *text).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), CODES.len());
        for (text, severity, _) in CODES {
            let letter = match severity {
                Severity::Error => "HT-E",
                Severity::Warning => "HT-W",
                Severity::Information => "HT-I",
            };
            assert!(text.starts_with(letter), "{text}");
        }
    }
}
