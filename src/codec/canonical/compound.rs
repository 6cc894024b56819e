//! Arrays and objects of the encoder; here members get into order.

use std::cmp::Ordering;

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::name::NameEncoder;
use super::{EncodeError, Encoder, Member, Tagged};
use crate::codec::text;

/// An open array.
pub(super) struct Sequence<'e, 'o> {
    encoder: &'e mut Encoder<'o>,
    tagged: Tagged,
    /// Offset behind the opening bracket: a buffer still as long as this holds no element.
    body: usize,
}

impl<'e, 'o> Sequence<'e, 'o> {
    pub(super) fn new(encoder: &'e mut Encoder<'o>, tagged: Tagged) -> Self {
        let body = encoder.out.len();
        Sequence {
            encoder,
            tagged,
            body,
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        if self.encoder.out.len() > self.body {
            self.encoder.out.push(b',');
        }
        value.serialize(&mut *self.encoder)
    }

    fn close(self) {
        self.encoder.leave(b']');
        if self.tagged == Tagged::Yes {
            self.encoder.leave(b'}');
        }
    }
}

/// An open object.
pub(super) struct Object<'e, 'o> {
    encoder: &'e mut Encoder<'o>,
    tagged: Tagged,
    /// Index of this object's first member among the members of all open objects.
    first: usize,
    in_order: bool,
}

impl<'e, 'o> Object<'e, 'o> {
    pub(super) fn new(encoder: &'e mut Encoder<'o>, tagged: Tagged) -> Self {
        let first = encoder.members.len();
        Object {
            encoder,
            tagged,
            first,
            in_order: true,
        }
    }

    /// Writes a member's name through `write`, which says whether it is plain, and compares it with the one
    /// before.
    fn name(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<bool, EncodeError>,
    ) -> Result<(), EncodeError> {
        let Encoder { out, members, .. } = &mut *self.encoder;
        let previous = members.get(self.first..).and_then(<[Member]>::last).copied();
        if previous.is_some() {
            out.push(b',');
        }
        let start = out.len();
        out.push(b'"');
        let plain = write(out)?;
        let name_end = out.len();
        out.extend_from_slice(b"\":");
        let member = Member {
            start,
            name_end,
            end: name_end,
            plain,
        };
        if let Some(previous) = previous.filter(|_| self.in_order) {
            match previous.name(out).compare(member.name(out)) {
                Ordering::Less => {}
                Ordering::Equal => return Err(duplicate(member, out)),
                Ordering::Greater => self.in_order = false,
            }
        }
        members.push(member);
        Ok(())
    }

    fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), EncodeError> {
        self.name(|out| Ok(text::write_name(name, out)))?;
        value.serialize(&mut *self.encoder)
    }

    fn close(self) -> Result<(), EncodeError> {
        if !self.in_order {
            let Encoder {
                out,
                members,
                scratch,
                ..
            } = &mut *self.encoder;
            sort_members(members.get_mut(self.first..).unwrap_or_default(), out, scratch)?;
        }
        self.encoder.members.truncate(self.first);
        self.encoder.leave(b'}');
        if self.tagged == Tagged::Yes {
            self.encoder.leave(b'}');
        }
        Ok(())
    }
}

/// Puts the members of the object that ends the buffer in order.
fn sort_members(members: &mut [Member], out: &mut Vec<u8>, scratch: &mut Vec<u8>) -> Result<(), EncodeError> {
    let mut end = out.len();
    for member in members.iter_mut().rev() {
        member.end = end;
        // A comma stands before each member but the first, whose own end is never derived from it.
        end = member.start.saturating_sub(1);
    }
    let body = members.first().map_or(out.len(), |member| member.start);
    members.sort_unstable_by(|left, right| left.name(out).compare(right.name(out)));
    let same = members.windows(2).find_map(|pair| match pair {
        [left, right] if left.name(out).compare(right.name(out)) == Ordering::Equal => Some(*left),
        _ => None,
    });
    if let Some(member) = same {
        return Err(duplicate(member, out));
    }
    scratch.clear();
    for member in members.iter() {
        if !scratch.is_empty() {
            scratch.push(b',');
        }
        scratch.extend_from_slice(out.get(member.start..member.end).unwrap_or_default());
    }
    out.truncate(body);
    out.extend_from_slice(scratch);
    Ok(())
}

fn duplicate(member: Member, out: &[u8]) -> EncodeError {
    EncodeError::DuplicateMember {
        name: text::unescape(member.name(out).escaped),
    }
}

impl SerializeSeq for Sequence<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeTuple for Sequence<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeTupleStruct for Sequence<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeTupleVariant for Sequence<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.element(value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}

impl SerializeMap for Object<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.name(|out| key.serialize(NameEncoder::new(out)))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.serialize(&mut *self.encoder)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl SerializeStruct for Object<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.member(name, value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}

impl SerializeStructVariant for Object<'_, '_> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        self.member(name, value)
    }

    fn end(self) -> Result<(), EncodeError> {
        self.close()
    }
}
