//! Files in memory that ask before each operation on what writers share, so that a schedule can decide what is next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use holotype::id::Digest;
use holotype::store::{DirEntry, Durability, Lock, LockMode, ReadFile, Vfs, WriteFile};

use crate::baton::{Fate, Hand};

/// The content of a file system, and who holds its locks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    files: BTreeMap<PathBuf, Arc<Vec<u8>>>,
    folders: BTreeSet<PathBuf>,
    locks: Vec<Held>,
    locks_given: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    path: PathBuf,
    number: u64,
    by: usize,
    is_shared: bool,
}

impl Disk {
    pub(crate) fn new() -> Arc<Mutex<Self>> {
        let folders = BTreeSet::from([PathBuf::from("/"), PathBuf::from("/m")]);
        Arc::new(Mutex::new(Self {
            folders,
            ..Self::default()
        }))
    }

    /// Whether a lock would have to wait.
    pub(crate) fn is_locked(&self, path: &Path, mode: LockMode) -> bool {
        let wants_share = mode == LockMode::Shared;
        let mut held = self.locks.iter().filter(|held| held.path == path);
        held.any(|held| !(wants_share && held.is_shared))
    }

    /// Whoever dies lets go of all its locks.
    pub(crate) fn bury(&mut self, who: usize) {
        self.locks.retain(|held| held.by != who);
    }

    /// The digest of all that is there, but for temporary files, whose names are random.
    pub(crate) fn digest(&self) -> Digest {
        let mut text = Vec::new();
        for (path, bytes) in self.files.iter().filter(|(path, _)| !is_temporary(path)) {
            text.extend(format!("{} {}\n", path.display(), Digest::of(bytes)).into_bytes());
        }
        for held in &self.locks {
            text.extend(format!("{} {} {}\n", held.path.display(), held.by, held.is_shared).into_bytes());
        }
        Digest::of(&text)
    }

    fn read(&self, path: &Path) -> io::Result<Arc<Vec<u8>>> {
        let found = self.files.get(path).cloned();
        found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn holder(&self, path: &Path) -> io::Result<()> {
        if path.parent().is_some_and(|folder| self.folders.contains(folder)) {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::NotFound))
        }
    }

    fn name(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.holder(to)?;
        let bytes = self.read(from)?;
        self.files.insert(to.to_owned(), bytes);
        Ok(())
    }
}

fn is_temporary(path: &Path) -> bool {
    path.starts_with("/m/.holotype/tmp")
}

/// A fault that a store can have, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    /// None: the store does what it should.
    Nothing,
    /// A name that is taken is given again.
    CreateOverwrites,
    /// Who did not get an answer looks, and is shown what was there before.
    StaleReadBack,
    /// Everybody gets every lock.
    LocksLockNothing,
}

/// What a process learns from an operation, as a short text.
trait Shown {
    fn shown(&self) -> String;
}

impl Shown for () {
    fn shown(&self) -> String {
        String::new()
    }
}

impl Shown for usize {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Shown for Option<u64> {
    fn shown(&self) -> String {
        format!("{self:?}")
    }
}

impl Shown for Arc<Vec<u8>> {
    fn shown(&self) -> String {
        Digest::of(self).to_string()
    }
}

impl Shown for Vec<DirEntry> {
    fn shown(&self) -> String {
        self.iter()
            .map(|entry| format!("{} {}/", entry.name, entry.size_bytes))
            .collect()
    }
}

/// The files as one process sees them.
#[derive(Clone)]
pub(crate) struct MemoryVfs {
    disk: Arc<Mutex<Disk>>,
    hand: Option<Arc<Hand>>,
    plant: Plant,
    unanswered: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl fmt::Debug for MemoryVfs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MemoryVfs")
    }
}

