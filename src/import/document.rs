//! What a source says, in one form for all formats. Indices point into the vectors of the same document.

use std::collections::BTreeMap;

use crate::model::{AnnotatorKind, CarriedAnnotation, Carrier, Geometry};

use super::report::LossReport;

/// A value that a source carries and Holotype keeps as an attribute or fact.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceValue {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// Text that can name a person (an absolute path, a name, a source case number): kept in a private object.
    Private(PrivateText),
}

/// A text that can name a person, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateText {
    /// What it is.
    pub kind: PrivateTextKind,
    /// The text.
    pub text: String,
}

/// The kinds of text that can name a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateTextKind {
    /// A name, a mail address, an ORCID.
    Person,
    /// An absolute path.
    Path,
    /// A case number of the source.
    SourceCaseId,
    /// Free text, such as a description somebody typed.
    FreeText,
}

/// Attributes by name, in name order.
pub type SourceFacts = BTreeMap<String, SourceValue>;

/// One source as read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// Facts about the whole dataset: `description`, `licence`, `licence_url`, `year`, …
    pub dataset: SourceFacts,
    /// The images that the source names, in source order.
    pub images: Vec<SourceImage>,
    /// The classes that the source names, in source order.
    pub labels: Vec<SourceLabel>,
    /// What its facts about classes are worth.
    pub label_facts: LabelFacts,
    /// The people and models that rated, in source order.
    pub people: Vec<SourcePerson>,
    /// The annotations, in source order.
    pub annotations: Vec<SourceAnnotation>,
    /// The areas that the source says were searched completely, in source order.
    pub screenings: Vec<SourceScreening>,
    /// How boxes were read, where a format leaves that open.
    pub box_format: Option<BoxDecision>,
    /// What an export of Holotype left beside what the format says.
    pub carried: SourceCarried,
    /// What was not taken over.
    pub report: LossReport,
}

/// What an export of Holotype left in a file of another tool's format for its own readers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceCarried {
    /// The records that belong to no annotation.
    pub dataset: Option<Box<Carrier>>,
    /// What is carried of annotations, by index into [`Document::annotations`].
    pub annotations: BTreeMap<usize, CarriedAnnotation>,
    /// Whether the format shows the ratings that are carried.
    pub ratings: CarriedRatings,
}

/// Whether a format shows ratings in its own form, so that one which is not there any more was taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CarriedRatings {
    /// It does: those of [`SourceAnnotation::ratings`] count.
    #[default]
    Shown,
    /// It has no place for them: what is carried counts.
    Hidden,
}

impl SourceCarried {
    /// Whether nothing is carried.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dataset.is_none() && self.annotations.is_empty()
    }
}

/// An image as a source names it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceImage {
    /// The file name as the source gives it, without folder where it keeps that apart. Never an absolute path.
    pub name: String,
    /// The folder, relative or absolute, where the source keeps it apart (used to tell equal names apart;
    /// an absolute one is never stored as it is).
    pub folder: Option<String>,
    /// Width in px, where given.
    pub width: Option<f64>,
    /// Height in px, where given.
    pub height: Option<f64>,
    /// Whatever else the source says of it (`tumor_type`, `licence`, …).
    pub facts: SourceFacts,
}

/// A class as a source names it. Classes are mapped by name, never by number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceLabel {
    /// The name, exactly as given.
    pub name: String,
    /// Whatever else the source says of it (`colour` as `#rrggbb`, `supercategory`, …).
    pub facts: SourceFacts,
}

/// What a source's facts about classes are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabelFacts {
    /// They are added where nothing is known: a tool's own colours are no decision.
    #[default]
    Hints,
    /// They replace what is known: the source is the label scheme.
    Definitions,
}

/// Somebody, or some model, who rated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourcePerson {
    /// The name as given.
    pub name: String,
    /// What the source says that it is; `None` where it does not tell people from models.
    pub kind: Option<AnnotatorKind>,
}

/// One annotation of the source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceAnnotation {
    /// Index into [`Document::images`].
    pub image: usize,
    /// The place, exactly as given.
    pub geometry: Geometry,
    /// Index into [`Document::labels`]: the label that the source records as agreed, or as the only one.
    pub label: Option<usize>,
    /// The source's id for it.
    pub id: Option<SourceId>,
    /// Who said what, in source order.
    pub ratings: Vec<SourceRating>,
    /// Whatever else the source says of it.
    pub attributes: SourceFacts,
}

/// An id that a source gives an annotation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SourceId {
    /// Strong: a UUID, or an id of Holotype's own that went out with an export.
    Uuid([u8; 16]),
    /// Strong: all 24 bytes of an annotation id that an export of Holotype carried (`holotype_id`).
    Holotype([u8; 24]),
    /// Weak: a number or text that is unique in its file only. The text is kept exactly.
    Local(String),
}

/// One person's label for one annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRating {
    /// Index into [`Document::people`].
    pub person: usize,
    /// Index into [`Document::labels`]; `None` is *no opinion*.
    pub label: Option<usize>,
    /// The time that the tool claims for it, as RFC 3339 text.
    pub claimed_at: Option<String>,
}

/// An area that somebody searched completely, also where nothing was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceScreening {
    /// Index into [`Document::images`].
    pub image: usize,
    /// The area; `None` is the whole image.
    pub region: Option<Geometry>,
    /// Index into [`Document::people`]; `None` where the source names nobody.
    pub person: Option<usize>,
}

/// How four numbers were read as a box, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxDecision {
    /// The reading.
    pub format: BoxFormat,
    /// One sentence of evidence, with its figures.
    pub evidence: String,
}

/// The two readings of four numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoxFormat {
    /// `[x, y, width, height]`, COCO's own.
    Xywh,
    /// `[x1, y1, x2, y2]`, which some sources write.
    Xyxy,
}

impl BoxFormat {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Xywh => "xywh",
            Self::Xyxy => "xyxy",
        }
    }
}
