//! Matching the annotations of a source with those known, image by image, and recording the differences.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::codec::to_canonical;
use crate::event::{AnnotationIdentity, Command, Context, NewAnnotation, State, read, scan_records};
use crate::id::{AnnotationId, Code, ImageId, LabelId};
use crate::import::document::{SourceAnnotation, SourceId, SourceRating, SourceValue};
use crate::model::rule::{RatingView, Tie};
use crate::model::{
    AnnotationRecord, AnnotatorKind, AnnotatorRecord, EntityKind, Geometry, ImageRecord, Key, KeyParts,
    RatingRecord, Rule, RuleRecord, Shape, SourceIdRecord,
};
use crate::repo::{Fork, Transaction};

use super::lineage::alias_text;
use super::{Completeness, GeometryChoice, Import, ImportError, Setting, public_fact};
use crate::import::report::LossReport;

/// What is known of one image.
#[derive(Default)]
struct Known {
    records: BTreeMap<AnnotationId, AnnotationRecord>,
    aliases: BTreeMap<String, AnnotationId>,
    free: BTreeSet<AnnotationId>,
    places: HashMap<Vec<u8>, Vec<AnnotationId>>,
}

/// What the names in a source mean here.
pub(super) struct Meaning<'a> {
    pub(super) labels: &'a [LabelId],
    pub(super) people: &'a [Code],
    kinds: BTreeMap<Code, AnnotatorKind>,
    pub(super) rule: Rule,
}

impl Meaning<'_> {
    pub(super) fn label(&self, index: Option<usize>) -> Option<LabelId> {
        index.and_then(|index| self.labels.get(index)).copied()
    }
}

impl Import<'_, Transaction<'_>> {
    /// Reads what the names of the source mean here.
    pub(super) fn meaning<'m>(
        &self,
        labels: &'m [LabelId],
        people: &'m [Code],
    ) -> Result<Meaning<'m>, ImportError> {
        let mut kinds = BTreeMap::new();
        scan_records(
            &*self.recorder,
            &Key::kind_prefix(EntityKind::Annotator),
            |_, record: AnnotatorRecord| {
                kinds.insert(record.code, record.kind);
                ControlFlow::Continue(())
            },
        )?;
        let rule = read::<RuleRecord>(&*self.recorder, &Key::rule())?
            .unwrap_or_default()
            .rule;
        Ok(Meaning {
            labels,
            people,
            kinds,
            rule,
        })
    }
}

impl Import<'_, Fork<'_>> {
    /// Records what is new or differs on one image.
    pub(super) fn image_annotations(
        &mut self,
        image: ImageId,
        annotations: Vec<SourceAnnotation>,
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        let mut known = self.known(image)?;
        let setting = self.setting;
        setting.flag(&*self.recorder, image, &annotations, &mut self.outcome.report)?;
        if known.records.is_empty() && meaning.rule == Rule::AsRecorded && annotations.iter().all(is_plain) {
            return self.create_all(image, annotations, meaning);
        }
        let partners = self.match_all(image, &annotations, meaning, &mut known)?;
        for (annotation, partner) in annotations.into_iter().zip(partners) {
            self.warn_agreed_label(&annotation, meaning);
            match partner.and_then(|id| known.records.get(&id).map(|record| (id, record))) {
                Some((id, record)) => self.revise(id, record, annotation, meaning, &known)?,
                None => self.create(image, annotation, meaning)?,
            }
        }
        if self.setting.options.completeness == Completeness::Complete {
            for annotation in known.free {
                let context = Arc::clone(&self.context);
                self.must(&context, Command::Withdraw { annotation })?;
                self.outcome.withdrawn += 1;
            }
        }
        Ok(())
    }

    fn known(&self, image: ImageId) -> Result<Known, ImportError> {
        let mut known = Known::default();
        let state = &*self.recorder;
        let prefix = Key::on_image_prefix(EntityKind::Annotation, image.prefix());
        scan_records(state, &prefix, |key, record: AnnotationRecord| {
            if let Ok(KeyParts::Annotation(id)) = key.parts() {
                known.free.insert(id);
                known.places.entry(place(&record.geometry)).or_default().push(id);
                known.records.insert(id, record);
            }
            ControlFlow::Continue(())
        })?;
        let Some(lineage) = &self.context.lineage else {
            return Ok(known);
        };
        if known.records.is_empty() {
            return Ok(known);
        }
        let prefix = Key::on_image_prefix(EntityKind::SourceId, image.prefix());
        scan_records(state, &prefix, |_, record: SourceIdRecord| {
            if record.lineage == *lineage {
                known.aliases.insert(record.id, record.annotation);
            }
            ControlFlow::Continue(())
        })?;
        Ok(known)
    }

