//! How a geometry is said in COCO: a box, an area, perhaps polygons or run lengths, and what of it is lost.

use serde::Serialize;

use crate::model::Geometry;
use crate::model::geometry::{Bounds, Position, Shape, covered_bounds, float_to_whole};

/// A geometry as COCO has it.
pub(super) struct Place {
    /// Left, upper, width, height.
    pub(super) bbox: [f64; 4],
    /// In square pixels.
    pub(super) area: f64,
    /// Polygons or run lengths.
    pub(super) segmentation: Option<Segmentation>,
    /// Whether the above do not give the geometry back exactly.
    pub(super) needs_exact: bool,
    /// Code and reason of what readers other than ours cannot see.
    pub(super) losses: Vec<(&'static str, &'static str)>,
}

/// A member `segmentation`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Segmentation {
    /// Outer rings as x, y, x, y, …
    Polygons(Vec<Vec<f64>>),
    /// Run lengths over the whole image, column by column.
    Runs { counts: Vec<u64>, size: [u64; 2] },
}

/// Says a geometry in COCO's terms; `size` is the image's width and height, where known.
pub(super) fn place(geometry: &Geometry, size: Option<(f64, f64)>) -> Place {
    let area = geometry.area();
    let mut place = Place {
        bbox: geometry.bounds().map_or([0.0; 4], box_of),
        area: area.unwrap_or(0.0),
        segmentation: None,
        needs_exact: true,
        losses: Vec::new(),
    };
    match &geometry.shape {
        Shape::Box { x, y, width, height } => {
            place.bbox = [*x, *y, *width, *height];
            place.needs_exact = false;
        }
        Shape::Point { .. } => place
            .losses
            .push(("point_as_box", "a point is written as a box of no size")),
        Shape::Circle { .. } | Shape::Ellipse { .. } => {
            place.losses.push((
                "round_as_box",
                "a circle or ellipse is written as the box around it",
            ));
        }
        Shape::RotatedBox { .. } => {
            place.losses.push((
                "turned_box_as_box",
                "a turned box is written as the box around it",
            ));
        }
        Shape::Polyline { .. } => place
            .losses
            .push(("line_as_box", "a line is written as the box around it")),
        Shape::Image => {
            let (width, height) = size.unwrap_or_default();
            (place.bbox, place.area) = ([0.0, 0.0, width, height], width * height);
            place
                .losses
                .push(("image_as_box", "a whole image is written as a box of its size"));
        }
        Shape::Polygon { rings } => place.polygons(std::slice::from_ref(rings), true),
        Shape::MultiPolygon { polygons } => place.polygons(polygons, polygons.len() > 1),
        Shape::Mask {
            x,
            y,
            width,
            height,
            counts,
        } => {
            place.mask([*x, *y, *width, *height], counts, size);
        }
    }
    if area.is_none() && geometry.shape != Shape::Image {
        place.losses.push((
            "area_beyond_numbers",
            "the area is more than a number can say; 0 is written",
        ));
    }
    if geometry.plane.is_some() {
        place.needs_exact = true;
        place
            .losses
            .push(("plane", "the plane in the stack has no place in COCO"));
    }
    place
}

fn box_of(b: Bounds) -> [f64; 4] {
    [b.x_min, b.y_min, b.x_max - b.x_min, b.y_max - b.y_min]
}

impl Place {
    /// Adds polygons by their outer rings; `reads_back` tells whether that many read back as the same type.
    fn polygons(&mut self, polygons: &[Vec<Vec<Position>>], reads_back: bool) {
        let outer: Vec<&Vec<Position>> = polygons.iter().filter_map(|rings| rings.first()).collect();
        let has_holes = polygons.iter().any(|rings| rings.len() > 1);
        if has_holes {
            self.losses.push((
                "polygon_holes",
                "holes of a polygon cannot be said in COCO's form",
            ));
        }
        if outer.is_empty() || outer.iter().any(|ring| ring.len() < 3) {
            self.losses.push((
                "polygon_as_box",
                "a polygon of under 3 positions is written as the box around it",
            ));
            return;
        }
        self.needs_exact = has_holes || !reads_back || outer.len() != polygons.len();
        let flat = outer
            .into_iter()
            .map(|ring| ring.iter().flatten().copied().collect());
        self.segmentation = Some(Segmentation::Polygons(flat.collect()));
    }

    /// Adds run lengths over the whole image.
    fn mask(&mut self, [x, y, width, height]: [f64; 4], counts: &[u64], size: Option<(f64, f64)>) {
        if let Some(covered) = float_to_whole(height).and_then(|height| covered_bounds(height, counts)) {
            let [left, upper, covered_width, covered_height] = box_of(covered);
            self.bbox = [x + left, y + upper, covered_width, covered_height];
        } else {
            self.bbox = [x, y, 0.0, 0.0];
        }
        let at_origin = x == 0.0 && y == 0.0;
        let fills = at_origin && size.is_none_or(|size| size == (width, height));
        let whole = [x, y, width, height].map(float_to_whole);
        let [Some(left), Some(upper), Some(columns), Some(rows)] = whole else {
            self.losses.push((
                "mask_as_box",
                "a mask off the pixel grid is written as the box around it",
            ));
            return;
        };
        if fills {
            self.needs_exact = false;
            self.segmentation = Some(Segmentation::Runs {
                counts: counts.to_vec(),
                size: [rows, columns],
            });
            return;
        }
        let image = size.and_then(|(w, h)| float_to_whole(w).zip(float_to_whole(h)));
        let runs = image.and_then(|(w, h)| {
            let inside = left.checked_add(columns)? <= w && upper.checked_add(rows)? <= h;
            let counts = inside.then(|| spread(counts, (left, upper, rows), (w, h)))??;
            Some(Segmentation::Runs { counts, size: [h, w] })
        });
        if runs.is_none() {
            self.losses.push((
                "mask_as_box",
                "a mask that is not within its image is written as the box around it",
            ));
        }
        self.segmentation = runs;
    }
}

/// Lays a mask at (left, upper), `rows` high, over its whole image; `None` where numbers get too large.
fn spread(counts: &[u64], (left, upper, rows): (u64, u64, u64), (w, h): (u64, u64)) -> Option<Vec<u64>> {
    let (mut out, mut written, mut at) = (Vec::new(), 0_u64, 0_u64);
    for (n, run) in counts.iter().enumerate() {
        let end = at.checked_add(*run)?;
        while n % 2 == 1 && at < end {
            // As far as the column goes.
            let stop = end.min((at.checked_div(rows)? + 1).checked_mul(rows)?);
            let column = left.checked_add(at / rows)?;
            let from = column
                .checked_mul(h)?
                .checked_add(upper)?
                .checked_add(at % rows)?;
            if from == written && !out.is_empty() {
                *out.last_mut()? += stop - at;
            } else {
                out.extend([from - written, stop - at]);
            }
            written = from + (stop - at);
            at = stop;
        }
        at = end;
    }
    let rest = w.checked_mul(h)?.checked_sub(written)?;
    if rest > 0 || out.is_empty() {
        out.push(rest);
    }
    Some(out)
}
