//! Annotations with what an export of Holotype carries of them: recorded id, label, rounds, overrides, source ids.
//!
//! On an image that has no annotations here they are made as they were, by the commands that say so. What the file's own
//! form says otherwise than it did when it was exported is a correction and counts. On an image that has annotations they
//! are matched as those of every file; then the carrier only tells what was *not* changed since the export.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

use crate::codec::to_canonical;
use crate::event::{AnnotationIdentity, Command, Context, State, scan_records};
use crate::id::{AnnotationId, Code, ImageId, LabelId};
use crate::import::document::{
    CarriedRatings, Document, SourceAnnotation, SourceCarried, SourceFacts, SourceId, SourceRating,
    SourceValue,
};
use crate::model::carried::{CarriedAnnotation, CarriedLabel, CarriedRating};
use crate::model::{EntityKind, FactValue, Key, KeyParts, LabelRecord, RatingKey, RatingRecord};
use crate::repo::{Fork, Transaction};

use super::annotations::Meaning;
use super::{Import, ImportError};

/// An annotation that is to be made as it was.
pub(super) struct Brought {
    /// As the file says it; its people are indices into the document's.
    source: SourceAnnotation,
    carried: CarriedAnnotation,
}

/// Annotations that are to be made as they were, by image.
#[derive(Default)]
pub(super) struct Bringing {
    by_image: BTreeMap<ImageId, Vec<Brought>>,
    names: Names,
}

impl Bringing {
    pub(super) fn is_empty(&self) -> bool {
        self.by_image.is_empty()
    }
}

/// What labels and codes of the exported dataset are here, and whether the file shows who said what.
#[derive(Default)]
struct Names {
    ids: BTreeMap<LabelId, String>,
    labels: BTreeMap<String, LabelId>,
    people: BTreeMap<Code, Code>,
    /// The names of the document's people, which are codes where an export wrote them.
    written: Vec<String>,
    ratings: CarriedRatings,
}

impl Names {
    /// Returns the label here: that of the id where it has this name, else that of the name, else that of the id.
    fn label(&self, carried: &CarriedLabel) -> Option<LabelId> {
        match self.ids.get(&carried.id) {
            Some(name) if *name == carried.name => Some(carried.id),
            by_id => self
                .labels
                .get(&carried.name)
                .copied()
                .or_else(|| by_id.map(|_| carried.id)),
        }
    }

    fn optional(&self, carried: Option<&CarriedLabel>) -> Result<Option<LabelId>, String> {
        match carried {
            None => Ok(None),
            Some(carried) => match self.label(carried) {
                Some(label) => Ok(Some(label)),
                None => Err(carried.name.clone()),
            },
        }
    }

    /// The label that the file's own form showed when it was written.
    fn shown(&self, carried: &CarriedAnnotation) -> Option<LabelId> {
        let shown = match &carried.agreed {
            Some(agreed) => agreed.label.as_ref(),
            None => carried.label.as_ref(),
        };
        shown.and_then(|label| self.label(label))
    }

    /// Puts ratings by who gave them and what they say, in order; returns those whose label is not known, too.
    fn by_opinion(&self, ratings: Vec<CarriedRating>) -> Opinions {
        let mut opinions = Opinions::default();
        for rating in ratings {
            match self.optional(rating.label.as_ref()) {
                Ok(label) => {
                    let who = rating.annotator.as_str().to_owned();
                    opinions.known.entry((who, label)).or_default().push_back(rating);
                }
                Err(name) => opinions.unknown_labels.push(name),
            }
        }
        opinions
    }

    /// Takes a carried rating out that is the one that the file shows.
    fn take_shown(
        &self,
        rating: &SourceRating,
        label: Option<LabelId>,
        opinions: &mut Opinions,
    ) -> Option<CarriedRating> {
        let who = self.written.get(rating.person)?.clone();
        opinions.known.get_mut(&(who, label))?.pop_front()
    }
}

/// Carried ratings, by code and label.
#[derive(Default)]
struct Opinions {
    known: BTreeMap<(String, Option<LabelId>), VecDeque<CarriedRating>>,
    unknown_labels: Vec<String>,
}

impl Opinions {
    /// How many are left.
    fn count(&self) -> usize {
        self.known.values().map(VecDeque::len).sum()
    }
}

