//! Whole processes: how long they take, and the most memory that they have.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;
use wait4::Wait4;

use crate::measure::{Outcome, Sample, since};

/// Who commits.
pub(crate) const AUTHOR: &str = "A Bench <bench@example.org>";

/// The program that is measured.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_holotype");

/// Makes a command of the program in a repository.
pub(crate) fn holotype(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("-C").arg(dir).args(words);
    command.env("HOLOTYPE_AUTHOR", AUTHOR);
    command.env("HOLOTYPE_NOW", crate::trees::NOW);
    command.env("HOLOTYPE_SEED", crate::trees::SEED);
    command
}

/// Runs a command to its end; what it prints is thrown away. One that fails is an error, with what it said.
pub(crate) fn run(command: &mut Command) -> Outcome<Sample> {
    let (sample, is_good) = attempt(command)?;
    if is_good {
        return Ok(sample);
    }
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("{command:?} failed: {said}").into())
}

/// Runs a command to its end; says whether it was successful.
pub(crate) fn attempt(command: &mut Command) -> Outcome<(Sample, bool)> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let begin = Instant::now();
    let used = command.spawn()?.wait4()?;
    let sample = Sample {
        peak_bytes: used.rusage.maxrss,
        ..since(begin)
    };
    Ok((sample, used.status.success()))
}

/// Runs the empty process of the machine.
pub(crate) fn empty() -> Outcome<Sample> {
    run(&mut Command::new("true"))
}

/// Runs the program for nothing but its help.
pub(crate) fn help() -> Outcome<Sample> {
    run(Command::new(PROGRAM).arg("--help"))
}

/// Runs a task of this program in a process of its own; returns what it printed, and its peak memory.
pub(crate) fn inside(task: &str, arguments: &[&str]) -> Outcome<(Value, u64)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--inside", task]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut text = String::new();
    if let Some(mut out) = child.stdout.take() {
        std::io::Read::read_to_string(&mut out, &mut text)?;
    }
    let used = child.wait4()?;
    if !used.status.success() {
        return Err(format!("the task {task} {arguments:?} failed").into());
    }
    Ok((serde_json::from_str(&text)?, used.rusage.maxrss))
}

/// As [`inside`], for a task that tells how many `seconds` its work took.
pub(crate) fn inside_timed(task: &str, arguments: &[&str]) -> Outcome<Sample> {
    let (value, peak_bytes) = inside(task, arguments)?;
    Ok(Sample {
        seconds: number(&value, "seconds")?,
        peak_bytes,
    })
}

/// Returns a member that is a number.
pub(crate) fn number(value: &Value, name: &str) -> Outcome<f64> {
    let found = value.get(name).and_then(Value::as_f64);
    found.ok_or_else(|| format!("a task told no {name}: {value}").into())
}

/// Returns a member that is a whole number.
pub(crate) fn whole(value: &Value, name: &str) -> Outcome<u64> {
    let found = value.get(name).and_then(Value::as_u64);
    found.ok_or_else(|| format!("a task told no whole {name}: {value}").into())
}
