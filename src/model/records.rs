//! The stored records: what stands under a key of a snapshot, as canonical JSON. Frozen once released.
//!
//! Recorded time, author, salts and nonces are no part of them, so a snapshot's id depends on content alone.

use crate::codec::{Extra, Record, Tag, record};
use crate::id::{AnnotationId, BlobId, Code, ImageId, LabelId};

use super::facts::Facts;
use super::geometry::Geometry;
use super::kinds::{AnnotatorKind, Method};
use super::rule::Rule;
use super::scan;

macro_rules! formats {
    ($($record:ident = $format:literal $(by $scan:path)?,)*) => {$(
        impl Record for $record {
            const FORMAT: &'static str = $format;

            $(fn scan(bytes: &[u8]) -> Option<Self> {
                $scan(bytes)
            })?
        }
    )*};
}

formats! {
    DatasetRecord = "dataset/1",
    RuleRecord = "rule/1",
    CaseRecord = "case/1",
    SlideRecord = "slide/1",
    ImageRecord = "image/1",
    AnnotatorRecord = "annotator/1",
    LabelRecord = "label/1",
    AnnotationRecord = "annotation/1" by scan::scan_annotation,
    RatingRecord = "rating/1" by scan::scan_rating,
    OverrideRecord = "override/1",
    SourceIdRecord = "source-id/1" by scan::scan_source_id,
    ScreeningRecord = "screening/1",
    SplitRecord = "split/1",
}

record! {
    /// Facts about the whole dataset: `title`, `description`, `licence`, `creators`, …
    #[derive(Default)]
    pub struct DatasetRecord {
        /// The facts.
        pub facts: Facts = default,
        /// The format.
        pub format: Tag<DatasetRecord>,
    }
}

record! {
    /// The rule by which agreed labels are derived.
    #[derive(Default)]
    pub struct RuleRecord {
        /// The format.
        pub format: Tag<RuleRecord>,
        /// The rule and its parameters.
        pub rule: Rule,
    }
}

record! {
    /// A pseudonymous patient or animal. The source's own case number is in a private object that the log names.
    pub struct CaseRecord {
        /// The case's name.
        pub code: Code,
        /// `species`, `tumour`, `sex`, …
        pub facts: Facts = default,
        /// The format.
        pub format: Tag<CaseRecord>,
    }
}

record! {
    /// A glass slide.
    pub struct SlideRecord {
        /// The case that the slide is of.
        pub case: Option<Code> = optional,
        /// The slide's name.
        pub code: Code,
        /// `stain`, `laboratory`, …
        pub facts: Facts = default,
        /// The format.
        pub format: Tag<SlideRecord>,
    }
}

record! {
    /// One file of an image.
    pub struct ImageFile {
        /// Its bytes.
        pub blob: BlobId,
        /// Its name below the image.
        pub name: String,
        /// Its length in bytes.
        pub size_bytes: u64,
    }
}

record! {
    /// Where a crop was taken from.
    pub struct Origin {
        /// The image that it is a crop of.
        pub image: ImageId,
        /// Level-0 px of the crop for one level-0 px of the image.
        pub scale: f64,
        /// Left border in the image, level-0 px.
        pub x: f64,
        /// Upper border in the image, level-0 px.
        pub y: f64,
    }
}

record! {
    /// A digital file of a slide or field of view; without files it is declared only.
    #[derive(Default)]
    pub struct ImageRecord {
        /// The case that it is of; without one it is its own case.
        pub case: Option<Code> = optional,
        /// `width`, `height` (px), `um_per_px_x`, `um_per_px_y`, `scanner`, `vendor`, `kind`, `licence`, …
        pub facts: Facts = default,
        /// The bytes of the present version.
        pub files: Vec<ImageFile> = default,
        /// The format.
        pub format: Tag<ImageRecord>,
        /// The name, in NFC.
        pub name: String,
        /// Where it was cropped from.
        pub origin: Option<Origin> = optional,
        /// The slide that it shows.
        pub slide: Option<Code> = optional,
        /// The files of earlier versions, oldest first.
        pub versions: Vec<Vec<ImageFile>> = default,
    }
}

record! {
    /// Who rates. A person's name is in a private object that the log names.
    pub struct AnnotatorRecord {
        /// The pseudonymous name.
        pub code: Code,
        /// `weights`, `version`, … of a model; `experience`, … of a person.
        pub facts: Facts = default,
        /// The format.
        pub format: Tag<AnnotatorRecord>,
        /// Person, model or procedure.
        pub kind: AnnotatorKind,
        /// The name of a model or procedure; never of a person.
        pub name: Option<String> = optional,
    }
}

record! {
    /// A class that an annotation can have. The scheme of a version is all its labels.
    #[derive(Default)]
    pub struct LabelRecord {
        /// `colour` (`#rrggbb`), `description`, …
        pub facts: Facts = default,
        /// The format.
        pub format: Tag<LabelRecord>,
        /// The present name.
        pub name: String,
    }
}

record! {
    /// A marked place. Its image is named by the first 8 bytes of its id.
    pub struct AnnotationRecord {
        /// Whatever else is known of it.
        pub attributes: Facts = default,
        /// The format.
        pub format: Tag<AnnotationRecord>,
        /// The place, in level-0 px.
        pub geometry: Geometry,
        /// The blob of the image version on which it was drawn, where known.
        pub image_version: Option<BlobId> = optional,
        /// The recorded label.
        pub label: Option<LabelId> = optional,
    }
}

