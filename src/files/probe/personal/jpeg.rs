//! JPEG: EXIF and XMP (APP1), and comments, up to the first scan.

use std::io::{Cursor, Read, Seek};

use super::super::ifd::{Endian, uint};
use super::super::source::Source;
use super::{Parts, TEXT_BYTES, tiff};

/// The mark before an EXIF block.
const EXIF: &[u8] = b"Exif\0\0";
/// The mark before XMP.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Reads a JPEG whose first marker is verified.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, parts: &mut Parts) {
    let mut offset = 2;
    for _ in 0..super::super::PARTS_MAX {
        let Some(marker) = source.read(offset, 2) else {
            return;
        };
        let code = match *marker.as_slice() {
            [0xff, 0xff] => {
                offset += 1;
                continue;
            }
            [0xff, 0x01 | 0xd0..=0xd7] => {
                offset += 2;
                continue;
            }
            // A scan, the end, or no marker at all.
            [0xff, 0x00 | 0xd8..=0xda] => return,
            [0xff, code] => code,
            _ => return,
        };
        let Some(length) = source.read(offset + 2, 2) else {
            return;
        };
        let Some(data_bytes) = uint(&length, Endian::Big).checked_sub(2) else {
            return;
        };
        if matches!(code, 0xe1 | 0xfe)
            && let Some(data) = source.read(offset + 4, data_bytes.min(TEXT_BYTES))
        {
            segment(code, &data, parts);
        }
        offset += data_bytes + 4;
    }
}

fn segment(code: u8, data: &[u8], parts: &mut Parts) {
    if code == 0xfe {
        parts.text("JPEG comment", "comment", data);
    } else if let Some(block) = data.strip_prefix(EXIF) {
        let length = u64::try_from(block.len()).unwrap_or_default();
        tiff::read(&mut Source::new(Cursor::new(block), length), "EXIF ", parts);
    } else if let Some(text) = data.strip_prefix(XMP) {
        parts.text("XMP", "APP1", text);
    }
}
