//! The history of a release, replayed from its own files.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::history::{OBJECTS, SLOTS};
use super::super::manifest::RELEASE_NAME;
use super::super::record::ReleaseRecord;
use super::derived::{Trees, check_content};
use super::{BYTES_MAX, Checker};
use crate::codec::{from_canonical, to_canonical};
use crate::event::{BatchReader, EmptyState, Overlay, evolve};
use crate::id::{CommitId, Digest};
use crate::log::{BatchRange, Commit};
use crate::model::Counts;
use crate::snapshot::{TREE_RULE, count, snapshot_id};
use crate::store::Slot;
use crate::tree::{MemoryNodes, Tree, TreeBuilder};

/// Replays the history and compares what comes out with what `release.json` pins.
pub(super) fn replay(checker: &mut Checker<'_>, record: &ReleaseRecord) {
    let mut reached = BTreeSet::new();
    let Some(chain) = read_chain(checker, record.commit, &mut reached) else {
        return;
    };
    if let Some((_, tip)) = chain.last() {
        let says_same = tip.snapshot == record.snapshot
            && tip.root == record.root
            && tip.counts == record.counts
            && tip.committed_at == record.committed_at;
        if !says_same {
            checker.find(
                "HT-R010",
                RELEASE_NAME,
                "it does not say the same as the commit that it pins",
            );
        }
    }
    let mut nodes = MemoryNodes::default();
    let mut before = None;
    let mut state = Overlay::new(&EmptyState);
    for (id, commit) in &chain {
        for range in &commit.batches {
            if let Err((name, why)) = fold(checker, range, &mut state) {
                checker.find("HT-R009", &name, why);
                return;
            }
        }
        if record
            .previous
            .as_ref()
            .is_some_and(|previous| previous.commit == *id)
        {
            before = materialise(&state, &mut nodes).ok().map(|(tree, _)| tree);
        }
    }
    check_slots(checker, record);
    check_unreached(checker, &reached);
    if record.previous.is_some() && before.is_none() {
        let message = "the commit of the release before is not in the history";
        checker.find("HT-R010", RELEASE_NAME, message);
    }
    match materialise(&state, &mut nodes) {
        Ok((after, counts)) => {
            let snapshot = snapshot_id(after.root(), &counts);
            let is_same = after.root() == record.root
                && counts == record.counts
                && record.tree == TREE_RULE
                && snapshot.is_ok_and(|snapshot| snapshot == record.snapshot);
            if !is_same {
                checker.find(
                    "HT-R010",
                    RELEASE_NAME,
                    "replaying the history gives another snapshot",
                );
            }
            let trees = Trees {
                nodes: &nodes,
                before,
                after,
            };
            check_content(checker, record, &state, &trees);
        }
        Err(error) => checker.find("HT-R010", "history", error),
    }
}

/// Commits from the first to the one that is released, by first parents.
type Chain = Vec<(CommitId, Commit)>;

/// Reads a commit and those before it; returns the first parents, oldest first. All objects that any of them names
/// are noted as reached.
fn read_chain(checker: &mut Checker<'_>, tip: CommitId, reached: &mut BTreeSet<String>) -> Option<Chain> {
    let mut commits: BTreeMap<CommitId, Commit> = BTreeMap::new();
    let mut open = vec![tip];
    let mut is_whole = true;
    while let Some(id) = open.pop() {
        if commits.contains_key(&id) {
            continue;
        }
        let name = format!("{OBJECTS}{id}");
        let commit: Result<Commit, String> = read_object(checker, id.digest())
            .and_then(|bytes| from_canonical(&bytes).map_err(|error| error.to_string()));
        match commit {
            Ok(commit) => {
                reached.extend(
                    commit
                        .batches
                        .iter()
                        .map(|range| format!("{OBJECTS}{}", range.batch)),
                );
                open.extend(&commit.parents);
                commits.insert(id, commit);
            }
            Err(why) => {
                checker.find("HT-R009", &name, why);
                is_whole = false;
            }
        }
        reached.insert(name);
    }
    if !is_whole {
        return None;
    }
    let mut chain = Vec::new();
    let mut next = Some(tip);
    while let Some((id, commit)) = next.and_then(|id| Some((id, commits.remove(&id)?))) {
        next = commit.first_parent();
        chain.push((id, commit));
    }
    chain.reverse();
    Some(chain)
}

