//! Slots, tags and the witness.

use std::collections::BTreeMap;

use crate::id::{CommitId, Digest, PrivateId};
use crate::store::SlotRead;

use super::Check;
use super::finding::{CHAIN, LAGGING, LINEAGE, MISSING, REMOVED, WITNESS};
use super::inventory::Inventory;
use super::objects::Objects;

/// The refs that could be read.
#[derive(Debug, Default)]
pub(super) struct Refs {
    /// The slots of each branch, in order.
    pub slots: BTreeMap<String, Vec<SlotRead>>,
    /// Commits that refs name, each with the path of the ref.
    pub commits: Vec<(CommitId, String)>,
    /// Who gave tags, with the path of the tag.
    pub authors: Vec<(PrivateId, String)>,
}

/// The path of a slot below `.holotype`.
pub(super) fn slot_path(branch: &str, seq: u64) -> String {
    format!("refs/heads/{branch}/{seq:010}")
}

/// Checks all refs.
pub(super) fn check(check: &mut Check<'_>, files: &Inventory) -> Refs {
    let mut refs = Refs::default();
    for (branch, numbers) in &files.slots {
        let slots = check_branch(check, branch, numbers.iter().copied());
        for read in &slots {
            let path = slot_path(branch, read.slot.seq);
            refs.commits.extend(read.slot.commit.map(|commit| (commit, path)));
        }
        refs.slots.insert(branch.clone(), slots);
    }
    for name in &files.tags {
        match check.store.read_tag(name) {
            Ok(Some(tag)) => {
                let path = format!("refs/tags/{name}");
                refs.commits.push((tag.commit, path.clone()));
                refs.authors.push((tag.author, path));
            }
            Ok(None) => {
                check.find(MISSING.about(format!("refs/tags/{name}"), "it is gone since the check began"))
            }
            Err(error) => check.fail(&error),
        }
    }
    check_witness(check);
    refs
}

/// Reads the slots of a branch: from 1, without gaps, each naming the one before.
fn check_branch(check: &mut Check<'_>, branch: &str, numbers: impl Iterator<Item = u64>) -> Vec<SlotRead> {
    let mut slots: Vec<SlotRead> = Vec::new();
    let mut expected = 1;
    // What the next slot must name as the one before; unknown after one that cannot be read.
    let mut previous: Option<Option<Digest>> = Some(None);
    for seq in numbers {
        let path = slot_path(branch, seq);
        if seq != expected {
            let what = format!("slots {expected} to {} of the branch are missing", seq - 1);
            check.find(CHAIN.about(slot_path(branch, expected), what));
            previous = None;
        }
        expected = seq.saturating_add(1);
        let read = match check.store.read_slot(branch, seq) {
            Ok(Some(read)) => read,
            Ok(None) => {
                check.find(MISSING.about(path, "it is gone since the check began"));
                previous = None;
                continue;
            }
            Err(error) => {
                check.fail(&error);
                previous = None;
                continue;
            }
        };
        if previous.is_some_and(|previous| previous != read.slot.previous) {
            check.find(CHAIN.about(path, "it does not name the digest of the slot before it"));
        }
        previous = Some(Some(read.digest));
        slots.push(read);
    }
    slots
}

fn check_witness(check: &mut Check<'_>) {
    let state = match check.store.check_witness() {
        Ok(state) => state,
        Err(error) => return check.fail(&error),
    };
    for path in state.leading {
        check.find(REMOVED.about(path, "the witness saw another one here, or it is gone"));
    }
    if let Some(damage) = state.damage {
        check.find(WITNESS.about("refs/witness", damage));
    }
    if state.lagging > 0 {
        let what = format!(
            "it has not seen {} slots and tags, as after a crash",
            state.lagging
        );
        check.find(LAGGING.about("refs/witness", what));
    }
}

/// Checks that each slot's commit continues that of the slot before, along first parents.
pub(super) fn check_lineage(check: &mut Check<'_>, objects: &mut Objects, refs: &Refs) {
    for (branch, slots) in &refs.slots {
        let mut before: Option<CommitId> = None;
        for read in slots {
            let Some(commit) = read.slot.commit else { continue };
            let path = slot_path(branch, read.slot.seq);
            if let Some(before) = before
                && !continues(check, objects, commit, before, &path)
            {
                let what = format!("its commit {commit} does not continue {before}, that of the slot before");
                check.find(LINEAGE.about(path, what));
            }
            before = Some(commit);
        }
    }
}

/// Whether `before` is `commit` or an ancestor along first parents; also where damage hides the answer.
fn continues(
    check: &mut Check<'_>,
    objects: &mut Objects,
    commit: CommitId,
    before: CommitId,
    by: &str,
) -> bool {
    let mut at = commit;
    while at != before {
        let Some(commit) = objects.commit(check, at, by) else {
            return true;
        };
        match commit.first_parent() {
            Some(parent) => at = parent,
            None => return false,
        }
    }
    true
}
