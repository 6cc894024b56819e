//! From features to annotations: ids, labels, places, attributes.

use std::collections::HashMap;
use std::fmt;

use serde::de::Error as _;

use super::super::document::{
    CarriedRatings, Document, SourceAnnotation, SourceCarried, SourceFacts, SourceId, SourceImage,
    SourceLabel, SourceValue,
};
use super::super::json::{Any, Context, Pointer};
use super::class::RawClass;
use super::error::GeoJsonError;
use super::feature::RawFeature;
use super::file::At;
use super::place::{self, Beside};
use crate::model::CarriedAnnotation;
use crate::model::qupath::{
    ANNOTATION, OBJECT_TYPE, OLD_TYPES, PARENT, PART_OF, colour_text, made_up_colour,
};

/// Takes features one by one.
pub(super) struct Assembler {
    pub(super) document: Document,
    labels: HashMap<String, usize>,
    known: HashMap<String, Known>,
    /// Why the file as a whole is of no use, once that is known.
    pub(super) refusal: Option<GeoJsonError>,
}

/// Where the annotations of an id are.
struct Known {
    /// Index of the first one.
    first: usize,
    count: usize,
    /// The feature, for messages.
    at: String,
}

/// What stands as the id of a feature.
enum FeatureId {
    /// Nothing of use.
    None,
    /// The name of a type, as in files before 0.4.
    Type(&'static str),
    /// An id.
    Id { id: SourceId, text: String },
}

/// A feature as messages name it.
struct Named<'p>(Pointer<'p>, Option<String>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.1 {
            Some(id) => write!(f, "{} (id {})", At(self.0), id.escape_debug()),
            None => write!(f, "{}", At(self.0)),
        }
    }
}

impl Assembler {
    /// Begins the document of one image.
    pub(super) fn new(image: String) -> Self {
        let image = SourceImage {
            name: image,
            ..SourceImage::default()
        };
        Self {
            document: Document {
                images: vec![image],
                carried: SourceCarried {
                    ratings: CarriedRatings::Hidden,
                    ..SourceCarried::default()
                },
                ..Document::default()
            },
            labels: HashMap::new(),
            known: HashMap::new(),
            refusal: None,
        }
    }

    /// Ends the reading with an error of our own.
    pub(super) fn refuse(&mut self, error: GeoJsonError) -> serde_json::Error {
        let told = serde_json::Error::custom(&error);
        self.refusal = Some(error);
        told
    }

    /// Says whether the reading has to end.
    pub(super) fn check(&self) -> Result<(), serde_json::Error> {
        match &self.refusal {
            Some(refusal) => Err(serde_json::Error::custom(refusal)),
            None => Ok(()),
        }
    }

    /// Keeps what a collection says beside its features.
    pub(super) fn collection(&mut self, context: &mut Context<'_>, at: Pointer<'_>, mut raw: RawFeature) {
        let facts = raw.take_facts();
        if facts.contains_key("crs") {
            context.note("crs", || {
                "it names a coordinate reference system; coordinates are taken as pixels of the image all the same".to_owned()
            });
        }
        context.end(&At(at));
        if let Some(image) = self.document.images.first_mut() {
            image.facts.extend(facts);
        }
    }

    /// Makes annotations of a feature and of those within it.
    pub(super) fn feature(
        &mut self,
        context: &mut Context<'_>,
        at: Pointer<'_>,
        mut raw: RawFeature,
        parent: Option<&str>,
    ) {
        let id = feature_id(context, raw.id.take());
        let text = match &id {
            FeatureId::Id { text, .. } => Some(text.clone()),
            FeatureId::None | FeatureId::Type(_) => None,
        };
        let named = Named(at, text.clone());
        let object_type = match (raw.properties.object_type(), &id) {
            (Some(object_type), _) => Some(object_type.to_owned()),
            (None, FeatureId::Type(object_type)) => Some((*object_type).to_owned()),
            (None, FeatureId::None | FeatureId::Id { .. }) => None,
        };
        if let Some(object_type) = object_type.filter(|object_type| object_type != ANNOTATION) {
            raw.add_fact(OBJECT_TYPE, SourceValue::Text(object_type));
        }
        if let Some(parent) = parent {
            raw.add_fact(PARENT, SourceValue::Text(parent.to_owned()));
        }
        let children = std::mem::take(&mut raw.properties.children);
        let own = text.unwrap_or_else(|| at.to_string());
        match self.annotations(context, raw, id, &own) {
            Ok(made) => self.push(context, &named, made),
            Err(bad) => context.lose(bad.code, &named, || bad.why),
        }
        context.end(&named);
        let list = at.member("childObjects");
        for (index, child) in children.into_iter().enumerate() {
            let at = list.element(index);
            match child.kind.as_deref() {
                Some("Feature") => self.feature(context, at, child, Some(&own)),
                Some(_) | None => {
                    context.lose("not_a_feature", &At(at), || {
                        "an object within an object is no feature".to_owned()
                    });
                }
            }
        }
    }

