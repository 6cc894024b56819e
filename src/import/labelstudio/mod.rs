//! Reads the JSON that Label Studio exports: tasks with everybody's annotations (JSON), or one flat record for each
//! annotation (JSON-MIN).
//!
//! Places are percent of the image there. They become level-0 pixels as `value × size / 100`, in that order and in `f64`,
//! which is what Label Studio's own converter does; nothing is snapped to whole pixels. A rectangle turns around its
//! upper left corner there and around its centre here, so a turned one is right to rounding, and what the file says of
//! it is kept beside it.
//!
//! Who says the same of the same cell as somebody else cannot be told from the file: each region is an annotation of
//! its own, rated by whoever drew it. No image is opened.

mod assemble;
mod brush;
mod error;
mod image;
mod raw;
mod shape;

#[cfg(test)]
mod tests;

pub use error::LabelStudioError;

use serde::de::DeserializeSeed;

use super::document::Document;
use super::json::{self, ElementsSeed, Keys, MembersSeed};
use assemble::Assembler;
use raw::{Task, Tasks};

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let keys = Keys::of(head, 2);
    let full = |depth| {
        let has_sets = ["annotations", "completions", "predictions"]
            .iter()
            .any(|name| keys.has(depth, name));
        has_sets && keys.has(depth, "data")
    };
    match keys.first {
        b'[' if full(2) => Some("a list of tasks with 'data' and 'annotations'"),
        b'[' if keys.has(2, "annotation_id") && keys.has(2, "annotator") => {
            Some("a list of records with 'annotation_id' and 'annotator'")
        }
        b'[' if !keys.is_whole && keys.has(2, "annotations") && keys.has(2, "id") => {
            Some("a list of tasks with 'annotations'")
        }
        b'{' if full(1) && !keys.has(1, "images") => Some("a task with 'data' and 'annotations'"),
        _ => None,
    }
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`LabelStudioError`] when it is no such file, or two regions of one id differ. A region or task that cannot be used is
/// a loss in the report instead.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, LabelStudioError> {
    let is_list = Keys::of(bytes.get(..64).unwrap_or(bytes), 0).first == b'[';
    let (assembler, context) = json::read(file, bytes, |body, context| {
        let mut assembler = Assembler::default();
        if is_list {
            let mut tasks = Tasks(&mut assembler);
            json::whole(body, ElementsSeed(&mut tasks, context))?;
        } else {
            let mut task = Task::default();
            json::whole(body, MembersSeed(&mut task, context))?;
            assembler.task(context, None, task);
        }
        Ok(assembler)
    })?;
    assembler.finish(context)
}

/// Reads a text again that the parser has passed over as it stands.
fn again<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Result<S::Value, String> {
    json::whole(text, seed).map_err(|error| json::reason(&error))
}
