//! Laws for any bytes: the probe ends, soon and without a panic, and says nothing that cannot be.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::super::{ImageKind, Probe};
use super::hostile::specimens;

/// Probes and checks what holds of every probe.
fn check(bytes: &[u8], size_bytes: u64) -> Probe {
    let start = Instant::now();
    let found = super::probe_claimed(bytes, size_bytes);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for side in [found.width, found.height].into_iter().flatten() {
        assert!((1..=1 << 31).contains(&side));
    }
    for um in [found.um_per_px_x, found.um_per_px_y].into_iter().flatten() {
        assert!(um.is_finite() && um > 0.0);
    }
    for name in [&found.vendor, &found.scanner].into_iter().flatten() {
        assert!(!name.is_empty() && !name.chars().any(char::is_control));
    }
    assert!(
        found
            .objective
            .is_none_or(|objective| objective > 0.0 && objective <= 1000.0)
    );
    if found.kind == ImageKind::Unknown {
        assert_eq!((found.width, found.vendor.as_ref()), (None, None));
    }
    found
}

/// The beginnings by which formats are recognised.
const HEADS: [&[u8]; 8] = [
    b"\xff\xd8\xff\xe1\x01\0Exif\0\0",
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0",
    b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10",
    b"II*\0\x0c\0\0\0\0\0\0\0\x05\0\x8c\xff\x04\0",
    b"",
];

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn arbitrary_bytes(head in 0..HEADS.len(), tail in prop::collection::vec(any::<u8>(), 0..600)) {
        let bytes = [HEADS[head], &tail].concat();
        check(&bytes, u64::try_from(bytes.len()).unwrap());
    }

    #[test]
    fn mutated_headers(
        which in 0_usize..8,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        claimed in prop_oneof![Just(None), any::<u64>().prop_map(Some), Just(Some(u64::MAX))],
    ) {
        let mut bytes = specimens().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            // Most of them near the front, where the structure is.
            bytes[at / 2] = byte;
        }
        bytes.truncate(cut.index(bytes.len() * 4));
        check(&bytes, claimed.unwrap_or(u64::try_from(bytes.len()).unwrap()));
    }

    #[test]
    fn arbitrary_descriptions(
        text in "<?(<OME|<Pixels|<Objective|<!--|[ -~\n]|SizeX='9'|&|>|/>|</OME>|\u{b5}){0,60}",
    ) {
        use super::build::{Dir, II};
        let with_root = format!("<OME>{text}");
        for text in [text, with_root] {
            let bytes = II.write(&[Dir::sized(9, 7).text(270, &text)]);
            let found = check(&bytes, u64::try_from(bytes.len()).unwrap());
            prop_assert_eq!(found.width, Some(9));
        }
    }

    #[test]
    fn arbitrary_aperio_fields(text in "(\\||=|MPP|AppMag|ScanScope ID|[ -~]|[0-9.eE+-]){0,60}") {
        use super::build::{BIG_MM, Dir};
        let bytes = BIG_MM.write(&[Dir::sized(9, 7).text(270, &format!("Aperio|{text}"))]);
        prop_assert_eq!(check(&bytes, u64::try_from(bytes.len()).unwrap()).kind, ImageKind::Svs);
    }
}
