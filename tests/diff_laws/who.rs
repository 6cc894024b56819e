//! Who made a change, and why.

use holotype::event::Command;
use holotype::store::{PrivateKind, Tombstone};

use crate::lab::{Lab, annotate, label};

#[test]
fn who_rated_twice_is_told_for_each_rating() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let rate = |name: &str| Command::Rate {
        annotation,
        label: Some(label(name)),
    };
    let after = lab.run(vec![
        (lab.by("human-1", "once more"), rate("b")),
        (lab.by("human-1", "and again"), rate("a")),
    ]);
    let found = lab.compare(&before, &after);
    let by = lab.repo.attribute(&before, &after, &found.changes).unwrap();
    let told: Vec<_> = found
        .changes
        .iter()
        .zip(&by)
        .map(|(change, by)| (change.label.as_deref(), by.as_ref().unwrap().reason.as_deref()))
        .collect();
    assert_eq!(
        told,
        [(Some("b"), Some("once more")), (Some("a"), Some("and again"))]
    );
}

#[test]
fn ratings_of_an_annotation_made_anew_are_told_from_its_beginning() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let rate = |name: &str| Command::Rate {
        annotation,
        label: Some(label(name)),
    };
    let after = lab.run(vec![
        (lab.by("human-1", "before"), rate("b")),
        (lab.by("human-1", "gone"), Command::Withdraw { annotation }),
        (lab.by("human-1", "again"), annotate("1", 10.0)),
        (lab.by("human-1", "other"), rate("b")),
    ]);
    // The first rating is again what it was.
    let change = lab.only(&before, &after);
    assert_eq!(change.id, format!("{annotation}/1/human-1/1"));
    let by = lab.repo.attribute(&before, &after, &[change]).unwrap();
    assert_eq!(by[0].as_ref().unwrap().reason.as_deref(), Some("other"));
}

#[test]
fn nobody_is_named_where_the_later_does_not_come_from_the_earlier() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let after = lab.one(Command::Relabel {
        annotation,
        label: Some(label("b")),
    });
    let found = lab.compare(&after, &before);
    let by = lab.repo.attribute(&after, &before, &found.changes).unwrap();
    assert_eq!(by, [None]);
    let all = lab.compare(&lab.repo.empty_version(), &after);
    let by = lab
        .repo
        .attribute(&lab.repo.empty_version(), &after, &all.changes)
        .unwrap();
    assert!(by.iter().all(Option::is_some));
}

#[test]
fn the_draft_and_the_erased_are_attributed() {
    let lab = Lab::new();
    let (before, annotation) = lab.begin();
    let context = lab.by("human-1", "draft");
    lab.repo
        .draft_with(|transaction| {
            transaction.must(
                &context,
                Command::Relabel {
                    annotation,
                    label: Some(label("b")),
                },
            )
        })
        .unwrap();
    let after = lab.repo.draft_version().unwrap();
    let found = lab.compare(&before, &after);
    let by = lab.repo.attribute(&before, &after, &found.changes).unwrap();
    let by = by[0].as_ref().unwrap();
    assert_eq!(
        (by.commit, by.event.as_ref(), by.reason.as_deref()),
        (None, None, Some("draft"))
    );
    let author = context.author.unwrap();
    assert!(
        lab.repo
            .find_private(PrivateKind::Person, "Ada <ada@example.org>")
            .unwrap()
            == Some(author)
    );
    let tombstone = Tombstone::new(author.digest(), lab.repo.around().now, "asked for");
    lab.repo.store().erase_private(author, &tombstone).unwrap();
    let by = lab.repo.attribute(&before, &after, &found.changes).unwrap();
    assert_eq!(
        by[0].as_ref().unwrap().author.as_deref(),
        Some("erased on 2026-11-01")
    );
}
