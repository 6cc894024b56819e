//! Applying edits in one pass: only nodes that hold an edited key are taken apart, and what follows is rebuilt only
//! until an old boundary is met again. Each level has a stage, which is fed by the one below as nodes end, so that
//! no level is ever held as a whole.

use std::sync::{Arc, Mutex, PoisonError};

use crate::id::NodeId;

use super::build::TreeBuilder;
use super::chunk::Chunker;
use super::cursor::LevelCursor;
use super::node::{Child, Node, leaf_value};
use super::{NodeSink, NodeSource, Tree, TreeEdit, TreeError};

/// Applies edits and returns the new root.
pub(super) fn edit(
    source: &dyn NodeSource,
    sink: &mut dyn NodeSink,
    root: NodeId,
    edits: impl Iterator<Item = TreeEdit>,
) -> Result<NodeId, TreeError> {
    let recent = Recent::over(source);
    let old_root = recent.node(root)?;
    let mut stages: Vec<Stage<'_>> = (0..=old_root.level())
        .map(|level| Stage::new(LevelCursor::new(&recent, Arc::clone(&old_root), level), level))
        .collect();
    let mut top = Top::above(old_root.level());
    let mut previous: Option<Vec<u8>> = None;
    for (key, value) in edits {
        if previous.is_some_and(|previous| previous >= key) {
            return Err(TreeError::Unsorted);
        }
        let raw = value.as_deref().map(|value| leaf_value(value, sink));
        let mut above = Above {
            stages: &mut stages,
            top: &mut top,
            sink,
        };
        above.tell(&key, raw.as_deref().map(|raw| (raw, 1)))?;
        previous = Some(key);
    }
    let mut rest = stages.as_mut_slice();
    while let Some((stage, upper)) = rest.split_first_mut() {
        stage.finish(&mut Above {
            stages: upper,
            top: &mut top,
            sink,
        })?;
        rest = upper;
    }
    top.finish(&stages, &recent, sink, root)
}

/// Nodes that were read last, two of each level: the stages walk along the same paths.
struct Recent<'a> {
    source: &'a dyn NodeSource,
    levels: Mutex<Vec<[Option<Arc<Node>>; 2]>>,
}

impl<'a> Recent<'a> {
    fn over(source: &'a dyn NodeSource) -> Self {
        Self {
            source,
            levels: Mutex::default(),
        }
    }
}

impl NodeSource for Recent<'_> {
    fn node(&self, id: NodeId) -> Result<Arc<Node>, TreeError> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = levels.iter().flatten().flatten().find(|node| node.id() == id) {
            return Ok(Arc::clone(node));
        }
        let node = self.source.node(id)?;
        let level = usize::from(node.level());
        if levels.len() <= level {
            levels.resize_with(level + 1, Default::default);
        }
        if let Some([last, before]) = levels.get_mut(level) {
            *before = last.replace(Arc::clone(&node));
        }
        Ok(node)
    }

    fn value(&self, id: NodeId) -> Result<Vec<u8>, TreeError> {
        self.source.value(id)
    }
}

/// What stands under a key within a node, and how many records are below; `None` is nothing.
type Raw<'r> = Option<(&'r [u8], u64)>;

/// The levels above one that is edited.
struct Above<'u, 'a> {
    stages: &'u mut [Stage<'a>],
    top: &'u mut Top,
    sink: &'u mut dyn NodeSink,
}

impl Above<'_, '_> {
    fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Tells the next level what stands under a key from now on.
    fn tell(&mut self, key: &[u8], raw: Raw<'_>) -> Result<(), TreeError> {
        let Some((stage, stages)) = self.stages.split_first_mut() else {
            return Ok(());
        };
        let mut above = Above {
            stages,
            top: self.top,
            sink: self.sink,
        };
        stage.apply(key, raw, &mut above)
    }

    /// Tells the next level of a new node.
    fn tell_child(&mut self, child: Child) -> Result<(), TreeError> {
        if self.is_empty() {
            self.top.push(child, self.sink);
            return Ok(());
        }
        self.tell(&child.last_key, Some((&child.to_raw(), child.count)))
    }
}

