//! The name by which archives of software know a folder: `swh:1:dir:` and the SHA-1 of its tree as git writes it
//! (SWHID 1.2, ISO/IEC 18670). A second name, widely known; what pins a release is its own id.

use std::collections::BTreeMap;
use std::path::Path;

use sha1::{Digest as _, Sha1};

use super::ReleaseError;
use super::manifest::each_block;
use crate::files::folder::{EntryKind, FileError, Folder};

/// The id of a file as git has it.
pub(super) type BlobHash = [u8; 20];

/// Hashes a file as git does: SHA-1 over `blob LENGTH`, a NUL and the bytes.
pub(super) struct BlobHasher(Sha1);

impl BlobHasher {
    /// Begins a file of this many bytes.
    pub(super) fn new(size_bytes: u64) -> Self {
        let mut hasher = Sha1::new();
        hasher.update(format!("blob {size_bytes}\0"));
        Self(hasher)
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> BlobHash {
        self.0.finalize().into()
    }
}

/// What stands in a folder.
enum Entry {
    File(BlobHash),
    Folder(BTreeMap<String, Entry>),
}

/// Returns `swh:1:dir:…` of a folder; files count as not executable.
///
/// # Errors
/// [`ReleaseError::File`] when something cannot be read, or is no plain file.
pub fn swh_directory(dir: &Path) -> Result<String, ReleaseError> {
    let folder = Folder::open(dir)?;
    let mut blobs = BTreeMap::new();
    for entry in folder.list()? {
        let path = || dir.join(&entry.name);
        let EntryKind::File { size_bytes } = entry.kind else {
            return Err(FileError::NotAFile { path: path() }.into());
        };
        let mut blob = BlobHasher::new(size_bytes);
        let mut file = folder.open_file(&entry.name)?;
        each_block(&mut file, |block| blob.update(block)).map_err(|source| FileError::Io {
            action: "read",
            path: path(),
            source,
        })?;
        blobs.insert(entry.name, blob.finish());
    }
    Ok(directory_id(&blobs))
}

/// Returns `swh:1:dir:…` of a folder with these files.
pub(super) fn directory_id(blobs: &BTreeMap<String, BlobHash>) -> String {
    let mut root = BTreeMap::new();
    for (name, id) in blobs {
        insert(&mut root, name, *id);
    }
    let mut out = String::from("swh:1:dir:");
    for byte in tree_id(&root) {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}

fn insert(folder: &mut BTreeMap<String, Entry>, name: &str, id: BlobHash) {
    match name.split_once('/') {
        None => {
            folder.insert(name.to_owned(), Entry::File(id));
        }
        Some((first, rest)) => {
            let inner = folder
                .entry(first.to_owned())
                .or_insert_with(|| Entry::Folder(BTreeMap::new()));
            if let Entry::Folder(inner) = inner {
                insert(inner, rest, id);
            }
        }
    }
}

/// The id of a folder as git has it: its entries by name, a folder's name taken with `/` behind it.
fn tree_id(folder: &BTreeMap<String, Entry>) -> BlobHash {
    let mut entries: Vec<(String, &str, &str, BlobHash)> = folder
        .iter()
        .map(|(name, entry)| match entry {
            Entry::File(id) => (name.clone(), "100644", name.as_str(), *id),
            Entry::Folder(inner) => (format!("{name}/"), "40000", name.as_str(), tree_id(inner)),
        })
        .collect();
    entries.sort();
    let mut bytes = Vec::new();
    for (_, mode, name, id) in entries {
        bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        bytes.extend_from_slice(&id);
    }
    let mut hasher = Sha1::new();
    hasher.update(format!("tree {}\0", bytes.len()));
    hasher.update(&bytes);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_the_name_that_git_gives_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r");
        let mut staged = crate::files::output::StagedFolder::create(&path).unwrap();
        // As git sorts them: `a-b`, then the folder `a`, then `a0`.
        for (name, bytes) in [
            ("a/b.txt", "one\n"),
            ("a-b", ""),
            ("a0", "two\n"),
            ("a/c/d", "three\n"),
        ] {
            staged.write_file(name, bytes.as_bytes()).unwrap();
        }
        staged.publish().unwrap();
        // What `git write-tree` printed for these files.
        assert_eq!(
            swh_directory(&path).unwrap(),
            "swh:1:dir:16617dc810fa236e35a1a47f772537299180702b"
        );
    }
}
