//! One event as a line of a batch: a flat object with a `format` and the members of that kind of event. Context
//! and format stand in `by` and `format` only where they differ from the batch's defaults.

use serde_json::Value;

use crate::codec::{record, restore_floats};
use crate::id::{AnnotationId, BlobId, Code, ImageId, LabelId, PrivateId};
use crate::model::{
    AnnotatorKind, EntityKind, FactChanges, Facts, Geometry, ImageFile, Key, RatingKey, Rule,
};

use super::context::ContextWire;
use super::{EntityRef, Event};

/// A line that is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The kind of event is not known, or is of a newer format.
    #[error("unknown event '{format}': update holotype to read it")]
    UnknownFormat {
        /// The format found.
        format: String,
    },
    /// A member is missing.
    #[error("a line of format {format} needs '{member}'")]
    Missing {
        /// The format.
        format: &'static str,
        /// The member.
        member: &'static str,
    },
    /// A member has a value that it cannot have.
    #[error("in a line of format {format}, '{member}' is wrong: {why}")]
    Wrong {
        /// The format.
        format: &'static str,
        /// The member.
        member: &'static str,
        /// Why.
        why: String,
    },
}

macro_rules! formats {
    ($($variant:ident = $word:literal,)*) => {
        /// The kinds of events on the wire, each with its major version.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is the event of the same name")]
        pub enum EventFormat {
            $($variant,)*
        }

        impl EventFormat {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the text on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Reads the text on the wire.
            ///
            /// # Errors
            /// [`EventError::UnknownFormat`] when it is none of ours.
            pub fn parse(text: &str) -> Result<Self, EventError> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(EventError::UnknownFormat { format: text.to_owned() }),
                }
            }

            /// Returns the kind without its version, such as `annotation.created`.
            #[must_use]
            pub fn kind(self) -> &'static str {
                self.as_str().split_once('/').map_or("", |(kind, _)| kind)
            }
        }

        impl Event {
            /// Returns the kind of event on the wire.
            #[must_use]
            pub const fn format(&self) -> EventFormat {
                match self {
                    $(Self::$variant { .. } => EventFormat::$variant,)*
                }
            }
        }
    };
}

formats! {
    ImageDeclared = "image.declared/1",
    ImageIngested = "image.ingested/1",
    ImageErased = "image.erased/1",
    ImageAssigned = "image.assigned/1",
    CaseRegistered = "case.registered/1",
    SlideRegistered = "slide.registered/1",
    AnnotatorRegistered = "annotator.registered/1",
    PersonErased = "person.erased/1",
    LabelDefined = "label.defined/1",
    LabelRenamed = "label.renamed/1",
    FactsSet = "facts.set/1",
    AnnotationCreated = "annotation.created/1",
    GeometryRevised = "annotation.geometry_revised/1",
    AttributesRevised = "annotation.attributes_revised/1",
    AnnotationRelabelled = "annotation.relabelled/1",
    AnnotationWithdrawn = "annotation.withdrawn/1",
    RatingGiven = "rating.given/1",
    RatingWithdrawn = "rating.withdrawn/1",
    SourceIdAttached = "source_id.attached/1",
    RegionScreened = "region.screened/1",
    RuleSet = "rule.set/1",
    LabelOverridden = "label.overridden/1",
    SplitAssigned = "split.assigned/1",
    RecordRestored = "record.restored/1",
}

