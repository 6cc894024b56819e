//! Commits and batches: the hash of each, that it is one of both and in canonical form.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::codec::from_canonical;
use crate::id::{CommitId, Digest};
use crate::log::Commit;
use crate::snapshot::snapshot_id;
use crate::store::{Store, StoreError};

use super::batch::BatchFacts;
use super::finding::{FORM, Finding, MISSING, SNAPSHOT, UNREACHED, chain, of_store};
use super::{Check, VerifyStage};

/// So many objects are read at once.
const AT_ONCE: usize = 64;

/// An object as far as it could be read.
#[derive(Debug)]
pub(super) enum Object {
    Commit(Box<Commit>),
    Batch(Box<BatchFacts>),
    /// It was reported.
    Bad,
}

/// All objects.
#[derive(Debug, Default)]
pub(super) struct Objects {
    known: BTreeMap<Digest, Object>,
    reached: BTreeSet<Digest>,
}

/// The path of an object below `.holotype`.
pub(super) fn path_of(id: Digest) -> String {
    format!("objects/{id}")
}

/// Reads and checks all objects.
pub(super) fn read_all(check: &mut Check<'_>, files: &BTreeMap<Digest, u64>) -> Objects {
    let mut objects = Objects::default();
    let total = files.values().sum();
    let mut done = 0;
    let ids: Vec<(Digest, u64)> = files.iter().map(|(id, size)| (*id, *size)).collect();
    for some in ids.chunks(AT_ONCE) {
        let store = check.store;
        let read: Vec<(Digest, Object, Vec<Finding>)> = some
            .par_iter()
            .map(|(id, _)| {
                let (object, findings) = read_object(store, *id);
                (*id, object, findings)
            })
            .collect();
        for (id, object, findings) in read {
            objects.insert(check, id, object, findings);
        }
        done += some.iter().map(|(_, size)| size).sum::<u64>();
        check.tell(VerifyStage::Objects, done, total);
    }
    check.checked.bytes += done;
    objects
}

/// Reads one object; returns it with what is wrong with it.
fn read_object(store: &Store, id: Digest) -> (Object, Vec<Finding>) {
    let bytes = match store.read_object(id) {
        Ok(bytes) => bytes,
        Err(error) => return (Object::Bad, vec![of_store(store, &error)]),
    };
    let bad = |why: String| (Object::Bad, vec![FORM.about(path_of(id), why)]);
    // Canonical JSON has no newline within a value, and each line of a batch ends with one.
    if bytes.contains(&b'\n') {
        return match BatchFacts::read(&bytes) {
            Ok(facts) => (Object::Batch(Box::new(facts)), Vec::new()),
            Err(error) => bad(chain(&error)),
        };
    }
    match from_canonical::<Commit>(&bytes) {
        Ok(commit) => {
            let findings = check_snapshot(id, &commit).into_iter().collect();
            (Object::Commit(Box::new(commit)), findings)
        }
        Err(error) => bad(format!("it is neither commit nor batch: {}", chain(&error))),
    }
}

fn check_snapshot(id: Digest, commit: &Commit) -> Option<Finding> {
    match snapshot_id(commit.root, &commit.counts) {
        Ok(snapshot) if snapshot == commit.snapshot => None,
        Ok(snapshot) => Some(SNAPSHOT.about(
            path_of(id),
            format!(
                "it names the snapshot {}, its root and counts give {snapshot}",
                commit.snapshot
            ),
        )),
        Err(error) => Some(SNAPSHOT.about(path_of(id), error.to_string())),
    }
}

impl Objects {
    fn insert(&mut self, check: &mut Check<'_>, id: Digest, object: Object, findings: Vec<Finding>) {
        check.findings.extend(findings);
        check.checked.objects += 1;
        if let Object::Batch(facts) = &object {
            check.checked.events += facts.events;
        }
        self.known.insert(id, object);
    }

    /// Returns an object that the file `by` names, reported where it is missing.
    pub(super) fn reach(&mut self, check: &mut Check<'_>, id: Digest, by: &str) -> Option<&Object> {
        let first_time = self.reached.insert(id);
        if !self.known.contains_key(&id) && first_time {
            // It may have come in since the folder was listed.
            match check.store.read_object(id) {
                Err(StoreError::Missing { .. }) => {
                    check.find(MISSING.about(path_of(id), format!("it is missing; {by} names it")));
                }
                _ => {
                    let (object, findings) = read_object(check.store, id);
                    self.insert(check, id, object, findings);
                }
            }
        }
        self.known.get(&id)
    }

    /// Returns a commit that the file `by` names; what is wrong with it is reported.
    pub(super) fn commit(&mut self, check: &mut Check<'_>, id: CommitId, by: &str) -> Option<&Commit> {
        match self.reach(check, id.digest(), by)? {
            Object::Commit(commit) => Some(commit),
            Object::Bad => None,
            Object::Batch(_) => {
                check.find(FORM.about(
                    path_of(id.digest()),
                    format!("it is a batch; {by} names it as a commit"),
                ));
                None
            }
        }
    }

    /// Returns a batch that the file `by` names; what is wrong with it is reported.
    pub(super) fn batch(&mut self, check: &mut Check<'_>, id: Digest, by: &str) -> Option<&BatchFacts> {
        match self.reach(check, id, by)? {
            Object::Batch(facts) => Some(facts),
            Object::Bad => None,
            Object::Commit(_) => {
                check.find(FORM.about(path_of(id), format!("it is a commit; {by} names it as a batch")));
                None
            }
        }
    }

    /// Reports objects that nothing leads to.
    pub(super) fn report_unreached(&self, check: &mut Check<'_>) {
        for (id, object) in &self.known {
            let what = match object {
                Object::Commit(_) => "no ref leads to this commit",
                Object::Batch(_) => "no ref and no draft leads to this batch",
                Object::Bad => continue,
            };
            if !self.reached.contains(id) {
                check.find(UNREACHED.about(path_of(*id), what));
            }
        }
    }
}
