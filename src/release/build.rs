//! Building a release: staged in a hidden sibling, read back, tagged, then given its name. Running it again after an
//! interruption at any point gives the same folder.

use std::path::{Path, PathBuf};

use super::bag::{BAG_INFO_NAME, BAGIT, BAGIT_NAME, bag_info};
use super::changelog::Changes;
use super::contents::Contents;
use super::documents::{Documents, derive_documents};
use super::history::{add_history, ancestors, log_facts};
use super::manifest::{
    BLAKE3_NAME, Found, FoundFile, RELEASE_NAME, SHA256_NAME, SIGNATURE_NAME, TAG_BLAKE3_NAME,
    TAG_SHA256_NAME, digest_bytes, is_ambiguous, manifest,
};
use super::numbering::{Numbered, number_release};
use super::payload::{Derivation, Derived, IMAGE_FILES, derive_payload};
use super::progress::{ReleaseStage, TellProgress, Telling};
use super::record::{BuildRecord, ExportedCounts, ReleaseRecord};
use super::trail::read_trail;
use super::{ReleaseError, Severity, SigningKey, keys_of, verify_release};
use crate::codec::{Extra, Tag, from_canonical, to_canonical};
use crate::export::checkout::check_image_names;
use crate::export::{Dataset, ExportError, ExportReport, Filter, ImageRow};
use crate::files::folder::{Folder, Vacancy, vacancy};
use crate::files::names::Sameness;
use crate::files::output::StagedFolder;
use crate::id::{CommitId, PrivateId, ReleaseId};
use crate::log::Commit;
use crate::model::{Facts, ImageFile, Rule};
use crate::repo::{Repo, RepoError};
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
    /// Which annotations stand in the exports; else all.
    pub filter: Option<NamedFilter<'a>>,
    /// The identifier that an archive minted for this version, bare.
    pub doi: Option<&'a str>,
    /// Why the version's number is not held to what changed; else it is.
    pub forced: Option<&'a str>,
    /// The key that signs `release.json`.
    pub signer: Option<&'a SigningKey>,
    /// A signature that was made before, taken where there is no key.
    pub signature: Option<&'a str>,
    /// Where images can be had ([`is_source_pattern`](crate::export::image_table::is_source_pattern)).
    pub image_source: Option<&'a str>,
    /// Is told how far it has come.
    pub progress: Option<&'a TellProgress<'a>>,
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
    /// The signature of `release.json`, where it was signed.
    pub signature: Option<String>,
    /// How many files there are, all counted.
    pub files: u64,
    /// `swh:1:dir:…` of its folder.
    pub swhid: String,
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

/// Returns the release that a tag was made for: the first line of its message is `release ` and the release's id.
#[must_use]
pub fn release_of_tag(tag: &TagRecord) -> Option<ReleaseId> {
    let first = tag.message.lines().next()?;
    ReleaseId::parse(first.strip_prefix("release ")?).ok()
}

