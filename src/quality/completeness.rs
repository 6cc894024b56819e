//! How completely images were annotated: who searched what, what was found in later rounds only, how many objects two
//! independent searches leave unfound, and whether objects that were put there as a control were found.
//!
//! *Annotated and empty* is an image that somebody searched and that has no annotation; without a record of the search it
//! is *not annotated*. Two passes over the images; one image is held in memory at a time, and one row an image is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{State, StateError, scan_records};
use crate::id::{AnnotationId, Code, ImageId, ImagePrefix, LabelId};
use crate::model::{
    AnnotationRecord, AnnotatorKind, EntityKind, FactValue, Key, KeyParts, Radius, RatingRecord, Reach,
};

use super::finds::{Finder, Found, Object};
use super::images::{self, Area};
use super::matching::{MatchRule, match_objects};
use super::objects::ObjectError;

/// The attribute of an annotation that was put there to see who finds it.
pub const CONTROL: &str = "control";

/// What is looked at.
#[derive(Debug, Clone)]
pub struct CompletenessOptions {
    /// Annotations with this label alone; of any label where none is given.
    pub label: Option<LabelId>,
    /// Ratings and screenings of this round alone; of all rounds where none is given.
    pub round: Option<u32>,
    /// Within this radius an object is a control object that was found; without one, controls are not looked for.
    pub radius: Option<Radius>,
}

/// How an image stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It has annotations.
    Annotated,
    /// It was searched as a whole, for all labels or the one that is asked about, and nothing was there.
    Empty,
    /// It was searched in part or for some labels, and nothing was there.
    PartlyEmpty,
    /// It has no annotation, and nobody said that they searched it.
    NotAnnotated,
}

impl Standing {
    /// Returns the word for it in results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Annotated => "annotated",
            Self::Empty => "empty",
            Self::PartlyEmpty => "partly_empty",
            Self::NotAnnotated => "not_annotated",
        }
    }
}

/// An image, and who searched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRow {
    /// Which.
    pub image: ImageId,
    /// Its name.
    pub name: String,
    /// How many annotations it has.
    pub annotations: u64,
    /// How it stands.
    pub standing: Standing,
    /// Who searched it, with or without a record of that, as places in [`Completeness::raters`].
    pub searched: BTreeSet<usize>,
}

/// What one did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Images that they say they searched as a whole, for all labels or the one that is asked about.
    pub screened: u64,
    /// Images that they say they searched in part, or for some labels.
    pub screened_in_part: u64,
    /// Of both, those on which they marked nothing.
    pub empty: u64,
    /// Images on which they rated something and say nothing about a search.
    pub rated_only: u64,
    /// Objects with a label of theirs.
    pub objects: u64,
    /// Control objects where they searched that they found.
    pub controls_found: u64,
    /// Control objects where they searched that they did not find.
    pub controls_missed: u64,
}

/// How complete a version is.
#[derive(Debug, Clone, PartialEq)]
pub struct Completeness {
    /// All who can rate, by code.
    pub raters: Vec<(Code, AnnotatorKind)>,
    /// What each did, by their place.
    pub coverage: BTreeMap<usize, Coverage>,
    /// One row an image, by name.
    pub images: Vec<ImageRow>,
    /// By round, how many annotations got their first label in it.
    pub first_labelled: BTreeMap<u32, u64>,
    /// Annotations that were put there as a control.
    pub controls: u64,
}

impl Completeness {
    /// Returns how many images stand in a way.
    #[must_use]
    pub fn count(&self, standing: Standing) -> usize {
        self.images.iter().filter(|row| row.standing == standing).count()
    }

    /// Returns how many annotations were labelled first in a round after the first of all.
    #[must_use]
    pub fn found_later(&self) -> u64 {
        self.first_labelled.values().skip(1).sum()
    }
}

struct Reader<'a> {
    state: &'a dyn State,
    options: &'a CompletenessOptions,
    finder: Finder<'a>,
    found: Completeness,
}

/// Reads how complete a version is.
///
/// # Errors
/// [`ObjectError`] when the version cannot be read, or the radius does not fit an image.
pub fn read_completeness(
    state: &dyn State,
    options: &CompletenessOptions,
) -> Result<Completeness, ObjectError> {
    let raters = images::annotators(state)?;
    let places = (0..)
        .zip(&raters)
        .map(|(n, rater)| (rater.0.clone(), n))
        .collect();
    let mut all = Vec::new();
    images::scan_images(state, |id, record| {
        let reach = options.radius.map(|radius| Reach::on(radius, Some(&record)));
        all.push((id, reach, record.name));
    })?;
    let ids = all.iter().map(|one| one.0);
    let mut reader = Reader {
        state,
        options,
        finder: Finder::open(state, places, ids, options.label, options.round)?,
        found: Completeness {
            raters,
            coverage: BTreeMap::new(),
            images: Vec::new(),
            first_labelled: BTreeMap::new(),
            controls: 0,
        },
    };
    for (id, reach, name) in all {
        reader.image(id, reach, name)?;
    }
    reader.found.images.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(reader.found)
}

