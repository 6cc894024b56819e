//! Where each attribute of an annotation stands: in the member that QuPath has for it, where reading gives the same
//! attribute back; else with all that is carried.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::export::numbers::is_compact_json;
use crate::model::geometry::Plane;
use crate::model::qupath::{
    ANNOTATION, COLOR, Colour, EXACT_GEOMETRY, IS_LOCKED, MEASUREMENT, METADATA, NAME, NOT_FINITE, NUCLEUS,
    OBJECT_TYPE, PLANE_CHANNEL, colour_text, parse_colour,
};
use crate::model::{FactValue, Facts};

/// The attributes by their places.
#[derive(Default)]
pub(super) struct Places<'a> {
    pub(super) object_type: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) color: Option<Colour>,
    pub(super) is_locked: bool,
    pub(super) nucleus: Option<&'a RawValue>,
    /// Whether the plane is of all channels.
    pub(super) is_of_all_channels: bool,
    pub(super) measurements: BTreeMap<&'a str, Measurement<'a>>,
    pub(super) metadata: BTreeMap<&'a str, &'a str>,
    /// What has no place.
    pub(super) rest: Facts,
    /// How many are private.
    pub(super) private: u64,
}

/// A measurement: a number, or the text for one that is none.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Measurement<'a> {
    Number(f64),
    Text(&'a str),
}

impl<'a> Places<'a> {
    pub(super) fn of(attributes: &'a Facts, plane: Option<&Plane>) -> Self {
        let mut places = Self::default();
        for (name, value) in attributes {
            if matches!(value, FactValue::Private(_)) {
                places.private += 1;
            } else if !places.put(name, value, plane) {
                places.rest.insert(name.clone(), value.clone());
            }
        }
        places
    }

    /// Puts an attribute in its place; says whether it has one.
    fn put(&mut self, name: &'a str, value: &'a FactValue, plane: Option<&Plane>) -> bool {
        if let Some(name) = name.strip_prefix(MEASUREMENT).filter(|name| !name.is_empty()) {
            let measurement = match value {
                FactValue::Number(number) => Measurement::Number(*number),
                FactValue::Text(text) if NOT_FINITE.contains(&text.as_str()) => Measurement::Text(text),
                FactValue::Text(_) | FactValue::Flag(_) | FactValue::Private(_) => return false,
            };
            self.measurements.insert(name, measurement);
            return true;
        }
        match (name, value) {
            (IS_LOCKED, FactValue::Flag(true)) => self.is_locked = true,
            (PLANE_CHANNEL, FactValue::Number(-1.0)) if plane.is_some_and(|plane| plane.c == 0) => {
                self.is_of_all_channels = true;
            }
            (_, FactValue::Text(text)) => return self.put_text(name, text),
            (_, FactValue::Number(_) | FactValue::Flag(_) | FactValue::Private(_)) => return false,
        }
        true
    }

    fn put_text(&mut self, name: &'a str, text: &'a str) -> bool {
        match name {
            OBJECT_TYPE if text != ANNOTATION && !text.is_empty() => self.object_type = Some(text),
            NAME if !can_be_a_path(text) => self.name = Some(text),
            COLOR => match parse_colour(text).filter(|colour| colour_text(*colour) == text) {
                Some(colour) => self.color = Some(colour),
                None => return false,
            },
            NUCLEUS if text.starts_with('{') && is_compact_json(text) => {
                self.nucleus = serde_json::from_str(text).ok();
                return self.nucleus.is_some();
            }
            _ => match name.strip_prefix(METADATA) {
                Some(key) if key != EXACT_GEOMETRY && !key.is_empty() && !can_be_a_path(text) => {
                    self.metadata.insert(key, text);
                }
                Some(_) | None => return false,
            },
        }
        true
    }
}

/// Whether a reader could take a text for an absolute path, which it keeps privately.
fn can_be_a_path(text: &str) -> bool {
    text.contains(['/', '\\', '~'])
}
