//! What readers of JSON share: the encoding of the file, literals that JSON does not have, errors with their place, values
//! whose digits are kept, members that no reader knows, and lists that are read element by element.
//!
//! Numbers stay exact: a whole number beyond 2^53 is kept as its digits. A member that stands twice is told, what can
//! name a person goes private. Nothing recurses deeper than the parser's 128 levels; a reader skips deeper values with
//! [`raw`](serde_json::value::RawValue), which does not recurse. No format is known here, and no file is opened.
//!
//! A reader implements `Members` for its objects and `Elements` for its lists, and hands them to `read`, so that
//! a record is taken over as soon as it is read.

/// Within a visitor whose second field is a context: a scalar, where an object or list belongs, is given back.
macro_rules! scalars_are_any {
    () => {
        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            AnySeed(self.1).visit_unit().map(Some)
        }

        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            AnySeed(self.1).visit_bool(value).map(Some)
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            AnySeed(self.1).visit_u64(value).map(Some)
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
            AnySeed(self.1).visit_i64(value).map(Some)
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
            AnySeed(self.1).visit_f64(value).map(Some)
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
            AnySeed(self.1).visit_str(value).map(Some)
        }
    };
}

mod context;
mod elements;
mod error;
mod ids;
mod keys;
mod members;
mod number;
mod pointer;
mod seen;
pub(crate) mod text;
mod value;

pub(crate) use context::Context;
pub(crate) use elements::{Elements, ElementsOr, ElementsSeed};
pub use error::JsonError;
pub(crate) use error::reason;
pub(crate) use ids::{Id, IdSeed, RawId};
pub(crate) use keys::Keys;
pub(crate) use members::{Members, MembersOr, MembersSeed};
pub(crate) use number::{Number, drain_map};
pub(crate) use pointer::Pointer;
pub(crate) use seen::Seen;
pub(crate) use value::{
    Any, AnySeed, Name, ScalarSeed, keep, keep_unknown, member_twice, not_a_number, number_text,
};

use serde::de::DeserializeSeed;

/// Reads one file with `parse`, which gets its text, as [`with_literals`] does; `file` is its name without folders, for
/// messages.
///
/// # Errors
/// [`JsonError`] when the file is no UTF-8 text, or with the place of what `parse` refuses.
pub(crate) fn read<'f, T>(
    file: &'f str,
    bytes: &[u8],
    parse: impl FnMut(&str, &mut Context<'f>) -> Result<T, serde_json::Error>,
) -> Result<(T, Context<'f>), JsonError> {
    let text = text::decode(file, bytes)?;
    let mut context = Context::new(file);
    if text.has_bom {
        context.tell_byte_order_mark();
    }
    match with_literals(text.body, &mut context, parse) {
        Ok(value) => Ok((value, context)),
        Err(error) => Err(JsonError::syntax(file, text.has_bom, &error)),
    }
}

/// Calls `parse` with a text. Where that is not JSON only because of NaN or Infinity literals, `parse` is called again, with
/// these as marker texts and [`Context::has_literals`] set: it must begin anew each time.
///
/// # Errors
/// Those of `parse`.
pub(crate) fn with_literals<'f, T>(
    body: &str,
    context: &mut Context<'f>,
    mut parse: impl FnMut(&str, &mut Context<'f>) -> Result<T, serde_json::Error>,
) -> Result<T, serde_json::Error> {
    let before = context.report.clone();
    let error = match parse(body, context) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let Some(body) = text::without_literals(body).filter(|_| error.is_syntax()) else {
        return Err(error);
    };
    context.forget_notes();
    context.report = before;
    context.has_literals = true;
    parse(&body, context)
}

/// Parses a whole text, to its end.
///
/// # Errors
/// Those of the parser, such as when something follows the value.
pub(crate) fn whole<'de, S: DeserializeSeed<'de>>(
    body: &'de str,
    seed: S,
) -> Result<S::Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests;
