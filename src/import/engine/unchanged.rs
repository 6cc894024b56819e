//! A file that says just what is known already, as most files of a second delivery do, is found out without decoding a
//! record: each annotation leads to the key and the bytes that it would have, and these are there.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::codec::{Record, to_canonical};
use crate::event::{State, read, scan_records};
use crate::id::{AnnotationId, ImageId, LabelId};
use crate::import::document::{SourceAnnotation, SourceId, SourceValue};
use crate::import::progress::Stage;
use crate::import::report::Entries;
use crate::model::{AnnotationRecord, EntityKind, Facts, Key, Rule, RuleRecord, SourceIdRecord};
use crate::repo::Transaction;
use crate::snapshot::SnapshotView;

use super::annotations::count;
use super::by_image::{ByImage, Load as _, OfImage};
use super::lineage::can_be_of;
use super::{Completeness, Import, ImportError, public_fact};

/// An image of which all that a source says is known.
struct Same {
    /// Annotations of the source.
    matched: u64,
    /// Known annotations that the source does not mention.
    not_mentioned: u64,
    /// What is odd about geometries.
    flags: Entries,
}

impl Import<'_, Transaction<'_>> {
    /// Returns the lineage under which every annotation of a source without people is known, each just as it is there; `None` where
    /// anything differs, or cannot be told this way.
    pub(super) fn unchanged(
        &mut self,
        by_image: &ByImage<'_>,
        labels: &[LabelId],
    ) -> Result<Option<String>, ImportError> {
        let rule = read::<RuleRecord>(&*self.recorder, &Key::rule())?
            .unwrap_or_default()
            .rule;
        let is_plain =
            self.setting.options.annotator.is_none() && rule == Rule::AsRecorded && by_image.count() > 0;
        let base = self.recorder.settle()?;
        let lineage = match &self.setting.options.lineage {
            _ if !is_plain => None,
            Some(lineage) => Some(lineage.clone()),
            None => self.only_lineage(base, by_image)?,
        };
        let Some(lineage) = lineage else { return Ok(None) };
        let setting = self.setting;
        let compare = Compare {
            base,
            labels,
            lineage: &lineage,
            is_complete: setting.options.completeness == Completeness::Complete,
        };
        setting.progress.begin(Stage::Comparing, by_image.count());
        let one = |(image, annotations): (&ImageId, &OfImage)| -> Result<Option<Same>, ImportError> {
            let annotations = by_image.read(annotations)?;
            let Some(not_mentioned) = compare.image(image, &annotations)? else {
                return Ok(None);
            };
            let mut same = Same {
                matched: count(annotations.len()),
                not_mentioned,
                flags: Entries::default(),
            };
            setting.flag(&base, *image, &annotations, &mut same.flags)?;
            setting.progress.advance(same.matched);
            Ok(Some(same))
        };
        let same = by_image
            .par_iter()
            .map(|image| one(image).transpose())
            .while_some()
            .collect::<Result<Vec<_>, _>>()?;
        if same.len() != by_image.len() || same.iter().all(|image| image.matched == 0) {
            return Ok(None);
        }
        for image in same {
            self.outcome.matched += image.matched;
            self.outcome.scope.compared += u64::from(image.matched > 0);
            self.outcome.scope.not_mentioned += image.not_mentioned;
            self.flags.merge(&image.flags);
        }
        Ok(Some(lineage))
    }

    /// Returns the lineage that the ids on the first image with any are of, if it is but one.
    fn only_lineage(
        &self,
        base: SnapshotView<'_>,
        by_image: &ByImage<'_>,
    ) -> Result<Option<String>, ImportError> {
        for (image, _) in by_image.iter().filter(|(_, annotations)| annotations.size() > 0) {
            let mut lineages = BTreeSet::new();
            let prefix = Key::on_image_prefix(EntityKind::SourceId, image.prefix());
            scan_records(&base, &prefix, |_, record: SourceIdRecord| {
                lineages.insert(record.lineage);
                ControlFlow::Continue(())
            })?;
            lineages.retain(|lineage| can_be_of(lineage, self.setting.format));
            if !lineages.is_empty() {
                return Ok(lineages.pop_first().filter(|_| lineages.is_empty()));
            }
        }
        Ok(None)
    }
}

