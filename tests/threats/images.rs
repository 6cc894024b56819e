//! I: images that no decoder likes, and images of many files that name others.

use std::fs;

use holotype::event::Command;
use holotype::model::{Facts, ImageFile};
use holotype::repo::{RepoError, Sealing};
use std::sync::Arc;

use holotype::id::BlobId;
use holotype::store::RealVfs;

use crate::bench::{AUTHOR, open, repository, verified};
use crate::lab::Lab;

/// A TIFF of one strip, from its entries `(tag, type, count, value)` and its pixels.
fn tiff(entries: &[(u16, u16, u32, u32)], pixels: &[u8]) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    let end = u32::try_from(8 + 2 + 12 * (entries.len() + 2) + 4).unwrap();
    let strip = [
        (273, 4, 1, end),
        (279, 4, 1, u32::try_from(pixels.len()).unwrap()),
    ];
    let mut all: Vec<_> = entries.iter().copied().chain(strip).collect();
    all.sort_unstable();
    bytes.extend(u16::try_from(all.len()).unwrap().to_le_bytes());
    for (tag, kind, count, value) in all {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(pixels);
    bytes
}

/// Floats that are no numbers, single bits, five channels and planes one after the other are stored as they are; the gate,
/// which decodes them, says nothing wrong and does not stop.
#[test]
fn i11_pixels_that_cannot_be_shown_are_stored_all_the_same() {
    let size = [(256, 4, 1, 8), (257, 4, 1, 8), (278, 4, 1, 8), (259, 3, 1, 1)];
    let with = |more: &[(u16, u16, u32, u32)], pixels: Vec<u8>| {
        tiff(&size.iter().chain(more).copied().collect::<Vec<_>>(), &pixels)
    };
    let floats: Vec<u8> = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0]
        .iter()
        .cycle()
        .take(64)
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let files = [
        (
            "float.tif",
            with(
                &[(258, 3, 1, 32), (262, 3, 1, 1), (277, 3, 1, 1), (339, 3, 1, 3)],
                floats,
            ),
        ),
        (
            "bits.tif",
            with(&[(258, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)], vec![0xa5; 8]),
        ),
        (
            "five.tif",
            with(&[(258, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 5)], vec![9; 320]),
        ),
        (
            "planar.tif",
            with(
                &[(258, 3, 1, 8), (262, 3, 1, 2), (277, 3, 1, 3), (284, 3, 1, 2)],
                vec![9; 192],
            ),
        ),
        (
            "short.tif",
            with(&[(258, 3, 1, 8), (262, 3, 1, 2), (277, 3, 1, 3)], vec![9; 5]),
        ),
    ];
    let lab = Lab::new();
    for (name, bytes) in &files {
        lab.write(&format!("odd/{name}"), bytes);
    }
    lab.ok(&["add", "odd"]);
    lab.commit("odd");
    let rows = lab.rows(&["list", "images"]);
    assert_eq!(rows.len(), files.len());
    for row in &rows {
        assert_eq!((&row["width"], &row["height"]), (&8.into(), &8.into()), "{row}");
    }
    let gate = lab.run(&["check", "--json"]);
    assert!(gate.status == 0 || gate.status == 1, "{}", gate.stderr);
    lab.ok(&["checkout", "HEAD", "copy"]);
    for (name, bytes) in &files {
        assert_eq!(&fs::read(lab.path().join("copy").join(name)).unwrap(), bytes);
    }
}

/// An image of many files, as Zarr is: keys that lead out of it are never written, and a chunk that is missing is told.
#[test]
fn i09_keys_of_an_image_of_many_files_stay_in_its_folder() {
    for name in [
        "../../out.png",
        "0/../../../out.png",
        "/tmp/out.png",
        "c/0/0",
        "0\\..\\out",
    ] {
        let lab = repository();
        let repo = open(Arc::new(RealVfs), lab.path()).unwrap();
        let author = repo.author(Some(AUTHOR)).unwrap();
        let context = repo.context(author);
        let bytes = BlobId::of(b"the bytes of the first image");
        let files = vec![
            ImageFile::new(".zattrs".to_owned(), bytes, 28),
            ImageFile::new(name.to_owned(), bytes, 28),
            ImageFile::new("c/1/0".to_owned(), BlobId::of(b"a chunk that is missing"), 23),
        ];
        let sealing = Sealing {
            author,
            message: "zarr".to_owned(),
        };
        let made = repo.commit_with(&sealing, |transaction, _| -> Result<(), RepoError> {
            let command = Command::IngestImage {
                name: "slide.zarr".to_owned(),
                files: files.clone(),
                facts: Facts::new(),
            };
            transaction.must(&context, command)?;
            Ok(())
        });
        let Ok(_) = made else { continue };
        let ran = lab.run(&["checkout", "HEAD", "copy/deep"]);
        assert!(
            ran.status == 3 || ran.status == 5 || ran.status == 6,
            "{name}: {ran:?}"
        );
        assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
        assert!(!lab.path().join("out.png").exists() && !lab.path().join("copy/out.png").exists());
        assert!(!lab.path().join("copy/deep").exists());
        let (status, found) = verified(&lab);
        let missing = BlobId::of(b"a chunk that is missing").to_string();
        assert_eq!(status, 1);
        assert!(
            found.iter().any(|(_, object)| object.ends_with(&missing)),
            "{found:?}"
        );
    }
}
