//! Settings of this copy of the repository, in `local/`: never synced, never hashed into anything.

use crate::codec::{Record, Tag, record};
use crate::id::{BlobId, ImageId, PrivateId};
use crate::time::Timestamp;

use super::vfs::read_all;
use super::{Store, StoreError, missing_or, sealed};

record! {
    /// Who records here when nothing else says so.
    pub struct LocalAuthor {
        /// The private object with the person's name.
        pub author: PrivateId,
        /// The format.
        pub format: Tag<LocalAuthor>,
    }
}

impl Record for LocalAuthor {
    const FORMAT: &'static str = "holotype/local-author/1";
}

record! {
    /// Where the bytes of a blob are that were not copied.
    pub(super) struct LocalPath {
        /// The blob.
        pub blob: BlobId,
        /// The format.
        pub format: Tag<LocalPath>,
        /// The absolute path.
        pub path: String,
    }
}

impl Record for LocalPath {
    const FORMAT: &'static str = "holotype/local-path/1";
}

record! {
    /// An erasure under way: what is to be destroyed once its commit stands.
    pub struct LocalErasure {
        /// Blobs to destroy.
        pub blobs: Vec<BlobId> = default,
        /// When it began.
        pub erased_at: Timestamp,
        /// The format.
        pub format: Tag<LocalErasure>,
        /// The images that its commit marks as erased.
        pub images: Vec<ImageId> = default,
        /// Private objects to destroy.
        pub private: Vec<PrivateId> = default,
        /// Why.
        pub reason: String,
    }
}

impl Record for LocalErasure {
    const FORMAT: &'static str = "holotype/local-erasure/1";
}

impl LocalErasure {
    /// An erasure of nothing yet.
    #[must_use]
    pub fn new(erased_at: Timestamp, reason: &str) -> Self {
        Self {
            blobs: Vec::new(),
            erased_at,
            format: Tag::default(),
            images: Vec::new(),
            private: Vec::new(),
            reason: reason.to_owned(),
            extra: crate::codec::Extra::default(),
        }
    }
}

impl Store {
    /// Returns the erasure under way.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn local_erasure(&self) -> Result<Option<LocalErasure>, StoreError> {
        self.read_local("erasing.json")
    }

    /// Notes an erasure before its commit.
    ///
    /// # Errors
    /// When it cannot be written or made durable.
    pub fn set_local_erasure(&self, erasure: &LocalErasure) -> Result<(), StoreError> {
        self.write_local("erasing.json", erasure)?;
        self.sync_dir(&self.path("local"))
    }

    /// Forgets the erasure, which is finished or never came to be.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn clear_local_erasure(&self) -> Result<(), StoreError> {
        self.remove_erased(&self.path("local").join("erasing.json"))
    }

    /// Returns the private object of who records here.
    ///
    /// # Errors
    /// When the setting is damaged or cannot be read.
    pub fn local_author(&self) -> Result<Option<PrivateId>, StoreError> {
        let record: Option<LocalAuthor> = self.read_local("author.json")?;
        Ok(record.map(|record| record.author))
    }

    /// Remembers who records here.
    ///
    /// # Errors
    /// When it cannot be written or made durable.
    pub fn set_local_author(&self, author: PrivateId) -> Result<(), StoreError> {
        let record = LocalAuthor {
            author,
            format: Tag::default(),
            extra: crate::codec::Extra::default(),
        };
        self.write_local("author.json", &record)?;
        self.sync_dir(&self.path("local"))
    }

    /// Returns where the bytes of a blob are that were not copied.
    ///
    /// # Errors
    /// When the setting is damaged or cannot be read.
    pub fn local_path(&self, blob: BlobId) -> Result<Option<String>, StoreError> {
        let record: Option<LocalPath> = self.read_local(&format!("paths/{blob}.json"))?;
        Ok(record.map(|record| record.path))
    }

    /// Remembers where the bytes of a blob are that were not copied.
    ///
    /// # Errors
    /// When it cannot be written or made durable.
    pub fn set_local_path(&self, blob: BlobId, path: &str) -> Result<(), StoreError> {
        let record = LocalPath {
            blob,
            format: Tag::default(),
            path: path.to_owned(),
            extra: crate::codec::Extra::default(),
        };
        self.write_local(&format!("paths/{blob}.json"), &record)?;
        self.sync_dir(&self.path("local/paths"))
    }

    /// Forgets where the bytes of a blob are.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn forget_local_path(&self, blob: BlobId) -> Result<(), StoreError> {
        self.remove_erased(&self.path("local/paths").join(format!("{blob}.json")))
    }

    /// Checks the form of a file in `local/`.
    ///
    /// # Errors
    /// When it is damaged or not known.
    pub fn check_local(&self, name: &str) -> Result<(), StoreError> {
        if name == "author.json" {
            return self.local_author().map(|_| ());
        }
        if name == "erasing.json" {
            return self.local_erasure().map(|_| ());
        }
        let blob = name
            .strip_prefix("paths/")
            .and_then(|rest| BlobId::parse(rest.strip_suffix(".json")?).ok())
            .ok_or_else(|| {
                StoreError::damaged(&self.path("local").join(name), "no file of this name is known")
            })?;
        let record: Option<LocalPath> = self.read_local(name)?;
        match record {
            Some(record) if record.blob != blob => Err(StoreError::damaged(
                &self.path("local").join(name),
                "it is about another blob",
            )),
            _ => Ok(()),
        }
    }

    fn read_local<R: Record>(&self, name: &str) -> Result<Option<R>, StoreError> {
        let path = self.path("local").join(name);
        match read_all(self.vfs.as_ref(), &path, 1 << 20).map_err(missing_or("read", &path)) {
            Ok(bytes) => sealed::unseal(&path, &bytes).map(|(record, _)| Some(record)),
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn write_local<R: Record>(&self, name: &str, record: &R) -> Result<(), StoreError> {
        let path = self.path("local").join(name);
        let (bytes, _) =
            sealed::seal(record).map_err(|error| StoreError::damaged(&path, error.to_string()))?;
        self.write_atomic(&path, &bytes)
    }
}
