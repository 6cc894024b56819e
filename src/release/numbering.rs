//! The number of the next release: which one is before, what changed since, and whether a number says so.

use super::record::PreviousRelease;
use super::version::{VersionNumber, VersionStep, version_step};
use super::{ReleaseError, release_of_tag};
use crate::codec::Extra;
use crate::id::CommitId;
use crate::log::first_parents;
use crate::repo::{Repo, Version};
use crate::snapshot::changes::Comparison;

/// A release before another, and what changed since.
pub(super) struct Numbered {
    pub(super) previous: Option<PreviousRelease>,
    pub(super) before: Option<Version>,
    pub(super) comparison: Option<Comparison>,
}

impl Numbered {
    /// Finds it for a version of a commit.
    fn find(repo: &Repo, commit: CommitId, version: &str) -> Result<Self, ReleaseError> {
        let previous = find_previous(repo, commit, version)?;
        let before = previous
            .as_ref()
            .map(|previous| repo.version(previous.commit))
            .transpose()?;
        let comparison = match &before {
            Some(before) => Some(before.compare(&repo.version(commit)?)?),
            None => None,
        };
        Ok(Self {
            previous,
            before,
            comparison,
        })
    }

    /// Returns how far the version is from the one before; `None` where there is none, or nothing changed.
    pub(super) fn step(&self) -> Option<VersionStep> {
        self.comparison.as_ref().and_then(version_step)
    }
}

/// Finds the release before and what changed; without a reason that forces it, a number that understates the change is
/// refused, and so is a release of nothing new. A version that is no number is held to nothing.
pub(super) fn number_release(
    repo: &Repo,
    version: &str,
    commit: CommitId,
    forced: Option<&str>,
) -> Result<Numbered, ReleaseError> {
    let numbered = Numbered::find(repo, commit, version)?;
    let Some(previous) = &numbered.previous else {
        return Ok(numbered);
    };
    if forced.is_some() {
        return Ok(numbered);
    }
    let Some(step) = numbered.step() else {
        return Err(ReleaseError::NothingNew {
            previous: previous.version.clone(),
        });
    };
    if let (Some(before), Some(asked)) = (
        VersionNumber::parse(&previous.version),
        VersionNumber::parse(version),
    ) && asked < before.next(step)
    {
        return Err(ReleaseError::Understated {
            version: version.to_owned(),
            previous: previous.version.clone(),
            step,
            expected: before.next(step).to_string(),
        });
    }
    Ok(numbered)
}

/// Computes the number of the next version of a commit: 1.0.0 for a first release.
///
/// # Errors
/// [`ReleaseError::NothingNew`], [`ReleaseError::NoNumber`] when the version before is none, or when the repository
/// cannot be read.
pub fn next_version(repo: &Repo, commit: CommitId) -> Result<VersionNumber, ReleaseError> {
    let numbered = Numbered::find(repo, commit, "")?;
    let Some(previous) = &numbered.previous else {
        return Ok(VersionNumber::FIRST);
    };
    let before = VersionNumber::parse(&previous.version).ok_or_else(|| ReleaseError::NoNumber {
        previous: previous.version.clone(),
    })?;
    let step = numbered.step().ok_or_else(|| ReleaseError::NothingNew {
        previous: previous.version.clone(),
    })?;
    Ok(before.next(step))
}

/// Finds the release before `version`: the last one on this commit, else on the nearest commit behind it. Where the
/// version has a tag already, releases that were tagged later are passed over, so that the same release comes out again.
///
/// # Errors
/// [`ReleaseError`] when the log or a tag cannot be read.
pub(super) fn find_previous(
    repo: &Repo,
    commit: CommitId,
    version: &str,
) -> Result<Option<PreviousRelease>, ReleaseError> {
    let until = repo.store().read_tag(version)?.map(|tag| tag.created_at);
    let mut tags = Vec::new();
    for name in repo.store().list_tags()? {
        if let Some(tag) = repo.store().read_tag(&name)?
            && name != version
            && let Some(release) = release_of_tag(&tag)
            && until.is_none_or(|until| tag.created_at <= until)
        {
            tags.push((tag, release));
        }
    }
    for before in first_parents(repo.store(), Some(commit)) {
        let (id, _) = before?;
        let here = tags.iter().filter(|(tag, _)| tag.commit == id);
        if let Some((tag, release)) =
            here.max_by(|(a, _), (b, _)| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)))
        {
            return Ok(Some(PreviousRelease {
                commit: id,
                release: *release,
                version: tag.name.clone(),
                extra: Extra::default(),
            }));
        }
    }
    Ok(None)
}
