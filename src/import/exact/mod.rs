//! Reads the JSON that an EXACT server's REST interface gives: a list of annotations, or a page of one, with images,
//! types and users written out (`expand=annotation_type,image,user,last_editor`) or as their numbers.
//!
//! An annotation's type says its class and how its `vector` is to be taken: box, point, line, several lines, polygon, box of
//! a fixed size, or the whole image. A type that is only a number says neither, and loses its annotations with the
//! reason. Coordinates are level-0 pixels and taken as they are. No server is asked, and no image opened.

mod assemble;
mod error;
mod raw;
mod vector;

#[cfg(test)]
mod tests;

pub use error::ExactError;

use super::document::Document;
use super::json::{self, ElementsSeed, Keys, MembersSeed};
use assemble::Assembler;
use raw::{Annotations, Page};

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let keys = Keys::of(head, 3);
    let has = |depth| keys.has(depth, "vector") && keys.has(depth, "annotation_type");
    match keys.first {
        b'[' if has(2) => Some("a list of annotations with 'vector' and 'annotation_type'"),
        b'{' if keys.has(1, "results") && has(3) => {
            Some("a page of annotations with 'vector' and 'annotation_type'")
        }
        b'{' if keys.has(1, "annotations") && has(3) && !keys.has(1, "images") => {
            Some("annotations with 'vector' and 'annotation_type'")
        }
        _ => None,
    }
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`ExactError`] when it is no such file, or two annotations of one id differ. An annotation that cannot be used is a
/// loss in the report instead.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, ExactError> {
    let is_list = Keys::of(bytes.get(..64).unwrap_or(bytes), 0).first == b'[';
    let ((assembler, has_list), context) = json::read(file, bytes, |body, context| {
        let mut assembler = Assembler::default();
        if is_list {
            let mut annotations = Annotations(&mut assembler);
            json::whole(body, ElementsSeed(&mut annotations, context))?;
            return Ok((assembler, true));
        }
        let mut page = Page {
            assembler: &mut assembler,
            has_list: false,
        };
        json::whole(body, MembersSeed(&mut page, context))?;
        let has_list = page.has_list;
        Ok((assembler, has_list))
    })?;
    if !has_list {
        return Err(ExactError::NoList {
            file: file.to_owned(),
        });
    }
    assembler.finish(context)
}
