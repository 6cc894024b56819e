//! Withdrawn releases: two facts of the dataset say why, and what replaces it. Tag, name and bytes stay; a folder that is
//! built again gets a tombstone beside it, so that the folder itself is still what was cited.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::escape::plain;
use super::{ReleaseError, release_of_tag};
use crate::event::read;
use crate::files::output::{Existing, StagedFile};
use crate::model::{DatasetRecord, FactChanges, FactValue, Facts, Key};
use crate::repo::Repo;

/// What the facts of a release begin with, and the end of the one that says why it was withdrawn.
const FACT: (&str, &str) = ("release.", ".withdrawn");
/// The end of the one that says what replaces it.
const REPLACED_BY: &str = ".replaced_by";

/// That a release was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The version.
    pub version: String,
    /// Why.
    pub reason: String,
    /// The version that replaces it.
    pub replaced_by: Option<String>,
}

impl fmt::Display for Withdrawal {
    /// On one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} was withdrawn: {}",
            plain(&self.version),
            plain(&self.reason)
        )?;
        match &self.replaced_by {
            Some(other) => write!(f, "; {} replaces it", plain(other)),
            None => Ok(()),
        }
    }
}

impl Withdrawal {
    /// The facts of the dataset that say so.
    #[must_use]
    pub fn facts(&self) -> FactChanges {
        let (before, withdrawn) = FACT;
        let name = |end: &str| format!("{before}{}{end}", self.version);
        let other = self.replaced_by.as_deref().map(FactValue::from);
        FactChanges::from([
            (name(withdrawn), Some(FactValue::from(self.reason.as_str()))),
            (name(REPLACED_BY), other),
        ])
    }
}

/// Returns the withdrawn releases among the facts of the dataset, by version.
#[must_use]
pub fn withdrawals(facts: &Facts) -> BTreeMap<String, Withdrawal> {
    let (before, withdrawn) = FACT;
    let told = facts.iter().filter_map(|(name, value)| {
        let version = name.strip_prefix(before)?.strip_suffix(withdrawn)?;
        let other = facts.get(&format!("{before}{version}{REPLACED_BY}"));
        let withdrawal = Withdrawal {
            version: version.to_owned(),
            reason: value.as_text()?.to_owned(),
            replaced_by: other.and_then(FactValue::as_text).map(str::to_owned),
        };
        Some((version.to_owned(), withdrawal))
    });
    told.collect()
}

/// Says whether a release was withdrawn, by the latest version of the dataset.
///
/// # Errors
/// [`ReleaseError`] when it cannot be read.
pub fn withdrawal(repo: &Repo, version: &str) -> Result<Option<Withdrawal>, ReleaseError> {
    let dataset: DatasetRecord = read(&repo.head_version()?, &Key::dataset())?.unwrap_or_default();
    Ok(withdrawals(&dataset.facts).remove(version))
}

/// Returns where the tombstone of a release's folder stands: beside it, since a file in it would not be what was cited.
#[must_use]
pub fn tombstone_path(folder: &Path) -> PathBuf {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    folder.with_file_name(format!("{}.withdrawn.txt", name.unwrap_or_default()))
}

/// Writes the tombstone beside the folder of a release, where the release was withdrawn; returns what it says.
///
/// # Errors
/// [`ReleaseError`] when the repository cannot be read or the file not be written.
pub fn write_tombstone(
    repo: &Repo,
    version: &str,
    folder: &Path,
) -> Result<Option<Withdrawal>, ReleaseError> {
    let Some(withdrawal) = withdrawal(repo, version)? else {
        return Ok(None);
    };
    let cited = |version: &str| -> Result<String, ReleaseError> {
        let tag = repo.store().read_tag(version)?;
        let digest = tag.as_ref().and_then(release_of_tag);
        let digest = digest.map_or_else(String::new, |digest| format!("#{digest}"));
        let version = version.strip_prefix('v').unwrap_or(version);
        Ok(format!("{}@v{version}{digest}", plain(repo.name())))
    };
    let mut text = format!("{withdrawal}\n\nwithdrawn: {}\n", cited(version)?);
    if let Some(other) = &withdrawal.replaced_by {
        text.push_str(&format!("replaced by: {}\n", cited(other)?));
    }
    let path = tombstone_path(folder);
    let mut file = StagedFile::create(&path, Existing::Replace)?;
    file.write_all(text.as_bytes())?;
    file.publish()?;
    Ok(Some(withdrawal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_recorded_is_read_back(
            version in "[a-z0-9.]{1,12}", reason in "[ -~äß]{1,30}", other in proptest::option::of("[0-9.]{1,5}"),
        ) {
            let withdrawal = Withdrawal { version: version.clone(), reason, replaced_by: other };
            let facts: Facts = withdrawal.facts().into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            prop_assert_eq!(withdrawals(&facts).remove(&version), Some(withdrawal));
        }
    }

    #[test]
    fn r09_a_tombstone_is_one_line() {
        let withdrawal = Withdrawal {
            version: "1.0".to_owned(),
            reason: "a\nb\u{1b}[2J".to_owned(),
            replaced_by: Some("2.0".to_owned()),
        };
        assert_eq!(
            withdrawal.to_string(),
            "1.0 was withdrawn: a b [2J; 2.0 replaces it"
        );
        assert_eq!(
            tombstone_path(Path::new("/x/cells-1.0")),
            Path::new("/x/cells-1.0.withdrawn.txt")
        );
    }
}
