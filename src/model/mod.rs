//! What a dataset holds: cases, slides, images, annotators, labels, annotations, ratings and facts about them.
//!
//! Pure values and rules over them; how they change is in `event`.

pub mod carried;
pub mod carrier;
pub mod cell;
pub mod counts;
pub mod facts;
pub mod geometry;
pub mod key;
pub mod kinds;
pub mod look;
pub mod qupath;
pub mod radius;
pub mod records;
pub mod rule;
pub(crate) mod scan;
pub mod screened;
pub mod severity;
pub mod sliderunner;
pub mod spelling;
pub mod wkb;

pub use carried::CarriedAnnotation;
pub use carrier::Carrier;
pub use counts::Counts;
pub use facts::{FactChanges, FactValue, Facts};
pub use geometry::{Geometry, Shape};
pub use key::{Key, KeyParts, RatingKey};
pub use kinds::{AnnotatorKind, EntityKind, Method};
pub use look::Look;
pub use radius::{Radius, RadiusUnit, Reach};
pub use records::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, DatasetRecord, ImageFile, ImageRecord, LabelRecord,
    Origin, OverrideRecord, RatingRecord, RuleRecord, ScreeningRecord, SlideRecord, SourceIdRecord,
    SplitRecord,
};
pub use rule::Rule;
pub use severity::Severity;
