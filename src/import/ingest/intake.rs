//! Files on their way into the store: each is opened once and read once, by several threads at a time, and each of
//! these holds a few pieces of one file.
//!
//! More threads than cores, because a thread mostly waits for the disk to say that a file is durable.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::event::read;
use crate::files::input::{FilesError, FoundFile, InputFile};
use crate::files::probe::{Probe, probe};
use crate::id::{BlobId, ImageId};
use crate::model::{ImageRecord, Key};
use crate::repo::{Repo, RepoError, Version};
use crate::store::{BlobSource, HashedBytes, PIECE_BYTES, StagedBlob, StoreError, fill_piece, hash_stream};

use super::{Copying, IngestError};

/// At most so many files are stored before their names are made durable together: 64 names for each sync.
const GROUP_FILES: usize = 16_384;
/// A group ends with the file that brings it to so many bytes: what is lost when the process is killed.
const GROUP_BYTES: u64 = 16 << 30;
/// Threads that store, whatever the number of cores.
const THREADS_MIN: usize = 4;
/// With their pieces, so many threads take less than 50 MB.
const THREADS_MAX: usize = 8;

/// A file whose bytes are stored, or known.
pub(super) struct Stored<'f> {
    pub(super) found: &'f FoundFile,
    pub(super) blob: BlobId,
    pub(super) size_bytes: u64,
    /// What its header says; none when the image is here with these bytes.
    pub(super) probe: Option<Probe>,
}

/// Cuts files into groups whose names are made durable together.
pub(super) fn groups(files: &[FoundFile]) -> impl Iterator<Item = &[FoundFile]> {
    let mut rest = files;
    std::iter::from_fn(move || {
        let mut bytes = 0_u64;
        let fits = |file: &&FoundFile| {
            let begun = bytes;
            bytes = bytes.saturating_add(file.size_bytes);
            begun < GROUP_BYTES
        };
        let count = rest.iter().take(GROUP_FILES).take_while(fits).count();
        let (group, after) = rest.split_at_checked(count)?;
        rest = after;
        (count > 0).then_some(group)
    })
}

/// The blob that the image has now, where its length is that of the file: then the file is read before it is copied.
pub(super) fn expected(known: &Version, file: &FoundFile) -> Result<Option<BlobId>, IngestError> {
    let record: Option<ImageRecord> =
        read(known, &Key::image(ImageId::of_name(&file.name))).map_err(RepoError::from)?;
    Ok(record.and_then(|record| match record.files.as_slice() {
        [only] if only.size_bytes == file.size_bytes => Some(only.blob),
        _ => None,
    }))
}

/// Takes files in.
pub(super) struct Intake<'r> {
    repo: &'r Repo,
    copying: Copying,
    /// Blobs that a thread has taken in hand: files with the same bytes are written once.
    taken: Mutex<BTreeSet<BlobId>>,
}

/// A file that one thread is done with.
type Done<'f> = (Stored<'f>, Option<StagedBlob>);

impl<'r> Intake<'r> {
    pub(super) fn new(repo: &'r Repo, copying: Copying) -> Self {
        Self {
            repo,
            copying,
            taken: Mutex::default(),
        }
    }

