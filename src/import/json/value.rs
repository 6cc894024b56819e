//! Members that Holotype does not know: scalars as they are, lists and objects as compact JSON text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::document::{PrivateText, PrivateTextKind, SourceFacts, SourceValue};
use super::super::personal::{is_absolute_path, private_kind};
use super::context::Context;
use super::error::reason;
use super::text::marked_literal;
use crate::model::geometry::whole_to_float;

/// The largest whole number below which a float holds every whole number.
const LAST_EXACT: u64 = 9_007_199_254_740_992;

/// A member's name, borrowed from the text where it has no escapes.
pub(crate) struct Name<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Any value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Any {
    /// `null`.
    Null,
    /// A literal that is no number: `NaN`, `Infinity` or `-Infinity`.
    NotANumber(&'static str),
    /// True or false.
    Flag(bool),
    /// A number that a float holds.
    Number(f64),
    /// The digits of a whole number beyond 2^53.
    Digits(String),
    /// A text.
    Text(String),
    /// A list or object as compact JSON, and what in it can name a person.
    Nested(String, Option<PrivateTextKind>),
}

impl Any {
    /// Takes a text, or gives the value back.
    ///
    /// # Errors
    /// The value, where it is no text.
    pub(crate) fn into_text(self) -> Result<String, Self> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Null
            | Self::NotANumber(_)
            | Self::Flag(_)
            | Self::Number(_)
            | Self::Digits(_)
            | Self::Nested(..) => Err(self),
        }
    }

    /// Returns a list or object as compact JSON.
    pub(crate) fn as_nested(&self) -> Option<&str> {
        match self {
            Self::Nested(json, _) => Some(json),
            Self::Null
            | Self::NotANumber(_)
            | Self::Flag(_)
            | Self::Number(_)
            | Self::Digits(_)
            | Self::Text(_) => None,
        }
    }

    /// Returns the value as a text: a text as it is, anything else as JSON.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::NotANumber(literal) => (*literal).to_owned(),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number_text(*number),
            Self::Digits(text) | Self::Text(text) | Self::Nested(text, _) => text.clone(),
        }
    }
}

/// Reads any value.
pub(crate) struct AnySeed<'c, 'f>(pub(crate) &'c mut Context<'f>);

