//! How far what each one said differs from the agreed label: the rate of label noise, with its interval.
//!
//! The agreed label is that of the rule in force, or of the exception that was logged. Somebody whose own rating went into
//! the agreed label differs from it the less for that.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{State, StateError, read, scan_records};
use crate::id::{AnnotationId, Code, ImagePrefix, LabelId};
use crate::model::rule::RatingView;
use crate::model::{
    AnnotationRecord, AnnotatorKind, EntityKind, Key, KeyParts, OverrideRecord, RatingKey, RatingRecord,
    Rule, RuleRecord,
};

use super::images;

/// Labels as the rule in force gives them.
pub struct Agreed {
    rule: Rule,
    kinds: BTreeMap<Code, AnnotatorKind>,
}

impl Agreed {
    /// Takes the rule in force.
    ///
    /// # Errors
    /// [`StateError`] when the state cannot be read.
    pub fn open(state: &dyn State) -> Result<Self, StateError> {
        let rule: Option<RuleRecord> = read(state, &Key::rule())?;
        Ok(Self {
            rule: rule.unwrap_or_default().rule,
            kinds: images::annotators(state)?.into_iter().collect(),
        })
    }

    /// Returns the agreed label of each annotation of an image; `None` is *undecided*.
    ///
    /// # Errors
    /// [`StateError`] when the state cannot be read.
    pub fn on(
        &self,
        state: &dyn State,
        image: ImagePrefix,
    ) -> Result<BTreeMap<AnnotationId, Option<LabelId>>, StateError> {
        let mut ratings: BTreeMap<AnnotationId, Vec<(RatingKey, Option<LabelId>)>> = BTreeMap::new();
        scan_records(
            state,
            &Key::on_image_prefix(EntityKind::Rating, image),
            |key, record: RatingRecord| {
                if let Ok(KeyParts::Rating(rating)) = key.parts() {
                    let of_annotation = ratings.entry(rating.annotation).or_default();
                    of_annotation.push((rating, record.label));
                }
                ControlFlow::Continue(())
            },
        )?;
        let mut labels = BTreeMap::new();
        scan_records(
            state,
            &Key::on_image_prefix(EntityKind::Annotation, image),
            |key, record: AnnotationRecord| {
                if let Ok(KeyParts::Annotation(id)) = key.parts() {
                    let given = ratings.get(&id).map_or(&[][..], Vec::as_slice);
                    labels.insert(id, self.evaluate(record.label, given));
                }
                ControlFlow::Continue(())
            },
        )?;
        scan_records(
            state,
            &Key::on_image_prefix(EntityKind::Override, image),
            |key, record: OverrideRecord| {
                if let Ok(KeyParts::Override(id)) = key.parts() {
                    labels.insert(id, record.label);
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok(labels)
    }

    fn evaluate(&self, recorded: Option<LabelId>, given: &[(RatingKey, Option<LabelId>)]) -> Option<LabelId> {
        let view = |(rating, label): &'_ (RatingKey, Option<LabelId>)| {
            let kind = self.kinds.get(&rating.annotator).copied();
            (kind.unwrap_or(AnnotatorKind::Human), rating.round, *label)
        };
        let views: Vec<RatingView<'_>> = given
            .iter()
            .map(|one| {
                let (kind, round, label) = view(one);
                RatingView {
                    annotator: &one.0.annotator,
                    kind,
                    round,
                    label,
                }
            })
            .collect();
        self.rule.evaluate(recorded, &views)
    }
}

/// How far one differs from the agreed labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// Who.
    pub annotator: Code,
    /// How many annotations have a first opinion of theirs and an agreed label.
    pub rated: u64,
    /// On how many of them the two differ.
    pub differing: u64,
}

/// Reads how far each one differs from the agreed labels, on these images or on all.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn read_disagreements(
    state: &dyn State,
    round: Option<u32>,
    wanted: Option<&BTreeSet<ImagePrefix>>,
) -> Result<Vec<Disagreement>, StateError> {
    let agreed = Agreed::open(state)?;
    let mut prefixes = Vec::new();
    images::scan_images(state, |id, _| {
        if wanted.is_none_or(|wanted| wanted.contains(&id.prefix())) {
            prefixes.push(id.prefix());
        }
    })?;
    let mut counts: BTreeMap<Code, [u64; 2]> = BTreeMap::new();
    for image in prefixes {
        let opinions = images::opinions(state, image, round)?;
        if opinions.is_empty() {
            continue;
        }
        let labels = agreed.on(state, image)?;
        for (annotation, given) in opinions {
            let Some(label) = labels.get(&annotation).copied().flatten() else {
                continue;
            };
            for (code, said) in given {
                let [rated, differing] = counts.entry(code).or_default();
                *rated += 1;
                *differing += u64::from(said != label);
            }
        }
    }
    let row = |(annotator, [rated, differing]): (Code, [u64; 2])| Disagreement {
        annotator,
        rated,
        differing,
    };
    Ok(counts.into_iter().map(row).collect())
}
