//! Holds the project to its structure: the layer table, the pure core, the borders around I/O and around other
//! people's crates, the size of files and functions, and tests that can fail.
//!
//! The table with every exception and its reason is `architecture/table.rs`; a new module gets its row there
//! first. The rules are pure functions over `(path, text)`; `architecture/fires.rs` feeds each of them a source
//! that breaks it. A finding reads `file:line rule what`.

#[path = "architecture/bodies.rs"]
mod bodies;
#[path = "architecture/borders.rs"]
mod borders;
#[path = "architecture/check.rs"]
mod check;
#[path = "architecture/cursor.rs"]
mod cursor;
#[path = "architecture/facts.rs"]
mod facts;
#[path = "architecture/fires.rs"]
mod fires;
#[path = "architecture/layers.rs"]
mod layers;
#[path = "architecture/place.rs"]
mod place;
#[path = "architecture/report.rs"]
mod report;
#[path = "architecture/resolve.rs"]
mod resolve;
#[path = "architecture/scan.rs"]
mod scan;
#[path = "architecture/shape.rs"]
mod shape;
#[path = "architecture/table.rs"]
mod table;

use std::io;
use std::path::Path;

/// The folders whose Rust sources are held to the rules.
const FOLDERS: &[&str] = &["src", "tests", "examples", "benches", "fuzz/fuzz_targets"];

#[test]
fn the_source_keeps_every_rule() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for folder in FOLDERS {
        collect(root, &root.join(folder), &mut sources).expect("the project's sources can be read");
    }
    for needed in ["src/lib.rs", "src/bin/holotype/main.rs", "tests/architecture.rs"] {
        assert!(
            sources.iter().any(|(path, _)| path == needed),
            "{needed} was not found"
        );
    }
    let violations = check::check(&sources);
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "{} broken rules:\n{}\n",
        lines.len(),
        lines.join("\n")
    );
}

#[test]
fn the_table_itself_is_sound() {
    assert_eq!(table::faults(table::ROWS, table::SIBLINGS), Vec::<String>::new());
    for name in table::PURE
        .iter()
        .chain(table::FILE_SYSTEM.iter().map(|(name, _)| name))
    {
        assert!(table::row_of(name).is_some(), "`{name}` has no row");
    }
    for name in table::CRATES.iter().flat_map(|(_, modules)| modules.iter()) {
        assert!(
            *name == "bin" || table::row_of(name).is_some(),
            "`{name}` has no row"
        );
    }
    for (name, reason) in table::FILE_SYSTEM {
        assert!(!reason.is_empty(), "`{name}` has no reason");
    }
}

/// Collects the Rust sources below a folder as path from the root and text, in order of their names.
fn collect(root: &Path, folder: &Path, sources: &mut Vec<(String, String)>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let mut entries = folder.read_dir()?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(root, &path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let parts = path.strip_prefix(root).unwrap_or(&path).iter();
            let name: Vec<_> = parts.map(|part| part.to_string_lossy().into_owned()).collect();
            sources.push((name.join("/"), std::fs::read_to_string(&path)?));
        }
    }
    Ok(())
}
