//! The encoder: any `Serialize` value to canonical JSON (RFC 8785), straight into one buffer.
//!
//! Members are written where they fall; only their offsets are remembered, and an object whose members came
//! out of order is put in order when it ends. Enums have serde's external tags, member names are strings or
//! integers, bytes are an array of numbers, `None` and units are `null`.

mod compound;
mod name;

use std::fmt::{self, Write};

use serde::Serialize;
use serde::ser::{self, Serializer};
use thiserror::Error;

use super::MAX_DEPTH;
use super::number::{self, MAX_INTEGER};
use super::text;
use compound::{Object, Sequence};

/// Why a value has no canonical JSON.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EncodeError {
    /// A float is NaN or infinite.
    #[error("{value} cannot be encoded: JSON has no such number")]
    NotFinite {
        /// The float: `NaN`, `inf` or `-inf`.
        value: &'static str,
    },
    /// An integer is further from zero than 2^53.
    #[error("the integer {value} cannot be encoded: its magnitude exceeds 2^53")]
    IntegerTooLarge {
        /// The integer in decimal.
        value: String,
    },
    /// An object has the same member twice.
    #[error("the member `{name}` stands twice in one object")]
    DuplicateMember {
        /// The member's name.
        name: String,
    },
    /// A map's key is neither a string nor an integer.
    #[error("a map key is {found}, where a string or an integer is needed")]
    KeyNotText {
        /// What kind of value the key is.
        found: &'static str,
    },
    /// Arrays and objects stand in each other more than [`MAX_DEPTH`] deep.
    #[error("the value nests deeper than {MAX_DEPTH} arrays and objects")]
    TooDeep,
    /// The value's own `Serialize` gave up.
    #[error("the value refused to be encoded: {message}")]
    Refused {
        /// What its `Serialize` said.
        message: String,
    },
}

impl ser::Error for EncodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        EncodeError::Refused {
            message: message.to_string(),
        }
    }
}

/// Encodes a value as canonical JSON.
///
/// A float is written as ECMAScript prints it (`25.0` is `25`, `-0.0` is `0`); an `f32` is written as the
/// `f64` of the same value.
///
/// # Errors
///
/// [`EncodeError`], when the value has no canonical JSON within the limits of this module.
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(256);
    write_canonical(value, &mut out)?;
    Ok(out)
}

/// Appends the canonical JSON of a value.
///
/// # Errors
///
/// As [`to_canonical`]; `out` is then as long as before.
pub fn write_canonical<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let before = out.len();
    let mut encoder = Encoder {
        out,
        members: Vec::with_capacity(16),
        scratch: Vec::new(),
        depth: 0,
    };
    let result = value.serialize(&mut encoder);
    if result.is_err() {
        out.truncate(before);
    }
    result
}

/// Where one member of an open object stands in the buffer.
#[derive(Clone, Copy, Debug)]
struct Member {
    /// Offset of the name's opening quote.
    start: usize,
    /// Offset of the name's closing quote.
    name_end: usize,
    /// Offset behind the value; known when the object ends.
    end: usize,
    /// See [`text::Name::plain`].
    plain: bool,
}

impl Member {
    fn name<'b>(&self, bytes: &'b [u8]) -> text::Name<'b> {
        let escaped = bytes.get(self.start + 1..self.name_end).unwrap_or_default();
        text::Name {
            escaped,
            plain: self.plain,
        }
    }
}

/// The serializer: the buffer, and the members of all objects that are open.
struct Encoder<'o> {
    out: &'o mut Vec<u8>,
    members: Vec<Member>,
    scratch: Vec<u8>,
    depth: usize,
}

impl<'o> Encoder<'o> {
    fn enter(&mut self, open: u8) -> Result<(), EncodeError> {
        if self.depth == MAX_DEPTH {
            return Err(EncodeError::TooDeep);
        }
        self.depth += 1;
        self.out.push(open);
        Ok(())
    }

    fn leave(&mut self, close: u8) {
        self.depth -= 1;
        self.out.push(close);
    }

    /// Opens `{"variant":` around what follows.
    fn enter_variant(&mut self, variant: &str) -> Result<(), EncodeError> {
        self.enter(b'{')?;
        text::write_string(variant, self.out);
        self.out.push(b':');
        Ok(())
    }

