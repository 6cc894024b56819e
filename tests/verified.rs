//! What the store reads is what it wrote, or an error that names the file: for every kind of file, every flipped bit,
//! every cut, an extra byte, and a sound file in the wrong place.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "durable/bench.rs"]
mod bench;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bench::{Bytes, append, applied, init, now, put_blob, slot, tag};
use holotype::id::{BlobId, Digest, PrivateId};
use holotype::store::{
    LocalErasure, PrivateKind, PrivateRead, RealVfs, Store, StoreError, Tombstone, Vfs, mend_root,
};
use tree::copy_tree;

/// How one kind of file is read; the answer as text.
type Read = fn(&Dataset) -> Result<String, StoreError>;

/// A repository with one of everything.
struct Dataset {
    dir: tempfile::TempDir,
    store: Store,
    object: Digest,
    blob: BlobId,
    erased_blob: BlobId,
    private: PrivateId,
    erased: PrivateId,
}

fn elsewhere() -> BlobId {
    BlobId::of(b"elsewhere")
}

impl Dataset {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = init(Arc::new(RealVfs), dir.path()).unwrap();
        let person = |name: &str| store.write_private(PrivateKind::Person, Digest::of(b"salt"), name);
        let (private, erased) = (person("Ada").unwrap(), person("Ben").unwrap());
        let tombstone = |id: Digest| Tombstone::new(id, now(), "asked for it");
        store.erase_private(erased, &tombstone(erased.digest())).unwrap();
        let erased_blob = put_blob(&store, b"an image to be erased").unwrap();
        store
            .erase_blob(erased_blob, &tombstone(erased_blob.digest()))
            .unwrap();
        let object = store.write_object(br#"{"an":"object"}"#).unwrap();
        let blob = put_blob(&store, b"an image").unwrap();
        let first = applied(store.create_slot(&slot(None, 1)).unwrap());
        applied(store.create_slot(&slot(Some(&first), 2)).unwrap());
        applied(store.create_tag(&tag("v1")).unwrap());
        applied(store.create_tag(&tag("v2")).unwrap());
        store.set_local_author(private).unwrap();
        store
            .set_local_erasure(&LocalErasure::new(now(), "asked for it"))
            .unwrap();
        store.set_local_path(elsewhere(), "/images/a.png").unwrap();
        for line in [b"1\n", b"2\n", b"3\n"] {
            append(&store, line).unwrap();
        }
        Self {
            dir,
            store,
            object,
            blob,
            erased_blob,
            private,
            erased,
        }
    }

    /// Every file whose bytes are truth, and how it is read.
    fn files(&self) -> Vec<(PathBuf, Vec<Read>)> {
        [self.first_files(), self.hashed_files(), self.sealed_files()].concat()
    }

    fn first_files(&self) -> Vec<(PathBuf, Vec<Read>)> {
        let reopened: Read =
            |dataset| tell(reopen(dataset.dir.path()).map(|store| store.repository().clone()));
        let format: Read = |dataset| tell(dataset.store.check_format());
        let record: Read = |dataset| tell(dataset.store.check_repository());
        vec![
            (self.store.path("format"), vec![format, reopened]),
            (self.store.path("repository.json"), vec![record, reopened]),
        ]
    }

    fn hashed_files(&self) -> Vec<(PathBuf, Vec<Read>)> {
        let object: Read = |dataset| tell(dataset.store.read_object(dataset.object));
        let checked: Read = |dataset| tell(dataset.store.check_blob(dataset.blob));
        let copied: Read = |dataset| {
            let mut bytes = Vec::new();
            let copied = dataset
                .store
                .copy_blob(dataset.blob, &mut bytes, Path::new("memory"));
            tell(copied.map(|_| bytes))
        };
        let private: Read = |dataset| tell(dataset.store.read_private(dataset.private));
        let object_path = self.store.path(&format!("objects/{}", self.object));
        vec![
            (object_path, vec![object]),
            (self.store.blob_path(self.blob), vec![checked, copied]),
            (self.store.private_path(self.private), vec![private]),
        ]
    }

