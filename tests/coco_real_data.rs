//! Published COCO files read as they are: MIDOG 2021 and MIDOG++.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;

use holotype::export::coco::{CocoDataset, CocoImage, CocoLabel, CocoRow, IdPlan, write_coco};
use holotype::import::coco::{CocoOptions, looks_like_coco, read_coco};
use holotype::import::document::{BoxFormat, Document, SourceId, SourceValue};

/// Reads a file of the real data, where that is present.
#[expect(
    clippy::print_stdout,
    reason = "whoever runs the tests is told what did not run"
)]
fn real(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("HOLOTYPE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let bytes = std::fs::read(folder.join("midog").join(name)).ok();
    if bytes.is_none() {
        let required = std::env::var_os("HOLOTYPE_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "no real data in {}", folder.display());
        println!("skipped: no real data");
    }
    bytes
}

fn read(name: &str) -> Option<Document> {
    let bytes = real(name)?;
    assert!(looks_like_coco(&bytes) && looks_like_coco(bytes.get(..4096).unwrap_or_default()));
    Some(read_coco(name, &bytes, &CocoOptions::default()).expect("a published file"))
}

#[test]
fn quirk_15_midog_has_corners_and_48_boxes_outside() {
    let Some(document) = read("MIDOG.json") else {
        return;
    };
    assert_eq!(
        (
            document.images.len(),
            document.annotations.len(),
            document.labels.len()
        ),
        (200, 4435, 2)
    );
    let decision = document.box_format.clone().unwrap();
    assert_eq!(decision.format, BoxFormat::Xyxy);
    assert_eq!(
        decision.evidence,
        "of 4435 boxes 3231 leave their image or are inside out when read as xywh, 48 when read as xyxy; \
         read as xyxy all are 50 x 50 px"
    );
    assert_eq!(document.report.warnings.count("outside_image"), 48);
    assert!(document.report.losses.is_empty());
    for annotation in &document.annotations {
        let bounds = annotation.geometry.bounds().unwrap();
        assert_eq!(
            (bounds.x_max - bounds.x_min, bounds.y_max - bounds.y_min),
            (50.0, 50.0)
        );
        assert!(annotation.attributes.is_empty() && annotation.ratings.is_empty());
    }
    let last = document.annotations.last().unwrap();
    assert_eq!(
        last.geometry,
        holotype::model::Geometry::rectangle(2681.5, 2846.0, 50.0, 50.0)
    );
    assert_eq!(last.id, Some(SourceId::Local("4435".to_owned())));
    assert_eq!(document.images[last.image].name, "150.tiff");
    let licence = SourceValue::Text("Attribution-NonCommercial-NoDerivs License".to_owned());
    assert_eq!(document.dataset["licence"], licence);
    assert!(matches!(document.dataset["contributor"], SourceValue::Private(_)));
}

#[test]
fn quirk_18_the_votes_of_midog_plus_plus_are_ratings() {
    let Some(document) = read("MIDOG++.json") else {
        return;
    };
    assert_eq!((document.images.len(), document.annotations.len()), (553, 26_286));
    assert_eq!(document.box_format.as_ref().unwrap().format, BoxFormat::Xyxy);
    assert_eq!(
        document
            .people
            .iter()
            .map(|p| p.name.as_str())
            .collect::<Vec<_>>(),
        ["annotator 1", "annotator 2", "annotator 3"]
    );
    assert!(document.report.losses.is_empty());
    assert!(
        document
            .images
            .iter()
            .all(|image| image.facts.contains_key("tumor_type"))
    );
    // The votes as another parser gives them.
    let bytes = real("MIDOG++.json").unwrap();
    let plain: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let mut agreed = 0;
    for (annotation, plain) in document
        .annotations
        .iter()
        .zip(plain["annotations"].as_array().unwrap())
    {
        let given: Vec<usize> = plain["labels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| usize::try_from(v.as_u64().unwrap()).unwrap() - 1)
            .collect();
        let votes: Vec<usize> = annotation
            .ratings
            .iter()
            .map(|rating| rating.label.unwrap())
            .collect();
        let people: Vec<usize> = annotation.ratings.iter().map(|rating| rating.person).collect();
        assert_eq!(votes, given);
        assert_eq!(people, (0..votes.len()).collect::<Vec<_>>());
        let mut counts = BTreeMap::new();
        for vote in votes {
            *counts.entry(vote).or_insert(0_u32) += 1;
        }
        let most = counts.values().max().unwrap();
        let mut winners = counts
            .iter()
            .filter(|(_, count)| *count == most)
            .map(|(vote, _)| *vote);
        agreed += u32::from(winners.next() == annotation.label && winners.next().is_none());
    }
    assert_eq!(agreed, 26_286);
}

#[test]
fn quirk_15_the_export_of_midog_is_standard_and_reads_back_the_same() {
    let Some(document) = read("MIDOG.json") else {
        return;
    };
    let images: Vec<CocoImage> = document
        .images
        .iter()
        .map(|image| CocoImage {
            name: image.name.clone(),
            width: image.width,
            height: image.height,
            ..CocoImage::default()
        })
        .collect();
    let labels: Vec<CocoLabel> = document
        .labels
        .iter()
        .map(|label| CocoLabel {
            name: label.name.clone(),
            ..CocoLabel::default()
        })
        .collect();
    let dataset = CocoDataset {
        name: "MIDOG",
        images: &images,
        labels: &labels,
        annotation_ids: IdPlan::ascending(),
        ..CocoDataset::default()
    };
    let rows = document.annotations.iter().map(|annotation| {
        Ok::<_, Infallible>(CocoRow {
            image: annotation.image,
            label: annotation.label,
            geometry: annotation.geometry.clone(),
            source_id: None,
            id: None,
            attributes: BTreeMap::new(),
            votes: 0,
            vote_labels: Vec::new(),
        })
    });
    let mut out = Vec::new();
    let report = write_coco(&mut out, &dataset, rows).unwrap();
    assert!(report.is_empty());
    let plain: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        plain["annotations"][0]["bbox"],
        serde_json::json!([4336, 346, 50, 50])
    );
    assert_eq!(plain["annotations"][0]["area"], 2500);
    // The format is found by evidence too, where another tool has written the file anew.
    let anonymous = String::from_utf8(out)
        .unwrap()
        .replace(r#""holotype_format":"holotype/coco/1","#, "");
    let again = read_coco("out.json", anonymous.as_bytes(), &CocoOptions::default()).unwrap();
    assert_eq!(again.box_format.as_ref().unwrap().format, BoxFormat::Xywh);
    assert_eq!(again.annotations, document.annotations);
}
