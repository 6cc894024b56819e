//! Building a release once more from the log: to compare it with a folder, and to have what a citation names.

use std::io::BufRead;
use std::path::Path;

use super::build::{NamedFilter, build_of_tag, stage_release};
use super::check::{Finding, Severity};
use super::manifest::{
    FileDigests, Found, FoundFile, RELEASE_NAME, SHA256_NAME, SIGNATURE_NAME, digest_stream, parse_line,
};
use super::record::{BuildRecord, ReleaseRecord};
use super::{
    Images, ReleaseError, ReleaseOptions, ReleaseRequest, ReleaseSummary, release_of_tag, safe_name,
    write_tombstone,
};
use crate::codec::from_canonical;
use crate::files::folder::{EntryKind, FileError, Folder};
use crate::files::input::read_file;
use crate::id::{CommitId, Digest, ReleaseId, SnapshotId};
use crate::model::ImageFile;
use crate::repo::Repo;
use crate::time::Timestamp;

/// Bytes that `release.json` may have.
const RECORD_BYTES_MAX: u64 = 16 << 20;

/// A folder beside the same release as the log gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebuilt {
    /// The release's id, by the log.
    pub id: ReleaseId,
    /// How many files were compared.
    pub files: u64,
    /// What differs, by file: HT-R016.
    pub findings: Vec<Finding>,
    /// Files of images whose bytes were erased since: the log cannot give them any more. One that the folder still has
    /// is compared with the digest that the log names.
    pub erased: Vec<String>,
}

/// A citation of a release: `NAME@vVERSION#DIGEST`, with what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseCitation {
    /// The dataset's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The release.
    pub release: ReleaseId,
    /// The commit, where it is given.
    pub commit: Option<CommitId>,
    /// The snapshot, where it is given.
    pub snapshot: Option<SnapshotId>,
}

impl ReleaseCitation {
    /// Finds a citation in a text: the last `#` before 64 hex digits, the version before it behind the last `@`, and
    /// before that the name, back to a line feed, a full stop and space, or the beginning. `Commit ID` and `snapshot ID` count
    /// wherever they stand.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (at, digest) = text
            .match_indices('#')
            .rev()
            .find_map(|(at, _)| Some((at, ReleaseId::parse(text.get(at + 1..at + 65)?).ok()?)))?;
        let (before, version) = text.get(..at)?.rsplit_once('@')?;
        let start = [". ", "] ", "\n"]
            .iter()
            .filter_map(|end| Some(before.rfind(end)? + end.len()))
            .max()
            .unwrap_or(0);
        // An address of the identifier may stand before the name.
        let name = before.get(start..)?.trim_start();
        let name = match name.split_once(' ') {
            Some((first, rest)) if first.starts_with("https://") => rest,
            _ => name,
        };
        let behind = |word: &str| {
            let rest = text.get(text.find(word)? + word.len()..)?;
            rest.get(..64)
        };
        Some(Self {
            name: name.to_owned(),
            version: version.to_owned(),
            release: digest,
            commit: behind("Commit ").and_then(|id| CommitId::parse(id).ok()),
            snapshot: behind("snapshot ").and_then(|id| SnapshotId::parse(id).ok()),
        })
    }

    /// Takes the version as this repository names it: `v1.0.0` is cited of a release that is called `1.0.0`, too.
    ///
    /// # Errors
    /// [`ReleaseError::Store`] when a tag cannot be read.
    pub fn named_in(mut self, repo: &Repo) -> Result<Self, ReleaseError> {
        if let Some(plain) = self.version.strip_prefix('v')
            && repo.store().read_tag(&self.version)?.is_none()
            && repo.store().read_tag(plain)?.is_some()
        {
            self.version = plain.to_owned();
        }
        Ok(self)
    }
}

/// Returns what the release of a version was built with; `None` where the version has no tag of a release.
///
/// # Errors
/// [`ReleaseError::Store`] when the tag cannot be read.
pub fn release_build(repo: &Repo, version: &str) -> Result<Option<BuildRecord>, ReleaseError> {
    Ok(repo.store().read_tag(version)?.as_ref().and_then(build_of_tag))
}

/// Reads the record of a release's folder.
///
/// # Errors
/// [`ReleaseError::NoRelease`] when there is none.
pub fn read_record(dir: &Path) -> Result<ReleaseRecord, ReleaseError> {
    let none = |why: String| ReleaseError::NoRelease {
        path: dir.to_owned(),
        why,
    };
    let bytes =
        read_file(&dir.join(RELEASE_NAME), RECORD_BYTES_MAX).map_err(|error| none(error.to_string()))?;
    from_canonical(&bytes).map_err(|error| none(error.to_string()))
}

