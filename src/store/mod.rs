//! The repository's files: objects, blobs, refs, private objects, draft and local settings.
//!
//! Everything is written so that an acknowledged write is durable and a crash leaves old or new, never half:
//! temporary file, `fdatasync`, rename or link, `fsync` of the folder. Everything is verified on every read. What
//! the bytes mean is not known here.

mod acknowledged;
mod blobs;
pub mod counting;
mod derived;
mod draft;
mod error;
pub mod faulty;
mod garbage;
mod local;
mod local_gc;
mod objects;
mod presence;
mod private;
mod real;
mod refs;
mod restore;
mod sealed;
mod stage;
mod stream;
mod vfs;
mod witness;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

pub use acknowledged::Acknowledged;
pub use derived::{DerivedFile, DerivedWriter, Spared};
pub use draft::{DraftEntry, DraftFile, DraftHead, DraftLock};
pub use error::StoreError;
pub use garbage::{Garbage, GarbageKind, Tally};
pub use local::{LocalAuthor, LocalErasure};
pub use local_gc::LocalCollection;
pub use private::{PrivateKind, PrivateObject, PrivateRead, Tombstone};
pub use real::RealVfs;
pub use refs::{RefUpdate, Slot, SlotRead, TagRecord, is_ref_name};
pub use restore::{QUARANTINE, Restorable, mend_root};
pub(crate) use sealed::{seal as seal_record, unseal as unseal_record};
pub use stage::{BlobSource, HashedBytes, StagedBlob};
pub use stream::{PIECE_BYTES, fill_piece, hash_stream};
pub use vfs::{DirEntry, Durability, LinkFound, Lock, LockMode, ReadFile, Vfs, WriteFile, read_all};
pub use witness::WitnessState;

use presence::Presence;

use crate::codec::{Record, Tag, record};
use crate::id::Digest;

/// The folder of a repository, below the folder of the dataset.
pub const REPOSITORY_DIR: &str = ".holotype";

/// What the file `format` holds, before its digest.
const FORMAT_LINE: &str = "holotype repository 1";

/// The folders of a repository.
const FOLDERS: [&str; 12] = [
    "objects",
    "blobs",
    "private",
    "refs",
    "refs/heads",
    "refs/heads/main",
    "refs/tags",
    "draft",
    "tmp",
    "local",
    "local/paths",
    "derived",
];

record! {
    /// The file `repository.json`.
    pub struct RepositoryRecord {
        /// The format.
        pub format: Tag<RepositoryRecord>,
        /// A random number that tells this dataset from all others.
        pub id: Digest,
        /// The name given with `init`.
        pub name: String,
    }
}

impl Record for RepositoryRecord {
    const FORMAT: &'static str = "holotype/repository/1";
}

/// An open repository's files.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    vfs: Arc<dyn Vfs>,
    poisoned: Arc<AtomicBool>,
    /// What the first write that could not be made durable met with.
    unsynced: Arc<OnceLock<String>>,
    temp_counter: Arc<AtomicU64>,
    folders_known: Arc<AtomicBool>,
    presence: Presence,
    repository: Arc<RepositoryRecord>,
}

impl Store {
    /// Makes a repository in `dir`, which is created where it is missing.
    ///
    /// # Errors
    /// [`StoreError::RepositoryExists`], or when a file cannot be written.
    pub fn init(vfs: Arc<dyn Vfs>, dir: &Path, name: &str, id: Digest) -> Result<Self, StoreError> {
        create_dir_all(vfs.as_ref(), dir)?;
        let root = dir.join(REPOSITORY_DIR);
        check_free(vfs.as_ref(), dir, &root)?;
        let is_new = vfs
            .size_bytes(&root)
            .map_err(StoreError::io("look at", &root))?
            .is_none();
        let made = Self::make(Arc::clone(&vfs), dir, name, id);
        if is_new && made.as_ref().is_err_and(StoreError::is_unsupported) {
            // The file system cannot carry a repository: nothing of one stays there.
            let _ = vfs.remove_dir_all(&root);
        }
        let store = made?;
        store.sync_dir(dir)?;
        Ok(store)
    }

