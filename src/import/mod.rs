//! Reading annotations that other tools wrote.
//!
//! A reader turns one source into a [`Document`](document::Document): what the source says, nothing interpreted, with a
//! [`LossReport`](report::LossReport). Nothing here repairs, guesses silently or panics.

pub mod asap;
pub mod carrier;
pub mod coco;
mod colour;
pub mod commands;
pub mod csv;
pub mod cvat;
pub mod dicom;
pub mod document;
pub mod engine;
pub mod exact;
mod file_name;
pub mod format;
pub mod geojson;
pub mod headers;
pub mod imagescope;
pub mod ingest;
pub mod json;
pub mod labelstudio;
pub mod load;
pub mod looks;
pub mod metadata;
pub mod parquet;
mod personal;
pub mod progress;
mod quantity;
pub mod report;
mod runs;
pub mod scheme;
pub mod sliderunner;
pub mod split_table;
pub mod table;
pub mod voc;
pub mod xml;
pub mod yolo;
mod yolo_folder;
