//! Revisions that are resolved through the index name the same commits as without it.

use holotype::id::CommitId;
use holotype::index::WALK_MAX;
use holotype::log::{encode_commit, read_commit};
use holotype::repo::{Repo, RepoError};

use crate::bench::{Bench, bench, steps};

fn long() -> Bench {
    bench("a", &steps(u8::try_from(WALK_MAX + 6).unwrap()))
}

/// Puts a commit into the store that no ref reaches and whose id begins so.
fn orphan(bench: &Bench, wanted: &str) -> CommitId {
    let store = bench.repo.store();
    let mut commit = read_commit(store, bench.chain()[3]).unwrap();
    for n in 0.. {
        commit.message = format!("lost {n}");
        let (id, bytes) = encode_commit(&commit).unwrap();
        if id.to_string().starts_with(wanted) {
            store.write_object(&bytes).unwrap();
            return id;
        }
    }
    unreachable!("some number fits")
}

/// Asks through the index and, while it is held by somebody else, without it.
fn both(bench: &Bench, text: &str) -> Result<CommitId, RepoError> {
    let indexed = bench.repo.resolve(text);
    assert!(bench.index_dir().join("seal").exists(), "the index was not asked");
    let held = bench.index();
    let walked = bench.repo.resolve(text);
    held.close().unwrap();
    assert_eq!(indexed.as_ref().ok(), walked.as_ref().ok(), "{text}");
    indexed
}

fn tag(repo: &Repo, name: &str, commit: CommitId) {
    let author = read_commit(repo.store(), commit).unwrap().author;
    repo.tag(name, commit, author, "").unwrap();
}

#[test]
fn prefixes_and_times_name_the_same_commits() {
    let bench = long();
    let time_of = |id| read_commit(bench.repo.store(), id).unwrap().committed_at;
    for (place, id) in bench.chain().into_iter().enumerate() {
        let hex = id.to_string();
        assert_eq!(both(&bench, &hex[..20]).unwrap(), id);
        if place % 8 == 0 {
            let at = time_of(id);
            // The last commit before the first one that was recorded later.
            let chain = bench.chain();
            let later = chain.iter().position(|other| time_of(*other) > at);
            let expected = later
                .unwrap_or(chain.len())
                .checked_sub(1)
                .map(|place| chain[place]);
            assert_eq!(both(&bench, &format!("@{{{at}}}")).ok(), expected);
        }
    }
    assert!(matches!(
        both(&bench, "@{2001-01-01}"),
        Err(RepoError::UnknownRevision { .. })
    ));
}

#[test]
fn a_commit_that_no_ref_reaches_is_found_where_no_other_begins_so() {
    let bench = long();
    let lost = orphan(&bench, "");
    assert_eq!(both(&bench, &lost.to_string()[..20]).unwrap(), lost);
    let head = bench.chain()[WALK_MAX];
    let prefix = &head.to_string()[..4];
    let lost = orphan(&bench, prefix);
    assert_eq!(both(&bench, prefix).unwrap(), head);
    tag(&bench.repo, "kept", lost);
    assert!(matches!(both(&bench, prefix), Err(RepoError::Ambiguous { .. })));
}
