//! Refs only ever grow. A branch is a sequence of create-only slots, `refs/heads/<branch>/<ten digits>`; to commit
//! is to create the next one. A tag is one create-only file. Who saw them is told by `witness`.

use std::io;
use std::path::{Path, PathBuf};

use crate::codec::{Extra, Record, Tag, record};
use crate::id::{CommitId, Digest, Nonce, PrivateId};
use crate::time::Timestamp;

use super::vfs::read_all;
use super::witness::WitnessLine;
use super::{Store, StoreError, missing_or, sealed};

record! {
    /// One slot of a branch.
    pub struct Slot {
        /// The branch.
        pub branch: String,
        /// The commit; none closes the branch.
        pub commit: Option<CommitId> = optional,
        /// The draft that this commit sealed.
        pub draft: Option<Digest> = optional,
        /// The format.
        pub format: Tag<Slot>,
        /// A random number, by which a writer knows its own slot again.
        pub nonce: Nonce,
        /// The digest of the slot before; none in the first.
        pub previous: Option<Digest> = optional,
        /// Its number, from 1, without gaps.
        pub seq: u64,
    }
}

impl Record for Slot {
    const FORMAT: &'static str = "holotype/slot/1";
}

record! {
    /// A tag: a name for a commit, given once.
    pub struct TagRecord {
        /// Who gave it.
        pub author: PrivateId,
        /// The commit.
        pub commit: CommitId,
        /// When it was given.
        pub created_at: Timestamp,
        /// The format.
        pub format: Tag<TagRecord>,
        /// Why.
        pub message: String,
        /// The name.
        pub name: String,
    }
}

impl Record for TagRecord {
    const FORMAT: &'static str = "holotype/tag/1";
}

/// A slot and the digest that it carries.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotRead {
    /// The slot.
    pub slot: Slot,
    /// Its digest.
    pub digest: Digest,
}

/// What became of the wish to create a slot or tag.
#[derive(Debug, Clone, PartialEq)]
pub enum RefUpdate<T> {
    /// It was created.
    Applied(T),
    /// Somebody else was first: this stands there.
    Stale(T),
}

impl Store {
    fn heads_path(&self, branch: &str) -> PathBuf {
        self.path("refs/heads").join(branch)
    }

    fn slot_path(&self, branch: &str, seq: u64) -> PathBuf {
        self.heads_path(branch).join(format!("{seq:010}"))
    }

    fn tag_path(&self, name: &str) -> PathBuf {
        self.path("refs/tags").join(name)
    }

    fn slot_exists(&self, branch: &str, seq: u64) -> Result<bool, StoreError> {
        let path = self.slot_path(branch, seq);
        self.vfs
            .size_bytes(&path)
            .map(|size| size.is_some())
            .map_err(StoreError::io("look at", &path))
    }