impl Import<'_, Transaction<'_>> {
    /// Takes out of a document the annotations that are to be made as they were; the others get from what is carried
    /// of them what matching has to know.
    pub(super) fn bringing(
        &mut self,
        carried: SourceCarried,
        document: &mut Document,
        images: &[ImageId],
        labels: &[LabelId],
    ) -> Result<Bringing, ImportError> {
        let mut bringing = Bringing::default();
        let ratings = carried.ratings;
        let mut carried = carried.annotations;
        if carried.is_empty() {
            return Ok(bringing);
        }
        bringing.names = Names {
            ratings,
            ..self.names(document, &carried)?
        };
        let mut annotated: BTreeMap<ImageId, bool> = BTreeMap::new();
        let mut taken = BTreeSet::new();
        let mut rest = Vec::new();
        for (index, mut source) in std::mem::take(&mut document.annotations).into_iter().enumerate() {
            let (Some(carried), Some(image)) = (carried.remove(&index), images.get(source.image)) else {
                rest.push(source);
                continue;
            };
            if carried.id.image_prefix() != image.prefix() {
                self.for_another_image(&mut source, &carried);
                rest.push(source);
                continue;
            }
            let has_annotations = match annotated.get(image) {
                Some(has) => *has,
                None => *annotated.entry(*image).or_insert(self.has_annotations(*image)?),
            };
            source.id = Some(SourceId::Holotype(*carried.id.as_bytes()));
            if has_annotations {
                self.prepare_match(&mut source, carried, &bringing.names, labels)?;
                rest.push(source);
            } else if taken.insert(carried.id) {
                let brought = Brought { source, carried };
                bringing.by_image.entry(*image).or_default().push(brought);
            } else {
                let file = self.setting.file;
                self.outcome.report.losses.add("annotation_repeated", || {
                    format!(
                        "{file}: the annotation {} occurs before; the second is left out",
                        carried.id
                    )
                });
            }
        }
        document.annotations = rest;
        Ok(bringing)
    }

    fn has_annotations(&self, image: ImageId) -> Result<bool, ImportError> {
        let mut has = false;
        let prefix = Key::on_image_prefix(EntityKind::Annotation, image.prefix());
        self.recorder.scan(&prefix, &mut |_, _| {
            has = true;
            ControlFlow::Break(())
        })?;
        Ok(has)
    }

    fn names(
        &self,
        document: &Document,
        carried: &BTreeMap<usize, CarriedAnnotation>,
    ) -> Result<Names, ImportError> {
        let mut names = Names {
            written: document.people.iter().map(|person| person.name.clone()).collect(),
            ..Names::default()
        };
        scan_records(
            &*self.recorder,
            &Key::kind_prefix(EntityKind::Label),
            |key, record: LabelRecord| {
                if let Ok(KeyParts::Label(label)) = key.parts() {
                    names.ids.insert(label, record.name.clone());
                    names.labels.insert(record.name, label);
                }
                ControlFlow::Continue(())
            },
        )?;
        // Under the name that the file has for it, also where it was renamed here.
        names
            .labels
            .extend(self.named.iter().map(|(name, label)| (name.clone(), *label)));
        let codes: BTreeSet<&Code> = carried
            .values()
            .flat_map(|carried| &carried.ratings)
            .map(|rating| &rating.annotator)
            .collect();
        for code in codes {
            if let Some(here) = self.recorder.noted_person(code.as_str()) {
                names.people.insert(code.clone(), here);
            }
        }
        Ok(names)
    }

    /// What was carried of an annotation on an image that has another name here: its own bytes of the id stay.
    fn for_another_image(&mut self, source: &mut SourceAnnotation, carried: &CarriedAnnotation) {
        if let Some(own) = carried.id.as_bytes().last_chunk::<16>() {
            source.id = Some(SourceId::Uuid(*own));
        }
        add_carried_attributes(&mut source.attributes, carried);
        let file = self.setting.file;
        self.outcome.report.losses.add("carried_for_another_image", || {
            format!(
                "{file}: what it carries of annotation {} is of an image with another name; but for its attributes it is left out",
                carried.id
            )
        });
    }

