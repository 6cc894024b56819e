//! Which known annotation each annotation of a source is, on one image.
//!
//! In this order, each stage taking what the ones before left: a strong id (UUID, Holotype's own) wherever it is now, and a
//! weak one (a number) in its old place; the same geometry and label; the same geometry; a weak id near its old place, or
//! far from it where something else speaks for it; the best one-to-one assignment within the radius. When all is settled
//! by ids, nothing else is looked at. The decisions behind it stand in `docs/decisions/0005-matching.md`.
//!
//! It records nothing.

mod near;
mod pairs;
mod radius;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::codec::to_canonical;
use crate::id::{AnnotationId, ImageId, LabelId};
use crate::import::document::{SourceAnnotation, SourceId};
pub(super) use crate::model::Reach;
use crate::model::{AnnotationRecord, Geometry};
pub use crate::model::{Radius, RadiusUnit};

use super::lineage::alias_text;
use near::Place;
use pairs::{Class, pair};

pub(super) use near::is_near;
pub use radius::{POINT_RADIUS_PX, RadiusOrigin, RadiusUsed};

/// What is known of one image.
#[derive(Default)]
pub(super) struct Known {
    pub(super) records: BTreeMap<AnnotationId, AnnotationRecord>,
    /// The ids of the source's lineage.
    pub(super) aliases: BTreeMap<String, AnnotationId>,
    /// What no annotation of the source was found to be.
    pub(super) free: BTreeSet<AnnotationId>,
}

/// How far the weak ids of a source are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Wherever they are: somebody said which chain of files it belongs to, or most of the file's ids hold their place.
    Whole,
    /// One that is elsewhere needs that most on its image hold theirs.
    ByImage,
}

/// The canonical bytes of a geometry, and the label where that counts.
type PlaceKey = (Vec<u8>, Option<LabelId>);

/// Whether two annotations in one place are the same only with one label.
#[derive(Clone, Copy)]
enum LabelCounts {
    Yes,
    No,
}

/// The annotations of a source on one image, and what is known there.
pub(super) struct Matching<'a> {
    image: ImageId,
    annotations: &'a [SourceAnnotation],
    labels: Vec<Option<LabelId>>,
    known: &'a mut Known,
    reach: Reach,
    partners: Vec<Option<AnnotationId>>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// The known annotation that each annotation of the source is.
    pub(super) partners: Vec<Option<AnnotationId>>,
    /// How many were found by distance or overlap.
    pub(super) by_distance: usize,
    /// How many had more candidates than were looked at.
    pub(super) crowded: usize,
    /// How many were given the nearest first.
    pub(super) nearest_first: usize,
}

impl<'a> Matching<'a> {
    /// Begins; `labels` are those of the annotations.
    pub(super) fn new(
        image: ImageId,
        annotations: &'a [SourceAnnotation],
        labels: Vec<Option<LabelId>>,
        known: &'a mut Known,
        reach: Reach,
    ) -> Self {
        let partners = vec![None; annotations.len()];
        Self {
            image,
            annotations,
            labels,
            known,
            reach,
            partners,
        }
    }

    /// Goes through all stages.
    pub(super) fn run(mut self, trust: Trust) -> Matched {
        if self.known.records.is_empty() {
            return self.finish();
        }
        self.by_id(|record, annotation, id| is_strong(id) || record.geometry == annotation.geometry);
        if self.is_settled() {
            return self.finish();
        }
        self.by_place();
        let reach = self.reach;
        self.by_id(|record, annotation, _| is_near(&record.geometry, &annotation.geometry, &reach));
        if trust == Trust::Whole || self.ids_hold() {
            self.by_id(|_, _, _| true);
        }
        if self.is_settled() {
            return self.finish();
        }
        self.by_distance()
    }

    fn finish(self) -> Matched {
        Matched {
            partners: self.partners,
            ..Matched::default()
        }
    }

    /// Whether nothing is left to be matched, on one side or the other.
    fn is_settled(&self) -> bool {
        self.known.free.is_empty() || self.partners.iter().all(Option::is_some)
    }

    /// The annotations that are not settled, by their number.
    fn open(&self) -> Vec<usize> {
        let open = self.partners.iter().enumerate();
        open.filter_map(|(n, partner)| partner.is_none().then_some(n))
            .collect()
    }

    fn settle(&mut self, n: usize, id: AnnotationId) {
        if self.known.free.remove(&id)
            && let Some(partner) = self.partners.get_mut(n)
        {
            *partner = Some(id);
        }
    }

    /// Settles those whose id is known and about which `holds` agrees.
    fn by_id(&mut self, holds: impl Fn(&AnnotationRecord, &SourceAnnotation, &SourceId) -> bool) {
        for (annotation, partner) in self.annotations.iter().zip(&mut self.partners) {
            let Some(id) = annotation.id.as_ref().filter(|_| partner.is_none()) else {
                continue;
            };
            let found = by_id(self.image, id, self.known).filter(|found| {
                let record = self.known.records.get(found);
                record.is_some_and(|record| holds(record, annotation, id))
            });
            *partner = found.filter(|found| self.known.free.remove(found));
        }
    }

