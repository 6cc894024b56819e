//! Files that lie, named after the list of threats.

use std::io::{Cursor, Read, Seek, SeekFrom};

use super::super::walk::Layout;
use super::super::{Axis, ImageKind, ProbeWarning};
use super::build::{self, BIG_II, BIG_MM, Dir, II, MM, NDPI, Value};
use super::{facts, probe_bytes};

#[test]
fn i01_sixty_thousand_squared_in_122_bytes() {
    let dir = Dir(vec![
        (256, Value::Long(60_000)),
        (257, Value::Long(60_000)),
        (258, Value::Short(8)),
        (259, Value::Short(1)),
        (273, Value::Long(8)),
        (277, Value::Short(3)),
        (278, Value::Long(60_000)),
        (279, Value::Long(u32::MAX)),
    ]);
    let mut bytes = II.write(&[dir]);
    bytes.resize(122, 0);
    let found = probe_bytes(&bytes);
    assert_eq!((found.width, found.height), (Some(60_000), Some(60_000)));
    assert_eq!(found.warnings, [ProbeWarning::PixelsBeyondEnd]);
    // Without strips, the pixels are still too many.
    let bare = Dir(vec![(256, Value::Long(60_000)), (257, Value::Long(60_000))]);
    assert_eq!(
        probe_bytes(&MM.write(&[bare])).warnings,
        [ProbeWarning::PixelsBeyondEnd]
    );
}

#[test]
fn i02_dimensions_that_cannot_be() {
    let found = probe_bytes(&II.write(&[Dir::sized(u32::MAX, 0)]));
    assert_eq!(facts(&found), (None, None, None, None));
    assert_eq!(
        found.warnings,
        [
            ProbeWarning::AbsurdDimension {
                axis: Axis::X,
                px: 4_294_967_295
            },
            ProbeWarning::ZeroDimension { axis: Axis::Y }
        ]
    );
    let limit = Dir(vec![
        (256, Value::Long8(1 << 31)),
        (257, Value::Long8((1 << 31) + 1)),
        (259, Value::Short(7)),
    ]);
    let found = probe_bytes(&BIG_II.write(&[limit]));
    assert_eq!((found.width, found.height), (Some(1 << 31), None));
    let zero = probe_bytes(&build::png(0, u32::MAX, &[]));
    assert_eq!((zero.width, zero.height, zero.warnings.len()), (None, None, 2));
    let zero = probe_bytes(&build::jpeg(640, 0, &[]));
    assert_eq!((zero.width, zero.height), (Some(640), None));
    let missing = probe_bytes(&II.write(&[Dir::default()]));
    assert_eq!(missing.warnings.len(), 2);
}

#[test]
fn i02_strip_and_value_counts_overflow() {
    for count in [u64::from(u32::MAX), u64::MAX, u64::MAX / 8 + 1, 1 << 61] {
        for tag in [270, 271, 273, 279, 282, 324, 325, 254] {
            for kind in [0, 2, 4, 5, 12, 16, 99, u16::MAX] {
                for tiff in [II, MM, BIG_II, BIG_MM] {
                    let bad = Value::Raw(kind, count, u64::MAX - 8);
                    let dir = Dir::sized(9, 7)
                        .with(tag, bad)
                        .with(279, Value::Longs(vec![1, 1]));
                    let found = probe_bytes(&tiff.write(std::slice::from_ref(&dir)));
                    assert_eq!((found.width, found.height), (Some(9), Some(7)));
                    // One of a pair says nothing.
                    let alone = matches!(tag, 279 | 324 | 325);
                    assert_eq!(found.warnings.is_empty(), alone, "{tag} {kind} {count} {found:?}");
                    probe_bytes(&NDPI.write(&[dir.with(65_420, Value::Long(1))]));
                }
            }
        }
    }
}

#[test]
fn i03_ifd_loop() {
    for tiff in [II, MM, BIG_II, BIG_MM] {
        let first = if tiff.write(&[])[2..4].contains(&43) {
            16
        } else {
            8
        };
        for dirs in [
            vec![Dir::sized(9, 7)],
            vec![Dir::sized(9, 7), Dir::sized(4, 3), Dir::sized(2, 1)],
        ] {
            let found = probe_bytes(&tiff.write_linked(&dirs, first));
            assert_eq!((found.width, found.height), (Some(9), Some(7)));
            assert_eq!(found.warnings, [ProbeWarning::IfdLoop { offset_bytes: first }]);
        }
        // No full-resolution image, round and round.
        let reduced = Dir::sized(9, 7).with(254, Value::Long(1));
        let found = probe_bytes(&tiff.write_linked(&[reduced], first));
        assert_eq!(found.width, Some(9));
        assert_eq!(
            found.warnings,
            [
                ProbeWarning::IfdLoop { offset_bytes: first },
                ProbeWarning::NoFullResolution
            ]
        );
    }
}

