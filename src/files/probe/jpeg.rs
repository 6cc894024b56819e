//! JPEG (ITU-T T.81): the frame header for the size, JFIF and EXIF for scale and device.
//!
//! **The rule for the scale:** JFIF when its unit is dots per inch or per centimetre and its density is no
//! default (`scale`); otherwise EXIF by the same rule; otherwise none. The scans are never read.

use std::io::{Cursor, Read, Seek};

use super::ifd::{Endian, uint};
use super::scale::{self, Unit};
use super::source::Source;
use super::{Axis, ImageKind, PARTS_MAX, Probe, ProbeWarning, check, tiff};

/// Length of the part of a JFIF segment that ends with the densities.
const JFIF_BYTES: u64 = 12;
/// Length of the mark before an EXIF block.
const EXIF_MARK_BYTES: usize = 6;

/// Reads a JPEG whose first marker is verified.
pub(super) fn probe<R: Read + Seek>(source: &mut Source<R>) -> Probe {
    let mut facts = Probe::of(ImageKind::Jpeg);
    let mut offset = 2;
    for _ in 0..PARTS_MAX {
        let Some(marker) = source.read(offset, 2) else {
            return facts;
        };
        match *marker.as_slice() {
            // Any number of fill bytes may stand before a marker.
            [0xff, 0xff] => offset += 1,
            // Markers without a segment: TEM and restarts.
            [0xff, 0x01 | 0xd0..=0xd7] => offset += 2,
            // All frame headers, which leaves out tables (DHT, DAC) and the reserved JPG.
            [0xff, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf] => {
                frame(source, offset, &mut facts);
                return facts;
            }
            // A scan or the end before a frame, or no marker at all.
            [0xff, 0x00 | 0xd8..=0xda] | [..=0xfe, _] => {
                source.warn(ProbeWarning::Malformed { offset_bytes: offset });
                return facts;
            }
            [0xff, code] => match segment(source, offset, code, &mut facts) {
                Some(next) => offset = next,
                None => return facts,
            },
            _ => return facts,
        }
    }
    source.warn(ProbeWarning::TooManyParts);
    facts
}

/// Looks into the segment whose marker is at `offset`, and returns where the next marker is.
fn segment<R: Read + Seek>(source: &mut Source<R>, offset: u64, code: u8, facts: &mut Probe) -> Option<u64> {
    let length = uint(&source.read(offset + 2, 2)?, Endian::Big);
    let Some(data_bytes) = length.checked_sub(2) else {
        source.warn(ProbeWarning::Malformed { offset_bytes: offset });
        return None;
    };
    // Looked at before it is read: other data under the same markers (XMP) can be long.
    let head = match code {
        0xe0 | 0xe1 => source.read(offset + 4, data_bytes.min(JFIF_BYTES))?,
        _ => Vec::new(),
    };
    match head.as_slice() {
        [b'J', b'F', b'I', b'F', 0, _, _, unit, x0, x1, y0, y1] if code == 0xe0 => {
            jfif(source, *unit, [*x0, *x1], [*y0, *y1], facts);
        }
        [b'E', b'x', b'i', b'f', 0, ..] if code == 0xe1 => {
            let data = source.read(offset + 4, data_bytes)?;
            exif(source, data.get(EXIF_MARK_BYTES..).unwrap_or_default(), facts);
        }
        _ => {}
    }
    Some(offset + 2 + length)
}

/// Takes the density of a JFIF segment; it goes before that of EXIF.
fn jfif<R>(source: &mut Source<R>, unit: u8, x: [u8; 2], y: [u8; 2], facts: &mut Probe) {
    let unit = match unit {
        1 => Unit::Inch,
        2 => Unit::Centimetre,
        // An aspect ratio.
        _ => return,
    };
    let judge = |bytes| scale::from_density(f64::from(u16::from_be_bytes(bytes)), unit);
    facts.um_per_px_x = check::scale(source, Axis::X, judge(x)).or(facts.um_per_px_x);
    facts.um_per_px_y = check::scale(source, Axis::Y, judge(y)).or(facts.um_per_px_y);
}

/// Takes scale and device of the first directory of an EXIF block, which is a TIFF of its own.
fn exif<R>(source: &mut Source<R>, block: &[u8], facts: &mut Probe) {
    // A segment has less than 64 KiB.
    let length = u64::try_from(block.len()).unwrap_or_default();
    let mut inner = Source::new(Cursor::new(block), length);
    let found = tiff::exif(&mut inner);
    facts.um_per_px_x = facts.um_per_px_x.or(found.um_per_px_x);
    facts.um_per_px_y = facts.um_per_px_y.or(found.um_per_px_y);
    facts.vendor = facts.vendor.take().or(found.vendor);
    facts.scanner = facts.scanner.take().or(found.scanner);
    let without_offset = [
        ProbeWarning::NonsenseResolution { axis: Axis::X },
        ProbeWarning::NonsenseResolution { axis: Axis::Y },
        ProbeWarning::UnknownUnit,
        ProbeWarning::TextRefused,
    ];
    for warning in inner.into_warnings() {
        // Of the others, offsets in the block would mislead: they do not count from the start of the file.
        source.warn(if without_offset.contains(&warning) {
            warning
        } else {
            ProbeWarning::ExifMalformed
        });
    }
}

/// Reads the frame header whose marker is at `offset`: length, precision, height, width.
fn frame<R: Read + Seek>(source: &mut Source<R>, offset: u64, facts: &mut Probe) {
    let Some(data) = source.read(offset + 5, 4) else {
        return;
    };
    let (height, width) = data.split_at_checked(2).unwrap_or_default();
    facts.width = check::dimension(source, Axis::X, Some(uint(width, Endian::Big)));
    // A height of 0 means that it follows the first scan (DNL), which nobody writes.
    facts.height = check::dimension(source, Axis::Y, Some(uint(height, Endian::Big)));
}
