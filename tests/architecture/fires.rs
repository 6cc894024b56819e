//! Proof that each rule fails when it is broken, and that sound sources pass.
//!
//! Every test feeds small bad sources and asserts that exactly its rule fires, on the line marked `//<` (or,
//! where a source has no mark, anywhere). A source is written as `path: text`.

use crate::check::check;
use crate::report::{Rule, Violation};
use crate::table;

/// Checks sources together.
fn findings(sources: &[&str]) -> Vec<Violation> {
    let split = |source: &&str| {
        let (path, text) = source.split_once(": ").expect("a source is `path: text`");
        (path.to_owned(), text.to_owned())
    };
    check(&sources.iter().map(split).collect::<Vec<_>>())
}

/// Asserts that exactly this rule fires for each source, at least once, and on the marked lines alone.
#[track_caller]
fn assert_fires(rule: Rule, sources: &[&str]) {
    for source in sources {
        let found = findings(&[source]);
        let rules: Vec<Rule> = found.iter().map(|violation| violation.rule).collect();
        assert!(!rules.is_empty(), "nothing fires in {source}");
        assert!(
            rules.iter().all(|other| *other == rule),
            "{rule} wanted in {source}\n{found:#?}"
        );
        let marked = source
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains("//<"));
        let marked: Vec<usize> = marked.map(|(at, _)| at + 1).collect();
        let mut lines: Vec<usize> = found.iter().map(|violation| violation.line).collect();
        lines.dedup();
        assert!(
            marked.is_empty() || marked == lines,
            "{marked:?} wanted in {source}\n{found:#?}"
        );
    }
}

/// Asserts that no rule fires for any of the sources.
#[track_caller]
fn assert_passes(sources: &[&str]) {
    for source in sources {
        assert_eq!(findings(&[source]), Vec::new(), "{source}");
    }
}

#[test]
fn syntax_fires() {
    assert_fires(
        Rule::Syntax,
        &["src/id.rs: fn a( {}", "src/id.rs: const A: &str = \"a;"],
    );
}

#[test]
fn table_fires() {
    assert_fires(
        Rule::Table,
        &[
            "src/util.rs: //! A module without a row.",
            "src/helpers/mod.rs: ",
            "src/main.rs: fn main() {}",
            "src/bin/other.rs: fn main() {}",
            "src/lib.rs: pub mod id;\npub mod util; //<",
            "src/lib.rs: pub mod id;\nmod hidden { pub fn f() {} } //<",
            "src/tree/node.rs: #[path = \"../../elsewhere.rs\"] //<\nmod other;",
            "src/tree/node.rs: include!(\"../elsewhere.rs\"); //<",
        ],
    );
}

#[test]
fn layer_fires_upwards() {
    assert_fires(
        Rule::Layer,
        &[
            "src/store/file.rs: use crate::repo::Repo; //<",
            "src/store/file.rs: fn f() {\n    crate::repo::open(); //<\n}",
            "src/store/file.rs: fn f(_: &crate::repo::Repo) {} //<",
            "src/store/file.rs: use super::super::repo::Repo; //<",
            "src/store/file.rs: use crate::{id::Digest, repo::{Draft, Repo}}; //<",
            "src/store.rs: use super::repo; //<",
            "src/store/mod.rs: mod inner {\n    use super::super::repo::Repo; //<\n}",
            "src/store/file.rs: use crate::repo as r; //<\nfn f() { r::open(); } //<",
            "src/store/file.rs: fn f() {\n    format!(\"{}\", crate::repo::NAME); //<\n}",
            "src/store/file.rs: macro_rules! m {\n    () => { $crate::repo::open() }; //<\n}",
            "src/id.rs: #[derive(crate::repo::Derive)] //<\nstruct A;",
            "src/id.rs: struct A {\n    #[serde(with = \"crate::repo::hex\")] //<\n    a: u8,\n}",
            "src/export/coco.rs: use crate::release::Manifest; //<",
        ],
    );
}