#[test]
fn i03_a_million_ifds() {
    let bytes = II.write(&vec![Dir::default(); 1_000_000]);
    assert!(probe_bytes(&bytes).warnings.contains(&ProbeWarning::TooManyParts));
}

#[test]
fn i03_ten_thousand_overlapping_tables_end_with_the_budget() {
    // Each directory has 60,000 entries, the first of which says that it is reduced; the rest are the next
    // directories. Read as a whole they are 7 GB.
    const ENTRIES: usize = 60_000;
    const STEP: usize = 14;
    let at = |index: usize| 8 + index * STEP;
    let mut bytes = vec![0; at(10_000) + 12 * ENTRIES + 6];
    bytes[..8].copy_from_slice(b"II*\0\x08\0\0\0");
    for index in 0..10_000 {
        let head = [
            II.uint(60_000, 2),
            II.uint(254, 2),
            II.uint(4, 2),
            II.uint(1, 4),
            II.uint(1, 4),
        ]
        .concat();
        bytes[at(index)..at(index + 1)].copy_from_slice(&head);
        let next = at(index) + 2 + 12 * ENTRIES;
        bytes[next..next + 4].copy_from_slice(&II.uint(u64::try_from(at(index + 1)).unwrap(), 4));
    }
    let found = probe_bytes(&bytes);
    assert!(found.warnings.contains(&ProbeWarning::ReadLimit), "{found:?}");
}

#[test]
fn i05_ome_of_many_elements_and_attributes() {
    let elements = "<OME>".to_owned() + &"<Image><Pixels SizeX='8' SizeY='7'/></Image>".repeat(100_000);
    let attributes = format!("<OME><Pixels {} SizeX='9'/></OME>", "a='1' ".repeat(500_000));
    let depth = "<OME>".repeat(1_000_000);
    for (xml, warnings) in [(elements, 1), (attributes, 1), (depth, 0)] {
        let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, &xml)]));
        assert_eq!((found.kind, found.width), (ImageKind::OmeTiff, Some(9)));
        assert_eq!(found.warnings.len(), warnings, "{:?}", found.warnings);
    }
}

#[test]
fn i03_ifd_beyond_end() {
    for (tiff, beyond) in [
        (II, 1 << 31),
        (MM, 1 << 31),
        (BIG_II, u64::MAX),
        (BIG_MM, u64::MAX - 4),
        (NDPI, 1 << 40),
    ] {
        let none = probe_bytes(&tiff.write_linked(&[], beyond));
        assert_eq!(facts(&none), (None, None, None, None));
        // Without its mark, NDPI is a classic TIFF that has no directory.
        let expected = if tiff.layout == Layout::Ndpi {
            "missing_dimension"
        } else {
            "beyond_end"
        };
        assert_eq!(
            none.warnings.first().map(|warning| warning.as_str()),
            Some(expected)
        );
        let dir = Dir::sized(9, 7).with(65_420, Value::Long(1));
        let found = probe_bytes(&tiff.write_linked(&[dir], beyond));
        assert_eq!((found.width, found.height), (Some(9), Some(7)));
        assert!(
            found
                .warnings
                .iter()
                .any(|warning| warning.as_str() == "beyond_end"),
            "{found:?}"
        );
    }
    let entries = [
        b"II+\0\x08\0\0\0".as_slice(),
        &16_u64.to_le_bytes(),
        &u64::MAX.to_le_bytes(),
    ]
    .concat();
    let found = probe_bytes(&entries);
    assert!(
        found
            .warnings
            .contains(&ProbeWarning::TooManyEntries { offset_bytes: 16 })
    );
}

