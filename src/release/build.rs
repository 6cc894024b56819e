//! Building a release: staged in a hidden sibling, read back, tagged, then given its name. Running it again after an
//! interruption at any point gives the same folder.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::cite::{Citation, CiteFormat, Cited};
use super::contents::Contents;
use super::datasheet::Subject;
use super::history::{add_history, ancestors, log_facts};
use super::manifest::{BLAKE3_NAME, RELEASE_NAME, SHA256_NAME, manifest};
use super::record::{ExportedCounts, ReleaseRecord};
use super::{ReleaseError, Severity, documents, numbers, verify_release};
use crate::codec::{Extra, Tag, to_canonical};
use crate::export::checkout::check_image_names;
use crate::export::image_table::write_image_table;
use crate::export::version::write_coco_watched;
use crate::export::{
    Dataset, ExportError, ExportOptions, ExportReport, Exported, Filter, ImageRow, Row, Votes,
};
use crate::files::folder::{Folder, Vacancy, vacancy};
use crate::files::names::Sameness;
use crate::files::output::StagedFolder;
use crate::id::{CommitId, Digest, PrivateId, ReleaseId};
use crate::log::{Commit, first_parents};
use crate::model::Rule;
use crate::repo::{Repo, RepoError, Version};
use crate::snapshot::TREE_RULE;
use crate::store::{TagRecord, is_ref_name};
use crate::time::Timestamp;

/// Whether the bytes of images are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Images {
    /// Their digests only.
    #[default]
    Digests,
    /// Their bytes, too.
    Bytes,
}

/// Rows that are released, and the expression that says which.
#[derive(Clone, Copy)]
pub struct NamedFilter<'a> {
    /// The expression, as written.
    pub text: &'a str,
    /// What it means.
    pub filter: Filter<'a>,
}

/// What may be told about a release.
#[derive(Clone, Copy, Default)]
pub struct ReleaseOptions<'a> {
    /// Whether the bytes of images are released.
    pub images: Images,
    /// The rule by which labels are agreed; else the one in force.
    pub rule: Option<&'a Rule>,
    /// The date in the documents (`SOURCE_DATE_EPOCH`); else that of the commit.
    pub date: Option<Timestamp>,
    /// Which rows stand in `annotations/coco.json`; else all.
    pub filter: Option<NamedFilter<'a>>,
}

/// What is to be released.
#[derive(Clone, Copy)]
pub struct ReleaseRequest<'a> {
    /// The release's version, which becomes a tag.
    pub version: &'a str,
    /// The commit.
    pub commit: CommitId,
    /// The folder in which the release's folder is made.
    pub out_dir: &'a Path,
    /// What else.
    pub options: ReleaseOptions<'a>,
}

/// A release as it was built.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseSummary {
    /// Its id: BLAKE3 of `release.json`.
    pub id: ReleaseId,
    /// Its folder.
    pub path: PathBuf,
    /// What `release.json` says.
    pub record: ReleaseRecord,
    /// How many files there are, all counted.
    pub files: u64,
    /// What COCO could not say.
    pub report: ExportReport,
    /// Whether the same release stood there already.
    pub was_there: bool,
}

/// A release that is durable in a hidden sibling, and not there yet under its name.
#[derive(Debug)]
pub struct PreparedRelease {
    summary: ReleaseSummary,
    staged: Option<StagedFolder>,
}

impl PreparedRelease {
    /// Returns what will be released.
    #[must_use]
    pub fn summary(&self) -> &ReleaseSummary {
        &self.summary
    }

    /// Gives the folder its name.
    ///
    /// # Errors
    /// [`ReleaseError::File`] when something came to stand there, or when it cannot be made durable.
    pub fn publish(self) -> Result<ReleaseSummary, ReleaseError> {
        if let Some(staged) = self.staged {
            staged.publish()?;
        }
        Ok(self.summary)
    }
}

/// Returns a name that every file system takes: all but `a-z A-Z 0-9 . _ -` becomes `-`.
#[must_use]
pub fn safe_name(name: &str) -> String {
    let mut safe = String::new();
    for character in name.chars() {
        if character.is_ascii_alphanumeric() || "._".contains(character) {
            safe.push(character);
        } else if !safe.ends_with('-') {
            safe.push('-');
        }
    }
    let safe: String = safe.trim_matches(['-', '.']).chars().take(100).collect();
    if safe.is_empty() {
        "dataset".to_owned()
    } else {
        safe
    }
}

