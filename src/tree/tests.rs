use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Builds from scratch.
fn bulk(map: &Map, nodes: &mut MemoryNodes) -> Tree {
    let mut builder = TreeBuilder::new();
    for (key, value) in map {
        builder.push(key, value, nodes);
    }
    builder.finish(nodes)
}

fn edit(tree: Tree, nodes: &mut MemoryNodes, edits: &BTreeMap<Vec<u8>, Option<Vec<u8>>>) -> Tree {
    let source = nodes.clone();
    let edits = edits.iter().map(|(key, value)| (key.clone(), value.clone()));
    tree.edit(&source, nodes, edits).unwrap()
}

fn content(tree: Tree, nodes: &MemoryNodes) -> Map {
    tree.scan(nodes, &[]).unwrap().collect::<Result<_, _>>().unwrap()
}

fn key(n: u32) -> Vec<u8> {
    // Spread like digests, so that neighbours are not consecutive numbers.
    blake3::hash(&n.to_le_bytes()).as_bytes()[..6].to_vec()
}

fn value(n: u32, version: u32) -> Vec<u8> {
    let long = if n.is_multiple_of(97) { 1500 } else { 20 };
    format!("{{\"format\":\"x/1\",\"v\":{version}}}{}", " ".repeat(long)).into_bytes()
}

fn map_of(numbers: impl IntoIterator<Item = u32>) -> Map {
    numbers.into_iter().map(|n| (key(n), value(n, 0))).collect()
}

#[test]
fn an_empty_tree_has_a_root() {
    let mut nodes = MemoryNodes::default();
    let tree = Tree::empty(&mut nodes);
    assert_eq!(tree.count(&nodes).unwrap(), 0);
    assert_eq!(tree.get(&nodes, b"x").unwrap(), None);
    assert_eq!(content(tree, &nodes), Map::new());
    assert_eq!(bulk(&Map::new(), &mut nodes), tree);
    assert!(nodes.node(tree.root()).unwrap().is_empty());
    assert!(!nodes.is_empty() && MemoryNodes::default().is_empty());
}

/// Whole nodes go, and what is left is a node that nobody touched, at all places where that can be.
#[test]
fn what_is_left_of_a_tree_is_the_tree_of_what_is_left() {
    let mut nodes = MemoryNodes::default();
    let map = map_of(0..300);
    let tree = bulk(&map, &mut nodes);
    let keys: Vec<_> = map.keys().cloned().collect();
    for kept in (0..=keys.len()).flat_map(|at| [0..at, at..keys.len()]) {
        let left: Map = keys[kept.clone()]
            .iter()
            .map(|key| (key.clone(), map[key].clone()))
            .collect();
        let gone = keys.iter().filter(|key| !left.contains_key(*key));
        let gone = gone.map(|key| (key.clone(), None)).collect();
        let edited = edit(tree, &mut nodes, &gone);
        assert_eq!(edited, bulk(&left, &mut nodes), "{kept:?}");
    }
}

#[test]
fn a_tree_shrinks_to_any_node_that_nobody_touched() {
    let mut nodes = MemoryNodes::default();
    let map = map_of(0..9000);
    let tree = bulk(&map, &mut nodes);
    let root = nodes.node(tree.root()).unwrap();
    assert!(
        root.level() > 1 && root.len() > 2,
        "{} of {}",
        root.len(),
        root.level()
    );
    let mut begin = Vec::new();
    for place in 0..root.len() {
        let end = root.entry(place).unwrap().key.to_vec();
        let left: Map = map
            .range((Bound::Excluded(begin.clone()), Bound::Included(end.clone())))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let gone = map.keys().filter(|key| !left.contains_key(*key));
        let gone = gone.map(|key| (key.clone(), None)).collect();
        assert_eq!(edit(tree, &mut nodes, &gone), bulk(&left, &mut nodes), "{place}");
        begin = end;
    }
}