#[test]
fn i04_bombs_are_passed_over() {
    // A chunk that says 2 GB, a compressed profile, and more chunks than anyone has.
    let found = probe_bytes(&build::png(9, 7, &[(b"iCCP", b"bomb\0\0\x78\x9c".to_vec())]));
    assert_eq!((found.width, found.warnings.len()), (Some(9), 0));
    let many = vec![(b"tEXt", Vec::new()); 20_000];
    assert_eq!(
        probe_bytes(&build::png(9, 7, &many)).warnings,
        [ProbeWarning::TooManyParts]
    );
    let many = vec![(0xfe, Vec::new()); 20_000];
    assert_eq!(
        probe_bytes(&build::jpeg(9, 7, &many)).warnings,
        [ProbeWarning::TooManyParts]
    );
    let mut fill = vec![0xff; 1 << 20];
    fill[1] = 0xd8;
    assert_eq!(probe_bytes(&fill).warnings, [ProbeWarning::TooManyParts]);
}

#[test]
fn i04_long_application_data_does_not_hide_the_size() {
    // 100 MB of extended XMP, which shares its marker with EXIF.
    let long = vec![(0xe1, b"http://ns.adobe.com/xmp/extension/".repeat(1900)); 1600];
    let found = probe_bytes(&build::jpeg(9, 7, &long));
    assert_eq!(
        (found.width, found.height, found.warnings.len()),
        (Some(9), Some(7), 0)
    );
}

#[test]
fn i05_ome_that_disagrees_with_the_plane() {
    let xml = build::ome(9000, 7000, "PhysicalSizeX='0.25' PhysicalSizeY='0.25'");
    let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, &xml)]));
    assert_eq!(
        (found.kind, facts(&found)),
        (ImageKind::OmeTiff, (Some(9), Some(7), None, None))
    );
    assert_eq!(found.warnings, [ProbeWarning::XmlDisagrees]);
}

#[test]
fn i05_ome_with_a_document_type_or_damage() {
    let bomb = "<!DOCTYPE OME [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>\
        <!ENTITY x SYSTEM 'file:///etc/passwd'>]>\
        <OME><Image><Pixels SizeX='9' SizeY='7' PhysicalSizeX='1'/></Image></OME>";
    let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, bomb)]));
    assert_eq!(
        (found.kind, facts(&found)),
        (ImageKind::Tiff, (Some(9), Some(7), None, None))
    );
    assert_eq!(found.warnings, [ProbeWarning::XmlDoctype]);
    let late = "<OME><!DOCTYPE x><Image><Pixels SizeX='9' SizeY='7' PhysicalSizeX='1'/></Image></OME>";
    let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, late)]));
    assert_eq!(
        (found.um_per_px_x, found.warnings),
        (None, vec![ProbeWarning::XmlDoctype])
    );
    let broken = "<OME><Instrument><Microscope Manufacturer='Zeiss'/></Image><Pixels SizeX='9' SizeY='7'/>";
    let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, broken)]));
    assert_eq!(
        (found.vendor.as_deref(), found.warnings),
        (Some("Zeiss"), vec![ProbeWarning::XmlMalformed])
    );
    let entity = "<OME><Microscope Manufacturer='&x;'/><Pixels SizeX='9' SizeY='7'/></OME>";
    assert_eq!(
        probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, entity)])).vendor,
        None
    );
}

#[test]
fn i05_ome_of_a_gigabyte() {
    struct Endless(Cursor<Vec<u8>>);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(buffer)? {
                0 => {
                    buffer.fill(b' ');
                    Ok(buffer.len())
                }
                read => Ok(read),
            }
        }
    }
    impl Seek for Endless {
        fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }
    let at = 8 + 2 + 4 * 12 + 4;
    let dir = Dir::sized(9, 7).with(270, Value::Raw(2, 1 << 30, at));
    let mut bytes = II.write(&[dir]);
    assert_eq!(u64::try_from(bytes.len()).unwrap(), at);
    bytes.extend(b"<OME>");
    let found = super::probe(Endless(Cursor::new(bytes)), 8 << 40);
    assert_eq!((found.kind, found.width), (ImageKind::OmeTiff, Some(9)));
    assert_eq!(found.warnings, [ProbeWarning::TagTooLong { tag: 270 }]);
}

