//! Runs for every mutant the tests that reach it, the fast ones first, until one fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::mutant::Mutant;

/// What came of a mutant that was switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// This test failed.
    Caught(String),
    /// This test came to no end.
    Timeout(String),
    /// So many tests reach it, and all passed that were run in the time.
    Missed { run: usize, reaching: usize },
}

/// A test, what it reaches, and how long it takes.
#[derive(Debug)]
pub(crate) struct Test {
    program: String,
    name: String,
    reached: BTreeSet<usize>,
    took: Duration,
}

impl Test {
    fn full_name(&self) -> String {
        format!("{} {}", self.program, self.name)
    }
}

/// What tests are run with.
pub(crate) struct Runner {
    pub(crate) project: PathBuf,
    pub(crate) programs: BTreeMap<String, PathBuf>,
    /// A folder for notes of what was reached.
    pub(crate) notes: PathBuf,
    /// The tests that noticed a mutant of a file.
    pub(crate) deciders: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

/// The tests of a mutant are run in steps that take so long at first, then twice as long each time, and at most so long.
const STEP_MIN: Duration = Duration::from_millis(200);
const STEP_MAX: Duration = Duration::from_secs(8);

/// Tests that take no longer together than so many times the time for one mutant are all run.
const ALL_MAX: u32 = 8;

/// What tests take together.
fn total(tests: &[&Test]) -> Duration {
    tests.iter().map(|test| test.took).sum()
}

/// How many of these tests, one at least where there is one, take no longer than a step.
fn within(tests: &[&Test], step: Duration) -> usize {
    let mut took = Duration::ZERO;
    let fitting = tests.iter().take_while(|test| {
        took += test.took;
        took <= step
    });
    fitting.count().max(1).min(tests.len())
}

/// How many tests run beside each other.
const WORKERS: usize = 2;

/// Does something with each of many, by several threads.
fn each<T: Sync>(many: &[T], act: impl Fn(usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((at, one)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    many.get(at).map(|one| (at, one))
                } {
                    act(at, one);
                }
            });
        }
    });
}

impl Runner {
    fn command(&self, program: &str, seconds: u64) -> Command {
        let mut command = Command::new("timeout");
        command
            .args(["-k", "1", &seconds.to_string()])
            .arg(&self.programs[program])
            .current_dir(&self.project)
            .env("RUST_BACKTRACE", "0")
            // That it fails is enough; the smallest case need not be found.
            .env("PROPTEST_MAX_SHRINK_ITERS", "0");
        command
    }

