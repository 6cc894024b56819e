//! Makes durable what was written for the user. Every sync of this module's files and folders is made here, so that
//! tests can be told of each.

use std::path::Path;

use rustix::fd::AsFd;

use super::folder::FileError;

/// Makes the bytes of a file, or the names in a folder, durable; `path` names it in errors.
///
/// # Errors
/// [`FileError::Io`] when the kernel cannot.
pub(super) fn sync(fd: impl AsFd, path: &Path) -> Result<(), FileError> {
    rustix::fs::fsync(fd).map_err(FileError::io("sync", path))?;
    #[cfg(test)]
    watch::tell(path);
    Ok(())
}

#[cfg(test)]
pub(crate) mod watch {
    //! Who is told of syncs.

    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    type Watcher = Arc<dyn Fn(&Path) + Send + Sync>;

    static WATCHERS: Mutex<Vec<(PathBuf, Watcher)>> = Mutex::new(Vec::new());

    fn watchers() -> MutexGuard<'static, Vec<(PathBuf, Watcher)>> {
        WATCHERS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who watch a folder above this path.
    pub(super) fn tell(path: &Path) {
        let told: Vec<Watcher> = watchers()
            .iter()
            .filter(|(below, _)| path.starts_with(below))
            .map(|(_, watcher)| Arc::clone(watcher))
            .collect();
        for watcher in told {
            watcher(path);
        }
    }

    /// Is told of every sync at or below a folder, as long as the test's process lives.
    pub(crate) fn each_sync(below: &Path, watcher: impl Fn(&Path) + Send + Sync + 'static) {
        watchers().push((below.to_owned(), Arc::new(watcher)));
    }

    /// The syncs at or below a folder: each path, and whether what is to stand at `target` stood there by then.
    pub(crate) fn syncs_below(below: &Path, target: &Path) -> Arc<Mutex<Vec<(PathBuf, bool)>>> {
        let (syncs, target) = (Arc::<Mutex<Vec<(PathBuf, bool)>>>::default(), target.to_owned());
        let noted = Arc::clone(&syncs);
        each_sync(below, move |path| {
            let one = (path.to_owned(), target.exists());
            noted.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        });
        syncs
    }

    /// The files and folders at and below `target` that were not synced before it stood there, and the folder that
    /// holds it when that was not synced after.
    pub(crate) fn not_durable(syncs: &Mutex<Vec<(PathBuf, bool)>>, target: &Path) -> Vec<PathBuf> {
        let syncs = syncs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wanted = vec![(target.parent().unwrap_or(target).to_owned(), true)];
        let mut open = vec![target.to_owned()];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                open.extend(entries.map(|entry| entry.path()));
            }
            wanted.push((path, false));
        }
        wanted.retain(|one| !syncs.contains(one));
        wanted.into_iter().map(|(path, _)| path).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use super::*;

    /// The null device cannot be made durable, and the kernel says so: who asks it, is told.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_is_asked() {
        let path = Path::new("/dev/null");
        let null = OwnedFd::from(File::open(path).expect("there is a null device"));
        let error = sync(&null, path).expect_err("it cannot be synced");
        assert!(matches!(error, FileError::Io { action: "sync", .. }));
    }
}
