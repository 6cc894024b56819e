//! `docs/cli.md` is what the program says of itself. `HOLOTYPE_UPDATE_DOCS=1 cargo test --test cli_reference` rewrites it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(arguments)
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

/// The commands that `holotype --help` lists, in its order.
fn commands(help: &str) -> Vec<String> {
    let list = help.split("Commands:\n").nth(1).unwrap();
    list.lines()
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_reference_is_what_the_program_says() {
    let top = help(&[]);
    let mut page = String::from(
        "# Commands\n\nMade from the program's own help; do not edit. Exit codes: 0 done · 1 differences or findings, where the\n\
         command was asked to tell · 2 the command line cannot be understood · 3 refused, nothing changed · 4 conflict or lost\n\
         race · 5 the repository is damaged · 6 I/O failure. Every failure prints one line and a `Hint:`.\n\n",
    );
    page.push_str(&format!("```text\n{top}```\n"));
    let commands = commands(&top);
    assert!(commands.len() >= 27, "{commands:?}");
    for command in commands {
        page.push_str(&format!("\n## {command}\n\n```text\n{}```\n", help(&[&command])));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    if std::env::var_os("HOLOTYPE_UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, page,
        "run HOLOTYPE_UPDATE_DOCS=1 cargo test --test cli_reference"
    );
}
