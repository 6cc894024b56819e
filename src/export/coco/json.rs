//! One JSON object, member by member, in the order asked for; numbers in their shortest form.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use super::{CocoFacts, CocoValue, ExportError, ExportReport};

/// Compact JSON with numbers in their shortest form, whole ones without a point.
struct Shortest;

impl Formatter for Shortest {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        // Beyond 2^53 digits would claim an exactness that a float does not have.
        if value.abs() <= 9_007_199_254_740_992.0 {
            write!(writer, "{value}")
        } else {
            write!(writer, "{value:e}")
        }
    }
}

/// An object on its way to the file.
pub(super) struct Record {
    /// What it is, for messages.
    what: String,
    /// Members that are not facts: no fact may take their name.
    reserved: &'static [&'static str],
    json: Vec<u8>,
    /// The facts written so far.
    facts: BTreeSet<String>,
}

impl Record {
    pub(super) const fn new(what: String, reserved: &'static [&'static str]) -> Self {
        Self {
            what,
            reserved,
            json: Vec::new(),
            facts: BTreeSet::new(),
        }
    }

    /// Adds a member of any form whose numbers are finite.
    pub(super) fn json<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), ExportError> {
        self.begin(name);
        let before = self.json.len();
        let mut serializer = serde_json::Serializer::with_formatter(&mut self.json, Shortest);
        value.serialize(&mut serializer).map_err(io::Error::from)?;
        // serde_json writes `null` for what is not finite; no value that is written here has an empty member.
        let written = self.json.get(before..).unwrap_or_default();
        if written.windows(4).any(|four| four == b"null") {
            return Err(ExportError::NotFinite {
                record: self.what.clone(),
            });
        }
        Ok(())
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.begin(name);
        self.push_text(text);
    }

    pub(super) fn optional_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    pub(super) fn whole<T: std::fmt::Display>(&mut self, name: &str, number: T) {
        self.begin(name);
        self.json.extend_from_slice(number.to_string().as_bytes());
    }

    pub(super) fn optional_number(&mut self, name: &str, number: Option<f64>) -> Result<(), ExportError> {
        match number {
            Some(number) if !number.is_finite() => Err(ExportError::NotFinite {
                record: self.what.clone(),
            }),
            Some(number) => self.json(name, &number),
            None => Ok(()),
        }
    }

    /// Adds facts that are not members already.
    pub(super) fn facts(&mut self, facts: &CocoFacts, report: &mut ExportReport) -> Result<(), ExportError> {
        facts
            .iter()
            .try_for_each(|(name, value)| self.fact(name, value, report))
    }

    /// Adds one fact, unless its name is taken.
    pub(super) fn fact(
        &mut self,
        name: &str,
        value: &CocoValue,
        report: &mut ExportReport,
    ) -> Result<(), ExportError> {
        if self.reserved.contains(&name) || !self.facts.insert(name.to_owned()) {
            report.add("name_taken", 1, || {
                format!(
                    "the fact '{name}' of {} has the name of a member of COCO; it is left out",
                    self.what
                )
            });
            return Ok(());
        }
        match value {
            CocoValue::Text(text) if is_compact_json(text) => {
                self.begin(name);
                self.json.extend_from_slice(text.as_bytes());
            }
            CocoValue::Text(text) => self.text(name, text),
            CocoValue::Number(number) => self.optional_number(name, Some(*number))?,
            CocoValue::Flag(flag) => self.whole(name, flag),
        }
        Ok(())
    }

    /// Writes the object.
    pub(super) fn write<W: Write>(mut self, out: &mut W) -> Result<(), ExportError> {
        if self.json.is_empty() {
            self.json.push(b'{');
        }
        self.json.push(b'}');
        out.write_all(&self.json)?;
        Ok(())
    }

    fn begin(&mut self, name: &str) {
        self.json.push(if self.json.is_empty() { b'{' } else { b',' });
        self.push_text(name);
        self.json.push(b':');
    }

    fn push_text(&mut self, text: &str) {
        let quoted = serde_json::to_vec(text).expect("a text is always JSON");
        self.json.extend_from_slice(&quoted);
    }
}

/// Whether a text is a JSON list or object without spaces between its parts, nested no deeper than readers go.
fn is_compact_json(text: &str) -> bool {
    if !text.starts_with(['[', '{']) {
        return false;
    }
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_u32, 0_u32, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            byte if byte.is_ascii_whitespace() => return false,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest < 100 && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
