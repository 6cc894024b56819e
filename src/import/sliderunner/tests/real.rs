//! The labels of the MIDOG 2021 training set, as published.

use std::path::{Path, PathBuf};

use crate::import::document::{SourceAnnotation, SourceId};
use crate::import::sliderunner::{looks_like_sliderunner, read_sliderunner};
use crate::model::geometry::Shape;

/// Returns the published file; says so when it is not here.
fn midog() -> Option<PathBuf> {
    let folder = std::env::var_os("HOLOTYPE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = folder.join("midog/MIDOG.sqlite");
    if path.exists() {
        return Some(path);
    }
    assert_ne!(
        std::env::var("HOLOTYPE_REQUIRE_TOOLS").as_deref(),
        Ok("1"),
        "{} is missing",
        path.display()
    );
    println!("skipped: no real data");
    None
}

#[test]
fn midog_is_read_whole() {
    let Some(path) = midog() else { return };
    assert!(looks_like_sliderunner(&path));
    let document = read_sliderunner("MIDOG.sqlite", &path).unwrap();
    assert_eq!(document.images.len(), 200);
    assert!(
        document
            .images
            .iter()
            .all(|image| image.width.is_none() && image.folder.is_none())
    );
    assert_eq!(document.annotations.len(), 4_435);
    let ratings = || {
        document
            .annotations
            .iter()
            .flat_map(|annotation| &annotation.ratings)
    };
    assert_eq!(ratings().count(), 11_094);
    assert_eq!(ratings().filter(|rating| rating.label.is_none()).count(), 119);
    assert!(
        ratings().all(|rating| rating.claimed_at.is_none()),
        "Log is empty"
    );
    let people: Vec<&str> = document
        .people
        .iter()
        .map(|person| person.name.as_str())
        .collect();
    assert_eq!(people, ["expert 1", "RetinaNet", "expert 2", "expert 3"]);
    let labels: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(labels, ["mitotic figure", "not mitotic figure"]);
    let of_class = |label| {
        document
            .annotations
            .iter()
            .filter(|a| a.label == Some(label))
            .count()
    };
    assert_eq!((of_class(0), of_class(1)), (1_721, 2_714));
    assert!(
        document
            .annotations
            .iter()
            .all(|a| matches!(a.id, Some(SourceId::Uuid(_))))
    );
    assert!(document.annotations.iter().all(|a| a.attributes.is_empty()));
    assert!(document.report.losses.is_empty(), "{:?}", document.report.losses);
    let warnings: Vec<_> = document
        .report
        .warnings
        .iter()
        .map(|entry| (entry.code, entry.count))
        .collect();
    assert_eq!(warnings, [("no_opinion", 119), ("person_rated_again", 173)]);
}

#[test]
fn midog_keeps_its_half_pixels() {
    let Some(path) = midog() else { return };
    let document = read_sliderunner("MIDOG.sqlite", &path).unwrap();
    assert_eq!(
        document.annotations[3].geometry.shape,
        Shape::Point { x: 6697.5, y: 731.5 }
    );
    let is_half = |annotation: &&SourceAnnotation| {
        let bounds = annotation.geometry.bounds();
        bounds.is_some_and(|bounds| bounds.x_min.fract() != 0.0 || bounds.y_min.fract() != 0.0)
    };
    assert_eq!(document.annotations.iter().filter(is_half).count(), 676);
}
