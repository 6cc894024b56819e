//! The images of a file, and what concerns all of their shapes.

use std::collections::BTreeMap;

use super::meta::Meta;
use super::shape;
use crate::import::document::{
    Document, SourceAnnotation, SourceFacts, SourceImage, SourcePerson, SourceRating, SourceValue,
};
use crate::import::personal;
use crate::import::report::LossReport;
use crate::import::report::Skip;
use crate::import::xml::{
    Labels, Tag, XmlError, XmlProblem, XmlReader, keep_attributes, lose_text, positive,
};

/// The attributes of an image that are read here. Its number in the task is not kept.
const KNOWN: [&str; 6] = ["id", "name", "subset", "task_id", "width", "height"];

/// The names of shapes.
const SHAPES: [&str; 9] = [
    "box", "polygon", "polyline", "points", "ellipse", "mask", "tag", "skeleton", "cuboid",
];

/// Reads images into a document.
#[derive(Default)]
pub(super) struct Images {
    labels: Labels,
    /// Where each image stands in the document, by task and name, and in the file.
    known: BTreeMap<(String, String), (usize, usize)>,
    /// The task of each image.
    tasks: Vec<String>,
    counters: Counters,
}

/// Numbers that are counted up in a file.
#[derive(Default)]
pub(super) struct Counters {
    /// Shapes.
    pub(super) shapes: u64,
    /// Shapes of several points.
    pub(super) sets: u32,
    /// Skeletons.
    pub(super) skeletons: u32,
    /// Runs of masks.
    pub(super) runs: usize,
}

impl Images {
    /// Reads the image that `tag` opened.
    pub(super) fn read(
        &mut self,
        reader: &mut XmlReader<'_>,
        tag: &Tag<'_>,
        document: &mut Document,
    ) -> Result<(), XmlError> {
        let image = self.image(reader, tag, document)?;
        while let Some(child) = reader.child()? {
            let name = child.name();
            if !SHAPES.contains(&name) {
                document.report.losses.add("shape_unknown", || {
                    format!(
                        "{}: <{name}> is no shape that is known",
                        reader.here(child.offset)
                    )
                });
                reader.leave(reader.depth())?;
                continue;
            }
            self.counters.shapes += 1;
            let number = self.counters.shapes;
            let found = shape::read(reader, &child, &mut self.counters, document)?;
            let found = found.and_then(|found| match image {
                Some(image) => Ok((image, found)),
                None => Err(Skip::new("image_without_name", "its image has no name")),
            });
            match found {
                Ok((image, found)) => {
                    for (label, geometry, attributes) in found {
                        let label = self.labels.index(&mut document.labels, &label);
                        document.annotations.push(SourceAnnotation {
                            image,
                            geometry,
                            label: Some(label),
                            id: None,
                            ratings: Vec::new(),
                            attributes,
                        });
                    }
                }
                Err(skip) => document.report.losses.add(skip.code, || {
                    format!("{}, shape {number}: {}", reader.here(child.offset), skip.why)
                }),
            }
        }
        lose_text(reader, tag, &mut document.report);
        Ok(())
    }

    /// Finds the image in the document, or adds it; `None` when it has no name.
    fn image(
        &mut self,
        reader: &XmlReader<'_>,
        tag: &Tag<'_>,
        document: &mut Document,
    ) -> Result<Option<usize>, XmlError> {
        let Some(image) = described(reader, tag, &mut document.report)? else {
            return Ok(None);
        };
        let task = tag.get("task_id").unwrap_or_default().into_owned();
        let key = (task.clone(), tag.get("name").unwrap_or_default().into_owned());
        let new = (document.images.len(), tag.offset);
        let (index, first) = *self.known.entry(key).or_insert(new);
        let Some(known) = document.images.get(index) else {
            document.images.push(image);
            self.tasks.push(task);
            return Ok(Some(index));
        };
        if *known != image {
            let (what, name, first) = ("the image", image.name, reader.place(first));
            return Err(reader.refuse(tag.offset, XmlProblem::Contradiction { what, name, first }));
        }
        document.report.warnings.add("image_repeated", || {
            format!(
                "{}: the image '{}' is there twice; its shapes are taken together",
                reader.here(tag.offset),
                known.name
            )
        });
        Ok(Some(index))
    }

