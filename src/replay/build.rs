//! From the edits of portions to a tree, each portion's leaves built where it was folded. Memory holds the edits of the
//! portions that are under way, and of finished ones the ids of leaves and a few entries.

use crate::event::Edits;
use crate::id::{ImagePrefix, NodeId};
use crate::model::Key;
use crate::tree::{NodeSink, Segment, SegmentBuilder, Tree, TreeBuilder, TreeError};

use super::fold::{Base, Batches, Place, Stop, fold};
use super::plan::{Plan, Portion, Subject};
use super::run;

/// A key and its record.
type Entry = (Vec<u8>, Vec<u8>);

/// The nodes of a portion on their way into a sink.
#[derive(Default)]
struct Nodes {
    bytes: Vec<u8>,
    /// Each node's id and where its bytes end.
    ends: Vec<(NodeId, usize)>,
}

impl NodeSink for Nodes {
    fn keep(&mut self, id: NodeId, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push((id, self.bytes.len()));
    }
}

impl Nodes {
    fn give_to(&self, sink: &mut dyn NodeSink) {
        let mut start = 0;
        for (id, end) in &self.ends {
            sink.keep(*id, self.bytes.get(start..*end).unwrap_or_default());
            start = *end;
        }
    }
}

/// What a portion comes to: the records of each kind, by the byte with which their keys begin.
#[derive(Default)]
struct Part {
    segments: Vec<(u8, Segment)>,
    nodes: Nodes,
}

/// A part in the making.
#[derive(Default)]
struct PartBuilder {
    part: Part,
    open: Option<(u8, SegmentBuilder)>,
}

impl PartBuilder {
    fn push(&mut self, key: &[u8], value: &[u8]) {
        let kind = key.first().copied().unwrap_or_default();
        if self.open.as_ref().is_none_or(|(open, _)| *open != kind) {
            self.close();
        }
        let (_, segment) = self.open.get_or_insert_with(|| (kind, SegmentBuilder::default()));
        segment.push(key, value, &mut self.part.nodes);
    }

    fn close(&mut self) {
        let ended = self.open.take();
        self.part
            .segments
            .extend(ended.map(|(kind, segment)| (kind, segment.finish())));
    }

    fn finish(mut self) -> Part {
        self.close();
        self.part
    }
}

/// Folds batches upon `base` and builds the whole tree anew.
pub(super) fn build(
    batches: &Batches<'_>,
    plan: &Plan,
    base: Base<'_>,
    sink: &mut dyn NodeSink,
) -> Result<Tree, Stop> {
    let mut segments = Vec::new();
    let work = |portion: &Portion| part_of(fold(batches, portion, base)?, portion.subject, base);
    run::each(&plan.portions, work, |place, part: Part| {
        part.nodes.give_to(sink);
        let of_kind = part.segments.into_iter();
        segments.extend(of_kind.map(|(kind, segment)| (kind, place, segment)));
    })?;
    // Portions are in the order of their images, and within a kind keys begin with their image.
    segments.sort_by_key(|(kind, place, _)| (*kind, *place));
    let mut builder = TreeBuilder::new();
    for (_, _, segment) in &segments {
        builder.push_segment(segment, sink);
    }
    Ok(builder.finish(sink))
}

/// Builds the leaves of a portion: what was there, with the edits in place.
fn part_of(edits: Edits, subject: Subject, base: Base<'_>) -> Result<Part, Stop> {
    let mut builder = PartBuilder::default();
    let mut edits = edits.into_iter().peekable();
    if let Base::Tree(tree, source) = base {
        let failed = |error: TreeError| Stop::Failure(Place::default(), error.into());
        for (first, end) in stretches(subject) {
            for entry in tree.scan_between(source, &first, end).map_err(failed)? {
                let (key, value): Entry = entry.map_err(failed)?;
                while let Some((edited, new)) =
                    edits.next_if(|(edited, _)| edited.as_bytes() < key.as_slice())
                {
                    new.iter().for_each(|new| builder.push(edited.as_bytes(), new));
                }
                match edits.next_if(|(edited, _)| edited.as_bytes() == key) {
                    Some((_, new)) => new.iter().for_each(|new| builder.push(&key, new)),
                    None => builder.push(&key, &value),
                }
            }
        }
    }
    for (key, value) in edits {
        value.iter().for_each(|value| builder.push(key.as_bytes(), value));
    }
    Ok(builder.finish())
}

/// Where in a tree the records of a portion stand, in order: from a key up to, without, another.
fn stretches(subject: Subject) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let of_images = Key::image_kind_bytes();
    let key = |kind: u8, prefix: u64| {
        let prefix = ImagePrefix::from_bytes(prefix.to_be_bytes());
        [&[kind][..], prefix.as_bytes()].concat()
    };
    match subject {
        Subject::All => vec![(Vec::new(), None)],
        Subject::Images(first, last) => of_images
            .into_iter()
            .map(|kind| {
                let end = match last.checked_add(1) {
                    Some(next) => Some(key(kind, next)),
                    None => kind.checked_add(1).map(|next| vec![next]),
                };
                (key(kind, first), end)
            })
            .collect(),
        Subject::NoImage => (0..=u8::MAX)
            .filter(|kind| !of_images.contains(kind))
            .map(|kind| (vec![kind], kind.checked_add(1).map(|next| vec![next])))
            .collect(),
    }
}
