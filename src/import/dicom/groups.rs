//! Annotation groups: their label, their annotations, and what was measured of them.

use std::collections::BTreeMap;

use dicom_core::Tag;

use crate::model::AnnotatorKind;
use crate::model::geometry::Position;

use super::super::document::{
    Document, PrivateTextKind, SourceAnnotation, SourceFacts, SourceId, SourceLabel, SourceRating,
    SourceValue,
};
use super::super::personal::private;
use super::dataset::{Encoding, Item, tag_text};
use super::error::DicomError;
use super::geometry::{GraphicType, Place, Primitives};
use super::numbers::{Numbers, Width, short};
use super::tags;
use super::who::{self, Generation};

/// Annotations of one file.
const ANNOTATIONS_MAX: usize = 10_000_000;

/// What all groups of a file share.
struct Reading<'b, 'd> {
    file: &'b str,
    encoding: Encoding,
    operator: Option<String>,
    claimed_at: Option<String>,
    document: &'d mut Document,
}

/// One group on its way.
struct Group<'i, 'b> {
    item: &'i Item<'b>,
    /// Its place in the sequence, from 1.
    number: usize,
    primitives: Primitives<'b>,
    label: Option<usize>,
    rater: Option<usize>,
    /// Attributes of each of its annotations.
    attributes: SourceFacts,
    /// Measured values: name, and value by annotation.
    measured: Vec<(String, BTreeMap<usize, f64>)>,
}

/// Takes over the groups of a file.
pub(super) fn take(
    file: &str,
    encoding: Encoding,
    root: &Item<'_>,
    document: &mut Document,
) -> Result<(), DicomError> {
    let groups = root.items(tags::GROUPS);
    let repeats = repeated(file, groups, document)?;
    let refusal = coordinates_refused(root);
    if refusal.is_none() && root.text(tags::PIXEL_ORIGIN).is_none() {
        document.report.warnings.add("pixel_origin_missing", || {
            format!("{file}: it does not say (0048,0301) what its coordinates are relative to; the whole image is taken")
        });
    }
    let mut reading = Reading {
        file,
        encoding,
        operator: who::operator(file, root, document),
        claimed_at: who::claimed_at(file, root, document),
        document,
    };
    for (index, item) in groups.iter().enumerate() {
        if repeats.contains(&index) {
            continue;
        }
        match &refusal {
            Some((code, why)) => reading.lose(code, index + 1, count_said(item, encoding), why),
            None => reading.group(item, index + 1)?,
        }
    }
    Ok(())
}

/// Says why the coordinates of the whole file cannot be used.
fn coordinates_refused(root: &Item<'_>) -> Option<(&'static str, String)> {
    match root.text(tags::COORDINATE_TYPE) {
        Some("2D") | None => {}
        Some("3D") => {
            let why = "(006A,0001) is 3D: its coordinates are mm on the slide, and origin, orientation and pixel spacing of the image are not in this file";
            return Some(("coordinates_in_mm", why.to_owned()));
        }
        Some(other) => {
            let why = format!("(006A,0001) is '{other}', which is no kind of coordinates");
            return Some(("coordinates_unknown", why));
        }
    }
    match root.text(tags::PIXEL_ORIGIN) {
        Some("VOLUME") | None => None,
        Some("FRAME") => {
            let why = "(0048,0301) is FRAME: its coordinates are relative to single frames, and where those lie is not in this file";
            Some(("coordinates_of_frames", why.to_owned()))
        }
        Some(other) => {
            let why = format!("(0048,0301) is '{other}', which is no origin of coordinates");
            Some(("coordinates_unknown", why))
        }
    }
}

