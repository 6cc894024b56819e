//! Which of the two readings of four numbers a file means, by the evidence of all its boxes.

use super::super::document::{BoxDecision, BoxFormat};
use super::BoxChoice;

/// A width and height in pixels.
pub(super) type Size = (f64, f64);

/// One box as evidence.
pub(super) struct Witness {
    /// Its four numbers.
    pub(super) four: [f64; 4],
    /// Its image's size, where known.
    pub(super) image: Option<Size>,
    /// `area`, where the box is the geometry.
    pub(super) area: Option<f64>,
    /// Left, upper, right and lower border by another member (`segmentation`, exact geometry).
    pub(super) borders: Option<[f64; 4]>,
}

/// One reading of all boxes.
#[derive(Default)]
struct Reading {
    /// Boxes that leave their image or are inside out.
    misfits: u64,
    /// Boxes that fit in this reading only.
    fits_alone: u64,
    /// Boxes that `area` or another member confirms in this reading only.
    confirmed: u64,
    /// The sizes of all boxes.
    sizes: Option<Sizes>,
}

/// Sizes of boxes: the first one, the least and the greatest width and height.
#[derive(Clone, Copy)]
struct Sizes {
    first: Size,
    least: Size,
    greatest: Size,
}

impl Sizes {
    /// Takes in those of later boxes.
    fn merge(&mut self, later: &Self) {
        let both = |f: fn(f64, f64) -> f64, a: Size, b: Size| (f(a.0, b.0), f(a.1, b.1));
        self.least = both(f64::min, self.least, later.least);
        self.greatest = both(f64::max, self.greatest, later.greatest);
    }

    /// Returns the one size that all have. Which finite sizes are the same as the first is one interval around it, so
    /// that the outermost ones tell of all.
    fn constant(&self) -> Option<Size> {
        let Self {
            first,
            least,
            greatest,
        } = *self;
        let is_first = |size: Size| same(first.0, size.0) && same(first.1, size.1);
        let is_finite = greatest.0.is_finite() && greatest.1.is_finite();
        (first.0 > 0.0 && first.1 > 0.0 && is_finite && is_first(least) && is_first(greatest))
            .then_some(first)
    }
}

/// Everything counted.
#[derive(Default)]
pub(super) struct Evidence {
    boxes: u64,
    /// Boxes whose two readings differ.
    open: u64,
    with_image_size: u64,
    xywh: Reading,
    xyxy: Reading,
}

/// The share by which one side must outweigh the other to be clear.
const CLEAR: u64 = 10;
/// Boxes that speak for xyxy, or have one size, below which it may be chance.
const ENOUGH: u64 = 3;

/// Returns a box's left and upper border, width and height in one reading.
pub(super) fn read(four: [f64; 4], format: BoxFormat) -> [f64; 4] {
    let [a, b, c, d] = four;
    match format {
        BoxFormat::Xywh => [a, b, c, d],
        BoxFormat::Xyxy => [a, b, c - a, d - b],
    }
}

/// Whether two numbers are the same but for rounding.
pub(super) fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1e-6)
}

/// Whether two borders are the same but for rounding of coordinates (not of their difference).
pub(super) fn same_borders(a: [f64; 4], b: [f64; 4]) -> bool {
    let scale = a
        .iter()
        .chain(&b)
        .fold(1.0_f64, |scale, border| scale.max(border.abs()));
    a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1e-6 * scale)
}

impl Reading {
    fn fits(four: [f64; 4], format: BoxFormat, image: Option<Size>) -> bool {
        let [x, y, width, height] = read(four, format);
        let inside = image.is_none_or(|(w, h)| x >= 0.0 && y >= 0.0 && x + width <= w && y + height <= h);
        inside && width >= 0.0 && height >= 0.0
    }

    fn confirmed_by(witness: &Witness, format: BoxFormat) -> bool {
        let [x, y, width, height] = read(witness.four, format);
        let by_area = witness.area.is_some_and(|area| same(area, width * height));
        let inside_out = width < 0.0 || height < 0.0;
        let by_borders = witness
            .borders
            .is_some_and(|borders| same_borders(borders, [x, y, x + width, y + height]));
        (by_area && !inside_out) || by_borders
    }

    fn add_size(&mut self, four: [f64; 4], format: BoxFormat) {
        let [_, _, width, height] = read(four, format);
        let first = (width, height);
        self.merge_sizes(Some(&Sizes {
            first,
            least: first,
            greatest: first,
        }));
    }

    fn merge_sizes(&mut self, later: Option<&Sizes>) {
        match (&mut self.sizes, later) {
            (Some(sizes), Some(later)) => sizes.merge(later),
            (sizes @ None, later) => *sizes = later.copied(),
            (Some(_), None) => {}
        }
    }

    fn constant_size(&self) -> Option<Size> {
        self.sizes.as_ref().and_then(Sizes::constant)
    }

    fn merge(&mut self, later: &Self) {
        self.misfits += later.misfits;
        self.fits_alone += later.fits_alone;
        self.confirmed += later.confirmed;
        self.merge_sizes(later.sizes.as_ref());
    }
}

/// Whether `many` is clearly more than `few`.
const fn outweighs(many: u64, few: u64, at_least: u64) -> bool {
    many >= at_least && many >= few.saturating_mul(CLEAR)
}

