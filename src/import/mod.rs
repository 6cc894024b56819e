//! Reading annotations that other tools wrote.
//!
//! A reader turns one source into a [`Document`](document::Document): what the source says, nothing interpreted, with a
//! [`LossReport`](report::LossReport). Nothing here repairs, guesses silently or panics.

pub mod coco;
pub mod commands;
pub mod document;
pub mod engine;
pub mod ingest;
pub mod load;
pub mod metadata;
mod personal;
pub mod report;
pub mod sliderunner;
pub mod table;
pub mod voc;
