//! How a source draws, told by so many of its places as are enough, evenly spread over it: all that is asked of the
//! whole is a size that most have, and one in the middle.

use crate::import::coco::InFile;
use crate::import::document::{Document, SourceAnnotation};
use crate::model::Geometry;

use super::ImportError;

/// So many places are enough: how many of them have a property is 0.4 % off in one of three samples.
const SAMPLE_MAX: usize = 1 << 14;

/// Calls `of` with the places of a document, or of its file where they stayed there.
pub(super) fn sampled<T>(
    document: &Document,
    in_file: Option<&InFile>,
    of: impl FnOnce(&[&Geometry]) -> T,
) -> Result<T, ImportError> {
    let from_file = match in_file {
        Some(in_file) => in_file.sample(SAMPLE_MAX)?,
        None => Vec::new(),
    };
    let (annotations, step): (&[SourceAnnotation], usize) = match in_file {
        Some(_) => (&from_file, 1),
        None => {
            let annotations = document.annotations.as_slice();
            (annotations, annotations.len().div_ceil(SAMPLE_MAX).max(1))
        }
    };
    let spread = annotations.iter().step_by(step);
    let places: Vec<&Geometry> = spread.map(|annotation| &annotation.geometry).collect();
    Ok(of(&places))
}
