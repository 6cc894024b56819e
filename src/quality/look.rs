//! Which annotations to look at first: those whose raters dispute, those with another label than what lies at nearly the same
//! place, and those that were moved often.
//!
//! The score is the sum of three numbers from 0 to 1: the share of raters who do not say what most say, the share of
//! neighbours with another agreed label, and the number of moves by five (five and more are 1). It ranks; it measures nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::event::{State, scan_records};
use crate::id::{AnnotationId, ImageId, ImagePrefix, LabelId};
use crate::model::geometry::{Plane, Position, whole_to_float};
use crate::model::{AnnotationRecord, EntityKind, Key, KeyParts, Radius, Reach};

use super::images;
use super::noise::Agreed;
use super::objects::ObjectError;
use super::statistic::ratio;

/// So many moves count as much as a label that nobody else gave.
const MOVES_MAX: u64 = 5;

/// What is ranked.
#[derive(Debug, Clone)]
pub struct LookOptions {
    /// Within this radius two annotations are neighbours.
    pub radius: Radius,
    /// So many are returned.
    pub limit: usize,
    /// On these images alone; on all where none is given.
    pub images: Option<BTreeSet<ImagePrefix>>,
}

/// An annotation to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Which.
    pub annotation: AnnotationId,
    /// The name of its image.
    pub image: String,
    /// Its agreed label.
    pub label: Option<LabelId>,
    /// How many rated it.
    pub raters: u64,
    /// How many of them do not say what most say.
    pub disputing: u64,
    /// How many annotations lie within the radius, on the same plane.
    pub neighbours: u64,
    /// How many of them have another agreed label.
    pub differing_neighbours: u64,
    /// How often it was moved or reshaped.
    pub moves: u64,
    /// The sum that ranks it.
    pub score: f64,
}

/// Ranks the annotations of a version; `moves` tells how often each was moved or reshaped. What has no reason to be looked
/// at is left out.
///
/// # Errors
/// [`ObjectError`] when the version cannot be read, or the radius does not fit an image.
pub fn look_first(
    state: &dyn State,
    moves: &BTreeMap<AnnotationId, u64>,
    options: &LookOptions,
) -> Result<Vec<Look>, ObjectError> {
    let agreed = Agreed::open(state)?;
    let mut all = Vec::new();
    images::scan_images(state, |id, record| {
        let is_wanted = options
            .images
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&id.prefix()));
        if is_wanted {
            all.push((id, Reach::on(options.radius, Some(&record)), record.name));
        }
    })?;
    let mut ranked: Vec<Look> = Vec::new();
    for (id, reach, name) in all {
        let places = places(state, id)?;
        if places.is_empty() {
            continue;
        }
        let Some(reach) = reach else {
            return Err(ObjectError::NoResolution { image: name });
        };
        let labels = agreed.on(state, id.prefix())?;
        let opinions = images::opinions(state, id.prefix(), None)?;
        let neighbours = neighbours(&places, &labels, &reach);
        for (place, (near, differing)) in places.iter().zip(neighbours) {
            let given: Vec<LabelId> = opinions
                .get(&place.annotation)
                .map(|given| given.values().copied().collect())
                .unwrap_or_default();
            ranked.push(Look::of(
                place.annotation,
                &name,
                labels.get(&place.annotation).copied().flatten(),
                &given,
                [near, differing],
                moves.get(&place.annotation).copied().unwrap_or(0),
            ));
        }
        ranked.retain(|look| look.score > 0.0);
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.annotation.cmp(&b.annotation)));
        ranked.truncate(options.limit);
    }
    Ok(ranked)
}

impl Look {
    fn of(
        annotation: AnnotationId,
        image: &str,
        label: Option<LabelId>,
        given: &[LabelId],
        [neighbours, differing_neighbours]: [u64; 2],
        moves: u64,
    ) -> Self {
        let mut votes: BTreeMap<LabelId, u64> = BTreeMap::new();
        for label in given {
            *votes.entry(*label).or_default() += 1;
        }
        let raters: u64 = votes.values().sum();
        let disputing = raters - votes.values().copied().max().unwrap_or(0);
        let share = |part, whole| ratio(part, whole).unwrap_or(0.0);
        Self {
            annotation,
            image: image.to_owned(),
            label,
            raters,
            disputing,
            neighbours,
            differing_neighbours,
            moves,
            score: share(disputing, raters)
                + share(differing_neighbours, neighbours)
                + whole_to_float(moves.min(MOVES_MAX)) / whole_to_float(MOVES_MAX),
        }
    }
}

