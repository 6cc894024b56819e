//! Classifications and colours, in the forms of all versions of QuPath: a text, `name`, `names`, or a nested `parentClass`;
//! a colour as [red, green, blue] or as one signed number.

use serde::de::MapAccess;

use super::super::document::{SourceFacts, SourceValue};
use super::super::json::{Any, AnySeed, Context, Members, MembersOr, Seen, keep_unknown};
use crate::model::qupath::{Colour, colour_text, joined_class};

/// A classification as read.
#[derive(Debug)]
pub(super) struct RawClass {
    name: Option<String>,
    names: Option<Vec<String>>,
    parent: Option<Box<RawClass>>,
    pub(super) colour: Option<Colour>,
    pub(super) facts: SourceFacts,
    seen: Seen<&'static str>,
}

impl Default for RawClass {
    fn default() -> Self {
        Self {
            name: None,
            names: None,
            parent: None,
            colour: None,
            facts: SourceFacts::new(),
            seen: Seen::of("a classification"),
        }
    }
}

impl RawClass {
    /// Reads a classification; `None` where there is none.
    pub(super) fn read<'de, A: MapAccess<'de>>(
        map: &mut A,
        context: &mut Context<'_>,
    ) -> Result<Option<Self>, A::Error> {
        let mut class = Self::default();
        match map.next_value_seed(MembersOr(&mut class, context))? {
            None => {}
            Some(Any::Null) => return Ok(None),
            Some(Any::Text(name)) => class.name = Some(name),
            Some(other) => {
                context.note("class_unusable", || {
                    format!("the classification is {}, which is none", other.to_text())
                });
                return Ok(None);
            }
        }
        Ok(Some(class))
    }

    /// Returns the class as QuPath shows it; `None` where it has no name, which QuPath writes for "no class".
    pub(super) fn name(&self) -> Option<String> {
        let name = match (&self.name, &self.names) {
            (Some(name), _) => {
                let parent = self.parent.as_ref().and_then(|parent| parent.name());
                joined_class(parent.as_deref().into_iter().chain([name.as_str()]))
            }
            (None, Some(names)) => joined_class(names.iter().map(String::as_str)),
            (None, None) => return self.parent.as_ref().and_then(|parent| parent.name()),
        };
        Some(name).filter(|name| !name.is_empty())
    }

    /// Takes a member that should be of another form: it is kept as it is, and said so.
    fn odd(&mut self, context: &mut Context<'_>, name: &str, any: &Any) {
        if *any == Any::Null {
            return;
        }
        context.note("class_member_unusable", || {
            format!(
                "'{name}' of the classification is {}, which is of no use",
                any.to_text()
            )
        });
        self.facts
            .insert(format!("class_{name}"), SourceValue::Text(any.to_text()));
    }
}

impl Members for RawClass {
    const EXPECTED: &'static str = "an object as 'classification'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "name" => {
                self.seen.once(0, name)?;
                match map.next_value_seed(AnySeed(context))? {
                    Any::Text(text) => self.name = Some(text),
                    other => self.odd(context, name, &other),
                }
            }
            "names" => {
                self.seen.once(1, name)?;
                let any = map.next_value_seed(AnySeed(context))?;
                match &any {
                    Any::Nested(json, _) if let Ok(names) = serde_json::from_str(json) => {
                        self.names = Some(names);
                    }
                    other => self.odd(context, name, other),
                }
            }
            "parentClass" => {
                self.seen.once(2, name)?;
                self.parent = Self::read(map, context)?.map(Box::new);
            }
            "color" | "colour" => {
                self.seen.once(3, name)?;
                self.read_colour(map, context, name)?;
            }
            "colorRGB" => {
                self.seen.once(4, name)?;
                self.read_colour(map, context, name)?;
            }
            other => keep_unknown(map, context, &mut self.facts, other)?,
        }
        Ok(())
    }
}

impl RawClass {
    fn read_colour<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
        context: &mut Context<'_>,
        name: &str,
    ) -> Result<(), A::Error> {
        let any = map.next_value_seed(AnySeed(context))?;
        match colour(&any) {
            Some(Read { colour, alpha }) => {
                self.colour = Some(colour);
                if let Some(alpha) = alpha {
                    let alpha = SourceValue::Number(f64::from(alpha));
                    self.facts.insert("colour_alpha".to_owned(), alpha);
                }
            }
            None => self.odd(context, name, &any),
        }
        Ok(())
    }
}

/// A colour as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) colour: Colour,
    /// The fourth number, where there is one: 255 is opaque.
    pub(super) alpha: Option<u8>,
}

impl Read {
    /// Returns the text by which a colour is recorded.
    pub(super) fn text(self) -> String {
        colour_text(self.colour)
    }
}

/// Reads a colour: three or four numbers from 0 to 255, or one packed as alpha, red, green, blue, perhaps with a sign.
pub(super) fn colour(any: &Any) -> Option<Read> {
    match any {
        Any::Nested(json, _) => {
            let numbers: Vec<u8> = serde_json::from_str(json).ok()?;
            match numbers.as_slice() {
                [red, green, blue] => Some(Read {
                    colour: [*red, *green, *blue],
                    alpha: None,
                }),
                [red, green, blue, alpha] => Some(Read {
                    colour: [*red, *green, *blue],
                    alpha: Some(*alpha),
                }),
                _ => None,
            }
        }
        Any::Number(number) => {
            let packed: i64 = format!("{number}").parse().ok()?;
            let in_range = (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(&packed);
            let [.., red, green, blue] = packed.to_be_bytes();
            in_range.then_some(Read {
                colour: [red, green, blue],
                alpha: None,
            })
        }
        Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Digits(_) | Any::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quirk_23_colours_of_each_form_are_read() {
        let read = |any: Any| colour(&any).map(Read::text);
        let list = |json: &str| Any::Nested(json.to_owned(), None);
        assert_eq!(read(list("[200,0,10]")).as_deref(), Some("#c8000a"));
        assert_eq!(read(list("[200,0,10,128]")).as_deref(), Some("#c8000a"));
        // -3670006 is 0xffc8000a, as an old file writes the same colour.
        assert_eq!(read(Any::Number(-3_670_006.0)).as_deref(), Some("#c8000a"));
        assert_eq!(read(Any::Number(0.0)).as_deref(), Some("#000000"));
        for bad in ["[200,0]", "[256,0,0]", "[-1,0,0]", "[1.5,0,0]", "{}"] {
            assert_eq!(read(list(bad)), None, "{bad}");
        }
        for bad in [1.5, 1e300, f64::NAN, -1e12] {
            assert_eq!(read(Any::Number(bad)), None, "{bad}");
        }
    }
}