    /// Finds the known annotation of each annotation: by id first, then by place and label, then by place.
    fn match_all(
        &self,
        image: ImageId,
        annotations: &[SourceAnnotation],
        meaning: &Meaning<'_>,
        known: &mut Known,
    ) -> Result<Vec<Option<AnnotationId>>, ImportError> {
        let mut partners: Vec<Option<AnnotationId>> = vec![None; annotations.len()];
        if known.records.is_empty() {
            return Ok(partners);
        }
        for (annotation, partner) in annotations.iter().zip(&mut partners) {
            let found = annotation.id.as_ref().and_then(|id| by_id(image, id, known));
            *partner = found.filter(|id| known.free.remove(id));
        }
        for same_label in [true, false] {
            for (annotation, partner) in annotations.iter().zip(&mut partners) {
                if partner.is_some() {
                    continue;
                }
                let label = meaning.label(annotation.label);
                let candidates = known.places.get(&place(&annotation.geometry));
                let fits = |id: &&AnnotationId| {
                    known.free.contains(*id)
                        && (!same_label || known.records.get(*id).is_some_and(|record| record.label == label))
                };
                let found = candidates.into_iter().flatten().find(fits).copied();
                *partner = found.filter(|id| known.free.remove(id));
            }
        }
        Ok(partners)
    }

    /// Creates annotations that are plain, on an image that has none.
    fn create_all(
        &mut self,
        image: ImageId,
        annotations: Vec<SourceAnnotation>,
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        let context = Arc::clone(&self.context);
        let mut ratings = 0;
        let new = annotations.into_iter().map(|annotation| {
            let label = meaning.label(annotation.label);
            ratings += u64::from(context.annotator.is_some() && label.is_some());
            let (identity, source_id) = identity(annotation.id);
            let attributes = annotation.attributes.into_iter();
            NewAnnotation {
                geometry: annotation.geometry,
                label,
                identity,
                source_id,
                attributes: attributes
                    .filter_map(|(name, value)| Some((name, public_fact(&value)?)))
                    .collect(),
            }
        });
        let created = self.recorder.create(&context, image, new)?;
        self.outcome.created += u64::try_from(created).unwrap_or(u64::MAX);
        self.outcome.ratings_added += ratings;
        Ok(())
    }

    fn create(
        &mut self,
        image: ImageId,
        annotation: SourceAnnotation,
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        let label = meaning.label(annotation.label);
        let (identity, source_id) = identity(annotation.id);
        let changes = self.fact_changes(&annotation.attributes);
        let attributes = changes
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let command = Command::Annotate {
            image,
            geometry: annotation.geometry,
            label,
            identity,
            source_id,
            attributes,
            image_version: None,
        };
        let context = Arc::clone(&self.context);
        let recorded = self.record(&context, command)?;
        self.outcome.created += 1;
        if context.annotator.is_some() && label.is_some() {
            self.outcome.ratings_added += 1;
        }
        if let Some(id) = recorded.annotation {
            self.rate(id, &annotation.ratings, &[], meaning)?;
            self.settle(id, label, meaning)?;
        }
        Ok(())
    }

    fn revise(
        &mut self,
        id: AnnotationId,
        record: &AnnotationRecord,
        annotation: SourceAnnotation,
        meaning: &Meaning<'_>,
        known: &Known,
    ) -> Result<(), ImportError> {
        self.outcome.matched += 1;
        let label = meaning.label(annotation.label);
        let context = Arc::clone(&self.context);
        let mut modified = false;
        if self.takes_geometry(record, &annotation.geometry) {
            let geometry = annotation.geometry.clone();
            modified |= self.must(
                &context,
                Command::Revise {
                    annotation: id,
                    geometry,
                },
            )?;
        }
        let present = self.ratings(id)?;
        modified |= self.say(id, record.label, label, &present)?;
        let changes = self.fact_changes(&annotation.attributes);
        modified |= self.must(
            &context,
            Command::ReviseAttributes {
                annotation: id,
                changes,
            },
        )?;
        if let Some(text) = self.new_alias(id, annotation.id.as_ref(), known) {
            self.must(
                &context,
                Command::AttachSourceId {
                    annotation: id,
                    source_id: text,
                },
            )?;
            self.outcome.rekeyed += 1;
        }
        if !annotation.ratings.is_empty() {
            let present = self.ratings(id)?;
            self.rate(id, &annotation.ratings, &present, meaning)?;
        }
        self.settle(id, label, meaning)?;
        self.outcome.modified += u64::from(modified);
        Ok(())
    }

