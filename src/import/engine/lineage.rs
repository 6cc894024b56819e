//! Which lineage a file's own ids belong to. Integer ids are weak: a file joins a lineage only when most of the ids
//! that are known there agree in place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::event::{State, read, scan_records};
use crate::id::{AnnotationId, ImageId};
use crate::import::document::{SourceAnnotation, SourceId, SourcePerson};
use crate::import::format::Format;
use crate::model::{AnnotationRecord, EntityKind, ImageRecord, Key, SourceIdRecord};
use crate::repo::Transaction;
use crate::snapshot::SnapshotView;

use super::by_image::ByImage;
use super::matching::{Radius, Reach, Trust, is_near, place};
use super::run::{Run, hash};
use super::{Import, ImportError};

/// How a file's ids compare with a lineage's.
#[derive(Debug, Clone, Copy, Default)]
struct Agreement {
    /// Ids that both know.
    common: u64,
    /// Of these, those that name the same place.
    agree: u64,
    /// Of these, those on an image that the lineage's annotation is on as well.
    same_image: u64,
}

impl Agreement {
    /// When two of three ids hold their place, the others moved; when fewer do, a tool may have numbered some anew.
    fn trust(&self) -> Trust {
        if self.agree * 3 >= self.common * 2 {
            Trust::Whole
        } else {
            Trust::ByImage
        }
    }
}

/// Agreements by lineage.
type Agreements = BTreeMap<String, Agreement>;

impl Import<'_, Transaction<'_>> {
    /// Returns the lineage that the source's ids belong to, `None` when no id needs one, and how far they are believed.
    pub(super) fn lineage(
        &mut self,
        people: &[SourcePerson],
        by_image: &ByImage<'_>,
        run: &mut Run,
    ) -> Result<(Option<String>, Trust), ImportError> {
        if let Some(lineage) = &self.setting.options.lineage {
            return Ok((Some(lineage.clone()), Trust::Whole));
        }
        let any_id = by_image.has_id(|id| matches!(id, SourceId::Local(_) | SourceId::Uuid(_)))?;
        let anonymous = !people.is_empty() && !any_id;
        if !any_id && !anonymous {
            return Ok((None, Trust::ByImage));
        }
        let agreements = if any_id {
            self.agreements(by_image, run)?
        } else {
            self.agreements_by_place(by_image)?
        };
        let mut unclear = None;
        for (name, agreement) in &agreements {
            if agreement.common > 0 && agreement.agree * 2 > agreement.common {
                return Ok((Some(name.clone()), agreement.trust()));
            }
            if agreement.same_image * 2 > agreement.common {
                unclear = Some((name.clone(), *agreement));
            }
        }
        match unclear {
            Some((lineage, agreement)) if by_image.has_id(|id| matches!(id, SourceId::Local(_)))? => {
                Err(ImportError::LineageUnclear {
                    file: self.setting.file.to_owned(),
                    lineage,
                    common: agreement.common,
                    disagree: agreement.common - agreement.agree,
                })
            }
            _ => {
                let base = self.recorder.settle()?;
                let name = run.lineages(&base)?.free_name(self.setting.format);
                Ok((Some(name), Trust::ByImage))
            }
        }
    }

    /// Compares the source's ids with those of all lineages that it can belong to: image by image, then what is not known on
    /// its own image with those known on others.
    fn agreements(&mut self, by_image: &ByImage<'_>, run: &mut Run) -> Result<Agreements, ImportError> {
        let base = self.recorder.settle()?;
        if !has_aliases(&base)? {
            return Ok(Agreements::new());
        }
        let (format, radius) = (self.setting.format, self.setting.radius.radius);
        let compared: Vec<(Agreements, Vec<u64>)> = by_image
            .par_iter()
            .map(|(image, annotations)| compare(base, (format, radius), *image, &by_image.read(annotations)?))
            .collect::<Result<_, ImportError>>()?;
        let mut agreements = Agreements::new();
        let mut strangers = Vec::new();
        for (of_image, unknown) in compared {
            for (lineage, one) in of_image {
                let all = agreements.entry(lineage).or_default();
                all.common += one.common;
                all.agree += one.agree;
                all.same_image += one.same_image;
            }
            strangers.extend(unknown);
        }
        // A lineage that has nothing on these images is not joined, whatever it knows elsewhere.
        let here: Vec<String> = agreements.keys().cloned().collect();
        if here.is_empty() || strangers.is_empty() {
            return Ok(agreements);
        }
        strangers.sort_unstable();
        strangers.dedup();
        for (lineage, count) in run.lineages(&base)?.elsewhere(&base, &here, &strangers)? {
            agreements.entry(lineage).or_default().common += count;
        }
        Ok(agreements)
    }
}