    /// Tells matching what was not changed since the export.
    fn prepare_match(
        &mut self,
        source: &mut SourceAnnotation,
        carried: CarriedAnnotation,
        names: &Names,
        labels: &[LabelId],
    ) -> Result<(), ImportError> {
        if self.recorder.get(&Key::annotation(carried.id))?.is_none() {
            add_carried_attributes(&mut source.attributes, &carried);
            let file = self.setting.file;
            self.outcome.report.warnings.add("carried_left_out", || {
                format!(
                    "{file}: annotation {} is not known here on an image that has others; it is matched as those of every file, without what the file carries of it",
                    carried.id
                )
            });
            return Ok(());
        }
        let label_of = |label: Option<usize>| label.and_then(|index| labels.get(index)).copied();
        if label_of(source.label) == names.shown(&carried) {
            source.label = None;
        }
        let mut rest = names.by_opinion(carried.ratings);
        source.ratings.retain(|rating| {
            names
                .take_shown(rating, label_of(rating.label), &mut rest)
                .is_none()
        });
        if names.ratings == CarriedRatings::Shown {
            self.gone(rest.count(), carried.id);
        }
        Ok(())
    }

    /// Makes annotations as they were.
    pub(super) fn bring(&mut self, bringing: Bringing, meaning: &Meaning<'_>) -> Result<(), ImportError> {
        let names = bringing.names;
        self.each_image(bringing.by_image, |import, image, brought| {
            let sources: Vec<SourceAnnotation> =
                brought.iter().map(|brought| brought.source.clone()).collect();
            let setting = import.setting;
            setting.flag(&*import.recorder, image, &sources, &mut import.flags)?;
            for one in brought {
                import.bring_one(image, one, meaning, &names)?;
            }
            Ok(())
        })
    }
}

impl<R: super::Recorder> Import<'_, R> {
    /// Counts ratings that were exported and that the file does not show any more.
    fn gone(&mut self, count: usize, annotation: AnnotationId) {
        let file = self.setting.file;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.outcome.report.warnings.add_many("rating_gone", count, || {
            format!("{file}: a rating of annotation {annotation} that was exported is not in the file any more; nothing is withdrawn here")
        });
    }

    fn carried_refused(&mut self, annotation: AnnotationId, why: &str) {
        let file = self.setting.file;
        self.outcome.report.losses.add("carrier_refused", || {
            format!("{file}: of what it carries of annotation {annotation} a part is left out: {why}")
        });
    }
}

impl Import<'_, Fork<'_>> {
    fn bring_one(
        &mut self,
        image: ImageId,
        brought: Brought,
        meaning: &Meaning<'_>,
        names: &Names,
    ) -> Result<(), ImportError> {
        let Brought { mut source, carried } = brought;
        let id = carried.id;
        let shown = meaning.label(source.label);
        let is_unchanged = shown == names.shown(&carried);
        let label = self.brought_label(&carried, shown, names);
        add_carried_attributes(&mut source.attributes, &carried);
        let changes = self.fact_changes(&source.attributes);
        let command = Command::Annotate {
            image,
            geometry: source.geometry,
            label,
            identity: AnnotationIdentity::Given(id),
            source_id: None,
            attributes: changes
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            image_version: carried.image_version,
        };
        // Nobody rates by this: the ratings follow, each as it was.
        let context = Context {
            annotator: None,
            ..(*self.context).clone()
        };
        self.record(&context, command)?;
        self.outcome.created += 1;
        let mut kept = Vec::new();
        let mut new = Vec::new();
        let mut rest = names.by_opinion(carried.ratings);
        for rating in source.ratings {
            match names.take_shown(&rating, meaning.label(rating.label), &mut rest) {
                Some(carried) => kept.push(carried),
                None => new.push(rating),
            }
        }
        if names.ratings == CarriedRatings::Hidden {
            kept.extend(std::mem::take(&mut rest.known).into_values().flatten());
        }
        self.gone(rest.count(), id);
        for name in &rest.unknown_labels {
            self.carried_refused(id, &format!("there is no label '{name}'"));
        }
        self.bring_ratings(id, kept, names)?;
        self.rate(id, &new, &[], meaning)?;
        self.bring_source_ids(id, &carried.source_ids)?;
        let Some(exception) = carried.exception else {
            return Ok(());
        };
        if !is_unchanged {
            let why = "its label was changed since, so the exception from the rule is gone";
            self.carried_refused(id, why);
            return Ok(());
        }
        match names.optional(exception.label.as_ref()) {
            Ok(label) => self.bring_exception(&context, id, label),
            Err(name) => {
                self.carried_refused(id, &format!("there is no label '{name}'"));
                Ok(())
            }
        }
    }

    fn bring_exception(
        &mut self,
        context: &Context,
        annotation: AnnotationId,
        label: Option<LabelId>,
    ) -> Result<(), ImportError> {
        let label = Some(label);
        self.must(context, Command::Override { annotation, label })?;
        Ok(())
    }

