//! Writes QuPath GeoJSON: one FeatureCollection for one image.
//!
//! The counterpart of `import::geojson`. What QuPath has a member for stands there: type, name, colours, class,
//! measurements, metadata, plane. Everything else of an annotation that is not private stands under `holotype` in its
//! properties, for our own reader. GeoJSON draws points, lines and polygons only; the exact geometry of any other
//! shape stands under `holotype`, and in an entry of `metadata` that QuPath keeps when it opens and saves the
//! objects. QuPath reads a class only with a colour: a label without one gets a colour from its name, the same each time.

mod feature;
mod places;

#[cfg(test)]
mod tests;

use crate::id::AnnotationId;
use crate::model::qupath::Colour;
use crate::model::{CarriedAnnotation, Facts, Geometry};

/// One annotation.
#[derive(Debug, Clone, PartialEq)]
pub struct GeoJsonObject<'a> {
    /// Its id, whose own 16 bytes are the feature's UUID.
    pub id: AnnotationId,
    /// Its place, in level-0 px.
    pub geometry: &'a Geometry,
    /// Name of its class, and the colour that the label has.
    pub class: Option<(&'a str, Option<Colour>)>,
    /// Its attributes.
    pub attributes: &'a Facts,
    /// What else is carried; geometry and attributes are added where they have no other place.
    pub carried: CarriedAnnotation,
}

/// What a file does not say of what it was given, or what a program that draws it does not show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GeoJsonLosses {
    /// Attributes that are private: not written.
    pub private_attributes: u64,
    /// Annotations of the whole of an image whose size is not known: drawn as a point.
    pub image_without_size: u64,
    /// Masks of too many pieces, or of none: drawn as a rectangle.
    pub mask_as_box: u64,
    /// Lines and polygons of too few positions: drawn as less.
    pub shape_reduced: u64,
}

impl GeoJsonLosses {
    /// Adds those of another file.
    pub fn add(&mut self, other: Self) {
        self.private_attributes += other.private_attributes;
        self.image_without_size += other.image_without_size;
        self.mask_as_box += other.mask_as_box;
        self.shape_reduced += other.shape_reduced;
    }
}

/// Appends the file of one image to `out` and tells what it does not say. `size` is the image's width and height in px, where
/// known. The same values give the same bytes.
pub fn write_geojson(
    size: Option<(f64, f64)>,
    objects: &[GeoJsonObject<'_>],
    out: &mut Vec<u8>,
) -> GeoJsonLosses {
    let mut losses = GeoJsonLosses::default();
    out.extend_from_slice(b"{\"type\":\"FeatureCollection\",\"features\":[");
    for (at, object) in objects.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
        feature::write(size, object, out, &mut losses);
    }
    out.extend_from_slice(b"\n]}\n");
    losses
}