impl<'de> DeserializeSeed<'de> for AnySeed<'_, '_> {
    type Value = Any;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Any, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnySeed<'_, '_> {
    type Value = Any;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Any, E> {
        Ok(Any::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
        Ok(Any::Flag(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Any, E> {
        Ok(if value <= LAST_EXACT {
            Any::Number(whole_to_float(value))
        } else {
            Any::Digits(value.to_string())
        })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
        let size = value.unsigned_abs();
        let sign = if value < 0 { -1.0 } else { 1.0 };
        Ok(if size <= LAST_EXACT {
            Any::Number(sign * whole_to_float(size))
        } else {
            Any::Digits(value.to_string())
        })
    }

    fn visit_f64<E>(self, value: f64) -> Result<Any, E> {
        if value.fract() == 0.0 && value.abs() > whole_to_float(LAST_EXACT) {
            self.0.note("number_beyond_2_53", || {
                format!("a number was read as {value:e}; further digits that it may have had are not kept")
            });
        }
        Ok(Any::Number(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Any, E> {
        if self.0.has_literals
            && let Some(literal) = marked_literal(text)
        {
            return Ok(Any::NotANumber(literal));
        }
        Ok(Any::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Any, A::Error> {
        let mut nested = Nested::default();
        NestedSeed(self.0, &mut nested).visit_seq(seq)?;
        Ok(Any::Nested(nested.json, nested.kind))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Any, A::Error> {
        let mut nested = Nested::default();
        NestedSeed(self.0, &mut nested).visit_map(map)?;
        Ok(Any::Nested(nested.json, nested.kind))
    }
}

/// Reads a scalar; passes over a list or object of any depth.
pub(crate) struct ScalarSeed<'c, 'f>(pub(crate) &'c mut Context<'f>);

impl<'de> DeserializeSeed<'de> for ScalarSeed<'_, '_> {
    type Value = Option<Any>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        // The raw text is found without recursion, so that unknown members may nest to any depth.
        let raw = <&RawValue>::deserialize(deserializer)?;
        if raw.get().starts_with(['[', '{']) {
            return Ok(None);
        }
        AnySeed(self.0)
            .deserialize(&mut serde_json::Deserializer::from_str(raw.get()))
            .map(Some)
            .map_err(|error| D::Error::custom(reason(&error)))
    }
}

/// A list or object on its way to compact text.
#[derive(Default)]
struct Nested {
    json: String,
    kind: Option<PrivateTextKind>,
}

/// Appends one value to the text.
struct NestedSeed<'c, 'f, 'n>(&'c mut Context<'f>, &'n mut Nested);

impl NestedSeed<'_, '_, '_> {
    fn scalar(self, any: Any) {
        match any {
            Any::Null => self.1.json.push_str("null"),
            Any::NotANumber(_) => {
                not_a_number(self.0, "a value within a list or object");
                self.1.json.push_str("null");
            }
            Any::Flag(flag) => self.1.json.push_str(if flag { "true" } else { "false" }),
            Any::Number(number) => self.1.json.push_str(&number_text(number)),
            Any::Digits(digits) => self.1.json.push_str(&digits),
            Any::Text(text) => {
                if is_absolute_path(&text) {
                    self.1.kind.get_or_insert(PrivateTextKind::Path);
                }
                push_text(&mut self.1.json, &text);
            }
            Any::Nested(json, _) => self.1.json.push_str(&json),
        }
    }
}

impl<'de> DeserializeSeed<'de> for NestedSeed<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NestedSeed<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar(Any::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(Any::Flag(value));
        Ok(())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        let any = AnySeed(self.0).visit_u64::<E>(value)?;
        self.scalar(any);
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        let any = AnySeed(self.0).visit_i64::<E>(value)?;
        self.scalar(any);
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        let any = AnySeed(self.0).visit_f64::<E>(value)?;
        self.scalar(any);
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let any = AnySeed(self.0).visit_str::<E>(text)?;
        self.scalar(any);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self(context, nested) = self;
        nested.json.push('[');
        let start = nested.json.len();
        while seq.next_element_seed(NestedSeed(context, nested))?.is_some() {
            nested.json.push(',');
        }
        end_list(&mut nested.json, start, ']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(context, nested) = self;
        nested.json.push('{');
        let start = nested.json.len();
        let (mut spans, mut known, mut repeats) = (Vec::new(), BTreeMap::new(), false);
        while let Some(Name(name)) = map.next_key()? {
            if nested.kind.is_none() {
                nested.kind = private_kind(&name);
            }
            let from = nested.json.len();
            push_text(&mut nested.json, &name);
            nested.json.push(':');
            map.next_value_seed(NestedSeed(context, nested))?;
            nested.json.push(',');
            if let Some(earlier) = known.insert(name.clone().into_owned(), spans.len())
                && let Some(span) = spans.get_mut(earlier)
            {
                member_twice(context, &name);
                *span = None;
                repeats = true;
            }
            spans.push(Some(from..nested.json.len()));
        }
        if repeats {
            let kept: String = spans
                .into_iter()
                .flatten()
                .filter_map(|span| nested.json.get(span))
                .collect();
            nested.json.truncate(start);
            nested.json.push_str(&kept);
        }
        end_list(&mut nested.json, start, '}');
        Ok(())
    }
}

/// Closes a list whose members each end with a comma.
fn end_list(json: &mut String, start: usize, close: char) {
    if json.len() > start {
        json.pop();
    }
    json.push(close);
}

/// Appends a text with its quotes.
fn push_text(json: &mut String, text: &str) {
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// Writes a number in its shortest form, whole ones without a point as far as they are exact.
pub(crate) fn number_text(number: f64) -> String {
    if number.abs() <= whole_to_float(LAST_EXACT) {
        format!("{number}")
    } else {
        format!("{number:e}")
    }
}

/// Says that a member came twice and the last one was taken.
pub(crate) fn member_twice(context: &mut Context<'_>, name: &str) {
    context.note("member_twice", || {
        format!("the member '{name}' is there twice; the last one is taken")
    });
}

/// Says that a literal was taken as null.
pub(crate) fn not_a_number(context: &mut Context<'_>, what: &str) {
    context.note("not_a_number", || {
        format!("{what} is NaN or Infinity, which JSON does not have; taken as null")
    });
}

/// Keeps a member that Holotype does not know; what can name a person goes private.
pub(crate) fn keep(context: &mut Context<'_>, facts: &mut SourceFacts, name: &str, any: Any) {
    let by_name = private_kind(name);
    let (text, kind, plain): (String, _, fn(String) -> SourceValue) = match any {
        Any::Null => {
            context.note("null_member", || {
                format!("the member '{name}' is null; nothing is kept of it")
            });
            facts.remove(name);
            return;
        }
        Any::NotANumber(_) => {
            not_a_number(context, &format!("the member '{name}'"));
            facts.remove(name);
            return;
        }
        Any::Flag(flag) => {
            facts.insert(name.to_owned(), SourceValue::Flag(flag));
            return;
        }
        Any::Number(number) if by_name.is_none() => {
            facts.insert(name.to_owned(), SourceValue::Number(number));
            return;
        }
        Any::Number(number) => (number_text(number), by_name, SourceValue::Text),
        Any::Digits(digits) => (digits, by_name, SourceValue::Text),
        Any::Text(text) => {
            let path = is_absolute_path(&text).then_some(PrivateTextKind::Path);
            (text, by_name.or(path), SourceValue::Text)
        }
        Any::Nested(json, kind) => (json, by_name.or(kind), SourceValue::Text),
    };
    let value = match kind {
        Some(kind) => {
            context.note("made_private", || {
                format!("the member '{name}' can name a person")
            });
            SourceValue::Private(PrivateText { kind, text })
        }
        None => plain(text),
    };
    facts.insert(name.to_owned(), value);
}

/// Reads a member that Holotype does not know, and keeps it.
pub(crate) fn keep_unknown<'de, A: MapAccess<'de>>(
    map: &mut A,
    context: &mut Context<'_>,
    facts: &mut SourceFacts,
    name: &str,
) -> Result<(), A::Error> {
    let any = map.next_value_seed(AnySeed(context))?;
    if facts.contains_key(name) {
        member_twice(context, name);
    }
    keep(context, facts, name, any);
    Ok(())
}
