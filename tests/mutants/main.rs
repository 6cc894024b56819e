//! Builds a copy of the project with all mutants of the core in it, each behind a switch, and tries each: started by
//! `tests/mutants/run.sh`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod build;
#[path = "../copy/mod.rs"]
mod copy;
mod mutant;
mod plant;
mod site;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use build::{Hindrance, build};
use mutant::Mutant;
use trial::{Outcome, Runner};

/// What is asked for in the environment.
struct Wish {
    folder: PathBuf,
    /// Part of the names of the mutants that are tried.
    only: String,
    /// The programs whose tests are run.
    programs: Vec<String>,
    /// How long the tests of one mutant may take.
    seconds: Duration,
}

impl Wish {
    fn read() -> Self {
        let text = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        Self {
            folder: PathBuf::from(text("MUTANTS_DIR", "/tmp/holotype-mutants")),
            only: text("MUTANTS", ""),
            programs: text("MUTANTS_TESTS", "lib")
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            seconds: Duration::from_secs(text("MUTANTS_SECONDS", "20").parse().unwrap_or(20)),
        }
    }
}

/// What came of each mutant, by name: the outcome, and the test that decided it.
struct Results {
    path: PathBuf,
    known: BTreeMap<String, (String, String)>,
    file: Mutex<fs::File>,
}

impl Results {
    fn open(path: PathBuf) -> Result<Self, String> {
        let file = fs::OpenOptions::new().append(true).create(true).open(&path);
        Ok(Self {
            known: Self::read(&path),
            file: Mutex::new(file.map_err(|error| format!("{}: {error}", path.display()))?),
            path,
        })
    }

    /// The latest result of each.
    fn read(path: &Path) -> BTreeMap<String, (String, String)> {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .filter_map(|line| {
                let mut fields = line.split('\t').map(str::to_owned);
                Some((
                    fields.next()?,
                    (fields.next()?, fields.next().unwrap_or_default()),
                ))
            })
            .collect()
    }

    fn outcome(&self, mutant: &Mutant) -> Option<&str> {
        Some(self.known.get(&mutant.name)?.0.as_str())
    }

    /// Whether a test noticed it; then it is not tried again.
    fn is_noticed(&self, mutant: &Mutant) -> bool {
        matches!(self.outcome(mutant), Some("caught" | "timeout"))
    }

    /// The tests that noticed a mutant of a file.
    fn deciders(&self, mutants: &[Mutant]) -> BTreeMap<String, BTreeSet<String>> {
        let mut deciders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for mutant in mutants {
            if let Some((_, test)) = self.known.get(&mutant.name).filter(|(what, _)| what == "caught") {
                deciders
                    .entry(mutant.file.clone())
                    .or_default()
                    .insert(test.clone());
            }
        }
        deciders
    }

    fn note(&self, mutant: &Mutant, what: &str, by: &str) {
        writeln!(self.file.lock().unwrap(), "{}\t{what}\t{by}", mutant.name).unwrap();
    }

    fn note_outcome(&self, mutant: &Mutant, outcome: &Outcome) {
        match outcome {
            Outcome::Caught(test) => self.note(mutant, "caught", test),
            Outcome::Timeout(test) => self.note(mutant, "timeout", test),
            Outcome::Missed { reaching: 0, .. } => self.note(mutant, "unreached", ""),
            Outcome::Missed { run, reaching } => {
                self.note(mutant, "missed", &format!("{run} of {reaching} tests"));
            }
        }
    }

    /// Keeps one line for each, sorted, of those that there are.
    fn settle(&self, mutants: &[Mutant]) {
        let latest = Self::read(&self.path);
        let lines = mutants.iter().filter_map(|mutant| {
            let (what, by) = latest.get(&mutant.name)?;
            Some(format!("{}\t{what}\t{by}\n", mutant.name))
        });
        fs::write(&self.path, lines.collect::<String>()).unwrap();
    }
}

#[expect(clippy::print_stdout, reason = "whoever runs it is told how it goes")]
fn run() -> Result<(), String> {
    let wish = Wish::read();
    let mutants = mutant::read(&wish.folder.join("list.json"))?;
    let results = Results::open(wish.folder.join("results.tsv"))?;
    let numbered = || mutants.iter().enumerate();
    let known = numbered()
        .filter_map(|(number, mutant)| Some((number, Hindrance::of_name(results.outcome(mutant)?)?)))
        .collect();
    let copy = build(&wish.folder, &mutants, known, &wish.programs)?;
    for (number, hindrance) in &copy.hindered {
        results.note(&mutants[*number], hindrance.name(), "");
    }
    let wanted: Vec<(usize, &Mutant)> = numbered()
        .filter(|(number, mutant)| !copy.hindered.contains_key(number) && mutant.name.contains(&wish.only))
        .filter(|(_, mutant)| !results.is_noticed(mutant))
        .collect();
    println!(
        "{} of {} mutants are in the copy, {} are tried",
        mutants.len() - copy.hindered.len(),
        mutants.len(),
        wanted.len()
    );
    let runner = Runner {
        project: copy.project,
        programs: copy.programs,
        notes: trial::empty_folder(&wish.folder.join("notes")),
        deciders: Mutex::new(results.deciders(&mutants)),
    };
    let tests = runner.tests(&|text| println!("{text}"));
    println!("{}", trial::summary(&tests, &wanted));
    runner.try_all(&wanted, &tests, wish.seconds, &|mutant, outcome| {
        results.note_outcome(mutant, outcome);
    });
    results.settle(&mutants);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "whoever runs it is told what went wrong")]
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
