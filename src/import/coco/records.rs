//! The records of the lists: what of each is used, and what is kept as it is.

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::document::SourceFacts;
use super::super::json::Context;
use super::super::json::{Any, AnySeed, Name, Seen, keep, keep_unknown, reason};
use super::super::json::{IdSeed, RawId};
use super::parse::Record;
use super::place::Place;
use super::segmentation::{RawBox, Segmentation};
use crate::model::Geometry;

/// One of `images`.
#[derive(Debug, PartialEq, Default)]
pub(super) struct RawImage {
    pub(super) id: RawId,
    pub(super) name: Option<Any>,
    pub(super) width: Option<Any>,
    pub(super) height: Option<Any>,
    pub(super) licence: RawId,
    pub(super) facts: SourceFacts,
}

/// One of `categories`.
#[derive(Debug, PartialEq, Default)]
pub(super) struct RawCategory {
    pub(super) id: RawId,
    pub(super) name: Option<Any>,
    pub(super) facts: SourceFacts,
}

/// One of `licenses`.
#[derive(Debug, PartialEq, Default)]
pub(super) struct RawLicence {
    pub(super) id: RawId,
    pub(super) name: Option<Any>,
    pub(super) url: Option<Any>,
    pub(super) facts: SourceFacts,
}

/// One of `annotations`. What ordinary boxes do not have is apart, so that a million of them stay small.
#[derive(Debug, PartialEq, Default)]
pub(super) struct RawAnnotation {
    pub(super) id: RawId,
    pub(super) image: RawId,
    pub(super) category: RawId,
    pub(super) bbox: RawBox,
    pub(super) area: Option<f64>,
    pub(super) more: Option<Box<More>>,
}

/// What an annotation may have besides.
#[derive(Debug, PartialEq, Default)]
pub(super) struct More {
    pub(super) segmentation: Segmentation,
    /// The exact geometry that an export of Holotype carries, or why it is none.
    pub(super) exact: Option<Result<Geometry, String>>,
    /// The id that an export of Holotype carries.
    pub(super) holotype_id: Option<[u8; 24]>,
    pub(super) votes: Vec<RawId>,
    pub(super) facts: SourceFacts,
}

impl RawAnnotation {
    /// Returns the id of Holotype's own, if the record has one.
    pub(super) fn holotype_id(&self) -> Option<[u8; 24]> {
        self.more.as_ref().and_then(|more| more.holotype_id)
    }
}

impl Record for RawImage {
    const LIST: &'static str = "images";

    fn read<'de, A: MapAccess<'de>>(
        mut map: A,
        context: &mut Context<'_>,
        place: Place,
    ) -> Result<Self, A::Error> {
        let (mut image, mut seen) = (Self::default(), Seen::of(place));
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "id" => {
                    seen.once(0, "id")?;
                    image.id = map.next_value_seed(IdSeed(context, "id"))?;
                }
                "file_name" => {
                    seen.once(1, "file_name")?;
                    image.name = Some(map.next_value_seed(AnySeed(context))?);
                }
                "width" => {
                    seen.once(2, "width")?;
                    image.width = Some(map.next_value_seed(AnySeed(context))?);
                }
                "height" => {
                    seen.once(3, "height")?;
                    image.height = Some(map.next_value_seed(AnySeed(context))?);
                }
                "license" => {
                    seen.once(4, "license")?;
                    image.licence = map.next_value_seed(IdSeed(context, "license"))?;
                }
                // An image's id follows from its name.
                "holotype_id" => {
                    seen.once(5, "holotype_id")?;
                    map.next_value_seed(AnySeed(context))?;
                }
                other => keep_unknown(&mut map, context, &mut image.facts, other)?,
            }
        }
        Ok(image)
    }

    fn id(&self) -> &RawId {
        &self.id
    }
}

impl Record for RawCategory {
    const LIST: &'static str = "categories";

    fn read<'de, A: MapAccess<'de>>(
        mut map: A,
        context: &mut Context<'_>,
        place: Place,
    ) -> Result<Self, A::Error> {
        let (mut category, mut seen) = (Self::default(), Seen::of(place));
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "id" => {
                    seen.once(0, "id")?;
                    category.id = map.next_value_seed(IdSeed(context, "id"))?;
                }
                "name" => {
                    seen.once(1, "name")?;
                    category.name = Some(map.next_value_seed(AnySeed(context))?);
                }
                other => keep_unknown(&mut map, context, &mut category.facts, other)?,
            }
        }
        Ok(category)
    }

    fn id(&self) -> &RawId {
        &self.id
    }
}

impl Record for RawLicence {
    const LIST: &'static str = "licenses";

    fn read<'de, A: MapAccess<'de>>(
        mut map: A,
        context: &mut Context<'_>,
        place: Place,
    ) -> Result<Self, A::Error> {
        let (mut licence, mut seen) = (Self::default(), Seen::of(place));
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "id" => {
                    seen.once(0, "id")?;
                    licence.id = map.next_value_seed(IdSeed(context, "id"))?;
                }
                "name" => {
                    seen.once(1, "name")?;
                    licence.name = Some(map.next_value_seed(AnySeed(context))?);
                }
                "url" => {
                    seen.once(2, "url")?;
                    licence.url = Some(map.next_value_seed(AnySeed(context))?);
                }
                other => keep_unknown(&mut map, context, &mut licence.facts, other)?,
            }
        }
        Ok(licence)
    }

    fn id(&self) -> &RawId {
        &self.id
    }
}

impl Record for RawAnnotation {
    const LIST: &'static str = "annotations";