    fn sealed_files(&self) -> Vec<(PathBuf, Vec<Read>)> {
        let erased = |path: PathBuf| path.with_extension("erased");
        let path = |relative: &str| self.store.path(relative);
        let person: Read = |dataset| tell(dataset.store.read_private(dataset.erased));
        let blob: Read = |dataset| tell(dataset.store.blob_tombstone(dataset.erased_blob));
        let first: Read = |dataset| tell(dataset.store.read_slot("main", 1));
        let latest: Read = |dataset| tell(dataset.store.read_latest("main"));
        let tag: Read = |dataset| tell(dataset.store.read_tag("v1"));
        let draft: Read = |dataset| tell(dataset.store.read_draft("main"));
        let author: Read = |dataset| tell(dataset.store.local_author());
        let checked: Read = |dataset| tell(dataset.store.check_local("author.json"));
        let erasing: Read = |dataset| tell(dataset.store.local_erasure());
        let local: Read = |dataset| tell(dataset.store.local_path(elsewhere()));
        vec![
            (erased(self.store.private_path(self.erased)), vec![person]),
            (erased(self.store.blob_path(self.erased_blob)), vec![blob]),
            (path("refs/heads/main/0000000001"), vec![first]),
            (path("refs/heads/main/0000000002"), vec![latest]),
            (path("refs/tags/v1"), vec![tag]),
            (path("draft/main.jsonl"), vec![draft]),
            (path("local/author.json"), vec![author, checked]),
            (path("local/erasing.json"), vec![erasing]),
            (path(&path_file(elsewhere())), vec![local]),
        ]
    }
}

/// An answer as text.
fn tell<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> Result<String, StoreError> {
    answer.map(|answer| format!("{answer:?}"))
}

fn path_file(blob: BlobId) -> String {
    format!("local/paths/{blob}.json")
}

fn reopen(dir: &Path) -> Result<Store, StoreError> {
    Store::discover(Arc::new(RealVfs), dir)
}

/// Every change of a file's bytes that a disk, a copy or a hand may make. What follows a draft is a line that a crash
/// left unfinished, and no damage.
fn changes(path: &Path, bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut changes = Vec::new();
    for at in 0..bytes.len() {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1 << (at % 8);
        changes.push(flipped);
        changes.push(bytes[..at].to_vec());
    }
    for more in ["\n", " ", "x"] {
        changes.push([bytes, more.as_bytes()].concat());
        changes.push([more.as_bytes(), bytes].concat());
    }
    changes.push([bytes, bytes].concat());
    let is_draft = path.ends_with("draft/main.jsonl");
    changes.retain(|changed| changed != bytes && !(is_draft && changed.starts_with(bytes)));
    changes
}

#[test]
fn no_changed_byte_of_any_file_is_read() {
    let dataset = Dataset::new();
    for (path, reads) in dataset.files() {
        let whole = fs::read(&path).unwrap();
        for (number, read) in reads.iter().enumerate() {
            read(&dataset).unwrap();
            for changed in changes(&path, &whole) {
                fs::write(&path, &changed).unwrap();
                let text = String::from_utf8_lossy(&changed);
                match read(&dataset) {
                    Ok(answer) => panic!("{} ({number}) as {text:?} gave {answer}", path.display()),
                    Err(error) => assert!(error.is_damage(), "{text:?}: {error}"),
                }
            }
            fs::write(&path, &whole).unwrap();
            read(&dataset).unwrap();
        }
    }
}

/// The end of the witness is not synced and may be torn; what comes before is as sound as anything else.
#[test]
fn no_changed_byte_of_the_witness_is_believed() {
    let dataset = Dataset::new();
    let path = dataset.store.path("refs/witness");
    let whole = fs::read(&path).unwrap();
    assert_eq!(
        dataset.store.check_witness().unwrap(),
        holotype::store::WitnessState::default()
    );
    let last = whole
        .iter()
        .rev()
        .skip(1)
        .position(|byte| *byte == b'\n')
        .unwrap();
    for at in 0..whole.len() - last - 1 {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x01;
        fs::write(&path, &flipped).unwrap();
        let state = dataset.store.check_witness().unwrap();
        assert!(
            state.damage.is_some() || !state.leading.is_empty(),
            "byte {at}: {state:?}"
        );
        // Whoever asks for the digest of a slot is told the right one or none.
        if let Ok(Some(tag)) = dataset.store.read_tag("v1") {
            assert_eq!(tag.name, "v1");
        }
    }
}

