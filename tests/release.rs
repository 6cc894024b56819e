//! Releases by way of the library: the same bytes each time, checkable by anyone, nothing private inside.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

#[path = "dataset/mod.rs"]
mod dataset;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command as Process;

use dataset::{AUTHOR, Made, make, set_fact};
use holotype::export::{ExportError, parse_rule};
use holotype::files::folder::Folder;
use holotype::id::ReleaseId;
use holotype::model::FactValue;
use holotype::release::{
    CiteFormat, Images, ReleaseCheck, ReleaseError, ReleaseOptions, ReleaseRequest, ReleaseSummary,
    build_release, cite, datasheet, prepare_release, safe_name, tag_release, verify_release,
};
use holotype::time::Timestamp;
use tree::copy_tree;

fn request<'a>(made: &Made, version: &'a str, out_dir: &'a Path) -> ReleaseRequest<'a> {
    ReleaseRequest {
        version,
        commit: made.repo.head().unwrap().unwrap(),
        out_dir,
        options: ReleaseOptions {
            images: Images::Bytes,
            ..ReleaseOptions::default()
        },
    }
}

fn release(made: &Made, out_dir: &Path) -> ReleaseSummary {
    build_release(&made.repo, &request(made, "1.0", out_dir), made.author).unwrap()
}

fn bytes_of(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = Folder::open(dir).unwrap().list().unwrap();
    entries
        .into_iter()
        .map(|entry| (entry.name.clone(), fs::read(dir.join(&entry.name)).unwrap()))
        .collect()
}

fn found(check: &ReleaseCheck) -> Vec<(&str, &str)> {
    check
        .findings
        .iter()
        .map(|finding| (finding.code, finding.object.as_str()))
        .collect()
}

#[test]
fn the_same_commit_gives_the_same_bytes() {
    let (one, two) = (make(), make());
    let (out_one, out_two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (first, second) = (release(&one, out_one.path()), release(&two, out_two.path()));
    assert_eq!(first.path.file_name().unwrap(), "M-ller-s-cells-1.0");
    assert_eq!(first.id, second.id);
    let (files_one, files_two) = (bytes_of(&first.path), bytes_of(&second.path));
    assert_eq!(files_one, files_two);
    assert_eq!(first.id, ReleaseId::of(&files_one["release.json"]));
    for name in [
        "README.md",
        "datasheet.md",
        "CITATION.cff",
        "LICENSE",
        "data/images.csv",
        "data/images/a/1.png",
        "data/annotations/coco.json",
        "data/annotations/labels.json",
        "data/annotations/annotations.csv",
        "data/annotations/annotations.parquet",
        "data/annotations/geojson/a/1.png.geojson",
        "data/splits.csv",
        "data/history/read_repository.py",
        "data/history/refs/heads/main/0000000001",
    ] {
        assert!(files_one.contains_key(name), "{name}");
    }
    assert_eq!(files_one["data/images/a/1.png"], b"bytes of a/1.png");
    assert_eq!(
        fs::read_dir(out_one.path()).unwrap().count(),
        1,
        "nothing half-made is left"
    );
}

#[test]
fn a_whole_release_checks_out() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let summary = release(&made, out.path());
    let check = verify_release(&summary.path).unwrap();
    assert_eq!(check.findings, []);
    assert!(check.is_ok());
    assert_eq!(check.id, Some(summary.id));
    assert_eq!(check.files, summary.files);
    assert!(check.events > 10);
    assert_eq!(check.record.unwrap(), summary.record);
    for (program, manifest) in [
        ("sha256sum", "manifest-sha256.txt"),
        ("b3sum", "manifest-blake3.txt"),
    ] {
        let run = Process::new(program)
            .args(["-c", manifest])
            .current_dir(&summary.path)
            .output();
        if let Ok(output) = run {
            assert!(output.status.success(), "{program}: {output:?}");
        }
    }
}

#[test]
fn without_images_their_digests_are_released() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let mut request = request(&made, "1.0", out.path());
    request.options.images = Images::Digests;
    request.options.date = Some(Timestamp::parse("2027-02-03T00:00:00Z").unwrap());
    let version = made.repo.head_version().unwrap();
    let rule = parse_rule("adjudicated", &version).unwrap();
    request.options.rule = Some(&rule);
    let summary = build_release(&made.repo, &request, made.author).unwrap();
    assert!(!summary.path.join("images").exists());
    let table = fs::read_to_string(summary.path.join("data/images.csv")).unwrap();
    assert!(table.contains("\n'=evil.png,"), "{table}");
    assert!(table.contains(&made.blob("b.png").to_string()));
    assert_eq!(table.lines().count(), 5);
    let cff = fs::read_to_string(summary.path.join("CITATION.cff")).unwrap();
    assert!(cff.contains("date-released: \"2027-02-03\""), "{cff}");
    assert_eq!(verify_release(&summary.path).unwrap().findings, []);
    assert_eq!(summary.record.rule, rule);
}