record! {
    /// All members that any kind of event has. Unknown ones are kept in `extra`.
    #[derive(Default)]
    pub struct EventWire {
        /// The annotation.
        pub annotation: Option<AnnotationId> = optional,
        /// An annotator's code, within a rating's key.
        pub annotator: Option<Code> = optional,
        /// What is known of an annotation.
        pub attributes: Facts = default,
        /// What differs from the batch's defaults.
        pub by: Option<ContextWire> = optional,
        /// A case.
        pub case: Option<Code> = optional,
        /// New values of facts or attributes; null takes one away.
        pub changes: Option<FactChanges> = optional,
        /// The code of a case, slide or annotator.
        pub code: Option<Code> = optional,
        /// What facts are about.
        pub entity: Option<EntityKind> = optional,
        /// What is known of an image or label.
        pub facts: Facts = default,
        /// The files of an image.
        pub files: Vec<ImageFile> = default,
        /// The kind of event, where it is not the batch's default.
        pub format: Option<String> = optional,
        /// The place.
        pub geometry: Option<Geometry> = optional,
        /// The id of what facts are about.
        pub id: Option<String> = optional,
        /// An image.
        pub image: Option<ImageId> = optional,
        /// The image version on which an annotation was drawn.
        pub image_version: Option<BlobId> = optional,
        /// A record's key, in hex digits.
        pub key: Option<String> = optional,
        /// The kind of annotator.
        pub kind: Option<AnnotatorKind> = optional,
        /// A label.
        pub label: Option<LabelId> = optional,
        /// The member of a split.
        pub member: Option<String> = optional,
        /// Which of an annotator's ratings.
        pub n: Option<u32> = optional,
        /// A name.
        pub name: Option<String> = optional,
        /// The part of a split.
        pub part: Option<String> = optional,
        /// The private object with a person's name.
        pub person: Option<PrivateId> = optional,
        /// The private objects that were destroyed.
        pub private: Vec<PrivateId> = default,
        /// A record.
        pub record: Option<Value> = optional,
        /// An area.
        pub region: Option<Geometry> = optional,
        /// A pass, within a rating's key.
        pub round: Option<u32> = optional,
        /// A rule.
        pub rule: Option<Rule> = optional,
        /// A slide.
        pub slide: Option<Code> = optional,
        /// The private object with a source's case number.
        pub source: Option<PrivateId> = optional,
        /// An id of the source.
        pub source_id: Option<String> = optional,
        /// A split.
        pub split: Option<String> = optional,
        /// Takes an override back.
        pub taken_back: Option<bool> = optional,
    }
}

impl EventWire {
    /// Takes the event of a format off the wire.
    ///
    /// # Errors
    /// [`EventError`] when a member is missing or wrong.
    pub fn into_event(self, format: EventFormat) -> Result<Event, EventError> {
        let need = Need(format);
        Ok(match format {
            EventFormat::ImageDeclared
            | EventFormat::ImageIngested
            | EventFormat::ImageErased
            | EventFormat::ImageAssigned => self.into_image_event(need)?,
            EventFormat::CaseRegistered | EventFormat::SlideRegistered | EventFormat::AnnotatorRegistered => {
                self.into_registration(need)?
            }
            EventFormat::PersonErased => Event::PersonErased {
                private: self.private,
            },
            EventFormat::LabelDefined => Event::LabelDefined {
                label: need.some("label", self.label)?,
                name: need.some("name", self.name)?,
                facts: self.facts,
            },
            EventFormat::LabelRenamed => Event::LabelRenamed {
                label: need.some("label", self.label)?,
                name: need.some("name", self.name)?,
            },
            EventFormat::FactsSet => {
                let kind = need.some("entity", self.entity)?;
                let id = if kind == EntityKind::Dataset {
                    String::new()
                } else {
                    need.some("id", self.id)?
                };
                Event::FactsSet {
                    entity: EntityRef { kind, id },
                    changes: need.some("changes", self.changes)?,
                }
            }
            EventFormat::RuleSet => Event::RuleSet {
                rule: need.some("rule", self.rule)?,
            },
            EventFormat::SplitAssigned => Event::SplitAssigned {
                split: need.some("split", self.split)?,
                member: need.some("member", self.member)?,
                part: self.part,
            },
            EventFormat::RegionScreened => Event::RegionScreened {
                image: need.some("image", self.image)?,
                region: self.region,
            },
            EventFormat::RecordRestored => {
                let key = need.some("key", self.key)?;
                let key = Key::parse(&key).map_err(|error| need.wrong("key", &error))?;
                let mut record = self.record;
                record.iter_mut().for_each(restore_floats);
                Event::RecordRestored { key, record }
            }
            EventFormat::AnnotationCreated
            | EventFormat::GeometryRevised
            | EventFormat::AttributesRevised
            | EventFormat::AnnotationRelabelled
            | EventFormat::AnnotationWithdrawn
            | EventFormat::RatingGiven
            | EventFormat::RatingWithdrawn
            | EventFormat::SourceIdAttached
            | EventFormat::LabelOverridden => self.into_annotation_event(need)?,
        })
    }

