//! SVS, NDPI and OME-TIFF as they should be, and who is in them.

use std::io::{Read, Seek, SeekFrom};

use super::super::{ImageKind, ProbeWarning};
use super::build::{self, APERIO, BIG_II, BIG_MM, Dir, II, MM, NDPI, Value};
use super::{assert_quiet, facts, probe_bytes};

#[test]
fn svs_gives_mpp_magnification_and_serial() {
    let level = Dir::sized(46_000, 32_914).text(270, APERIO);
    let thumbnail = Dir::sized(1024, 732).text(270, "Aperio Image Library v10.0.51\r\n|User = Meier|MPP = 9");
    for tiff in [II, BIG_II] {
        let found = probe_bytes(&tiff.write(&[level.clone(), thumbnail.clone()]));
        assert_eq!(found.kind, ImageKind::Svs);
        assert_eq!(
            facts(&found),
            (Some(46_000), Some(32_914), Some(0.499), Some(0.499))
        );
        assert_eq!(
            (found.vendor.as_deref(), found.scanner.as_deref()),
            (Some("Aperio"), Some("SS1302"))
        );
        assert_eq!(found.objective, Some(20.0));
        assert_quiet(&found);
    }
}

#[test]
fn svs_nonsense_is_none_and_a_warning() {
    let text = "Aperio x|MPP = 0|AppMag = -1|ScanScope ID = C:\\Users\\meier";
    let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, text)]));
    assert_eq!(facts(&found), (Some(9), Some(7), None, None));
    assert_eq!((found.scanner.as_deref(), found.objective), (None, None));
    let names: Vec<_> = found.warnings.iter().map(|warning| warning.as_str()).collect();
    assert_eq!(
        names,
        [
            "nonsense_resolution",
            "nonsense_resolution",
            "nonsense_objective",
            "text_refused"
        ]
    );
}

/// Level 0 of a Hamamatsu slide.
fn ndpi_level() -> Dir {
    Dir::sized(51_200, 38_144)
        .text(271, "Hamamatsu")
        .text(272, "NanoZoomer")
        .density((43_963, 1), (43_963, 1), 3)
        .with(65_420, Value::Long(1))
        .with(65_421, Value::Float(20.0))
        .text(65_427, "Meier Anna 1950")
}

#[test]
fn ndpi_gives_the_level_seen_through_the_objective() {
    let photograph = Dir::sized(1191, 408)
        .with(65_420, Value::Long(1))
        .with(65_421, Value::Float(-1.0));
    for dirs in [[ndpi_level(), photograph.clone()], [photograph, ndpi_level()]] {
        let found = probe_bytes(&NDPI.write(&dirs));
        assert_eq!(found.kind, ImageKind::Ndpi);
        assert_eq!((found.width, found.height), (Some(51_200), Some(38_144)));
        assert!((found.um_per_px_x.unwrap() - 0.227_464).abs() < 1e-6);
        assert_eq!(
            (found.vendor.as_deref(), found.scanner.as_deref()),
            (Some("Hamamatsu"), Some("NanoZoomer"))
        );
        assert_eq!(found.objective, Some(20.0));
        assert_quiet(&found);
    }
}

/// A reader of a file that has bytes at the start and others above 4 GiB, and zeros between.
struct Sparse {
    head: Vec<u8>,
    tail_at: u64,
    tail: Vec<u8>,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for byte in buffer.iter_mut() {
            let from_head = usize::try_from(self.at).ok().and_then(|at| self.head.get(at));
            let from_tail = self
                .at
                .checked_sub(self.tail_at)
                .and_then(|at| self.tail.get(usize::try_from(at).ok()?));
            *byte = from_head.or(from_tail).copied().unwrap_or_default();
            self.at += 1;
        }
        Ok(buffer.len())
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let SeekFrom::Start(at) = to else {
            panic!("only from the start")
        };
        self.at = at;
        Ok(at)
    }
}

#[test]
fn ndpi_has_directories_and_values_above_4_gib() {
    const AT: u64 = (6 << 30) + 16;
    // Entries: width, height, lens, format inline; make in long form.
    let entries: [(u16, u16, u64, u64); 6] = [
        (256, 4, 1, 51_200),
        (257, 4, 1, 38_144),
        (259, 3, 1, 7),
        (271, 2, 9, AT + 200),
        (65_420, 4, 1, 1),
        (65_421, 11, 1, u64::from(40.0_f32.to_bits())),
    ];
    let mut table = NDPI.uint(6, 2);
    for (tag, kind, count, field) in entries {
        table.extend([NDPI.uint(u64::from(tag), 2), NDPI.uint(u64::from(kind), 2)].concat());
        table.extend([NDPI.uint(count, 4), NDPI.uint(field & 0xffff_ffff, 4)].concat());
    }
    table.extend(NDPI.uint(0, 8));
    table.extend(entries.iter().flat_map(|entry| NDPI.uint(entry.3 >> 32, 4)));
    table.resize(200, 0);
    table.extend(b"Hamamatsu");
    let head = [b"II".to_vec(), NDPI.uint(42, 2), NDPI.uint(AT, 8)].concat();
    let found = super::probe(
        Sparse {
            head,
            tail_at: AT,
            tail: table,
            at: 0,
        },
        AT + 4096,
    );
    assert_eq!(found.kind, ImageKind::Ndpi);
    assert_eq!(
        (found.width, found.height, found.objective),
        (Some(51_200), Some(38_144), Some(40.0))
    );
    assert_eq!(found.vendor.as_deref(), Some("Hamamatsu"));
    assert_quiet(&found);
}

