//! Bringing in images: hashing and storing in parallel with constant memory, then one event for each new or changed
//! image. The user's originals are never moved, changed or linked into.

use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::event::{Command, Context, State, read};
use crate::files::input::{FilesError, FoundFile, InputFile, find_files, is_folder};
use crate::files::probe::Probe;
use crate::id::{BlobId, ImageId};
use crate::model::{FactValue, Facts, ImageFile, ImageRecord, Key};
use crate::repo::{Repo, RepoError, Transaction, Version};
use crate::store::{BlobSource, StagedBlob, StoreError, hash_stream};

/// So many files are stored before their names are made durable together.
const GROUP: usize = 256;

/// In a folder, files with these endings are no images; they are passed over and named.
const NOT_IMAGES: [&str; 14] = [
    "xml", "json", "geojson", "csv", "tsv", "txt", "sqlite", "db", "md", "yaml", "yml", "html", "pdf", "py",
];

/// An ingestion that failed; nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A file of the user cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The repository failed, or refused an event.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// There is no image in a folder.
    #[error("the folder {} holds no images", .folder.display())]
    EmptyFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// Two files would have one name.
    #[error("{} and {} would both be the image '{name}'", .first.display(), .second.display())]
    SameName {
        /// The name.
        name: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

impl From<StoreError> for IngestError {
    fn from(error: StoreError) -> Self {
        Self::Repo(error.into())
    }
}

/// Whether bytes are copied into the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Copying {
    /// They are.
    #[default]
    Copy,
    /// Only their digest is recorded; the files stay where they are.
    LeaveThere,
}

/// Choices of an ingestion.
#[derive(Debug, Clone, Default)]
pub struct IngestOptions {
    /// Goes before every name.
    pub name_prefix: String,
    /// Whether bytes are copied.
    pub copying: Copying,
}

/// What an ingestion did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestOutcome {
    /// Names of images that were not known, or were only declared.
    pub added: Vec<String>,
    /// Names of images that have other bytes now.
    pub new_versions: Vec<String>,
    /// How many were here already.
    pub unchanged: u64,
    /// Names of files in folders that are no images.
    pub skipped: Vec<String>,
    /// How many bytes were read.
    pub bytes: u64,
    /// Of what was stored, oddities of headers: image and word.
    pub warnings: Vec<(String, &'static str)>,
}

/// How far an ingestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestProgress {
    /// Bytes done.
    pub bytes: u64,
    /// All bytes.
    pub bytes_total: u64,
}

/// A file whose bytes are stored, or known.
struct Stored {
    name: String,
    path: PathBuf,
    blob: BlobId,
    size_bytes: u64,
    probe: Option<Probe>,
    staged: Option<StagedBlob>,
}

struct InputBlob(InputFile);

