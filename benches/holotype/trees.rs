//! What is measured through the library, in this process: building, comparing, merging and replaying trees.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use holotype::id::{AnnotationId, Digest};
use holotype::import::commands::{RecordOptions, record_lines};
use holotype::log::first_parents;
use holotype::model::{EntityKind, Key};
use holotype::replay::replay_all;
use holotype::repo::{Repo, Sealing, Surroundings, Version};
use holotype::snapshot::merge;
use holotype::store::{RealVfs, Vfs};
use holotype::time::Timestamp;
use holotype::tree::{MemoryNodes, Tree, TreeBuilder, TreeEdit};

use crate::counted::{CountedNodes, CountedVfs, Syncs, Tally};
use crate::dataset::LABELS;
use crate::durable::hash_all;
use crate::measure::{Outcome, Pair, Sample, in_turn, timed};
use crate::process::AUTHOR;

/// When everything is recorded.
pub(crate) const NOW: &str = "2026-11-23T09:00:00Z";
/// What salts and nonces derive from.
pub(crate) const SEED: &str = "0000000000000000000000000000000000000000000000000000000000000001";
/// As many records as are held in memory at once.
const RECORDS_MAX: usize = 1_000_000;
/// About the length of a node.
const NODE_BYTES: usize = 4096;

type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// Opens a repository through files of one's own.
pub(crate) fn open_with(vfs: Arc<dyn Vfs>, dir: &Path) -> Outcome<Repo> {
    let around = Surroundings {
        now: Timestamp::parse(NOW)?,
        seed: Some(Digest::parse(SEED)?),
    };
    Ok(Repo::open(vfs, &std::path::absolute(dir)?, around)?)
}

/// Opens a repository, with nothing in any cache of ours.
pub(crate) fn open(dir: &Path) -> Outcome<Repo> {
    open_with(Arc::new(RealVfs), dir)
}

fn sealing(repo: &Repo, message: &str) -> Outcome<Sealing> {
    Ok(Sealing {
        author: repo.author(Some(AUTHOR))?,
        message: message.to_owned(),
    })
}

/// Returns the last two versions.
fn last_two(repo: &Repo) -> Outcome<(Version, Version)> {
    let after = repo.head_version()?;
    let parent = after.commit().and_then(holotype::log::Commit::first_parent);
    Ok((repo.version(parent.ok_or("there is one commit only")?)?, after))
}

/// Builds the tree of a repository's records anew, one thread, against reading and hashing what it writes in blocks
/// as large as its nodes.
pub(crate) fn build(dir: &Path, repetitions: usize, scratch: &Path) -> Outcome<Pair> {
    let version = open(dir)?.head_version()?;
    let records: Result<Records, _> = version
        .tree()
        .scan(version.nodes(), &[])?
        .take(RECORDS_MAX)
        .collect();
    let records = records?;
    let mut tally = Tally {
        file: Some(BufWriter::new(File::create(scratch)?)),
        ..Tally::default()
    };
    build_into(records.clone(), &mut tally);
    if let Some(mut file) = tally.file.take() {
        file.flush()?;
    }
    if tally.failed {
        return Err("the nodes could not be written".into());
    }
    let mut block = vec![0; usize::try_from(tally.bytes / tally.nodes.max(1))?];
    let length = u64::try_from(block.len())?;
    let file = File::open(scratch)?;
    in_turn(
        repetitions,
        || {
            let input = records.clone();
            let mut sink = Tally::default();
            Ok(timed(|| Ok(build_into(input, &mut sink)))?.1)
        },
        || {
            let ((), sample) = timed(|| {
                for number in 0..tally.bytes / length {
                    file.read_exact_at(&mut block, number * length)?;
                    std::hint::black_box(blake3::hash(&block));
                }
                Ok(())
            })?;
            Ok(sample)
        },
    )
}

fn build_into(records: Records, sink: &mut Tally) -> Tree {
    let mut builder = TreeBuilder::new();
    for (key, value) in records {
        builder.push(key, value, sink);
    }
    builder.finish(sink)
}

