//! The witness: an unsynced line after each slot and tag. It may lag behind after a crash; where it leads, a slot or
//! tag was removed. What its lines are about is not read here but to compare it.
//!
//! Only whole lines are evidence. What a loss of power leaves of others is told from damage by the slots and tags that
//! are there: a slot is durable before its line is written.

mod torn;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::id::Digest;

use super::vfs::{Durability, LockMode, read_all};
use super::{Store, StoreError, missing_or};
use torn::{Piece, Stretch, is_unfinished, whole_lines};

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
        self.write_atomic(&self.path(WITNESS), &witness_bytes(&self.first_line()))
    }

    fn first_line(&self) -> WitnessLine {
        WitnessLine {
            digest: self.repository.id,
            name: "repository".to_owned(),
            seq: None,
        }
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
        Ok(whole_lines(&tail)
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
        let mut reading = Reading::default();
        let mut offset = 0;
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').peekable();
        while let Some(text) = lines.next() {
            reading.number += 1;
            // The first line was there whole before anything could be appended.
            let is_torn = reading.number > 1 && lines.peek().is_none() && is_unfinished(text);
            if !is_torn {
                self.read_stretch(text, offset, &mut reading)?;
            }
            offset += text.len();
        }
        if reading.number == 0 {
            reading.state.damage = Some("it is empty".to_owned());
        }
        let unseen = self.unseen(&reading.seen)?;
        self.explain(&unseen, &mut reading)?;
        reading.state.lagging = u64::try_from(unseen.len()).unwrap_or(u64::MAX);
        Ok(reading.state)
    }

    /// Reads what stands from `offset` of the file up to a line feed.
    fn read_stretch<'b>(
        &self,
        text: &'b [u8],
        offset: usize,
        reading: &mut Reading<'b>,
    ) -> Result<(), StoreError> {
        let number = reading.number;
        let Some(Stretch { lines, pieces }) = Stretch::take_apart(text, offset) else {
            reading.state.damage = Some(no_line(number));
            return Ok(());
        };
        if number == 1 {
            let is_ours = |line: &WitnessLine| line.digest == self.repository.id && line.name == "repository";
            if !pieces.is_empty() || !lines.first().is_some_and(is_ours) {
                reading.state.damage = Some("its first line is not that of this repository".to_owned());
            }
        }
        for line in lines.into_iter().skip(usize::from(number == 1)) {
            if line.digest == self.repository.id {
                reading.state.damage = Some(format!("its first line stands again as line {number}"));
                continue;
            }
            if !self.is_witnessed(&line)? {
                reading.state.leading.push(describe(&line));
            }
            reading.seen.insert((line.name, line.seq));
        }
        reading
            .torn
            .extend(pieces.into_iter().map(|piece| (number, piece)));
        Ok(())
    }

    /// Compares what is left of lines with those of the slots and tags that have no whole one.
    fn explain(&self, unseen: &[Subject], reading: &mut Reading<'_>) -> Result<(), StoreError> {
        if reading.torn.is_empty() {
            return Ok(());
        }
        let mut lost = Vec::with_capacity(unseen.len());
        for (name, seq) in unseen {
            // The damage is found where the slots and tags themselves are looked at.
            let digest = self.digest_of(name, *seq).or_else(|error| match error {
                error if error.is_damage() => Ok(None),
                error => Err(error),
            })?;
            lost.extend(digest.map(|digest| {
                witness_bytes(&WitnessLine {
                    digest,
                    name: name.clone(),
                    seq: *seq,
                })
            }));
        }
        let is_strange = |piece: &Piece<'_>| !lost.iter().any(|line| piece.is_of(line));
        if let Some((number, _)) = reading.torn.iter().find(|(_, piece)| is_strange(piece)) {
            reading.state.damage = Some(no_line(*number));
        }
        Ok(())
    }

    /// Returns the digest that the witness names for a slot or tag; `None` where no whole line is about it.
    pub(super) fn witnessed_digest(
        &self,
        name: &str,
        seq: Option<u64>,
    ) -> Result<Option<Digest>, StoreError> {
        let path = self.path(WITNESS);
        let bytes = match read_all(self.vfs.as_ref(), &path, u64::MAX).map_err(missing_or("read", &path)) {
            Ok(bytes) => bytes,
            Err(StoreError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut lines = bytes.split(|byte| *byte == b'\n').filter_map(parse_line);
        let found =
            lines.find(|line| line.name == name && line.seq == seq && line.digest != self.repository.id);
        Ok(found.map(|line| line.digest))
    }

    /// Returns the bytes of a witness that has seen all slots and tags that stand.
    pub(super) fn witness_of_refs(&self) -> Result<Vec<u8>, StoreError> {
        let mut bytes = witness_bytes(&self.first_line());
        for (name, seq) in self.unseen(&BTreeSet::new())? {
            if let Some(digest) = self.digest_of(&name, seq)? {
                bytes.extend(witness_bytes(&WitnessLine { digest, name, seq }));
            }
        }
        Ok(bytes)
    }

    fn is_witnessed(&self, line: &WitnessLine) -> Result<bool, StoreError> {
        match self.digest_of(&line.name, line.seq) {
            Ok(digest) => Ok(digest == Some(line.digest)),
            // The damage is found where the slots and tags themselves are looked at.
            Err(error) if error.is_damage() => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Returns the digest of a slot or tag; `None` where there is none.
    fn digest_of(&self, name: &str, seq: Option<u64>) -> Result<Option<Digest>, StoreError> {
        Ok(match seq {
            Some(seq) => self.read_slot(name, seq)?.map(|slot| slot.digest),
            None => self.read_tag_sealed(name)?.map(|(_, digest)| digest),
        })
    }

    /// Returns the slots and tags that have no whole line.
    fn unseen(&self, seen: &BTreeSet<Subject>) -> Result<Vec<Subject>, StoreError> {
        let mut all = Vec::new();
        for branch in self.list_branches()? {
            for entry in self.list(&format!("refs/heads/{branch}"))? {
                all.push((branch.clone(), entry.name.parse().ok()));
            }
        }
        all.extend(self.list_tags()?.into_iter().map(|tag| (tag, None)));
        all.retain(|subject| !seen.contains(subject));
        Ok(all)
    }
}

/// A branch and the number of a slot, or a tag.
type Subject = (String, Option<u64>);

/// What was read of a witness.
#[derive(Default)]
struct Reading<'b> {
    state: WitnessState,
    /// The number of the present line, from 1.
    number: u64,
    /// What whole lines are about.
    seen: BTreeSet<Subject>,
    /// What is left of other lines, with the number of the line where it stands.
    torn: Vec<(u64, Piece<'b>)>,
}

fn no_line(number: u64) -> String {
    format!("its line {number} is no line of a witness")
}

fn describe(line: &WitnessLine) -> String {
    match line.seq {
        Some(seq) => format!("refs/heads/{}/{seq:010}", line.name),
        None => format!("refs/tags/{}", line.name),
    }
}

pub(super) fn witness_bytes(line: &WitnessLine) -> Vec<u8> {
    let body = crate::codec::to_canonical(line).unwrap_or_default();
    let mut bytes = Digest::of(&body).to_string().into_bytes();
    bytes.push(b' ');
    bytes.extend(body);
    bytes.push(b'\n');
    bytes
}

fn parse_line(text: &[u8]) -> Option<WitnessLine> {
    let (check, body) = text.split_at_checked(64)?;
    let body = body.strip_prefix(b" ")?;
    let check = Digest::parse(std::str::from_utf8(check).ok()?).ok()?;
    (Digest::of(body) == check).then(|| crate::codec::from_canonical(body).ok())?
}
