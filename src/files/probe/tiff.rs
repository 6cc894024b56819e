//! What the tags of a TIFF mean: which directory is the full-resolution image, its size, scale and device,
//! and which dialect the file speaks. Reading tags is done by `walk`, the descriptions by `aperio` and `ome`.
//!
//! **The full-resolution image** is the first directory that calls itself neither reduced nor a mask (NDPI:
//! and was seen through an objective, which leaves out the photograph of the slide). Further directories are
//! passed over only to find where the file is cut off.

use std::io::{Read, Seek};

use super::ifd::{Entry, Ifd, uint};
use super::scale::{self, Unit};
use super::source::Source;
use super::walk::{Ifds, Layout};
use super::{Axis, ImageKind, Probe, ProbeWarning, aperio, check, ome};

const SUBFILE: u16 = 254;
const OLD_SUBFILE: u16 = 255;
const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const DESCRIPTION: u16 = 270;
const MAKE: u16 = 271;
const MODEL: u16 = 272;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES_PER_PIXEL: u16 = 277;
const STRIP_BYTES: u16 = 279;
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const RESOLUTION_UNIT: u16 = 296;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTES: u16 = 325;
const NDPI_LENS: u16 = 65_421;

/// As much of a description as tells the dialect (OME-XML begins with a comment of some hundred bytes), and
/// holds all of Aperio's.
const SNIFF_BYTES: u64 = 64 << 10;
/// As much of a device name as is read.
const NAME_BYTES: u64 = 1 << 10;

/// Reads a TIFF whose first four bytes are verified.
pub(super) fn probe<R: Read + Seek>(source: &mut Source<R>) -> Probe {
    let Some(mut ifds) = Ifds::open(source) else {
        return Probe::of(ImageKind::Unknown);
    };
    let mut facts = Probe::of(match ifds.layout {
        Layout::Classic => ImageKind::Tiff,
        Layout::Big => ImageKind::BigTiff,
        Layout::Ndpi => ImageKind::Ndpi,
    });
    let Some(Chosen { first, main }) = choose(&mut ifds) else {
        ifds.source.warn(ProbeWarning::MissingDimension { axis: Axis::X });
        ifds.source.warn(ProbeWarning::MissingDimension { axis: Axis::Y });
        return facts;
    };
    let image = main.as_ref().unwrap_or(&first);
    size(&mut ifds, image, &mut facts);
    tags(&mut ifds, image, &mut facts);
    match ifds.layout {
        Layout::Ndpi => {
            facts.vendor = facts.vendor.or_else(|| Some("Hamamatsu".to_owned()));
            let lens = image.get(NDPI_LENS).and_then(|entry| ifds.first_number(entry));
            facts.objective = lens.and_then(|lens| check::objective(ifds.source, Some(lens)));
        }
        Layout::Classic | Layout::Big => describe(&mut ifds, &first, &mut facts),
    }
    pixels(&mut ifds, image, &facts);
    facts
}

/// Reads scale and device of the first directory of an EXIF block, and nothing else.
pub(super) fn exif<R: Read + Seek>(source: &mut Source<R>) -> Probe {
    let mut facts = Probe::of(ImageKind::Unknown);
    if let Some(mut ifds) = Ifds::open(source)
        && let Some(offset) = ifds.advance()
        && let Some(ifd) = ifds.read(offset)
    {
        tags(&mut ifds, &ifd, &mut facts);
    }
    facts
}

/// The directories that count.
struct Chosen {
    /// The first of the file, which holds the description.
    first: Ifd,
    /// The full-resolution image, unless it is the first.
    main: Option<Ifd>,
}

/// Walks to the full-resolution image, then to the end.
fn choose<R: Read + Seek>(ifds: &mut Ifds<'_, R>) -> Option<Chosen> {
    let offset = ifds.advance()?;
    let first = ifds.read(offset)?;
    let mut found = is_full(ifds, &first);
    let mut main = None;
    while let Some(offset) = ifds.advance() {
        if found {
            ifds.skim(offset);
        } else if let Some(ifd) = ifds.read(offset)
            && is_full(ifds, &ifd)
        {
            found = true;
            main = Some(ifd);
        }
    }
    if !found {
        ifds.source.warn(ProbeWarning::NoFullResolution);
    }
    Some(Chosen { first, main })
}

/// Whether a directory is a full-resolution image.
fn is_full<R: Read + Seek>(ifds: &mut Ifds<'_, R>, ifd: &Ifd) -> bool {
    // Bit 0: reduced; bit 2: transparency mask. The older tag says 2 for reduced.
    let kept = optional_uint(ifds, ifd.get(SUBFILE)).is_none_or(|flags| flags & 0b101 == 0);
    let old_kept = optional_uint(ifds, ifd.get(OLD_SUBFILE)) != Some(2);
    // -1 is the photograph of the slide, -2 the map of the focus.
    let seen = ifds.layout != Layout::Ndpi
        || ifd
            .get(NDPI_LENS)
            .and_then(|entry| ifds.first_number(entry))
            .is_none_or(|lens| lens > 0.0);
    kept && old_kept && seen
}

fn optional_uint<R: Read + Seek>(ifds: &mut Ifds<'_, R>, entry: Option<Entry>) -> Option<u64> {
    entry.and_then(|entry| ifds.first_uint(entry))
}

fn size<R: Read + Seek>(ifds: &mut Ifds<'_, R>, ifd: &Ifd, facts: &mut Probe) {
    let (width, height) = (
        optional_uint(ifds, ifd.get(WIDTH)),
        optional_uint(ifds, ifd.get(HEIGHT)),
    );
    facts.width = check::dimension(ifds.source, Axis::X, width);
    facts.height = check::dimension(ifds.source, Axis::Y, height);
}

