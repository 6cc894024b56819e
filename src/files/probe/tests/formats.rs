//! JPEG, PNG, TIFF and BigTIFF as they should be.

use super::super::{ImageKind, Probe, ProbeWarning};
use super::build::{self, BIG_II, BIG_MM, Dir, II, MM, Value};
use super::{assert_quiet, facts, probe_bytes};

/// Asserts kind, facts and silence.
#[track_caller]
fn check(
    bytes: &[u8],
    kind: ImageKind,
    expected: (Option<u64>, Option<u64>, Option<f64>, Option<f64>),
) -> Probe {
    let found = probe_bytes(bytes);
    assert_eq!((found.kind, facts(&found)), (kind, expected));
    assert_quiet(&found);
    found
}

#[test]
fn jpeg_gives_size_and_a_density_that_means_something() {
    let none = (Some(640), Some(480), None, None);
    check(&build::jpeg(640, 480, &[]), ImageKind::Jpeg, none);
    for (unit, density) in [
        (0, 1),
        (0, 500),
        (1, 72),
        (1, 96),
        (1, 1),
        (2, 28),
        (2, 38),
        (2, 1),
    ] {
        check(
            &build::jpeg(640, 480, &[build::jfif(unit, density, density)]),
            ImageKind::Jpeg,
            none,
        );
    }
    let known = (Some(640), Some(480), Some(0.5), Some(0.508));
    let both = [build::jfif(2, 20_000, 19_685)];
    let found = probe_bytes(&build::jpeg(640, 480, &both));
    assert_eq!(found.um_per_px_x, known.2);
    assert!((found.um_per_px_y.unwrap() - 0.508).abs() < 1e-4);
    let inches = check(
        &build::jpeg(640, 480, &[build::jfif(1, 50_800, 25_400)]),
        ImageKind::Jpeg,
        (Some(640), Some(480), Some(0.5), Some(1.0)),
    );
    assert_eq!(
        (inches.vendor, inches.scanner, inches.objective),
        (None, None, None)
    );
}

#[test]
fn jpeg_takes_exif_where_jfif_says_nothing() {
    let block = Dir::default()
        .text(271, "Olympus")
        .text(272, "BX53")
        .density((40_000, 1), (40_000, 1), 3)
        .text(315, "Anna Meier")
        .text(306, "2019:04:03 10:00:00");
    for tiff in [II, MM] {
        let exif = build::exif(&tiff.write(std::slice::from_ref(&block)));
        let default = build::jpeg(9, 7, &[build::jfif(1, 72, 72), exif.clone()]);
        let found = check(
            &default,
            ImageKind::Jpeg,
            (Some(9), Some(7), Some(0.25), Some(0.25)),
        );
        assert_eq!(
            (found.vendor.as_deref(), found.scanner.as_deref()),
            (Some("Olympus"), Some("BX53"))
        );
        let jfif = build::jfif(2, 20_000, 20_000);
        let wins = (Some(9), Some(7), Some(0.5), Some(0.5));
        check(
            &build::jpeg(9, 7, &[jfif.clone(), exif.clone()]),
            ImageKind::Jpeg,
            wins,
        );
        check(&build::jpeg(9, 7, &[exif, jfif]), ImageKind::Jpeg, wins);
    }
}

#[test]
fn jpeg_passes_over_fill_bytes_restarts_and_other_application_data() {
    let mut bytes = build::jpeg(
        640,
        480,
        &[
            (0xe2, vec![0xff; 9000]),
            (0xe1, b"http://ns.adobe.com/x".to_vec()),
        ],
    );
    bytes.splice(2..2, [0xff, 0xff, 0xff, 0xff, 0x01, 0xff, 0xd0]);
    check(&bytes, ImageKind::Jpeg, (Some(640), Some(480), None, None));
}

#[test]
fn png_gives_size_and_a_density_in_metres_that_means_something() {
    let none = (Some(640), Some(480), None, None);
    check(&build::png(640, 480, &[]), ImageKind::Png, none);
    for (density, unit) in [(2835, 1), (3780, 1), (1, 1), (4_000_000, 0), (4_000_000, 2)] {
        check(
            &build::png(640, 480, &[build::phys(density, density, unit)]),
            ImageKind::Png,
            none,
        );
    }
    let chunks = [(b"zTXt", vec![7; 100]), build::phys(4_000_000, 2_000_000, 1)];
    check(
        &build::png(640, 480, &chunks),
        ImageKind::Png,
        (Some(640), Some(480), Some(0.25), Some(0.5)),
    );
}

#[test]
fn tiff_gives_size_scale_and_device_in_every_byte_order_and_width() {
    let dir = Dir::sized(40_000, 30_000)
        .text(271, "Leica")
        .text(272, "DM6")
        .density((400_000, 10), (20_000, 1), 3);
    for (tiff, kind) in [
        (II, ImageKind::Tiff),
        (MM, ImageKind::Tiff),
        (BIG_II, ImageKind::BigTiff),
        (BIG_MM, ImageKind::BigTiff),
    ] {
        let bytes = tiff.write(std::slice::from_ref(&dir));
        let found = check(&bytes, kind, (Some(40_000), Some(30_000), Some(0.25), Some(0.5)));
        assert_eq!(
            (found.vendor.as_deref(), found.scanner.as_deref()),
            (Some("Leica"), Some("DM6"))
        );
        let short = Dir(vec![
            (256, Value::Short(9)),
            (257, Value::Short(7)),
            (259, Value::Short(5)),
        ]);
        check(&tiff.write(&[short]), kind, (Some(9), Some(7), None, None));
    }
    let long8 = Dir(vec![
        (256, Value::Long8(9)),
        (257, Value::Long8(7)),
        (259, Value::Short(5)),
    ]);
    check(
        &BIG_MM.write(&[long8]),
        ImageKind::BigTiff,
        (Some(9), Some(7), None, None),
    );
}