/// The edits of one level, merged into its nodes.
struct Stage<'a> {
    cursor: LevelCursor<'a>,
    chunker: Chunker,
    /// The old node that is being merged; none while old nodes stay as they are.
    node: Option<Arc<Node>>,
    /// Its entries before this one are merged.
    index: usize,
    /// Whether the level above knows what is under the old node's last key.
    told: bool,
    /// Last keys of old nodes below which nothing ends any more, yet to be told. More than one only while every
    /// entry of nodes that follow each other is taken away.
    gone: Vec<Vec<u8>>,
}

impl<'a> Stage<'a> {
    fn new(cursor: LevelCursor<'a>, level: u8) -> Self {
        Self {
            cursor,
            chunker: Chunker::new(level),
            node: None,
            index: 0,
            told: false,
            gone: Vec::new(),
        }
    }

    /// Applies one edit; its key is above all before.
    fn apply(&mut self, key: &[u8], raw: Raw<'_>, above: &mut Above<'_, '_>) -> Result<(), TreeError> {
        let node = self.go_to(key, above)?;
        let Some((raw, count)) = raw else {
            return Ok(());
        };
        if node.last_key().is_some_and(|last| last < key) {
            self.pass(&node);
        }
        let place = self.index.checked_sub(1);
        let place = place.filter(|place| node.entry(*place).is_some_and(|entry| entry.key == key));
        let ends = place.and_then(|place| self.known_end(&node, place));
        self.push((key, raw, count), ends, above)
    }

    /// Whether a new node ends with the key at this place of the old one, without asking the key: that depends on the
    /// key and its place in the new node alone. `None` where the place is another one, or nothing follows.
    fn known_end(&self, node: &Node, place: usize) -> Option<bool> {
        if self.chunker.len() != place {
            return None;
        }
        if place + 1 < node.len() {
            return Some(false);
        }
        (!self.cursor.is_last()).then_some(true)
    }

    /// Merges what stands below a key and passes over what stands under it; returns the node where that is.
    fn go_to(&mut self, key: &[u8], above: &mut Above<'_, '_>) -> Result<Arc<Node>, TreeError> {
        loop {
            let node = match self.node.take() {
                Some(node) => node,
                None => {
                    self.index = 0;
                    self.told = false;
                    self.cursor.seek(key)?
                }
            };
            self.node = Some(Arc::clone(&node));
            self.feed(&node, node.lower_bound(key), above)?;
            if self.index < node.len() || self.cursor.is_last() {
                if node.entry(self.index).is_some_and(|entry| entry.key == key) {
                    self.index += 1;
                }
                return Ok(node);
            }
            self.leave(&node, above)?;
        }
    }

    /// Merges entries of the old node up to an index.
    fn feed(&mut self, node: &Node, end: usize, above: &mut Above<'_, '_>) -> Result<(), TreeError> {
        while self.index < end
            && let Some(entry) = node.entry(self.index)
        {
            let ends = self.known_end(node, self.index);
            self.index += 1;
            let count = if node.level() == 0 {
                1
            } else {
                entry.child_count()?
            };
            self.push((entry.key, entry.raw, count), ends, above)?;
        }
        Ok(())
    }

    /// Notes that nothing ends with the old node's last key, unless something did.
    fn pass(&mut self, node: &Node) {
        if !self.told {
            self.told = true;
            self.gone.extend(node.last_key().map(<[u8]>::to_vec));
        }
    }

    /// Goes on behind the old node, which is not the last one: to the next, unless nodes are as they were from here.
    fn leave(&mut self, node: &Node, above: &mut Above<'_, '_>) -> Result<(), TreeError> {
        self.pass(node);
        self.told = false;
        self.index = 0;
        if self.chunker.is_at_start() {
            self.node = None;
            return self.tell_gone(above);
        }
        self.node = self.cursor.next()?;
        Ok(())
    }

