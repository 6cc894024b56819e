//! Erasure: the bytes and names are nowhere any more, every hash still checks out, and what is gone reads "erased".

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const NAME: &str = "Dr. Zyxwvut Planted";
const AUTHOR: &str = "Qwertz Author <qwertz@planted.example>";
const BYTES: &[u8] = b"\x89PNG planted image bytes that must vanish 0123456789";

fn run(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(arguments)
        .current_dir(dir)
        .env("HOLOTYPE_AUTHOR", "Steward <steward@example.org>")
        .env("HOLOTYPE_NOW", "2026-11-23T10:00:00Z")
        .env_remove("HOLOTYPE_SEED")
        .output()
        .unwrap()
}

fn json(dir: &Path, arguments: &[&str]) -> Value {
    let output = run(dir, &[arguments, &["--json"]].concat());
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The content of a file; what is packed is unpacked, and a packing that this search cannot look into fails it.
fn unpacked(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return zstd::decode_all(&bytes[..]).unwrap();
    }
    let is_other = bytes.starts_with(&[0x1f, 0x8b]) || bytes.starts_with(b"PK\x03\x04");
    assert!(!is_other, "{} is packed", path.display());
    bytes
}

/// The files below the repository that hold these bytes.
fn holders(dir: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, needle));
        } else if unpacked(&path)
            .windows(needle.len())
            .any(|window| window == needle)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    json(dir.path(), &["init", "--name", "erase", "--author", AUTHOR]);
    fs::create_dir(dir.path().join("images")).unwrap();
    fs::write(dir.path().join("images/a.png"), BYTES).unwrap();
    fs::write(dir.path().join("images/b.png"), b"other bytes that stay").unwrap();
    json(dir.path(), &["add", "images"]);
    let line = format!(
        r#"{{"command":"annotate","image":"a.png","geometry":{{"type":"point","x":1,"y":2}},"label":"cell","annotator":"{NAME}"}}"#
    );
    fs::write(dir.path().join("commands.jsonl"), line).unwrap();
    json(dir.path(), &["record", "commands.jsonl", "--create"]);
    json(dir.path(), &["commit", "-m", "one point"]);
    fs::remove_file(dir.path().join("commands.jsonl")).unwrap();
    fs::remove_dir_all(dir.path().join("images")).unwrap();
    dir
}

#[test]
fn a_person_is_forgotten() {
    let dir = repository();
    let store = dir.path().join(".holotype");
    assert!(!holders(&store, NAME.as_bytes()).is_empty());
    let before = json(dir.path(), &["log"]);
    let refused = run(dir.path(), &["erase", NAME, "--reason", "asked for it"]);
    assert_eq!(refused.status.code(), Some(3), "it asks");
    json(dir.path(), &["erase", NAME, "--reason", "asked for it", "--yes"]);
    assert_eq!(holders(&store, NAME.as_bytes()), [""; 0]);
    let annotators = json(dir.path(), &["list", "annotators"]);
    assert_eq!(
        (&annotators["code"], &annotators["name"]),
        (&Value::from("human-1"), &Value::Null)
    );
    let after = json(dir.path(), &["log"]);
    assert_eq!(after["commits"][1], before["commits"][0], "what was is as it was");
    let verified = json(dir.path(), &["verify", "--replay"]);
    assert_eq!(verified["ok"], true, "{verified}");
}

#[test]
fn an_author_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join(".holotype");
    json(dir.path(), &["init", "--name", "erase", "--author", AUTHOR]);
    let set = Command::new(env!("CARGO_BIN_EXE_holotype"))
        .args(["set", "dataset", "licence=CC0"])
        .current_dir(dir.path())
        .env_remove("HOLOTYPE_AUTHOR")
        .status()
        .unwrap();
    assert!(set.success());
    json(dir.path(), &["commit", "-m", "licence"]);
    json(
        dir.path(),
        &["erase", "Qwertz Author", "--reason", "left", "--yes"],
    );
    assert_eq!(holders(&store, b"Qwertz"), [""; 0]);
    assert_eq!(holders(&store, b"planted.example"), [""; 0]);
    let events = run(dir.path(), &["log", "--events", "--json"]).stdout;
    assert!(
        String::from_utf8(events)
            .unwrap()
            .contains("erased on 2026-11-23")
    );
    assert_eq!(json(dir.path(), &["verify", "--replay"])["ok"], true);
}

