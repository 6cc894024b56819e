//! Reads COCO JSON: the object-detection format, as its own tools write it and as others write what they call so.
//!
//! [`read_coco`] reads a text that is in memory: one pass, member by member; nothing is held twice as a tree.
//! [`open_coco`] reads a file that may be longer than memory: one pass in windows finds what all annotations decide
//! together, and leaves them where they are, to be read image by image. Both say the same of the same bytes.
//!
//! What a record needs and does not have makes that record a loss in the report; what makes the file ambiguous or broken
//! refuses the file, with the place. Four numbers of a `bbox` may be `[x, y, width, height]` (COCO's own) or
//! `[x1, y1, x2, y2]`: see [`BoxChoice`]. No image is looked at.

mod again;
mod assemble;
mod boxes;
mod broken;
mod cut;
mod error;
mod images;
mod in_file;
mod index;
mod open;
mod parse;
mod place;
mod plain;
mod recognise;
mod records;
mod repeats;
mod scan;
mod segmentation;
mod sizes;
mod source;
mod told;

#[cfg(test)]
mod tests;

pub use error::CocoError;
pub use in_file::InFile;
pub use open::{Opened, open_coco};
pub use recognise::looks_like_coco;

use super::document::Document;
use super::json::{self, Context};
use parse::{FileSeed, RawFile};

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
        json::whole(body, FileSeed::new(context))
    })?;
    assemble::document(file, context, options)
}

/// Parses a whole text, to its end. Literals that JSON does not have are taken for what they say.
fn parse_text(body: &str, context: &mut Context<'_>) -> Result<RawFile, serde_json::Error> {
    parse_rest(body, 0, context)
}

/// As `parse_text`, for a text in which the list of annotations begins with the one of this index.
fn parse_rest(
    body: &str,
    first_annotation: usize,
    context: &mut Context<'_>,
) -> Result<RawFile, serde_json::Error> {
    json::with_literals(body, context, |body, context| {
        let seed = FileSeed {
            context,
            first_annotation,
        };
        json::whole(body, seed)
    })
}
