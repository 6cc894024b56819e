//! The parts of a TIFF directory (IFD): numbers in both byte orders, entries and their types. It reads
//! nothing; that is done by `walk`.

use std::collections::BTreeMap;

/// Order of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

/// Puts up to 8 bytes together.
pub(super) fn uint(bytes: &[u8], endian: Endian) -> u64 {
    let join = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
    match endian {
        Endian::Little => bytes.iter().rev().fold(0, join),
        Endian::Big => bytes.iter().fold(0, join),
    }
}

/// One directory.
#[derive(Debug, Default)]
pub(super) struct Ifd {
    entries: BTreeMap<u16, Entry>,
}

impl Ifd {
    /// Adds an entry; the first of a tag stays.
    pub(super) fn add(&mut self, entry: Entry) {
        self.entries.entry(entry.tag).or_insert(entry);
    }

    /// The entry of a tag.
    pub(super) fn get(&self, tag: u16) -> Option<Entry> {
        self.entries.get(&tag).copied()
    }

    /// All entries, by tag.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        self.entries.values().copied()
    }
}

/// One entry: the type and place of a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) tag: u16,
    pub(super) kind: u16,
    count: u64,
    /// The value itself, or its offset.
    pub(super) value: [u8; 8],
    /// Upper half of the value (NDPI).
    upper: u64,
}

impl Entry {
    /// Takes an entry apart: 12 bytes, or 20 in a BigTIFF.
    pub(super) fn parse(bytes: &[u8], endian: Endian, upper: u64) -> Option<Self> {
        let (tag, rest) = bytes.split_at_checked(2)?;
        let (kind, rest) = rest.split_at_checked(2)?;
        let (count, field) = rest.split_at_checked(rest.len() / 2)?;
        let mut value = [0; 8];
        value.iter_mut().zip(field).for_each(|(to, from)| *to = *from);
        let short = |bytes| u16::try_from(uint(bytes, endian)).ok();
        Some(Self {
            tag: short(tag)?,
            kind: short(kind)?,
            count: uint(count, endian),
            value,
            upper,
        })
    }

    /// Bytes of one element; 0 for a type that there is not.
    pub(super) fn element_bytes(&self) -> u64 {
        match self.kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => 0,
        }
    }

    /// Bytes of the whole value.
    pub(super) fn length_bytes(&self) -> Option<u64> {
        self.element_bytes()
            .checked_mul(self.count)
            .filter(|length| *length > 0)
    }

    /// How many elements the value has.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether the value is unsigned integers of 1 to 8 bytes.
    pub(super) fn is_unsigned(&self) -> bool {
        matches!(self.kind, 1 | 3 | 4 | 13 | 16 | 18)
    }

    /// Upper half of a single NDPI value, in place.
    pub(super) fn upper(&self) -> u64 {
        self.upper << 32
    }
}
