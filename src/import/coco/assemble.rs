//! Puts the document together: resolves references, decides what the boxes are, makes one annotation of each record.

use super::super::document::{
    BoxDecision, BoxFormat, Document, SourceAnnotation, SourceFacts, SourceId, SourceImage, SourcePerson,
    SourceRating, SourceValue,
};
use super::super::json::{Context, Id, RawId, number_text};
use super::boxes::{Evidence, Size, Witness, decide, read, same, same_borders};
use super::error::CocoError;
use super::images::{Places, take_images, take_labels};
use super::parse::RawFile;
use super::place::Place;
use super::records::{More, RawAnnotation};
use super::repeats::repeated;
use super::segmentation::{RawBox, Segmentation};
use super::told::{Told, Weight};
use super::{BoxChoice, CocoOptions, VoteChoice};
use crate::model::Geometry;
use crate::model::geometry::{Bounds, Shape, covered_bounds, float_to_whole};

/// What the lists beside the annotations say.
pub(super) struct Lists {
    pub(super) document: Document,
    pub(super) labels: Places,
    pub(super) images: Places,
    is_ours: bool,
}

impl Lists {
    /// Takes the lists over, once both that must be there are.
    pub(super) fn take(mut file: RawFile, context: &mut Context<'_>) -> Result<Self, CocoError> {
        let missing = |missing| CocoError::NotCoco {
            file: context.file.to_owned(),
            missing,
        };
        let images = file.images.take().ok_or_else(|| missing("images"))?;
        if file.annotations.is_none() {
            return Err(missing("annotations"));
        }
        let mut document = Document {
            dataset: file.info,
            ..Document::default()
        };
        let labels = take_labels(&mut document, context, file.categories)?;
        let images = take_images(&mut document, context, images, file.licences)?;
        Ok(Self {
            document,
            labels,
            images,
            is_ours: file.is_ours,
        })
    }

    /// Returns the size of the image that a record names.
    pub(super) fn size(&self, image: &Id) -> Option<Size> {
        let image = self.document.images.get(*self.images.get(image)?)?;
        size(image)
    }

    /// Whether the evidence of boxes can matter to anybody.
    pub(super) const fn needs_evidence(&self, options: &CocoOptions) -> bool {
        !(self.is_ours && matches!(options.box_format, BoxChoice::Auto))
    }

    /// Decides how boxes are read.
    pub(super) fn decide(
        &self,
        file: &str,
        options: &CocoOptions,
        evidence: &Evidence,
    ) -> Result<BoxDecision, CocoError> {
        decide(options.box_format, self.is_ours, evidence).map_err(|evidence| CocoError::BoxFormatUnclear {
            file: file.to_owned(),
            evidence,
        })
    }

    /// Returns the document, and what numbers and ids mean in it.
    pub(super) fn meaning(self, options: &CocoOptions, decision: BoxDecision) -> (Document, Meaning) {
        let Self {
            mut document,
            labels,
            images,
            ..
        } = self;
        let meaning = Meaning {
            format: decision.format,
            votes: options.votes,
            images,
            labels,
            sizes: document.images.iter().map(size).collect(),
        };
        document.box_format = Some(decision);
        (document, meaning)
    }
}

/// Names the people of whom there are only votes.
pub(super) fn people(count: usize) -> Vec<SourcePerson> {
    let person = |n| SourcePerson {
        name: format!("annotator {n}"),
        kind: None,
    };
    (1..=count).map(person).collect()
}

/// Makes the document of a file that is read.
pub(super) fn document(
    mut file: RawFile,
    mut context: Context<'_>,
    options: &CocoOptions,
) -> Result<Document, CocoError> {
    let annotations = file.annotations.as_mut().map(std::mem::take).unwrap_or_default();
    let lists = Lists::take(file, &mut context)?;
    let mut repeats = repeated(&mut context, ("annotations", "id"), &annotations, |raw| {
        raw.id.id()
    })?;
    repeats.extend(repeated(
        &mut context,
        ("annotations", "holotype_id"),
        &annotations,
        |raw| raw.holotype_id().map(crate::id::AnnotationId::from_bytes),
    )?);
    let mut evidence = Evidence::default();
    weigh(&mut evidence, annotations.iter(), |image| lists.size(image));
    let decision = lists.decide(context.file, options, &evidence)?;
    let (mut document, meaning) = lists.meaning(options, decision);
    let mut assembler = Assembler::new(&meaning, context.file);
    for (index, raw) in annotations.into_iter().enumerate() {
        if !repeats.contains(&index) {
            document.annotations.extend(assembler.annotation(index, raw));
        }
    }
    document.people = people(assembler.people);
    assembler.told.report_to(&mut context.report);
    document.report = context.report;
    Ok(document)
}

