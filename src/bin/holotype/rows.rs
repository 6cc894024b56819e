//! Annotations and images as rows: the members by which `list`, `show` and `--where` know them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use holotype::event::{find_image, scan_records};
use holotype::export::{ImageRow, Row, RowReader};
use holotype::id::{AnnotationId, ImageId, ImagePrefix, LabelId};
use holotype::model::{EntityKind, ImageRecord, Key};
use holotype::repo::Version;
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// The members of an annotation's row.
const ANNOTATION_MEMBERS: [&str; 10] = [
    "attributes",
    "flags",
    "geometry",
    "id",
    "image",
    "image_name",
    "label",
    "ratings",
    "recorded_label",
    "type",
];

/// What rows need from elsewhere in the version. Images are read when they are asked for.
pub(crate) struct RowContext<'a> {
    version: &'a Version,
    reader: RowReader<'a>,
    facts_of_images: OnceLock<BTreeSet<String>>,
}

impl<'a> RowContext<'a> {
    pub(crate) fn new(version: &'a Version) -> Result<Self, Failure> {
        Ok(Self {
            version,
            reader: RowReader::open(version, None)?,
            facts_of_images: OnceLock::new(),
        })
    }

    pub(crate) fn version(&self) -> &'a Version {
        self.version
    }

    pub(crate) fn reader(&self) -> &RowReader<'a> {
        &self.reader
    }

    /// The image whose id begins with these bytes.
    pub(crate) fn image(&self, prefix: ImagePrefix) -> Result<Option<ImageRow>, Failure> {
        let found = find_image(self.version, prefix)?;
        Ok(found.map(|(id, record)| ImageRow { id, record }))
    }

    /// The images whose ids begin with these bytes, by id.
    pub(crate) fn images(&self, id_prefix: &[u8]) -> Result<Vec<ImageRow>, Failure> {
        let mut prefix = Key::kind_prefix(EntityKind::Image);
        prefix.extend_from_slice(id_prefix);
        let mut images = Vec::new();
        scan_records(self.version, &prefix, |_, record: ImageRecord| {
            let id = ImageId::of_name(&record.name);
            images.push(ImageRow { id, record });
            ControlFlow::Continue(())
        })?;
        Ok(images)
    }

    /// Whether any image has a fact of this name.
    pub(crate) fn is_fact_of_an_image(&self, name: &str) -> Result<bool, Failure> {
        if let Some(names) = self.facts_of_images.get() {
            return Ok(names.contains(name));
        }
        let images = self.images(&[])?;
        let names: BTreeSet<String> = images
            .into_iter()
            .flat_map(|image| image.record.facts.into_keys())
            .collect();
        Ok(self.facts_of_images.get_or_init(|| names).contains(name))
    }

    /// The present name of a label.
    pub(crate) fn label(&self, label: Option<LabelId>) -> Value {
        label.map_or(Value::Null, |label| match self.reader.label_name(label) {
            Some(name) => Value::String(name.to_owned()),
            None => Value::String(label.to_string()),
        })
    }

    /// A member of the row of an annotation, its label under the rule in force.
    pub(crate) fn member(&self, row: &Row<'_>, name: &str) -> Option<Value> {
        Some(match name {
            "attributes" => json!(row.record.attributes),
            "flags" => {
                let flags = row.record.geometry.flags(row.image.record.size());
                flags.into_iter().map(|flag| flag.as_str()).collect()
            }
            "geometry" => canonical_json(&row.record.geometry),
            "id" => json!(row.annotation),
            "image" => json!(row.image.id),
            "image_name" => json!(row.image.record.name),
            "label" => self.label(row.label),
            "ratings" => row.ratings.iter().map(|rating| self.rating(rating)).collect(),
            "recorded_label" => self.label(row.record.label),
            "type" => json!(row.record.geometry.type_name()),
            _ => return None,
        })
    }

    fn rating(&self, rating: &holotype::export::RatingRow) -> Value {
        json!({
            "annotator": rating.key.annotator,
            "label": self.label(rating.record.label),
            "round": rating.key.round,
            "blinded": rating.record.blinded,
            "method": rating.record.method,
            "claimed_at": rating.record.claimed_at,
        })
    }

    /// The whole row of an annotation.
    pub(crate) fn row(&self, row: &Row<'_>) -> Value {
        let members = ANNOTATION_MEMBERS
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), self.member(row, name)?)));
        Value::Object(members.collect::<Map<_, _>>())
    }

    /// The annotation with this id, and what `read` makes of it; `None` where there is none.
    pub(crate) fn annotation<T>(
        &self,
        id: AnnotationId,
        read: impl FnOnce(&Row<'_>) -> T,
    ) -> Result<Option<T>, Failure> {
        let Some(image) = self.image(id.image_prefix())? else {
            return Ok(None);
        };
        Ok(self.reader.row(&image, id)?.as_ref().map(read))
    }
}

/// The row of an image.
pub(crate) fn image_row(id: ImageId, record: &ImageRecord) -> Value {
    let fact = |name: &str| record.facts.get(name).map_or(Value::Null, canonical_json);
    let mut row = json!({
        "id": id,
        "name": record.name,
        "blob": record.single_blob(),
        "width": fact("width"),
        "height": fact("height"),
        "case": record.case,
        "slide": record.slide,
        "versions": record.versions.len(),
        "facts": record.facts,
    });
    if let Value::Object(members) = &mut row {
        for (name, value) in &record.facts {
            members
                .entry(name.clone())
                .or_insert_with(|| canonical_json(value));
        }
        if record.files.len() > 1 {
            members.insert("files".to_owned(), json!(record.files));
        }
    }
    row
}

/// What canonical JSON says of a value; whole numbers without a point.
fn canonical_json<T: serde::Serialize>(value: &T) -> Value {
    holotype::codec::to_canonical(value)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or(Value::Null)
}