/// A file that is whole, under the name of another.
#[test]
fn a_sound_file_in_the_wrong_place_is_damage() {
    let dataset = Dataset::new();
    let store = &dataset.store;
    let folder = tempfile::tempdir().unwrap();
    let other = Store::init(Arc::new(RealVfs), folder.path(), "other", Digest::of(b"other")).unwrap();
    let person = store
        .write_private(PrivateKind::Person, Digest::of(b"salt"), "Eve")
        .unwrap();
    store
        .erase_private(person, &Tombstone::new(person.digest(), now(), "asked for it"))
        .unwrap();
    store.set_local_path(BlobId::of(b"b"), "/images/b.png").unwrap();
    let object = store.write_object(b"{}").unwrap();
    let blob = put_blob(store, b"another image").unwrap();
    let swaps: Vec<(PathBuf, PathBuf)> = vec![
        (
            store.path(&format!("objects/{object}")),
            store.path(&format!("objects/{}", dataset.object)),
        ),
        (store.blob_path(blob), store.blob_path(dataset.blob)),
        (
            store.path("refs/heads/main/0000000002"),
            store.path("refs/heads/main/0000000001"),
        ),
        (
            store.path("refs/heads/main/0000000001"),
            store.path("refs/heads/main/0000000002"),
        ),
        (store.path("refs/tags/v2"), store.path("refs/tags/v1")),
        (
            store.private_path(person).with_extension("erased"),
            store.private_path(dataset.erased).with_extension("erased"),
        ),
        (other.path("repository.json"), store.path("repository.json")),
    ];
    let files = dataset.files();
    for (from, to) in swaps {
        let whole = fs::read(&to).unwrap();
        fs::copy(&from, &to).unwrap();
        let (_, reads) = files.iter().find(|(path, _)| *path == to).unwrap();
        let error = reads[0](&dataset).expect_err(&to.display().to_string());
        assert!(error.is_damage(), "{error}");
        fs::write(&to, whole).unwrap();
    }
    let paths = [path_file(BlobId::of(b"b")), path_file(elsewhere())];
    fs::copy(store.path(&paths[0]), store.path(&paths[1])).unwrap();
    let name = paths[1].strip_prefix("local/").unwrap();
    assert!(store.check_local(name).is_err_and(|error| error.is_damage()));
}

#[test]
fn a_slot_of_another_branch_is_damage() {
    let dataset = Dataset::new();
    let store = &dataset.store;
    let folder = store.path("refs/heads/other");
    fs::create_dir(&folder).unwrap();
    fs::copy(
        store.path("refs/heads/main/0000000001"),
        folder.join("0000000001"),
    )
    .unwrap();
    assert!(store.read_slot("other", 1).is_err_and(|error| error.is_damage()));
}

