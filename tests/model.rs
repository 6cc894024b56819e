//! Random commands against a model of what they mean: in the draft and committed, killed at any moment, with derived
//! files gone and the clock jumping. Whatever was acknowledged is there, and what was killed is there whole or not at all.
//!
//! `HOLOTYPE_MODEL_MINUTES=30 cargo test --test model -- --nocapture` goes on for as long; a failure names the seed
//! (`HOLOTYPE_MODEL_SEED`) and all steps.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test may panic, and a long one tells how far it is"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Steps of a run where no time is given.
const STEPS: u64 = 60;
/// A repository is worked on for so many steps at most.
const STEPS_MAX: u64 = 400;
const LABELS: [&str; 3] = ["mitotic figure", "non-mitotic cell", "debris"];

/// Numbers that look random: `SplitMix64` (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// Annotations by x, which never changes: y and label.
type Annotations = BTreeMap<u64, (u64, String)>;

/// What the repository should hold.
#[derive(Debug, Clone, PartialEq, Default)]
struct Model {
    /// The latest commit.
    head: Annotations,
    /// The latest commit with the draft.
    present: Annotations,
    /// Whether there is a draft.
    has_draft: bool,
    /// How many commits there are.
    commits: usize,
    tags: BTreeMap<String, Annotations>,
    /// What was there before the latest commit, where it can be reverted.
    before: Option<Annotations>,
}

/// What is done.
#[derive(Debug, Clone)]
enum Step {
    /// `record` of one line.
    Record(Value),
    /// The same with `--commit`.
    RecordAndCommit(Value),
    Commit,
    Discard,
    Tag(String),
    RevertLast,
    Gc,
    /// Derived files are lost.
    LoseDerived,
}

impl Step {
    /// The command line and what goes into it; `None` where it is no command.
    fn words(&self) -> Option<(Vec<&str>, String)> {
        let words = match self {
            Self::Record(line) => return Some((vec!["record", "-", "--create"], line.to_string())),
            Self::RecordAndCommit(line) => {
                return Some((
                    vec!["record", "-", "--create", "--commit", "at once"],
                    line.to_string(),
                ));
            }
            Self::Commit => vec!["commit", "-m", "sealed"],
            Self::Discard => vec!["discard", "--yes"],
            Self::Tag(name) => vec!["tag", name, "-m", "why"],
            Self::RevertLast => vec!["revert", "HEAD"],
            Self::Gc => vec!["gc", "--grace", "0"],
            Self::LoseDerived => return None,
        };
        Some((words, String::new()))
    }

    /// What it leads to.
    fn apply(&self, model: &Model) -> Model {
        let mut after = model.clone();
        match self {
            Self::Record(line) => {
                change(&mut after.present, line);
                after.has_draft = true;
            }
            Self::RecordAndCommit(line) => {
                after.before = Some(model.head.clone());
                change(&mut after.head, line);
                after.present.clone_from(&after.head);
                after.commits += 1;
            }
            Self::Commit => {
                after.before = Some(model.head.clone());
                after.head.clone_from(&model.present);
                after.has_draft = false;
                after.commits += 1;
            }
            Self::Discard => {
                after.present.clone_from(&model.head);
                after.has_draft = false;
            }
            Self::Tag(name) => {
                after.tags.insert(name.clone(), model.head.clone());
            }
            Self::RevertLast => {
                after.present = model.before.clone().unwrap_or_default();
                after.has_draft = true;
            }
            Self::Gc | Self::LoseDerived => {}
        }
        after
    }
}

/// Applies a line of `record`; annotations are named by their x in the model.
fn change(annotations: &mut Annotations, line: &Value) {
    let label = || line["label"].as_str().unwrap().to_owned();
    let at = |member: &str| line["geometry"][member].as_u64().unwrap();
    let x = line["x"].as_u64();
    match line["command"].as_str().unwrap() {
        "annotate" => {
            annotations.insert(at("x"), (at("y"), label()));
        }
        "relabel" => annotations.get_mut(&x.unwrap()).unwrap().1 = label(),
        "revise" => annotations.get_mut(&x.unwrap()).unwrap().0 = at("y"),
        "withdraw" => {
            annotations.remove(&x.unwrap());
        }
        other => panic!("{other}"),
    }
}