    /// Adds an entry; `ends` says whether the node ends with it, where that is known.
    fn push(
        &mut self,
        (key, raw, count): (&[u8], &[u8], u64),
        ends: Option<bool>,
        above: &mut Above<'_, '_>,
    ) -> Result<(), TreeError> {
        // The node that this entry comes into ends behind all of them.
        self.tell_gone(above)?;
        let ends = match ends {
            Some(ends) => {
                self.chunker.append(key, raw, count);
                ends
            }
            None => self.chunker.push(key, raw, count),
        };
        if ends { self.close(above) } else { Ok(()) }
    }

    fn tell_gone(&mut self, above: &mut Above<'_, '_>) -> Result<(), TreeError> {
        if self.gone.is_empty() {
            return Ok(());
        }
        self.gone.drain(..).try_for_each(|key| above.tell(&key, None))
    }

    /// Ends the open node, if there is one. One that came out as it was changes nothing above it.
    fn close(&mut self, above: &mut Above<'_, '_>) -> Result<(), TreeError> {
        let old = self.node.as_ref().map(|node| node.id());
        let Some(child) = self.chunker.close(old, above.sink) else {
            return Ok(());
        };
        let last_key = self.node.as_ref().and_then(|node| node.last_key());
        self.told |= last_key == Some(child.last_key.as_slice());
        // All that followed was taken away, so a node ends there after all.
        self.gone.retain(|key| *key != child.last_key);
        if old == Some(child.id) && !above.is_empty() {
            return Ok(());
        }
        above.tell_child(child)
    }

    /// Merges what is left of the nodes that are open.
    fn finish(&mut self, above: &mut Above<'_, '_>) -> Result<(), TreeError> {
        while let Some(node) = self.node.clone() {
            self.feed(&node, node.len(), above)?;
            if self.cursor.is_last() {
                self.close(above)?;
                self.pass(&node);
                self.tell_gone(above)?;
                self.top_reached(above);
                self.node = None;
            } else {
                self.leave(&node, above)?;
            }
        }
        Ok(())
    }

    /// Notes that the former root was edited.
    fn top_reached(&self, above: &mut Above<'_, '_>) {
        if above.is_empty() {
            above.top.reached = true;
        }
    }
}

/// What is above the former root.
struct Top {
    level: u8,
    builder: TreeBuilder,
    only: Option<NodeId>,
    nodes: u64,
    reached: bool,
}

impl Top {
    fn above(level: u8) -> Self {
        Self {
            level,
            builder: TreeBuilder::above(level),
            only: None,
            nodes: 0,
            reached: false,
        }
    }

    /// Adds a node of the former root's level.
    fn push(&mut self, child: Child, sink: &mut dyn NodeSink) {
        self.nodes += 1;
        self.only = Some(child.id);
        self.builder.push_child(&child, sink);
    }

    /// Returns the new root; the former one where nothing came up to it.
    fn finish(
        self,
        stages: &[Stage<'_>],
        source: &dyn NodeSource,
        sink: &mut dyn NodeSink,
        former: NodeId,
    ) -> Result<NodeId, TreeError> {
        match self.only {
            None if self.reached => Ok(Tree::empty(sink).root()),
            None => Ok(former),
            Some(only) if self.nodes == 1 => lowest_single(stages, source, only, self.level),
            Some(_) => Ok(self.builder.finish(sink).root()),
        }
    }
}

/// Goes down from a level's only node to that of the lowest level with only one, which is the root.
fn lowest_single(
    stages: &[Stage<'_>],
    source: &dyn NodeSource,
    mut id: NodeId,
    level: u8,
) -> Result<NodeId, TreeError> {
    for stage in stages.iter().take(usize::from(level) + 1).skip(1).rev() {
        // Where a level has one node, one that was made is the last that was.
        let node = match stage.chunker.closed(id) {
            Some(made) => Arc::new(made?),
            None => source.node(id)?,
        };
        match node.entry(0) {
            Some(entry) if node.len() == 1 => id = entry.child()?,
            _ => break,
        }
    }
    Ok(id)
}
