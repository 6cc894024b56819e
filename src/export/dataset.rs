//! A version as rows: its images by name, each with its annotations, their agreed labels, ratings and source ids.
//!
//! The records of one image are read by one scan of each kind and joined in key order, so that memory holds one
//! image's annotations at a time and no annotation is looked up alone.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::event::{State, StateError, read, scan_records};
use crate::id::{AnnotationId, Code, ImageId, LabelId};
use crate::model::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, DatasetRecord, EntityKind, FactValue,
    Facts, ImageRecord, Key, KeyParts, LabelRecord, OverrideRecord, RatingKey, RatingRecord, Rule,
    SlideRecord, SourceIdRecord,
};
use crate::snapshot::changes::Agreement;

/// An image of a version.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRow {
    /// Its id.
    pub id: ImageId,
    /// What is known of it.
    pub record: ImageRecord,
}

impl ImageRow {
    /// Whether its bytes were destroyed.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.record.facts.get("erased") == Some(&FactValue::Flag(true))
    }

    /// Returns its files, each with the name under which it stands in a folder: the image's own name for the only
    /// file, else the file's name below a folder of the image's name.
    pub fn file_names(&self) -> impl Iterator<Item = (String, &crate::model::ImageFile)> {
        let is_single = self.record.files.len() == 1;
        self.record.files.iter().map(move |file| {
            let name = if is_single {
                self.record.name.clone()
            } else {
                format!("{}/{}", self.record.name, file.name)
            };
            (name, file)
        })
    }
}

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
    /// Its ratings, by round, annotator and order.
    pub ratings: Vec<RatingRow>,
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

/// A version, read as a dataset.
pub struct Dataset<'a> {
    state: &'a dyn State,
    agreement: Agreement,
    facts: Facts,
    images: Vec<ImageRow>,
    labels: Vec<(LabelId, LabelRecord)>,
    label_places: BTreeMap<LabelId, usize>,
    annotators: BTreeMap<Code, AnnotatorRecord>,
    cases: BTreeMap<Code, CaseRecord>,
    slides: BTreeMap<Code, SlideRecord>,
}

impl<'a> Dataset<'a> {
    /// Reads everything but annotations. Labels are agreed by `rule`, else by the rule in force.
    ///
    /// # Errors
    /// [`StateError`] when the version cannot be read.
    pub fn open(state: &'a dyn State, rule: Option<&Rule>) -> Result<Self, StateError> {
        let agreement = Agreement::load(state)?;
        let dataset: DatasetRecord = read(state, &Key::dataset())?.unwrap_or_default();
        let mut images: Vec<ImageRow> = all(state, EntityKind::Image, |_, record: ImageRecord| {
            Some(ImageRow {
                id: ImageId::of_name(&record.name),
                record,
            })
        })?;
        images.sort_by(|a, b| a.record.name.cmp(&b.record.name));
        let mut labels: Vec<(LabelId, LabelRecord)> =
            all(state, EntityKind::Label, |key, record| match key.parts() {
                Ok(KeyParts::Label(id)) => Some((id, record)),
                _ => None,
            })?;
        labels.sort_by(|a, b| (&a.1.name, a.0).cmp(&(&b.1.name, b.0)));
        let label_places = labels.iter().enumerate().map(|(place, (id, _))| (*id, place));
        Ok(Self {
            agreement: match rule {
                Some(rule) => agreement.under(rule.clone()),
                None => agreement,
            },
            facts: dataset.facts,
            images,
            label_places: label_places.collect(),
            labels,
            annotators: all(state, EntityKind::Annotator, |_, record: AnnotatorRecord| {
                Some((record.code.clone(), record))
            })?
            .into_iter()
            .collect(),
            cases: all(state, EntityKind::Case, |_, record: CaseRecord| {
                Some((record.code.clone(), record))
            })?
            .into_iter()
            .collect(),
            slides: all(state, EntityKind::Slide, |_, record: SlideRecord| {
                Some((record.code.clone(), record))
            })?
            .into_iter()
            .collect(),
            state,
        })
    }