    /// Gives images and labels what the file says of them elsewhere, and shapes their rating.
    pub(super) fn finish(mut self, file: &str, meta: &Meta, document: &mut Document) {
        self.describe_labels(file, meta, document);
        let mut people: BTreeMap<&str, usize> = BTreeMap::new();
        let mut person_of = Vec::with_capacity(document.images.len());
        for (image, task) in document.images.iter_mut().zip(&self.tasks) {
            let work = meta.work_of(task);
            if let Some(work) = work {
                for (name, value) in &work.facts {
                    image.facts.entry(name.clone()).or_insert_with(|| value.clone());
                }
                // Where names repeat in a project, the tasks tell the images apart.
                if !task.is_empty() && image.folder.is_none() {
                    let folder = work.name.clone().filter(|name| !personal::is_absolute_path(name));
                    image.folder = folder.or_else(|| Some(format!("task_{task}")));
                }
            }
            person_of.push(work.and_then(|work| work.assignee.as_deref()).map(|name| {
                *people.entry(name).or_insert_with(|| {
                    document.people.push(SourcePerson {
                        name: name.to_owned(),
                        kind: None,
                    });
                    document.people.len() - 1
                })
            }));
        }
        let mut rated = 0;
        for annotation in &mut document.annotations {
            let is_manual = match annotation.attributes.get("source") {
                Some(SourceValue::Text(source)) => source == "manual",
                Some(SourceValue::Number(_) | SourceValue::Flag(_) | SourceValue::Private(_)) => false,
                None => true,
            };
            if let Some(person) = person_of
                .get(annotation.image)
                .copied()
                .flatten()
                .filter(|_| is_manual)
            {
                rated += 1;
                annotation.ratings.push(SourceRating {
                    person,
                    label: annotation.label,
                    claimed_at: None,
                });
            }
        }
        document.report.warnings.add_many("assignee_taken_as_annotator", rated, || {
            format!(
                "{file}: who a task is assigned to is taken as who labelled what is marked as manual; the file does not \
                 say who did"
            )
        });
    }

    fn describe_labels(&mut self, file: &str, meta: &Meta, document: &mut Document) {
        let (report, used) = (&mut document.report, document.labels.len());
        let mut declared = std::collections::BTreeSet::new();
        for (name, facts) in &meta.labels {
            let index = self.labels.index(&mut document.labels, name);
            let Some(label) = document.labels.get_mut(index) else {
                continue;
            };
            if declared.insert(index) {
                label.facts.clone_from(facts);
            } else if label.facts != *facts {
                report.warnings.add("label_repeated", || {
                    format!(
                        "{file}: the label '{name}' is described twice, and not the same; the first counts"
                    )
                });
            }
        }
        let undeclared: Vec<usize> = (0..used).filter(|index| !declared.contains(index)).collect();
        let first = undeclared.first().and_then(|index| document.labels.get(*index));
        let count = u64::try_from(undeclared.len()).unwrap_or(u64::MAX);
        report.warnings.add_many("label_not_declared", count, || {
            let name = first.map(|label| label.name.as_str()).unwrap_or_default();
            format!("{file}: the label '{name}' is not among the labels of <meta>; it is taken as a class")
        });
    }
}

/// Reads what an image says of itself; `None` when it has no name.
fn described(
    reader: &XmlReader<'_>,
    tag: &Tag<'_>,
    report: &mut LossReport,
) -> Result<Option<SourceImage>, XmlError> {
    let mut facts = SourceFacts::new();
    let mut size = |name: &'static str| -> Result<Option<f64>, XmlError> {
        let Some(text) = tag.get(name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let value = positive(&text).map_err(|problem| reader.refuse(tag.offset, problem))?;
        if value.is_none() {
            report.warnings.add("size_unusable", || {
                format!(
                    "{}: '{name}' is '{text}', which is no size",
                    reader.here(tag.offset)
                )
            });
        }
        Ok(value)
    };
    let (width, height) = (size("width")?, size("height")?);
    let given = tag.get("name").unwrap_or_default();
    let (folder, name) = personal::split_absolute(&given);
    if name.is_empty() {
        report.losses.add("image_without_name", || {
            format!("{}: an image has no name", reader.here(tag.offset))
        });
        return Ok(None);
    }
    if folder.is_some() {
        report.warnings.add("absolute_path", || {
            format!(
                "{}: the image's name is an absolute path, which can name a person",
                reader.here(tag.offset)
            )
        });
        facts.insert("path".to_owned(), personal::text_value("path", &given));
    }
    if let Some(subset) = tag.get("subset").filter(|subset| !subset.is_empty()) {
        facts.insert("cvat_subset".to_owned(), SourceValue::Text(subset.into_owned()));
    }
    keep_attributes(tag, &KNOWN, &mut facts);
    Ok(Some(SourceImage {
        name: name.to_owned(),
        folder: folder.map(str::to_owned),
        width,
        height,
        facts,
    }))
}
