//! The name by which archives of software know a folder: `swh:1:dir:` and the SHA-1 of its tree as git writes it
//! (SWHID 1.2, ISO/IEC 18670). A second name, widely known; what pins a release is its own id.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use sha1::{Digest as _, Sha1};

use super::ReleaseError;
use crate::files::folder::{EntryKind, FileError, Folder};

/// What stands in a folder.
enum Entry {
    File([u8; 20]),
    Folder(BTreeMap<String, Entry>),
}

/// Returns `swh:1:dir:…` of a folder; files count as not executable.
///
/// # Errors
/// [`ReleaseError::File`] when something cannot be read, or is no plain file.
pub fn swh_directory(dir: &Path) -> Result<String, ReleaseError> {
    let folder = Folder::open(dir)?;
    let mut root = BTreeMap::new();
    for entry in folder.list()? {
        let path = || dir.join(&entry.name);
        let EntryKind::File { size_bytes } = entry.kind else {
            return Err(FileError::NotAFile { path: path() }.into());
        };
        let hashed = folder
            .open_file(&entry.name)
            .map(|mut file| blob_id(&mut file, size_bytes))?;
        let id = hashed.map_err(|source| FileError::Io {
            action: "read",
            path: path(),
            source,
        })?;
        insert(&mut root, &entry.name, id);
    }
    let mut out = String::from("swh:1:dir:");
    for byte in tree_id(&root) {
        out.push_str(&format!("{byte:02x}"));
    }
    Ok(out)
}

/// The id of a file as git has it: SHA-1 over `blob LENGTH`, a NUL and the bytes.
fn blob_id(file: &mut dyn Read, size_bytes: u64) -> std::io::Result<[u8; 20]> {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {size_bytes}\0"));
    let mut piece = vec![0_u8; 1 << 18];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(hasher.finalize().into());
        }
        hasher.update(piece.get(..count).unwrap_or(&[]));
    }
}

fn insert(folder: &mut BTreeMap<String, Entry>, name: &str, id: [u8; 20]) {
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
fn tree_id(folder: &BTreeMap<String, Entry>) -> [u8; 20] {
    let mut entries: Vec<(String, &str, &str, [u8; 20])> = folder
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
