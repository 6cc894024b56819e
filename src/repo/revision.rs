//! Revisions: `HEAD`, `HEAD~2`, branch, tag, full id or unique prefix, `DRAFT`, `@{time}`.

use std::collections::BTreeSet;

use crate::id::CommitId;
use crate::index::{Lookup, Policy};
use crate::log::read_commit;
use crate::time::Timestamp;

use super::{MAIN, Repo, RepoError, Version};

/// The shortest prefix of an id that is looked up.
const PREFIX_MIN: usize = 4;

impl Repo {
    /// Returns the version that a revision names; the draft for `DRAFT`.
    ///
    /// # Errors
    /// [`RepoError::UnknownRevision`], [`RepoError::Ambiguous`], or when it cannot be read.
    pub fn resolve_version(&self, text: &str) -> Result<Version, RepoError> {
        if text == "DRAFT" {
            return self.draft_version();
        }
        if text == "HEAD" || text == MAIN {
            return self.head_version();
        }
        self.version(self.resolve(text)?)
    }

    /// Returns the commit that a revision names.
    ///
    /// # Errors
    /// [`RepoError::UnknownRevision`], [`RepoError::Ambiguous`], or when it cannot be read.
    pub fn resolve(&self, text: &str) -> Result<CommitId, RepoError> {
        let (name, back) = split_ancestry(text);
        let mut id = self.resolve_name(name, text)?;
        for _ in 0..back.ok_or_else(|| unknown(text))? {
            id = read_commit(&self.store, id)?
                .first_parent()
                .ok_or_else(|| unknown(text))?;
        }
        Ok(id)
    }

    fn resolve_name(&self, name: &str, text: &str) -> Result<CommitId, RepoError> {
        let head = self.head()?;
        if name == "HEAD" || name == MAIN {
            return head.ok_or_else(|| unknown(text));
        }
        if let Some(time) = name.strip_prefix("@{").and_then(|rest| rest.strip_suffix('}')) {
            let time = Timestamp::parse_time_or_end_of_day(time).map_err(|_| unknown(text))?;
            return self.at_time(time)?.ok_or_else(|| unknown(text));
        }
        if let Some(tag) = self.store.read_tag(name)? {
            return Ok(tag.commit);
        }
        if let Ok(id) = CommitId::parse(name) {
            return match read_commit(&self.store, id) {
                Ok(_) => Ok(id),
                Err(crate::log::LogError::Store(crate::store::StoreError::Missing { .. })) => {
                    Err(unknown(text))
                }
                Err(error) => Err(error.into()),
            };
        }
        if name.len() >= PREFIX_MIN
            && name.len() < 64
            && name.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
        {
            return self.by_prefix(name, text);
        }
        Err(RepoError::UnknownRevision {
            text: text.to_owned(),
            similar: self.similar_revisions(name)?,
        })
    }

    /// Finds the one commit of the branch or under a tag whose id begins with `prefix`; where there is none, the one
    /// commit that no ref reaches.
    fn by_prefix(&self, prefix: &str, text: &str) -> Result<CommitId, RepoError> {
        let mut lookup = Lookup::new(&self.store, self.head()?, Policy::Auto);
        let mut found: BTreeSet<_> = lookup.commits_with_prefix(prefix)?.into_iter().collect();
        drop(lookup);
        for name in self.store.list_tags()? {
            let tagged = self.store.read_tag(&name)?.map(|tag| tag.commit);
            found.extend(tagged.filter(|id| id.to_string().starts_with(prefix)));
        }
        if found.is_empty() {
            found = self.unreached_with_prefix(prefix)?;
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(id), None) => Ok(id),
            (Some(_), Some(_)) => Err(RepoError::Ambiguous {
                text: text.to_owned(),
            }),
            (None, _) => Err(unknown(text)),
        }
    }

    /// Looks through all objects for commits.
    fn unreached_with_prefix(&self, prefix: &str) -> Result<BTreeSet<CommitId>, RepoError> {
        let ids = self.store.list_objects()?.into_iter().map(CommitId::from_digest);
        Ok(ids
            .filter(|id| id.to_string().starts_with(prefix) && read_commit(&self.store, *id).is_ok())
            .collect())
    }

    /// Returns the last commit recorded by a time, going by the running maximum of `committed_at`, since clocks run
    /// back.
    fn at_time(&self, time: Timestamp) -> Result<Option<CommitId>, RepoError> {
        Ok(Lookup::new(&self.store, self.head()?, Policy::Auto).commit_at(time)?)
    }

    fn similar_revisions(&self, name: &str) -> Result<Vec<String>, RepoError> {
        let mut names = self.store.list_tags()?;
        names.extend(["HEAD", MAIN, "DRAFT"].map(str::to_owned));
        names.retain(|known| strsim::damerau_levenshtein(&known.to_lowercase(), &name.to_lowercase()) <= 2);
        Ok(names)
    }
}

fn unknown(text: &str) -> RepoError {
    RepoError::UnknownRevision {
        text: text.to_owned(),
        similar: Vec::new(),
    }
}

/// Splits `HEAD~2` into name and steps back; `None` steps when they are no number.
fn split_ancestry(text: &str) -> (&str, Option<u64>) {
    match text.split_once('~') {
        None => (
            text.strip_suffix('^').unwrap_or(text),
            Some(u64::from(text.ends_with('^'))),
        ),
        Some((name, "")) => (name, Some(1)),
        Some((name, steps)) => (name, steps.parse().ok()),
    }
}
