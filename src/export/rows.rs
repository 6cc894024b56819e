//! The annotations of a version as rows, image by image, with their agreed labels, ratings and source ids.
//!
//! The records of one image are read by one scan of each kind and joined in key order, so that memory holds the
//! annotations of a few images at a time and no annotation is looked up alone. Several threads can read at once.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::dataset::{ImageRow, each_source_id};
use super::ordered::in_order;
use crate::event::{State, StateError, read, scan_records};
use crate::id::{AnnotationId, LabelId};
use crate::model::{
    AnnotationRecord, EntityKind, Key, KeyParts, LabelRecord, OverrideRecord, RatingKey, RatingRecord, Rule,
    SourceIdRecord,
};
use crate::snapshot::changes::Agreement;

/// A rating of an annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingRow {
    /// Who, in which round, which of several.
    pub key: RatingKey,
    /// What was said.
    pub record: RatingRecord,
}

/// An annotation with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// The image that it is on.
    pub image: &'a ImageRow,
    /// Its id.
    pub annotation: AnnotationId,
    /// Its place, recorded label and attributes.
    pub record: AnnotationRecord,
    /// Its ratings, by round, annotator and order; empty where they were only counted.
    pub ratings: Vec<RatingRow>,
    /// How many ratings it has.
    pub rating_count: u64,
    /// The logged exception from the rule; `Some(None)` agrees on *undecided*.
    pub exception: Option<Option<LabelId>>,
    /// The label by the rule alone.
    pub rule_label: Option<LabelId>,
    /// The agreed label: the exception where there is one, else the rule's.
    pub label: Option<LabelId>,
    /// The agreed label's present name.
    pub label_name: Option<&'a str>,
    /// The ids that its sources gave it, by lineage and id.
    pub source_ids: Vec<SourceIdRecord>,
}

/// What is read of ratings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ratings {
    /// All of them.
    Read,
    /// How many there are; they are read only where the rule needs them.
    Counted,
}

/// What is read of an annotation beside its record and its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// What of its ratings.
    pub ratings: Ratings,
    /// Whether its source ids.
    pub source_ids: bool,
}

impl Parts {
    /// Everything.
    pub const ALL: Self = Self {
        ratings: Ratings::Read,
        source_ids: true,
    };

    /// Source ids, and how many ratings there are.
    pub const COUNTED: Self = Self {
        ratings: Ratings::Counted,
        source_ids: true,
    };
}

/// Reads annotations, with what their labels need to know of the version.
pub struct RowReader<'a> {
    state: &'a (dyn State + Sync),
    agreement: Agreement,
    has_ratings: bool,
    has_overrides: bool,
    labels: Vec<(LabelId, LabelRecord)>,
    label_places: BTreeMap<LabelId, usize>,
}

impl<'a> RowReader<'a> {
    /// Reads the rule in force, the annotators and the labels. Labels are agreed by `rule`, else by the rule in force.
    ///
    /// # Errors
    /// [`StateError`] when the version cannot be read.
    pub fn open(state: &'a (dyn State + Sync), rule: Option<&Rule>) -> Result<Self, StateError> {
        let agreement = Agreement::load(state)?;
        let mut labels: Vec<(LabelId, LabelRecord)> = Vec::new();
        scan_records(state, &Key::kind_prefix(EntityKind::Label), |key, record| {
            if let Ok(KeyParts::Label(id)) = key.parts() {
                labels.push((id, record));
            }
            ControlFlow::Continue(())
        })?;
        labels.sort_by(|a, b| (&a.1.name, a.0).cmp(&(&b.1.name, b.0)));
        let label_places = labels.iter().enumerate().map(|(place, (id, _))| (*id, place));
        Ok(Self {
            state,
            agreement: match rule {
                Some(rule) => agreement.under(rule.clone()),
                None => agreement,
            },
            has_ratings: has_any(state, EntityKind::Rating)?,
            has_overrides: has_any(state, EntityKind::Override)?,
            label_places: label_places.collect(),
            labels,
        })
    }