/// Returns what the release of a tag was built with: the second line of the tag's message, canonical JSON.
#[must_use]
pub fn build_of_tag(tag: &TagRecord) -> Option<BuildRecord> {
    from_canonical(tag.message.lines().nth(1)?.as_bytes()).ok()
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
    let build = to_canonical(&BuildRecord::of(record, summary.signature.clone()))?;
    let message = format!("release {}\n{}", summary.id, String::from_utf8_lossy(&build));
    match repo.tag(&record.version, record.commit, author, &message) {
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
    existing_tag(repo, request.version, request.commit)?;
    let folder = format!("{}-{}", safe_name(repo.name()), request.version);
    let path = request.out_dir.join(folder);
    let built = stage_release(repo, request, &path, None)?;
    let mut summary = built.summary;
    check_tag(repo, &summary.record, summary.id)?;
    let mut staged = Some(built.contents.into_staged()?);
    if vacancy(&summary.path)? == Vacancy::Occupied {
        check_same(&summary.path, &built.record_bytes)?;
        summary.was_there = true;
        staged = None;
    }
    Ok(PreparedRelease { summary, staged })
}

/// A release in a hidden sibling of the folder where it is to stand, with the digests of its files as they were read back.
pub(super) struct Staged {
    pub(super) summary: ReleaseSummary,
    pub(super) contents: Contents,
    pub(super) files: Found,
    record_bytes: Vec<u8>,
}

/// Tells the digests and the length of a file of an image whose bytes were erased since, by its name in the release.
pub(super) type StandIn<'a> = dyn Fn(&str, &ImageFile) -> Result<FoundFile, ReleaseError> + 'a;

/// Writes a release into a hidden sibling of `path`, and reads every file of it back. With `stand_in` files whose bytes
/// were erased are left out, and counted as it says; without it that is an error.
pub(super) fn stage_release(
    repo: &Repo,
    request: &ReleaseRequest<'_>,
    path: &Path,
    stand_in: Option<&StandIn<'_>>,
) -> Result<Staged, ReleaseError> {
    let version = repo.version(request.commit)?;
    let commit = version.commit().ok_or(ReleaseError::NoCommit)?;
    let numbered = number_release(repo, request.version, request.commit, request.options.forced)?;
    let mut contents = Contents::create(path)?;
    let dataset = Dataset::open(&version, request.options.rule)?;
    if request.options.images == Images::Bytes {
        add_images(repo, &dataset, stand_in, &mut contents)?;
    }
    let (mut record, derived) = add_payload(repo, request, &dataset, commit, &numbered, &mut contents)?;
    let mut payload = Found::new();
    contents.read_back(&mut payload, request.options.progress)?;
    if let Some(name) = payload.keys().find(|name| is_ambiguous(name)) {
        return Err(ReleaseError::Ambiguous { name: name.clone() });
    }
    let before = numbered
        .before
        .as_ref()
        .map(|version| Dataset::open(version, None));
    let before = before.transpose()?;
    let changes = before.as_ref().zip(numbered.comparison.as_ref());
    let changes = changes.map(|(before, comparison)| Changes { before, comparison });
    let documents = Documents {
        dataset: &dataset,
        numbers: &derived.numbers,
        trail: &read_trail(repo, request.commit)?,
        changes: changes.as_ref(),
    };
    let record_bytes = add_tag_files(&documents, &mut record, &payload, &mut contents)?;
    let mut files = payload;
    contents.read_back(&mut files, None)?;
    let signature = sign(&request.options, dataset.facts(), &record_bytes)?;
    if let Some(signature) = &signature {
        contents.add(SIGNATURE_NAME, signature.as_bytes())?;
        contents.read_back(&mut files, None)?;
    }
    let summary = ReleaseSummary {
        id: ReleaseId::of(&record_bytes),
        path: path.to_owned(),
        record,
        signature,
        files: u64::try_from(files.len()).unwrap_or(u64::MAX),
        swhid: contents.swhid(),
        report: derived.exported.report,
        was_there: false,
    };
    Ok(Staged {
        summary,
        contents,
        files,
        record_bytes,
    })
}

/// Signs the record, or takes the signature that was made before.
fn sign(options: &ReleaseOptions<'_>, facts: &Facts, record: &[u8]) -> Result<Option<String>, ReleaseError> {
    match (options.signer, options.signature) {
        (Some(key), _) => {
            check_signer(key, facts)?;
            Ok(Some(key.sign(record)?))
        }
        (None, signature) => Ok(signature.map(str::to_owned)),
    }
}

/// Checks that a key is one that the dataset names for its releases, where it names any.
fn check_signer(key: &SigningKey, facts: &Facts) -> Result<(), ReleaseError> {
    let known = keys_of(facts)?;
    if known.is_empty() || known.contains(&key.public()) {
        Ok(())
    } else {
        Err(ReleaseError::WrongKey {
            fingerprint: key.public().fingerprint(),
        })
    }
}

/// Writes what is not payload: documents, the bag's declaration, manifests, and the record, which is returned.
fn add_tag_files(
    documents: &Documents<'_>,
    record: &mut ReleaseRecord,
    payload: &Found,
    contents: &mut Contents,
) -> Result<Vec<u8>, ReleaseError> {
    derive_documents(documents, record, payload, contents)?;
    let info = bag_info(record, documents.dataset.facts(), payload);
    contents.add(BAGIT_NAME, BAGIT.as_bytes())?;
    contents.add(BAG_INFO_NAME, info.as_bytes())?;
    let sums = manifest(payload, |file| file.sha256);
    let blakes = manifest(payload, |file| file.blake3);
    contents.add(SHA256_NAME, &sums)?;
    contents.add(BLAKE3_NAME, &blakes)?;
    let mut tags = payload.clone();
    contents.read_back(&mut tags, None)?;
    tags.retain(|name, _| !payload.contains_key(name));
    let tag_sums = manifest(&tags, |file| file.sha256);
    let tag_blakes = manifest(&tags, |file| file.blake3);
    contents.add(TAG_SHA256_NAME, &tag_sums)?;
    contents.add(TAG_BLAKE3_NAME, &tag_blakes)?;
    record.manifest_sha256 = digest_bytes(&sums).sha256.to_string();
    record.manifest_blake3 = digest_bytes(&blakes).blake3.to_string();
    record.tagmanifest_sha256 = digest_bytes(&tag_sums).sha256.to_string();
    record.tagmanifest_blake3 = digest_bytes(&tag_blakes).blake3.to_string();
    let bytes = to_canonical(&*record)?;
    contents.add(RELEASE_NAME, &bytes)?;
    Ok(bytes)
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

/// Writes the images.
fn add_images(
    repo: &Repo,
    dataset: &Dataset<'_>,
    stand_in: Option<&StandIn<'_>>,
    contents: &mut Contents,
) -> Result<(), ReleaseError> {
    let names = check_image_names(dataset.images(), IMAGE_FILES, &[], Sameness::Folded);
    if !names.is_empty() {
        return Err(ExportError::Names { names }.into());
    }
    for image in dataset.images().iter().filter(|image| !image.is_erased()) {
        match stand_in {
            Some(stand_in) if is_destroyed(repo, image)? => {
                for (name, file) in image.file_names() {
                    let name = format!("{IMAGE_FILES}{name}");
                    let found = stand_in(&name, file)?;
                    contents.add_erased(name, found);
                }
            }
            Some(_) | None => {
                contents.add_image(repo, image, IMAGE_FILES)?;
            }
        }
    }
    Ok(())
}

/// Whether the bytes of an image were erased after the version that names them.
fn is_destroyed(repo: &Repo, image: &ImageRow) -> Result<bool, ReleaseError> {
    for file in &image.record.files {
        if !repo.store().has_blob(file.blob)? && repo.store().blob_tombstone(file.blob)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes the payload but for the images; returns the record without the digests of manifests.
fn add_payload(
    repo: &Repo,
    request: &ReleaseRequest<'_>,
    dataset: &Dataset<'_>,
    commit: &Commit,
    numbered: &Numbered,
    contents: &mut Contents,
) -> Result<(ReleaseRecord, Derived), ReleaseError> {
    let options = &request.options;
    let annotations = commit.counts.annotations;
    let exporting = Telling::begin(options.progress, ReleaseStage::Exporting, annotations);
    let what = Derivation {
        name: repo.name(),
        repository: repo.store().repository().id,
        filter: options.filter.map(|named| named.filter).unwrap_or_default(),
        image_source: options.image_source,
        tell: &|count| exporting.advance(count),
    };
    let derived = derive_payload(dataset, &what, contents)?;
    let commits = ancestors(repo, request.commit)?;
    add_history(repo, request.commit, &commits, contents)?;
    let log = log_facts(&commits, commit);
    let exported = &derived.exported;
    let record = ReleaseRecord {
        commit: request.commit,
        committed_at: commit.committed_at,
        commits: log.commits,
        counts: commit.counts.clone(),
        dataset: repo.store().repository().id,
        date: options.date.unwrap_or(commit.committed_at).to_day(),
        doi: options.doi.map(str::to_owned),
        events: log.events,
        exported: ExportedCounts {
            annotations: exported.annotations,
            images: exported.images,
            labels: exported.labels,
            extra: Extra::default(),
        },
        filter: options.filter.map(|named| named.text.to_owned()),
        first_commit_at: log.first_at,
        forced: options.forced.map(str::to_owned),
        format: Tag::default(),
        image_source: options.image_source.map(str::to_owned),
        last_commit_at: log.last_at,
        manifest_blake3: String::new(),
        manifest_sha256: String::new(),
        name: repo.name().to_owned(),
        previous: numbered.previous.clone(),
        root: commit.root,
        rule: dataset.rows().rule().clone(),
        snapshot: commit.snapshot,
        step: numbered.step().map(|step| step.to_string()),
        tagmanifest_blake3: String::new(),
        tagmanifest_sha256: String::new(),
        tree: TREE_RULE.to_owned(),
        version: request.version.to_owned(),
        with_images: options.images == Images::Bytes,
        extra: Extra::default(),
    };
    Ok((record, derived))
}
