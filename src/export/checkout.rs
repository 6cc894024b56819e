//! A working copy of a version: its images under their names and its annotations as COCO, in a folder of the user's.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;

use super::ExportError;
use super::coco;
use super::dataset::{Dataset, ImageRow};
use super::version::{ExportOptions, Exported, write_dataset_as_coco};
use crate::event::State;
use crate::files::folder::{FileError, Vacancy, open_user_file, vacancy};
use crate::files::names::{NameError, Sameness, check_names};
use crate::files::output::StagedFolder;
use crate::id::{BlobId, Digest};
use crate::model::Rule;
use crate::repo::{Repo, ingested_blobs};

/// The name of the annotations in a working copy.
pub const ANNOTATIONS_NAME: &str = "annotations.coco.json";

/// What a working copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutSummary {
    /// Images whose bytes were written.
    pub images: u64,
    /// Bytes of images that were written.
    pub size_bytes: u64,
    /// Images that are declared only.
    pub declared: u64,
    /// Images that were erased.
    pub erased: u64,
    /// Images whose bytes never came in here, and are known from an export of another dataset.
    pub absent: u64,
    /// What stands in `annotations.coco.json`.
    pub annotations: Exported,
}

/// Makes a working copy in `dir`, which must be new or empty; it appears whole or not at all.
///
/// # Errors
/// [`ExportError::Names`] when names of images cannot be files, [`FileError::NotEmpty`], [`ExportError::BytesMissing`],
/// or when something cannot be read or written.
pub fn checkout(
    repo: &Repo,
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    dir: &Path,
) -> Result<CheckoutSummary, ExportError> {
    if vacancy(dir)? == Vacancy::Occupied {
        return Err(FileError::NotEmpty { path: dir.to_owned() }.into());
    }
    let dataset = Dataset::open(version, rule)?;
    let names = check_image_names(dataset.images(), "", &[ANNOTATIONS_NAME], Sameness::Bytes);
    if !names.is_empty() {
        return Err(ExportError::Names { names });
    }
    let mut staged = StagedFolder::create(dir)?;
    let (mut images, mut size_bytes, mut declared, mut erased, mut absent) = (0, 0, 0, 0, 0);
    let mut ingested = None;
    for image in dataset.images() {
        if image.is_erased() || was_erased(repo, image)? {
            erased += 1;
        } else if image.record.files.is_empty() {
            declared += 1;
        } else if never_came_in(repo, image, &mut ingested)? {
            absent += 1;
        } else {
            size_bytes += write_image(repo, image, "", &mut staged)?;
            images += 1;
        }
    }
    let mut file = staged.create_file(ANNOTATIONS_NAME)?;
    let options = ExportOptions {
        name: repo.name(),
        ..ExportOptions::default()
    };
    let annotations = write_dataset_as_coco(&dataset, &mut file, &options)?;
    file.flush().map_err(coco::ExportError::Write)?;
    file.finish()?;
    staged.publish()?;
    Ok(CheckoutSummary {
        images,
        size_bytes,
        declared,
        erased,
        absent,
        annotations,
    })
}

/// Whether bytes of an image were erased later than this version.
fn was_erased(repo: &Repo, image: &ImageRow) -> Result<bool, ExportError> {
    for file in &image.record.files {
        if !repo.store().has_blob(file.blob)? && repo.store().blob_tombstone(file.blob)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether none of an image's bytes ever came in here. The log is asked once, and only where bytes are missing: `known` is
/// what it said.
fn never_came_in(
    repo: &Repo,
    image: &ImageRow,
    known: &mut Option<BTreeSet<BlobId>>,
) -> Result<bool, ExportError> {
    for file in &image.record.files {
        let store = repo.store();
        if store.has_blob(file.blob)? || store.local_path(file.blob)?.is_some() {
            return Ok(false);
        }
    }
    let ingested = match known {
        Some(ingested) => ingested,
        None => known.insert(ingested_blobs(repo, repo.head()?)?),
    };
    Ok(image
        .record
        .files
        .iter()
        .all(|file| !ingested.contains(&file.blob)))
}

/// Checks the names under which the files of images are to stand in a folder, `taken` being others in it.
#[must_use]
pub fn check_image_names(
    images: &[ImageRow],
    below: &str,
    taken: &[&str],
    sameness: Sameness,
) -> Vec<NameError> {
    let present = images.iter().filter(|image| !image.is_erased());
    let names: Vec<String> = present
        .flat_map(ImageRow::file_names)
        .map(|(name, _)| format!("{below}{name}"))
        .collect();
    check_names(
        taken.iter().copied().chain(names.iter().map(String::as_str)),
        sameness,
    )
}

/// Writes the files of an image below a folder; returns how many bytes.
///
/// # Errors
/// [`ExportError::BytesMissing`], [`ExportError::BytesChanged`], or when a file cannot be read or written.
pub fn write_image(
    repo: &Repo,
    image: &ImageRow,
    below: &str,
    staged: &mut StagedFolder,
) -> Result<u64, ExportError> {
    let mut total = 0;
    for (name, file) in image.file_names() {
        let mut out = staged.create_file(&format!("{below}{name}"))?;
        let path = out.path().to_owned();
        total += if repo.store().has_blob(file.blob)? {
            repo.store().copy_blob(file.blob, &mut out, &path)?
        } else {
            copy_uncopied(repo, &image.record.name, file.blob, &mut out)?
        };
        out.finish()?;
    }
    Ok(total)
}

/// Copies the bytes of a blob that was recorded without a copy, verifying them.
fn copy_uncopied(repo: &Repo, image: &str, blob: BlobId, out: &mut dyn Write) -> Result<u64, ExportError> {
    let missing = || ExportError::BytesMissing {
        image: image.to_owned(),
        blob,
    };
    let path = repo.store().local_path(blob)?.ok_or_else(missing)?;
    let path = Path::new(&path);
    let mut file = open_user_file(path).map_err(|_| missing())?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0_u8; 1 << 20];
    let mut total = 0;
    loop {
        let count = file.read(&mut piece).map_err(|source| FileError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let bytes = piece.get(..count).unwrap_or(&[]);
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        out.write_all(bytes)?;
        total += u64::try_from(count).unwrap_or(0);
    }
    if Digest::from_bytes(*hasher.finalize().as_bytes()) == blob.digest() {
        Ok(total)
    } else {
        Err(ExportError::BytesChanged {
            path: path.to_owned(),
            blob,
        })
    }
}