    /// Returns the state that annotations are read from.
    #[must_use]
    pub fn state(&self) -> &'a (dyn State + Sync) {
        self.state
    }

    /// Returns the rule by which labels are agreed here.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        self.agreement.rule()
    }

    /// Returns the labels, by name.
    #[must_use]
    pub fn labels(&self) -> &[(LabelId, LabelRecord)] {
        &self.labels
    }

    /// Returns where a label stands in [`RowReader::labels`].
    #[must_use]
    pub fn label_place(&self, label: LabelId) -> Option<usize> {
        self.label_places.get(&label).copied()
    }

    /// Returns the present name of a label.
    #[must_use]
    pub fn label_name(&self, label: LabelId) -> Option<&str> {
        let (_, record) = self.labels.get(self.label_place(label)?)?;
        Some(&record.name)
    }

    /// Reads the annotations of an image, in key order, with all that belongs to them.
    ///
    /// # Errors
    /// [`StateError`] when they cannot be read, or name what is not there.
    pub fn rows_of<'s>(&'s self, image: &'s ImageRow) -> Result<Vec<Row<'s>>, StateError> {
        self.rows_with(image, Parts::ALL)
    }

    /// Reads the annotations of an image, in key order.
    ///
    /// # Errors
    /// As [`RowReader::rows_of`].
    pub fn rows_with<'s>(&'s self, image: &'s ImageRow, parts: Parts) -> Result<Vec<Row<'s>>, StateError> {
        let mut rows: Vec<Row<'s>> = Vec::new();
        let annotations = Key::on_image_prefix(EntityKind::Annotation, image.id.prefix());
        scan_records(self.state, &annotations, |key, record| {
            if let Ok(KeyParts::Annotation(annotation)) = key.parts() {
                rows.push(new_row(image, annotation, record));
            }
            ControlFlow::Continue(())
        })?;
        if rows.is_empty() {
            return Ok(rows);
        }
        if self.has_ratings {
            let prefix = Key::on_image_prefix(EntityKind::Rating, image.id.prefix());
            self.join_ratings(&prefix, parts.ratings, &mut rows)?;
        }
        if self.has_overrides {
            self.join_overrides(image, &mut rows)?;
        }
        if parts.source_ids {
            self.join_source_ids(image, &mut rows)?;
        }
        for row in &mut rows {
            self.agree(row)?;
        }
        Ok(rows)
    }

    /// Reads one annotation of an image with its ratings, without its source ids; `None` where there is none.
    ///
    /// # Errors
    /// As [`RowReader::rows_of`].
    pub fn row<'s>(
        &'s self,
        image: &'s ImageRow,
        annotation: AnnotationId,
    ) -> Result<Option<Row<'s>>, StateError> {
        let Some(record) = read(self.state, &Key::annotation(annotation))? else {
            return Ok(None);
        };
        let mut row = new_row(image, annotation, record);
        if self.has_ratings {
            let prefix = Key::ratings_prefix(annotation);
            self.join_ratings(&prefix, Ratings::Read, std::slice::from_mut(&mut row))?;
        }
        let exception: Option<OverrideRecord> = read(self.state, &Key::label_override(annotation))?;
        row.exception = exception.map(|exception| exception.label);
        self.agree(&mut row)?;
        Ok(Some(row))
    }

    /// Returns a row that another reader read under another rule with its label by the rule here. Its ratings must
    /// have been read.
    #[must_use]
    pub fn in_force<'s>(&'s self, row: &Row<'s>) -> Row<'s> {
        let mut row = row.clone();
        row.rule_label = self.rule_label(&row);
        row.label = row.exception.unwrap_or(row.rule_label);
        row.label_name = row.label.and_then(|label| self.label_name(label));
        row
    }

    /// Calls `work` with each of these images and its annotations, on several threads, and `take` with each result, in
    /// the order of the images.
    ///
    /// # Errors
    /// [`StateError`] when annotations cannot be read, and what `take` returns.
    pub fn each_image<'s, T: Send, E: From<StateError>>(
        &'s self,
        images: impl IntoIterator<Item = &'s ImageRow>,
        parts: Parts,
        work: impl Fn(&'s ImageRow, Vec<Row<'s>>) -> T + Sync,
        mut take: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = |image| self.rows_with(image, parts).map(|rows| work(image, rows));
        in_order(images, read, |result| take(result?))
    }

    fn join_ratings(&self, prefix: &[u8], ratings: Ratings, rows: &mut [Row<'_>]) -> Result<(), StateError> {
        let mut joined = Joined::new(rows);
        if ratings == Ratings::Read || self.agreement.needs_ratings() {
            return scan_records(self.state, prefix, |key, record: RatingRecord| {
                if let Ok(KeyParts::Rating(key)) = key.parts()
                    && let Some(row) = joined.find(key.annotation)
                {
                    row.rating_count += 1;
                    row.ratings.push(RatingRow { key, record });
                }
                ControlFlow::Continue(())
            });
        }
        self.state.scan(prefix, &mut |key, _| {
            // The id of what is rated stands behind the byte for the kind.
            let id = key.get(1..).and_then(|id| id.first_chunk());
            if let Some(row) = id.and_then(|id| joined.find(AnnotationId::from_bytes(*id))) {
                row.rating_count += 1;
            }
            ControlFlow::Continue(())
        })
    }

    fn join_overrides(&self, image: &ImageRow, rows: &mut [Row<'_>]) -> Result<(), StateError> {
        let prefix = Key::on_image_prefix(EntityKind::Override, image.id.prefix());
        let mut joined = Joined::new(rows);
        scan_records(self.state, &prefix, |key, record: OverrideRecord| {
            if let Ok(KeyParts::Override(annotation)) = key.parts()
                && let Some(row) = joined.find(annotation)
            {
                row.exception = Some(record.label);
            }
            ControlFlow::Continue(())
        })
    }

    /// Aliases are sorted by their digest, so they are gathered and sorted first.
    fn join_source_ids(&self, image: &ImageRow, rows: &mut [Row<'_>]) -> Result<(), StateError> {
        let prefix = Key::on_image_prefix(EntityKind::SourceId, image.id.prefix());
        let mut aliases: Vec<(u64, SourceIdRecord)> = Vec::new();
        each_source_id(self.state, &prefix, |source_id| {
            aliases.push((
                rank(source_id.annotation),
                SourceIdRecord {
                    id: source_id.id.to_owned(),
                    lineage: source_id.lineage.to_owned(),
                    ..SourceIdRecord::empty(source_id.annotation)
                },
            ));
            ControlFlow::Continue(())
        })?;
        aliases.sort_unstable_by(|(a_rank, a), (b_rank, b)| {
            let whole = || (a.annotation, &a.lineage, &a.id).cmp(&(b.annotation, &b.lineage, &b.id));
            a_rank.cmp(b_rank).then_with(whole)
        });
        let mut joined = Joined::new(rows);
        for (_, alias) in aliases {
            if let Some(row) = joined.find(alias.annotation) {
                row.source_ids.push(alias);
            }
        }
        Ok(())
    }

    fn rule_label(&self, row: &Row<'_>) -> Option<LabelId> {
        let ratings = row.ratings.iter();
        let ratings = ratings.map(|rating| (&rating.key, rating.record.label));
        self.agreement.by_rule(row.record.label, ratings)
    }

    fn agree<'s>(&'s self, row: &mut Row<'s>) -> Result<(), StateError> {
        row.rule_label = self.rule_label(row);
        row.label = row.exception.unwrap_or(row.rule_label);
        if let Some(label) = row.label {
            let name = self.label_name(label);
            row.label_name = Some(name.ok_or_else(|| {
                damaged(
                    &Key::annotation(row.annotation),
                    format!("there is no label {label}"),
                )
            })?);
        }
        Ok(())
    }
}

fn new_row(image: &ImageRow, annotation: AnnotationId, record: AnnotationRecord) -> Row<'_> {
    Row {
        image,
        annotation,
        record,
        ratings: Vec::new(),
        rating_count: 0,
        exception: None,
        rule_label: None,
        label: None,
        label_name: None,
        source_ids: Vec::new(),
    }
}

