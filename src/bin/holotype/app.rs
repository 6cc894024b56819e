//! What every command needs: where the repository is, what time it is, who works, where results go.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use holotype::event::Context;
use holotype::id::{CommitId, Digest, PrivateId};
use holotype::log::Commit;
use holotype::model::Counts;
use holotype::repo::{Committed, Repo, Sealing, Surroundings, Version};
use holotype::store::{RealVfs, Vfs};
use holotype::time::Timestamp;
use serde_json::{Value, json};

use crate::cli::Global;
use crate::failure::Failure;
use crate::output::Output;

/// The state of one run.
pub(crate) struct App {
    pub dir: PathBuf,
    pub around: Surroundings,
    author: Option<String>,
    pub out: Output,
    pub color: crate::cli::Color,
}

impl App {
    pub(crate) fn new(global: &Global) -> Result<Self, Failure> {
        let bad = |name: &str, why: String| {
            Failure::usage(format!("{name}: {why}"), format!("correct {name} or unset it"))
        };
        let now = match environment("HOLOTYPE_NOW") {
            Some(text) => Timestamp::parse(&text).map_err(|error| bad("HOLOTYPE_NOW", error.to_string()))?,
            None => {
                clock().ok_or_else(|| bad("HOLOTYPE_NOW", "the clock shows no usable time".to_owned()))?
            }
        };
        let seed = match environment("HOLOTYPE_SEED") {
            Some(text) => {
                Some(Digest::parse(&text).map_err(|error| bad("HOLOTYPE_SEED", error.to_string()))?)
            }
            None => None,
        };
        let dir = match &global.directory {
            Some(dir) => dir.clone(),
            None => PathBuf::from("."),
        };
        Ok(Self {
            dir,
            around: Surroundings { now, seed },
            author: environment("HOLOTYPE_AUTHOR"),
            out: Output::new(global.json, global.quiet),
            color: global.color,
        })
    }

    pub(crate) fn vfs() -> Arc<dyn Vfs> {
        Arc::new(RealVfs)
    }

    /// Resolves a path that the user gave: as with git, `-C DIR` goes there first; a path that is not there and
    /// exists from where the program was started is taken from there.
    pub(crate) fn user_path(&self, path: &Path) -> PathBuf {
        if self.dir == Path::new(".") {
            return path.to_owned();
        }
        let inside = self.dir.join(path);
        if path.is_absolute() || (!inside.exists() && path.exists()) {
            path.to_owned()
        } else {
            inside
        }
    }

    /// Opens the repository.
    pub(crate) fn repo(&self) -> Result<Repo, Failure> {
        if !self.dir.is_dir() {
            return Err(Failure::refused(
                format!("there is no folder {}", self.dir.display()),
                "check the path after -C",
            ));
        }
        let dir = std::path::absolute(&self.dir).unwrap_or_else(|_| self.dir.clone());
        Ok(Repo::open(Self::vfs(), &dir, self.around)?)
    }

    /// Returns the name of who works, where the environment gives one.
    pub(crate) fn author_name(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// Returns the private object of who works.
    pub(crate) fn author(&self, repo: &Repo) -> Result<PrivateId, Failure> {
        Ok(repo.author(self.author.as_deref())?)
    }

    /// Returns the context of what is recorded now.
    pub(crate) fn context(&self, repo: &Repo) -> Result<Context, Failure> {
        Ok(repo.context(self.author(repo)?))
    }

    pub(crate) fn sealing(&self, repo: &Repo, message: &str) -> Result<Sealing, Failure> {
        if message.trim().is_empty() {
            return Err(Failure::refused(
                "the message is empty",
                "say what was done: -m \"corrected three labels\"",
            ));
        }
        Ok(Sealing {
            author: self.author(repo)?,
            message: message.to_owned(),
        })
    }

    /// Returns the date of releases that `SOURCE_DATE_EPOCH` gives, in seconds since 1970.
    pub(crate) fn source_date(&self) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = environment("SOURCE_DATE_EPOCH") else {
            return Ok(None);
        };
        let time = text
            .trim()
            .parse::<i64>()
            .ok()
            .and_then(|seconds| Timestamp::from_unix_ms(seconds.checked_mul(1000)?));
        time.map(Some).ok_or_else(|| {
            Failure::usage(
                format!("SOURCE_DATE_EPOCH: '{text}' is no number of seconds"),
                "correct SOURCE_DATE_EPOCH or unset it",
            )
        })
    }

    /// Returns the version of a revision, `HEAD` where none is given.
    pub(crate) fn version(&self, repo: &Repo, revision: Option<&str>) -> Result<Version, Failure> {
        Ok(repo.resolve_version(revision.unwrap_or("HEAD"))?)
    }
}

/// The members of a commit that checks rely on.
pub(crate) fn commit_json(repo: &Repo, id: CommitId, commit: &Commit) -> Result<Value, Failure> {
    Ok(json!({
        "commit": id,
        "snapshot": commit.snapshot,
        "parents": commit.parents,
        "author": repo.person(commit.author)?.to_text(),
        "committed_at": commit.committed_at,
        "message": commit.message,
        "events": commit.events(),
        "counts": counts_json(&commit.counts),
    }))
}

/// Counts by name, those of which there is nothing too.
pub(crate) fn counts_json(counts: &Counts) -> Value {
    counts
        .by_name()
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count.into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Tells that a commit was made.
pub(crate) fn report_commit(
    app: &mut App,
    repo: &Repo,
    schema: &str,
    committed: &Committed,
    more: Value,
) -> Result<(), Failure> {
    let mut members = commit_json(repo, committed.id, &committed.commit)?;
    if let (Value::Object(members), Value::Object(more)) = (&mut members, more) {
        for (name, value) in more {
            members.entry(name).or_insert(value);
        }
    }
    app.out.object(schema, &members)?;
    let events = committed.commit.events();
    app.out.line(format!(
        "committed {events} event{} as {}",
        plural(events),
        short(&committed.id.to_string())
    ))?;
    app.out.line(format!("  commit   {}", committed.id))?;
    app.out.line(format!("  snapshot {}", committed.commit.snapshot))
}

/// The first digits of an id, for tables.
pub(crate) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

pub(crate) fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.trim().is_empty())
}

fn clock() -> Option<Timestamp> {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    Timestamp::from_unix_ms(i64::try_from(since.as_millis()).ok()?)
}
