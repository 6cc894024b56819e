//! The three-way merge of two snapshots against their base, record by record.

use crate::tree::{Change, NodeSource, Tree, TreeChange, TreeEdit, TreeError};

/// A record that both sides changed, differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value in the base.
    pub base: Option<Vec<u8>>,
    /// Ours.
    pub ours: Option<Vec<u8>>,
    /// Theirs.
    pub theirs: Option<Vec<u8>>,
}

/// What a merge gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergeResult {
    /// The edits that take *ours* to the merged state, conflicts left as ours.
    pub edits: Vec<TreeEdit>,
    /// What both sides changed, differently.
    pub conflicts: Vec<Conflict>,
}

/// Merges `theirs` into `ours`; `base` is what both came from. Costs two diffs.
///
/// # Errors
/// [`TreeError`] when a node cannot be had.
pub fn merge(
    source: &dyn NodeSource,
    base: &Tree,
    ours: &Tree,
    theirs: &Tree,
) -> Result<MergeResult, TreeError> {
    let mut our_changes = base.diff(source, ours);
    let mut our_change = our_changes.next().transpose()?;
    let mut result = MergeResult::default();
    for change in base.diff(source, theirs) {
        let TreeChange { key, change } = change?;
        let (base, theirs) = sides(change);
        while our_change.as_ref().is_some_and(|ours| ours.key < key) {
            our_change = our_changes.next().transpose()?;
        }
        let ours = our_change.take_if(|ours| ours.key == key);
        match ours.map(|ours| sides(ours.change).1) {
            None => result.edits.push((key, theirs)),
            Some(ours) => {
                our_change = our_changes.next().transpose()?;
                if ours != theirs {
                    result.conflicts.push(Conflict {
                        key,
                        base,
                        ours,
                        theirs,
                    });
                }
            }
        }
    }
    Ok(result)
}

/// Returns the value before and after.
fn sides(change: Change<Vec<u8>>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    match change {
        Change::Added(after) => (None, Some(after)),
        Change::Removed(before) => (Some(before), None),
        Change::Modified { before, after } => (Some(before), Some(after)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::tree::MemoryNodes;

    fn tree(nodes: &mut MemoryNodes, map: &BTreeMap<u16, u8>) -> Tree {
        let edits = map
            .iter()
            .map(|(key, value)| (key.to_be_bytes().to_vec(), Some(vec![*value])));
        let empty = Tree::empty(nodes);
        let source = nodes.clone();
        empty.edit(&source, nodes, edits).unwrap()
    }

    fn apply(nodes: &mut MemoryNodes, tree: Tree, edits: Vec<TreeEdit>) -> Tree {
        let source = nodes.clone();
        tree.edit(&source, nodes, edits).unwrap()
    }

    fn maps() -> impl Strategy<Value = BTreeMap<u16, u8>> {
        prop::collection::btree_map(0..60_u16, 0..4_u8, 0..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn the_algebra_of_merges_holds(base in maps(), ours in maps(), theirs in maps()) {
            let mut nodes = MemoryNodes::default();
            let (b, o, t) = (tree(&mut nodes, &base), tree(&mut nodes, &ours), tree(&mut nodes, &theirs));
            // Merging what is the base changes nothing; into the base gives theirs; with itself nothing.
            prop_assert_eq!(merge(&nodes, &b, &o, &b).unwrap(), MergeResult::default());
            prop_assert_eq!(merge(&nodes, &b, &o, &o).unwrap(), MergeResult::default());
            let into_base = merge(&nodes, &b, &b, &t).unwrap();
            prop_assert!(into_base.conflicts.is_empty());
            prop_assert_eq!(apply(&mut nodes, b, into_base.edits), t);
            // Both directions find the same conflicts, and without any give the same tree.
            let there = merge(&nodes, &b, &o, &t).unwrap();
            let back = merge(&nodes, &b, &t, &o).unwrap();
            let keys = |result: &MergeResult| result.conflicts.iter().map(|c| c.key.clone()).collect::<Vec<_>>();
            prop_assert_eq!(keys(&there), keys(&back));
            if there.conflicts.is_empty() {
                let merged = apply(&mut nodes, o, there.edits.clone());
                prop_assert_eq!(merged, apply(&mut nodes, t, back.edits));
            }
            // Key by key: one side's change is taken, equal changes agree.
            let merged = apply(&mut nodes, o, there.edits.clone());
            for key in 0..60_u16 {
                let bytes = key.to_be_bytes();
                if keys(&there).iter().any(|conflict| conflict == &bytes) {
                    continue;
                }
                let expected = if ours.get(&key) == base.get(&key) { theirs.get(&key) } else { ours.get(&key) };
                prop_assert_eq!(merged.get(&nodes, &bytes).unwrap(), expected.map(|value| vec![*value]));
            }
        }
    }
}