#[test]
fn bytes_of_an_image_are_gone() {
    let dir = repository();
    let store = dir.path().join(".holotype");
    json(dir.path(), &["tag", "before", "-m", "x"]);
    let snapshot = json(dir.path(), &["show", "before"])["snapshot"].clone();
    assert_eq!(holders(&store, BYTES).len(), 1);
    json(
        dir.path(),
        &["erase", "a.png", "--reason", "consent withdrawn", "--yes"],
    );
    assert_eq!(holders(&store, BYTES), [""; 0]);
    assert_eq!(holders(&store, b"other bytes that stay").len(), 1);
    assert_eq!(json(dir.path(), &["show", "before"])["snapshot"], snapshot);
    assert_eq!(json(dir.path(), &["verify", "--replay"])["ok"], true);
    json(dir.path(), &["checkout", "HEAD", "copy"]);
    assert!(!dir.path().join("copy/a.png").exists());
    assert!(dir.path().join("copy/b.png").exists());
    let again = json(dir.path(), &["erase", "a.png", "--reason", "again", "--yes"]);
    assert_eq!(
        again["commit"],
        Value::Null,
        "the second time nothing is left to say"
    );
}

#[test]
fn nothing_is_erased_while_a_draft_waits_or_by_a_wrong_name() {
    let dir = repository();
    json(dir.path(), &["set", "dataset", "licence=CC0"]);
    assert_eq!(
        run(dir.path(), &["erase", "a.png", "--reason", "x", "--yes"])
            .status
            .code(),
        Some(3)
    );
    json(dir.path(), &["discard", "--yes"]);
    assert_eq!(
        run(dir.path(), &["erase", "nobody", "--reason", "x", "--yes"])
            .status
            .code(),
        Some(3)
    );
    assert_eq!(holders(&dir.path().join(".holotype"), BYTES).len(), 1);
}

const MAIL: &str = "zyxwvut@planted.example";
const CASE: &str = "S26/4711-planted";
const SOURCE_PATH: &str = "/home/zyxwvut-planted/scans/a.png";

/// A repository in which a person, a mail, a source path and a case number are planted, with all that is derived, a tag,
/// a release, a file that a dead process left, and bytes in quarantine.
fn planted() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    json(dir.path(), &["init", "--name", "erase", "--author", AUTHOR]);
    json(
        dir.path(),
        &[
            "set",
            "dataset",
            "title=Cells",
            "licence=MIT",
            "creators=Ngo, Binh",
        ],
    );
    write("images/a.png", b"an earlier version, planted as well");
    json(dir.path(), &["add", "images"]);
    json(dir.path(), &["commit", "-m", "an earlier version"]);
    write("images/a.png", BYTES);
    write("images/b.png", b"other bytes that stay");
    json(dir.path(), &["add", "images"]);
    write(
        "cases.csv",
        format!("image;case\na.png;{CASE}\nb.png;other\n").as_bytes(),
    );
    json(dir.path(), &["metadata", "cases.csv"]);
    let voc = format!(
        "<annotation><filename>a.png</filename><path>{SOURCE_PATH}</path><size><width>9</width><height>9</height>\
         <depth>3</depth></size><object><name>cell</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax>\
         <ymax>3</ymax></bndbox></object></annotation>"
    );
    write("a.xml", voc.as_bytes());
    json(
        dir.path(),
        &[
            "import",
            "a.xml",
            "--annotator",
            &format!("{NAME} <{MAIL}>=human"),
        ],
    );
    json(dir.path(), &["commit", "-m", "all of it"]);
    json(dir.path(), &["tag", "before", "-m", "x"]);
    json(dir.path(), &["release", "1.0.0", "--with-images", "--out", "out"]);
    json(dir.path(), &["index", "rebuild"]);
    write(".holotype/tmp/0000000000000001-0", &BYTES[..40]);
    write(
        &format!(".holotype/quarantine/blobs+{}", holotype::id::BlobId::of(BYTES)),
        &BYTES[..30],
    );
    dir
}

