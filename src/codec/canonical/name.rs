//! Map keys of the encoder: what may be a member's name.

use std::fmt::{self, Write};

use serde::Serialize;
use serde::ser::{Error as _, Impossible, Serializer};

use super::{EncodeError, Escape};
use crate::codec::text;

/// Writes a string, a character, an integer, the name of a unit variant, or a newtype of one of them as the
/// name of a member, and says whether the name is [plain](text::Name::plain); refuses the rest.
pub(super) struct NameEncoder<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> NameEncoder<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        NameEncoder { out }
    }
}

fn refuse<T>(found: &'static str) -> Result<T, EncodeError> {
    Err(EncodeError::KeyNotText { found })
}

/// Integers are names as they are: a string has no limit of 2^53.
macro_rules! integer_names {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<bool, EncodeError> {
            self.collect_str(&value)
        })*
    };
}

/// Methods of kinds of values that cannot be a name.
macro_rules! refused_names {
    ($($method:ident($($type:ty),*) -> $output:ty: $found:literal),*) => {
        $(fn $method(self, $(_: $type),*) -> Result<$output, EncodeError> {
            refuse($found)
        })*
    };
}

type Never = Impossible<bool, EncodeError>;

impl Serializer for NameEncoder<'_> {
    type Ok = bool;
    type Error = EncodeError;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    integer_names!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128
    );

    refused_names!(
        serialize_bool(bool) -> bool: "a boolean",
        serialize_f32(f32) -> bool: "a float",
        serialize_f64(f64) -> bool: "a float",
        serialize_bytes(&[u8]) -> bool: "bytes",
        serialize_none() -> bool: "absent",
        serialize_unit() -> bool: "a unit",
        serialize_unit_struct(&'static str) -> bool: "a unit",
        serialize_seq(Option<usize>) -> Never: "a sequence",
        serialize_tuple(usize) -> Never: "a tuple",
        serialize_tuple_struct(&'static str, usize) -> Never: "a tuple",
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never: "a variant",
        serialize_map(Option<usize>) -> Never: "a map",
        serialize_struct(&'static str, usize) -> Never: "a struct",
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never: "a variant"
    );

    fn serialize_char(self, value: char) -> Result<bool, EncodeError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<bool, EncodeError> {
        Ok(text::write_name(value, self.out))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<bool, EncodeError> {
        let start = self.out.len();
        write!(Escape(self.out), "{value}").map_err(|_| EncodeError::custom("its Display failed"))?;
        let escaped = self.out.get(start..).unwrap_or_default();
        Ok(text::find(escaped, text::is_not_plain).is_none())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<bool, EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<bool, EncodeError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<bool, EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<bool, EncodeError> {
        refuse("a variant")
    }
}
