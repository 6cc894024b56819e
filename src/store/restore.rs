//! Putting files back: what is to be put back is proven first, and what stood there is set aside and never deleted.
//!
//! A file named by its hash proves itself. A slot or tag carries a digest of itself, which the witness or the slot after
//! it names as well; a draft is known by the note of what was acknowledged. Without such an anchor nothing is put back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codec::{Extra, Tag};
use crate::id::{BlobId, Digest};

use super::local::{LocalAuthor, LocalPath};
use super::refs::{Slot, TagRecord};
use super::vfs::{Vfs, read_all};
use super::{
    BlobSource, REPOSITORY_DIR, RepositoryRecord, Store, StoreError, Tombstone, format_bytes, is_in_use,
    read_format, read_repository, sealed,
};

/// The folder of what was set aside, below `.holotype`.
pub const QUARANTINE: &str = "quarantine";

/// No file but a blob, an object or a draft is longer.
const SEALED_MAX: u64 = 1 << 20;

/// What a path below `.holotype` says of the file that belongs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restorable {
    /// A file with this hash of its bytes: an object or a private object.
    Hashed(Digest),
    /// The bytes of an image.
    Blob(BlobId),
    /// A file that carries a digest of itself.
    Sealed,
    /// The witness, which follows from the slots and tags.
    Witness,
}

impl Restorable {
    /// Reads the path of a file below `.holotype`; `None` where no file that could be put back belongs there.
    #[must_use]
    pub fn of(relative: &str) -> Option<Self> {
        let parts: Vec<&str> = relative.split('/').collect();
        match parts.as_slice() {
            ["refs", "witness"] => Some(Self::Witness),
            ["repository.json"] | ["refs", "tags", _] | ["refs", "heads", _, _] | ["draft", _] => {
                Some(Self::Sealed)
            }
            ["local", "author.json"] | ["local", "paths", _] => Some(Self::Sealed),
            [.., name] if name.ends_with(".erased") => Some(Self::Sealed),
            ["objects" | "private", name] => Digest::parse(name).ok().map(Self::Hashed),
            ["blobs", _, name] => BlobId::parse(name).ok().map(Self::Blob),
            _ => None,
        }
    }
}

/// Mends what has to be right before a repository can be opened: the file `format`, which is the same everywhere, and
/// `repository.json`, from a copy whose first slot is ours. Returns the files below `.holotype` that are (or, where
/// `write` is false, would be) put back.
///
/// # Errors
/// [`StoreError::NoRepository`], or what stands in the way of opening it and cannot be mended.
pub fn mend_root(
    vfs: &Arc<dyn Vfs>,
    dir: &Path,
    copies: &[PathBuf],
    write: bool,
) -> Result<Vec<&'static str>, StoreError> {
    let root = find_root(vfs.as_ref(), dir)?;
    let mut mended = Vec::new();
    let placeholder = RepositoryRecord {
        format: Tag::default(),
        id: Digest::of(b""),
        name: String::new(),
        extra: Extra::default(),
    };
    let store = Store::new(root.clone(), Arc::clone(vfs), placeholder);
    match read_format(vfs.as_ref(), &root.join("format")) {
        Ok(()) => {}
        Err(error) if error.is_damage() => {
            mended.push("format");
            if write {
                store.set_aside("format")?;
                store.put("format", format_bytes().as_bytes())?;
            }
        }
        Err(error) => return Err(error),
    }
    match read_repository(vfs.as_ref(), &root.join("repository.json")) {
        Ok(_) => {}
        Err(error) if error.is_damage() => {
            let ours = read_all(vfs.as_ref(), &root.join("refs/heads/main/0000000001"), SEALED_MAX).ok();
            let found = copies
                .iter()
                .find_map(|copy| twin_record(vfs.as_ref(), copy, ours.as_deref()?));
            let Some(bytes) = found else { return Err(error) };
            mended.push("repository.json");
            if write {
                store.set_aside("repository.json")?;
                store.put("repository.json", &bytes)?;
            }
        }
        Err(error) => return Err(error),
    }
    Ok(mended)
}

