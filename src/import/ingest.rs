//! Bringing in images: hashing and storing in parallel with constant memory, then one event for each new or changed
//! image. The user's originals are never moved, changed or linked into.

mod intake;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::{Command, Context, Rejection, State, check_image_name, read};
use crate::files::input::{FilesError, FoundFile, find_files, is_folder};
use crate::files::probe::Probe;
use crate::id::ImageId;
use crate::model::{FactValue, Facts, ImageFile, ImageRecord, Key};
use crate::repo::{Repo, RepoError, Transaction};
use crate::store::StoreError;

use intake::{Intake, Stored, expected, groups};

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
    // Before any bytes come in, so that a refusal leaves nothing.
    for file in &images {
        if let Err(why) = check_image_name(&file.name) {
            let (kind, name) = ("an image", file.name.clone());
            return Err(RepoError::from(Rejection::BadName { kind, name, why }).into());
        }
    }
    let known = repo.draft_version()?;
    let bytes_total = images.iter().map(|file| file.size_bytes).sum();
    let done = AtomicU64::new(0);
    let mut outcome = IngestOutcome {
        skipped,
        ..IngestOutcome::default()
    };
    let intake = Intake::new(repo, options.copying);
    let mut stored: Vec<Stored<'_>> = Vec::with_capacity(images.len());
    for group in groups(&images) {
        let expected = group
            .iter()
            .map(|file| expected(&known, file))
            .collect::<Result<Vec<_>, _>>()?;
        let tick = |size_bytes| {
            let bytes = done.fetch_add(size_bytes, Ordering::Relaxed) + size_bytes;
            progress(IngestProgress { bytes, bytes_total });
        };
        stored.extend(intake.store(group, &expected, &tick)?);
    }
    if options.copying == Copying::LeaveThere {
        for file in &stored {
            let path = std::path::absolute(&file.found.path).unwrap_or_else(|_| file.found.path.clone());
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

fn record(
    transaction: &mut Transaction<'_>,
    context: &Context,
    stored: Vec<Stored<'_>>,
    mut outcome: IngestOutcome,
) -> Result<IngestOutcome, RepoError> {
    for file in stored {
        let name = &file.found.name;
        let key = Key::image(ImageId::of_name(name));
        let had_bytes = match transaction.get(&key)? {
            Some(_) => {
                read::<ImageRecord>(&*transaction, &key)?.is_some_and(|record| !record.files.is_empty())
            }
            None => false,
        };
        let last = name.rsplit('/').next().unwrap_or(name).to_owned();
        let files = vec![ImageFile::new(last, file.blob, file.size_bytes)];
        let facts = file.probe.as_ref().map(facts_of).unwrap_or_default();
        let command = Command::IngestImage {
            name: name.clone(),
            files,
            facts,
        };
        let events = transaction.must(context, command)?;
        if let Some(probe) = &file.probe {
            outcome.warnings.extend(
                probe
                    .warnings
                    .iter()
                    .map(|warning| (name.clone(), warning.as_str())),
            );
        }
        match (events.is_empty(), had_bytes) {
            (true, _) => outcome.unchanged += 1,
            (false, true) => outcome.new_versions.push(name.clone()),
            (false, false) => outcome.added.push(name.clone()),
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
