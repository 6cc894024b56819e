//! The places of the source that keep a promise, and whether a planted bug takes each out.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bug::Bug;
use crate::copy::root;
use crate::tree::source_below;

/// What stands where a promise is kept.
const MARKS: [&str; 15] = [
    "sync_dir(",
    "sync_parent()",
    "sync_objects()",
    "publish_blobs(",
    ".sync()",
    ".sync_data()",
    ".sync_all()",
    "sync(&",
    "fsync(",
    "Durability::Synced",
    "guard(",
    "check_writable()",
    ".poisoned.",
    "LockMode::",
    "flock(",
];

/// Comparisons of a hash, which is how what was read is verified.
const HASHES: [&str; 5] = [
    "Digest::of(",
    "NodeId::of(",
    "BlobId::of(",
    "PrivateId::of(",
    "blob_id(&",
];

/// Places that need no bug of their own: file, what stands there, why.
const EXCEPTIONS: [(&str, &str, &str); 8] = [
    ("src/store/faulty.rs", "", "passes operations on, for tests"),
    ("src/store/counting.rs", "", "passes operations on, for tests"),
    ("src/store/vfs.rs", "", "says what an operation is"),
    ("src/store/real.rs", "=> ", "translates a value"),
    (
        "src/index/db.rs",
        "outcome = vfs.lock(file",
        "asks again what is asked just before",
    ),
    ("src/repo/packs.rs", "use crate", "an import"),
    ("src/tree/chunk.rs", "", "names what it makes"),
    ("src/tree/build.rs", "", "names what it makes"),
];

/// The sources of a test program.
pub(crate) fn test_sources(program: &str) -> String {
    let tests = root().join("tests");
    if program == "lib" {
        return source_below(&root().join("src"));
    }
    let mut text = fs::read_to_string(tests.join(format!("{program}.rs"))).unwrap_or_default();
    for folder in [program, "threats", "durable"] {
        if tests.join(folder).is_dir() {
            text.push_str(&source_below(&tests.join(folder)));
        }
    }
    text
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// Whether a line of the source keeps a promise.
fn is_place(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let is_definition = code.contains("fn ") || code.trim_start().starts_with("use ");
    let compares = code.contains(" == ") || code.contains(" != ");
    !is_definition
        && (MARKS.iter().any(|mark| code.contains(mark))
            || (compares && HASHES.iter().any(|hash| code.contains(hash))))
}

/// The places that no bug takes out, as `file:line: text`.
pub(crate) fn uncovered(bugs: &[Bug]) -> Vec<String> {
    let mut files = Vec::new();
    files_below(&root().join("src"), &mut files);
    files.sort();
    let mut found = Vec::new();
    for path in files {
        let file = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let source = fs::read_to_string(&path).unwrap();
        let tested = source.find("#[cfg(test)]\nmod tests").unwrap_or(source.len());
        let taken: Vec<_> = bugs
            .iter()
            .filter(|bug| bug.file == file)
            .filter_map(|bug| bug.place(&source).ok())
            .collect();
        let mut at = 0;
        for (number, line) in (1..).zip(source[..tested].split_inclusive('\n')) {
            let span = at..at + line.len();
            at = span.end;
            let is_taken = taken
                .iter()
                .any(|place| place.start < span.end && span.start < place.end);
            let is_excepted = EXCEPTIONS
                .iter()
                .any(|(of, text, _)| *of == file && line.contains(text));
            if is_place(line) && !is_taken && !is_excepted {
                found.push(format!("{file}:{number}: {}", line.trim()));
            }
        }
    }
    found
}
