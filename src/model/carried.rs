//! What an export carries of one annotation for our own readers, where a format of another tool has no place for it.
//!
//! The form is the same in every format: one JSON object. Nothing private is in it. Labels stand with their id and
//! their present name, so that it can be read without the rest of the dataset. Writers and readers do not know each
//! other; this is what they agree on.

use crate::codec::{Extra, Record, Tag, record};
use crate::id::{AnnotationId, BlobId, Code, LabelId};

use super::facts::Facts;
use super::geometry::Geometry;
use super::kinds::Method;

impl Record for CarriedAnnotation {
    const FORMAT: &'static str = "export-annotation/1";
}

record! {
    /// An annotation, but for what its format says in its own way.
    pub struct CarriedAnnotation {
        /// Attributes that are not private and have no other place.
        pub attributes: Facts = default,
        /// The logged exception from the rule, where there is one.
        pub exception: Option<CarriedException> = optional,
        /// The format.
        pub format: Tag<CarriedAnnotation>,
        /// The exact geometry, where the format's own is another or less.
        pub geometry: Option<Geometry> = optional,
        /// Its id.
        pub id: AnnotationId,
        /// The blob of the image version on which it was drawn, where known.
        pub image_version: Option<BlobId> = optional,
        /// The recorded label.
        pub label: Option<CarriedLabel> = optional,
        /// Its ratings, by round, annotator and order.
        pub ratings: Vec<CarriedRating> = default,
        /// The ids that its sources gave it, by lineage and id.
        pub source_ids: Vec<CarriedSourceId> = default,
    }
}

record! {
    /// A label.
    pub struct CarriedLabel {
        /// Its id, which stays when it is renamed.
        pub id: LabelId,
        /// Its name at the time of the export.
        pub name: String,
    }
}

record! {
    /// An agreed label that is not the rule's.
    #[derive(Default)]
    pub struct CarriedException {
        /// The label; `None` agrees on *undecided*.
        pub label: Option<CarriedLabel> = optional,
    }
}

record! {
    /// One rating.
    pub struct CarriedRating {
        /// Who.
        pub annotator: Code,
        /// Whether the ratings of others were hidden; `None` when not known.
        pub blinded: Option<bool> = optional,
        /// The time that the tool claims for it, exactly as it claims it.
        pub claimed_at: Option<String> = optional,
        /// The label; `None` is *no opinion*.
        pub label: Option<CarriedLabel> = optional,
        /// How it came about.
        pub method: Option<Method> = optional,
        /// Which of the annotator's ratings in this round, from 0.
        pub n: u32,
        /// The pass over the material, from 1.
        pub round: u32,
    }
}

record! {
    /// An id that a source gave the annotation.
    pub struct CarriedSourceId {
        /// The id, as the source writes it.
        pub id: String,
        /// The lineage within which the id means the same.
        pub lineage: String,
    }
}

impl CarriedAnnotation {
    /// An annotation of which nothing but the id is said.
    #[must_use]
    pub fn empty(id: AnnotationId) -> Self {
        Self {
            attributes: Facts::new(),
            exception: None,
            format: Tag::default(),
            geometry: None,
            id,
            image_version: None,
            label: None,
            ratings: Vec::new(),
            source_ids: Vec::new(),
            extra: Extra::default(),
        }
    }
}

impl CarriedLabel {
    /// A label by its id and present name.
    #[must_use]
    pub fn new(id: LabelId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            extra: Extra::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{from_canonical, to_canonical};
    use crate::id::ImageId;
    use crate::model::FactValue;

    #[test]
    fn what_is_carried_comes_back() {
        let id = AnnotationId::from_source(&ImageId::of_name("a.tiff"), "x", "1");
        let label = || Some(CarriedLabel::new(LabelId::of_name("mitosis", 0), "mitosis"));
        let carried = CarriedAnnotation {
            attributes: Facts::from([("stage".to_owned(), FactValue::from("late"))]),
            exception: Some(CarriedException {
                label: label(),
                extra: Extra::default(),
            }),
            geometry: Some(Geometry::rectangle(0.1, 0.2, 3.0, 4.0)),
            label: label(),
            ratings: vec![CarriedRating {
                annotator: Code::parse("human-1").unwrap(),
                blinded: Some(true),
                claimed_at: Some("9999-12-31T23:59:60Z".to_owned()),
                label: None,
                method: Some(Method::Manual),
                n: 0,
                round: 2,
                extra: Extra::default(),
            }],
            source_ids: vec![CarriedSourceId {
                id: "17".to_owned(),
                lineage: "coco-1".to_owned(),
                extra: Extra::default(),
            }],
            ..CarriedAnnotation::empty(id)
        };
        let bytes = to_canonical(&carried).unwrap();
        assert_eq!(from_canonical::<CarriedAnnotation>(&bytes).unwrap(), carried);
        let other = String::from_utf8(bytes)
            .unwrap()
            .replace("annotation/1", "annotation/2");
        assert!(
            serde_json::from_str::<CarriedAnnotation>(&other).is_err(),
            "a newer form is refused"
        );
    }
}
