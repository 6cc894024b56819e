//! Writing annotations in the formats of other tools.
//!
//! A writer takes plain values (it knows no store and no reader), streams, and gives the same bytes for the same
//! input. What a format cannot say is counted in an [`ExportReport`].

pub mod coco;
mod report;
pub mod voc;

pub use report::{ExportLoss, ExportReport};