    /// Makes the folder `.holotype` and all that is in it.
    fn make(vfs: Arc<dyn Vfs>, dir: &Path, name: &str, id: Digest) -> Result<Self, StoreError> {
        let root = dir.join(REPOSITORY_DIR);
        vfs.create_dir(&root).map_err(StoreError::io("create", &root))?;
        let _lock = vfs
            .lock(&root, LockMode::Exclusive)
            .map_err(StoreError::io("lock", &root))?;
        // Somebody may have made one while this waited.
        check_free(vfs.as_ref(), dir, &root)?;
        let repository = RepositoryRecord {
            format: Tag::default(),
            id,
            name: name.to_owned(),
            extra: crate::codec::Extra::default(),
        };
        let store = Self::new(root, vfs, repository);
        store.begin_writing()?;
        store.check_create_once()?;
        let encode = |error: crate::codec::EncodeError| StoreError::damaged(&store.root, error.to_string());
        let (bytes, _) = sealed::seal(store.repository.as_ref()).map_err(encode)?;
        store.write_atomic(&store.path("repository.json"), &bytes)?;
        store.create_witness()?;
        store.sync_dir(&store.path("refs"))?;
        store.sync_dir(&store.root)?;
        // The file `format` makes it a repository: it comes last.
        store.write_atomic(&store.path("format"), format_bytes().as_bytes())?;
        store.sync_dir(&store.root)?;
        Ok(store)
    }

    /// Opens the repository in `dir` or the nearest folder above it.
    ///
    /// # Errors
    /// [`StoreError::NoRepository`], [`StoreError::Missing`] when one is there without its file `format`, or when
    /// its first files cannot be read.
    pub fn discover(vfs: Arc<dyn Vfs>, dir: &Path) -> Result<Self, StoreError> {
        let mut folder = Some(dir);
        while let Some(candidate) = folder {
            let root = candidate.join(REPOSITORY_DIR);
            let format = root.join("format");
            if vfs
                .size_bytes(&format)
                .map_err(StoreError::io("look at", &format))?
                .is_some()
            {
                return Self::open(vfs, root);
            }
            if is_in_use(vfs.as_ref(), &root)? {
                return Err(StoreError::Missing { path: format });
            }
            folder = candidate.parent();
        }
        Err(StoreError::NoRepository { path: dir.to_owned() })
    }

    fn open(vfs: Arc<dyn Vfs>, root: PathBuf) -> Result<Self, StoreError> {
        read_format(vfs.as_ref(), &root.join("format"))?;
        let repository = read_repository(vfs.as_ref(), &root.join("repository.json"))?;
        Ok(Self::new(root, vfs, repository))
    }

    /// Reads the file `format` again.
    ///
    /// # Errors
    /// When it is missing, damaged or of a newer format, or cannot be read.
    pub fn check_format(&self) -> Result<(), StoreError> {
        read_format(self.vfs.as_ref(), &self.path("format"))
    }

    /// Reads the file `repository.json` again.
    ///
    /// # Errors
    /// When it is missing, damaged or no longer what was opened, or cannot be read.
    pub fn check_repository(&self) -> Result<(), StoreError> {
        let path = self.path("repository.json");
        if read_repository(self.vfs.as_ref(), &path)? == *self.repository {
            Ok(())
        } else {
            Err(StoreError::damaged(&path, "it is that of another repository"))
        }
    }

    fn new(root: PathBuf, vfs: Arc<dyn Vfs>, repository: RepositoryRecord) -> Self {
        Self {
            root,
            vfs,
            poisoned: Arc::default(),
            unsynced: Arc::default(),
            temp_counter: Arc::default(),
            folders_known: Arc::default(),
            presence: Presence::default(),
            repository: Arc::new(repository),
        }
    }

    /// Returns the name and id that `repository.json` holds.
    #[must_use]
    pub fn repository(&self) -> &RepositoryRecord {
        &self.repository
    }

    /// Returns the path of the folder `.holotype`.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of a file below `.holotype`.
    #[must_use]
    pub fn path(&self, relative: &str) -> PathBuf {
        if relative.is_empty() {
            self.root.clone()
        } else {
            self.root.join(relative)
        }
    }

