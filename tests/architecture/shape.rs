//! Rules about the shape of a file, wherever it stands: its length, its functions, its tests, unfinished code.

use std::collections::BTreeSet;

use crate::check::File;
use crate::facts::{Facts, Function, Kind};
use crate::report::{Rule, Violation};
use crate::table::{FILE_LINES, FUNCTION_LINES};

/// Reports a file that is too long.
pub(crate) fn file_length(file: &File<'_>) -> Vec<Violation> {
    let lines = file.text.lines().count();
    if lines <= FILE_LINES {
        return Vec::new();
    }
    let what = format!("{lines} lines; at most {FILE_LINES}");
    vec![file.violation(FILE_LINES + 1, Rule::FileLength, what)]
}

/// Reports functions that are too long. What stands in functions nested inside counts for those alone.
pub(crate) fn function_length(file: &File<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for function in &file.facts.functions {
        let lines = own_lines(&file.facts.functions, function);
        if lines > FUNCTION_LINES {
            let what = format!("`{}` has {lines} lines; at most {FUNCTION_LINES}", function.name);
            found.push(file.violation(function.first_line, Rule::FunctionLength, what));
        }
    }
    found
}

/// Counts the lines of a function that belong to no function inside of it.
fn own_lines(all: &[Function], function: &Function) -> usize {
    let is_inside = |line: usize| {
        all.iter().any(|other| {
            let is_nested = other.first_line > function.first_line && other.last_line < function.last_line;
            is_nested && (other.first_line..=other.last_line).contains(&line)
        })
    };
    (function.first_line..=function.last_line)
        .filter(|line| !is_inside(*line))
        .count()
}

/// Reports tests that cannot fail by what they say, and checks whose outcome is dropped.
pub(crate) fn assertion(file: &File<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for function in file
        .facts
        .functions
        .iter()
        .filter(|function| function.kind == Kind::Test)
    {
        if !can_fail(&file.facts, function) {
            let what = format!("test `{}` asserts nothing", function.name);
            found.push(file.violation(function.first_line, Rule::Assertion, what));
        }
    }
    for call in file
        .facts
        .macros
        .iter()
        .filter(|call| call.is_statement && call.name == "matches")
    {
        let what = "`matches!(…);` as a statement checks nothing".to_owned();
        found.push(file.violation(call.line, Rule::Assertion, what));
    }
    found
}

/// Says whether a function, or one of the same file that it mentions, can fail.
fn can_fail(facts: &Facts, test: &Function) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![test];
    while let Some(function) = open.pop() {
        if function.can_fail {
            return true;
        }
        if seen.insert(function.first_line) {
            let known = facts.functions.iter().filter(|other| other.kind != Kind::Test);
            open.extend(known.filter(|other| function.mentions.contains(&other.name)));
        }
    }
    false
}

/// Reports `unsafe`.
pub(crate) fn unsafe_code(file: &File<'_>) -> Vec<Violation> {
    let lines = file.facts.unsafes.iter();
    lines
        .map(|line| file.violation(*line, Rule::Unsafe, "`unsafe` is for other crates".to_owned()))
        .collect()
}

/// Reports `todo!` and `unimplemented!`.
pub(crate) fn unfinished(file: &File<'_>) -> Vec<Violation> {
    let calls = file
        .facts
        .macros
        .iter()
        .filter(|call| matches!(call.name.as_str(), "todo" | "unimplemented"));
    calls
        .map(|call| file.violation(call.line, Rule::Unfinished, format!("`{}!`", call.name)))
        .collect()
}

/// Reports `#[ignore]` without a reason.
pub(crate) fn ignored(file: &File<'_>) -> Vec<Violation> {
    let lines = file.facts.bare_ignores.iter();
    let what = "`#[ignore]` without a reason: write `#[ignore = \"why\"]`";
    lines
        .map(|line| file.violation(*line, Rule::Ignored, what.to_owned()))
        .collect()
}
