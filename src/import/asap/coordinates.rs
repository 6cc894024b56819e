//! The positions of an annotation, in the order that the file gives them numbers for.

use crate::import::report::LossReport;
use crate::import::report::Skip;
use crate::import::xml::{Coordinate, Tag, XmlError, XmlProblem, XmlReader, lose_text};
use crate::model::geometry::Position;

/// How a file writes its decimals.
#[derive(Debug, Default)]
pub(super) struct Decimals {
    /// How many annotations have decimal commas.
    pub(super) with_comma: u64,
    /// Whether there are decimal points, too.
    pub(super) with_point: bool,
}

/// So many positions are kept as they stand in the file: those of a rectangle, and one that would be too many.
const CORNERS: usize = 5;

/// The positions of one annotation.
pub(super) struct Place {
    pub(super) positions: Vec<Position>,
    /// The same as they stand in the file, where there are four.
    pub(super) corners: Option<[[Coordinate; 2]; 4]>,
}

/// The positions of one annotation while they are read.
#[derive(Default)]
struct Positions {
    points: Vec<(Option<f64>, Position)>,
    corners: Vec<(Option<f64>, [Coordinate; 2])>,
    bad: Option<Skip>,
    comma: bool,
    other: bool,
}

/// Reads `<Coordinates>`: its positions by `Order`, or why they make no place.
pub(super) fn read(
    reader: &mut XmlReader<'_>,
    list: &Tag<'_>,
    decimals: &mut Decimals,
    report: &mut LossReport,
) -> Result<Result<Place, Skip>, XmlError> {
    let mut positions = Positions::default();
    while let Some(child) = reader.child()? {
        if child.name() == "Coordinate" {
            positions
                .take(&child, decimals)
                .map_err(|problem| reader.refuse(child.offset, problem))?;
        } else {
            positions.other = true;
        }
        let depth = reader.depth();
        if reader.child()?.is_some() {
            positions.other = true;
            reader.leave(depth)?;
        }
    }
    lose_text(reader, list, report);
    decimals.with_comma += u64::from(positions.comma);
    if positions.other {
        report.losses.add("coordinate_more", || {
            format!(
                "{}: beside 'Order', 'X' and 'Y' its coordinates say something that is not kept",
                reader.here(list.offset)
            )
        });
    }
    if let Some(skip) = positions.bad {
        return Ok(Err(skip));
    }
    let here = || reader.here(list.offset);
    let corners = sorted(positions.corners, here, &mut LossReport::default());
    Ok(Ok(Place {
        positions: sorted(positions.points, here, report),
        corners: corners.try_into().ok(),
    }))
}

impl Positions {
    fn take(&mut self, tag: &Tag<'_>, decimals: &mut Decimals) -> Result<(), XmlProblem> {
        let (mut order, mut x, mut y) = (None, None, None);
        for (name, value) in tag.attributes() {
            match name {
                "Order" => order = self.decimal(&value, decimals)?.map(Coordinate::value),
                "X" => x = Some(self.coordinate("X", &value, decimals)?),
                "Y" => y = Some(self.coordinate("Y", &value, decimals)?),
                _ => self.other = true,
            }
        }
        match (x, y) {
            (Some(Some(x)), Some(Some(y))) => {
                if self.corners.len() < CORNERS {
                    self.corners.push((order, [x, y]));
                }
                self.points.push((order, [x.value(), y.value()]));
            }
            (None, _) | (_, None) => {
                self.fail(|| Skip::new("coordinate_missing", "one of its coordinates lacks 'X' or 'Y'"))
            }
            (Some(_), Some(_)) => {}
        }
        Ok(())
    }

    fn fail(&mut self, skip: impl FnOnce() -> Skip) {
        self.bad.get_or_insert_with(skip);
    }

    fn coordinate(
        &mut self,
        name: &str,
        text: &str,
        decimals: &mut Decimals,
    ) -> Result<Option<Coordinate>, XmlProblem> {
        let value = self.decimal(text, decimals)?;
        if value.is_none() {
            self.fail(|| {
                Skip::new(
                    "coordinate_not_a_number",
                    format!("'{name}' is '{text}', which is no finite number"),
                )
            });
        }
        Ok(value)
    }

    /// Reads a number whose decimals can stand behind a comma: the tool writes them as its system does.
    fn decimal(&mut self, text: &str, decimals: &mut Decimals) -> Result<Option<Coordinate>, XmlProblem> {
        let has_point = text.contains('.');
        decimals.with_point |= has_point;
        if has_point || !text.contains(',') {
            return Coordinate::parse(text);
        }
        let value = Coordinate::parse(&text.replacen(',', ".", 1))?;
        self.comma |= value.is_some();
        Ok(value)
    }
}

/// Sorts by number, then by place in the file.
fn sorted<P: Copy>(
    mut points: Vec<(Option<f64>, P)>,
    here: impl Fn() -> String,
    report: &mut LossReport,
) -> Vec<P> {
    if points.iter().any(|(order, _)| order.is_none()) {
        report.warnings.add("order_missing", || {
            format!(
                "{}: coordinates without 'Order' are taken as they stand in the file",
                here()
            )
        });
        return points.into_iter().map(|(_, position)| position).collect();
    }
    let number = |point: &(Option<f64>, P)| point.0.unwrap_or_default();
    points.sort_by(|a, b| number(a).total_cmp(&number(b)));
    if points.windows(2).any(|pair| match pair {
        [a, b] => number(a) == number(b),
        _ => false,
    }) {
        report.warnings.add("order_repeated", || {
            format!(
                "{}: coordinates with the same 'Order' stay as they stand in the file",
                here()
            )
        });
    }
    points.into_iter().map(|(_, position)| position).collect()
}