#[test]
fn r01_r02_r08_what_is_wrong_is_named() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let summary = release(&made, out.path());
    let names: Vec<String> = bytes_of(&summary.path).into_keys().collect();
    let batch = names
        .iter()
        .find(|name| name.starts_with("data/history/objects/"))
        .unwrap();
    for (n, name) in names.iter().enumerate() {
        let dir = out.path().join(format!("flipped-{n}"));
        copy_tree(&summary.path, &dir);
        let mut bytes = fs::read(dir.join(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(dir.join(name), bytes).unwrap();
        let check = verify_release(&dir).unwrap();
        assert!(!check.is_ok() || check.id != Some(summary.id), "{name} flipped");
        if name != "release.json" {
            assert!(
                check.findings.iter().any(|finding| finding.object == *name),
                "{name}: {:?}",
                check.findings
            );
        }
        fs::remove_dir_all(&dir).unwrap();
    }
    let dir = out.path().join("copy");
    copy_tree(&summary.path, &dir);
    fs::remove_file(dir.join("data/images/b.png")).unwrap();
    assert_eq!(
        found(&verify_release(&dir).unwrap()),
        [("HT-R004", "data/images/b.png")]
    );
    fs::write(dir.join("data/images/c.png"), b"bytes of b.png").unwrap();
    assert_eq!(
        found(&verify_release(&dir).unwrap()),
        [("HT-R004", "data/images/b.png"), ("HT-R005", "data/images/c.png")]
    );
    fs::rename(dir.join("data/images/c.png"), dir.join("data/images/b.png")).unwrap();
    assert!(verify_release(&dir).unwrap().is_ok());
    std::os::unix::fs::symlink("/etc/passwd", dir.join("passwd")).unwrap();
    assert_eq!(found(&verify_release(&dir).unwrap()), [("HT-R007", "passwd")]);
    fs::remove_file(dir.join("passwd")).unwrap();
    fs::remove_file(dir.join(batch)).unwrap();
    let check = verify_release(&dir).unwrap();
    assert!(found(&check).contains(&("HT-R009", batch.as_str())), "{check:?}");
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    holotype::id::Digest::from_bytes(digest).to_string()
}

/// Rewrites manifests and release.json so that they fit the files, as a forger without the release's id would.
fn forge(dir: &Path, edit: impl Fn(&str, &str) -> String) {
    let mut names: Vec<String> = bytes_of(dir).into_keys().collect();
    let mut record: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("release.json")).unwrap()).unwrap();
    for (prefix, is_payload) in [("manifest", true), ("tagmanifest", false)] {
        names.retain(|name| !name.starts_with("tagmanifest") && name != "release.json");
        let listed: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| name.starts_with("data/") == is_payload)
            .collect();
        for (algorithm, hash) in [
            ("sha256", sha256 as fn(&[u8]) -> String),
            ("blake3", |bytes| holotype::id::Digest::of(bytes).to_string()),
        ] {
            let lines = listed
                .iter()
                .map(|name| format!("{}  {name}\n", hash(&fs::read(dir.join(name)).unwrap())));
            let name = format!("{prefix}-{algorithm}.txt");
            let text = edit(&name, &lines.collect::<String>());
            record[format!("{prefix}_{algorithm}")] = hash(text.as_bytes()).into();
            fs::write(dir.join(&name), text).unwrap();
        }
    }
    fs::write(
        dir.join("release.json"),
        holotype::codec::to_canonical(&record).unwrap(),
    )
    .unwrap();
}

#[test]
fn r03_hostile_manifests_are_refused() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let summary = release(&made, out.path());
    let line = format!("{}  ../../outside\n", "0".repeat(64));
    forge(&summary.path, |_, text| {
        format!("{text}{line}{}\n", text.lines().next().unwrap())
    });
    let check = verify_release(&summary.path).unwrap();
    let bad_lines = check.findings.iter().filter(|finding| finding.code == "HT-R003");
    assert!(bad_lines.count() >= 8, "{check:?}");
    assert!(!found(&check).iter().any(|(code, _)| *code == "HT-R002"));
    assert_ne!(check.id, Some(summary.id));
}

#[test]
fn r03_a_line_in_the_wrong_manifest_is_named() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let summary = release(&made, out.path());
    let line = |sum: usize| format!("{}  README.md\n", "0".repeat(sum));
    forge(&summary.path, |name, text| {
        if name.starts_with("tag") {
            text.to_owned()
        } else {
            format!("{text}{}", line(64))
        }
    });
    let check = verify_release(&summary.path).unwrap();
    assert_eq!(found(&check), [("HT-R003", "manifest-blake3.txt")], "{check:?}");
}

