//! One JSON object, member by member, in the order asked for, at the end of a buffer; numbers in their shortest form.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{CocoFacts, CocoValue};
use crate::codec::{write_integer, write_string};
use crate::export::numbers::{NotFinite, Shortest, is_compact_json, push_number, push_numbers};
use crate::id::append_hex;

/// What became of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FactPlace {
    /// It was written.
    Written,
    /// Its name is that of another member; it is left out.
    Taken,
}

/// An object that is being written.
pub(super) struct Record<'o> {
    out: &'o mut Vec<u8>,
    /// Members that are not facts: no fact may take their name.
    reserved: &'static [&'static str],
    /// The facts written so far.
    facts: BTreeSet<String>,
    is_empty: bool,
}

impl<'o> Record<'o> {
    /// Begins an object.
    pub(super) fn new(out: &'o mut Vec<u8>, reserved: &'static [&'static str]) -> Self {
        out.push(b'{');
        Self {
            is_empty: true,
            ..Self::after_a_member(out, reserved)
        }
    }

    /// Goes on with an object that has a member already.
    pub(super) const fn after_a_member(out: &'o mut Vec<u8>, reserved: &'static [&'static str]) -> Self {
        Self {
            out,
            reserved,
            facts: BTreeSet::new(),
            is_empty: false,
        }
    }

    /// Ends the object.
    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    /// Adds a member of any form whose numbers are finite.
    pub(super) fn json<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), NotFinite> {
        self.begin(name);
        let before = self.out.len();
        let mut serializer = serde_json::Serializer::with_formatter(&mut *self.out, Shortest);
        value
            .serialize(&mut serializer)
            .expect("geometries and lists of numbers are JSON");
        // serde_json writes `null` for what is not finite; no value that is written here has an empty member.
        let written = self.out.get(before..).unwrap_or_default();
        if memchr::memmem::find(written, b"null").is_some() {
            return Err(NotFinite);
        }
        Ok(())
    }

    /// Adds a list of numbers.
    pub(super) fn numbers(&mut self, name: &str, numbers: &[f64]) -> Result<(), NotFinite> {
        self.begin(name);
        push_numbers(numbers, self.out)
    }

    /// Adds a list of lists of numbers.
    pub(super) fn lists(&mut self, name: &str, lists: &[Vec<f64>]) -> Result<(), NotFinite> {
        self.begin(name);
        self.out.push(b'[');
        for (n, list) in lists.iter().enumerate() {
            if n > 0 {
                self.out.push(b',');
            }
            push_numbers(list, self.out)?;
        }
        self.out.push(b']');
        Ok(())
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.begin(name);
        write_string(text, self.out);
    }

    pub(super) fn optional_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// Adds the hex digits of an id.
    pub(super) fn optional_id(&mut self, name: &str, id: Option<&[u8]>) {
        if let Some(id) = id {
            self.begin(name);
            self.out.push(b'"');
            append_hex(id, self.out);
            self.out.push(b'"');
        }
    }

    pub(super) fn whole(&mut self, name: &str, number: u64) {
        self.begin(name);
        write_integer(false, number, self.out);
    }

    pub(super) fn number(&mut self, name: &str, number: f64) -> Result<(), NotFinite> {
        if !number.is_finite() {
            return Err(NotFinite);
        }
        self.begin(name);
        push_number(number, self.out);
        Ok(())
    }

    pub(super) fn optional_number(&mut self, name: &str, number: Option<f64>) -> Result<(), NotFinite> {
        number.map_or(Ok(()), |number| self.number(name, number))
    }

    /// Adds facts that are not members already, and tells `taken` the names of the others.
    pub(super) fn facts(&mut self, facts: &CocoFacts, mut taken: impl FnMut(&str)) -> Result<(), NotFinite> {
        for (name, value) in facts {
            if self.fact(name, value)? == FactPlace::Taken {
                taken(name);
            }
        }
        Ok(())
    }

    /// Adds one fact, unless its name is taken.
    pub(super) fn fact(&mut self, name: &str, value: &CocoValue) -> Result<FactPlace, NotFinite> {
        if self.reserved.contains(&name) || !self.facts.insert(name.to_owned()) {
            return Ok(FactPlace::Taken);
        }
        match value {
            CocoValue::Text(text) if is_compact_json(text) => {
                self.begin(name);
                self.out.extend_from_slice(text.as_bytes());
            }
            CocoValue::Text(text) => self.text(name, text),
            CocoValue::Number(number) => self.number(name, *number)?,
            CocoValue::Flag(flag) => {
                self.begin(name);
                let word: &[u8] = if *flag { b"true" } else { b"false" };
                self.out.extend_from_slice(word);
            }
        }
        Ok(FactPlace::Written)
    }

    fn begin(&mut self, name: &str) {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(b',');
        }
        write_string(name, self.out);
        self.out.push(b':');
    }
}