    /// Records the label of a known annotation. Where somebody is said to have drawn the source, it is that one's
    /// opinion, also where it agrees with what is recorded; one that was said already is not said again. Returns
    /// whether the recorded label changes.
    fn say(
        &mut self,
        id: AnnotationId,
        recorded: Option<LabelId>,
        label: Option<LabelId>,
        present: &[(Code, u32, RatingRecord)],
    ) -> Result<bool, ImportError> {
        let context = Arc::clone(&self.context);
        let differs = label != recorded;
        if let Some(annotator) = &context.annotator {
            let round = context.round_or_first();
            let last = present
                .iter()
                .rev()
                .find(|(who, when, _)| who == annotator && *when == round);
            if label.is_none() || last.is_some_and(|(_, _, rating)| rating.label == label) {
                return Ok(false);
            }
            self.outcome.ratings_added += 1;
            if !differs {
                self.must(
                    &context,
                    Command::Rate {
                        annotation: id,
                        label,
                    },
                )?;
                return Ok(false);
            }
        }
        if label.is_none() || !differs {
            return Ok(false);
        }
        self.must(
            &context,
            Command::Relabel {
                annotation: id,
                label,
            },
        )
    }

    /// Whether another geometry is a change, or only how this source writes the known one.
    fn takes_geometry(&mut self, record: &AnnotationRecord, geometry: &Geometry) -> bool {
        if record.geometry == *geometry {
            return false;
        }
        let (Shape::Point { x, y }, Shape::Box { .. }) = (&record.geometry.shape, &geometry.shape) else {
            return true;
        };
        let centre = geometry.bounds().map(|bounds| bounds.centre());
        if centre != Some([*x, *y]) || self.setting.options.geometry == GeometryChoice::Take {
            return true;
        }
        let file = self.setting.file;
        self.outcome.report.warnings.add("box_around_point_kept", || {
            format!("{file}: a box around a known point is how this file writes it; the point stays (--geometry take records the boxes)")
        });
        false
    }

    /// The id of the source under which the annotation is not known yet.
    fn new_alias(&self, id: AnnotationId, source: Option<&SourceId>, known: &Known) -> Option<String> {
        let source = source?;
        let strong = match source {
            SourceId::Uuid(own) => AnnotationId::from_uuid(id.image_prefix(), *own) == id,
            SourceId::Holotype(_) => true,
            SourceId::Local(_) => false,
        };
        let text = alias_text(source)?;
        (!strong && known.aliases.get(&text) != Some(&id) && self.context.lineage.is_some()).then_some(text)
    }

