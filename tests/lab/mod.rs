//! Runs the built program as a user does: in a folder of its own, with a fixed clock and no other environment.

#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that reaches beyond an answer has found something"
)]

pub(crate) mod cells;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where the published data sets are; `None`, said so, where they are not.
#[expect(
    clippy::print_stdout,
    reason = "whoever runs the tests is told what did not run"
)]
pub(crate) fn data_dir() -> Option<PathBuf> {
    let folder = std::env::var_os("HOLOTYPE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    if folder.join("bccd").is_dir() && folder.join("midog").is_dir() {
        return Some(folder);
    }
    let is_set = |name: &str, wanted: &str| std::env::var(name).is_ok_and(|value| value == wanted);
    let required = is_set("HOLOTYPE_REQUIRE_TOOLS", "1") || is_set("CI", "true");
    assert!(!required, "no real data in {}", folder.display());
    println!("skipped: no real data");
    None
}

/// What a run of the program gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) status: i32,
    /// Results.
    pub(crate) stdout: String,
    /// Everything else.
    pub(crate) stderr: String,
}

impl Ran {
    /// The one JSON object on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }

    /// The JSON objects on stdout, one a line.
    pub(crate) fn rows(&self) -> Vec<Value> {
        let parse =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
        self.stdout.lines().map(parse).collect()
    }

    /// Asserts that it was refused with this code, in one line with a hint, and returns that line.
    pub(crate) fn refused(&self, status: i32) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.stdout, "", "a failure prints no result");
        let lines: Vec<&str> = self.stderr.lines().collect();
        assert_eq!(lines.len(), 2, "{}", self.stderr);
        assert!(
            lines[0].starts_with("error: ") && lines[1].starts_with("Hint: "),
            "{}",
            self.stderr
        );
        lines[0]
    }
}

/// A folder with a repository in it.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
    seconds: Cell<u32>,
    day: &'static str,
    seed: Option<String>,
    author: &'static str,
}

impl Lab {
    /// An empty folder; the clock begins on `day`.
    pub(crate) fn bare(day: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self {
            folder,
            seconds: Cell::new(0),
            day,
            seed: None,
            author: "Ada Example <ada@example.org>",
        }
    }

    /// A repository.
    pub(crate) fn new() -> Self {
        Self::on("2026-01-02")
    }

    /// A repository whose clock begins on `day`.
    pub(crate) fn on(day: &'static str) -> Self {
        Self::bare(day).initialised()
    }

    /// A repository whose salts and nonces derive from `seed` (one hex digit, repeated).
    pub(crate) fn seeded(day: &'static str, seed: char, author: &'static str) -> Self {
        let bare = Self::bare(day);
        Self {
            seed: Some(seed.to_string().repeat(64)),
            author,
            ..bare
        }
        .initialised()
    }

    fn initialised(self) -> Self {
        self.ok(&["init", "--name", "test"]);
        self
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder and returns its path.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        let parent = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(parent).expect("a folder can be made");
        std::fs::write(&path, text).expect("a file can be written");
        path.display().to_string()
    }

    fn command(&self, args: &[&str]) -> Command {
        let second = self.seconds.get();
        self.seconds.set(second + 1);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut command = Command::new(env!("CARGO_BIN_EXE_holotype"));
        command.args(args).current_dir(self.path());
        bare_environment(&mut command);
        command.env(
            "HOLOTYPE_NOW",
            format!("{}T{hour:02}:{minute:02}:{second:02}Z", self.day),
        );
        command.env("HOLOTYPE_AUTHOR", self.author);
        if let Some(seed) = &self.seed {
            command.env("HOLOTYPE_SEED", seed);
        }
        command
    }

    /// Runs the program with something on its standard input.
    pub(crate) fn feed(&self, args: &[&str], input: &str) -> Ran {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program is built");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // A program that refuses before it reads closes its end.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Ran {
            status: output.status.code().expect("the program is not killed"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs the program.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.feed(args, "")
    }

    /// Runs the program, which must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.status, 0, "{args:?}: {}", ran.stderr);
        ran
    }

    /// Runs the program with `--json`, which must succeed; returns its object.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.ok(&[args, &["--json"]].concat()).json()
    }

    /// Runs the program with `--json`, which must succeed; returns its objects, one a line.
    pub(crate) fn rows(&self, args: &[&str]) -> Vec<Value> {
        self.ok(&[args, &["--json"]].concat()).rows()
    }

    /// States what a release cannot be without: title, licence and creators.
    pub(crate) fn describe(&self) {
        self.ok(&[
            "set",
            "dataset",
            "title=Cells",
            "licence=MIT",
            "creators=Ngo, Binh",
        ]);
    }

    /// Seals the draft and returns the snapshot's id.
    pub(crate) fn commit(&self, message: &str) -> String {
        text(&self.json(&["commit", "-m", message])["snapshot"])
    }

    /// Records lines into the draft.
    pub(crate) fn record(&self, lines: &[Value]) -> Ran {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.feed(&["record", "-", "--json"], &text)
    }

    /// The bytes of the draft and everything else that a refused command must leave as it is, by path.
    pub(crate) fn truth(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path().join(".holotype");
        let mut files = BTreeMap::new();
        for part in ["draft", "objects", "refs", "blobs", "repository.json", "format"] {
            collect(&root.join(part), &mut files);
        }
        files
    }
}

/// Where a measurement of coverage counts what a process runs.
const COUNTS: &str = "LLVM_PROFILE_FILE";

/// What a measurement of the tests tells a process: where it is counted what it runs, which mutant is switched on, and
/// where it is noted which are reached.
const MEASURING: [&str; 3] = [COUNTS, "HOLOTYPE_MUTANT", "HOLOTYPE_MUTANTS_REACHED"];

/// Leaves a command nothing of the environment but what a measurement of the tests tells it.
pub(crate) fn bare_environment(command: &mut Command) -> &mut Command {
    let measuring = MEASURING.map(|name| std::env::var_os(name).map(|value| (name, value)));
    command.env_clear().envs(measuring.into_iter().flatten())
}

/// Keeps a command out of a measurement that the limits or the rights of its process would break.
pub(crate) fn uncounted(command: &mut Command) -> &mut Command {
    command.env(COUNTS, "/dev/null")
}

fn collect(path: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("a folder can be read") {
            collect(&entry.expect("an entry can be read").path(), files);
        }
    } else if let Ok(bytes) = std::fs::read(path) {
        files.insert(path.to_owned(), bytes);
    }
}

/// A JSON string as text.
pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// How often a code stands in `losses` or `warnings`.
pub(crate) fn count_of(report: &Value, list: &str, code: &str) -> u64 {
    let entries = report[list].as_array().expect("a list");
    entries
        .iter()
        .filter(|entry| entry["code"] == code)
        .filter_map(|entry| entry["count"].as_u64())
        .sum()
}

/// The message of a code in `losses` or `warnings`.
pub(crate) fn message_of(report: &Value, list: &str, code: &str) -> String {
    let entries = report[list].as_array().expect("a list");
    entries
        .iter()
        .find(|entry| entry["code"] == code)
        .map(|entry| text(&entry["message"]))
        .unwrap_or_default()
}
