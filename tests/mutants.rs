//! Mutants behind switches: each stands where `cargo mutants` says, and changes nothing while its switch is off.
//! `tests/mutants/run.sh` tries those of the core; here it is checked how they are planted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]
#![allow(dead_code, reason = "tests/mutants/main.rs uses the rest of it")]

#[path = "mutants/mutant.rs"]
mod mutant;
#[path = "mutants/plant.rs"]
mod plant;
#[path = "mutants/site.rs"]
mod site;

use std::collections::{BTreeMap, BTreeSet};

use mutant::{Genre, Mutant, Place};
use plant::{Planted, plant};

fn place(source: &str, at: usize) -> Place {
    let before = &source[..at];
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    let lines = before.matches('\n').count() as u64;
    (lines + 1, source[line..at].chars().count() as u64 + 1)
}

/// A mutant of the piece that stands in `source` behind `before`.
fn mutant(source: &str, genre: Genre, before: &str, piece: &str, replacement: &str) -> Mutant {
    let at = source.find(before).unwrap() + before.len();
    assert!(source[at..].starts_with(piece), "{before} {piece}");
    Mutant {
        name: format!("{before}|{piece}"),
        file: "src/id/mod.rs".to_owned(),
        genre,
        start: place(source, at),
        end: place(source, at + piece.len()),
        replacement: replacement.to_owned(),
    }
}

fn planted(source: &str, mutants: &[Mutant], left_out: &[usize]) -> Result<Planted, String> {
    let numbered: BTreeMap<usize, &Mutant> = mutants.iter().enumerate().collect();
    let planted = plant(
        source,
        &numbered,
        &left_out.iter().copied().collect::<BTreeSet<_>>(),
    )?;
    syn::parse_file(&planted.source).unwrap_or_else(|error| panic!("{error}: {}", planted.source));
    Ok(planted)
}

fn is(number: usize) -> String {
    format!("crate::mutants::is({number})")
}

#[test]
fn operators_stand_beside_each_other_and_within_each_other() {
    let source = "fn é(a: i32, b: i32) -> bool {\n    a + b < 3 && !(a == b)\n}\n";
    let mutants = [
        mutant(source, Genre::BinaryOperator, "a ", "+", "-"),
        mutant(source, Genre::BinaryOperator, "b ", "<", ">"),
        mutant(source, Genre::BinaryOperator, "b ", "<", "=="),
        mutant(source, Genre::UnaryOperator, "&& ", "!", ""),
        mutant(source, Genre::BinaryOperator, "(a ", "==", "!="),
    ];
    let found = planted(source, &mutants, &[]).unwrap().source;
    let sum = format!("(if {} {{ a - b }} else {{ a + b }})", is(0));
    let less = format!(
        "(if {} {{ a + b > 3 }} else if {} {{ a + b == 3 }} else {{ {sum} < 3 }})",
        is(1),
        is(2)
    );
    let same = format!("(if {} {{ a != b }} else {{ a == b }})", is(4));
    let not = format!("(if {} {{ (a == b) }} else {{ !({same}) }})", is(3));
    assert!(found.contains(&format!("    {less} && {not}\n}}")), "{found}");
    let without = planted(source, &mutants, &[0, 1, 2, 3, 4]).unwrap().source;
    assert_eq!(without, source);
}

