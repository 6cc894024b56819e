//! Measures how long it takes to match what two people marked in one image, by how many objects there are and how
//! close they stand:
//!
//! ```sh
//! cargo run --release --example measure_matching -- 10000 30000 100000
//! ```
//!
//! Each object is marked by both with a few px of difference, and a tenth is missed by each. *Near* is how many other
//! objects lie within the radius of one, on average.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use std::error::Error;
use std::time::Instant;

use holotype::model::geometry::{Plane, whole_to_float};
use holotype::quality::bootstrap::Draws;
use holotype::quality::matching::{MatchRule, Spot, match_objects};

/// Half of the 50 px box that is customary around a mitotic figure.
const RADIUS_PX: f64 = 25.0;
/// How close objects stand.
const NEAR: [f64; 3] = [0.02, 0.5, 3.0];
const RULES: [MatchRule; 3] = [MatchRule::Maximum, MatchRule::Greedy, MatchRule::AnyHit];

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let sizes: Result<Vec<u32>, _> = words.iter().map(|word| word.parse()).collect();
    println!("| objects | near | rule | matched | ms | µs an object |");
    println!("|---|---|---|---|---|---|");
    for near in NEAR {
        for count in sizes.as_ref().map_err(Clone::clone)? {
            let [a, b] = screened(*count, near);
            for rule in RULES {
                let began = Instant::now();
                let matched = match_objects(&a, &b, RADIUS_PX, rule)?;
                let seconds = began.elapsed().as_secs_f64();
                println!(
                    "| {count} | {near} | {} | {} | {:.0} | {:.1} |",
                    rule.as_str(),
                    matched.pairs.len(),
                    1e3 * seconds,
                    1e6 * seconds / f64::from(*count)
                );
            }
        }
    }
    Ok(())
}

/// What two people marked.
fn screened(count: u32, near: f64) -> [Vec<Spot>; 2] {
    let area = f64::from(count) * std::f64::consts::PI * RADIUS_PX * RADIUS_PX / near;
    let mut draws = Draws::new(1);
    let mut below = |bound: u64| whole_to_float(draws.below(bound));
    // A tenth of a px is fine enough.
    let tenths = holotype::model::geometry::float_to_whole((10.0 * area.sqrt()).floor()).unwrap_or(1);
    let mut both = [Vec::new(), Vec::new()];
    for _ in 0..count {
        let [x, y] = [below(tenths) / 10.0, below(tenths) / 10.0];
        for marked in &mut both {
            if below(10) > 0.0 {
                marked.push(Spot {
                    position: [x + below(9), y + below(9)],
                    plane: Plane::default(),
                });
            }
        }
    }
    both
}