#[test]
fn layer_fires_between_siblings() {
    assert_fires(
        Rule::Layer,
        &[
            "src/import/coco.rs: use crate::export::coco; //<",
            "src/log/batch.rs: use crate::tree::Tree; //<",
            "src/event.rs: use crate::store::ObjectStore; //<",
            "src/codec.rs: use crate::model::Case; //<",
            "src/model.rs: use crate::privacy::find; //<",
            "src/id.rs: use crate::time::Time; //<",
            "src/sync/mod.rs: #[cfg(test)]\nmod tests {\n    use crate::verify::verify; //<\n}",
        ],
    );
}

#[test]
fn layer_fires_at_the_root() {
    assert_fires(
        Rule::Layer,
        &[
            "src/tree.rs: use crate::Digest; //<",
            "src/tree.rs: use crate::*; //<",
            "src/tree.rs: use super::*; //<",
            "src/tree.rs: use crate as all; //<",
        ],
    );
}

#[test]
fn public_api_fires() {
    assert_fires(
        Rule::PublicApi,
        &[
            "src/bin/holotype/main.rs: #[path = \"../../store/mod.rs\"] //<\nmod store;\nfn main() {}",
            "src/bin/holotype/main.rs: include!(\"../../id.rs\"); //<\nfn main() {}",
            "src/bin/holotype/main.rs: fn main() {\n    holotype::__private::open(); //<\n}",
            "src/bin/holotype/commands/log.rs: use crate::store::Store; //<",
            "src/repo/mod.rs: #[doc(hidden)] //<\npub fn f() {}",
        ],
    );
}

#[test]
fn pure_core_fires() {
    assert_fires(
        Rule::PureCore,
        &[
            "src/id.rs: use std::fs; //<",
            "src/codec.rs: use std::{fmt, net::TcpStream}; //<",
            "src/model/case.rs: fn f() {\n    let _ = std::env::var(\"A\"); //<\n}",
            "src/privacy.rs: use std::process::Command; //<",
            "src/event/decide.rs: use std::io;\nfn f() {\n    let _ = io::stdin(); //<\n}",
            "src/tree/node.rs: use std::io::{Read, stdout}; //<",
            "src/snapshot.rs: use std::time::SystemTime; //<",
            "src/replay.rs: use std::time;\nfn f() {\n    time::Instant::now(); //<\n}",
            "src/replay.rs: use std::time::*; //<\nfn f() {\n    Instant::now(); //<\n}",
            "src/time.rs: use chrono::Utc;\nfn f() {\n    Utc::now(); //<\n}",
            "src/time.rs: fn f() {\n    chrono::Local::now(); //<\n}",
            "src/quality/agreement.rs: use getrandom::fill; //<",
            "src/quality/agreement.rs: fn f() {\n    rand::random::<u8>(); //<\n}",
            "src/id.rs: fn f() {\n    uuid::Uuid::new_v4(); //<\n}",
            "src/id.rs: fn f() {\n    println!(\"a\"); //<\n    eprint!(\"a\"); //<\n}",
            "src/id.rs: fn f(x: u8) {\n    let _ = vec![dbg!(x)]; //<\n}",
            "src/id.rs: fn f(p: &std::path::Path) {\n    let _ = p.canonicalize(); //<\n}",
            "src/id.rs: macro_rules! m {\n    () => { std::fs::read(\"a\") }; //<\n}",
        ],
    );
}

#[test]
fn binary_only_fires() {
    assert_fires(
        Rule::BinaryOnly,
        &[
            "src/repo/mod.rs: fn f() {\n    println!(\"a\"); //<\n}",
            "src/files.rs: fn f() {\n    std::eprintln!(\"a\"); //<\n}",
            "src/lib.rs: fn f() {\n    dbg!(1); //<\n}",
            "src/export.rs: use std::io::stdout; //<",
            "src/repo/mod.rs: fn f() {\n    let _ = std::env::var_os(\"HOME\"); //<\n}",
        ],
    );
}