#[test]
fn a_consistent_forgery_is_found_by_the_history_and_by_the_digest() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let summary = release(&made, out.path());
    for name in [
        "data/annotations/coco.json",
        "data/annotations/annotations.csv",
        "data/annotations/annotations.parquet",
        "data/annotations/geojson/b.png.geojson",
        "data/annotations/labels.json",
        "data/images.csv",
        "data/splits.csv",
        "README.md",
        "datasheet.md",
        "CITATION.cff",
        "LICENSE",
        "bag-info.txt",
    ] {
        let dir = out.path().join("forged");
        copy_tree(&summary.path, &dir);
        let mut bytes = fs::read(dir.join(name)).unwrap();
        bytes.push(b'\n');
        fs::write(dir.join(name), bytes).unwrap();
        forge(&dir, |_, text| text.to_owned());
        let check = verify_release(&dir).unwrap();
        assert!(found(&check).contains(&("HT-R013", name)), "{name}: {check:?}");
        assert_ne!(check.id, Some(summary.id));
        fs::remove_dir_all(&dir).unwrap();
    }
    let dir = out.path().join("more");
    copy_tree(&summary.path, &dir);
    fs::write(dir.join("data/annotations/other.json"), "{}").unwrap();
    forge(&dir, |_, text| text.to_owned());
    let check = verify_release(&dir).unwrap();
    assert!(
        found(&check).contains(&("HT-R013", "data/annotations/other.json")),
        "{check:?}"
    );
}

