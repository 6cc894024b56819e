//! Rules about who may know whom: the table, the layers, and the binary's public API.

use crate::check::File;
use crate::place::Place;
use crate::report::{Rule, Violation};
use crate::table;

/// Reports modules outside of the table, and source that is brought in past it.
pub(crate) fn table(file: &File<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    if let Place::Module(name) = &file.place
        && table::row_of(name).is_none()
    {
        found.push(file.violation(
            1,
            Rule::Table,
            format!("module `{name}` has no row in the layer table"),
        ));
    }
    if file.place == Place::Root {
        for module in file.facts.modules.iter().filter(|module| module.scope.len() == 1) {
            if table::row_of(&module.name).is_none() {
                let what = format!("module `{}` has no row in the layer table", module.name);
                found.push(file.violation(module.line, Rule::Table, what));
            }
        }
    }
    if file.place.is_library() {
        for line in &file.facts.path_attributes {
            let what = "`#[path]` brings source in past the layer table".to_owned();
            found.push(file.violation(*line, Rule::Table, what));
        }
        for call in file.facts.macros.iter().filter(|call| call.name == "include") {
            let what = "`include!` brings source in past the layer table".to_owned();
            found.push(file.violation(call.line, Rule::Table, what));
        }
    }
    found
}

/// Reports paths from a module to a sibling, to a module above it, or to the crate's root. Test code counts:
/// a test that needs a higher layer belongs in `tests/`.
pub(crate) fn layer(file: &File<'_>) -> Vec<Violation> {
    let Place::Module(from) = &file.place else {
        return Vec::new();
    };
    let Some(own_row) = table::row_of(from) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in file.paths.iter().filter(|path| path.is_own()) {
        let to = path.segments.get(1).map_or("", String::as_str);
        if to == from {
            continue;
        }
        let text = path.text();
        let what = match table::row_of(to) {
            None => format!("`{text}` goes through the crate's root, which belongs to no layer"),
            Some(row) if row > own_row => {
                format!("`{from}` (row {own_row}) uses `{text}` of the higher row {row}")
            }
            Some(row) if row == own_row && !table::is_sibling_allowed(from, to) => {
                format!("`{from}` uses `{text}`, but siblings of row {row} do not know each other")
            }
            Some(_) => continue,
        };
        found.push(file.violation(path.line, Rule::Layer, what));
    }
    found
}

/// Reports what lets the binary reach past the library's public API: source included by path, names meant to
/// be hidden, and hidden items on the library's side.
pub(crate) fn public_api(file: &File<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    if file.place.is_library() {
        for line in &file.facts.hidden {
            let what = "`#[doc(hidden)]` makes a back door beside the public API".to_owned();
            found.push(file.violation(*line, Rule::PublicApi, what));
        }
    }
    if file.place != Place::Binary {
        return found;
    }
    for line in &file.facts.path_attributes {
        let what = "`#[path]` can bring the library's source into the binary".to_owned();
        found.push(file.violation(*line, Rule::PublicApi, what));
    }
    for call in file.facts.macros.iter().filter(|call| call.name == "include") {
        let what = "`include!` can bring the library's source into the binary".to_owned();
        found.push(file.violation(call.line, Rule::PublicApi, what));
    }
    for path in &file.paths {
        let is_library = path.segments.first().is_some_and(|first| first == "holotype");
        if is_library && path.segments.iter().any(|segment| segment.starts_with('_')) {
            let what = format!("`{}` is not part of the public API", path.text());
            found.push(file.violation(path.line, Rule::PublicApi, what));
        }
        let module = path.segments.get(1).map_or("", String::as_str);
        if path.is_own() && table::row_of(module).is_some() && !file.binary_modules.contains(module) {
            let what = format!(
                "`{}` names the library's module from inside; use `holotype::…`",
                path.text()
            );
            found.push(file.violation(path.line, Rule::PublicApi, what));
        }
    }
    found
}
