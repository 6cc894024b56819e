//! One feature as read, before it becomes annotations.

use serde::de::{DeserializeSeed, Deserializer, MapAccess};

use super::super::document::{SourceFacts, SourceValue};
use super::super::json::{
    Any, AnySeed, Context, Elements, ElementsOr, Members, MembersOr, Seen, keep, keep_unknown,
};
use super::geometry::RawGeometry;
use super::properties::Properties;
use crate::model::qupath::NUCLEUS;

/// A feature as read.
#[derive(Debug)]
pub(super) struct RawFeature {
    /// `type`, where it is a text.
    pub(super) kind: Option<String>,
    pub(super) id: Option<Any>,
    pub(super) geometry: RawGeometry,
    pub(super) properties: Properties,
    /// Members of the feature itself that are not used.
    pub(super) facts: SourceFacts,
    seen: Seen<&'static str>,
}

impl Default for RawFeature {
    fn default() -> Self {
        Self {
            kind: None,
            id: None,
            geometry: RawGeometry::default(),
            properties: Properties::default(),
            facts: SourceFacts::new(),
            seen: Seen::of("a feature"),
        }
    }
}

impl Members for RawFeature {
    const EXPECTED: &'static str = "a feature";

    fn take<'de, A: MapAccess<'de>>(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "type" => {
                self.seen.once(0, name)?;
                match map.next_value_seed(AnySeed(context))? {
                    Any::Text(kind) => self.kind = Some(kind),
                    other => keep(context, &mut self.facts, name, other),
                }
            }
            "id" => {
                self.seen.once(1, name)?;
                self.id = Some(map.next_value_seed(AnySeed(context))?);
            }
            "geometry" => {
                self.seen.once(2, name)?;
                self.geometry = RawGeometry::read(map, context)?;
            }
            NUCLEUS => {
                self.seen.once(3, name)?;
                let any = map.next_value_seed(AnySeed(context))?;
                keep(context, &mut self.facts, name, any);
            }
            "properties" => {
                self.seen.once(4, name)?;
                match map.next_value_seed(MembersOr(&mut self.properties, context))? {
                    None | Some(Any::Null) => {}
                    Some(other) => keep(context, &mut self.facts, name, other),
                }
            }
            "childObjects" => {
                self.seen.once(5, name)?;
                read_children(map, context, name, &mut self.properties.children, &mut self.facts)?;
            }
            other => keep_unknown(map, context, &mut self.facts, other)?,
        }
        Ok(())
    }
}

impl RawFeature {
    /// Returns all that is kept of it beside place, class and id. Where the feature, its geometry and its properties
    /// have members of one name, the properties' keeps the name.
    pub(super) fn take_facts(&mut self) -> SourceFacts {
        let mut facts = self.properties.take_facts();
        for (prefix, others) in [
            ("feature", &mut self.facts),
            ("geometry", &mut self.geometry.facts),
        ] {
            for (name, value) in std::mem::take(others) {
                let name = if facts.contains_key(&name) {
                    format!("{prefix}:{name}")
                } else {
                    name
                };
                facts.insert(name, value);
            }
        }
        facts
    }

    /// Keeps one more thing, unless the feature says it itself.
    pub(super) fn add_fact(&mut self, name: &str, value: SourceValue) {
        self.properties.facts.entry(name.to_owned()).or_insert(value);
    }
}

/// Reads the objects that lie within an object.
pub(super) fn read_children<'de, A: MapAccess<'de>>(
    map: &mut A,
    context: &mut Context<'_>,
    name: &str,
    children: &mut Vec<RawFeature>,
    facts: &mut SourceFacts,
) -> Result<(), A::Error> {
    match map.next_value_seed(ElementsOr(&mut Children(children), context))? {
        None | Some(Any::Null) => {}
        Some(other) => keep(context, facts, name, other),
    }
    Ok(())
}

struct Children<'v>(&'v mut Vec<RawFeature>);

impl Elements for Children<'_> {
    const EXPECTED: &'static str = "a list of features";

    fn take<'de, D: Deserializer<'de>>(
        &mut self,
        context: &mut Context<'_>,
        _: usize,
        element: D,
    ) -> Result<(), D::Error> {
        let mut child = RawFeature::default();
        if MembersOr(&mut child, context).deserialize(element)?.is_some() {
            child.kind = None;
        }
        self.0.push(child);
        Ok(())
    }
}
