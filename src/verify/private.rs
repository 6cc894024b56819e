//! Private objects and their tombstones: what names a person is there, or was erased.

use crate::codec::from_canonical;
use crate::id::PrivateId;
use crate::store::{PrivateObject, PrivateRead, StoreError, read_all};

use super::Check;
use super::batch::Named;
use super::finding::{DAMAGED, ERASED, FORM, MISSING, NO_PRIVATE, NOT_ERASED, PRIVATE, UNREACHED, chain};
use super::inventory::Inventory;

/// No private object is longer.
const SIZE_MAX: u64 = 16 << 20;

/// Checks all private objects, and that those that are named are there or were erased.
pub(super) fn check(check: &mut Check<'_>, files: &Inventory, named: &Named) {
    for id in &files.private {
        check_object(check, *id);
        if !named.private.contains_key(id) && !files.private_tombstones.contains(id) {
            check.find(UNREACHED.about(path_of(*id), "no commit, tag, draft or setting names it"));
        }
    }
    for id in &files.private_tombstones {
        match check.store.read_private(*id) {
            Ok(PrivateRead::Erased(tombstone)) => {
                let what = format!("erased on {}: {}", tombstone.erased_at.to_day(), tombstone.reason);
                check.find(ERASED.about(path_of(*id), what));
            }
            Ok(PrivateRead::Present(_) | PrivateRead::Absent) => {}
            Err(error) => check.fail(&error),
        }
    }
    check_erased(check, files, named);
    check_absent(check, files, named);
}

fn path_of(id: PrivateId) -> String {
    format!("private/{id}")
}

/// Checks the bytes of a private object, whether it has a tombstone or not.
fn check_object(check: &mut Check<'_>, id: PrivateId) {
    let path = check.store.private_path(id);
    let bytes = match read_all(check.store.vfs(), &path, SIZE_MAX) {
        Ok(bytes) => bytes,
        Err(source) => {
            let action = "read";
            return check.fail(&StoreError::Io { action, path, source });
        }
    };
    check.checked.bytes += u64::try_from(bytes.len()).unwrap_or(0);
    if PrivateId::of(&bytes) != id {
        check.find(DAMAGED.about(path_of(id), "its bytes do not have the hash that is its name"));
    } else if let Err(error) = from_canonical::<PrivateObject>(&bytes) {
        check.find(FORM.about(path_of(id), chain(&error)));
    }
}

/// Finds what should be gone and is not.
fn check_erased(check: &mut Check<'_>, files: &Inventory, named: &Named) {
    for id in &files.private {
        if files.private_tombstones.contains(id) {
            check.find(NOT_ERASED.about(path_of(*id), "it has a tombstone and is still there"));
        } else if named.erased_private.contains(id) {
            check.find(NOT_ERASED.about(
                path_of(*id),
                "an event says that it is erased, and it is still there",
            ));
        }
    }
}

/// Finds what should be there and is not.
fn check_absent(check: &mut Check<'_>, files: &Inventory, named: &Named) {
    let mut absent = Vec::new();
    for (id, by) in &named.private {
        if files.private.contains(id) || files.private_tombstones.contains(id) {
            continue;
        }
        // It may have come in since the folder was listed.
        match check.store.read_private(*id) {
            Ok(PrivateRead::Absent) => absent.push((*id, by)),
            Ok(PrivateRead::Present(_) | PrivateRead::Erased(_)) => {}
            Err(error) => check.fail(&error),
        }
    }
    // A copy without private objects has none at all, and nobody has recorded there yet.
    let without = files.private.is_empty() && files.private_tombstones.is_empty() && !files.local_author;
    if without && !absent.is_empty() {
        let what = format!("this copy has no private objects; {} are named", absent.len());
        return check.find(NO_PRIVATE.about("private", what));
    }
    for (id, by) in absent {
        let finding = if named.erased_private.contains(&id) {
            let what = format!("an event says that {id} is erased, and there is no tombstone");
            MISSING.about(format!("{}.erased", path_of(id)), what)
        } else {
            let what = format!("it is missing and was not erased; {by} names it");
            PRIVATE.about(path_of(id), what)
        };
        check.find(finding);
    }
}