fn read_object(checker: &Checker<'_>, digest: Digest) -> Result<Vec<u8>, String> {
    let bytes = checker.read(&format!("{OBJECTS}{digest}"), BYTES_MAX)?;
    if Digest::of(&bytes) == digest {
        Ok(bytes)
    } else {
        Err("its bytes do not have the hash that is its name".to_owned())
    }
}

fn fold(
    checker: &mut Checker<'_>,
    range: &BatchRange,
    state: &mut Overlay<'_>,
) -> Result<(), (String, String)> {
    let fail = |why: String| (format!("{OBJECTS}{}", range.batch), why);
    let bytes = read_object(checker, range.batch.digest()).map_err(fail)?;
    let mut number = 0;
    for event in BatchReader::new(&bytes).map_err(|error| fail(error.to_string()))? {
        number += 1;
        let event = event.map_err(|error| fail(error.to_string()))?;
        checker
            .trail
            .note((range.batch, number), &event.context, &event.event);
        let edits = evolve(&*state, &event.context, &event.event).map_err(|error| {
            fail(format!(
                "its event {number} does not fit what was before: {error}"
            ))
        })?;
        state.apply(edits);
    }
    checker.check.events += number;
    if number == range.events {
        Ok(())
    } else {
        Err(fail(format!(
            "it holds {number} events, its commit says {}",
            range.events
        )))
    }
}

/// Builds the tree of a state in memory.
fn materialise(state: &Overlay<'_>, nodes: &mut MemoryNodes) -> Result<(Tree, Counts), String> {
    let mut builder = TreeBuilder::new();
    for (key, value) in state.edits().iter() {
        if let Some(value) = value {
            builder.push(key.as_bytes(), value, nodes);
        }
    }
    let tree = builder.finish(nodes);
    let counts = count(&tree, &*nodes).map_err(|error| error.to_string())?;
    Ok((tree, counts))
}

/// Checks that slots follow each other and that the last one names the commit.
fn check_slots(checker: &mut Checker<'_>, record: &ReleaseRecord) {
    let names: Vec<String> = checker
        .listed
        .range(SLOTS.to_owned()..)
        .map(|(name, _)| name.clone())
        .take_while(|name| name.starts_with(SLOTS))
        .collect();
    let mut previous = None;
    let mut last = None;
    for (seq, name) in (1_u64..).zip(&names) {
        let slot = checker.read(name, 1 << 20).and_then(|bytes| {
            read_slot(&bytes).ok_or_else(|| "it is no slot, or its digest is wrong".to_owned())
        });
        match slot {
            Ok((slot, digest)) => {
                if slot.seq != seq || slot.previous != previous || *name != format!("{SLOTS}{seq:010}") {
                    checker.find("HT-R009", name, "it does not follow the slot before it");
                }
                previous = Some(digest);
                last = slot.commit;
            }
            Err(why) => checker.find("HT-R009", name, why),
        }
    }
    if !names.is_empty() && last != Some(record.commit) {
        checker.find(
            "HT-R010",
            SLOTS,
            "the last slot does not name the commit that is released",
        );
    }
}

fn read_slot(bytes: &[u8]) -> Option<(Slot, Digest)> {
    let mut value: Value = from_canonical(bytes.strip_suffix(b"\n")?).ok()?;
    let digest = value.as_object_mut()?.remove("digest")?;
    let digest = Digest::parse(digest.as_str()?).ok()?;
    let rest = to_canonical(&value).ok()?;
    (Digest::of(&rest) == digest).then_some(())?;
    Some((from_canonical(&rest).ok()?, digest))
}

/// Notes objects that no commit names: they are listed, but nobody can tell what they are for.
fn check_unreached(checker: &mut Checker<'_>, reached: &BTreeSet<String>) {
    let unreached: Vec<String> = checker
        .listed
        .range(OBJECTS.to_owned()..)
        .map(|(name, _)| name)
        .take_while(|name| name.starts_with(OBJECTS))
        .filter(|name| !reached.contains(*name))
        .cloned()
        .collect();
    for name in unreached {
        checker.find("HT-R009", &name, "no commit of this release names it");
    }
}