    /// Returns the state that it was read from.
    #[must_use]
    pub fn state(&self) -> &'a dyn State {
        self.state
    }

    /// Returns the rule by which labels are agreed here.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        self.agreement.rule()
    }

    /// Returns the dataset's facts.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns the images, by name.
    #[must_use]
    pub fn images(&self) -> &[ImageRow] {
        &self.images
    }

    /// Returns the labels, by name.
    #[must_use]
    pub fn labels(&self) -> &[(LabelId, LabelRecord)] {
        &self.labels
    }

    /// Returns where a label stands in [`Dataset::labels`].
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

    /// Returns those who rate, by code.
    #[must_use]
    pub fn annotators(&self) -> &BTreeMap<Code, AnnotatorRecord> {
        &self.annotators
    }

    /// Returns the cases, by code.
    #[must_use]
    pub fn cases(&self) -> &BTreeMap<Code, CaseRecord> {
        &self.cases
    }

    /// Returns the slides, by code.
    #[must_use]
    pub fn slides(&self) -> &BTreeMap<Code, SlideRecord> {
        &self.slides
    }

    /// Returns a fact of an image, else of its slide, else of its case.
    #[must_use]
    pub fn fact_of<'s>(&'s self, image: &'s ImageRow, name: &str) -> Option<&'s FactValue> {
        let slide = image.record.slide.as_ref().and_then(|code| self.slides.get(code));
        let case_code = image
            .record
            .case
            .as_ref()
            .or_else(|| slide.and_then(|slide| slide.case.as_ref()));
        let case = case_code.and_then(|code| self.cases.get(code));
        let own = image.record.facts.get(name);
        own.or_else(|| slide.and_then(|slide| slide.facts.get(name)))
            .or_else(|| case.and_then(|case| case.facts.get(name)))
    }

    /// Reads the annotations of an image, in key order.
    ///
    /// # Errors
    /// [`StateError`] when they cannot be read, or name what is not there.
    pub fn rows_of<'s>(&'s self, image: &'s ImageRow) -> Result<Vec<Row<'s>>, StateError> {
        let prefix = |kind| Key::on_image_prefix(kind, image.id.prefix());
        let mut rows: Vec<Row<'s>> = Vec::new();
        scan_records(self.state, &prefix(EntityKind::Annotation), |key, record| {
            if let Ok(KeyParts::Annotation(annotation)) = key.parts() {
                rows.push(new_row(image, annotation, record));
            }
            ControlFlow::Continue(())
        })?;
        if rows.is_empty() {
            return Ok(rows);
        }
        let mut joined = Joined::new(&mut rows);
        scan_records(
            self.state,
            &prefix(EntityKind::Rating),
            |key, record: RatingRecord| {
                if let Ok(KeyParts::Rating(key)) = key.parts()
                    && let Some(row) = joined.find(key.annotation)
                {
                    row.ratings.push(RatingRow { key, record });
                }
                ControlFlow::Continue(())
            },
        )?;
        joined = Joined::new(&mut rows);
        scan_records(
            self.state,
            &prefix(EntityKind::Override),
            |key, record: OverrideRecord| {
                if let Ok(KeyParts::Override(annotation)) = key.parts()
                    && let Some(row) = joined.find(annotation)
                {
                    row.exception = Some(record.label);
                }
                ControlFlow::Continue(())
            },
        )?;
        self.join_source_ids(&prefix(EntityKind::SourceId), &mut rows)?;
        for row in &mut rows {
            self.agree(row)?;
        }
        Ok(rows)
    }

    /// Aliases are sorted by their digest, so they are gathered first.
    fn join_source_ids(&self, prefix: &[u8], rows: &mut [Row<'_>]) -> Result<(), StateError> {
        let mut aliases: BTreeMap<AnnotationId, Vec<SourceIdRecord>> = BTreeMap::new();
        scan_records(self.state, prefix, |_, record: SourceIdRecord| {
            aliases.entry(record.annotation).or_default().push(record);
            ControlFlow::Continue(())
        })?;
        for row in rows {
            row.source_ids = aliases.remove(&row.annotation).unwrap_or_default();
            row.source_ids
                .sort_by(|a, b| (&a.lineage, &a.id).cmp(&(&b.lineage, &b.id)));
        }
        Ok(())
    }

    fn agree<'s>(&'s self, row: &mut Row<'s>) -> Result<(), StateError> {
        row.rule_label = {
            let ratings = row.ratings.iter().map(|rating| (&rating.key, rating.record.label));
            self.agreement.by_rule(row.record.label, ratings)
        };
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

    /// Returns the whole numbers that the one lineage of the dataset gave its annotations; empty when there are
    /// several lineages or other ids.
    ///
    /// # Errors
    /// [`StateError`] when they cannot be read.
    pub fn source_numbers(&self) -> Result<Vec<u64>, StateError> {
        let mut numbers = Vec::new();
        let mut lineage = None;
        let mut is_one = true;
        scan_records(
            self.state,
            &Key::kind_prefix(EntityKind::SourceId),
            |_, record: SourceIdRecord| {
                let first = lineage.get_or_insert_with(|| record.lineage.clone());
                match whole_number(&record.id) {
                    Some(number) if *first == record.lineage => numbers.push(number),
                    _ => is_one = false,
                }
                if is_one {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            },
        )?;
        Ok(if is_one { numbers } else { Vec::new() })
    }
}

/// Reads a source's id that is a whole number in its shortest form, which JSON carries exactly.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number <= 1 << 53 && number.to_string() == text).then_some(number)
}

fn new_row(image: &ImageRow, annotation: AnnotationId, record: AnnotationRecord) -> Row<'_> {
    Row {
        image,
        annotation,
        record,
        ratings: Vec::new(),
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

fn damaged(key: &Key, why: String) -> StateError {
    StateError::Damaged {
        key: key.to_string(),
        why,
    }
}

/// Reads all records of a kind.
fn all<R: crate::codec::Record, T>(
    state: &dyn State,
    kind: EntityKind,
    take: impl Fn(Key, R) -> Option<T>,
) -> Result<Vec<T>, StateError> {
    let mut found = Vec::new();
    scan_records(state, &Key::kind_prefix(kind), |key, record| {
        found.extend(take(key, record));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
