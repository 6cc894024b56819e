//! What every reader of JSON may rely on.

use serde::de::{Deserializer, MapAccess};

use super::super::document::{SourceFacts, SourceValue};
use super::*;

/// Keeps every member of the objects of a list, which is what a reader does with those that it does not know.
#[derive(Default)]
struct Kept(Vec<SourceFacts>);

impl Elements for Kept {
    const EXPECTED: &'static str = "a list of objects";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        index: usize,
        element: D,
    ) -> Result<(), D::Error> {
        let mut facts = One::default();
        MembersSeed(&mut facts, context).deserialize(element)?;
        context.end(&Pointer::Root.element(index));
        self.0.push(facts.0);
        Ok(())
    }
}

#[derive(Default)]
struct One(SourceFacts);

impl Members for One {
    const EXPECTED: &'static str = "an object";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        keep_unknown(map, context, &mut self.0, name)
    }
}

fn kept(text: &str) -> Result<(Vec<SourceFacts>, super::super::report::LossReport), JsonError> {
    let (kept, context) = read("a.json", text.as_bytes(), |body, context| {
        let mut kept = Kept::default();
        whole(body, ElementsSeed(&mut kept, context))?;
        Ok(kept.0)
    })?;
    Ok((kept, context.report))
}

fn refused(text: &str) -> String {
    kept(text)
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn records_are_taken_one_by_one_and_named_by_their_place() {
    let (records, report) = kept(r#"[{"a":1},{"b":[1, 2],"b":{"c":NaN}}]"#).unwrap();
    assert_eq!(records[0]["a"], SourceValue::Number(1.0));
    assert_eq!(records[1]["b"], SourceValue::Text(r#"{"c":null}"#.to_owned()));
    let told: Vec<String> = report.warnings.iter().map(|entry| entry.message).collect();
    assert_eq!(
        told,
        [
            "a.json, /1: the member 'b' is there twice; the last one is taken",
            "a.json, /1: a value within a list or object is NaN or Infinity, which JSON does not have; taken as null",
        ]
    );
}

#[test]
fn errors_tell_line_and_column_also_behind_a_byte_order_mark() {
    assert!(
        refused("[1]").starts_with("a.json, line 1, column 2: invalid type"),
        "{}",
        refused("[1]")
    );
    assert!(refused("\u{feff}[1]").starts_with("a.json, line 1, column 5: "));
    assert!(refused("[{},\n{\"a\" 1}]").starts_with("a.json, line 2, column 6: "));
    assert_eq!(refused("[] []"), "a.json, line 1, column 4: trailing characters");
}

#[test]
fn nesting_beyond_the_limit_ends_with_an_error() {
    let deep = |levels: usize| format!("[{{\"a\":{}{}}}]", "[".repeat(levels), "]".repeat(levels));
    assert!(kept(&deep(100)).is_ok());
    for levels in [200, 1_000_000] {
        assert!(
            refused(&deep(levels)).contains("recursion limit"),
            "{}",
            refused(&deep(levels))
        );
    }
}

#[test]
fn a_second_reading_begins_anew() {
    let (records, report) = kept("[{\"a\":1,\"a\":2},{\"b\":Infinity}]").unwrap();
    assert_eq!(records.len(), 2, "what the first reading took is dropped");
    assert_eq!(report.warnings.count("member_twice"), 1, "and what it told");
    assert!(records[1].is_empty());
}
