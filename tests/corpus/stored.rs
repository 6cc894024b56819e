//! What is done with bytes that stand in a repository or a release of a stranger, or in an expression of one.
//!
//! Two targets put the bytes in the place of one file, which the first byte chooses, of a repository or a release that is made
//! once: what is read there is read as a user would.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use holotype::codec::{Record, check_canonical, decode_record, from_canonical, to_canonical};
use holotype::event::{BatchHeader, BatchPart, BatchReader, Command, EntityRef};
use holotype::id::NodeId;
use holotype::log::Commit;
use holotype::model::records::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, DatasetRecord, ImageRecord, LabelRecord, OverrideRecord,
    RatingRecord, RuleRecord, ScreeningRecord, SlideRecord, SourceIdRecord, SplitRecord,
};
use holotype::model::{CarriedAnnotation, Carrier, FactChanges, FactValue, Key, wkb};
use holotype::release::{
    ArchiveFormat, BuildRecord, CheckOptions, QueryCitation, QueryRecord, ReleaseCitation, ReleaseOptions,
    ReleaseRecord, ReleaseRequest, VersionNumber, archive_release, build_release, parse_keys, tag_release,
    verify_release, verify_release_archive,
};
use holotype::repo::Repo;
use holotype::store::{
    Acknowledged, DraftHead, LocalAuthor, LocalErasure, PrivateObject, RealVfs, RepositoryRecord, Slot,
    TagRecord, Tombstone,
};
use holotype::tree::Node;
use holotype::verify::{VerifyOptions, verify};

use super::{Outcome, check_geometry};

#[path = "../../src/bin/holotype/filter/bounds.rs"]
mod bounds;
#[path = "../dataset/mod.rs"]
mod dataset;
#[path = "../../src/bin/holotype/filter/normal.rs"]
mod normal;

fn outcome<T>(read: Option<T>) -> Outcome {
    match read {
        Some(_) => Outcome::Read,
        None => Outcome::Refused,
    }
}

/// A record of any kind: its bytes are the only ones that it has, and both readers read the same.
pub(crate) fn record(bytes: &[u8]) -> Outcome {
    let kinds = [
        one_record::<AnnotationRecord>,
        one_record::<AnnotatorRecord>,
        one_record::<CaseRecord>,
        one_record::<DatasetRecord>,
        one_record::<ImageRecord>,
        one_record::<LabelRecord>,
        one_record::<OverrideRecord>,
        one_record::<RatingRecord>,
        one_record::<RuleRecord>,
        one_record::<ScreeningRecord>,
        one_record::<SlideRecord>,
        one_record::<SourceIdRecord>,
        one_record::<SplitRecord>,
        one_record::<Acknowledged>,
        one_record::<BatchHeader>,
        one_record::<BuildRecord>,
        one_record::<CarriedAnnotation>,
        one_record::<Carrier>,
        one_record::<Commit>,
        one_record::<DraftHead>,
        one_record::<LocalAuthor>,
        one_record::<LocalErasure>,
        one_record::<PrivateObject>,
        one_record::<QueryRecord>,
        one_record::<ReleaseRecord>,
        one_record::<RepositoryRecord>,
        one_record::<Slot>,
        one_record::<TagRecord>,
        one_record::<Tombstone>,
    ];
    let read = kinds.iter().filter(|read| read(bytes)).count();
    assert!(read <= 1, "one record is of two kinds");
    outcome((read > 0).then_some(()))
}

fn one_record<R: Record + Debug>(bytes: &[u8]) -> bool {
    let (quick, general) = (decode_record::<R>(bytes), from_canonical::<R>(bytes));
    assert_eq!(
        format!("{quick:?}"),
        format!("{general:?}"),
        "two readers, two answers"
    );
    let Ok(record) = quick else { return false };
    let written = to_canonical(&record).expect("what was read is written");
    assert_eq!(written, bytes, "a record with two forms");
    check_canonical(bytes).expect("a record is canonical");
    true
}

