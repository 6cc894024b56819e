//! Many files in one run: what is known is read as often for many as for few.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::import::document::{SourceAnnotation, SourceId, SourceImage};
use crate::import::progress::Unwatched;
use crate::model::Geometry;
use crate::repo::Surroundings;
use crate::store::RealVfs;
use crate::time::Timestamp;

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
        images: vec![SourceImage {
            name: format!("{n:05}.png"),
            ..SourceImage::default()
        }],
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
    for n in 0..count {
        let source = Source {
            file: "f.json",
            format: "coco",
            digest: Digest::of(n.to_string().as_bytes()),
            document: document(n),
            in_file: None,
            folder: None,
            progress: &Unwatched,
        };
        let options = ImportOptions::default();
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
    let (few, many) = (scans(5), scans(50));
    assert_eq!(few.0, many.0, "scans of all records of a kind");
    assert!(many.0 <= 4, "{}", many.0);
    assert!(
        many.1 <= few.1 * 10,
        "records visited: {} for 5 files, {} for 50",
        few.1,
        many.1
    );
}