/// Compares a source's annotations with what is recorded.
struct Compare<'a> {
    base: SnapshotView<'a>,
    labels: &'a [LabelId],
    lineage: &'a str,
    is_complete: bool,
}

impl Compare<'_> {
    /// Returns how many known annotations of an image are not mentioned where each that is mentioned is recorded just so,
    /// under its id.
    fn image(&self, image: &ImageId, annotations: &[SourceAnnotation]) -> Result<Option<u64>, ImportError> {
        if annotations.is_empty() && !self.is_complete {
            return Ok(Some(0));
        }
        let of_annotations = Key::on_image_prefix(EntityKind::Annotation, image.prefix());
        let of_aliases = Key::on_image_prefix(EntityKind::SourceId, image.prefix());
        let mut records = Vec::with_capacity(annotations.len());
        let mut aliases = Vec::with_capacity(annotations.len());
        for annotation in annotations {
            let Some((record, alias)) = self.expected(image, annotation) else {
                return Ok(None);
            };
            records.push(record.ranked(&of_annotations));
            aliases.push(alias.ranked(&of_aliases));
        }
        let Some(others) = self.find(&of_annotations, records)? else {
            return Ok(None);
        };
        if self.is_complete && others > 0 {
            return Ok(None);
        }
        Ok(self.find(&of_aliases, aliases)?.map(|_| others))
    }

    /// The annotation and its alias as they would be recorded now.
    fn expected(&self, image: &ImageId, annotation: &SourceAnnotation) -> Option<(Expected, Expected)> {
        let Some(SourceId::Local(source_id)) = &annotation.id else {
            return None;
        };
        let mut attributes = Facts::new();
        for (name, value) in &annotation.attributes {
            if matches!(value, SourceValue::Private(_)) {
                return None;
            }
            attributes.extend(public_fact(value).map(|value| (name.clone(), value)));
        }
        let record = AnnotationRecord {
            attributes,
            label: annotation.label.and_then(|index| self.labels.get(index)).copied(),
            ..AnnotationRecord::empty(annotation.geometry.clone())
        };
        let id = AnnotationId::from_source(image, self.lineage, source_id);
        let alias = SourceIdRecord {
            id: source_id.clone(),
            lineage: self.lineage.to_owned(),
            ..SourceIdRecord::empty(id)
        };
        let alias_key = Key::source_id(image.prefix(), self.lineage, source_id);
        Some((
            Expected::new(Key::annotation(id), &record)?,
            Expected::new(alias_key, &alias)?,
        ))
    }

    /// Returns how many other records there are where all of the expected ones are, and none is expected twice.
    fn find(&self, prefix: &[u8], mut expected: Vec<Expected>) -> Result<Option<u64>, ImportError> {
        expected.sort_unstable_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.key.cmp(&b.key)));
        let mut next = expected.iter().peekable();
        let (mut found, mut others) = (0, 0);
        self.base.scan(prefix, &mut |key, value| {
            match next.next_if(|next| next.key.as_bytes() <= key) {
                Some(next) if next.key.as_bytes() == key && next.record == value => found += 1,
                Some(_) => return ControlFlow::Break(()),
                None => others += 1,
            }
            ControlFlow::Continue(())
        })?;
        Ok((found == expected.len()).then_some(others))
    }
}

/// A record as it would be recorded now.
struct Expected {
    /// The bytes by which nearly all keys of one kind on one image differ, which are compared at once.
    rank: u128,
    key: Key,
    record: Vec<u8>,
}

impl Expected {
    fn new<R: Record>(key: Key, record: &R) -> Option<Self> {
        Some(Self {
            rank: 0,
            key,
            record: to_canonical(record).ok()?,
        })
    }

    /// Ranks it among those whose keys begin so.
    fn ranked(mut self, prefix: &[u8]) -> Self {
        let own = self.key.as_bytes().get(prefix.len()..prefix.len() + 16);
        self.rank = own
            .and_then(|own| own.try_into().ok())
            .map_or(0, u128::from_be_bytes);
        self
    }
}
