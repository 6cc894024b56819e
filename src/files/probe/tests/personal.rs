//! What headers say of people is found wherever it stands, and no bytes make the reader fail.

use std::io::Cursor;

use proptest::prelude::*;

use super::super::{Photographs, StripError, personal_parts, strip_patches};
use super::build::{BIG_II, Dir, II, MM, NDPI, Tiff, Value, exif, jpeg, png};
use super::hostile::specimens;
use crate::privacy::HeaderPart;

fn parts(bytes: &[u8]) -> Vec<HeaderPart> {
    personal_parts(Cursor::new(bytes), u64::try_from(bytes.len()).unwrap())
}

/// Each part as one line: variant, name, place, text.
fn lines(bytes: &[u8]) -> Vec<String> {
    let line = |part: HeaderPart| match part {
        HeaderPart::Text { name, at, text } => format!("text {name} @ {at}: {text}"),
        HeaderPart::Person { name, at, text } => format!("person {name} @ {at}: {text}"),
        HeaderPart::Number { name, at, text } => format!("number {name} @ {at}: {text}"),
        HeaderPart::Date { name, at, text } => format!("date {name} @ {at}: {text}"),
        HeaderPart::Patient { name, at, text } => format!("patient {name} @ {at}: {text}"),
        HeaderPart::Position { at } => format!("position @ {at}"),
        HeaderPart::LabelImage { at } => format!("label @ {at}"),
        HeaderPart::MacroImage { at } => format!("macro @ {at}"),
    };
    parts(bytes).into_iter().map(line).collect()
}

#[test]
fn i10_texts_of_every_directory_are_given_with_its_number() {
    for tiff in [II, MM, BIG_II] {
        let bytes = tiff.write(&[
            Dir::sized(10, 10)
                .text(270, "scanned by Dr. Meier")
                .text(315, "Anna Meier"),
            Dir::sized(5, 5)
                .text(306, "2019:04:03 10:00:00")
                .text(65_000, "own tag"),
        ]);
        assert_eq!(
            lines(&bytes),
            [
                "text ImageDescription @ directory 1: scanned by Dr. Meier",
                "person Artist @ directory 1: Anna Meier",
                "date DateTime @ directory 2: 2019:04:03 10:00:00",
                "text tag 65000 @ directory 2: own tag",
            ]
        );
    }
}

#[test]
fn i10_photographs_of_slide_and_label_are_given_with_their_directory() {
    let svs = II.write(&[
        Dir::sized(10, 10).text(270, "Aperio Image Library v11.2.1\r\n10x10|AppMag = 20"),
        Dir::sized(5, 5)
            .text(270, "Aperio Image Library v11.2.1\nlabel 387x463")
            .with(254, Value::Long(1)),
        Dir::sized(5, 5)
            .text(270, "Aperio Image Library v11.2.1\nmacro 1280x431")
            .with(254, Value::Long(9)),
    ]);
    let found = lines(&svs);
    assert!(found.contains(&"label @ directory 2".to_owned()), "{found:?}");
    assert!(found.contains(&"macro @ directory 3".to_owned()), "{found:?}");
    let ndpi = NDPI.write(&[
        Dir::sized(10, 10)
            .with(65_420, Value::Long(1))
            .with(65_421, Value::Float(20.0)),
        Dir::sized(5, 5)
            .with(65_421, Value::Float(-1.0))
            .text(65_427, "H23-12345"),
        Dir::sized(5, 5).with(65_421, Value::Float(-2.0)),
    ]);
    assert_eq!(
        lines(&ndpi),
        [
            "number SlideLabel @ directory 2: H23-12345",
            "macro @ directory 2"
        ]
    );
}

/// A TIFF whose first directory points to one more with `entry`, behind all else.
fn with_sub_directory(tag: u16, entry: [u8; 12]) -> Vec<u8> {
    let write = |at: u32| II.write(&[Dir::sized(1, 1).with(tag, Value::Long(at))]);
    let at = u32::try_from(write(0).len()).unwrap();
    let mut bytes = write(at);
    bytes.extend([1, 0]);
    bytes.extend(entry);
    bytes.extend([0; 4]);
    bytes
}

#[test]
fn i10_the_position_of_a_photograph_is_told_and_not_its_bare_version() {
    let latitude = with_sub_directory(34_853, [1, 0, 2, 0, 2, 0, 0, 0, b'N', 0, 0, 0]);
    let bytes = jpeg(8, 8, &[exif(&latitude), (0xfe, b"by A. Meier".to_vec())]);
    assert_eq!(
        lines(&bytes),
        [
            "position @ EXIF directory 1, GPS",
            "text JPEG comment @ comment: by A. Meier"
        ]
    );
    let version = with_sub_directory(34_853, [0, 0, 1, 0, 4, 0, 0, 0, 2, 3, 0, 0]);
    assert_eq!(lines(&jpeg(8, 8, &[exif(&version)])), [""; 0]);
    let date = with_sub_directory(34_665, [3, 0x90, 2, 0, 4, 0, 0, 0, b'2', b'0', b'1', 0]);
    assert_eq!(lines(&date), ["date DateTimeOriginal @ directory 1, EXIF: 201"]);
}