/// Returns the release that a tag was made for: its message is `release ` and the release's id.
#[must_use]
pub fn release_of_tag(tag: &TagRecord) -> Option<ReleaseId> {
    ReleaseId::parse(tag.message.strip_prefix("release ")?).ok()
}

/// Builds a release, tags its commit and gives the folder its name; the same release again is completed.
///
/// # Errors
/// [`ReleaseError::VersionTaken`], [`ReleaseError::Differs`], or when something cannot be read or written.
pub fn build_release(
    repo: &Repo,
    request: &ReleaseRequest<'_>,
    author: PrivateId,
) -> Result<ReleaseSummary, ReleaseError> {
    let prepared = prepare_release(repo, request)?;
    tag_release(repo, prepared.summary(), author)?;
    prepared.publish()
}

/// Tags the commit of a release; a tag that was made for the same release stays.
///
/// # Errors
/// [`ReleaseError::VersionTaken`] when the tag names something else, or when it cannot be written.
pub fn tag_release(repo: &Repo, summary: &ReleaseSummary, author: PrivateId) -> Result<(), ReleaseError> {
    let record = &summary.record;
    if existing_tag(repo, &record.version, record.commit)?.is_some() {
        return check_tag(repo, record, summary.id);
    }
    match repo.tag(
        &record.version,
        record.commit,
        author,
        &format!("release {}", summary.id),
    ) {
        Ok(_) => Ok(()),
        Err(RepoError::TagExists { name, .. }) if name == record.version => {
            check_tag(repo, record, summary.id)
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the tag of a version, which must be on this commit.
fn existing_tag(repo: &Repo, version: &str, commit: CommitId) -> Result<Option<TagRecord>, ReleaseError> {
    let tag = repo.store().read_tag(version)?;
    match tag {
        Some(tag) if tag.commit != commit => Err(ReleaseError::VersionTaken {
            version: version.to_owned(),
            commit: tag.commit,
            why: String::new(),
        }),
        other => Ok(other),
    }
}

fn check_tag(repo: &Repo, record: &ReleaseRecord, id: ReleaseId) -> Result<(), ReleaseError> {
    let tag = existing_tag(repo, &record.version, record.commit)?;
    match tag.as_ref().and_then(release_of_tag) {
        Some(other) if other != id => Err(ReleaseError::VersionTaken {
            version: record.version.clone(),
            commit: record.commit,
            why: format!(", for the release {other}; this one would be {id}"),
        }),
        _ => Ok(()),
    }
}

/// Finds the version of the release before: the nearest commit behind this one with the tag of a release. Tags that
/// are younger than `until` are passed over, so that the same release comes out again later.
fn find_previous(
    repo: &Repo,
    commit: &Commit,
    until: Option<Timestamp>,
) -> Result<Option<String>, ReleaseError> {
    let mut tags = Vec::new();
    for name in repo.store().list_tags()? {
        if let Some(tag) = repo.store().read_tag(&name)?
            && release_of_tag(&tag).is_some()
            && until.is_none_or(|until| tag.created_at <= until)
        {
            tags.push(tag);
        }
    }
    for before in first_parents(repo.store(), commit.first_parent()) {
        let (id, _) = before?;
        let here = tags.iter().filter(|tag| tag.commit == id);
        if let Some(tag) = here.max_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name))) {
            return Ok(Some(tag.name.clone()));
        }
    }
    Ok(None)
}