#[test]
fn file_system_fires() {
    assert_fires(
        Rule::FileSystem,
        &[
            "src/repo/mod.rs: use std::fs; //<",
            "src/lib.rs: use std::fs; //<",
            "src/log.rs: fn f() {\n    std::fs::read(\"a\"); //<\n}",
            "src/release/mod.rs: use rustix::fs::fsync; //<",
            "src/sync.rs: use std::os::unix::fs::symlink; //<",
            "src/export.rs: fn f() {\n    File::open(\"a\"); //<\n}",
            "src/export.rs: fn f() {\n    OpenOptions::new(); //<\n}",
            "src/verify.rs: fn f(p: &std::path::Path) {\n    p.read_dir(); //<\n}",
        ],
    );
}

#[test]
fn crate_fires() {
    assert_fires(
        Rule::Crate,
        &[
            "src/store/mod.rs: use sled::Db; //<\nfn f(_: sled::Tree) {}",
            "src/codec.rs: fn f() {\n    bincode::serialize(&1); //<\n}",
            "src/event.rs: use chrono::DateTime; //<",
            "src/repo/mod.rs: #[derive(clap::Parser)] //<\nstruct A;",
            "src/quality.rs: extern crate rusqlite; //<",
            "src/verify.rs: use quick_xml::Reader; //<",
            "src/release.rs: use csv::Writer; //<",
            "src/bin/holotype/main.rs: fn main() {\n    sled::open(\"a\"); //<\n}",
            "src/tree.rs: #[cfg(test)]\nmod tests {\n    use sled::Db; //<\n}",
        ],
    );
}

#[test]
fn file_length_fires() {
    let longest = "// line\n".repeat(table::FILE_LINES);
    assert_passes(&[
        &format!("src/id.rs: {longest}"),
        &format!("tests/laws.rs: {longest}"),
    ]);
    let longer = format!("{longest}// one more");
    assert_fires(
        Rule::FileLength,
        &[
            &format!("src/id.rs: {longer}"),
            &format!("tests/laws.rs: {longer}"),
            &format!("examples/boxes.rs: {longer}"),
        ],
    );
}

#[test]
fn function_length_fires() {
    let longest = format!("fn f() {{{}}}\n", "\n".repeat(table::FUNCTION_LINES - 1));
    assert_passes(&[
        &format!("src/id.rs: {longest}"),
        &format!("examples/boxes.rs: {longest}"),
    ]);
    let longer = format!("fn f() {{{}}}\n", "\n".repeat(table::FUNCTION_LINES));
    let half = "\n".repeat(table::FUNCTION_LINES / 2);
    let nested = format!("fn f() {{\n{half}fn g() {{{half}}}\n}}");
    assert_passes(&[&format!("src/id.rs: {nested}")]);
    let method = format!("struct A;\nimpl A {{\n{longer}}}");
    let law = format!(
        "proptest! {{\n#[test]\n{}}}",
        longer.replace("{\n", "{\nprop_assert!(a < b);")
    );
    assert_fires(
        Rule::FunctionLength,
        &[
            &format!("src/id.rs: {longer}"),
            &format!("tests/laws.rs: {longer}"),
            &format!("src/id.rs: {method}"),
            &format!("tests/laws.rs: {law}"),
        ],
    );
}

#[test]
fn assertion_fires() {
    assert_fires(
        Rule::Assertion,
        &[
            "tests/a.rs: #[test]\nfn a() { let _ = 1 + 1; } //<",
            "tests/a.rs: #[test]\nfn a() -> Result<(), E> { run()?; Ok(()) } //<",
            "tests/a.rs: #[test]\nfn a() { assert!(true); } //<",
            "tests/a.rs: #[test]\nfn a() { helper(); } //<\nfn helper() { run(); }",
            "tests/a.rs: #[test]\nfn a() { b(); } //<\nfn b() { a2(); }\nfn a2() { b(); }",
            "tests/a.rs: #[test]\nfn a() { run(); } //<\n#[test]\nfn run() { assert_eq!(1, 2); }",
            "src/id.rs: #[cfg(test)]\nmod tests {\n    #[test]\n    fn a() {} //<\n}",
            "tests/a.rs: proptest! {\n    #[test]\n    fn a(x in 0..9) { run(x); } //<\n}",
            "tests/a.rs: #[tokio::test]\nasync fn a() {} //<",
            "tests/a.rs: #[test]\nfn a() {\n    assert_eq!(1, f());\n    matches!(f(), 1); //<\n}",
            "src/id.rs: fn a() {\n    let x = f();\n    matches!(x, 1); //<\n}",
        ],
    );
}

