//! One pass through the differences of two trees, gathered by what they are about.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::event::{StateError, find_image};
use crate::id::{AnnotationId, ImageId, ImagePrefix, LabelId};
use crate::model::{Key, KeyParts, RatingKey, RatingRecord, SourceIdRecord};
use crate::tree::{Change, TreeChange};

use super::CompareError;
use super::annotation::{Alias, Touch};
use super::field::{FieldValue, Fields, members};
use super::item::{ChangeItem, ChangeKind, ChangedImage, Entity};
use super::labels::{LabelsInForce, damaged, decode};

/// A record's bytes before and after.
type Sides = (Option<Vec<u8>>, Option<Vec<u8>>);

/// An image as changes name it, and its µm per px.
#[derive(Clone)]
pub(super) struct KnownImage {
    pub(super) image: ChangedImage,
    pub(super) resolution: Option<(f64, f64)>,
}

/// What was gathered so far.
pub(super) struct Walk<'w, 'a> {
    pub(super) before: &'w LabelsInForce<'a>,
    pub(super) after: &'w LabelsInForce<'a>,
    images: HashMap<ImagePrefix, Option<KnownImage>>,
    items: Vec<ChangeItem>,
    dataset: Fields,
    touched: BTreeMap<AnnotationId, Touch>,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(before: &'w LabelsInForce<'a>, after: &'w LabelsInForce<'a>) -> Self {
        Self {
            before,
            after,
            images: HashMap::new(),
            items: Vec::new(),
            dataset: Fields::default(),
            touched: BTreeMap::new(),
        }
    }

    /// Takes a difference in.
    pub(super) fn take(&mut self, change: TreeChange) -> Result<(), CompareError> {
        let key = Key::from_bytes(&change.key).map_err(damaged)?;
        let sides = match change.change {
            Change::Added(after) => (None, Some(after)),
            Change::Removed(before) => (Some(before), None),
            Change::Modified { before, after } => (Some(before), Some(after)),
        };
        match key.parts().map_err(damaged)? {
            KeyParts::Dataset => {
                let (before, after) = member_sides(&key, &sides)?;
                self.dataset.note_all(before, after);
            }
            KeyParts::Rule => self.rule(&key, &sides)?,
            KeyParts::Case(code) | KeyParts::Slide(code) | KeyParts::Annotator(code) => {
                self.plain(key, code.to_string(), None, &sides)?;
            }
            KeyParts::Label(label) => self.plain(key, label.to_string(), None, &sides)?,
            KeyParts::Image(id) => {
                let image = self.image(id.prefix())?.map(|known| known.image);
                self.plain(key, id.to_string(), image, &sides)?;
            }
            KeyParts::Annotation(annotation) => {
                self.touch(annotation).record = Some(decoded(&key, &sides)?);
            }
            KeyParts::Override(annotation) => {
                self.touch(annotation).exception = Some(decoded(&key, &sides)?);
            }
            KeyParts::SourceId(..) => self.alias(decoded(&key, &sides)?),
            KeyParts::Rating(rating) => {
                self.touch(rating.annotation);
                self.rating(key, &rating, &sides)?;
            }
            KeyParts::Screening(prefix, digest) => {
                let image = self.image(prefix)?.map(|known| known.image);
                self.plain(key, digest.to_string(), image, &sides)?;
            }
            KeyParts::Split(digest) => self.plain(key, digest.to_string(), None, &sides)?,
        }
        Ok(())
    }

    /// Notes annotations to be looked at.
    pub(super) fn touch_all(&mut self, annotations: Vec<AnnotationId>) {
        for annotation in annotations {
            self.touch(annotation);
        }
    }

    fn touch(&mut self, annotation: AnnotationId) -> &mut Touch {
        self.touched.entry(annotation).or_default()
    }

    fn alias(&mut self, (before, after): (Option<SourceIdRecord>, Option<SourceIdRecord>)) {
        for (record, is_after) in [(before, false), (after, true)] {
            if let Some(record) = record {
                let touch = self.touch(record.annotation);
                let aliases = if is_after {
                    &mut touch.aliases.1
                } else {
                    &mut touch.aliases.0
                };
                aliases.push(Alias {
                    lineage: record.lineage,
                    id: record.id,
                });
            }
        }
    }

