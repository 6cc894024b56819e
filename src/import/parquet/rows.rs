//! Rows become annotations.

use std::collections::BTreeMap;

use super::cells::{self, Cell};
use super::columns::Plan;
use super::error::Fault;
use super::footer::Footer;
use crate::codec::from_canonical;
use crate::id::AnnotationId;
use crate::import::document::{
    Document, SourceAnnotation, SourceFacts, SourceId, SourceImage, SourceLabel, SourcePerson, SourceRating,
    SourceValue,
};
use crate::import::personal;
use crate::model::carrier::{CARRIED_BYTES_MAX, CARRIER_BYTES_MAX, parse_carried};
use crate::model::{CarriedAnnotation, FactValue, Facts, Geometry, wkb};

/// The metadata with the records that belong to no annotation.
const CARRIER_KEY: &str = "holotype.carrier";
/// All cells hold at most so many times the bytes of the file, and a little.
const UNFOLD_MAX: u64 = 64;
const UNFOLD_LEAST: u64 = 1 << 20;

/// The cells of a row group, by the places of their columns.
type Columns = BTreeMap<usize, Vec<Option<Cell>>>;

/// Reads all rows.
pub(super) fn read(file: &str, bytes: &[u8], footer: &Footer<'_>, plan: &Plan) -> Result<Document, Fault> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mut budget = length.saturating_mul(UNFOLD_MAX).saturating_add(UNFOLD_LEAST);
    let mut assembler = Assembler::new(file, footer, plan);
    for (number, group) in footer.groups.iter().enumerate() {
        let mut columns = Columns::new();
        for place in plan.all() {
            let Some(column) = footer.columns.get(place) else {
                continue;
            };
            let Some(chunk) = group.chunks.get(column.leaf) else {
                continue;
            };
            let cells = cells::read(bytes, chunk, column, (number, group.rows), &mut budget)?;
            columns.insert(place, cells);
        }
        for row in 0..usize::try_from(group.rows).unwrap_or(0) {
            assembler.row(&columns, row)?;
        }
    }
    Ok(assembler.end())
}

struct Assembler<'a> {
    file: &'a str,
    footer: &'a Footer<'a>,
    plan: &'a Plan,
    document: Document,
    images: BTreeMap<String, usize>,
    labels: BTreeMap<String, usize>,
    people: BTreeMap<String, usize>,
    /// Where the annotation of an id stands, and in which row it stood.
    ids: BTreeMap<String, (usize, u64)>,
    row: u64,
}

