//! Checks a whole repository: every file is known and checked, or stands in `tmp/` or `derived/`, or is reported.
//!
//! The check never ends at the first problem: what is damaged becomes a finding, and the walk goes on. It repairs
//! nothing, and what it says does not depend on derived files, but for one: a note in `derived/acknowledged/` tells a
//! draft that is missing or cut short from one that was given up or met by a crash. A setting in `local/` that somebody
//! removed cannot be told from one never made.

mod affected;
mod batch;
mod blobs;
mod derived;
mod draft;
mod finding;
mod inventory;
mod local;
mod log;
mod nodes;
mod objects;
mod private;
mod refs;
mod replay;

pub use affected::Affected;
pub use finding::{CODES, Finding, Severity};

use std::collections::BTreeMap;

use crate::repo::Repo;
use crate::store::{Store, StoreError};

/// What to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerifyOptions {
    /// Leave the bytes of blobs out: only that they are there and how long they are.
    pub quick: bool,
    /// Recompute every snapshot from the events.
    pub replay: bool,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyStage {
    /// Commits and batches are read; counted in bytes.
    Objects,
    /// Blobs are read; counted in bytes.
    Blobs,
    /// Commits are replayed; counted in commits.
    Replay,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// What is being done.
    pub stage: VerifyStage,
    /// How much of it is done, in the stage's unit.
    pub done: u64,
    /// How much there is in all.
    pub total: u64,
}

/// How much was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checked {
    /// Commits and batches.
    pub objects: u64,
    /// Bytes that were read and hashed.
    pub bytes: u64,
    /// Events, those of the draft too.
    pub events: u64,
    /// Blobs: with [`VerifyOptions::quick`] only that they are there.
    pub blobs: u64,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifyReport {
    /// What was found, the worst first, then by file.
    pub findings: Vec<Finding>,
    /// What the damaged and missing files held and what needs them, by path below `.holotype`.
    pub affected: BTreeMap<String, Affected>,
    /// How much was checked.
    pub checked: Checked,
}

impl VerifyReport {
    /// Whether nothing was found that is more than information.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity == Severity::Information)
    }

    /// Whether the repository is damaged.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }
}

/// A check that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A folder cannot be listed, so nobody knows what is in it.
    #[error("cannot take stock of the repository")]
    List {
        /// Why.
        #[source]
        source: StoreError,
    },
}

/// A check under way.
struct Check<'a> {
    repo: &'a Repo,
    store: &'a Store,
    options: &'a VerifyOptions,
    progress: &'a dyn Fn(VerifyProgress),
    findings: Vec<Finding>,
    checked: Checked,
}

impl Check<'_> {
    fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Takes a failure of the store for a finding.
    fn fail(&mut self, error: &StoreError) {
        self.findings.push(finding::of_store(self.store, error));
    }

    fn tell(&self, stage: VerifyStage, done: u64, total: u64) {
        (self.progress)(VerifyProgress { stage, done, total });
    }

    fn report(mut self, affected: BTreeMap<String, Affected>) -> VerifyReport {
        self.findings.sort_by(|a, b| {
            (a.severity, &a.object, a.code, &a.message).cmp(&(b.severity, &b.object, b.code, &b.message))
        });
        self.findings.dedup();
        VerifyReport {
            findings: self.findings,
            affected,
            checked: self.checked,
        }
    }
}

/// Checks a repository. `progress` is told now and then how far it is.
///
/// # Errors
/// [`VerifyError`] when a folder cannot be listed. All else that is wrong is a finding.
pub fn verify(
    repo: &Repo,
    options: &VerifyOptions,
    progress: &dyn Fn(VerifyProgress),
) -> Result<VerifyReport, VerifyError> {
    let mut check = Check {
        repo,
        store: repo.store(),
        options,
        progress,
        findings: Vec::new(),
        checked: Checked::default(),
    };
    for result in [check.store.check_format(), check.store.check_repository()] {
        if let Err(error) = result {
            check.fail(&error);
        }
    }
    let files = inventory::take(&mut check).map_err(|source| VerifyError::List { source })?;
    // Before anything is asked for a version, which would rebuild what is damaged.
    let (store, mut damaged) = (check.store, derived::Damaged::new());
    let mut objects = rayon::in_place_scope(|scope| {
        scope.spawn(|_| damaged = derived::read(store));
        objects::read_all(&mut check, &files.objects)
    });
    derived::report(&mut check, damaged);
    let refs = refs::check(&mut check, &files);
    let mut named = log::walk(&mut check, &mut objects, &refs);
    refs::check_lineage(&mut check, &mut objects, &refs);
    draft::check(&mut check, &mut objects, &refs, &files, &mut named);
    local::check(&mut check, &files, &mut named);
    private::check(&mut check, &files, &named);
    blobs::check(&mut check, &files, &named);
    objects.report_unreached(&mut check);
    if options.replay {
        replay::check(&mut check, &mut objects, &refs);
    }
    let affected = affected::find(&mut check, &mut objects, &refs, &named);
    Ok(check.report(affected))
}
