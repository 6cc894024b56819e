//! What each one found on an image: who has screenings recorded is taken where these say that they searched, others on the
//! images on which they rated something.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{State, StateError, read};
use crate::id::{AnnotationId, Code, ImageId, ImagePrefix, LabelId};
use crate::model::geometry::Position;
use crate::model::{AnnotationRecord, Geometry, Key, Reach};

use super::images::{self, Area};
use super::matching::Spot;

/// An object that somebody marked.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) annotation: AnnotationId,
    /// The label that they gave it first.
    pub(super) label: LabelId,
    pub(super) geometry: Geometry,
    /// The middle of its bounds, in level-0 px.
    pub(super) centre: Position,
}

impl Object {
    /// As it is matched with others.
    pub(super) fn spot(&self, reach: &Reach) -> Spot {
        Spot {
            position: reach.position(self.centre),
            plane: self.geometry.plane.unwrap_or_default(),
        }
    }
}

/// What one found on an image, and where they looked.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) area: Area,
    pub(super) objects: Vec<Object>,
}

/// Who looked where, and how objects are read.
pub(super) struct Finder<'a> {
    state: &'a dyn State,
    label: Option<LabelId>,
    round: Option<u32>,
    places: BTreeMap<Code, usize>,
    by_image: BTreeMap<ImagePrefix, BTreeMap<usize, Area>>,
    screeners: BTreeSet<usize>,
    /// Who rated something and has no screening recorded.
    pub(super) unscreened: BTreeSet<usize>,
}

impl<'a> Finder<'a> {
    /// Reads the screenings of these images; `places` are those of who can rate. Objects are read with this label and of
    /// this round alone, where one is given.
    pub(super) fn open(
        state: &'a dyn State,
        places: BTreeMap<Code, usize>,
        images: impl Iterator<Item = ImageId>,
        label: Option<LabelId>,
        round: Option<u32>,
    ) -> Result<Self, StateError> {
        let mut finder = Self {
            state,
            label,
            round,
            places,
            by_image: BTreeMap::new(),
            screeners: BTreeSet::new(),
            unscreened: BTreeSet::new(),
        };
        for image in images {
            for screening in images::screenings(state, image.prefix())? {
                let place = screening.annotator.as_ref();
                let place = place.and_then(|code| finder.places.get(code)).copied();
                let is_of_round = round.is_none_or(|round| round == screening.round);
                let Some(place) = place.filter(|_| is_of_round) else {
                    continue;
                };
                finder.screeners.insert(place);
                let search = match label {
                    Some(label) => screening.for_label(label),
                    None => Some(screening),
                };
                let Some(search) = search else { continue };
                let areas = finder.by_image.entry(image.prefix()).or_default();
                let area = areas.entry(place).or_insert_with(|| Area::Parts(Vec::new()));
                area.join(search);
            }
        }
        Ok(finder)
    }

    /// Returns who has a screening of this image recorded.
    pub(super) fn screened(&self, image: ImagePrefix) -> BTreeSet<usize> {
        let areas = self.by_image.get(&image);
        areas.map_or_else(BTreeSet::new, |areas| areas.keys().copied().collect())
    }

    /// Returns what each one who searched an image found there.
    pub(super) fn on(&mut self, image: ImagePrefix) -> Result<BTreeMap<usize, Found>, StateError> {
        let areas = self.by_image.get(&image).cloned().unwrap_or_default();
        let empty = |area: Area| Found {
            area,
            objects: Vec::new(),
        };
        let mut found: BTreeMap<usize, Found> = areas
            .into_iter()
            .map(|(rater, area)| (rater, empty(area)))
            .collect();
        for (annotation, given) in images::opinions(self.state, image, self.round)? {
            let mut geometry = None;
            for (code, label) in given {
                let Some(rater) = self.places.get(&code).copied() else {
                    continue;
                };
                if !self.screeners.contains(&rater) {
                    self.unscreened.insert(rater);
                    found.entry(rater).or_insert_with(|| empty(Area::Whole));
                }
                let is_wanted = self.label.is_none_or(|wanted| wanted == label);
                let (true, Some(of_rater)) = (is_wanted, found.get_mut(&rater)) else {
                    continue;
                };
                if geometry.is_none() {
                    let record: Option<AnnotationRecord> = read(self.state, &Key::annotation(annotation))?;
                    geometry = record.map(|record| record.geometry);
                }
                let object = geometry.as_ref().and_then(|geometry| {
                    Some(Object {
                        annotation,
                        label,
                        geometry: geometry.clone(),
                        centre: geometry.bounds()?.centre(),
                    })
                });
                let searched = object.filter(|object| of_rater.area.covers(object.centre, label));
                of_rater.objects.extend(searched);
            }
        }
        Ok(found)
    }
}
