//! Walks the directories of TIFF 6.0, BigTIFF and NDPI, and reads the values of their entries. It knows types
//! and places, not what a tag means.
//!
//! NDPI is a classic TIFF that grew to 64 bits without saying so: the offset of the first directory and of
//! each next one has 8 bytes, and behind the latter stands one word for each entry, the upper half of its
//! value or offset.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use super::ifd::{Endian, Entry, Ifd, uint};
use super::source::Source;
use super::{PARTS_MAX, ProbeWarning};

/// Longest value of a tag.
const VALUE_MAX_BYTES: u64 = 16 << 20;
/// A directory has each tag once, and a tag is 16 bits.
const ENTRIES_MAX: u64 = 1 << 16;
/// Tag by which Hamamatsu marks its files.
const NDPI_FORMAT: u16 = 65_420;

/// Widths of counts and offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    Classic,
    Big,
    Ndpi,
}

/// A walk along the directories of one file.
pub(super) struct Ifds<'a, R> {
    pub(super) source: &'a mut Source<R>,
    pub(super) endian: Endian,
    pub(super) layout: Layout,
    next: u64,
    seen: BTreeSet<u64>,
}

impl<'a, R: Read + Seek> Ifds<'a, R> {
    /// Reads the header of a TIFF; `None`, with a warning, when it is none.
    pub(super) fn open(source: &'a mut Source<R>) -> Option<Self> {
        let head = source.read(0, 8)?;
        let (endian, version, rest) = match head.as_slice() {
            [b'I', b'I', version, 0, rest @ ..] => (Endian::Little, *version, rest),
            [b'M', b'M', 0, version, rest @ ..] => (Endian::Big, *version, rest),
            _ => (Endian::Little, 0, [].as_slice()),
        };
        let mut ifds = Self {
            source,
            endian,
            layout: Layout::Classic,
            next: uint(rest, endian),
            seen: BTreeSet::new(),
        };
        match (version, rest) {
            (42, _) => ifds.look_for_ndpi(),
            // Offsets have 8 bytes, and a constant zero follows.
            (43, [8, 0, 0, 0] | [0, 8, 0, 0]) => {
                ifds.layout = Layout::Big;
                ifds.next = ifds.uint_at(8, 8)?;
            }
            (_, _) => {
                ifds.source.warn(ProbeWarning::Malformed { offset_bytes: 0 });
                return None;
            }
        }
        Some(ifds)
    }

    /// Finds out whether a classic TIFF is NDPI, without a word when it is not.
    fn look_for_ndpi(&mut self) {
        let offset = match self.source.try_read(4, 8) {
            Ok(bytes) if self.endian == Endian::Little => uint(&bytes, self.endian),
            Ok(_) | Err(_) => return,
        };
        let Ok(count) = self.source.try_read(offset, 2) else {
            return;
        };
        let Ok(table) = self
            .source
            .try_read(offset.saturating_add(2), uint(&count, self.endian) * 12)
        else {
            return;
        };
        if table
            .chunks_exact(12)
            .any(|entry| entry.starts_with(&NDPI_FORMAT.to_le_bytes()))
        {
            self.layout = Layout::Ndpi;
            self.next = offset;
        }
    }

    /// Returns where the next directory is; `None` at the end, on a loop, and after 10,000.
    pub(super) fn advance(&mut self) -> Option<u64> {
        let offset = std::mem::take(&mut self.next);
        if offset == 0 {
            return None;
        }
        if self.seen.len() >= PARTS_MAX {
            self.source.warn(ProbeWarning::TooManyParts);
            return None;
        }
        if !self.seen.insert(offset) {
            self.source.warn(ProbeWarning::IfdLoop { offset_bytes: offset });
            return None;
        }
        Some(offset)
    }

    /// Reads the directory at `offset`.
    pub(super) fn read(&mut self, offset: u64) -> Option<Ifd> {
        let (table_at, count) = self.skim(offset)?;
        let width = self.entry_bytes();
        let table = self.source.read(table_at, count * width)?;
        let uppers_at = table_at.saturating_add(count * width + 8);
        let uppers = match self.layout {
            Layout::Ndpi => self.source.read(uppers_at, count * 4).unwrap_or_default(),
            Layout::Classic | Layout::Big => Vec::new(),
        };
        let mut uppers = uppers.chunks_exact(4).map(|word| uint(word, self.endian));
        let chunk = if width == 20 { 20 } else { 12 };
        let mut ifd = Ifd::default();
        for bytes in table.chunks_exact(chunk) {
            let upper = uppers.next().unwrap_or_default();
            if let Some(entry) = Entry::parse(bytes, self.endian, upper) {
                ifd.add(entry);
            }
        }
        Some(ifd)
    }

