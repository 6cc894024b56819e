//! `properties` of a feature: class, type, measurements, metadata, what an export of Holotype carries, and the rest.

use serde::de::{Deserializer, MapAccess};
use serde_json::value::RawValue;

use super::super::document::{PrivateText, PrivateTextKind, SourceFacts, SourceValue};
use super::super::json::{
    Any, AnySeed, Context, Elements, ElementsOr, Members, MembersOr, MembersSeed, Seen, keep, keep_unknown,
    member_twice, reason,
};
use super::class::{RawClass, Read, colour};
use super::feature::{RawFeature, read_children};
use crate::model::qupath::{COLOR, EXACT_GEOMETRY, HOLOTYPE, IS_LOCKED, MEASUREMENT, METADATA, NAME};
use crate::model::{CarriedAnnotation, Geometry};

/// The properties as read.
#[derive(Debug)]
pub(super) struct Properties {
    pub(super) class: Option<RawClass>,
    /// The object's type by `objectType`, by its older name, or by the alias `type`.
    object_type: [Option<String>; 3],
    pub(super) facts: SourceFacts,
    metadata: SourceFacts,
    pub(super) children: Vec<RawFeature>,
    pub(super) carried: Option<Box<CarriedAnnotation>>,
    /// The exact geometry that an export of Holotype left in `metadata`.
    pub(super) exact: Option<Geometry>,
    seen: Seen<&'static str>,
    has_metadata: bool,
}

impl Default for Properties {
    fn default() -> Self {
        Self {
            class: None,
            object_type: [const { None }; 3],
            facts: SourceFacts::new(),
            metadata: SourceFacts::new(),
            children: Vec::new(),
            carried: None,
            exact: None,
            seen: Seen::of("the properties of a feature"),
            has_metadata: false,
        }
    }
}

impl Properties {
    /// Returns the type of the object, where one is given.
    pub(super) fn object_type(&self) -> Option<&str> {
        self.object_type.iter().flatten().next().map(String::as_str)
    }

    /// Returns all attributes: what a member says in its own place counts for more than what is carried.
    pub(super) fn take_facts(&mut self) -> SourceFacts {
        let carried = self
            .carried
            .as_mut()
            .map(|carried| std::mem::take(&mut carried.attributes));
        let mut facts: SourceFacts = carried
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(name, value)| Some((name, source_value(value)?)))
            .collect();
        facts.append(&mut self.facts);
        facts.append(&mut self.metadata);
        facts
    }
}

fn source_value(value: crate::model::FactValue) -> Option<SourceValue> {
    use crate::model::FactValue;
    match value {
        FactValue::Text(text) => Some(SourceValue::Text(text)),
        FactValue::Number(number) => Some(SourceValue::Number(number)),
        FactValue::Flag(flag) => Some(SourceValue::Flag(flag)),
        FactValue::Private(_) => None,
    }
}

impl Members for Properties {
    const EXPECTED: &'static str = "an object as 'properties'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "objectType" => self.read_type(0, map, context, name)?,
            "object_type" => self.read_type(1, map, context, name)?,
            "type" => self.read_type(2, map, context, name)?,
            "classification" => {
                self.seen.once(3, name)?;
                self.class = RawClass::read(map, context)?;
            }
            "measurements" => {
                self.seen.once(4, name)?;
                self.read_measurements(map, context)?;
            }
            "metadata" => self.read_metadata(map, context)?,
            "childObjects" | "children" => {
                self.seen.once(5, "childObjects")?;
                read_children(map, context, name, &mut self.children, &mut self.facts)?;
            }
            NAME => {
                self.seen.once(6, name)?;
                let any = map.next_value_seed(AnySeed(context))?;
                keep(context, &mut self.facts, name, any);
            }
            IS_LOCKED => {
                self.seen.once(7, name)?;
                let any = map.next_value_seed(AnySeed(context))?;
                // Not locked is what an object is of which nothing is said.
                if any != Any::Flag(false) {
                    keep(context, &mut self.facts, name, any);
                }
            }
            COLOR => {
                self.seen.once(8, name)?;
                let any = map.next_value_seed(AnySeed(context))?;
                match colour(&any) {
                    Some(read @ Read { alpha: None, .. }) => {
                        self.facts.insert(name.to_owned(), SourceValue::Text(read.text()));
                    }
                    Some(Read { alpha: Some(_), .. }) | None => keep(context, &mut self.facts, name, any),
                }
            }
            HOLOTYPE => {
                self.seen.once(9, name)?;
                let raw = map.next_value::<&RawValue>()?;
                match serde_json::from_str(raw.get()) {
                    Ok(carried) => self.carried = Some(Box::new(carried)),
                    Err(error) => context.note("holotype_member_unusable", || {
                        format!("what stands under 'holotype' is not what an export writes ({}); it was passed over", reason(&error))
                    }),
                }
            }
            other => keep_unknown(map, context, &mut self.facts, other)?,
        }
        Ok(())
    }
}

impl Properties {
    fn read_type<'de, A: MapAccess<'de>>(
        &mut self,
        place: u32,
        map: &mut A,
        context: &mut Context<'_>,
        name: &str,
    ) -> Result<(), A::Error> {
        self.seen.once(place, name)?;
        match map.next_value_seed(AnySeed(context))? {
            Any::Text(text) => {
                let slot = usize::try_from(place)
                    .ok()
                    .and_then(|place| self.object_type.get_mut(place));
                if let Some(slot) = slot {
                    *slot = Some(text);
                }
            }
            other => keep(context, &mut self.facts, name, other),
        }
        Ok(())
    }

