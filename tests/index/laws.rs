//! With the index = without the index, for any history, and whatever rows somebody plants.

use std::fs;

use holotype::index::{Lookup, Policy, WALK_MAX};
use holotype::repo::{Scope, events_since};
use proptest::prelude::*;

use crate::bench::{Step, bench, steps};

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u8..30).prop_map(Step::Declare),
        (0_u8..30).prop_map(Step::Annotate),
        (0_u8..30, 0_u8..30).prop_map(|(a, b)| Step::AnnotateTwo(a, b)),
        any::<u8>().prop_map(Step::Case),
    ]
}

/// A false row: a key of any kind, and what is to stand there.
fn row() -> impl Strategy<Value = (Vec<u8>, Option<Vec<u8>>)> {
    let kind = prop::sample::select(b"coiwgam".to_vec());
    let rest = prop_oneof![
        (0_u64..12).prop_map(|position| position.to_be_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..24),
    ];
    let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..60));
    (kind, rest, value).prop_map(|(kind, rest, value)| {
        let mut key = vec![kind];
        key.extend(rest);
        (key, value)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn with_the_index_is_without_the_index(
        first in prop::collection::vec(step(), 1..8),
        then in prop::collection::vec(step(), 0..5),
    ) {
        let bench = bench("a", &first);
        bench.check_indexed();
        bench.commit(&then);
        bench.check_indexed();
    }

    #[test]
    fn planted_rows_without_their_seal_are_not_believed(rows in prop::collection::vec(row(), 1..12)) {
        let bench = bench("a", &steps(8));
        bench.fill();
        let seal = fs::read(bench.index_dir().join("seal")).unwrap();
        let db = sled::open(bench.index_dir().join("sled")).unwrap();
        for (key, value) in rows {
            match value {
                Some(value) => db.insert(key, value).unwrap(),
                None => db.remove(key).unwrap(),
            };
        }
        db.remove(b"c\0\0\0\0\0\0\0\x05").unwrap();
        db.flush().unwrap();
        drop(db);
        prop_assert_eq!(fs::read(bench.index_dir().join("seal")).unwrap(), seal);
        bench.check_refilled();
    }
}

#[test]
fn a_long_log_is_looked_up_in_the_index_and_a_short_one_is_walked() {
    let count = u8::try_from(WALK_MAX).unwrap();
    let bench = bench("a", &steps(count));
    let store = bench.repo.store();
    let head = bench.repo.head().unwrap();
    let mut lookup = Lookup::new(store, head, Policy::Auto);
    let short = lookup.global_batches(None).unwrap();
    assert!(!lookup.is_indexed());
    drop(lookup);
    assert!(!bench.index_dir().exists());

    bench.commit(&[Step::Case(1)]);
    let head = bench.repo.head().unwrap();
    let mut lookup = Lookup::new(store, head, Policy::Auto);
    let recent = lookup.global_batches(Some(bench.chain()[60])).unwrap();
    assert!(!lookup.is_indexed(), "the few commits since are walked");
    let long = lookup.global_batches(None).unwrap();
    assert!(lookup.is_indexed());
    assert_eq!(long.len(), short.len() + 1);
    assert!(long.ends_with(&recent));
    drop(lookup);

    let events = events_since(&bench.repo, head, None, Scope::Global, &["case.registered/1"]).unwrap();
    assert_eq!(events.len(), long.len());
    bench.check_indexed();
}
