//! Reads Aperio ImageScope XML: the layers of one image, which the file does not name; its own name does.
//!
//! **Classes.** A layer is a class: its `Name`, else the value of its attribute `Description` (or `Class`, `Label`,
//! `Name`), else its colour. `LineColor` is one decimal number with blue in its highest byte.
//!
//! **Shapes.** `Type` 0 is a polygon, 1 a box (a polygon where its corners are not those of an upright rectangle), 2 an
//! ellipse by the corners around it, 3 an arrow and 4 a ruler, both lines. What the shape does not tell of the type stays
//! as the attribute `imagescope_type`. A region with `NegativeROA` is a hole of the smallest polygon or rectangle of its
//! layer that contains it; where there is none it is kept as an annotation of its own with `negative_roa`, and told.
//!
//! **Ids.** `layer/region`, both by `Id`: unique in one file only, and only where the layers have different ones.
//!
//! What the viewer needs to show a region again (`Zoom`, `Selected`, …) and what follows from its place (`Area`,
//! `Length`, …) is not kept: a look at a slide is no change of its annotations. Files are read region by region, up to
//! 4 GiB; the regions of one layer are held together.

mod holes;
mod layer;
mod region;

use super::document::{Document, SourceFacts, SourceImage, SourceValue};
use super::file_name;
use super::xml::{
    STREAM_BYTES, Tag, XmlError, XmlReader, first_tags, insert, keep_attributes, keep_member, leaf_value,
    lose_text, positive,
};
use layer::Layers;

/// The name of the root element.
const ROOT: &str = "Annotations";

/// A file that was not read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ImageScopeError(#[from] pub XmlError);

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let tags = first_tags(head, 2);
    let mut tags = tags.iter().map(String::as_str);
    let is_root = tags.next() == Some(ROOT);
    (is_root && matches!(tags.next(), None | Some("Annotation")))
        .then_some("XML whose root <Annotations> holds layers")
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`ImageScopeError`] when it is no such file or not well-formed, when it holds what could pull in others, a number
/// that is out of range, or two regions under one id. A single region that cannot be used is no error but an entry of
/// the document's report.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, ImageScopeError> {
    let mut reader = XmlReader::new(file, bytes, STREAM_BYTES)?;
    let root = reader.root_named(ROOT)?;
    let mut document = Document::default();
    let mut facts = SourceFacts::new();
    resolution(&reader, &root, &mut facts, &mut document)?;
    keep_attributes(&root, &["MicronsPerPixel"], &mut facts);
    let mut layers = Layers::default();
    while let Some(child) = reader.child()? {
        match child.name() {
            "Annotation" => layers.read(&mut reader, &child, &mut document)?,
            _ => keep_member(&mut reader, &child, &mut facts, &mut document.report)?,
        }
    }
    lose_text(&mut reader, &root, &mut document.report);
    reader.finish()?;
    layers.finish(file, &mut document);
    document.images.push(SourceImage {
        name: file_name::stem(file, &["xml"]).to_owned(),
        facts,
        ..SourceImage::default()
    });
    Ok(document)
}

/// Takes the image's resolution, which is the same in both directions.
fn resolution(
    reader: &XmlReader<'_>,
    root: &Tag<'_>,
    facts: &mut SourceFacts,
    document: &mut Document,
) -> Result<(), XmlError> {
    let Some(text) = root.get("MicronsPerPixel") else {
        return Ok(());
    };
    let value = positive(&text).map_err(|problem| reader.refuse(root.offset, problem))?;
    if let Some(value) = value {
        for axis in ["um_per_px_x", "um_per_px_y"] {
            facts.insert(axis.to_owned(), SourceValue::Number(value));
        }
    } else {
        document.report.warnings.add("resolution_unusable", || {
            format!(
                "{}: 'MicronsPerPixel' is '{text}', which is no resolution",
                reader.here(root.offset)
            )
        });
    }
    Ok(())
}

/// Reads `<Attributes>`: members with `Name` and `Value`; a nameless one is named by `name_of` its `Id`.
fn attributes(
    reader: &mut XmlReader<'_>,
    list: &Tag<'_>,
    name_of: impl Fn(&str) -> Option<String>,
    document: &mut Document,
) -> Result<Vec<(String, String)>, XmlError> {
    let mut pairs = Vec::new();
    while let Some(child) = reader.child()? {
        let given = child.get("Name").filter(|name| !name.is_empty());
        let id = child.get("Id").unwrap_or_default();
        let name = given
            .map(std::borrow::Cow::into_owned)
            .or_else(|| name_of(&id))
            .unwrap_or_else(|| format!("attribute_{id}"));
        match child.get("Value") {
            Some(value) if !value.is_empty() => pairs.push((name, value.into_owned())),
            Some(_) => {}
            None => document.report.losses.add("member_not_kept", || {
                format!(
                    "{}: <{}> is no attribute with a value",
                    reader.here(child.offset),
                    child.name()
                )
            }),
        }
        reader.leave(reader.depth())?;
    }
    lose_text(reader, list, &mut document.report);
    Ok(pairs)
}

/// Keeps attributes as facts, privately where they can name a person.
fn keep_pairs(pairs: Vec<(String, String)>, facts: &mut SourceFacts) {
    for (name, value) in pairs {
        insert(facts, &name, leaf_value(&name, &value));
    }
}

#[cfg(test)]
mod tests;
