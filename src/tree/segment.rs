//! Building a tree from many runs of sorted entries at once. Where a node ends depends on where it began, but not for
//! long: wherever that was, after some entries the node ends at the same place. From there on the leaves of a run are
//! built without knowing what stands before it; only what comes earlier waits for its neighbour.

use super::NodeSink;
use super::boundary::ends_from;
use super::build::TreeBuilder;
use super::chunk::Chunker;
use super::node::{Child, leaf_value};

/// So many entries can be in an open leaf, 0 counted: the next one ends it for certain.
const OPEN_MAX: u32 = 73;

/// A run of sorted entries, built into leaves as far as that is possible without what is before and behind it.
#[derive(Debug, Default)]
pub struct Segment {
    head: Entries,
    leaves: Vec<Child>,
    tail: Entries,
}

/// Entries as leaves have them.
#[derive(Debug, Default)]
struct Entries {
    bytes: Vec<u8>,
    /// Where each one's key and value end.
    ends: Vec<(usize, usize)>,
}

impl Entries {
    fn push(&mut self, key: &[u8], raw: &[u8]) {
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(raw);
        self.ends.push((key_end, self.bytes.len()));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut start = 0;
        self.ends.iter().filter_map(move |(key_end, end)| {
            let entry = (self.bytes.get(start..*key_end)?, self.bytes.get(*key_end..*end)?);
            start = *end;
            Some(entry)
        })
    }
}

/// Builds a segment.
#[derive(Debug)]
pub struct SegmentBuilder {
    segment: Segment,
    /// How many entries the open leaf may have: bit n is set where n is possible.
    open: u128,
    /// The leaf that is open, once it is known where it began.
    chunker: Option<Chunker>,
}

impl Default for SegmentBuilder {
    fn default() -> Self {
        Self {
            segment: Segment::default(),
            open: (1 << OPEN_MAX) - 1,
            chunker: None,
        }
    }
}

impl SegmentBuilder {
    /// Adds a record; its key must be above the one before.
    pub fn push(&mut self, key: &[u8], value: &[u8], sink: &mut dyn NodeSink) {
        let raw = leaf_value(value, sink);
        let Some(chunker) = &mut self.chunker else {
            return self.push_to_head(key, &raw);
        };
        if chunker.push(key, &raw, 1) {
            self.segment.leaves.extend(chunker.close(None, sink));
            self.segment.tail.clear();
        } else {
            self.segment.tail.push(key, &raw);
        }
    }

    fn push_to_head(&mut self, key: &[u8], raw: &[u8]) {
        self.segment.head.push(key, raw);
        let grown = self.open << 1;
        let ends = ends_from(key, 0, u64::from(OPEN_MAX));
        let still_open = grown & ((1 << ends) - 1);
        self.open = still_open | u128::from(grown != still_open);
        if self.open == 1 {
            self.chunker = Some(Chunker::new(0));
        }
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(self) -> Segment {
        self.segment
    }
}

impl TreeBuilder {
    /// Adds all records of a segment; their keys must be above those before.
    pub fn push_segment(&mut self, segment: &Segment, sink: &mut dyn NodeSink) {
        for (key, raw) in segment.head.iter() {
            self.push_raw(key, raw, sink);
        }
        for leaf in &segment.leaves {
            self.push_leaf(leaf, sink);
        }
        for (key, raw) in segment.tail.iter() {
            self.push_raw(key, raw, sink);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::{MemoryNodes, Tree};

    fn entry(number: u32) -> (Vec<u8>, Vec<u8>) {
        let long = if number.is_multiple_of(97) { 1500 } else { 20 };
        (number.to_be_bytes().to_vec(), vec![b'x'; long])
    }

    /// Builds a tree from entries one by one, and from segments of these lengths, and compares them.
    fn segments_are_as_entries(lengths: &[u32]) {
        let (mut plain_nodes, mut nodes) = (MemoryNodes::default(), MemoryNodes::default());
        let (mut plain, mut builder) = (TreeBuilder::new(), TreeBuilder::new());
        let mut number = 0;
        for length in lengths {
            let mut segment = SegmentBuilder::default();
            for _ in 0..*length {
                let (key, value) = entry(number);
                plain.push(&key, &value, &mut plain_nodes);
                segment.push(&key, &value, &mut nodes);
                number += 1;
            }
            builder.push_segment(&segment.finish(), &mut nodes);
        }
        let (found, expected) = (builder.finish(&mut nodes), plain.finish(&mut plain_nodes));
        assert_eq!(found, expected, "{lengths:?}");
        assert_eq!(nodes.into_map(), plain_nodes.into_map(), "{lengths:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn segments_give_the_tree_of_their_entries(
            lengths in prop::collection::vec(prop_oneof![0..3_u32, 0..400_u32, 0..4000_u32], 0..7),
        ) {
            segments_are_as_entries(&lengths);
        }
    }

    #[test]
    fn a_tree_of_one_leaf_is_that_leaf() {
        let mut nodes = MemoryNodes::default();
        let mut segment = SegmentBuilder::default();
        for number in 0..2000 {
            let (key, value) = entry(number);
            segment.push(&key, &value, &mut nodes);
        }
        let segment = segment.finish();
        let of = |leaves: &[Child], nodes: &mut MemoryNodes| {
            let mut builder = TreeBuilder::new();
            for leaf in leaves {
                builder.push_leaf(leaf, nodes);
            }
            builder.finish(nodes)
        };
        assert_eq!(
            of(&segment.leaves[..1], &mut nodes),
            Tree::at(segment.leaves[0].id)
        );
        let two = of(&segment.leaves[..2], &mut nodes);
        assert_eq!(
            two.count(&nodes).unwrap(),
            segment.leaves[0].count + segment.leaves[1].count
        );
    }

    /// Among them those that end with a leaf.
    #[test]
    fn a_segment_of_any_length_gives_the_tree_of_its_entries() {
        for length in 0..300 {
            segments_are_as_entries(&[length]);
        }
    }

    #[test]
    fn little_of_a_long_run_waits_for_its_neighbour() {
        let (mut waiting, mut all) = (0, 0);
        for run in 0..50_u32 {
            let mut segment = SegmentBuilder::default();
            for number in 0..4000 {
                let (key, value) = entry(run * 10_000 + number);
                segment.push(&key, &value, &mut MemoryNodes::default());
            }
            let segment = segment.finish();
            waiting += segment.head.ends.len() + segment.tail.ends.len();
            all += 4000;
        }
        assert!(waiting * 8 < all, "{waiting} of {all}");
    }
}