impl MemoryVfs {
    pub(crate) fn new(disk: &Arc<Mutex<Disk>>, hand: Option<Arc<Hand>>, plant: Plant) -> Self {
        Self {
            disk: Arc::clone(disk),
            hand,
            plant,
            unanswered: Arc::default(),
        }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    fn who(&self) -> usize {
        self.hand.as_ref().map_or(usize::MAX, |hand| hand.who)
    }

    /// Asks whether an operation may go on, then does it.
    fn act<T: Shown>(
        &self,
        what: &'static str,
        path: &Path,
        work: impl FnOnce(&mut Disk) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(hand) = &self.hand else {
            return work(&mut self.disk());
        };
        match hand.ask(what, path, None) {
            Fate::Free => work(&mut self.disk()),
            Fate::Work => {
                let result = work(&mut self.disk());
                match &result {
                    Ok(found) => hand.saw(&found.shown()),
                    Err(error) => hand.saw(&error.kind().to_string()),
                }
                result
            }
            Fate::LoseAnswer => {
                work(&mut self.disk())?;
                self.unanswered.lock().unwrap().insert(path.to_owned());
                hand.saw("no answer");
                Err(io::Error::other("no answer"))
            }
            Fate::Fail => {
                hand.saw("a failure");
                Err(io::Error::other("a failure"))
            }
            Fate::Die => Err(io::Error::other("dead")),
        }
    }
}

struct MemoryRead(Cursor<Arc<Bytes>>);

struct Bytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Read for MemoryRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = usize::try_from(self.0.position()).unwrap();
        let rest = self.0.get_ref().0.get(at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.0.set_position(u64::try_from(at + count).unwrap());
        Ok(count)
    }
}

impl Seek for MemoryRead {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = i64::try_from(self.0.get_ref().0.len()).unwrap();
        let position = match to {
            SeekFrom::Start(at) => i64::try_from(at).unwrap(),
            SeekFrom::End(by) => length + by,
            SeekFrom::Current(by) => i64::try_from(self.0.position()).unwrap() + by,
        };
        self.0.set_position(u64::try_from(position).unwrap());
        Ok(self.0.position())
    }
}

impl ReadFile for MemoryRead {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        let piece = self.0.get_ref().0.get(at..at + buffer.len());
        let piece = piece.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        buffer.copy_from_slice(piece);
        Ok(())
    }

    fn size_bytes(&self) -> io::Result<u64> {
        Ok(u64::try_from(self.0.get_ref().0.len()).unwrap())
    }
}

/// A file of one writer alone: nobody else knows its name yet.
struct MemoryWrite {
    vfs: MemoryVfs,
    path: PathBuf,
}

impl Write for MemoryWrite {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.vfs.act("write", &self.path, |disk| {
            let file = disk.files.get_mut(&self.path);
            let file = file.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            Arc::make_mut(file).extend(bytes);
            Ok(bytes.len())
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WriteFile for MemoryWrite {
    fn sync(&mut self) -> io::Result<()> {
        self.vfs.act("sync", &self.path, |_| Ok(()))
    }

    fn clone_from_file(&mut self, _source: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

struct MemoryLock {
    disk: Arc<Mutex<Disk>>,
    number: u64,
}

impl fmt::Debug for MemoryLock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MemoryLock")
    }
}

impl Lock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        let mut disk = self.disk.lock().unwrap();
        disk.locks.retain(|held| held.number != self.number);
    }
}

impl Vfs for MemoryVfs {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadFile>> {
        let is_shown_before =
            self.plant == Plant::StaleReadBack && self.unanswered.lock().unwrap().remove(path);
        let bytes = self.act("open", path, |disk| {
            if is_shown_before {
                return Err(io::Error::from(io::ErrorKind::NotFound));
            }
            disk.read(path)
        })?;
        Ok(Box::new(MemoryRead(Cursor::new(Arc::new(Bytes(bytes))))))
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.act("create", path, |disk| {
            disk.holder(path)?;
            disk.files.insert(path.to_owned(), Arc::default());
            Ok(())
        })?;
        let (vfs, path) = (self.clone(), path.to_owned());
        Ok(Box::new(MemoryWrite { vfs, path }))
    }

