//! Writing versions and their annotations in the formats of other tools.
//!
//! The writers of formats (`asap`, `coco`, `csv`, `geojson`, `parquet`, `sliderunner`, `voc`, `yolo`) take plain values: they know no store and no reader, stream,
//! same bytes for the same input. [`dataset`] and [`rows`]
//! read a version as rows, [`version`] brings the two together, and
//! [`checkout`](mod@checkout) makes a working copy. What a format cannot say is counted in an [`ExportReport`].

pub mod agreed;
pub mod asap;
mod carrier;
pub mod checkout;
pub mod coco;
pub mod csv;
pub mod dataset;
mod error;
pub mod format;
pub mod geojson;
pub mod image_table;
mod numbers;
pub mod ordered;
pub mod parquet;
mod report;
pub mod rows;
pub mod sliderunner;
pub mod split_table;
pub mod version;
pub mod voc;
mod xml;
pub mod yolo;

pub use agreed::{ConsensusReport, Exception, RuleError, evaluate_all, parse_rule, rule_text};
pub use checkout::{CheckoutSummary, checkout};
pub use dataset::{Dataset, ImageRow};
pub use error::ExportError;
pub use format::{ExportFormat, FileFormat, FolderFormat};
pub use report::{ExportLoss, ExportReport};
pub use rows::{Parts, RatingRow, Ratings, Row, RowReader};
pub use version::{
    ExportOptions, Exported, Filter, Votes, export_asap, export_coco, export_csv, export_file, export_folder,
    export_geojson, export_parquet, export_sliderunner, export_voc,
};