#[test]
fn an_image_is_named_and_sourced() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let mut request = request(&made, "1.0", out.path());
    request.options.image_source = Some("https://example.org/{name}");
    let summary = build_release(&made.repo, &request, made.author).unwrap();
    let table = fs::read_to_string(summary.path.join("data/image-sources.csv")).unwrap();
    assert!(table.contains(",https://example.org/%3Devil.png\n"), "{table}");
    assert!(
        table.contains("declared.png,") && table.contains(",,,,https://example.org/declared.png\n"),
        "{table}"
    );
    assert_eq!(verify_release(&summary.path).unwrap().findings, []);
    made.ingest(&[("50%25.png", b"a name that BagIt decodes")]);
    let refused = build_release(&made.repo, &self::request(&made, "2.0", out.path()), made.author);
    assert!(
        matches!(refused, Err(ReleaseError::Ambiguous { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_release_that_hides_an_annotation_is_found_out() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let summary = release(&made, out.path());
    let path = summary.path.join("data/annotations/coco.json");
    let mut value: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    value["annotations"].as_array_mut().unwrap().pop();
    fs::write(&path, value.to_string()).unwrap();
    let check = verify_release(&summary.path).unwrap();
    assert!(found(&check).contains(&("HT-R006", "data/annotations/coco.json")));
    assert!(found(&check).contains(&("HT-R011", "data/annotations/coco.json")));
}

#[test]
fn private_names_are_nowhere() {
    let made = make();
    let private = made.private("Prof. Secret");
    set_fact(&made, "supervisor", FactValue::Private(private));
    let out = tempfile::tempdir().unwrap();
    let summary = release(&made, out.path());
    let host_path = made.dir.path().to_string_lossy().into_owned();
    for (name, bytes) in bytes_of(&summary.path) {
        for secret in [
            AUTHOR,
            "Erika",
            "Dr. Private Name",
            "Prof. Secret",
            host_path.as_str(),
        ] {
            let hit = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!hit, "{secret} in {name}");
        }
    }
}

#[test]
fn an_interrupted_release_is_completed_and_a_whole_one_is_done() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    // Stopped before the tag; a crash leaves a partial folder.
    drop(prepare_release(&made.repo, &request(&made, "1.0", out.path())).unwrap());
    let partial = out.path().join(".M-ller-s-cells-1.0.holotype-partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("release.json"), b"torn").unwrap();
    assert!(made.repo.store().read_tag("1.0").unwrap().is_none());
    // Stopped after the tag, before the name.
    let prepared = prepare_release(&made.repo, &request(&made, "1.0", out.path())).unwrap();
    let id = prepared.summary().id;
    tag_release(&made.repo, prepared.summary(), made.author).unwrap();
    drop(prepared);
    let summary = release(&made, out.path());
    assert_eq!((summary.id, summary.was_there), (id, false));
    // Later commits and tags change nothing.
    set_fact(&made, "title", FactValue::from("Other"));
    let mut again = request(&made, "1.0", out.path());
    again.commit = summary.record.commit;
    let same = build_release(&made.repo, &again, made.author).unwrap();
    assert_eq!((same.id, same.was_there), (id, true));
    // Another commit or other options under the same version are refused.
    let other = build_release(&made.repo, &request(&made, "1.0", out.path()), made.author);
    assert!(
        matches!(other, Err(ReleaseError::VersionTaken { .. })),
        "{other:?}"
    );
    let mut fewer = again;
    fewer.options.images = Images::Digests;
    let other = build_release(&made.repo, &fewer, made.author);
    assert!(
        matches!(other, Err(ReleaseError::VersionTaken { .. })),
        "{other:?}"
    );
    // The next release names the one before.
    let next = build_release(&made.repo, &request(&made, "1.1", out.path()), made.author).unwrap();
    let previous = next.record.previous.unwrap();
    assert_eq!((previous.version.as_str(), previous.release), ("1.0", id));
    assert_eq!(previous.commit, summary.record.commit);
    assert_eq!(verify_release(&next.path).unwrap().findings, []);
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("M-ller-s-cells-1.0");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("mine.txt"), b"mine").unwrap();
    let refused = build_release(&made.repo, &request(&made, "1.0", out.path()), made.author);
    assert!(
        matches!(refused, Err(ReleaseError::Differs { .. })),
        "{refused:?}"
    );
    assert!(
        made.repo.store().read_tag("1.0").unwrap().is_none(),
        "no tag without its release"
    );
    assert_eq!(bytes_of(&path).len(), 1);
    fs::remove_file(path.join("mine.txt")).unwrap();
    let summary = release(&made, out.path());
    fs::write(summary.path.join("data/images/b.png"), b"changed").unwrap();
    let refused = build_release(&made.repo, &request(&made, "1.0", out.path()), made.author);
    assert!(
        matches!(refused, Err(ReleaseError::Differs { .. })),
        "{refused:?}"
    );
}

#[test]
fn images_that_collide_elsewhere_are_refused() {
    let made = make();
    made.ingest(&[("B.PNG", b"other bytes")]);
    let out = tempfile::tempdir().unwrap();
    let refused = build_release(&made.repo, &request(&made, "1.0", out.path()), made.author);
    assert!(
        matches!(refused, Err(ReleaseError::Export(ExportError::Names { .. }))),
        "{refused:?}"
    );
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn the_datasheet_counts_and_asks() {
    let made = make();
    let version = made.repo.head_version().unwrap();
    let sheet = datasheet(&made.repo, &version, None).unwrap();
    for line in [
        "| images | 4 |",
        "| images declared without bytes | 1 |",
        "| annotations | 3 |",
        "| mitotic figure | 2 | 1 |",
        "| other | 1 | 1 |",
        "| CS2 | 3 | 3 |",
        "| canine \\| dog | 0 | 1 |",
        "| human-1 | human | 3 | 0 | 1 | 3 | 0 |",
        "| human-3 | human | 1 | 0 | 1 | 1 | 0 |",
        "| manual | 7 |",
        "# Datasheet: Cells \\| \\<b\\>of\\</b\\> dogs",
        "* Who approved the use of the material, and on which consent?",
        "* 3 images: which species?",
        "licence: “CC-BY-4.0”",
    ] {
        assert!(sheet.contains(line), "{line} in\n{sheet}");
    }
    assert!(!sheet.contains("* Under which licence"));
    assert!(sheet.contains("\n52 questions: "), "{sheet}");
    assert!(matches!(
        datasheet(&made.repo, &made.repo.empty_version(), None),
        Err(ReleaseError::NoCommit)
    ));
}

#[test]
fn a_citation_pins_the_release() {
    let made = make();
    let out = tempfile::tempdir().unwrap();
    let summary = release(&made, out.path());
    let text = cite(&made.repo, "1.0", CiteFormat::Text).unwrap();
    assert!(text.starts_with("Neuner, Anna; Ngo, Binh (2026). "), "{text}");
    assert!(
        text.contains(&format!("Müller's cells@v1.0#{}", summary.id)),
        "{text}"
    );
    assert!(text.contains(&summary.record.commit.to_string()));
    assert!(text.contains(&summary.record.snapshot.to_string()));
    let head = cite(&made.repo, "HEAD", CiteFormat::Text).unwrap();
    assert!(
        head.contains(&format!("Müller's cells#{}", summary.record.snapshot)),
        "{head}"
    );
    for word in CiteFormat::WORDS {
        let format = CiteFormat::parse(word).unwrap();
        let text = cite(&made.repo, "1.0", format).unwrap();
        assert!(
            text.contains(&summary.record.commit.to_string()),
            "{word}: {text}"
        );
    }
    assert!(cite(&made.repo, "2.0", CiteFormat::Text).is_err());
}

#[test]
fn names_become_safe() {
    assert_eq!(safe_name("MIDOG++"), "MIDOG");
    assert_eq!(safe_name("../../etc"), "etc");
    assert_eq!(safe_name("细胞"), "dataset");
    assert_eq!(safe_name("a b/c"), "a-b-c");
}
