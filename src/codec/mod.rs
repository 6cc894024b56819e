//! What every stored record has in common: canonical JSON (RFC 8785), JSON Lines, format names, and records
//! that keep the members they do not know.
//!
//! An id is the hash of canonical bytes, so there must be exactly one byte string for a value:
//! [`to_canonical`] writes it, and [`from_canonical`] refuses every other one. This module does no I/O,
//! knows no record of Holotype, and hashes nothing.
//!
//! # Limits beside RFC 8785
//!
//! * Arrays and objects nest at most [`MAX_DEPTH`] deep.
//! * An integer's magnitude is at most 2^53: beyond that an ECMAScript reader would see another number.
//! * NaN and the infinities have no JSON form.
//! * A member name stands once in an object.

mod canonical;
mod decode;
mod format;
mod lines;
mod markup;
mod number;
mod record;
mod scan;
mod tag;
mod text;

#[cfg(test)]
mod tests;

pub use canonical::{EncodeError, to_canonical, write_canonical};
pub use decode::{DecodeError, NotCanonical, Reason, check_canonical, from_canonical, value_from_canonical};
pub use format::{FormatError, Record, check_format, decode_record};
pub(crate) use lines::lines_behind;
pub use lines::{LinesError, lines, write_line};
pub use markup::{escape_markup, push_markup};
pub(crate) use number::{write_integer, write_short_float};
pub use record::Extra;
pub(crate) use record::{Member, record, restore_floats};
pub(crate) use scan::Scan;
pub use tag::Tag;
pub(crate) use text::write_string;

/// Greatest number of arrays and objects that may stand inside each other in canonical JSON.
pub const MAX_DEPTH: usize = 128;