/// Returns an image's size, where both numbers are known.
pub(super) fn size(image: &SourceImage) -> Option<Size> {
    image.width.zip(image.height)
}

/// Counts what boxes tell about their format.
pub(super) fn weigh<'a>(
    evidence: &mut Evidence,
    annotations: impl Iterator<Item = &'a RawAnnotation>,
    size: impl Fn(&Id) -> Option<Size>,
) {
    // Neighbours mostly lie in the same image.
    let mut last = (&RawId::Absent, None);
    for raw in annotations {
        let RawBox::Four(four) = &raw.bbox else {
            continue;
        };
        if raw.image != *last.0 {
            last = (&raw.image, raw.image.id().and_then(&size));
        }
        let shape = raw.more.as_ref().and_then(|more| more.shape());
        evidence.add(&Witness {
            four: *four,
            image: last.1,
            area: raw.area.filter(|_| shape.is_none()),
            borders: shape.and_then(borders),
        });
    }
}

/// Returns left, upper, right and lower border of what a shape covers.
fn borders(shape: &Shape) -> Option<[f64; 4]> {
    let array = |b: Bounds| [b.x_min, b.y_min, b.x_max, b.y_max];
    match shape {
        Shape::Mask {
            x, y, height, counts, ..
        } => {
            let covered = covered_bounds(float_to_whole(*height)?, counts).map(array);
            covered.map(|[left, upper, right, lower]| [x + left, y + upper, x + right, y + lower])
        }
        Shape::Polygon { rings } => positions(rings.iter().flatten()),
        Shape::MultiPolygon { polygons } => positions(polygons.iter().flatten().flatten()),
        Shape::Point { .. }
        | Shape::Box { .. }
        | Shape::RotatedBox { .. }
        | Shape::Circle { .. }
        | Shape::Ellipse { .. }
        | Shape::Polyline { .. }
        | Shape::Image => Geometry::new(shape.clone()).bounds().map(array),
    }
}

/// Returns the borders of positions.
fn positions<'a>(positions: impl Iterator<Item = &'a [f64; 2]>) -> Option<[f64; 4]> {
    positions.fold(None, |borders: Option<[f64; 4]>, [x, y]| {
        Some(borders.map_or([*x, *y, *x, *y], |[left, upper, right, lower]| {
            [left.min(*x), upper.min(*y), right.max(*x), lower.max(*y)]
        }))
    })
}

impl More {
    /// Returns the shape that stands beside the box.
    fn shape(&self) -> Option<&Shape> {
        match (&self.exact, &self.segmentation) {
            (Some(Ok(exact)), _) => Some(&exact.shape),
            (_, Segmentation::Shape(shape)) => Some(shape),
            (_, Segmentation::Absent | Segmentation::Bad(_)) => None,
        }
    }
}

/// What numbers and ids mean in this file.
#[derive(Debug)]
pub(super) struct Meaning {
    format: BoxFormat,
    votes: VoteChoice,
    images: Places,
    labels: Places,
    sizes: Vec<Option<Size>>,
}

impl Meaning {
    /// Returns which image of the document an id names.
    pub(super) fn place(&self, image: &Id) -> Option<usize> {
        self.images.get(image).copied()
    }
}

/// Makes annotations of records.
pub(super) struct Assembler<'m, 'f> {
    meaning: &'m Meaning,
    file: &'f str,
    /// The longest list of votes so far.
    pub(super) people: usize,
    /// What a person is told of them.
    pub(super) told: Told,
}

impl<'m, 'f> Assembler<'m, 'f> {
    pub(super) fn new(meaning: &'m Meaning, file: &'f str) -> Self {
        Self {
            meaning,
            file,
            people: 0,
            told: Told::default(),
        }
    }

    fn tell(
        &mut self,
        weight: Weight,
        code: &'static str,
        place: Place,
        id: &RawId,
        why: impl FnOnce() -> String,
    ) {
        let file = self.file;
        self.told.add(weight, code, place.index, || {
            format!("{file}, {}: {}", place.with(id), why())
        });
    }

