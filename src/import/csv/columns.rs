//! Which column says what: by the names in the header, or by the order that was given.

use std::collections::{BTreeMap, BTreeSet};

use super::error::CsvProblem;
use super::role::{Named, Role, Unit, named};
use crate::import::table::TableProblem;
use crate::model::cell::cell_to_text;

/// Stands before the name of an attribute that would name another column of Holotype's own tables.
const ATTRIBUTE: &str = "attribute:";

/// A column that is not taken over, in an order that was given.
const PASSED_OVER: &str = "-";

/// Where a place stands in a row. The numbers are columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A position.
    Point([usize; 2]),
    /// The upper left corner and the size; without a size a position.
    CornerAndSize([usize; 4]),
    /// The middle and the size.
    CentreAndSize([usize; 4]),
    /// Left, upper, right, lower border.
    Borders([usize; 4]),
    /// The middle and the radius.
    Circle([usize; 3]),
}

impl Place {
    /// Returns its columns.
    pub(super) fn columns(&self) -> &[usize] {
        match self {
            Self::Point(columns) => columns,
            Self::Circle(columns) => columns,
            Self::CornerAndSize(columns) | Self::CentreAndSize(columns) | Self::Borders(columns) => columns,
        }
    }
}

/// Who wrote the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// Somebody.
    Other,
    /// Holotype: a row without a label is an annotation without one.
    Holotype,
}

/// What the columns of a list are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) writer: Writer,
    pub(super) place: Option<Place>,
    pub(super) geometry: Option<usize>,
    pub(super) image: Option<usize>,
    /// The width and height of the image.
    pub(super) image_size: Option<[usize; 2]>,
    pub(super) label: Option<usize>,
    pub(super) id: Option<usize>,
    pub(super) own_id: Option<usize>,
    pub(super) annotator: Option<usize>,
    /// All others, with the names under which they are kept.
    pub(super) attributes: Vec<(usize, String)>,
    /// Those that are passed over as it was asked.
    pub(super) passed_over: Vec<usize>,
}

impl Columns {
    /// Returns the name of a column, for messages.
    pub(super) fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", |name| name.trim())
    }
}

/// The roles of a position, and what it is together with a size.
type Position = (Role, Role, fn([usize; 4]) -> Place);

/// The columns that have a role.
struct Roles<'n> {
    names: &'n [String],
    found: BTreeMap<Role, (usize, usize)>,
    micrometres: BTreeMap<Role, usize>,
}

/// Reads names of columns; `None` where none of them is a coordinate.
pub(super) fn columns(line: u64, names: &[String]) -> Result<Option<Columns>, CsvProblem> {
    let (writer, fixed) = writer(names);
    let mut roles = Roles::read(names.get(..fixed).unwrap_or(names))?;
    if let Some(column) = roles.only_micrometres() {
        let column = names.get(column).map_or("", |name| name.trim()).to_owned();
        return Err(CsvProblem::Micrometres { column });
    }
    let geometry = roles.take(Role::Geometry);
    let (place, image_size) = roles.place()?;
    if place.is_none() && geometry.is_none() {
        return Ok(None);
    }
    check_repeated(line, names.get(..fixed).unwrap_or(names))?;
    let mut columns = Columns {
        names: names.to_vec(),
        writer,
        place,
        geometry,
        image: roles.take(Role::Image),
        image_size,
        label: roles.take(Role::Label),
        own_id: roles.take(Role::OwnId),
        id: roles.take(Role::Id),
        annotator: roles.take(Role::Annotator),
        attributes: Vec::new(),
        passed_over: Vec::new(),
    };
    columns.add_attributes(fixed);
    Ok(Some(columns))
}

/// In a table of Holotype's own what follows the geometry are attributes, whatever their names.
fn writer(names: &[String]) -> (Writer, usize) {
    let place_of = |wanted: &str| names.iter().position(|name| name.trim() == wanted);
    match (place_of("holotype_id"), place_of("geometry")) {
        (Some(id), Some(geometry)) if id < geometry => (Writer::Holotype, geometry + 1),
        _ => (Writer::Other, names.len()),
    }
}

