//! Builds a copy of the project with all planted bugs in it and tries each: started by `tests/planted/run.sh`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]
#![allow(dead_code, reason = "the bugs are looked at by tests/planted.rs, too")]

mod bug;
#[path = "../copy/mod.rs"]
mod copy;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use bug::Bug;
use run::{Outcome, run};

#[expect(clippy::print_stdout, reason = "the table is what it is run for")]
fn tell(bug: &Bug, outcome: &Outcome) {
    let outcome = match outcome {
        Outcome::Caught(tests) => tests.join(", "),
        Outcome::Survived => "SURVIVED".to_owned(),
    };
    let Bug {
        kind,
        name,
        file,
        function,
        ..
    } = bug;
    println!("| {kind} | {name} | `{file}` `{function}` | {outcome} |");
}

#[expect(clippy::print_stderr, reason = "whoever runs it is told what went wrong")]
fn main() -> ExitCode {
    let folder = std::env::var_os("PLANTED_DIR")
        .map_or_else(|| std::env::temp_dir().join("holotype-planted"), PathBuf::from);
    let only = std::env::var("PLANTED").unwrap_or_default();
    match run(&folder, &only, tell) {
        Ok(survived) if survived.is_empty() => ExitCode::SUCCESS,
        Ok(survived) => {
            eprintln!("SURVIVED: {}", survived.join(", "));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