/// Finds the folder of the repository in `dir` or above it, also where its file `format` is missing.
fn find_root(vfs: &dyn Vfs, dir: &Path) -> Result<PathBuf, StoreError> {
    for folder in dir.ancestors() {
        let root = folder.join(REPOSITORY_DIR);
        let format = root.join("format");
        let size = vfs
            .size_bytes(&format)
            .map_err(StoreError::io("look at", &format))?;
        if size.is_some() || is_in_use(vfs, &root)? {
            return Ok(root);
        }
    }
    Err(StoreError::NoRepository { path: dir.to_owned() })
}

/// The bytes of `repository.json` of a copy whose first slot has these bytes.
fn twin_record(vfs: &dyn Vfs, copy: &Path, first_slot: &[u8]) -> Option<Vec<u8>> {
    [copy.join(REPOSITORY_DIR), copy.to_owned()]
        .iter()
        .find_map(|root| {
            let theirs = read_all(vfs, &root.join("refs/heads/main/0000000001"), SEALED_MAX).ok()?;
            let record = root.join("repository.json");
            read_repository(vfs, &record).ok()?;
            (theirs == first_slot).then(|| read_all(vfs, &record, SEALED_MAX).ok())?
        })
}

impl Store {
    /// Moves a file below `.holotype` into the quarantine, where one stands; returns its new path below `.holotype`.
    ///
    /// # Errors
    /// When it cannot be moved.
    pub fn set_aside(&self, relative: &str) -> Result<Option<String>, StoreError> {
        self.check_writable()?;
        let from = self.path(relative);
        let folder = self.path(QUARANTINE);
        let look = |path: &Path| self.vfs.size_bytes(path).map_err(StoreError::io("look at", path));
        if look(&from)?.is_none() {
            return Ok(None);
        }
        self.vfs
            .create_dir(&folder)
            .map_err(StoreError::io("create", &folder))?;
        let flat = relative.replace('/', "+");
        let mut name = flat.clone();
        let mut number = 1_u64;
        while look(&folder.join(&name))?.is_some() {
            number += 1;
            name = format!("{flat}.{number}");
        }
        let to = folder.join(&name);
        self.vfs
            .rename(&from, &to)
            .map_err(StoreError::io("rename to", &to))?;
        self.sync_dir(&folder)?;
        self.sync_dir(&self.root)?;
        self.sync_dir(from.parent().unwrap_or(&self.root))?;
        Ok(Some(format!("{QUARANTINE}/{name}")))
    }

    /// Removes for ever what the quarantine holds of a file, which was erased.
    ///
    /// # Errors
    /// When the folder cannot be read or a file not be removed.
    pub fn erase_set_aside(&self, id: Digest) -> Result<(), StoreError> {
        let id = id.to_string();
        for entry in self.list(QUARANTINE)? {
            if entry.name.contains(&id) && !entry.name.contains(".erased") {
                self.remove_erased(&self.path(QUARANTINE).join(entry.name))?;
            }
        }
        Ok(())
    }

    /// Checks that bytes are what belongs at a path below `.holotype`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when they are not, or when nothing that stands here says what belongs there.
    pub fn prove(&self, relative: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(relative);
        let wrong = |why: &str| Err(StoreError::damaged(&path, why));
        let parts: Vec<&str> = relative.split('/').collect();
        match (Restorable::of(relative), parts.as_slice()) {
            (Some(Restorable::Hashed(digest)), _) if Digest::of(bytes) == digest => Ok(()),
            (Some(Restorable::Blob(blob)), _) if BlobId::of(bytes) == blob => Ok(()),
            (Some(Restorable::Sealed), ["refs", "heads", branch, seq]) => {
                let (slot, digest): (Slot, _) = sealed::unseal(&path, bytes)?;
                let is_named = slot.branch == *branch && format!("{:010}", slot.seq) == *seq;
                if is_named && self.anchor_of_slot(branch, slot.seq)? == Some(digest) {
                    return Ok(());
                }
                wrong("it is not the slot that the witness or the slot after it names")
            }
            (Some(Restorable::Sealed), ["refs", "tags", name]) => {
                let (tag, digest): (TagRecord, _) = sealed::unseal(&path, bytes)?;
                if tag.name == *name && self.witnessed_digest(name, None)? == Some(digest) {
                    return Ok(());
                }
                wrong("it is not the tag that the witness names")
            }
            (Some(Restorable::Sealed), ["draft", name]) => {
                let branch = name.strip_suffix(".jsonl").unwrap_or(name);
                let draft = super::draft::parse(&path, bytes)?;
                let is_known = self.acknowledged(branch).is_some_and(|note| draft.covers(&note));
                if is_known {
                    Ok(())
                } else {
                    wrong("nothing says that it is the draft that was acknowledged here")
                }
            }
            (Some(Restorable::Sealed), ["local", "author.json"]) => {
                sealed::unseal::<LocalAuthor>(&path, bytes).map(|_| ())
            }
            (Some(Restorable::Sealed), ["local", "paths", name]) => {
                let (record, _): (LocalPath, _) = sealed::unseal(&path, bytes)?;
                if format!("{}.json", record.blob) == *name {
                    Ok(())
                } else {
                    wrong("it is about another blob")
                }
            }
            (Some(Restorable::Sealed), [.., name]) if name.ends_with(".erased") => {
                let (tombstone, _): (Tombstone, _) = sealed::unseal(&path, bytes)?;
                if format!("{}.erased", tombstone.object) == *name {
                    return Ok(());
                }
                wrong("it is the tombstone of something else")
            }
            _ => wrong("its bytes do not have the hash that is its name"),
        }
    }

