//! Facts: named values about a dataset, an image, a case, a label, … that people and files state.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{Scan, check_canonical};
use crate::id::PrivateId;

/// Facts by name, in name order.
pub type Facts = BTreeMap<String, FactValue>;

/// New values of some facts; `None` takes a fact away.
pub type FactChanges = BTreeMap<String, Option<FactValue>>;

/// A fact's value: text, a number, true or false, or a private object that holds the text.
#[derive(Debug, Clone, PartialEq)]
pub enum FactValue {
    /// Text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A text that can name a person, kept where it can be erased.
    Private(PrivateId),
}

impl FactValue {
    /// Returns the text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Flag(_) | Self::Private(_) => None,
        }
    }

    /// Returns the number, where it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::Flag(_) | Self::Private(_) => None,
        }
    }
}

impl From<&str> for FactValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for FactValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Private(id) => write!(f, "private {id}"),
        }
    }
}

impl Serialize for FactValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Private(id) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("private", id)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for FactValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FactVisitor)
    }
}

struct FactVisitor;

impl<'de> Visitor<'de> for FactVisitor {
    type Value = FactValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false or {\"private\": id}")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<FactValue, E> {
        Ok(FactValue::Text(text.to_owned()))
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<FactValue, E> {
        Ok(FactValue::Flag(flag))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<FactValue, E> {
        Ok(FactValue::Number(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<FactValue, E> {
        whole_number(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<FactValue, E> {
        whole_number(&number.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FactValue, A::Error> {
        let entry: Option<(String, PrivateId)> = map.next_entry()?;
        match entry {
            Some((key, id)) if key == "private" && map.next_key::<String>()?.is_none() => {
                Ok(FactValue::Private(id))
            }
            _ => Err(A::Error::custom("an object as a fact must be {\"private\": id}")),
        }
    }
}

/// Reads facts in their stored form, one or more, in one pass: names and texts without escapes, numbers, true and false;
/// `None` where the general reader has to look.
pub(crate) fn scan_facts(scan: &mut Scan<'_>) -> Option<Facts> {
    let mut facts = Facts::new();
    let mut before: Option<&str> = None;
    scan.literal(b"{")?;
    loop {
        let name = scan.name()?;
        if before.is_some_and(|before| before >= name) {
            return None;
        }
        before = Some(name);
        let value = match scan.rest().first()? {
            b'"' => FactValue::Text(scan.text()?.to_owned()),
            b't' => {
                scan.literal(b"true")?;
                FactValue::Flag(true)
            }
            b'f' => {
                scan.literal(b"false")?;
                FactValue::Flag(false)
            }
            _ => FactValue::Number(scan.number()?),
        };
        facts.insert(name.to_owned(), value);
        if !scan.take(b",") {
            scan.literal(b"}")?;
            return Some(facts);
        }
    }
}

/// Reads digits as the float that canonical JSON prints so: any up to 2^53, and beyond it those of the shortest form
/// alone.
fn whole_number<E: serde::de::Error>(digits: &str) -> Result<FactValue, E> {
    if check_canonical(digits.as_bytes()).is_err() {
        return Err(E::custom(format!("{digits} cannot be kept exactly")));
    }
    digits.parse().map(FactValue::Number).map_err(E::custom)
}

/// Applies changes and returns the result.
#[must_use]
pub fn with_changes(mut facts: Facts, changes: &FactChanges) -> Facts {
    for (name, value) in changes {
        match value {
            Some(value) => facts.insert(name.clone(), value.clone()),
            None => facts.remove(name),
        };
    }
    facts
}

/// Returns those changes that would change `facts`.
#[must_use]
pub fn effective_changes(facts: &Facts, changes: &FactChanges) -> FactChanges {
    changes
        .iter()
        .filter(|(name, value)| facts.get(*name) != value.as_ref())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{from_canonical, to_canonical};

    #[test]
    fn values_survive_the_wire() {
        let id = PrivateId::of(b"x");
        for value in [
            FactValue::from("CS2"),
            FactValue::from(0.25),
            FactValue::from(7215.0),
            FactValue::from(1e17),
            FactValue::from(-12_345_678_901_234_567_890.0),
            FactValue::Flag(true),
            FactValue::Private(id),
        ] {
            let bytes = to_canonical(&value).unwrap();
            assert_eq!(from_canonical::<FactValue>(&bytes).unwrap(), value, "{value}");
        }
        assert_eq!(
            serde_json::from_str::<FactValue>("7215").unwrap(),
            FactValue::from(7215.0)
        );
        for bad in [
            "null",
            "[]",
            "{}",
            r#"{"private":"x"}"#,
            r#"{"other":1}"#,
            "9007199254740993",
        ] {
            assert!(serde_json::from_str::<FactValue>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_effective_changes_remain() {
        let facts = Facts::from([
            ("a".to_owned(), FactValue::from("1")),
            ("b".to_owned(), FactValue::from("2")),
        ]);
        let changes = FactChanges::from([
            ("a".to_owned(), Some(FactValue::from("1"))),
            ("b".to_owned(), None),
            ("c".to_owned(), None),
        ]);
        let effective = effective_changes(&facts, &changes);
        assert_eq!(effective.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(with_changes(facts, &effective).len(), 1);
    }
}