    /// Settles those whose geometry is known, first with the same label, then with another.
    fn by_place(&mut self) {
        for label_counts in [LabelCounts::Yes, LabelCounts::No] {
            let key = |geometry: &Geometry, label: Option<LabelId>| match label_counts {
                LabelCounts::Yes => (place(geometry), label),
                LabelCounts::No => (place(geometry), None),
            };
            let mut places: HashMap<PlaceKey, Vec<AnnotationId>> = HashMap::new();
            // Of several in one place the lowest id comes first, which is the last of the list.
            for id in self.known.free.iter().rev() {
                if let Some(record) = self.known.records.get(id) {
                    let key = key(&record.geometry, record.label);
                    places.entry(key).or_default().push(*id);
                }
            }
            for n in self.open() {
                let Some(annotation) = self.annotations.get(n) else {
                    continue;
                };
                let label = self.labels.get(n).copied().flatten();
                let found = places.get_mut(&key(&annotation.geometry, label));
                if let Some(id) = found.and_then(Vec::pop) {
                    self.settle(n, id);
                }
            }
        }
    }

    /// Whether most of the weak ids that are known on this image are where they were.
    fn ids_hold(&self) -> bool {
        let (mut known, mut hold) = (0_usize, 0_usize);
        for (annotation, partner) in self.annotations.iter().zip(&self.partners) {
            let id = annotation.id.as_ref().filter(|id| !is_strong(id));
            if let Some(found) = id.and_then(|id| by_id(self.image, id, self.known)) {
                known += 1;
                hold += usize::from(*partner == Some(found));
            }
        }
        hold * 2 > known
    }

    /// Settles what is left by distance and overlap.
    fn by_distance(mut self) -> Matched {
        let annotations = self.annotations;
        let known = std::mem::take(&mut self.known.records);
        let new = Classes::of(self.open().into_iter().filter_map(|n| {
            let annotation = annotations.get(n)?;
            let label = self.labels.get(n).copied().flatten();
            let order = annotation.id.as_ref().and_then(alias_text);
            Some((&annotation.geometry, label, (order, n)))
        }));
        let old = Classes::of(self.known.free.iter().filter_map(|id| {
            let record = known.get(id)?;
            Some((&record.geometry, record.label, *id))
        }));
        let paired = pair(&new.classes, &old.classes, &self.reach);
        let mut matched = Matched {
            crowded: paired.crowded,
            nearest_first: paired.nearest_first,
            ..Matched::default()
        };
        let (mut new, mut old) = (new.members, old.members);
        for pair in paired.pairs {
            let (Some(new), Some(old)) = (new.get_mut(pair.new), old.get_mut(pair.known)) else {
                continue;
            };
            let count = pair.count.min(new.len()).min(old.len());
            for ((_, n), id) in new.drain(..count).zip(old.drain(..count)) {
                matched.by_distance += 1;
                self.settle(n, id);
            }
        }
        self.known.records = known;
        matched.partners = self.partners;
        matched
    }
}

/// Equal annotations together, in an order that their content alone decides, and which they are.
struct Classes<'a, M> {
    classes: Vec<Class<'a>>,
    members: Vec<Vec<M>>,
}

impl<'a, M: Ord> Classes<'a, M> {
    fn of(all: impl Iterator<Item = (&'a Geometry, Option<LabelId>, M)>) -> Self {
        let mut grouped: BTreeMap<PlaceKey, (Place<'a>, Vec<M>)> = BTreeMap::new();
        for (geometry, label, member) in all {
            let Some(at) = Place::of(geometry) else { continue };
            let key = (place(geometry), label);
            grouped
                .entry(key)
                .or_insert_with(|| (at, Vec::new()))
                .1
                .push(member);
        }
        let mut classes = Self {
            classes: Vec::new(),
            members: Vec::new(),
        };
        for ((_, label), (place, mut members)) in grouped {
            members.sort_unstable();
            let count = members.len();
            classes.classes.push(Class { place, label, count });
            classes.members.push(members);
        }
        classes
    }
}

/// The canonical bytes of a geometry, by which equal ones are found.
pub(super) fn place(geometry: &Geometry) -> Vec<u8> {
    to_canonical(geometry).unwrap_or_default()
}

/// Whether an id names the same thing wherever it is.
fn is_strong(id: &SourceId) -> bool {
    match id {
        SourceId::Uuid(_) | SourceId::Holotype(_) => true,
        SourceId::Local(_) => false,
    }
}

fn by_id(image: ImageId, id: &SourceId, known: &Known) -> Option<AnnotationId> {
    let direct = match id {
        SourceId::Uuid(own) => Some(AnnotationId::from_uuid(image.prefix(), *own)),
        SourceId::Holotype(bytes) => Some(AnnotationId::from_bytes(*bytes)),
        SourceId::Local(_) => None,
    };
    direct
        .filter(|id| known.records.contains_key(id))
        .or_else(|| alias_text(id).and_then(|text| known.aliases.get(&text).copied()))
        .filter(|id| known.records.contains_key(id))
}
