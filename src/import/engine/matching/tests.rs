//! Laws of matching: nothing costs less than what is found, the order of a source does not matter, work grows with the
//! number of annotations and not with that of pairs.

use proptest::prelude::*;

use super::near::Place;
use super::pairs::{Class, Pair, Paired, pair};
use super::*;
use super::{Radius, Reach};
use crate::model::Shape;

fn reach(radius: f64) -> Reach {
    Reach::on(Radius::parse(&radius.to_string()).unwrap(), None).unwrap()
}

fn class(geometry: &Geometry, label: u8, count: usize) -> Class<'_> {
    Class {
        place: Place::of(geometry).unwrap(),
        label: Some(LabelId::of_name("label", u32::from(label))),
        count,
    }
}

fn paired(new: &[(Geometry, u8)], known: &[(Geometry, u8)], radius: f64) -> Paired {
    let classes = |all: &'_ [(Geometry, u8)]| -> Vec<(usize, Geometry, u8)> {
        all.iter()
            .enumerate()
            .map(|(n, (geometry, label))| (n, geometry.clone(), *label))
            .collect()
    };
    let (new, known) = (classes(new), classes(known));
    let new: Vec<Class<'_>> = new
        .iter()
        .map(|(_, geometry, label)| class(geometry, *label, 1))
        .collect();
    let known: Vec<Class<'_>> = known
        .iter()
        .map(|(_, geometry, label)| class(geometry, *label, 1))
        .collect();
    pair(&new, &known, &reach(radius))
}

/// What a pairing costs, in radii; a pair that is not made costs one.
fn price(new: &[(Geometry, u8)], known: &[(Geometry, u8)], pairs: &[(usize, usize)], radius: f64) -> f64 {
    let cost = |(n, k): &(usize, usize)| unlike(&new[*n], &known[*k], radius).expect("a possible pair");
    let most = new.len().min(known.len());
    let made: f64 = pairs.iter().map(cost).sum();
    made + f64::from(u32::try_from(most).unwrap() - u32::try_from(pairs.len()).unwrap())
}

fn unlike(new: &(Geometry, u8), known: &(Geometry, u8), radius: f64) -> Option<f64> {
    let (a, b) = (Place::of(&new.0).unwrap(), Place::of(&known.0).unwrap());
    let unlike = a.unlikeness(&b, &reach(radius))?;
    Some(unlike * 0.875 + if new.1 == known.1 { 0.0 } else { 0.125 })
}

fn least(
    new: &[(Geometry, u8)],
    known: &[(Geometry, u8)],
    radius: f64,
    pairs: &mut Vec<(usize, usize)>,
    at: usize,
) -> f64 {
    if at == new.len() {
        return price(new, known, pairs, radius);
    }
    let mut best = least(new, known, radius, pairs, at + 1);
    for k in 0..known.len() {
        let free = pairs.iter().all(|(_, taken)| *taken != k);
        if free && unlike(&new[at], &known[k], radius).is_some() {
            pairs.push((at, k));
            best = best.min(least(new, known, radius, pairs, at + 1));
            pairs.pop();
        }
    }
    best
}

fn spot() -> impl Strategy<Value = (Geometry, u8)> {
    (0_u8..40, 0_u8..40, 0_u8..4, 0_u8..2).prop_map(|(x, y, kind, label)| {
        let (x, y) = (f64::from(x), f64::from(y));
        let geometry = match kind {
            0 | 1 => Geometry::point(x, y),
            2 => Geometry::rectangle(x, y, 10.0, 10.0),
            _ => Geometry::new(Shape::Polygon {
                rings: vec![vec![[x, y], [x + 12.0, y], [x + 12.0, y + 9.0], [x, y + 9.0]]],
            }),
        };
        (geometry, label)
    })
}

fn some() -> impl Strategy<Value = Vec<(Geometry, u8)>> {
    prop::collection::vec(spot(), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn no_pairing_costs_less(new in some(), known in some()) {
        let found = paired(&new, &known, 12.0);
        let pairs: Vec<(usize, usize)> = found.pairs.iter().map(|pair| (pair.new, pair.known)).collect();
        let cost = price(&new, &known, &pairs, 12.0);
        let least = least(&new, &known, 12.0, &mut Vec::new(), 0);
        prop_assert!((cost - least).abs() < 1e-4, "{cost} where {least} is possible");
        prop_assert_eq!(found.nearest_first + found.crowded, 0);
    }
}

/// Numbers that look random, the same every time.
struct Lots(u64);

impl Lots {
    fn next(&mut self, below: u32) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 33).unwrap() % (below * 8)) / 8.0
    }
}

