//! A folder of our own for the time of one run, where nobody else can write; dropped, it is removed.

use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::io::Errno;

use crate::leftovers;

use super::folder::FileError;

/// Names that are tried before a folder counts as full.
const NAMES: u32 = 1_000;

/// The folder.
#[derive(Debug)]
pub struct ScratchFolder {
    path: PathBuf,
}

impl ScratchFolder {
    /// Makes a new folder in `parent`, named `STEM-NUMBER`, open to its owner alone. One that was there is never taken.
    ///
    /// # Errors
    /// [`FileError::Io`] when none can be made.
    pub fn create(parent: &Path, stem: &str) -> Result<Self, FileError> {
        let mut number = 1;
        loop {
            let path = parent.join(format!("{stem}-{number}"));
            match leftovers::begin(&path, || rustix::fs::mkdir(&path, Mode::from_raw_mode(0o700))) {
                Ok(()) => return Ok(Self { path }),
                Err(Errno::EXIST) if number < NAMES => number += 1,
                Err(error) => return Err(FileError::io("create", &path)(error)),
            }
        }
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // What cannot be removed stays under a name that says whose it was.
        let _ = std::fs::remove_dir_all(&self.path);
        leftovers::forget(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_new_its_owner_s_alone_and_gone_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("x-1");
        std::fs::create_dir(&there).unwrap();
        let one = ScratchFolder::create(dir.path(), "x").unwrap();
        let two = ScratchFolder::create(dir.path(), "x").unwrap();
        assert_eq!(one.path(), dir.path().join("x-2"));
        assert_eq!(two.path(), dir.path().join("x-3"));
        let mode = std::fs::metadata(one.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        std::fs::write(one.path().join("file"), "bytes").unwrap();
        drop((one, two));
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(left, [there]);
        assert!(ScratchFolder::create(&dir.path().join("nowhere"), "x").is_err());
    }
}