/// Builds the release of a folder once more from the log, in a hidden sibling that is removed again, and compares every
/// file byte for byte; a signature is not made again, and not compared. Of images whose bytes were erased since, the log
/// still names the digest: where the folder has them they are compared with that, and told either way. `filter` is the
/// meaning of the expression that the release names, where it names one.
///
/// # Errors
/// [`ReleaseError::NoRelease`], [`ReleaseError::OtherDataset`], or when something cannot be read or written.
pub fn check_rebuild(
    repo: &Repo,
    dir: &Path,
    filter: Option<NamedFilter<'_>>,
) -> Result<Rebuilt, ReleaseError> {
    let record = read_record(dir)?;
    if record.dataset != repo.store().repository().id {
        return Err(ReleaseError::OtherDataset {
            path: dir.to_owned(),
            name: record.name,
        });
    }
    let build = BuildRecord::of(&record, None);
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned());
    let sibling = dir.with_file_name(format!("{}.rebuilt", name.unwrap_or_default()));
    let request = request_of(&build, &record.version, record.commit, dir, filter);
    let folder = Folder::open(dir)?;
    let stand_in = |name: &str, file: &ImageFile| Ok(stand_in_of(&folder, name, file));
    let staged = stage_release(repo, &request, &sibling, Some(&stand_in))?;
    let erased: Vec<String> = staged.contents.erased().cloned().collect();
    let (files, findings) = compare(&folder, staged.files, &erased)?;
    Ok(Rebuilt {
        id: staged.summary.id,
        files,
        findings,
        erased,
    })
}

/// What is known of a file whose bytes the log does not have any more: its BLAKE3 and its length. Its SHA-256 is that of
/// the folder's file where that is the one, else the one that the folder's manifest states; all zeros where none does.
fn stand_in_of(folder: &Folder, name: &str, file: &ImageFile) -> FoundFile {
    let blake3 = file.blob.digest();
    let there = folder
        .open_file(name)
        .ok()
        .and_then(|mut file| digest_stream(&mut file).ok())
        .filter(|digests| digests.blake3 == blake3);
    let sha256 = there
        .map(|digests| digests.sha256)
        .or_else(|| listed_sha256(folder, name))
        .unwrap_or(Digest::from_bytes([0; 32]));
    FoundFile {
        digests: FileDigests { blake3, sha256 },
        size_bytes: file.size_bytes,
    }
}

/// The SHA-256 that a folder's manifest states for a file.
fn listed_sha256(folder: &Folder, name: &str) -> Option<Digest> {
    let manifest = std::io::BufReader::new(folder.open_file(SHA256_NAME).ok()?);
    manifest
        .lines()
        .map_while(Result::ok)
        .find_map(|line| match parse_line(&line) {
            Some((digest, listed)) if listed == name => Some(digest),
            Some(_) | None => None,
        })
}

/// Compares a folder with the files that the log gives; a file of which the bytes were erased may be missing. Returns how
/// many were compared, and what differs.
fn compare(
    folder: &Folder,
    mut expected: Found,
    erased: &[String],
) -> Result<(u64, Vec<Finding>), ReleaseError> {
    let mut findings = Vec::new();
    let mut find = |object: &str, message: &str| {
        findings.push(Finding {
            code: "HT-R016",
            severity: Severity::Error,
            object: object.to_owned(),
            message: message.to_owned(),
        });
    };
    let mut files = 0;
    for entry in folder.list()? {
        if entry.name == SIGNATURE_NAME {
            continue;
        }
        let Some(file) = expected.remove(&entry.name) else {
            find(&entry.name, "the log gives no such file");
            continue;
        };
        files += 1;
        let is_file = matches!(entry.kind, EntryKind::File { size_bytes } if size_bytes == file.size_bytes);
        let is_same = is_file && {
            let path = folder.path().join(&entry.name);
            let mut opened = folder.open_file(&entry.name)?;
            let digests = digest_stream(&mut opened).map_err(|source| FileError::Io {
                action: "read",
                path,
                source,
            })?;
            digests == file.digests
        };
        if !is_same {
            find(&entry.name, "the log gives other bytes");
        }
    }
    for name in expected.keys().filter(|name| !erased.contains(name)) {
        find(name, "the log gives it, and it is missing");
    }
    Ok((files, findings))
}

