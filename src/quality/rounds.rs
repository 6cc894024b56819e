//! Rounds: one annotator is given a sample of annotations to label again, without anybody else's label, and what comes
//! back is recorded as ratings of that round.
//!
//! A round is kept as facts of the dataset, `round.ANNOTATOR.NUMBER.FIELD`; events of their own kind are not needed, since
//! who opened and closed it, and when, is around each fact. The fields: `base` (the commit that was sampled), `blinded`,
//! `images` (the expression that chose images), `seed`, `sample`, `objects` (how many were handed out), `form` (of the package,
//! where it is not GeoJSON), `package` (digest of the files that were handed out); and once closed `answers` (digest of the files that came back), `answered` and
//! `differing` (from the label agreed at the base).
//!
//! From these the package can be made again byte by byte. That is what the log can prove of blinding: which bytes were
//! handed out, that they hold no label, and that no other package with labels on the same images was. It cannot prove that
//! nobody looked elsewhere.

mod answers;
mod package;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{State, StateError, scan_records};
use crate::id::{AnnotationId, Code, ImagePrefix, hash_parts};
use crate::model::geometry::{float_to_whole, whole_to_float};
use crate::model::{AnnotationRecord, EntityKind, FactChanges, FactValue, Facts, Key, KeyParts};

use super::bootstrap::Draws;

pub use answers::{Answer, AnswerError, read_answers};
pub use package::{
    Contents, PackageFile, PackageImage, PackageObject, contents, geojson_package, instructions,
    package_digest,
};

/// All facts about rounds begin with this.
pub const PREFIX: &str = "round.";

/// The 16 bytes that name an object within a package; they tell nothing about the annotation.
pub type ItemId = [u8; 16];

/// The form in which a package is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackageForm {
    /// GeoJSON as QuPath reads it, one file an image.
    #[default]
    GeoJson,
    /// One SQLite database of SlideRunner.
    SlideRunner,
}

impl PackageForm {
    /// Returns the word for it in facts and results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GeoJson => "geojson",
            Self::SlideRunner => "sliderunner",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::GeoJson, Self::SlideRunner]
            .into_iter()
            .find(|form| form.as_str() == text)
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The digest of the files.
    pub answers: String,
    /// How many objects have an answer.
    pub answered: u64,
    /// How many answers differ from the label agreed when the round was opened.
    pub differing: u64,
    /// How many answers were to objects with an agreed label.
    pub compared: u64,
}

/// A round of one annotator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Who labels.
    pub annotator: Code,
    /// The pass over the material.
    pub number: u32,
    /// Whether nobody's label was handed out.
    pub is_blinded: bool,
    /// The id of the commit that was sampled.
    pub base: String,
    /// The expression that chose images; all where none is given.
    pub images: Option<String>,
    /// The seed of the sample and of its order.
    pub seed: u64,
    /// How many were asked for; all where none is given.
    pub sample: Option<u64>,
    /// How many were handed out.
    pub objects: u64,
    /// The form in which they were handed out.
    pub form: PackageForm,
    /// The digest of what was handed out.
    pub package: String,
    /// What came back; `None` while the round is open.
    pub closing: Option<Closing>,
}

impl Round {
    /// Names the round for people.
    #[must_use]
    pub fn name(&self) -> String {
        format!("round {} of {}", self.number, self.annotator)
    }

    fn fact(&self, field: &str) -> String {
        format!("{PREFIX}{}.{}.{field}", self.annotator, self.number)
    }

    /// Returns the facts that open the round.
    #[must_use]
    pub fn opening_facts(&self) -> FactChanges {
        let text = |text: &str| Some(FactValue::from(text));
        let mut facts = FactChanges::from([
            (self.fact("base"), text(&self.base)),
            (self.fact("blinded"), Some(FactValue::Flag(self.is_blinded))),
            (self.fact("seed"), text(&self.seed.to_string())),
            (self.fact("objects"), Some(whole_to_float(self.objects).into())),
            (self.fact("package"), text(&self.package)),
        ]);
        if let Some(images) = &self.images {
            facts.insert(self.fact("images"), text(images));
        }
        if self.form != PackageForm::GeoJson {
            facts.insert(self.fact("form"), text(self.form.as_str()));
        }
        if let Some(sample) = self.sample {
            facts.insert(self.fact("sample"), Some(whole_to_float(sample).into()));
        }
        facts
    }

