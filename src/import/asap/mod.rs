//! Reads ASAP XML: the annotations of one image, which the file does not name; its own name does.
//!
//! **Classes.** An annotation's class is its `PartOfGroup`; `Name` is a number that the tool counts up. The group
//! `None` is no class. Groups can be within groups: the outer one is the fact `supercategory` of the inner one.
//!
//! **Shapes.** `Dot` is a point, `Polygon` a polygon, `Measurement` a line. A `Rectangle` is a box where its four
//! corners are those of an upright rectangle, else a polygon. A `Spline` is kept as the polygon of its control points:
//! the curve between them is a loss. A `PointSet` becomes one annotation a point; those of one set share the number in
//! the attribute `point_set`. What the shape does not tell of the type stays as the attribute `asap_type`.
//!
//! **What the tool counts up or gives by itself is not kept:** the name `Annotation 7`, and the yellow of what is in no
//! group.
//!
//! **Ids.** There are none: names are given anew as annotations are deleted and drawn, and two people's files for one
//! image both begin at `Annotation 0`. Only the attribute `HolotypeId`, which our own export writes and the tool does
//! not keep, is one. `HolotypeGeometry` beside it is the exact geometry, taken only while the positions are still those
//! that are drawn of it; `HolotypeImage` of the root names the image.
//!
//! Files are read annotation by annotation, up to 4 GiB. An annotation that cannot be used is a loss; a file that
//! contradicts itself is refused.

mod annotation;
mod coordinates;
mod exact;
mod groups;

use super::document::{Document, SourceFacts, SourceImage};
use super::file_name;
use super::xml::{
    STREAM_BYTES, Tag, XmlError, XmlProblem, XmlReader, first_tags, keep_attributes, keep_member, lose_text,
};
use annotation::Annotations;
use groups::Groups;

/// The name of the root element.
const ROOT: &str = "ASAP_Annotations";

/// A file that was not read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct AsapError(#[from] pub XmlError);

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let tags = first_tags(head, 1);
    (tags.first().is_some_and(|root| root == ROOT)).then_some("XML whose root is <ASAP_Annotations>")
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`AsapError`] when it is no such file or not well-formed, when it holds what could pull in others, a number that is
/// out of range, or two things under one name. A single annotation that cannot be used is no error but an entry of the
/// document's report.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, AsapError> {
    let mut reader = XmlReader::new(file, bytes, STREAM_BYTES)?;
    let root = reader.root_named(ROOT)?;
    let mut document = Document::default();
    let mut facts = SourceFacts::new();
    keep_attributes(&root, &["HolotypeImage"], &mut facts);
    let image = root.get("HolotypeImage").filter(|name| !name.is_empty());
    let name = image.map_or_else(
        || file_name::stem(file, &["xml"]).to_owned(),
        std::borrow::Cow::into_owned,
    );
    let mut annotations = Annotations::default();
    let mut groups = Groups::default();
    let mut seen = Seen::default();
    while let Some(child) = reader.child()? {
        match child.name() {
            "Annotations" => {
                seen.once(&reader, &child, "Annotations")?;
                annotations.read(&mut reader, &child, &mut document)?;
            }
            "AnnotationGroups" => {
                seen.once(&reader, &child, "AnnotationGroups")?;
                groups.read(&mut reader, &child, &mut document.report)?;
            }
            _ => keep_member(&mut reader, &child, &mut facts, &mut document.report)?,
        }
    }
    lose_text(&mut reader, &root, &mut document.report);
    reader.finish()?;
    annotations.finish(file, &groups, &mut document);
    document.images.push(SourceImage {
        name,
        facts,
        ..SourceImage::default()
    });
    Ok(document)
}

/// Which members of an element were there.
#[derive(Default)]
struct Seen(Vec<&'static str>);

impl Seen {
    /// Refuses a member that is there a second time.
    fn once(&mut self, reader: &XmlReader<'_>, tag: &Tag<'_>, member: &'static str) -> Result<(), XmlError> {
        if self.0.contains(&member) {
            return Err(reader.refuse(tag.offset, XmlProblem::Repeated { member }));
        }
        self.0.push(member);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
