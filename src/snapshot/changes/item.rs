//! One change of one thing: what it is, what happened to it, which fields differ.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::id::{AnnotationId, ImageId};
use crate::model::{EntityKind, Geometry, Key, KeyParts};

use super::field::{FieldValue, Fields};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the word for it in results.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// What changes are counted by, in the order in which they are told.
    Entity {
        /// Facts of the whole dataset, and the rule in force.
        Dataset = "dataset",
        /// Cases.
        Cases = "cases",
        /// Slides.
        Slides = "slides",
        /// Images.
        Images = "images",
        /// Labels.
        Labels = "labels",
        /// Annotators.
        Annotators = "annotators",
        /// Annotations, with their overrides and aliases.
        Annotations = "annotations",
        /// Ratings.
        Ratings = "ratings",
        /// Screenings.
        Screenings = "screenings",
        /// Members of splits.
        Splits = "splits",
    }
}

words! {
    /// What happened to a thing, the most telling first.
    ChangeKind {
        /// It was not there.
        Added = "added",
        /// It is not there any more.
        Removed = "removed",
        /// The label under the rule in force is another.
        Relabelled = "relabelled",
        /// It has the same shape and size elsewhere.
        Moved = "moved",
        /// It has another type, size or outline.
        Reshaped = "reshaped",
        /// It has another name.
        Renamed = "renamed",
        /// Sources know it by other ids.
        Rekeyed = "rekeyed",
        /// Something else about it differs.
        Modified = "modified",
    }
}

impl Entity {
    /// Returns the entity that records of a kind are counted by.
    #[must_use]
    pub const fn of(kind: EntityKind) -> Self {
        match kind {
            EntityKind::Dataset | EntityKind::Rule => Self::Dataset,
            EntityKind::Case => Self::Cases,
            EntityKind::Slide => Self::Slides,
            EntityKind::Image => Self::Images,
            EntityKind::Annotator => Self::Annotators,
            EntityKind::Label => Self::Labels,
            EntityKind::Annotation | EntityKind::Override | EntityKind::SourceId => Self::Annotations,
            EntityKind::Rating => Self::Ratings,
            EntityKind::Screening => Self::Screenings,
            EntityKind::Split => Self::Splits,
        }
    }
}

/// The image that a change is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedImage {
    /// Its id.
    pub id: ImageId,
    /// Its name.
    #[serde(serialize_with = "super::field::text")]
    pub name: Arc<str>,
}

/// A change of one thing. An annotation that was moved and relabelled is one change of two kinds.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeItem {
    /// What kind of thing.
    pub entity: Entity,
    /// The key of its record.
    pub key: Key,
    /// Its id: hex digits or a code; empty for the dataset; `annotation/round/annotator/n` for a rating and
    /// `split/member` for a member of a split.
    pub id: String,
    /// The first of `kinds`.
    pub kind: ChangeKind,
    /// All that happened, in the order of [`ChangeKind`].
    pub kinds: Vec<ChangeKind>,
    /// The image that it is or belongs to.
    pub image: Option<ChangedImage>,
    /// The name of the label in force, of an annotation or a rating: after, or before where it was removed.
    pub label: Option<Arc<str>>,
    /// The place of an annotation whose place did not change.
    pub place: Option<Box<Geometry>>,
    /// What differs.
    pub fields: Fields,
}

impl ChangeItem {
    /// Returns the annotation that it is about, where it is about one.
    #[must_use]
    pub fn annotation(&self) -> Option<AnnotationId> {
        match self.key.parts().ok()? {
            KeyParts::Annotation(annotation) => Some(annotation),
            KeyParts::Rating(rating) => Some(rating.annotation),
            KeyParts::Dataset
            | KeyParts::Rule
            | KeyParts::Case(_)
            | KeyParts::Slide(_)
            | KeyParts::Image(_)
            | KeyParts::Annotator(_)
            | KeyParts::Label(_)
            | KeyParts::Override(_)
            | KeyParts::SourceId(..)
            | KeyParts::Screening(..)
            | KeyParts::Split(_) => None,
        }
    }

    /// Whether this is one of its kinds.
    #[must_use]
    pub fn is(&self, kind: ChangeKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Returns the place of an annotation: after, or before where it was removed.
    #[must_use]
    pub fn geometry(&self) -> Option<&Geometry> {
        let changed = self.fields.get("geometry");
        changed
            .and_then(|change| change.after.as_ref().or(change.before.as_ref()))
            .and_then(FieldValue::as_geometry)
            .or(self.place.as_deref())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.fields.get(name)?.after.as_ref()?.as_number()
    }

    /// Returns how far an annotation was moved, in level-0 px.
    #[must_use]
    pub fn distance_px(&self) -> Option<f64> {
        self.number("distance_px")
    }

    /// Returns how far an annotation was moved, in µm, where the image's resolution is known.
    #[must_use]
    pub fn distance_um(&self) -> Option<f64> {
        self.number("distance_um")
    }

    /// Returns how much of a reshaped annotation is the same: intersection over union, 0 to 1.
    #[must_use]
    pub fn overlap(&self) -> Option<f64> {
        self.number("overlap")
    }
}
