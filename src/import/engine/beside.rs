//! Bytes of images that lie beside the file that is imported: they tell which known image is meant, whatever it is called.
//!
//! Only what has the length of a known image is read, and nothing outside of the folder that the file is in.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::files::input::InputFile;
use crate::id::{BlobId, Digest};
use crate::model::ImageRecord;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Known images of one file each, by the length of their bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct ByContent {
    by_size: HashMap<u64, Vec<(BlobId, String)>>,
    sizes: HashMap<String, u64>,
}

/// What the bytes beside a file say about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Beside {
    /// There are none.
    Nothing,
    /// They are those of this known image.
    Is(String),
    /// They are those of no known image, and this long.
    Other(u64),
}

impl ByContent {
    pub(super) fn add(&mut self, record: &ImageRecord) {
        if let [file] = record.files.as_slice() {
            let known = self.by_size.entry(file.size_bytes).or_default();
            known.push((file.blob, record.name.clone()));
            self.sizes.insert(record.name.clone(), file.size_bytes);
        }
    }

    /// Returns the length of a known image's bytes, where it has one file.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        self.sizes.get(name).copied()
    }

    /// Whether no known image has bytes.
    pub(super) fn is_empty(&self) -> bool {
        self.by_size.is_empty()
    }

    /// Looks for the bytes of an image in a folder. What cannot be read is not there. Where the image of this name has the
    /// same length it is believed to be the one: whole slides are too long to be read for each import.
    pub(super) fn look(&self, folder: &Path, name: &str) -> Beside {
        let Some(path) = inside(folder, name) else {
            return Beside::Nothing;
        };
        let Ok(mut file) = InputFile::open(&path) else {
            return Beside::Nothing;
        };
        let size = file.size_bytes();
        if self.size(name) == Some(size) {
            return Beside::Is(name.to_owned());
        }
        let Some(candidates) = self.by_size.get(&size) else {
            return Beside::Other(size);
        };
        let Some(blob) = blob_of(&mut file) else {
            return Beside::Nothing;
        };
        match candidates.iter().find(|(known, _)| *known == blob) {
            Some((_, name)) => Beside::Is(name.clone()),
            None => Beside::Other(size),
        }
    }
}

/// The path of a name below a folder; `None` when it could lead out of it.
fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for part in name.split('/') {
        if part.is_empty() || part == "." || part == ".." || part.contains(['\\', '\0']) {
            return None;
        }
        path.push(part);
    }
    Some(path)
}

fn blob_of(file: &mut InputFile) -> Option<BlobId> {
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => {
                return Some(BlobId::from_digest(Digest::from_bytes(
                    *hasher.finalize().as_bytes(),
                )));
            }
            Ok(read) => {
                hasher.update(chunk.get(..read)?);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_folder_is_looked_at() {
        let folder = Path::new("f");
        for name in ["../a", "/etc/passwd", "a/../../b", "", "a//b", "a\\..\\b", "."] {
            assert_eq!(inside(folder, name), None, "{name}");
        }
        assert_eq!(inside(folder, "a/b.tif"), Some(PathBuf::from("f/a/b.tif")));
    }
}