    /// The recorded label: the carried one as long as the label that is shown was not changed since.
    fn brought_label(
        &mut self,
        carried: &CarriedAnnotation,
        shown: Option<LabelId>,
        names: &Names,
    ) -> Option<LabelId> {
        if shown != names.shown(carried) {
            return shown;
        }
        match names.optional(carried.label.as_ref()) {
            Ok(label) => label,
            Err(name) => {
                self.carried_refused(carried.id, &format!("there is no label '{name}'"));
                shown
            }
        }
    }

    /// Records ratings as they were, in the order of their keys. One whose number leaves a gap, as after a rating that
    /// was withdrawn, is put back.
    fn bring_ratings(
        &mut self,
        id: AnnotationId,
        mut ratings: Vec<CarriedRating>,
        names: &Names,
    ) -> Result<(), ImportError> {
        ratings.sort_by(|a, b| (a.round, &a.annotator, a.n).cmp(&(b.round, &b.annotator, b.n)));
        let mut next: BTreeMap<(u32, Code), Option<u32>> = BTreeMap::new();
        for rating in ratings {
            let Some(annotator) = names.people.get(&rating.annotator).cloned() else {
                self.carried_refused(id, &format!("nobody is known as '{}'", rating.annotator));
                continue;
            };
            let label = match names.optional(rating.label.as_ref()) {
                Ok(label) => label,
                Err(name) => {
                    self.carried_refused(id, &format!("there is no label '{name}'"));
                    continue;
                }
            };
            if rating.round == 0 {
                self.carried_refused(id, "rounds are counted from 1");
                continue;
            }
            let key = RatingKey {
                annotation: id,
                round: rating.round,
                annotator: annotator.clone(),
                n: rating.n,
            };
            // A rating takes the lowest free number, so behind a gap each one has to be put back.
            let free = next.entry((rating.round, annotator.clone())).or_insert(Some(0));
            let follows = *free == Some(rating.n);
            *free = free.filter(|_| follows).and_then(|n| n.checked_add(1));
            if follows {
                let context = Context {
                    annotator: Some(annotator),
                    round: Some(rating.round),
                    blinded: rating.blinded,
                    method: rating.method,
                    claimed_at: rating.claimed_at,
                    ..(*self.context).clone()
                };
                self.must(
                    &context,
                    Command::Rate {
                        annotation: id,
                        label,
                    },
                )?;
            } else {
                self.put_back(&Key::rating(&key), label, rating)?;
            }
            self.outcome.ratings_added += 1;
        }
        Ok(())
    }

    fn put_back(
        &mut self,
        key: &Key,
        label: Option<LabelId>,
        rating: CarriedRating,
    ) -> Result<(), ImportError> {
        let record = RatingRecord {
            blinded: rating.blinded,
            claimed_at: rating.claimed_at,
            label,
            method: rating.method,
            ..RatingRecord::default()
        };
        let Ok(record) = to_canonical(&record) else {
            return Ok(());
        };
        let expected = self.recorder.get(key)?;
        let command = Command::Restore {
            key: key.clone(),
            expected,
            record: Some(record),
        };
        let context = self.plain_context();
        self.must(&context, command)?;
        Ok(())
    }

    fn bring_source_ids(
        &mut self,
        id: AnnotationId,
        source_ids: &[crate::model::carried::CarriedSourceId],
    ) -> Result<(), ImportError> {
        for source in source_ids {
            let key = Key::source_id(id.image_prefix(), &source.lineage, &source.id);
            if self.recorder.get(&key)?.is_some() {
                self.carried_refused(
                    id,
                    &format!("the source id '{}' is that of another one", source.id),
                );
                continue;
            }
            let context = Context {
                lineage: Some(source.lineage.clone()),
                ..self.plain_context()
            };
            let command = Command::AttachSourceId {
                annotation: id,
                source_id: source.id.clone(),
            };
            self.must(&context, command)?;
        }
        Ok(())
    }
}

/// Adds attributes that are carried; what the file says in its own way counts for more.
fn add_carried_attributes(attributes: &mut SourceFacts, carried: &CarriedAnnotation) {
    for (name, value) in &carried.attributes {
        let value = match value {
            FactValue::Text(text) => SourceValue::Text(text.clone()),
            FactValue::Number(number) => SourceValue::Number(*number),
            FactValue::Flag(flag) => SourceValue::Flag(*flag),
            FactValue::Private(_) => continue,
        };
        attributes.entry(name.clone()).or_insert(value);
    }
}