/// Finds groups that repeat an earlier one with the same UID.
fn repeated(file: &str, groups: &[Item<'_>], document: &mut Document) -> Result<Vec<usize>, DicomError> {
    let mut known: BTreeMap<&str, (usize, &Item<'_>)> = BTreeMap::new();
    let mut repeats = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let Some(uid) = group.text(tags::GROUP_UID) else {
            continue;
        };
        match known.get(uid) {
            None => {
                known.insert(uid, (index, group));
            }
            Some((first, same)) if *same == group => {
                let first = first + 1;
                document.report.warnings.add("group_twice", || {
                    format!(
                        "{file}, (006A,0002)[{}]: equals [{first}]; it is taken once",
                        index + 1
                    )
                });
                repeats.push(index);
            }
            Some((first, _)) => {
                return Err(DicomError::GroupTwice {
                    file: file.to_owned(),
                    uid: uid.to_owned(),
                    first: first + 1,
                    second: index + 1,
                });
            }
        }
    }
    Ok(repeats)
}

/// How many annotations a group says it has.
fn count_said(item: &Item<'_>, encoding: Encoding) -> Option<u32> {
    let bytes = item.numbers(tags::ANNOTATION_COUNT)?;
    Numbers::new(bytes, Width::Single, encoding)?.whole(0)
}

impl Reading<'_, '_> {
    /// Names a group, or an element of one.
    fn place(&self, number: usize, tag: Option<Tag>) -> String {
        let element = tag.map(|tag| format!(".{}", tag_text(tag))).unwrap_or_default();
        format!("{}, (006A,0002)[{number}]{element}", self.file)
    }

    /// Reports a group that is not taken over.
    fn lose(&mut self, code: &'static str, number: usize, said: Option<u32>, why: &str) {
        let place = self.place(number, None);
        let count = said.map_or(1, u64::from).max(1);
        self.document
            .report
            .losses
            .add_many(code, count, || format!("{place}: {why}"));
    }

    fn group(&mut self, item: &Item<'_>, number: usize) -> Result<(), DicomError> {
        let said = count_said(item, self.encoding);
        let primitives = match self.primitives(item) {
            Ok(primitives) => primitives,
            Err((code, tag, why)) => {
                let why = format!("{}: {why}", tag_text(tag));
                self.lose(code, number, said, &why);
                return Ok(());
            }
        };
        if said.and_then(|said| usize::try_from(said).ok()) != Some(primitives.len()) {
            let why = format!(
                "(006A,000C) says {} annotations, its coordinates make {}",
                said.map_or_else(|| "no number of".to_owned(), |said| said.to_string()),
                primitives.len()
            );
            self.lose("annotation_count_differs", number, said, &why);
            return Ok(());
        }
        if self.document.annotations.len() + primitives.len() > ANNOTATIONS_MAX {
            return Err(DicomError::TooMany {
                file: self.file.to_owned(),
                what: "annotations",
                limit: ANNOTATIONS_MAX,
            });
        }
        self.unknown_elements(item, number);
        let label = self.label(item, number);
        let mut attributes = self.about(item);
        let rater = self.rater(item, number, &mut attributes);
        let measured = self.measured(item, number, primitives.len());
        let group = Group {
            item,
            number,
            primitives,
            label,
            rater,
            attributes,
            measured,
        };
        self.annotations(&group);
        Ok(())
    }

    /// Cuts a group's coordinates into annotations.
    fn primitives<'b>(&self, item: &Item<'b>) -> Result<Primitives<'b>, (&'static str, Tag, String)> {
        let word = item.text(tags::GRAPHIC_TYPE).unwrap_or_default();
        let kind = GraphicType::parse(word).ok_or_else(|| {
            let why = format!("'{word}' is no graphic type that is known");
            ("graphic_type_unknown", tags::GRAPHIC_TYPE, why)
        })?;
        let single = item.numbers(tags::FLOAT_COORDINATES);
        let double = item.numbers(tags::DOUBLE_COORDINATES);
        let (tag, bytes, width) = match (single, double) {
            (Some(bytes), None) => (tags::FLOAT_COORDINATES, bytes, Width::Single),
            (None, Some(bytes)) => (tags::DOUBLE_COORDINATES, bytes, Width::Double),
            (None, None) => {
                let why = "there are no coordinates".to_owned();
                return Err(("coordinates_missing", tags::FLOAT_COORDINATES, why));
            }
            (Some(_), Some(_)) => {
                let why = "there are coordinates twice, as float and as double".to_owned();
                return Err(("coordinates_twice", tags::DOUBLE_COORDINATES, why));
            }
        };
        let broken = |tag| {
            let why = "it ends within a number".to_owned();
            ("coordinates_unusable", tag, why)
        };
        let coordinates = Numbers::new(bytes, width, self.encoding).ok_or_else(|| broken(tag))?;
        let starts = match item.numbers(tags::POINT_INDICES) {
            None => None,
            Some(bytes) => Some(
                Numbers::new(bytes, Width::Single, self.encoding)
                    .ok_or_else(|| broken(tags::POINT_INDICES))?,
            ),
        };
        let has_starts = starts.is_some();
        Primitives::new(kind, coordinates, starts).map_err(|why| {
            if has_starts {
                ("index_list_unusable", tags::POINT_INDICES, why)
            } else {
                ("coordinates_unusable", tag, why)
            }
        })
    }

    fn unknown_elements(&mut self, item: &Item<'_>, number: usize) {
        let place = self.place(number, item.first_left);
        self.document
            .report
            .losses
            .add_many("unknown_element", item.left, || {
                format!("{place}: this element of a group is not known here; it was not taken over")
            });
    }

    /// The label of a group: its label, else the meaning of its property type. Codes are facts of the label.
    fn label(&mut self, item: &Item<'_>, number: usize) -> Option<usize> {
        let kind = item.item(tags::TYPE);
        let name = item
            .text(tags::GROUP_LABEL)
            .or_else(|| kind.and_then(|kind| kind.text(tags::CODE_MEANING)));
        let Some(name) = name.map(str::to_owned) else {
            let place = self.place(number, Some(tags::GROUP_LABEL));
            self.document.report.warnings.add("group_without_label", || {
                format!(
                    "{place}: neither a label nor a property type is given; its annotations have no label"
                )
            });
            return None;
        };
        let mut facts = SourceFacts::new();
        code("category", item.item(tags::CATEGORY), &mut facts);
        code("type", kind, &mut facts);
        code(
            "type_modifier",
            kind.and_then(|kind| kind.item(tags::TYPE_MODIFIER)),
            &mut facts,
        );
        if let Some(description) = item.text(tags::GROUP_DESCRIPTION) {
            let value = private(PrivateTextKind::FreeText, description);
            facts.insert("description".to_owned(), value);
        }
        if let Some(colour) = item.numbers(tags::DISPLAY_CIELAB) {
            let (pairs, _) = colour.as_chunks::<2>();
            let shorts = pairs.iter().filter_map(|pair| short(pair, self.encoding));
            let text = shorts
                .map(|short| short.to_string())
                .collect::<Vec<_>>()
                .join("\\");
            facts.insert("dicom_cielab".to_owned(), SourceValue::Text(text));
        }
        let known = self.document.labels.iter().position(|label| label.name == name);
        let Some(known) = known else {
            self.document.labels.push(SourceLabel { name, facts });
            return Some(self.document.labels.len() - 1);
        };
        let differs = self
            .document
            .labels
            .get(known)
            .is_some_and(|label| label.facts != facts);
        if differs {
            let place = self.place(number, Some(tags::GROUP_LABEL));
            self.document.report.losses.add("label_codes_differ", || {
                format!("{place}: an earlier group has the label '{name}' with other codes or another description; those of the first are kept")
            });
        }
        Some(known)
    }

    /// What a group says of all its annotations alike.
    fn about(&self, item: &Item<'_>) -> SourceFacts {
        let mut facts = SourceFacts::new();
        if item.text(tags::ALL_OPTICAL_PATHS) == Some("NO") {
            let paths = item.texts(tags::OPTICAL_PATHS).join("\\");
            facts.insert("optical_paths".to_owned(), SourceValue::Text(paths));
        }
        if item.text(tags::ALL_Z_PLANES) == Some("NO") {
            facts.insert("all_z_planes".to_owned(), SourceValue::Flag(false));
        }
        let z = item
            .numbers(tags::COMMON_Z)
            .and_then(|bytes| Numbers::new(bytes, Width::Double, self.encoding))
            .and_then(|numbers| numbers.float(0))
            .filter(|z| z.is_finite());
        if let Some(z) = z {
            facts.insert("common_z_mm".to_owned(), SourceValue::Number(z));
        }
        facts
    }

    /// Who or what rated: the algorithm of an automatic group, the operator of another. What that does not tell
    /// becomes an attribute.
    fn rater(&mut self, item: &Item<'_>, number: usize, attributes: &mut SourceFacts) -> Option<usize> {
        let word = item.text(tags::GENERATION_TYPE).unwrap_or_default();
        let algorithm = who::algorithm(item);
        let note = |attributes: &mut SourceFacts| {
            attributes.insert("generation_type".to_owned(), SourceValue::Text(word.to_owned()));
        };
        match (Generation::parse(word), algorithm, self.operator.clone()) {
            (Some(Generation::Automatic), Some(name), _) => {
                Some(who::index(self.document, &name, AnnotatorKind::Model))
            }
            (Some(Generation::Manual), _, Some(name)) => {
                Some(who::index(self.document, &name, AnnotatorKind::Human))
            }
            (Some(Generation::Semiautomatic), algorithm, operator) => {
                note(attributes);
                if let Some(algorithm) = algorithm {
                    attributes.insert("algorithm".to_owned(), SourceValue::Text(algorithm));
                }
                operator.map(|name| who::index(self.document, &name, AnnotatorKind::Human))
            }
            (Some(Generation::Automatic), None, _) | (Some(Generation::Manual), _, None) => {
                note(attributes);
                None
            }
            (None, ..) => {
                let place = self.place(number, Some(tags::GENERATION_TYPE));
                self.document.report.warnings.add("generation_type_unknown", || {
                    format!(
                        "{place}: '{word}' does not say whether a person or a model made it; nobody is taken"
                    )
                });
                None
            }
        }
    }

    /// What was measured, by annotation.
    fn measured(
        &mut self,
        item: &Item<'_>,
        number: usize,
        count: usize,
    ) -> Vec<(String, BTreeMap<usize, f64>)> {
        let mut all: Vec<(String, BTreeMap<usize, f64>)> = Vec::new();
        for (index, measurement) in item.items(tags::MEASUREMENTS).iter().enumerate() {
            let place = format!("{}.(0066,0121)[{}]", self.place(number, None), index + 1);
            let losses = &mut self.document.report.losses;
            let Some(name) = measure_name(measurement) else {
                losses.add("measurement_without_name", || {
                    format!("{place}: it does not say what was measured")
                });
                continue;
            };
            if all.iter().any(|(known, _)| *known == name) {
                losses.add("measurement_twice", || {
                    format!("{place}: '{name}' is there already; only the first is kept")
                });
                continue;
            }
            match measure_values(measurement, self.encoding, count) {
                Ok((values, not_finite)) => {
                    losses.add_many("measurement_not_a_number", not_finite, || {
                        format!("{place}: '{name}' is NaN or infinite for some annotation")
                    });
                    all.push((name, values));
                }
                Err(why) => losses.add("measurement_unusable", || format!("{place}: {why}")),
            }
        }
        all
    }

    fn annotations(&mut self, group: &Group<'_, '_>) {
        let uid = group.item.text(tags::GROUP_UID);
        if uid.is_none() {
            let place = self.place(group.number, Some(tags::GROUP_UID));
            self.document.report.warnings.add("group_without_uid", || {
                format!("{place}: its annotations have no ids; they are known again by their places")
            });
        }
        for n in 0..group.primitives.len() {
            let mut attributes = group.attributes.clone();
            let geometry = match self.geometry(group, n, &mut attributes) {
                Some(geometry) => geometry,
                None => continue,
            };
            for (name, values) in &group.measured {
                if let Some(value) = values.get(&n) {
                    attributes.insert(name.clone(), SourceValue::Number(*value));
                }
            }
            let rating = group.rater.zip(group.label).map(|(person, label)| SourceRating {
                person,
                label: Some(label),
                claimed_at: self.claimed_at.clone(),
            });
            self.document.annotations.push(SourceAnnotation {
                image: 0,
                geometry,
                label: group.label,
                id: uid.map(|uid| SourceId::Local(format!("{uid}/{}", n + 1))),
                ratings: rating.into_iter().collect(),
                attributes,
            });
        }
    }

    /// The n-th annotation's geometry; a place that is none is a loss.
    fn geometry(
        &mut self,
        group: &Group<'_, '_>,
        n: usize,
        attributes: &mut SourceFacts,
    ) -> Option<crate::model::Geometry> {
        let place = format!("{}, annotation {}", self.place(group.number, None), n + 1);
        let report = &mut self.document.report;
        match group.primitives.place(n) {
            Place::Exact(geometry) => Some(geometry),
            Place::Rounded(geometry, points) => {
                report.warnings.add("turned_to_rounding", || {
                    format!("{place}: size and angle follow from its points to rounding only; the points are kept as 'dicom_points'")
                });
                attributes.insert("dicom_points".to_owned(), SourceValue::Text(points_text(&points)));
                Some(geometry)
            }
            Place::Corners(geometry) => {
                report.warnings.add("corners_of_no_rectangle", || {
                    format!("{place}: its four corners are no rectangle; they are kept as a polygon")
                });
                Some(geometry)
            }
            Place::NotFinite => {
                report.losses.add("coordinate_not_a_number", || {
                    format!("{place}: a coordinate is NaN or infinite")
                });
                None
            }
            Place::TooFew(found) => {
                report.losses.add("too_few_positions", || {
                    format!("{place}: it has {found} positions, which is too few for its graphic type")
                });
                None
            }
            Place::NoEllipse => {
                report.losses.add("ellipse_unusable", || {
                    format!("{place}: its four points are no axes of an ellipse")
                });
                None
            }
        }
    }
}