/// One repository, and what is known of it.
struct World {
    folder: tempfile::TempDir,
    random: Random,
    model: Model,
    /// Ids of annotations by x.
    ids: BTreeMap<u64, String>,
    next: u64,
    steps: Vec<String>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            folder: tempfile::tempdir().unwrap(),
            random: Random(seed),
            model: Model::default(),
            ids: BTreeMap::new(),
            next: 0,
            steps: vec![format!("seed {seed}")],
        };
        world.ok(&["init", "--name", "model"], "");
        let mut lines = r#"{"command":"declare","image":"a.tiff"}"#.to_owned();
        for label in LABELS {
            lines += &format!("\n{}", json!({"command": "define_label", "name": label}));
        }
        world.ok(&["record", "-", "--create", "--commit", "begin"], &lines);
        world.model.commits = 1;
        world
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&mut self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holotype"));
        // The clock jumps by years, forwards and backwards.
        let now = format!(
            "{}-0{}-1{}T00:00:0{}Z",
            2015 + self.random.below(20),
            1 + self.random.below(9),
            self.random.below(10),
            self.random.below(10)
        );
        command
            .args(words)
            .current_dir(self.path())
            .env("HOLOTYPE_AUTHOR", "Ada Example <ada@example.org>")
            .env("HOLOTYPE_NOW", now)
            .env_remove("HOLOTYPE_SEED")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command, and kills it after so long; returns what it printed, or `None` where it did not end well.
    fn run(&mut self, words: &[&str], input: &str, kill_after: Option<Duration>) -> Option<String> {
        use std::io::Write;
        let mut child = self.command(words).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        if let Some(after) = kill_after {
            std::thread::sleep(after);
            let _ = child.kill();
        }
        let output = child.wait_with_output().unwrap();
        if !output.status.success() && kill_after.is_none() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            self.fail(&format!("{words:?}: {said}"));
        }
        let text = String::from_utf8(output.stdout).unwrap();
        output.status.success().then_some(text)
    }

    fn ok(&mut self, words: &[&str], input: &str) -> String {
        self.run(words, input, None).unwrap_or_default()
    }

    fn fail(&self, why: &str) -> ! {
        panic!("{why}\nafter:\n{}", self.steps.join("\n"));
    }

    /// The annotations of a version; ids are noted.
    fn listed(&mut self, revision: &str) -> Annotations {
        let text = self.ok(&["list", "annotations", revision, "--json"], "");
        let rows = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let rows: Vec<Value> = rows.collect();
        let at = |row: &Value, member: &str| row["geometry"][member].as_u64().unwrap();
        for row in &rows {
            let id = row["id"].as_str().unwrap().to_owned();
            self.ids.insert(at(row, "x"), id);
        }
        let state = |row: &Value| (at(row, "y"), row["label"].as_str().unwrap().to_owned());
        rows.iter().map(|row| (at(row, "x"), state(row))).collect()
    }

    /// What the repository holds. A tag that was perhaps made is looked for.
    fn seen(&mut self, step: &Step) -> Model {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let log = parsed(&self.ok(&["log", "--json"], ""));
        let status = parsed(&self.ok(&["status", "--json"], ""));
        let mut names: Vec<String> = self.model.tags.keys().cloned().collect();
        if let Step::Tag(name) = step
            && self.command(&["show", name]).output().unwrap().status.success()
        {
            names.push(name.clone());
        }
        Model {
            head: self.listed("HEAD"),
            present: self.listed("DRAFT"),
            has_draft: status["draft"]["events"].as_u64() > Some(0),
            commits: log["commits"].as_array().unwrap().len(),
            tags: names
                .into_iter()
                .map(|name| (name.clone(), self.listed(&name)))
                .collect(),
            before: self.model.before.clone(),
        }
    }

    fn choose(&mut self) -> Step {
        let has_draft = self.model.has_draft;
        let can_revert = self
            .model
            .before
            .as_ref()
            .is_some_and(|before| *before != self.model.head);
        let step = match self.random.below(16) {
            0..=7 => Step::Record(self.line()),
            8 | 9 if !has_draft => Step::RecordAndCommit(self.line()),
            8..=10 if has_draft => Step::Commit,
            11 if has_draft => Step::Discard,
            12 => Step::Tag(format!("t{}", self.model.tags.len())),
            13 if !has_draft && can_revert => Step::RevertLast,
            14 => Step::Gc,
            15 => Step::LoseDerived,
            _ => Step::Record(self.line()),
        };
        // What changes nothing is no event, and there would be nothing to commit.
        let changes = match &step {
            Step::Record(_) => step.apply(&self.model).present != self.model.present,
            Step::RecordAndCommit(_) => step.apply(&self.model).head != self.model.head,
            Step::Commit | Step::Discard | Step::Tag(_) | Step::RevertLast | Step::Gc | Step::LoseDerived => {
                true
            }
        };
        if changes { step } else { Step::Gc }
    }

    /// A line that changes one annotation, or adds one.
    fn line(&mut self) -> Value {
        let known: Vec<u64> = self.model.present.keys().copied().collect();
        let label = LABELS[usize::try_from(self.random.below(3)).unwrap()];
        let what = self.random.below(8);
        let y = self.random.below(1000);
        if known.is_empty() || what < 4 {
            self.next += 1;
            let geometry = json!({"type": "point", "x": self.next, "y": y});
            return json!({"command": "annotate", "image": "a.tiff", "geometry": geometry, "label": label});
        }
        let x = known[usize::try_from(self.random.below(known.len() as u64)).unwrap()];
        let id = &self.ids[&x];
        // The line's own x is for the model; the program passes over members that it does not know.
        match what {
            4 | 5 => {
                json!({"command": "relabel", "annotation": id, "label": label, "annotator": "expert", "x": x})
            }
            6 => {
                let geometry = json!({"type": "point", "x": x, "y": y});
                json!({"command": "revise", "annotation": id, "geometry": geometry, "x": x})
            }
            _ => json!({"command": "withdraw", "annotation": id, "reason": "gone", "x": x}),
        }
    }

    fn step(&mut self) {
        let step = self.choose();
        let kill_after =
            (self.random.below(3) == 0).then(|| Duration::from_micros(self.random.below(60_000)));
        self.steps.push(format!("{step:?}, killed after {kill_after:?}"));
        let after = step.apply(&self.model);
        let is_done = match step.words() {
            Some((words, input)) => {
                let input = without_x(&input);
                self.run(&words, &input, kill_after).is_some()
            }
            None => {
                let _ = fs::remove_dir_all(self.path().join(".holotype/derived"));
                true
            }
        };
        let mut seen = self.seen(&step);
        let before = std::mem::take(&mut seen.before);
        let is = |expected: &Model| {
            let expected = Model {
                before: None,
                ..expected.clone()
            };
            seen == expected
        };
        if is(&after) {
            self.model = after;
        } else if is_done || !is(&self.model) {
            let expected = if is_done { "after" } else { "before or after" };
            self.fail(&format!(
                "{seen:#?}\nis not what was expected {expected} of {:#?}",
                self.model
            ));
        } else {
            self.model.before = before;
        }
    }

    fn verify(&mut self) {
        self.ok(&["verify", "--replay"], "");
    }
}

/// A line as the program gets it.
fn without_x(line: &str) -> String {
    let Ok(Value::Object(mut line)) = serde_json::from_str(line) else {
        return line.to_owned();
    };
    line.remove("x");
    Value::Object(line).to_string()
}

fn run(seed: u64, steps: u64) {
    let mut world = World::new(seed);
    for step in 1..=steps {
        world.step();
        if step % 20 == 0 {
            world.verify();
        }
    }
    world.verify();
}

#[test]
fn what_was_acknowledged_is_there_whatever_happens() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let first = number("HOLOTYPE_MODEL_SEED").unwrap_or(1);
    let Some(minutes) = number("HOLOTYPE_MODEL_MINUTES") else {
        run(first, STEPS);
        return;
    };
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let mut seed = first;
    while Instant::now() < end {
        run(seed, STEPS_MAX);
        println!("seed {seed}: {STEPS_MAX} steps without a finding");
        seed += 1;
    }
}
