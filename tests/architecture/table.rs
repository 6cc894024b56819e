//! The layer table: which module stands in which row, who may know what, and every exception with its reason.
//!
//! A new module gets its row here before its first line of code. A module may use the rows below its own.
//! Modules of one row do not know each other, unless [`SIBLINGS`] says so and why.

/// The rows of the library, lowest first.
pub(crate) const ROWS: &[&[&str]] = &[
    &["id", "time", "assignment"],
    &["codec", "model", "privacy", "leftovers"],
    &["event", "store", "files"],
    &["tree", "log"],
    &["snapshot"],
    &["replay"],
    &["index"],
    &["repo"],
    &["import", "export", "quality", "sync", "verify"],
    &["release", "repair"],
];

/// The folder of the binary, which is the row above all others and a crate of its own.
pub(crate) const BINARY: &str = "src/bin/holotype/";

/// A use between modules of one row: `(from, to, reason)`. The edges must not form a cycle.
pub(crate) const SIBLINGS: &[(&str, &str, &str)] = &[
    (
        "model",
        "codec",
        "records of the domain say what is canonical about themselves",
    ),
    (
        "privacy",
        "model",
        "personal data is looked for in the fields of domain records",
    ),
];

/// Modules that compute and nothing else: no I/O, clock, randomness or output.
pub(crate) const PURE: &[&str] = &[
    "id",
    "time",
    "assignment",
    "codec",
    "model",
    "privacy",
    "event",
    "tree",
    "snapshot",
    "replay",
    "quality",
];

/// Modules that may touch the file system, and whose files they touch.
pub(crate) const FILE_SYSTEM: &[(&str, &str)] = &[
    ("store", "the repository's own files"),
    ("files", "the user's files"),
    (
        "leftovers",
        "what either of them had under a temporary name when a signal came",
    ),
    (
        "index",
        "the folder that belongs to sled, which opens it by path: it is measured, sealed and dropped",
    ),
];

/// Outside crates that only some modules may know: `(crates, modules)`. `bin` is the binary. `files` reads
/// metadata tables (csv) and the XML in the header of an OME-TIFF, and decodes small pictures (image).
pub(crate) const CRATES: &[(&[&str], &[&str])] = &[
    (&["sled", "bincode"], &["index"]),
    (&["chrono"], &["time"]),
    (
        &[
            "clap",
            "clap_complete",
            "clap_mangen",
            "indicatif",
            "anstyle",
            "signal_hook",
        ],
        &["bin"],
    ),
    (&["rusqlite"], &["import", "export"]),
    (
        &["dicom_core", "dicom_parser", "dicom_transfer_syntax_registry"],
        &["import"],
    ),
    (&["parquet"], &["export"]),
    (&["snap"], &["import"]),
    (&["ssh_key", "tar", "zip", "zstd"], &["release"]),
    (&["image"], &["files"]),
    (&["quick_xml", "csv"], &["import", "export", "files"]),
];

/// The most lines that a file may have, its inline tests included.
pub(crate) const FILE_LINES: usize = 600;

/// The most lines that a function may have, from its `fn` to its closing brace.
pub(crate) const FUNCTION_LINES: usize = 70;

/// Returns the row of a top-level module of the library.
pub(crate) fn row_of(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

/// Says whether the table allows `from` to use its sibling `to`.
pub(crate) fn is_sibling_allowed(from: &str, to: &str) -> bool {
    SIBLINGS.iter().any(|(a, b, _)| *a == from && *b == to)
}

/// Returns what is wrong with a table itself: modules listed twice, edges that leave their row, have no
/// reason or close a cycle, and names that the rows do not hold.
pub(crate) fn faults(rows: &[&[&str]], siblings: &[(&str, &str, &str)]) -> Vec<String> {
    let row = |module: &str| rows.iter().position(|row| row.contains(&module));
    let modules: Vec<&str> = rows.iter().flat_map(|row| row.iter().copied()).collect();
    let mut faults = Vec::new();
    for module in &modules {
        if modules.iter().filter(|other| *other == module).count() > 1 {
            faults.push(format!("`{module}` is listed twice"));
        }
    }
    for (from, to, reason) in siblings {
        if row(from).is_none() || row(from) != row(to) {
            faults.push(format!("`{from}` -> `{to}` is not an edge within one row"));
        }
        if reason.trim().is_empty() {
            faults.push(format!("`{from}` -> `{to}` has no reason"));
        }
        if reaches(siblings, to, from) {
            faults.push(format!("`{from}` -> `{to}` closes a cycle"));
        }
    }
    faults
}

/// Says whether `to` can be reached from `from` along sibling edges.
fn reaches(siblings: &[(&str, &str, &str)], from: &str, to: &str) -> bool {
    let mut seen = vec![from];
    let mut next = 0;
    while let Some(at) = seen.get(next).copied() {
        if at == to {
            return true;
        }
        for (a, b, _) in siblings {
            if *a == at && !seen.contains(b) {
                seen.push(b);
            }
        }
        next += 1;
    }
    false
}