/// Geometries, each with the number of its label.
type Labelled = Vec<(Geometry, u8)>;

/// So many points at random in a square of that side, and each moved by up to 8 px in x and y.
fn moved_points(count: usize, side: u32) -> (Labelled, Labelled) {
    let mut lots = Lots(7);
    let points: Vec<[f64; 2]> = (0..count).map(|_| [lots.next(side), lots.next(side)]).collect();
    let moved: Vec<(Geometry, u8)> = points
        .iter()
        .map(|[x, y]| (Geometry::point(x + lots.next(8), y + lots.next(8)), 0))
        .collect();
    (
        points.iter().map(|[x, y]| (Geometry::point(*x, *y), 0)).collect(),
        moved,
    )
}

#[test]
fn work_grows_with_the_annotations_and_not_with_their_pairs() {
    // The same density: so many that within the radius nearly all are connected with each other.
    let work = |count: usize, side: u32| {
        let (known, new) = moved_points(count, side);
        let found = paired(&new, &known, 25.0);
        assert_eq!(
            (found.nearest_first, found.crowded),
            (0, 0),
            "{count} are solved to the optimum"
        );
        let pairs: usize = found.pairs.iter().map(|pair| pair.count).sum();
        assert!(pairs * 100 >= count * 95, "{pairs} of {count}");
        found.work
    };
    let (small, large) = (work(5_000, 2_000), work(20_000, 4_000));
    assert!(
        large < small * 5,
        "four times as many took {large} looks, {small} before"
    );
}

#[test]
fn a_hundred_thousand_points_are_matched_with_a_hundred_thousand() {
    let (known, new) = moved_points(100_000, 12_000);
    let found = paired(&new, &known, 25.0);
    let right = found.pairs.iter().filter(|pair| pair.new == pair.known).count();
    assert!(
        found.pairs.len() >= 99_900 && right >= 97_000,
        "{} pairs, {right} right",
        found.pairs.len()
    );
    assert!(found.work < 20_000_000, "{} looks", found.work);
    assert_eq!(found.nearest_first, 0);
}

#[test]
fn ten_thousand_identical_points_are_one_pair() {
    let (here, there) = (Geometry::point(5.0, 5.0), Geometry::point(8.0, 5.0));
    let found = pair(
        &[class(&there, 0, 9_000)],
        &[class(&here, 0, 10_000)],
        &reach(25.0),
    );
    assert_eq!(
        found.pairs,
        [Pair {
            new: 0,
            known: 0,
            count: 9_000
        }]
    );
    assert!(found.work < 10, "{}", found.work);
}

#[test]
fn a_cluster_too_dense_to_weigh_is_matched_nearest_first_and_told() {
    let mut lots = Lots(3);
    let mut cluster = |count: usize| -> Vec<(Geometry, u8)> {
        (0..count)
            .map(|_| (Geometry::point(lots.next(20), lots.next(20)), 0))
            .collect()
    };
    let (known, new) = (cluster(4_000), cluster(4_000));
    let found = paired(&new, &known, 25.0);
    assert!(found.crowded > 0, "it is told");
    let mut taken: Vec<usize> = found.pairs.iter().map(|pair| pair.known).collect();
    taken.sort_unstable();
    let count = taken.len();
    taken.dedup();
    assert_eq!(taken.len(), count, "one to one");
    assert!(count > 3_000, "{count}");
    assert!(found.work < 40_000_000, "{}", found.work);
}

fn annotation(geometry: Geometry, id: Option<SourceId>) -> SourceAnnotation {
    SourceAnnotation {
        image: 0,
        geometry,
        label: None,
        id,
        ratings: Vec::new(),
        attributes: BTreeMap::new(),
    }
}

fn local(id: &str) -> Option<SourceId> {
    Some(SourceId::Local(id.to_owned()))
}

