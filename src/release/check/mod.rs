//! Checking a release without a repository: every file against the manifests, the manifests against `release.json`,
//! the history replayed to the snapshot that it pins, the annotations counted. Nothing outside of the folder is read,
//! no link is followed, and what is read is bounded.
//!
//! | code | says |
//! |---|---|
//! | HT-R001 | `release.json` is missing, or is no release |
//! | HT-R002 | a manifest is missing, or is not the one that `release.json` names; the bag is not declared as one |
//! | HT-R003 | a line of a manifest has not the form, or a name that cannot be |
//! | HT-R004 | a file that the manifests list is missing |
//! | HT-R005 | a file that the manifests do not list is there |
//! | HT-R006 | a file has other bytes than the manifests say |
//! | HT-R007 | something is no plain file: a link, a pipe, a name that is not UTF-8 |
//! | HT-R008 | the two manifests do not list the same files |
//! | HT-R009 | the history is not whole, or an object is not what its name says |
//! | HT-R010 | the history does not lead to the commit and snapshot that `release.json` pins |
//! | HT-R011 | the annotations are not as many as `release.json` says, or cannot be read |
//! | HT-R012 | an image has other bytes than the history says, or is missing |
//! | HT-R013 | a file that is derived from the history is not what the history gives |
//! | HT-R014 | the signature is missing though keys are known, is not one of `release.json`, or is by another key |
//! | HT-R015 | it is not the release that was cited |
//! | HT-R016 | the log gives other bytes for a file, or another list of files (`release --check`, with the repository) |
//! | HT-R017 | an archive holds what no release's archive does, or cannot be read |
//! | HT-R018 | it was withdrawn, by the tombstone beside it or by a repository of its dataset |

mod archive;
mod derived;
mod history;
mod signature;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::bag::{BAGIT, BAGIT_NAME};
use super::manifest::{
    BLAKE3_NAME, DATA, FileDigests, Found, FoundFile, RELEASE_NAME, SHA256_NAME, SIGNATURE_NAME,
    TAG_BLAKE3_NAME, TAG_SHA256_NAME, digest_stream, parse_line,
};
use super::payload::{COCO, LABELS};
use super::record::ReleaseRecord;
use super::trail::Trail;
use super::{ReleaseError, VerifyingKey};
use crate::codec::from_canonical;
use crate::files::folder::{EntryKind, FileError, Folder};
use crate::files::names::{Sameness, check_names};
use crate::id::{Digest, ReleaseId};

/// Bytes that `release.json` may have.
const RECORD_BYTES_MAX: u64 = 16 << 20;
/// Bytes that a manifest, or an object of the history, may have.
pub(super) const BYTES_MAX: u64 = 512 << 20;

pub use archive::verify_release_archive;

/// What no manifest lists: `release.json` names the manifests of all else, and is named by citation and signature.
const OWN: [&str; 4] = [RELEASE_NAME, SIGNATURE_NAME, TAG_SHA256_NAME, TAG_BLAKE3_NAME];

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// Worth a look.
    Warning,
    /// The release is not what it says.
    Error,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// A stable code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub object: String,
    /// One sentence.
    pub message: String,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReleaseCheck {
    /// The release's id, where `release.json` can be read; to be compared with the one in a citation.
    pub id: Option<ReleaseId>,
    /// What `release.json` says.
    pub record: Option<ReleaseRecord>,
    /// How many files were hashed.
    pub files: u64,
    /// How many bytes were hashed.
    pub bytes: u64,
    /// How many events were replayed.
    pub events: u64,
    /// The fingerprint of the key that signed, where one did; to be compared with the one that came another way.
    pub signer: Option<String>,
    /// How many files of images elsewhere were compared and are those of the release.
    pub images: u64,
    /// The files of images that the history names, with the BLAKE3 of each; empty where the history is not whole.
    pub image_files: BTreeMap<String, Digest>,
    /// What was found, by file and code.
    pub findings: Vec<Finding>,
}

