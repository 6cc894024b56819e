//! Who or what made the annotations, and when the file claims that they were made.

use crate::model::AnnotatorKind;
use crate::time::Timestamp;

use super::super::document::{Document, SourcePerson};
use super::dataset::Item;
use super::tags;

/// How a group came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generation {
    /// By a model alone.
    Automatic,
    /// By a person with a model's help.
    Semiautomatic,
    /// By a person.
    Manual,
}

impl Generation {
    /// Reads the word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        match word {
            "AUTOMATIC" => Some(Self::Automatic),
            "SEMIAUTOMATIC" => Some(Self::Semiautomatic),
            "MANUAL" => Some(Self::Manual),
            _ => None,
        }
    }
}

/// The one person whom the file names as having made its content: the creator of the content, else the only operator.
pub(super) fn operator(file: &str, root: &Item<'_>, document: &mut Document) -> Option<String> {
    if let Some(name) = root.text(tags::CREATOR) {
        return Some(readable(name));
    }
    match root.texts(tags::OPERATORS).as_slice() {
        [] => None,
        [only] => Some(readable(only)),
        several => {
            let count = several.len();
            document.report.warnings.add("several_operators", || {
                format!(
                    "{file}, (0008,1070): it names {count} operators, and not which of them drew; --annotator says who"
                )
            });
            None
        }
    }
}

/// A person's name without the separators that follow it; what stands between its parts stays.
fn readable(name: &str) -> String {
    name.trim_end_matches(['^', '=', ' ']).to_owned()
}

/// The model of a group: name and version of its algorithm.
pub(super) fn algorithm(group: &Item<'_>) -> Option<String> {
    let item = group.item(tags::ALGORITHMS)?;
    let name = item.text(tags::ALGORITHM_NAME)?;
    Some(match item.text(tags::ALGORITHM_VERSION) {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    })
}

/// Returns the index of a person or model in the document.
pub(super) fn index(document: &mut Document, name: &str, kind: AnnotatorKind) -> usize {
    let person = SourcePerson {
        name: name.to_owned(),
        kind: Some(kind),
    };
    let known = document.people.iter().position(|known| *known == person);
    known.unwrap_or_else(|| {
        document.people.push(person);
        document.people.len() - 1
    })
}

/// The time at which the content is said to have been made. A time without a zone could be any of 25 hours, so it is
/// none.
pub(super) fn claimed_at(file: &str, root: &Item<'_>, document: &mut Document) -> Option<String> {
    let date = root.text(tags::CONTENT_DATE)?;
    let time = root.text(tags::CONTENT_TIME)?;
    let Some(zone) = root.text(tags::TIME_ZONE) else {
        document.report.losses.add("time_without_zone", || {
            format!(
                "{file}, (0008,0033): date and time have no zone (0008,0201), so they are no point in time; not taken over"
            )
        });
        return None;
    };
    let parsed = rfc3339(date, time, zone).and_then(|text| Timestamp::parse(&text).ok());
    if parsed.is_none() {
        document.report.losses.add("time_unusable", || {
            format!("{file}, (0008,0023): '{date}', '{time}', '{zone}' are no point in time; not taken over")
        });
    }
    parsed.map(|time| time.to_string())
}

/// Puts `20260102`, `112233.5` and `+0100` together.
fn rfc3339(date: &str, time: &str, zone: &str) -> Option<String> {
    let (year, rest) = date.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let (zone_hour, zone_minute) = zone.split_at_checked(3)?;
    let second = if second.is_empty() { "00" } else { second };
    Some(format!(
        "{year}-{month}-{day}T{hour}:{minute}:{second}{zone_hour}:{zone_minute}"
    ))
}
