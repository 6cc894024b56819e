//! Reads what the header of an image says that could be about a person: texts of all directories of a TIFF, EXIF with its
//! position, comments of a JPEG or PNG, elements of a DICOM file, photographs of the slide and of its label. Whether a
//! text is about a person is for `privacy` to judge; no pixel is decoded.
//!
//! Within the bounds of `probe`; at most 1,000 parts of a file and 64 KiB of a text are given.

mod dicom;
mod jpeg;
mod photographs;
mod png;
mod strip;
mod tiff;

pub use photographs::Photographs;
pub use strip::{Patch, StripError, strip_patches};

use std::io::{Read, Seek};

use crate::privacy::HeaderPart;

use super::source::Source;

/// Parts of one file that are given.
const PARTS_MAX: usize = 1_000;
/// As much of one text as is read.
const TEXT_BYTES: u64 = 64 << 10;

/// Reads what the header of an image says that could be about a person, in order. Never fails, whatever the bytes: what
/// cannot be read is left out.
pub fn personal_parts<R: Read + Seek>(reader: R, size_bytes: u64) -> Vec<HeaderPart> {
    let mut source = Source::new(reader, size_bytes);
    let mut parts = Parts::default();
    let head = source.read(0, size_bytes.min(8)).unwrap_or_default();
    match head.as_slice() {
        [0xff, 0xd8, 0xff, ..] => jpeg::read(&mut source, &mut parts),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'] => png::read(&mut source, &mut parts),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => {
            tiff::read(&mut source, "", &mut parts)
        }
        _ => dicom::read(&mut source, &mut parts),
    }
    parts.found
}

/// The parts that were found.
#[derive(Default)]
struct Parts {
    found: Vec<HeaderPart>,
}

impl Parts {
    /// Takes a part in; says whether there is room for more.
    fn add(&mut self, part: HeaderPart) -> bool {
        if self.found.len() < PARTS_MAX {
            self.found.push(part);
        }
        self.found.len() < PARTS_MAX
    }

    /// Takes a text in, unless it is blank.
    fn text(&mut self, name: &str, at: &str, bytes: &[u8]) {
        let text = readable(bytes);
        if !text.is_empty() {
            let (name, at) = (name.to_owned(), at.to_owned());
            self.add(HeaderPart::Text { name, at, text });
        }
    }
}

/// The text of bytes up to the first NUL, what is no UTF-8 replaced.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(super::text::until_nul(bytes))
        .trim()
        .to_owned()
}