#[test]
fn everything_put_in_is_found() {
    let mut nodes = MemoryNodes::default();
    let map = map_of(0..5000);
    let tree = bulk(&map, &mut nodes);
    assert!(!nodes.node(tree.root()).unwrap().is_empty());
    assert_eq!(tree.count(&nodes).unwrap(), 5000);
    assert_eq!(content(tree, &nodes), map);
    for n in (0..5000).step_by(7) {
        assert_eq!(tree.get(&nodes, &key(n)).unwrap(), Some(value(n, 0)));
        assert_eq!(tree.get(&nodes, &key(n + 5000)).unwrap(), None);
    }
    let prefix = [key(3)[0]];
    let found: Map = tree
        .scan(&nodes, &prefix)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let expected: Map = map
        .into_iter()
        .filter(|(key, _)| key.starts_with(&prefix))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn nodes_have_about_the_size_aimed_at() {
    let mut nodes = MemoryNodes::default();
    let tree = bulk(&map_of(0..50_000), &mut nodes);
    let sizes: Vec<usize> = nodes
        .clone()
        .into_map()
        .into_iter()
        .filter_map(|(id, bytes)| Node::decode(id, bytes).ok())
        .filter(|node| node.level() == 0)
        .map(|node| node.len())
        .collect();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((28..=40).contains(&mean), "mean leaf has {mean} entries");
    assert!(sizes.iter().all(|size| *size <= 73));
    assert_eq!(nodes.node(tree.root()).unwrap().level(), 2);
}

#[test]
fn a_walk_between_two_keys_gives_what_is_there() {
    let mut nodes = MemoryNodes::default();
    let map = map_of(0..3000);
    let tree = bulk(&map, &mut nodes);
    let bounds = [vec![], key(1), key(2), vec![0x40], vec![0x40, 1], vec![0xff; 9]];
    for first in &bounds {
        for end in bounds.iter().cloned().map(Some).chain([None]) {
            let walk = tree.scan_between(&nodes, first, end.clone()).unwrap();
            let found: Map = walk.collect::<Result<_, _>>().unwrap();
            let expected = map
                .iter()
                .filter(|(key, _)| *key >= first && end.as_ref().is_none_or(|end| *key < end));
            assert!(found.iter().eq(expected), "{first:?} to {end:?}");
        }
    }
    let mut lent = Map::new();
    let mut most = 100;
    tree.scan(&nodes, &[])
        .unwrap()
        .visit(&mut |key, value| {
            lent.insert(key.to_vec(), value.to_vec());
            most -= 1;
            if most == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert!(lent.iter().eq(map.iter().take(100)));
}

/// Counts the nodes that are read.
struct Counting<'a> {
    nodes: &'a MemoryNodes,
    reads: AtomicU64,
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

#[test]
fn one_change_costs_a_path() {
    let mut nodes = MemoryNodes::default();
    let tree = bulk(&map_of(0..50_000), &mut nodes);
    let height = u64::from(nodes.node(tree.root()).unwrap().level()) + 1;
    let source = Counting {
        nodes: &nodes,
        reads: AtomicU64::new(0),
    };
    let mut made = MemoryNodes::default();
    let changed = tree
        .edit(&source, &mut made, [(key(77), Some(value(77, 1)))])
        .unwrap();
    assert_eq!(
        u64::try_from(made.len()).unwrap(),
        height,
        "a value moves no boundary"
    );
    assert!(
        source.reads.load(Ordering::Relaxed) <= 2 * height + 2,
        "{} reads",
        source.reads.load(Ordering::Relaxed)
    );
    for (id, bytes) in made.into_map() {
        nodes.keep(id, &bytes);
    }
    let source = Counting {
        nodes: &nodes,
        reads: AtomicU64::new(0),
    };
    let changes: Vec<_> = tree.diff(&source, &changed).collect::<Result<_, _>>().unwrap();
    assert_eq!(changes.len(), 1);
    assert!(
        source.reads.load(Ordering::Relaxed) <= 2 * (height + 1),
        "{} reads",
        source.reads.load(Ordering::Relaxed)
    );
}

#[test]
fn a_damaged_node_is_told() {
    let mut nodes = MemoryNodes::default();
    let tree = bulk(&map_of(0..10), &mut nodes);
    let mut bytes = nodes.get(tree.root()).unwrap().to_vec();
    for at in 0..bytes.len() {
        bytes[at] ^= 1;
        assert!(matches!(
            Node::decode(tree.root(), bytes.clone()),
            Err(TreeError::Damaged { .. })
        ));
        bytes[at] ^= 1;
    }
}

#[test]
fn counts_that_lie_are_damage_and_no_overflow() {
    // Of two children with 3 and 5 records, the first says otherwise.
    let tree_with = |claimed: u64| {
        let mut nodes = MemoryNodes::default();
        let leaves = [0..3_u8, 10..15].map(|numbers| {
            let map = numbers.map(|number| (vec![number], vec![number])).collect();
            bulk(&map, &mut nodes)
        });
        let mut bytes = b"holotype/node/1\n\x01\x02\0\0\0".to_vec();
        for (leaf, (last, count)) in leaves.iter().zip([(2_u8, claimed), (14, 5)]) {
            bytes.extend_from_slice(&[1, 0, 40, 0, 0, 0, last]);
            bytes.extend_from_slice(leaf.root().digest().as_bytes());
            bytes.extend_from_slice(&u64::to_le_bytes(count));
        }
        let root = NodeId::of(&bytes);
        nodes.keep(root, &bytes);
        (nodes, Tree::at(root))
    };
    let (nodes, sound) = tree_with(3);
    assert_eq!(sound.count(&nodes).unwrap(), 8);
    assert_eq!(sound.count_prefix(&nodes, &[2]).unwrap(), 1);
    for claimed in [u64::MAX, 1 << 63, (1 << 40) + 1] {
        let (nodes, tree) = tree_with(claimed);
        assert!(
            matches!(tree.count(&nodes), Err(TreeError::Damaged { .. })),
            "{claimed}"
        );
    }
    let (nodes, tree) = tree_with(0);
    assert!(matches!(
        tree.count_prefix(&nodes, &[2]),
        Err(TreeError::Damaged { .. })
    ));
}

fn edits_strategy() -> impl Strategy<Value = BTreeMap<Vec<u8>, Option<Vec<u8>>>> {
    prop_oneof![
        prop::collection::btree_map(0..3000_u32, prop::option::of(0..3_u32), 0..40),
        prop::collection::btree_map(0..3000_u32, prop::option::of(0..3_u32), 500..2500),
        prop::collection::btree_map(0..3000_u32, Just(None), 0..3000),
    ]
    .prop_map(|edits| {
        edits
            .into_iter()
            .map(|(n, v)| (key(n), v.map(|v| value(n, v))))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn incremental_equals_bulk_and_history_does_not_matter(
        size in prop_oneof![0..3_u32, 0..200_u32, 0..3000_u32],
        batches in prop::collection::vec(edits_strategy(), 1..4),
    ) {
        let mut nodes = MemoryNodes::default();
        let mut map = map_of(0..size);
        let mut tree = bulk(&map, &mut nodes);
        for edits in &batches {
            tree = edit(tree, &mut nodes, edits);
            for (key, value) in edits {
                match value {
                    Some(value) => map.insert(key.clone(), value.clone()),
                    None => map.remove(key),
                };
            }
            prop_assert_eq!(&content(tree, &nodes), &map);
            prop_assert_eq!(tree, bulk(&map, &mut nodes));
        }
    }

    #[test]
    fn a_diff_applied_gives_the_other_tree(size in 0..2000_u32, edits in edits_strategy()) {
        let mut nodes = MemoryNodes::default();
        let a = bulk(&map_of(0..size), &mut nodes);
        let b = edit(a, &mut nodes, &edits);
        prop_assert_eq!(a.diff(&nodes, &a).count(), 0);
        let changes: Vec<_> = a.diff(&nodes, &b).collect::<Result<_, _>>().unwrap();
        prop_assert!(changes.windows(2).all(|pair| pair[0].key < pair[1].key));
        let forward = changes.iter().map(|change| match &change.change {
            Change::Added(value) | Change::Modified { after: value, .. } => (change.key.clone(), Some(value.clone())),
            Change::Removed(_) => (change.key.clone(), None),
        }).collect();
        let back = changes.iter().map(|change| match &change.change {
            Change::Removed(value) | Change::Modified { before: value, .. } => (change.key.clone(), Some(value.clone())),
            Change::Added(_) => (change.key.clone(), None),
        }).collect();
        prop_assert_eq!(edit(a, &mut nodes, &forward), b);
        prop_assert_eq!(edit(b, &mut nodes, &back), a);
    }
}