    /// Looks at a directory to which an entry points and not the chain; the walk goes on as if it were not there.
    pub(super) fn below<T>(&mut self, look: impl FnOnce(&mut Self) -> T) -> T {
        let next = self.next;
        let seen = look(self);
        self.next = next;
        seen
    }

    /// Passes over the directory at `offset`; returns where its table is and how many entries that has.
    pub(super) fn skim(&mut self, offset: u64) -> Option<(u64, u64)> {
        let count_bytes = if self.layout == Layout::Big { 8 } else { 2 };
        let count = self.uint_at(offset, count_bytes)?;
        if count > ENTRIES_MAX {
            self.source
                .warn(ProbeWarning::TooManyEntries { offset_bytes: offset });
            return None;
        }
        let table_at = offset.saturating_add(count_bytes);
        let next_at = table_at.saturating_add(count * self.entry_bytes());
        self.next = self.uint_at(next_at, self.next_bytes()).unwrap_or_default();
        Some((table_at, count))
    }

    /// Reads the bytes of a value; `None`, with a warning, when it has an unknown type or is too long.
    pub(super) fn value(&mut self, entry: Entry) -> Option<Vec<u8>> {
        let Some(length) = entry.length_bytes() else {
            self.source.warn(ProbeWarning::TagMalformed { tag: entry.tag });
            return None;
        };
        if length > VALUE_MAX_BYTES {
            self.source.warn(ProbeWarning::TagTooLong { tag: entry.tag });
            return None;
        }
        self.part(entry, length)
    }

    /// Reads the first bytes of a value, at most `length`.
    pub(super) fn part(&mut self, entry: Entry, length: u64) -> Option<Vec<u8>> {
        let Some(whole) = entry.length_bytes() else {
            self.source.warn(ProbeWarning::TagMalformed { tag: entry.tag });
            return None;
        };
        let length = length.min(whole);
        let room = if self.layout == Layout::Big { 8 } else { 4 };
        if whole <= room {
            let length = usize::try_from(length).ok()?;
            return entry.value.get(..length).map(<[u8]>::to_vec);
        }
        let field = if self.layout == Layout::Big {
            entry.value.as_slice()
        } else {
            entry.value.split_at(4).0
        };
        self.source.read(uint(field, self.endian) | entry.upper(), length)
    }

    /// Reads the first element of a value as an unsigned integer.
    pub(super) fn first_uint(&mut self, entry: Entry) -> Option<u64> {
        if !entry.is_unsigned() {
            self.source.warn(ProbeWarning::TagMalformed { tag: entry.tag });
            return None;
        }
        let bytes = self.part(entry, entry.element_bytes())?;
        Some(uint(&bytes, self.endian))
    }

    /// Reads the first element of a value as a number: a fraction, a float or an integer of at most 32 bits.
    pub(super) fn first_number(&mut self, entry: Entry) -> Option<f64> {
        let bytes = self.part(entry, entry.element_bytes())?;
        let whole = uint(&bytes, self.endian);
        let (head, tail) = bytes.split_at(bytes.len() / 2);
        let half = |bytes| u32::try_from(uint(bytes, self.endian)).unwrap_or_default();
        let low = u32::try_from(whole).unwrap_or_default();
        match entry.kind {
            1 | 3 | 4 => Some(f64::from(low)),
            5 => Some(f64::from(half(head)) / f64::from(half(tail))),
            10 => Some(f64::from(half(head).cast_signed()) / f64::from(half(tail).cast_signed())),
            11 => Some(f64::from(f32::from_bits(low))),
            12 => Some(f64::from_bits(whole)),
            _ => {
                self.source.warn(ProbeWarning::TagMalformed { tag: entry.tag });
                None
            }
        }
    }

    /// Bytes of an entry.
    pub(super) fn entry_bytes(&self) -> u64 {
        if self.layout == Layout::Big { 20 } else { 12 }
    }

    /// Bytes of the offset of the next directory.
    pub(super) fn next_bytes(&self) -> u64 {
        if self.layout == Layout::Classic { 4 } else { 8 }
    }

    /// Where the header says where the first directory is.
    pub(super) fn first_at(&self) -> u64 {
        if self.layout == Layout::Big { 8 } else { 4 }
    }

    fn uint_at(&mut self, offset: u64, length: u64) -> Option<u64> {
        self.source
            .read(offset, length)
            .map(|bytes| uint(&bytes, self.endian))
    }
}