#[test]
fn a_line_of_the_draft_that_is_gone_is_missed_wherever_it_stood() {
    let dataset = Dataset::new();
    let path = dataset.store.path("draft/main.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 4);
    for gone in 0..lines.len() {
        let mut left = lines.clone();
        left.remove(gone);
        fs::write(&path, left.concat()).unwrap();
        let read = dataset.store.read_draft("main");
        assert!(read.is_err_and(|error| error.is_damage()), "line {gone}");
        // Nor is the note of what was acknowledged needed to miss one that stood before another.
        let note = dataset.store.derived_path("acknowledged/main");
        let noted = fs::read(&note).unwrap();
        fs::remove_file(&note).unwrap();
        let is_damage = dataset
            .store
            .read_draft("main")
            .is_err_and(|error| error.is_damage());
        assert_eq!(is_damage, gone != lines.len() - 1, "line {gone}");
        fs::write(&note, noted).unwrap();
    }
    // The first two lines came in together: no crash leaves one of them alone.
    fs::remove_file(dataset.store.derived_path("acknowledged/main")).unwrap();
    fs::write(&path, lines[0]).unwrap();
    let read = dataset.store.read_draft("main");
    assert!(read.is_err_and(|error| error.is_damage()));
}

#[test]
fn a_slot_that_the_witness_saw_is_missed_at_the_tip() {
    let dataset = Dataset::new();
    fs::remove_file(dataset.store.path("refs/heads/main/0000000002")).unwrap();
    let latest = dataset.store.read_latest("main");
    assert!(matches!(latest, Err(StoreError::Missing { path }) if path.ends_with("0000000002")));
    let state = dataset.store.check_witness().unwrap();
    assert_eq!(state.leading, ["refs/heads/main/0000000002"]);
}

/// What stands there damaged is not taken for what is to be written.
#[test]
fn what_is_written_again_replaces_what_is_damaged() {
    let dataset = Dataset::new();
    let store = &dataset.store;
    let object = store.path(&format!("objects/{}", dataset.object));
    fs::write(&object, br#"{"xn":"object"}"#).unwrap();
    store.write_object(br#"{"an":"object"}"#).unwrap();
    assert_eq!(store.read_object(dataset.object).unwrap(), br#"{"an":"object"}"#);
    fs::write(store.blob_path(dataset.blob), b"xn image").unwrap();
    put_blob(store, b"an image").unwrap();
    assert_eq!(store.check_blob(dataset.blob).unwrap(), 8);
}

#[test]
fn nothing_is_put_back_that_was_not_there() {
    let dataset = Dataset::new();
    let store = &dataset.store;
    let relative = |path: &Path| {
        path.strip_prefix(store.root())
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    for (path, _) in dataset.files() {
        let name = relative(&path);
        if ["format", "repository.json", "local/erasing.json"].contains(&name.as_str()) {
            continue;
        }
        let whole = fs::read(&path).unwrap();
        store.prove(&name, &whole).unwrap();
        assert!(store.stands(&name));
        for changed in changes(&path, &whole) {
            let text = String::from_utf8_lossy(&changed);
            assert!(store.put_back(&name, &changed).is_err(), "{name}: {text}");
        }
        assert_eq!(fs::read(&path).unwrap(), whole, "{name}");
        fs::write(&path, b"bad").unwrap();
        assert!(!store.stands(&name), "{name}");
        fs::write(&path, whole).unwrap();
    }
    let wrong = store.put_back_blob(dataset.blob, &mut Bytes::of(b"other bytes"));
    assert!(wrong.is_err_and(|error| error.is_damage()));
    assert_eq!(store.list("tmp").unwrap(), []);
    assert!(!store.path("quarantine").exists());
}

/// Sound files of another history: same name, same form, another content.
#[test]
fn nothing_is_put_back_from_another_history() {
    let (here, there) = (Dataset::new(), Dataset::new());
    let (store, other) = (&here.store, &there.store);
    for folder in ["refs/heads/main", "refs/tags", "draft", "derived"] {
        fs::remove_dir_all(other.path(folder)).unwrap();
        fs::create_dir(other.path(folder)).unwrap();
    }
    let first = applied(other.create_slot(&slot(None, 7)).unwrap());
    applied(other.create_slot(&slot(Some(&first), 8)).unwrap());
    applied(other.create_tag(&bench::tag_of("v1", b"7")).unwrap());
    let lock = other.lock_draft().unwrap();
    let head = holotype::store::DraftHead::new(Digest::of(b"another draft"), None);
    let entry = holotype::store::DraftEntry::Inline(vec![b'x'; 2000]);
    other.append_draft(&lock, "main", &head, &[entry]).unwrap();
    for name in [
        "refs/heads/main/0000000001",
        "refs/heads/main/0000000002",
        "refs/tags/v1",
        "draft/main.jsonl",
    ] {
        let bytes = fs::read(other.path(name)).unwrap();
        assert!(
            store.put_back(name, &bytes).is_err_and(|error| error.is_damage()),
            "{name}"
        );
        // Under another name it is not proven either.
        let own = fs::read(store.path(name)).unwrap();
        let elsewhere = name.replace("main", "other").replace("v1", "v9");
        assert!(store.prove(&elsewhere, &own).is_err(), "{elsewhere}");
    }
    let first = fs::read(store.path("refs/heads/main/0000000001")).unwrap();
    assert!(store.prove("refs/heads/main/0000000002", &first).is_err());
    // Without the witness, the slot after it says which one it was; of the last one nobody knows.
    fs::remove_file(store.path("refs/witness")).unwrap();
    let name = "refs/heads/main/0000000001";
    store.prove(name, &fs::read(store.path(name)).unwrap()).unwrap();
    assert!(store.prove(name, &fs::read(other.path(name)).unwrap()).is_err());
    let last = "refs/heads/main/0000000002";
    assert!(store.prove(last, &fs::read(store.path(last)).unwrap()).is_err());
    let tombstone = other.private_path(there.erased).with_extension("erased");
    let bytes = fs::read(tombstone).unwrap();
    let wrong = format!("private/{}.erased", here.private);
    assert!(store.prove(&wrong, &bytes).is_err());
    let path = fs::read(other.path(&path_file(elsewhere()))).unwrap();
    assert!(store.prove(&path_file(BlobId::of(b"b")), &path).is_err());
}

#[test]
fn the_record_of_another_dataset_is_not_put_back() {
    let dataset = Dataset::new();
    let copy = tempfile::tempdir().unwrap();
    copy_tree(dataset.dir.path(), copy.path());
    fs::write(dataset.store.path("repository.json"), b"bad").unwrap();
    let other = Dataset::new();
    fs::remove_file(other.store.path("refs/heads/main/0000000001")).unwrap();
    applied(other.store.create_slot(&slot(None, 9)).unwrap());
    let vfs: Arc<dyn Vfs> = Arc::new(RealVfs);
    let mend = |from: &Path| mend_root(&vfs, dataset.dir.path(), &[from.to_owned()], true);
    assert!(mend(other.dir.path()).is_err_and(|error| error.is_damage()));
    assert_eq!(mend(copy.path()).unwrap(), ["repository.json"]);
    dataset.store.check_repository().unwrap();
    let PrivateRead::Present(person) = dataset.store.read_private(dataset.private).unwrap() else {
        panic!("it is there");
    };
    assert_eq!(person.value, "Ada");
}
