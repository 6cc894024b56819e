//! Which annotators the log registered, kept in a derived file, so that a name is found without reading the log from
//! its beginning. The file holds no name of a person, only the ids of private objects.

use crate::codec::{Extra, Record, Tag, record};
use crate::event::Event;
use crate::id::{Code, CommitId, PrivateId};
use crate::log::first_parents;
use crate::model::AnnotatorKind;
use crate::store::{seal_record, unseal_record};

use super::history::{Scope, events_of, events_since};
use super::{Repo, RepoError};

/// The file, below `derived/`.
const FILE: &str = "annotators";
/// No such file is longer.
const FILE_SIZE_MAX: u64 = 64 << 20;
/// The file is written again when it is so many commits behind.
const BEHIND_MAX: usize = 16;
/// When the file is further behind, the log is asked as if there were none.
const WALK_MAX: usize = 64;
/// What stands in the line of every event that registers one.
const NEEDLE: &str = "annotator.registered/1";

record! {
    /// An annotator as an event registered it.
    pub(super) struct Annotator {
        /// The code.
        pub(super) code: Code,
        /// Person, model or procedure.
        pub(super) kind: AnnotatorKind,
        /// The name of a model or procedure.
        pub(super) name: Option<String> = optional,
        /// A person's private object.
        pub(super) person: Option<PrivateId> = optional,
    }
}

record! {
    /// Those that were registered up to a commit, in order.
    struct Registered {
        annotators: Vec<Annotator>,
        format: Tag<Registered>,
        head: CommitId,
        repository: crate::id::Digest,
    }
}

impl Record for Registered {
    const FORMAT: &'static str = "holotype/annotators/1";
}

impl Annotator {
    /// The annotator that an event registers, if it does.
    pub(super) fn of(event: Event) -> Option<Self> {
        if let Event::AnnotatorRegistered {
            code,
            kind,
            name,
            person,
        } = event
        {
            return Some(Self {
                code,
                kind,
                name,
                person,
                extra: Extra::default(),
            });
        }
        None
    }
}

impl Registered {
    /// Reads the file; `None` when there is none, or what stands there is none of this dataset.
    fn read(repo: &Repo) -> Option<Self> {
        let store = repo.store();
        let bytes = store.read_derived(FILE, FILE_SIZE_MAX)?;
        let (read, _): (Self, _) = unseal_record(&store.derived_path(FILE), &bytes).ok()?;
        (read.repository == store.repository().id).then_some(read)
    }

    /// Writes the file; that it cannot be written is no failure.
    fn write(&self, repo: &Repo) {
        if let Ok((bytes, _)) = seal_record(self) {
            let _ = repo.store().write_derived(FILE, &bytes);
        }
    }
}

/// Returns those that were registered up to a commit, in order.
///
/// # Errors
/// [`RepoError`] when the log cannot be read.
pub(super) fn registered(repo: &Repo, head: Option<CommitId>) -> Result<Vec<Annotator>, RepoError> {
    let Some(head) = head else {
        return Ok(Vec::new());
    };
    if let Some(known) = Registered::read(repo)
        && let Some(found) = continued(repo, known, head)?
    {
        return Ok(found);
    }
    let events = events_since(repo, Some(head), None, Scope::Global, &[NEEDLE])?;
    let annotators = events
        .into_iter()
        .filter_map(|event| Annotator::of(event.logged.event))
        .collect();
    noted(repo, annotators, head)
}

/// Goes on from the commit of the file; `None` when that is not close before `head`.
fn continued(repo: &Repo, known: Registered, head: CommitId) -> Result<Option<Vec<Annotator>>, RepoError> {
    let mut since = Vec::new();
    let mut at = Some(head);
    while at != Some(known.head) {
        if since.len() >= WALK_MAX {
            return Ok(None);
        }
        let Some(commit) = first_parents(repo.store(), at).next().transpose()? else {
            return Ok(None);
        };
        at = commit.1.first_parent();
        since.push(commit);
    }
    let mut annotators = known.annotators;
    let before = annotators.len();
    for (id, commit) in since.iter().rev() {
        let events = events_of(repo, *id, commit, Scope::Global, &[NEEDLE])?;
        annotators.extend(
            events
                .into_iter()
                .filter_map(|event| Annotator::of(event.logged.event)),
        );
    }
    if since.len() >= BEHIND_MAX || annotators.len() > before {
        return noted(repo, annotators, head).map(Some);
    }
    Ok(Some(annotators))
}

/// Writes the file where it is about the latest version; returns what it holds.
fn noted(repo: &Repo, annotators: Vec<Annotator>, head: CommitId) -> Result<Vec<Annotator>, RepoError> {
    let registered = Registered {
        annotators,
        format: Tag::default(),
        head,
        repository: repo.store().repository().id,
        extra: Extra::default(),
    };
    if repo.head()? == Some(head) {
        registered.write(repo);
    }
    Ok(registered.annotators)
}
