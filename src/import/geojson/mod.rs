//! Reads QuPath GeoJSON: a FeatureCollection, a list of features, or one feature, of the objects on one image.
//!
//! **Image.** The file does not name it: its own name does, or the caller. **Pixels.** Coordinates are level-0 pixels. The last
//! position of a ring repeats the first in GeoJSON and is left out here, once. **Shapes.** Points, lines, polygons
//! and multipolygons are what they are. A feature of several points or lines, or a collection, becomes one annotation for
//! each place. A polygon that is marked as an ellipse becomes one where its outline is that of the ellipse within its
//! bounds. An upright rectangle stays a polygon, since QuPath does not say that it was drawn as a box; what our own
//! exports leave beside the drawing gives back the exact shape, as long as the drawing is still that shape's.
//! **Class.** The name of a class is its label; parts of a derived class are joined as QuPath shows them.
//! **Attributes.** The rest is kept: measurements as `measurement:NAME`, metadata as `metadata:KEY`, what no reader knows
//! under its own name. Who drew is not in the file.
//!
//! Features are read one by one; no tree of the file is held. No file is opened here.

mod assemble;
mod class;
mod coordinates;
mod error;
mod feature;
mod file;
mod geometry;
mod image_name;
mod place;
mod properties;
mod recognise;

#[cfg(test)]
mod tests;

pub use error::GeoJsonError;
pub use recognise::recognise;

use super::document::Document;
use super::json;
use assemble::Assembler;

/// Reads one file; `file` is the name that messages give it, and by which its image is found.
///
/// # Errors
/// [`GeoJsonError`] when the file as a whole cannot be trusted. A single feature that cannot be used is a loss in the
/// document's report instead.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, GeoJsonError> {
    let mut refusal = None;
    let read = json::read(file, bytes, |body, context| {
        let mut assembler = Assembler::new(image_name::image_name(file));
        let read = file::read(body, context, &mut assembler);
        refusal = assembler.refusal.take();
        read.map(|()| assembler.document)
    });
    match (read, refusal) {
        (_, Some(refusal)) => Err(refusal),
        (Err(error), None) => Err(error.into()),
        (Ok((mut document, context)), None) => {
            document.report.merge(&context.report);
            Ok(document)
        }
    }
}