/// A batch of events: divided in any way, its lines are the same up to the first that is none.
pub(crate) fn batch(bytes: &[u8]) -> Outcome {
    let lines = |mut reader: BatchReader<'_>| {
        let mut told = Vec::new();
        while let Some(line) = reader.next_line() {
            told.push(format!("{line:?}"));
            if line.is_err() {
                break;
            }
        }
        told
    };
    let Ok(reader) = BatchReader::new(bytes) else {
        return Outcome::Refused;
    };
    let whole = lines(reader);
    let parts = BatchPart::whole(bytes).expect("its header was read").divided(64);
    let apart: Vec<String> = parts.iter().flat_map(|part| lines(part.reader())).collect();
    assert_eq!(
        Some(whole.as_slice()),
        apart.get(..whole.len()),
        "other lines in parts"
    );
    let is_whole = whole.iter().all(|line| line.starts_with("Ok"));
    assert!(!is_whole || whole.len() == apart.len(), "more lines in parts");
    outcome(is_whole.then_some(()))
}

/// A node of a tree under its right hash.
pub(crate) fn node(bytes: &[u8]) -> Outcome {
    let Ok(node) = Node::decode(NodeId::of(bytes), bytes.to_vec()) else {
        return Outcome::Refused;
    };
    assert_eq!(node.entries().count(), node.len());
    for (index, entry) in node.entries().enumerate() {
        assert!(entry.key.len() <= bytes.len());
        let _ = (entry.child(), node.lower_bound(entry.key) <= index);
    }
    outcome(node.count().ok())
}

/// The key of a record, as bytes and as digits.
pub(crate) fn key(bytes: &[u8]) -> Outcome {
    let Ok(key) = Key::from_bytes(bytes) else {
        return Outcome::Refused;
    };
    assert_eq!(key.as_bytes(), bytes);
    assert_eq!(Key::parse(&key.to_string()).expect("its own digits"), key);
    let parts = key.parts().expect("a key has parts");
    assert_eq!(key.kind().is_some(), format!("{parts:?}") != "");
    Outcome::Read
}

/// Well-known binary of a place.
pub(crate) fn place(bytes: &[u8]) -> Outcome {
    let read = wkb::read(bytes);
    if let Ok(geometry) = &read {
        check_geometry(geometry);
    }
    outcome(read.ok())
}

/// Texts by which a user or a citation names something.
pub(crate) fn name(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let number = VersionNumber::parse(text);
    if let Some(number) = &number {
        assert_eq!(VersionNumber::parse(&number.to_string()), Some(*number));
    }
    let _ = (
        QueryCitation::parse(text),
        ReleaseCitation::parse(text),
        parse_keys(text),
    );
    let repo = open(&MADE.repository).expect("the repository is sound");
    let resolved = repo.resolve_version(text);
    if let Err(error) = &resolved {
        assert!(!error.to_string().is_empty());
    }
    outcome(number.map(|_| ()).or(resolved.ok().map(|_| ())))
}

/// An expression: its normal form means the same and is its own.
pub(crate) fn query(bytes: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Outcome::Refused;
    };
    let Ok(program) = bounds::compile(text) else {
        return Outcome::Refused;
    };
    let form = normal::normal(text);
    let again =
        cel::Program::compile(&form).unwrap_or_else(|error| panic!("{form:?} from {text:?}: {error}"));
    assert_eq!(
        normal::normal(&form),
        form,
        "the normal form of {text:?} has another"
    );
    assert_eq!(
        shape(&program),
        shape(&again),
        "{text:?} means something else than {form:?}"
    );
    let mut scope = cel::Context::default();
    for variable in program.references().variables() {
        scope.add_variable_from_value(variable, "text");
    }
    let _ = program.execute(&scope);
    Outcome::Read
}

