//! Repositories with fixed time and seed, built through the library: for the specification, for the frozen one of
//! `tests/compat/`, and for the reader in Python.

#![allow(dead_code, reason = "each test uses some of it")]

pub(crate) mod example;
pub(crate) mod random;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holotype::event::{BatchWriter, Command, Context, Event};
use holotype::id::{BlobId, Code, Digest, PrivateId};
use holotype::model::ImageFile;
use holotype::repo::{Committed, MAIN, Repo, Sealing, Surroundings};
use holotype::store::{BlobSource, DraftEntry, DraftHead, PrivateKind, RealVfs};
use holotype::time::Timestamp;

/// The seed of all repositories of the tests.
pub(crate) fn seed() -> Digest {
    Digest::of(b"seed of the examples")
}

/// The `n`-th second of the examples' day.
pub(crate) fn second(n: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_793_534_400_000 + 1000 * n).expect("a time in 2026")
}

/// Time and randomness at the `n`-th second.
pub(crate) fn around(n: i64) -> Surroundings {
    Surroundings {
        now: second(n),
        seed: Some(seed()),
    }
}

/// A repository that is being written; each commit is a second later than the one before.
pub(crate) struct Author {
    pub(crate) dir: PathBuf,
    pub(crate) repo: Repo,
    pub(crate) person: PrivateId,
    seconds: i64,
}

struct Bytes {
    rest: std::io::Cursor<Vec<u8>>,
    path: PathBuf,
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.rest.read(buffer)
    }
}

impl BlobSource for Bytes {
    fn as_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

impl Author {
    /// Makes a repository in `dir`.
    pub(crate) fn begin(dir: &Path, name: &str) -> Self {
        let repo = Repo::init(Arc::new(RealVfs), dir, name, around(0)).expect("the folder is empty");
        let person = repo
            .remember_author("Ada Ørsted")
            .expect("a private object is written");
        Self {
            dir: dir.to_owned(),
            repo,
            person,
            seconds: 0,
        }
    }

    /// Lets a second pass.
    pub(crate) fn tick(&mut self) {
        self.seconds += 1;
        self.repo =
            Repo::open(Arc::new(RealVfs), &self.dir, around(self.seconds)).expect("the repository opens");
    }

    /// What the author records at this second.
    pub(crate) fn context(&self) -> Context {
        self.repo.context(self.person)
    }

    /// The same, by an annotator.
    pub(crate) fn rating_by(&self, code: &str) -> Context {
        Context {
            annotator: Some(self::code(code)),
            ..self.context()
        }
    }

    fn sealing(&self, message: &str) -> Sealing {
        Sealing {
            author: self.person,
            message: message.to_owned(),
        }
    }

    /// Commits what commands lead to.
    pub(crate) fn commit(&mut self, message: &str, commands: Vec<(Context, Command)>) -> Committed {
        let sealing = self.sealing(message);
        let ((), committed) = self
            .repo
            .commit_with(&sealing, |transaction, _| {
                for (context, command) in &commands {
                    transaction.must(context, command.clone())?;
                }
                Ok(())
            })
            .expect("the commands are accepted");
        self.tick();
        committed.expect("the commands change something")
    }

    /// Appends events to the draft as they are, such as those that no command leads to.
    pub(crate) fn draft_events(&self, events: Vec<(Context, Event)>) {
        let mut writer = BatchWriter::new();
        for (context, event) in events {
            writer.push(&context, &event).expect("the event can be written");
        }
        let batch = writer.seal().expect("there are events");
        let store = self.repo.store();
        let lock = store.lock_draft().expect("the lock is free");
        let head = DraftHead::new(Digest::of(b"a draft"), self.repo.tip().expect("a tip").as_ref());
        store
            .append_draft(&lock, MAIN, &head, &[DraftEntry::Inline(batch.bytes)])
            .expect("the draft is written");
    }

    /// Seals the draft.
    pub(crate) fn commit_draft(&mut self, message: &str) -> Committed {
        let committed = self
            .repo
            .commit_draft(&self.sealing(message))
            .expect("the draft fits");
        self.tick();
        committed
    }

    /// Stores the bytes of a file.
    pub(crate) fn blob(&self, name: &str, bytes: &[u8]) -> ImageFile {
        let mut source = Bytes {
            rest: std::io::Cursor::new(bytes.to_vec()),
            path: PathBuf::from(name),
        };
        let store = self.repo.store();
        let staged = store.stage_blob(&mut source).expect("the blob is staged");
        let (id, size) = (staged.id, staged.size_bytes);
        assert_eq!(id, BlobId::of(bytes), "a blob's id is the hash of its bytes");
        store.publish_blobs(&mut [staged]).expect("the blob is published");
        ImageFile::new(name.to_owned(), id, size)
    }

    /// Keeps a text that can name a person.
    pub(crate) fn private(&self, kind: PrivateKind, text: &str) -> PrivateId {
        self.repo
            .private(kind, text)
            .expect("a private object is written")
    }
}

/// A code.
pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).expect("a code")
}

/// Copies a folder.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder is made");
    for entry in std::fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("the file is copied");
        }
    }
}