record! {
    /// One annotator's label for one annotation in one round; the key says who, what and when.
    #[derive(Default)]
    pub struct RatingRecord {
        /// Whether the ratings of others were hidden; `None` when not known.
        pub blinded: Option<bool> = optional,
        /// The time that the tool claims for it.
        pub claimed_at: Option<String> = optional,
        /// The format.
        pub format: Tag<RatingRecord>,
        /// The label; `None` is *no opinion*.
        pub label: Option<LabelId> = optional,
        /// How it came about.
        pub method: Option<Method> = optional,
    }
}

record! {
    /// A logged exception from the rule in force.
    #[derive(Default)]
    pub struct OverrideRecord {
        /// The format.
        pub format: Tag<OverrideRecord>,
        /// The agreed label; `None` is *undecided*.
        pub label: Option<LabelId> = optional,
    }
}

record! {
    /// An id that a source gave an annotation.
    pub struct SourceIdRecord {
        /// The annotation.
        pub annotation: AnnotationId,
        /// The format.
        pub format: Tag<SourceIdRecord>,
        /// The id, as the source writes it.
        pub id: String,
        /// The lineage within which the id means the same.
        pub lineage: String,
    }
}

record! {
    /// An area that somebody searched completely.
    pub struct ScreeningRecord {
        /// Who searched.
        pub annotator: Option<Code> = optional,
        /// Whether the ratings of others were hidden; `None` when not known.
        pub blinded: Option<bool> = optional,
        /// The format.
        pub format: Tag<ScreeningRecord>,
        /// The image.
        pub image: ImageId,
        /// The area; `None` is the whole image.
        pub region: Option<Geometry> = optional,
        /// The pass over the material, from 1.
        pub round: u32,
    }
}

record! {
    /// The part of a split that a case, or an image that is its own case, is in.
    #[derive(Default)]
    pub struct SplitRecord {
        /// The format.
        pub format: Tag<SplitRecord>,
        /// The case's code, or the image's id in hex digits.
        pub member: String,
        /// `train`, `validation`, `test`, …
        pub part: String,
        /// The split's name.
        pub split: String,
    }
}

impl ImageRecord {
    /// Returns width and height in level-0 px, where both are known.
    #[must_use]
    pub fn size(&self) -> Option<(f64, f64)> {
        Some((self.number("width")?, self.number("height")?))
    }

    /// Returns a fact that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.facts.get(name).and_then(super::FactValue::as_number)
    }

    /// Returns µm per level-0 px in x and y, where known.
    #[must_use]
    pub fn resolution(&self) -> Option<(f64, f64)> {
        let x = self.number("um_per_px_x");
        let y = self.number("um_per_px_y");
        Some((x.or(y)?, y.or(x)?))
    }

    /// Returns the blob of an image of one file.
    #[must_use]
    pub fn single_blob(&self) -> Option<BlobId> {
        match self.files.as_slice() {
            [file] => Some(file.blob),
            _ => None,
        }
    }
}

impl CaseRecord {
    /// A case of which nothing is known.
    #[must_use]
    pub fn empty(code: Code) -> Self {
        Self {
            code,
            facts: Facts::new(),
            format: Tag::default(),
            extra: Extra::default(),
        }
    }
}

impl SlideRecord {
    /// A slide of which nothing is known.
    #[must_use]
    pub fn empty(code: Code) -> Self {
        Self {
            case: None,
            code,
            facts: Facts::new(),
            format: Tag::default(),
            extra: Extra::default(),
        }
    }
}

impl AnnotatorRecord {
    /// An annotator of whom nothing is known but the kind.
    #[must_use]
    pub fn empty(code: Code, kind: AnnotatorKind) -> Self {
        Self {
            code,
            facts: Facts::new(),
            format: Tag::default(),
            kind,
            name: None,
            extra: Extra::default(),
        }
    }
}

impl AnnotationRecord {
    /// A place without a label.
    #[must_use]
    pub fn empty(geometry: Geometry) -> Self {
        Self {
            attributes: Facts::new(),
            format: Tag::default(),
            geometry,
            image_version: None,
            label: None,
            extra: Extra::default(),
        }
    }
}

impl SourceIdRecord {
    /// An alias without lineage and id.
    #[must_use]
    pub fn empty(annotation: AnnotationId) -> Self {
        Self {
            annotation,
            format: Tag::default(),
            id: String::new(),
            lineage: String::new(),
            extra: Extra::default(),
        }
    }
}

impl ScreeningRecord {
    /// A whole image searched by nobody named.
    #[must_use]
    pub fn empty(image: ImageId, round: u32) -> Self {
        Self {
            annotator: None,
            blinded: None,
            format: Tag::default(),
            image,
            region: None,
            round,
            extra: Extra::default(),
        }
    }
}

impl ImageFile {
    /// A file by its name, bytes and length.
    #[must_use]
    pub fn new(name: String, blob: BlobId, size_bytes: u64) -> Self {
        Self {
            blob,
            name,
            size_bytes,
            extra: Extra::default(),
        }
    }
}