    fn append(&self, path: &Path, bytes: &[u8], _durability: Durability) -> io::Result<()> {
        self.act("append", path, |disk| {
            disk.holder(path)?;
            let file = disk.files.entry(path.to_owned()).or_default();
            Arc::make_mut(file).extend(bytes);
            Ok(())
        })
    }

    fn truncate(&self, path: &Path, size_bytes: u64) -> io::Result<()> {
        self.act("truncate", path, |disk| {
            let length = usize::try_from(size_bytes).unwrap();
            let file = disk.files.get_mut(path);
            let file = file.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            Arc::make_mut(file).resize(length, 0);
            Ok(())
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act("rename", to, |disk| {
            disk.name(from, to)?;
            disk.files.remove(from);
            Ok(())
        })
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.link(from, to)?;
        self.remove(from)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act("link", to, |disk| {
            if disk.files.contains_key(to) && self.plant != Plant::CreateOverwrites {
                return Err(io::Error::from(io::ErrorKind::AlreadyExists));
            }
            disk.name(from, to)
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.act("remove", path, |disk| {
            let removed = disk.files.remove(path).map(drop);
            removed.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        })
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.act("remove folder", path, |disk| {
            disk.files.retain(|file, _| !file.starts_with(path));
            disk.folders.retain(|folder| !folder.starts_with(path));
            Ok(())
        })
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.act("create folder", path, |disk| {
            disk.holder(path)?;
            disk.folders.insert(path.to_owned());
            Ok(())
        })
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.act("sync folder", path, |_| Ok(()))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.act("list", path, |disk| {
            if !disk.folders.contains(path) {
                return Err(io::Error::from(io::ErrorKind::NotFound));
            }
            let is_here = |other: &Path| other != path && other.parent() == Some(path);
            let entry = |other: &Path, is_dir, size_bytes| DirEntry {
                name: other.file_name().unwrap().to_str().unwrap().to_owned(),
                is_dir,
                size_bytes,
                modified_ms: None,
            };
            let files = disk.files.iter().filter(|(file, _)| is_here(file));
            let files = files.map(|(file, bytes)| entry(file, false, u64::try_from(bytes.len()).unwrap()));
            let folders = disk.folders.iter().filter(|folder| is_here(folder));
            let mut found: Vec<DirEntry> = folders.map(|folder| entry(folder, true, 0)).collect();
            found.extend(files);
            found.sort();
            Ok(found)
        })
    }

    fn size_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        self.act("look", path, |disk| {
            let size = disk
                .files
                .get(path)
                .map(|file| u64::try_from(file.len()).unwrap());
            Ok(size.or_else(|| disk.folders.contains(path).then_some(0)))
        })
    }

    fn lock(&self, path: &Path, mode: LockMode) -> io::Result<Box<dyn Lock>> {
        let fate = self.hand.as_ref().map(|hand| hand.ask("lock", path, Some(mode)));
        if fate == Some(Fate::Die) {
            return Err(io::Error::other("dead"));
        }
        let mut disk = self.disk();
        let locks = self.plant != Plant::LocksLockNothing;
        let result = if locks && disk.is_locked(path, mode) {
            // Whoever would wait is not asked to go on.
            assert_eq!(mode, LockMode::TryExclusive, "{} waits", path.display());
            Err(io::Error::from(io::ErrorKind::WouldBlock))
        } else {
            Ok(())
        };
        if let Some(hand) = &self.hand
            && fate == Some(Fate::Work)
        {
            hand.saw(&format!("{result:?}"));
        }
        result?;
        disk.locks_given += 1;
        let number = disk.locks_given;
        disk.locks.push(Held {
            path: path.to_owned(),
            number,
            by: self.who(),
            is_shared: mode == LockMode::Shared,
        });
        Ok(Box::new(MemoryLock {
            disk: Arc::clone(&self.disk),
            number,
        }))
    }
}