    fn read<'de, A: MapAccess<'de>>(
        mut map: A,
        context: &mut Context<'_>,
        place: Place,
    ) -> Result<Self, A::Error> {
        let (mut record, mut seen) = (Self::default(), Seen::of(place));
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "id" => {
                    seen.once(0, "id")?;
                    record.id = map.next_value_seed(IdSeed(context, "id"))?;
                }
                "image_id" => {
                    seen.once(1, "image_id")?;
                    record.image = map.next_value_seed(IdSeed(context, "image_id"))?;
                }
                "category_id" => {
                    seen.once(2, "category_id")?;
                    record.category = map.next_value_seed(IdSeed(context, "category_id"))?;
                }
                "bbox" => {
                    seen.once(3, "bbox")?;
                    record.bbox = map.next_value()?;
                }
                other => record.read_more(&mut map, context, &mut seen, other)?,
            }
        }
        Ok(record)
    }

    fn id(&self) -> &RawId {
        &self.id
    }
}

impl RawAnnotation {
    fn more(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// Reads a member that not every annotation has.
    fn read_more<'de, A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
        context: &mut Context<'_>,
        seen: &mut Seen<Place>,
        name: &str,
    ) -> Result<(), A::Error> {
        match name {
            "segmentation" => {
                seen.once(4, name)?;
                let segmentation = map.next_value()?;
                if segmentation != Segmentation::Absent {
                    self.more().segmentation = segmentation;
                }
            }
            "area" | "iscrowd" => {
                seen.once(if name == "area" { 5 } else { 6 }, name)?;
                let any = map.next_value_seed(AnySeed(context))?;
                self.read_measure(context, name, any);
            }
            "labels" => {
                seen.once(7, name)?;
                match map.next_value_seed(VotesSeed(context))? {
                    Votes::List(votes) if votes.is_empty() => {}
                    Votes::List(votes) => self.more().votes = votes,
                    Votes::Other(other) => keep(context, &mut self.more().facts, name, other),
                }
            }
            "holotype_geometry" => {
                seen.once(8, name)?;
                let raw = map.next_value::<&RawValue>()?;
                let read = serde_json::from_str(raw.get()).map_err(|error| reason(&error));
                self.more().exact = Some(read);
            }
            "holotype_id" => {
                seen.once(9, name)?;
                let any = map.next_value_seed(AnySeed(context))?;
                self.more().holotype_id = holotype_id(context, &any);
            }
            // What an export of Holotype calls those that a source said otherwise than its geometry.
            "source_area" => keep_unknown(map, context, &mut self.more().facts, "area")?,
            "source_bbox" => keep_unknown(map, context, &mut self.more().facts, "bbox")?,
            other => keep_unknown(map, context, &mut self.more().facts, other)?,
        }
        Ok(())
    }
}

impl RawAnnotation {
    /// Takes `area` and `iscrowd`; anything but what they should be is kept as it is.
    fn read_measure(&mut self, context: &mut Context<'_>, name: &str, any: Any) {
        let number = match &any {
            Any::Number(number) => Some(*number),
            Any::Digits(digits) => digits.parse().ok(),
            Any::Null => return,
            Any::NotANumber(_) | Any::Flag(_) | Any::Text(_) | Any::Nested(..) => None,
        };
        match (name, number) {
            ("area", Some(area)) => self.area = Some(area),
            // Not a crowd, which is what a file says that says nothing.
            ("iscrowd", Some(0.0)) => {}
            (_, _) => keep(context, &mut self.more().facts, name, any),
        }
    }
}

/// Reads an id of Holotype's own.
fn holotype_id(context: &mut Context<'_>, any: &Any) -> Option<[u8; 24]> {
    let id = match any {
        Any::Text(text) => crate::id::AnnotationId::parse(text).ok(),
        Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Number(_) | Any::Digits(_) | Any::Nested(..) => {
            None
        }
    };
    if id.is_none() {
        context.note("holotype_id_unusable", || {
            "'holotype_id' is not the 48 hex digits of an id; the record's own id is taken".to_owned()
        });
    }
    id.map(|id| *id.as_bytes())
}

/// `labels` of an annotation.
enum Votes {
    /// Class ids, in order.
    List(Vec<RawId>),
    /// Something else.
    Other(Any),
}

struct VotesSeed<'c, 'f>(&'c mut Context<'f>);

impl<'de> serde::de::DeserializeSeed<'de> for VotesSeed<'_, '_> {
    type Value = Votes;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Votes, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for VotesSeed<'_, '_> {
    type Value = Votes;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of class ids as 'labels'")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Votes, A::Error> {
        let Self(context) = self;
        let mut votes = Vec::new();
        while let Some(vote) = seq.next_element_seed(IdSeed(context, "labels"))? {
            votes.push(vote);
        }
        Ok(Votes::List(votes))
    }

    fn visit_unit<E>(self) -> Result<Votes, E> {
        Ok(Votes::List(Vec::new()))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Votes, E> {
        AnySeed(self.0).visit_bool(value).map(Votes::Other)
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Votes, E> {
        AnySeed(self.0).visit_u64(value).map(Votes::Other)
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Votes, E> {
        AnySeed(self.0).visit_i64(value).map(Votes::Other)
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Votes, E> {
        AnySeed(self.0).visit_f64(value).map(Votes::Other)
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Votes, E> {
        AnySeed(self.0).visit_str(value).map(Votes::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Votes, A::Error> {
        AnySeed(self.0).visit_map(map).map(Votes::Other)
    }
}
