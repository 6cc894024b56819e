//! Reads Pascal VOC: one XML file that describes one image.
//!
//! **Pixels.** VOC counts pixels from 1; a box runs from the pixel `xmin` to the pixel `xmax`. Read literally the
//! last pixel belongs to the box, and no box could be without size. But what people publish are the *corners* of the
//! rectangle that was drawn, and the usual readers take `xmax − xmin` as the width. So do we: only the origin is
//! shifted, `x = xmin − 1`, `width = xmax − xmin`; the size stays what everybody computes from the file, and a click
//! without a drag (`xmin = xmax`) stays what it was: a box of zero size, kept and reported. The shift is done in
//! decimals, so that 1.1 becomes 0.1 and a box is the same after it was written and read again.
//!
//! VOC has no ids and says nothing about who annotated. File names without extension stay as they are; finding the
//! image is the caller's task.

mod object;

use super::document::{Document, PrivateTextKind, SourceFacts, SourceImage, SourceValue};
use super::report::LossReport;
use super::xml::{self, Element, Member, Place, XmlError, XmlProblem, positive};
use super::{file_name, personal};
use object::Objects;

/// A file that was not read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct VocError(#[from] pub XmlError);

/// The members of the root that are read here.
const KNOWN: [&str; 7] = [
    "folder",
    "filename",
    "path",
    "source",
    "size",
    "segmented",
    "object",
];

/// Reads one file; `source` is the name that messages give it.
///
/// # Errors
/// [`VocError`] when it is no such file or not well-formed, or when it holds what could pull in others. A single
/// object that cannot be used is no error but an entry of the document's report.
pub fn read_voc(source: &str, bytes: &[u8]) -> Result<Document, VocError> {
    let root = xml::read_tree(source, bytes, "annotation")?;
    let refuse = |place: Place, problem: XmlProblem| XmlError {
        file: source.to_owned(),
        place,
        problem,
    };
    for member in ["folder", "filename", "path", "size", "segmented"] {
        if let Member::Several(second) = root.member(member) {
            return Err(refuse(second.place, XmlProblem::Repeated { member }).into());
        }
    }
    let mut document = Document::default();
    let image =
        image(source, &root, &mut document.report).map_err(|(place, problem)| refuse(place, problem))?;
    document.images.push(image);
    let mut objects = Objects::new(source, &mut document);
    for (index, element) in root.all("object").enumerate() {
        objects
            .read(index + 1, element)
            .map_err(|(place, problem)| refuse(place, problem))?;
    }
    Ok(document)
}

/// Whether the beginning of a file is that of a Pascal VOC file: its root element is `annotation`.
#[must_use]
pub fn looks_like_voc(head: &[u8]) -> bool {
    xml::first_tags(head, 1)
        .first()
        .is_some_and(|root| root == "annotation")
}

/// A problem that ends the reading, and where.
type Failure = (Place, XmlProblem);

fn image(file: &str, root: &Element, report: &mut LossReport) -> Result<SourceImage, Failure> {
    let text = |name: &'static str| {
        root.all(name)
            .next()
            .map(|element| element.text.as_str())
            .filter(|t| !t.is_empty())
    };
    let mut facts = SourceFacts::new();
    let mut warn_of_path = |member: &str| {
        report.warnings.add("absolute_path", || {
            format!("{file}: <{member}> is an absolute path, which can name a person")
        });
    };
    if let Some(path) = text("path") {
        if personal::is_absolute_path(path) {
            warn_of_path("path");
        }
        facts.insert("path".to_owned(), personal::text_value("path", path));
    }
    let given = text("filename").or_else(|| text("path").and_then(|path| path.rsplit(['/', '\\']).next()));
    let (folder_in_name, name) = given.map_or((None, ""), personal::split_absolute);
    if folder_in_name.is_some() {
        warn_of_path("filename");
        if let Some(filename) = text("filename") {
            facts.insert(
                "filename".to_owned(),
                personal::private(PrivateTextKind::Path, filename),
            );
        }
    }
    let folder = text("folder").or(folder_in_name);
    if text("folder").is_some_and(personal::is_absolute_path) {
        warn_of_path("folder");
    }
    let name = if text("filename").is_some() && !name.is_empty() {
        name.to_owned()
    } else {
        let fallback = if name.is_empty() {
            file_name::stem(file, &["xml"])
        } else {
            name
        };
        report.warnings.add("filename_missing", || {
            format!("{file}: it does not name its image; taken as '{fallback}'")
        });
        fallback.to_owned()
    };
    let (width, height) = size(file, root, &mut facts, report)?;
    match text("segmented") {
        None | Some("0") => {}
        Some("1") => drop(facts.insert("segmented".to_owned(), SourceValue::Flag(true))),
        Some(other) => drop(facts.insert("segmented".to_owned(), SourceValue::Text(other.to_owned()))),
    }
    for source in root.all("source") {
        add_source(source, &mut facts, file, report);
    }
    xml::add_others(root, &KNOWN, &mut facts, file, report);
    Ok(SourceImage {
        name,
        folder: folder.map(str::to_owned),
        width,
        height,
        facts,
    })
}

fn size(
    file: &str,
    root: &Element,
    facts: &mut SourceFacts,
    report: &mut LossReport,
) -> Result<(Option<f64>, Option<f64>), Failure> {
    let Member::One(size) = root.member("size") else {
        return Ok((None, None));
    };
    let mut one = |name: &'static str| -> Result<Option<f64>, Failure> {
        let element = match size.member(name) {
            Member::Missing => return Ok(None),
            Member::One(element) => element,
            Member::Several(second) => return Err((second.place, XmlProblem::Repeated { member: name })),
        };
        let value = positive(&element.text).map_err(|problem| (element.place, problem))?;
        if value.is_none() && !matches!(element.text.as_str(), "" | "0") {
            report.warnings.add("size_unusable", || {
                format!(
                    "{file}, {}: <{name}> '{}' is not a positive number",
                    element.place, element.text
                )
            });
        }
        Ok(value)
    };
    let (width, height, depth) = (one("width")?, one("height")?, one("depth")?);
    if let Some(depth) = depth {
        facts.insert("depth".to_owned(), SourceValue::Number(depth));
    }
    xml::add_others(size, &["width", "height", "depth"], facts, file, report);
    Ok((width, height))
}

/// `<source>` tells where the image came from; 'Unknown' tells nothing.
fn add_source(source: &Element, facts: &mut SourceFacts, file: &str, report: &mut LossReport) {
    let mut inner = SourceFacts::new();
    xml::add_others(source, &[], &mut inner, file, report);
    inner.retain(|_, value| *value != SourceValue::Text("Unknown".to_owned()));
    for (name, value) in inner {
        xml::insert(facts, &format!("source_{name}"), value);
    }
}

#[cfg(test)]
mod tests;