    /// Says whether what stands at a path below `.holotype` is what belongs there.
    #[must_use]
    pub fn stands(&self, relative: &str) -> bool {
        match Restorable::of(relative) {
            Some(Restorable::Blob(blob)) => self.check_blob(blob).is_ok(),
            Some(Restorable::Witness) => self.check_witness().is_ok_and(|state| state.damage.is_none()),
            _ => read_all(self.vfs.as_ref(), &self.path(relative), u64::MAX)
                .is_ok_and(|bytes| self.prove(relative, &bytes).is_ok()),
        }
    }

    /// Puts bytes where they belong, once they are proven; durable when this returns. What stood there is set aside.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the bytes are not those that belong there, or when they cannot be written.
    pub fn put_back(&self, relative: &str, bytes: &[u8]) -> Result<Option<String>, StoreError> {
        self.prove(relative, bytes)?;
        self.begin_writing()?;
        let aside = self.set_aside(relative)?;
        self.put(relative, bytes)?;
        Ok(aside)
    }

    fn put(&self, relative: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(relative);
        let folder = path.parent().unwrap_or(&self.root);
        self.vfs
            .create_dir(folder)
            .map_err(StoreError::io("create", folder))?;
        self.write_atomic(&path, bytes)?;
        self.sync_dir(folder)?;
        self.sync_dir(folder.parent().unwrap_or(&self.root))
    }

    /// Puts the bytes of an image where they belong, once they were stored and have the right hash. Where they stand
    /// there, nothing is set aside.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the hash is another one, or when they cannot be read or written.
    pub fn put_back_blob(
        &self,
        blob: BlobId,
        source: &mut dyn BlobSource,
    ) -> Result<Option<String>, StoreError> {
        let mut staged = [self.stage_blob(source)?];
        if staged.iter().any(|staged| staged.id != blob) {
            self.discard_blobs(&mut staged);
            return Err(StoreError::damaged(
                source.path(),
                "its bytes are not those that are missing",
            ));
        }
        if self.check_blob(blob).is_ok() {
            return Ok(None);
        }
        let path = self.blob_path(blob);
        let relative = path
            .strip_prefix(&self.root)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        let aside = self.set_aside(&relative)?;
        self.publish_blobs(&mut staged)?;
        Ok(aside)
    }

    /// Writes the witness anew from the slots and tags that stand. What stood there is set aside.
    ///
    /// # Errors
    /// When a slot or tag is damaged, or the file cannot be written.
    pub fn put_back_witness(&self) -> Result<Option<String>, StoreError> {
        let bytes = self.witness_of_refs()?;
        let aside = self.set_aside("refs/witness")?;
        self.put("refs/witness", &bytes)?;
        Ok(aside)
    }

    /// The digest that a slot must have: as the witness says, else as the slot after it says.
    fn anchor_of_slot(&self, branch: &str, seq: u64) -> Result<Option<Digest>, StoreError> {
        if let Some(digest) = self.witnessed_digest(branch, Some(seq))? {
            return Ok(Some(digest));
        }
        match self.read_slot(branch, seq.saturating_add(1)) {
            Ok(next) => Ok(next.and_then(|next| next.slot.previous)),
            Err(error) if error.is_damage() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
