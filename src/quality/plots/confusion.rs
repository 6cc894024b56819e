//! What two annotators said of the same annotations, as a coloured table.

use crate::model::geometry::whole_to_float;
use crate::quality::contingency::Contingency;
use crate::quality::statistic::ratio;

use super::svg::{Anchor, INK, Svg, TEXT, shortened, text_width};

const NAME_WIDTH_MAX: f64 = 150.0;
const CELL_HEIGHT: f64 = 44.0;
const TOP: f64 = 84.0;

/// White for nothing, blue for all of a row.
fn shade(share: f64) -> String {
    let part = |low: f64, high: f64| (low + (high - low) * share.clamp(0.0, 1.0)).round();
    format!(
        "rgb({},{},{})",
        part(247.0, 8.0),
        part(251.0, 81.0),
        part(255.0, 156.0)
    )
}

/// Returns the figure. Rows are the first annotator's labels, columns the second's; a cell is the darker the more of its
/// row it holds. Labels that neither gave are left out.
#[must_use]
pub fn confusion(annotators: [&str; 2], labels: &[&str], table: &Contingency) -> String {
    let is_given = |n: &usize| (0..table.labels()).any(|m| table.cell(*n, m) + table.cell(m, *n) > 0);
    let given: Vec<usize> = (0..table.labels()).filter(is_given).collect();
    let names: Vec<String> = given
        .iter()
        .map(|n| shortened(labels.get(*n).copied().unwrap_or(""), NAME_WIDTH_MAX, TEXT))
        .collect();
    let widest = names
        .iter()
        .map(|name| text_width(name, TEXT))
        .fold(0.0, f64::max);
    let (left, cell) = (widest + 30.0, (widest + 16.0).max(90.0));
    let count = |n: usize| whole_to_float(u64::try_from(n).unwrap_or(u64::MAX));
    let size = count(given.len());
    let [a, b] = annotators;
    let title = format!("{a} and {b}: {} annotations that both rated", table.n());
    let width = (left + cell * size + 20.0).max(text_width(&title, TEXT + 2.0) + 40.0);
    let mut svg = Svg::new(width, TOP + CELL_HEIGHT * size + 44.0, &title);
    svg.text_as([20.0, 28.0], Anchor::Start, TEXT + 2.0, INK, &title);
    svg.text([left, 52.0], Anchor::Start, &format!("columns: {b}"));
    let bottom = TOP + CELL_HEIGHT * size + 24.0;
    svg.text([left, bottom], Anchor::Start, &format!("rows: {a}"));
    for (place, name) in names.iter().enumerate() {
        let middle = left + cell * (count(place) + 0.5);
        svg.text([middle, TOP - 10.0], Anchor::Middle, name);
        let row = TOP + CELL_HEIGHT * (count(place) + 0.5) + 4.0;
        svg.text([left - 10.0, row], Anchor::End, name);
    }
    for (y, row) in given.iter().enumerate() {
        let all: u64 = given.iter().map(|column| table.cell(*row, *column)).sum();
        for (x, column) in given.iter().enumerate() {
            let share = ratio(table.cell(*row, *column), all).unwrap_or(0.0);
            let corner = [left + cell * count(x), TOP + CELL_HEIGHT * count(y)];
            svg.rect(corner, [cell - 2.0, CELL_HEIGHT - 2.0], &shade(share));
            let ink = if share > 0.55 { "#ffffff" } else { INK };
            let at = [corner[0] + cell / 2.0 - 1.0, corner[1] + CELL_HEIGHT / 2.0 + 3.5];
            let cell_text = format!("{} ({:.0} %)", table.cell(*row, *column), 100.0 * share);
            svg.text_as(at, Anchor::Middle, TEXT, ink, &cell_text);
        }
    }
    svg.finish()
}