/// Why a row is left out: a code and a reason.
type Lost = (&'static str, String);

/// One row on its way.
struct Made {
    annotation: SourceAnnotation,
    carried: Option<CarriedAnnotation>,
    id: Option<String>,
}

impl<'a> Assembler<'a> {
    fn new(file: &'a str, footer: &'a Footer<'a>, plan: &'a Plan) -> Self {
        let mut assembler = Self {
            file,
            footer,
            plan,
            document: Document::default(),
            images: BTreeMap::new(),
            labels: BTreeMap::new(),
            people: BTreeMap::new(),
            ids: BTreeMap::new(),
            row: 0,
        };
        assembler.dataset();
        for name in &footer.nested {
            assembler.document.report.losses.add("column_not_read", || {
                format!("{file}: the column '{name}' holds lists or structures; it is not taken over")
            });
        }
        assembler
    }

    fn dataset(&mut self) {
        let Some(text) = self.footer.metadata(CARRIER_KEY) else {
            return;
        };
        match parse_carried::<crate::model::Carrier>(text, CARRIER_BYTES_MAX) {
            Ok(carrier) => {
                for annotator in &carrier.annotators {
                    self.person(annotator.code.as_str());
                }
                self.document.carried.dataset = Some(Box::new(carrier));
            }
            Err(error) => {
                let file = self.file;
                self.document.report.losses.add("carrier_unusable", || {
                    format!("{file}: what stands under '{CARRIER_KEY}' in its metadata is left out: {error}")
                });
            }
        }
    }

    fn end(self) -> Document {
        self.document
    }

    /// Takes a row, or counts why not.
    fn row(&mut self, columns: &Columns, index: usize) -> Result<(), Fault> {
        self.row += 1;
        let cell = |place: Option<usize>| columns.get(&place?)?.get(index)?.as_ref();
        match self.make(&cell) {
            Ok(made) => self.push(made),
            Err((code, why)) => {
                let (file, row) = (self.file, self.row);
                self.document
                    .report
                    .losses
                    .add(code, || format!("{file}: row {row}: {why}"));
                Ok(())
            }
        }
    }

    fn make<'c>(&mut self, cell: &impl Fn(Option<usize>) -> Option<&'c Cell>) -> Result<Made, Lost> {
        let plan = self.plan;
        let mut geometry = self.geometry(cell)?;
        let id = cell(plan.id).map(|cell| text("id", cell)).transpose()?;
        let source_id = id.as_deref().map(|id| source_id(id, plan.is_ours));
        let carried = self.carried(cell(plan.carried), source_id.as_ref());
        if let Some(carried) = &carried
            && let (Some(exact), Some(shown)) = (&carried.geometry, &carried.shown)
            && *shown == geometry
        {
            geometry.clone_from(exact);
        }
        let mut attributes = self.attributes(cell)?;
        for place in &plan.others {
            if let Some(found) = cell(Some(*place)) {
                self.add_attribute(*place, found, &mut attributes);
            }
        }
        let label = match cell(plan.label) {
            Some(cell) => Some(self.label(text("label", cell)?)),
            None => None,
        };
        let image = self.image(cell(plan.image))?;
        let ratings = carried.iter().flat_map(|carried| &carried.ratings);
        let mut shown = Vec::new();
        for rating in ratings {
            shown.push(SourceRating {
                person: self.person(rating.annotator.as_str()),
                label: rating.label.as_ref().map(|label| self.label(label.name.clone())),
                claimed_at: rating.claimed_at.clone(),
            });
        }
        Ok(Made {
            annotation: SourceAnnotation {
                image,
                geometry,
                label,
                id: source_id,
                ratings: shown,
                attributes,
            },
            carried,
            id,
        })
    }

    fn geometry<'c>(&self, cell: &impl Fn(Option<usize>) -> Option<&'c Cell>) -> Result<Geometry, Lost> {
        let plan = self.plan;
        let shape = cell(plan.shape)
            .and_then(Cell::bytes)
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        let bounds = plan.bounds.map(|place| match cell(place) {
            Some(Cell::Number(number)) => Some(*number),
            Some(Cell::Whole(_) | Cell::Flag(_) | Cell::Bytes(_)) | None => None,
        });
        let bounds = match bounds {
            [Some(x), Some(y), Some(width), Some(height)] => Some([x, y, width, height]),
            _ => None,
        };
        let binary = cell(Some(plan.geometry)).and_then(Cell::bytes);
        match wkb::read_row(shape, bounds, binary) {
            Ok(Some(geometry)) => Ok(geometry),
            Ok(None) => Err(("row_without_geometry", "it has no geometry".to_owned())),
            Err(error) => Err(("geometry_unusable", error.to_string())),
        }
    }

    /// Reads what is carried, which must be of the annotation of the row.
    fn carried(&mut self, cell: Option<&Cell>, id: Option<&SourceId>) -> Option<CarriedAnnotation> {
        let bytes = cell?.bytes()?;
        let (file, row) = (self.file, self.row);
        let report = &mut self.document.report;
        let carried: CarriedAnnotation = match parse_carried(bytes, CARRIED_BYTES_MAX) {
            Ok(carried) => carried,
            Err(error) => {
                report.losses.add("carrier_unusable", || {
                    format!("{file}: row {row}: what stands in 'holotype' is left out: {error}")
                });
                return None;
            }
        };
        if id != Some(&SourceId::Holotype(*carried.id.as_bytes())) {
            report.losses.add("carried_of_another", || {
                format!(
                    "{file}: row {row}: what stands in 'holotype' is of annotation {}; it is left out",
                    carried.id
                )
            });
            return None;
        }
        Some(carried)
    }

    /// Our own attributes are canonical JSON; another text under this name is an attribute itself.
    fn attributes<'c>(
        &mut self,
        cell: &impl Fn(Option<usize>) -> Option<&'c Cell>,
    ) -> Result<SourceFacts, Lost> {
        let mut attributes = SourceFacts::new();
        let Some(found) = cell(self.plan.attributes) else {
            return Ok(attributes);
        };
        let written = text("attributes", found)?;
        match from_canonical::<Facts>(written.as_bytes()) {
            Ok(facts) => {
                for (name, value) in facts {
                    let value = match value {
                        FactValue::Text(text) => SourceValue::Text(text),
                        FactValue::Number(number) => SourceValue::Number(number),
                        FactValue::Flag(flag) => SourceValue::Flag(flag),
                        FactValue::Private(_) => continue,
                    };
                    attributes.insert(name, value);
                }
            }
            Err(_) => drop(attributes.insert(
                "attributes".to_owned(),
                personal::text_value("attributes", &written),
            )),
        }
        Ok(attributes)
    }

    fn add_attribute(&mut self, place: usize, cell: &Cell, attributes: &mut SourceFacts) {
        let Some(column) = self.footer.columns.get(place) else {
            return;
        };
        let name = column.name.as_str();
        let value = match cell {
            Cell::Flag(flag) => SourceValue::Flag(*flag),
            Cell::Number(number) if number.is_finite() => SourceValue::Number(*number),
            Cell::Number(number) => SourceValue::Text(number.to_string()),
            // Beyond 2^53 the digits stay.
            Cell::Whole(number) if number.unsigned_abs() <= 1 << 53 => {
                SourceValue::Number(number.to_string().parse().unwrap_or(0.0))
            }
            Cell::Whole(number) => SourceValue::Text(number.to_string()),
            Cell::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => personal::text_value(name, text),
                Err(_) => {
                    let (file, row) = (self.file, self.row);
                    self.document.report.losses.add("bytes_in_column", || {
                        format!("{file}: row {row}: column '{name}' holds bytes that are no text")
                    });
                    return;
                }
            },
        };
        attributes.insert(name.to_owned(), value);
    }

    fn label(&mut self, name: String) -> usize {
        let next = self.document.labels.len();
        let place = *self.labels.entry(name.clone()).or_insert(next);
        if place == next {
            self.document.labels.push(SourceLabel {
                name,
                facts: SourceFacts::new(),
            });
        }
        place
    }

    fn person(&mut self, name: &str) -> usize {
        let next = self.document.people.len();
        let place = *self.people.entry(name.to_owned()).or_insert(next);
        if place == next {
            self.document.people.push(SourcePerson {
                name: name.to_owned(),
                kind: None,
            });
        }
        place
    }

    /// Without a column the file is about one image, which the caller or the name of the file says.
    fn image(&mut self, cell: Option<&Cell>) -> Result<usize, Lost> {
        let name = match (cell, self.plan.image) {
            (Some(cell), _) => text("image", cell)?,
            (None, None) => self
                .file
                .rsplit_once('.')
                .map_or(self.file, |(stem, _)| stem)
                .to_owned(),
            (None, Some(_)) => return Err(("row_without_image", "it names no image".to_owned())),
        };
        if let Some(place) = self.images.get(&name) {
            return Ok(*place);
        }
        let place = self.document.images.len();
        let mut image = SourceImage {
            name: name.clone(),
            ..SourceImage::default()
        };
        if !self.plan.is_ours {
            let (folder, own) = personal::split_absolute(&name);
            if folder.is_some() {
                let (file, row) = (self.file, self.row);
                self.document.report.warnings.add("absolute_path", || {
                    format!("{file}: row {row}: the image is an absolute path, which can name a person; its last part counts")
                });
            }
            (image.folder, image.name) = (folder.map(str::to_owned), own.to_owned());
        }
        self.document.images.push(image);
        self.images.insert(name, place);
        Ok(place)
    }

    /// Adds an annotation, unless it is there already under the same id.
    fn push(&mut self, made: Made) -> Result<(), Fault> {
        let Made {
            annotation,
            carried,
            id,
        } = made;
        let next = self.document.annotations.len();
        if let Some(id) = id {
            if let Some((place, first)) = self.ids.get(&id).copied() {
                if self.document.annotations.get(place) != Some(&annotation) {
                    return Err(Fault::Impossible {
                        place: format!("row {}", self.row),
                        why: format!("it has the id '{id}' of row {first}, and says something else"),
                    });
                }
                let (file, row) = (self.file, self.row);
                self.document.report.warnings.add("record_twice", || {
                    format!("{file}: row {row} equals row {first}; it is taken once")
                });
                return Ok(());
            }
            self.ids.insert(id, (next, self.row));
        }
        if let Some(carried) = carried {
            self.document.carried.annotations.insert(next, carried);
        }
        self.document.annotations.push(annotation);
        Ok(())
    }
}

/// Returns a cell as a text.
fn text(what: &str, cell: &Cell) -> Result<String, Lost> {
    Ok(match cell {
        Cell::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return Err(("text_not_utf8", format!("its {what} is not UTF-8 text"))),
        },
        Cell::Whole(number) => number.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Flag(flag) => flag.to_string(),
    })
}

/// An id of ours is strong, a UUID too; anything else is unique in its file only.
fn source_id(text: &str, is_ours: bool) -> SourceId {
    let own = is_ours.then(|| AnnotationId::parse(text).ok()).flatten();
    match (own, uuid::Uuid::try_parse(text)) {
        (Some(own), _) => SourceId::Holotype(*own.as_bytes()),
        (None, Ok(uuid)) if !uuid.is_nil() => SourceId::Uuid(*uuid.as_bytes()),
        (None, _) => SourceId::Local(text.to_owned()),
    }
}
