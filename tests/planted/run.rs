//! Plants all bugs into a copy of the project, each behind a switch, builds the copy once, and runs for every bug the
//! tests that must fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::bug::{Bug, all, plant, root};

/// The module that says which bug is switched on: the one whose name stands in a file.
const SWITCH: &str = r#"//! Which planted bug is switched on.

/// Whether it is this one.
pub fn is(name: &str) -> bool {
    static ON: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    ON.get_or_init(|| std::fs::read_to_string(env!("HOLOTYPE_PLANTED")).unwrap_or_default()) == name
}
"#;

/// So many seconds a bug may make its tests take; one that halts them was seen.
const SECONDS_MAX: &str = "300";

/// What came of a bug.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// These tests failed.
    Caught(Vec<String>),
    /// All passed.
    Survived,
}

/// A copy of the project with all bugs in it.
struct Copy {
    folder: PathBuf,
    programs: BTreeMap<String, PathBuf>,
}

impl Copy {
    fn make(folder: &Path, bugs: &[Bug]) -> Result<Self, String> {
        let project = folder.join("project");
        let mut files = BTreeMap::new();
        for part in ["src", "tests", "docs", "examples", "benches"] {
            read_below(&root().join(part), Path::new(part), &mut files);
        }
        for file in [
            "Cargo.toml",
            "Cargo.lock",
            "README.md",
            "CHANGELOG.md",
            "deny.toml",
        ] {
            files.insert(PathBuf::from(file), fs::read(root().join(file)).unwrap());
        }
        let changed: BTreeSet<&str> = bugs.iter().map(|bug| bug.file.as_str()).collect();
        for file in changed {
            let here: Vec<&Bug> = bugs.iter().filter(|bug| bug.file == file).collect();
            let source = files
                .get_mut(Path::new(file))
                .ok_or(format!("there is no {file}"))?;
            *source = plant(&String::from_utf8_lossy(source), &here)?.into_bytes();
        }
        let library = files.get_mut(Path::new("src/lib.rs")).unwrap();
        library.extend_from_slice(b"\n#[allow(missing_docs)]\npub mod planted;\n");
        files.insert(PathBuf::from("src/planted.rs"), SWITCH.into());
        write_changed(&project, &files);
        let mut copy = Self {
            folder: folder.to_owned(),
            programs: BTreeMap::new(),
        };
        copy.switch("");
        copy.build(&project, bugs)?;
        Ok(copy)
    }

    /// Builds the programs that hold the tests of the bugs.
    fn build(&mut self, project: &Path, bugs: &[Bug]) -> Result<(), String> {
        let names: BTreeSet<&str> = bugs
            .iter()
            .flat_map(|bug| bug.tests.iter().map(|(program, _)| program.as_str()))
            .collect();
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["test", "--no-run", "--message-format=json"])
            .current_dir(project)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("HOLOTYPE_PLANTED", self.folder.join("switch"));
        for name in names {
            match name {
                "lib" => command.arg("--lib"),
                name => command.args(["--test", name]),
            };
        }
        let built = command.output().map_err(|error| error.to_string())?;
        if !built.status.success() {
            return Err(format!(
                "the copy cannot be built:\n{}\n{}",
                String::from_utf8_lossy(&built.stderr),
                rendered(&built.stdout)
            ));
        }
        for message in messages(&built.stdout) {
            let target = &message["target"];
            let kind = target["kind"][0].as_str().unwrap_or_default();
            let name = if kind == "lib" {
                "lib"
            } else {
                target["name"].as_str().unwrap_or_default()
            };
            if let Some(program) = message["executable"].as_str().filter(|_| kind != "bin") {
                self.programs.insert(name.to_owned(), PathBuf::from(program));
            }
        }
        Ok(())
    }

    fn switch(&self, name: &str) {
        fs::write(self.folder.join("switch"), name).unwrap();
    }

    /// Runs the tests of a program whose names hold this.
    fn run(&self, program: &str, test: &str) -> Output {
        Command::new("timeout")
            .arg(SECONDS_MAX)
            .arg(&self.programs[program])
            .arg(test)
            .current_dir(self.folder.join("project"))
            .env("RUST_BACKTRACE", "0")
            .env("PROPTEST_CASES", "32")
            .output()
            .unwrap()
    }

    fn try_bug(&self, bug: &Bug) -> Outcome {
        self.switch(&bug.name);
        let mut caught = Vec::new();
        for (program, test) in &bug.tests {
            let ran = self.run(program, test);
            if !ran.status.success() {
                let failed = failed_tests(&ran.stdout);
                let failed = if failed.is_empty() {
                    vec![test.clone()]
                } else {
                    failed
                };
                caught.extend(failed.into_iter().map(|test| format!("{program} {test}")));
            }
        }
        self.switch("");
        if caught.is_empty() {
            Outcome::Survived
        } else {
            Outcome::Caught(caught)
        }
    }
}

/// Reads the files below a folder.
fn read_below(folder: &Path, name: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = name.join(path.file_name().unwrap());
        if path.is_dir() {
            read_below(&path, &name, files);
        } else {
            files.insert(name, fs::read(path).unwrap());
        }
    }
}

/// Makes a folder hold these files. What is there already stays untouched, so that it is not built again.
fn write_changed(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    let mut there = BTreeMap::new();
    if folder.is_dir() {
        read_below(folder, Path::new(""), &mut there);
    }
    for gone in there.keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(folder.join(gone)).unwrap();
    }
    for (name, bytes) in files
        .iter()
        .filter(|(name, bytes)| there.get(*name) != Some(bytes))
    {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn messages(output: &[u8]) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(output);
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn rendered(output: &[u8]) -> String {
    let errors = messages(output).into_iter();
    errors
        .filter_map(|message| Some(message["message"]["rendered"].as_str()?.to_owned()))
        .collect()
}

fn failed_tests(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    text.lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(str::to_owned)
        .collect()
}

/// How many tests passed.
fn passed(output: &[u8]) -> usize {
    let text = String::from_utf8_lossy(output);
    text.lines().filter(|line| line.ends_with(" ... ok")).count()
}

/// Tries every bug whose name holds `only`; `tell` is told of each as it comes out.
///
/// # Errors
/// When a bug does not apply, the copy cannot be built, or a test fails or is missing without any bug.
pub(crate) fn run(folder: &Path, only: &str, tell: impl Fn(&Bug, &Outcome)) -> Result<Vec<String>, String> {
    let bugs = all();
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let copy = Copy::make(folder, &bugs)?;
    let chosen: Vec<&Bug> = bugs.iter().filter(|bug| bug.name.contains(only)).collect();
    let tests: BTreeSet<&(String, String)> = chosen.iter().flat_map(|bug| &bug.tests).collect();
    for (program, test) in tests {
        let ran = copy.run(program, test);
        if !ran.status.success() || passed(&ran.stdout) == 0 {
            let output = String::from_utf8_lossy(&ran.stdout);
            return Err(format!(
                "without a bug, `{test}` of {program} does not pass:\n{output}"
            ));
        }
    }
    let mut survived = Vec::new();
    for bug in chosen {
        let outcome = copy.try_bug(bug);
        tell(bug, &outcome);
        if outcome == Outcome::Survived {
            survived.push(bug.name.clone());
        }
    }
    Ok(survived)
}
