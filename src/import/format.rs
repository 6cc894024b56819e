//! The formats that are read, and how a file's own bytes tell which it is: never its name, unless it has no bytes.

use std::path::Path;

use crate::files::input::{FilesError, read_head};

use super::{
    asap, carrier, coco, csv, cvat, dicom, exact, geojson, imagescope, labelstudio, parquet, scheme,
    sliderunner, voc, yolo,
};

/// So much of a file is looked at to recognise it.
const HEAD_BYTES: u64 = 1 << 20;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// COCO JSON.
    Coco,
    /// Pascal VOC XML, one file an image.
    Voc,
    /// SlideRunner and EXACT SQLite.
    SlideRunner,
    /// QuPath GeoJSON, one file an image.
    GeoJson,
    /// Lists of points or boxes as delimited text.
    Csv,
    /// ASAP XML, one file an image.
    Asap,
    /// Aperio ImageScope XML, one file an image.
    ImageScope,
    /// Label Studio JSON.
    LabelStudio,
    /// CVAT for images XML 1.1.
    Cvat,
    /// YOLO text files, a folder with its class file.
    Yolo,
    /// EXACT JSON.
    Exact,
    /// DICOM Microscopy Bulk Simple Annotations.
    Dicom,
    /// Parquet tables as Holotype writes them.
    Parquet,
    /// A label scheme as TOML.
    Scheme,
    /// What an export of Holotype leaves in a folder of files of another tool's format.
    Carrier,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Coco,
        Self::Voc,
        Self::SlideRunner,
        Self::GeoJson,
        Self::Csv,
        Self::Asap,
        Self::ImageScope,
        Self::LabelStudio,
        Self::Cvat,
        Self::Yolo,
        Self::Exact,
        Self::Dicom,
        Self::Parquet,
        Self::Scheme,
        Self::Carrier,
    ];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coco => "coco",
            Self::Voc => "voc",
            Self::SlideRunner => "sliderunner",
            Self::GeoJson => "geojson",
            Self::Csv => "csv",
            Self::Asap => "asap",
            Self::ImageScope => "imagescope",
            Self::LabelStudio => "labelstudio",
            Self::Cvat => "cvat",
            Self::Yolo => "yolo",
            Self::Exact => "exact",
            Self::Dicom => "dicom",
            Self::Parquet => "parquet",
            Self::Scheme => "scheme",
            Self::Carrier => "holotype",
        }
    }

    /// Whether its places are parts of the image's size, so that this must be known.
    #[must_use]
    pub const fn needs_sizes(self) -> bool {
        match self {
            Self::Yolo => true,
            Self::Coco
            | Self::Voc
            | Self::SlideRunner
            | Self::GeoJson
            | Self::Csv
            | Self::Asap
            | Self::ImageScope
            | Self::LabelStudio
            | Self::Cvat
            | Self::Exact
            | Self::Dicom
            | Self::Parquet
            | Self::Scheme
            | Self::Carrier => false,
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// Returns the words for all of them, joined.
    #[must_use]
    pub fn words(separator: &str) -> String {
        Self::ALL.map(Self::as_str).join(separator)
    }
}

/// A format that fits a file, and by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// The format.
    pub format: Format,
    /// What of the content tells, such as "an object with the lists 'images' and 'annotations'".
    pub why: &'static str,
}

/// Returns the formats that the content of a file fits; more than one where it is not clear.
///
/// # Errors
/// [`FilesError`] when the file cannot be read.
pub fn recognise(path: &Path) -> Result<Vec<Recognised>, FilesError> {
    let head = read_head(path, HEAD_BYTES)?;
    if head.is_empty() {
        return Ok(nothing_found(path));
    }
    if head.starts_with(b"SQLite format 3\0") {
        let fits = sliderunner::looks_like_sliderunner(path);
        let why = "an SQLite database with SlideRunner's tables";
        return Ok(fits
            .then_some(Recognised {
                format: Format::SlideRunner,
                why,
            })
            .into_iter()
            .collect());
    }
    if let Some(why) = carrier::recognise(&head) {
        let format = Format::Carrier;
        return Ok(vec![Recognised { format, why }]);
    }
    let fits = match Opening::of(&head) {
        Opening::Json => vec![
            (
                Format::Coco,
                coco::looks_like_coco(&head).then_some("an object with the lists 'images' and 'annotations'"),
            ),
            (Format::GeoJson, geojson::recognise(&head)),
            (Format::LabelStudio, labelstudio::recognise(&head)),
            (Format::Exact, exact::recognise(&head)),
            (Format::Scheme, scheme::recognise(&head)),
        ],
        Opening::Xml => vec![
            (
                Format::Voc,
                voc::looks_like_voc(&head).then_some("XML whose root is <annotation>"),
            ),
            (Format::Asap, asap::recognise(&head)),
            (Format::ImageScope, imagescope::recognise(&head)),
            (Format::Cvat, cvat::recognise(&head)),
        ],
        Opening::Other => vec![
            (Format::Csv, csv::recognise(&head)),
            (Format::Yolo, yolo::recognise(&head)),
            (Format::Dicom, dicom::recognise(&head)),
            (Format::Parquet, parquet::recognise(&head)),
            (Format::Scheme, scheme::recognise(&head)),
        ],
    };
    Ok(fits
        .into_iter()
        .filter_map(|(format, why)| Some(Recognised { format, why: why? }))
        .collect())
}

/// What a file begins with: it tells most formats apart before anything is parsed.
enum Opening {
    /// A brace or bracket; a bracket can also begin a table of TOML.
    Json,
    /// An angle bracket.
    Xml,
    /// Anything else.
    Other,
}

impl Opening {
    fn of(head: &[u8]) -> Self {
        // UTF-16 begins with a byte order mark of its own, and has a zero byte beside each character.
        let is_passed =
            |byte: &u8| byte.is_ascii_whitespace() || [0xef, 0xbb, 0xbf, 0xfe, 0xff, 0].contains(byte);
        match head.iter().find(|byte| !is_passed(byte)) {
            Some(b'{' | b'[') => Self::Json,
            Some(b'<') => Self::Xml,
            Some(_) | None => Self::Other,
        }
    }
}

/// A file without a byte has no content to be told by. Its name alone says that it is a list with nothing in it.
fn nothing_found(path: &Path) -> Vec<Recognised> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let is_list = extension.is_some_and(|extension| {
        ["csv", "tsv"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    });
    let why = "a list without a byte: looked at, nothing found";
    let format = Format::Csv;
    is_list
        .then_some(Recognised { format, why })
        .into_iter()
        .collect()
}

/// Whether a file that is in none of the formats is a table of facts.
///
/// # Errors
/// [`FilesError`] when the file cannot be read.
pub fn is_table(path: &Path) -> Result<bool, FilesError> {
    Ok(csv::is_table(&read_head(path, HEAD_BYTES)?))
}
