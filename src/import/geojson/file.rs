//! The file as a whole: a FeatureCollection, a list of features, or one feature. Each feature becomes annotations as soon
//! as it is read.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess};

use super::super::json::{
    Any, Context, Elements, ElementsOr, ElementsSeed, Members, MembersOr, Pointer, whole,
};
use super::assemble::Assembler;
use super::error::GeoJsonError;
use super::feature::RawFeature;

/// Reads the whole text.
pub(super) fn read(
    body: &str,
    context: &mut Context<'_>,
    assembler: &mut Assembler,
) -> Result<(), serde_json::Error> {
    let at = Pointer::Root;
    if body.trim_ascii_start().starts_with('[') {
        whole(body, ElementsSeed(&mut Items { assembler, at }, context))?;
        return Ok(());
    }
    let mut item = Item::new(assembler, at);
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let other = MembersOr(&mut item, context).deserialize(&mut deserializer)?;
    deserializer.end()?;
    if let Err(found) = item.end(context, other.as_ref()) {
        let file = context.file.to_owned();
        return Err(assembler.refuse(GeoJsonError::NotFeatures { file, found }));
    }
    assembler.check()
}

/// A place as messages name it.
pub(super) struct At<'p>(pub(super) Pointer<'p>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Pointer::Root => f.write_str("the document"),
            Pointer::Member(..) | Pointer::Element(..) => write!(f, "{}", self.0),
        }
    }
}

/// A list of features or collections.
struct Items<'s, 'p> {
    assembler: &'s mut Assembler,
    at: Pointer<'p>,
}

impl Elements for Items<'_, '_> {
    const EXPECTED: &'static str = "a list of features";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        index: usize,
        element: D,
    ) -> Result<(), D::Error> {
        let at = self.at.element(index);
        let mut item = Item::new(self.assembler, at);
        let other = MembersOr(&mut item, context).deserialize(element)?;
        if let Err(found) = item.end(context, other.as_ref()) {
            context.end(&At(at));
            context.lose("not_a_feature", &At(at), || found);
        }
        self.assembler.check().map_err(D::Error::custom)
    }
}

/// A feature, or a collection of them: which, may be known at its end only.
struct Item<'s, 'p> {
    assembler: &'s mut Assembler,
    at: Pointer<'p>,
    raw: RawFeature,
    has_features: bool,
}

impl<'s, 'p> Item<'s, 'p> {
    fn new(assembler: &'s mut Assembler, at: Pointer<'p>) -> Self {
        Self {
            assembler,
            at,
            raw: RawFeature::default(),
            has_features: false,
        }
    }

    /// Takes it over; what it is instead, where it is neither.
    fn end(self, context: &mut Context<'_>, other: Option<&Any>) -> Result<(), String> {
        if let Some(other) = other {
            return Err(format!("there is {}", kind_of(other)));
        }
        match self.raw.kind.as_deref() {
            Some("Feature") => {
                self.assembler.feature(context, self.at, self.raw, None);
                Ok(())
            }
            Some("FeatureCollection") | None if self.has_features => {
                self.assembler.collection(context, self.at, self.raw);
                Ok(())
            }
            Some(kind) => Err(format!(
                "its type is '{}', and it has no 'features'",
                kind.escape_debug()
            )),
            None => Err("it has neither a type nor 'features'".to_owned()),
        }
    }
}

impl Members for Item<'_, '_> {
    const EXPECTED: &'static str = "a feature or a collection of features";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        if name != "features" {
            return self.raw.take(context, name, map);
        }
        if std::mem::replace(&mut self.has_features, true) {
            return Err(A::Error::custom("a collection has the member 'features' twice"));
        }
        context.end(&At(self.at));
        let mut items = Items {
            assembler: self.assembler,
            at: self.at.member(name),
        };
        match map.next_value_seed(ElementsOr(&mut items, context))? {
            None => Ok(()),
            Some(other) => Err(A::Error::custom(format!(
                "'features' is {}, no list",
                kind_of(&other)
            ))),
        }
    }
}

fn kind_of(any: &Any) -> &'static str {
    match any {
        Any::Null => "null",
        Any::NotANumber(_) | Any::Number(_) | Any::Digits(_) => "a number",
        Any::Flag(_) => "true or false",
        Any::Text(_) => "a text",
        Any::Nested(..) => "a list or object",
    }
}
