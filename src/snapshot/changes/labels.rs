//! The labels in force in a snapshot: what the rule gives for an annotation, logged overrides first.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::codec::{Record, from_canonical};
use crate::event::{State, StateError, read, scan_records};
use crate::id::{AnnotationId, Code, LabelId};
use crate::model::rule::RatingView;
use crate::model::{
    AnnotationRecord, AnnotatorKind, AnnotatorRecord, EntityKind, Key, KeyParts, LabelRecord, OverrideRecord,
    RatingKey, RatingRecord, Rule, RuleRecord,
};
use crate::tree::Scan;

use super::CompareError;
use crate::snapshot::SnapshotView;

/// A rule with the kinds of those who rate: what an agreed label follows from, but for ratings and overrides.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    rule: Rule,
    kinds: BTreeMap<Code, AnnotatorKind>,
}

impl Agreement {
    /// Reads the rule in force and the kinds of the annotators.
    ///
    /// # Errors
    /// [`StateError`] when the state cannot be read.
    pub fn load(state: &dyn State) -> Result<Self, StateError> {
        let rule: RuleRecord = read(state, &Key::rule())?.unwrap_or_default();
        let mut kinds = BTreeMap::new();
        scan_records(
            state,
            &Key::kind_prefix(EntityKind::Annotator),
            |_, record: AnnotatorRecord| {
                kinds.insert(record.code, record.kind);
                ControlFlow::Continue(())
            },
        )?;
        Ok(Self {
            rule: rule.rule,
            kinds,
        })
    }

    /// Puts another rule in the place of the one in force.
    #[must_use]
    pub fn under(mut self, rule: Rule) -> Self {
        self.rule = rule;
        self
    }

    /// Returns the rule.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Whether the rule looks at ratings at all.
    #[must_use]
    pub fn needs_ratings(&self) -> bool {
        self.rule != Rule::AsRecorded
    }

    /// Derives the label of one annotation from its ratings in key order, overrides left out of account. Ratings of
    /// whom the state does not know count for no rule that looks at the kind of annotator.
    #[must_use]
    pub fn by_rule<'r>(
        &self,
        recorded: Option<LabelId>,
        ratings: impl IntoIterator<Item = (&'r RatingKey, Option<LabelId>)>,
    ) -> Option<LabelId> {
        if !self.needs_ratings() {
            return recorded;
        }
        let looks_at_kinds = looks_at_kinds(&self.rule);
        let views: Vec<RatingView<'_>> = ratings
            .into_iter()
            .filter_map(|(key, label)| {
                let kind = self.kinds.get(&key.annotator).copied();
                let kind = if looks_at_kinds {
                    kind?
                } else {
                    kind.unwrap_or(AnnotatorKind::Human)
                };
                Some(RatingView {
                    annotator: &key.annotator,
                    kind,
                    round: key.round,
                    label,
                })
            })
            .collect();
        self.rule.evaluate(recorded, &views)
    }
}

/// The agreed labels of a snapshot, with what they need to know of it.
pub struct LabelsInForce<'a> {
    view: SnapshotView<'a>,
    agreement: Agreement,
    names: BTreeMap<LabelId, Arc<str>>,
    has_overrides: bool,
}

/// A rating as a rule looks at it.
type Opinion = (RatingKey, Option<LabelId>);

impl<'a> LabelsInForce<'a> {
    /// Reads the rule in force, the annotators and the names of the labels.
    ///
    /// # Errors
    /// [`CompareError`] when the snapshot cannot be read.
    pub fn load(view: SnapshotView<'a>) -> Result<Self, CompareError> {
        let agreement = Agreement::load(&view)?;
        let mut names = BTreeMap::new();
        scan_records(
            &view,
            &Key::kind_prefix(EntityKind::Label),
            |key, record: LabelRecord| {
                if let Ok(KeyParts::Label(label)) = key.parts() {
                    names.insert(label, record.name.into());
                }
                ControlFlow::Continue(())
            },
        )?;
        let overrides = Key::kind_prefix(EntityKind::Override);
        let has_overrides = view.tree.count_prefix(view.source, &overrides)? > 0;
        Ok(Self {
            view,
            agreement,
            names,
            has_overrides,
        })
    }

    /// Puts another rule in the place of the one in force.
    #[must_use]
    pub fn under(mut self, rule: Rule) -> Self {
        self.agreement = self.agreement.under(rule);
        self
    }

