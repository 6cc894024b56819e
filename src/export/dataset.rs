//! A version as a dataset: its images by name, its labels, annotators, cases and slides, and its rows ([`RowReader`]).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::rows::RowReader;
use crate::event::{State, StateError, read, scan_records};
use crate::id::{Code, ImageId};
use crate::model::{
    AnnotatorRecord, CaseRecord, DatasetRecord, EntityKind, FactValue, Facts, ImageRecord, Key, Rule,
    SlideRecord, SourceIdRecord,
};

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

/// A version, read as a dataset.
pub struct Dataset<'a> {
    rows: RowReader<'a>,
    facts: Facts,
    images: Vec<ImageRow>,
    annotators: BTreeMap<Code, AnnotatorRecord>,
    cases: BTreeMap<Code, CaseRecord>,
    slides: BTreeMap<Code, SlideRecord>,
}

impl<'a> Dataset<'a> {
    /// Reads everything but annotations. Labels are agreed by `rule`, else by the rule in force.
    ///
    /// # Errors
    /// [`StateError`] when the version cannot be read.
    pub fn open(state: &'a (dyn State + Sync), rule: Option<&Rule>) -> Result<Self, StateError> {
        let dataset: DatasetRecord = read(state, &Key::dataset())?.unwrap_or_default();
        let mut images: Vec<ImageRow> = all(state, EntityKind::Image, |_, record: ImageRecord| {
            Some(ImageRow {
                id: ImageId::of_name(&record.name),
                record,
            })
        })?;
        images.sort_by(|a, b| a.record.name.cmp(&b.record.name));
        Ok(Self {
            rows: RowReader::open(state, rule)?,
            facts: dataset.facts,
            images,
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
        })
    }

    /// Returns where its annotations are read, with the rule by which labels are agreed here.
    #[must_use]
    pub fn rows(&self) -> &RowReader<'a> {
        &self.rows
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

    /// Returns the whole numbers that the one lineage of the dataset gave its annotations; empty when there are
    /// several lineages or other ids.
    ///
    /// # Errors
    /// [`StateError`] when they cannot be read.
    pub fn source_numbers(&self) -> Result<Vec<u64>, StateError> {
        let mut numbers = Vec::new();
        let mut lineage: Option<String> = None;
        let mut is_one = true;
        scan_records(
            self.rows.state(),
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
    let is_shortest = text == "0"
        || text
            .bytes()
            .next()
            .is_some_and(|first| (b'1'..=b'9').contains(&first));
    text.parse()
        .ok()
        .filter(|number| is_shortest && *number <= 1 << 53)
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
