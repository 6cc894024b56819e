//! The bytes of images: each has the hash that is its name, and what images name is there, was erased, was not
//! copied, or never came in, as the bytes of images that an export of another dataset told of.

use rayon::prelude::*;

use crate::id::BlobId;
use crate::store::StoreError;

use super::batch::{BlobUse, Named};
use super::finding::{ERASED, MISSING, NOT_COPIED, NOT_ERASED, NOT_HERE, SIZE, UNREACHED};
use super::inventory::Inventory;
use super::{Check, VerifyStage};

/// Blobs are read in groups of at most so many bytes and files, each group on all cores.
const GROUP_BYTES: u64 = 256 << 20;
const GROUP_FILES: usize = 64;

/// Checks all blobs.
pub(super) fn check(check: &mut Check<'_>, files: &Inventory, named: &Named) {
    check.checked.blobs += u64::try_from(files.blobs.len()).unwrap_or(0);
    let damaged = if check.options.quick {
        Vec::new()
    } else {
        check_bytes(check, files)
    };
    for id in &files.blob_tombstones {
        check_tombstone(check, files, *id);
    }
    for (id, size_bytes) in &files.blobs {
        match named.blobs.get(id) {
            Some(used) if damaged.binary_search(id).is_err() => {
                check_size(check, *id, *size_bytes, used);
                check_not_erased(check, files, *id, used, named);
            }
            Some(_) => {}
            None => check.find(UNREACHED.about(path_of(*id), "no image names it")),
        }
    }
    for (id, used) in &named.blobs {
        if !files.blobs.contains_key(id) && !files.blob_tombstones.contains(id) {
            check_absent(check, files, *id, used, named);
        }
    }
}

fn path_of(id: BlobId) -> String {
    let name = id.to_string();
    format!("blobs/{}/{name}", name.get(..2).unwrap_or("00"))
}

/// Reads and hashes all blobs; returns those that are damaged, in order.
fn check_bytes(check: &mut Check<'_>, files: &Inventory) -> Vec<BlobId> {
    let total = files.blobs.values().sum();
    let mut done = 0;
    let mut damaged = Vec::new();
    let mut rest: &[(BlobId, u64)] = &files
        .blobs
        .iter()
        .map(|(id, size)| (*id, *size))
        .collect::<Vec<_>>();
    while !rest.is_empty() {
        let (group, later) = rest.split_at(group_length(rest));
        rest = later;
        let store = check.store;
        let results: Vec<(BlobId, Result<u64, StoreError>)> = group
            .par_iter()
            .map(|(id, _)| (*id, store.check_blob(*id)))
            .collect();
        for (id, result) in results {
            match result {
                Ok(size_bytes) => check.checked.bytes += size_bytes,
                Err(error) => {
                    check.fail(&error);
                    damaged.push(id);
                }
            }
        }
        done += group.iter().map(|(_, size)| size).sum::<u64>();
        check.tell(VerifyStage::Blobs, done, total);
    }
    damaged
}

/// How many blobs the next group has: at least one.
fn group_length(rest: &[(BlobId, u64)]) -> usize {
    let mut bytes = 0_u64;
    let fitting = rest.iter().take(GROUP_FILES).take_while(|(_, size)| {
        bytes = bytes.saturating_add(*size);
        bytes <= GROUP_BYTES
    });
    fitting.count().max(1)
}

fn check_tombstone(check: &mut Check<'_>, files: &Inventory, id: BlobId) {
    match check.store.blob_tombstone(id) {
        Ok(Some(tombstone)) => {
            let what = format!("erased on {}: {}", tombstone.erased_at.to_day(), tombstone.reason);
            check.find(ERASED.about(path_of(id), what));
        }
        Ok(None) => {}
        Err(error) => check.fail(&error),
    }
    if files.blobs.contains_key(&id) {
        check.find(NOT_ERASED.about(path_of(id), "it has a tombstone and is still there"));
    }
}

/// Compares the length with what images say. Where the hash was checked, the bytes are right and the record is
/// wrong.
fn check_size(check: &mut Check<'_>, id: BlobId, size_bytes: u64, used: &BlobUse) {
    for (stated, by) in &used.sizes {
        if *stated != size_bytes {
            let path = path_of(id);
            let what = format!("{path} has {size_bytes} bytes; {by} says {stated}");
            let object = if check.options.quick { path } else { by.clone() };
            check.find(SIZE.about(object, what));
        }
    }
}

fn check_not_erased(check: &mut Check<'_>, files: &Inventory, id: BlobId, used: &BlobUse, named: &Named) {
    if used.images.is_subset(&named.erased_images) && !files.blob_tombstones.contains(&id) {
        let what = "all images that name it are erased, and it is still there";
        check.find(NOT_ERASED.about(path_of(id), what));
    }
}

/// Says why a blob that images name is not here.
fn check_absent(check: &mut Check<'_>, files: &Inventory, id: BlobId, used: &BlobUse, named: &Named) {
    let by = used.sizes.values().next().map_or("an image", String::as_str);
    if files.local_paths.contains(&id) {
        match check.store.local_path(id) {
            Ok(Some(path)) => return check_link(check, id, &path, used),
            Ok(None) => {}
            // Reported with the settings themselves.
            Err(_) => return,
        }
    }
    // It may have come in since the folder was listed.
    match check.store.check_blob(id) {
        Ok(_) => {}
        Err(StoreError::Missing { .. }) if used.images.is_subset(&named.erased_images) => {
            let what = "all images that name it are erased, and there is no tombstone";
            check.find(MISSING.about(format!("{}.erased", path_of(id)), what));
        }
        Err(StoreError::Missing { .. }) if !used.is_ingested => {
            let what =
                format!("its bytes never came in here; {by} knows of them by an export of another dataset");
            check.find(NOT_HERE.about(path_of(id), what));
        }
        Err(StoreError::Missing { .. }) => {
            check.find(MISSING.about(path_of(id), format!("it is missing; {by} names it")));
        }
        Err(error) => check.fail(&error),
    }
}

/// Says whether the file is there that the bytes were left in. It is the user's, so that all is information.
fn check_link(check: &mut Check<'_>, id: BlobId, path: &str, used: &BlobUse) {
    let found = check.store.vfs().size_bytes(std::path::Path::new(path));
    let state = match found {
        Ok(Some(size)) if used.sizes.contains_key(&size) => "is there",
        Ok(Some(_)) => "has another length by now",
        Ok(None) => "is not there",
        Err(_) => "cannot be looked at",
    };
    check.find(NOT_COPIED.about(path_of(id), format!("not copied; the file {path} {state}")));
}
