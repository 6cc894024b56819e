//! One line of a label file: a class number, and a box or an outline in parts of the image's size.
//!
//! | numbers behind the class | what they are |
//! |---|---|
//! | 4 | the middle and the size of a box |
//! | 5 | a box and a confidence |
//! | 6, 8, 10, … | an outline; 8 are also the corners of a turned box |
//! | 7, 9, 11, … | an outline and a confidence |

use super::error::YoloProblem;
use crate::import::quantity::Quantity;
use crate::model::Geometry;
use crate::model::geometry::decimal::Decimal;
use crate::model::geometry::relative::Length;
use crate::model::geometry::{Position, Shape};

/// The size of an image, in lengths that parts are of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) width: Length,
    pub(super) height: Length,
    pub(super) px: [f64; 2],
}

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) struct Label {
    pub(super) class: usize,
    pub(super) geometry: Geometry,
    pub(super) confidence: Option<f64>,
    /// Whether a number lies so far beyond 1 that it is no part of a size.
    pub(super) is_far_outside: bool,
}

/// Why a line is not taken over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Skip {
    pub(super) code: &'static str,
    pub(super) why: &'static str,
}

/// Beyond this a number is no part of a size that somebody meant.
const FAR: f64 = 2.0;

/// Whether a line begins as one: with a class number and four numbers.
pub(super) fn is_label(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let is_class = words.next().and_then(class).is_some();
    let numbers = words.take(4).filter(|word| word.parse::<f64>().is_ok());
    is_class && numbers.count() == 4
}

/// A class number; some tools write it with a fraction of zeros.
fn class(word: &str) -> Option<usize> {
    let whole = match word.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => word,
    };
    whole.parse().ok().filter(|_| !whole.starts_with('+'))
}

/// Reads a line that is not empty.
pub(super) fn read_label(number: usize, line: &str, size: &Size) -> Result<Result<Label, Skip>, YoloProblem> {
    let not_labels = || YoloProblem::NotLabels {
        line: number,
        text: line.trim().chars().take(40).collect(),
    };
    let mut words = line.split_ascii_whitespace();
    let class = words.next().and_then(class).ok_or_else(not_labels)?;
    let mut numbers = Vec::new();
    let mut is_finite = true;
    for word in words {
        if word.parse::<f64>().is_err() {
            return Err(not_labels());
        }
        let read = Quantity::parse(word).map_err(|_| YoloProblem::OutOfRange {
            line: number,
            text: word.to_owned(),
        })?;
        is_finite &= read.is_some();
        numbers.push(read.unwrap_or_else(Quantity::half));
    }
    if numbers.len() < 4 {
        return Err(not_labels());
    }
    if !is_finite {
        return Ok(Err(Skip {
            code: "coordinate_not_a_number",
            why: "a number of it is not finite",
        }));
    }
    let has_confidence = numbers.len() % 2 == 1;
    let confidence = if has_confidence { numbers.pop() } else { None };
    let is_far_outside = numbers.iter().any(|part| part.to_f64().abs() > FAR);
    let geometry = match numbers.as_slice() {
        [x, y, width, height] => rectangle([*x, *y, *width, *height], size),
        outline => outline_of(outline, size),
    };
    Ok(geometry.map(|geometry| Label {
        class,
        geometry,
        confidence: confidence.map(Quantity::to_f64),
        is_far_outside,
    }))
}

fn rectangle([x, y, width, height]: [Quantity; 4], size: &Size) -> Result<Geometry, Skip> {
    if width.to_f64() < 0.0 || height.to_f64() < 0.0 {
        return Err(Skip {
            code: "negative_size",
            why: "its width or height is negative",
        });
    }
    let span = |middle: Quantity, part: Quantity, length: &Length, px: f64| {
        let exact = middle.exact().zip(part.exact());
        // Only numbers of more than 20 digits are not worked out in decimals.
        exact
            .and_then(|(middle, part)| length.span(middle, part))
            .unwrap_or_else(|| {
                let size = part.to_f64() * px;
                [middle.to_f64() * px - size / 2.0, size]
            })
    };
    let [width_px, height_px] = size.px;
    let [left, width] = span(x, width, &size.width, width_px);
    let [upper, height] = span(y, height, &size.height, height_px);
    finite(Geometry::rectangle(left, upper, width, height))
}

fn outline_of(parts: &[Quantity], size: &Size) -> Result<Geometry, Skip> {
    let [width_px, height_px] = size.px;
    let position = |part: Quantity, length: &Length, px: f64| {
        let exact: Option<Decimal> = part.exact();
        exact
            .and_then(|part| length.position(part))
            .unwrap_or_else(|| part.to_f64() * px)
    };
    let ring: Vec<Position> = parts
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [x, y] => Some([
                position(*x, &size.width, width_px),
                position(*y, &size.height, height_px),
            ]),
            _ => None,
        })
        .collect();
    finite(Geometry::new(Shape::Polygon { rings: vec![ring] }))
}

fn finite(geometry: Geometry) -> Result<Geometry, Skip> {
    let bounds = geometry.bounds();
    let is_finite =
        bounds.is_some_and(|b| [b.x_min, b.y_min, b.x_max, b.y_max].iter().all(|v| v.is_finite()));
    if is_finite {
        return Ok(geometry);
    }
    Err(Skip {
        code: "coordinate_not_a_number",
        why: "a number of it is not finite in pixels",
    })
}
