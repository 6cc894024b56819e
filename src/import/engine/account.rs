//! Keeps the account of what an import changes on one image.

use crate::event::read;
use crate::id::{AnnotationId, ImageId, LabelId};
use crate::model::geometry::Displacement;
use crate::model::{Geometry, ImageRecord, Key, LabelRecord};
use crate::repo::Fork;

use super::changes::{Change, ChangeKind, ImageChanges};
use super::{Import, ImportError};

/// What is counted about one image, and what that needs.
pub(super) struct Account {
    changes: ImageChanges,
    resolution: Option<(f64, f64)>,
    /// Ratings that were new before.
    ratings_before: u64,
}

/// An annotation that an account may name.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) annotation: AnnotationId,
    pub(super) source_id: Option<&'a str>,
    /// Where it is from now on; of a withdrawn one, where it was.
    pub(super) geometry: &'a Geometry,
}

impl Subject<'_> {
    fn change(&self, kind: ChangeKind) -> Change {
        Change {
            kind,
            annotation: self.annotation,
            source_id: self.source_id.map(str::to_owned),
            at: self.geometry.bounds().map(|bounds| bounds.centre()),
            distance_px: None,
            labels: None,
        }
    }
}

impl Import<'_, Fork<'_>> {
    /// Begins the account of an image.
    pub(super) fn open_account(&mut self, image: ImageId, record: Option<&ImageRecord>) {
        let name = record.map_or_else(|| image.to_string(), |record| record.name.clone());
        self.account = Some(Account {
            changes: ImageChanges::new(image, name),
            resolution: record.and_then(ImageRecord::resolution),
            ratings_before: self.outcome.ratings_added,
        });
    }

    /// Ends it: what changed is told with the outcome.
    pub(super) fn close_account(&mut self, matched: u64) {
        if let Some(account) = self.account.take() {
            let mut changes = account.changes;
            changes.matched = matched;
            changes.ratings_added = self.outcome.ratings_added - account.ratings_before;
            self.outcome.changes.push(changes);
        }
    }

    /// Counts a change that its kind alone describes.
    pub(super) fn note(&mut self, kind: ChangeKind, subject: Subject<'_>) {
        if let Some(account) = &mut self.account
            && account.changes.add(kind)
        {
            account.changes.named.push(subject.change(kind));
        }
    }

    /// Counts new annotations that are not named.
    pub(super) fn note_created(&mut self, count: usize) {
        if let Some(account) = &mut self.account {
            (0..count).for_each(|_| {
                account.changes.add(ChangeKind::Created);
            });
        }
    }

    /// Counts a move or another shape.
    pub(super) fn note_place(&mut self, before: &Geometry, subject: Subject<'_>) {
        let (kind, distance_px) = match before.displacement(subject.geometry) {
            Displacement::None => return,
            Displacement::Moved { distance_px } => (ChangeKind::Moved, Some(distance_px)),
            Displacement::Reshaped { .. } => (ChangeKind::Reshaped, None),
        };
        match kind {
            ChangeKind::Moved => self.outcome.moved += 1,
            ChangeKind::Reshaped
            | ChangeKind::Created
            | ChangeKind::Relabelled
            | ChangeKind::Rekeyed
            | ChangeKind::Withdrawn => self.outcome.reshaped += 1,
        }
        let Some(account) = &mut self.account else { return };
        if let Some(px) = distance_px {
            let um = account.resolution.and_then(|(um_x, um_y)| {
                let ([ax, ay], [bx, by]) = (before.bounds()?.centre(), subject.geometry.bounds()?.centre());
                Some(((ax - bx) * um_x).hypot((ay - by) * um_y))
            });
            account.changes.add_move(px, um);
        }
        if account.changes.add(kind) {
            account.changes.named.push(Change {
                distance_px,
                ..subject.change(kind)
            });
        }
    }

    /// Counts another recorded label.
    pub(super) fn note_label(
        &mut self,
        before: Option<LabelId>,
        after: Option<LabelId>,
        subject: Subject<'_>,
    ) -> Result<(), ImportError> {
        self.outcome.relabelled += 1;
        let labels = (self.label_name(before)?, self.label_name(after)?);
        if let Some(account) = &mut self.account {
            *account.changes.relabelled.entry(labels.clone()).or_default() += 1;
            if account.changes.add(ChangeKind::Relabelled) {
                account.changes.named.push(Change {
                    labels: Some(labels),
                    ..subject.change(ChangeKind::Relabelled)
                });
            }
        }
        Ok(())
    }

    fn label_name(&self, label: Option<LabelId>) -> Result<Option<String>, ImportError> {
        let Some(label) = label else { return Ok(None) };
        let record: Option<LabelRecord> = read(&*self.recorder, &Key::label(label))?;
        Ok(Some(
            record.map_or_else(|| label.to_string(), |record| record.name),
        ))
    }
}
