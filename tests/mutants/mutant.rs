//! A mutant: one place of the source, changed in one way, as `cargo mutants --list --json` names it.

use std::fs;
use std::path::Path;

/// A place in a file: line and column, in characters, from 1.
pub(crate) type Place = (u64, u64);

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Genre {
    /// A function gives a value and does nothing.
    FnValue,
    BinaryOperator,
    /// An operator before an expression is taken out.
    UnaryOperator,
    /// A guard is always or never true.
    MatchArmGuard,
    /// An arm is taken out, where another takes everything.
    MatchArm,
    /// A field is taken out, so that it has its value by default.
    StructField,
}

/// A mutant.
#[derive(Debug, Clone)]
pub(crate) struct Mutant {
    /// File, line, column and change.
    pub(crate) name: String,
    /// The file, from the root of the project.
    pub(crate) file: String,
    pub(crate) genre: Genre,
    pub(crate) start: Place,
    pub(crate) end: Place,
    pub(crate) replacement: String,
}

impl Mutant {
    /// The module of the core that it lies in.
    pub(crate) fn module(&self) -> &str {
        self.file.split(['/', '.']).nth(1).unwrap_or_default()
    }
}

/// Reads a list.
///
/// # Errors
/// When it cannot be read, or holds what is no mutant.
pub(crate) fn read(list: &Path) -> Result<Vec<Mutant>, String> {
    let text = fs::read(list).map_err(|error| format!("{}: {error}", list.display()))?;
    let values: Vec<serde_json::Value> = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    values
        .iter()
        .map(|value| parse(value).ok_or_else(|| format!("no mutant: {value}")))
        .collect()
}

fn parse(value: &serde_json::Value) -> Option<Mutant> {
    let place = |end: &str| {
        let place = &value["span"][end];
        Some((place["line"].as_u64()?, place["column"].as_u64()?))
    };
    let text = |field: &str| Some(value[field].as_str()?.to_owned());
    let genre = match value["genre"].as_str()? {
        "FnValue" => Genre::FnValue,
        "BinaryOperator" => Genre::BinaryOperator,
        "UnaryOperator" => Genre::UnaryOperator,
        "MatchArmGuard" => Genre::MatchArmGuard,
        "MatchArm" => Genre::MatchArm,
        "StructField" => Genre::StructField,
        _ => return None,
    };
    Some(Mutant {
        name: text("name")?,
        file: text("file")?,
        genre,
        start: place("start")?,
        end: place("end")?,
        replacement: text("replacement")?,
    })
}
