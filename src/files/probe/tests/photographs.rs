//! Photographs of slide and label are taken out of a TIFF, and nothing else changes.

use std::io::Cursor;

use proptest::prelude::*;

use super::super::{Photographs, StripError, personal_parts, strip_patches};
use super::build::{BIG_II, BIG_MM, Dir, II, MM, NDPI, Tiff, Value};
use crate::privacy::HeaderPart;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Picture {
    Scan,
    Label,
    Macro,
}

impl Picture {
    fn dir(self, tiff: &Tiff, number: usize, place: u32, length: u32) -> Dir {
        let dir = Dir::sized(4, 4)
            .with(273, Value::Long(place))
            .with(279, Value::Long(length));
        if tiff.layout == NDPI.layout {
            let lens = if self == Self::Scan { 20.0 } else { -1.0 };
            let dir = dir.with(65_420, Value::Long(1));
            return dir.with(65_421, Value::Float(lens));
        }
        match self {
            Self::Scan => dir.text(270, &format!("Aperio\nscan number {number} of all")),
            Self::Label => dir.text(270, "Aperio\nlabel 4x4 of Anna Meier"),
            Self::Macro => dir.text(270, "Aperio\nmacro 4x4"),
        }
    }
}

/// A file with these pictures in this order, behind them their pixels: each of `length` times its number from 1.
fn file(tiff: &Tiff, pictures: &[Picture], length: u32) -> (Vec<u8>, u32) {
    let write = |begin: u32| {
        let dirs: Vec<Dir> = (0..)
            .zip(pictures)
            .map(|(n, picture)| {
                let place = begin + length * u32::try_from(n).unwrap();
                picture.dir(tiff, n, place, length)
            })
            .collect();
        tiff.write(&dirs)
    };
    let begin = u32::try_from(write(0).len()).unwrap();
    let mut bytes = write(begin);
    for n in 1..=pictures.len() {
        bytes.extend(vec![u8::try_from(n).unwrap(); usize::try_from(length).unwrap()]);
    }
    (bytes, begin)
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}

fn without_photographs(bytes: &[u8]) -> Result<Vec<u8>, StripError> {
    let mut result = bytes.to_vec();
    for patch in strip_patches(Cursor::new(bytes), size(bytes), Photographs::Remove)? {
        let at = usize::try_from(patch.offset).unwrap();
        result[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
    Ok(result)
}

/// How many photographs the headers tell of, and the texts of the rest.
fn told(bytes: &[u8]) -> (usize, Vec<String>) {
    let (mut photographs, mut texts) = (0, Vec::new());
    for part in personal_parts(Cursor::new(bytes), size(bytes)) {
        match &part {
            HeaderPart::LabelImage { .. } | HeaderPart::MacroImage { .. } => photographs += 1,
            HeaderPart::Text { text, .. } => texts.push(text.clone()),
            HeaderPart::Person { .. }
            | HeaderPart::Number { .. }
            | HeaderPart::Date { .. }
            | HeaderPart::Patient { .. }
            | HeaderPart::Position { .. } => panic!("{part:?}"),
        }
    }
    (photographs, texts)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

proptest! {
    #[test]
    fn photographs_are_zeros_and_every_scan_is_what_it_was(
        pictures in prop::collection::vec(prop::sample::select(vec![Picture::Scan, Picture::Label, Picture::Macro]), 1..7),
        length in 1_u32..40, which in 0_usize..5,
    ) {
        let tiff = [II, MM, BIG_II, BIG_MM, NDPI].into_iter().nth(which).unwrap();
        let (bytes, begin) = file(&tiff, &pictures, length);
        let scans = pictures.iter().filter(|one| **one == Picture::Scan).count();
        let photographs = pictures.len() - scans;
        prop_assert_eq!(told(&bytes).0, photographs);
        let after = without_photographs(&bytes);
        if scans == 0 {
            prop_assert_eq!(after, Err(StripError::NothingLeft));
            return Ok(());
        }
        let after = after.unwrap();
        prop_assert_eq!(after.len(), bytes.len());
        let (left, texts) = told(&after);
        prop_assert_eq!(left, 0);
        prop_assert!(!contains(&after, "Meier") && !contains(&after, "macro 4x4"));
        if tiff.layout != NDPI.layout {
            prop_assert_eq!(texts.len(), scans);
            for (n, picture) in pictures.iter().enumerate() {
                let text = format!("scan number {n} of all");
                prop_assert_eq!(contains(&after, &text), *picture == Picture::Scan);
            }
        }
        for (n, picture) in pictures.iter().enumerate() {
            let at = usize::try_from(begin).unwrap() + n * usize::try_from(length).unwrap();
            let pixels = at..at + usize::try_from(length).unwrap();
            let is_zero = after[pixels.clone()].iter().all(|byte| *byte == 0);
            prop_assert_eq!(is_zero, *picture != Picture::Scan);
            if *picture == Picture::Scan {
                prop_assert_eq!(&after[pixels.clone()], &bytes[pixels]);
            }
        }
        prop_assert_eq!(without_photographs(&after).unwrap(), after.clone(), "a second time changes nothing");
        if photographs == 0 {
            prop_assert_eq!(after, bytes);
        }
    }
}

#[test]
fn they_stay_unless_they_are_to_go() {
    let (bytes, _) = file(&II, &[Picture::Scan, Picture::Macro], 9);
    let patches = strip_patches(Cursor::new(&bytes), size(&bytes), Photographs::Keep).unwrap();
    assert_eq!(patches, []);
}

#[test]
fn pixels_that_a_scan_shares_and_those_beyond_the_end_are_refused() {
    let shared = II.write(&[Picture::Scan.dir(&II, 0, 8, 4), Picture::Label.dir(&II, 1, 10, 4)]);
    let refused = without_photographs(&shared);
    assert!(
        matches!(&refused, Err(StripError::AmongPixels { what }) if what == "label image of directory 2"),
        "{refused:?}"
    );
    let beyond = II.write(&[
        Picture::Scan.dir(&II, 0, 8, 4),
        Picture::Label.dir(&II, 1, 1000, u32::MAX),
    ]);
    let refused = without_photographs(&beyond);
    assert!(
        matches!(refused, Err(StripError::Unreadable { .. })),
        "{refused:?}"
    );
}
