//! Label Studio's own run-length encoding of brush strokes (that of `@thi.ng/rle-pack`), as the runs of a mask.
//!
//! A stream of bits, the highest of each byte first: the number of values (32), the width of a value less one (5), and
//! four lengths of run counts less one (4 each). Then packets: one bit (1: a value and how often, 0: so many values),
//! which of the four lengths (2), the count less one, and the values. The values are the red, green, blue and alpha of
//! each pixel, row by row; what is painted has an alpha.
//!
//! The picture is never unpacked: painted spans of rows are turned into runs of columns within the rectangle around
//! them. Both are bounded.

/// Painted spans, and runs of a mask, of one brush stroke.
const RUNS_MAX: usize = 1 << 24;
/// Pixels of the rectangle around what is painted.
const PIXELS_MAX: u64 = 1 << 28;

/// What a stroke covers, column by column, beginning with a run of zeros.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Runs {
    pub(super) counts: Vec<u64>,
    /// Whether something is painted half through.
    pub(super) is_partial: bool,
}

/// Decodes a stroke on an image of this size; says why it cannot be.
pub(super) fn decode(bytes: &[u8], width: u64, height: u64) -> Result<Runs, String> {
    let mut bits = Bits { bytes, at: 0 };
    let ends = || "it ends too early".to_owned();
    let values = bits.take(32).ok_or_else(ends)?;
    let pixels = width.checked_mul(height).filter(|pixels| *pixels > 0);
    if pixels.and_then(|pixels| pixels.checked_mul(4)) != Some(values) {
        return Err(format!(
            "it has {values} values, which is not 4 for each of {width} × {height} pixels"
        ));
    }
    let word = bits.take(5).ok_or_else(ends)? + 1;
    let mut sizes = [0; 4];
    for size in &mut sizes {
        *size = bits.take(4).ok_or_else(ends)? + 1;
    }
    let mut spans = Spans::default();
    let mut at = 0;
    while at < values {
        let is_run = bits.take(1).ok_or_else(ends)? == 1;
        let which = bits.take(2).and_then(|which| usize::try_from(which).ok());
        let size = which
            .and_then(|which| sizes.get(which).copied())
            .ok_or_else(ends)?;
        let count = bits.take(size).ok_or_else(ends)? + 1;
        let end = at + count;
        if end > values {
            return Err("its runs are longer than the image".to_owned());
        }
        if is_run {
            spans.add_run(at, end, bits.take(word).ok_or_else(ends)?)?;
        } else {
            for value in at..end {
                spans.add_run(value, value + 1, bits.take(word).ok_or_else(ends)?)?;
            }
        }
        at = end;
    }
    let counts = columns(&spans.spans, width, height)?;
    Ok(Runs {
        counts,
        is_partial: spans.is_partial,
    })
}

/// Bits of bytes.
struct Bits<'b> {
    bytes: &'b [u8],
    at: u64,
}

impl Bits<'_> {
    /// Takes up to 32 bits as a number.
    fn take(&mut self, count: u64) -> Option<u64> {
        let mut number = 0;
        for _ in 0..count {
            let byte = self.bytes.get(usize::try_from(self.at / 8).ok()?)?;
            number = (number << 1) | u64::from((byte >> (7 - self.at % 8)) & 1);
            self.at += 1;
        }
        Some(number)
    }
}

/// Painted pixels, as spans in the order of rows.
#[derive(Default)]
struct Spans {
    spans: Vec<(u64, u64)>,
    is_partial: bool,
}

impl Spans {
    /// Adds values that are equal; only the fourth of each pixel counts.
    fn add_run(&mut self, from: u64, to: u64, value: u64) -> Result<(), String> {
        // The first and the last pixel whose alpha is in the run.
        let (first, end) = (from / 4, to / 4);
        if value == 0 || first >= end {
            return Ok(());
        }
        self.is_partial |= value != 255;
        match self.spans.last_mut() {
            Some((_, last)) if *last == first => *last = end,
            _ => {
                if self.spans.len() >= RUNS_MAX {
                    return Err(format!("it has more than {RUNS_MAX} spans"));
                }
                self.spans.push((first, end));
            }
        }
        Ok(())
    }
}

/// Turns spans of rows into runs of columns.
fn columns(spans: &[(u64, u64)], width: u64, height: u64) -> Result<Vec<u64>, String> {
    let all = width * height;
    let Some(area) = Area::around(spans, width) else {
        return Ok(vec![all]);
    };
    let size = area
        .width()
        .checked_mul(area.height())
        .filter(|size| *size <= PIXELS_MAX);
    let size = size.ok_or_else(|| format!("the rectangle around it has more than {PIXELS_MAX} pixels"))?;
    let mut painted = vec![0_u64; usize::try_from(size / 64 + 1).unwrap_or(0)];
    for (from, to) in spans {
        let mut at = *from;
        while at < *to {
            let (row, column) = (at / width, at % width);
            let end = (*to).min((row + 1) * width);
            for column in column..column + (end - at) {
                let bit = (column - area.left) * area.height() + (row - area.top);
                if let Some(word) = usize::try_from(bit / 64)
                    .ok()
                    .and_then(|word| painted.get_mut(word))
                {
                    *word |= 1 << (bit % 64);
                }
            }
            at = end;
        }
    }
    runs(&painted, &area, height, all)
}

/// The rectangle around what is painted.
struct Area {
    left: u64,
    right: u64,
    top: u64,
    bottom: u64,
}

impl Area {
    fn around(spans: &[(u64, u64)], width: u64) -> Option<Self> {
        let mut area: Option<Self> = None;
        for (from, to) in spans {
            let last = to - 1;
            let (top, bottom) = (from / width, last / width);
            let (left, right) = if top == bottom {
                (from % width, last % width)
            } else {
                (0, width - 1)
            };
            area = Some(match area {
                None => Self {
                    left,
                    right,
                    top,
                    bottom,
                },
                Some(area) => Self {
                    left: area.left.min(left),
                    right: area.right.max(right),
                    top: area.top.min(top),
                    bottom: area.bottom.max(bottom),
                },
            });
        }
        area
    }

    const fn width(&self) -> u64 {
        self.right - self.left + 1
    }

    const fn height(&self) -> u64 {
        self.bottom - self.top + 1
    }
}

/// Counts runs of the whole image, column by column.
fn runs(painted: &[u64], area: &Area, height: u64, all: u64) -> Result<Vec<u64>, String> {
    let (mut counts, mut is_set, mut begun) = (Vec::new(), false, 0);
    let mut change = |at: u64, counts: &mut Vec<u64>| {
        counts.push(at - begun);
        begun = at;
        if counts.len() > RUNS_MAX {
            return Err(format!("it makes more than {RUNS_MAX} runs"));
        }
        Ok(())
    };
    for column in 0..area.width() {
        let start = (area.left + column) * height;
        // Above the rectangle nothing is painted.
        if is_set && area.top > 0 {
            change(start, &mut counts)?;
            is_set = false;
        }
        for row in 0..area.height() {
            let bit = column * area.height() + row;
            let word = usize::try_from(bit / 64).ok().and_then(|word| painted.get(word));
            let now = word.is_some_and(|word| (word >> (bit % 64)) & 1 == 1);
            if now != is_set {
                change(start + area.top + row, &mut counts)?;
                is_set = now;
            }
        }
        let below = start + area.bottom + 1;
        if is_set && below < start + height {
            change(below, &mut counts)?;
            is_set = false;
        }
    }
    let end = (area.right + 1) * height;
    if is_set {
        change(end, &mut counts)?;
    }
    if begun < all {
        counts.push(all - begun);
    }
    Ok(counts)
}