/// Points as text, each number so that it reads back as the same.
fn points_text(points: &[Position]) -> String {
    serde_json::to_string(points).unwrap_or_default()
}

/// Puts a code into facts: value, scheme and meaning.
fn code(name: &str, item: Option<&Item<'_>>, facts: &mut SourceFacts) {
    let Some(item) = item else { return };
    let value = [tags::CODE_VALUE, tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE]
        .into_iter()
        .find_map(|tag| item.text(tag));
    let parts = [
        ("code", value),
        ("scheme", item.text(tags::CODE_SCHEME)),
        ("meaning", item.text(tags::CODE_MEANING)),
    ];
    for (part, text) in parts {
        if let Some(text) = text {
            facts.insert(format!("{name}_{part}"), SourceValue::Text(text.to_owned()));
        }
    }
}

/// The name of what was measured, with its unit where it has one.
fn measure_name(measurement: &Item<'_>) -> Option<String> {
    let concept = measurement.item(tags::CONCEPT)?;
    let name = concept
        .text(tags::CODE_MEANING)
        .or_else(|| concept.text(tags::CODE_VALUE))?;
    let unit = measurement
        .item(tags::UNITS)
        .and_then(|unit| unit.text(tags::CODE_VALUE));
    Some(match unit {
        // UCUM's "no units".
        None | Some("1") => name.to_owned(),
        Some(unit) => format!("{name} [{unit}]"),
    })
}

