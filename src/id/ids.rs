//! Digests by what they name, so that one cannot stand where another is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Digest, IdError};

macro_rules! digest_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Digest);

        impl $name {
            /// Names what `bytes` are.
            #[must_use]
            pub fn of(bytes: &[u8]) -> Self {
                Self(Digest::of(bytes))
            }

            /// Takes a digest as an id of this kind.
            #[must_use]
            pub const fn from_digest(digest: Digest) -> Self {
                Self(digest)
            }

            /// Returns the digest.
            #[must_use]
            pub const fn digest(&self) -> Digest {
                self.0
            }

            /// Parses 64 lower-case hex digits.
            ///
            /// # Errors
            /// [`IdError`] when the text is anything else.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                Digest::parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

digest_ids! {
    /// Names the bytes of one image file.
    BlobId;
    /// Names a node of a tree.
    NodeId;
    /// Names the content of a version: two histories that reach the same state have the same one.
    SnapshotId;
    /// Names a batch of events.
    BatchId;
    /// Names a commit: content and history.
    CommitId;
    /// Names a published release.
    ReleaseId;
    /// Names a stored query.
    QueryId;
    /// Names a private object, the erasable holder of what can name a person.
    PrivateId;
}
