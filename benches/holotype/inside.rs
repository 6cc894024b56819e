//! Tasks that run in a process of their own, which this program starts of itself. Each prints one JSON object.

use std::path::Path;

use serde_json::{Value, json};

use crate::durable;
use crate::measure::{Outcome, Pair, Sample, timed};
use crate::trees;
use crate::typed::Coco;

/// Runs a task by its name.
pub(crate) fn run(task: &str, words: &[String]) -> Outcome<Value> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (task, words.as_slice()) {
        ("parse", [file]) => seconds(|| Coco::read(Path::new(file)).map(drop)),
        ("parse-and-write", [file, bytes, out]) => {
            let bytes = bytes.parse()?;
            seconds(|| {
                std::hint::black_box(Coco::read(Path::new(file))?);
                durable::write_bytes(Path::new(out), bytes)
            })
        }
        ("serialise", [file, out]) => {
            let coco = Coco::read(Path::new(file))?;
            seconds(|| coco.write(Path::new(out)))
        }
        ("rows", [file, out]) => seconds(|| Coco::read(Path::new(file))?.write_rows(Path::new(out))),
        ("rows-by-image", [file, dir]) => {
            seconds(|| Coco::read(Path::new(file))?.write_rows_by_image(Path::new(dir)))
        }
        ("hash-repository", [dir]) => hash_repository(Path::new(dir)),
        ("copy-all", [from, to]) => seconds(|| durable::copy_all(Path::new(from), Path::new(to))),
        ("copy-one", [from, to]) => seconds(|| durable::copy_one(Path::new(from), Path::new(to))),
        ("build", [dir, repetitions, scratch]) => {
            trees::build(Path::new(dir), repetitions.parse()?, Path::new(scratch)).map(|pair| of_pair(&pair))
        }
        ("diff", [dir, repetitions]) => {
            let (pair, changes, reads) = trees::diff(Path::new(dir), repetitions.parse()?)?;
            Ok(json!({
                "ours": seconds_of(&pair.ours), "limit": seconds_of(&pair.limit),
                "changes": changes, "reads": reads,
            }))
        }
        ("merge", [dir, repetitions, changes]) => {
            trees::merging(Path::new(dir), repetitions.parse()?, changes.parse()?).map(|pair| of_pair(&pair))
        }
        ("replay", [dir, repetitions]) => {
            trees::replay(Path::new(dir), repetitions.parse()?).map(|pair| of_pair(&pair))
        }
        ("facts", [dir]) => {
            let facts = trees::facts(Path::new(dir))?;
            Ok(json!({
                "height": facts.height, "nodes": facts.nodes, "tree_bytes": facts.tree_bytes,
                "event_bytes": facts.event_bytes, "events": facts.events, "commits": facts.commits,
            }))
        }
        ("relabels", [dir, wanted, out]) => {
            let lines = trees::write_relabels(Path::new(dir), wanted.parse()?, Path::new(out))?;
            Ok(json!({"lines": lines}))
        }
        ("open", [dir]) => seconds(|| {
            std::hint::black_box(trees::open(Path::new(dir))?.head_version()?);
            Ok(())
        }),
        ("history", [dir, file, commits]) => {
            let text = std::fs::read_to_string(file)?;
            let lines: Vec<&str> = text.lines().collect();
            let commits = commits.parse()?;
            seconds(|| trees::write_history(Path::new(dir), &lines, commits))
        }
        ("counters", [dir, lines]) => crate::counters::count(Path::new(dir), Path::new(lines)),
        _ => Err(format!("there is no task {task} with {} words", words.len()).into()),
    }
}

/// Reads what [`run`] told of a pair.
pub(crate) fn read_pair(value: &Value, peak_bytes: u64) -> Outcome<Pair> {
    let list = |name: &str| -> Outcome<Vec<Sample>> {
        let found = value.get(name).and_then(Value::as_array);
        let numbers = found.ok_or_else(|| format!("a task told no {name}"))?.iter();
        let numbers = numbers.filter_map(Value::as_f64);
        Ok(numbers.map(|seconds| Sample { seconds, peak_bytes }).collect())
    };
    Ok(Pair {
        ours: list("ours")?,
        limit: list("limit")?,
    })
}

fn of_pair(pair: &Pair) -> Value {
    json!({"ours": seconds_of(&pair.ours), "limit": seconds_of(&pair.limit)})
}

fn seconds_of(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.seconds).collect()
}

fn seconds(work: impl FnOnce() -> Outcome<()>) -> Outcome<Value> {
    let ((), sample) = timed(work)?;
    Ok(json!({"seconds": sample.seconds}))
}

/// Hashes every file of a repository, with all cores.
fn hash_repository(dir: &Path) -> Outcome<Value> {
    let files = durable::files(&dir.join(".holotype"))?;
    let (bytes, sample) = timed(|| durable::hash_all(&files))?;
    Ok(json!({"seconds": sample.seconds, "bytes": bytes}))
}
