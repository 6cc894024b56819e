//! What stands under a temporary name while this process runs, so that nothing of it stays when a signal ends the process.
//!
//! A signal reaches the whole process, so this list is one of the process. Work that ends by itself, well or not, removes what
//! it made; a signal gives it no time to. [`remove_all`] then removes for all of it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static STANDING: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removals of one folder while others still write into it.
const TRIES: u32 = 100;

fn standing() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // No holder leaves it half changed.
    STANDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes, by `make`, what is to stand here: [`remove_all`] comes before that and hinders it, or afterwards and finds it.
///
/// # Errors
/// As `make`; then nothing of this process stands here.
pub(crate) fn begin<T, E>(path: &Path, make: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let mut standing = standing();
    let made = make()?;
    standing.insert(path.to_owned());
    Ok(made)
}

/// Says that nothing of this process stands here any more.
pub(crate) fn forget(path: &Path) {
    standing().remove(path);
}

/// Gives what stands here its name by `rename`: either that or [`remove_all`] comes first, never one within the other.
///
/// # Errors
/// As `rename`; then it goes on standing here.
pub(crate) fn settle<E>(path: &Path, rename: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    let mut standing = standing();
    rename()?;
    standing.remove(path);
    Ok(())
}

/// Removes all that stands under a temporary name. For a process that ends: whoever begins, settles or forgets anything
/// afterwards waits for ever, so that no thread reports what only this removal made fail.
pub fn remove_all() {
    let standing = standing();
    for path in standing.iter() {
        // What cannot be removed is emptied and used again by the next one.
        let _ = (0..TRIES).any(|_| remove(path).is_ok());
    }
    std::mem::forget(standing);
}

/// Removes a file, or a folder with all that is in it; a link is removed, not followed.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