impl Reader<'_> {
    fn image(&mut self, id: ImageId, reach: Option<Option<Reach>>, name: String) -> Result<(), ObjectError> {
        let (labelled, annotations) = self.first_rounds(id.prefix())?;
        for round in labelled {
            *self.found.first_labelled.entry(round).or_default() += 1;
        }
        let controls = self.controls(id.prefix())?;
        self.found.controls += to_u64(controls.len());
        let screened = self.finder.screened(id.prefix());
        let found = self.finder.on(id.prefix())?;
        for (rater, of_rater) in &found {
            let coverage = self.found.coverage.entry(*rater).or_default();
            coverage.objects += to_u64(of_rater.objects.len());
            match (screened.contains(rater), &of_rater.area) {
                (false, _) => coverage.rated_only += 1,
                (true, Area::Whole) => coverage.screened += 1,
                (true, Area::Parts(_)) => coverage.screened_in_part += 1,
            }
            if screened.contains(rater) && of_rater.objects.is_empty() {
                coverage.empty += 1;
            }
            match reach {
                Some(Some(reach)) => coverage.look_for(&controls, of_rater, &reach, &name)?,
                Some(None) if !controls.is_empty() => {
                    return Err(ObjectError::NoResolution { image: name });
                }
                Some(None) | None => {}
            }
        }
        let is_whole = |rater: &usize| found.get(rater).is_some_and(|one| one.area == Area::Whole);
        let standing = match (annotations, screened.iter().any(is_whole), screened.is_empty()) {
            (1.., _, _) => Standing::Annotated,
            (0, true, _) => Standing::Empty,
            (0, false, false) => Standing::PartlyEmpty,
            (0, false, true) => Standing::NotAnnotated,
        };
        self.found.images.push(ImageRow {
            image: id,
            name,
            annotations,
            standing,
            searched: found.into_keys().collect(),
        });
        Ok(())
    }

    /// The round in which each annotation of an image got its first label, and how many annotations there are: of the
    /// label alone, where one is asked for.
    fn first_rounds(&self, image: ImagePrefix) -> Result<(Vec<u32>, u64), StateError> {
        let mut rounds: BTreeMap<AnnotationId, u32> = BTreeMap::new();
        let wanted = self.options.label;
        scan_records(
            self.state,
            &Key::on_image_prefix(EntityKind::Rating, image),
            |key, record: RatingRecord| {
                if let (Ok(KeyParts::Rating(rating)), Some(label)) = (key.parts(), record.label)
                    && wanted.is_none_or(|wanted| wanted == label)
                {
                    let first = rounds.entry(rating.annotation).or_insert(rating.round);
                    *first = rating.round.min(*first);
                }
                ControlFlow::Continue(())
            },
        )?;
        let mut annotations = 0;
        scan_records(
            self.state,
            &Key::on_image_prefix(EntityKind::Annotation, image),
            |key, record: AnnotationRecord| {
                if let Ok(KeyParts::Annotation(id)) = key.parts()
                    && wanted.is_none_or(|wanted| record.label == Some(wanted) || rounds.contains_key(&id))
                {
                    annotations += 1;
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok((rounds.into_values().collect(), annotations))
    }

    /// The objects of an image that were put there as a control.
    fn controls(&self, image: ImagePrefix) -> Result<Vec<Object>, StateError> {
        let mut controls = Vec::new();
        let wanted = self.options.label;
        scan_records(
            self.state,
            &Key::on_image_prefix(EntityKind::Annotation, image),
            |key, record: AnnotationRecord| {
                let is_control = record.attributes.get(CONTROL) == Some(&FactValue::Flag(true));
                if let (true, Ok(KeyParts::Annotation(annotation)), Some(label), Some(bounds)) =
                    (is_control, key.parts(), record.label, record.geometry.bounds())
                    && wanted.is_none_or(|wanted| wanted == label)
                {
                    controls.push(Object {
                        annotation,
                        label,
                        centre: bounds.centre(),
                        geometry: record.geometry,
                    });
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok(controls)
    }
}

impl Coverage {
    /// Counts which controls one found where they searched: one object of theirs finds one control.
    fn look_for(
        &mut self,
        controls: &[Object],
        found: &Found,
        reach: &Reach,
        image: &str,
    ) -> Result<(), ObjectError> {
        let searched = controls
            .iter()
            .filter(|control| found.area.covers(control.centre, control.label));
        let wanted: Vec<_> = searched.map(|control| control.spot(reach)).collect();
        let marked: Vec<_> = found.objects.iter().map(|object| object.spot(reach)).collect();
        let matched = match_objects(&wanted, &marked, reach.radius, MatchRule::Maximum).map_err(|_| {
            ObjectError::TooCrowded {
                image: image.to_owned(),
            }
        })?;
        self.controls_found += to_u64(matched.pairs.len());
        self.controls_missed += to_u64(wanted.len() - matched.pairs.len());
        Ok(())
    }
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
