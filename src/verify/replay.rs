//! The law of every commit: its events, folded over the version of its first parent, give its root and counts.
//!
//! Nothing derived is believed: the nodes of all versions are made anew.

use std::collections::BTreeMap;

use crate::id::CommitId;
use crate::log::{Commit, LogError};
use crate::replay::{ReplayError, replay_commit};
use crate::snapshot::count;
use crate::store::Store;
use crate::tree::Tree;

use super::finding::{Finding, NOT_CHECKED, REPLAY_EVENT, REPLAY_ROOT, chain, of_store};
use super::nodes::MadeNodes;
use super::objects::{Objects, path_of};
use super::refs::Refs;
use super::{Check, VerifyStage};

/// What replaying gave: a tree, or none where it failed.
type Trees = BTreeMap<CommitId, Option<Tree>>;

/// Replays every commit that refs lead to, parents first.
pub(super) fn check(check: &mut Check<'_>, objects: &mut Objects, refs: &Refs) {
    let order = parents_first(check, objects, refs);
    let total = u64::try_from(order.len()).unwrap_or(0);
    let replayed = MadeNodes::new(check.store);
    let empty = Tree::empty(&mut replayed.sink());
    let mut trees = Trees::new();
    let mut left_out = 0_u64;
    for (done, (id, commit)) in (1_u64..).zip(&order) {
        let parent = match commit.first_parent() {
            None => Some(empty),
            Some(parent) => trees.get(&parent).copied().flatten(),
        };
        let tree = match parent {
            Some(parent) => check_commit(check, &replayed, parent, *id, commit),
            None => {
                left_out += 1;
                None
            }
        };
        trees.insert(*id, tree);
        check.tell(VerifyStage::Replay, done, total);
    }
    if left_out > 0 {
        let what = format!("{left_out} commits were not replayed, since one before them is damaged");
        check.find(NOT_CHECKED.about("objects", what));
    }
}

/// Returns all commits that can be read, each after its parents.
pub(super) fn parents_first(
    check: &mut Check<'_>,
    objects: &mut Objects,
    refs: &Refs,
) -> Vec<(CommitId, Commit)> {
    let mut order = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (tip, by) in &refs.commits {
        // Whether a commit's parents are done already stands beside it.
        let mut open = vec![(*tip, false)];
        while let Some((id, parents_done)) = open.pop() {
            if !parents_done && !seen.insert(id) {
                continue;
            }
            let Some(commit) = objects.commit(check, id, by) else {
                continue;
            };
            if parents_done {
                order.push((id, commit.clone()));
            } else {
                open.push((id, true));
                open.extend(commit.parents.iter().map(|parent| (*parent, false)));
            }
        }
    }
    order
}

/// Replays one commit; returns its tree when it is the one that the commit names.
fn check_commit(
    check: &mut Check<'_>,
    replayed: &MadeNodes,
    parent: Tree,
    id: CommitId,
    commit: &Commit,
) -> Option<Tree> {
    let tree = match replay_commit(check.store, replayed, &mut replayed.sink(), parent, commit) {
        Ok(tree) => tree,
        Err(error) => {
            check.find(not_replayed(check.store, id, &error));
            return None;
        }
    };
    if tree.root() != commit.root {
        let what = format!(
            "its events give the root {}, it names {}",
            tree.root(),
            commit.root
        );
        check.find(REPLAY_ROOT.about(path_of(id.digest()), what));
    }
    match count(&tree, replayed) {
        Ok(counts) if counts == commit.counts => {}
        Ok(_) => {
            let what = "its events give other counts of records than it states";
            check.find(REPLAY_ROOT.about(path_of(id.digest()), what));
        }
        Err(error) => check.find(REPLAY_ROOT.about(path_of(id.digest()), chain(&error))),
    }
    (tree.root() == commit.root).then_some(tree)
}

fn not_replayed(store: &Store, id: CommitId, error: &ReplayError) -> Finding {
    let path = path_of(id.digest());
    let what = format!("it cannot be replayed: {}", chain(error));
    match error {
        ReplayError::Evolve { batch, .. } => REPLAY_EVENT.about(
            path_of(batch.digest()),
            format!("in commit {id}: {}", chain(error)),
        ),
        ReplayError::Log(LogError::Store(error)) => of_store(store, error),
        ReplayError::Tree(_) => REPLAY_ROOT.about(path, what),
        // Reported where the batch itself was read.
        ReplayError::Log(LogError::Commit { .. } | LogError::Encode(_))
        | ReplayError::Batch { .. }
        | ReplayError::EventCount { .. } => NOT_CHECKED.about(path, what),
    }
}