    fn read_measurements<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
        context: &mut Context<'_>,
    ) -> Result<(), A::Error> {
        let mut measurements = Measurements(&mut self.facts);
        match map.next_value_seed(ObjectOrList(&mut measurements, context))? {
            None | Some(Any::Null) => {}
            Some(other) => keep(context, &mut self.facts, "measurements", other),
        }
        Ok(())
    }

    /// Reads `metadata`, which QuPath 0.5 and 0.6 write twice: the last one is taken.
    fn read_metadata<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
        context: &mut Context<'_>,
    ) -> Result<(), A::Error> {
        if std::mem::replace(&mut self.has_metadata, true) {
            member_twice(context, "metadata");
        }
        self.metadata.clear();
        self.exact = None;
        let mut metadata = Metadata {
            facts: &mut self.metadata,
            exact: &mut self.exact,
        };
        match map.next_value_seed(MembersOr(&mut metadata, context))? {
            None | Some(Any::Null) => {}
            Some(other) => keep(context, &mut self.metadata, "metadata", other),
        }
        Ok(())
    }
}

/// Entries of `metadata`, each an attribute.
struct Metadata<'p> {
    facts: &'p mut SourceFacts,
    exact: &'p mut Option<Geometry>,
}

/// Where QuPath keeps what somebody typed about an object.
const DESCRIPTION: [&str; 2] = ["ANNOTATION_DESCRIPTION", "description"];

impl Members for Metadata<'_> {
    const EXPECTED: &'static str = "an object as 'metadata'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let any = map.next_value_seed(AnySeed(context))?;
        if name == EXACT_GEOMETRY {
            match serde_json::from_str(&any.to_text()) {
                Ok(geometry) => *self.exact = Some(geometry),
                Err(error) => context.note("exact_geometry_unusable", || {
                    format!(
                        "'{name}' of the metadata is no geometry ({}); the drawing is taken",
                        reason(&error)
                    )
                }),
            }
            return Ok(());
        }
        let key = format!("{METADATA}{name}");
        if self.facts.contains_key(&key) {
            member_twice(context, name);
        }
        match any {
            Any::Text(text) if DESCRIPTION.contains(&name) => {
                context.note("made_private", || {
                    format!("'{name}' of the metadata is what somebody typed, which can name a person")
                });
                let kind = PrivateTextKind::FreeText;
                self.facts
                    .insert(key, SourceValue::Private(PrivateText { kind, text }));
            }
            other => keep(context, self.facts, &key, other),
        }
        Ok(())
    }
}

/// Measurements, each an attribute: an object, or the list of names and values that files had before 0.4.
struct Measurements<'p>(&'p mut SourceFacts);

impl Measurements<'_> {
    fn add(&mut self, context: &mut Context<'_>, name: &str, value: Any) {
        let key = format!("{MEASUREMENT}{name}");
        if self.0.contains_key(&key) {
            member_twice(context, name);
        }
        // A measurement that is no number is one, too: it could not be taken.
        let value = match value {
            Any::NotANumber(literal) => Any::Text(literal.to_owned()),
            other => other,
        };
        keep(context, self.0, &key, value);
    }
}

impl Members for Measurements<'_> {
    const EXPECTED: &'static str = "an object or list as 'measurements'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let value = map.next_value_seed(AnySeed(context))?;
        self.add(context, name, value);
        Ok(())
    }
}

impl Elements for Measurements<'_> {
    const EXPECTED: &'static str = "an object or list as 'measurements'";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        _: usize,
        element: D,
    ) -> Result<(), D::Error> {
        use serde::de::DeserializeSeed as _;
        let mut pair = Pair::default();
        let other = MembersOr(&mut pair, context).deserialize(element)?;
        match (other, pair.name, pair.value) {
            (None, Some(Any::Text(name)), Some(value)) => self.add(context, &name, value),
            _ => context.note("measurement_unusable", || {
                "a measurement has no name, or no value; it was passed over".to_owned()
            }),
        }
        Ok(())
    }
}

/// A measurement as an object of its own.
#[derive(Default)]
struct Pair {
    name: Option<Any>,
    value: Option<Any>,
}

impl Members for Pair {
    const EXPECTED: &'static str = "an object with 'name' and 'value'";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let any = map.next_value_seed(AnySeed(context))?;
        let slot = match name {
            "name" => &mut self.name,
            "value" => &mut self.value,
            _ => {
                context.note("measurement_member", || {
                    format!("a measurement has the member '{name}', which is not kept")
                });
                return Ok(());
            }
        };
        if slot.replace(any).is_some() {
            member_twice(context, name);
        }
        Ok(())
    }
}

/// Reads an object or a list, or gives back what else stands there.
struct ObjectOrList<'s, 'c, 'f, T>(&'s mut T, &'c mut Context<'f>);

impl<'de, T: Members + Elements> serde::de::DeserializeSeed<'de> for ObjectOrList<'_, '_, '_, T> {
    type Value = Option<Any>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue as serde::Deserialize>::deserialize(deserializer)?;
        let mut inner = serde_json::Deserializer::from_str(raw.get());
        let read = if raw.get().starts_with('[') {
            ElementsOr(self.0, self.1).deserialize(&mut inner)
        } else if raw.get().starts_with('{') {
            MembersSeed(self.0, self.1).deserialize(&mut inner).map(|()| None)
        } else {
            AnySeed(self.1).deserialize(&mut inner).map(Some)
        };
        read.map_err(|error| serde::de::Error::custom(reason(&error)))
    }
}