/// Builds a release in a hidden sibling of its folder, and reads every file of it back. Nothing is tagged yet.
///
/// # Errors
/// [`ReleaseError::VersionTaken`] when the version is tagged elsewhere, [`ReleaseError::Differs`] when its folder holds
/// something else, or when something cannot be read or written.
pub fn prepare_release(repo: &Repo, request: &ReleaseRequest<'_>) -> Result<PreparedRelease, ReleaseError> {
    if !is_ref_name(request.version) {
        return Err(ReleaseError::Repo(RepoError::BadTagName {
            name: request.version.to_owned(),
        }));
    }
    let tag = existing_tag(repo, request.version, request.commit)?;
    let version = repo.version(request.commit)?;
    let commit = version.commit().ok_or(ReleaseError::NoCommit)?;
    let until = tag.as_ref().map(|tag| tag.created_at);
    let previous = find_previous(repo, commit, until)?;
    let folder = format!("{}-{}", safe_name(repo.name()), request.version);
    let path = request.out_dir.join(folder);
    let mut contents = Contents::create(&path)?;
    let (mut record, report) = fill(repo, request, &version, previous, &mut contents)?;
    let mut files = BTreeMap::new();
    contents.read_back(&mut files)?;
    let sums = manifest(&files, |file| file.sha256);
    let blakes = manifest(&files, |file| file.blake3);
    record.manifest_sha256 = sha256_hex(&sums);
    record.manifest_blake3 = Digest::of(&blakes).to_string();
    let bytes = to_canonical(&record)?;
    contents.add(SHA256_NAME, &sums)?;
    contents.add(BLAKE3_NAME, &blakes)?;
    contents.add(RELEASE_NAME, &bytes)?;
    contents.read_back(&mut files)?;
    let mut summary = ReleaseSummary {
        id: ReleaseId::of(&bytes),
        path,
        record,
        files: u64::try_from(files.len()).unwrap_or(u64::MAX),
        report,
        was_there: false,
    };
    check_tag(repo, &summary.record, summary.id)?;
    let mut staged = Some(contents.into_staged());
    if vacancy(&summary.path)? == Vacancy::Occupied {
        check_same(&summary.path, &bytes)?;
        summary.was_there = true;
        staged = None;
    }
    Ok(PreparedRelease { summary, staged })
}

fn sha256_hex(bytes: &[u8]) -> String {
    let mut hasher = super::manifest::Hasher::default();
    // Hashing does not fail.
    let _ = hasher.write_all(bytes);
    hasher.finish().sha256.to_string()
}

/// Whether a folder is the release with this record, whole.
fn check_same(path: &Path, record: &[u8]) -> Result<(), ReleaseError> {
    let differs = |why: String| ReleaseError::Differs {
        path: path.to_owned(),
        why,
    };
    let mut there = Vec::new();
    let file = Folder::open(path)
        .and_then(|folder| folder.open_file(RELEASE_NAME))
        .map_err(|error| differs(error.to_string()))?;
    let limit = u64::try_from(record.len()).unwrap_or(u64::MAX).saturating_add(1);
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limit), &mut there)
        .map_err(|error| differs(error.to_string()))?;
    if there != record {
        return Err(differs("its release.json is another".to_owned()));
    }
    let check = verify_release(path)?;
    match check
        .findings
        .iter()
        .find(|finding| finding.severity == Severity::Error)
    {
        Some(finding) => Err(differs(format!("{}: {}", finding.object, finding.message))),
        None => Ok(()),
    }
}

