//! What the draft's events lead to, kept in a derived file, so that the next command decides at once and does not
//! apply them all again. It is used for deciding alone; a commit applies every event of the draft itself.

use crate::event::{Edit, Edits};
use crate::id::{CommitId, Digest};
use crate::model::Key;
use crate::store::{DraftEntry, Store};

use super::MAIN;

/// The file, below `derived/`.
const FOLDER: &str = "drafts";
/// No such file is longer.
const FILE_SIZE_MAX: u64 = 1 << 30;
/// The first bytes; the last ones are the digest of all before.
const MAGIC: &[u8] = b"holotype/draft-state/1\n";

fn file() -> String {
    format!("{FOLDER}/{MAIN}")
}

/// Names the entries of a draft and the version that they are on top of.
fn digest_of(draft: Digest, parent: Option<CommitId>, entries: &[DraftEntry]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(draft.as_bytes());
    if let Some(parent) = parent {
        hasher.update(parent.digest().as_bytes());
    }
    for entry in entries {
        let digest = match entry {
            DraftEntry::Inline(bytes) => Digest::of(bytes),
            DraftEntry::Stored(batch) => batch.digest(),
        };
        hasher.update(digest.as_bytes());
    }
    Digest::from_bytes(*hasher.finalize().as_bytes())
}

/// Returns what the first entries of a draft led to, where that is known, and how many entries that were.
pub(super) fn read(
    store: &Store,
    draft: Digest,
    parent: Option<CommitId>,
    entries: &[DraftEntry],
) -> Option<(usize, Vec<Edit>)> {
    let bytes = store.read_derived(&file(), FILE_SIZE_MAX)?;
    let (body, check) = bytes.split_last_chunk::<32>()?;
    if *Digest::of(body).as_bytes() != *check {
        return None;
    }
    let mut rest = body.strip_prefix(MAGIC)?;
    let subject = take(&mut rest, 32)?;
    let count = usize::try_from(take_number(&mut rest)?).ok()?;
    if digest_of(draft, parent, entries.get(..count)?).as_bytes() != subject {
        return None;
    }
    let mut edits = Vec::new();
    while !rest.is_empty() {
        let key = take_piece(&mut rest)?;
        let there = take(&mut rest, 1)?;
        let value = take_piece(&mut rest)?;
        edits.push(Edit {
            key: Key::from_bytes(key).ok()?,
            value: (there == [1]).then(|| value.to_vec()),
        });
    }
    Some((count, edits))
}

/// Writes what all entries of a draft led to; that it cannot be written is no failure.
pub(super) fn write(
    store: &Store,
    draft: Digest,
    parent: Option<CommitId>,
    entries: &[DraftEntry],
    edits: &Edits,
) {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(digest_of(draft, parent, entries).as_bytes());
    put_number(&mut bytes, entries.len());
    for (key, value) in edits.iter() {
        put_piece(&mut bytes, key.as_bytes());
        bytes.push(u8::from(value.is_some()));
        put_piece(&mut bytes, value.as_deref().unwrap_or_default());
    }
    let check = Digest::of(&bytes);
    bytes.extend_from_slice(check.as_bytes());
    let _ = store.write_derived(&file(), &bytes);
}

/// Removes the file, since its draft was sealed or given up.
pub(super) fn remove(store: &Store) {
    store.remove_derived(&file());
}

fn put_number(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
}

fn put_piece(bytes: &mut Vec<u8>, piece: &[u8]) {
    put_number(bytes, piece.len());
    bytes.extend_from_slice(piece);
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    take(rest, 8)?.try_into().ok().map(u64::from_le_bytes)
}

fn take_piece<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_number(rest)?).ok()?;
    take(rest, length)
}
