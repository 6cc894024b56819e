//! Reads the facts of an image from its header: kind, size, scale, and the device that made it.
//!
//! It recognises content, never names, decodes no pixel, and never fails: what it cannot learn is `None`, and
//! what looked wrong on the way is a [`ProbeWarning`]. It does not say whether the pixels are intact.
//!
//! **Privacy.** Headers of slide scanners hold patients, users, dates and paths. Only the fields of [`Probe`]
//! leave this module; vendor, scanner and nothing else are text, and text that looks like a path or an
//! address is refused.
//!
//! **Bounds.** A header is read through one window (`source`) that knows the size of the file, checks
//! every offset and length with it before it allocates, and stops after 64 MiB. One tag value has at most
//! 16 MiB, one file at most 10,000 directories, segments or chunks are looked at.
//!
//! **Why no kept crate reads the header.** `imagesize` gives the size only, so the walk that finds the
//! density would be a second one beside it; it reads the first directory of a TIFF whichever that is, and no
//! 64-bit sizes (the tests compare against it). `tiff` refuses files whose pixels it cannot decode, and
//! 64-bit NDPI; `kamadak-exif` reads EXIF only, which is a TIFF again. One directory walker (`walk`) serves
//! TIFF, BigTIFF, SVS, NDPI, OME-TIFF and EXIF. XML is left to `quick-xml`.

mod aperio;
mod check;
mod ifd;
mod jpeg;
mod kind;
mod ome;
mod personal;
mod png;
mod scale;
mod source;
mod text;
mod tiff;
mod walk;
mod warning;

#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

pub use kind::ImageKind;
pub use personal::{Patch, Photographs, StripError, personal_parts, strip_patches};
pub use warning::{Axis, ProbeWarning};

use source::Source;

/// Directories, segments or chunks of a file that are looked at.
const PARTS_MAX: usize = 10_000;

/// What the header of an image says about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The format, from the content.
    pub kind: ImageKind,
    /// Width of the full-resolution image, px; at least 1, at most 2^31.
    pub width: Option<u64>,
    /// Height of the full-resolution image, px; at least 1, at most 2^31.
    pub height: Option<u64>,
    /// Width of a pixel, µm; finite and above 0.
    pub um_per_px_x: Option<f64>,
    /// Height of a pixel, µm; finite and above 0.
    pub um_per_px_y: Option<f64>,
    /// Who made the device, as the header spells it.
    pub vendor: Option<String>,
    /// Model or serial of the device, as the header spells it.
    pub scanner: Option<String>,
    /// Nominal magnification of the objective (20.0 is 20x).
    pub objective: Option<f64>,
    /// What looked wrong, each once, in the order of discovery; at most 32.
    pub warnings: Vec<ProbeWarning>,
}

impl Probe {
    /// A probe that knows the kind only.
    fn of(kind: ImageKind) -> Self {
        Self {
            kind,
            width: None,
            height: None,
            um_per_px_x: None,
            um_per_px_y: None,
            vendor: None,
            scanner: None,
            objective: None,
            warnings: Vec::new(),
        }
    }
}

/// Reads the facts of the image that `reader` holds, which is `size_bytes` long.
///
/// Never fails and never panics, whatever the bytes; an I/O error is a warning and ends the reading. Nothing
/// at or after `size_bytes` is looked at. The position of `reader` before the call does not matter.
pub fn probe<R: Read + Seek>(reader: R, size_bytes: u64) -> Probe {
    let mut source = Source::new(reader, size_bytes);
    let head = source.read(0, size_bytes.min(8)).unwrap_or_default();
    let mut facts = match head.as_slice() {
        [0xff, 0xd8, 0xff, ..] => jpeg::probe(&mut source),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'] => png::probe(&mut source),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => tiff::probe(&mut source),
        _ => Probe::of(ImageKind::Unknown),
    };
    facts.warnings = source.into_warnings();
    facts
}