/// Erases; the certificate names what by ids alone.
fn check_certificate(dir: &Path, subject: &str, needles: &[&[u8]]) {
    let file = format!("certificate of {}.json", subject.len());
    let asked = [
        "erase",
        subject,
        "--reason",
        "asked for it",
        "--yes",
        "--certificate",
        &file,
    ];
    json(dir, &asked);
    let certificate = fs::read(dir.join(&file)).unwrap();
    let more = [&b"asked for it"[..], b"Steward", b"steward"];
    for needle in needles.iter().chain(&more) {
        assert!(!certificate.windows(needle.len()).any(|window| window == *needle));
    }
    let certificate: Value = serde_json::from_slice(&certificate).unwrap();
    assert_eq!(certificate["schema"], "holotype/erasure-certificate/1");
    assert!(certificate["commit"].is_string(), "{certificate}");
}

/// The whole promise: after it no byte below `.holotype` tells of them, and everything else stands.
#[test]
fn no_byte_of_what_was_erased_is_left_and_all_else_stands() {
    let dir = planted();
    let store = dir.path().join(".holotype");
    let needles: [&[u8]; 6] = [
        NAME.as_bytes(),
        MAIL.as_bytes(),
        SOURCE_PATH.as_bytes(),
        CASE.as_bytes(),
        &BYTES[..30],
        b"an earlier version, planted as well",
    ];
    for needle in needles {
        assert!(
            !holders(&store, needle).is_empty(),
            "{}",
            String::from_utf8_lossy(needle)
        );
    }
    let before = json(dir.path(), &["show", "before"]);
    let snapshot = before["snapshot"].clone();
    for subject in ["case-1", MAIL, SOURCE_PATH] {
        check_certificate(dir.path(), subject, &needles);
    }
    for needle in needles {
        assert_eq!(
            holders(&store, needle),
            [""; 0],
            "{}",
            String::from_utf8_lossy(needle)
        );
    }
    assert_eq!(json(dir.path(), &["show", "before"])["snapshot"], snapshot);
    assert_eq!(json(dir.path(), &["verify", "--replay"])["ok"], true);
    let old = json(dir.path(), &["checkout", "before", "old"]);
    assert_eq!(
        (&old["images"], &old["erased"]),
        (&Value::from(1), &Value::from(1))
    );
    let release = dir.path().join("out/erase-1.0.0");
    let first = run(dir.path(), &["verify", "--release", release.to_str().unwrap()]);
    assert_eq!(
        first.status.code(),
        Some(0),
        "the release before still checks out"
    );
}

#[test]
fn exports_and_new_releases_leave_an_erased_image_out() {
    let dir = planted();
    json(
        dir.path(),
        &["erase", "a.png", "--reason", "asked for it", "--yes"],
    );
    json(dir.path(), &["export", "--format", "coco", "--out", "all.json"]);
    let coco = fs::read_to_string(dir.path().join("all.json")).unwrap();
    assert!(coco.contains("b.png") && !coco.contains("a.png"), "{coco}");
    let new = json(dir.path(), &["release", "auto", "--with-images", "--out", "out"]);
    let folder = dir.path().join(new["path"].as_str().unwrap());
    assert_eq!(holders(&folder, &BYTES[..30]), [""; 0]);
    assert!(!holders(&folder, b"other bytes that stay").is_empty());
    let checked = run(dir.path(), &["verify", "--release", folder.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
}

/// Bytes that another image shows as well stay, and the command says so.
#[test]
fn bytes_that_another_image_shows_are_named() {
    let dir = repository();
    fs::create_dir(dir.path().join("twin")).unwrap();
    fs::write(dir.path().join("twin/c.png"), BYTES).unwrap();
    json(dir.path(), &["add", "twin"]);
    json(dir.path(), &["commit", "-m", "a twin"]);
    fs::remove_dir_all(dir.path().join("twin")).unwrap();
    let store = dir.path().join(".holotype");
    let told = json(dir.path(), &["erase", "a.png", "--reason", "x", "--yes"]);
    let blob = holotype::id::BlobId::of(BYTES).to_string();
    assert_eq!(
        (&told["blobs"], &told["shared_blobs"][0]),
        (&Value::from(Vec::<Value>::new()), &Value::from(blob))
    );
    assert_eq!(holders(&store, BYTES).len(), 1);
    let told = json(dir.path(), &["erase", "c.png", "--reason", "x", "--yes"]);
    assert_eq!(
        told["shared_blobs"], told["private"],
        "nothing shows them any more but what is erased: {told}"
    );
    assert_eq!(holders(&store, BYTES), [""; 0]);
    assert_eq!(json(dir.path(), &["verify"])["ok"], true);
}
