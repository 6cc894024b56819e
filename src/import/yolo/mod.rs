//! Reads YOLO datasets: a file that names the classes, and a text file of labels for each image.
//!
//! **Where things are.** A folder with `classes.txt`, `obj.names`, `data.yaml` or `dataset.yaml` (or one whose `labels`
//! has it) is one dataset, and every text file in it that holds labels, or nothing, is one of its label files; see
//! `folder`. A label file is about the image of its name: `labels/train/1.txt` about `train/1`.
//!
//! **Places** are parts of the image's width and height, so its size must be known: [`crate::model::geometry::relative`]
//! says how they become pixels, to the bit. A box is a box, an outline a polygon; the four corners of a turned box
//! are a polygon, too, for they are what the file says. A confidence is kept as an attribute.
//!
//! **A label file without a line** says that its image was looked at and nothing was found: a screening. An image
//! without a label file is not known to have been looked at.
//!
//! Classes are mapped by name, and keypoints are refused. YOLO has no ids, and says nothing about who annotated.

mod error;
mod folder;
mod line;
mod names;
mod yaml;

#[cfg(test)]
mod tests;

pub use error::{YoloError, YoloProblem};
pub use folder::{YoloFolder, class_files_near, image_key, split_folders};

use std::collections::BTreeMap;

use super::document::{
    Document, SourceAnnotation, SourceFacts, SourceImage, SourceLabel, SourceScreening, SourceValue,
};
use crate::model::geometry::relative::Length;
use line::{Size, is_label, read_label};

/// No label file that is read has more lines.
const LINES_MAX: usize = 10_000_000;

/// Tells by the beginning of a file whether it is a label file, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .next()
        .is_some_and(is_label)
        .then_some("lines of a class number and parts of an image's size")
}

/// Whether a label file has a label, so that the size of its image must be known.
#[must_use]
pub fn needs_size(bytes: &[u8]) -> bool {
    !bytes.iter().all(u8::is_ascii_whitespace)
}

/// Reads the files of a dataset one by one.
pub struct YoloReader {
    classes: Vec<String>,
    document: Document,
    /// Index of each class's label in the document, once it is used.
    labels: BTreeMap<String, usize>,
}

impl YoloReader {
    /// Begins with the files that name the classes, by name; several must agree.
    ///
    /// # Errors
    /// [`YoloError`] when there is none, or one cannot be read.
    pub fn new(file: &str, class_files: &[(String, Vec<u8>)]) -> Result<Self, YoloError> {
        let mut document = Document::default();
        let mut found: Option<(&str, Vec<String>)> = None;
        for (name, bytes) in class_files {
            let classes = names::read_classes(name, bytes, &mut document.report)?;
            match &found {
                Some((other, known)) if *known != classes => {
                    return Err(YoloError {
                        file: name.clone(),
                        problem: YoloProblem::ClassesDiffer {
                            other: (*other).to_owned(),
                        },
                    });
                }
                Some(_) => {}
                None => found = Some((name, classes)),
            }
        }
        let Some((_, classes)) = found else {
            return Err(YoloError {
                file: file.to_owned(),
                problem: YoloProblem::NoClasses,
            });
        };
        let mut reader = Self {
            classes,
            document,
            labels: BTreeMap::new(),
        };
        for name in reader.classes.clone().iter().filter(|name| !name.is_empty()) {
            reader.define(file, name);
        }
        Ok(reader)
    }

    fn define(&mut self, file: &str, name: &str) {
        if self.labels.contains_key(name) {
            self.document.report.warnings.add("class_repeated", || {
                format!("{file}: the class '{name}' has several numbers; they are one label")
            });
            return;
        }
        self.labels.insert(name.to_owned(), self.document.labels.len());
        self.document.labels.push(SourceLabel {
            name: name.to_owned(),
            facts: SourceFacts::new(),
        });
    }

    /// Reads a label file: `image` is what it is about, `size` its width and height in px, where known.
    ///
    /// # Errors
    /// [`YoloError`] when it is no label file, or it has labels and the size is not known. A single line that cannot be
    /// used is no error but an entry of the document's report.
    pub fn label_file(
        &mut self,
        file: &str,
        bytes: &[u8],
        image: SourceImage,
        size: Option<[f64; 2]>,
    ) -> Result<(), YoloError> {
        self.read_labels(file, bytes, image, size)
            .map_err(|problem| YoloError {
                file: file.to_owned(),
                problem,
            })
    }

    fn read_labels(
        &mut self,
        file: &str,
        bytes: &[u8],
        image: SourceImage,
        size: Option<[f64; 2]>,
    ) -> Result<(), YoloProblem> {
        let text = names::text(bytes)?;
        let size = size.and_then(|[width, height]| {
            Some(Size {
                width: Length::new(width)?,
                height: Length::new(height)?,
                px: [width, height],
            })
        });
        let (index, name) = (self.document.images.len(), image.name.clone());
        self.document.images.push(image);
        let mut is_empty = true;
        for (line, number) in text.lines().zip(1..) {
            if line.trim().is_empty() {
                continue;
            }
            if number > LINES_MAX {
                let limit = LINES_MAX;
                return Err(YoloProblem::TooManyLines { line: number, limit });
            }
            is_empty = false;
            let Some(size) = &size else {
                return Err(YoloProblem::SizeUnknown { image: name });
            };
            self.line(file, index, number, line, size)?;
        }
        if is_empty {
            self.document.screenings.push(SourceScreening {
                image: index,
                region: None,
                person: None,
            });
        }
        Ok(())
    }

    fn line(
        &mut self,
        file: &str,
        image: usize,
        number: usize,
        line: &str,
        size: &Size,
    ) -> Result<(), YoloProblem> {
        let report = &mut self.document.report;
        let label = match read_label(number, line, size)? {
            Ok(label) => label,
            Err(skip) => {
                let message = || format!("{file}, line {number}: {}", skip.why);
                report.losses.add(skip.code, message);
                return Ok(());
            }
        };
        let name = self.classes.get(label.class).filter(|name| !name.is_empty());
        let Some(class) = name.and_then(|name| self.labels.get(name)) else {
            report.losses.add("class_unknown", || {
                format!(
                    "{file}, line {number}: no name is given for class {}",
                    label.class
                )
            });
            return Ok(());
        };
        if label.is_far_outside {
            report.warnings.add("coordinates_look_absolute", || {
                format!("{file}, line {number}: a number is far beyond 1, so it looks like pixels; it was taken as a part")
            });
        }
        let confidence = label.confidence.map(SourceValue::Number);
        self.document.annotations.push(SourceAnnotation {
            image,
            geometry: label.geometry,
            label: Some(*class),
            id: None,
            ratings: Vec::new(),
            attributes: confidence
                .map(|confidence| ("confidence".to_owned(), confidence))
                .into_iter()
                .collect(),
        });
        Ok(())
    }

    /// Ends the document.
    #[must_use]
    pub fn finish(self) -> Document {
        self.document
    }
}
