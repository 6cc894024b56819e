//! What an export could not say in the format asked for.

use std::collections::BTreeMap;

/// One kind of loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportLoss {
    /// A stable snake_case code, such as `polygon_holes`.
    pub code: &'static str,
    /// How many records it concerns.
    pub count: u64,
    /// One sentence: what of the first case, and why.
    pub message: String,
}

/// What was not written, by code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportReport(BTreeMap<&'static str, (u64, String)>);

impl ExportReport {
    /// Counts cases; the message is asked for only the first time, and nothing happens when `count` is 0.
    pub(super) fn add(&mut self, code: &'static str, count: u64, message: impl FnOnce() -> String) {
        if count > 0 {
            self.0.entry(code).or_insert_with(|| (0, message())).0 += count;
        }
    }

    /// Adds all of another's.
    pub(super) fn merge(&mut self, other: Self) {
        for (code, (count, message)) in other.0 {
            self.add(code, count, || message);
        }
    }

    /// Returns the losses, sorted by code.
    pub fn losses(&self) -> impl Iterator<Item = ExportLoss> + '_ {
        self.0.iter().map(|(code, (count, message))| ExportLoss {
            code,
            count: *count,
            message: message.clone(),
        })
    }

    /// Returns how many cases of a code there are.
    #[must_use]
    pub fn count(&self, code: &str) -> u64 {
        self.0.get(code).map_or(0, |(count, _)| *count)
    }

    /// Whether nothing was lost.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
