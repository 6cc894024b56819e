//! A number where nothing else is of use, such as a coordinate: whatever stands there is passed over in one step.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::text::is_literal_marker;
use crate::model::geometry::whole_to_float;

/// What stands where a number belongs.
pub(crate) enum Number {
    /// A number.
    Value(f64),
    /// `null`, or a literal that is no number.
    NotFinite,
    /// Something else.
    Other,
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number::Value(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number::Value(
                    u32::try_from(value).map_or_else(|_| whole_to_float(value), f64::from),
                ))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                let size = whole_to_float(value.unsigned_abs());
                Ok(Number::Value(if value < 0 { -size } else { size }))
            }
            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number::NotFinite)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
                Ok(Number::Other)
            }
            fn visit_str<E>(self, text: &str) -> Result<Number, E> {
                let is_literal = is_literal_marker(text);
                Ok(if is_literal {
                    Number::NotFinite
                } else {
                    Number::Other
                })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Number, A::Error> {
                drain(seq).map(|()| Number::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Number, A::Error> {
                drain_map(map).map(|()| Number::Other)
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// Passes over the rest of a list.
fn drain<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Passes over the rest of an object.
pub(crate) fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
