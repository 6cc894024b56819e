//! The witness: an unsynced line after each slot and tag. It may lag behind after a crash; where it leads, a slot or
//! tag was removed. What its lines are about is not read here but to compare it.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::id::Digest;

use super::vfs::{Durability, LockMode, read_all};
use super::{Store, StoreError, missing_or};

/// The name of the witness file.
const WITNESS: &str = "refs/witness";

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
    /// Creates the witness, empty but for its first line.
    pub(super) fn create_witness(&self) -> Result<(), StoreError> {
        let line = WitnessLine {
            digest: self.repository.id,
            name: "repository".to_owned(),
            seq: None,
        };
        self.write_atomic(&self.path(WITNESS), &witness_bytes(&line))
    }

    /// Returns the highest slot of a branch in the last lines of the witness; 0 when there is none. A slot stands
    /// before its line does, so who looks at the witness first must find every slot that it names.
    pub(super) fn last_witnessed(&self, branch: &str) -> Result<u64, StoreError> {
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

    /// Appends a line to the witness. It is never waited for: a line that is missing is a crash, no damage.
    pub(super) fn witness(&self, line: &WitnessLine) {
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
