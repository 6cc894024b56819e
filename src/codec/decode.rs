//! The decoder: accepts the bytes that the encoder writes, and no others.
//!
//! A value has one byte string and one id. Were another byte string accepted, the same record could be
//! stored under two ids, and a reader that writes back what it read would change the id. So the bytes are
//! checked first ([`check_canonical`]) and parsed afterwards.

use std::cmp::Ordering;
use std::fmt;

use serde::de::DeserializeOwned;
use thiserror::Error;

use super::MAX_DEPTH;
use super::number;
use super::record::restore_floats;
use super::text::{self, Name};

/// Why bytes are not the canonical JSON of a record.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The bytes are not canonical JSON at all.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// The bytes are canonical JSON, of another shape than the record has.
    #[error("the JSON does not describe {record}")]
    OtherShape {
        /// Name of the type that was expected.
        record: &'static str,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
}

/// Where and why bytes stop being canonical JSON.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not canonical JSON at byte {offset}: {reason}")]
pub struct NotCanonical {
    /// Offset of the first byte that cannot stand where it is, from 0; for a number, a literal, an escape or
    /// a member name the offset of its first byte.
    pub offset: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What keeps bytes from being canonical JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The bytes end within a value.
    UnexpectedEnd,
    /// A byte that JSON does not allow there.
    UnexpectedByte,
    /// White space between tokens.
    WhiteSpace,
    /// Bytes behind the value.
    TrailingBytes,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A control character in a string without its escape.
    ControlCharacter,
    /// An escape that is no escape, is not needed, is not the shortest one, or stands for a surrogate.
    Escape,
    /// A number that ECMAScript would print otherwise, or that is no number.
    Number,
    /// A member that sorts before its predecessor.
    MemberOrder,
    /// A member that has its predecessor's name.
    DuplicateMember,
    /// Arrays and objects in each other more than [`MAX_DEPTH`] deep.
    TooDeep,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::UnexpectedEnd => "the bytes end within a value",
            Reason::UnexpectedByte => "this byte cannot stand here",
            Reason::WhiteSpace => "white space between tokens",
            Reason::TrailingBytes => "bytes behind the value",
            Reason::NotUtf8 => "not UTF-8",
            Reason::ControlCharacter => "a control character without its escape",
            Reason::Escape => "not the escape of canonical JSON",
            Reason::Number => "not a number as canonical JSON prints it",
            Reason::MemberOrder => "the member sorts before its predecessor",
            Reason::DuplicateMember => "the member stands twice",
            Reason::TooDeep => "arrays and objects nest too deep",
        })
    }
}

/// Decodes canonical JSON.
///
/// The limit of 2^53 for integers is one of writing: a larger number within `u64` that is canonical JSON (a
/// float was written) can be read into a `u64`, and only its encoding is refused.
///
/// # Errors
///
/// [`DecodeError`], when the bytes are not canonical JSON or do not describe a `T`.
pub fn from_canonical<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let text = check(bytes)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // The check above has limited the depth, to one level more than this limit would allow.
    deserializer.disable_recursion_limit();
    T::deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|source| DecodeError::OtherShape {
            record: std::any::type_name::<T>(),
            source,
        })
}

/// Decodes canonical JSON of any shape, so that it can be written again byte for byte: digits beyond 2^53 are the
/// float that they were written as.
///
/// # Errors
///
/// [`DecodeError`], when the bytes are not canonical JSON.
pub fn value_from_canonical(bytes: &[u8]) -> Result<serde_json::Value, DecodeError> {
    let mut value = from_canonical(bytes)?;
    restore_floats(&mut value);
    Ok(value)
}

/// Checks that bytes are one value in canonical JSON, exactly as [`to_canonical`](super::to_canonical) would
/// write it.
///
/// # Errors
///
/// [`NotCanonical`], with the first offence.
pub fn check_canonical(bytes: &[u8]) -> Result<(), NotCanonical> {
    check(bytes).map(drop)
}

fn check(bytes: &[u8]) -> Result<&str, NotCanonical> {
    let text = std::str::from_utf8(bytes).map_err(|error| NotCanonical {
        offset: error.valid_up_to(),
        reason: Reason::NotUtf8,
    })?;
    let mut checker = Checker {
        length: bytes.len(),
        rest: bytes,
    };
    checker.value(0)?;
    if checker.rest.is_empty() {
        Ok(text)
    } else {
        Err(checker.fault(Reason::TrailingBytes))
    }
}

