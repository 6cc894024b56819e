//! Schemes, and files that are none.

use proptest::prelude::*;

use super::*;
use crate::import::document::SourceValue;

fn scheme(text: &str) -> Document {
    read("scheme.toml", text.as_bytes()).unwrap()
}

fn refuse(text: &str) -> String {
    read("s.toml", text.as_bytes()).unwrap_err().to_string()
}

fn text(text: &str) -> SourceValue {
    SourceValue::Text(text.to_owned())
}

#[test]
fn names_colours_and_everything_else_are_kept() {
    let document = scheme(
        "version = 2\n[scheme]\ntitle = \"Mitoses\"\n\n[[label]]\nname = \"mitotic figure\"\ncolour = \"#D62\"\n\
         description = \"a cell in division\"\ncode = \"M-1\"\nrank = 1\nthreshold = 0.5\nactive = true\nsince = 2024-05-01\n\
         [[label]] # another\nname = \"other\"\ncolor = [0, 128, 255]\nowner = \"Jane\"\nsynonyms = [\"a\", \"b\"]\n",
    );
    assert_eq!(document.label_facts, LabelFacts::Definitions);
    let names: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(names, ["mitotic figure", "other"]);
    let first = &document.labels[0].facts;
    assert_eq!(first["colour"], text("#dd6622"));
    assert_eq!(first["description"], text("a cell in division"));
    assert_eq!(
        (&first["code"], &first["since"]),
        (&text("M-1"), &text("2024-05-01"))
    );
    assert_eq!(
        (&first["rank"], &first["threshold"]),
        (&SourceValue::Number(1.0), &SourceValue::Number(0.5))
    );
    assert_eq!(first["active"], SourceValue::Flag(true));
    let second = &document.labels[1].facts;
    assert_eq!(
        (&second["colour"], &second["synonyms"]),
        (&text("#0080ff"), &text("a; b"))
    );
    assert!(matches!(second["owner"], SourceValue::Private(_)));
    assert_eq!(document.report.losses.count("structure_of_member"), 1);
    assert_eq!(document.dataset["scheme_version"], SourceValue::Number(2.0));
    assert_eq!(document.dataset["scheme_title"], text("Mitoses"));
}

#[test]
fn a_colour_that_is_none_and_a_number_that_is_too_long_are_kept_as_texts() {
    let document = scheme(
        "[[label]]\nname = \"a\"\ncolour = \"reddish\"\nbig = 9007199254740993\nlow = -3\nodd = nan\n",
    );
    let facts = &document.labels[0].facts;
    assert_eq!(
        (&facts["colour"], &facts["big"]),
        (&text("reddish"), &text("9007199254740993"))
    );
    assert_eq!(
        (&facts["low"], &facts["odd"]),
        (&SourceValue::Number(-3.0), &text("nan"))
    );
    assert_eq!(document.report.warnings.count("colour_unknown"), 1);
}

#[test]
fn what_is_no_scheme_is_refused_with_its_line() {
    assert!(
        refuse("[[label]]\nname = \"a\"\nname = \"b\"\n").starts_with("s.toml, line 3: this is not TOML")
    );
    assert_eq!(
        refuse("\n\n[[label]]\ncolour = \"#fff\"\n"),
        "s.toml, line 3: the label has no 'name', or one that is no text or is empty"
    );
    assert!(refuse("[[label]]\nname = \" \"\n").contains("has no 'name'"));
    assert!(
        refuse("[[label]]\nname = \"a\"\n[[label]]\nname = \"a\"\n")
            .starts_with("s.toml, line 3: the label 'a'")
    );
    assert!(refuse("[[label]]\nname = \"a\"\ncolor = \"#fff\"\ncolour = \"#fff\"\n").contains("both"));
    assert!(refuse("label = 3\n").contains("no list of tables"));
    assert!(refuse("title = \"x\"\n").contains("no [[label]]"));
    assert!(read("s", b"[[label]]\nname = \"\xff\"").is_err());
    let deep = format!(
        "[[label]]\nname = \"a\"\nx = {}1{}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(refuse(&deep).contains("not TOML"));
    let bom = read("s", "\u{FEFF}x = 1\n[[label]]\nname = 1\n".as_bytes()).unwrap_err();
    assert_eq!(bom.line, 2);
}

#[test]
fn a_scheme_is_told_by_its_tables() {
    for text in ["[[label]]\nname = \"a\"", "# x\r\n  [[ label ]] # y\r\n"] {
        assert!(recognise(text.as_bytes()).is_some(), "{text}");
    }
    for text in [
        "[label]\nname = \"a\"",
        "x = \"[[label]]\"",
        "[[labels]]",
        "{\"a\":1}",
        "",
    ] {
        assert_eq!(recognise(text.as_bytes()), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..120), text in "(\\[\\[label\\]\\]\nname ?= ?)?[a=\"'\\[\\]{}.,0-9:#\n -]{0,60}") {
        let _ = recognise(&bytes);
        for bytes in [&bytes, text.as_bytes()] {
            if let Ok(document) = read("s.toml", bytes) {
                prop_assert!(document.labels.iter().all(|label| !label.name.trim().is_empty()));
            }
        }
    }
}
