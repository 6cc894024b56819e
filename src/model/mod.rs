//! What a dataset holds: cases, slides, images, annotators, labels, annotations, ratings and facts about them.
//!
//! Pure values and rules over them; how they change is in `event`.

pub mod geometry;

pub use geometry::Geometry;
