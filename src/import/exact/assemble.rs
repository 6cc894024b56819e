//! From annotations to the document: images, classes and people by name, and who said what.

use std::collections::BTreeMap;

use crate::model::geometry::Shape;
use crate::model::{AnnotatorKind, Geometry};
use crate::time::Timestamp;

use super::super::document::{
    Document, PrivateTextKind, SourceAnnotation, SourceFacts, SourceId, SourceImage, SourceLabel,
    SourcePerson, SourceRating, SourceValue,
};
use super::super::json::{Any, Context, RawId};
use super::super::personal::{private, split_absolute};
use super::error::ExactError;
use super::raw::{Annotation, Kind, Picture, Written};
use super::vector::{Place, Vector, VectorType};

/// A document on its way.
#[derive(Default)]
pub(super) struct Assembler {
    document: Document,
    images: BTreeMap<String, usize>,
    labels: BTreeMap<String, usize>,
    people: BTreeMap<String, usize>,
    /// Ids, where they stand in the file, and their annotations.
    ids: BTreeMap<String, (String, usize)>,
    /// An id that two annotations have which differ, and where they stand.
    twice: Option<[String; 3]>,
}

impl Assembler {
    /// Gives the document out.
    pub(super) fn finish(mut self, context: Context<'_>) -> Result<Document, ExactError> {
        if let Some([id, first, second]) = self.twice {
            return Err(ExactError::AnnotationTwice {
                file: context.file.to_owned(),
                id,
                first,
                second,
            });
        }
        self.document.report = context.report;
        Ok(self.document)
    }

    /// Takes an annotation over.
    pub(super) fn annotation(&mut self, context: &mut Context<'_>, index: usize, annotation: Annotation) {
        let place = match annotation.id.id() {
            Some(id) => format!("/{index} (id {id})"),
            None => format!("/{index}"),
        };
        if let Err((code, why)) = self.take(context, &place, annotation) {
            context.lose(code, &place, || why);
        }
        context.end(&place);
    }

    fn take(
        &mut self,
        context: &mut Context<'_>,
        place: &str,
        annotation: Annotation,
    ) -> Result<(), (&'static str, String)> {
        if annotation.is_deleted {
            return Err(("deleted_in_source", "the source marks it as deleted".to_owned()));
        }
        let (name, kind, colour) = class(annotation.kind)?;
        let mut attributes = annotation.facts;
        let geometry = geometry(context, place, annotation.vector, (&name, kind), &mut attributes)?;
        let image = self.image(context, place, annotation.image)?;
        let label = self.label(&name, colour);
        if annotation.versions > 0 {
            let count = annotation.versions;
            context.lose("earlier_versions", &place, || {
                format!("{count} earlier versions of it are kept on the server, and are not taken over")
            });
        }
        let id = id(context, place, annotation.uuid.as_ref(), &annotation.id);
        if let (Some(SourceId::Uuid(_)), Some(number)) = (&id, annotation.id.id()) {
            attributes.insert("exact_id".to_owned(), SourceValue::Text(number.to_string()));
        }
        let claimed_at = claimed_at(context, place, [annotation.last_edit_time, annotation.time]);
        let people = [annotation.user.person(), annotation.last_editor.person()];
        let rater = if annotation.is_generated {
            context.warn("generated", &place, || {
                "it was generated on the server; who ran that did not rate it (--annotator NAME=model says what did)"
                    .to_owned()
            });
            attributes.insert("generated".to_owned(), SourceValue::Flag(true));
            None
        } else {
            rater(context, place, people, &mut attributes)
        };
        let rating = rater.map(|name| SourceRating {
            person: self.person(name),
            label: Some(label),
            claimed_at,
        });
        let annotation = SourceAnnotation {
            image,
            geometry,
            label: Some(label),
            id,
            ratings: rating.into_iter().collect(),
            attributes,
        };
        self.push(place, annotation);
        Ok(())
    }

