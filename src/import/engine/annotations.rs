//! Matching the annotations of a source with those known, image by image, and recording the differences.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::event::{Command, Context, State, read, scan_records};
use crate::id::{AnnotationId, Code, ImageId, LabelId};
use crate::import::document::{SourceAnnotation, SourceId, SourceRating};
use crate::model::rule::{RatingView, Tie};
use crate::model::{
    AnnotationRecord, AnnotatorKind, AnnotatorRecord, EntityKind, Geometry, ImageRecord, Key, KeyParts,
    RatingRecord, Rule, RuleRecord, SourceIdRecord,
};
use crate::repo::{Fork, Transaction};

use super::account::Subject;
use super::changes::ChangeKind;
use super::dialect::said;
use super::lineage::alias_text;
use super::matching::{Known, Matching, Reach, Trust};
use super::{Completeness, Import, ImportError, Setting};
use crate::import::report::Entries;

/// What the names in a source mean here.
pub(super) struct Meaning<'a> {
    pub(super) labels: &'a [LabelId],
    pub(super) people: &'a [Code],
    kinds: BTreeMap<Code, AnnotatorKind>,
    pub(super) rule: Rule,
    /// How far weak ids are believed.
    pub(super) trust: Trust,
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
        trust: Trust,
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
            trust,
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
        let completeness = self.setting.options.completeness;
        if annotations.is_empty() && completeness == Completeness::Partial {
            return Ok(());
        }
        let record: Option<ImageRecord> = read(&*self.recorder, &Key::image(image))?;
        let mut known = self.known(image)?;
        let setting = self.setting;
        setting.flag(&*self.recorder, image, &annotations, &mut self.flags)?;
        self.open_account(image, record.as_ref());
        let (annotations, rest) = self.in_bulk(annotations, &known, meaning);
        let partners = self.partners(image, record.as_ref(), &annotations, meaning, &mut known)?;
        let before = self.outcome.matched;
        for (annotation, partner) in annotations.into_iter().zip(partners) {
            self.warn_agreed_label(&annotation, meaning);
            match partner.and_then(|id| known.records.get(&id).map(|record| (id, record))) {
                Some((id, record)) => self.revise(id, record, annotation, meaning, &known)?,
                None => self.create(image, annotation, meaning)?,
            }
        }
        self.create_all(image, rest, meaning)?;
        match completeness {
            Completeness::Partial => self.outcome.scope.not_mentioned += count(known.free.len()),
            Completeness::Complete => self.withdraw(&known)?,
        }
        self.close_account(self.outcome.matched - before);
        Ok(())
    }

    /// Finds which known annotation each one is.
    fn partners(
        &mut self,
        image: ImageId,
        record: Option<&ImageRecord>,
        annotations: &[SourceAnnotation],
        meaning: &Meaning<'_>,
        known: &mut Known,
    ) -> Result<Vec<Option<AnnotationId>>, ImportError> {
        if known.records.is_empty() || annotations.is_empty() {
            return Ok(vec![None; annotations.len()]);
        }
        self.outcome.scope.compared += 1;
        let radius = self.setting.radius.radius;
        let Some(reach) = Reach::on(radius, record) else {
            return Err(ImportError::NoResolution {
                file: self.setting.file.to_owned(),
                image: record.map_or_else(|| image.to_string(), |record| record.name.clone()),
            });
        };
        let labels = annotations.iter().map(|one| meaning.label(one.label)).collect();
        let matched = Matching::new(image, annotations, labels, known, reach).run(meaning.trust);
        self.outcome.by_distance += count(matched.by_distance);
        let name = record.map_or("", |record| record.name.as_str());
        let file = self.setting.file;
        let warnings = &mut self.outcome.report.warnings;
        warnings.add_many("matching_crowded", count(matched.crowded), || {
            format!("{file}: on {name} some annotations have more neighbours within the radius than are looked at; the nearest were (--match-radius takes a smaller one)")
        });
        warnings.add_many("matched_nearest_first", count(matched.nearest_first), || {
            format!("{file}: on {name} annotations lie too close together to weigh all pairings; the nearest pairs went first (--match-radius takes a smaller radius)")
        });
        Ok(matched.partners)
    }

    /// Withdraws what a complete source does not mention. Where somebody is said to have drawn it, the source is the whole
    /// truth about that one's annotations alone: what others rated stays.
    fn withdraw(&mut self, known: &Known) -> Result<(), ImportError> {
        let context = Arc::clone(&self.context);
        for id in &known.free {
            if let Some(annotator) = &context.annotator {
                let ratings = self.ratings(*id)?;
                let is_own = ratings.iter().all(|(who, _, _)| who == annotator) && !ratings.is_empty();
                if !is_own {
                    self.outcome.scope.not_mentioned += 1;
                    self.outcome.scope.of_others += 1;
                    continue;
                }
            }
            self.must(&context, Command::Withdraw { annotation: *id })?;
            self.outcome.withdrawn += 1;
            if let Some(record) = known.records.get(id) {
                let subject = Subject {
                    annotation: *id,
                    source_id: None,
                    geometry: &record.geometry,
                };
                self.note(ChangeKind::Withdrawn, subject);
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
        let geometry = self.said(&record.geometry, &annotation.geometry);
        let subject = Subject {
            annotation: id,
            source_id: annotation.id.as_ref().and_then(text_of),
            geometry: geometry.as_ref().unwrap_or(&record.geometry),
        };
        if let Some(geometry) = geometry.clone() {
            modified |= self.must(
                &context,
                Command::Revise {
                    annotation: id,
                    geometry,
                },
            )?;
            self.note_place(&record.geometry, subject);
        }
        let is_rated = context.annotator.is_some() || !annotation.ratings.is_empty();
        let present = if is_rated { self.ratings(id)? } else { Vec::new() };
        if self.say(id, record.label, label, &present)? {
            modified = true;
            self.note_label(record.label, label, subject)?;
        }
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
            self.note(ChangeKind::Rekeyed, subject);
        }
        if !annotation.ratings.is_empty() {
            // What was said just now is one of them.
            let present = match &context.annotator {
                Some(_) => self.ratings(id)?,
                None => present,
            };
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
            // Who did not see the ratings of others corrects nobody: it is an opinion beside theirs.
            let is_beside =
                context.blinded == Some(true) && present.iter().any(|(who, _, _)| who != annotator);
            if !differs || is_beside {
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

    /// The geometry that a source gives a known annotation, where it is another one and not only written in another way.
    fn said(&mut self, known: &Geometry, new: &Geometry) -> Option<Geometry> {
        let said = said(known, new, self.setting.frame, self.setting.options.geometry);
        if let Some(dialect) = said.dialect {
            let (code, sentence) = dialect.told();
            let file = self.setting.file;
            let warnings = &mut self.outcome.report.warnings;
            warnings.add(code, || format!("{file}: {sentence}"));
        }
        said.geometry
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
    pub(super) fn rate(
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
    pub(super) fn settle(
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
    /// Counts what is odd about geometries; it is kept as it came.
    pub(super) fn flag(
        &self,
        state: &dyn State,
        image: ImageId,
        annotations: &[SourceAnnotation],
        flags: &mut Entries,
    ) -> Result<(), ImportError> {
        let record: Option<ImageRecord> = read(state, &Key::image(image))?;
        let Some(record) = record else { return Ok(()) };
        for annotation in annotations {
            for flag in annotation.geometry.flags(record.size()) {
                let code = flag.as_str();
                let (file, name, kind) = (self.file, &record.name, annotation.geometry.type_name());
                flags.add(code, || {
                    format!("{file}: a {kind} on {name} is kept as it came, though flagged {code}")
                });
            }
        }
        Ok(())
    }
}

/// The id as the source writes it, where it is text.
pub(super) fn text_of(id: &SourceId) -> Option<&str> {
    match id {
        SourceId::Local(text) => Some(text),
        SourceId::Uuid(_) | SourceId::Holotype(_) => None,
    }
}

pub(super) fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