#[test]
fn i10_what_stands_behind_a_directory_with_exif_or_a_position_is_found() {
    for (tag, entry) in [
        (34_665, [3, 0x90, 2, 0, 4, 0, 0, 0, b'2', b'0', b'1', 0]),
        (34_853, [1, 0, 2, 0, 2, 0, 0, 0, b'N', 0, 0, 0]),
    ] {
        let write = |at: u32| {
            II.write(&[
                Dir::sized(9, 9).with(tag, Value::Long(at)),
                Dir::sized(4, 4).text(270, "Aperio\nlabel 4x4"),
                Dir::sized(4, 4).text(315, "A. Meier"),
            ])
        };
        let at = u32::try_from(write(0).len()).unwrap();
        let mut bytes = write(at);
        bytes.extend([1, 0]);
        bytes.extend(entry);
        bytes.extend([0; 4]);
        let found = lines(&bytes);
        assert!(found.contains(&"label @ directory 2".to_owned()), "{found:?}");
        let after = lines(&stripped(&bytes).unwrap()).join("");
        assert!(!after.contains("Meier"), "{after}");
    }
}

#[test]
fn i10_texts_of_a_png_are_given() {
    let chunks: [(&[u8; 4], Vec<u8>); 4] = [
        (b"tEXt", b"Author\0Anna Meier".to_vec()),
        (b"tEXt", b"Comment\0C:\\Users\\am".to_vec()),
        (b"iTXt", b"Title\0\0\0en\0Titel\0slide 7".to_vec()),
        (b"iTXt", b"Title\0\x01\0en\0Titel\0packed".to_vec()),
    ];
    assert_eq!(
        lines(&png(4, 4, &chunks)),
        [
            "person Author @ text: Anna Meier",
            "text PNG Comment @ text: C:\\Users\\am",
            "text PNG Title @ text: slide 7",
        ]
    );
}

/// An element with its type, explicit, least byte first.
fn explicit(group: u16, number: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes(), *vr].concat();
    bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(value);
    bytes
}

fn implicit(group: u16, number: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    bytes.extend(value);
    bytes
}

fn dicom(syntax: &[u8], data: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 128];
    bytes.extend(b"DICM");
    bytes.extend(explicit(0x0002, 0x0010, b"UI", syntax));
    bytes.extend(data.concat());
    bytes
}

