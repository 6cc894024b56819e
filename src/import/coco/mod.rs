//! Reads COCO JSON: the object-detection format, as its own tools write it and as others write what they call so.
//!
//! One pass over the text, member by member, a long list in portions by several threads; nothing is held twice as a
//! tree. What a record needs and does not have
//! makes that record a loss in the report; what makes the file ambiguous or broken refuses the file, with the place.
//! Four numbers of a `bbox` may be `[x, y, width, height]` (COCO's own) or `[x1, y1, x2, y2]`: see [`BoxChoice`].
//! No file is opened here, and no image looked at.

mod assemble;
mod boxes;
mod error;
mod images;
mod parse;
mod place;
mod portions;
mod recognise;
mod records;
mod repeats;
mod segmentation;

#[cfg(test)]
mod tests;

pub use error::CocoError;
pub use recognise::looks_like_coco;

use super::document::Document;
use super::json;
use parse::FileSeed;

/// What a person may decide about the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CocoOptions {
    /// How the four numbers of a `bbox` are read.
    pub box_format: BoxChoice,
    /// What becomes of `labels` lists (ordered anonymous votes).
    pub votes: VoteChoice,
}

/// How the four numbers of a `bbox` are read.
///
/// `Auto` decides for the whole file, by the first of these that speaks:
/// 1. the file says that Holotype exported it: xywh; or no box differs between the readings: xywh;
/// 2. boxes whose `area`, `segmentation` or exact geometry fits one reading only: at least one, and ten times as
///    many as fit only the other;
/// 3. boxes that fit their image (and are not inside out) in one reading only: at least one for xywh, at least
///    three for xyxy, and ten times as many as fit only the other; unless constant sizes (4) say the opposite;
/// 4. at least three boxes, all of one size in one reading, and not in the other;
/// 5. else it is not clear, and the person is asked ([`CocoError::BoxFormatUnclear`]).
///
/// Without image sizes only "inside out" is known in 3, so that ordinary files are still xywh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BoxChoice {
    /// By the evidence of all boxes of the file.
    #[default]
    Auto,
    /// `[x, y, width, height]`.
    Xywh,
    /// `[x1, y1, x2, y2]`.
    Xyxy,
}

/// What becomes of `labels` lists on annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VoteChoice {
    /// Ratings of "annotator 1" … "annotator n", by position in the list.
    #[default]
    Ratings,
    /// Not taken over; counted as a loss.
    Ignore,
}

/// Reads one file. `source` is its name without folders, for messages.
///
/// # Errors
/// [`CocoError`] when the file as a whole cannot be trusted (not JSON, not COCO, damaged, ids that contradict each
/// other) or when its boxes can be read in two ways. Single unusable records are losses in the report instead.
pub fn read_coco(source: &str, bytes: &[u8], options: &CocoOptions) -> Result<Document, CocoError> {
    let (file, context) = json::read(source, bytes, |body, context| {
        if !context.has_literals
            && let Some(file) = portions::read(body, context)
        {
            return Ok(file);
        }
        json::whole(body, FileSeed(context))
    })?;
    assemble::document(file, context, options)
}
