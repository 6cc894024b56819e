//! Planted bugs: every sync, every check of what was read, every mark after a failed sync and every kernel lock is taken
//! out, one at a time, and a test must fail each time. `tests/planted/run.sh` does that; here it is checked that each bug
//! still applies, and that there is one for every such place.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

#[allow(dead_code, reason = "tests/planted/main.rs uses the rest of it")]
#[path = "planted/bug.rs"]
mod bug;
#[allow(dead_code, reason = "tests/planted/main.rs uses the rest of it")]
mod copy;
#[path = "planted/sites.rs"]
mod sites;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use bug::{Bug, all, parse, plant};
use copy::root;

#[test]
fn every_bug_applies_once_and_names_tests_that_exist() {
    let bugs = all();
    assert!(bugs.len() > 90, "{} bugs", bugs.len());
    let names: BTreeSet<&str> = bugs.iter().map(|bug| bug.name.as_str()).collect();
    assert_eq!(names.len(), bugs.len(), "a name stands twice");
    let mut by_file: BTreeMap<&str, Vec<&Bug>> = BTreeMap::new();
    for bug in &bugs {
        by_file.entry(&bug.file).or_default().push(bug);
    }
    for (file, bugs) in by_file {
        let source = fs::read_to_string(root().join(file)).unwrap();
        let lost: Vec<String> = bugs.iter().filter_map(|bug| bug.place(&source).err()).collect();
        assert_eq!(lost, Vec::<String>::new());
        let planted = plant(&source, &bugs).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(planted.matches("crate::planted::is(").count(), bugs.len());
    }
    for bug in &bugs {
        assert!(!bug.tests.is_empty(), "{}", bug.name);
        for (program, test) in &bug.tests {
            let sources = sites::test_sources(program);
            let last = test.rsplit("::").next().unwrap();
            assert!(
                sources.contains(&format!("fn {last}")),
                "{}: {program} {test}",
                bug.name
            );
        }
    }
}

#[test]
fn every_place_that_keeps_a_promise_has_its_bug() {
    let uncovered = sites::uncovered(&all());
    assert_eq!(uncovered, Vec::<String>::new());
}

#[test]
fn a_bug_that_does_not_apply_is_an_error() {
    let source = "fn a() {\n    one();\n    two(1, 2);\n}\n\nfn b() {\n    one();\n}\n";
    let bug = |place: &str, piece: &str| {
        let text = format!("== name\nin x.rs {place}\ntest lib t\n- {piece}\n+ ()\n");
        parse("kind", &text).pop().unwrap()
    };
    let planted = |bug: &Bug| plant(source, &[bug]);
    let switched = planted(&bug("a", "two(1,2)")).unwrap();
    assert!(switched.contains("(if crate::planted::is(\"name\") {  () } else { two(1, 2) });"));
    assert!(
        planted(&bug("b", "one()"))
            .unwrap()
            .ends_with("else { one() });\n}\n")
    );
    for (place, piece) in [
        ("a", "three()"),
        ("c", "one()"),
        ("a 1 of 2", "one()"),
        ("a 2 of 1", "one()"),
    ] {
        assert!(planted(&bug(place, piece)).is_err(), "{place} {piece}");
    }
    let (outer, inner) = (bug("a", "two(1, 2)"), bug("a", "2"));
    let both = plant(source, &[&outer, &inner]).unwrap();
    let switch = |piece: &str| format!("(if crate::planted::is(\"name\") {{  () }} else {{ {piece} }})");
    assert!(
        both.contains(&switch(&format!("two(1, {})", switch("2")))),
        "{both}"
    );
    let (first, second) = (bug("a", "one();two"), bug("a", "two(1"));
    assert!(plant(source, &[&first, &second]).is_err(), "they cross");
    assert!(plant(source, &[&outer, &outer]).is_err(), "they are the same");
}