#[test]
fn unsafe_fires() {
    assert_fires(
        Rule::Unsafe,
        &[
            "src/id.rs: fn f() {\n    unsafe { g() } //<\n}",
            "tests/a.rs: unsafe fn f() {} //<",
            "src/id.rs: #[unsafe(no_mangle)] //<\nfn f() {}",
        ],
    );
}

#[test]
fn unfinished_fires() {
    assert_fires(
        Rule::Unfinished,
        &[
            "src/id.rs: fn f() {\n    todo!() //<\n}",
            "src/bin/holotype/main.rs: fn main() {\n    std::unimplemented!(\"later\"); //<\n}",
        ],
    );
}

#[test]
fn ignored_fires() {
    assert_fires(
        Rule::Ignored,
        &[
            "tests/a.rs: #[test]\n#[ignore] //<\nfn a() { assert_eq!(1, f()); }",
            "tests/a.rs: #[test]\n#[ignore = \"\"] //<\nfn a() { assert_eq!(1, f()); }",
            "tests/a.rs: #[test]\n#[cfg_attr(windows, ignore)] //<\nfn a() { assert_eq!(1, f()); }",
        ],
    );
}

#[test]
fn faults_of_the_table_are_found() {
    let rows: &[&[&str]] = &[&["a", "b", "c"], &["d"]];
    let count = |siblings: &[(&str, &str, &str)]| table::faults(rows, siblings).len();
    assert_eq!(count(&[("a", "b", "why"), ("b", "c", "why")]), 0);
    assert_eq!(
        count(&[("a", "b", "why"), ("b", "c", "why"), ("c", "a", "why")]),
        3,
        "a cycle"
    );
    assert_eq!(count(&[("a", "d", "why")]), 1, "an edge upwards");
    assert_eq!(count(&[("a", "x", "why")]), 1, "an unknown module");
    assert_eq!(count(&[("a", "b", " ")]), 1, "no reason");
    assert_eq!(table::faults(&[&["a"], &["a"]], &[]).len(), 2, "listed twice");
}

#[test]
fn sound_modules_pass() {
    assert_passes(&[
        "src/lib.rs: pub mod id;\npub mod repo;\npub use crate::repo::Repo;",
        "src/model/case.rs: use crate::{codec::Record, id::Digest, time::Time};\nuse super::slide;",
        "src/privacy.rs: use crate::model::Case;",
        "src/repo/mod.rs: mod draft;\nuse self::draft::Draft;\npub(in crate::repo) fn f() {}",
        "src/store/file.rs: pub(crate) struct A;\nuse std::fs::File;\nuse rustix::fs::fsync;",
        "src/index.rs: use std::fs;\nuse sled::Db;\nfn f() { bincode::serialize(&1); }",
        "src/time.rs: use chrono::{DateTime, Utc};\nuse std::time::Duration;",
        "src/files/ome.rs: use quick_xml::Reader;",
        "src/import/csv.rs: use csv::Reader;\nfn f(a: impl Iterator + use<>) {}",
        "src/tree.rs: fn f(x: &[u8]) -> bool { matches!(x, [1, 2..=3, ..]) }\nfn g([0..=9, _]: [u8; 2]) {}",
        "src/quality.rs: fn f(print: u8, x: u8) -> bool { print != x }\n// std::fs, println!, todo!()",
        "src/tree.rs: use crate::model::File;\nfn f() { File::open(); crate::id::Instant::now(); }",
        "src/id.rs: const TEXT: &str = \"use crate::repo; println!() unsafe\";",
        "src/id.rs: fn f() { let clap = 1; g(clap.clone()); }",
        "src/sync.rs: mod clap { pub fn f() {} }\nfn g() { clap::f(); }",
    ]);
}