/// Compares the last two versions, nothing cached, against hashing as many blocks as nodes were read. Returns also
/// how many changes and reads there were.
pub(crate) fn diff(dir: &Path, repetitions: usize) -> Outcome<(Pair, u64, u64)> {
    let (mut changes, mut reads) = (0, 0);
    let work = std::cell::Cell::new(0);
    let pair = in_turn(
        repetitions,
        || {
            let repo = open(dir)?;
            let (before, after) = last_two(&repo)?;
            let none = MemoryNodes::default();
            let nodes = CountedNodes::new(&none, after.nodes());
            let (count, sample) = timed(|| {
                let mut count = 0;
                for change in before.tree().diff(&nodes, &after.tree()) {
                    std::hint::black_box(change?);
                    count += 1;
                }
                Ok(count)
            })?;
            (changes, reads) = (count, nodes.reads());
            work.set(reads);
            Ok(sample)
        },
        || Ok(hash_blocks(work.get())),
    )?;
    Ok((pair, changes, reads))
}

/// Times hashing so many blocks of memory.
fn hash_blocks(count: u64) -> Sample {
    let block = [7_u8; NODE_BYTES];
    let begin = std::time::Instant::now();
    for _ in 0..count {
        std::hint::black_box(blake3::hash(std::hint::black_box(&block)));
    }
    crate::measure::since(begin)
}

/// Merges two sides that each changed some records, against two diffs and one batch of edits.
pub(crate) fn merging(dir: &Path, repetitions: usize, changes: usize) -> Outcome<Pair> {
    let version = open(dir)?.head_version()?;
    let base = version.tree();
    let mut made = MemoryNodes::default();
    let (even, odd) = two_sides(&version, changes)?;
    let ours = base.edit(version.nodes(), &mut made, even)?;
    let theirs = base.edit(version.nodes(), &mut made, odd)?;
    let nodes = CountedNodes::new(&made, version.nodes());
    let merged = merge(&nodes, &base, &ours, &theirs)?.edits;
    in_turn(
        repetitions,
        || {
            let (_, sample) = timed(|| {
                let result = merge(&nodes, &base, &ours, &theirs)?;
                Ok(ours.edit(&nodes, &mut MemoryNodes::default(), result.edits)?)
            })?;
            Ok(sample)
        },
        || {
            let edits = merged.clone();
            let (_, sample) = timed(|| {
                let found = base.diff(&nodes, &ours).count() + base.diff(&nodes, &theirs).count();
                std::hint::black_box(found);
                Ok(ours.edit(&nodes, &mut MemoryNodes::default(), edits)?)
            })?;
            Ok(sample)
        },
    )
}

/// Edits of records all over a version, for two sides that do not touch the same.
fn two_sides(version: &Version, changes: usize) -> Outcome<(Vec<TreeEdit>, Vec<TreeEdit>)> {
    let total = usize::try_from(version.tree().count(version.nodes())?)?;
    let step = (total / (2 * changes)).max(1);
    let mut sides = (Vec::new(), Vec::new());
    for (number, entry) in version.tree().scan(version.nodes(), &[])?.enumerate() {
        let (key, mut value) = entry?;
        if !number.is_multiple_of(step) {
            continue;
        }
        value.push(b' ');
        let side = if (number / step).is_multiple_of(2) {
            &mut sides.0
        } else {
            &mut sides.1
        };
        if side.len() < changes {
            side.push((key, Some(value)));
        }
    }
    Ok(sides)
}

/// Replays the whole log to its root, nothing cached, against hashing the log and as many bytes as the tree has.
pub(crate) fn replay(dir: &Path, repetitions: usize) -> Outcome<Pair> {
    let head = open(dir)?.head()?.ok_or("there is no commit")?;
    let log = crate::durable::files(&dir.join(".holotype/objects"))?;
    let mut tally = Tally::default();
    let expected = replay_all(open(dir)?.store(), head, &mut tally)?;
    let tree_blocks = tally.bytes / u64::try_from(NODE_BYTES)?;
    let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    in_turn(
        repetitions,
        || {
            let repo = open(dir)?;
            let (tree, sample) = timed(|| Ok(replay_all(repo.store(), head, &mut Tally::default())?))?;
            if tree == expected {
                Ok(sample)
            } else {
                Err("two replays gave two trees".into())
            }
        },
        || {
            let (_, log) = timed(|| one_core.install(|| hash_all(&log)))?;
            let tree = hash_blocks(tree_blocks);
            Ok(Sample {
                seconds: log.seconds + tree.seconds,
                ..log
            })
        },
    )
}