    /// Returns the rule.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        self.agreement.rule()
    }

    /// Returns the snapshot.
    #[must_use]
    pub fn view(&self) -> &SnapshotView<'a> {
        &self.view
    }

    /// Returns the name of a label; its id in hex digits where the scheme does not have it.
    #[must_use]
    pub fn name(&self, label: LabelId) -> Arc<str> {
        self.names
            .get(&label)
            .cloned()
            .unwrap_or_else(|| label.to_string().into())
    }

    /// Returns the agreed label of an annotation with this recorded label; `None` is *undecided*.
    ///
    /// # Errors
    /// [`CompareError`] when the snapshot cannot be read.
    pub fn agreed(
        &self,
        annotation: AnnotationId,
        recorded: Option<LabelId>,
    ) -> Result<Option<LabelId>, CompareError> {
        if self.has_overrides {
            let key = Key::label_override(annotation);
            if let Some(record) = read::<OverrideRecord>(&self.view, &key)? {
                return Ok(record.label);
            }
        }
        if !self.agreement.needs_ratings() {
            return Ok(recorded);
        }
        let mut ratings = Vec::new();
        scan_records(
            &self.view,
            &Key::ratings_prefix(annotation),
            |key, record: RatingRecord| {
                ratings.extend(opinion(&key, record.label));
                ControlFlow::Continue(())
            },
        )?;
        Ok(self.evaluate(recorded, &ratings))
    }

    fn evaluate(&self, recorded: Option<LabelId>, ratings: &[Opinion]) -> Option<LabelId> {
        let ratings = ratings.iter().map(|(key, label)| (key, *label));
        self.agreement.by_rule(recorded, ratings)
    }

    /// Whether all labels have to be compared: the rules differ, or the kinds of annotators that one looks at.
    pub(super) fn may_differ_everywhere(&self, other: &Self) -> bool {
        let by_kind = looks_at_kinds(self.rule()) || looks_at_kinds(other.rule());
        self.rule() != other.rule() || (by_kind && self.agreement.kinds != other.agreement.kinds)
    }

    /// Walks through all annotations with their agreed labels, in the order of their ids, in one pass.
    ///
    /// # Errors
    /// [`CompareError`] when the snapshot cannot be read.
    pub fn scan(&self) -> Result<AgreedLabels<'_, 'a>, CompareError> {
        let of = |kind| self.view.tree.scan(self.view.source, &Key::kind_prefix(kind));
        Ok(AgreedLabels {
            labels: self,
            annotations: of(EntityKind::Annotation)?,
            overrides: of(EntityKind::Override)?.peekable(),
            ratings: of(EntityKind::Rating)?.peekable(),
        })
    }
}

/// All annotations of a snapshot with their agreed labels.
pub struct AgreedLabels<'l, 'a> {
    labels: &'l LabelsInForce<'a>,
    annotations: Scan<'a>,
    overrides: Peekable<Scan<'a>>,
    ratings: Peekable<Scan<'a>>,
}

impl AgreedLabels<'_, '_> {
    fn step(&mut self, key: &[u8], value: &[u8]) -> Result<(AnnotationId, Option<LabelId>), CompareError> {
        let key = Key::from_bytes(key).map_err(damaged)?;
        let KeyParts::Annotation(annotation) = key.parts().map_err(damaged)? else {
            return Err(damaged("an annotation stands under another kind's key").into());
        };
        let override_key = Key::label_override(annotation);
        if let Some((key, value)) = take_group(&mut self.overrides, override_key.as_bytes())?.pop() {
            let record: OverrideRecord = decode(&Key::from_bytes(&key).map_err(damaged)?, &value)?;
            return Ok((annotation, record.label));
        }
        let record: AnnotationRecord = decode(&key, value)?;
        if !self.labels.agreement.needs_ratings() {
            return Ok((annotation, record.label));
        }
        let mut ratings = Vec::new();
        for (key, value) in take_group(&mut self.ratings, &Key::ratings_prefix(annotation))? {
            let key = Key::from_bytes(&key).map_err(damaged)?;
            let record: RatingRecord = decode(&key, &value)?;
            ratings.extend(opinion(&key, record.label));
        }
        Ok((annotation, self.labels.evaluate(record.label, &ratings)))
    }
}

