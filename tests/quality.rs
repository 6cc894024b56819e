//! Quality of labels through the program, one module a command.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod lab;

#[path = "quality/agreement.rs"]
mod agreement;

#[path = "quality/split.rs"]
mod split;

#[path = "quality/check.rs"]
mod check;

#[path = "quality/coverage.rs"]
mod coverage;

#[path = "quality/personal.rs"]
mod personal;

#[path = "quality/procedure.rs"]
mod procedure;

#[path = "quality/objects.rs"]
mod objects;

#[path = "quality/plots.rs"]
mod plots;

#[path = "quality/completeness.rs"]
mod completeness;

#[path = "quality/consensus.rs"]
mod consensus;

#[path = "quality/look.rs"]
mod look;

#[path = "quality/round.rs"]
mod round;

/// Records commands, with people and labels that are not known yet; returns the exit code.
fn create(lab: &lab::Lab, commands: &[serde_json::Value]) -> i32 {
    let lines: Vec<String> = commands.iter().map(ToString::to_string).collect();
    lab.feed(&["record", "-", "--create"], &lines.join("\n")).status
}

/// MIDOG as published, with its model named as one; `None` where the published data are not at hand.
fn midog() -> Option<lab::Lab> {
    let database = lab::data_dir()?.join("midog/MIDOG.sqlite").display().to_string();
    let lab = lab::Lab::new();
    lab.ok(&[
        "import",
        &database,
        "--map-annotator",
        "RetinaNet=model",
        "--commit",
        "as published",
    ]);
    Some(lab)
}
