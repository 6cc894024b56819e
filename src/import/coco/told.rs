//! What is told of annotations that are worked on in any order and by any number of threads: the same as when they are
//! worked on in the order of the file.

use std::collections::{BTreeMap, btree_map};

use super::super::report::LossReport;

/// What was told of annotations in whatever order they were worked on: each code with the message about the one that
/// stands first in the file.
#[derive(Debug, Default)]
pub(super) struct Told(BTreeMap<(Weight, &'static str), First>);

/// How much something weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It is not taken over.
    Loss,
    /// It deserves a look.
    Warning,
}

/// How often a code was told, and of which record first.
#[derive(Debug)]
struct First {
    count: u64,
    index: usize,
    message: String,
}

impl Told {
    /// Counts one case; `message` is asked for only when none is before it.
    pub(super) fn add(
        &mut self,
        weight: Weight,
        code: &'static str,
        index: usize,
        message: impl FnOnce() -> String,
    ) {
        match self.0.entry((weight, code)) {
            btree_map::Entry::Vacant(entry) => {
                entry.insert(First {
                    count: 1,
                    index,
                    message: message(),
                });
            }
            btree_map::Entry::Occupied(mut entry) => {
                let first = entry.get_mut();
                first.count += 1;
                if index < first.index {
                    (first.index, first.message) = (index, message());
                }
            }
        }
    }

    /// Adds all of another's.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, told) in other.0 {
            match self.0.entry(key) {
                btree_map::Entry::Vacant(entry) => {
                    entry.insert(told);
                }
                btree_map::Entry::Occupied(mut entry) => {
                    let first = entry.get_mut();
                    first.count += told.count;
                    if told.index < first.index {
                        (first.index, first.message) = (told.index, told.message);
                    }
                }
            }
        }
    }

    /// Adds everything to a report.
    pub(super) fn report_to(&self, report: &mut LossReport) {
        for ((weight, code), first) in &self.0 {
            let entries = match weight {
                Weight::Loss => &mut report.losses,
                Weight::Warning => &mut report.warnings,
            };
            entries.add_many(code, first.count, || first.message.clone());
        }
    }
}
