//! Images, classes and licences of the file, and by which ids annotations refer to them.

use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization as _;

use super::super::document::{Document, PrivateTextKind, SourceFacts, SourceImage, SourceLabel, SourceValue};
use super::super::json::Context;
use super::super::json::{Any, not_a_number};
use super::super::json::{Id, RawId};
use super::super::personal::{private, split_absolute};
use super::error::CocoError;
use super::place::Place;
use super::records::{RawCategory, RawImage, RawLicence};
use super::repeats::repeated;

/// Where a document holds what an id of the file names.
pub(super) type Places = HashMap<Id, usize>;

/// Takes over the classes.
pub(super) fn take_labels(
    document: &mut Document,
    context: &mut Context<'_>,
    categories: Vec<RawCategory>,
) -> Result<Places, CocoError> {
    let repeats = repeated(context, ("categories", "id"), &categories, |raw| raw.id.id())?;
    let mut places = Places::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (index, raw) in categories
        .into_iter()
        .enumerate()
        .filter(|(index, _)| !repeats.contains(index))
    {
        let place = Place {
            list: "categories",
            index,
        };
        let RawId::Id(id) = &raw.id else {
            context.lose("class_without_id", &place.with(&raw.id), || {
                format!("its 'id' {}", raw.id.lack())
            });
            continue;
        };
        let Some(name) = text_of(raw.name) else {
            context.lose("class_without_name", &place.with(&raw.id), || {
                "it has no 'name' that is a text".to_owned()
            });
            continue;
        };
        let alike: String = name.trim().nfc().flat_map(char::to_lowercase).collect();
        if let Some(earlier) = names.insert(alike, index) {
            context.warn("class_names_alike", &place.with(&raw.id), || {
                format!("its name '{name}' is, but for case and spelling of letters, that of categories[{earlier}]")
            });
        }
        places.insert(id.clone(), document.labels.len());
        document.labels.push(SourceLabel {
            name,
            facts: raw.facts,
        });
    }
    Ok(places)
}

/// Takes over the images, with their licences.
pub(super) fn take_images(
    document: &mut Document,
    context: &mut Context<'_>,
    images: Vec<RawImage>,
    licences: Vec<RawLicence>,
) -> Result<Places, CocoError> {
    let licences = Licences::new(context, licences)?;
    let repeats = repeated(context, ("images", "id"), &images, |raw| raw.id.id())?;
    let of_all = licences.of_all(&images).cloned();
    if let Some(licence) = of_all.as_ref().and_then(|id| licences.0.get(id)) {
        document.dataset.extend(licence.clone());
    }
    licences.report_unused(context, &images, of_all.as_ref());
    let mut places = Places::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (index, mut raw) in images
        .into_iter()
        .enumerate()
        .filter(|(index, _)| !repeats.contains(index))
    {
        let place = Place {
            list: "images",
            index,
        };
        let RawId::Id(id) = raw.id.clone() else {
            context.lose("image_without_id", &place.with(&raw.id), || {
                format!("its 'id' {}", raw.id.lack())
            });
            continue;
        };
        let Some(name) = image_name(context, place, &mut raw) else {
            context.lose("image_without_name", &place.with(&raw.id), || {
                "it has no 'file_name' that names a file".to_owned()
            });
            continue;
        };
        if of_all.is_none() {
            licences.add_to(context, place, &mut raw);
        }
        if let Some(earlier) = names.insert(name.clone(), index) {
            context.warn("image_name_twice", &place.with(&raw.id), || {
                format!("its name '{name}' is also that of images[{earlier}]")
            });
        }
        let width = size_of(context, place, &raw.id, "width", raw.width.take());
        let height = size_of(context, place, &raw.id, "height", raw.height.take());
        places.insert(id, document.images.len());
        document.images.push(SourceImage {
            name,
            folder: None,
            width,
            height,
            facts: raw.facts,
        });
    }
    Ok(places)
}

/// Returns the image's name: relative folders stay in it, absolute ones go apart, as they can name a person.
fn image_name(context: &mut Context<'_>, place: Place, raw: &mut RawImage) -> Option<String> {
    let given = text_of(raw.name.take())?;
    if let (Some(_), name) = split_absolute(&given) {
        let name = name.to_owned();
        context.warn("absolute_path", &place.with(&raw.id), || {
            format!(
                "'file_name' is an absolute path; the image is called '{name}', the path is not taken over"
            )
        });
        raw.facts
            .insert("path".to_owned(), private(PrivateTextKind::Path, &given));
        return Some(name).filter(|name| !name.is_empty());
    }
    if given.contains('\\') {
        context.warn("backslash_in_name", &place.with(&raw.id), || {
            format!("the backslashes of '{given}' are taken as separators of folders")
        });
    }
    let name = given.replace('\\', "/");
    Some(name).filter(|name| !name.is_empty() && !name.ends_with('/'))
}

