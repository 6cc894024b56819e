//! A version as a dataset: its images by name, its labels, annotators, cases and slides, and its rows ([`RowReader`]).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::ordered::in_order;
use super::rows::RowReader;
use crate::event::{State, StateError, decode_under, read, scan_records};
use crate::id::{Code, ImageId};
use crate::model::scan::SourceIdParts;
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
        let mut sources = self.sources_of(image).into_iter().flatten();
        sources.find_map(|facts| facts.get(name))
    }

    /// Returns all facts of an image with those of its slide and its case; what the image says goes before its slide, and
    /// that before its case.
    #[must_use]
    pub fn facts_of<'s>(&'s self, image: &'s ImageRow) -> BTreeMap<&'s str, &'s FactValue> {
        let sources = self.sources_of(image).into_iter().flatten().rev();
        sources
            .flatten()
            .map(|(name, value)| (name.as_str(), value))
            .collect()
    }

    /// The facts of an image, its slide and its case.
    fn sources_of<'s>(&'s self, image: &'s ImageRow) -> [Option<&'s Facts>; 3] {
        let slide = image.record.slide.as_ref().and_then(|code| self.slides.get(code));
        let case_code = image
            .record
            .case
            .as_ref()
            .or_else(|| slide.and_then(|slide| slide.case.as_ref()));
        let case = case_code.and_then(|code| self.cases.get(code));
        [
            Some(&image.record.facts),
            slide.map(|slide| &slide.facts),
            case.map(|case| &case.facts),
        ]
    }

    /// Returns the whole numbers that the one lineage of the dataset gave its annotations; empty when there are
    /// several lineages or other ids.
    ///
    /// # Errors
    /// [`StateError`] when they cannot be read.
    pub fn source_numbers(&self) -> Result<Vec<u64>, StateError> {
        let mut numbers = Vec::new();
        let mut lineage: Option<String> = None;
        let read = |image: &ImageRow| numbers_of(self.rows.state(), image);
        let all = in_order(&self.images, read, |found| match found.map_err(Some)? {
            Numbered::No => Err(None),
            Numbered::Nothing => Ok(()),
            Numbered::By(by, of_image) => {
                let first = lineage.get_or_insert_with(|| by.clone());
                if *first != by {
                    return Err(None);
                }
                numbers.extend(of_image);
                Ok(())
            }
        });
        match all {
            Ok(()) => Ok(numbers),
            Err(None) => Ok(Vec::new()),
            Err(Some(error)) => Err(error),
        }
    }
}

/// The source ids on an image.
enum Numbered {
    /// There are none.
    Nothing,
    /// There are others than whole numbers of one lineage.
    No,
    /// Whole numbers of a lineage.
    By(String, Vec<u64>),
}

fn numbers_of(state: &dyn State, image: &ImageRow) -> Result<Numbered, StateError> {
    let mut found = Numbered::Nothing;
    let prefix = Key::on_image_prefix(EntityKind::SourceId, image.id.prefix());
    each_source_id(state, &prefix, |source_id| {
        match (&mut found, whole_number(source_id.id)) {
            (Numbered::By(lineage, numbers), Some(number)) if *lineage == source_id.lineage => {
                numbers.push(number);
            }
            (Numbered::Nothing, Some(number)) => {
                found = Numbered::By(source_id.lineage.to_owned(), vec![number]);
            }
            (Numbered::Nothing | Numbered::By(..) | Numbered::No, _) => found = Numbered::No,
        }
        match found {
            Numbered::No => ControlFlow::Break(()),
            Numbered::Nothing | Numbered::By(..) => ControlFlow::Continue(()),
        }
    })?;
    Ok(found)
}

/// Reads all source ids whose keys begin with `prefix`, each lent from its record.
pub(super) fn each_source_id(
    state: &dyn State,
    prefix: &[u8],
    mut each: impl FnMut(SourceIdParts<'_>) -> ControlFlow<()>,
) -> Result<(), StateError> {
    let mut failure = None;
    state.scan(prefix, &mut |key, bytes| {
        if let Some(parts) = SourceIdParts::scan(bytes) {
            return each(parts);
        }
        match decode_under::<SourceIdRecord>(key, bytes) {
            Ok((_, record)) => each(SourceIdParts {
                annotation: record.annotation,
                id: &record.id,
                lineage: &record.lineage,
            }),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    failure.map_or(Ok(()), Err)
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
