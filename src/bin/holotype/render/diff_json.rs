//! A comparison as one JSON object, `holotype/diff/1`. Written as canonical JSON, so that numbers read as people
//! write them and the same comparison is the same text.

use holotype::codec::to_canonical;
use holotype::event::Tool;
use holotype::id::{AnnotationId, Code, CommitId, SnapshotId};
use holotype::repo::Attribution;
use holotype::snapshot::changes::{ChangeKind, ChangedImage, Entity, Fields, Summary};
use holotype::time::Timestamp;
use serde::Serialize;

use super::diff::{DiffView, Endpoint, Told};

/// The schema's name.
pub(super) const SCHEMA: &str = "holotype/diff/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    from: Side,
    to: Side,
    identical: bool,
    summary: &'a Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<Change<'a>>>,
}

#[derive(Serialize)]
struct Side {
    commit: Option<CommitId>,
    snapshot: SnapshotId,
}

#[derive(Serialize)]
struct Change<'a> {
    entity: Entity,
    id: &'a str,
    kind: ChangeKind,
    kinds: &'a [ChangeKind],
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a ChangedImage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotation: Option<AnnotationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_px: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_um: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap: Option<f64>,
    fields: &'a Fields,
    by: Option<By<'a>>,
}

#[derive(Serialize)]
struct By<'a> {
    author: Option<&'a str>,
    annotator: Option<&'a Code>,
    at: Option<Timestamp>,
    reason: Option<&'a str>,
    tool: Option<&'a Tool>,
    event: Option<&'a str>,
    commit: Option<CommitId>,
}

/// Renders the object; `stat_only` leaves `changes` out.
pub(super) fn render(view: &DiffView<'_>, stat_only: bool) -> String {
    let document = Document {
        schema: SCHEMA,
        from: side(&view.from),
        to: side(&view.to),
        identical: view.comparison.identical,
        summary: &view.comparison.summary,
        changes: (!stat_only).then(|| view.told().map(change).collect()),
    };
    let mut text = match to_canonical(&document) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // Values come from canonical records; a distance between places far apart may still be infinite.
        Err(_) => serde_json::to_string(&document).unwrap_or_default(),
    };
    text.push('\n');
    text
}

fn side(end: &Endpoint) -> Side {
    Side {
        commit: end.commit,
        snapshot: end.snapshot,
    }
}

fn change(told: Told<'_>) -> Change<'_> {
    let item = told.item;
    Change {
        entity: item.entity,
        id: &item.id,
        kind: item.kind,
        kinds: &item.kinds,
        image: item.image.as_ref(),
        annotation: item.annotation(),
        label: item.label.as_deref(),
        distance_px: item.distance_px(),
        distance_um: item.distance_um(),
        overlap: item.overlap(),
        fields: &item.fields,
        by: told.by.map(by),
    }
}

fn by(by: &Attribution) -> By<'_> {
    By {
        author: by.author.as_deref(),
        annotator: by.annotator.as_ref(),
        at: by.at,
        reason: by.reason.as_deref(),
        tool: by.tool.as_ref(),
        event: by.event.as_deref(),
        commit: by.commit,
    }
}

#[cfg(test)]
mod tests {
    use super::super::diff::tests::{sample, view};
    use super::*;

    #[test]
    fn members_that_checks_rely_on_are_there() {
        let (comparison, by) = sample();
        let text = render(&view(&comparison, &by), false);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["schema"], SCHEMA);
        assert_eq!(json["identical"], false);
        assert_eq!(json["from"]["commit"], serde_json::Value::Null);
        assert_eq!(json["to"]["snapshot"].as_str().unwrap().len(), 64);
        for entity in Entity::ALL {
            for count in ["added", "removed", "modified"] {
                assert!(
                    json["summary"][entity.as_str()][count].is_u64(),
                    "{entity}.{count}"
                );
            }
        }
        assert_eq!(json["summary"]["annotations"]["moved"], 1);
        let moved = json["changes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|change| change["kind"] == "moved")
            .unwrap();
        assert_eq!(moved["entity"], "annotations");
        assert_eq!(moved["distance_px"], 2);
        assert_eq!(moved["fields"]["distance_um"]["after"], 0.5);
        assert_eq!(moved["fields"]["geometry"]["before"]["x"], 10);
        assert_eq!(moved["image"]["name"], "001\u{1b}[2J.tiff");
        assert_eq!(moved["by"]["reason"], "off by | two");
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}'), "JSON escapes control characters");
    }

    #[test]
    fn stat_has_no_changes() {
        let (comparison, by) = sample();
        let json: serde_json::Value = serde_json::from_str(&render(&view(&comparison, &by), true)).unwrap();
        assert!(json.get("changes").is_none());
        assert_eq!(json["summary"]["annotations"]["relabelled"], 1);
    }
}
