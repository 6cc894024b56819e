//! What the pictures of a version look like. Large ones, and those of several files, are not decoded.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::headers::paths;
use crate::event::State;
use crate::files::input::InputFile;
use crate::model::Look;
use crate::repo::{Repo, RepoError};

/// Decodes the images of a version that can be, and returns what they look like, by name. Bytes in the repository are not
/// verified for it.
///
/// # Errors
/// [`RepoError`] when a record cannot be had or the repository not be read.
pub fn looks(repo: &Repo, state: &dyn State) -> Result<BTreeMap<String, Look>, RepoError> {
    let files = paths(repo, state)?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in &files {
        *counts.entry(name).or_default() += 1;
    }
    let found = files.par_iter().filter_map(|(name, path)| {
        let is_one = counts.get(name.as_str()) == Some(&1);
        let path = path.as_ref().filter(|_| is_one)?;
        Some((name.clone(), InputFile::open(path).ok()?.look()?))
    });
    Ok(found.collect())
}