    fn ratings(&self, id: AnnotationId) -> Result<Vec<(Code, u32, RatingRecord)>, ImportError> {
        let mut ratings = Vec::new();
        scan_records(
            &*self.recorder,
            &Key::ratings_prefix(id),
            |key, record: RatingRecord| {
                if let Ok(KeyParts::Rating(rating)) = key.parts() {
                    ratings.push((rating.annotator, rating.round, record));
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok(ratings)
    }

    /// Records ratings that are not known; each known one stands for one of the source's.
    fn rate(
        &mut self,
        id: AnnotationId,
        ratings: &[SourceRating],
        present: &[(Code, u32, RatingRecord)],
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        let round = self.context.round_or_first();
        let mut spent = vec![false; present.len()];
        for rating in ratings {
            let Some(code) = meaning.people.get(rating.person) else {
                continue;
            };
            let label = meaning.label(rating.label);
            let known = present
                .iter()
                .zip(&mut spent)
                .find(|((who, when, record), spent)| {
                    !**spent && who == code && *when == round && record.label == label
                });
            if let Some((_, spent)) = known {
                *spent = true;
                continue;
            }
            let context = Context {
                annotator: Some(code.clone()),
                claimed_at: rating.claimed_at.clone(),
                ..(*self.context).clone()
            };
            self.must(
                &context,
                Command::Rate {
                    annotation: id,
                    label,
                },
            )?;
            self.outcome.ratings_added += 1;
        }
        Ok(())
    }

    /// Logs an exception where the rule in force gives another label than the source's agreed one.
    fn settle(
        &mut self,
        id: AnnotationId,
        agreed: Option<LabelId>,
        meaning: &Meaning<'_>,
    ) -> Result<(), ImportError> {
        if meaning.rule == Rule::AsRecorded || agreed.is_none() {
            return Ok(());
        }
        let ratings = self.ratings(id)?;
        let views: Vec<RatingView<'_>> = ratings
            .iter()
            .map(|(annotator, round, record)| RatingView {
                annotator,
                kind: meaning
                    .kinds
                    .get(annotator)
                    .copied()
                    .unwrap_or(AnnotatorKind::Human),
                round: *round,
                label: record.label,
            })
            .collect();
        let derived = meaning.rule.evaluate(agreed, &views);
        let label = (derived != agreed).then_some(agreed);
        let context = self.plain_context();
        self.must(
            &context,
            Command::Override {
                annotation: id,
                label,
            },
        )?;
        Ok(())
    }

    /// Counts agreed labels that a majority of the people in the source does not give.
    fn warn_agreed_label(&mut self, annotation: &SourceAnnotation, meaning: &Meaning<'_>) {
        if annotation.ratings.is_empty() || annotation.label.is_none() {
            return;
        }
        let majority = Rule::Majority {
            kinds: vec![AnnotatorKind::Human],
            tie: Tie::Undecided,
        };
        let views: Vec<RatingView<'_>> = annotation
            .ratings
            .iter()
            .filter_map(|rating| {
                let annotator = meaning.people.get(rating.person)?;
                let kind = meaning
                    .kinds
                    .get(annotator)
                    .copied()
                    .unwrap_or(AnnotatorKind::Human);
                Some(RatingView {
                    annotator,
                    kind,
                    round: 1,
                    label: meaning.label(rating.label),
                })
            })
            .collect();
        if majority.evaluate(None, &views) != meaning.label(annotation.label) {
            let file = self.setting.file;
            self.outcome.report.warnings.add("agreed_label_not_by_majority", || {
                format!("{file}: the agreed label is not what most of its people say; it was taken over as recorded")
            });
        }
    }
}

impl Setting<'_> {
    /// Counts what is odd about geometries, unless the reader did; it is kept as it came.
    pub(super) fn flag(
        &self,
        state: &dyn State,
        image: ImageId,
        annotations: &[SourceAnnotation],
        report: &mut LossReport,
    ) -> Result<(), ImportError> {
        let record: Option<ImageRecord> = read(state, &Key::image(image))?;
        let Some(record) = record else { return Ok(()) };
        for annotation in annotations {
            for flag in annotation.geometry.flags(record.size()) {
                let code = flag.as_str();
                if self.flagged_by_reader.contains(&code) {
                    continue;
                }
                let (file, name, kind) = (self.file, &record.name, annotation.geometry.type_name());
                report.warnings.add(code, || {
                    format!("{file}: a {kind} on {name} is kept as it came, though flagged {code}")
                });
            }
        }
        Ok(())
    }
}

/// The canonical bytes of a geometry, by which equal ones are found.
fn place(geometry: &Geometry) -> Vec<u8> {
    to_canonical(geometry).unwrap_or_default()
}

fn by_id(image: ImageId, id: &SourceId, known: &Known) -> Option<AnnotationId> {
    let direct = match id {
        SourceId::Uuid(own) => Some(AnnotationId::from_uuid(image.prefix(), *own)),
        SourceId::Holotype(bytes) => Some(AnnotationId::from_bytes(*bytes)),
        SourceId::Local(_) => None,
    };
    direct
        .filter(|id| known.records.contains_key(id))
        .or_else(|| alias_text(id).and_then(|text| known.aliases.get(&text).copied()))
        .filter(|id| known.records.contains_key(id))
}

/// From what the id of a new annotation derives, and the id that its source gives it.
fn identity(id: Option<SourceId>) -> (AnnotationIdentity, Option<String>) {
    match id {
        Some(SourceId::Uuid(own)) => (AnnotationIdentity::Uuid(own), None),
        Some(SourceId::Holotype(id)) => (AnnotationIdentity::Given(AnnotationId::from_bytes(id)), None),
        Some(SourceId::Local(text)) => (AnnotationIdentity::Source, Some(text)),
        None => (AnnotationIdentity::Content, None),
    }
}

/// Whether the creation of an annotation is one event that says all of it.
fn is_plain(annotation: &SourceAnnotation) -> bool {
    let can_name = |value: &SourceValue| matches!(value, SourceValue::Private(_));
    annotation.ratings.is_empty() && !annotation.attributes.values().any(can_name)
}
