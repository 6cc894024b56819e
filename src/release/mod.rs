//! Releases: a folder that anyone can check without Holotype, its datasheet and its citation.
//!
//! ```text
//! NAME-VERSION/                 a BagIt bag (RFC 8493)
//!   release.json                what is released; its BLAKE3 is the release's id
//!   manifest-sha256.txt         sha256sum -c; lists data/, as manifest-blake3.txt does for b3sum -c
//!   tagmanifest-sha256.txt      lists the rest but release.json, as tagmanifest-blake3.txt does
//!   bagit.txt  bag-info.txt
//!   release.json.sig            a signature of it by ssh-keygen's rules, where there is one
//!   README.md  CHANGELOG.md  LICENSE  datasheet.md  datasheet.html  plots/  CITATION.cff  datacite.json  croissant.json  ro-crate-metadata.json
//!   data/annotations/           coco.json, annotations.csv, annotations.parquet, geojson/, labels.json
//!   data/images.csv             every image with its digest
//!   data/images/                the bytes of the images, where asked for
//!   data/splits.csv
//!   data/history/               objects (commits and batches) and refs, as in a repository, and a program to read them
//! ```
//!
//! `release.json` holds the digests of the four manifests, and they list every other file. The same commit and options
//! give the same bytes: no clock, host or path is in a release, and no private object ever enters one. What is derived
//! from the history is derived again when a release is checked.

mod archive;
mod bag;
mod build;
mod changelog;
mod check;
mod cite;
mod contents;
mod croissant;
mod datasheet;
mod documents;
mod error;
mod escape;
mod hashed;
mod history;
mod manifest;
mod numbering;
mod numbers;
mod payload;
mod progress;
mod rebuild;
mod record;
mod ro_crate;
mod sign;
mod sink;
mod swh;
mod trail;
mod unpack;
mod version;
mod withdrawn;

pub use archive::{ArchiveFormat, archive_release};
pub use build::{
    Images, NamedFilter, PreparedRelease, ReleaseOptions, ReleaseRequest, ReleaseSummary, build_of_tag,
    build_release, prepare_release, release_of_tag, safe_name, tag_release,
};
pub use check::{
    CheckOptions, Finding, ReleaseCheck, Severity, verify_release, verify_release_archive,
    verify_release_with,
};
pub use cite::{
    CiteFormat, QUERY_FACT, QueryCitation, QueryRecord, Selected, StoredQuery, bare_doi, cite, cite_query,
    select, stored_queries,
};
pub use datasheet::{
    ANSWER_FACT, Answer, Answered, Evidence, QUESTIONS, Question, Section, Tallied, answers, datasheet, tally,
};
pub use error::ReleaseError;
pub use numbering::next_version;
pub use progress::{ReleaseProgress, ReleaseStage, TellProgress};
pub use rebuild::{Rebuilt, ReleaseCitation, check_rebuild, read_record, release_build, resolve_release};
pub use record::{BuildRecord, ExportedCounts, PreviousRelease, ReleaseRecord};
pub use sign::{KEY_FACT, NAMESPACE, SignError, SigningKey, VerifyingKey, keys_of, parse_keys};
pub use swh::swh_directory;
pub use unpack::ArchiveLimits;
pub use version::{VersionNumber, VersionStep, step_of, version_step};
pub use withdrawn::{Withdrawal, tombstone_path, withdrawal, withdrawals, write_tombstone};
