//! Kappas with their intervals, one line each, on one axis.

use crate::model::geometry::whole_to_float;

use super::svg::{Anchor, GREY, INK, PALE, Svg, TEXT, shortened, text_width};

const NAME_WIDTH_MAX: f64 = 420.0;
const ROW: f64 = 28.0;
const TOP: f64 = 60.0;
const AXIS: f64 = 420.0;

/// A line of the figure.
#[derive(Debug, Clone, PartialEq)]
pub struct KappaRow {
    /// Whose it is.
    pub name: String,
    /// How many annotations it is over.
    pub n: u64,
    /// The value; `None` where it is not defined.
    pub value: Option<f64>,
    /// The interval of 95 %, where there is one.
    pub interval: Option<[f64; 2]>,
}

/// Returns the figure: a point for each value, a line for its interval, on an axis from -1 or 0 to 1.
#[must_use]
pub fn kappas(title: &str, rows: &[KappaRow]) -> String {
    let lowest = rows
        .iter()
        .flat_map(|row| row.interval.map(|[low, _]| low).into_iter().chain(row.value))
        .fold(0.0, f64::min);
    let low = if lowest < 0.0 {
        (lowest * 5.0).floor().max(-5.0) / 5.0
    } else {
        0.0
    };
    let label = |row: &KappaRow| shortened(&format!("{} (n = {})", row.name, row.n), NAME_WIDTH_MAX, TEXT);
    let widest = rows
        .iter()
        .map(|row| text_width(&label(row), TEXT))
        .fold(0.0, f64::max);
    let left = widest + 34.0;
    let count = |n: usize| whole_to_float(u64::try_from(n).unwrap_or(u64::MAX));
    let bottom = TOP + ROW * count(rows.len());
    let width = (left + AXIS + 80.0).max(text_width(title, TEXT + 2.0) + 40.0);
    let mut svg = Svg::new(width, bottom + 50.0, title);
    svg.text_as([20.0, 28.0], Anchor::Start, TEXT + 2.0, INK, title);
    let at = |value: f64| left + AXIS * (value.clamp(low, 1.0) - low) / (1.0 - low);
    let mut tick = low;
    while tick < 1.01 {
        let is_zero = tick.abs() < 0.01;
        svg.line(
            [at(tick), TOP - 6.0],
            [at(tick), bottom],
            if is_zero { GREY } else { PALE },
            1.0,
        );
        let shown = if is_zero {
            "0".to_owned()
        } else {
            format!("{tick:.1}")
        };
        svg.text([at(tick), bottom + 20.0], Anchor::Middle, &shown);
        tick += 0.2;
    }
    for (n, row) in rows.iter().enumerate() {
        let y = TOP + ROW * (count(n) + 0.5);
        svg.text([left - 14.0, y + 4.0], Anchor::End, &label(row));
        if let Some([low, high]) = row.interval {
            svg.line([at(low), y], [at(high), y], super::colour(0), 2.0);
            for end in [at(low), at(high)] {
                svg.line([end, y - 4.0], [end, y + 4.0], super::colour(0), 2.0);
            }
        }
        let figure = match row.value {
            Some(value) => {
                svg.circle([at(value), y], 4.5, super::colour(0));
                format!("{value:.3}")
            }
            None => "not defined".to_owned(),
        };
        svg.text([left + AXIS + 10.0, y + 4.0], Anchor::Start, &figure);
    }
    svg.text(
        [left + AXIS / 2.0, bottom + 40.0],
        Anchor::Middle,
        "kappa, with its interval of 95 %",
    );
    svg.finish()
}
