//! Many files in one run: what is known is read as often for many as for few.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::import::document::{SourceAnnotation, SourceCarried, SourceId, SourceImage};
use crate::import::progress::Unwatched;
use crate::model::{Carrier, Geometry, ImageRecord};
use crate::repo::Surroundings;
use crate::store::RealVfs;
use crate::time::Timestamp;

/// The width and height of the image of a document.
fn size_px(n: usize) -> [f64; 2] {
    let n = f64::from(u32::try_from(n).unwrap());
    [1000.0 + n, 2000.0 + n]
}

/// The image of a document. Every other one says its size itself, of the others an export carries it.
fn image(n: usize) -> SourceImage {
    let [width, height] = size_px(n).map(|px| n.is_multiple_of(2).then_some(px));
    SourceImage {
        name: format!("{n:05}.png"),
        width,
        height,
        ..SourceImage::default()
    }
}

/// What an export carries of the image of a document.
fn carrier(n: usize) -> Carrier {
    let [width, height] = size_px(n);
    let mut record = ImageRecord {
        name: image(n).name,
        ..ImageRecord::default()
    };
    record.facts.insert("width".to_owned(), width.into());
    record.facts.insert("height".to_owned(), height.into());
    Carrier {
        images: vec![record],
        ..Carrier::default()
    }
}

/// A document of one image with two points, ids of its own, and one that every document has.
fn document(n: usize) -> Document {
    let point = |id: String, x: f64| SourceAnnotation {
        image: 0,
        geometry: Geometry::point(x, 5.0),
        label: None,
        id: Some(SourceId::Local(id)),
        ratings: Vec::new(),
        attributes: BTreeMap::new(),
    };
    Document {
        images: vec![image(n)],
        carried: SourceCarried {
            dataset: (n % 2 == 1).then(|| Box::new(carrier(n))),
            ..SourceCarried::default()
        },
        annotations: vec![point("1".to_owned(), 10.0), point(format!("of {n}"), 90.0)],
        ..Document::default()
    }
}

/// Imports so many documents in one run; returns the scans of the whole state and the records that scans visited.
fn scans(count: usize) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let around = Surroundings {
        now: Timestamp::from_unix_ms(1_793_534_400_000).unwrap(),
        seed: Some(Digest::of(b"seed")),
    };
    let repo = Repo::init(Arc::new(RealVfs), folder.path(), "many", around).unwrap();
    let version = repo.empty_version();
    let mut transaction = Transaction::rehearsal(repo.store(), &version);
    let (mut run, mut total) = (Run::default(), ImportOutcome::default());
    let options = ImportOptions::default();
    for n in 0..count {
        let document = document(n);
        if let Some(before) = n.checked_sub(1) {
            let known = run.known_sizes(&transaction, &options).unwrap();
            assert_eq!(
                known.size_of(&image(before)),
                Some(size_px(before)),
                "of the file before"
            );
            assert_eq!(known.size_of(&image(n)), None);
        }
        let source = Source {
            file: "f.json",
            format: "coco",
            digest: Digest::of(n.to_string().as_bytes()),
            document,
            in_file: None,
            folder: None,
            progress: &Unwatched,
        };
        let outcome = import_next(
            &repo,
            &mut transaction,
            &mut run,
            &Context::default(),
            source,
            &options,
        );
        total.add(outcome.unwrap());
    }
    assert_eq!(total.created, u64::try_from(count * 2).unwrap());
    assert_eq!(
        total.lineage,
        Some(format!("coco-{count}")),
        "each is a chain of its own"
    );
    (run.whole_scans(), transaction.visited())
}

#[test]
fn many_files_read_the_whole_state_as_often_as_few() {
    let (few, many) = (scans(6), scans(60));
    assert_eq!(few.0, many.0, "scans of all records of a kind");
    assert!(many.0 <= 4, "{}", many.0);
    assert!(
        many.1 <= few.1 * 10,
        "records visited: {} for 6 files, {} for 60",
        few.1,
        many.1
    );
}