    /// Returns the operations on files, for those that inventory the repository.
    #[must_use]
    pub fn vfs(&self) -> &dyn Vfs {
        self.vfs.as_ref()
    }

    /// Lists a folder below `.holotype`; a missing one is empty.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn list(&self, relative: &str) -> Result<Vec<DirEntry>, StoreError> {
        let path = self.path(relative);
        match self.vfs.list(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other.map_err(StoreError::io("list", &path)),
        }
    }

    /// Returns a number that nobody else has: random, or derived from a seed, so that runs can be repeated.
    ///
    /// # Errors
    /// [`StoreError::Random`] when the operating system gives no random bytes.
    pub fn nonce(seed: Option<Digest>, purpose: &str, subject: &[u8]) -> Result<Digest, StoreError> {
        match seed {
            Some(seed) => {
                let message = crate::id::hash_parts(purpose, &[subject]);
                Ok(Digest::from_bytes(
                    *blake3::keyed_hash(seed.as_bytes(), message.as_bytes()).as_bytes(),
                ))
            }
            None => {
                let mut bytes = [0_u8; 32];
                getrandom::fill(&mut bytes).map_err(|_| StoreError::Random)?;
                Ok(Digest::from_bytes(bytes))
            }
        }
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        if self.poisoned.load(Ordering::SeqCst) {
            return Err(StoreError::Poisoned {
                path: self.root.clone(),
                why: self.unsynced.get().cloned().unwrap_or_default(),
            });
        }
        Ok(())
    }

    /// Makes ready for the first write: folders that are missing are made, and those who look for garbage are told that
    /// somebody writes.
    ///
    /// # Errors
    /// When a folder cannot be made, or the kernel gives no lock.
    pub(crate) fn begin_writing(&self) -> Result<(), StoreError> {
        self.ensure_folders()?;
        self.be_present()
    }

    /// Makes the folders that are missing, before the first write: an empty one may have been lost on the way here,
    /// since git and archives do not keep it. Reading needs none of them.
    fn ensure_folders(&self) -> Result<(), StoreError> {
        if self.folders_known.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut changed = std::collections::BTreeSet::new();
        for folder in FOLDERS {
            let path = self.path(folder);
            let there = self
                .vfs
                .size_bytes(&path)
                .map_err(StoreError::io("look at", &path))?;
            if there.is_none() {
                self.vfs
                    .create_dir(&path)
                    .map_err(StoreError::io("create", &path))?;
                changed.insert(path.parent().unwrap_or(&self.root).to_owned());
            }
        }
        for folder in &changed {
            self.sync_dir(folder)?;
        }
        self.folders_known.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Passes a durable write's result on; after a failed one nothing more is written.
    fn guard<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            let cause = error.source().map(|cause| format!(": {cause}"));
            let _ = self.unsynced.set(format!("{error}{}", cause.unwrap_or_default()));
            self.poisoned.store(true, Ordering::SeqCst);
        }
        result
    }

    /// A path in `tmp/` that nobody else uses.
    fn temp_path(&self) -> Result<PathBuf, StoreError> {
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|_| StoreError::Random)?;
        let counter = self.temp_counter.fetch_add(1, Ordering::SeqCst);
        let name = format!("{:016x}-{counter}", u64::from_le_bytes(random));
        Ok(self.root.join("tmp").join(name))
    }

    /// Writes a synced file in `tmp/`.
    fn write_temp(&self, bytes: &[u8]) -> Result<PathBuf, StoreError> {
        self.check_writable()?;
        self.begin_writing()?;
        let path = self.temp_path()?;
        let mut file = self
            .vfs
            .create_new(&path)
            .map_err(StoreError::io("create", &path))?;
        let written = file.write_all(bytes).map_err(StoreError::io("write", &path));
        let synced = written.and_then(|()| self.guard(file.sync().map_err(StoreError::io("sync", &path))));
        drop(file);
        if synced.is_err() {
            let _ = self.vfs.remove(&path);
        }
        synced.map(|()| path)
    }

    /// Writes a file so that it is there whole or not at all; the folder is not synced yet.
    fn write_atomic(&self, to: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let temp = self.write_temp(bytes)?;
        self.rename(&temp, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.check_writable()?;
        let renamed = self.vfs.rename(from, to).map_err(StoreError::io("rename to", to));
        if renamed.is_err() {
            let _ = self.vfs.remove(from);
        }
        renamed
    }

    fn sync_dir(&self, path: &Path) -> Result<(), StoreError> {
        self.check_writable()?;
        self.guard(self.vfs.sync_dir(path).map_err(StoreError::io("sync", path)))
    }
}

