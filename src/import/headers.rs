//! What the headers of images say that could be about a person: of files that are about to come in, and of those that are
//! here. It judges nothing; `privacy` does.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::event::{State, scan_records};
use crate::files::input::{FilesError, FoundFile, InputFile};
use crate::id::BlobId;
use crate::model::{EntityKind, ImageRecord, Key};
use crate::privacy::HeaderPart;
use crate::repo::{Repo, RepoError};

/// What headers say, by the image's name.
pub type Parts = BTreeMap<String, Vec<HeaderPart>>;

fn read(path: &Path) -> Result<Vec<HeaderPart>, FilesError> {
    Ok(InputFile::open(path)?.personal_parts())
}

/// Reads the headers of files that are about to come in. Every file has an entry.
///
/// # Errors
/// [`FilesError`] when a file cannot be opened.
pub fn of_files(files: &[FoundFile]) -> Result<Parts, FilesError> {
    files
        .par_iter()
        .map(|file| Ok((file.name.clone(), read(&file.path)?)))
        .collect()
}

/// Reads the headers of the images of a version, and names those whose bytes are not here. Bytes in the repository are not
/// verified for it: a damaged header says less, and `verify` tells it.
///
/// # Errors
/// [`RepoError`] when a record cannot be had or the repository not be read.
pub fn of_version(repo: &Repo, state: &dyn State) -> Result<(Parts, BTreeSet<String>), RepoError> {
    let found: Vec<(String, Option<Vec<HeaderPart>>)> = paths(repo, state)?
        .into_par_iter()
        .map(|(name, path)| {
            let parts = path.and_then(|path| read(&path).ok());
            (name, parts)
        })
        .collect();
    let (mut parts, mut unread) = (Parts::new(), BTreeSet::new());
    for (name, found) in found {
        match found {
            Some(found) => parts.entry(name).or_default().extend(found),
            None => {
                unread.insert(name);
            }
        }
    }
    Ok((parts, unread))
}

/// Returns where the files of the images of a version are, as far as they are here, in the order of the images' ids.
pub(super) fn paths(repo: &Repo, state: &dyn State) -> Result<Vec<(String, Option<PathBuf>)>, RepoError> {
    let mut files: Vec<(String, Option<PathBuf>)> = Vec::new();
    let mut blobs: Vec<(String, BlobId)> = Vec::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Image),
        |_, image: ImageRecord| {
            blobs.extend(image.files.iter().map(|file| (image.name.clone(), file.blob)));
            ControlFlow::Continue(())
        },
    )?;
    for (name, blob) in blobs {
        let path = if repo.store().has_blob(blob)? {
            Some(repo.store().blob_path(blob))
        } else {
            repo.store().local_path(blob)?.map(PathBuf::from)
        };
        files.push((name, path));
    }
    Ok(files)
}