    fn into_registration(self, need: Need) -> Result<Event, EventError> {
        let code = need.some("code", self.code)?;
        if need.0 == EventFormat::CaseRegistered {
            return Ok(Event::CaseRegistered {
                code,
                source: self.source,
            });
        }
        if need.0 == EventFormat::SlideRegistered {
            return Ok(Event::SlideRegistered {
                code,
                case: self.case,
            });
        }
        let kind = need.some("kind", self.kind)?;
        Ok(Event::AnnotatorRegistered {
            code,
            kind,
            name: self.name,
            person: self.person,
        })
    }

    fn into_image_event(self, need: Need) -> Result<Event, EventError> {
        if need.0 == EventFormat::ImageErased {
            return Ok(Event::ImageErased {
                image: need.some("image", self.image)?,
            });
        }
        if need.0 == EventFormat::ImageAssigned {
            let image = need.some("image", self.image)?;
            return Ok(Event::ImageAssigned {
                image,
                case: self.case,
                slide: self.slide,
            });
        }
        let name = need.some("name", self.name)?;
        if need.0 == EventFormat::ImageDeclared {
            return Ok(Event::ImageDeclared {
                name,
                facts: self.facts,
            });
        }
        Ok(Event::ImageIngested {
            name,
            files: self.files,
            facts: self.facts,
        })
    }

    fn into_annotation_event(self, need: Need) -> Result<Event, EventError> {
        let annotation = need.some("annotation", self.annotation)?;
        let format = need.0;
        Ok(match format {
            EventFormat::AnnotationCreated => Event::AnnotationCreated {
                annotation,
                geometry: need.some("geometry", self.geometry)?,
                label: self.label,
                source_id: self.source_id,
                attributes: self.attributes,
                image_version: self.image_version,
            },
            EventFormat::GeometryRevised => Event::GeometryRevised {
                annotation,
                geometry: need.some("geometry", self.geometry)?,
            },
            EventFormat::AttributesRevised => Event::AttributesRevised {
                annotation,
                changes: need.some("changes", self.changes)?,
            },
            EventFormat::AnnotationRelabelled => Event::AnnotationRelabelled {
                annotation,
                label: self.label,
            },
            EventFormat::AnnotationWithdrawn => Event::AnnotationWithdrawn { annotation },
            EventFormat::RatingGiven => Event::RatingGiven {
                annotation,
                label: self.label,
            },
            EventFormat::RatingWithdrawn => Event::RatingWithdrawn {
                rating: RatingKey {
                    annotation,
                    round: need.some("round", self.round)?,
                    annotator: need.some("annotator", self.annotator)?,
                    n: need.some("n", self.n)?,
                },
            },
            EventFormat::SourceIdAttached => Event::SourceIdAttached {
                annotation,
                source_id: need.some("source_id", self.source_id)?,
            },
            EventFormat::LabelOverridden => Event::LabelOverridden {
                annotation,
                label: (self.taken_back != Some(true)).then_some(self.label),
            },
            EventFormat::ImageDeclared
            | EventFormat::ImageIngested
            | EventFormat::ImageErased
            | EventFormat::ImageAssigned
            | EventFormat::CaseRegistered
            | EventFormat::SlideRegistered
            | EventFormat::AnnotatorRegistered
            | EventFormat::PersonErased
            | EventFormat::LabelDefined
            | EventFormat::LabelRenamed
            | EventFormat::FactsSet
            | EventFormat::RegionScreened
            | EventFormat::RuleSet
            | EventFormat::SplitAssigned
            | EventFormat::RecordRestored => {
                return Err(EventError::UnknownFormat {
                    format: format.as_str().to_owned(),
                });
            }
        })
    }
}

/// Says which format a missing member belongs to.
#[derive(Clone, Copy)]
struct Need(EventFormat);

impl Need {
    fn some<T>(self, member: &'static str, value: Option<T>) -> Result<T, EventError> {
        value.ok_or(EventError::Missing {
            format: self.0.as_str(),
            member,
        })
    }

    fn wrong(self, member: &'static str, error: &impl std::fmt::Display) -> EventError {
        EventError::Wrong {
            format: self.0.as_str(),
            member,
            why: error.to_string(),
        }
    }
}
