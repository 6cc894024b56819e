//! The geometry of a row. What is computed (a width from two borders, a corner from a middle) is computed in decimals.

use super::columns::Place;
use super::error::CsvProblem;
use crate::import::quantity::Quantity;
use crate::import::report::Skip;
use crate::model::Geometry;
use crate::model::geometry::Shape;

/// What stands before the digits behind the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Comma,
    Point,
}

/// Reads numbers, and minds that one sign stands before their fractions.
#[derive(Debug)]
pub(super) struct Numbers {
    separator: char,
    comma_line: Option<u64>,
    point_line: Option<u64>,
}

impl Numbers {
    pub(super) const fn new(separator: char) -> Self {
        Self {
            separator,
            comma_line: None,
            point_line: None,
        }
    }

    /// Reads a number; `None` for what is none.
    pub(super) fn read(
        &mut self,
        line: u64,
        column: &str,
        cell: &str,
    ) -> Result<Option<Quantity>, CsvProblem> {
        let text = cell.trim();
        let comma = self.separator != ',' && text.contains(',') && !text.contains('.');
        let parsed = if comma {
            Quantity::parse(&text.replacen(',', ".", 1))
        } else {
            Quantity::parse(text)
        };
        let parsed = parsed.map_err(|_| CsvProblem::OutOfRange {
            line,
            column: column.to_owned(),
            text: text.to_owned(),
        })?;
        if parsed.is_some() && comma {
            self.note(Sign::Comma, line)?;
        } else if parsed.is_some() && text.contains('.') {
            self.note(Sign::Point, line)?;
        }
        Ok(parsed)
    }

    fn note(&mut self, sign: Sign, line: u64) -> Result<(), CsvProblem> {
        match sign {
            Sign::Comma => self.comma_line.get_or_insert(line),
            Sign::Point => self.point_line.get_or_insert(line),
        };
        match (self.comma_line, self.point_line) {
            (Some(comma_line), Some(point_line)) => Err(CsvProblem::MixedDecimals {
                comma_line,
                point_line,
            }),
            (Some(_), None) | (None, Some(_) | None) => Ok(()),
        }
    }
}

/// The cells of a row's place, by column.
pub(super) struct PlaceCells<'r> {
    pub(super) line: u64,
    pub(super) record: &'r csv::StringRecord,
    pub(super) names: &'r [String],
}

impl PlaceCells<'_> {
    fn cell(&self, column: usize) -> &str {
        self.record.get(column).map_or("", str::trim)
    }

    fn numbers<const N: usize>(
        &self,
        columns: [usize; N],
        numbers: &mut Numbers,
    ) -> Result<Result<[Quantity; N], Skip>, CsvProblem> {
        let mut read = [Quantity::half(); N];
        for (read, column) in read.iter_mut().zip(columns) {
            let (cell, name) = (
                self.cell(column),
                self.names.get(column).map_or("", |name| name.trim()),
            );
            let Some(number) = numbers.read(self.line, name, cell)? else {
                let why = format!("its {name} '{cell}' is no finite number");
                return Ok(Err(Skip::new("coordinate_not_a_number", why)));
            };
            *read = number;
        }
        Ok(Ok(read))
    }

    /// Makes the geometry.
    pub(super) fn geometry(
        &self,
        place: &Place,
        numbers: &mut Numbers,
    ) -> Result<Result<Geometry, Skip>, CsvProblem> {
        Ok(match *place {
            Place::Point(columns) => self
                .numbers(columns, numbers)?
                .map(|[x, y]| Geometry::point(x.to_f64(), y.to_f64())),
            Place::CornerAndSize([x, y, width, height])
                if self.cell(width).is_empty() && self.cell(height).is_empty() =>
            {
                self.numbers([x, y], numbers)?
                    .map(|[x, y]| Geometry::point(x.to_f64(), y.to_f64()))
            }
            Place::CornerAndSize(columns) => self
                .numbers(columns, numbers)?
                .and_then(|[x, y, width, height]| rectangle(x, y, width, height)),
            Place::CentreAndSize(columns) => {
                self.numbers(columns, numbers)?.and_then(|[x, y, width, height]| {
                    let half = Quantity::half();
                    rectangle(
                        x.minus(width.times(half)),
                        y.minus(height.times(half)),
                        width,
                        height,
                    )
                })
            }
            Place::Borders(columns) => {
                self.numbers(columns, numbers)?
                    .and_then(|[left, upper, right, lower]| {
                        rectangle(left, upper, right.minus(left), lower.minus(upper))
                    })
            }
            Place::Circle(columns) => self.numbers(columns, numbers)?.and_then(|[x, y, radius]| {
                let [x, y, radius] = [x, y, radius].map(Quantity::to_f64);
                if radius < 0.0 {
                    return Err(Skip::new("negative_size", "its radius is negative"));
                }
                Ok(Geometry::new(Shape::Circle { x, y, radius }))
            }),
        })
    }
}

fn rectangle(x: Quantity, y: Quantity, width: Quantity, height: Quantity) -> Result<Geometry, Skip> {
    let [x, y, width, height] = [x, y, width, height].map(Quantity::to_f64);
    if width < 0.0 || height < 0.0 {
        return Err(Skip::new("box_reversed", "its box ends before it begins"));
    }
    if ![x, y, width, height].iter().all(|number| number.is_finite()) {
        return Err(Skip::new(
            "coordinate_not_a_number",
            "its size is no finite number",
        ));
    }
    Ok(Geometry::rectangle(x, y, width, height))
}