/// Writes everything but manifests and record; returns the record without their digests.
fn fill(
    repo: &Repo,
    request: &ReleaseRequest<'_>,
    version: &Version,
    previous: Option<String>,
    contents: &mut Contents,
) -> Result<(ReleaseRecord, ExportReport), ReleaseError> {
    let options = &request.options;
    let commit = version.commit().ok_or(ReleaseError::NoCommit)?;
    let dataset = Dataset::open(version, options.rule)?;
    if options.images == Images::Bytes {
        let names = check_image_names(dataset.images(), "images/", &[], Sameness::Folded);
        if !names.is_empty() {
            return Err(ExportError::Names { names }.into());
        }
    }
    let coco = ExportOptions {
        name: repo.name(),
        votes: Votes::Omit,
        filter: options.filter.map(|named| named.filter).unwrap_or_default(),
        ..ExportOptions::default()
    };
    let (exported, counted) = add_annotations(&dataset, &coco, contents)?;
    contents.add("annotations/labels.json", &labels_json(&dataset)?)?;
    contents.add_with("images.csv", |out| {
        write_image_table(dataset.images().iter(), out)
    })?;
    if options.images == Images::Bytes {
        for image in dataset.images().iter().filter(|image| !image.is_erased()) {
            contents.add_image(repo, image, "images/")?;
        }
    }
    let commits = ancestors(repo, request.commit)?;
    add_history(repo, request.commit, &commits, contents)?;
    let date = options.date.unwrap_or(commit.committed_at);
    let record = ReleaseRecord {
        commit: request.commit,
        committed_at: commit.committed_at,
        counts: commit.counts.clone(),
        dataset: repo.store().repository().id,
        date: date.to_day(),
        exported: ExportedCounts {
            annotations: exported.annotations,
            images: exported.images,
            labels: exported.labels,
            extra: Extra::default(),
        },
        filter: options.filter.map(|named| named.text.to_owned()),
        format: Tag::default(),
        manifest_blake3: String::new(),
        manifest_sha256: String::new(),
        name: repo.name().to_owned(),
        previous,
        root: commit.root,
        rule: dataset.rows().rule().clone(),
        snapshot: commit.snapshot,
        tree: TREE_RULE.to_owned(),
        version: request.version.to_owned(),
        with_images: options.images == Images::Bytes,
        extra: Extra::default(),
    };
    let log = log_facts(&commits, commit);
    add_documents(&dataset, &counted, &record, date, &log, contents)?;
    Ok((record, exported.report))
}

/// Writes the annotations. What the datasheet says is counted of everything there is, as far as it goes while that is
/// read for the export.
fn add_annotations(
    dataset: &Dataset<'_>,
    options: &ExportOptions<'_>,
    contents: &mut Contents,
) -> Result<(Exported, numbers::Numbers), ReleaseError> {
    let count = numbers::Count::begin(dataset)?;
    let show = |image: &ImageRow, rows: &[Row<'_>]| count.show(image, rows);
    let exported = contents.add_with("annotations/coco.json", |out| {
        write_coco_watched(dataset, out, options, Some(&show))
    })?;
    // An export passes over images that are erased or not asked for, and shows none of them.
    let passed_over = dataset
        .images()
        .iter()
        .filter(|image| !options.filter.takes_image(image));
    count.read(passed_over)?;
    Ok((exported, count.finish()))
}

fn add_documents(
    dataset: &Dataset<'_>,
    counted: &numbers::Numbers,
    record: &ReleaseRecord,
    date: Timestamp,
    log: &super::history::LogFacts,
    contents: &mut Contents,
) -> Result<(), ReleaseError> {
    let subject = Subject {
        name: &record.name,
        version: Some(&record.version),
        commit: record.commit.to_string(),
        snapshot: record.snapshot.to_string(),
        date,
        filter: record.filter.as_deref(),
    };
    let sheet = super::datasheet::write(&subject, dataset, counted, log);
    contents.add("datasheet.md", sheet.as_bytes())?;
    let cited = Cited {
        name: &record.name,
        version: Some(&record.version),
        date,
        commit: record.commit,
        snapshot: record.snapshot,
        release: None,
    };
    let citation = Citation::new(dataset.facts(), cited);
    contents.add("CITATION.cff", citation.render(CiteFormat::Cff).as_bytes())?;
    contents.add("README.md", documents::readme(record, dataset.facts()).as_bytes())?;
    match documents::licence(dataset.facts()) {
        Some(text) => contents.add("LICENSE", text.as_bytes()),
        None => Ok(()),
    }
}

/// The labels with their ids here and in `coco.json`.
fn labels_json(dataset: &Dataset<'_>) -> Result<Vec<u8>, ReleaseError> {
    let labels: Vec<serde_json::Value> = (1_u64..)
        .zip(dataset.rows().labels())
        .map(|(number, (id, record))| {
            let facts: crate::model::Facts = record
                .facts
                .iter()
                .filter(|(_, value)| !matches!(value, crate::model::FactValue::Private(_)))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            json!({"coco_id": number, "facts": facts, "holotype_id": id, "name": record.name})
        })
        .collect();
    let mut bytes = to_canonical(&json!({"format": "holotype/labels/1", "labels": labels}))?;
    bytes.push(b'\n');
    Ok(bytes)
}