impl Import<'_, Transaction<'_>> {
    /// Compares the places of a source without ids with those that lineages have ids for: whose
    /// anonymous votes they are, nothing else tells.
    fn agreements_by_place(&mut self, by_image: &ByImage<'_>) -> Result<Agreements, ImportError> {
        let base = self.recorder.settle()?;
        let format = self.setting.format;
        let compared: Vec<Agreements> = by_image
            .par_iter()
            .map(|(image, annotations)| compare_places(base, format, *image, &by_image.read(annotations)?))
            .collect::<Result<_, ImportError>>()?;
        let mut agreements = Agreements::new();
        for (lineage, one) in compared.into_iter().flatten() {
            let all = agreements.entry(lineage).or_default();
            all.common += one.common;
            all.agree += one.agree;
        }
        Ok(agreements)
    }
}

/// Counts how many of an image's annotations are just where one is that a lineage has an id for.
fn compare_places(
    base: SnapshotView<'_>,
    format: &str,
    image: ImageId,
    annotations: &[SourceAnnotation],
) -> Result<Agreements, ImportError> {
    let mut of_lineages: BTreeMap<String, BTreeSet<AnnotationId>> = BTreeMap::new();
    let prefix = Key::on_image_prefix(EntityKind::SourceId, image.prefix());
    scan_aliases(&base, &prefix, |record| {
        if !can_be_of(&record.lineage, format) {
            return;
        }
        of_lineages
            .entry(record.lineage)
            .or_default()
            .insert(record.annotation);
    })?;
    let mut agreements = Agreements::new();
    for (lineage, of_lineage) in of_lineages {
        let mut places = BTreeSet::new();
        for annotation in of_lineage {
            let record: Option<AnnotationRecord> = read(&base, &Key::annotation(annotation))?;
            places.extend(record.map(|record| place(&record.geometry)));
        }
        let agree = annotations
            .iter()
            .filter(|one| places.contains(&place(&one.geometry)))
            .count();
        let agreement = agreements.entry(lineage).or_default();
        agreement.common = u64::try_from(annotations.len()).unwrap_or(u64::MAX);
        agreement.agree = u64::try_from(agree).unwrap_or(u64::MAX);
    }
    Ok(agreements)
}

/// Compares the ids of one image's annotations with those known there; returns which are not.
fn compare(
    base: SnapshotView<'_>,
    (format, radius): (&str, Radius),
    image: ImageId,
    annotations: &[SourceAnnotation],
) -> Result<(Agreements, Vec<u64>), ImportError> {
    let mut known: HashMap<String, Vec<(String, AnnotationId)>> = HashMap::new();
    let prefix = Key::on_image_prefix(EntityKind::SourceId, image.prefix());
    scan_aliases(&base, &prefix, |record| {
        if !can_be_of(&record.lineage, format) {
            return;
        }
        known
            .entry(record.id)
            .or_default()
            .push((record.lineage, record.annotation));
    })?;
    let record: Option<ImageRecord> = read(&base, &Key::image(image))?;
    // Where the radius cannot be told in px, places agree that meet.
    let reach = Reach::on(radius, record.as_ref()).unwrap_or(Reach::NONE);
    let is_near = |record: AnnotationRecord, annotation: &SourceAnnotation| {
        is_near(&record.geometry, &annotation.geometry, &reach)
    };
    let mut agreements = Agreements::new();
    let mut strangers = Vec::new();
    for annotation in annotations {
        let Some(id) = annotation.id.as_ref().and_then(alias_text) else {
            continue;
        };
        let Some(there) = known.get(&id) else {
            strangers.push(hash(&id));
            continue;
        };
        for (lineage, there) in there {
            let record: Option<AnnotationRecord> = read(&base, &Key::annotation(*there))?;
            let agreement = agreements.entry(lineage.clone()).or_default();
            agreement.common += 1;
            agreement.same_image += 1;
            agreement.agree += u64::from(record.is_some_and(|record| is_near(record, annotation)));
        }
    }
    Ok((agreements, strangers))
}

/// Whether any lineage has an id. Ids that are new to a repository without are not compared with anything.
fn has_aliases(state: &dyn State) -> Result<bool, ImportError> {
    let mut has_any = false;
    state.scan(&Key::kind_prefix(EntityKind::SourceId), &mut |_, _| {
        has_any = true;
        ControlFlow::Break(())
    })?;
    Ok(has_any)
}

/// Whether a lineage can be that of a file of this format: one that begins with the word of another format cannot, one that
/// somebody named otherwise can.
pub(super) fn can_be_of(lineage: &str, format: &str) -> bool {
    match lineage.split_once('-') {
        Some((word, _)) => word == format || Format::parse(word).is_none(),
        None => true,
    }
}

/// Calls `each` for every alias.
pub(super) fn scan_aliases(
    state: &dyn State,
    prefix: &[u8],
    mut each: impl FnMut(SourceIdRecord),
) -> Result<(), ImportError> {
    scan_records(state, prefix, |_, record: SourceIdRecord| {
        each(record);
        ControlFlow::Continue(())
    })?;
    Ok(())
}

/// The text under which an id stands in an alias record.
pub(super) fn alias_text(id: &SourceId) -> Option<String> {
    match id {
        SourceId::Uuid(bytes) => Some(uuid::Uuid::from_bytes(*bytes).to_string()),
        SourceId::Local(text) => Some(text.clone()),
        SourceId::Holotype(_) => None,
    }
}
