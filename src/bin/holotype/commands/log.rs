//! `log`: history, newest first.

use clap::Args;
use holotype::event::BatchReader;
use holotype::id::CommitId;
use holotype::log::{Commit, first_parents, read_batch};
use holotype::repo::Repo;
use serde_json::{Value, json};

use crate::app::{App, commit_json, plural, short};
use crate::commands::blame::event_json;
use crate::failure::Failure;

/// Tells the history
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// A revision, or a range A..B (what B has and A has not)
    revision: Option<String>,
    /// At most so many commits
    #[arg(short, value_name = "N")]
    n: Option<usize>,
    /// The events of each commit, too
    #[arg(long)]
    events: bool,
}

pub(crate) fn run(app: &mut App, args: &LogArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let (since, head) = range(&repo, args.revision.as_deref())?;
    let mut commits = Vec::new();
    for commit in first_parents(repo.store(), head).take(args.n.unwrap_or(usize::MAX)) {
        let (id, commit) = commit?;
        if Some(id) == since {
            break;
        }
        print(app, &repo, id, &commit)?;
        let mut object = commit_json(&repo, id, &commit)?;
        if args.events {
            let events = events(app, &repo, id, &commit)?;
            if let Value::Object(members) = &mut object {
                members.insert("event_list".to_owned(), Value::Array(events));
            }
        }
        commits.push(object);
    }
    if commits.is_empty() {
        app.out.line("nothing is committed yet")?;
    }
    app.out.object("holotype/log/1", &json!({"commits": commits}))?;
    Ok(0)
}

fn range(repo: &Repo, revision: Option<&str>) -> Result<(Option<CommitId>, Option<CommitId>), Failure> {
    match revision {
        None => Ok((None, repo.head()?)),
        Some(text) => match text.split_once("..") {
            None => Ok((None, Some(repo.resolve(text)?))),
            Some((from, to)) => {
                let to = if to.is_empty() { "HEAD" } else { to };
                Ok((Some(repo.resolve(from)?), Some(repo.resolve(to)?)))
            }
        },
    }
}

fn print(app: &mut App, repo: &Repo, id: CommitId, commit: &Commit) -> Result<(), Failure> {
    let events = commit.events();
    let author = repo.person(commit.author)?.to_text();
    let message = crate::output::one_line(commit.message.lines().next().unwrap_or(""));
    app.out.line(format!(
        "{}  {}  {}  {} ({events} event{})",
        short(&id.to_string()),
        commit.committed_at.to_minutes(),
        crate::output::one_line(&author),
        message,
        plural(events)
    ))
}

fn events(app: &mut App, repo: &Repo, id: CommitId, commit: &Commit) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    for range in &commit.batches {
        let bytes = read_batch(repo.store(), range.batch)?;
        for (number, logged) in BatchReader::new(&bytes)
            .map_err(holotype::repo::RepoError::from)?
            .enumerate()
        {
            let logged = logged.map_err(holotype::repo::RepoError::from)?;
            let event = holotype::repo::HistoryEvent {
                commit: id,
                batch: range.batch,
                number: u64::try_from(number).unwrap_or(u64::MAX).saturating_add(1),
                logged,
            };
            let object = event_json(repo, &event)?;
            let member = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
            app.out
                .line(format!("    {} {}", member("kind"), member("subject")))?;
            found.push(object);
        }
    }
    Ok(found)
}
