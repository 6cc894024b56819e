//! What the tree reads and writes, counted exactly: a path for one record, two for one difference, and new nodes only
//! along the path of a change. No clock is asked.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holotype::id::NodeId;
use holotype::snapshot::merge;
use holotype::tree::{
    MemoryNodes, Node, NodeSink, NodeSource, Tree, TreeBuilder, TreeEdit, TreeError, is_boundary,
};
use proptest::prelude::*;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Nodes, and how many were read.
struct Counting<'a> {
    nodes: &'a MemoryNodes,
    reads: AtomicU64,
}

impl<'a> Counting<'a> {
    fn of(nodes: &'a MemoryNodes) -> Self {
        Self {
            nodes,
            reads: AtomicU64::new(0),
        }
    }

    /// Returns how many nodes were read since it was asked last.
    fn reads(&self) -> u64 {
        self.reads.swap(0, Ordering::Relaxed)
    }
}

impl NodeSource for Counting<'_> {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.nodes.node(id)
    }

    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        self.nodes.value(id)
    }
}

/// A key as an annotation has it: a kind, eight bytes of an image, the annotation's own.
fn key(image: u32, n: u32) -> Vec<u8> {
    let image = blake3::hash(&image.to_le_bytes());
    let own = blake3::hash(&n.to_le_bytes());
    [&[0x30], &image.as_bytes()[..8], &own.as_bytes()[..16]].concat()
}

fn value(version: u32) -> Vec<u8> {
    format!("{{\"format\":\"annotation/1\",\"geometry\":{version}}}").into_bytes()
}

/// Forty images with annotations of which each has 1,000.
fn dataset() -> Map {
    (0..40_000).map(|n| (key(n / 1000, n), value(n))).collect()
}

fn build(map: &Map, sink: &mut dyn NodeSink) -> Tree {
    let mut builder = TreeBuilder::new();
    for (key, value) in map {
        builder.push(key, value, sink);
    }
    builder.finish(sink)
}

fn prepared() -> (Map, MemoryNodes, Tree, u64) {
    let (map, mut nodes) = (dataset(), MemoryNodes::default());
    let tree = build(&map, &mut nodes);
    let height = u64::from(nodes.node(tree.root()).unwrap().level()) + 1;
    assert_eq!(height, 3);
    (map, nodes, tree, height)
}

fn edited(tree: Tree, source: &dyn NodeSource, edits: Vec<TreeEdit>) -> (Tree, MemoryNodes) {
    let mut made = MemoryNodes::default();
    let tree = tree.edit(source, &mut made, edits).unwrap();
    (tree, made)
}

#[test]
fn one_record_costs_a_path() {
    let (map, nodes, tree, height) = prepared();
    let source = Counting::of(&nodes);
    for key in map.keys().step_by(997) {
        assert!(tree.get(&source, key).unwrap().is_some());
        assert_eq!(source.reads(), height);
    }
}

/// Each node as the stretch of keys that it is for: above the first, up to the second.
fn stretches(nodes: &MemoryNodes, root: NodeId, above: Vec<u8>, all: &mut Vec<(Vec<u8>, Vec<u8>)>) {
    let node = nodes.node(root).unwrap();
    let last = node.entry(node.len() - 1).unwrap().key.to_vec();
    all.push((above.clone(), last));
    if node.level() > 0 {
        let mut above = above;
        for entry in node.entries() {
            stretches(nodes, entry.child().unwrap(), above, all);
            above = entry.key.to_vec();
        }
    }
}

#[test]
fn a_scan_of_an_image_reads_the_nodes_that_it_is_in() {
    let (map, nodes, tree, _) = prepared();
    let mut all = Vec::new();
    stretches(&nodes, tree.root(), Vec::new(), &mut all);
    for image in 0..40 {
        let prefix = &key(image, 0)[..9];
        let source = Counting::of(&nodes);
        assert_eq!(tree.scan(&source, prefix).unwrap().count(), 1000);
        let behind = map
            .range(prefix.to_vec()..)
            .find(|(key, _)| !key.starts_with(prefix))
            .map(|(key, _)| key.clone());
        let needed = all.iter().filter(|(above, last)| {
            last.as_slice() >= prefix && behind.as_ref().is_none_or(|behind| above < behind)
        });
        assert_eq!(source.reads(), u64::try_from(needed.count()).unwrap());
    }
}