/// Builds exactly the release that is cited, below `out_dir`; one that was withdrawn gets its tombstone beside it. `filter` is the meaning of the expression that the release
/// names, where it names one.
///
/// # Errors
/// [`ReleaseError::Unresolved`] when this repository does not hold it, or when something cannot be read or written.
pub fn resolve_release(
    repo: &Repo,
    cited: &ReleaseCitation,
    out_dir: &Path,
    filter: Option<NamedFilter<'_>>,
) -> Result<ReleaseSummary, ReleaseError> {
    let unresolved = |why: String| ReleaseError::Unresolved {
        version: cited.version.clone(),
        why,
    };
    let tag = repo
        .store()
        .read_tag(&cited.version)?
        .ok_or_else(|| unresolved("this repository has no such version".to_owned()))?;
    if cited.name != repo.name() {
        return Err(unresolved(format!(
            "this is the dataset '{}', and '{}' is cited",
            repo.name(),
            cited.name
        )));
    }
    match release_of_tag(&tag) {
        Some(id) if id == cited.release => {}
        Some(id) => {
            return Err(unresolved(format!(
                "its release here is {id}, and {} is cited",
                cited.release
            )));
        }
        None => return Err(unresolved("its tag is of no release".to_owned())),
    }
    if cited.commit.is_some_and(|commit| commit != tag.commit) {
        return Err(unresolved(format!("its commit here is {}", tag.commit)));
    }
    let build = build_of_tag(&tag)
        .ok_or_else(|| unresolved("its tag does not say what it was built with".to_owned()))?;
    let path = out_dir.join(format!("{}-{}", safe_name(repo.name()), cited.version));
    let request = request_of(&build, &cited.version, tag.commit, out_dir, filter);
    let staged = stage_release(repo, &request, &path, None)?;
    let found = &staged.summary;
    if found.id != cited.release {
        return Err(unresolved(format!(
            "the log gives the release {}, and {} is cited",
            found.id, cited.release
        )));
    }
    if cited
        .snapshot
        .is_some_and(|snapshot| snapshot != found.record.snapshot)
    {
        return Err(unresolved(format!(
            "its snapshot here is {}",
            found.record.snapshot
        )));
    }
    write_tombstone(repo, &cited.version, &path)?;
    staged.contents.into_staged()?.publish()?;
    Ok(staged.summary)
}

/// What is asked for to have a release once more.
fn request_of<'a>(
    build: &'a BuildRecord,
    version: &'a str,
    commit: CommitId,
    out_dir: &'a Path,
    filter: Option<NamedFilter<'a>>,
) -> ReleaseRequest<'a> {
    ReleaseRequest {
        version,
        commit,
        out_dir,
        options: ReleaseOptions {
            images: if build.with_images {
                Images::Bytes
            } else {
                Images::Digests
            },
            rule: Some(&build.rule),
            date: Timestamp::parse(&format!("{}T00:00:00Z", build.date)).ok(),
            filter,
            doi: build.doi.as_deref(),
            forced: build.forced.as_deref(),
            signer: None,
            signature: build.signature.as_deref(),
            image_source: build.image_source.as_deref(),
            progress: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citation_is_found_in_a_line() {
        let release = ReleaseId::of(b"r");
        let commit = CommitId::of(b"c");
        let snapshot = SnapshotId::of(b"s");
        let bare = format!("Müller's cells@1.0.0#{release}");
        let long = format!(
            "Ngo, B. (2026). Cells. (Version 1.0.0) [Data set]. A Press. https://doi.org/10.5281/x {bare} Commit {commit}, snapshot {snapshot}."
        );
        let parsed = ReleaseCitation::parse(&long).unwrap();
        assert_eq!(
            (parsed.name.as_str(), parsed.version.as_str()),
            ("Müller's cells", "1.0.0")
        );
        assert_eq!(
            (parsed.release, parsed.commit, parsed.snapshot),
            (release, Some(commit), Some(snapshot))
        );
        let short = ReleaseCitation::parse(&bare).unwrap();
        assert_eq!((short.name.as_str(), short.commit), ("Müller's cells", None));
        for bad in ["", "cells@1.0.0", "cells#00ff", "#", &format!("cells#{release}")] {
            assert_eq!(ReleaseCitation::parse(bad), None, "{bad}");
        }
    }
}