    /// Reads one slot, verified; `None` when there is none of this number.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn read_slot(&self, branch: &str, seq: u64) -> Result<Option<SlotRead>, StoreError> {
        let path = self.slot_path(branch, seq);
        let bytes = match read_all(self.vfs.as_ref(), &path, 1 << 20).map_err(missing_or("read", &path)) {
            Ok(bytes) => bytes,
            Err(StoreError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (slot, digest): (Slot, _) = sealed::unseal(&path, &bytes)?;
        if slot.seq != seq || slot.branch != branch {
            return Err(StoreError::damaged(&path, "it is the slot of another place"));
        }
        Ok(Some(SlotRead { slot, digest }))
    }

    /// Finds the tip of a branch by probing upwards from a derived hint; `None` when there is no slot.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the witness has seen a later slot, or when the slot is damaged.
    pub fn read_latest(&self, branch: &str) -> Result<Option<SlotRead>, StoreError> {
        let witnessed = self.last_witnessed(branch)?;
        let hint = self.read_hint(branch).unwrap_or(0);
        let mut low = if hint > 0 && self.slot_exists(branch, hint)? {
            hint
        } else {
            0
        };
        let mut step = 1_u64;
        // Slots have no gaps: double the step while there are more, then halve it.
        while self.slot_exists(branch, low.saturating_add(step))? {
            low = low.saturating_add(step);
            step = step.saturating_mul(2);
        }
        while step > 1 {
            step /= 2;
            if self.slot_exists(branch, low.saturating_add(step))? {
                low = low.saturating_add(step);
            }
        }
        if witnessed > low {
            return Err(StoreError::Missing {
                path: self.slot_path(branch, low + 1),
            });
        }
        if low == 0 {
            return Ok(None);
        }
        if low != hint {
            self.write_hint(branch, low);
        }
        let slot = self.read_slot(branch, low)?;
        slot.map(Some).ok_or_else(|| StoreError::Missing {
            path: self.slot_path(branch, low),
        })
    }

    fn read_hint(&self, branch: &str) -> Option<u64> {
        let bytes = self.read_derived(&format!("tips/{branch}"), 64)?;
        std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
    }

    fn write_hint(&self, branch: &str, seq: u64) {
        // A hint that cannot be written is only missed.
        let _ = self.write_derived(&format!("tips/{branch}"), format!("{seq}\n").as_bytes());
    }

    /// Creates the next slot of a branch. This is the commit point.
    ///
    /// # Errors
    /// When it cannot be written or made durable.
    pub fn create_slot(&self, slot: &Slot) -> Result<RefUpdate<SlotRead>, StoreError> {
        let path = self.slot_path(&slot.branch, slot.seq);
        let (bytes, digest) = seal(&path, slot)?;
        let created = self.create_once(&path, &bytes);
        // Where the answer was lost, the nonce tells whose slot stands there.
        if let Some(actual) = found_instead(created, &path, || self.read_slot(&slot.branch, slot.seq))?
            && actual.slot.nonce != slot.nonce
        {
            return Ok(RefUpdate::Stale(actual));
        }
        self.sync_dir(&self.heads_path(&slot.branch))?;
        self.witness(&WitnessLine {
            digest,
            name: slot.branch.clone(),
            seq: Some(slot.seq),
        });
        self.write_hint(&slot.branch, slot.seq);
        Ok(RefUpdate::Applied(SlotRead {
            slot: slot.clone(),
            digest,
        }))
    }

    /// Creates a file that must not exist, whole; false when it exists. Where the file system has no hard links, the file
    /// is renamed to a name that must be free, which is as good.
    fn create_once(&self, path: &Path, bytes: &[u8]) -> Result<bool, StoreError> {
        let temp = self.write_temp(bytes)?;
        let named = self.vfs.link(&temp, path).or_else(|error| {
            // FAT says that it is not permitted.
            let kinds = [io::ErrorKind::Unsupported, io::ErrorKind::PermissionDenied];
            if kinds.contains(&error.kind()) {
                self.vfs.rename_new(&temp, path)
            } else {
                Err(error)
            }
        });
        let _ = self.vfs.remove(&temp);
        match named {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(StoreError::io("create", path)(error)),
        }
    }

    /// Makes sure that the file system gives a name once, on which all refs rest.
    ///
    /// # Errors
    /// When it does not, or a file cannot be written.
    pub(super) fn check_create_once(&self) -> Result<(), StoreError> {
        let path = self.temp_path()?;
        let created = [self.create_once(&path, b""), self.create_once(&path, b"")];
        let _ = self.vfs.remove(&path);
        let [first, second] = created;
        if first? && !second? {
            return Ok(());
        }
        Err(StoreError::io("create only once", &path)(io::Error::from(
            io::ErrorKind::Unsupported,
        )))
    }

    /// Reads a tag, verified; `None` when there is none of this name.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn read_tag(&self, name: &str) -> Result<Option<TagRecord>, StoreError> {
        Ok(self.read_tag_sealed(name)?.map(|(tag, _)| tag))
    }

