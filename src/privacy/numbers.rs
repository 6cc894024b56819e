//! Dates, and numbers like those that pathologies and clinics give: `H23-12345`, `S 19/1234`, `E-2021-0815`, and
//! any number of seven to ten digits that is no date.

use super::Kind;
use super::runs::{Run, RunKind, runs};

/// Years that a date can have.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;
/// What stands between the parts of a date.
const DATE_MARKS: &str = "-_./";
/// What stands between the parts of a number.
const NUMBER_MARKS: &str = "-_/";
/// Letters before a counter that are no kind of specimen.
const COUNTERS: [&str; 16] = [
    "IMG", "DSC", "ROI", "FOV", "CS", "XR", "AT", "GT", "NM", "UM", "PX", "MM", "V", "X", "Y", "Z",
];

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

fn is_day(year: &str, month: &str, day: &str) -> bool {
    let fits =
        |text: &str, range: std::ops::RangeInclusive<u32>| number(text).is_some_and(|n| range.contains(&n));
    fits(year, YEARS) && fits(month, 1..=12) && fits(day, 1..=31)
}

/// Whether three runs of digits are a date in some order.
fn is_date(a: &str, b: &str, c: &str) -> bool {
    match (a.len(), b.len(), c.len()) {
        (4, 1..=2, 1..=2) => is_day(a, b, c),
        (1..=2, 1..=2, 4) => is_day(c, b, a) || is_day(c, a, b),
        _ => false,
    }
}

/// Whether eight digits are a date: `20190403` or `03042019`.
fn is_compact_date(digits: &str) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default();
    digits.len() == 8
        && (is_day(part(0..4), part(4..6), part(6..8)) || is_day(part(4..8), part(2..4), part(0..2)))
}

fn between(text: &str, first: &Run<'_>, last: &Run<'_>) -> String {
    text.get(first.start..last.end()).unwrap_or_default().to_owned()
}

/// Finds days.
pub(super) fn dates(text: &str) -> Vec<(Kind, String)> {
    let runs = runs(text);
    let mut found = Vec::new();
    for window in runs.windows(5) {
        let [a, mark, b, other, c] = window else { continue };
        let marks = mark.is_one_of(DATE_MARKS) && mark.text == other.text;
        let digits = [a, b, c].iter().all(|run| run.kind == RunKind::Digits);
        if marks && digits && is_date(a.text, b.text, c.text) {
            found.push((Kind::Date, between(text, a, c)));
        }
    }
    let compact = runs
        .iter()
        .filter(|run| run.is_digits(8..=8) && is_compact_date(run.text));
    found.extend(compact.map(|run| (Kind::Date, run.text.to_owned())));
    found
}

/// Finds numbers like those of cases and patients.
pub(super) fn accessions(text: &str) -> Vec<(Kind, String)> {
    let runs = runs(text);
    let mut found = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        let rest = runs.get(at..).unwrap_or_default();
        if let Some(last) = accession(rest) {
            let before = at.checked_sub(1).and_then(|before| runs.get(before));
            // `ABC-H23-1` is one number; what is glued to letters or digits before it is part of something else.
            if before.is_none_or(|before| before.kind == RunKind::Other) {
                found.push((Kind::Number, between(text, run, last)));
            }
        } else if run.is_digits(7..=10) && !is_compact_date(run.text) {
            let part = |next: Option<&Run<'_>>| next.is_some_and(|next| next.is_one_of("."));
            // Digits after a point are the rest of a number such as 0.2527000.
            let before = at.checked_sub(1).and_then(|before| runs.get(before));
            if !part(before) {
                found.push((Kind::Number, run.text.to_owned()));
            }
        }
    }
    found
}

/// Letters, a year of two or four digits, a mark, three to seven digits; a mark may stand after the letters.
fn accession<'r, 't>(runs: &'r [Run<'t>]) -> Option<&'r Run<'t>> {
    let (letters, rest) = runs.split_first()?;
    let is_kind = letters.kind == RunKind::Letters
        && letters.text.chars().count() <= 3
        && letters.text.chars().all(char::is_uppercase)
        && !COUNTERS.contains(&letters.text);
    let rest = match rest {
        [mark, rest @ ..] if mark.is_one_of(NUMBER_MARKS) || mark.is_one_of(" ") => rest,
        rest => rest,
    };
    match rest {
        [year, mark, number, ..]
            if is_kind
                && (year.is_digits(2..=2)
                    || year.is_digits(4..=4)
                        && self::number(year.text).is_some_and(|year| YEARS.contains(&year)))
                && mark.is_one_of(NUMBER_MARKS)
                && number.is_digits(3..=7) =>
        {
            Some(number)
        }
        _ => None,
    }
}
