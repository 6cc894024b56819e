//! Values as cells of delimited tables, and back: written so that no spreadsheet runs them, and read as they were.
//!
//! **Escaping.** A program for spreadsheets takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a return for a
//! formula. Such a text is written with an apostrophe before it, as those programs do themselves. So is a text that
//! begins with an apostrophe or has white space at an end; and, where a value may be of several types, a text that is
//! empty or could be taken for a number or for `true` and `false`. A cell that begins with an apostrophe and goes on
//! with one of these is the rest of it, to the letter; any other cell is what it says, without white space at its ends.
//! Numbers are not escaped: `-5` is no formula.
//!
//! Quoting and separators are the work of whoever writes the table.

use std::borrow::Cow;

use crate::codec::to_canonical;

use super::facts::FactValue;

/// Begins a cell that is taken to the letter.
const MARK: char = '\'';

/// What makes a spreadsheet calculate.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Returns the cell for a text, in a column that holds texts alone.
#[must_use]
pub fn text_to_cell(text: &str) -> Cow<'_, str> {
    if needs_mark(text) {
        Cow::Owned(format!("{MARK}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Returns the text of a cell, in a column that holds texts alone.
#[must_use]
pub fn cell_to_text(cell: &str) -> &str {
    literal(cell).unwrap_or_else(|| cell.trim())
}

/// Returns the cell for a value; `None` where it must not be written, as it can name a person.
#[must_use]
pub fn fact_to_cell(value: &FactValue) -> Option<Cow<'_, str>> {
    match value {
        FactValue::Text(text) if text.is_empty() || untyped(text).is_some() => {
            Some(Cow::Owned(format!("{MARK}{text}")))
        }
        FactValue::Text(text) => Some(text_to_cell(text)),
        FactValue::Number(number) => Some(Cow::Owned(number_to_cell(*number))),
        FactValue::Flag(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        FactValue::Private(_) => None,
    }
}

/// Returns the value of a cell; `None` where it is empty. A number is one only where it says all that the cell says:
/// `007` and `1.50` are texts.
#[must_use]
pub fn cell_to_fact(cell: &str) -> Option<FactValue> {
    if let Some(text) = literal(cell) {
        return Some(FactValue::from(text));
    }
    let text = cell.trim();
    if text.is_empty() {
        return None;
    }
    Some(untyped(text).unwrap_or_else(|| FactValue::from(text)))
}

/// Returns the cell for a number: its shortest form, as in canonical JSON.
#[must_use]
pub fn number_to_cell(number: f64) -> String {
    let canonical = to_canonical(&number).ok();
    let text = canonical.and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or_default()
}

fn needs_mark(text: &str) -> bool {
    text.starts_with(FORMULA) || text.starts_with(MARK) || text.trim() != text
}

/// The rest of a cell that is to be taken to the letter.
fn literal(cell: &str) -> Option<&str> {
    let rest = cell.strip_prefix(MARK)?;
    (rest.is_empty() || needs_mark(rest) || untyped(rest).is_some()).then_some(rest)
}

/// The number or flag that a text is in its one form.
fn untyped(text: &str) -> Option<FactValue> {
    match text {
        "true" => return Some(FactValue::Flag(true)),
        "false" => return Some(FactValue::Flag(false)),
        _ => {}
    }
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && number_to_cell(number) == text).then_some(FactValue::Number(number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn f19_what_a_spreadsheet_would_run_is_marked_and_read_back() {
        for text in ["=1+1", "+49", "-x", "@cmd", "\tx", "\rx", "'quoted", "' =", "'"] {
            let cell = text_to_cell(text);
            assert_eq!(cell, format!("'{text}"));
            assert_eq!(cell_to_text(&cell), text);
        }
        for text in ["mitosis", "a=b", "5", "'s-Hertogenbosch' ".trim(), "a'b"] {
            assert_eq!(cell_to_text(&text_to_cell(text)), text);
        }
        // An apostrophe that nobody needed belongs to the text.
        assert_eq!(cell_to_text("'s-Hertogenbosch"), "'s-Hertogenbosch");
        assert_eq!(cell_to_text(" mitosis "), "mitosis");
    }

    #[test]
    fn numbers_are_no_formulas_and_texts_that_look_like_them_stay_texts() {
        let cell = |value: FactValue| fact_to_cell(&value).unwrap().into_owned();
        assert_eq!(cell(FactValue::from(-5.0)), "-5");
        assert_eq!(cell(FactValue::from("-5")), "'-5");
        assert_eq!(cell(FactValue::from("5")), "'5");
        assert_eq!(cell(FactValue::from("true")), "'true");
        assert_eq!(cell(FactValue::from("")), "'");
        assert_eq!(cell_to_fact("007"), Some(FactValue::from("007")));
        assert_eq!(cell_to_fact("1.50"), Some(FactValue::from("1.50")));
        assert_eq!(cell_to_fact("1e400"), Some(FactValue::from("1e400")));
        assert_eq!(cell_to_fact("  "), None);
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["['=+@\t\r0-9a.e -]{0,6}", any::<String>()]
    }

    proptest! {
        #[test]
        fn f19_any_value_comes_back(text in text(), number in any::<f64>(), flag: bool) {
            let cell = text_to_cell(&text).into_owned();
            prop_assert_eq!(cell_to_text(&cell), text.as_str());
            prop_assert!(!cell.starts_with(FORMULA), "{}", cell);
            let mut values = vec![FactValue::Text(text), FactValue::Flag(flag)];
            values.extend(number.is_finite().then_some(FactValue::Number(number + 0.0)));
            for value in values {
                let cell = fact_to_cell(&value).unwrap();
                prop_assert_eq!(cell_to_fact(&cell), Some(value));
            }
        }
    }
}