/// Rows, walked along with records that are sorted by annotation, too.
struct Joined<'r, 's> {
    rows: &'r mut [Row<'s>],
    at: usize,
}

impl<'r, 's> Joined<'r, 's> {
    const fn new(rows: &'r mut [Row<'s>]) -> Self {
        Self { rows, at: 0 }
    }

    fn find(&mut self, annotation: AnnotationId) -> Option<&mut Row<'s>> {
        while self.rows.get(self.at)?.annotation < annotation {
            self.at += 1;
        }
        self.rows
            .get_mut(self.at)
            .filter(|row| row.annotation == annotation)
    }
}

/// The first bytes of an annotation's own as a number: on one image it orders nearly all as their ids do, at less cost.
fn rank(annotation: AnnotationId) -> u64 {
    let own = annotation.as_bytes().get(8..).and_then(|own| own.first_chunk());
    own.copied().map_or(0, u64::from_be_bytes)
}

fn damaged(key: &Key, why: String) -> StateError {
    StateError::Damaged {
        key: key.to_string(),
        why,
    }
}

/// Whether there is a record of a kind.
fn has_any(state: &dyn State, kind: EntityKind) -> Result<bool, StateError> {
    let mut found = false;
    state.scan(&Key::kind_prefix(kind), &mut |_, _| {
        found = true;
        ControlFlow::Break(())
    })?;
    Ok(found)
}