/// Reads one value; recursion is as deep as the value nests, at most [`MAX_DEPTH`].
struct Checker<'b> {
    length: usize,
    rest: &'b [u8],
}

impl<'b> Checker<'b> {
    /// An offence at the next byte.
    fn fault(&self, reason: Reason) -> NotCanonical {
        self.fault_before(self.rest, reason)
    }

    /// An offence at the byte that begins `rest`, a tail of the input.
    fn fault_before(&self, rest: &[u8], reason: Reason) -> NotCanonical {
        NotCanonical {
            offset: self.length - rest.len(),
            reason,
        }
    }

    /// The offence of a byte that does not fit, or of the missing one.
    fn misfit(&self) -> NotCanonical {
        self.fault(match self.rest.first() {
            None => Reason::UnexpectedEnd,
            Some(b' ' | b'\t' | b'\n' | b'\r') => Reason::WhiteSpace,
            Some(_) => Reason::UnexpectedByte,
        })
    }

    /// Steps over a byte if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, tail @ ..] if *first == byte => {
                self.rest = tail;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotCanonical> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.misfit())
        }
    }

    /// Reads a value that stands inside `depth` arrays and objects.
    fn value(&mut self, depth: usize) -> Result<(), NotCanonical> {
        match self.rest.first() {
            Some(b'"') => self.string(text::is_special).map(drop),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{' | b'[') if depth == MAX_DEPTH => Err(self.fault(Reason::TooDeep)),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            Some(_) | None => Err(self.misfit()),
        }
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), NotCanonical> {
        match self.rest.strip_prefix(literal) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None if literal.starts_with(self.rest) => Err(self.fault_before(&[], Reason::UnexpectedEnd)),
            None => Err(self.fault(Reason::UnexpectedByte)),
        }
    }

    fn number(&mut self) -> Result<(), NotCanonical> {
        let rest = number::canonical_prefix(self.rest).and_then(|length| self.rest.get(length..));
        match rest {
            // `01` and the like: the number ends before a digit.
            Some([b'0'..=b'9', ..]) | None => Err(self.fault(Reason::Number)),
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
        }
    }

    /// Reads a string; `stop` must hold for the special bytes and may hold for others.
    ///
    /// Gives what stands between the quotes, and whether `stop` held for nothing but the closing quote.
    fn string(&mut self, stop: impl Fn(u8) -> bool) -> Result<Name<'b>, NotCanonical> {
        self.expect(b'"')?;
        let content = self.rest;
        let mut plain = true;
        loop {
            let Some((_, tail)) = text::find(self.rest, &stop).and_then(|at| self.rest.split_at_checked(at))
            else {
                return Err(self.fault_before(&[], Reason::UnexpectedEnd));
            };
            self.rest = tail;
            match tail {
                [b'"', behind @ ..] => {
                    self.rest = behind;
                    let length = content.len() - tail.len();
                    return Ok(Name {
                        escaped: content.get(..length).unwrap_or_default(),
                        plain,
                    });
                }
                [b'\\', ..] => match text::read_escape(tail) {
                    Some((_, behind)) => self.rest = behind,
                    None => return Err(self.fault(Reason::Escape)),
                },
                [0x20..=0xff, behind @ ..] => self.rest = behind,
                _ => return Err(self.fault(Reason::ControlCharacter)),
            }
            plain = false;
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.expect(b'[')?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if !self.take(b',') {
                return self.expect(b']');
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.expect(b'{')?;
        if self.take(b'}') {
            return Ok(());
        }
        let mut previous: Option<Name<'b>> = None;
        loop {
            let start = self.rest;
            let name = self.string(text::is_not_plain)?;
            match previous.map_or(Ordering::Less, |previous| previous.compare(name)) {
                Ordering::Less => previous = Some(name),
                Ordering::Equal => return Err(self.fault_before(start, Reason::DuplicateMember)),
                Ordering::Greater => return Err(self.fault_before(start, Reason::MemberOrder)),
            }
            self.expect(b':')?;
            self.value(depth)?;
            if !self.take(b',') {
                return self.expect(b'}');
            }
        }
    }
}
