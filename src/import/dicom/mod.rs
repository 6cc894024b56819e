//! Reads DICOM Microscopy Bulk Simple Annotations: groups of points, lines, polygons, ellipses and rectangles on one
//! image.
//!
//! Coordinates in pixels of the whole image (2D, relative to the total pixel matrix) are taken as they are; a `float`
//! becomes the `f64` of the same value. The origin is the upper left *corner* of the first pixel, as it is here: PS3.3
//! C.37.1.2 gives pixels as the unit and refers to C.10.4, which counts whole ones; for parts of pixels C.10.5 (units
//! `PIXEL`) and C.18.6.1 (Graphic Data) have that corner as 0\0, and the last pixel's lower right one as Columns\Rows.
//! `highdicom` converts between the slide and the image by the same corner; `tests/interop/dicom.py` holds us to it.
//!
//! Coordinates in mm of the slide (3D) or of single frames are not taken: the file does not hold the image's origin,
//! orientation and pixel spacing, so there is nothing to convert them by exactly.
//!
//! Only the elements that `tags` lists are taken out of the file. Patient, study, accession number and institution are none
//! of them. No other file is opened, so the image is known by name only: the file's own, or `--image`.

mod dataset;
mod error;
mod geometry;
mod groups;
mod numbers;
mod tags;
mod who;

#[cfg(test)]
mod tests;

pub use error::DicomError;

use super::document::{Document, SourceImage, SourceValue};
use dataset::{Encoding, Item, Part, length, tag_text};

/// The class of these files.
const ANNOTATIONS: &str = "1.2.840.10008.5.1.4.1.1.91.1";
/// Bytes before the mark that every DICOM file has.
const PREAMBLE: usize = 128;

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let (_, class, _) = open("", head).ok()?;
    (class == ANNOTATIONS).then_some("a DICOM file with microscopy bulk simple annotations")
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`DicomError`] when it is no such file, is damaged, or contradicts itself as a whole. A group that cannot be used is
/// a loss in the report instead.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, DicomError> {
    let (encoding, class, part) = open(file, bytes)?;
    let root = dataset::read(part, encoding)?;
    let class = root.text(tags::SOP_CLASS).map_or(class, str::to_owned);
    if class != ANNOTATIONS {
        return Err(DicomError::NotAnnotations {
            file: file.to_owned(),
            class,
        });
    }
    if !root.has(tags::GROUPS) {
        return Err(DicomError::Missing {
            file: file.to_owned(),
            what: "groups of annotations (006A,0002)",
        });
    }
    let mut document = Document {
        images: vec![image(file, &root)],
        ..Document::default()
    };
    left_behind(file, &root, &mut document);
    character_set(file, &root, &mut document);
    groups::take(file, encoding, &root, &mut document)?;
    Ok(document)
}

/// Reads the elements about the file itself; returns the encoding and class of its data set, and where it is.
fn open<'b>(file: &'b str, bytes: &'b [u8]) -> Result<(Encoding, String, Part<'b>), DicomError> {
    let no = |reason| DicomError::NotDicom {
        file: file.to_owned(),
        reason,
    };
    let after = bytes
        .get(PREAMBLE..)
        .and_then(|rest| rest.strip_prefix(b"DICM"))
        .ok_or_else(|| no("byte 129 does not begin the word DICM"))?;
    // The length of the group comes first: (0002,0000) UL, 4 bytes.
    let rest = after
        .strip_prefix(b"\x02\x00\x00\x00UL\x04\x00")
        .ok_or_else(|| no("it does not begin with the length of the elements about the file, (0002,0000)"))?;
    let (size, rest) = rest
        .split_first_chunk::<4>()
        .ok_or_else(|| no("it ends within (0002,0000)"))?;
    let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
    let (meta, data) = rest
        .split_at_checked(size)
        .ok_or_else(|| no("the elements about the file are longer than the file"))?;
    let at = |part: &[u8]| length(bytes).saturating_sub(length(part));
    let meta = Part {
        file,
        bytes: meta,
        offset: at(rest),
    };
    let meta = dataset::read(meta, Encoding::ExplicitLittle)?;
    let syntax = meta
        .text(tags::TRANSFER_SYNTAX)
        .ok_or_else(|| no("it does not say its transfer syntax, (0002,0010)"))?;
    let encoding = Encoding::of(syntax).ok_or_else(|| DicomError::Syntax {
        file: file.to_owned(),
        syntax: syntax.to_owned(),
    })?;
    let class = meta.text(tags::MEDIA_CLASS).unwrap_or_default().to_owned();
    let data = Part {
        file,
        bytes: data,
        offset: at(data),
    };
    Ok((encoding, class, data))
}

/// The image that the annotations are of, by the name of the file.
fn image(file: &str, root: &Item<'_>) -> SourceImage {
    let name = match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    };
    let mut image = SourceImage {
        name: name.to_owned(),
        ..SourceImage::default()
    };
    let instance = root
        .item(tags::REFERENCED_IMAGES)
        .and_then(|item| item.text(tags::REFERENCED_INSTANCE));
    if let Some(instance) = instance {
        let uid = SourceValue::Text(instance.to_owned());
        image.facts.insert("sop_instance_uid".to_owned(), uid);
    }
    image
}

/// Counts what is left behind on purpose. Values are not looked at.
fn left_behind(file: &str, root: &Item<'_>, document: &mut Document) {
    let first = root.first_left.map(tag_text).unwrap_or_default();
    document
        .report
        .losses
        .add_many("patient_and_study_left_out", root.left, || {
            format!("{file}, {first} and others: what says of which patient, study and device it is stays in the file")
        });
    let images = u64::try_from(root.items(tags::REFERENCED_IMAGES).len()).unwrap_or(u64::MAX);
    document
        .report
        .warnings
        .add_many("further_images", images.saturating_sub(1), || {
            format!(
                "{file}, (0008,1140): it names {images} images; the annotations are taken as those of the first"
            )
        });
}

/// Says where texts may be read wrongly.
fn character_set(file: &str, root: &Item<'_>, document: &mut Document) {
    const UNKNOWN: [&str; 4] = ["ISO_IR 148", "ISO 2022 IR 148", "ISO_IR 159", "ISO 2022 IR 159"];
    let sets = root.texts(tags::CHARACTER_SET);
    if sets.len() > 1 || sets.iter().any(|set| UNKNOWN.contains(set)) {
        document.report.warnings.add("character_set_not_known", || {
            format!(
                "{file}, (0008,0005): of the character sets '{}' only the first is read, if at all; texts may have wrong letters",
                sets.join("\\")
            )
        });
    }
}
