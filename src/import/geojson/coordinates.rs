//! `coordinates` of a geometry: positions in lists of any depth, read without a tree of single numbers.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::super::json::{Context, drain_map, text::is_literal_marker};
use crate::model::geometry::{Position, whole_to_float};

/// Why a geometry is of no use: code of the loss, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) code: &'static str,
    pub(super) why: String,
}

impl Unusable {
    pub(super) fn new(code: &'static str, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { code, why }
    }
}

/// What stands as coordinates.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Coordinates {
    /// An empty list.
    Empty,
    /// A list of numbers.
    Position(Position),
    /// A list of positions.
    Line(Vec<Position>),
    /// A list of lists that are deeper.
    Lists(Vec<Coordinates>),
    /// Something else.
    Bad(Unusable),
}

/// One entry of a list.
enum Entry {
    Number(f64),
    List(Coordinates),
    Bad(Unusable),
}

/// Reads coordinates.
pub(super) struct CoordinatesSeed<'c, 'f>(pub(super) &'c mut Context<'f>);

impl<'de> DeserializeSeed<'de> for CoordinatesSeed<'_, '_> {
    type Value = Coordinates;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Coordinates, D::Error> {
        Ok(match EntrySeed(self.0).deserialize(deserializer)? {
            Entry::List(list) => list,
            Entry::Number(_) => Coordinates::Bad(no_list()),
            Entry::Bad(bad) => Coordinates::Bad(bad),
        })
    }
}

fn no_list() -> Unusable {
    Unusable::new("coordinates_unusable", "'coordinates' is no list of positions")
}

fn not_finite() -> Unusable {
    Unusable::new("coordinate_not_a_number", "a coordinate is null, NaN or Infinity")
}

/// Reads one entry.
struct EntrySeed<'c, 'f>(&'c mut Context<'f>);

impl<'de> DeserializeSeed<'de> for EntrySeed<'_, '_> {
    type Value = Entry;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Entry, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_, '_> {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a list")
    }

    fn visit_f64<E>(self, value: f64) -> Result<Entry, E> {
        Ok(Entry::Number(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Entry, E> {
        Ok(Entry::Number(whole_to_float(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Entry, E> {
        let size = whole_to_float(value.unsigned_abs());
        Ok(Entry::Number(if value < 0 { -size } else { size }))
    }

    fn visit_unit<E>(self) -> Result<Entry, E> {
        Ok(Entry::Bad(not_finite()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Entry, E> {
        Ok(Entry::Bad(no_list()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Entry, E> {
        let is_literal = self.0.has_literals && is_literal_marker(text);
        Ok(Entry::Bad(if is_literal { not_finite() } else { no_list() }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        drain_map(map).map(|()| Entry::Bad(no_list()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entry, A::Error> {
        let Self(context) = self;
        let mut list = List::default();
        while let Some(entry) = seq.next_element_seed(EntrySeed(context))? {
            list.add(entry);
        }
        if list.numbers > 2 && list.bad.is_none() {
            context.note("third_coordinate", || {
                "a position has more than two numbers; only x and y are kept".to_owned()
            });
        }
        Ok(Entry::List(list.end()))
    }
}

/// A list while it is read.
#[derive(Default)]
struct List {
    /// How many numbers there were, and the first two.
    numbers: usize,
    position: Position,
    line: Vec<Position>,
    lists: Vec<Coordinates>,
    bad: Option<Unusable>,
}

impl List {
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Number(number) => {
                if let Some(place) = self.position.get_mut(self.numbers) {
                    *place = number;
                }
                self.numbers += 1;
            }
            Entry::List(Coordinates::Position(position)) => self.line.push(position),
            Entry::List(Coordinates::Bad(bad)) | Entry::Bad(bad) => {
                self.bad.get_or_insert(bad);
            }
            Entry::List(list @ (Coordinates::Empty | Coordinates::Line(_) | Coordinates::Lists(_))) => {
                self.lists.push(list);
            }
        }
    }

    fn end(self) -> Coordinates {
        if let Some(bad) = self.bad {
            return Coordinates::Bad(bad);
        }
        match (self.numbers, self.line.is_empty(), self.lists.is_empty()) {
            (0, true, true) => Coordinates::Empty,
            (2.., true, true) => Coordinates::Position(self.position),
            (0, false, true) => Coordinates::Line(self.line),
            (0, true, false) => Coordinates::Lists(self.lists),
            (1, true, true) => Coordinates::Bad(Unusable::new(
                "position_unusable",
                "a position has one number only",
            )),
            (..) => Coordinates::Bad(Unusable::new(
                "coordinates_unusable",
                "a list has positions and something else in it",
            )),
        }
    }
}