    /// Looks which tests there are, what each reaches, and how long it takes. Those that fail without a mutant are told
    /// of and left out.
    pub(crate) fn tests(&self, tell: &(impl Fn(&str) + Sync)) -> Vec<Test> {
        let mut names = Vec::new();
        for program in self.programs.keys() {
            let listed = self
                .command(program, 60)
                .args(["--list", "--format", "terse"])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&listed.stdout).into_owned();
            let tests = text.lines().filter_map(|line| line.strip_suffix(": test"));
            names.extend(tests.map(|test| (program.clone(), test.to_owned())));
        }
        let found = Mutex::new(Vec::new());
        each(&names, |at, (program, name)| {
            match self.reach(at, program, name) {
                Some(test) => found.lock().unwrap().push(test),
                None => tell(&format!("{program} {name} fails without a mutant")),
            }
        });
        let mut found = found.into_inner().unwrap();
        found.sort_by_key(|test| test.took);
        found
    }

    fn reach(&self, at: usize, program: &str, name: &str) -> Option<Test> {
        let note = self.notes.join(at.to_string());
        let _ = fs::remove_file(&note);
        let begun = Instant::now();
        let ran = self
            .command(program, 900)
            .args(["--exact", name])
            .env("HOLOTYPE_MUTANTS_REACHED", &note)
            .output()
            .unwrap();
        let took = begun.elapsed();
        let reached = fs::read_to_string(&note).unwrap_or_default();
        ran.status.success().then(|| Test {
            program: program.to_owned(),
            name: name.to_owned(),
            reached: reached.lines().filter_map(|line| line.parse().ok()).collect(),
            took,
        })
    }

    /// Switches a mutant on and runs tests that reach it; of many, only as many as take `seconds` without it.
    fn try_mutant(&self, number: usize, mutant: &Mutant, tests: &[Test], seconds: Duration) -> Outcome {
        let mut reaching: Vec<&Test> = tests
            .iter()
            .filter(|test| test.reached.contains(&number))
            .collect();
        let inside = format!("{}::", mutant.module());
        let deciders = self
            .deciders
            .lock()
            .unwrap()
            .get(&mutant.file)
            .cloned()
            .unwrap_or_default();
        // Those that noticed others of the file first, then those of the module itself, then the fast ones.
        reaching.sort_by_key(|test| {
            let is_inside = test.program == "lib" && test.name.starts_with(&inside);
            (!deciders.contains(&test.full_name()), !is_inside, test.took)
        });
        // All of them, where they are not too many.
        let seconds = match total(&reaching) {
            all if all <= seconds * ALL_MAX => all,
            _ => seconds,
        };
        let (mut at, mut spent, mut step) = (0, Duration::ZERO, STEP_MIN);
        while at < reaching.len() && spent <= seconds {
            let rest = &reaching[at..];
            let together = &rest[..within(rest, step)];
            if let Some(outcome) = self.run_together(number, together) {
                if let Outcome::Caught(test) = &outcome {
                    let mut deciders = self.deciders.lock().unwrap();
                    deciders
                        .entry(mutant.file.clone())
                        .or_default()
                        .insert(test.clone());
                }
                return outcome;
            }
            at += together.len();
            spent += total(together);
            step = (step * 2).min(STEP_MAX);
        }
        Outcome::Missed {
            run: at,
            reaching: reaching.len(),
        }
    }

    /// Runs tests with a mutant, those of a program together.
    fn run_together(&self, number: usize, tests: &[&Test]) -> Option<Outcome> {
        let programs: BTreeSet<&str> = tests.iter().map(|test| test.program.as_str()).collect();
        programs.into_iter().find_map(|program| {
            let own: Vec<&Test> = tests
                .iter()
                .filter(|test| test.program == program)
                .copied()
                .collect();
            self.run(number, program, &own)
        })
    }

    /// Runs tests of one program with a mutant.
    fn run(&self, number: usize, program: &str, tests: &[&Test]) -> Option<Outcome> {
        let ran: Output = self
            .command(program, 15 + 10 * total(tests).as_secs())
            .arg("--exact")
            .args(tests.iter().map(|test| &test.name))
            .env("HOLOTYPE_MUTANT", number.to_string())
            .output()
            .unwrap();
        let failed = String::from_utf8_lossy(&ran.stdout)
            .lines()
            .find_map(|line| {
                line.strip_prefix("test ")?
                    .strip_suffix(" ... FAILED")
                    .map(str::to_owned)
            })
            .unwrap_or_else(|| {
                tests
                    .iter()
                    .map(|test| test.name.as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            });
        let failed = format!("{program} {failed}");
        match ran.status.code() {
            Some(0) => None,
            Some(124 | 137) => Some(Outcome::Timeout(failed)),
            Some(_) | None => Some(Outcome::Caught(failed)),
        }
    }

    /// Tries mutants and tells what came of each.
    pub(crate) fn try_all(
        &self,
        mutants: &[(usize, &Mutant)],
        tests: &[Test],
        seconds: Duration,
        tell: &(impl Fn(&Mutant, &Outcome) + Sync),
    ) {
        each(mutants, |_, (number, mutant)| {
            tell(mutant, &self.try_mutant(*number, mutant, tests, seconds));
        });
    }
}

/// How many tests there are, what they take together, and how many mutants none of them reaches.
pub(crate) fn summary(tests: &[Test], mutants: &[(usize, &Mutant)]) -> String {
    let took: Duration = tests.iter().map(|test| test.took).sum();
    let reached: BTreeSet<usize> = tests
        .iter()
        .flat_map(|test| test.reached.iter().copied())
        .collect();
    let unreached = mutants
        .iter()
        .filter(|(number, _)| !reached.contains(number))
        .count();
    format!(
        "{} tests, {} s together; no test reaches {unreached} of {} mutants",
        tests.len(),
        took.as_secs(),
        mutants.len()
    )
}

/// A folder that is there and empty.
pub(crate) fn empty_folder(path: &Path) -> PathBuf {
    let _ = fs::remove_dir_all(path);
    fs::create_dir_all(path).unwrap();
    path.to_owned()
}
