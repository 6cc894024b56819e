//! Annotations as records of a COCO file, all but their numbers: a number depends on all records before it, the rest of
//! a record on nothing else. So records of many images are written into memory at once, and brought together in order.

use std::collections::BTreeMap;
use std::io::Write;

use super::json::{FactPlace, Record};
use super::place::{Segmentation, place};
use super::{
    CocoDataset, CocoDialect, CocoImage, CocoRow, CocoValue, ExportError, ExportReport, IdPlan, count,
};
use crate::codec::write_integer;
use crate::export::numbers::NotFinite;

/// The members of an annotation that are not attributes.
const ANNOTATION_MEMBERS: &[&str] = &[
    "id",
    "image_id",
    "category_id",
    "bbox",
    "area",
    "iscrowd",
    "segmentation",
    "labels",
    "holotype_geometry",
    "holotype_id",
];

/// The dataset with the numbers of its images.
#[derive(Debug)]
pub struct Frame<'d> {
    pub(super) dataset: &'d CocoDataset<'d>,
    pub(super) image_ids: Vec<u64>,
}

/// Some annotations on their way into the file.
#[derive(Debug, Default)]
pub struct Lines {
    /// The records that are written, each from its second member on.
    json: Vec<u8>,
    rows: Vec<Line>,
    losses: BTreeMap<&'static str, Loss>,
    fault: Option<Fault>,
}

/// An annotation.
#[derive(Debug)]
struct Line {
    /// Where its record ends; where the one before ended when it is left out.
    end: usize,
    source_id: Option<u64>,
    is_written: bool,
}

/// How often something was lost, and the first case.
#[derive(Debug)]
struct Loss {
    count: u64,
    row: usize,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Votes,
    NamelessVotes,
    NoLabel,
    Place { image: usize, why: &'static str },
    NameTaken(String),
}

/// Why the row behind all others cannot be written.
#[derive(Debug)]
enum Fault {
    Reference { what: &'static str, reference: usize },
    NotFinite { source_id: Option<u64> },
}

impl Lines {
    /// Adds an annotation; nothing is added behind one that cannot be written.
    pub fn add(&mut self, frame: &Frame<'_>, row: &CocoRow) {
        if self.fault.is_none() {
            self.fault = self.try_add(frame, row).err();
        }
    }

    fn try_add(&mut self, frame: &Frame<'_>, row: &CocoRow) -> Result<(), Fault> {
        let reference = |what, reference| Fault::Reference { what, reference };
        let image = frame
            .dataset
            .images
            .get(row.image)
            .zip(frame.image_ids.get(row.image));
        let (image, image_id) = image.ok_or_else(|| reference("image", row.image))?;
        self.lose("votes", row.votes, || Why::Votes);
        let Some(label) = row.label else {
            self.lose("annotation_without_label", 1, || Why::NoLabel);
            self.end_row(row, false);
            return Ok(());
        };
        let mut mentioned = row.vote_labels.iter().chain([&label]);
        if let Some(label) = mentioned.find(|label| **label >= frame.dataset.labels.len()) {
            return Err(reference("label", *label));
        }
        self.lose("votes_without_annotator", count(&row.vote_labels), || {
            Why::NamelessVotes
        });
        self.write(frame, row, (image, *image_id), label)
            .map_err(|NotFinite| Fault::NotFinite {
                source_id: row.source_id,
            })?;
        self.end_row(row, true);
        Ok(())
    }

    fn end_row(&mut self, row: &CocoRow, is_written: bool) {
        self.rows.push(Line {
            end: self.json.len(),
            source_id: row.source_id,
            is_written,
        });
    }

    fn lose(&mut self, code: &'static str, count: u64, why: impl FnOnce() -> Why) {
        if count > 0 {
            let row = self.rows.len();
            let first = || Loss {
                count: 0,
                row,
                why: why(),
            };
            self.losses.entry(code).or_insert_with(first).count += count;
        }
    }

    fn write(
        &mut self,
        frame: &Frame<'_>,
        row: &CocoRow,
        (image, image_id): (&CocoImage, u64),
        label: usize,
    ) -> Result<(), NotFinite> {
        let place = place(&row.geometry, image.width.zip(image.height));
        for (code, why) in &place.losses {
            self.lose(code, 1, || Why::Place {
                image: row.image,
                why,
            });
        }
        let [x, y, width, height] = place.bbox;
        let corners = [x, y, x + width, y + height];
        let [_, _, right, lower] = corners;
        // A sum is rounded, so that its difference can be another width.
        let corners_are_exact = right - x == width && lower - y == height;
        let mut record = Record::after_a_member(&mut self.json, ANNOTATION_MEMBERS);
        record.whole("image_id", image_id);
        record.whole("category_id", number_of_label(label));
        let crowd = row.attributes.get("iscrowd");
        let is_crowd = matches!(crowd, Some(CocoValue::Number(1.0) | CocoValue::Flag(true)));
        match frame.dataset.dialect {
            CocoDialect::Standard => {
                record.numbers("bbox", &place.bbox)?;
                record.number("area", place.area)?;
                record.whole("iscrowd", u64::from(is_crowd));
            }
            CocoDialect::Midog => {
                record.numbers("bbox", &corners)?;
                if is_crowd {
                    record.whole("iscrowd", 1);
                }
            }
        }
        match &place.segmentation {
            Some(Segmentation::Polygons(rings)) => record.lists("segmentation", rings)?,
            Some(runs @ Segmentation::Runs { .. }) => record.json("segmentation", runs)?,
            None => {}
        }
        if place.needs_exact || (frame.dataset.dialect == CocoDialect::Midog && !corners_are_exact) {
            record.json("holotype_geometry", &row.geometry)?;
        }
        if !row.vote_labels.is_empty() {
            let ids: Vec<u64> = row
                .vote_labels
                .iter()
                .map(|label| number_of_label(*label))
                .collect();
            record.json("labels", &ids)?;
        }
        record.optional_id("holotype_id", row.id.as_ref().map(|id| id.as_bytes().as_slice()));
        let taken = write_attributes(&mut record, row, is_crowd)?;
        record.end();
        for name in taken {
            self.lose("name_taken", 1, || Why::NameTaken(name.to_owned()));
        }
        Ok(())
    }
}

/// Writes the attributes of an annotation; returns the names that are taken.
fn write_attributes<'r>(
    record: &mut Record<'_>,
    row: &'r CocoRow,
    is_crowd: bool,
) -> Result<Vec<&'r str>, NotFinite> {
    let mut taken = Vec::new();
    for (name, value) in &row.attributes {
        let name = match name.as_str() {
            "iscrowd" if is_crowd => continue,
            "area" => "source_area",
            "bbox" => "source_bbox",
            other => other,
        };
        if record.fact(name, value)? == FactPlace::Taken {
            taken.push(name);
        }
    }
    Ok(taken)
}