fn check_repeated(line: u64, names: &[String]) -> Result<(), CsvProblem> {
    let mut seen = BTreeSet::new();
    let named = names.iter().map(|name| name.trim());
    let mut named = named.filter(|name| !name.is_empty() && *name != PASSED_OVER);
    match named.find(|name| !seen.insert(*name)) {
        Some(name) => Err(TableProblem::ColumnRepeated {
            line,
            name: name.to_owned(),
        }
        .into()),
        None => Ok(()),
    }
}

impl Columns {
    /// Keeps every column without a role under its name, and a second one of a name under `name_2`.
    fn add_attributes(&mut self, fixed: usize) {
        let mut taken: BTreeSet<usize> = [
            self.geometry,
            self.image,
            self.label,
            self.own_id,
            self.id,
            self.annotator,
        ]
        .into_iter()
        .flatten()
        .collect();
        taken.extend(
            self.place
                .iter()
                .flat_map(|place| place.columns().iter().copied()),
        );
        taken.extend(self.image_size.into_iter().flatten());
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for (column, name) in self.names.iter().enumerate() {
            if taken.contains(&column) {
                continue;
            }
            let name = cell_to_text(name);
            if name == PASSED_OVER && column < fixed {
                self.passed_over.push(column);
                continue;
            }
            let name = match name.strip_prefix(ATTRIBUTE) {
                Some(rest) if column >= fixed => rest.to_owned(),
                Some(_) | None if name.is_empty() => format!("column_{}", column + 1),
                Some(_) | None => name.to_owned(),
            };
            let count = uses.entry(name.clone()).or_default();
            *count += 1;
            let name = if *count > 1 {
                format!("{name}_{count}")
            } else {
                name
            };
            self.attributes.push((column, name));
        }
    }
}

impl<'n> Roles<'n> {
    fn read(names: &'n [String]) -> Result<Self, CsvProblem> {
        let mut roles = Self {
            names,
            found: BTreeMap::new(),
            micrometres: BTreeMap::new(),
        };
        for (column, name) in names.iter().enumerate() {
            let Some(Named { role, rank, unit }) = named(name) else {
                continue;
            };
            if unit == Unit::Micrometre {
                roles.micrometres.insert(role, column);
                continue;
            }
            match roles.found.get(&role) {
                Some((_, better)) if *better < rank && !is_coordinate(role) => {}
                Some((other, _)) if is_coordinate(role) => {
                    let why = "two columns are the same coordinate";
                    return Err(roles.unclear(&[*other, column], why));
                }
                Some(_) | None => drop(roles.found.insert(role, (column, rank))),
            }
        }
        Ok(roles)
    }

    fn get(&self, role: Role) -> Option<usize> {
        self.found.get(&role).map(|(column, _)| *column)
    }

    fn take(&mut self, role: Role) -> Option<usize> {
        self.found.remove(&role).map(|(column, _)| column)
    }

    fn all<const N: usize>(&self, roles: [Role; N]) -> Option<[usize; N]> {
        let mut columns = [0; N];
        for (column, role) in columns.iter_mut().zip(roles) {
            *column = self.get(role)?;
        }
        Some(columns)
    }

    /// Returns a coordinate that is there in micrometres alone, where no place is there in pixels.
    fn only_micrometres(&self) -> Option<usize> {
        let is_position = |role: &Role| {
            matches!(
                role,
                Role::X | Role::Y | Role::CentreX | Role::CentreY | Role::X1 | Role::Y1
            )
        };
        if self.found.keys().any(is_position) || self.found.contains_key(&Role::Geometry) {
            return None;
        }
        let mut positions = self.micrometres.iter().filter(|(role, _)| is_position(role));
        positions.next().map(|(_, column)| *column)
    }

