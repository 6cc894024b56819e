//! TIFF, BigTIFF, NDPI and EXIF: texts of all directories, the directory of EXIF and that of the position, and photographs
//! of the slide and of its label.

use std::fmt;
use std::io::{Read, Seek};

use crate::privacy::HeaderPart;

use super::super::ifd::{Entry, Ifd};
use super::super::source::Source;
use super::super::walk::{Ifds, Layout};
use super::{Parts, TEXT_BYTES, readable};

const DESCRIPTION: u16 = 270;
const SUBFILE: u16 = 254;
pub(super) const EXIF_IFD: u16 = 34_665;
pub(super) const GPS_IFD: u16 = 34_853;
const NDPI_LENS: u16 = 65_421;
/// The type of a text.
const ASCII: u16 = 2;
/// Set in the kind of Aperio's photograph of the slide, beside "reduced".
const APERIO_MACRO: u64 = 9;

/// What a tag of text says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Text,
    Person,
    Number,
    Date,
}

/// Tags of text that have a meaning of their own; those of XMP, comments and Windows are no ASCII.
const TAGS: [(u16, &str, Says); 19] = [
    (269, "DocumentName", Says::Text),
    (DESCRIPTION, "ImageDescription", Says::Text),
    (271, "Make", Says::Text),
    (272, "Model", Says::Text),
    (285, "PageName", Says::Text),
    (305, "Software", Says::Text),
    (306, "DateTime", Says::Date),
    (315, "Artist", Says::Person),
    (316, "HostComputer", Says::Person),
    (700, "XMP", Says::Text),
    (33_432, "Copyright", Says::Person),
    (36_867, "DateTimeOriginal", Says::Date),
    (36_868, "DateTimeDigitized", Says::Date),
    (37_510, "UserComment", Says::Text),
    (40_092, "XPComment", Says::Text),
    (40_093, "XPAuthor", Says::Person),
    (42_032, "CameraOwnerName", Says::Person),
    (65_427, "SlideLabel", Says::Number),
    (65_434, "Comments", Says::Text),
];

/// Reads a TIFF whose first four bytes are verified; `place` stands before "directory".
pub(super) fn read<R: Read + Seek>(source: &mut Source<R>, place: &str, parts: &mut Parts) {
    let Some(mut ifds) = Ifds::open(source) else {
        return;
    };
    let mut number = 0_u64;
    while let Some(offset) = ifds.advance() {
        number += 1;
        let at = format!("{place}directory {number}");
        let Some(ifd) = ifds.read(offset) else { continue };
        texts(&mut ifds, &ifd, &at, parts);
        match photograph_of(&mut ifds, &ifd) {
            Some(Photograph::Label) => {
                parts.add(HeaderPart::LabelImage { at: at.clone() });
            }
            Some(Photograph::Macro) => {
                parts.add(HeaderPart::MacroImage { at: at.clone() });
            }
            None => {}
        }
        for (tag, name) in [(EXIF_IFD, "EXIF"), (GPS_IFD, "GPS")] {
            let below = ifd.get(tag).and_then(|entry| ifds.first_uint(entry));
            let below = below.and_then(|offset| ifds.below(|ifds| ifds.read(offset)));
            let Some(below) = below else { continue };
            if tag == GPS_IFD {
                let at = format!("{at}, {name}");
                if below.entries().any(|entry| (1..=6).contains(&entry.tag)) {
                    parts.add(HeaderPart::Position { at });
                }
            } else {
                texts(&mut ifds, &below, &format!("{at}, {name}"), parts);
            }
        }
        if parts.found.len() >= super::PARTS_MAX {
            return;
        }
    }
}

/// What an entry is called and says, where it is a text.
pub(super) fn says_of(entry: Entry) -> Option<(String, Says)> {
    let known = TAGS.iter().find(|(tag, _, _)| *tag == entry.tag);
    match known {
        Some((_, name, says)) => Some(((*name).to_owned(), *says)),
        None => (entry.kind == ASCII).then(|| (format!("tag {}", entry.tag), Says::Text)),
    }
}

/// Takes the texts of a directory.
fn texts<R: Read + Seek>(ifds: &mut Ifds<'_, R>, ifd: &Ifd, at: &str, parts: &mut Parts) {
    let entries: Vec<Entry> = ifd.entries().collect();
    for entry in entries {
        let Some((name, says)) = says_of(entry) else {
            continue;
        };
        let Some(bytes) = ifds.part(entry, TEXT_BYTES) else {
            continue;
        };
        let text = match entry.tag {
            40_091..=40_095 => wide(&bytes),
            // Eight bytes name the character set.
            37_510 => readable(bytes.get(8..).unwrap_or_default()),
            _ => readable(&bytes),
        };
        if text.is_empty() {
            continue;
        }
        let at = at.to_owned();
        parts.add(match says {
            Says::Text => HeaderPart::Text { name, at, text },
            Says::Person => HeaderPart::Person { name, at, text },
            Says::Number => HeaderPart::Number { name, at, text },
            Says::Date => HeaderPart::Date { name, at, text },
        });
    }
}

/// UTF-16, least byte first, as Windows writes its tags.
fn wide(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| {
            pair.iter()
                .rev()
                .fold(0, |value, byte| (value << 8) | u16::from(*byte))
        })
        .collect();
    let text = String::from_utf16_lossy(&units);
    text.trim_matches(['\0', ' ']).to_owned()
}

/// A picture that is no part of the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Photograph {
    /// Of the slide's label.
    Label,
    /// Of the slide.
    Macro,
}

impl fmt::Display for Photograph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Label => "label image",
            Self::Macro => "macro image",
        })
    }
}

/// Tells whether a directory is a photograph of the slide or of its label.
pub(super) fn photograph_of<R: Read + Seek>(ifds: &mut Ifds<'_, R>, ifd: &Ifd) -> Option<Photograph> {
    if ifds.layout == Layout::Ndpi {
        let lens = ifd.get(NDPI_LENS).and_then(|entry| ifds.first_number(entry))?;
        return (-1.5..-0.5).contains(&lens).then_some(Photograph::Macro);
    }
    let text = ifd
        .get(DESCRIPTION)
        .and_then(|entry| ifds.part(entry, TEXT_BYTES));
    let text = text
        .map(|bytes| readable(&bytes).to_lowercase())
        .unwrap_or_default();
    let kind = ifd.get(SUBFILE).and_then(|entry| ifds.first_uint(entry));
    // Aperio: a line that begins with the word; Philips, Leica, OME: the word as a whole description.
    let says = |word: &str| text.lines().any(|line| line.trim_start().starts_with(word));
    if says("label") {
        Some(Photograph::Label)
    } else if says("macro") || (kind == Some(APERIO_MACRO) && text.starts_with("aperio")) {
        Some(Photograph::Macro)
    } else {
        None
    }
}
