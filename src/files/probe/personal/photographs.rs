//! Takes photographs of the slide and of its label out of a TIFF: their directories leave the chain, and what they hold
//! becomes zeros. Nothing moves, so that every other directory and pixel is as it was, byte for byte.

use std::io::{Read, Seek};

use super::super::ifd::Endian;
use super::super::walk::Ifds;
use super::strip::{Covered, Directory, Patch, Stretch, StripError, unreadable};

/// What becomes of photographs of the slide and of its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Photographs {
    /// They stay.
    #[default]
    Keep,
    /// They are taken out.
    Remove,
}

/// More bytes of photographs are not taken out of one file.
const BYTES_MAX: u64 = 256 << 20;
/// Directories of a directory's own.
const SUB_IFDS: u16 = 330;

/// What is taken out of a file, and what has to stay.
pub(super) struct Removal {
    endian: Endian,
    size_bytes: u64,
    header_end: u64,
    /// Bytes of the offset of a directory.
    link_bytes: u64,
    /// Where it is said where the next directory is that stays, and whether one was left out there.
    link: (u64, bool),
    kept: u64,
    removed_bytes: u64,
    links: Vec<Patch>,
    /// Tables and values of directories that stay.
    staying: Vec<Stretch>,
    /// What is zeroed unless it is another directory's, too.
    own: Vec<(Stretch, String)>,
    /// What is zeroed, and must be nobody else's.
    pixels: Vec<(Stretch, String)>,
}

impl Removal {
    pub(super) fn new<R: Read + Seek>(ifds: &Ifds<'_, R>, size_bytes: u64) -> Self {
        Self {
            endian: ifds.endian,
            size_bytes,
            header_end: ifds.first_at() + ifds.next_bytes(),
            link_bytes: ifds.next_bytes(),
            link: (ifds.first_at(), false),
            kept: 0,
            removed_bytes: 0,
            links: Vec::new(),
            staying: Vec::new(),
            own: Vec::new(),
            pixels: Vec::new(),
        }
    }

    /// Takes note of a directory that stays.
    pub(super) fn keep<R: Read + Seek>(&mut self, ifds: &Ifds<'_, R>, directory: &Directory) {
        self.relink(directory.offset);
        self.link = (directory.next_at, false);
        self.kept += 1;
        self.staying.push((directory.offset, directory.end));
        let values = directory.entries.iter();
        self.staying
            .extend(values.filter_map(|placed| placed.stretch(ifds.layout, ifds.endian)));
    }

    /// Takes a directory out; `pixels` are where its own are.
    pub(super) fn remove<R: Read + Seek>(
        &mut self,
        ifds: &Ifds<'_, R>,
        directory: &Directory,
        pixels: Vec<Stretch>,
        what: String,
    ) -> Result<(), StripError> {
        if directory.ifd().get(SUB_IFDS).is_some() {
            return Err(unreadable(&format!("what lies below the {what}")));
        }
        self.link.1 = true;
        let values = directory.entries.iter();
        let values = values.filter_map(|placed| placed.stretch(ifds.layout, ifds.endian));
        let own: Vec<Stretch> = values.chain([(directory.offset, directory.end)]).collect();
        for (start, end) in own.iter().chain(&pixels) {
            let length = end.saturating_sub(*start);
            self.removed_bytes = self.removed_bytes.saturating_add(length);
            if self.removed_bytes > BYTES_MAX || *end > self.size_bytes {
                return Err(unreadable(&format!("the {what}")));
            }
        }
        let named = |stretch| (stretch, what.clone());
        self.own.extend(own.into_iter().map(named));
        self.pixels.extend(pixels.into_iter().map(named));
        Ok(())
    }

    /// Points to the next directory that stays; 0 is none.
    fn relink(&mut self, offset: u64) {
        if let (at, true) = self.link {
            let width = usize::try_from(self.link_bytes).unwrap_or(8);
            let bytes = match self.endian {
                Endian::Little => offset.to_le_bytes().iter().take(width).copied().collect(),
                Endian::Big => offset.to_be_bytes().iter().skip(8 - width).copied().collect(),
            };
            self.links.push(Patch {
                offset: at,
                bytes,
                what: "the chain of directories".to_owned(),
            });
        }
    }

    /// What is written over; `pixels` are those that stay.
    pub(super) fn into_patches(mut self, pixels: &[Stretch]) -> Result<Vec<Patch>, StripError> {
        self.relink(0);
        if self.kept == 0 && !self.own.is_empty() {
            return Err(StripError::NothingLeft);
        }
        let header = (0, self.header_end);
        let staying = self.staying.iter().chain(pixels).copied();
        let staying = Covered::new(staying.chain([header]).collect());
        let own = self
            .own
            .into_iter()
            .filter(|(stretch, _)| !staying.touches(*stretch));
        let mut patches = self.links;
        patches.extend(own.map(|(stretch, what)| zeros(stretch, what)));
        for (stretch, what) in self.pixels {
            if staying.touches(stretch) {
                return Err(StripError::AmongPixels { what });
            }
            patches.push(zeros(stretch, what));
        }
        Ok(patches)
    }
}

fn zeros((start, end): Stretch, what: String) -> Patch {
    let length = usize::try_from(end.saturating_sub(start)).unwrap_or_default();
    Patch {
        offset: start,
        bytes: vec![0; length],
        what,
    }
}