    /// Reports a record, or a part of one, that is not taken over.
    fn lose(&mut self, code: &'static str, place: Place, id: &RawId, why: impl FnOnce() -> String) {
        self.tell(Weight::Loss, code, place, id, why);
    }

    /// Reports what deserves a look.
    fn warn(&mut self, code: &'static str, place: Place, id: &RawId, why: impl FnOnce() -> String) {
        self.tell(Weight::Warning, code, place, id, why);
    }

    /// Makes an annotation of a record; a record that cannot be one is reported as a loss.
    pub(super) fn annotation(&mut self, index: usize, raw: RawAnnotation) -> Option<SourceAnnotation> {
        let place = Place {
            list: "annotations",
            index,
        };
        let RawAnnotation {
            id,
            image,
            category,
            bbox,
            area,
            more,
        } = raw;
        if matches!(id, RawId::Null | RawId::Unusable) {
            self.lose("annotation_without_id", place, &id, || {
                format!("its 'id' {}", id.lack())
            });
            return None;
        }
        if id == RawId::Absent {
            self.warn("annotation_id_missing", place, &id, || {
                "it has no 'id'".to_owned()
            });
        }
        let (image, label) = self.references(place, &id, &image, &category)?;
        let mut more = more.map_or_else(More::default, |more| *more);
        let mut attributes = std::mem::take(&mut more.facts);
        let size = self.meaning.sizes.get(image).copied().flatten();
        let (votes, holotype_id) = (std::mem::take(&mut more.votes), more.holotype_id);
        let geometry = self.geometry(place, &id, &bbox, more, &mut attributes)?;
        self.look(place, &id, &geometry, size);
        self.keep_area(place, &id, &geometry, area, &mut attributes);
        let ratings = self.ratings(place, &id, &votes);
        let id = match (holotype_id, id) {
            (Some(bytes), _) => Some(SourceId::Holotype(bytes)),
            (None, RawId::Id(id)) => Some(SourceId::Local(id.to_string())),
            (None, RawId::Absent | RawId::Null | RawId::Unusable) => None,
        };
        Some(SourceAnnotation {
            image,
            geometry,
            label: Some(label),
            id,
            ratings,
            attributes,
        })
    }

    /// Resolves what the record refers to.
    fn references(
        &mut self,
        place: Place,
        id: &RawId,
        image: &RawId,
        category: &RawId,
    ) -> Option<(usize, usize)> {
        let found = image.id().and_then(|id| self.meaning.images.get(id)).copied();
        let Some(found_image) = found else {
            self.lose("annotation_without_image", place, id, || match image {
                RawId::Id(image) => format!("'images' has no usable image {image}"),
                RawId::Absent | RawId::Null | RawId::Unusable => {
                    format!("its 'image_id' {}", image.lack())
                }
            });
            return None;
        };
        let found = category.id().and_then(|id| self.meaning.labels.get(id)).copied();
        if found.is_none() {
            self.lose("annotation_without_class", place, id, || match category {
                RawId::Id(category) => format!("'categories' has no usable class {category}"),
                RawId::Absent | RawId::Null | RawId::Unusable => {
                    format!("its 'category_id' {}", category.lack())
                }
            });
        }
        Some((found_image, found?))
    }

    /// Chooses the geometry: the exact one of an export, else the segmentation, else the box.
    fn geometry(
        &mut self,
        place: Place,
        id: &RawId,
        bbox: &RawBox,
        more: More,
        attributes: &mut SourceFacts,
    ) -> Option<Geometry> {
        let four = match bbox {
            RawBox::Four(four) => Some(*four),
            RawBox::Absent => None,
            RawBox::Bad(bad) => {
                self.lose(bad.code, place, id, || bad.why.clone());
                return None;
            }
        };
        let geometry = match (more.exact, more.segmentation) {
            (Some(Ok(exact)), _) => exact,
            (Some(Err(why)), _) => {
                self.lose("exact_geometry_unusable", place, id, || {
                    format!("'holotype_geometry': {why}")
                });
                return None;
            }
            (None, Segmentation::Bad(bad)) => {
                self.lose(bad.code, place, id, || bad.why);
                return None;
            }
            (None, Segmentation::Shape(shape)) => Geometry::new(shape),
            (None, Segmentation::Absent) => return self.box_geometry(place, id, four),
        };
        if let (Some(four), Some(borders)) = (four, borders(&geometry.shape)) {
            let [x, y, width, height] = read(four, self.meaning.format);
            if !same_borders(borders, [x, y, x + width, y + height]) {
                let given = format!("[{}]", four.map(number_text).join(","));
                self.warn("box_differs", place, id, || {
                    format!("its 'bbox' {given} is not around its geometry; it is kept as an attribute")
                });
                attributes.insert("bbox".to_owned(), SourceValue::Text(given));
            }
        }
        Some(geometry)
    }

