//! The images of a version as statistics see them: their case, what was searched on them and by whom, and what each one
//! said of the annotations there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{State, StateError, find_image, scan_records};
use crate::id::{AnnotationId, Code, ImageId, ImagePrefix, LabelId};
use crate::model::geometry::Position;
use crate::model::screened::screened_for;
use crate::model::{
    AnnotatorKind, AnnotatorRecord, EntityKind, Geometry, ImageRecord, Key, KeyParts, LabelRecord,
    RatingRecord, ScreeningRecord,
};

/// A case, or an image that is its own case.
pub(super) type CaseName = String;

/// Returns the case of an image; an image without one is its own.
pub(super) fn case_of(id: ImageId, record: &ImageRecord) -> CaseName {
    match &record.case {
        Some(case) => case.to_string(),
        None => format!("image {id}"),
    }
}

/// Calls `each` for every image, in the order of their ids.
pub(super) fn scan_images(
    state: &dyn State,
    mut each: impl FnMut(ImageId, ImageRecord),
) -> Result<(), StateError> {
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Image),
        |key, record: ImageRecord| {
            if let Ok(KeyParts::Image(id)) = key.parts() {
                each(id, record);
            }
            ControlFlow::Continue(())
        },
    )
}

/// Returns all who can rate, by code.
pub(super) fn annotators(state: &dyn State) -> Result<Vec<(Code, AnnotatorKind)>, StateError> {
    let mut all = Vec::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Annotator),
        |_, record: AnnotatorRecord| {
            all.push((record.code, record.kind));
            ControlFlow::Continue(())
        },
    )?;
    Ok(all)
}

/// Returns all labels with their names, by name.
pub(super) fn labels(state: &dyn State) -> Result<Vec<(LabelId, String)>, StateError> {
    let mut all = Vec::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Label),
        |key, record: LabelRecord| {
            if let Ok(KeyParts::Label(id)) = key.parts() {
                all.push((id, record.name));
            }
            ControlFlow::Continue(())
        },
    )?;
    all.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
    Ok(all)
}

/// A search of a part of an image, or for some labels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Search {
    /// Who.
    pub(super) annotator: Option<Code>,
    /// The pass over the material.
    pub(super) round: u32,
    /// Where; `None` is all of the image.
    region: Option<Geometry>,
    /// For which labels; `None` is all.
    labels: Option<BTreeSet<LabelId>>,
}

impl Search {
    /// The same as a search for one label; `None` where that was not searched for.
    pub(super) fn for_label(self, label: LabelId) -> Option<Self> {
        let was_searched_for = self.labels.as_ref().is_none_or(|labels| labels.contains(&label));
        was_searched_for.then_some(Self { labels: None, ..self })
    }

    fn covers(&self, position: Position, label: LabelId) -> bool {
        self.labels.as_ref().is_none_or(|labels| labels.contains(&label))
            && self.region.as_ref().is_none_or(|region| region.covers(position))
    }
}

/// What of an image somebody searched completely.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Area {
    /// All of it, for all labels.
    Whole,
    /// Parts of it, or for some labels.
    Parts(Vec<Search>),
}

impl Area {
    /// Whether a position, in level-0 px, was searched for a label.
    pub(super) fn covers(&self, position: Position, label: LabelId) -> bool {
        match self {
            Self::Whole => true,
            Self::Parts(parts) => parts.iter().any(|part| part.covers(position, label)),
        }
    }

    pub(super) fn join(&mut self, search: Search) {
        match (&mut *self, &search.region, &search.labels) {
            (_, None, None) => *self = Self::Whole,
            (Self::Parts(parts), _, _) => parts.push(search),
            (Self::Whole, _, _) => {}
        }
    }
}

/// Reads the screenings of an image.
pub(super) fn screenings(state: &dyn State, image: ImagePrefix) -> Result<Vec<Search>, StateError> {
    let mut all = Vec::new();
    scan_records(
        state,
        &Key::on_image_prefix(EntityKind::Screening, image),
        |_, record: ScreeningRecord| {
            all.push(Search {
                annotator: record.annotator,
                round: record.round,
                region: record.region,
                labels: None,
            });
            ControlFlow::Continue(())
        },
    )?;
    if !all.is_empty()
        && let Some((_, record)) = find_image(state, image)?
    {
        for search in &mut all {
            search.labels = screened_for(&record.facts, search.annotator.as_ref(), search.round);
        }
    }
    Ok(all)
}

/// Each one's first opinion of each annotation of an image.
pub(super) type ImageOpinions = BTreeMap<AnnotationId, BTreeMap<Code, LabelId>>;

/// Reads each one's first opinion of each annotation of an image, in one round or in all.
pub(super) fn opinions(
    state: &dyn State,
    image: ImagePrefix,
    round: Option<u32>,
) -> Result<ImageOpinions, StateError> {
    let mut all = ImageOpinions::new();
    scan_records(
        state,
        &Key::on_image_prefix(EntityKind::Rating, image),
        |key, record: RatingRecord| {
            if let (Ok(KeyParts::Rating(rating)), Some(label)) = (key.parts(), record.label)
                && round.is_none_or(|round| round == rating.round)
            {
                let given = all.entry(rating.annotation).or_default();
                given.entry(rating.annotator).or_insert(label);
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(all)
}
