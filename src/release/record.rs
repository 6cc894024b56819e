//! `release.json`: what is released. Frozen once released; its BLAKE3 is the release's id.

use crate::codec::{Extra, Record, Tag, record};
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
    /// What a release was built with, as its tag keeps it: with it the release comes out again from the repository alone.
    pub struct BuildRecord {
        /// The day in the documents, `2026-11-01`.
        pub date: String,
        /// As [`ReleaseRecord::doi`].
        pub doi: Option<String> = optional,
        /// As [`ReleaseRecord::filter`].
        pub filter: Option<String> = optional,
        /// As [`ReleaseRecord::forced`].
        pub forced: Option<String> = optional,
        /// The format.
        pub format: Tag<BuildRecord>,
        /// As [`ReleaseRecord::image_source`].
        pub image_source: Option<String> = optional,
        /// As [`ReleaseRecord::rule`].
        pub rule: Rule,
        /// The signature of `release.json`, where there is one.
        pub signature: Option<String> = optional,
        /// As [`ReleaseRecord::with_images`].
        pub with_images: bool,
    }
}

impl Record for BuildRecord {
    const FORMAT: &'static str = "holotype/release-build/1";
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
        /// Why the version's number is not the one that the changes give, where it was forced.
        pub forced: Option<String> = optional,
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
        /// How far it is from the release before: `PATCH`, `MINOR` or `MAJOR`.
        pub step: Option<String> = optional,
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

impl BuildRecord {
    /// What a release was built with.
    #[must_use]
    pub fn of(release: &ReleaseRecord, signature: Option<String>) -> Self {
        Self {
            date: release.date.clone(),
            doi: release.doi.clone(),
            filter: release.filter.clone(),
            forced: release.forced.clone(),
            format: Tag::default(),
            image_source: release.image_source.clone(),
            rule: release.rule.clone(),
            signature,
            with_images: release.with_images,
            extra: Extra::default(),
        }
    }
}

impl ReleaseRecord {
    /// Returns the day in the documents as a time; that of the commit where the day cannot be read.
    #[must_use]
    pub fn day(&self) -> Timestamp {
        Timestamp::parse(&format!("{}T00:00:00Z", self.date)).unwrap_or(self.committed_at)
    }
}