    fn box_geometry(&mut self, place: Place, id: &RawId, four: Option<[f64; 4]>) -> Option<Geometry> {
        let Some(four) = four else {
            self.lose("annotation_without_place", place, id, || {
                "it has neither 'bbox' nor 'segmentation'".to_owned()
            });
            return None;
        };
        let [x, y, width, height] = read(four, self.meaning.format);
        if width < 0.0 || height < 0.0 || !(width.is_finite() && height.is_finite()) {
            let format = self.meaning.format.as_str();
            self.lose("box_inside_out", place, id, || {
                format!(
                    "its 'bbox' read as {format} has the size {} x {}",
                    number_text(width),
                    number_text(height)
                )
            });
            return None;
        }
        Some(Geometry::rectangle(x, y, width, height))
    }

    /// Warns about a geometry that deserves a look; it is kept exactly.
    fn look(&mut self, place: Place, id: &RawId, geometry: &Geometry, size: Option<Size>) {
        if let (Shape::Mask { width, height, .. }, Some(size)) = (&geometry.shape, size)
            && (*width, *height) != size
        {
            self.warn("mask_of_other_size", place, id, || {
                format!(
                    "its mask is {width} x {height} px, its image {} x {}",
                    size.0, size.1
                )
            });
        }
        let Some([left, upper, right, lower]) = borders(&geometry.shape) else {
            return;
        };
        let leaves = size.is_some_and(|(w, h)| left < 0.0 || upper < 0.0 || right > w || lower > h);
        if leaves {
            self.warn("outside_image", place, id, || {
                "some of it lies outside of its image; it is kept as it is".to_owned()
            });
        }
        let has_extent = !matches!(geometry.shape, Shape::Point { .. } | Shape::Polyline { .. });
        if has_extent && (left == right || upper == lower) {
            self.warn("zero_size", place, id, || {
                "it has no extent; it is kept as it is".to_owned()
            });
        }
    }

    /// Keeps an `area` that does not follow from the geometry.
    fn keep_area(
        &mut self,
        place: Place,
        id: &RawId,
        geometry: &Geometry,
        area: Option<f64>,
        attributes: &mut SourceFacts,
    ) {
        let Some(area) = area else {
            return;
        };
        let derived = geometry.area();
        // A whole image is as large as it is, whatever is said of it.
        if geometry.shape == Shape::Image || derived.is_some_and(|derived| same(area, derived)) {
            return;
        }
        self.warn("area_differs", place, id, || match derived {
            Some(derived) => {
                format!("its 'area' is {area}, its geometry has {derived}; it is kept as an attribute")
            }
            None => {
                format!("its 'area' is {area}, its geometry has more than a number can say; it is kept as an attribute")
            }
        });
        attributes.insert("area".to_owned(), SourceValue::Number(area));
    }

    /// Makes ratings of the anonymous votes.
    fn ratings(&mut self, place: Place, id: &RawId, votes: &[RawId]) -> Vec<SourceRating> {
        match self.meaning.votes {
            VoteChoice::Ignore => {
                for _ in votes {
                    self.lose("votes_ignored", place, id, || {
                        "the votes in 'labels' are not taken over, as asked".to_owned()
                    });
                }
                return Vec::new();
            }
            VoteChoice::Ratings => {}
        }
        self.people = self.people.max(votes.len());
        let mut ratings = Vec::with_capacity(votes.len());
        for (person, vote) in votes.iter().enumerate() {
            match vote.id().and_then(|id| self.meaning.labels.get(id)) {
                Some(label) => ratings.push(SourceRating {
                    person,
                    label: Some(*label),
                    claimed_at: None,
                }),
                None => self.lose("vote_without_class", place, id, || match vote {
                    RawId::Id(class) => {
                        format!("vote {} in 'labels' is {class}, which is no class", person + 1)
                    }
                    RawId::Absent | RawId::Null | RawId::Unusable => {
                        format!("vote {} in 'labels' {}", person + 1, vote.lack())
                    }
                }),
            }
        }
        ratings
    }
}