/// The values of a measurement, by annotation from 0, and how many are not finite.
fn measure_values(
    measurement: &Item<'_>,
    encoding: Encoding,
    count: usize,
) -> Result<(BTreeMap<usize, f64>, u64), String> {
    let (mut all, mut not_finite) = (BTreeMap::new(), 0);
    for item in measurement.items(tags::MEASUREMENT_VALUES) {
        let numbers = |tag, bytes| {
            Numbers::new(bytes, Width::Single, encoding)
                .ok_or_else(|| format!("{} ends within a number", tag_text(tag)))
        };
        let values = item
            .numbers(tags::MEASURED_VALUES)
            .ok_or_else(|| "there are no values (0066,0125)".to_owned())?;
        let values = numbers(tags::MEASURED_VALUES, values)?;
        let of = match item.numbers(tags::ANNOTATION_INDICES) {
            Some(bytes) => Some(numbers(tags::ANNOTATION_INDICES, bytes)?),
            None => None,
        };
        let expected = of.map_or(count, |of| of.len());
        if values.len() != expected {
            return Err(format!(
                "there are {} values for {expected} annotations",
                values.len()
            ));
        }
        for n in 0..values.len() {
            let at = match of {
                Some(of) => of
                    .whole(n)
                    .and_then(|of| usize::try_from(of).ok()?.checked_sub(1)),
                None => Some(n),
            };
            let at = at
                .filter(|at| *at < count)
                .ok_or_else(|| format!("(006A,0011) names an annotation that is none of the {count}"))?;
            let Some(value) = values.float(n).filter(|value| value.is_finite()) else {
                not_finite += 1;
                continue;
            };
            if all.insert(at, value).is_some() {
                return Err(format!("annotation {} has two values", at + 1));
            }
        }
    }
    Ok((all, not_finite))
}
