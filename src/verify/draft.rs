//! Drafts: every line, the batches that they name, and that the events fit the version that they were begun on.

use std::collections::BTreeSet;

use crate::repo::{MAIN, RepoError};
use crate::store::{DraftEntry, DraftFile};

use super::Check;
use super::batch::{BatchFacts, Named};
use super::finding::{DRAFT, DRAFT_BEHIND, MISSING, NOT_CHECKED, SEALED, TORN, UNREADABLE, chain};
use super::inventory::Inventory;
use super::objects::Objects;
use super::refs::Refs;

/// Checks all drafts.
pub(super) fn check(
    check: &mut Check<'_>,
    objects: &mut Objects,
    refs: &Refs,
    files: &Inventory,
    named: &mut Named,
) {
    for branch in &files.drafts {
        let path = format!("draft/{branch}.jsonl");
        match check.store.read_draft(branch) {
            Ok(Some(file)) => check_file(check, objects, refs, named, branch, &path, &file),
            Ok(None) => {}
            Err(error) => check.fail(&error),
        }
    }
    check_missing(check, refs);
}

/// Finds a draft that was acknowledged and is gone, where the note beside it is left.
fn check_missing(check: &mut Check<'_>, refs: &Refs) {
    for branch in refs
        .slots
        .keys()
        .map(String::as_str)
        .chain([MAIN])
        .collect::<BTreeSet<_>>()
    {
        let Some(note) = check.store.acknowledged(branch) else {
            continue;
        };
        let slots = refs.slots.get(branch).map_or(&[][..], Vec::as_slice);
        let is_sealed = slots.iter().any(|read| read.slot.draft == Some(note.draft));
        // Who commits or discards it meanwhile takes the note away first.
        if !is_sealed
            && matches!(check.store.read_draft(branch), Ok(None))
            && check.store.acknowledged(branch).as_ref() == Some(&note)
        {
            let what = format!(
                "a draft of {} bytes was acknowledged, and its file is gone",
                note.bytes
            );
            check.find(MISSING.about(format!("draft/{branch}.jsonl"), what));
        }
    }
}

fn check_file(
    check: &mut Check<'_>,
    objects: &mut Objects,
    refs: &Refs,
    named: &mut Named,
    branch: &str,
    path: &str,
    file: &DraftFile,
) {
    if file.torn_bytes > 0 {
        let what = format!(
            "a crash left {} bytes of a line that was never acknowledged",
            file.torn_bytes
        );
        check.find(TORN.about(path, what));
    }
    let slots = refs.slots.get(branch).map_or(&[][..], Vec::as_slice);
    if slots.iter().any(|read| read.slot.draft == Some(file.head.id)) {
        return check.find(SEALED.about(path, "a commit has sealed it; the next command removes it"));
    }
    let base = slots.iter().find(|read| read.slot.seq == file.head.base_seq);
    if base.map(|read| read.digest) != file.head.base {
        let what = format!(
            "it was begun on another slot {} than the branch has",
            file.head.base_seq
        );
        check.find(DRAFT.about(path, what));
    }
    if check_entries(check, objects, named, path, file) && branch == MAIN {
        let tip = slots.last().map_or(0, |read| read.slot.seq);
        check_fits(check, path, tip > file.head.base_seq);
    }
}

/// Reads all events; returns whether that was possible.
fn check_entries(
    check: &mut Check<'_>,
    objects: &mut Objects,
    named: &mut Named,
    path: &str,
    file: &DraftFile,
) -> bool {
    let mut whole = true;
    for (index, entry) in file.entries.iter().enumerate() {
        match entry {
            DraftEntry::Inline(bytes) => match BatchFacts::read(bytes) {
                Ok(facts) => {
                    check.checked.events += facts.events;
                    named.take(&facts, path);
                }
                Err(error) => {
                    whole = false;
                    let what = format!("entry {}: {}", index + 1, chain(&error));
                    check.find(DRAFT.about(path, what));
                }
            },
            DraftEntry::Stored(batch) => match objects.batch(check, batch.digest(), path) {
                Some(facts) => named.take(facts, &super::objects::path_of(batch.digest())),
                None => whole = false,
            },
        }
    }
    whole
}

/// Applies the draft's events to the latest version.
fn check_fits(check: &mut Check<'_>, path: &str, is_behind: bool) {
    let Err(error) = apply(check) else { return };
    let why = chain(&error);
    check.find(if matches!(error, RepoError::Evolve(_)) {
        let code = if is_behind { DRAFT_BEHIND } else { DRAFT };
        code.about(path, why)
    } else if error.is_damage() {
        // The damage itself was reported where it is.
        NOT_CHECKED.about(path, format!("whether it fits cannot be told: {why}"))
    } else {
        UNREADABLE.about(path, why)
    });
}

fn apply(check: &Check<'_>) -> Result<(), RepoError> {
    let Some(draft) = check.repo.draft()? else {
        return Ok(());
    };
    let version = check.repo.head_version()?;
    draft.check(check.repo, &version)
}