    /// Returns the facts that close the round.
    #[must_use]
    pub fn closing_facts(&self, closing: &Closing) -> FactChanges {
        let number = |count: u64| Some(FactValue::from(whole_to_float(count)));
        FactChanges::from([
            (
                self.fact("answers"),
                Some(FactValue::from(closing.answers.as_str())),
            ),
            (self.fact("answered"), number(closing.answered)),
            (self.fact("differing"), number(closing.differing)),
            (self.fact("compared"), number(closing.compared)),
        ])
    }
}

/// Returns the rounds that the dataset's facts tell of, by annotator and number. Facts that do not make up a round are
/// passed over.
#[must_use]
pub fn rounds_of(facts: &Facts) -> Vec<Round> {
    let mut fields: BTreeMap<(Code, u32), BTreeMap<&str, &FactValue>> = BTreeMap::new();
    for (name, value) in facts {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let mut parts = rest.rsplitn(3, '.');
        let (field, number, code) = (parts.next(), parts.next(), parts.next());
        let number = number.and_then(|text| text.parse().ok());
        let code = code.and_then(|text| Code::parse(text).ok());
        if let (Some(field), Some(number), Some(code)) = (field, number, code) {
            fields.entry((code, number)).or_default().insert(field, value);
        }
    }
    fields
        .into_iter()
        .filter_map(|((annotator, number), fields)| round_of(annotator, number, &fields))
        .collect()
}

fn round_of(annotator: Code, number: u32, fields: &BTreeMap<&str, &FactValue>) -> Option<Round> {
    let text = |field: &str| fields.get(field).and_then(|value| value.as_text());
    let count = |field: &str| {
        let number = fields.get(field).and_then(|value| value.as_number());
        number.and_then(float_to_whole)
    };
    let closing = || {
        Some(Closing {
            answers: text("answers")?.to_owned(),
            answered: count("answered")?,
            differing: count("differing")?,
            compared: count("compared")?,
        })
    };
    Some(Round {
        annotator,
        number,
        is_blinded: **fields.get("blinded")? == FactValue::Flag(true),
        base: text("base")?.to_owned(),
        images: text("images").map(str::to_owned),
        seed: text("seed")?.parse().ok()?,
        sample: count("sample"),
        objects: count("objects")?,
        form: match fields.get("form") {
            None => PackageForm::GeoJson,
            Some(form) => PackageForm::parse(form.as_text()?)?,
        },
        package: text("package")?.to_owned(),
        closing: closing(),
    })
}

/// An object of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The annotation.
    pub annotation: AnnotationId,
    /// Its name within the package.
    pub id: ItemId,
}

/// Draws the annotations of a round from these images, without replacement. The same state, images, seed and number give
/// the same draw for ever.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn draw(
    state: &dyn State,
    images: &BTreeSet<ImagePrefix>,
    [annotator, number]: [&str; 2],
    seed: u64,
    sample: Option<u64>,
) -> Result<Vec<Item>, StateError> {
    let mut all = Vec::new();
    for image in images {
        scan_records(
            state,
            &Key::on_image_prefix(EntityKind::Annotation, *image),
            |key, _: AnnotationRecord| {
                if let Ok(KeyParts::Annotation(id)) = key.parts() {
                    all.push(id);
                }
                ControlFlow::Continue(())
            },
        )?;
    }
    let mut draws = Draws::new(seed);
    let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let wanted = sample.unwrap_or(count).min(count);
    let mut items = Vec::new();
    for place in 0..wanted {
        let other = place + draws.below(count - place);
        if let (Ok(place), Ok(other)) = (usize::try_from(place), usize::try_from(other)) {
            all.swap(place, other);
            if let Some(annotation) = all.get(place) {
                items.push(Item {
                    annotation: *annotation,
                    id: item_id([annotator, number], seed, items.len()),
                });
            }
        }
    }
    Ok(items)
}

/// From the place in the draw, not from the annotation, whose id may derive from its label.
fn item_id([annotator, number]: [&str; 2], seed: u64, place: usize) -> ItemId {
    let place = u64::try_from(place).unwrap_or(u64::MAX);
    let digest = hash_parts(
        "holotype/round-item/1",
        &[
            annotator.as_bytes(),
            number.as_bytes(),
            &seed.to_le_bytes(),
            &place.to_le_bytes(),
        ],
    );
    let mut id = ItemId::default();
    for (byte, drawn) in id.iter_mut().zip(digest.as_bytes()) {
        *byte = *drawn;
    }
    id
}

#[cfg(test)]
mod tests;
