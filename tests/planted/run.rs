//! Plants all bugs into a copy of the project, each behind a switch, builds the copy once, and runs for every bug the
//! tests that must fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::bug::{Bug, all, plant};
use crate::copy;

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
        let mut files = copy::sources();
        let changed: BTreeSet<&str> = bugs.iter().map(|bug| bug.file.as_str()).collect();
        for file in changed {
            let here: Vec<&Bug> = bugs.iter().filter(|bug| bug.file == file).collect();
            let source = files
                .get_mut(Path::new(file))
                .ok_or(format!("there is no {file}"))?;
            *source = plant(&String::from_utf8_lossy(source), &here)?.into_bytes();
        }
        copy::add_module(&mut files, "planted", SWITCH);
        copy::write_changed(&project, &files);
        fs::write(switch(folder), "").unwrap();
        let mut cargo = copy::cargo(&project, &folder.join("target"));
        cargo.env("HOLOTYPE_PLANTED", switch(folder));
        let tests = bugs.iter().flat_map(|bug| &bug.tests);
        let names: BTreeSet<&str> = tests.map(|(program, _)| program.as_str()).collect();
        Ok(Self {
            folder: folder.to_owned(),
            programs: copy::build(cargo, names)?,
        })
    }

    fn switch(&self, name: &str) {
        fs::write(switch(&self.folder), name).unwrap();
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

/// The file with the name of the bug that is switched on.
fn switch(folder: &Path) -> PathBuf {
    folder.join("switch")
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