impl Evidence {
    /// Takes one box into account.
    pub(super) fn add(&mut self, witness: &Witness) {
        let four = witness.four;
        self.boxes += 1;
        self.with_image_size += u64::from(witness.image.is_some());
        self.xywh.add_size(four, BoxFormat::Xywh);
        self.xyxy.add_size(four, BoxFormat::Xyxy);
        let fits_xywh = Reading::fits(four, BoxFormat::Xywh, witness.image);
        let fits_xyxy = Reading::fits(four, BoxFormat::Xyxy, witness.image);
        self.xywh.misfits += u64::from(!fits_xywh);
        self.xyxy.misfits += u64::from(!fits_xyxy);
        let [x, y, ..] = four;
        if x == 0.0 && y == 0.0 {
            return;
        }
        self.open += 1;
        self.xywh.fits_alone += u64::from(fits_xywh && !fits_xyxy);
        self.xyxy.fits_alone += u64::from(fits_xyxy && !fits_xywh);
        let by_xywh = Reading::confirmed_by(witness, BoxFormat::Xywh);
        let by_xyxy = Reading::confirmed_by(witness, BoxFormat::Xyxy);
        self.xywh.confirmed += u64::from(by_xywh && !by_xyxy);
        self.xyxy.confirmed += u64::from(by_xyxy && !by_xywh);
    }

    /// Takes in what later boxes tell.
    pub(super) fn merge(&mut self, later: &Self) {
        self.boxes += later.boxes;
        self.open += later.open;
        self.with_image_size += later.with_image_size;
        self.xywh.merge(&later.xywh);
        self.xyxy.merge(&later.xyxy);
    }

    /// Returns the reading that all boxes of one size speak for.
    fn by_size(&self) -> Option<BoxFormat> {
        match (self.xywh.constant_size(), self.xyxy.constant_size()) {
            (Some(_), None) if self.open >= ENOUGH => Some(BoxFormat::Xywh),
            (None, Some(_)) if self.open >= ENOUGH => Some(BoxFormat::Xyxy),
            _ => None,
        }
    }

    /// Decides by the rule at [`BoxChoice`].
    fn decide(&self) -> Option<BoxFormat> {
        let (xywh, xyxy) = (&self.xywh, &self.xyxy);
        if self.open == 0 || outweighs(xywh.confirmed, xyxy.confirmed, 1) {
            return Some(BoxFormat::Xywh);
        }
        if outweighs(xyxy.confirmed, xywh.confirmed, 1) {
            return Some(BoxFormat::Xyxy);
        }
        let by_size = self.by_size();
        let by_fit = if outweighs(xywh.fits_alone, xyxy.fits_alone, 1) {
            Some(BoxFormat::Xywh)
        } else if outweighs(xyxy.fits_alone, xywh.fits_alone, ENOUGH) {
            Some(BoxFormat::Xyxy)
        } else {
            None
        };
        match (by_fit, by_size) {
            (Some(fit), Some(size)) if fit != size => None,
            (fit, size) => fit.or(size),
        }
    }

    /// Tells in one sentence what was counted.
    pub(super) fn sentence(&self) -> String {
        if self.boxes == 0 {
            return "the file has no boxes to judge by".to_owned();
        }
        let (xywh, xyxy) = (&self.xywh, &self.xyxy);
        let mut parts = vec![if self.with_image_size > 0 {
            format!(
                "of {} boxes {} leave their image or are inside out when read as xywh, {} when read as xyxy",
                self.boxes, xywh.misfits, xyxy.misfits
            )
        } else {
            format!(
                "no image has a size; of {} boxes {} are inside out when read as xywh, {} when read as xyxy",
                self.boxes, xywh.misfits, xyxy.misfits
            )
        }];
        if xywh.confirmed + xyxy.confirmed > 0 {
            parts.push(format!(
                "area or segmentation confirms only xywh for {}, only xyxy for {}",
                xywh.confirmed, xyxy.confirmed
            ));
        }
        for (reading, word) in [(xywh, "xywh"), (xyxy, "xyxy")] {
            if let Some((width, height)) = reading.constant_size()
                && self.open >= ENOUGH
            {
                parts.push(format!("read as {word} all are {width} x {height} px"));
            }
        }
        parts.join("; ")
    }
}

/// Decides how boxes are read; `Err` is the evidence that leaves it open.
pub(super) fn decide(choice: BoxChoice, is_ours: bool, evidence: &Evidence) -> Result<BoxDecision, String> {
    let counted = evidence.sentence();
    let (format, evidence) = match choice {
        BoxChoice::Xywh => (BoxFormat::Xywh, format!("asked for as an option; {counted}")),
        BoxChoice::Xyxy => (BoxFormat::Xyxy, format!("asked for as an option; {counted}")),
        BoxChoice::Auto if is_ours => (
            BoxFormat::Xywh,
            "the file is an export of Holotype, whose boxes are xywh".to_owned(),
        ),
        BoxChoice::Auto => match evidence.decide() {
            Some(format) => (format, counted),
            None => return Err(counted),
        },
    };
    Ok(BoxDecision { format, evidence })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counted(boxes: &[[f64; 4]]) -> Evidence {
        let mut evidence = Evidence::default();
        for four in boxes {
            evidence.add(&Witness {
                four: *four,
                image: Some((100.0, 100.0)),
                area: None,
                borders: None,
            });
        }
        evidence
    }

    proptest! {
        #[test]
        fn boxes_counted_in_parts_tell_what_all_tell(
            boxes in prop::collection::vec(prop::array::uniform4(0_u8..4), 0..12),
            at in any::<prop::sample::Index>(),
        ) {
            let boxes: Vec<_> = boxes.into_iter().map(|four| four.map(|n| f64::from(n) * 30.0)).collect();
            let (before, after) = boxes.split_at(at.index(boxes.len() + 1));
            let mut parts = counted(before);
            parts.merge(&counted(after));
            let all = counted(&boxes);
            prop_assert_eq!(parts.sentence(), all.sentence());
            prop_assert_eq!(parts.decide(), all.decide());
        }
    }
}