#[test]
fn one_new_value_costs_a_path_and_makes_one() {
    let (map, nodes, tree, height) = prepared();
    let source = Counting::of(&nodes);
    for key in map.keys().step_by(997) {
        let (changed, made) = edited(tree, &source, vec![(key.clone(), Some(value(u32::MAX)))]);
        assert_ne!(changed, tree);
        assert_eq!(source.reads(), height);
        assert_eq!(u64::try_from(made.len()).unwrap(), height);
    }
}

#[test]
fn what_comes_out_as_it_was_is_not_made_again() {
    let (map, nodes, tree, height) = prepared();
    let source = Counting::of(&nodes);
    let (key, value) = map.iter().nth(5000).unwrap();
    let (same, made) = edited(tree, &source, vec![(key.clone(), Some(value.clone()))]);
    assert_eq!((same, made.len()), (tree, 0));
    assert_eq!(source.reads(), height);
    let (same, made) = edited(tree, &source, Vec::new());
    assert_eq!((same, made.len(), source.reads()), (tree, 0, 1));
}

#[test]
fn one_difference_costs_two_paths() {
    let (map, mut nodes, tree, height) = prepared();
    for key in map.keys().step_by(4001) {
        let (changed, made) = edited(tree, &nodes, vec![(key.clone(), Some(value(u32::MAX)))]);
        nodes.extend(made);
        let source = Counting::of(&nodes);
        assert_eq!(tree.diff(&source, &changed).count(), 1);
        assert_eq!(source.reads(), 2 * height);
        assert_eq!(changed.diff(&source, &changed).count(), 0);
        assert_eq!(source.reads(), 0);
    }
}

#[test]
fn a_merge_reads_what_two_differences_read() {
    let (map, mut nodes, base, _) = prepared();
    let some = |from: usize| -> Vec<TreeEdit> {
        let keys = map.keys().skip(from).step_by(211);
        keys.map(|key| (key.clone(), Some(value(u32::MAX)))).collect()
    };
    let (ours, made) = edited(base, &nodes, some(1));
    nodes.extend(made);
    let (theirs, made) = edited(base, &nodes, some(77));
    nodes.extend(made);
    let source = Counting::of(&nodes);
    assert_eq!(base.diff(&source, &ours).count(), some(1).len());
    assert_eq!(base.diff(&source, &theirs).count(), some(77).len());
    let two_differences = source.reads();
    let merged = merge(&source, &base, &ours, &theirs).unwrap();
    assert_eq!((merged.edits.len(), merged.conflicts.len()), (some(77).len(), 0));
    assert_eq!(source.reads(), two_differences);
}

#[test]
fn each_node_below_many_edits_is_read_once() {
    let (map, nodes, tree, _) = prepared();
    let source = Counting::of(&nodes);
    let all = map
        .keys()
        .map(|key| (key.clone(), Some(value(u32::MAX))))
        .collect();
    let (_, made) = edited(tree, &source, all);
    assert_eq!(source.reads(), u64::try_from(nodes.len()).unwrap());
    assert_eq!(made.len(), nodes.len(), "a value moves no boundary");
}

/// Counts what it is given and holds nothing.
struct Away {
    leaf_entries: Rc<Cell<usize>>,
}

impl NodeSink for Away {
    fn keep(&mut self, id: NodeId, bytes: &[u8]) {
        let node = Node::decode(id, bytes.to_vec()).unwrap();
        if node.level() == 0 {
            self.leaf_entries.set(self.leaf_entries.get() + node.len());
        }
    }
}