impl Read for InputBlob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BlobSource for InputBlob {
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Finds the images at the paths; files in folders that are no images are named in the outcome.
///
/// # Errors
/// [`IngestError`] when a path is missing, a folder empty, or two files would have one name.
pub fn find_images(
    paths: &[PathBuf],
    options: &IngestOptions,
) -> Result<(Vec<FoundFile>, Vec<String>), IngestError> {
    let mut images: Vec<FoundFile> = Vec::new();
    let mut skipped = Vec::new();
    for path in paths {
        let folder = is_folder(path);
        let before = images.len();
        for mut file in find_files(path)? {
            let ending = file
                .name
                .rsplit_once('.')
                .map(|(_, ending)| ending.to_lowercase());
            if folder && ending.is_some_and(|ending| NOT_IMAGES.contains(&ending.as_str())) {
                skipped.push(file.name);
                continue;
            }
            file.name = format!("{}{}", options.name_prefix, file.name);
            images.push(file);
        }
        if images.len() == before {
            return Err(IngestError::EmptyFolder { folder: path.clone() });
        }
    }
    images.sort();
    let mut pairs = images.iter().zip(images.iter().skip(1));
    if let Some((first, second)) = pairs.find(|(first, second)| first.name == second.name) {
        let (name, first, second) = (first.name.clone(), first.path.clone(), second.path.clone());
        return Err(IngestError::SameName { name, first, second });
    }
    Ok((images, skipped))
}

/// Stores images and drafts an event for each that is new or changed. Returns the outcome and the number of events.
///
/// # Errors
/// [`IngestError`]; nothing was recorded then.
pub fn ingest(
    repo: &Repo,
    context: &Context,
    paths: &[PathBuf],
    options: &IngestOptions,
    progress: &(dyn Fn(IngestProgress) + Sync),
) -> Result<(IngestOutcome, u64), IngestError> {
    let (images, skipped) = find_images(paths, options)?;
    let known = repo.draft_version()?;
    let bytes_total = images.iter().map(|file| file.size_bytes).sum();
    let done = AtomicU64::new(0);
    let mut outcome = IngestOutcome {
        skipped,
        ..IngestOutcome::default()
    };
    let mut stored: Vec<Stored> = Vec::with_capacity(images.len());
    for group in images.chunks(GROUP) {
        let expected = group
            .iter()
            .map(|file| expected(&known, file))
            .collect::<Result<Vec<_>, _>>()?;
        let results: Vec<Result<Stored, IngestError>> = group
            .par_iter()
            .zip(expected)
            .map(|(file, expected)| {
                let result = store(repo, file, expected, options);
                let bytes = done.fetch_add(file.size_bytes, Ordering::Relaxed) + file.size_bytes;
                progress(IngestProgress { bytes, bytes_total });
                result
            })
            .collect();
        publish(repo, results, &mut stored)?;
    }
    if options.copying == Copying::LeaveThere {
        for file in &stored {
            let path = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
            if !repo.store().has_blob(file.blob)? {
                repo.store()
                    .set_local_path(file.blob, &path.display().to_string())?;
            }
        }
    }
    outcome.bytes = stored.iter().map(|file| file.size_bytes).sum();
    let (outcome, events) = repo.draft_with(|transaction| -> Result<_, RepoError> {
        record(transaction, context, stored, outcome)
    })?;
    Ok((outcome, events))
}

/// The blob that the image has now, where its length is that of the file: then the file is read before it is copied.
fn expected(known: &Version, file: &FoundFile) -> Result<Option<BlobId>, IngestError> {
    let record: Option<ImageRecord> =
        read(known, &Key::image(ImageId::of_name(&file.name))).map_err(RepoError::from)?;
    Ok(record.and_then(|record| match record.files.as_slice() {
        [only] if only.size_bytes == file.size_bytes => Some(only.blob),
        _ => None,
    }))
}

fn store(
    repo: &Repo,
    file: &FoundFile,
    expected: Option<BlobId>,
    options: &IngestOptions,
) -> Result<Stored, IngestError> {
    let mut input = InputFile::open(&file.path)?;
    let read_error = |path: &Path, source| FilesError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let mut stored = Stored {
        name: file.name.clone(),
        path: file.path.clone(),
        blob: BlobId::of(&[]),
        size_bytes: file.size_bytes,
        probe: None,
        staged: None,
    };
    if expected.is_some() || options.copying == Copying::LeaveThere {
        let (blob, size) = hash_stream(&mut input).map_err(|source| read_error(&file.path, source))?;
        (stored.blob, stored.size_bytes) = (blob, size);
        let present = expected == Some(blob)
            && (options.copying == Copying::LeaveThere || repo.store().has_blob(blob)?);
        if present {
            return Ok(stored);
        }
        input.rewind()?;
    }
    stored.probe = Some(input.probe());
    input.rewind()?;
    if options.copying == Copying::Copy {
        let mut source = InputBlob(input);
        let mut staged = repo.store().stage_blob(&mut source)?;
        if source.0.has_changed() {
            repo.store().discard_blobs(std::slice::from_mut(&mut staged));
            return Err(FilesError::Changed {
                path: file.path.clone(),
            }
            .into());
        }
        (stored.blob, stored.size_bytes) = (staged.id, staged.size_bytes);
        stored.staged = Some(staged);
    }
    Ok(stored)
}

/// Gives a group its names; when one file failed, the others of the group are given up.
fn publish(
    repo: &Repo,
    results: Vec<Result<Stored, IngestError>>,
    stored: &mut Vec<Stored>,
) -> Result<(), IngestError> {
    let mut failure = None;
    let mut group = Vec::new();
    for result in results {
        match result {
            Ok(file) => group.push(file),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let mut staged: Vec<StagedBlob> = group.iter_mut().filter_map(|file| file.staged.take()).collect();
    if let Some(error) = failure {
        repo.store().discard_blobs(&mut staged);
        return Err(error);
    }
    repo.store().publish_blobs(&mut staged)?;
    stored.extend(group);
    Ok(())
}

fn record(
    transaction: &mut Transaction<'_>,
    context: &Context,
    stored: Vec<Stored>,
    mut outcome: IngestOutcome,
) -> Result<IngestOutcome, RepoError> {
    for file in stored {
        let key = Key::image(ImageId::of_name(&file.name));
        let had_bytes = match transaction.get(&key)? {
            Some(_) => {
                read::<ImageRecord>(&*transaction, &key)?.is_some_and(|record| !record.files.is_empty())
            }
            None => false,
        };
        let last = file.name.rsplit('/').next().unwrap_or(&file.name).to_owned();
        let files = vec![ImageFile::new(last, file.blob, file.size_bytes)];
        let facts = file.probe.as_ref().map(facts_of).unwrap_or_default();
        let command = Command::IngestImage {
            name: file.name.clone(),
            files,
            facts,
        };
        let events = transaction.must(context, command)?;
        if let Some(probe) = &file.probe {
            outcome.warnings.extend(
                probe
                    .warnings
                    .iter()
                    .map(|warning| (file.name.clone(), warning.as_str())),
            );
        }
        match (events.is_empty(), had_bytes) {
            (true, _) => outcome.unchanged += 1,
            (false, true) => outcome.new_versions.push(file.name),
            (false, false) => outcome.added.push(file.name),
        }
    }
    Ok(outcome)
}

/// The facts that a header states.
fn facts_of(probe: &Probe) -> Facts {
    let mut facts = Facts::new();
    let mut number = |name: &str, value: Option<f64>| {
        if let Some(value) = value {
            facts.insert(name.to_owned(), FactValue::Number(value));
        }
    };
    let whole = |value: Option<u64>| value.map(crate::model::geometry::whole_to_float);
    number("width", whole(probe.width));
    number("height", whole(probe.height));
    number("um_per_px_x", probe.um_per_px_x);
    number("um_per_px_y", probe.um_per_px_y);
    number("objective", probe.objective);
    let kind = probe.kind.as_str();
    let texts = [
        ("vendor", probe.vendor.as_deref()),
        ("scanner", probe.scanner.as_deref()),
        ("kind", Some(kind)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            facts.insert(name.to_owned(), FactValue::from(text));
        }
    }
    facts
}