    fn push(&mut self, place: &str, annotation: SourceAnnotation) {
        let key = match &annotation.id {
            Some(SourceId::Uuid(bytes)) => Some(uuid::Uuid::from_bytes(*bytes).to_string()),
            Some(SourceId::Local(text)) => Some(text.clone()),
            Some(SourceId::Holotype(_)) | None => None,
        };
        if let Some(key) = key {
            if let Some((first, known)) = self.ids.get(&key) {
                let differs = self.document.annotations.get(*known) != Some(&annotation);
                if differs && self.twice.is_none() {
                    self.twice = Some([key, first.clone(), place.to_owned()]);
                }
                return;
            }
            let index = self.document.annotations.len();
            self.ids.insert(key, (place.to_owned(), index));
        }
        self.document.annotations.push(annotation);
    }

    /// Finds the image: by its name, else by its number on the server.
    fn image(
        &mut self,
        context: &mut Context<'_>,
        place: &str,
        image: Written<Picture>,
    ) -> Result<usize, (&'static str, String)> {
        let missing = || ("image_missing", "it does not say which image it is on".to_owned());
        let numbered = |number: &str| format!("EXACT image {number}");
        let (key, picture) = match image {
            Written::Absent => return Err(missing()),
            Written::Number(number) => {
                context.warn("image_by_number", &place, || {
                    format!(
                        "its image is only the number {number}; it is called '{0}' (--image, or --map-image '{0}'=NAME, or export with expand=image)",
                        numbered(&number)
                    )
                });
                (numbered(&number), None)
            }
            Written::Whole(picture) => {
                let key = picture.id.as_deref().map(numbered);
                let name = picture.name.clone().or_else(|| picture.filename.clone());
                (key.or(name).ok_or_else(missing)?, Some(picture))
            }
        };
        if let Some(known) = self.images.get(&key) {
            return Ok(*known);
        }
        let source = source_image(&key, picture);
        self.images.insert(key, self.document.images.len());
        self.document.images.push(source);
        Ok(self.document.images.len() - 1)
    }

    fn label(&mut self, name: &str, colour: Option<String>) -> usize {
        let labels = &mut self.document.labels;
        *self.labels.entry(name.to_owned()).or_insert_with(|| {
            let mut label = SourceLabel {
                name: name.to_owned(),
                ..SourceLabel::default()
            };
            if let Some(colour) = colour {
                let is_hex = colour.strip_prefix('#').is_some_and(|digits| {
                    digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
                });
                let (fact, colour) = if is_hex {
                    ("colour", colour.to_ascii_lowercase())
                } else {
                    ("color_code", colour)
                };
                label.facts.insert(fact.to_owned(), SourceValue::Text(colour));
            }
            labels.push(label);
            labels.len() - 1
        })
    }

    fn person(&mut self, name: String) -> usize {
        let people = &mut self.document.people;
        *self.people.entry(name).or_insert_with_key(|name| {
            people.push(SourcePerson {
                name: name.clone(),
                kind: Some(AnnotatorKind::Human),
            });
            people.len() - 1
        })
    }
}

/// The place of an annotation.
fn geometry(
    context: &mut Context<'_>,
    place: &str,
    vector: Option<Vector>,
    (name, kind): (&str, VectorType),
    attributes: &mut SourceFacts,
) -> Result<Geometry, (&'static str, String)> {
    let Some(mut vector) = vector.filter(|vector| !vector.is_empty()) else {
        if kind == VectorType::Global {
            return Ok(Geometry::new(Shape::Image));
        }
        let why =
            format!("it has no vector: EXACT says so that '{name}' is not in the image, which is no place");
        return Err(("not_in_image", why));
    };
    attributes.append(&mut vector.facts);
    Ok(match vector.place(kind)? {
        Place::AsGiven(geometry) => geometry,
        Place::OtherCorners(geometry) => {
            context.warn("corners_in_other_order", &place, || {
                "the first corner of its box is not the upper left one; it is the same box".to_owned()
            });
            geometry
        }
    })
}

