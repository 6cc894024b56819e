//! What has to be written over in a TIFF so that its texts say nothing of people, with every pixel left as it is.
//!
//! Texts keep their length: in a description the fields that are personal become spaces, where that is enough; any other
//! personal text becomes an empty one. The directory of a position is emptied. Photographs of the slide and of its label
//! stay, or are taken out on request (`photographs`). What lies where other pixels lie is refused.

use std::io::{Read, Seek};

use crate::privacy::{HeaderPart, in_header, in_text};

use super::super::ifd::{Endian, Entry, Ifd, uint};
use super::super::source::Source;
use super::super::walk::{Ifds, Layout};
use super::photographs::{Photographs, Removal};
use super::readable;
use super::tiff::{EXIF_IFD, GPS_IFD, Says, photograph_of, says_of};

const STRIPS: (u16, u16) = (273, 279);
const TILES: (u16, u16) = (324, 325);

/// Bytes that take the place of those in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Patch {
    /// Where, in bytes.
    pub offset: u64,
    /// What.
    pub bytes: Vec<u8>,
    /// What it blanks: the tag and its directory.
    pub what: String,
}

/// A file in which texts cannot be written over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StripError {
    /// It is no TIFF.
    #[error("it is no TIFF, and only the texts of TIFFs are written over")]
    NotTiff,
    /// A directory or value cannot be read.
    #[error("{what} cannot be read")]
    Unreadable {
        /// What.
        what: String,
    },
    /// A text or photograph lies where pixels lie.
    #[error("{what} lies where pixels lie")]
    AmongPixels {
        /// What.
        what: String,
    },
    /// It has photographs of the slide and nothing else.
    #[error("all its pictures are photographs of the slide or of its label, so that nothing would be left")]
    NothingLeft,
}

/// A stretch of a file: where it begins and ends, in bytes.
pub(super) type Stretch = (u64, u64);

/// Works out what has to be written over in a TIFF.
///
/// # Errors
/// [`StripError`] when it is none, cannot be read, a text or photograph lies among other pixels, or nothing would be left.
pub fn strip_patches<R: Read + Seek>(
    reader: R,
    size_bytes: u64,
    photographs: Photographs,
) -> Result<Vec<Patch>, StripError> {
    let mut source = Source::new(reader, size_bytes);
    let mut ifds = Ifds::open(&mut source).ok_or(StripError::NotTiff)?;
    let mut stripping = Stripping::default();
    let mut removal = Removal::new(&ifds, size_bytes);
    let mut number = 0_u64;
    while let Some(offset) = ifds.advance() {
        number += 1;
        let at = format!("directory {number}");
        let directory = Directory::read(&mut ifds, offset, &at)?;
        let pixels = pixels(&mut ifds, &directory.entries, &at)?;
        let photograph = match photographs {
            Photographs::Keep => None,
            Photographs::Remove => photograph_of(&mut ifds, &directory.ifd()),
        };
        if let Some(photograph) = photograph {
            removal.remove(&ifds, &directory, pixels, format!("{photograph} of {at}"))?;
            continue;
        }
        removal.keep(&ifds, &directory);
        stripping.directory(&mut ifds, &directory.entries, &at)?;
        stripping.pixels.extend(pixels);
    }
    stripping.into_patches(removal)
}

/// An entry, and where its field of value is in the file.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    entry: Entry,
    field_at: u64,
}

/// The entries of a directory, and where it is.
pub(super) struct Directory {
    pub(super) entries: Vec<Placed>,
    pub(super) offset: u64,
    /// Where it says where the next one is.
    pub(super) next_at: u64,
    /// Where it ends.
    pub(super) end: u64,
}

impl Directory {
    /// Reads the directory at `offset`.
    fn read<R: Read + Seek>(ifds: &mut Ifds<'_, R>, offset: u64, at: &str) -> Result<Self, StripError> {
        let entries = entries(ifds, offset, at)?;
        let (table_at, count) = ifds.skim(offset).ok_or_else(|| unreadable(at))?;
        let next_at = table_at.saturating_add(count * ifds.entry_bytes());
        let uppers = if ifds.layout == Layout::Ndpi { count * 4 } else { 0 };
        let end = next_at.saturating_add(ifds.next_bytes()).saturating_add(uppers);
        Ok(Self {
            entries,
            offset,
            next_at,
            end,
        })
    }

    /// The same, by tag.
    pub(super) fn ifd(&self) -> Ifd {
        let mut ifd = Ifd::default();
        self.entries.iter().for_each(|placed| ifd.add(placed.entry));
        ifd
    }
}

pub(super) fn unreadable(what: &str) -> StripError {
    StripError::Unreadable {
        what: what.to_owned(),
    }
}