fn format_bytes() -> String {
    format!("{FORMAT_LINE} {}\n", Digest::of(FORMAT_LINE.as_bytes()))
}

/// Reads the file `format`: a line and the digest of that line, whatever the version.
fn read_format(vfs: &dyn Vfs, path: &Path) -> Result<(), StoreError> {
    let bytes = read_all(vfs, path, 4096).map_err(missing_or("read", path))?;
    if bytes == format_bytes().as_bytes() {
        return Ok(());
    }
    let newer = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.strip_suffix('\n')?.rsplit_once(' '))
        .filter(|(line, digest)| Digest::parse(digest) == Ok(Digest::of(line.as_bytes())))
        .and_then(|(line, _)| line.strip_prefix("holotype repository ")?.parse::<u32>().ok())
        .filter(|number| *number > 1);
    match newer {
        Some(number) => Err(StoreError::NewerFormat {
            path: path.to_owned(),
            why: format!("repository format {number}"),
        }),
        None => Err(StoreError::damaged(path, "it does not name a format")),
    }
}

/// Reads the file `repository.json`.
fn read_repository(vfs: &dyn Vfs, path: &Path) -> Result<RepositoryRecord, StoreError> {
    let bytes = read_all(vfs, path, 1 << 20).map_err(missing_or("read", path))?;
    sealed::unseal(path, &bytes).map(|(repository, _)| repository)
}

/// Refuses a place where a repository is, or was.
fn check_free(vfs: &dyn Vfs, dir: &Path, root: &Path) -> Result<(), StoreError> {
    let format = root.join("format");
    let size = vfs
        .size_bytes(&format)
        .map_err(StoreError::io("look at", &format))?;
    if size.is_some() {
        return Err(StoreError::RepositoryExists { path: dir.to_owned() });
    }
    if is_in_use(vfs, root)? {
        return Err(StoreError::Missing { path: format });
    }
    Ok(())
}

/// Whether a folder `.holotype` holds what only a finished repository can hold. Where it does, a missing file
/// `format` is damage, and neither a repository further up nor a new one may take its place.
fn is_in_use(vfs: &dyn Vfs, root: &Path) -> Result<bool, StoreError> {
    for folder in ["objects", "private", "refs/heads/main", "draft"] {
        let path = root.join(folder);
        match vfs.list(&path) {
            Ok(entries) if entries.is_empty() => {}
            Ok(_) => return Ok(true),
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) => {}
            Err(error) => return Err(StoreError::io("list", &path)(error)),
        }
    }
    Ok(false)
}

/// Says that a file is missing, or what else was wrong.
fn missing_or(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| {
        if source.kind() == std::io::ErrorKind::NotFound {
            StoreError::Missing { path }
        } else {
            StoreError::io(action, &path)(source)
        }
    }
}

/// Creates a folder and those above it, and syncs the folder that holds the first new one.
fn create_dir_all(vfs: &dyn Vfs, dir: &Path) -> Result<(), StoreError> {
    let look = |path: &Path| vfs.size_bytes(path).map_err(StoreError::io("look at", path));
    if dir.as_os_str().is_empty() || look(dir)?.is_some() {
        return Ok(());
    }
    let create = |dir| vfs.create_dir(dir).map_err(StoreError::io("create", dir));
    let Some(parent) = dir.parent() else {
        return create(dir);
    };
    create_dir_all(vfs, parent)?;
    create(dir)?;
    // A name alone is in the present folder.
    let parent = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    vfs.sync_dir(parent).map_err(StoreError::io("sync", parent))
}

#[cfg(test)]
mod tests;
