//! All of a version that the gate looks at, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::codec::Record;
use crate::event::{State, StateError, read, scan_records};
use crate::id::{Code, ImageId, ImagePrefix, LabelId};
use crate::model::{
    AnnotationRecord, AnnotatorKind, AnnotatorRecord, CaseRecord, DatasetRecord, EntityKind, FactValue,
    Facts, ImageRecord, Key, KeyParts, LabelRecord, RatingRecord, Rule, RuleRecord, ScreeningRecord,
    SlideRecord,
};
use crate::quality::splits::{Assignment, Material, read_splits};

/// A version as the gate sees it.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The facts of the dataset.
    pub dataset: Facts,
    /// The images, in the order of their ids.
    pub images: Vec<ImageRecord>,
    /// The slides by code.
    pub slides: BTreeMap<Code, SlideRecord>,
    /// The cases by code.
    pub cases: BTreeMap<Code, CaseRecord>,
    /// The scheme.
    pub labels: BTreeMap<LabelId, LabelRecord>,
    /// Images, slides and cases as splits see them.
    pub material: Material,
    /// The splits.
    pub splits: BTreeMap<String, Assignment>,
    /// How often a label is used, by annotations and ratings.
    pub label_uses: BTreeMap<LabelId, u64>,
    /// How many annotations an image has.
    pub annotations: BTreeMap<ImagePrefix, u64>,
    /// How many annotations have no label.
    pub without_label: u64,
    /// The images of which somebody searched an area.
    pub screened: BTreeSet<ImageId>,
    /// Who searched, by round.
    pub screeners: BTreeSet<(u32, Option<Code>)>,
    /// Who rates, with kind.
    pub annotators: BTreeMap<Code, AnnotatorKind>,
    /// Who rated in which round, and whether all those ratings were blinded.
    pub rounds: BTreeMap<(u32, Code), bool>,
    /// The rule in force.
    pub rule: Rule,
    /// Texts that annotations have as attributes, by name, with how many have them; at most 100,000.
    pub attributes: BTreeMap<(String, String), u64>,
}

/// Different texts of attributes that are kept.
const TEXTS_MAX: usize = 100_000;

impl Inventory {
    /// Reads a version.
    ///
    /// # Errors
    /// [`StateError`] when a record cannot be had or decoded.
    pub fn read(state: &dyn State) -> Result<Self, StateError> {
        let mut inventory = Self::read_names(state)?;
        inventory.read_marks(state)?;
        let images = inventory.images.iter().map(|record| {
            let prefix = ImageId::of_name(&record.name).prefix();
            (
                record.clone(),
                inventory.annotations.get(&prefix).copied().unwrap_or(0),
            )
        });
        inventory.material = Material::new(
            images.collect::<Vec<_>>(),
            inventory.slides.values().cloned(),
            inventory.cases.values().cloned(),
        );
        inventory.splits = read_splits(state)?;
        Ok(inventory)
    }

    /// Reads a version without what stands on its images: no annotation, rating, screening, split.
    ///
    /// # Errors
    /// [`StateError`] when a record cannot be had or decoded.
    pub fn read_names(state: &dyn State) -> Result<Self, StateError> {
        let mut inventory = Self::default();
        let dataset: Option<DatasetRecord> = read(state, &Key::dataset())?;
        inventory.dataset = dataset.unwrap_or_default().facts;
        let rule: Option<RuleRecord> = read(state, &Key::rule())?;
        inventory.rule = rule.unwrap_or_default().rule;
        each(state, EntityKind::Slide, |_, record: SlideRecord| {
            inventory.slides.insert(record.code.clone(), record);
        })?;
        each(state, EntityKind::Case, |_, record: CaseRecord| {
            inventory.cases.insert(record.code.clone(), record);
        })?;
        each(state, EntityKind::Annotator, |_, record: AnnotatorRecord| {
            inventory.annotators.insert(record.code, record.kind);
        })?;
        each(state, EntityKind::Label, |parts, record: LabelRecord| {
            if let KeyParts::Label(id) = parts {
                inventory.labels.insert(id, record);
            }
        })?;
        each(state, EntityKind::Image, |_, record: ImageRecord| {
            inventory.images.push(record);
        })?;
        Ok(inventory)
    }

    /// Reads annotations, ratings and screenings, and keeps what is counted of them.
    fn read_marks(&mut self, state: &dyn State) -> Result<(), StateError> {
        each(
            state,
            EntityKind::Annotation,
            |parts, record: AnnotationRecord| {
                if let KeyParts::Annotation(id) = parts {
                    *self.annotations.entry(id.image_prefix()).or_default() += 1;
                }
                for (name, value) in &record.attributes {
                    if let FactValue::Text(text) = value
                        && self.attributes.len() < TEXTS_MAX
                    {
                        *self.attributes.entry((name.clone(), text.clone())).or_default() += 1;
                    }
                }
                match record.label {
                    Some(label) => *self.label_uses.entry(label).or_default() += 1,
                    None => self.without_label += 1,
                }
            },
        )?;
        each(state, EntityKind::Rating, |parts, record: RatingRecord| {
            if let Some(label) = record.label {
                *self.label_uses.entry(label).or_default() += 1;
            }
            if let KeyParts::Rating(key) = parts {
                let blinded = self.rounds.entry((key.round, key.annotator)).or_insert(true);
                *blinded &= record.blinded == Some(true);
            }
        })?;
        each(state, EntityKind::Screening, |_, record: ScreeningRecord| {
            self.screened.insert(record.image);
            self.screeners.insert((record.round, record.annotator));
        })
    }

    /// Returns the facts of what an image is of: its own, its slide's, its case's, in the order in which they count.
    pub(super) fn facts_of<'a>(&'a self, image: &'a ImageRecord) -> impl Iterator<Item = &'a Facts> {
        let slide = image.slide.as_ref().and_then(|code| self.slides.get(code));
        let case = image
            .case
            .as_ref()
            .or_else(|| slide.and_then(|slide| slide.case.as_ref()))
            .and_then(|code| self.cases.get(code));
        [
            Some(&image.facts),
            slide.map(|slide| &slide.facts),
            case.map(|case| &case.facts),
        ]
        .into_iter()
        .flatten()
    }

    /// Returns what is stated of an image under one of these names: by itself, else of its slide, its case, the dataset.
    pub(super) fn stated<'a>(&'a self, image: &'a ImageRecord, names: &[String]) -> Option<&'a FactValue> {
        self.facts_of(image)
            .chain([&self.dataset])
            .find_map(|facts| first_stated(facts, names))
    }
}

/// Returns the first of these facts that is stated and not empty.
pub(super) fn first_stated<'a>(facts: &'a Facts, names: &[String]) -> Option<&'a FactValue> {
    let is_stated = |value: &&FactValue| value.as_text().is_none_or(|text| !text.trim().is_empty());
    names.iter().find_map(|name| facts.get(name).filter(is_stated))
}

fn each<R: Record>(
    state: &dyn State,
    kind: EntityKind,
    mut take: impl FnMut(KeyParts, R),
) -> Result<(), StateError> {
    let mut wrong = None;
    scan_records(state, &Key::kind_prefix(kind), |key, record: R| {
        match key.parts() {
            Ok(parts) => {
                take(parts, record);
                ControlFlow::Continue(())
            }
            Err(error) => {
                wrong = Some(StateError::Damaged {
                    key: key.to_string(),
                    why: error.to_string(),
                });
                ControlFlow::Break(())
            }
        }
    })?;
    wrong.map_or(Ok(()), Err)
}
