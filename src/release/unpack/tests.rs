use std::io::{Cursor, Read, Write};
use std::path::PathBuf;

use ::tar::{Builder, EntryType, Header};
use ::zip::ZipWriter;
use ::zip::write::SimpleFileOptions;
use proptest::prelude::*;

use super::*;
use crate::release::{ArchiveFormat, archive_release};

const FEW: ArchiveLimits = ArchiveLimits {
    members: 8,
    bytes: 4_000,
};

/// A member of a tar archive, whatever it may be.
struct Member<'m> {
    entry_type: EntryType,
    name: &'m [u8],
    bytes: &'m [u8],
}

fn file<'m>(name: &'m str, bytes: &'m [u8]) -> Member<'m> {
    Member {
        entry_type: EntryType::Regular,
        name: name.as_bytes(),
        bytes,
    }
}

fn of_type(entry_type: EntryType) -> Member<'static> {
    Member {
        entry_type,
        ..file("c/odd", b"")
    }
}

/// Packs members as they are told, checking nothing.
fn tar_of(members: &[Member<'_>]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for member in members {
        let mut header = Header::new_gnu();
        header.set_entry_type(member.entry_type);
        header.set_size(member.bytes.len() as u64);
        header.set_mode(0o644);
        header.as_old_mut().name[..member.name.len()].copy_from_slice(member.name);
        if [EntryType::Symlink, EntryType::Link].contains(&member.entry_type) {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, member.bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn compressed(tar: &[u8]) -> Vec<u8> {
    zstd::encode_all(tar, 3).unwrap()
}

fn zip_of(members: &[(&str, &[u8])], mode: u32) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let options = SimpleFileOptions::default().unix_permissions(mode);
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Unpacks an archive below a new folder; tells what came out, or why not. Nothing may stand beside it afterwards.
fn unpacked(archive: &[u8], limits: ArchiveLimits) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let dir = tempfile::tempdir().unwrap();
    let (path, below) = (dir.path().join("archive"), dir.path().join("below"));
    std::fs::write(&path, archive).unwrap();
    std::fs::create_dir(&below).unwrap();
    let target = below.join("release");
    let mut staged = StagedFolder::create(&target).unwrap();
    let result = unpack(&path, Some(limits), &mut staged).unwrap();
    let found = result.map(|()| {
        staged.publish().unwrap();
        let folder = crate::files::folder::Folder::open(&target).unwrap();
        let entries = folder.list().unwrap().into_iter();
        entries
            .map(|entry| {
                let bytes = std::fs::read(target.join(&entry.name)).unwrap();
                (entry.name, bytes)
            })
            .collect()
    });
    let names = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    assert_eq!(names(dir.path()).len(), 2, "something was written outside");
    let beside = names(&below);
    let expected = if found.is_ok() { vec![target] } else { vec![] };
    assert_eq!(beside, expected, "what was refused leaves nothing");
    found
}

fn refused(archive: &[u8]) -> Refusal {
    unpacked(archive, FEW).expect_err("it should be refused")
}

fn refused_tar(members: &[Member<'_>]) -> Refusal {
    refused(&compressed(&tar_of(members)))
}

/// The archives of a small folder.
fn whole() -> Vec<(ArchiveFormat, Vec<u8>)> {
    let dir = tempfile::tempdir().unwrap();
    let release = dir.path().join("cells-1.0.0");
    let long = format!("data/{}/{}.json", "x".repeat(120), "y".repeat(120));
    for (name, bytes) in [("release.json", "{}"), (&long, "long"), ("data/ü.txt", "")] {
        let path = release.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    [ArchiveFormat::TarZst, ArchiveFormat::Zip]
        .map(|format| {
            let path = archive_release(&release, format).unwrap();
            (format, std::fs::read(path).unwrap())
        })
        .to_vec()
}

#[test]
fn what_we_pack_is_unpacked() {
    for (format, archive) in whole() {
        let found = unpacked(&archive, FEW).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert!(
            names[0].starts_with("data/xxx") && names[0].ends_with("yyy.json"),
            "{format:?}"
        );
        assert_eq!(&names[1..], ["data/ü.txt", "release.json"], "{format:?}");
        assert_eq!(found[0].1, b"long");
    }
}

#[test]
fn what_other_programs_pack_is_unpacked() {
    let pax = format!(
        "{}{}",
        pax_record("path", "c/data/from pax"),
        pax_record("size", "3")
    );
    let folder = |name| Member {
        entry_type: EntryType::Directory,
        ..file(name, b"")
    };
    let header = Member {
        entry_type: EntryType::XHeader,
        ..file("PaxHeaders/1", pax.as_bytes())
    };
    let members = [
        folder("c/"),
        folder("c/data/"),
        file("c/data/a", b"one"),
        header,
        file("short", b"two"),
    ];
    let found = unpacked(&compressed(&tar_of(&members)), FEW).unwrap();
    let expected = [("data/a", b"one"), ("data/from pax", b"two")].map(|(a, b)| (a.to_owned(), b.to_vec()));
    assert_eq!(found, expected);
}

fn pax_record(key: &str, value: &str) -> String {
    // The length counts itself.
    let rest = key.len() + value.len() + 3;
    let length = (rest..)
        .find(|length| rest + length.to_string().len() == *length)
        .unwrap();
    format!("{length} {key}={value}\n")
}

#[test]
fn r07_names_that_leave_the_folder_or_that_windows_takes_for_others_are_refused() {
    for (name, why) in [
        ("/etc/passwd", "absolute"),
        ("../out", "'.' or '..'"),
        ("c/../../out", "'.' or '..'"),
        ("c/./a", "'.' or '..'"),
        ("c//a", "empty part"),
        ("c\\..\\out", "backslash"),
        ("C:/out", "colon"),
        ("c/a:b", "colon"),
        ("c/CON", "device on Windows"),
        ("c/aux.txt", "device on Windows"),
        ("c/a.", "dot or a space"),
        ("c/a ", "dot or a space"),
        ("c/.git/hooks/post-checkout", "folder of a program"),
        ("c/.holotype/format", "folder of a program"),
        ("c/a\nb", "control character"),
        ("", "empty part"),
        ("alone", "stands in no folder"),
    ] {
        let refusal = refused_tar(&[file(name, b"x")]);
        assert!(refusal.why.contains(why), "{name}: {refusal:?}");
        assert_eq!(refusal.member, name.escape_debug().to_string());
        if !name.is_empty() && name.contains('/') {
            let refusal = refused(&zip_of(&[(name, b"x")], 0o644));
            assert!(refusal.why.contains(why), "{name} in a zip: {refusal:?}");
        }
    }
    let refusal = refused_tar(&[Member {
        name: b"c/\xFF",
        ..file("", b"x")
    }]);
    assert_eq!(refusal.why, "its name is not UTF-8");
    let refusal = refused_tar(&[file("c/a", b"x"), file("d/a", b"x")]);
    assert_eq!(refusal.member, "d/a");
    // A long name comes by another way, and is held to the same.
    for entry_type in [EntryType::GNULongName, EntryType::XHeader] {
        let pax = pax_record("path", "c/../../out");
        let bytes: &[u8] = if entry_type == EntryType::XHeader {
            pax.as_bytes()
        } else {
            b"c/../../out\0"
        };
        let long = Member {
            entry_type,
            ..file("x", bytes)
        };
        let refusal = refused_tar(&[long, file("c/fine", b"x")]);
        assert_eq!(refusal.member, "c/../../out", "{refusal:?}");
    }
}

#[test]
fn r07_links_devices_and_other_kinds_are_refused() {
    for (entry_type, what) in [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::GNUSparse, "a sparse file"),
        (EntryType::XGlobalHeader, "a header for all members"),
        (EntryType::Continuous, "of another kind"),
        (EntryType::new(b'V'), "of another kind"),
    ] {
        let refusal = refused_tar(&[file("c/a", b"x"), of_type(entry_type)]);
        assert_eq!(refusal.member, "c/odd", "{entry_type:?}");
        assert!(refusal.why.contains(what), "{entry_type:?}: {refusal:?}");
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("c/odd", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    let refusal = refused(&zip.finish().unwrap().into_inner());
    assert_eq!(refusal.member, "c/odd");
    assert!(refusal.why.contains("link"), "{refusal:?}");
}

#[test]
fn r07_two_members_of_one_name_are_refused_on_any_file_system() {
    for (one, two, why) in [
        ("c/a", "c/a", "two members of this name"),
        ("c/a", "c/A", "cannot be told from 'a'"),
        ("c/stra\u{DF}e", "c/STRASSE", "cannot be told from"),
        ("c/\u{E9}", "c/e\u{301}", "cannot be told from"),
        ("c/a", "c/a/b", "'a' is a file"),
        ("c/a/b", "c/a", "the folder of another member"),
        ("c/A", "c/a/b", "'A' is a file"),
    ] {
        let refusal = refused_tar(&[file(one, b"x"), file(two, b"y")]);
        assert!(refusal.why.contains(why), "{one}, {two}: {refusal:?}");
        assert_eq!(refusal.member, two.escape_debug().to_string());
        if one != two {
            let refusal = refused(&zip_of(&[(one, b"x"), (two, b"y")], 0o644));
            assert!(refusal.why.contains(why), "{one}, {two} in a zip: {refusal:?}");
        }
    }
    // Two members of one name in the list of a zip: the names are of one length, so that one is made the other.
    let mut zip = zip_of(&[("c/a", b"x"), ("c/b", b"y")], 0o644);
    for at in positions(&zip, b"c/b") {
        zip[at + 2] = b'a';
    }
    let refusal = refused(&zip);
    assert!(refusal.why.contains("two members"), "{refusal:?}");
}

fn positions(bytes: &[u8], part: &[u8]) -> Vec<usize> {
    (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(part))
        .collect()
}

#[test]
fn r07_sizes_that_are_stated_twice_must_agree() {
    let pax = pax_record("size", "1");
    let header = Member {
        entry_type: EntryType::XHeader,
        ..file("x", pax.as_bytes())
    };
    let refusal = refused_tar(&[header, file("c/a", b"more")]);
    assert_eq!(
        (refusal.member.as_str(), refusal.why.as_str()),
        ("c/a", "its size is stated twice, and differs")
    );
    for (key, value) in [
        ("size", "much"),
        ("linkpath", "/etc/passwd"),
        ("GNU.sparse.major", "1"),
    ] {
        let pax = pax_record(key, value);
        let header = Member {
            entry_type: EntryType::XHeader,
            ..file("x", pax.as_bytes())
        };
        assert!(
            refused_tar(&[header, file("c/a", b"")])
                .why
                .contains("its header states"),
            "{key}"
        );
    }
    // The two lists of a zip say different names.
    let mut zip = zip_of(&[("c/a", b"x")], 0o644);
    let first = positions(&zip, b"c/a")[0];
    zip[first + 2] = b'b';
    assert!(refused(&zip).why.contains("cannot be read"));
}

#[test]
fn r07_bombs_end_at_the_bounds() {
    let zeros = vec![0; 1 << 20];
    let bomb = compressed(&tar_of(&[file("c/a", b"x"), file("c/bomb", &zeros)]));
    assert!(bomb.len() < 1_000, "{} bytes that become a MiB", bomb.len());
    let refusal = refused(&bomb);
    assert_eq!(
        (refusal.member.as_str(), refusal.why.as_str()),
        ("bomb", "unpacked, the archive is longer than 4000 bytes")
    );
    let refusal = refused(&zip_of(&[("c/bomb", zeros.as_slice())], 0o644));
    assert!(refusal.why.contains("longer than 4000 bytes"), "{refusal:?}");
    let names: Vec<String> = (0..9).map(|number| format!("c/{number}")).collect();
    let many: Vec<Member<'_>> = names.iter().map(|name| file(name, b"")).collect();
    assert!(refused_tar(&many).why.contains("more than 8 members"));
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert!(refused(&zip_of(&many, 0o644)).why.contains("more than 8 members"));
    // A name of a MiB is not kept.
    let long = Member {
        entry_type: EntryType::GNULongName,
        ..file("x", &zeros)
    };
    assert!(
        refused_tar(&[long, file("c/a", b"")])
            .why
            .contains("longer than 65536 bytes")
    );
    assert_eq!(ArchiveLimits::for_length(1).bytes, 1 << 30);
    assert_eq!(ArchiveLimits::for_length(1 << 30).bytes, 100 << 30);
}

#[test]
fn r07_an_archive_that_ends_early_is_refused_wherever_it_ends() {
    for (format, archive) in whole() {
        for length in 0..archive.len() {
            assert!(
                unpacked(&archive[..length], FEW).is_err(),
                "{format:?} cut to {length} bytes"
            );
        }
    }
}

#[test]
fn r07_nothing_may_stand_behind_the_end() {
    let tar = tar_of(&[file("c/a", b"x")]);
    let more = tar_of(&[file("c/b", b"y")]);
    let behind_the_marker = compressed(&[tar.as_slice(), more.as_slice()].concat());
    assert!(
        refused(&behind_the_marker)
            .why
            .contains("behind the end of the tar archive")
    );
    let second_frame = [compressed(&tar), compressed(&more)].concat();
    assert!(
        refused(&second_frame)
            .why
            .contains("behind the end of the compressed stream")
    );
    for (format, archive) in whole() {
        for behind in [b"x".as_slice(), &[0; 30]] {
            let refusal = refused(&[archive.as_slice(), behind].concat());
            assert!(refusal.why.contains("behind"), "{format:?}: {refusal:?}");
        }
        assert!(
            refused(&[b"x", archive.as_slice()].concat())
                .why
                .contains("no tar.zst and no zip")
        );
    }
    // A member that the list of a zip does not name.
    let (hidden, shown) = (
        zip_of(&[("c/hidden", b"x")], 0o644),
        zip_of(&[("c/a", b"y")], 0o644),
    );
    let start = positions(&hidden, b"PK\x01\x02")[0];
    let mut both = hidden[..start].to_vec();
    let directory = positions(&shown, b"PK\x01\x02")[0];
    both.extend_from_slice(&shown);
    let moved = |bytes: &mut Vec<u8>, at: usize, by: usize| {
        let old = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let new = old + u32::try_from(by).unwrap();
        bytes[at..at + 4].copy_from_slice(&new.to_le_bytes());
    };
    moved(&mut both, start + directory + 42, start);
    let end = both.len() - 22;
    moved(&mut both, end + 16, start);
    let refusal = refused(&both);
    assert!(
        refusal.why.contains("missing from central directory") || refusal.why.contains("between its members"),
        "{refusal:?}"
    );
    // Zeros that fill a tar up to a record are part of it.
    let padded = [tar, vec![0; 10_240]].concat();
    assert_eq!(unpacked(&compressed(&padded), FEW).unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is done to an archive: it is unpacked or refused, and nothing is written beside.
    #[test]
    fn a_damaged_archive_writes_nothing_outside(
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..12),
        is_within in any::<bool>(),
    ) {
        for (format, mut archive) in whole() {
            if is_within && format == ArchiveFormat::TarZst {
                // Damage that Zstandard's checksum does not see.
                let mut tar = Vec::new();
                zstd::Decoder::new(archive.as_slice()).unwrap().read_to_end(&mut tar).unwrap();
                overwrite(&mut tar, at, &bytes);
                archive = compressed(&tar);
            } else {
                overwrite(&mut archive, at, &bytes);
            }
            let _ = unpacked(&archive, FEW);
        }
    }
}

fn overwrite(bytes: &mut [u8], at: prop::sample::Index, with: &[u8]) {
    let start = at.index(bytes.len());
    for (old, new) in bytes[start..].iter_mut().zip(with) {
        *old = *new;
    }
}