    pub(super) fn read_tag_sealed(&self, name: &str) -> Result<Option<(TagRecord, Digest)>, StoreError> {
        if !is_ref_name(name) {
            return Ok(None);
        }
        let path = self.tag_path(name);
        let bytes = match read_all(self.vfs.as_ref(), &path, 1 << 20).map_err(missing_or("read", &path)) {
            Ok(bytes) => bytes,
            Err(StoreError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (tag, digest): (TagRecord, _) = sealed::unseal(&path, &bytes)?;
        if tag.name == name {
            Ok(Some((tag, digest)))
        } else {
            Err(StoreError::damaged(&path, "it is the tag of another name"))
        }
    }

    /// Creates a tag.
    ///
    /// # Errors
    /// When it cannot be written or made durable.
    pub fn create_tag(&self, tag: &TagRecord) -> Result<RefUpdate<TagRecord>, StoreError> {
        let path = self.tag_path(&tag.name);
        let (bytes, digest) = seal(&path, tag)?;
        let created = self.create_once(&path, &bytes);
        let has_failed = created.is_err();
        // The very same tag, where the answer was lost, is this one.
        if let Some(actual) = found_instead(created, &path, || self.read_tag(&tag.name))?
            && !(has_failed && actual == *tag)
        {
            return Ok(RefUpdate::Stale(actual));
        }
        self.sync_dir(&self.path("refs/tags"))?;
        self.witness(&WitnessLine {
            digest,
            name: tag.name.clone(),
            seq: None,
        });
        Ok(RefUpdate::Applied(tag.clone()))
    }

    /// Lists the names of the tags.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list_tags(&self) -> Result<Vec<String>, StoreError> {
        Ok(self
            .list("refs/tags")?
            .into_iter()
            .map(|entry| entry.name)
            .collect())
    }

    /// Lists the names of the branches.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list_branches(&self) -> Result<Vec<String>, StoreError> {
        Ok(self
            .list("refs/heads")?
            .into_iter()
            .map(|entry| entry.name)
            .collect())
    }
}

/// What stands in the place of a file that was to be created; `None` when it was created. After a failure the place is
/// looked at as well: the failure may have been that of the answer alone.
fn found_instead<T>(
    created: Result<bool, StoreError>,
    path: &Path,
    read: impl FnOnce() -> Result<Option<T>, StoreError>,
) -> Result<Option<T>, StoreError> {
    let failure = match created {
        Ok(true) => return Ok(None),
        Ok(false) => None,
        Err(error) => Some(error),
    };
    match (read(), failure) {
        (Ok(Some(actual)), _) => Ok(Some(actual)),
        (_, Some(failure)) => Err(failure),
        (Err(error), None) => Err(error),
        (Ok(None), None) => Err(StoreError::Missing {
            path: path.to_owned(),
        }),
    }
}

fn seal<R: Record>(path: &Path, record: &R) -> Result<(Vec<u8>, Digest), StoreError> {
    sealed::seal(record).map_err(|error| StoreError::damaged(path, error.to_string()))
}

/// Whether a text can name a branch, a tag or a release: 1 to 100 of the characters `a-z A-Z 0-9 . _ -`, beginning
/// with a letter or digit, no two dots in a row, not ending with a dot.
#[must_use]
pub fn is_ref_name(name: &str) -> bool {
    name.len() <= 100
        && name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !name.contains("..")
        && !name.ends_with('.')
}

impl Slot {
    /// The slot after `previous` (or the first) of a branch.
    #[must_use]
    pub fn after(previous: Option<&SlotRead>, branch: &str, commit: CommitId, nonce: Nonce) -> Self {
        Self {
            branch: branch.to_owned(),
            commit: Some(commit),
            draft: None,
            format: Tag::default(),
            nonce,
            previous: previous.map(|read| read.digest),
            seq: previous.map_or(1, |read| read.slot.seq + 1),
            extra: Extra::default(),
        }
    }
}

impl TagRecord {
    /// A tag.
    #[must_use]
    pub fn new(
        name: &str,
        commit: CommitId,
        author: PrivateId,
        created_at: Timestamp,
        message: &str,
    ) -> Self {
        Self {
            author,
            commit,
            created_at,
            format: Tag::default(),
            message: message.to_owned(),
            name: name.to_owned(),
            extra: Extra::default(),
        }
    }
}