#[test]
fn sound_binary_passes() {
    assert_passes(&[
        "src/bin/holotype/main.rs: mod commands;\nuse clap::Parser;\nuse crate::commands::log;\nfn main() {}",
        "src/bin/holotype/commands/log.rs: use holotype::repo::Repo;\nfn f() { println!(\"a\"); }",
        "src/bin/holotype/output.rs: fn f() { std::env::var(\"NO_COLOR\"); std::io::stdout(); }",
    ]);
    let own_log = [
        "src/bin/holotype/main.rs: mod log;\nuse crate::log::run;\nfn main() { run(); }",
        "src/bin/holotype/log.rs: pub(crate) fn run() {}",
    ];
    assert_eq!(findings(&own_log), Vec::new());
}

#[test]
fn sound_tests_pass() {
    assert_passes(&[
        "tests/a.rs: #[test]\nfn a() { assert!(matches!(f(), 1)); }",
        "tests/a.rs: #[test]\nfn a() { let ok = matches!(f(), 1); assert!(ok); }",
        "tests/a.rs: #[test]\nfn a() { b(); }\nfn b() { c(); }\nfn c() { assert_eq!(1, f()); }",
        "tests/a.rs: #[test]\nfn a() { common::check_store(&f()); }",
        "tests/a.rs: #[test]\nfn a() { f().expect_err(\"refused\"); }",
        "tests/a.rs: #[test]\n#[should_panic(expected = \"x\")]\nfn a() { f(); }",
        "tests/a.rs: #[test]\nfn a() { insta::assert_json_snapshot!(f()); }",
        "tests/a.rs: #[test]\nfn a() { if f() { panic!(\"no\"); } }",
        "tests/a.rs: proptest! {\n    #[test]\n    fn a(x in 0..9) { prop_assert_eq!(x, f(x)); }\n}",
        "tests/a.rs: #[test]\n#[ignore = \"takes an hour\"]\nfn a() { same!(1); }\nmacro_rules! same { ($x:expr) => { assert_eq!($x, 1) }; }",
        "src/id.rs: #[cfg(test)]\nmod tests {\n    use std::fs;\n    #[test]\n    fn a() { println!(\"a\"); assert_eq!(fs::read(\"a\"), f()); }\n}",
        "src/id.rs: #[cfg(test)]\nuse std::fs;\n#[cfg(all(test, unix))]\nfn f<A, B>(a: A, b: B) { std::env::var(\"A\"); }",
    ]);
}

#[test]
fn test_code_ends_where_it_ends() {
    assert_fires(
        Rule::PureCore,
        &[
            "src/id.rs: #[cfg(test)]\nmod tests;\nuse std::fs; //<",
            "src/id.rs: #[cfg(test)]\nuse std::env;\nuse std::fs; //<",
            "src/id.rs: #[cfg(test)]\nmod tests {}\nuse std::fs; //<",
            "src/id.rs: #[cfg(not(test))]\nuse std::fs; //<",
        ],
    );
}

#[test]
fn files_of_test_modules_are_test_code() {
    let with = |declaration: &str| {
        let parent = format!("src/tree/mod.rs: {declaration}");
        findings(&[
            &parent,
            "src/tree/tests.rs: mod deep;\nuse std::fs;",
            "src/tree/tests/deep.rs: use std::env;",
        ])
    };
    assert_eq!(with("#[cfg(test)]\nmod tests;"), Vec::new());
    assert_eq!(with("mod tests;").len(), 2);
}

#[test]
fn a_finding_names_file_line_rule_and_what() {
    let found = findings(&["src/store.rs: \nuse crate::repo::Repo;"]);
    let text: Vec<String> = found.iter().map(ToString::to_string).collect();
    let wanted = "src/store.rs:2 layer `store` (row 2) uses `crate::repo::Repo` of the higher row 7";
    assert_eq!(text, [wanted]);
}
