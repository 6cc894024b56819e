//! PNG: texts (`tEXt`, and `iTXt` that is not compressed) and EXIF (`eXIf`). Compressed texts are not opened.

use std::io::{Cursor, Read, Seek};

use super::super::ifd::{Endian, uint};
use super::super::source::Source;
use super::{Parts, TEXT_BYTES, tiff};

/// Bytes of a chunk beside its data: length, type, check sum.
const CHUNK_BYTES: u64 = 12;

/// Reads a PNG whose signature is verified.
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, parts: &mut Parts) {
    let mut offset = 8;
    for _ in 0..super::super::PARTS_MAX {
        let Some(head) = source.read(offset, 8) else {
            return;
        };
        let (length, kind) = head.split_at(4);
        let length = uint(length, Endian::Big);
        if matches!(kind, b"tEXt" | b"iTXt" | b"eXIf")
            && let Some(data) = source.read(offset + 8, length.min(TEXT_BYTES))
        {
            chunk(kind, &data, parts);
        }
        if kind == b"IEND" {
            return;
        }
        offset = offset.saturating_add(CHUNK_BYTES).saturating_add(length);
    }
}

fn chunk(kind: &[u8], data: &[u8], parts: &mut Parts) {
    if kind == b"eXIf" {
        let length = u64::try_from(data.len()).unwrap_or_default();
        tiff::read(&mut Source::new(Cursor::new(data), length), "EXIF ", parts);
        return;
    }
    let mut fields = data.splitn(2, |byte| *byte == 0);
    let (Some(keyword), Some(rest)) = (fields.next(), fields.next()) else {
        return;
    };
    let text = match (kind, rest) {
        (b"tEXt", text) => text,
        // Compression flag 0, its method, then language and translated keyword, each ended by NUL.
        (b"iTXt", [0, _, rest @ ..]) => {
            let mut rest = rest.splitn(3, |byte| *byte == 0);
            rest.nth(2).unwrap_or_default()
        }
        _ => return,
    };
    let name = super::readable(keyword);
    if name == "Author" {
        let text = super::readable(text);
        let at = "text".to_owned();
        parts.add(crate::privacy::HeaderPart::Person { name, at, text });
    } else {
        parts.text(&format!("PNG {name}"), "text", text);
    }
}