/// What an expression says, without the numbers of its parts, which count their places.
fn shape(program: &cel::Program) -> String {
    let told = format!("{:?}", program.expression());
    let mut parts = told.split("id: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| {
        told + part.trim_start_matches(|digit: char| digit.is_ascii_digit())
    })
}

/// A repository and a release of it that are whole.
struct Made {
    repository: PathBuf,
    release: PathBuf,
    /// The files below `.holotype`, sorted.
    repository_files: Vec<String>,
    release_files: Vec<String>,
    /// Those that are replaced.
    repository_places: Vec<String>,
    release_places: Vec<String>,
    rows: Vec<String>,
    _folder: tempfile::TempDir,
    _made: dataset::Made,
}

static MADE: LazyLock<Made> = LazyLock::new(|| {
    let made = dataset::make();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let request = ReleaseRequest {
        version: "1.0.0",
        commit: made.repo.head().expect("it has a tip").expect("it has a commit"),
        out_dir: folder.path(),
        options: ReleaseOptions::default(),
    };
    let release = build_release(&made.repo, &request, made.author).expect("a release is built");
    tag_release(&made.repo, &release, made.author).expect("a release is tagged");
    let context = made.repo.context(made.author);
    let facts = FactChanges::from([("title".to_owned(), Some(FactValue::from("Cells of dogs")))]);
    let wish = Command::SetFacts {
        entity: EntityRef::dataset(),
        changes: facts,
    };
    let drafted = made
        .repo
        .draft_with(|transaction| transaction.execute(&context, wish.clone()).map(drop));
    assert_eq!(drafted.expect("a draft is written").1, 1);
    let repository = made.dir.path().to_owned();
    Made {
        repository_files: files(&repository),
        release_files: files(&release.path),
        repository_places: places(&files(&repository)),
        release_places: places(&files(&release.path)),
        rows: rows(&made.repo).expect("its rows are read"),
        repository,
        release: release.path,
        _folder: folder,
        _made: made,
    }
});

fn open(dir: &Path) -> Option<Repo> {
    Repo::open(Arc::new(RealVfs), dir, dataset::surroundings()).ok()
}

/// The rows of the newest version, each as a text.
fn rows(repo: &Repo) -> Option<Vec<String>> {
    let version = repo.head_version().ok()?;
    let tree = version.tree();
    let scan = tree.scan(version.nodes(), &[]).ok()?;
    scan.map(|entry| Some(format!("{:?}", entry.ok()?))).collect()
}

