//! What an export leaves for our own readers beside what its format says: see
//! [`model::carrier`](crate::model::carrier). Nothing private is in it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::ExportReport;
use super::dataset::{Dataset, ImageRow};
use super::rows::{Row, RowReader};
use crate::codec::Extra;
use crate::event::{StateError, read, scan_records};
use crate::id::{Digest, ImageId, LabelId};
use crate::model::carried::{
    CarriedAnnotation, CarriedException, CarriedLabel, CarriedRating, CarriedSourceId,
};
use crate::model::carrier::{CarriedLabelRecord, Carrier, without_private};
use crate::model::{
    DatasetRecord, EntityKind, Facts, Geometry, Key, RuleRecord, ScreeningRecord, SplitRecord,
};

/// Gathers the records of a dataset that belong to no annotation; of images those given. `repository` is the id of the
/// dataset, which tells whose codes these are.
///
/// # Errors
/// [`StateError`] when they cannot be read.
pub(super) fn carrier(
    dataset: &Dataset<'_>,
    images: &[&ImageRow],
    repository: Option<Digest>,
    report: &mut ExportReport,
) -> Result<Carrier, StateError> {
    let state = dataset.rows().state();
    let mut public = |what: &str, facts: &mut Facts| {
        let count = u64::try_from(without_private(facts)).unwrap_or(u64::MAX);
        report.add("private_facts", count, || {
            format!("{what}: private texts are left out")
        });
    };
    let mut about: Option<DatasetRecord> = read(state, &Key::dataset())?;
    if let Some(about) = &mut about {
        public("the dataset", &mut about.facts);
    }
    let mut carrier = Carrier {
        annotators: dataset.annotators().values().cloned().collect(),
        cases: dataset.cases().values().cloned().collect(),
        dataset: about.filter(|about| !about.facts.is_empty()),
        images: images.iter().map(|image| image.record.clone()).collect(),
        labels: dataset
            .rows()
            .labels()
            .iter()
            .map(|(id, record)| CarriedLabelRecord::new(*id, record.clone()))
            .collect(),
        repository,
        rule: read::<RuleRecord>(state, &Key::rule())?,
        slides: dataset.slides().values().cloned().collect(),
        ..Carrier::default()
    };
    for record in &mut carrier.annotators {
        public(record.code.as_str(), &mut record.facts);
    }
    for record in &mut carrier.cases {
        public(record.code.as_str(), &mut record.facts);
    }
    for record in &mut carrier.slides {
        public(record.code.as_str(), &mut record.facts);
    }
    for record in &mut carrier.images {
        public(&record.name, &mut record.facts);
    }
    for label in &mut carrier.labels {
        public(&label.record.name, &mut label.record.facts);
    }
    let chosen: BTreeSet<ImageId> = images.iter().map(|image| image.id).collect();
    let prefix = Key::kind_prefix(EntityKind::Screening);
    scan_records(state, &prefix, |_, record: ScreeningRecord| {
        if chosen.contains(&record.image) {
            carrier.screenings.push(record);
        }
        ControlFlow::Continue(())
    })?;
    let prefix = Key::kind_prefix(EntityKind::Split);
    scan_records(state, &prefix, |_, record: SplitRecord| {
        // An image that is not exported cannot be in a part of a split.
        if ImageId::parse(&record.member).map_or(true, |image| chosen.contains(&image)) {
            carrier.splits.push(record);
        }
        ControlFlow::Continue(())
    })?;
    Ok(carrier)
}

/// Gathers what belongs to an annotation. `shown` is what the format's own form reads as, where that is not the geometry.
/// Returns how many private attributes were left out, too.
pub(super) fn carried(
    row: &Row<'_>,
    rows: &RowReader<'_>,
    shown: Option<Geometry>,
) -> (CarriedAnnotation, usize) {
    let named = |label: LabelId| CarriedLabel::new(label, rows.label_name(label).unwrap_or_default());
    let agreed = |label: Option<LabelId>| CarriedException {
        label: label.map(named),
        extra: Extra::default(),
    };
    let mut attributes = row.record.attributes.clone();
    let hidden = without_private(&mut attributes);
    let carried = CarriedAnnotation {
        agreed: (row.label != row.record.label).then(|| agreed(row.label)),
        attributes,
        exception: row.exception.map(agreed),
        geometry: shown.as_ref().map(|_| row.record.geometry.clone()),
        image_version: row.record.image_version,
        label: row.record.label.map(named),
        ratings: row
            .ratings
            .iter()
            .map(|rating| CarriedRating {
                annotator: rating.key.annotator.clone(),
                blinded: rating.record.blinded,
                claimed_at: rating.record.claimed_at.clone(),
                label: rating.record.label.map(named),
                method: rating.record.method,
                n: rating.key.n,
                round: rating.key.round,
                extra: Extra::default(),
            })
            .collect(),
        shown,
        source_ids: row
            .source_ids
            .iter()
            .map(|source| CarriedSourceId {
                id: source.id.clone(),
                lineage: source.lineage.clone(),
                extra: Extra::default(),
            })
            .collect(),
        ..CarriedAnnotation::empty(row.annotation)
    };
    (carried, hidden)
}
