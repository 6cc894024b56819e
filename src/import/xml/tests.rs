//! The shared reader: what it refuses, and what a stream gives. Whole files are tested with the formats.

use std::fmt::Write as _;

use super::*;

/// Reads a stream to its end and returns each element's depth, name and own text, in the order of their ends.
fn walk(text: &str) -> Result<Vec<(usize, String, String)>, XmlError> {
    let mut reader = XmlReader::new("a.xml", text.as_bytes(), STREAM_BYTES)?;
    let mut names = vec![reader.root()?.name().to_owned()];
    let mut seen = Vec::new();
    while let Some(name) = names.last().cloned() {
        if let Some(tag) = reader.child()? {
            names.push(tag.name().to_owned());
        } else {
            names.pop();
            seen.push((names.len(), name, reader.take_text().text));
        }
    }
    reader.finish()?;
    Ok(seen)
}

#[test]
fn a_stream_gives_each_element_with_its_own_text() {
    let text = "<a>\n <b x='1'/>\n <c> two <!-- no --> words\n<d/></c><e>&lt;<![CDATA[ f ]]></e></a>\n";
    let seen = walk(text).unwrap();
    let expected = [
        (1, "b", ""),
        (2, "d", ""),
        (1, "c", "two  words"),
        (1, "e", "< f "),
        (0, "a", ""),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(depth, name, text)| (depth, name.to_owned(), text.to_owned()))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn attributes_are_resolved_and_checked_when_the_tag_is_read() {
    let mut reader = XmlReader::new("a.xml", b"<a x='&lt;&#65;' y=''/>", STREAM_BYTES).unwrap();
    let tag = reader.root().unwrap();
    assert_eq!(tag.get("x").as_deref(), Some("<A"));
    assert_eq!(
        (tag.get("y").as_deref(), tag.get("z").as_deref()),
        (Some(""), None)
    );
    for (text, is) in [
        ("<a x='1' x='2'/>", "Attribute"),
        ("<a x=1/>", "Attribute"),
        ("<a x='&b;'/>", "Syntax"),
        ("<a x='&#1;'/>", "Character"),
    ] {
        let problem = walk(text).unwrap_err().problem;
        assert!(format!("{problem:?}").starts_with(is), "{text}: {problem:?}");
    }
}

#[test]
fn f21_a_million_attributes_take_no_quadratic_time() {
    let mut text = "<a".to_owned();
    for n in 0..1_000_000 {
        write!(text, " b{n}=''").unwrap();
    }
    let problem = walk(&(text + "/>")).unwrap_err().problem;
    assert!(
        matches!(problem, XmlProblem::TooManyAttributes { limit: 256 }),
        "{problem:?}"
    );
}

#[test]
fn f21_members_that_nobody_knows_are_bounded_and_passed_over() {
    let large = format!("<a><big>{}</big><small>x</small></a>", "<i>1</i>".repeat(200_000));
    let mut reader = XmlReader::new("a.xml", large.as_bytes(), STREAM_BYTES).unwrap();
    reader.root().unwrap();
    let tag = reader.child().unwrap().unwrap();
    assert!(reader.member(&tag).unwrap().is_none());
    let tag = reader.child().unwrap().unwrap();
    assert_eq!(reader.member(&tag).unwrap().unwrap().text, "x");
    assert!(reader.child().unwrap().is_none());
}

#[test]
fn places_count_characters_and_lines_from_1() {
    let error = walk("<a>\n <ä/>\n  ö&x;</a>").unwrap_err();
    assert_eq!(
        error.to_string(),
        "a.xml, line 3, column 4: the entity '&x;' is not accepted"
    );
    assert_eq!(Place::START.after("ab\ncä"), Place::of("ab\ncä", 6));
}

#[test]
fn the_first_elements_of_a_file_are_found_without_checking_it() {
    for (head, expected) in [
        ("<a>", vec!["a"]),
        (
            "\u{FEFF}<?xml version='1.0'?>\n<!-- <x> --> <a b='1'><c/>",
            vec!["a", "c"],
        ),
        (
            "<annotations><version>1.1</version><meta>",
            vec!["annotations", "version", "meta"],
        ),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>", vec!["a"]),
        ("{\"a\": 1}", vec![]),
        ("", vec![]),
        ("<a", vec![]),
        ("a <b>", vec![]),
    ] {
        assert_eq!(first_tags(head.as_bytes(), 3), expected, "{head}");
    }
}