    /// Returns an image, from the side after, else from the side before.
    pub(super) fn image(&mut self, prefix: ImagePrefix) -> Result<Option<KnownImage>, StateError> {
        if let Some(known) = self.images.get(&prefix) {
            return Ok(known.clone());
        }
        let found = match find_image(self.after.view(), prefix)? {
            Some(found) => Some(found),
            None => find_image(self.before.view(), prefix)?,
        };
        let known = found.map(|(id, record)| KnownImage {
            resolution: record.resolution(),
            image: ChangedImage {
                id,
                name: record.name.into(),
            },
        });
        self.images.insert(prefix, known.clone());
        Ok(known)
    }

    fn rule(&mut self, key: &Key, sides: &Sides) -> Result<(), CompareError> {
        let as_value = |labels: &LabelsInForce<'_>| {
            serde_json::to_value(labels.rule())
                .map(FieldValue::from)
                .map_err(|error| damaged(&error))
        };
        let (mut before, mut after) = member_sides(key, sides)?;
        self.dataset
            .note("rule", Some(as_value(self.before)?), Some(as_value(self.after)?));
        before.remove("rule");
        after.remove("rule");
        self.dataset.note_all(before, after);
        Ok(())
    }

    /// Tells a change of a record of which each member is a field.
    fn plain(
        &mut self,
        key: Key,
        id: String,
        image: Option<ChangedImage>,
        sides: &Sides,
    ) -> Result<(), CompareError> {
        let (mut before, mut after) = member_sides(&key, sides)?;
        let entity = key.kind().map_or(Entity::Dataset, Entity::of);
        let mut id = id;
        for members in [&mut before, &mut after] {
            if entity == Entity::Screenings {
                name_image(members, image.as_ref());
            }
            if let (Some(Value::String(split)), Some(Value::String(member))) =
                (members.get("split"), members.get("member"))
            {
                id = format!("{split}/{member}");
            }
        }
        let mut fields = Fields::default();
        fields.note_all(before, after);
        let kinds = match sides {
            (None, _) => vec![ChangeKind::Added],
            (_, None) => vec![ChangeKind::Removed],
            (Some(_), Some(_)) => modified_kinds(entity, &fields),
        };
        self.items.push(item(entity, key, id, kinds, image, fields));
        Ok(())
    }

    fn rating(&mut self, key: Key, rating: &RatingKey, sides: &Sides) -> Result<(), CompareError> {
        let (before, after): (Option<RatingRecord>, Option<RatingRecord>) = decoded(&key, sides)?;
        let (mut members_before, mut members_after) = member_sides(&key, sides)?;
        members_before.remove("label");
        members_after.remove("label");
        let mut fields = Fields::default();
        fields.note_all(members_before, members_after);
        let who = FieldValue::from(rating.annotator.as_str());
        let round = FieldValue::Number(f64::from(rating.round));
        let on = |there: bool, value: &FieldValue| there.then(|| value.clone());
        for (name, value) in [("annotator", &who), ("round", &round)] {
            fields.note(name, on(before.is_some(), value), on(after.is_some(), value));
        }
        let (label_before, label_after) = (
            before.as_ref().and_then(|record| record.label),
            after.as_ref().and_then(|record| record.label),
        );
        let label = self.note_labels(&mut fields, "label", label_before, label_after);
        let kinds = match (&before, &after) {
            (None, _) => vec![ChangeKind::Added],
            (_, None) => vec![ChangeKind::Removed],
            (Some(_), Some(_)) => vec![ChangeKind::Modified],
        };
        let id = format!(
            "{}/{}/{}/{}",
            rating.annotation, rating.round, rating.annotator, rating.n
        );
        let image = self
            .image(rating.annotation.image_prefix())?
            .map(|known| known.image);
        let mut change = item(Entity::Ratings, key, id, kinds, image, fields);
        change.label = label;
        self.items.push(change);
        Ok(())
    }

    /// Notes two labels by their names, unless they are one label; returns the name of the later one that is there.
    pub(super) fn note_labels(
        &self,
        fields: &mut Fields,
        name: &'static str,
        before: Option<LabelId>,
        after: Option<LabelId>,
    ) -> Option<Arc<str>> {
        let before_name = before.map(|label| self.before.name(label));
        let after_name = after.map(|label| self.after.name(label));
        if before != after {
            fields.put(
                name,
                before_name.clone().map(FieldValue::Text),
                after_name.clone().map(FieldValue::Text),
            );
        }
        after_name.or(before_name)
    }

    /// Ends it; returns all changes in their order.
    pub(super) fn finish(mut self) -> Result<Vec<ChangeItem>, CompareError> {
        if !self.dataset.is_empty() {
            let fields = std::mem::take(&mut self.dataset);
            let kinds = vec![ChangeKind::Modified];
            let change = item(
                Entity::Dataset,
                Key::dataset(),
                String::new(),
                kinds,
                None,
                fields,
            );
            self.items.push(change);
        }
        for (annotation, touch) in std::mem::take(&mut self.touched) {
            let change = self.annotation(annotation, touch)?;
            self.items.extend(change);
        }
        let mut items = self.items;
        items.sort_by(|a, b| {
            let image = |item: &ChangeItem| item.image.as_ref().map(|image| Arc::clone(&image.name));
            a.entity
                .cmp(&b.entity)
                .then_with(|| image(a).cmp(&image(b)))
                .then_with(|| a.key.cmp(&b.key))
        });
        Ok(items)
    }
}

