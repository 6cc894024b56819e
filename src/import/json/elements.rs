//! A list whose elements are taken one by one as they are read: no tree of the list is ever held.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::context::Context;
use super::value::{Any, AnySeed};

/// What takes the elements of a list.
pub(crate) trait Elements {
    /// What must stand there, for the error where something else does.
    const EXPECTED: &'static str;

    /// Reads one element and takes it over.
    ///
    /// # Errors
    /// Those of the parser, and when the element makes the whole file unusable.
    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        index: usize,
        element: D,
    ) -> Result<(), D::Error>;
}

/// Reads a list; returns how many elements it has.
pub(crate) struct ElementsSeed<'s, 'c, 'f, E>(pub(crate) &'s mut E, pub(crate) &'c mut Context<'f>);

impl<'de, E: Elements> DeserializeSeed<'de> for ElementsSeed<'_, '_, '_, E> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, E: Elements> Visitor<'de> for ElementsSeed<'_, '_, '_, E> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(E::EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<usize, A::Error> {
        let Self(elements, context) = self;
        let mut index = 0;
        while seq
            .next_element_seed(OneSeed(elements, context, index))?
            .is_some()
        {
            index += 1;
        }
        Ok(index)
    }
}

/// Reads one element.
struct OneSeed<'s, 'c, 'f, E>(&'s mut E, &'c mut Context<'f>, usize);

impl<'de, E: Elements> DeserializeSeed<'de> for OneSeed<'_, '_, '_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.take(self.1, self.2, deserializer)
    }
}

/// Reads a list, or gives back whatever else stands there.
pub(crate) struct ElementsOr<'s, 'c, 'f, E>(pub(crate) &'s mut E, pub(crate) &'c mut Context<'f>);

impl<'de, L: Elements> DeserializeSeed<'de> for ElementsOr<'_, '_, '_, L> {
    type Value = Option<Any>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, L: Elements> Visitor<'de> for ElementsOr<'_, '_, '_, L> {
    type Value = Option<Any>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(L::EXPECTED)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        ElementsSeed(self.0, self.1).visit_seq(seq).map(|_| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        AnySeed(self.1).visit_map(map).map(Some)
    }

    scalars_are_any!();
}
