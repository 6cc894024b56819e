//! What a source had that was not taken over, and what a person should know about it.

use std::collections::BTreeMap;

/// One kind of loss or warning, with how often it occurred and a message that names an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A stable snake_case code, such as `box_without_image`.
    pub code: &'static str,
    /// How many records it concerns.
    pub count: u64,
    /// One sentence: what, where (file and record of the first case), why.
    pub message: String,
}

/// Collects entries by code: the first message of a code is kept, later ones are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entries(BTreeMap<&'static str, (u64, String)>);

impl Entries {
    /// Counts one case; `message` is asked for only the first time.
    pub fn add(&mut self, code: &'static str, message: impl FnOnce() -> String) {
        self.add_many(code, 1, message);
    }

    /// Counts `count` cases; nothing happens when it is 0.
    pub fn add_many(&mut self, code: &'static str, count: u64, message: impl FnOnce() -> String) {
        if count > 0 {
            self.0.entry(code).or_insert_with(|| (0, message())).0 += count;
        }
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Self) {
        for (code, (count, message)) in &other.0 {
            self.add_many(code, *count, || message.clone());
        }
    }

    /// Returns how many cases of a code there are.
    #[must_use]
    pub fn count(&self, code: &str) -> u64 {
        self.0.get(code).map_or(0, |(count, _)| *count)
    }

    /// Returns the entries, sorted by code.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + '_ {
        self.0.iter().map(|(code, (count, message))| Entry {
            code,
            count: *count,
            message: message.clone(),
        })
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a person is told after an import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LossReport {
    /// What the source had that was not taken over, or had itself lost before.
    pub losses: Entries,
    /// What was taken over and deserves a look.
    pub warnings: Entries,
}

impl LossReport {
    /// Adds all of another's.
    pub fn merge(&mut self, other: &Self) {
        self.losses.merge(&other.losses);
        self.warnings.merge(&other.warnings);
    }
}

/// Why a record, or a part of one, is not taken over: the code of the loss, and one sentence.
#[derive(Debug)]
pub(crate) struct Skip {
    /// The code.
    pub(crate) code: &'static str,
    /// The sentence, without the place.
    pub(crate) why: String,
}

impl Skip {
    /// Makes one.
    pub(crate) fn new(code: &'static str, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { code, why }
    }
}
