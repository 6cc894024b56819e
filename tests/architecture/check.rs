//! Runs every rule over source files. Pure: paths and texts in, violations out.

use std::collections::BTreeSet;

use proc_macro2::{LexError, TokenStream};

use crate::facts::Facts;
use crate::place::{Place, module_path};
use crate::report::{Rule, Violation};
use crate::resolve::{Resolved, resolve};
use crate::scan::scan;
use crate::{borders, layers, shape, table};

/// A source file as the rules see it.
pub(crate) struct File<'a> {
    /// Its path from the project's root.
    pub(crate) path: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
    /// Where it stands.
    pub(crate) place: Place,
    /// What stands in it.
    pub(crate) facts: Facts,
    /// Its paths, absolute.
    pub(crate) paths: Vec<Resolved>,
    /// The modules of the binary, which may be named like those of the library.
    pub(crate) binary_modules: &'a BTreeSet<String>,
}

impl File<'_> {
    /// Makes a violation in this file.
    pub(crate) fn violation(&self, line: usize, rule: Rule, what: String) -> Violation {
        Violation {
            path: self.path.to_owned(),
            line,
            rule,
            what,
        }
    }
}

/// Checks source files, given as path from the project's root and text, and returns every violation in order.
pub(crate) fn check(sources: &[(String, String)]) -> Vec<Violation> {
    let mut found = BTreeSet::new();
    let mut parsed = Vec::new();
    for (path, text) in sources {
        match parse(text) {
            Ok(tokens) => parsed.push((path, text, tokens)),
            Err(error) => {
                let (path, line) = (path.clone(), error.span().start().line);
                found.insert(Violation {
                    path,
                    line,
                    rule: Rule::Syntax,
                    what: error.to_string(),
                });
            }
        }
    }
    let first_look: Vec<(&str, Facts)> = parsed
        .iter()
        .map(|(path, _, tokens)| (path.as_str(), scan(tokens.clone(), module_path(path), false)))
        .collect();
    let test_files = test_files(&first_look);
    let binary_modules = binary_modules(&first_look);
    for (path, text, tokens) in parsed {
        let in_test = test_files
            .iter()
            .any(|(file, folder)| path == file || path.starts_with(folder));
        let facts = scan(tokens, module_path(path), in_test);
        let paths = resolve(&facts);
        let place = Place::of(path);
        found.extend(rules(&File {
            path,
            text,
            place,
            facts,
            paths,
            binary_modules: &binary_modules,
        }));
    }
    found.into_iter().collect()
}

/// Applies every rule to a file.
fn rules(file: &File<'_>) -> Vec<Violation> {
    const RULES: &[fn(&File<'_>) -> Vec<Violation>] = &[
        layers::table,
        layers::layer,
        layers::public_api,
        borders::pure_core,
        borders::binary_only,
        borders::file_system,
        borders::crates,
        shape::file_length,
        shape::function_length,
        shape::assertion,
        shape::unsafe_code,
        shape::unfinished,
        shape::ignored,
    ];
    RULES.iter().flat_map(|rule| rule(file)).collect()
}

/// Reads a text as tokens. Whether they make sense is for the compiler, which knows newer syntax than `syn`.
fn parse(text: &str) -> Result<TokenStream, LexError> {
    text.trim_start_matches('\u{feff}').parse()
}

/// Lists the files, and the folders below them, that only test builds compile: `#[cfg(test)] mod tests;`.
fn test_files(files: &[(&str, Facts)]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, facts) in files {
        let folder = child_folder(path);
        for module in facts.modules.iter().filter(|module| module.in_test) {
            let below = module.scope.iter().skip(module_path(path).len());
            let inline: String = below.map(|name| format!("{name}/")).collect();
            let stem = format!("{folder}{inline}{}", module.name);
            found.push((format!("{stem}.rs"), format!("{stem}/")));
        }
    }
    found
}

/// Returns the folder in which a file's child modules stand: `src/a/` for `src/a.rs` and `src/a/mod.rs`.
fn child_folder(path: &str) -> String {
    let (folder, name) = path
        .rsplit_once('/')
        .map_or(("", path), |(folder, name)| (folder, name));
    match name {
        "mod.rs" | "lib.rs" | "main.rs" => format!("{folder}/"),
        _ => format!("{}/", path.strip_suffix(".rs").unwrap_or(path)),
    }
}

/// Lists the top-level modules that the binary declares itself.
fn binary_modules(files: &[(&str, Facts)]) -> BTreeSet<String> {
    let binary = files.iter().filter(|(path, _)| path.starts_with(table::BINARY));
    let modules = binary.flat_map(|(_, facts)| facts.modules.iter());
    modules
        .filter(|module| module.scope.len() == 1)
        .map(|module| module.name.clone())
        .collect()
}