    fn sequence(&mut self, tagged: Tagged) -> Result<Sequence<'_, 'o>, EncodeError> {
        self.enter(b'[')?;
        Ok(Sequence::new(self, tagged))
    }

    fn object(&mut self, tagged: Tagged) -> Result<Object<'_, 'o>, EncodeError> {
        self.enter(b'{')?;
        Ok(Object::new(self, tagged))
    }

    fn signed(&mut self, value: i64) -> Result<(), EncodeError> {
        self.integer(value < 0, value.unsigned_abs())
    }

    fn integer(&mut self, negative: bool, magnitude: u64) -> Result<(), EncodeError> {
        if magnitude > MAX_INTEGER {
            let sign = if negative { "-" } else { "" };
            return Err(EncodeError::IntegerTooLarge {
                value: format!("{sign}{magnitude}"),
            });
        }
        number::write_integer(negative, magnitude, self.out);
        Ok(())
    }
}

/// Whether an array or object is the payload of an enum's variant, so that the tag's object ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tagged {
    Yes,
    No,
}

/// Escapes what a `Display` writes, so that an id needs no `String` of its own.
struct Escape<'o>(&'o mut Vec<u8>);

impl Write for Escape<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text::write_escaped(text, self.0);
        Ok(())
    }
}

impl<'e, 'o> Serializer for &'e mut Encoder<'o> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Sequence<'e, 'o>;
    type SerializeTuple = Sequence<'e, 'o>;
    type SerializeTupleStruct = Sequence<'e, 'o>;
    type SerializeTupleVariant = Sequence<'e, 'o>;
    type SerializeMap = Object<'e, 'o>;
    type SerializeStruct = Object<'e, 'o>;
    type SerializeStructVariant = Object<'e, 'o>;

    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), EncodeError> {
        self.signed(i64::from(value))
    }

    fn serialize_i16(self, value: i16) -> Result<(), EncodeError> {
        self.signed(i64::from(value))
    }

    fn serialize_i32(self, value: i32) -> Result<(), EncodeError> {
        self.signed(i64::from(value))
    }

    fn serialize_i64(self, value: i64) -> Result<(), EncodeError> {
        self.signed(value)
    }

    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        let magnitude = u64::try_from(value.unsigned_abs()).map_err(|_| EncodeError::IntegerTooLarge {
            value: value.to_string(),
        })?;
        self.integer(value < 0, magnitude)
    }

    fn serialize_u8(self, value: u8) -> Result<(), EncodeError> {
        self.integer(false, u64::from(value))
    }

    fn serialize_u16(self, value: u16) -> Result<(), EncodeError> {
        self.integer(false, u64::from(value))
    }

    fn serialize_u32(self, value: u32) -> Result<(), EncodeError> {
        self.integer(false, u64::from(value))
    }

    fn serialize_u64(self, value: u64) -> Result<(), EncodeError> {
        self.integer(false, value)
    }

    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        let magnitude = u64::try_from(value).map_err(|_| EncodeError::IntegerTooLarge {
            value: value.to_string(),
        })?;
        self.integer(false, magnitude)
    }

    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        if !value.is_finite() {
            let value = match (value.is_nan(), value < 0.0) {
                (true, _) => "NaN",
                (false, true) => "-Infinity",
                (false, false) => "Infinity",
            };
            return Err(EncodeError::NotFinite { value });
        }
        number::write_float(value, self.out);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        text::write_string(value, self.out);
        Ok(())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        self.out.push(b'"');
        write!(Escape(self.out), "{value}").map_err(|_| ser::Error::custom("its Display failed"))?;
        self.out.push(b'"');
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), EncodeError> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.enter_variant(variant)?;
        value.serialize(&mut *self)?;
        self.leave(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence<'e, 'o>, EncodeError> {
        self.sequence(Tagged::No)
    }

    fn serialize_tuple(self, _: usize) -> Result<Sequence<'e, 'o>, EncodeError> {
        self.sequence(Tagged::No)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Sequence<'e, 'o>, EncodeError> {
        self.sequence(Tagged::No)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Sequence<'e, 'o>, EncodeError> {
        self.enter_variant(variant)?;
        self.sequence(Tagged::Yes)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object<'e, 'o>, EncodeError> {
        self.object(Tagged::No)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'e, 'o>, EncodeError> {
        self.object(Tagged::No)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Object<'e, 'o>, EncodeError> {
        self.enter_variant(variant)?;
        self.object(Tagged::Yes)
    }
}
