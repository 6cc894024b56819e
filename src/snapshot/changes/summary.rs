//! Changes counted.

use serde::Serialize;

use super::item::{ChangeItem, ChangeKind, Entity};

/// How many things of an entity changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct EntityCounts {
    /// Those that were not there.
    pub added: u64,
    /// Those that are not there any more.
    pub removed: u64,
    /// Those that are on both sides and differ.
    pub modified: u64,
}

/// How many annotations changed. One that was moved and relabelled counts once as modified, once as moved and once
/// as relabelled; one with other source ids alone counts nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct AnnotationCounts {
    /// Those that were not there.
    pub added: u64,
    /// Those that are not there any more.
    pub removed: u64,
    /// Those that are on both sides and differ, in whatever way.
    pub modified: u64,
    /// Those whose label under the rule in force on each side differs.
    pub relabelled: u64,
    /// Those of the same shape and size elsewhere.
    pub moved: u64,
    /// Those of another type, size or outline.
    pub reshaped: u64,
}

/// Changes by entity. The dataset itself is never added or removed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Facts of the dataset and the rule in force.
    pub dataset: EntityCounts,
    /// Cases.
    pub cases: EntityCounts,
    /// Slides.
    pub slides: EntityCounts,
    /// Images.
    pub images: EntityCounts,
    /// Labels.
    pub labels: EntityCounts,
    /// Annotators.
    pub annotators: EntityCounts,
    /// Annotations.
    pub annotations: AnnotationCounts,
    /// Ratings.
    pub ratings: EntityCounts,
    /// Screenings.
    pub screenings: EntityCounts,
    /// Members of splits.
    pub splits: EntityCounts,
}

impl Summary {
    /// Counts changes.
    #[must_use]
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a ChangeItem>) -> Self {
        let mut summary = Self::default();
        for change in changes {
            if change.entity == Entity::Annotations {
                summary.annotations.count(change);
            } else {
                summary.counts_mut(change.entity).count(change);
            }
        }
        summary
    }

    /// Returns the counts of an entity.
    #[must_use]
    pub fn counts(&self, entity: Entity) -> EntityCounts {
        match entity {
            Entity::Dataset => self.dataset,
            Entity::Cases => self.cases,
            Entity::Slides => self.slides,
            Entity::Images => self.images,
            Entity::Labels => self.labels,
            Entity::Annotators => self.annotators,
            Entity::Annotations => EntityCounts {
                added: self.annotations.added,
                removed: self.annotations.removed,
                modified: self.annotations.modified,
            },
            Entity::Ratings => self.ratings,
            Entity::Screenings => self.screenings,
            Entity::Splits => self.splits,
        }
    }

    fn counts_mut(&mut self, entity: Entity) -> &mut EntityCounts {
        match entity {
            // Annotations have counts of their own.
            Entity::Dataset | Entity::Annotations => &mut self.dataset,
            Entity::Cases => &mut self.cases,
            Entity::Slides => &mut self.slides,
            Entity::Images => &mut self.images,
            Entity::Labels => &mut self.labels,
            Entity::Annotators => &mut self.annotators,
            Entity::Ratings => &mut self.ratings,
            Entity::Screenings => &mut self.screenings,
            Entity::Splits => &mut self.splits,
        }
    }
}

impl EntityCounts {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn count(&mut self, change: &ChangeItem) {
        if change.is(ChangeKind::Added) {
            self.added += 1;
        } else if change.is(ChangeKind::Removed) {
            self.removed += 1;
        } else {
            self.modified += 1;
        }
    }
}

impl AnnotationCounts {
    fn count(&mut self, change: &ChangeItem) {
        if change.is(ChangeKind::Added) {
            self.added += 1;
        } else if change.is(ChangeKind::Removed) {
            self.removed += 1;
        } else if change.kinds != [ChangeKind::Rekeyed] {
            self.modified += 1;
            self.relabelled += u64::from(change.is(ChangeKind::Relabelled));
            self.moved += u64::from(change.is(ChangeKind::Moved));
            self.reshaped += u64::from(change.is(ChangeKind::Reshaped));
        }
    }
}
