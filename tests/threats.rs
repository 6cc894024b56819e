//! What Holotype withstands, each case under the code that the list of threats gives it: tampering (T), images (I),
//! names (N), files that change underneath (C), crashes and want of resources (K). Formats (F) stand in
//! `src/import` and `tests/formats`, releases (R) in `tests/release*.rs`.
//!
//! For each: no panic, the exit code of the contract, one line that names the file, and a repository that is as before.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

#[path = "lab/mod.rs"]
mod lab;
mod tree;

#[path = "threats/bench.rs"]
mod bench;
#[path = "threats/disk.rs"]
mod disk;
#[path = "threats/hooks.rs"]
mod hooks;
#[path = "threats/images.rs"]
mod images;
#[path = "threats/names.rs"]
mod names;
#[path = "threats/process.rs"]
mod process;
#[path = "threats/signals.rs"]
mod signals;
#[path = "threats/signature.rs"]
mod signature;
#[path = "threats/tampering.rs"]
mod tampering;
#[path = "threats/underneath.rs"]
mod underneath;

use std::collections::BTreeSet;
use std::path::Path;

use tree::source_below;

/// The letters, and how many cases each has.
const CASES: [(char, u32); 6] = [('t', 19), ('i', 11), ('n', 13), ('c', 6), ('k', 16), ('f', 25)];

/// The names of all tests in a text.
fn tests_in(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let tests = lines.windows(3).filter(|three| three[0] == "#[test]");
    tests
        .filter_map(|three| three[1..].iter().find_map(|line| line.strip_prefix("fn ")))
        .filter_map(|rest| Some(rest.split_once('(')?.0))
        .collect()
}

/// The codes that stand at the start of a test's name: `t02_t03_…` and `n01_to_n04_…` are some.
fn codes_of(test: &str) -> BTreeSet<String> {
    let code = |word: &str| {
        let letter = word.chars().next()?;
        let number: u32 = word.get(1..).filter(|rest| rest.len() == 2)?.parse().ok()?;
        Some((letter, number))
    };
    let mut found = BTreeSet::new();
    let mut last = None;
    let mut is_range = false;
    for word in test.split('_') {
        match (code(word), last) {
            (Some((letter, number)), Some((first, from))) if is_range && letter == first => {
                found.extend((from..=number).map(|number| format!("{letter}{number:02}")));
            }
            (Some((letter, number)), _) => {
                found.insert(format!("{letter}{number:02}"));
                last = Some((letter, number));
            }
            (None, Some(_)) if word == "to" => {
                is_range = true;
                continue;
            }
            (None, _) => break,
        }
        is_range = false;
    }
    found
}

#[test]
fn codes_are_read_off_names() {
    let codes = |test: &str| codes_of(test).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(codes("t02_t03_a_file"), "t02 t03");
    assert_eq!(codes("n01_to_n04_names"), "n01 n02 n03 n04");
    assert_eq!(codes("a_t01_file"), "");
    assert_eq!(codes("the_first"), "");
}

/// A code without a test of its name is a case that nobody tries.
#[test]
fn every_threat_has_a_test_of_its_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = source_below(&root.join("src")) + &source_below(&root.join("tests"));
    let tried: BTreeSet<String> = tests_in(&text).into_iter().flat_map(codes_of).collect();
    let wanted = CASES
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number:02}")));
    let missing: Vec<String> = wanted.filter(|code| !tried.contains(code)).collect();
    assert_eq!(missing, Vec::<String>::new());
}
