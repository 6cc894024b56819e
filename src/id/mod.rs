//! Names of things: digests, the ids made from them, and entity ids.
//!
//! Pure values. Nothing here reads, writes or looks anything up.

mod digest;
mod entity;
mod ids;

pub use digest::{Digest, IdError, hash_parts};
pub(crate) use digest::{append_hex, bytes_of_hex};
pub use entity::{AnnotationId, Code, ImageId, ImagePrefix, LabelId, Nonce};
pub use ids::{BatchId, BlobId, CommitId, NodeId, PrivateId, QueryId, ReleaseId, SnapshotId};
