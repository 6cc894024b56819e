//! How often each annotator gave which label, over time: one panel an annotator, one line a label.

use std::collections::BTreeMap;

use crate::model::geometry::whole_to_float;
use crate::quality::statistic::ratio;
use crate::time::Timestamp;

use super::svg::{Anchor, GREY, INK, PALE, Svg, TEXT, shortened, text_width};

const DAY_MS: i64 = 86_400_000;
/// At most so many stretches of time are drawn.
const BINS: i64 = 24;
const LEFT: f64 = 56.0;
const TOP: f64 = 64.0;
const WIDTH: f64 = 560.0;
const PANEL: f64 = 110.0;
const GAP: f64 = 58.0;

/// What one annotator said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RatePanel {
    /// Who.
    pub annotator: String,
    /// By day (since 1970-01-01, UTC), how often each label was given; labels by their place.
    pub days: BTreeMap<i64, BTreeMap<usize, u64>>,
}

fn small(n: i64) -> f64 {
    let whole = u64::try_from(n.abs()).map_or(0.0, whole_to_float);
    if n < 0 { -whole } else { whole }
}

fn day(n: i64) -> String {
    let time = n.checked_mul(DAY_MS).and_then(Timestamp::from_unix_ms);
    time.map_or_else(String::new, |time| time.to_day())
}

/// The days of all panels: the first, and how many make one stretch.
fn stretch(panels: &[RatePanel]) -> Option<(i64, i64, i64)> {
    let days = || panels.iter().flat_map(|panel| panel.days.keys().copied());
    let (first, last) = (days().min()?, days().max()?);
    Some((first, last, ((last - first) / BINS).saturating_add(1)))
}

/// Returns the figure: the share of each label among what an annotator said in each stretch of time. Nothing where nobody
/// said anything.
#[must_use]
pub fn rates(labels: &[&str], panels: &[RatePanel]) -> Option<String> {
    let (first, last, length) = stretch(panels)?;
    let title = format!("labels by annotator, {} to {}", day(first), day(last));
    let count = |n: usize| whole_to_float(u64::try_from(n).unwrap_or(u64::MAX));
    let height = TOP + (PANEL + GAP) * count(panels.len()) + 10.0;
    let mut svg = Svg::new(LEFT + WIDTH + 30.0, height, &title);
    svg.text_as([20.0, 26.0], Anchor::Start, TEXT + 2.0, INK, &title);
    let used: Vec<usize> = (0..labels.len())
        .filter(|label| {
            let mut days = panels.iter().flat_map(|panel| panel.days.values());
            days.any(|given| given.contains_key(label))
        })
        .collect();
    let mut x = 20.0;
    for label in &used {
        let name = shortened(labels.get(*label).copied().unwrap_or(""), 150.0, TEXT);
        if x + text_width(&name, TEXT) > LEFT + WIDTH {
            break;
        }
        svg.rect([x, 38.0], [12.0, 12.0], super::colour(*label));
        svg.text([x + 17.0, 49.0], Anchor::Start, &name);
        x += text_width(&name, TEXT) + 36.0;
    }
    let bins = (last - first) / length;
    for (n, panel) in panels.iter().enumerate() {
        let top = TOP + (PANEL + GAP) * count(n) + 20.0;
        let at = |bin: i64| LEFT + 12.0 + (WIDTH - 24.0) * (small(bin) + 0.5) / (small(bins) + 1.0);
        frame(&mut svg, panel, top);
        if bins == 0 {
            svg.text([at(0), top + PANEL + 17.0], Anchor::Middle, &day(first));
        } else {
            svg.text([LEFT, top + PANEL + 17.0], Anchor::Start, &day(first));
            svg.text([LEFT + WIDTH, top + PANEL + 17.0], Anchor::End, &day(last));
        }
        let binned = binned(panel, first, length);
        for label in &used {
            let points: Vec<[f64; 2]> = binned
                .iter()
                .map(|(bin, given)| {
                    let share = ratio(given.get(label).copied().unwrap_or(0), given.values().sum());
                    [at(*bin), top + PANEL * (1.0 - share.unwrap_or(0.0))]
                })
                .collect();
            if points.len() > 1 {
                svg.polyline(&points, super::colour(*label));
            }
            for point in points {
                svg.circle(point, 3.0, super::colour(*label));
            }
        }
    }
    Some(svg.finish())
}

fn frame(svg: &mut Svg, panel: &RatePanel, top: f64) {
    let said: u64 = panel.days.values().flat_map(BTreeMap::values).sum();
    let name = format!("{}: {said} ratings", panel.annotator);
    svg.text([LEFT, top - 8.0], Anchor::Start, &name);
    for (share, text) in [(0.0, "0 %"), (0.5, "50 %"), (1.0, "100 %")] {
        let y = top + PANEL * (1.0 - share);
        let colour = if share == 0.0 { GREY } else { PALE };
        svg.line([LEFT, y], [LEFT + WIDTH, y], colour, 1.0);
        svg.text([LEFT - 8.0, y + 4.0], Anchor::End, text);
    }
}

/// What was said, by stretch of time.
fn binned(panel: &RatePanel, first: i64, length: i64) -> BTreeMap<i64, BTreeMap<usize, u64>> {
    let mut bins: BTreeMap<i64, BTreeMap<usize, u64>> = BTreeMap::new();
    for (day, given) in &panel.days {
        let bin = bins.entry((day - first) / length.max(1)).or_default();
        for (label, times) in given {
            *bin.entry(*label).or_default() += times;
        }
    }
    bins
}
