//! Ids that are numbers: whole ones of any length; 1.0 and "1" are taken as 1, and said so.

use std::fmt;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::context::Context;
use super::text::is_literal_marker;

/// An id, in the one form in which equal ids are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Id {
    /// A whole number.
    Number(i64),
    /// The digits of a longer one, or a text that is no number.
    Text(Box<str>),
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// What stands where an id belongs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum RawId {
    /// Nothing.
    #[default]
    Absent,
    /// `null`, or a literal that is no number.
    Null,
    /// Something that is no id: 1.5, true, a list.
    Unusable,
    /// An id.
    Id(Id),
}

impl RawId {
    /// Returns the id, if there is one.
    pub(crate) const fn id(&self) -> Option<&Id> {
        match self {
            Self::Id(id) => Some(id),
            Self::Absent | Self::Null | Self::Unusable => None,
        }
    }

    /// Gives the id up, if there is one.
    pub(crate) fn into_id(self) -> Option<Id> {
        match self {
            Self::Id(id) => Some(id),
            Self::Absent | Self::Null | Self::Unusable => None,
        }
    }

    /// Says what is there instead of an id.
    pub(crate) const fn lack(&self) -> &'static str {
        match self {
            Self::Absent => "is missing",
            Self::Null => "is null",
            Self::Unusable => "is no id",
            Self::Id(_) => "is an id",
        }
    }
}

/// Reads one id, exactly.
pub(crate) struct IdSeed<'c, 'f>(pub(crate) &'c mut Context<'f>, pub(crate) &'static str);

impl<'de> DeserializeSeed<'de> for IdSeed<'_, '_> {
    type Value = RawId;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawId, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        let Self(context, member) = self;
        read_id(raw.get(), context, member).map_err(D::Error::custom)
    }
}

fn read_id(raw: &str, context: &mut Context<'_>, member: &'static str) -> Result<RawId, String> {
    if let Ok(number) = raw.parse::<i64>() {
        return Ok(RawId::Id(Id::Number(number)));
    }
    match raw.as_bytes().first() {
        Some(b'n') => Ok(RawId::Null),
        Some(b'"') => {
            let text: String =
                serde_json::from_str(raw).map_err(|_| format!("the text of '{member}' is damaged"))?;
            if context.has_literals && is_literal_marker(&text) {
                return Ok(RawId::Null);
            }
            if text.is_empty() {
                return Ok(RawId::Unusable);
            }
            context.note("id_as_text", || {
                format!("'{member}' is the text {raw}; it is taken as {text}")
            });
            Ok(RawId::Id(canonical(&text)))
        }
        Some(b'-' | b'0'..=b'9') => read_number(raw, context, member),
        _ => Ok(RawId::Unusable),
    }
}

fn read_number(raw: &str, context: &mut Context<'_>, member: &'static str) -> Result<RawId, String> {
    if raw.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) {
        return Ok(RawId::Id(Id::Text(raw.into())));
    }
    let value: f64 = raw.parse().map_err(|_| format!("'{member}' is no number"))?;
    if !value.is_finite() {
        return Err(format!("'{member}' is a number out of range"));
    }
    let whole = match raw.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => Some(whole.to_owned()),
        _ if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 => Some(format!("{value:.0}")),
        _ => None,
    };
    let Some(whole) = whole else {
        return Ok(RawId::Unusable);
    };
    context.note("id_as_float", || {
        format!("'{member}' is {raw}; it is taken as {whole}")
    });
    Ok(RawId::Id(canonical(if whole == "-0" { "0" } else { &whole })))
}

/// Takes digits as a number where that gives the same digits back.
fn canonical(text: &str) -> Id {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => Id::Number(number),
        _ => Id::Text(text.into()),
    }
}