#[test]
fn tiff_resolution_defaults_and_aspect_ratios_say_nothing() {
    for (density, unit) in [
        ((72, 1), 2),
        ((96, 1), 2),
        ((2835, 100), 3),
        ((1, 1), 2),
        ((40_000, 1), 1),
    ] {
        let bytes = II.write(&[Dir::sized(9, 7).density(density, density, unit)]);
        check(&bytes, ImageKind::Tiff, (Some(9), Some(7), None, None));
    }
    // The default of the unit is the inch.
    let no_unit = Dir::sized(9, 7)
        .with(282, Value::Rational(25_400, 1))
        .with(283, Value::Float(50_800.0));
    check(
        &II.write(&[no_unit]),
        ImageKind::Tiff,
        (Some(9), Some(7), Some(1.0), Some(0.5)),
    );
}

#[test]
fn tiff_takes_the_first_directory_that_is_neither_reduced_nor_a_mask() {
    let dirs = [
        Dir::sized(90, 70).with(254, Value::Long(1)),
        Dir::sized(900, 700).with(254, Value::Long(4)),
        Dir::sized(91, 71).with(255, Value::Short(2)),
        Dir::sized(900, 700).with(254, Value::Long(2)),
        Dir::sized(1900, 1700),
    ];
    for tiff in [II, MM, BIG_II, BIG_MM] {
        let found = probe_bytes(&tiff.write(&dirs));
        assert_eq!((found.width, found.height), (Some(900), Some(700)));
        assert_quiet(&found);
    }
}

#[test]
fn uncompressed_pixels_that_fit_are_quiet() {
    let mut bytes = II.write(&[Dir(vec![
        (256, Value::Long(10)),
        (257, Value::Long(10)),
        (258, Value::Short(8)),
        (259, Value::Short(1)),
        (273, Value::Longs(vec![8, 58])),
        (279, Value::Longs(vec![50, 50])),
    ])]);
    bytes.resize(bytes.len().max(108), 0);
    check(&bytes, ImageKind::Tiff, (Some(10), Some(10), None, None));
}

#[test]
fn sizes_agree_with_imagesize() {
    for bytes in [
        build::jpeg(641, 479, &[build::jfif(1, 72, 72)]),
        build::png(641, 479, &[]),
        II.write(&[Dir::sized(641, 479)]),
        MM.write(&[Dir::sized(641, 479)]),
    ] {
        let (found, other) = (probe_bytes(&bytes), imagesize::blob_size(&bytes).unwrap());
        assert_eq!(found.width, Some(u64::try_from(other.width).unwrap()));
        assert_eq!(found.height, Some(u64::try_from(other.height).unwrap()));
    }
}

#[test]
fn names_of_formats_are_distinct_and_media_types_registered() {
    use ImageKind::{BigTiff, Jpeg, Ndpi, OmeTiff, Png, Svs, Tiff, Unknown};
    let kinds = [Jpeg, Png, Tiff, BigTiff, Svs, Ndpi, OmeTiff, Unknown];
    let names: std::collections::BTreeSet<_> = kinds.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(names.len(), kinds.len());
    assert_eq!(Svs.media_type(), "image/tiff");
    assert_eq!(Jpeg.media_type(), "image/jpeg");
    assert_eq!(Unknown.media_type(), "application/octet-stream");
}

/// Every image of BCCD, whose annotations say 640 x 480.
#[test]
fn real_jpegs_of_bccd() {
    let root = std::env::var("HOLOTYPE_DATA").map_or_else(
        |_| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        std::path::PathBuf::from,
    );
    let folder = root.join("bccd/JPEGImages");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        let required = std::env::var("HOLOTYPE_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
        assert!(!required, "no real data in {}", folder.display());
        println!("skipped: no real data");
        return;
    };
    let mut images = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jpg") {
            let file = std::fs::File::open(&path).unwrap();
            let size_bytes = file.metadata().unwrap().len();
            let found = super::probe(file, size_bytes);
            assert_eq!(found.kind, ImageKind::Jpeg, "{}", path.display());
            assert_eq!(
                facts(&found),
                (Some(640), Some(480), None, None),
                "{}",
                path.display()
            );
            assert_quiet(&found);
            images += 1;
        }
    }
    assert_eq!(images, 364);
}

#[test]
fn exif_damage_is_told_apart_from_exif_nonsense() {
    let nonsense = Dir::default().text(271, "/home/meier").density((0, 0), (1, 0), 2);
    let found = probe_bytes(&build::jpeg(9, 7, &[build::exif(&II.write(&[nonsense]))]));
    let names: Vec<_> = found.warnings.iter().map(|warning| warning.as_str()).collect();
    assert_eq!(
        names,
        ["nonsense_resolution", "nonsense_resolution", "text_refused"]
    );
    let damaged = build::exif(&II.write_linked(&[], 9999));
    let found = probe_bytes(&build::jpeg(9, 7, &[damaged]));
    assert_eq!(
        (found.width, found.warnings),
        (Some(9), vec![ProbeWarning::ExifMalformed])
    );
}