#[test]
fn bodies_arms_guards_and_fields_are_switched() {
    let source = "fn f(a: Option<u8>) -> S {\n    let b = match a {\n        Some(1) => 1,\n        Some(n) if n > 3 => 2,\n        _ => 3,\n    };\n    S { b, ..S::default() }\n}\n";
    let body = &source[source.find("let b").unwrap()..source.rfind("\n}").unwrap()];
    let mutants = [
        mutant(source, Genre::FnValue, "{\n    ", body, "S::default()"),
        mutant(
            source,
            Genre::MatchArm,
            "match a {\n        ",
            "Some(1) => 1,",
            "",
        ),
        mutant(source, Genre::MatchArmGuard, "if ", "n > 3", "true"),
        mutant(source, Genre::BinaryOperator, "if n ", ">", "<"),
        mutant(source, Genre::StructField, "S { ", "b,", ""),
    ];
    let planted = planted(source, &mutants, &[]).unwrap();
    for piece in [
        format!("{{\n    if {} {{ return S::default(); }}\nlet b", is(0)),
        format!("Some(1) if !{} => 1,", is(1)),
        format!(
            "Some(n) if (if {} {{ true }} else {{ (if {} {{ n < 3 }} else {{ n > 3 }}) }}) => 2,",
            is(2),
            is(3)
        ),
        format!(
            "(if {} {{ S {{  ..S::default() }} }} else {{ S {{ b, ..S::default() }} }})",
            is(4)
        ),
    ] {
        assert!(planted.source.contains(&piece), "{piece}\n{}", planted.source);
    }
    // An error in a mutant is told of it, one beside it of the smallest part around.
    let blamed = |piece: &str| {
        let blame = planted.blame(planted.source.find(piece).unwrap());
        blame.map(|blame| (blame.mutants.clone(), blame.is_mutant))
    };
    assert_eq!(blamed("n < 3"), Some((vec![3], true)));
    assert_eq!(blamed("n > 3"), Some((vec![3], false)));
    assert_eq!(blamed("return S"), Some((vec![0], true)));
    assert_eq!(blamed("let b"), Some((vec![0], false)));
    assert_eq!(blamed("fn f"), None);
}

#[test]
fn an_iterator_is_wrapped() {
    let source = "fn f(a: u8) -> impl Iterator<Item = u8> {\n    let b = 1 + a;\n    once(b)\n}\n";
    let body = "let b = 1 + a;\n    once(b)";
    let mutants = [
        mutant(source, Genre::FnValue, "{\n    ", body, "empty()"),
        mutant(source, Genre::BinaryOperator, "1 ", "+", "-"),
    ];
    let found = planted(source, &mutants, &[]).unwrap().source;
    let sum = format!("(if {} {{ 1 - a }} else {{ 1 + a }})", is(1));
    let instead = format!("if {} {{ return crate::mutants::instead(empty()); }}", is(0));
    let usual = format!("crate::mutants::usual({{ let b = {sum};\n    once(b) }})");
    assert!(found.contains(&format!("{instead}\n{usual}")), "{found}");
}

#[test]
fn what_no_switch_can_be_made_for_is_told() {
    let source = "const fn f(a: u8) -> bool {\n    a < 1\n}\nconst C: bool = 1 > 2;\nfn g(a: Option<u8>) -> bool {\n    if let Some(b) = a\n        && b == 1\n    {\n        return match b {\n            _ if b != 4 => true,\n            5 => true,\n            _ if b > 9 => true,\n            0..=255 => false,\n        };\n    }\n    a <= None\n}\n";
    let mutants = [
        mutant(source, Genre::BinaryOperator, "    a ", "<", ">"),
        mutant(source, Genre::BinaryOperator, "= 1 ", ">", "<"),
        mutant(source, Genre::BinaryOperator, "= a\n        ", "&&", "||"),
        mutant(source, Genre::BinaryOperator, "b ", "==", "!="),
        mutant(
            source,
            Genre::MatchArm,
            "=> true,\n            ",
            "5 => true,",
            "",
        ),
        mutant(source, Genre::BinaryOperator, "}\n    a ", "<=", ">"),
    ];
    let planted = planted(source, &mutants, &[]).unwrap();
    assert_eq!((planted.fixed, planted.unviable), (vec![0, 1], vec![2, 4]));
    assert!(planted.source.contains(&is(3)) && planted.source.contains(&is(5)));
}

#[test]
fn a_mutant_without_a_place_is_an_error() {
    let source = "fn f() -> u8 {\n    1 + 2\n}\n";
    let mut lost = mutant(source, Genre::BinaryOperator, "1 ", "+", "-");
    lost.start.0 += 1;
    assert!(planted(source, &[lost], &[]).unwrap_err().contains("0 times"));
    assert!(plant("fn", &BTreeMap::new(), &BTreeSet::new()).is_err());
}
