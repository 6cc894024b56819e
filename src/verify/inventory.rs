//! Which files there are below `.holotype`: each by what its path says, strays reported.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{BlobId, Digest, PrivateId};
use crate::store::{QUARANTINE, StoreError, is_ref_name};

use super::Check;
use super::finding::STRAY;

/// The files of a repository.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// Commits and batches with their lengths in bytes.
    pub objects: BTreeMap<Digest, u64>,
    /// Blobs with their lengths in bytes.
    pub blobs: BTreeMap<BlobId, u64>,
    /// Blobs that have a tombstone.
    pub blob_tombstones: BTreeSet<BlobId>,
    /// Private objects.
    pub private: BTreeSet<PrivateId>,
    /// Private objects that have a tombstone.
    pub private_tombstones: BTreeSet<PrivateId>,
    /// The numbers of the slots of each branch.
    pub slots: BTreeMap<String, BTreeSet<u64>>,
    /// The names of tags.
    pub tags: BTreeSet<String>,
    /// The branches that have a draft.
    pub drafts: BTreeSet<String>,
    /// Whether there is a setting for the author.
    pub local_author: bool,
    pub local_erasure: bool,
    /// Whether there is a list of what `gc` did.
    pub local_collections: bool,
    /// Blobs of which a setting says where their bytes are.
    pub local_paths: BTreeSet<BlobId>,
}

/// What a path says.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// Nothing to note: checked by name, or free to vanish.
    Known,
    Folder,
    Branch(String),
    Object(Digest),
    Blob(BlobId),
    BlobTombstone(BlobId),
    Private(PrivateId),
    PrivateTombstone(PrivateId),
    Slot(String, u64),
    Tag(String),
    Draft(String),
    LocalAuthor,
    /// An erasure under way.
    LocalErasure,
    /// What `gc` did.
    LocalCollections,
    LocalPath(BlobId),
    Stray(&'static str),
}

/// Lists every file outside of `tmp/` and `derived/`.
pub(super) fn take(check: &mut Check<'_>) -> Result<Inventory, StoreError> {
    let mut files = Inventory::default();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in check.store.list(&folder)? {
            let path = if folder.is_empty() {
                entry.name
            } else {
                format!("{folder}/{}", entry.name)
            };
            let place = if entry.is_dir {
                folder_place(&path)
            } else {
                file_place(&path)
            };
            files.note(&place, entry.size_bytes);
            if let Place::Stray(why) = place {
                check.find(STRAY.about(path, why));
            } else if matches!(place, Place::Folder | Place::Branch(_)) {
                folders.push(path);
            }
        }
    }
    Ok(files)
}

impl Inventory {
    fn note(&mut self, place: &Place, size_bytes: u64) {
        match place {
            Place::Object(id) => self.objects.extend([(*id, size_bytes)]),
            Place::Blob(id) => self.blobs.extend([(*id, size_bytes)]),
            Place::BlobTombstone(id) => self.blob_tombstones.extend([*id]),
            Place::Private(id) => self.private.extend([*id]),
            Place::PrivateTombstone(id) => self.private_tombstones.extend([*id]),
            Place::Branch(branch) => {
                self.slots.entry(branch.clone()).or_default();
            }
            Place::Slot(branch, seq) => self.slots.entry(branch.clone()).or_default().extend([*seq]),
            Place::Tag(name) => self.tags.extend([name.clone()]),
            Place::Draft(branch) => self.drafts.extend([branch.clone()]),
            Place::LocalAuthor => self.local_author = true,
            Place::LocalErasure => self.local_erasure = true,
            Place::LocalCollections => self.local_collections = true,
            Place::LocalPath(id) => self.local_paths.extend([*id]),
            Place::Known | Place::Folder | Place::Stray(_) => {}
        }
    }
}

fn folder_place(path: &str) -> Place {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["tmp" | "derived" | QUARANTINE] => Place::Known,
        ["objects" | "blobs" | "private" | "refs" | "draft" | "local"]
        | ["refs", "heads" | "tags"]
        | ["local", "paths"] => Place::Folder,
        ["blobs", shard] if is_shard(shard) => Place::Folder,
        ["refs", "heads", branch] if is_ref_name(branch) => Place::Branch((*branch).to_owned()),
        _ => Place::Stray("no folder of this name is known; what is in it was not looked at"),
    }
}