impl Iterator for AgreedLabels<'_, '_> {
    type Item = Result<(AnnotationId, Option<LabelId>), CompareError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.annotations.next()? {
            Ok((key, value)) => self.step(&key, &value),
            Err(error) => Err(error.into()),
        })
    }
}

/// The entries of one group: keys and values.
type Group = Vec<(Vec<u8>, Vec<u8>)>;

/// Takes the entries whose keys begin with `prefix`, passing over those before.
fn take_group(scan: &mut Peekable<Scan<'_>>, prefix: &[u8]) -> Result<Group, CompareError> {
    let mut group = Vec::new();
    while let Some(entry) = scan.next_if(
        |entry| !matches!(entry, Ok((key, _)) if key.as_slice() >= prefix && !key.starts_with(prefix)),
    ) {
        let (key, value) = entry?;
        if key.starts_with(prefix) {
            group.push((key, value));
        }
    }
    Ok(group)
}

fn looks_at_kinds(rule: &Rule) -> bool {
    match rule {
        Rule::Majority { .. } | Rule::FirstHuman => true,
        Rule::AsRecorded | Rule::Adjudicated { .. } | Rule::Weighted { .. } => false,
    }
}

fn opinion(key: &Key, label: Option<LabelId>) -> Option<Opinion> {
    match key.parts() {
        Ok(KeyParts::Rating(rating)) => Some((rating, label)),
        _ => None,
    }
}

/// Decodes a record.
pub(super) fn decode<R: Record>(key: &Key, bytes: &[u8]) -> Result<R, StateError> {
    from_canonical(bytes).map_err(|error| StateError::Damaged {
        key: key.to_string(),
        why: error.to_string(),
    })
}

/// Says that what stands in a tree is no key.
pub(super) fn damaged(why: impl std::fmt::Display) -> StateError {
    StateError::Damaged {
        key: String::new(),
        why: why.to_string(),
    }
}

/// Finds the annotations on both sides whose agreed labels differ.
pub(super) fn relabelled_everywhere(
    before: &LabelsInForce<'_>,
    after: &LabelsInForce<'_>,
) -> Result<Vec<AnnotationId>, CompareError> {
    let mut found = Vec::new();
    let mut left = before.scan()?;
    let mut right = after.scan()?;
    let mut a = left.next().transpose()?;
    let mut b = right.next().transpose()?;
    while let (Some((id, label)), Some((other, now))) = (&a, &b) {
        match id.cmp(other) {
            std::cmp::Ordering::Less => a = left.next().transpose()?,
            std::cmp::Ordering::Greater => b = right.next().transpose()?,
            std::cmp::Ordering::Equal => {
                if label != now {
                    found.push(*id);
                }
                a = left.next().transpose()?;
                b = right.next().transpose()?;
            }
        }
    }
    Ok(found)
}

/// Reads the annotation's record.
pub(super) fn annotation_record(
    state: &dyn State,
    annotation: AnnotationId,
) -> Result<Option<AnnotationRecord>, StateError> {
    read(state, &Key::annotation(annotation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rule::Tie;

    #[test]
    fn raters_of_unknown_kind_count_where_no_rule_asks_for_it() {
        let (known, unknown) = (Code::parse("human-1").unwrap(), Code::parse("human-9").unwrap());
        let label = LabelId::of_name("mitosis", 0);
        let key = RatingKey {
            annotation: AnnotationId::from_source(&crate::id::ImageId::of_name("1.tiff"), "l", "1"),
            round: 1,
            annotator: unknown.clone(),
            n: 0,
        };
        let by = |rule: Rule| {
            let agreement = Agreement {
                rule,
                kinds: BTreeMap::from([(known.clone(), AnnotatorKind::Human)]),
            };
            agreement.by_rule(None, [(&key, Some(label))])
        };
        let tie = Tie::Undecided;
        let weights = BTreeMap::from([(unknown.clone(), 1)]);
        assert_eq!(
            by(Rule::Weighted {
                weights,
                quorum: 1,
                tie
            }),
            Some(label)
        );
        let kinds = vec![AnnotatorKind::Human];
        assert_eq!(
            by(Rule::Majority {
                kinds,
                tie: Tie::Undecided
            }),
            None
        );
        assert_eq!((by(Rule::FirstHuman), by(Rule::AsRecorded)), (None, None));
    }
}
