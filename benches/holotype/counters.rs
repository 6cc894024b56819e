//! Exact counts of what work asks of disk and tree. They are the same on every machine, so that CI can hold a change
//! to the ones recorded in `docs/performance.md`.

use std::path::Path;

use holotype::log::first_parents;
use serde_json::{Map, Value, json};

use crate::counted::{CountedNodes, CountedVfs, Syncs};
use crate::lab::{Lab, Repository, text};
use crate::measure::Outcome;
use crate::process::inside;
use crate::trees;

/// The numbers of events of the commits that are counted.
pub(crate) const COMMITS: [usize; 2] = [1, 100];

/// Annotations in the repository that is counted.
const SIZE: u64 = 10_000;

/// A count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counter {
    /// What is counted.
    pub(crate) name: String,
    /// How many.
    pub(crate) value: u64,
}

/// Counts in a repository of a size that is always the same.
pub(crate) fn measure(lab: &Lab) -> Outcome<Vec<Counter>> {
    eprintln!("bench: counters");
    let repository = lab.make_repository(SIZE)?;
    let value = of_repository(lab, &repository)?;
    std::fs::remove_dir_all(&repository.dir)?;
    let members = value.as_object().ok_or("the counters are no object")?;
    let counters = members.iter().filter_map(|(name, value)| {
        Some(Counter {
            name: name.clone(),
            value: value.as_u64()?,
        })
    });
    Ok(counters.collect())
}

/// Counts in a repository, which is changed by it.
pub(crate) fn of_repository(lab: &Lab, repository: &Repository) -> Outcome<Value> {
    let lines = repository.lines(lab, COMMITS.iter().sum())?;
    Ok(inside("counters", &[text(&repository.dir), text(&lines)])?.0)
}

/// The task: commits lines of a file and counts.
pub(crate) fn count(dir: &Path, lines: &Path) -> Outcome<Value> {
    let text = std::fs::read_to_string(lines)?;
    let mut lines: Vec<&str> = text.lines().collect();
    let mut counts = Map::new();
    let facts = trees::facts(dir)?;
    for (name, value) in [
        ("height of the tree", facts.height),
        ("nodes of the tree", facts.nodes),
        ("bytes of the tree", facts.tree_bytes),
        ("bytes of the events", facts.event_bytes),
    ] {
        counts.insert(name.to_owned(), json!(value));
    }
    for events in COMMITS {
        let part = lines.split_off(lines.len() - events);
        count_commit(dir, &part, &mut counts)?;
        count_diff(dir, events, &mut counts)?;
    }
    Ok(Value::Object(counts))
}

fn count_commit(dir: &Path, lines: &[&str], counts: &mut Map<String, Value>) -> Outcome<()> {
    let (vfs, asked) = CountedVfs::new(Syncs::Kept);
    let repo = trees::open_with(vfs, dir)?;
    trees::commit_once(&repo, lines)?;
    let asked = [
        ("fsync calls", asked.syncs.get()),
        ("synced bytes", asked.synced_bytes.get()),
        ("written bytes", asked.written_bytes.get()),
        ("read bytes", asked.read_bytes.get()),
        ("opened files", asked.opened.get()),
    ];
    let head = first_parents(repo.store(), repo.head()?).next();
    let (_, commit) = head.ok_or("nothing was committed")??;
    let event_bytes = commit.batches.iter().map(|batch| batch.size_bytes).sum();
    for (name, value) in asked.into_iter().chain([("event bytes", event_bytes)]) {
        counts.insert(format!("{name} of a commit of {}", lines.len()), json!(value));
    }
    Ok(())
}

fn count_diff(dir: &Path, events: usize, counts: &mut Map<String, Value>) -> Outcome<()> {
    let repo = trees::open(dir)?;
    let after = repo.head_version()?;
    let before = repo.resolve_version("HEAD~1")?;
    let none = holotype::tree::MemoryNodes::default();
    let nodes = CountedNodes::new(&none, after.nodes());
    let mut changes = 0_u64;
    for change in before.tree().diff(&nodes, &after.tree()) {
        std::hint::black_box(change?);
        changes += 1;
    }
    counts.insert(
        format!("nodes read by the diff of a commit of {events}"),
        json!(nodes.reads()),
    );
    counts.insert(format!("records changed by a commit of {events}"), json!(changes));
    Ok(())
}