/// Takes scale and device from the tags of a directory.
fn tags<R: Read + Seek>(ifds: &mut Ifds<'_, R>, ifd: &Ifd, facts: &mut Probe) {
    facts.um_per_px_x = resolution(ifds, ifd, Axis::X);
    facts.um_per_px_y = resolution(ifds, ifd, Axis::Y);
    facts.vendor = name(ifds, ifd.get(MAKE));
    facts.scanner = name(ifds, ifd.get(MODEL));
}

fn resolution<R: Read + Seek>(ifds: &mut Ifds<'_, R>, ifd: &Ifd, axis: Axis) -> Option<f64> {
    let tag = match axis {
        Axis::X => X_RESOLUTION,
        Axis::Y => Y_RESOLUTION,
    };
    let per_unit = ifds.first_number(ifd.get(tag)?)?;
    // TIFF 6.0: inches when the tag is absent; 1 is an aspect ratio.
    let unit = match ifd
        .get(RESOLUTION_UNIT)
        .map_or(Some(2), |entry| ifds.first_uint(entry))?
    {
        1 => return None,
        2 => Unit::Inch,
        3 => Unit::Centimetre,
        _ => {
            ifds.source.warn(ProbeWarning::UnknownUnit);
            return None;
        }
    };
    check::scale(ifds.source, axis, scale::from_density(per_unit, unit))
}

fn name<R: Read + Seek>(ifds: &mut Ifds<'_, R>, entry: Option<Entry>) -> Option<String> {
    let bytes = ifds.part(entry?, NAME_BYTES)?;
    check::device(ifds.source, &bytes)
}

/// Learns the dialect from the description, and reads it.
fn describe<R: Read + Seek>(ifds: &mut Ifds<'_, R>, first: &Ifd, facts: &mut Probe) {
    let Some(entry) = first.get(DESCRIPTION) else {
        return;
    };
    let Some(head) = ifds.part(entry, SNIFF_BYTES) else {
        return;
    };
    if aperio::matches(&head) {
        facts.kind = ImageKind::Svs;
        aperio::read(ifds.source, &head, facts);
        return;
    }
    match ome::sniff(&head) {
        ome::Sniff::Other => {}
        ome::Sniff::Doctype => ifds.source.warn(ProbeWarning::XmlDoctype),
        ome::Sniff::Ome => {
            facts.kind = ImageKind::OmeTiff;
            if let Some(whole) = ifds.value(entry) {
                ome::read(ifds.source, &whole, facts);
            }
        }
    }
}

/// Warns when the pixels of a directory cannot be in the file.
fn pixels<R: Read + Seek>(ifds: &mut Ifds<'_, R>, ifd: &Ifd, facts: &Probe) {
    let strips = (ifd.get(STRIP_OFFSETS), ifd.get(STRIP_BYTES));
    let tiles = (ifd.get(TILE_OFFSETS), ifd.get(TILE_BYTES));
    let outside = [strips, tiles].into_iter().any(|pair| match pair {
        (Some(offsets), Some(lengths)) => !parts_fit(ifds, offsets, lengths),
        (None, _) | (_, None) => false,
    });
    if outside || uncompressed_bytes(ifds, ifd, facts).is_some_and(|bytes| bytes > ifds.source.size_bytes()) {
        ifds.source.warn(ProbeWarning::PixelsBeyondEnd);
    }
}

/// Whether each strip or tile lies in the file; `true` when that cannot be told, which has its own warning.
fn parts_fit<R: Read + Seek>(ifds: &mut Ifds<'_, R>, offsets: Entry, lengths: Entry) -> bool {
    for entry in [offsets, lengths] {
        if !entry.is_unsigned() {
            ifds.source.warn(ProbeWarning::TagMalformed { tag: entry.tag });
            return true;
        }
    }
    // Where NDPI has several strips, it keeps their upper halves elsewhere.
    let single = offsets.count() == 1 && lengths.count() == 1;
    if ifds.layout == Layout::Ndpi && !single {
        return true;
    }
    let (Some(offset_bytes), Some(length_bytes)) = (ifds.value(offsets), ifds.value(lengths)) else {
        return true;
    };
    let width = |entry: Entry| usize::try_from(entry.element_bytes()).unwrap_or(1);
    let ends = offset_bytes
        .chunks_exact(width(offsets))
        .zip(length_bytes.chunks_exact(width(lengths)));
    ends.into_iter().all(|(offset, length)| {
        let offset = uint(offset, ifds.endian) | if single { offsets.upper() } else { 0 };
        let length = uint(length, ifds.endian) | if single { lengths.upper() } else { 0 };
        ifds.source.contains(offset, length)
    })
}

/// What the pixels of an image take that is stored as it is; `None` when it is compressed or subsampled.
fn uncompressed_bytes<R: Read + Seek>(ifds: &mut Ifds<'_, R>, ifd: &Ifd, facts: &Probe) -> Option<u64> {
    const UNCOMPRESSED: u64 = 1;
    const YCBCR: u64 = 6;
    let compression = optional_uint(ifds, ifd.get(COMPRESSION)).unwrap_or(UNCOMPRESSED);
    let photometric = optional_uint(ifds, ifd.get(PHOTOMETRIC));
    if compression != UNCOMPRESSED || photometric == Some(YCBCR) {
        return None;
    }
    let bits = optional_uint(ifds, ifd.get(BITS_PER_SAMPLE)).unwrap_or(1);
    let samples = optional_uint(ifds, ifd.get(SAMPLES_PER_PIXEL)).unwrap_or(1);
    // Too many for 64 bits are too many for any file.
    let product = [facts.width?, facts.height?, samples]
        .into_iter()
        .try_fold(bits, u64::checked_mul);
    Some(product.map_or(u64::MAX, |bits| bits / 8))
}
