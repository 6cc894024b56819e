//! A comparison to render, with names that mean harm.

use std::collections::BTreeMap;

use holotype::codec::to_canonical;
use holotype::id::{AnnotationId, Code, Digest, ImageId, LabelId};
use holotype::model::{
    AnnotationRecord, DatasetRecord, FactValue, Facts, Geometry, ImageRecord, Key, LabelRecord, RatingKey,
    RatingRecord,
};
use holotype::snapshot::changes::compare;
use holotype::time::Timestamp;
use holotype::tree::{MemoryNodes, Tree};
use serde::Serialize;

use super::*;

/// An image's name with an escape sequence.
const IMAGE: &str = "001\u{1b}[2J.tiff";

#[derive(Default)]
struct Records(BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl Records {
    fn put(&mut self, key: &Key, record: &impl Serialize) {
        self.0
            .insert(key.as_bytes().to_vec(), Some(to_canonical(record).unwrap()));
    }

    fn tree(&self, nodes: &mut MemoryNodes) -> Tree {
        let empty = Tree::empty(nodes);
        let source = nodes.clone();
        empty.edit(&source, nodes, self.0.clone()).unwrap()
    }
}

fn label(name: &str) -> LabelId {
    LabelId::of_name(name, 0)
}

fn annotation(n: u8) -> AnnotationId {
    AnnotationId::from_uuid(ImageId::of_name(IMAGE).prefix(), [n; 16])
}

fn facts(values: &[(&str, FactValue)]) -> Facts {
    values
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn put_box(records: &mut Records, n: u8, x: f64, name: &str) {
    let record = AnnotationRecord {
        label: Some(label(name)),
        ..AnnotationRecord::empty(Geometry::rectangle(x, 20.0, 50.0, 50.0))
    };
    records.put(&Key::annotation(annotation(n)), &record);
}

fn state(licence: &str, second_name: &str) -> Records {
    let mut records = Records::default();
    let dataset = DatasetRecord {
        facts: facts(&[("licence", licence.into())]),
        ..DatasetRecord::default()
    };
    records.put(&Key::dataset(), &dataset);
    for (id, name) in [("a", "<b>mitosis</b>"), ("b", second_name)] {
        let record = LabelRecord {
            name: name.to_owned(),
            ..LabelRecord::default()
        };
        records.put(&Key::label(label(id)), &record);
    }
    let image = ImageRecord {
        name: IMAGE.to_owned(),
        facts: facts(&[("um_per_px_x", 0.25.into())]),
        ..ImageRecord::default()
    };
    records.put(&Key::image(ImageId::of_name(IMAGE)), &image);
    records
}

/// A licence changed, a label renamed, one box moved by 2 px, one relabelled, one added, one removed, one rated.
pub(in crate::render) fn sample() -> (Comparison, Vec<Option<Arc<Attribution>>>) {
    let mut before = state("CC-BY-4.0", "other");
    let mut after = state("CC0-1.0", "non-mitotic cell");
    put_box(&mut before, 1, 10.0, "a");
    put_box(&mut after, 1, 12.0, "a");
    put_box(&mut before, 2, 10.0, "a");
    put_box(&mut after, 2, 10.0, "b");
    put_box(&mut before, 3, 10.0, "b");
    put_box(&mut after, 4, 10.0, "b");
    let rating = RatingKey {
        annotation: annotation(2),
        round: 2,
        annotator: Code::parse("human-2").unwrap(),
        n: 0,
    };
    let record = RatingRecord {
        label: Some(label("b")),
        ..RatingRecord::default()
    };
    after.put(&Key::rating(&rating), &record);
    told(&before, &after)
}

/// `count` boxes added.
pub(in crate::render) fn many(count: u8) -> (Comparison, Vec<Option<Arc<Attribution>>>) {
    let before = state("CC-BY-4.0", "other");
    let mut after = state("CC-BY-4.0", "other");
    for n in 0..count {
        put_box(&mut after, n, f64::from(n), "a");
    }
    told(&before, &after)
}

fn told(before: &Records, after: &Records) -> (Comparison, Vec<Option<Arc<Attribution>>>) {
    let mut nodes = MemoryNodes::default();
    let (before, after) = (before.tree(&mut nodes), after.tree(&mut nodes));
    let comparison = compare(&nodes, before, after).unwrap();
    let by = comparison
        .changes
        .iter()
        .map(|item| {
            item.is(ChangeKind::Moved).then(|| {
                Arc::new(Attribution {
                    author: Some("Ada <ada@example.org>".to_owned()),
                    annotator: None,
                    at: Some(Timestamp::parse("2026-11-01T12:00:00Z").unwrap()),
                    reason: Some("off by | two".to_owned()),
                    tool: None,
                    event: None,
                    commit: None,
                })
            })
        })
        .collect();
    (comparison, by)
}

/// What a command would render.
pub(in crate::render) fn view<'a>(
    comparison: &'a Comparison,
    by: &'a [Option<Arc<Attribution>>],
) -> DiffView<'a> {
    DiffView {
        from: Endpoint {
            revision: "v1".to_owned(),
            commit: None,
            snapshot: SnapshotId::of(b"before"),
        },
        to: Endpoint {
            revision: "HEAD".to_owned(),
            commit: Some(CommitId::from_digest(Digest::of(b"after"))),
            snapshot: SnapshotId::of(b"after"),
        },
        comparison,
        by,
    }
}

#[test]
fn harmful_characters_are_written_out() {
    assert_eq!(
        plain("a\u{1b}[2J\nb\u{202e}c µ"),
        "a\\u{1b}[2J\\u{a}b\\u{202e}c µ"
    );
    assert_eq!(plain("plain → µm"), "plain → µm");
}

#[test]
fn counts_are_grouped_by_thousands() {
    let texts = [0, 999, 1000, 21_851, 1_234_567].map(grouped);
    assert_eq!(texts, ["0", "999", "1,000", "21,851", "1,234,567"]);
}

#[test]
fn transitions_are_a_table() {
    let (comparison, by) = sample();
    let table = Transitions::of(&view(&comparison, &by)).table();
    let rows: Vec<Vec<&str>> = table
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    assert_eq!(
        rows,
        [
            vec!["from \\ to", "(removed)", "non-mitotic cell"],
            vec!["(added)", "", "1"],
            vec!["<b>mitosis</b>", "", "1"],
            vec!["other", "1", ""],
        ]
    );
}

#[test]
fn ids_are_as_long_as_tells_them_apart() {
    let (comparison, by) = sample();
    assert_eq!(view(&comparison, &by).id_length(), 20);
    assert_eq!(short("abcdef", 3), "abc");
    assert_eq!(short("ab", 3), "ab");
}

#[test]
fn every_format_says_that_nothing_differs() {
    let same = Comparison {
        identical: true,
        ..Comparison::default()
    };
    let view = view(&same, &[]);
    for (format, needle) in [
        (DiffFormat::Text, "No difference"),
        (DiffFormat::Json, "\"identical\":true"),
        (DiffFormat::Geojson, "\"features\":[]"),
        (DiffFormat::Html, "No difference"),
        (DiffFormat::Md, "No difference"),
    ] {
        let text = render(&view, format, false, false);
        assert!(text.contains(needle), "{format:?}: {text}");
        assert!(text.ends_with('\n'), "{format:?}");
    }
}