impl ReleaseCheck {
    /// Notes that the release was withdrawn, as a repository or a tombstone says.
    pub fn withdrawn(&mut self, said: String) {
        self.findings.push(Finding {
            code: "HT-R018",
            severity: Severity::Warning,
            object: RELEASE_NAME.to_owned(),
            message: said,
        });
    }

    /// Whether nothing worse than information was found.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity == Severity::Information)
    }
}

/// What a check may be told beside the folder.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckOptions<'a> {
    /// A folder with the images, each under its name, where the release has their digests alone.
    pub images: Option<&'a Path>,
    /// Keys, of which one must have signed.
    pub signers: Option<&'a [VerifyingKey]>,
    /// The release's id, as a citation has it.
    pub cited: Option<ReleaseId>,
}

/// Checks a release's folder.
///
/// # Errors
/// [`ReleaseError::File`] when the folder cannot be read at all; whatever is wrong in it is a finding.
pub fn verify_release(dir: &Path) -> Result<ReleaseCheck, ReleaseError> {
    verify_release_with(dir, &CheckOptions::default())
}

/// As [`verify_release`], with what is known beside the folder.
///
/// # Errors
/// As [`verify_release`].
pub fn verify_release_with(dir: &Path, options: &CheckOptions<'_>) -> Result<ReleaseCheck, ReleaseError> {
    let folder = Folder::open(dir)?;
    let mut checker = Checker {
        folder,
        options: *options,
        check: ReleaseCheck::default(),
        listed: BTreeMap::new(),
        sizes: BTreeMap::new(),
        signer: None,
        trail: Trail::default(),
    };
    checker.read_record();
    checker.read_manifests();
    checker.check_declaration();
    checker.check_signature();
    checker.check_files()?;
    if let Some(record) = checker.check.record.clone() {
        checker.count_annotations(&record);
        history::replay(&mut checker, &record);
    }
    let mut check = checker.check;
    check
        .findings
        .sort_by(|a, b| (&a.object, a.code, &a.message).cmp(&(&b.object, b.code, &b.message)));
    check.findings.dedup();
    Ok(check)
}

struct Checker<'a> {
    folder: Folder,
    options: CheckOptions<'a>,
    check: ReleaseCheck,
    /// What the manifests say of each file.
    listed: BTreeMap<String, FileDigests>,
    /// How long each file is, in bytes.
    sizes: BTreeMap<String, u64>,
    /// Who signed.
    signer: Option<VerifyingKey>,
    /// What the events of the history tell of themselves.
    trail: Trail,
}