/// The files below a folder, relative to it, sorted.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).expect("a folder is listed") {
            let path = entry.expect("a folder is listed").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is below");
                found.push(name.to_str().expect("its name is a text").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The first three files of each folder: the others are of their kind.
fn places(names: &[String]) -> Vec<String> {
    let folder_of = |name: &str| name.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let mut in_folder = BTreeMap::new();
    let mut places = Vec::new();
    for name in names {
        let number: &mut u32 = in_folder.entry(folder_of(name)).or_default();
        *number += 1;
        if *number <= 3 || folder_of(name).is_none() {
            places.push(name.clone());
        }
    }
    places
}

/// A copy of a folder that is gone afterwards, with one of its files, which the first byte chooses, replaced by the other bytes.
/// `None` where there is no byte. Tells whether the file is as it was.
fn with_one_replaced(
    folder: &Path,
    names: &[String],
    places: &[String],
    bytes: &[u8],
) -> Option<(tempfile::TempDir, String, bool)> {
    let (choice, content) = bytes.split_first()?;
    let name = places.get(usize::from(*choice) % places.len())?;
    let copy = tempfile::tempdir().expect("a folder can be made");
    for file in names {
        let to = copy.path().join(file);
        fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::copy(folder.join(file), &to).expect("a file is copied");
    }
    let same = fs::read(folder.join(name)).is_ok_and(|there| there == content);
    fs::write(copy.path().join(name), content).expect("a file is written");
    Some((copy, name.clone(), same))
}

/// One file of a repository: what is found sound has the rows that it had, and checking changes nothing.
pub(crate) fn repository(bytes: &[u8]) -> Outcome {
    let made = &*MADE;
    let Some((copy, name, same)) = with_one_replaced(
        &made.repository,
        &made.repository_files,
        &made.repository_places,
        bytes,
    ) else {
        return Outcome::Refused;
    };
    let Some(repo) = open(copy.path()) else {
        assert!(!same, "{name} is as it was, and the repository is not opened");
        return Outcome::Refused;
    };
    let options = VerifyOptions {
        quick: false,
        replay: false,
    };
    let report = verify(&repo, &options, &|_| {}).expect("its folders are listed");
    let is_sound = report.ok();
    assert!(is_sound || !same, "{name} is as it was: {:?}", report.findings);
    let read = rows(&repo);
    let _ = (
        repo.draft(),
        repo.resolve_version("HEAD"),
        repo.store().list_tags(),
    );
    if is_sound {
        assert_eq!(
            read.as_ref(),
            Some(&made.rows),
            "other rows, and {name} was found sound"
        );
    }
    let kept = fs::read(copy.path().join(&name)).unwrap_or_default();
    let is_derived = name.contains("/derived/");
    assert!(
        is_derived || kept == bytes[1..],
        "{name} was changed by reading it"
    );
    outcome(is_sound.then_some(()))
}

/// One file of a release: whatever is not as it was is found.
pub(crate) fn release(bytes: &[u8]) -> Outcome {
    let made = &*MADE;
    let Some((copy, name, same)) =
        with_one_replaced(&made.release, &made.release_files, &made.release_places, bytes)
    else {
        return Outcome::Refused;
    };
    let check = verify_release(copy.path()).expect("a folder can be read");
    assert_eq!(check.is_ok(), same, "{name}: {:?}", check.findings);
    outcome(check.is_ok().then_some(()))
}

/// A release as one file.
pub(crate) fn archive(path: &Path) -> Outcome {
    let scratch = tempfile::tempdir().expect("a folder can be made");
    let check = verify_release_archive(path, scratch.path(), None, &CheckOptions::default());
    let left = fs::read_dir(scratch.path()).expect("a folder is listed").count();
    assert_eq!(left, 0, "something is left of an archive");
    let is_unpacked = check.is_ok_and(|check| check.findings.iter().all(|finding| finding.code != "HT-R017"));
    outcome(is_unpacked.then_some(()))
}

#[allow(dead_code, reason = "the fuzzer takes the seeds from the corpus")]
/// The files of a repository or a release that a seed of the corpus stands for, each behind the byte that chooses it.
pub(crate) fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let made = &*MADE;
    let mut seeds = Vec::new();
    for (target, folder, names) in [
        ("repository", &made.repository, &made.repository_places),
        ("release", &made.release, &made.release_places),
    ] {
        for (choice, name) in (0_u8..).zip(names) {
            let content = fs::read(folder.join(name)).expect("a file is read");
            seeds.push((target, name.replace('/', "_"), [vec![choice], content].concat()));
        }
    }
    for name in &made.repository_files {
        let content = fs::read(made.repository.join(name)).expect("a file is read");
        for target in ["record", "batch", "node"] {
            seeds.push((target, name.replace('/', "_"), content.clone()));
        }
    }
    // A whole release is too long for a seed; what a member says is looked at behind the archive.
    let folder = tempfile::tempdir().expect("a folder can be made");
    let small = folder.path().join("cells-1.0.0");
    fs::create_dir(&small).expect("a folder can be made");
    for name in ["bagit.txt", "bag-info.txt"] {
        fs::copy(made.release.join(name), small.join(name)).expect("a file is copied");
    }
    for format in [ArchiveFormat::TarZst, ArchiveFormat::Zip] {
        let path = archive_release(&small, format).expect("a release is packed");
        let content = fs::read(&path).expect("a file is read");
        seeds.push(("archive", format.as_str().to_owned(), content));
    }
    seeds
}
