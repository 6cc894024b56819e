//! Refs only ever grow. A branch is a sequence of create-only slots, `refs/heads/<branch>/<ten digits>`; to commit
//! is to create the next one. A tag is one create-only file. `refs/witness` gets an unsynced line after each: it
//! may lag behind after a crash; where it leads, a slot or tag was removed.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::codec::{Extra, Record, Tag, record};
use crate::id::{CommitId, Digest, PrivateId};
use crate::time::Timestamp;

use super::vfs::{Durability, LockMode, read_all};
use super::{Store, StoreError, missing_or, sealed};

/// The name of the witness file.
const WITNESS: &str = "refs/witness";

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
        pub nonce: Digest,
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

/// One line of the witness. `check` is the digest of the line without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WitnessLine {
    /// The digest of the slot or tag.
    pub digest: Digest,
    /// The branch or tag.
    pub name: String,
    /// The slot's number; none for a tag.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seq: Option<u64>,
}

/// What the witness says beside the refs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WitnessState {
    /// Refs that the witness saw and that are gone or differ: damage.
    pub leading: Vec<String>,
    /// How many refs the witness has not seen: a crash.
    pub lagging: u64,
    /// What is wrong with the file itself.
    pub damage: Option<String>,
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

    /// Creates the witness, empty but for its first line.
    pub(super) fn create_witness(&self) -> Result<(), StoreError> {
        let line = WitnessLine {
            digest: self.repository.id,
            name: "repository".to_owned(),
            seq: None,
        };
        self.write_atomic(&self.path(WITNESS), &witness_bytes(&line))
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

    /// Returns the highest slot of a branch in the last lines of the witness; 0 when there is none. A slot stands
    /// before its line does, so who looks at the witness first must find every slot that it names.
    fn last_witnessed(&self, branch: &str) -> Result<u64, StoreError> {
        let path = self.path(WITNESS);
        let file = self.vfs.open(&path).map_err(missing_or("open", &path))?;
        let size = file.size_bytes().map_err(StoreError::io("read", &path))?;
        let start = size.saturating_sub(4096);
        let mut tail = vec![0_u8; usize::try_from(size - start).unwrap_or(0)];
        match file.read_exact_at(&mut tail, start) {
            // Somebody cut off what a crash had left: whole lines are still there for the next one who looks.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => tail.clear(),
            other => other.map_err(StoreError::io("read", &path))?,
        }
        let lines = tail
            .split(|byte| *byte == b'\n')
            .map(without_hole)
            .filter_map(parse_witness);
        Ok(lines
            .filter(|line| line.name == branch)
            .filter_map(|line| line.seq)
            .max()
            .unwrap_or(0))
    }

    /// Creates the next slot of a branch. This is the commit point.
    ///
    /// # Errors
    /// When it cannot be written or made durable.
    pub fn create_slot(&self, slot: &Slot) -> Result<RefUpdate<SlotRead>, StoreError> {
        let path = self.slot_path(&slot.branch, slot.seq);
        let (bytes, digest) = seal(&path, slot)?;
        if !self.create_once(&path, &bytes)? {
            let actual = self
                .read_slot(&slot.branch, slot.seq)?
                .ok_or_else(|| StoreError::Missing { path: path.clone() })?;
            if actual.slot.nonce != slot.nonce {
                return Ok(RefUpdate::Stale(actual));
            }
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

    /// Creates a file that must not exist, whole; false when it exists.
    fn create_once(&self, path: &Path, bytes: &[u8]) -> Result<bool, StoreError> {
        let temp = self.write_temp(bytes)?;
        let linked = self.vfs.link(&temp, path);
        let _ = self.vfs.remove(&temp);
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(StoreError::io("create", path)(error)),
        }
    }

    /// Reads a tag, verified; `None` when there is none of this name.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn read_tag(&self, name: &str) -> Result<Option<TagRecord>, StoreError> {
        Ok(self.read_tag_sealed(name)?.map(|(tag, _)| tag))
    }

    fn read_tag_sealed(&self, name: &str) -> Result<Option<(TagRecord, Digest)>, StoreError> {
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
        if !self.create_once(&path, &bytes)? {
            let actual = self
                .read_tag(&tag.name)?
                .ok_or_else(|| StoreError::Missing { path: path.clone() })?;
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

    /// Appends a line to the witness. It is never waited for: a line that is missing is a crash, no damage.
    fn witness(&self, line: &WitnessLine) {
        let path = self.path(WITNESS);
        let Ok(_lock) = self.vfs.lock(&path, LockMode::Exclusive) else {
            return;
        };
        if self.cut_torn_line(&path).is_ok() {
            let _ = self.vfs.append(&path, &witness_bytes(line), Durability::Unsynced);
        }
    }

    /// Cuts off a last line that a crash left unfinished.
    fn cut_torn_line(&self, path: &Path) -> io::Result<()> {
        let file = self.vfs.open(path)?;
        let size = file.size_bytes()?;
        let start = size.saturating_sub(4096);
        let mut tail = vec![0_u8; usize::try_from(size - start).unwrap_or(0)];
        file.read_exact_at(&mut tail, start)?;
        let torn = tail.iter().rev().take_while(|byte| **byte != b'\n').count();
        if torn == 0 || torn == tail.len() {
            return Ok(());
        }
        self.vfs.truncate(path, size - u64::try_from(torn).unwrap_or(0))
    }

    /// Compares the whole witness with the refs.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn check_witness(&self) -> Result<WitnessState, StoreError> {
        let path = self.path(WITNESS);
        let bytes = read_all(self.vfs.as_ref(), &path, u64::MAX).map_err(missing_or("read", &path))?;
        let mut state = WitnessState::default();
        let mut seen = std::collections::BTreeSet::new();
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').peekable();
        let mut number = 0_u64;
        while let Some(text) = lines.next() {
            number += 1;
            match text.strip_suffix(b"\n").map(without_hole).and_then(parse_witness) {
                Some(line) if number == 1 => {
                    if line.digest != self.repository.id || line.name != "repository" {
                        state.damage = Some("its first line is that of another repository".to_owned());
                    }
                }
                Some(line) if line.digest == self.repository.id => {
                    state.damage = Some(format!("its first line stands again as line {number}"));
                }
                Some(line) => {
                    if !self.is_witnessed(&line)? {
                        state.leading.push(describe(&line));
                    }
                    seen.insert((line.name, line.seq));
                }
                // A crash can leave the beginning of a line at the end of the file, or zeros instead of it. The
                // first line was there whole before anything could be appended.
                None if number > 1 && lines.peek().is_none() && is_torn(text) => {}
                None => state.damage = Some(format!("its line {number} is no line of a witness")),
            }
        }
        if number == 0 {
            state.damage = Some("it is empty".to_owned());
        }
        state.lagging = self.count_unseen(&seen)?;
        Ok(state)
    }

    fn is_witnessed(&self, line: &WitnessLine) -> Result<bool, StoreError> {
        let found = match line.seq {
            Some(seq) => self
                .read_slot(&line.name, seq)
                .map(|slot| slot.map(|slot| slot.digest)),
            None => self
                .read_tag_sealed(&line.name)
                .map(|tag| tag.map(|(_, digest)| digest)),
        };
        match found {
            Ok(digest) => Ok(digest == Some(line.digest)),
            // The damage is found where the slots and tags themselves are looked at.
            Err(error) if error.is_damage() => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn count_unseen(
        &self,
        seen: &std::collections::BTreeSet<(String, Option<u64>)>,
    ) -> Result<u64, StoreError> {
        let mut unseen = 0;
        for branch in self.list_branches()? {
            for entry in self.list(&format!("refs/heads/{branch}"))? {
                let seq = entry.name.parse().ok();
                unseen += u64::from(!seen.contains(&(branch.clone(), seq)));
            }
        }
        for tag in self.list_tags()? {
            unseen += u64::from(!seen.contains(&(tag, None)));
        }
        Ok(unseen)
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
    pub fn after(previous: Option<&SlotRead>, branch: &str, commit: CommitId, nonce: Digest) -> Self {
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

fn describe(line: &WitnessLine) -> String {
    match line.seq {
        Some(seq) => format!("refs/heads/{}/{seq:010}", line.name),
        None => format!("refs/tags/{}", line.name),
    }
}

fn witness_bytes(line: &WitnessLine) -> Vec<u8> {
    let body = crate::codec::to_canonical(line).unwrap_or_default();
    let mut bytes = Digest::of(&body).to_string().into_bytes();
    bytes.push(b' ');
    bytes.extend(body);
    bytes.push(b'\n');
    bytes
}

fn parse_witness(text: &[u8]) -> Option<WitnessLine> {
    let (check, body) = text.split_at_checked(64)?;
    let body = body.strip_prefix(b" ")?;
    let check = Digest::parse(std::str::from_utf8(check).ok()?).ok()?;
    (Digest::of(body) == check).then(|| crate::codec::from_canonical(body).ok())?
}

/// Leaves out zeros before a line: where power was lost, an unsynced line may be a hole in front of one that was kept.
/// No line is shorter than its check of 64 digits, so fewer zeros are no hole.
fn without_hole(text: &[u8]) -> &[u8] {
    let zeros = text.iter().take_while(|byte| **byte == 0).count();
    if zeros < 64 {
        text
    } else {
        text.get(zeros..).unwrap_or(&[])
    }
}

/// Whether a last line is what a crash leaves: a beginning of a line. A whole line whose newline became another
/// byte is damage.
fn is_torn(text: &[u8]) -> bool {
    let before_last = text.len().saturating_sub(1);
    let whole = text
        .get(65..before_last)
        .is_some_and(|body| text.get(..64) == Some(Digest::of(body).to_string().as_bytes()));
    !text.ends_with(b"\n") && !whole
}