impl Checker<'_> {
    fn find(&mut self, code: &'static str, object: &str, message: impl Into<String>) {
        self.check.findings.push(Finding {
            code,
            severity: Severity::Error,
            object: object.to_owned(),
            message: message.into(),
        });
    }

    /// The files below `data/` that are listed and there.
    fn payload(&self) -> Found {
        let listed = self.listed.iter().filter(|(name, _)| name.starts_with(DATA));
        listed
            .filter_map(|(name, digests)| {
                let file = FoundFile {
                    digests: *digests,
                    size_bytes: *self.sizes.get(name)?,
                };
                Some((name.clone(), file))
            })
            .collect()
    }

    /// Reads a file of bounded length; what is wrong is said as a text.
    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, String> {
        let file = self.folder.open_file(name).map_err(|error| text_of(&error))?;
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| error.to_string())?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(format!("it is longer than {limit} bytes"));
        }
        Ok(bytes)
    }

    fn read_record(&mut self) {
        let read = self.read(RELEASE_NAME, RECORD_BYTES_MAX);
        let record = read.and_then(|bytes| {
            let record: ReleaseRecord = from_canonical(&bytes).map_err(|error| error.to_string())?;
            Ok((ReleaseId::of(&bytes), record))
        });
        match record {
            Ok((id, record)) => {
                self.check.id = Some(id);
                self.check.record = Some(record);
            }
            Err(why) => self.find("HT-R001", RELEASE_NAME, why),
        }
    }

    /// Reads the manifests of the payload and of all else; both list what they are to list and nothing of the other.
    fn read_manifests(&mut self) {
        self.read_pair(
            [BLAKE3_NAME, SHA256_NAME],
            [|record| &record.manifest_blake3, |record| &record.manifest_sha256],
            |name| name.starts_with(DATA),
        );
        self.read_pair(
            [TAG_BLAKE3_NAME, TAG_SHA256_NAME],
            [
                |record| &record.tagmanifest_blake3,
                |record| &record.tagmanifest_sha256,
            ],
            |name| !name.starts_with(DATA) && !OWN.contains(&name),
        );
    }

    /// Reads a manifest of BLAKE3 and its counterpart of SHA-256.
    fn read_pair(
        &mut self,
        names: [&'static str; 2],
        named: [fn(&ReleaseRecord) -> &String; 2],
        may_list: fn(&str) -> bool,
    ) {
        let record = self.check.record.clone();
        let [blake3_name, sha256_name] = names;
        let [blake3_said, sha256_said] = named.map(|pick| record.as_ref().map(|record| pick(record).clone()));
        let blake3 = self.read_manifest(blake3_name, blake3_said, |digests| digests.blake3);
        let sha256 = self.read_manifest(sha256_name, sha256_said, |digests| digests.sha256);
        let names: BTreeSet<&String> = blake3.keys().chain(sha256.keys()).collect();
        for name in names {
            match (blake3.get(name), sha256.get(name)) {
                (Some(blake3), Some(sha256)) if may_list(name) => {
                    let digests = FileDigests {
                        blake3: *blake3,
                        sha256: *sha256,
                    };
                    self.listed.insert(name.clone(), digests);
                }
                (Some(_), Some(_)) => self.find(
                    "HT-R003",
                    blake3_name,
                    format!(
                        "it lists '{}', which does not belong into it",
                        name.escape_debug()
                    ),
                ),
                (Some(_), None) => self.find("HT-R008", name, format!("{sha256_name} does not list it")),
                (None, _) => self.find("HT-R008", name, format!("{blake3_name} does not list it")),
            }
        }
    }

    /// Checks that the folder says that it is a bag.
    fn check_declaration(&mut self) {
        match self.read(BAGIT_NAME, 1 << 16) {
            Ok(bytes) if bytes == BAGIT.as_bytes() => {}
            Ok(_) => self.find("HT-R002", BAGIT_NAME, "it does not declare a bag of BagIt 1.0"),
            Err(why) => self.find("HT-R002", BAGIT_NAME, why),
        }
    }

    /// Reads a manifest; a bad line is a finding, and passed over.
    fn read_manifest(
        &mut self,
        name: &str,
        named: Option<String>,
        pick: fn(&FileDigests) -> Digest,
    ) -> BTreeMap<String, Digest> {
        let mut lines = BTreeMap::new();
        let bytes = match self.read(name, BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(why) => {
                self.find("HT-R002", name, why);
                return lines;
            }
        };
        let digests = digest_stream(&mut bytes.as_slice());
        let is_named = digests.is_ok_and(|digests| Some(pick(&digests).to_string()) == named);
        if named.is_some() && !is_named {
            self.find(
                "HT-R002",
                name,
                format!("{RELEASE_NAME} names a manifest with other bytes"),
            );
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            self.find("HT-R003", name, "it is not UTF-8");
            return lines;
        };
        let mut names = Vec::new();
        for (number, line) in (1_u64..).zip(text.lines()) {
            match parse_line(line) {
                Some((digest, file)) => {
                    names.push(file);
                    lines.insert(file.to_owned(), digest);
                }
                None => self.find(
                    "HT-R003",
                    name,
                    format!("its line {number} is no digest and name"),
                ),
            }
        }
        for fault in check_names(names, Sameness::Folded) {
            lines.remove(&fault.name);
            self.find("HT-R003", name, fault.to_string());
        }
        lines
    }

    /// Compares what is there with what is listed.
    fn check_files(&mut self) -> Result<(), ReleaseError> {
        let mut there = BTreeSet::new();
        for entry in self.folder.list()? {
            let size_bytes = match entry.kind {
                EntryKind::File { size_bytes } => size_bytes,
                EntryKind::Link => {
                    self.find(
                        "HT-R007",
                        &entry.name,
                        "it is a symbolic link, which is not followed",
                    );
                    continue;
                }
                EntryKind::Other => {
                    self.find("HT-R007", &entry.name, "it is no plain file");
                    continue;
                }
            };
            self.check.files += 1;
            self.check.bytes = self.check.bytes.saturating_add(size_bytes);
            self.sizes.insert(entry.name.clone(), size_bytes);
            if OWN.contains(&entry.name.as_str()) {
                continue;
            }
            match self.listed.get(&entry.name).copied() {
                // What was too long to be read as a manifest is told already, and not hashed to its end.
                Some(_)
                    if size_bytes > BYTES_MAX
                        && [SHA256_NAME, BLAKE3_NAME].contains(&entry.name.as_str()) => {}
                Some(listed) => self.check_bytes(&entry.name, listed),
                None => self.find("HT-R005", &entry.name, "the manifests do not list it"),
            }
            there.insert(entry.name);
        }
        let missing: Vec<String> = self
            .listed
            .keys()
            .filter(|name| !there.contains(*name))
            .cloned()
            .collect();
        for name in missing {
            self.find("HT-R004", &name, "the manifests list it, but it is missing");
        }
        Ok(())
    }

    fn check_bytes(&mut self, name: &str, listed: FileDigests) {
        let digests = match self.folder.open_file(name) {
            Ok(mut file) => digest_stream(&mut file).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match digests {
            Ok(digests) if digests == listed => {}
            Ok(_) => self.find("HT-R006", name, "its bytes are not those that the manifests name"),
            Err(why) => self.find("HT-R006", name, format!("it cannot be read: {why}")),
        }
    }

    fn count_annotations(&mut self, record: &ReleaseRecord) {
        let exported = &record.exported;
        let coco: Result<Coco, String> = self.parse(COCO);
        match coco {
            Ok(coco) => {
                for (what, found, said) in [
                    ("images", coco.images.0, exported.images),
                    ("annotations", coco.annotations.0, exported.annotations),
                    ("categories", coco.categories.0, exported.labels),
                ] {
                    self.compare(COCO, what, found, said);
                }
            }
            Err(why) => self.find("HT-R011", COCO, why),
        }
        let labels: Result<Labels, String> = self.parse(LABELS);
        match labels {
            Ok(labels) => {
                self.compare(LABELS, "labels", labels.labels.0, exported.labels);
            }
            Err(why) => self.find("HT-R011", LABELS, why),
        }
    }

    fn compare(&mut self, name: &str, what: &str, found: u64, said: u64) {
        if found != said {
            self.find(
                "HT-R011",
                name,
                format!("it has {found} {what}, {RELEASE_NAME} says {said}"),
            );
        }
    }

    fn parse<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<T, String> {
        let file = self.folder.open_file(name).map_err(|error| error.to_string())?;
        serde_json::from_reader(BufReader::with_capacity(1 << 18, file)).map_err(|error| error.to_string())
    }
}

/// Why a file cannot be opened, without its path.
fn text_of(error: &FileError) -> String {
    if let FileError::Io { source, .. } = error {
        if source.kind() == std::io::ErrorKind::NotFound {
            "it is missing".to_owned()
        } else {
            source.to_string()
        }
    } else {
        error.to_string()
    }
}

#[derive(Deserialize)]
struct Coco {
    images: Count,
    annotations: Count,
    categories: Count,
}

#[derive(Deserialize)]
struct Labels {
    labels: Count,
}

/// The length of a list, whatever it holds.
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counter;
        impl<'de> Visitor<'de> for Counter {
            type Value = Count;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
                let mut count = 0;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(count))
            }
        }
        deserializer.deserialize_seq(Counter)
    }
}
