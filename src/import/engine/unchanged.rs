//! A file that says just what is known already, as most files of a second delivery do, is found out without decoding a
//! record: each annotation leads to the key and the bytes that it would have, and these are there.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::codec::to_canonical;
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

    /// Returns the lineage of this format that the ids on the first image with any are of, if it is but one.
    fn only_lineage(
        &self,
        base: SnapshotView<'_>,
        by_image: &ByImage<'_>,
    ) -> Result<Option<String>, ImportError> {
        let begin = format!("{}-", self.setting.format);
        for (image, _) in by_image.iter().filter(|(_, annotations)| annotations.size() > 0) {
            let mut lineages = BTreeSet::new();
            let prefix = Key::on_image_prefix(EntityKind::SourceId, image.prefix());
            scan_records(&base, &prefix, |_, record: SourceIdRecord| {
                lineages.insert(record.lineage);
                ControlFlow::Continue(())
            })?;
            lineages.retain(|lineage| lineage.starts_with(&begin));
            if !lineages.is_empty() {
                return Ok(lineages.pop_first().filter(|_| lineages.is_empty()));
            }
        }
        Ok(None)
    }
}

/// Keys of one kind on one image begin alike; the bytes behind that tell nearly all of them apart, and are compared at
/// once.
fn rank(key: &Key, prefix: &[u8]) -> u128 {
    let own = key.as_bytes().get(prefix.len()..prefix.len() + 16);
    own.and_then(|own| own.try_into().ok())
        .map_or(0, u128::from_be_bytes)
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
        let mut expected = Vec::with_capacity(annotations.len());
        let mut aliases = Vec::with_capacity(annotations.len());
        for annotation in annotations {
            let Some((key, alias, record)) = self.records(image, annotation) else {
                return Ok(None);
            };
            expected.push((rank(&key, &of_annotations), key, record));
            aliases.push((rank(&alias, &of_aliases), alias));
        }
        expected.sort_unstable_by(|(a, a_key, _), (b, b_key, _)| a.cmp(b).then_with(|| a_key.cmp(b_key)));
        aliases.sort_unstable();
        let has_repeats = expected
            .windows(2)
            .any(|pair| matches!(pair, [(_, a, _), (_, b, _)] if a == b));
        let (found, others) = self.find(
            &of_annotations,
            expected
                .iter()
                .map(|(_, key, value)| (key, Some(value.as_slice()))),
        )?;
        if has_repeats || found != expected.len() || (self.is_complete && others > 0) {
            return Ok(None);
        }
        let (found, _) = self.find(&of_aliases, aliases.iter().map(|(_, key)| (key, None)))?;
        Ok((found == aliases.len()).then_some(others))
    }

    /// The key of the annotation, that of its alias, and its record as it would be recorded now.
    fn records(&self, image: &ImageId, annotation: &SourceAnnotation) -> Option<(Key, Key, Vec<u8>)> {
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
        let alias = Key::source_id(image.prefix(), self.lineage, source_id);
        Some((Key::annotation(id), alias, to_canonical(&record).ok()?))
    }

    /// Counts which of the sorted keys are there, with the value where one is given, and how many others are.
    fn find<'k>(
        &self,
        prefix: &[u8],
        expected: impl Iterator<Item = (&'k Key, Option<&'k [u8]>)>,
    ) -> Result<(usize, u64), ImportError> {
        let mut expected = expected.peekable();
        let (mut found, mut others) = (0, 0);
        self.base.scan(prefix, &mut |key, value| {
            while expected.next_if(|(next, _)| next.as_bytes() < key).is_some() {}
            match expected.next_if(|(next, _)| next.as_bytes() == key) {
                Some((_, wanted)) if wanted.is_none_or(|wanted| wanted == value) => found += 1,
                Some(_) => return ControlFlow::Break(()),
                None => others += 1,
            }
            ControlFlow::Continue(())
        })?;
        Ok((found, others))
    }
}