/// Reads the entries of the directory at `offset`, with their places.
fn entries<R: Read + Seek>(ifds: &mut Ifds<'_, R>, offset: u64, at: &str) -> Result<Vec<Placed>, StripError> {
    let (table_at, count) = ifds.skim(offset).ok_or_else(|| unreadable(at))?;
    let width = ifds.entry_bytes();
    let table = ifds
        .source
        .read(table_at, count * width)
        .ok_or_else(|| unreadable(at))?;
    let uppers = match ifds.layout {
        Layout::Ndpi => ifds
            .source
            .read(table_at + count * width + 8, count * 4)
            .unwrap_or_default(),
        Layout::Classic | Layout::Big => Vec::new(),
    };
    let mut uppers = uppers.chunks_exact(4).map(|word| uint(word, ifds.endian));
    let chunk = if width == 20 { 20 } else { 12 };
    let mut placed = Vec::new();
    for (n, bytes) in (0_u64..).zip(table.chunks_exact(chunk)) {
        let upper = uppers.next().unwrap_or_default();
        if let Some(entry) = Entry::parse(bytes, ifds.endian, upper) {
            let field = if width == 20 { 12 } else { 8 };
            placed.push(Placed {
                entry,
                field_at: table_at + n * width + field,
            });
        }
    }
    Ok(placed)
}

impl Placed {
    /// Where the value is, and how long it is.
    pub(super) fn stretch(&self, layout: Layout, endian: Endian) -> Option<Stretch> {
        let length = self.entry.length_bytes()?;
        let (room, field) = if layout == Layout::Big {
            (8, self.entry.value.as_slice())
        } else {
            (4, self.entry.value.split_at(4).0)
        };
        let start = if length <= room {
            self.field_at
        } else {
            uint(field, endian) | self.entry.upper()
        };
        Some((start, start.checked_add(length)?))
    }
}

/// What is written over, and what must not be.
#[derive(Default)]
struct Stripping {
    patches: Vec<Patch>,
    pixels: Vec<Stretch>,
}

impl Stripping {
    /// Blanks the texts of a directory and of those that it points to.
    fn directory<R: Read + Seek>(
        &mut self,
        ifds: &mut Ifds<'_, R>,
        entries_of: &[Placed],
        at: &str,
    ) -> Result<(), StripError> {
        for placed in entries_of {
            match placed.entry.tag {
                EXIF_IFD | GPS_IFD => {
                    let offset = ifds.first_uint(placed.entry).ok_or_else(|| unreadable(at))?;
                    let at = format!(
                        "{at}, {}",
                        if placed.entry.tag == EXIF_IFD {
                            "EXIF"
                        } else {
                            "GPS"
                        }
                    );
                    let below = ifds.below(|ifds| entries(ifds, offset, &at))?;
                    if placed.entry.tag == GPS_IFD {
                        self.position(ifds, offset, &below, &at);
                    } else {
                        for placed in &below {
                            self.text(ifds, placed, &at)?;
                        }
                    }
                }
                _ => self.text(ifds, placed, at)?,
            }
        }
        Ok(())
    }

    /// Blanks what is personal in a text.
    fn text<R: Read + Seek>(
        &mut self,
        ifds: &mut Ifds<'_, R>,
        placed: &Placed,
        at: &str,
    ) -> Result<(), StripError> {
        let Some((name, says)) = says_of(placed.entry) else {
            return Ok(());
        };
        let what = format!("{name} of {at}");
        let bytes = ifds.value(placed.entry).ok_or_else(|| unreadable(&what))?;
        let stretch = placed.stretch(ifds.layout, ifds.endian);
        let (offset, _) = stretch.ok_or_else(|| unreadable(&what))?;
        let blanked = match says {
            Says::Person | Says::Number | Says::Date => blank_all(&bytes),
            Says::Text => blank_fields(&name, &bytes),
        };
        if blanked != bytes {
            self.patches.push(Patch {
                offset,
                bytes: blanked,
                what,
            });
        }
        Ok(())
    }

    /// Empties the directory of a position, and zeroes its values.
    fn position<R: Read + Seek>(&mut self, ifds: &Ifds<'_, R>, offset: u64, entries: &[Placed], at: &str) {
        let mut zero = |(start, end): Stretch| {
            let length = usize::try_from(end.saturating_sub(start)).unwrap_or_default();
            self.patches.push(Patch {
                offset: start,
                bytes: vec![0; length],
                what: at.to_owned(),
            });
        };
        for placed in entries {
            if let Some(stretch) = placed.stretch(ifds.layout, ifds.endian) {
                zero(stretch);
            }
        }
        let last = entries.last().map(|placed| placed.field_at);
        let field = if ifds.layout == Layout::Big { 8 } else { 4 };
        zero((offset, last.map_or(offset, |last| last + field)));
    }

