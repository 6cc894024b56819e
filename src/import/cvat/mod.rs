//! Reads CVAT for images XML 1.1: the images of a task, a job or a project, with their shapes.
//!
//! **Shapes.** `box` (with `rotation` a rotated box), `polygon`, `polyline`, `ellipse`, `mask` (its runs go row by row)
//! and `tag` (the whole image). `points` with several positions become one annotation each, with the number of their
//! group in the attribute `point_set`; so do the points of a `skeleton`, each with its own label, with `skeleton` and
//! `skeleton_number`. A `cuboid` is a loss, and so is a `track` of a video.
//!
//! **What else is said.** `occluded`, `z_order` (unless 0), `source`, `group_id` and each `<attribute>` are attributes.
//! `source` says *manual* or *auto*; which model it was nobody tells, so that it is no method.
//!
//! **People.** The file does not say who drew a shape. A task or job has at most one assignee, whose work it is: that
//! one is taken as having given the label of each shape that is marked `manual` or not marked at all, and the report
//! says so; what is marked otherwise has no rating. The owner, who made the task, stays private.
//!
//! **Ids.** Shapes have none; the `id` of an image is its number in the task, which is not kept. How the tool divides its
//! work, and when the file was written, is not kept either.

mod image;
mod meta;
mod shape;

use super::document::Document;
use super::xml::{
    STREAM_BYTES, XmlError, XmlProblem, XmlReader, first_tags, keep_attributes, keep_member, lose_text,
};
use image::Images;
use meta::Meta;

/// The name of the root element.
const ROOT: &str = "annotations";

/// A file that was not read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct CvatError(#[from] pub XmlError);

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let tags = first_tags(head, 2);
    let mut tags = tags.iter().map(String::as_str);
    let is_root = tags.next() == Some(ROOT);
    (is_root && matches!(tags.next(), Some("version" | "meta" | "image" | "track")))
        .then_some("XML whose root <annotations> begins as CVAT's does")
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`CvatError`] when it is no such file or not well-formed, when it holds what could pull in others, a number that is
/// out of range, or one image with two sizes. A single shape that cannot be used is no error but an entry of the
/// document's report.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, CvatError> {
    let mut reader = XmlReader::new(file, bytes, STREAM_BYTES)?;
    let root = reader.root_named(ROOT)?;
    let mut document = Document::default();
    keep_attributes(&root, &[], &mut document.dataset);
    let (mut meta, mut images) = (Meta::default(), Images::default());
    let (mut seen_version, mut seen_meta) = (false, false);
    while let Some(child) = reader.child()? {
        let repeated = |member| reader.refuse(child.offset, XmlProblem::Repeated { member });
        match child.name() {
            "version" if std::mem::replace(&mut seen_version, true) => return Err(repeated("version").into()),
            "meta" if std::mem::replace(&mut seen_meta, true) => return Err(repeated("meta").into()),
            "version" => {
                let version = reader.part(&child)?.text;
                if version != "1.1" {
                    document.report.warnings.add("version_unknown", || {
                        format!(
                            "{}: the version is '{version}'; it is read as 1.1",
                            reader.here(child.offset)
                        )
                    });
                }
            }
            "meta" => {
                let element = reader.part(&child)?;
                meta = Meta::read(file, &element, &mut document.report);
            }
            "image" => images.read(&mut reader, &child, &mut document)?,
            "track" => {
                document.report.losses.add("track_of_video", || {
                    format!("{}: a track of a video is not read", reader.here(child.offset))
                });
                reader.leave(reader.depth())?;
            }
            _ => keep_member(&mut reader, &child, &mut document.dataset, &mut document.report)?,
        }
    }
    lose_text(&mut reader, &root, &mut document.report);
    reader.finish()?;
    images.finish(file, &meta, &mut document);
    Ok(document)
}

#[cfg(test)]
mod tests;
