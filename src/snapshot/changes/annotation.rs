//! What happened to an annotation, told as one change.

use serde_json::{Value, json};

use crate::id::{AnnotationId, LabelId};
use crate::model::geometry::{Bounds, Displacement};
use crate::model::{AnnotationRecord, Geometry, Key, OverrideRecord};

use super::CompareError;
use super::field::{FieldValue, Fields, Members};
use super::item::{ChangeItem, ChangeKind, Entity};
use super::labels::{LabelsInForce, annotation_record};
use super::walk::{KnownImage, Walk, item};

/// Fields that attributes cannot take the name of.
const OWN_FIELDS: [&str; 10] = [
    "distance_px",
    "distance_um",
    "geometry",
    "image",
    "image_version",
    "label",
    "overlap",
    "override",
    "recorded_label",
    "source_id",
];

/// An id that a source gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alias {
    pub(super) lineage: String,
    pub(super) id: String,
}

/// What differs of the records about an annotation; `None` is *nothing*.
#[derive(Debug, Default)]
pub(super) struct Touch {
    pub(super) record: Option<(Option<AnnotationRecord>, Option<AnnotationRecord>)>,
    pub(super) exception: Option<(Option<OverrideRecord>, Option<OverrideRecord>)>,
    pub(super) aliases: (Vec<Alias>, Vec<Alias>),
}

impl Walk<'_, '_> {
    /// Tells what happened to an annotation; `None` when nothing did that people would call a change.
    pub(super) fn annotation(
        &mut self,
        annotation: AnnotationId,
        touch: Touch,
    ) -> Result<Option<ChangeItem>, CompareError> {
        let (before, after) = match touch.record {
            Some(sides) => sides,
            None => {
                let same = annotation_record(self.after.view(), annotation)?;
                (same.clone(), same)
            }
        };
        if before.is_none() && after.is_none() {
            return Ok(None);
        }
        let known = self.image(annotation.image_prefix())?;
        let mut fields = Fields::default();
        let mut kinds = Vec::with_capacity(1);
        note_aliases(&mut fields, touch.aliases);
        let rekeyed = !fields.is_empty();
        let label_before = agreed(self.before, annotation, before.as_ref())?;
        let label_after = agreed(self.after, annotation, after.as_ref())?;
        let label = self.note_labels(&mut fields, "label", label_before, label_after);
        match (&before, &after) {
            (Some(before), Some(after)) => {
                if label_before != label_after {
                    kinds.push(ChangeKind::Relabelled);
                }
                kinds.extend(note_displacement(&mut fields, before, after, known.as_ref()));
                kinds.extend(rekeyed.then_some(ChangeKind::Rekeyed));
                let recorded = (before.label, after.label);
                if recorded != (label_before, label_after) {
                    self.note_labels(&mut fields, "recorded_label", recorded.0, recorded.1);
                }
            }
            (None, _) => kinds.push(ChangeKind::Added),
            (_, None) => kinds.push(ChangeKind::Removed),
        }
        self.note_exception(&mut fields, touch.exception);
        let explained = kinds.contains(&ChangeKind::Relabelled);
        let is_noted = |name| fields.get(name).is_some();
        let hidden = !explained && (is_noted("override") || is_noted("recorded_label"));
        let noted = fields.len();
        fields.note_all(rest(before.as_ref()), rest(after.as_ref()));
        if before.is_some() && after.is_some() && (hidden || fields.len() > noted) {
            kinds.push(ChangeKind::Modified);
        }
        if kinds.is_empty() {
            return Ok(None);
        }
        let place = note_place(&mut fields, before, after, known.as_ref());
        let image = known.map(|known| known.image);
        let key = Key::annotation(annotation);
        let mut change = item(
            Entity::Annotations,
            key,
            annotation.to_string(),
            kinds,
            image,
            fields,
        );
        change.label = label;
        change.place = place.map(Box::new);
        Ok(Some(change))
    }

    fn note_exception(
        &self,
        fields: &mut Fields,
        exception: Option<(Option<OverrideRecord>, Option<OverrideRecord>)>,
    ) {
        let Some((before, after)) = exception else {
            return;
        };
        // A label that was renamed is still the same exception.
        if before.as_ref().map(|record| record.label) == after.as_ref().map(|record| record.label) {
            return;
        }
        let value = |labels: &LabelsInForce<'_>, record: Option<OverrideRecord>| {
            let label = record?.label.map(|label| labels.name(label));
            Some(FieldValue::from(json!({ "label": label.as_deref() })))
        };
        fields.put("override", value(self.before, before), value(self.after, after));
    }
}

fn agreed(
    labels: &LabelsInForce<'_>,
    annotation: AnnotationId,
    record: Option<&AnnotationRecord>,
) -> Result<Option<LabelId>, CompareError> {
    match record {
        Some(record) => labels.agreed(annotation, record.label),
        None => Ok(None),
    }
}

/// Notes the aliases that one side alone has.
fn note_aliases(fields: &mut Fields, (mut before, mut after): (Vec<Alias>, Vec<Alias>)) {
    before.sort();
    after.sort();
    let value = |aliases: &[Alias]| {
        let list: Vec<Value> = aliases
            .iter()
            .map(|alias| json!({ "id": alias.id, "lineage": alias.lineage }))
            .collect();
        (!list.is_empty()).then(|| FieldValue::from(Value::Array(list)))
    };
    fields.note("source_id", value(&before), value(&after));
}

