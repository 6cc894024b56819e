//! Releases: a folder that anyone can check without Holotype, its datasheet and its citation.
//!
//! ```text
//! NAME-VERSION/
//!   release.json          what is released; its BLAKE3 is the release's id
//!   manifest-sha256.txt   sha256sum -c manifest-sha256.txt
//!   manifest-blake3.txt   b3sum -c manifest-blake3.txt
//!   annotations/          coco.json, labels.json
//!   history/              objects (commits and batches) and refs, as in a repository
//!   images/               the bytes of the images, where asked for
//!   images.csv            every image with its digest
//!   README.md  datasheet.md  CITATION.cff  LICENSE
//! ```
//!
//! The manifests list every file but themselves and `release.json`, which holds their digests. The same commit and
//! options give the same bytes: no clock, host or path is in a release, and no private object ever enters one.

mod build;
mod check;
mod cite;
mod contents;
mod datasheet;
mod documents;
mod error;
mod escape;
mod history;
mod manifest;
mod numbers;
mod record;

pub use build::{
    Images, NamedFilter, PreparedRelease, ReleaseOptions, ReleaseRequest, ReleaseSummary, build_release,
    prepare_release, release_of_tag, safe_name, tag_release,
};
pub use check::{Finding, ReleaseCheck, Severity, verify_release};
pub use cite::{CiteFormat, cite};
pub use datasheet::datasheet;
pub use error::ReleaseError;
pub use record::{ExportedCounts, ReleaseRecord};