/// Facts about a repository's latest version that only reading it tells.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Levels of the tree.
    pub(crate) height: u64,
    /// Nodes of the tree.
    pub(crate) nodes: u64,
    /// Their bytes.
    pub(crate) tree_bytes: u64,
    /// Bytes of all batches.
    pub(crate) event_bytes: u64,
    /// Events.
    pub(crate) events: u64,
    /// Commits.
    pub(crate) commits: u64,
}

/// Reads facts about a repository.
pub(crate) fn facts(dir: &Path) -> Outcome<Facts> {
    let repo = open(dir)?;
    let version = repo.head_version()?;
    let mut facts = Facts::default();
    for commit in first_parents(repo.store(), repo.head()?) {
        let (_, commit) = commit?;
        facts.commits += 1;
        facts.events += commit.events();
        facts.event_bytes += commit.batches.iter().map(|batch| batch.size_bytes).sum::<u64>();
    }
    facts.height = u64::from(version.nodes().node(version.tree().root())?.level()) + 1;
    let mut tally = Tally::default();
    let mut builder = TreeBuilder::new();
    for entry in version.tree().scan(version.nodes(), &[])? {
        let (key, value) = entry?;
        builder.push(key, value, &mut tally);
    }
    if builder.finish(&mut tally) != version.tree() {
        return Err("the tree built anew is another one".into());
    }
    (facts.nodes, facts.tree_bytes) = (tally.nodes, tally.bytes);
    Ok(facts)
}

/// Writes `record` lines that relabel annotations from all over a version; returns how many.
pub(crate) fn write_relabels(dir: &Path, wanted: usize, out: &Path) -> Outcome<usize> {
    let version = open(dir)?.head_version()?;
    let prefix = Key::kind_prefix(EntityKind::Annotation);
    let total = usize::try_from(version.tree().count_prefix(version.nodes(), &prefix)?)?;
    let step = (total / wanted.max(1)).max(1);
    let mut lines = Vec::new();
    for (number, entry) in version.tree().scan(version.nodes(), &prefix)?.enumerate() {
        let (key, _) = entry?;
        if number.is_multiple_of(step) && lines.len() < wanted {
            let id = key.get(1..).unwrap_or_default().try_into()?;
            let id = AnnotationId::from_bytes(id);
            lines.push(format!(
                "{{\"command\":\"relabel\",\"annotation\":\"{id}\",\"label\":\"{}\",\"annotator\":\"bench\"}}",
                LABELS.last().unwrap_or(&"")
            ));
        }
    }
    // Neighbours in the tree are no neighbours in time.
    let mixed = (0..lines.len()).map(|place| (place * 7919) % lines.len());
    let text: Vec<&str> = mixed
        .filter_map(|place| lines.get(place).map(String::as_str))
        .collect();
    std::fs::write(out, text.join("\n") + "\n")?;
    Ok(text.len())
}

/// Makes a history of commits of one change each, in this process and without syncing. The lines are gone through
/// as often as needed, with another label each time.
pub(crate) fn write_history(dir: &Path, lines: &[&str], commits: usize) -> Outcome<()> {
    let mut made = 0;
    while made < commits {
        // Opened anew at times, because a repository keeps the nodes that it made in memory.
        let (vfs, _) = CountedVfs::new(Syncs::Skipped);
        let repo = open_with(vfs, dir)?;
        for _ in 0..1000.min(commits - made) {
            let line = lines.get(made % lines.len()).ok_or("there is no line")?;
            if (made / lines.len()).is_multiple_of(2) {
                commit_once(&repo, &[line])?;
            } else {
                let [usual, .., unusual] = LABELS;
                commit_once(&repo, &[&line.replace(unusual, usual)])?;
            }
            made += 1;
        }
    }
    Ok(())
}

/// Commits what lines say.
pub(crate) fn commit_once(repo: &Repo, lines: &[&str]) -> Outcome<()> {
    let sealing = sealing(repo, "bench")?;
    let context = repo.context(sealing.author);
    let text = lines.join("\n");
    let (recorded, committed) = repo.try_commit_with(&sealing, |transaction, _| -> Outcome<_> {
        let options = RecordOptions::default();
        Ok(record_lines(
            repo,
            transaction,
            &context,
            "bench",
            text.as_bytes(),
            &options,
        )?)
    })?;
    if committed.is_some() && recorded.commands == u64::try_from(lines.len())? {
        Ok(())
    } else {
        Err("a line changed nothing".into())
    }
}
