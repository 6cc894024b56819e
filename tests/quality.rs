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