    /// Returns where a place stands, and the size of the image; whatever else is a coordinate makes it unclear.
    fn place(&self) -> Result<(Option<Place>, Option<[usize; 2]>), CsvProblem> {
        let left_upper = match (self.get(Role::X0), self.get(Role::Y0)) {
            (Some(_), Some(_)) => [Role::X0, Role::Y0],
            _ => [Role::X1, Role::Y1],
        };
        let [left, upper] = left_upper;
        let (right, lower) = if left == Role::X0 && self.get(Role::X2).is_none() {
            (Role::X1, Role::Y1)
        } else {
            (Role::X2, Role::Y2)
        };
        let size = self.all([Role::Width, Role::Height]);
        let image_size = self.all([Role::ImageWidth, Role::ImageHeight]);
        if let Some(borders) = self.all([left, upper, right, lower]) {
            self.only(&[left, upper, right, lower, Role::Width, Role::Height])?;
            // Beside four borders a width is that of the image, as TensorFlow's tables have it.
            return Ok((Some(Place::Borders(borders)), image_size.or(size)));
        }
        let with_size: [Position; 3] = [
            (Role::X, Role::Y, Place::CornerAndSize),
            (left, upper, Place::CornerAndSize),
            (Role::CentreX, Role::CentreY, Place::CentreAndSize),
        ];
        for (x, y, place) in with_size {
            if self.all([x, y]).is_none() {
                continue;
            }
            self.only(&[x, y, Role::Width, Role::Height, Role::Radius])?;
            if let Some(circle) = self.all([x, y, Role::Radius]) {
                self.only(&[x, y, Role::Radius])?;
                return Ok((Some(Place::Circle(circle)), image_size));
            }
            if let Some(columns) = self.all([x, y, Role::Width, Role::Height]) {
                return Ok((Some(place(columns)), image_size));
            }
            self.only(&[x, y])?;
            return Ok((self.all([x, y]).map(Place::Point), image_size));
        }
        self.incomplete()?;
        Ok((None, image_size))
    }

    /// Refuses coordinates other than these.
    fn only(&self, roles: &[Role]) -> Result<(), CsvProblem> {
        let coordinates = self.found.iter().filter(|(role, _)| is_coordinate(**role));
        let others: Vec<usize> = coordinates
            .filter(|(role, _)| !roles.contains(role))
            .map(|(_, (column, _))| *column)
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        let mut all: Vec<usize> = roles.iter().filter_map(|role| self.get(*role)).collect();
        all.extend(others);
        Err(self.unclear(
            &all,
            "together they are more than one place, or a size without its other half",
        ))
    }

    /// Refuses half of a position: x without y.
    fn incomplete(&self) -> Result<(), CsvProblem> {
        let halves = [
            (Role::X, Role::Y),
            (Role::CentreX, Role::CentreY),
            (Role::X1, Role::Y1),
            (Role::X2, Role::Y2),
        ];
        for (x, y) in halves {
            let half = match (self.get(x), self.get(y)) {
                (Some(column), None) | (None, Some(column)) => column,
                (Some(_), Some(_)) | (None, None) => continue,
            };
            return Err(self.unclear(&[half], "the other half of the position is missing"));
        }
        Ok(())
    }

    fn unclear(&self, columns: &[usize], why: &'static str) -> CsvProblem {
        let names = columns.iter().filter_map(|column| self.names.get(*column));
        let named: Vec<String> = names.map(|name| format!("'{}'", name.trim())).collect();
        CsvProblem::Unclear {
            columns: named.join(", "),
            why,
        }
    }
}

/// Whether a role is a part of a place.
fn is_coordinate(role: Role) -> bool {
    match role {
        Role::X
        | Role::Y
        | Role::CentreX
        | Role::CentreY
        | Role::X0
        | Role::Y0
        | Role::X1
        | Role::Y1
        | Role::X2
        | Role::Y2
        | Role::Width
        | Role::Height
        | Role::Radius => true,
        Role::ImageWidth
        | Role::ImageHeight
        | Role::Image
        | Role::Label
        | Role::Id
        | Role::OwnId
        | Role::Annotator
        | Role::Geometry => false,
    }
}
