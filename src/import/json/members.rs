//! An object whose members are taken one by one as they are read, whatever their order.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::context::Context;
use super::value::{Any, AnySeed, Name};

/// What takes the members of an object.
pub(crate) trait Members {
    /// What must stand there, for the error where something else does.
    const EXPECTED: &'static str;

    /// Reads the value of one member (by `next_value…`, exactly once) and takes it over.
    ///
    /// # Errors
    /// Those of the parser, and when the member makes the whole file unusable.
    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error>;
}

/// Reads an object.
pub(crate) struct MembersSeed<'s, 'c, 'f, M>(pub(crate) &'s mut M, pub(crate) &'c mut Context<'f>);

impl<'de, M: Members> DeserializeSeed<'de> for MembersSeed<'_, '_, '_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, M: Members> Visitor<'de> for MembersSeed<'_, '_, '_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(M::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(members, context) = self;
        while let Some(Name(name)) = map.next_key()? {
            members.take(context, &name, &mut map)?;
        }
        Ok(())
    }
}

/// Reads an object, or gives back whatever else stands there.
pub(crate) struct MembersOr<'s, 'c, 'f, M>(pub(crate) &'s mut M, pub(crate) &'c mut Context<'f>);

impl<'de, M: Members> DeserializeSeed<'de> for MembersOr<'_, '_, '_, M> {
    type Value = Option<Any>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: Members> Visitor<'de> for MembersOr<'_, '_, '_, M> {
    type Value = Option<Any>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(M::EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        MembersSeed(self.0, self.1).visit_map(map).map(|()| None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        AnySeed(self.1).visit_seq(seq).map(Some)
    }

    scalars_are_any!();
}