    /// Makes the annotations of one feature.
    fn annotations(
        &mut self,
        context: &mut Context<'_>,
        mut raw: RawFeature,
        id: FeatureId,
        own: &str,
    ) -> Result<Made, super::coordinates::Unusable> {
        let carried = raw.properties.carried.take();
        let of_metadata = raw.properties.exact.take();
        let geometry = carried
            .as_ref()
            .and_then(|carried| carried.geometry.clone())
            .or(of_metadata);
        let beside = match (geometry, &carried) {
            (Some(geometry), _) => Beside::Geometry(geometry),
            (None, Some(_)) => Beside::Drawing,
            (None, None) => Beside::Nothing,
        };
        let kept = carried.as_deref().cloned();
        raw.properties.carried = carried;
        let mut attributes = SourceFacts::new();
        let places = place::places(context, &raw.geometry, &beside, &mut attributes)?;
        let label = raw
            .properties
            .class
            .take()
            .and_then(|class| self.label(context, class));
        attributes.append(&mut raw.take_facts());
        let source_id = match id {
            FeatureId::Id { id, .. } => Some(id),
            FeatureId::None | FeatureId::Type(_) => None,
        };
        let is_one = places.len() == 1;
        if !is_one {
            context.note("feature_split", || {
                "it marks several places; each becomes an annotation of its own".to_owned()
            });
            attributes.insert(PART_OF.to_owned(), SourceValue::Text(own.to_owned()));
        }
        let annotation = |geometry| SourceAnnotation {
            image: 0,
            geometry,
            label,
            id: source_id.clone().filter(|_| is_one),
            ratings: Vec::new(),
            attributes: attributes.clone(),
        };
        let carried = kept.filter(|carried| is_one && is_of(carried, source_id.as_ref()));
        Ok(Made {
            annotations: places.into_iter().map(annotation).collect(),
            carried,
        })
    }

    /// Adds annotations, unless they are there already under the same id.
    fn push(&mut self, context: &mut Context<'_>, named: &Named<'_>, made: Made) {
        let Made {
            annotations: made,
            carried,
        } = made;
        let Some(id) = &named.1 else {
            self.document.annotations.extend(made);
            return;
        };
        let Some(known) = self.known.get(id) else {
            let known = Known {
                first: self.document.annotations.len(),
                count: made.len(),
                at: named.0.to_string(),
            };
            self.known.insert(id.clone(), known);
            let next = self.document.annotations.len();
            self.document
                .carried
                .annotations
                .extend(carried.map(|carried| (next, carried)));
            self.document.annotations.extend(made);
            return;
        };
        let before = self
            .document
            .annotations
            .iter()
            .skip(known.first)
            .take(known.count);
        if before.eq(made.iter()) {
            context.warn("record_twice", named, || {
                format!("it equals {}; it is taken once", known.at)
            });
            return;
        }
        self.refusal = Some(GeoJsonError::DuplicateId {
            file: context.file.to_owned(),
            first: known.at.clone(),
            second: named.0.to_string(),
            id: id.clone(),
        });
    }

    /// Returns where the label of a class stands; its colour is the label's.
    fn label(&mut self, context: &mut Context<'_>, class: RawClass) -> Option<usize> {
        let name = class.name()?;
        let mut facts = class.facts;
        // Our own exports draw every class in some colour; one that was made up says nothing.
        if let Some(colour) = class.colour.filter(|colour| *colour != made_up_colour(&name)) {
            facts.insert("colour".to_owned(), SourceValue::Text(colour_text(colour)));
        }
        let place = *self.labels.entry(name.clone()).or_insert_with(|| {
            self.document.labels.push(SourceLabel {
                name: name.clone(),
                facts: SourceFacts::new(),
            });
            self.document.labels.len() - 1
        });
        let label = self.document.labels.get_mut(place)?;
        for (fact, value) in facts {
            match label.facts.get(&fact) {
                Some(known) if *known != value => context.note("class_differs", || {
                    format!("'{fact}' of the class '{name}' differs from that of an earlier feature, which is kept")
                }),
                Some(_) => {}
                None => drop(label.facts.insert(fact, value)),
            }
        }
        Some(place)
    }
}

/// The annotations of one feature, and what an export carries of it.
struct Made {
    annotations: Vec<SourceAnnotation>,
    carried: Option<CarriedAnnotation>,
}

/// Whether what is carried is of the feature that has this id.
fn is_of(carried: &CarriedAnnotation, id: Option<&SourceId>) -> bool {
    let own = carried.id.as_bytes().last_chunk::<16>();
    match id {
        Some(SourceId::Uuid(uuid)) => own == Some(uuid),
        Some(SourceId::Holotype(_) | SourceId::Local(_)) | None => false,
    }
}

fn feature_id(context: &mut Context<'_>, any: Option<Any>) -> FeatureId {
    let text = match any {
        None | Some(Any::Null) => return FeatureId::None,
        Some(Any::Text(text)) => text,
        Some(any @ (Any::Number(_) | Any::Digits(_))) => {
            let text = any.to_text();
            context.note("id_not_text", || {
                format!("the id is the number {text}; it is taken as a text")
            });
            text
        }
        Some(any @ (Any::NotANumber(_) | Any::Flag(_) | Any::Nested(..))) => {
            context.note("id_unusable", || {
                format!("the id is {}, which is none", any.to_text())
            });
            return FeatureId::None;
        }
    };
    if text.is_empty() {
        context.note("id_unusable", || "the id is an empty text".to_owned());
        return FeatureId::None;
    }
    if let Some((_, object_type)) = OLD_TYPES.iter().find(|(old, _)| *old == text) {
        return FeatureId::Type(object_type);
    }
    // The one form that QuPath writes; others could be the same id written otherwise.
    let uuid = uuid::Uuid::try_parse(&text).ok().filter(|_| text.len() == 36);
    let id = match uuid {
        Some(uuid) => SourceId::Uuid(*uuid.as_bytes()),
        None => SourceId::Local(text.clone()),
    };
    let text = uuid.map_or(text, |uuid| uuid.to_string());
    FeatureId::Id { id, text }
}