    /// The patches in order, none of which touches a pixel that stays.
    fn into_patches(mut self, removal: Removal) -> Result<Vec<Patch>, StripError> {
        self.patches.extend(removal.into_patches(&self.pixels)?);
        self.patches.sort();
        let pixels = Covered::new(self.pixels);
        for patch in &self.patches {
            let length = u64::try_from(patch.bytes.len()).unwrap_or(u64::MAX);
            if pixels.touches((patch.offset, patch.offset.saturating_add(length))) {
                return Err(StripError::AmongPixels {
                    what: patch.what.clone(),
                });
            }
        }
        Ok(self.patches)
    }
}

/// Stretches, to be asked whether another one touches any.
pub(super) struct Covered(Vec<Stretch>);

impl Covered {
    pub(super) fn new(mut stretches: Vec<Stretch>) -> Self {
        stretches.retain(|(start, end)| start < end);
        stretches.sort_unstable();
        let mut joined: Vec<Stretch> = Vec::new();
        for (start, end) in stretches {
            match joined.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                Some(_) | None => joined.push((start, end)),
            }
        }
        Self(joined)
    }

    pub(super) fn touches(&self, (start, end): Stretch) -> bool {
        let next = self.0.partition_point(|one| one.1 <= start);
        start < end && self.0.get(next).is_some_and(|one| one.0 < end)
    }
}

/// Where the pixels of a directory are.
fn pixels<R: Read + Seek>(
    ifds: &mut Ifds<'_, R>,
    entries: &[Placed],
    at: &str,
) -> Result<Vec<Stretch>, StripError> {
    let find = |tag: u16| {
        entries
            .iter()
            .find(|placed| placed.entry.tag == tag)
            .map(|placed| placed.entry)
    };
    let mut stretches = Vec::new();
    for (offsets, lengths) in [STRIPS, TILES] {
        let (Some(offsets), Some(lengths)) = (find(offsets), find(lengths)) else {
            continue;
        };
        let mut numbers = |entry: Entry| -> Option<Vec<u64>> {
            let bytes = ifds.value(entry)?;
            let width = usize::try_from(entry.element_bytes())
                .ok()
                .filter(|width| *width > 0)?;
            Some(
                bytes
                    .chunks_exact(width)
                    .map(|one| uint(one, ifds.endian))
                    .collect(),
            )
        };
        let what = || unreadable(&format!("the place of the pixels of {at}"));
        let (starts, counts) = (
            numbers(offsets).ok_or_else(what)?,
            numbers(lengths).ok_or_else(what)?,
        );
        let upper = if starts.len() == 1 { offsets.upper() } else { 0 };
        let places = starts.into_iter().zip(counts);
        stretches.extend(places.map(|(start, count)| {
            let start = start | upper;
            (start, start.saturating_add(count))
        }));
    }
    Ok(stretches)
}

/// An empty text of the same length.
fn blank_all(bytes: &[u8]) -> Vec<u8> {
    vec![0; bytes.len()]
}

fn is_personal(name: &str, text: String) -> bool {
    let part = HeaderPart::Text {
        name: name.to_owned(),
        at: String::new(),
        text,
    };
    !in_header(&part).is_empty()
}

/// Blanks the fields of a description that are personal, or all of it where that is not enough.
fn blank_fields(name: &str, bytes: &[u8]) -> Vec<u8> {
    if !is_personal(name, readable(bytes)) {
        return bytes.to_vec();
    }
    let is_xml = bytes.trim_ascii_start().starts_with(b"<");
    let ends: &[u8] = if is_xml { b"\"<>" } else { b"|\n;" };
    let mut blanked = Vec::with_capacity(bytes.len());
    let mut before = String::new();
    for piece in bytes.split_inclusive(|byte| ends.contains(byte)) {
        let text = String::from_utf8_lossy(piece).into_owned();
        let body = text.trim_end_matches(['|', '\n', ';', '"', '<', '>']);
        let personal = if is_xml {
            // The value of an attribute stands behind its name: `LastName="`.
            is_personal(name, format!(" {}{body}\"", last_word(&before))) || !in_text(name, body).is_empty()
        } else {
            is_personal(name, body.to_owned())
        };
        let keep = match piece.iter().position(|byte| *byte == b'=').filter(|_| !is_xml) {
            Some(at) => at + 1,
            None => 0,
        };
        let last = piece.len().saturating_sub(1);
        let is_end = |at: usize| at == last && piece.last().is_some_and(|byte| ends.contains(byte));
        for (at, byte) in piece.iter().enumerate() {
            let stays = !personal || at < keep || is_end(at) || matches!(byte, 0 | b'\r' | b'\n');
            blanked.push(if stays { *byte } else { b' ' });
        }
        before = text;
    }
    if is_personal(name, readable(&blanked)) {
        blank_all(bytes)
    } else {
        blanked
    }
}

/// The last word of a piece that ends before a value: `LastName="` of `<Experimenter LastName="`.
fn last_word(piece: &str) -> &str {
    piece.rsplit(char::is_whitespace).next().unwrap_or_default()
}
