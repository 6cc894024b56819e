//! `release.json`: what is released. Frozen once released; its BLAKE3 is the release's id.

use crate::codec::{Record, Tag, record};
use crate::id::{CommitId, Digest, NodeId, SnapshotId};
use crate::model::{Counts, Rule};
use crate::time::Timestamp;

record! {
    /// How many records `annotations/coco.json` holds.
    #[derive(Default)]
    pub struct ExportedCounts {
        /// Annotations.
        pub annotations: u64,
        /// Images.
        pub images: u64,
        /// Labels.
        pub labels: u64,
    }
}

record! {
    /// A release. Canonical JSON.
    pub struct ReleaseRecord {
        /// The commit that is released.
        pub commit: CommitId,
        /// When it was committed.
        pub committed_at: Timestamp,
        /// How many things the version holds.
        pub counts: Counts,
        /// The random number that tells this dataset from all others.
        pub dataset: Digest,
        /// The day in the documents, `2026-11-01`.
        pub date: String,
        /// What `annotations/coco.json` holds.
        pub exported: ExportedCounts,
        /// The expression that chose the rows of `annotations/coco.json`; without it all.
        pub filter: Option<String> = optional,
        /// The format.
        pub format: Tag<ReleaseRecord>,
        /// BLAKE3 of `manifest-blake3.txt`.
        pub manifest_blake3: String,
        /// SHA-256 of `manifest-sha256.txt`.
        pub manifest_sha256: String,
        /// The dataset's name.
        pub name: String,
        /// The version of the release before.
        pub previous: Option<String> = optional,
        /// The root of the version's tree.
        pub root: NodeId,
        /// The rule by which labels were agreed.
        pub rule: Rule,
        /// The version's content.
        pub snapshot: SnapshotId,
        /// The rules of the tree.
        pub tree: String,
        /// The release's version.
        pub version: String,
        /// Whether the bytes of the images are in the folder.
        pub with_images: bool,
    }
}

impl Record for ReleaseRecord {
    const FORMAT: &'static str = "holotype/release/1";
}