/// Labels are numbered from 1.
pub(super) fn number_of_label(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1)
}

/// What is said of a fact that cannot be written.
pub(super) fn name_taken(name: &str, what: &str) -> String {
    format!("the fact '{name}' of {what} has the name of a member of COCO; it is left out")
}

/// Where annotations are numbered and written, in their order.
pub struct Annotations<'f, W> {
    out: W,
    frame: &'f Frame<'f>,
    numbers: IdPlan,
    /// How many annotations there were, those left out counted.
    rows: u64,
    written: u64,
    report: ExportReport,
}

impl<'f, W: Write> Annotations<'f, W> {
    pub(super) fn begin(mut out: W, frame: &'f Frame<'f>, report: ExportReport) -> Result<Self, ExportError> {
        out.write_all(b",\"annotations\":[")?;
        Ok(Self {
            out,
            frame,
            numbers: frame.dataset.annotation_ids,
            rows: 0,
            written: 0,
            report,
        })
    }

    /// Returns how many annotations there were, those left out counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes annotations.
    ///
    /// # Errors
    /// [`ExportError`] when they cannot be written, or contradict the dataset.
    pub fn put(&mut self, lines: &Lines) -> Result<(), ExportError> {
        let mut start = 0;
        let mut head = Vec::with_capacity(32);
        let mut numbers = Vec::with_capacity(lines.losses.len());
        for (n, line) in lines.rows.iter().enumerate() {
            let number = if line.is_written {
                let number = self.numbers.number(line.source_id);
                head.clear();
                head.extend_from_slice(if self.written == 0 {
                    b"\n{\"id\":"
                } else {
                    b",\n{\"id\":"
                });
                write_integer(false, number, &mut head);
                self.out.write_all(&head)?;
                self.out
                    .write_all(lines.json.get(start..line.end).unwrap_or_default())?;
                self.written += 1;
                number
            } else {
                0
            };
            if lines.losses.values().any(|loss| loss.row == n) {
                numbers.push((n, number));
            }
            start = line.end;
        }
        self.note_losses(lines, &numbers);
        if let Some(fault) = &lines.fault {
            return Err(self.error(lines, fault));
        }
        self.rows += count(&lines.rows);
        Ok(())
    }

    fn note_losses(&mut self, lines: &Lines, numbers: &[(usize, u64)]) {
        for (code, loss) in &lines.losses {
            let index = self.rows + u64::try_from(loss.row).unwrap_or(u64::MAX);
            let number = numbers.iter().find(|(row, _)| *row == loss.row);
            let number = number.map_or(0, |(_, number)| *number);
            let images = self.frame.dataset.images;
            self.report.add(code, loss.count, || match &loss.why {
                Why::Votes => format!("the votes of annotation {index} have no place in COCO"),
                Why::NamelessVotes => {
                    format!("the votes of annotation {index} are written without who gave them")
                }
                Why::NoLabel => {
                    format!("annotation {index} has no label, which COCO cannot say; it is left out")
                }
                Why::Place { image, why } => {
                    let image = images.get(*image).map_or("", |image| image.name.as_str());
                    format!("annotation {number} in '{image}': {why}")
                }
                Why::NameTaken(name) => name_taken(name, &format!("annotation {number}")),
            });
        }
    }

    /// Says which annotation cannot be written: the one behind those that were.
    fn error(&mut self, lines: &Lines, fault: &Fault) -> ExportError {
        match *fault {
            Fault::Reference { what, reference } => ExportError::Reference {
                index: self.rows + count(&lines.rows),
                what,
                reference,
            },
            Fault::NotFinite { source_id } => ExportError::NotFinite {
                record: format!("annotation {}", self.numbers.number(source_id)),
            },
        }
    }

    /// Ends the file; returns how many annotations were written, and what was lost.
    ///
    /// # Errors
    /// [`ExportError::Write`].
    pub fn end(mut self) -> Result<(u64, ExportReport), ExportError> {
        self.out.write_all(b"\n]}\n")?;
        Ok((self.written, self.report))
    }
}
