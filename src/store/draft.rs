//! The draft: what was acknowledged and is not yet committed. One append-only file per branch, each line a record
//! with a digest of itself; a line counts once it is whole, and is synced before it is acknowledged.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::codec::{Extra, Record, Tag, record};
use crate::id::{BatchId, Digest};

use super::vfs::{Durability, Lock, LockMode, read_all};
use super::{Store, StoreError, missing_or, sealed};

record! {
    /// The first line of a draft.
    pub struct DraftHead {
        /// The digest of the slot that the draft was begun on; none on an empty branch.
        pub base: Option<Digest> = optional,
        /// The number of that slot; 0 on an empty branch.
        pub base_seq: u64,
        /// The format.
        pub format: Tag<DraftHead>,
        /// A random number that names this draft.
        pub id: Digest,
    }
}

impl Record for DraftHead {
    const FORMAT: &'static str = "holotype/draft/1";
}

/// Where the events of a line are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum EventsWire {
    /// The bytes of a batch, here as text.
    Inline(String),
    /// A batch that is an object already.
    Stored(BatchId),
}

record! {
    /// A further line of a draft.
    struct DraftLine {
        events: Vec<EventsWire>,
        format: Tag<DraftLine>,
        number: u64,
    }
}

impl Record for DraftLine {
    const FORMAT: &'static str = "holotype/draft-line/1";
}

/// Events that were acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftEntry {
    /// The bytes of a batch.
    Inline(Vec<u8>),
    /// A batch that is an object already.
    Stored(BatchId),
}

/// A draft as read.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftFile {
    /// Its first line.
    pub head: DraftHead,
    /// What was acknowledged, in order.
    pub entries: Vec<DraftEntry>,
    /// How many bytes of a last line a crash left unfinished; they were never acknowledged.
    pub torn_bytes: u64,
    /// How many lines there are after the first.
    lines: u64,
    /// The length in bytes up to the last whole line.
    whole_bytes: u64,
}

impl DraftFile {
    /// Whether it is the draft of a note, with all that was acknowledged.
    pub(super) fn covers(&self, note: &super::Acknowledged) -> bool {
        self.head.id == note.draft && self.whole_bytes >= note.bytes
    }
}

impl From<EventsWire> for DraftEntry {
    fn from(wire: EventsWire) -> Self {
        match wire {
            EventsWire::Inline(text) => Self::Inline(text.into_bytes()),
            EventsWire::Stored(batch) => Self::Stored(batch),
        }
    }
}

impl TryFrom<&DraftEntry> for EventsWire {
    type Error = std::string::FromUtf8Error;

    fn try_from(entry: &DraftEntry) -> Result<Self, Self::Error> {
        match entry {
            DraftEntry::Inline(bytes) => String::from_utf8(bytes.clone()).map(Self::Inline),
            DraftEntry::Stored(batch) => Ok(Self::Stored(*batch)),
        }
    }
}

