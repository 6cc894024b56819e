//! Healing: what `verify` finds missing or damaged is put back from other folders, each byte proven by its hash first.
//!
//! A folder may be another copy of the repository, a release, or any folder that holds the files: what belongs where is
//! known from here, and what is taken is known by its hash. Nothing is deleted: what was bad stands in
//! `.holotype/quarantine/` afterwards. What was erased is never brought back.

mod source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::folder::FileError;
use crate::id::{BlobId, Digest};
use crate::repo::{Repo, RepoError, Surroundings};
use crate::store::{Restorable, Store, StoreError, Vfs, mend_root};
use crate::verify::{Finding, Severity, VerifyError, VerifyOptions, VerifyProgress, VerifyReport, verify};

use source::Sources;

/// What to repair from, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct RepairOptions<'o> {
    /// Folders that may hold good copies, the best first.
    pub from: &'o [PathBuf],
    /// Say what could be put back and change nothing.
    pub dry_run: bool,
}

/// A file that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Its path below `.holotype`.
    pub path: String,
    /// Where its bytes are from; none where they follow from what stands here.
    pub from: Option<PathBuf>,
    /// Where what stood there is now, as a path below `.holotype`.
    pub set_aside: Option<String>,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepairReport {
    /// What was put back, or could be where nothing was to be changed; by path.
    pub restored: Vec<Restored>,
    /// What `verify` finds afterwards; where nothing was to be changed, what it finds now.
    pub after: VerifyReport,
}

/// A repair that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// The repository cannot be opened, read or written.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// It cannot be checked.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A folder to repair from cannot be read.
    #[error(transparent)]
    Source(#[from] FileError),
}

impl From<StoreError> for RepairError {
    fn from(error: StoreError) -> Self {
        Self::Repo(error.into())
    }
}

/// What `verify` has to say of what can be put back.
const HEALABLE: [&str; 9] = [
    "HT-E001", "HT-E002", "HT-E003", "HT-E005", "HT-E010", "HT-E012", "HT-E013", "HT-E016", "HT-E015",
];

/// Repairs the repository in `dir` or above it. `progress` is told how far each check is.
///
/// # Errors
/// [`RepairError`] when the repository or a folder cannot be read, or a file not be written. What cannot be healed is
/// no error: it stands in the report.
pub fn repair(
    vfs: &Arc<dyn Vfs>,
    dir: &Path,
    around: Surroundings,
    options: &RepairOptions<'_>,
    progress: &dyn Fn(VerifyProgress),
) -> Result<RepairReport, RepairError> {
    let mut sources = Sources::open(options.from)?;
    let mut restored: Vec<Restored> = mend_root(vfs, dir, options.from, !options.dry_run)?
        .into_iter()
        .map(|path| Restored {
            path: path.to_owned(),
            from: None,
            set_aside: None,
        })
        .collect();
    if options.dry_run && !restored.is_empty() {
        // Nothing further can be looked at before these two stand.
        let after = VerifyReport::default();
        return Ok(RepairReport { restored, after });
    }
    let check = |quick| -> Result<(Repo, VerifyReport), RepairError> {
        let repo = Repo::open(Arc::clone(vfs), dir, around)?;
        let checks = VerifyOptions { quick, replay: false };
        let report = verify(&repo, &checks, progress)?;
        Ok((repo, report))
    };
    let (mut repo, mut after) = check(false)?;
    let first = restored.len();
    loop {
        let round = heal(repo.store(), &after, &mut sources, options.dry_run)?;
        let is_over = round.is_empty() || options.dry_run;
        restored.extend(round);
        if is_over {
            break;
        }
        // What was put back may name more that is missing.
        (repo, after) = check(true)?;
    }
    if !options.dry_run && restored.len() > first {
        (_, after) = check(false)?;
    }
    restored.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(RepairReport { restored, after })
}

/// The files that findings are about and that can be put back, those first that prove others.
fn wanted(store: &Store, report: &VerifyReport) -> Vec<(Restorable, String)> {
    let is_healable =
        |finding: &&Finding| finding.severity == Severity::Error && HEALABLE.contains(&finding.code);
    let paths: BTreeSet<&str> = report
        .findings
        .iter()
        .filter(is_healable)
        .map(|finding| finding.object.as_str())
        .collect();
    let mut found: Vec<(Restorable, String)> = paths
        .into_iter()
        .filter_map(|path| Some((Restorable::of(path)?, path.to_owned())))
        .filter(|(_, path)| !store.stands(path))
        .collect();
    // A slot is proven by the one after it, and the witness follows from all of them.
    found.sort_by(|(_, a), (_, b)| b.cmp(a));
    found.sort_by_key(|(kind, _)| *kind == Restorable::Witness);
    found
}

/// Puts back what can be had; returns it.
fn heal(
    store: &Store,
    report: &VerifyReport,
    sources: &mut Sources,
    dry_run: bool,
) -> Result<Vec<Restored>, RepairError> {
    let mut restored = Vec::new();
    let mut missing = Vec::new();
    for (kind, path) in wanted(store, report) {
        if kind == Restorable::Witness {
            missing.push((kind, path));
        } else if let Some(done) = from_place(store, sources, &kind, &path, dry_run)? {
            restored.push(done);
        } else {
            missing.push((kind, path));
        }
    }
    for (kind, path) in missing {
        let done = match kind {
            Restorable::Witness => mend_witness(store, path, dry_run)?,
            Restorable::Hashed(digest) => from_anywhere(store, sources, digest, &kind, &path, dry_run)?,
            Restorable::Blob(blob) => {
                match from_anywhere(store, sources, blob.digest(), &kind, &path, dry_run)? {
                    Some(done) => Some(done),
                    // Bytes that were never copied in: what is missing is the note of where they are.
                    None => from_place(store, sources, &Restorable::Sealed, &local_path_of(blob), dry_run)?,
                }
            }
            Restorable::Sealed => None,
        };
        restored.extend(done);
    }
    Ok(restored)
}

/// The path of the setting that says where the bytes of an image were left.
fn local_path_of(blob: BlobId) -> String {
    format!("local/paths/{blob}.json")
}

/// Takes a file from the same place of another copy.
fn from_place(
    store: &Store,
    sources: &Sources,
    kind: &Restorable,
    path: &str,
    dry_run: bool,
) -> Result<Option<Restored>, RepairError> {
    for candidate in sources.at(path) {
        if let Some(done) = candidate.put_back(store, kind, path, dry_run)? {
            return Ok(Some(done));
        }
    }
    Ok(None)
}

/// Takes a file from wherever its bytes are.
fn from_anywhere(
    store: &Store,
    sources: &mut Sources,
    digest: Digest,
    kind: &Restorable,
    path: &str,
    dry_run: bool,
) -> Result<Option<Restored>, RepairError> {
    match sources.with_hash(digest)? {
        Some(candidate) => candidate.put_back(store, kind, path, dry_run),
        None => Ok(None),
    }
}

/// Writes the witness anew where all slots and tags stand; where one is damaged it waits for that.
fn mend_witness(store: &Store, path: String, dry_run: bool) -> Result<Option<Restored>, RepairError> {
    let set_aside = if dry_run {
        None
    } else {
        match store.put_back_witness() {
            Ok(set_aside) => set_aside,
            Err(error) if error.is_damage() => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    };
    Ok(Some(Restored {
        path,
        from: None,
        set_aside,
    }))
}