struct Place {
    annotation: AnnotationId,
    centre: Option<Position>,
    plane: Plane,
}

fn places(state: &dyn State, image: ImageId) -> Result<Vec<Place>, ObjectError> {
    let mut places = Vec::new();
    scan_records(
        state,
        &Key::on_image_prefix(EntityKind::Annotation, image.prefix()),
        |key, record: AnnotationRecord| {
            if let Ok(KeyParts::Annotation(annotation)) = key.parts() {
                places.push(Place {
                    annotation,
                    centre: record.geometry.bounds().map(|bounds| bounds.centre()),
                    plane: record.geometry.plane.unwrap_or_default(),
                });
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(places)
}

/// For each place, how many others lie within the radius, and how many of these have another label.
fn neighbours(
    places: &[Place],
    labels: &BTreeMap<AnnotationId, Option<LabelId>>,
    reach: &Reach,
) -> Vec<(u64, u64)> {
    let label = |place: &Place| labels.get(&place.annotation).copied().flatten();
    let points = places.iter().enumerate().filter_map(|(n, place)| {
        let centre = place.centre?;
        Some(GeomWithData::new(reach.position(centre), n))
    });
    let tree = RTree::bulk_load(points.collect());
    let of_place = |(n, place): (usize, &Place)| {
        let Some(centre) = place.centre else {
            return (0, 0);
        };
        let within = tree.locate_within_distance(reach.position(centre), reach.radius * reach.radius);
        within.fold((0, 0), |(near, differing), found| {
            let other = places.get(found.data).filter(|other| other.plane == place.plane);
            match other.filter(|_| found.data != n) {
                Some(other) => (near + 1, differing + u64::from(label(other) != label(place))),
                None => (near, differing),
            }
        })
    };
    places.iter().enumerate().map(of_place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disputes_neighbours_and_moves_add_up() {
        let annotation = AnnotationId::from_bytes([7; 24]);
        let (a, b) = (LabelId::of_name("a", 0), LabelId::of_name("b", 0));
        let score =
            |given: &[LabelId], near, moves| Look::of(annotation, "i", Some(a), given, near, moves).score;
        assert_eq!(score(&[], [0, 0], 0), 0.0);
        assert_eq!(score(&[a, a], [2, 0], 0), 0.0);
        assert_eq!(score(&[a, b], [0, 0], 0), 0.5);
        assert_eq!(score(&[a], [4, 1], 0), 0.25);
        assert_eq!(score(&[a], [0, 0], 9), 1.0);
        assert!((score(&[a, a, b], [1, 1], 1) - (1.0 / 3.0 + 1.2)).abs() < 1e-12);
    }

    #[test]
    fn only_others_of_the_same_plane_within_the_radius_are_neighbours() {
        let place = |n: u8, x: f64, z: u32| Place {
            annotation: AnnotationId::from_bytes([n; 24]),
            centre: Some([x, 0.0]),
            plane: Plane {
                z,
                ..Plane::default()
            },
        };
        let places = [
            place(0, 0.0, 0),
            place(1, 3.0, 0),
            place(2, 0.0, 1),
            place(3, 9.0, 0),
        ];
        let label = |name: &str| Some(LabelId::of_name(name, 0));
        let labels = BTreeMap::from([
            (places[0].annotation, label("a")),
            (places[1].annotation, label("b")),
            (places[2].annotation, label("b")),
            (places[3].annotation, label("a")),
        ]);
        let reach = Reach {
            radius: 5.0,
            scale: [1.0, 1.0],
        };
        assert_eq!(
            neighbours(&places, &labels, &reach),
            [(1, 1), (1, 1), (0, 0), (0, 0)]
        );
    }
}