#[test]
fn ome_gives_scale_objective_and_microscope() {
    for (attributes, x, y) in [
        (
            r#"PhysicalSizeX="0.25" PhysicalSizeY="0.5""#,
            Some(0.25),
            Some(0.5),
        ),
        (
            "PhysicalSizeX='0.25' PhysicalSizeXUnit='µm' PhysicalSizeY='500' PhysicalSizeYUnit='nm'",
            Some(0.25),
            Some(0.5),
        ),
        (
            "PhysicalSizeX='0.25' PhysicalSizeXUnit='&#181;m' PhysicalSizeY='0.5' \
             PhysicalSizeYUnit='\u{3bc}m'",
            Some(0.25),
            Some(0.5),
        ),
        ("PhysicalSizeX='3' PhysicalSizeXUnit='pixel'", None, None),
        ("PhysicalSizeX='2e-3' PhysicalSizeXUnit='mm'", Some(2.0), None),
    ] {
        for (tiff, text) in [
            (II, build::ome(90, 70, attributes)),
            (BIG_MM, build::ome(90, 70, attributes)),
        ] {
            let found = probe_bytes(&tiff.write(&[Dir::sized(90, 70).text(270, &text)]));
            assert_eq!(found.kind, ImageKind::OmeTiff);
            assert_eq!(facts(&found), (Some(90), Some(70), x, y), "{attributes}");
            assert_eq!(
                (found.vendor.as_deref(), found.scanner.as_deref()),
                (Some("Zeiss"), Some("Axio Scan.Z1"))
            );
            assert_eq!(found.objective, Some(40.0));
            assert_quiet(&found);
        }
    }
}

#[test]
fn ome_takes_the_pixels_of_the_plane_among_several() {
    let xml = "<OME><Image><Pixels SizeX='9' SizeY='7' PhysicalSizeX='9'/></Image>\
        <Image><o:Pixels SizeX='90' SizeY='70' PhysicalSizeX='0.5' PhysicalSizeY='0.5'>\
        </o:Pixels></Image></OME>";
    let found = probe_bytes(&MM.write(&[Dir::sized(90, 70).text(270, xml)]));
    assert_eq!(facts(&found), (Some(90), Some(70), Some(0.5), Some(0.5)));
    assert_quiet(&found);
}

#[test]
fn ome_unknown_units_and_nonsense_are_warnings() {
    for (attributes, warning) in [
        ("PhysicalSizeX='1' PhysicalSizeXUnit='parsec'", "unknown_unit"),
        ("PhysicalSizeX='0'", "nonsense_resolution"),
        ("PhysicalSizeX='-1'", "nonsense_resolution"),
        ("PhysicalSizeX='NaN'", "nonsense_resolution"),
        ("PhysicalSizeX='inf'", "nonsense_resolution"),
        ("PhysicalSizeX='many'", "nonsense_resolution"),
    ] {
        let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, &build::ome(9, 7, attributes))]));
        assert_eq!(found.um_per_px_x, None);
        assert_eq!(
            found.warnings.first().copied().map(ProbeWarning::as_str),
            Some(warning),
            "{attributes}"
        );
    }
}

#[test]
fn other_descriptions_are_plain_tiff() {
    for text in [
        "ImageJ=1.53",
        "<svg/>",
        "<?xml version='1.0'?><x><OME/></x>",
        "<OMEGA/>",
        "<!-- OME",
        "OME",
        " ",
    ] {
        let found = probe_bytes(&II.write(&[Dir::sized(9, 7).text(270, text)]));
        assert_eq!(found.kind, ImageKind::Tiff, "{text}");
        assert_quiet(&found);
    }
}

#[test]
fn nobody_is_named() {
    let people = |dir: Dir| {
        dir.text(269, "Meier.svs")
            .text(306, "2019:04:03")
            .text(315, "Meier")
            .text(316, "meier-pc")
            .text(33_432, "Meier")
    };
    for bytes in [
        II.write(&[people(Dir::sized(9, 7).text(270, APERIO))]),
        II.write(&[people(Dir::sized(9, 7).text(270, &build::ome(9, 7, "")))]),
        NDPI.write(&[people(ndpi_level())]),
        build::jpeg(
            9,
            7,
            &[
                build::exif(&II.write(&[people(Dir::default())])),
                (0xfe, b"Meier".to_vec()),
            ],
        ),
        build::png(9, 7, &[(b"tEXt", b"Author\0Meier".to_vec())]),
    ] {
        let said = format!("{:?}", probe_bytes(&bytes)).to_lowercase();
        for secret in ["meier", "anna", "2019", "12/29", "b414003d", "slides"] {
            assert!(!said.contains(secret), "{secret} in {said}");
        }
    }
}