fn file_place(path: &str) -> Place {
    let parts: Vec<&str> = path.split('/').collect();
    let found = match parts.as_slice() {
        ["format" | "repository.json"] | ["refs", "witness"] => Some(Place::Known),
        ["objects", name] => Digest::parse(name).ok().map(Place::Object),
        ["blobs", shard, name] => return blob_place(shard, name),
        ["private", name] => match name.strip_suffix(".erased") {
            Some(id) => PrivateId::parse(id).ok().map(Place::PrivateTombstone),
            None => PrivateId::parse(name).ok().map(Place::Private),
        },
        ["refs", "heads", branch, seq] => slot_number(seq).map(|seq| Place::Slot((*branch).to_owned(), seq)),
        ["refs", "tags", name] if is_ref_name(name) => Some(Place::Tag((*name).to_owned())),
        ["draft", name] => name
            .strip_suffix(".jsonl")
            .filter(|branch| is_ref_name(branch))
            .map(|branch| Place::Draft(branch.to_owned())),
        ["local", "author.json"] => Some(Place::LocalAuthor),
        ["local", "erasing.json"] => Some(Place::LocalErasure),
        ["local", "gc.jsonl"] => Some(Place::LocalCollections),
        ["local", "paths", name] => name
            .strip_suffix(".json")
            .and_then(|id| BlobId::parse(id).ok())
            .map(Place::LocalPath),
        _ => None,
    };
    found.unwrap_or(Place::Stray("no file of this name is known"))
}

fn blob_place(shard: &str, name: &str) -> Place {
    let (id, erased) = match name.strip_suffix(".erased") {
        Some(id) => (id, true),
        None => (name, false),
    };
    match BlobId::parse(id) {
        Err(_) => Place::Stray("no file of this name is known"),
        Ok(_) if id.get(..2) != Some(shard) => {
            Place::Stray("it is not in the folder of its first two digits")
        }
        Ok(id) if erased => Place::BlobTombstone(id),
        Ok(id) => Place::Blob(id),
    }
}

fn is_shard(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
}

/// Reads the ten digits of a slot; numbers begin with 1.
fn slot_number(name: &str) -> Option<u64> {
    let ten_digits = name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|seq| ten_digits && *seq > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t17_paths_that_no_repository_has_are_strays() {
        let id = Digest::of(b"x").to_string();
        let wrong = [
            "x".to_owned(),
            "tmp".to_owned(),
            format!("objects/{}", id.to_uppercase()),
            format!("objects/b3:{id}"),
            format!("objects/{id}.lock"),
            format!("blobs/{id}"),
            format!("blobs/{}/{id}x", &id[..2]),
            format!("blobs/00/{id}"),
            format!("private/{id}.json"),
            "refs/heads/main".to_owned(),
            "refs/heads/main/0000000000".to_owned(),
            "refs/heads/main/1".to_owned(),
            "refs/heads/main/+000000001".to_owned(),
            "refs/tags/..".to_owned(),
            "refs/HEAD".to_owned(),
            "draft/main.json".to_owned(),
            "local/paths.json".to_owned(),
        ];
        for path in wrong {
            assert!(matches!(file_place(&path), Place::Stray(_)), "{path}");
        }
        for path in [
            "x",
            "blobs/xy",
            "blobs/a",
            "objects/a",
            "refs/heads/.x",
            "refs/remotes",
        ] {
            assert!(matches!(folder_place(path), Place::Stray(_)), "{path}");
        }
    }

    #[test]
    fn paths_of_a_repository_are_known() {
        let digest = Digest::of(b"x");
        let id = digest.to_string();
        let shard = &id[..2];
        let known = [
            ("format".to_owned(), Place::Known),
            (format!("objects/{id}"), Place::Object(digest)),
            (
                format!("blobs/{shard}/{id}"),
                Place::Blob(BlobId::from_digest(digest)),
            ),
            (
                format!("blobs/{shard}/{id}.erased"),
                Place::BlobTombstone(BlobId::from_digest(digest)),
            ),
            (
                format!("private/{id}.erased"),
                Place::PrivateTombstone(PrivateId::from_digest(digest)),
            ),
            (
                "refs/heads/main/0000000012".to_owned(),
                Place::Slot("main".to_owned(), 12),
            ),
            ("refs/tags/v1.0".to_owned(), Place::Tag("v1.0".to_owned())),
            ("draft/main.jsonl".to_owned(), Place::Draft("main".to_owned())),
        ];
        for (path, place) in known {
            assert_eq!(file_place(&path), place, "{path}");
        }
    }
}