fn text_of(any: Option<Any>) -> Option<String> {
    match any? {
        Any::Text(text) => Some(text).filter(|text| !text.is_empty()),
        Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Number(_) | Any::Digits(_) | Any::Nested(..) => {
            None
        }
    }
}

/// Returns a size in pixels, where it is one.
fn size_of(
    context: &mut Context<'_>,
    place: Place,
    id: &RawId,
    member: &str,
    any: Option<Any>,
) -> Option<f64> {
    let found = match any? {
        Any::Number(size) if size > 0.0 => return Some(size),
        Any::Null => return None,
        Any::NotANumber(_) => {
            not_a_number(context, &format!("'{member}'"));
            context.end(&place.with(id));
            return None;
        }
        Any::Number(size) => size.to_string(),
        Any::Digits(text) | Any::Text(text) | Any::Nested(text, _) => text,
        Any::Flag(flag) => flag.to_string(),
    };
    context.warn("image_size_unusable", &place.with(id), || {
        format!("'{member}' is {found}, which is no size in pixels; it is taken as unknown")
    });
    None
}

/// The licences by id, each as facts `licence` and `licence_url`.
struct Licences(BTreeMap<Id, SourceFacts>);

impl Licences {
    fn new(context: &mut Context<'_>, raw: Vec<RawLicence>) -> Result<Self, CocoError> {
        let repeats = repeated(context, ("licenses", "id"), &raw, |raw| raw.id.id())?;
        let mut licences = BTreeMap::new();
        for (index, raw) in raw
            .into_iter()
            .enumerate()
            .filter(|(index, _)| !repeats.contains(index))
        {
            let place = Place {
                list: "licenses",
                index,
            };
            let RawId::Id(id) = &raw.id else {
                context.lose("licence_without_id", &place.with(&raw.id), || {
                    format!("its 'id' {}", raw.id.lack())
                });
                continue;
            };
            if !raw.facts.is_empty() {
                let members: Vec<&str> = raw.facts.keys().map(String::as_str).collect();
                context.lose("licence_members", &place.with(&raw.id), || {
                    format!(
                        "of a licence only name and url are taken over, not {}",
                        members.join(", ")
                    )
                });
            }
            let facts = [("licence", text_of(raw.name)), ("licence_url", text_of(raw.url))];
            let facts = facts
                .into_iter()
                .filter_map(|(key, text)| Some((key.to_owned(), SourceValue::Text(text?))));
            licences.insert(id.clone(), facts.collect());
        }
        Ok(Self(licences))
    }

    /// Returns the one licence of the whole file: the only one, which no image contradicts, or the one of all images.
    fn of_all<'a>(&'a self, images: &'a [RawImage]) -> Option<&'a Id> {
        let only = self.0.keys().next().filter(|_| self.0.len() == 1);
        let first = only.or_else(|| images.first().and_then(|image| image.licence.id()))?;
        let agrees = |licence: &RawId| match licence {
            RawId::Id(id) => id == first,
            RawId::Absent | RawId::Null => only.is_some(),
            RawId::Unusable => false,
        };
        (self.0.contains_key(first) && images.iter().all(|image| agrees(&image.licence))).then_some(first)
    }

    /// Reports the licences that no image has.
    fn report_unused(&self, context: &mut Context<'_>, images: &[RawImage], of_all: Option<&Id>) {
        let used: std::collections::BTreeSet<&Id> =
            images.iter().filter_map(|image| image.licence.id()).collect();
        for id in self
            .0
            .keys()
            .filter(|id| !used.contains(id) && of_all != Some(id))
        {
            let file = context.file;
            context.report.losses.add("licence_of_no_image", || {
                format!("{file}, licenses: no image has licence {id}")
            });
        }
    }

    /// Gives an image its own licence.
    fn add_to(&self, context: &mut Context<'_>, place: Place, raw: &mut RawImage) {
        let found = raw.licence.id().and_then(|id| self.0.get(id));
        match (&raw.licence, found) {
            (RawId::Absent | RawId::Null, _) => {}
            (RawId::Id(_) | RawId::Unusable, Some(facts)) => {
                for (key, value) in facts {
                    raw.facts.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            (RawId::Id(licence), None) => context.lose("licence_unknown", &place.with(&raw.id), || {
                format!("its licence {licence} is not among 'licenses'")
            }),
            (RawId::Unusable, None) => {
                context.lose("licence_unknown", &place.with(&raw.id), || {
                    "its 'license' is no id".to_owned()
                });
            }
        }
    }
}