/// Whose rating the present label is: that of whoever edited it last. Another creator is kept privately, since what
/// that one had said is not in the file.
fn rater(
    context: &mut Context<'_>,
    place: &str,
    [creator, editor]: [Option<String>; 2],
    attributes: &mut SourceFacts,
) -> Option<String> {
    if let (Some(creator), Some(editor)) = (&creator, &editor)
        && creator != editor
    {
        let value = private(PrivateTextKind::Person, creator);
        attributes.insert("created_by".to_owned(), value);
    }
    let rater = editor.or(creator);
    if rater.is_none() {
        context.warn("annotation_without_person", &place, || {
            "it does not say who made it; --annotator does".to_owned()
        });
    }
    rater
}

/// The name of a class, how its vectors are to be taken, and its colour.
fn class(kind: Written<Kind>) -> Result<(String, VectorType, Option<String>), (&'static str, String)> {
    let kind = match kind {
        Written::Whole(kind) => kind,
        Written::Number(number) => {
            let why = format!(
                "its annotation type is only the number {number}, which says neither the class nor how its vector is to be taken; export with expand=annotation_type"
            );
            return Err(("class_by_number", why));
        }
        Written::Absent => return Err(("class_missing", "it has no annotation type".to_owned())),
    };
    let Some(name) = kind.name else {
        return Err(("class_missing", "its annotation type has no name".to_owned()));
    };
    let vector_type = kind.vector_type.and_then(VectorType::of).ok_or_else(|| {
        let why = "'vector_type' of its annotation type is none of 1 to 7".to_owned();
        ("vector_type_unknown", why)
    })?;
    Ok((name, vector_type, kind.colour))
}

fn source_image(key: &str, picture: Option<Picture>) -> SourceImage {
    let Some(picture) = picture else {
        return SourceImage {
            name: key.to_owned(),
            ..SourceImage::default()
        };
    };
    let Picture {
        name,
        filename,
        width,
        height,
        resolution,
        mut facts,
        ..
    } = picture;
    let given = name
        .clone()
        .or_else(|| filename.clone())
        .unwrap_or_else(|| key.to_owned());
    let (folder, own) = split_absolute(&given);
    let mut image = SourceImage {
        name: own.to_owned(),
        folder: folder.map(str::to_owned),
        width,
        height,
        ..SourceImage::default()
    };
    if let Some(filename) = filename
        && name.is_some_and(|name| name != filename)
    {
        let value = super::super::personal::text_value("filename", &filename);
        facts.insert("filename".to_owned(), value);
    }
    for (axis, resolution) in [("um_per_px_x", resolution), ("um_per_px_y", resolution)] {
        if let Some(resolution) = resolution {
            facts.insert(axis.to_owned(), SourceValue::Number(resolution));
        }
    }
    image.facts = facts;
    image
}

/// The id: the server's UUID, else its number.
fn id(context: &mut Context<'_>, place: &str, uuid: Option<&Any>, number: &RawId) -> Option<SourceId> {
    let parsed = match uuid {
        Some(Any::Text(text)) => uuid::Uuid::parse_str(text).ok(),
        Some(
            Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Number(_) | Any::Digits(_) | Any::Nested(..),
        )
        | None => None,
    };
    if let Some(uuid) = parsed {
        return Some(SourceId::Uuid(*uuid.as_bytes()));
    }
    if uuid.is_some_and(|uuid| *uuid != Any::Null) {
        context.warn("identifier_unusable", &place, || {
            "'unique_identifier' is no UUID; its number is taken".to_owned()
        });
    }
    number.id().map(|id| SourceId::Local(id.to_string()))
}

/// The first of two times that there is.
fn claimed_at(context: &mut Context<'_>, place: &str, times: [Option<Any>; 2]) -> Option<String> {
    let time = times.into_iter().flatten().find(|time| *time != Any::Null)?;
    let parsed = match &time {
        Any::Text(text) => Timestamp::parse(text).ok(),
        Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Number(_) | Any::Digits(_) | Any::Nested(..) => {
            None
        }
    };
    if parsed.is_none() {
        context.lose("time_unusable", &place, || {
            "when it was made is no point in time (RFC 3339 with a zone); not taken over".to_owned()
        });
    }
    parsed.map(|time| time.to_string())
}