/// Known points, each as `id` at `x`.
fn known(image: ImageId, points: &[(&str, f64)]) -> (Known, BTreeMap<AnnotationId, String>) {
    let mut known = Known::default();
    let mut names = BTreeMap::new();
    for (name, x) in points {
        let id = AnnotationId::from_source(&image, "l", name);
        known
            .records
            .insert(id, AnnotationRecord::empty(Geometry::point(*x, 0.0)));
        known.aliases.insert((*name).to_owned(), id);
        known.free.insert(id);
        names.insert(id, (*name).to_owned());
    }
    (known, names)
}

/// Which known point each of the source's is.
fn partners(points: &[(&str, f64)], source: &[(&str, f64)], trust: Trust) -> Vec<String> {
    let image = ImageId::of_name("i");
    let (mut known, names) = known(image, points);
    let annotations: Vec<SourceAnnotation> = source
        .iter()
        .map(|(id, x)| annotation(Geometry::point(*x, 0.0), local(id)))
        .collect();
    let labels = vec![None; annotations.len()];
    let matched = Matching::new(image, &annotations, labels, &mut known, reach(25.0)).run(trust);
    let name = |id: Option<AnnotationId>| id.map_or_else(|| "-".to_owned(), |id| names[&id].clone());
    matched.partners.into_iter().map(name).collect()
}

#[test]
fn a_weak_id_that_is_elsewhere_needs_that_others_hold() {
    let before = [("1", 0.0), ("2", 100.0), ("3", 200.0)];
    let one_far = [("1", 0.0), ("2", 100.0), ("3", 900.0)];
    assert_eq!(partners(&before, &one_far, Trust::ByImage), ["1", "2", "3"]);
    let shuffled = [("1", 500.0), ("2", 600.0), ("3", 700.0)];
    assert_eq!(partners(&before, &shuffled, Trust::ByImage), ["-", "-", "-"]);
    assert_eq!(partners(&before, &shuffled, Trust::Whole), ["1", "2", "3"]);
}

#[test]
fn ids_that_a_tool_numbered_anew_do_not_beat_equal_places() {
    let before = [("1", 0.0), ("2", 10.0), ("3", 20.0), ("4", 400.0)];
    let after = [("1", 10.0), ("2", 20.0), ("3", 400.0)];
    assert_eq!(partners(&before, &after, Trust::Whole), ["2", "3", "4"]);
}

#[test]
fn a_small_move_is_found_without_an_id() {
    let before = [("1", 0.0), ("2", 10.0), ("3", 200.0)];
    let after = [("x", 12.0), ("y", 3.0), ("z", 226.0)];
    assert_eq!(
        partners(&before, &after, Trust::ByImage),
        ["2", "1", "-"],
        "26 px is too far"
    );
}

#[test]
fn boxes_of_other_sizes_and_other_planes_are_not_the_same() {
    let radius = reach(25.0);
    let unlike =
        |a: &Geometry, b: &Geometry| Place::of(a).unwrap().unlikeness(&Place::of(b).unwrap(), &radius);
    let small = Geometry::rectangle(0.0, 0.0, 20.0, 20.0);
    assert!(unlike(&small, &Geometry::rectangle(5.0, 0.0, 30.0, 20.0)).is_some());
    assert_eq!(
        unlike(&small, &Geometry::rectangle(-200.0, -200.0, 420.0, 420.0)),
        None
    );
    let mut deeper = small.clone();
    deeper.plane = Some(crate::model::geometry::Plane { c: 0, t: 0, z: 1 });
    assert_eq!(unlike(&small, &deeper), None);
    let ring = |x: f64, size: f64| {
        Geometry::new(Shape::Polygon {
            rings: vec![vec![[x, 0.0], [x + size, 0.0], [x + size, size], [x, size]]],
        })
    };
    assert_eq!(unlike(&ring(0.0, 10.0), &ring(0.0, 10.0)), Some(0.0));
    assert!(
        unlike(&ring(0.0, 8.0), &ring(20.0, 8.0)).is_some(),
        "the same outline, moved"
    );
    assert_eq!(
        unlike(&ring(0.0, 8.0), &ring(20.0, 9.0)),
        None,
        "neither overlap nor outline"
    );
    assert_eq!(
        unlike(&ring(0.0, 8.0), &small),
        None,
        "a box and an area go by overlap"
    );
    let line = Geometry::new(Shape::Polyline {
        points: vec![[0.0, 0.0], [100.0, 0.0]],
    });
    assert_eq!(unlike(&line, &small), None);
}
