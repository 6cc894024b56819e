//! The file as a whole: its lists in whatever order they come, and `info`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::document::SourceFacts;
use super::super::json::text::without_literals;
use super::super::json::{self, Context, Name, RawId, ScalarSeed, keep, keep_unknown};
use super::place::Place;
use super::records::{RawAnnotation, RawCategory, RawImage, RawLicence};

/// The file as read; references between records are not resolved yet.
#[derive(Default)]
pub(super) struct RawFile {
    /// Members of `info`, and scalars beside the lists.
    pub(super) info: SourceFacts,
    /// Whether Holotype exported it.
    pub(super) is_ours: bool,
    /// `licenses`.
    pub(super) licences: Vec<RawLicence>,
    /// `images`; `None` when the member is missing.
    pub(super) images: Option<Vec<RawImage>>,
    /// `categories`.
    pub(super) categories: Vec<RawCategory>,
    /// `annotations`; `None` when the member is missing.
    pub(super) annotations: Option<Vec<RawAnnotation>>,
}

/// A record of a list.
pub(super) trait Record: Sized {
    /// The list's name.
    const LIST: &'static str;

    /// Reads the members of one record.
    fn read<'de, A: MapAccess<'de>>(
        map: A,
        context: &mut Context<'_>,
        place: Place,
    ) -> Result<Self, A::Error>;

    /// Returns the record's id.
    fn id(&self) -> &RawId;
}

/// Reads the whole file.
pub(super) struct FileSeed<'c, 'f> {
    pub(super) context: &'c mut Context<'f>,
    /// The index of the first annotation that is there.
    pub(super) first_annotation: usize,
}

impl<'c, 'f> FileSeed<'c, 'f> {
    /// Reads a file of which nothing was left out.
    pub(super) fn new(context: &'c mut Context<'f>) -> Self {
        Self {
            context,
            first_annotation: 0,
        }
    }
}

impl<'de> DeserializeSeed<'de> for FileSeed<'_, '_> {
    type Value = RawFile;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawFile, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FileSeed<'_, '_> {
    type Value = RawFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a COCO object with the lists 'images' and 'annotations'")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawFile, A::Error> {
        let Self {
            context,
            first_annotation,
        } = self;
        let mut file = RawFile::default();
        let (mut info, mut licences, mut categories) = (None, None, None);
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "info" => once("info", &mut info, map.next_value_seed(InfoSeed(context))?)?,
                "licenses" => once(
                    "licenses",
                    &mut licences,
                    map.next_value_seed(ListSeed::new(context))?,
                )?,
                "images" => once(
                    "images",
                    &mut file.images,
                    map.next_value_seed(ListSeed::new(context))?,
                )?,
                "categories" => {
                    once(
                        "categories",
                        &mut categories,
                        map.next_value_seed(ListSeed::new(context))?,
                    )?;
                }
                "annotations" => {
                    let list = ListSeed::beginning_at(context, first_annotation);
                    once("annotations", &mut file.annotations, map.next_value_seed(list)?)?;
                }
                other => other_member(&mut map, context, &mut file.info, other)?,
            }
        }
        let (facts, is_ours) = info.unwrap_or_default();
        file.info.extend(facts);
        file.is_ours = is_ours;
        file.licences = licences.unwrap_or_default();
        file.categories = categories.unwrap_or_default();
        Ok(file)
    }
}

/// Puts the value of a member in its place; the member may not have been there before.
fn once<T, E: serde::de::Error>(name: &str, slot: &mut Option<T>, value: T) -> Result<(), E> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom(format!("the file has the member '{name}' twice"))),
    }
}

/// A member beside the lists: a scalar becomes a fact, anything larger is a loss.
fn other_member<'de, A: MapAccess<'de>>(
    map: &mut A,
    context: &mut Context<'_>,
    facts: &mut SourceFacts,
    name: &str,
) -> Result<(), A::Error> {
    match map.next_value_seed(ScalarSeed(context))? {
        Some(any) => keep(context, facts, name, any),
        None => {
            let file = context.file;
            context.report.losses.add("unknown_list", || {
                format!("{file}: the member '{name}' is no part of COCO; it was passed over")
            });
        }
    }
    context.end(&format!("member '{name}'"));
    Ok(())
}

