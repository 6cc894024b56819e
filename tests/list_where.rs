//! `list --where`: what an expression says of ids and images narrows what is read, and changes no answer.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

#[path = "dataset/mod.rs"]
mod dataset;

use std::ops::ControlFlow;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use dataset::{Made, make};
use holotype::event::{State, StateError, Visit};
use holotype::export::{ImageRow, Parts, RowReader};
use holotype::id::ImageId;
use holotype::model::Key;
use holotype::repo::Version;

/// Lists annotations; the exit code and what was printed.
fn list(made: &Made, expression: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(["list", "annotations", "--json", "--where", expression])
        .current_dir(made.dir.path())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn narrowing_changes_no_answer() {
    let made = make();
    let id = made.annotation("12").to_string();
    let image = ImageId::of_name("b.png").to_string();
    let conjuncts = [
        r#"image.name == "b.png""#.to_owned(),
        r#""a/1.png" == image_name"#.to_owned(),
        r#"image.name == "no such image""#.to_owned(),
        r#"image == "b.png""#.to_owned(),
        format!("image.id == '{image}'"),
        format!("id == '{id}'"),
        format!("id.startsWith('{}')", &id[..5]),
        "id.startsWith('XY')".to_owned(),
        r#"label == "mitotic figure""#.to_owned(),
        "ratings.size() > 2".to_owned(),
        r#"image.scanner == "CS2""#.to_owned(),
        r#"image.nothing == "CS2""#.to_owned(),
        "true".to_owned(),
    ];
    let mut matched = 0;
    for a in &conjuncts {
        for b in &conjuncts {
            let narrow = list(&made, &format!("{a} && {b}"));
            // Within an `||` nothing is narrowed.
            let full = list(&made, &format!("({a} && {b}) || false"));
            assert_eq!(narrow, full, "{a} && {b}");
            assert_eq!(narrow.0, Some(0), "{a} && {b}");
            matched += narrow.1.lines().count();
        }
    }
    assert!(matched > 50, "only {matched} rows in all");
}

/// Counts the records that are read.
struct Counting<'a> {
    version: &'a Version,
    records: AtomicU64,
}

impl State for Counting<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        self.records.fetch_add(1, Ordering::Relaxed);
        self.version.get(key)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        self.version.scan(prefix, &mut |key, value| -> ControlFlow<()> {
            self.records.fetch_add(1, Ordering::Relaxed);
            visit(key, value)
        })
    }
}

#[test]
fn the_rows_of_an_image_cost_its_records_alone() {
    let made = make();
    let version = made.repo.head_version().unwrap();
    let counting = Counting {
        version: &version,
        records: AtomicU64::new(0),
    };
    let reader = RowReader::open(&counting, None).unwrap();
    let image = |name: &str| {
        let record = holotype::event::read(&version, &Key::image(ImageId::of_name(name))).unwrap();
        ImageRow {
            id: ImageId::of_name(name),
            record: record.unwrap(),
        }
    };
    let cost = |name: &str| {
        let before = counting.records.load(Ordering::Relaxed);
        let rows = reader.rows_with(&image(name), Parts::ALL).unwrap().len();
        (rows, counting.records.load(Ordering::Relaxed) - before)
    };
    // An annotation, its two ratings, its override and its source id.
    assert_eq!(cost("b.png"), (1, 5));
    assert_eq!(cost("declared.png"), (0, 0));
    assert_eq!(cost("a/1.png"), (2, 9));
}
