//! Fields of a change: what was there and what is, by name, in name order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::codec::from_canonical;
use crate::event::StateError;
use crate::model::{Geometry, Key};

/// One value of a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// Text, such as the name of a label.
    #[serde(serialize_with = "text")]
    Text(Arc<str>),
    /// A number.
    Number(f64),
    /// A place in an image, in level-0 px.
    Geometry(Box<Geometry>),
    /// Anything else.
    Json(Box<Value>),
}

impl FieldValue {
    /// Returns the text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Geometry(_) | Self::Json(_) => None,
        }
    }

    /// Returns the number, where it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::Geometry(_) | Self::Json(_) => None,
        }
    }

    /// Returns the geometry, where it is one.
    #[must_use]
    pub fn as_geometry(&self) -> Option<&Geometry> {
        match self {
            Self::Geometry(geometry) => Some(geometry),
            Self::Text(_) | Self::Number(_) | Self::Json(_) => None,
        }
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Value> for FieldValue {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.into()),
            Value::Number(number) => match number.as_f64() {
                Some(number) => Self::Number(number),
                None => Self::Json(Box::new(Value::Number(number))),
            },
            other @ (Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Self::Json(Box::new(other))
            }
        }
    }
}

/// Writes shared text.
pub(super) fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// What a field was and is; `None` where there was or is nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct FieldChange {
    /// What it was.
    pub before: Option<FieldValue>,
    /// What it is.
    pub after: Option<FieldValue>,
}

/// Fields by name, in name order. Takes less room than a map, since most changes have one to three.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fields(Vec<(Cow<'static, str>, FieldChange)>);

impl Fields {
    /// Returns a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FieldChange> {
        let at = self
            .0
            .binary_search_by(|(known, _)| known.as_ref().cmp(name))
            .ok()?;
        self.0.get(at).map(|(_, change)| change)
    }

    /// Walks through the fields in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldChange)> {
        self.0.iter().map(|(name, change)| (name.as_ref(), change))
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes a field unless both values are equal.
    pub(super) fn note(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        before: Option<FieldValue>,
        after: Option<FieldValue>,
    ) {
        if before != after {
            self.put(name, before, after);
        }
    }

    /// Notes a field, whatever its values: two labels may have had the same name one after the other.
    pub(super) fn put(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        before: Option<FieldValue>,
        after: Option<FieldValue>,
    ) {
        let name = name.into();
        let change = FieldChange { before, after };
        match self.0.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => {
                if let Some(present) = self.0.get_mut(at) {
                    present.1 = change;
                }
            }
            Err(at) => self.0.insert(at, (name, change)),
        }
    }

    /// Notes the members that differ between two sets.
    pub(super) fn note_all(&mut self, before: Members, mut after: Members) {
        for (name, value) in before {
            let now = after.remove(&name).map(FieldValue::from);
            self.note(name, Some(value.into()), now);
        }
        for (name, value) in after {
            self.note(name, None, Some(value.into()));
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, change) in self.iter() {
            map.serialize_entry(name, change)?;
        }
        map.end()
    }
}

/// Members of a record by the name under which they are shown.
pub(super) type Members = BTreeMap<String, Value>;

/// Takes a record's canonical bytes apart: each member but the format, and each fact by its own name. A fact that
/// is named as a member is shown as `facts.<name>`. No bytes are no members.
pub(super) fn members(key: &Key, bytes: Option<&[u8]>) -> Result<Members, StateError> {
    let Some(bytes) = bytes else {
        return Ok(Members::new());
    };
    let mut record: Map<String, Value> = from_canonical(bytes).map_err(|error| StateError::Damaged {
        key: key.to_string(),
        why: error.to_string(),
    })?;
    record.remove("format");
    let facts = record.remove("facts");
    let mut members: Members = record.into_iter().collect();
    match facts {
        Some(Value::Object(facts)) => add_facts(&mut members, "facts", facts),
        Some(other) => {
            members.insert("facts".to_owned(), other);
        }
        None => {}
    }
    Ok(members)
}

/// Adds facts under their own names, or behind `group` where a member has the name.
pub(super) fn add_facts(
    members: &mut Members,
    group: &str,
    facts: impl IntoIterator<Item = (String, Value)>,
) {
    for (name, value) in facts {
        let name = if members.contains_key(&name) {
            format!("{group}.{name}")
        } else {
            name
        };
        members.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_under_their_own_names() {
        let bytes =
            br#"{"facts":{"licence":"CC0","name":"odd","width":7},"format":"image/1","name":"a.png"}"#;
        let members = members(&Key::dataset(), Some(bytes)).unwrap();
        let names: Vec<&str> = members.keys().map(String::as_str).collect();
        assert_eq!(names, ["facts.name", "licence", "name", "width"]);
    }

    #[test]
    fn a_value_is_given_as_what_it_is() {
        let geometry = Geometry::point(1.0, 2.0);
        let values = [
            FieldValue::from("x"),
            FieldValue::Number(2.0),
            FieldValue::Geometry(Box::new(geometry.clone())),
            FieldValue::Json(Box::new(Value::Null)),
        ];
        let texts = values.each_ref().map(FieldValue::as_text);
        assert_eq!(texts, [Some("x"), None, None, None]);
        let numbers = values.each_ref().map(FieldValue::as_number);
        assert_eq!(numbers, [None, Some(2.0), None, None]);
        let geometries = values.each_ref().map(FieldValue::as_geometry);
        assert_eq!(geometries, [None, None, Some(&geometry), None]);
    }

    #[test]
    fn equal_values_are_no_field() {
        let mut fields = Fields::default();
        fields.note("b", Some("x".into()), Some("x".into()));
        fields.note("z", None, Some(FieldValue::Number(2.0)));
        fields.note("a", Some("x".into()), None);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "z"]);
        assert_eq!(
            serde_json::to_string(&fields).unwrap(),
            r#"{"a":{"before":"x","after":null},"z":{"before":null,"after":2.0}}"#
        );
    }
}
