use proptest::prelude::*;

use super::*;
use crate::quality::bootstrap::Draws;

fn spot(x: f64, y: f64) -> Spot {
    Spot {
        position: [x, y],
        plane: Plane::default(),
    }
}

/// Most pairs, and the least sum of rounded distances for them, by trying everything.
fn best(a: &[Spot], b: &[Spot], radius: f64, taken: &mut Vec<usize>) -> (usize, f64) {
    let Some((first, rest)) = a.split_first() else {
        return (0, 0.0);
    };
    let mut best_so_far = best(rest, b, radius, taken);
    for (n, other) in b.iter().enumerate() {
        let apart = square(first.position, other.position);
        if apart > radius * radius || first.plane != other.plane || taken.contains(&n) {
            continue;
        }
        taken.push(n);
        let (pairs, sum) = best(rest, b, radius, taken);
        taken.pop();
        let found = (pairs + 1, sum + (apart.sqrt() / radius * PARTS).round());
        if found.0 > best_so_far.0 || found.0 == best_so_far.0 && found.1 < best_so_far.1 {
            best_so_far = found;
        }
    }
    best_so_far
}

fn sum(a: &[Spot], b: &[Spot], radius: f64, matched: &Matched) -> f64 {
    let apart = |(n, m): &(usize, usize)| square(a[*n].position, b[*m].position).sqrt();
    matched
        .pairs
        .iter()
        .map(|pair| (apart(pair) / radius * PARTS).round())
        .sum()
}

fn spots() -> impl Strategy<Value = Vec<Spot>> {
    let one = (0_u8..12, 0_u8..12, 0_u32..8).prop_map(|(x, y, z)| Spot {
        position: [f64::from(x), f64::from(y)],
        plane: Plane {
            z: z / 7,
            ..Plane::default()
        },
    });
    prop::collection::vec(one, 0..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn no_matching_has_more_pairs_or_shorter_ones(a in spots(), b in spots(), radius in 1_u8..8) {
        let radius = f64::from(radius);
        let found = match_objects(&a, &b, radius, MatchRule::Maximum).unwrap();
        let (pairs, least) = best(&a, &b, radius, &mut Vec::new());
        prop_assert_eq!(found.pairs.len(), pairs);
        prop_assert_eq!(sum(&a, &b, radius, &found), least);
    }

    #[test]
    fn pairs_are_one_to_one_near_and_of_one_plane(a in spots(), b in spots(), radius in 0_u8..8) {
        for rule in [MatchRule::Maximum, MatchRule::Greedy] {
            let radius = f64::from(radius);
            let found = match_objects(&a, &b, radius, rule).unwrap();
            for side in [found.pairs.iter().map(|pair| pair.0).collect::<Vec<_>>(),
                         found.pairs.iter().map(|pair| pair.1).collect()] {
                let mut once = side.clone();
                once.sort_unstable();
                once.dedup();
                prop_assert_eq!(once.len(), side.len());
            }
            for (n, m) in &found.pairs {
                prop_assert!(square(a[*n].position, b[*m].position) <= radius * radius);
                prop_assert_eq!(a[*n].plane, b[*m].plane);
            }
            let count = u64::try_from(found.pairs.len()).unwrap();
            prop_assert_eq!(found.hits, [count, count]);
        }
    }

    #[test]
    fn rules_stand_in_their_order(a in spots(), b in spots(), radius in 0_u8..8) {
        let radius = f64::from(radius);
        let [greedy, maximum, any] = [MatchRule::Greedy, MatchRule::Maximum, MatchRule::AnyHit]
            .map(|rule| match_objects(&a, &b, radius, rule).unwrap().hits);
        prop_assert!(greedy[0] <= maximum[0] && 2 * greedy[0] >= maximum[0]);
        prop_assert!(maximum[0] <= any[0].min(any[1]));
        let back = match_objects(&b, &a, radius, MatchRule::AnyHit).unwrap().hits;
        prop_assert_eq!([back[1], back[0]], any);
        let back = match_objects(&b, &a, radius, MatchRule::Maximum).unwrap().hits;
        prop_assert_eq!(back, maximum);
    }
}

#[test]
fn the_rules_differ_where_objects_stand_close() {
    // The nearest pair leaves the two outer ones alone.
    let (a, b) = ([spot(0.0, 0.0), spot(5.0, 0.0)], [spot(4.0, 0.0), spot(9.0, 0.0)]);
    let matched = |rule| match_objects(&a, &b, 4.5, rule).unwrap();
    assert_eq!(matched(MatchRule::Maximum).pairs, [(0, 0), (1, 1)]);
    assert_eq!(matched(MatchRule::Greedy).pairs, [(1, 0)]);
    assert_eq!(matched(MatchRule::AnyHit).hits, [2, 2]);
    // One hits many.
    let many = [spot(1.0, 0.0), spot(0.0, 1.0), spot(-1.0, 0.0)];
    let one = match_objects(&[spot(0.0, 0.0)], &many, 1.0, MatchRule::AnyHit).unwrap();
    assert_eq!(one.hits, [1, 3]);
}

#[test]
fn what_is_just_within_the_radius_is_matched() {
    let matched =
        |x: f64| match_objects(&[spot(0.0, 0.0)], &[spot(x, 0.0)], 25.0, MatchRule::Maximum).unwrap();
    assert_eq!(matched(25.0).pairs, [(0, 0)]);
    assert_eq!(matched(25.000_001).pairs, []);
    assert_eq!(
        match_objects(&[spot(1.0, 1.0)], &[spot(1.0, 1.0)], 0.0, MatchRule::Maximum)
            .unwrap()
            .pairs,
        [(0, 0)],
        "equal places need no radius"
    );
}

/// `count` objects of a truth, each marked by two people with a few px of difference, and a tenth missed by each.
fn screened(count: u64, seed: u64, side: u64) -> [Vec<Spot>; 2] {
    let mut draws = Draws::new(seed);
    let mut both = [Vec::new(), Vec::new()];
    for _ in 0..count {
        let [x, y] = [draws.below(side), draws.below(side)].map(whole_to_float);
        for marked in &mut both {
            if draws.below(10) > 0 {
                let [dx, dy] = [draws.below(9), draws.below(9)].map(whole_to_float);
                marked.push(spot(x + dx, y + dy));
            }
        }
    }
    both
}

#[test]
fn the_work_for_many_objects_grows_as_they_do() {
    // The same density: ten times the objects in ten times the area.
    for (count, side) in [(2_000, 4_500), (20_000, 14_230)] {
        let [a, b] = screened(count, 5, side);
        let candidates = candidates(&a, &b, 25.0, PAIRS_MAX).unwrap();
        let mut rows: Vec<Vec<Edge>> = vec![Vec::new(); a.len()];
        for one in &candidates {
            rows[one.a].push(Edge {
                column: one.b,
                cost: 1,
            });
        }
        let mut work = 100 * u64::try_from(candidates.len()).unwrap();
        assert!(assign(&rows, b.len(), 1 << 40, &mut work).is_some(), "{count}");
    }
}

#[test]
fn a_radius_that_takes_everything_is_refused() {
    let all: Vec<Spot> = (0..100).map(|n| spot(whole_to_float(n), 0.0)).collect();
    assert_eq!(candidates(&all, &all, 1e9, 9_999).err(), Some(TooCrowded));
    let found = candidates(&all, &all, 1e9, 10_000).unwrap();
    assert_eq!(found.len(), 10_000);
}
