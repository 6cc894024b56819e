//! `release.json`: what is released. Frozen once released; its BLAKE3 is the release's id.

use crate::codec::{Record, Tag, record};
use crate::id::{CommitId, Digest, NodeId, ReleaseId, SnapshotId};
use crate::model::{Counts, Rule};
use crate::time::Timestamp;

record! {
    /// How many records `data/annotations/coco.json` holds.
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
    /// The release before.
    pub struct PreviousRelease {
        /// The commit that it released.
        pub commit: CommitId,
        /// Its id.
        pub release: ReleaseId,
        /// Its version.
        pub version: String,
    }
}

record! {
    /// A release. Canonical JSON.
    pub struct ReleaseRecord {
        /// The commit that is released.
        pub commit: CommitId,
        /// When it was committed.
        pub committed_at: Timestamp,
        /// How many commits lead to it, itself and those that were merged included.
        pub commits: u64,
        /// How many things the version holds.
        pub counts: Counts,
        /// The random number that tells this dataset from all others.
        pub dataset: Digest,
        /// The day in the documents, `2026-11-01`.
        pub date: String,
        /// The identifier that an archive minted for this version.
        pub doi: Option<String> = optional,
        /// How many events lead to it.
        pub events: u64,
        /// What the exports hold.
        pub exported: ExportedCounts,
        /// The expression that chose the annotations in the exports; without it all.
        pub filter: Option<String> = optional,
        /// When the first of those commits was made.
        pub first_commit_at: Timestamp,
        /// The format.
        pub format: Tag<ReleaseRecord>,
        /// Where images can be had: an address with `{name}`, `{stem}` or `{blob}`.
        pub image_source: Option<String> = optional,
        /// When the last of those commits was made.
        pub last_commit_at: Timestamp,
        /// BLAKE3 of `manifest-blake3.txt`.
        pub manifest_blake3: String,
        /// SHA-256 of `manifest-sha256.txt`.
        pub manifest_sha256: String,
        /// The dataset's name.
        pub name: String,
        /// The release before.
        pub previous: Option<PreviousRelease> = optional,
        /// The root of the version's tree.
        pub root: NodeId,
        /// The rule by which labels were agreed.
        pub rule: Rule,
        /// The version's content.
        pub snapshot: SnapshotId,
        /// BLAKE3 of `tagmanifest-blake3.txt`.
        pub tagmanifest_blake3: String,
        /// SHA-256 of `tagmanifest-sha256.txt`.
        pub tagmanifest_sha256: String,
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

impl ReleaseRecord {
    /// Returns the day in the documents as a time; that of the commit where the day cannot be read.
    #[must_use]
    pub fn day(&self) -> Timestamp {
        Timestamp::parse(&format!("{}T00:00:00Z", self.date)).unwrap_or(self.committed_at)
    }
}