#[test]
fn i10_patients_in_dicom_are_found_in_sequences_too() {
    let mut sequence = [0x0008_u16.to_le_bytes(), 0x1140_u16.to_le_bytes(), *b"SQ", [0, 0]].concat();
    sequence.extend([0xff; 4]);
    sequence.extend([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
    sequence.extend(explicit(0x0008, 0x0090, b"PN", b"Meier^Anna"));
    let bytes = dicom(
        b"1.2.840.10008.1.2.1\0",
        &[
            explicit(0x0008, 0x0020, b"DA", b"20190403"),
            explicit(0x0008, 0x0060, b"CS", b"SM"),
            sequence,
            explicit(0x0010, 0x0010, b"PN", b"Doe^Jane"),
            explicit(0x0010, 0x0040, b"CS", b"F "),
        ],
    );
    assert_eq!(
        lines(&bytes),
        [
            "date StudyDate @ (0008,0020): 20190403",
            "person ReferringPhysicianName @ (0008,0090): Meier^Anna",
            "patient PatientName @ (0010,0010): Doe^Jane",
        ]
    );
    let bytes = dicom(
        b"1.2.840.10008.1.2\0",
        &[implicit(0x0010, 0x0020, b"4711"), implicit(0x0020, 0x0010, b"")],
    );
    assert_eq!(lines(&bytes), ["patient PatientID @ (0010,0020): 4711"]);
}

#[test]
fn i03_a_loop_of_directories_ends() {
    let tiff = Tiff {
        endian: II.endian,
        layout: II.layout,
    };
    let bytes = tiff.write_linked(&[Dir::sized(1, 1).text(270, "one text")], 8);
    assert_eq!(lines(&bytes).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_fail(
        pick in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut all: Vec<Vec<u8>> = specimens();
        all.push(dicom(b"1.2.840.10008.1.2.1\0", &[explicit(0x0010, 0x0010, b"PN", b"Doe^Jane")]));
        let mut bytes = all[pick.index(all.len())].clone();
        let whole = parts(&bytes).len();
        prop_assert!(whole <= 1_000);
        if !bytes.is_empty() {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.index(bytes.len()) + 1);
        }
        for part in parts(&bytes) {
            for trace in crate::privacy::in_header(&part) {
                prop_assert!(!trace.text.contains('\n'));
            }
        }
    }
}

/// A TIFF with its patches laid upon it.
fn stripped(bytes: &[u8]) -> Result<Vec<u8>, StripError> {
    stripped_of(bytes, Photographs::Keep)
}

fn stripped_of(bytes: &[u8], photographs: Photographs) -> Result<Vec<u8>, StripError> {
    let mut result = bytes.to_vec();
    for patch in strip_patches(
        Cursor::new(bytes),
        u64::try_from(bytes.len()).unwrap(),
        photographs,
    )? {
        let at = usize::try_from(patch.offset).unwrap();
        result[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
    Ok(result)
}

fn traces(bytes: &[u8]) -> Vec<crate::privacy::Trace> {
    parts(bytes).iter().flat_map(crate::privacy::in_header).collect()
}

#[test]
fn texts_are_blanked_where_they_are_personal_and_nothing_else_changes() {
    let aperio = "Aperio Image Library v11.2.1|AppMag = 20|User = ameier|MPP = 0.4990|Date = 12/29/09";
    for tiff in [II, MM, BIG_II, NDPI] {
        let mut dir = Dir::sized(10, 10)
            .text(270, aperio)
            .text(315, "A.Meier")
            .text(305, "Scan 3.1");
        if tiff.layout == NDPI.layout {
            dir = dir.with(65_420, Value::Long(1));
        }
        let bytes = tiff.write(&[dir, Dir::sized(5, 5).text(270, "scanned by Dr. Meier")]);
        let after = stripped(&bytes).unwrap();
        assert_eq!(traces(&after), []);
        assert_eq!(after.len(), bytes.len());
        let texts = lines(&after).join("\n");
        assert!(
            texts.contains("AppMag = 20|User =") && texts.contains("MPP = 0.4990"),
            "{texts}"
        );
        assert!(texts.contains("Scan 3.1") && !texts.contains("eier"), "{texts}");
        assert_eq!(stripped(&after).unwrap(), after, "a second time changes nothing");
        let before = super::probe_bytes(&bytes);
        assert_eq!(
            super::probe_bytes(&after),
            before,
            "the scale and the device are what they were"
        );
    }
}

#[test]
fn positions_are_emptied_and_xml_is_blanked_by_its_values() {
    let gps = with_sub_directory(34_853, [1, 0, 2, 0, 2, 0, 0, 0, b'N', 0, 0, 0]);
    assert_eq!(lines(&gps), ["position @ directory 1, GPS"]);
    assert_eq!(lines(&stripped(&gps).unwrap()), [""; 0]);
    let xml = "<OME><Experimenter ID=\"Experimenter:0\" LastName=\"Meier\"/><Image Name=\"C:\\Users\\am\\x.czi\">\
               <AcquisitionDate>2019-04-03</AcquisitionDate><Pixels SizeX=\"9\"/></Image></OME>";
    let bytes = II.write(&[Dir::sized(9, 9).text(270, xml)]);
    let after = lines(&stripped(&bytes).unwrap()).join("");
    assert!(
        after.contains("LastName=\"     \"") && after.contains("SizeX=\"9\""),
        "{after}"
    );
    assert!(
        after.contains("Experimenter:0") && !after.contains("2019"),
        "{after}"
    );
}

#[test]
fn a_text_among_pixels_and_a_file_that_is_no_tiff_are_refused() {
    let write = |at: u32| {
        II.write(&[Dir::sized(1, 1)
            .text(315, "Anna Meier")
            .with(273, Value::Long(at))
            .with(279, Value::Long(4))])
    };
    let bytes = write(0);
    let at = bytes.windows(4).position(|window| window == b"Anna").unwrap();
    let among = stripped(&write(u32::try_from(at).unwrap()));
    assert!(matches!(among, Err(StripError::AmongPixels { .. })), "{among:?}");
    assert_eq!(stripped(b"\xff\xd8\xff\xe0"), Err(StripError::NotTiff));
}

proptest! {
    #[test]
    fn what_is_stripped_says_nothing_and_keeps_every_other_byte(
        texts in prop::collection::vec("[ -~]{0,40}|(User = [a-z]{1,8}\\|MPP = 0.5)|(Dr. [A-Z][a-z]{3,8})", 1..5),
        tags in prop::collection::vec(prop::sample::select(vec![269_u16, 270, 271, 305, 306, 315, 316, 33_432, 65_001]), 5),
        which in 0_usize..3,
    ) {
        let tiff = [II, MM, BIG_II].into_iter().nth(which).unwrap();
        let mut dirs = Vec::new();
        for (text, tag) in texts.iter().zip(&tags) {
            dirs.push(Dir::sized(4, 4).text(*tag, text));
        }
        let bytes = tiff.write(&dirs);
        let after = stripped(&bytes).unwrap();
        let left = traces(&after);
        prop_assert!(left.iter().all(|trace| matches!(trace.kind, crate::privacy::Kind::LabelImage | crate::privacy::Kind::MacroImage)), "{left:?}");
        let size = u64::try_from(bytes.len()).unwrap();
        let patches = strip_patches(Cursor::new(&bytes), size, Photographs::Keep).unwrap();
        for (at, (a, b)) in bytes.iter().zip(&after).enumerate() {
            let at = u64::try_from(at).unwrap();
            let is_text = patches.iter().any(|patch| {
                patch.offset <= at && at < patch.offset + u64::try_from(patch.bytes.len()).unwrap()
            });
            prop_assert!(is_text || a == b);
        }
    }
}
