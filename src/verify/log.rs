//! The log: everything that refs lead to is there and is what the commits say.

use std::collections::BTreeSet;

use crate::id::CommitId;

use super::Check;
use super::batch::Named;
use super::finding::RANGE;
use super::objects::{Objects, path_of};
use super::refs::Refs;

/// Walks from the refs through all commits and their batches; returns what they name.
pub(super) fn walk(check: &mut Check<'_>, objects: &mut Objects, refs: &Refs) -> Named {
    let mut named = Named::default();
    for (author, by) in &refs.authors {
        named.name_private(*author, by);
    }
    let mut seen: BTreeSet<CommitId> = BTreeSet::new();
    let mut open = refs.commits.clone();
    while let Some((id, by)) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let Some(commit) = objects.commit(check, id, &by).cloned() else {
            continue;
        };
        let path = path_of(id.digest());
        named.name_private(commit.author, &path);
        open.extend(commit.parents.iter().map(|parent| (*parent, path.clone())));
        for range in &commit.batches {
            let Some(facts) = objects.batch(check, range.batch.digest(), &path) else {
                continue;
            };
            named.take(facts, &path_of(range.batch.digest()));
            for difference in facts.differences(range) {
                check.find(RANGE.about(&path, format!("batch {}: {difference}", range.batch)));
            }
        }
    }
    named
}
