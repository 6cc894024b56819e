//! Rules about what lies outside of the crate: I/O, clock, randomness, output, and other people's crates.
//! Test code of the library may do I/O and print; outside crates keep their border in test code as well.

use crate::check::File;
use crate::place::Place;
use crate::report::{Rule, Violation};
use crate::resolve::Resolved;
use crate::table;

/// Paths that do I/O, read a clock or draw randomness, and what each of them is.
const IMPURE: &[(&[&str], &str)] = &[
    (&["std", "fs"], "I/O"),
    (&["std", "net"], "I/O"),
    (&["std", "os"], "I/O"),
    (&["std", "env"], "the environment"),
    (&["std", "process"], "processes"),
    (&["std", "thread", "sleep"], "a clock"),
    (&["std", "time", "SystemTime"], "a clock"),
    (&["std", "time", "Instant"], "a clock"),
    (&["chrono", "Local"], "a clock"),
    (&["chrono", "Utc", "now"], "a clock"),
    (&["rustix"], "I/O"),
    (&["tempfile"], "I/O"),
    (&["getrandom"], "randomness"),
    (&["rand"], "randomness"),
    (&["fastrand"], "randomness"),
    (&["uuid", "Uuid", "new_v4"], "randomness"),
    (&["uuid", "Uuid", "now_v7"], "a clock"),
];

/// The same, by the end of a path whose beginning is hidden by a glob.
const IMPURE_ENDS: &[(&[&str], &str)] = &[
    (&["SystemTime", "now"], "a clock"),
    (&["Instant", "now"], "a clock"),
    (&["Utc", "now"], "a clock"),
    (&["Local", "now"], "a clock"),
    (&["Uuid", "new_v4"], "randomness"),
    (&["Uuid", "now_v7"], "a clock"),
];

/// The process's own streams, which the binary alone holds.
const STREAMS: &[&[&str]] = &[
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
    &["std", "io", "stderr"],
];

/// Macros that print.
const PRINTING: &[&str] = &["println", "print", "eprintln", "eprint", "dbg"];

/// Paths into the file system.
const FILE_SYSTEM: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "os", "unix", "fs"],
    &["std", "os", "windows", "fs"],
    &["rustix", "fs"],
];

/// Ends of paths into the file system whose beginning is hidden by a glob.
const FILE_SYSTEM_ENDS: &[&[&str]] = &[
    &["File", "open"],
    &["File", "create"],
    &["File", "create_new"],
    &["File", "options"],
    &["OpenOptions"],
];

/// Methods of `Path` that ask the file system and whose names mean nothing else.
const FILE_SYSTEM_METHODS: &[&str] = &[
    "try_exists",
    "canonicalize",
    "read_dir",
    "read_link",
    "symlink_metadata",
    "is_symlink",
];

/// Reports I/O, clock, randomness and printing in the pure core.
pub(crate) fn pure_core(file: &File<'_>) -> Vec<Violation> {
    let Some(module) = pure_module(file) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for path in file.paths.iter().filter(|path| !path.in_test) {
        if let Some(kind) = impurity(path) {
            let what = format!("`{module}` is pure, but `{}` is {kind}", path.text());
            found.push(file.violation(path.line, Rule::PureCore, what));
        }
    }
    for (line, name) in printed(file) {
        let what = format!("`{module}` is pure, but `{name}!` prints");
        found.push(file.violation(line, Rule::PureCore, what));
    }
    for (line, name) in asked(file) {
        let what = format!("`{module}` is pure, but `.{name}()` is I/O");
        found.push(file.violation(line, Rule::PureCore, what));
    }
    found
}

/// Reports output and the environment in the rest of the library.
pub(crate) fn binary_only(file: &File<'_>) -> Vec<Violation> {
    if !file.place.is_library() || pure_module(file).is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for path in file.paths.iter().filter(|path| !path.in_test) {
        if is_stream(path) || path.reaches(&["std", "env"]) {
            let what = format!("`{}` belongs to the binary alone", path.text());
            found.push(file.violation(path.line, Rule::BinaryOnly, what));
        }
    }
    for (line, name) in printed(file) {
        let what = format!("`{name}!` prints, which the binary alone may do");
        found.push(file.violation(line, Rule::BinaryOnly, what));
    }
    found
}

/// Reports the file system outside of the modules that own it.
pub(crate) fn file_system(file: &File<'_>) -> Vec<Violation> {
    let Some(name) = file.place.name().filter(|_| file.place.is_library()) else {
        return Vec::new();
    };
    if pure_module(file).is_some() || table::FILE_SYSTEM.iter().any(|(module, _)| *module == name) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for path in file.paths.iter().filter(|path| !path.in_test) {
        let touches = FILE_SYSTEM.iter().any(|wanted| path.reaches(wanted))
            || FILE_SYSTEM_ENDS.iter().any(|wanted| path.holds(wanted));
        if touches {
            let what = format!("`{name}` touches the file system with `{}`", path.text());
            found.push(file.violation(path.line, Rule::FileSystem, what));
        }
    }
    for (line, method) in asked(file) {
        let what = format!("`{name}` touches the file system with `.{method}()`");
        found.push(file.violation(line, Rule::FileSystem, what));
    }
    found
}

/// Reports outside crates beyond their border, each once a file.
pub(crate) fn crates(file: &File<'_>) -> Vec<Violation> {
    let Some(name) = file.place.name() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (crates, modules) in table::CRATES
        .iter()
        .filter(|(_, modules)| !modules.contains(&name))
    {
        for wanted in *crates {
            let uses = file
                .paths
                .iter()
                .filter(|path| path.segments.first().is_some_and(|first| first == wanted));
            if let Some(path) = uses.min_by_key(|path| path.line) {
                let what = format!("`{}` in `{name}`; only {} may", path.text(), modules.join(", "));
                found.push(file.violation(path.line, Rule::Crate, what));
            }
        }
    }
    found
}

fn pure_module<'a>(file: &'a File<'_>) -> Option<&'a str> {
    match &file.place {
        Place::Module(name) if table::PURE.contains(&name.as_str()) => Some(name),
        Place::Module(_) | Place::Root | Place::Binary | Place::Outside => None,
    }
}

fn impurity(path: &Resolved) -> Option<&'static str> {
    if is_stream(path) {
        return Some("a stream of the process");
    }
    if FILE_SYSTEM_ENDS.iter().any(|wanted| path.holds(wanted)) {
        return Some("I/O");
    }
    let by_start = IMPURE.iter().find(|(wanted, _)| path.reaches(wanted));
    let by_end = || IMPURE_ENDS.iter().find(|(wanted, _)| path.holds(wanted));
    by_start.or_else(by_end).map(|(_, kind)| *kind)
}

fn is_stream(path: &Resolved) -> bool {
    STREAMS.iter().any(|wanted| path.reaches(wanted))
}

/// Lists the calls of printing macros outside of test code.
fn printed<'a>(file: &'a File<'_>) -> impl Iterator<Item = (usize, &'a str)> {
    let calls = file.facts.macros.iter().filter(|call| !call.in_test);
    calls
        .filter(|call| PRINTING.contains(&call.name.as_str()))
        .map(|call| (call.line, call.name.as_str()))
}

/// Lists the methods outside of test code that ask the file system.
fn asked<'a>(file: &'a File<'_>) -> impl Iterator<Item = (usize, &'a str)> {
    let calls = file.facts.methods.iter().filter(|call| !call.in_test);
    calls
        .filter(|call| FILE_SYSTEM_METHODS.contains(&call.name.as_str()))
        .map(|call| (call.line, call.name.as_str()))
}