/// One good file of each kind.
pub(super) fn specimens() -> Vec<Vec<u8>> {
    let density = |dir: Dir| dir.text(271, "Leica").density((40_000, 1), (40_000, 1), 3);
    let ndpi = Dir::sized(9, 7)
        .with(65_420, Value::Long(1))
        .with(65_421, Value::Float(20.0));
    let exif = build::exif(&MM.write(&[density(Dir::default())]));
    let strips = Dir::sized(9, 7)
        .with(273, Value::Longs(vec![8, 9]))
        .with(279, Value::Longs(vec![1, 1]));
    vec![
        build::jpeg(9, 7, &[build::jfif(2, 20_000, 20_000), exif]),
        build::png(9, 7, &[build::phys(4_000_000, 4_000_000, 1)]),
        II.write(&[density(Dir::sized(9, 7)), Dir::sized(4, 3)]),
        MM.write(&[density(strips), Dir::sized(4, 3)]),
        BIG_II.write(&[Dir::sized(9, 7).text(270, build::APERIO)]),
        BIG_MM.write(&[density(Dir::sized(9, 7)), Dir::sized(4, 3)]),
        NDPI.write(&[density(ndpi), Dir::sized(4, 3)]),
        II.write(&[Dir::sized(9, 7).text(
            270,
            &build::ome(9, 7, "PhysicalSizeX='0.25' PhysicalSizeY='0.25'"),
        )]),
    ]
}

#[test]
fn i06_truncated_at_every_byte() {
    for bytes in specimens() {
        let whole = probe_bytes(&bytes);
        assert_eq!(
            (whole.width, whole.height, whole.warnings.len()),
            (Some(9), Some(7), 0)
        );
        for length in 0..bytes.len() {
            let found = probe_bytes(&bytes[..length]);
            // What is still said is still true.
            assert!(found.width.is_none_or(|width| width == 9), "{length} {found:?}");
            assert!(
                found.height.is_none_or(|height| height == 7),
                "{length} {found:?}"
            );
            assert!(
                found.um_per_px_x.is_none() || found.um_per_px_x == whole.um_per_px_x,
                "{length} {found:?}"
            );
            if found.width.is_none() && found.kind != ImageKind::Unknown {
                assert!(!found.warnings.is_empty(), "{length} {found:?}");
            }
            // The file is shorter than it was when its size was asked.
            let size_bytes = u64::try_from(bytes.len()).unwrap();
            let shrunk = super::probe(Cursor::new(&bytes[..length]), size_bytes);
            assert!(shrunk.width.is_none_or(|width| width == 9), "{length} {shrunk:?}");
        }
    }
}

#[test]
fn i06_what_follows_an_image_does_not_matter() {
    for bytes in specimens() {
        let whole = probe_bytes(&bytes);
        let polyglot = [bytes.as_slice(), b"<html><script>", b"PK\x03\x04", &[0xff; 99]].concat();
        assert_eq!(probe_bytes(&polyglot), whole);
    }
}

#[test]
fn i07_sparse_file_of_eight_terabytes() {
    let bytes = [II.write_linked(&[], 8), vec![0; 100]].concat();
    let found = super::probe(Cursor::new(bytes), 8 << 40);
    assert_eq!(facts(&found), (None, None, None, None));
    assert_eq!(super::probe(std::io::empty(), 8 << 40).kind, ImageKind::Unknown);
}

#[test]
fn i08_extension_lies() {
    // There is no name to believe: what it is called elsewhere cannot matter.
    let kinds: Vec<_> = specimens().iter().map(|bytes| probe_bytes(bytes).kind).collect();
    use ImageKind::{BigTiff, Jpeg, Ndpi, OmeTiff, Png, Svs, Tiff};
    assert_eq!(kinds, [Jpeg, Png, Tiff, Tiff, Svs, BigTiff, Ndpi, OmeTiff]);
    for bytes in [
        b"".as_slice(),
        b"\xff\xd8",
        b"II",
        b"GIF89a",
        b"PK\x03\x04",
        b"<svg>",
        b"%PDF-1.7",
        b"MM\0\x2a",
    ] {
        let found = probe_bytes(bytes);
        assert_eq!(
            (found.kind, facts(&found)),
            (ImageKind::Unknown, (None, None, None, None))
        );
    }
}

#[test]
fn i10_device_names_that_are_paths_or_escapes_stay() {
    for text in ["/home/meier/x", "C:\\meier", "\u{1b}]0;x\u{7}", &"x".repeat(5000)] {
        let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(271, text).text(272, text)]));
        assert_eq!((found.vendor, found.scanner), (None, None));
        assert_eq!(found.warnings, [ProbeWarning::TextRefused]);
    }
}

#[test]
fn a_reader_that_fails_is_a_warning() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }
    impl Seek for Broken {
        fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
            Ok(0)
        }
    }
    let found = super::probe(Broken, 100);
    let kind = std::io::ErrorKind::PermissionDenied;
    assert_eq!(
        found.warnings,
        [ProbeWarning::ReadFailed {
            offset_bytes: 0,
            kind
        }]
    );
}
