//! Measures what Holotype does beside what the machine, or another program, needs for the least of it, in turn, and
//! prints one table. `docs/performance.md` says how to read it.
//!
//! ```sh
//! cargo bench -- --size 100k
//! ```
//!
//! This process stays small: heavy work runs in processes of its own, which are this program again with `--inside`,
//! because the kernel counts the memory of whoever starts a process as that process's own peak.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program that prints"
)]

#[expect(
    dead_code,
    reason = "the words of its command line are for the example that shares it"
)]
#[path = "../../examples/generate_dataset/dataset.rs"]
mod dataset;

mod counted;
mod counters;
mod durable;
mod git;
mod growth;
mod inside;
mod lab;
mod machine;
mod measure;
mod options;
mod page;
mod process;
mod report;
mod rows;
mod sqlite;
mod trees;
mod typed;

use std::process::ExitCode;

use measure::Outcome;
use options::{Options, Request};

/// What is measured in process has the program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Outcome<ExitCode> {
    match Options::parse(words)? {
        Request::Inside { task, arguments } => {
            println!("{}", inside::run(&task, &arguments)?);
            Ok(ExitCode::SUCCESS)
        }
        Request::Help => {
            println!("{}", options::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Request::Growth(options) => {
            growth::run(&options)?;
            Ok(ExitCode::SUCCESS)
        }
        Request::Rows(options) => table(&options),
    }
}

/// Measures the rows and counters that are asked for; fails only when a counter is above the one recorded.
fn table(options: &Options) -> Outcome<ExitCode> {
    let machine = machine::describe();
    let recorded = page::read()?;
    println!("{machine}");
    let lab = lab::Lab::open(options)?;
    let rows = rows::measure(&lab, options)?;
    let counters = if options.takes("counters") {
        counters::measure(&lab)?
    } else {
        Vec::new()
    };
    print!("{}", report::table(&rows, &recorded));
    print!("{}", report::counter_table(&counters, &recorded));
    report::write_json(options, &machine, &rows, &counters)?;
    if options.write_docs {
        page::write(&machine, options, &rows, &counters)?;
    }
    let worse = report::worse_counters(&counters, &recorded);
    for line in &worse {
        eprintln!("bench: {line}");
    }
    Ok(if worse.is_empty() || options.write_docs {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
