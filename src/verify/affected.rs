//! What damage means: what a file held, and which commits and tags need it.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::read;
use crate::id::{BlobId, CommitId, Digest, ImageId, PrivateId};
use crate::log::Commit;
use crate::model::{ImageRecord, Key};

use super::batch::Named;
use super::finding::Severity;
use super::objects::Objects;
use super::refs::Refs;
use super::{Check, replay};

/// What a file held, and what needs it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Affected {
    /// What it held, in words.
    pub held: String,
    /// The commits that hold it and all after them, oldest first.
    pub commits: Vec<CommitId>,
    /// The tags, and so the releases, on any of these.
    pub tags: Vec<String>,
    /// Where a good copy may be, in words.
    pub copies: &'static str,
}

const COPY_OR_RELEASE: &str = "another copy of the repository, or a release that this commit is in";
const COPY: &str = "another copy of the repository";

/// Says of each file that an error is about what it held and what needs it.
pub(super) fn find(
    check: &mut Check<'_>,
    objects: &mut Objects,
    refs: &Refs,
    named: &Named,
) -> BTreeMap<String, Affected> {
    let paths: BTreeSet<String> = check
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.object.clone())
        .collect();
    if paths.is_empty() {
        return BTreeMap::new();
    }
    // What this finds on its way was reported where it belongs.
    let reported = check.findings.len();
    let commits = replay::parents_first(check, objects, refs);
    check.findings.truncate(reported);
    paths
        .into_iter()
        .filter_map(|path| {
            let (held, copies, holders) = what_it_held(check, &commits, named, &path)?;
            let commits = with_descendants(&commits, holders);
            let is_on = |(commit, by): &(CommitId, String)| {
                let tag = by.strip_prefix("refs/tags/")?;
                commits.contains(commit).then(|| tag.to_owned())
            };
            let tags = refs.commits.iter().filter_map(is_on).collect();
            let affected = Affected {
                held,
                commits,
                tags,
                copies,
            };
            Some((path, affected))
        })
        .collect()
}

/// What a file held, where a copy may be, and the commits that name it.
type Held = (String, &'static str, BTreeSet<CommitId>);

fn what_it_held(
    check: &Check<'_>,
    commits: &[(CommitId, Commit)],
    named: &Named,
    path: &str,
) -> Option<Held> {
    let parts: Vec<&str> = path.split('/').collect();
    let none = BTreeSet::new();
    Some(match parts.as_slice() {
        ["objects", name] => {
            let digest = Digest::parse(name).ok()?;
            let (events, holders) = holders_of(commits, digest);
            match events {
                Some(events) => (format!("a batch of {events} events"), COPY_OR_RELEASE, holders),
                None => {
                    let commit = CommitId::from_digest(digest);
                    ("a commit".to_owned(), COPY_OR_RELEASE, BTreeSet::from([commit]))
                }
            }
        }
        ["blobs", _, name] => {
            let blob = BlobId::parse(name.strip_suffix(".erased").unwrap_or(name)).ok()?;
            let used = named.blobs.get(&blob)?;
            let names: Vec<String> = used.images.iter().map(|image| name_of(check, *image)).collect();
            let by = used
                .sizes
                .values()
                .filter_map(|by| Digest::parse(by.strip_prefix("objects/")?).ok());
            let holders = by.flat_map(|batch| holders_of(commits, batch).1).collect();
            let copies = "another copy of the repository, a release with images, or the folder that the image came from";
            (
                format!("the bytes of image {}", names.join(", ")),
                copies,
                holders,
            )
        }
        ["private", name] => {
            let id = PrivateId::parse(name.strip_suffix(".erased").unwrap_or(name)).ok()?;
            let by = named.private.get(&id).map_or("", String::as_str);
            let holders = by
                .strip_prefix("objects/")
                .and_then(|by| Digest::parse(by).ok())
                .map_or(none, |by| holders_of(commits, by).1);
            ("a name, path or case number".to_owned(), COPY, holders)
        }
        ["refs", "heads", branch, seq] => (
            format!("which commit is number {seq} of {branch}"),
            COPY_OR_RELEASE,
            none,
        ),
        ["refs", "tags", name] => (format!("which commit the tag {name} is on"), COPY, none),
        ["refs", "witness"] => {
            let copies = "the slots and tags themselves, from which 'holotype repair' writes it anew";
            ("which slots and tags were seen".to_owned(), copies, none)
        }
        ["draft", _] => ("what was recorded and is not committed".to_owned(), COPY, none),
        ["local", ..] => ("a setting of this copy".to_owned(), COPY, none),
        ["repository.json"] => ("the name and number of the dataset".to_owned(), COPY, none),
        _ => return None,
    })
}

/// How many events a batch holds, and the commits that name it; a commit names itself.
fn holders_of(commits: &[(CommitId, Commit)], object: Digest) -> (Option<u64>, BTreeSet<CommitId>) {
    let mut events = None;
    let mut holders = BTreeSet::new();
    for (id, commit) in commits {
        if id.digest() == object {
            holders.insert(*id);
        }
        for range in commit
            .batches
            .iter()
            .filter(|range| range.batch.digest() == object)
        {
            events = Some(range.events);
            holders.insert(*id);
        }
    }
    (events, holders)
}

/// The commits and all after them; one that cannot be read stands first.
fn with_descendants(commits: &[(CommitId, Commit)], mut affected: BTreeSet<CommitId>) -> Vec<CommitId> {
    let known: BTreeSet<CommitId> = commits.iter().map(|(id, _)| *id).collect();
    let mut found: Vec<CommitId> = affected.difference(&known).copied().collect();
    for (id, commit) in commits {
        if affected.contains(id) || commit.parents.iter().any(|parent| affected.contains(parent)) {
            affected.insert(*id);
            found.push(*id);
        }
    }
    found
}

/// The name of an image, where the latest version can be read; else its id.
fn name_of(check: &Check<'_>, image: ImageId) -> String {
    let record = check
        .repo
        .head_version()
        .ok()
        .and_then(|version| read::<ImageRecord>(&version, &Key::image(image)).ok().flatten());
    record.map_or_else(|| image.to_string(), |record| record.name)
}
