//! Private objects: the only place for what can name a person. Salted, so that their ids tell nothing; erasable,
//! so that people can be forgotten while every id and hash still checks out.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::codec::{Record, Tag, from_canonical, record, to_canonical};
use crate::id::{Digest, PrivateId};
use crate::time::Timestamp;

use super::stream::{PIECE_BYTES, fill_piece};
use super::vfs::read_all;
use super::{Store, StoreError, missing_or, sealed};

/// What a private object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrivateKind {
    /// A name, a mail address, an ORCID.
    Person,
    /// An absolute path.
    Path,
    /// A case number of the source.
    SourceCaseId,
    /// Free text.
    FreeText,
}

record! {
    /// A private object.
    pub struct PrivateObject {
        /// The format.
        pub format: Tag<PrivateObject>,
        /// What the value is.
        pub kind: PrivateKind,
        /// 32 random bytes, as hex digits.
        pub salt: Digest,
        /// The text.
        pub value: String,
    }
}

impl Record for PrivateObject {
    const FORMAT: &'static str = "holotype/private/1";
}

record! {
    /// What stays where something was erased.
    pub struct Tombstone {
        /// When.
        pub erased_at: Timestamp,
        /// The format.
        pub format: Tag<Tombstone>,
        /// The digest of what was erased.
        pub object: Digest,
        /// Why.
        pub reason: String,
    }
}

impl Record for Tombstone {
    const FORMAT: &'static str = "holotype/tombstone/1";
}

impl Tombstone {
    /// Says that something was erased.
    #[must_use]
    pub fn new(object: Digest, erased_at: Timestamp, reason: &str) -> Self {
        Self {
            erased_at,
            format: Tag::default(),
            object,
            reason: reason.to_owned(),
            extra: crate::codec::Extra::default(),
        }
    }
}

/// What reading a private object gives.
#[derive(Debug, Clone, PartialEq)]
pub enum PrivateRead {
    /// It is there.
    Present(PrivateObject),
    /// It was erased.
    Erased(Tombstone),
    /// It is not here, as in a copy without private objects.
    Absent,
}

impl Store {
    /// Returns the path of a private object, whether it is there or not.
    #[must_use]
    pub fn private_path(&self, id: PrivateId) -> PathBuf {
        self.path("private").join(id.to_string())
    }

    /// Writes a private object; durable when this returns.
    ///
    /// # Errors
    /// When it cannot be written or made durable.
    pub fn write_private(
        &self,
        kind: PrivateKind,
        salt: Digest,
        value: &str,
    ) -> Result<PrivateId, StoreError> {
        let object = PrivateObject {
            format: Tag::default(),
            kind,
            salt,
            value: value.to_owned(),
            extra: crate::codec::Extra::default(),
        };
        let bytes =
            to_canonical(&object).map_err(|error| StoreError::damaged(&self.root, error.to_string()))?;
        let id = PrivateId::of(&bytes);
        self.write_atomic(&self.private_path(id), &bytes)?;
        self.sync_dir(&self.path("private"))?;
        Ok(id)
    }

    /// Reads a private object and verifies its hash.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn read_private(&self, id: PrivateId) -> Result<PrivateRead, StoreError> {
        let path = self.private_path(id);
        if let Some(tombstone) = self.read_tombstone(&path.with_extension("erased"))? {
            return Ok(PrivateRead::Erased(tombstone));
        }
        let bytes = match read_all(self.vfs.as_ref(), &path, 16 << 20).map_err(missing_or("read", &path)) {
            Ok(bytes) => bytes,
            Err(StoreError::Missing { .. }) => return Ok(PrivateRead::Absent),
            Err(error) => return Err(error),
        };
        if PrivateId::of(&bytes) != id {
            return Err(StoreError::damaged(
                &path,
                "its bytes do not have the hash that is its name",
            ));
        }
        let object = from_canonical(&bytes).map_err(|error| StoreError::damaged(&path, error.to_string()))?;
        Ok(PrivateRead::Present(object))
    }

    /// Lists the ids of all private objects that are there.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list_private(&self) -> Result<Vec<PrivateId>, StoreError> {
        Ok(self
            .list("private")?
            .iter()
            .filter_map(|entry| PrivateId::parse(&entry.name).ok())
            .collect())
    }

    /// Destroys a private object: the tombstone is durable first.
    ///
    /// # Errors
    /// When the tombstone cannot be written or the file not be removed.
    pub fn erase_private(&self, id: PrivateId, tombstone: &Tombstone) -> Result<(), StoreError> {
        let path = self.private_path(id);
        self.write_tombstone(&path.with_extension("erased"), tombstone)?;
        self.remove_beginnings(&path)?;
        self.remove_erased(&path)
    }

    pub(super) fn write_tombstone(&self, path: &Path, tombstone: &Tombstone) -> Result<(), StoreError> {
        let (bytes, _) =
            sealed::seal(tombstone).map_err(|error| StoreError::damaged(path, error.to_string()))?;
        self.write_atomic(path, &bytes)?;
        self.sync_dir(path.parent().unwrap_or(&self.root))
    }

    pub(super) fn read_tombstone(&self, path: &Path) -> Result<Option<Tombstone>, StoreError> {
        match read_all(self.vfs.as_ref(), path, 1 << 20).map_err(missing_or("read", path)) {
            Ok(bytes) => {
                let (tombstone, _): (Tombstone, _) = sealed::unseal(path, &bytes)?;
                let named = path.file_stem().and_then(|name| name.to_str());
                if named != Some(tombstone.object.to_string().as_str()) {
                    return Err(StoreError::damaged(path, "it is the tombstone of something else"));
                }
                Ok(Some(tombstone))
            }
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes what a dead process left in `tmp/` of the bytes at a path: files that are the beginning of them.
    pub(super) fn remove_beginnings(&self, path: &Path) -> Result<(), StoreError> {
        let whole = match self
            .vfs
            .size_bytes(path)
            .map_err(StoreError::io("look at", path))?
        {
            Some(size_bytes) => size_bytes,
            None => return Ok(()),
        };
        for entry in self.list("tmp")? {
            let left = self.path("tmp").join(&entry.name);
            let is_beginning = !entry.is_dir
                && (1..=whole).contains(&entry.size_bytes)
                && self.begins_with(path, &left).unwrap_or(false);
            if is_beginning {
                self.remove_erased(&left)?;
            }
        }
        Ok(())
    }

    /// Whether the bytes of one file are the beginning of another's.
    fn begins_with(&self, path: &Path, beginning: &Path) -> std::io::Result<bool> {
        let (mut long, mut short) = (self.vfs.open(path)?, self.vfs.open(beginning)?);
        let mut pieces = (vec![0_u8; PIECE_BYTES], vec![0_u8; PIECE_BYTES]);
        loop {
            let count = fill_piece(&mut short, &mut pieces.1)?;
            fill_piece(&mut long, &mut pieces.0)?;
            if pieces.0.get(..count) != pieces.1.get(..count) {
                return Ok(false);
            }
            if count < PIECE_BYTES {
                return Ok(true);
            }
        }
    }

    /// Removes what a tombstone stands for; it may be gone already.
    pub(super) fn remove_erased(&self, path: &Path) -> Result<(), StoreError> {
        self.check_writable()?;
        match self.vfs.remove(path).map_err(missing_or("remove", path)) {
            Ok(()) => self.sync_dir(path.parent().unwrap_or(&self.root)),
            Err(StoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