/// Reads `info`: its members, and whether Holotype wrote it.
struct InfoSeed<'c, 'f>(&'c mut Context<'f>);

impl<'de> DeserializeSeed<'de> for InfoSeed<'_, '_> {
    type Value = (SourceFacts, bool);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for InfoSeed<'_, '_> {
    type Value = (SourceFacts, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object as 'info'")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Self::Value::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Self(context) = self;
        if seq.next_element::<IgnoredAny>()?.is_some() {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            let file = context.file;
            context.report.losses.add("unknown_list", || {
                format!("{file}: 'info' is a list, not an object; it was passed over")
            });
        }
        Ok(Self::Value::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self(context) = self;
        let mut facts = SourceFacts::new();
        let mut is_ours = false;
        while let Some(Name(name)) = map.next_key()? {
            match name.as_ref() {
                "holotype_format" => {
                    map.next_value::<IgnoredAny>()?;
                    is_ours = true;
                }
                // In `info`, a version is that of the source, and identifies nothing.
                "version" => keep_unknown(&mut map, context, &mut facts, "source_version")?,
                other => keep_unknown(&mut map, context, &mut facts, other)?,
            }
        }
        context.end(&"info");
        Ok((facts, is_ours))
    }
}

/// Reads one list, or a part of one; null is an empty one.
pub(super) struct ListSeed<'c, 'f, T> {
    context: &'c mut Context<'f>,
    /// The index of its first record.
    first: usize,
    records: PhantomData<T>,
}

impl<'c, 'f, T> ListSeed<'c, 'f, T> {
    const fn new(context: &'c mut Context<'f>) -> Self {
        Self::beginning_at(context, 0)
    }

    /// Reads a part of which the first record has an index.
    const fn beginning_at(context: &'c mut Context<'f>, first: usize) -> Self {
        Self {
            context,
            first,
            records: PhantomData,
        }
    }
}

impl<'de, T: Record> DeserializeSeed<'de> for ListSeed<'_, '_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Record> Visitor<'de> for ListSeed<'_, '_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of objects as '{}'", T::LIST)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let Self { context, first, .. } = self;
        let mut records = Vec::new();
        loop {
            let place = Place {
                list: T::LIST,
                index: first + records.len(),
            };
            match seq.next_element_seed(RecordSeed(context, place, PhantomData))? {
                Some(record) => records.push(record),
                None => return Ok(records),
            }
        }
    }
}

/// Reads one record.
struct RecordSeed<'c, 'f, T>(&'c mut Context<'f>, Place, PhantomData<T>);

/// Reads a text that is one annotation and nothing else.
pub(super) fn read_annotation(
    text: &str,
    index: usize,
    context: &mut Context<'_>,
) -> Result<RawAnnotation, serde_json::Error> {
    match super::plain::read(text) {
        Some(record) => Ok(record),
        None => parse_record(text, index, context),
    }
}

/// Parses a text that is one record and nothing else. Literals that JSON does not have are taken for what they say.
pub(super) fn parse_record<T: Record>(
    text: &str,
    index: usize,
    context: &mut Context<'_>,
) -> Result<T, serde_json::Error> {
    let place = Place { list: T::LIST, index };
    let parse =
        |text: &str, context: &mut Context<'_>| json::whole(text, RecordSeed(context, place, PhantomData));
    let error = match parse(text, context) {
        Ok(record) => return Ok(record),
        Err(error) => error,
    };
    let Some(body) = without_literals(text).filter(|_| error.is_syntax()) else {
        return Err(error);
    };
    // Nothing but notes is told of a record that was not read to its end.
    context.forget_notes();
    context.has_literals = true;
    let record = parse(&body, context);
    context.has_literals = false;
    record
}

impl<'de, T: Record> DeserializeSeed<'de> for RecordSeed<'_, '_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Record> Visitor<'de> for RecordSeed<'_, '_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object as {}", self.1)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let Self(context, place, _) = self;
        let record = T::read(map, context, place)?;
        context.end(&place.with(record.id()));
        Ok(record)
    }
}