/// The lock under which drafts are changed; it ends when this is dropped.
#[derive(Debug)]
pub struct DraftLock(#[expect(dead_code, reason = "held for its lock")] Box<dyn Lock>);

impl Store {
    fn draft_path(&self, branch: &str) -> PathBuf {
        self.path("draft").join(format!("{branch}.jsonl"))
    }

    /// Takes the lock under which drafts are changed.
    ///
    /// # Errors
    /// When the kernel gives none.
    pub fn lock_draft(&self) -> Result<DraftLock, StoreError> {
        self.begin_writing()?;
        let path = self.path("draft");
        self.vfs
            .lock(&path, LockMode::Exclusive)
            .map(DraftLock)
            .map_err(StoreError::io("lock", &path))
    }

    /// Reads the draft; a last line that a crash left unfinished was never acknowledged and does not count.
    ///
    /// # Errors
    /// When what was acknowledged is damaged, or the file cannot be read.
    pub fn read_draft(&self, branch: &str) -> Result<Option<DraftFile>, StoreError> {
        let path = self.draft_path(branch);
        let note = self.acknowledged(branch);
        let bytes = match read_all(self.vfs.as_ref(), &path, u64::MAX).map_err(missing_or("read", &path)) {
            Ok(bytes) => bytes,
            Err(StoreError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let draft = parse(&path, &bytes)?;
        let acknowledged = note.filter(|note| note.draft == draft.head.id);
        if acknowledged.is_some_and(|note| note.bytes > draft.whole_bytes) {
            return Err(StoreError::damaged(
                &path,
                "a line at its end that was acknowledged is damaged or missing",
            ));
        }
        Ok(Some(draft))
    }

    /// Appends one line to the draft that begins with `head`, and begins it where it is not there; durable when this
    /// returns. Another draft that stands there was sealed, and could not be removed: it is replaced, since what
    /// follows a sealed draft is not read.
    ///
    /// # Errors
    /// When a line cannot be written or made durable; the draft is then as before.
    pub fn append_draft(
        &self,
        _lock: &DraftLock,
        branch: &str,
        head: &DraftHead,
        entries: &[DraftEntry],
    ) -> Result<(), StoreError> {
        self.check_writable()?;
        let path = self.draft_path(branch);
        let present = self.read_draft(branch)?.filter(|draft| draft.head.id == head.id);
        let events = entries
            .iter()
            .map(EventsWire::try_from)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| StoreError::damaged(&path, error.to_string()))?;
        let number = present.as_ref().map_or(0, |draft| draft.lines);
        let line = DraftLine {
            events,
            format: Tag::default(),
            number,
            extra: Extra::default(),
        };
        let line = seal(&path, &line)?;
        let Some(draft) = present else {
            let bytes = [seal(&path, head)?, line].concat();
            self.write_atomic(&path, &bytes)?;
            self.sync_dir(&self.path("draft"))?;
            self.note_acknowledged(branch, head.id, length(&bytes));
            return Ok(());
        };
        let size = self
            .vfs
            .size_bytes(&path)
            .map_err(StoreError::io("look at", &path))?;
        if size != Some(draft.whole_bytes) {
            self.vfs
                .truncate(&path, draft.whole_bytes)
                .map_err(StoreError::io("cut", &path))?;
        }
        let appended = self
            .vfs
            .append(&path, &line, Durability::Synced)
            .map_err(StoreError::io("append to", &path));
        if appended.is_err() {
            // What was half written must not be taken for acknowledged by a later reader.
            let _ = self.vfs.truncate(&path, draft.whole_bytes);
        }
        self.guard(appended)?;
        self.note_acknowledged(branch, draft.head.id, draft.whole_bytes + length(&line));
        Ok(())
    }

    /// Removes the draft, which is given up; durable when this returns.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn discard_draft(&self, _lock: &DraftLock, branch: &str) -> Result<(), StoreError> {
        self.forget_acknowledged(branch)?;
        self.remove_erased(&self.draft_path(branch))
    }

    /// Removes the draft, which a slot says was sealed: one that stays behind does no harm, so nothing is synced.
    pub fn drop_draft(&self, _lock: &DraftLock, branch: &str) {
        self.drop_acknowledged(branch);
        let _ = self.vfs.remove(&self.draft_path(branch));
    }
}

/// Reads the lines of a draft, up to what a crash can have left of the last one.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<DraftFile, StoreError> {
    let mut head = None;
    let mut entries = Vec::new();
    let mut lines = 0_u64;
    let mut whole_bytes = 0_u64;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let is_last = whole_bytes + length(line) == length(bytes);
        if is_last && is_torn(path, line)? {
            break;
        }
        if head.is_none() {
            let (read, _): (DraftHead, _) = sealed::unseal(path, line)?;
            head = Some(read);
        } else {
            let (read, _): (DraftLine, _) = sealed::unseal(path, line)?;
            if read.number != lines {
                return Err(StoreError::damaged(
                    path,
                    format!("line {} is missing", lines + 2),
                ));
            }
            lines += 1;
            entries.extend(read.events.into_iter().map(DraftEntry::from));
        }
        whole_bytes += length(line);
    }
    // The first two lines came in together, before the file had its name: no crash leaves less.
    let head = head
        .filter(|_| lines > 0)
        .ok_or_else(|| StoreError::damaged(path, "its first lines are not whole"))?;
    Ok(DraftFile {
        head,
        entries,
        torn_bytes: length(bytes).saturating_sub(whole_bytes),
        lines,
        whole_bytes,
    })
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn seal<R: Record>(path: &Path, record: &R) -> Result<Vec<u8>, StoreError> {
    let sealed = sealed::seal(record).map_err(|error| StoreError::damaged(path, error.to_string()))?;
    Ok(sealed.0)
}

/// Whether a crash can have left the last line like this: without its end, or with a hole, which reads as zeros.
///
/// # Errors
/// When it is a whole line whose newline became another byte: that is damage, no crash.
fn is_torn(path: &Path, line: &[u8]) -> Result<bool, StoreError> {
    if line.ends_with(b"\n") {
        return Ok(line.contains(&0));
    }
    let mut mended = line.to_vec();
    if let Some(last) = mended.last_mut() {
        *last = b'\n';
    }
    let is_whole = sealed::unseal::<DraftLine>(path, &mended).is_ok()
        || sealed::unseal::<DraftHead>(path, &mended).is_ok();
    if is_whole {
        return Err(StoreError::damaged(
            path,
            "the newline of its last line is damaged",
        ));
    }
    Ok(true)
}

impl DraftHead {
    /// The first line of a draft that begins on a slot, or on an empty branch.
    #[must_use]
    pub fn new(id: Digest, base: Option<&super::SlotRead>) -> Self {
        Self {
            base: base.map(|read| read.digest),
            base_seq: base.map_or(0, |read| read.slot.seq),
            format: Tag::default(),
            id,
            extra: Extra::default(),
        }
    }
}