/// A change without label and place.
pub(super) fn item(
    entity: Entity,
    key: Key,
    id: String,
    kinds: Vec<ChangeKind>,
    image: Option<ChangedImage>,
    fields: Fields,
) -> ChangeItem {
    ChangeItem {
        entity,
        key,
        id,
        kind: kinds.first().copied().unwrap_or(ChangeKind::Modified),
        kinds,
        image,
        label: None,
        place: None,
        fields,
    }
}

fn modified_kinds(entity: Entity, fields: &Fields) -> Vec<ChangeKind> {
    let has_name = matches!(entity, Entity::Labels | Entity::Annotators);
    let renamed = has_name
        && fields
            .get("name")
            .is_some_and(|name| name.before.is_some() && name.after.is_some());
    let mut kinds = Vec::with_capacity(1);
    if renamed {
        kinds.push(ChangeKind::Renamed);
    }
    if !renamed || fields.len() > 1 {
        kinds.push(ChangeKind::Modified);
    }
    kinds
}

/// Puts the image's name in the place of its id.
fn name_image(members: &mut super::field::Members, image: Option<&ChangedImage>) {
    if let (Some(Value::String(text)), Some(image)) = (members.get_mut("image"), image)
        && ImageId::parse(text).is_ok_and(|id| id == image.id)
    {
        *text = image.name.to_string();
    }
}

fn member_sides(
    key: &Key,
    (before, after): &Sides,
) -> Result<(super::field::Members, super::field::Members), StateError> {
    Ok((members(key, before.as_deref())?, members(key, after.as_deref())?))
}

fn decoded<R: crate::codec::Record>(
    key: &Key,
    (before, after): &Sides,
) -> Result<(Option<R>, Option<R>), StateError> {
    let one = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(|bytes| decode(key, bytes)).transpose();
    Ok((one(before)?, one(after)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::changes::{Comparison, Summary};

    #[test]
    fn only_what_has_a_name_before_and_after_is_renamed() {
        let (renamed, modified) = (ChangeKind::Renamed, ChangeKind::Modified);
        let kinds = |entity, changes: &[(&'static str, Option<&str>, Option<&str>)]| {
            let mut fields = Fields::default();
            for (name, before, after) in changes {
                fields.note(*name, before.map(Into::into), after.map(Into::into));
            }
            modified_kinds(entity, &fields)
        };
        let name = ("name", Some("a"), Some("b"));
        let colour = ("colour", Some("red"), Some("blue"));
        for entity in [Entity::Labels, Entity::Annotators] {
            assert_eq!(kinds(entity, &[name]), [renamed]);
            assert_eq!(kinds(entity, &[name, colour]), [renamed, modified]);
            assert_eq!(kinds(entity, &[colour]), [modified]);
            assert_eq!(kinds(entity, &[("name", None, Some("b"))]), [modified]);
            assert_eq!(kinds(entity, &[("name", Some("a"), None)]), [modified]);
        }
        assert_eq!(kinds(Entity::Images, &[name]), [modified]);
    }
    #[test]
    fn what_is_not_kept_is_not_counted() {
        let one = |entity, kind| {
            let key = Key::label(crate::id::LabelId::of_name("a", 0));
            item(entity, key, "a".to_owned(), vec![kind], None, Fields::default())
        };
        let changes = vec![
            one(Entity::Labels, ChangeKind::Added),
            one(Entity::Cases, ChangeKind::Removed),
        ];
        let mut comparison = Comparison {
            identical: false,
            summary: Summary::of(&changes),
            changes,
        };
        let counts = |comparison: &Comparison| {
            let counts = |entity| comparison.summary.counts(entity);
            (counts(Entity::Labels).added, counts(Entity::Cases).removed)
        };
        assert_eq!(counts(&comparison), (1, 1));
        comparison.retain(|change| change.entity == Entity::Labels);
        assert_eq!((comparison.changes.len(), counts(&comparison)), (1, (1, 0)));
    }
}