/// Notes where an annotation was and is, and how far that is apart.
fn note_displacement(
    fields: &mut Fields,
    before: &AnnotationRecord,
    after: &AnnotationRecord,
    image: Option<&KnownImage>,
) -> Option<ChangeKind> {
    let number = |value| Some(FieldValue::Number(value));
    match before.geometry.displacement(&after.geometry) {
        Displacement::None => None,
        Displacement::Moved { distance_px } => {
            fields.note("distance_px", None, number(rounded(distance_px)));
            let resolution = image.and_then(|image| image.resolution);
            if let Some(um) = resolution
                .and_then(|scale| distance_um(&before.geometry, &after.geometry, distance_px, scale))
            {
                fields.note("distance_um", None, number(rounded(um)));
            }
            Some(ChangeKind::Moved)
        }
        Displacement::Reshaped { overlap } => {
            fields.note("overlap", None, overlap.and_then(number));
            Some(ChangeKind::Reshaped)
        }
    }
}

/// Cuts what floats add to a distance: what is below 10⁻⁹.
fn rounded(distance: f64) -> f64 {
    let cut = (distance * 1e9).round() / 1e9;
    if cut.is_finite() && cut > 0.0 {
        cut
    } else {
        distance
    }
}

/// A distance in µm; pixels need not be square.
fn distance_um(before: &Geometry, after: &Geometry, px: f64, (x, y): (f64, f64)) -> Option<f64> {
    if x == y {
        return Some(px * x);
    }
    let (a, b): (Bounds, Bounds) = (before.bounds()?, after.bounds()?);
    Some(((b.x_min - a.x_min) * x).hypot((b.y_min - a.y_min) * y))
}

/// Members of the record that have no field of their own.
fn rest(record: Option<&AnnotationRecord>) -> Members {
    let mut members = Members::new();
    let Some(record) = record else {
        return members;
    };
    if let Some(version) = record.image_version {
        members.insert("image_version".to_owned(), Value::String(version.to_string()));
    }
    for (name, value) in record.extra.iter() {
        members.insert(name.to_owned(), value.clone());
    }
    for (name, value) in &record.attributes {
        let taken = members.contains_key(name) || OWN_FIELDS.contains(&name.as_str());
        let name = if taken {
            format!("attributes.{name}")
        } else {
            name.clone()
        };
        members.insert(name, serde_json::to_value(value).unwrap_or(Value::Null));
    }
    members
}

/// Notes geometry and image where they differ; returns the place where it does not.
fn note_place(
    fields: &mut Fields,
    before: Option<AnnotationRecord>,
    after: Option<AnnotationRecord>,
    image: Option<&KnownImage>,
) -> Option<Geometry> {
    let name = |there: bool| {
        let image = image.filter(|_| there)?;
        Some(FieldValue::Text(image.image.name.clone()))
    };
    fields.note("image", name(before.is_some()), name(after.is_some()));
    let before = before.map(|record| record.geometry);
    let after = after.map(|record| record.geometry);
    if before == after {
        return after;
    }
    let value = |geometry: Option<Geometry>| geometry.map(|it| FieldValue::Geometry(Box::new(it)));
    fields.note("geometry", value(before), value(after));
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FactValue;

    #[test]
    fn a_distance_loses_what_floats_add_to_it() {
        for (distance, cut) in [
            (0.1 + 0.2, 0.3),
            (3.0, 3.0),
            (2e-9, 2e-9),
            (1e-12, 1e-12),
            (0.0, 0.0),
        ] {
            assert_eq!(rounded(distance).to_bits(), f64::to_bits(cut), "{distance}");
        }
        assert_eq!(rounded(f64::MAX).to_bits(), f64::MAX.to_bits());
    }

    #[test]
    fn a_distance_in_um_follows_both_sides_of_a_pixel() {
        let (before, after) = (Geometry::point(10.0, 20.0), Geometry::point(13.0, 24.0));
        let um = |size| distance_um(&before, &after, 5.0, size).unwrap();
        assert_eq!((um((0.5, 0.5)), um((2.0, 2.0))), (2.5, 10.0));
        assert_eq!(
            um((4.0, 4.0 / 3.0 * 4.0)),
            (12.0_f64.powi(2) + (64.0_f64 / 3.0).powi(2)).sqrt()
        );
        assert_eq!(um((0.0, 1.0)), 4.0);
    }

    #[test]
    fn an_attribute_named_as_something_else_is_told_apart() {
        let mut record = AnnotationRecord::empty(Geometry::point(1.0, 2.0));
        for name in ["grade", "label", "image_version"] {
            record.attributes.insert(name.to_owned(), FactValue::Flag(true));
        }
        let names = |record: &AnnotationRecord| rest(Some(record)).into_keys().collect::<Vec<_>>();
        assert_eq!(
            names(&record),
            ["attributes.image_version", "attributes.label", "grade"]
        );
        record.image_version = Some(crate::id::BlobId::of(b"x"));
        let all = [
            "attributes.image_version",
            "attributes.label",
            "grade",
            "image_version",
        ];
        assert_eq!(names(&record), all);
        assert!(rest(None).is_empty());
    }
}