#[test]
fn nodes_go_away_while_edits_come() {
    let map = dataset();
    let mut nodes = MemoryNodes::default();
    let empty = Tree::empty(&mut nodes);
    let leaf_entries = Rc::new(Cell::new(0));
    let (gone, longest) = (Rc::clone(&leaf_entries), Cell::new(0));
    let edits = map.iter().enumerate().map(|(taken, (key, value))| {
        longest.set(longest.get().max(taken - gone.get()));
        (key.clone(), Some(value.clone()))
    });
    let tree = empty.edit(&nodes, &mut Away { leaf_entries }, edits).unwrap();
    assert_eq!(gone.get(), map.len());
    assert!(longest.get() <= 73, "{} entries were held", longest.get());
    assert_eq!(tree, build(&map, &mut MemoryNodes::default()));
}

#[test]
fn a_tree_shrinks_to_the_root_of_what_is_left() {
    let (map, nodes, tree, _) = prepared();
    for left in [0, 1, 8, 100, 3000] {
        let rest: Map = map.clone().into_iter().skip(17_000).take(left).collect();
        let edits = map.keys().filter(|key| !rest.contains_key(*key));
        // What is made is not in the source.
        let (smaller, _) = edited(tree, &nodes, edits.map(|key| (key.clone(), None)).collect());
        assert_eq!(smaller, build(&rest, &mut MemoryNodes::default()), "{left} left");
    }
}

#[test]
fn edits_out_of_order_are_refused() {
    let (_, nodes, tree, _) = prepared();
    for keys in [[2, 1], [1, 1]] {
        let edits = keys.map(|byte| (vec![byte], Some(value(0))));
        let result = tree.edit(&nodes, &mut MemoryNodes::default(), edits);
        assert!(matches!(result, Err(TreeError::Unsorted)));
    }
}

#[test]
fn a_key_that_ends_a_node_may_end_the_tree() {
    // The last key of a node that stays open stays the last one when all behind it goes.
    let map: Map = dataset().into_iter().take(2000).collect();
    let mut nodes = MemoryNodes::default();
    let tree = build(&map, &mut nodes);
    let ends: BTreeSet<usize> = (100..1900)
        .filter(|n| is_boundary(map.keys().nth(*n).unwrap(), 0, 40))
        .collect();
    assert!(ends.len() > 100);
    for end in ends.into_iter().step_by(23) {
        let rest: Map = map
            .clone()
            .into_iter()
            .enumerate()
            .filter(|(n, _)| *n <= end && *n != end - 3)
            .map(|(_, e)| e)
            .collect();
        let edits = map.keys().filter(|key| !rest.contains_key(*key));
        let (smaller, _) = edited(tree, &nodes, edits.map(|key| (key.clone(), None)).collect());
        assert_eq!(smaller, build(&rest, &mut MemoryNodes::default()), "up to {end}");
    }
}

fn small_key() -> impl Strategy<Value = Vec<u8>> {
    (0..4_u32, 0..1500_u32).prop_map(|(image, n)| key(image, n))
}

fn edits() -> impl Strategy<Value = BTreeMap<Vec<u8>, Option<Vec<u8>>>> {
    let new = prop_oneof![3 => (0..3_u32).prop_map(|v| Some(value(v))), 2 => Just(None)];
    prop::collection::btree_map(small_key(), new, 0..1500)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn edits_in_portions_are_edits_at_once(
        before in edits(),
        edits in edits(),
        portions in 1..6_usize,
        by_key in any::<bool>(),
    ) {
        let mut nodes = MemoryNodes::default();
        let mut map: Map = before.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        let start = build(&map, &mut nodes);
        let all: Vec<TreeEdit> = edits.clone().into_iter().collect();
        let (at_once, _) = edited(start, &nodes, all.clone());
        let mut tree = start;
        for portion in 0..portions {
            // Neighbouring keys together, or keys dealt out in turn.
            let of = |n: usize| if by_key { n * portions / all.len() } else { n % portions };
            let some = all.iter().enumerate().filter(|(n, _)| of(*n) == portion);
            let (next, made) = edited(tree, &nodes, some.map(|(_, edit)| edit.clone()).collect());
            nodes.extend(made);
            tree = next;
        }
        for (key, value) in edits {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        prop_assert_eq!(tree, at_once);
        prop_assert_eq!(tree, build(&map, &mut MemoryNodes::default()));
    }
}