    /// Stores a group of files and gives the blobs their names; when one file fails, all are given up.
    pub(super) fn store<'f>(
        &self,
        files: &'f [FoundFile],
        expected: &[Option<BlobId>],
        tick: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<Stored<'f>>, IngestError> {
        let mut done = self.share_out(files, expected, tick);
        done.sort_by_key(|(at, _)| *at);
        let mut failure = None;
        let mut stored = Vec::with_capacity(done.len());
        let mut staged = Vec::with_capacity(done.len());
        for (_, result) in done {
            match result {
                Ok((file, blob)) => {
                    stored.push(file);
                    staged.extend(blob);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if let Some(error) = failure {
            self.repo.store().discard_blobs(&mut staged);
            return Err(error);
        }
        self.repo.store().publish_blobs(&mut staged)?;
        Ok(stored)
    }

    /// Lets threads take one file after the other; all stop soon after one has failed.
    fn share_out<'f>(
        &self,
        files: &'f [FoundFile],
        expected: &[Option<BlobId>],
        tick: &(dyn Fn(u64) + Sync),
    ) -> Vec<(usize, Result<Done<'f>, IngestError>)> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            let mut piece = vec![0_u8; PIECE_BYTES];
            let mut done = Vec::new();
            while !failed.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(file), Some(expected)) = (files.get(at), expected.get(at)) else {
                    break;
                };
                let result = self.take(file, *expected, &mut piece);
                failed.fetch_or(result.is_err(), Ordering::Relaxed);
                done.push((at, result));
                tick(file.size_bytes);
            }
            done
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..thread_count().min(files.len()))
                .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
                .collect();
            // Where no thread can be had, this one does the work.
            let own = if threads.is_empty() { work() } else { Vec::new() };
            threads
                .into_iter()
                .flat_map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .chain(own)
                .collect()
        })
    }

    /// Stores one file, or only hashes it.
    fn take<'f>(
        &self,
        found: &'f FoundFile,
        expected: Option<BlobId>,
        piece: &mut [u8],
    ) -> Result<Done<'f>, IngestError> {
        let mut input = InputFile::open(&found.path)?;
        let count = fill_piece(&mut input, piece).map_err(read_error(&found.path))?;
        let (head, is_whole) = (piece.get(..count).unwrap_or(&[]), count < piece.len());
        let done = if is_whole {
            self.take_whole(found, expected, &input, head)
        } else {
            self.take_stream(found, expected, &mut input, head)
        };
        match done {
            Ok((_, mut staged)) if input.has_changed() => {
                self.repo.store().discard_blobs(staged.as_mut_slice());
                let path = found.path.clone();
                Err(FilesError::Changed { path }.into())
            }
            done => done,
        }
    }

    /// Takes a file whose bytes are in memory.
    fn take_whole<'f>(
        &self,
        found: &'f FoundFile,
        expected: Option<BlobId>,
        input: &InputFile,
        bytes: &[u8],
    ) -> Result<Done<'f>, IngestError> {
        let hashed = HashedBytes::of(bytes);
        let blob = hashed.id();
        let mut stored = Stored {
            found,
            blob,
            size_bytes: hashed.size_bytes(),
            probe: None,
        };
        if self.is_here(blob, expected)? {
            return Ok((stored, None));
        }
        stored.probe = Some(probe(Cursor::new(bytes), stored.size_bytes));
        if self.copying == Copying::LeaveThere || !self.claim(blob) {
            return Ok((stored, None));
        }
        let mut staged = self.repo.store().stage_bytes(hashed, Some(input.as_fd()))?;
        if staged.id == blob {
            return Ok((stored, Some(staged)));
        }
        // What was shared is not what was read; other files may count on the latter.
        self.repo.store().discard_blobs(std::slice::from_mut(&mut staged));
        let path = found.path.clone();
        Err(FilesError::Changed { path }.into())
    }

    /// Takes a file that goes on after its first bytes.
    fn take_stream<'f>(
        &self,
        found: &'f FoundFile,
        expected: Option<BlobId>,
        input: &mut InputFile,
        head: &[u8],
    ) -> Result<Done<'f>, IngestError> {
        let mut stored = Stored {
            found,
            blob: BlobId::of(&[]),
            size_bytes: found.size_bytes,
            probe: None,
        };
        let mut staged = None;
        let mut source = InputBlob { head, input };
        let is_only_hashed = expected.is_some() || self.copying == Copying::LeaveThere;
        if is_only_hashed {
            (stored.blob, stored.size_bytes) = hash_stream(&mut source).map_err(read_error(&found.path))?;
            if self.is_here(stored.blob, expected)? {
                return Ok((stored, None));
            }
        }
        if self.copying == Copying::Copy {
            if is_only_hashed {
                source.input.rewind()?;
            }
            let blob = self.repo.store().stage_blob(&mut source)?;
            (stored.blob, stored.size_bytes) = (blob.id, blob.size_bytes);
            staged = Some(blob);
        }
        stored.probe = Some(input.probe());
        Ok((stored, staged))
    }

    /// Whether the image has these bytes, and the repository holds them where it shall.
    fn is_here(&self, blob: BlobId, expected: Option<BlobId>) -> Result<bool, StoreError> {
        Ok(expected == Some(blob)
            && (self.copying == Copying::LeaveThere || self.repo.store().has_blob(blob)?))
    }

    /// Says whether a thread is the first to have these bytes.
    fn claim(&self, blob: BlobId) -> bool {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(blob)
    }
}

/// How many files are stored at a time.
fn thread_count() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    cores.saturating_mul(2).clamp(THREADS_MIN, THREADS_MAX)
}

fn read_error(path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    move |source| FilesError::Io {
        action: "read",
        path,
        source,
    }
}

/// A file whose first bytes were read already.
struct InputBlob<'i> {
    head: &'i [u8],
    input: &'i mut InputFile,
}

impl Read for InputBlob<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.head.is_empty() {
            self.input.read(buffer)
        } else {
            self.head.read(buffer)
        }
    }
}

impl BlobSource for InputBlob<'_> {
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.input.as_fd())
    }

    fn path(&self) -> &Path {
        self.input.path()
    }
}
