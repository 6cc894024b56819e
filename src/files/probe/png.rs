//! PNG (W3C PNG, third edition): `IHDR` for the size, `pHYs` for the scale. Compressed chunks are passed
//! over, never inflated; checksums are not verified.

use std::io::{Read, Seek};

use super::ifd::{Endian, uint};
use super::scale::{self, Unit};
use super::source::Source;
use super::{Axis, ImageKind, PARTS_MAX, Probe, ProbeWarning, check};

/// Length of the signature.
const SIGNATURE_BYTES: u64 = 8;
/// Length, type and checksum around the data of a chunk.
const FRAME_BYTES: u64 = 12;

/// Reads a PNG whose signature is verified.
pub(super) fn probe<R: Read + Seek>(source: &mut Source<R>) -> Probe {
    let mut facts = Probe::of(ImageKind::Png);
    let mut offset = SIGNATURE_BYTES;
    for part in 0..PARTS_MAX {
        let Some(frame) = source.read(offset, 8) else {
            return facts;
        };
        let (length, name) = frame.split_at_checked(4).unwrap_or_default();
        let length = uint(length, Endian::Big);
        match (part, name) {
            (0, b"IHDR") => size(source, offset, &mut facts),
            (0, _) => {
                source.warn(ProbeWarning::Malformed { offset_bytes: offset });
                return facts;
            }
            (_, b"pHYs") => {
                scale(source, offset, &mut facts);
                return facts;
            }
            // The scale stands before the pixels or nowhere.
            (_, b"IDAT" | b"IEND") => return facts,
            (_, _) => {}
        }
        // At most 2^32 at a time, at most 10,000 times: no overflow.
        offset += length + FRAME_BYTES;
    }
    source.warn(ProbeWarning::TooManyParts);
    facts
}

/// Reads `IHDR`, whose chunk begins at `offset`.
fn size<R: Read + Seek>(source: &mut Source<R>, offset: u64, facts: &mut Probe) {
    let Some(data) = source.read(offset + 8, 8) else {
        return;
    };
    let (width, height) = data.split_at_checked(4).unwrap_or_default();
    facts.width = check::dimension(source, Axis::X, Some(uint(width, Endian::Big)));
    facts.height = check::dimension(source, Axis::Y, Some(uint(height, Endian::Big)));
}

/// Reads `pHYs`, whose chunk begins at `offset`: pixels per metre, when the unit says so.
fn scale<R: Read + Seek>(source: &mut Source<R>, offset: u64, facts: &mut Probe) {
    let Some(data) = source.read(offset + 8, 9) else {
        return;
    };
    let [x0, x1, x2, x3, y0, y1, y2, y3, 1] = *data.as_slice() else {
        return;
    };
    let judge = |bytes: [u8; 4]| scale::from_density(f64::from(u32::from_be_bytes(bytes)), Unit::Metre);
    facts.um_per_px_x = check::scale(source, Axis::X, judge([x0, x1, x2, x3]));
    facts.um_per_px_y = check::scale(source, Axis::Y, judge([y0, y1, y2, y3]));
}
