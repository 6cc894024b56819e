//! What a stranger can hold a release to: its signature, its digest, its number, and that it comes out again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

#[path = "dataset/mod.rs"]
mod dataset;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::Arc;

use dataset::{Made, code, make, set_fact, surroundings};
use holotype::codec::to_canonical;
use holotype::event::Command;
use holotype::files::folder::Folder;
use holotype::id::Digest;
use holotype::model::FactValue;
use holotype::release::{
    ArchiveFormat, CheckOptions, Images, ReleaseCheck, ReleaseError, ReleaseOptions, ReleaseRequest,
    ReleaseSummary, SigningKey, VerifyingKey, VersionStep, archive_release, build_release, next_version,
    verify_release, verify_release_with, version_step,
};
use holotype::repo::Repo;
use holotype::store::RealVfs;
use ssh_key::private::Ed25519Keypair;

fn key(seed: u8) -> SigningKey {
    let key = ssh_key::PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
    SigningKey::parse(&key.to_openssh(ssh_key::LineEnding::LF).unwrap()).unwrap()
}

fn release_with(
    made: &Made,
    version: &str,
    out: &Path,
    options: ReleaseOptions<'_>,
) -> Result<ReleaseSummary, ReleaseError> {
    let request = ReleaseRequest {
        version,
        commit: made.repo.head().unwrap().unwrap(),
        out_dir: out,
        options: ReleaseOptions {
            images: Images::Bytes,
            ..options
        },
    };
    build_release(&made.repo, &request, made.author)
}

fn signed(made: &Made, version: &str, out: &Path, key: &SigningKey) -> ReleaseSummary {
    let options = ReleaseOptions {
        signer: Some(key),
        ..ReleaseOptions::default()
    };
    release_with(made, version, out, options).unwrap()
}

fn bytes_of(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), fs::read(dir.join(&name)).unwrap());
    let entries = Folder::open(dir).unwrap().list().unwrap();
    entries.into_iter().map(|entry| read(entry.name)).collect()
}

fn write_all(dir: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

fn has(check: &ReleaseCheck, code: &str, object: &str) -> bool {
    check
        .findings
        .iter()
        .any(|finding| (finding.code, finding.object.as_str()) == (code, object))
}

/// Two signed releases, one after the other, whose dataset names the key.
fn two_releases(out: &Path) -> (Made, ReleaseSummary, ReleaseSummary) {
    let made = make();
    set_fact(
        &made,
        "release_key",
        FactValue::from(key(1).public().line().as_str()),
    );
    let first = signed(&made, "1.0.0", out, &key(1));
    made.ingest(&[("c.png", b"bytes of c.png")]);
    let second = signed(&made, "1.1.0", out, &key(1));
    (made, first, second)
}

/// Writes a folder of `files`, checks it, and removes it.
fn check_files(out: &Path, files: &BTreeMap<String, Vec<u8>>, options: &CheckOptions<'_>) -> ReleaseCheck {
    let dir = out.join("damaged");
    write_all(&dir, files);
    let check = verify_release_with(&dir, options).unwrap();
    fs::remove_dir_all(&dir).unwrap();
    check
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    Digest::from_bytes(digest).to_string()
}

/// Makes manifests and `release.json` fit the files.
fn forge(files: &mut BTreeMap<String, Vec<u8>>) {
    let mut record: serde_json::Value = serde_json::from_slice(&files["release.json"]).unwrap();
    let own = ["release.json", "release.json.sig"];
    for (prefix, is_payload) in [("manifest", true), ("tagmanifest", false)] {
        let listed: Vec<(String, Vec<u8>)> = files
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()) && !name.starts_with("tagmanifest"))
            .filter(|(name, _)| name.starts_with("data/") == is_payload)
            .map(|(name, bytes)| (name.clone(), bytes.clone()))
            .collect();
        for (algorithm, hash) in [
            ("sha256", sha256 as fn(&[u8]) -> String),
            ("blake3", |bytes| Digest::of(bytes).to_string()),
        ] {
            let lines = listed
                .iter()
                .map(|(name, bytes)| format!("{}  {name}\n", hash(bytes)));
            let text: String = lines.collect();
            record[format!("{prefix}_{algorithm}")] = hash(text.as_bytes()).into();
            files.insert(format!("{prefix}-{algorithm}.txt"), text.into_bytes());
        }
    }
    files.insert("release.json".to_owned(), to_canonical(&record).unwrap());
}

#[test]
fn a_signed_release_names_its_signer() {
    let out = tempfile::tempdir().unwrap();
    let (_, first, second) = two_releases(out.path());
    for summary in [&first, &second] {
        let keys = [key(1).public()];
        let options = CheckOptions {
            signers: Some(&keys),
            cited: Some(summary.id),
            ..CheckOptions::default()
        };
        let check = verify_release_with(&summary.path, &options).unwrap();
        assert_eq!(check.findings, []);
        assert_eq!(check.signer, Some(key(1).public().fingerprint()));
    }
    assert_eq!(second.record.step.as_deref(), Some("MINOR"));
    let changelog = fs::read_to_string(second.path.join("CHANGELOG.md")).unwrap();
    assert!(
        changelog.contains(&format!("Since 1.0.0, release `{}`: MINOR.", first.id)),
        "{changelog}"
    );
    assert!(changelog.contains("| images | 1 | 0 | 0 |"), "{changelog}");
}

#[test]
fn ssh_keygen_accepts_the_signature() {
    if Process::new("ssh-keygen").arg("-?").output().is_err() {
        assert!(
            std::env::var_os("HOLOTYPE_REQUIRE_TOOLS").is_none(),
            "ssh-keygen is missing"
        );
        return;
    }
    let out = tempfile::tempdir().unwrap();
    let (_, first, second) = two_releases(out.path());
    let signers = out.path().join("signers");
    fs::write(&signers, format!("makers {}\n", key(1).public().line())).unwrap();
    let verify = |record: &Path, signature: &Path| {
        let run = Process::new("ssh-keygen")
            .args(["-Y", "verify", "-n", "holotype-release", "-I", "makers", "-f"])
            .arg(&signers)
            .arg("-s")
            .arg(signature)
            .stdin(Stdio::from(fs::File::open(record).unwrap()))
            .output()
            .unwrap();
        run.status.success()
    };
    let file = |summary: &ReleaseSummary, name: &str| summary.path.join(name);
    assert!(verify(
        &file(&first, "release.json"),
        &file(&first, "release.json.sig")
    ));
    assert!(!verify(
        &file(&first, "release.json"),
        &file(&second, "release.json.sig")
    ));
}

#[test]
fn r01_r02_what_is_missing_added_or_renamed_is_named() {
    let out = tempfile::tempdir().unwrap();
    let (_, _, second) = two_releases(out.path());
    let files = bytes_of(&second.path);
    for name in files.keys() {
        let mut fewer = files.clone();
        let bytes = fewer.remove(name).unwrap();
        let check = check_files(out.path(), &fewer, &CheckOptions::default());
        assert!(!check.is_ok(), "{name} removed");
        assert!(
            check.findings.iter().any(|finding| finding.object == *name),
            "{name} removed: {:?}",
            check.findings
        );
        // The same bytes under another name.
        let other = format!("{name}.renamed");
        fewer.insert(other.clone(), bytes);
        let check = check_files(out.path(), &fewer, &CheckOptions::default());
        assert!(
            has(&check, "HT-R005", &other),
            "{name} renamed: {:?}",
            check.findings
        );
    }
}

#[test]
fn r05_parts_of_two_releases_do_not_mix() {
    let out = tempfile::tempdir().unwrap();
    let (_, first, second) = two_releases(out.path());
    let (old, new) = (bytes_of(&first.path), bytes_of(&second.path));
    let mut swapped = 0;
    for (name, bytes) in &old {
        if new.get(name).is_none_or(|now| now == bytes) {
            continue;
        }
        swapped += 1;
        let mut mixed = new.clone();
        mixed.insert(name.clone(), bytes.clone());
        let check = check_files(out.path(), &mixed, &CheckOptions::default());
        assert!(!check.is_ok(), "{name} swapped");
        let about = if name == "release.json" {
            "release.json.sig"
        } else {
            name
        };
        assert!(
            check.findings.iter().any(|finding| finding.object == about),
            "{name} swapped: {:?}",
            check.findings
        );
    }
    assert!(swapped > 15, "{swapped}");
    // The release before, served as this one, is whole: what was cited tells.
    let options = CheckOptions {
        cited: Some(second.id),
        ..CheckOptions::default()
    };
    let check = check_files(out.path(), &old, &options);
    assert!(has(&check, "HT-R015", "release.json"), "{:?}", check.findings);
}

#[test]
fn r06_a_key_that_comes_with_the_data_is_not_believed() {
    let out = tempfile::tempdir().unwrap();
    let (_, first, second) = two_releases(out.path());
    let files = bytes_of(&second.path);
    let resigned = |seed: u8| {
        let mut files = files.clone();
        let signature = key(seed).sign(&files["release.json"]).unwrap();
        files.insert("release.json.sig".to_owned(), signature.into_bytes());
        files
    };
    let check = check_files(out.path(), &resigned(2), &CheckOptions::default());
    assert!(has(&check, "HT-R014", "release.json.sig"), "{:?}", check.findings);
    let keys: [VerifyingKey; 1] = [key(2).public()];
    let options = CheckOptions {
        signers: Some(&keys),
        ..CheckOptions::default()
    };
    let check = check_files(out.path(), &files, &options);
    assert!(has(&check, "HT-R014", "release.json.sig"), "{:?}", check.findings);
    // The signature of another release, and none at all.
    let mut other = files.clone();
    other.insert(
        "release.json.sig".to_owned(),
        fs::read(first.path.join("release.json.sig")).unwrap(),
    );
    assert!(has(
        &check_files(out.path(), &other, &CheckOptions::default()),
        "HT-R014",
        "release.json.sig"
    ));
    other.remove("release.json.sig");
    assert!(has(
        &check_files(out.path(), &other, &CheckOptions::default()),
        "HT-R014",
        "release.json.sig"
    ));
}

#[test]
fn a_forgery_of_everything_is_found_by_the_signature_or_by_the_digest() {
    let out = tempfile::tempdir().unwrap();
    let (_, _, second) = two_releases(out.path());
    let mut files = bytes_of(&second.path);
    let image = files.get_mut("data/images/b.png").unwrap();
    image[0] ^= 1;
    forge(&mut files);
    let check = check_files(out.path(), &files, &CheckOptions::default());
    assert!(has(&check, "HT-R014", "release.json.sig"), "{:?}", check.findings);
    assert!(
        has(&check, "HT-R012", "data/images/b.png"),
        "{:?}",
        check.findings
    );
    // Without keys and signature the digest is what tells.
    let made = make();
    let unsigned = release_with(
        &made,
        "1.0.0",
        &out.path().join("unsigned"),
        ReleaseOptions::default(),
    )
    .unwrap();
    let mut files = bytes_of(&unsigned.path);
    files.insert(
        "data/history/read_repository.py".to_owned(),
        b"print('all agrees')\n".to_vec(),
    );
    forge(&mut files);
    let options = CheckOptions {
        cited: Some(unsigned.id),
        ..CheckOptions::default()
    };
    let check = check_files(out.path(), &files, &options);
    assert!(has(&check, "HT-R015", "release.json"), "{:?}", check.findings);
}

#[test]
fn r03_r08_names_that_collide_on_another_system_are_refused() {
    let out = tempfile::tempdir().unwrap();
    let made = make();
    let summary = release_with(&made, "1.0.0", out.path(), ReleaseOptions::default()).unwrap();
    let mut files = bytes_of(&summary.path);
    files.insert("data/images/B.PNG".to_owned(), b"other".to_vec());
    forge(&mut files);
    let check = check_files(out.path(), &files, &CheckOptions::default());
    for manifest in ["manifest-blake3.txt", "manifest-sha256.txt"] {
        assert!(has(&check, "HT-R003", manifest), "{:?}", check.findings);
    }
}

#[test]
fn r04_an_endless_manifest_is_not_read() {
    let out = tempfile::tempdir().unwrap();
    let made = make();
    let summary = release_with(&made, "1.0.0", out.path(), ReleaseOptions::default()).unwrap();
    for name in ["manifest-sha256.txt", "release.json"] {
        let path = summary.path.join(name);
        let bytes = fs::read(&path).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        // A sparse file: nothing is written.
        file.set_len(10 << 30).unwrap();
        drop(file);
        let check = verify_release(&summary.path).unwrap();
        assert!(
            has(
                &check,
                if name == "release.json" {
                    "HT-R001"
                } else {
                    "HT-R002"
                },
                name
            ),
            "{name}: {:?}",
            check.findings
        );
        fs::write(&path, bytes).unwrap();
    }
    assert!(verify_release(&summary.path).unwrap().is_ok());
}

/// A copy of a repository in another place.
fn copy_of(made: &Made, dir: &Path) -> Repo {
    write_all(dir, &bytes_of(made.dir.path()));
    Repo::open(Arc::new(RealVfs), dir, surroundings()).unwrap()
}

#[test]
fn two_machines_and_two_thread_counts_give_the_same_archive() {
    let made = make();
    let places = [
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    ];
    let copied = copy_of(&made, places[2].path());
    let mut archives: Vec<Vec<PathBuf>> = Vec::new();
    for (threads, place, repo) in [(1, &places[0], &made.repo), (4, &places[1], &copied)] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let summary = pool.install(|| {
            let request = ReleaseRequest {
                version: "1.0.0",
                commit: repo.head().unwrap().unwrap(),
                out_dir: place.path(),
                options: ReleaseOptions {
                    images: Images::Bytes,
                    signer: Some(&key(1)),
                    ..ReleaseOptions::default()
                },
            };
            build_release(repo, &request, made.author).unwrap()
        });
        let packed = [ArchiveFormat::TarZst, ArchiveFormat::Zip]
            .map(|format| archive_release(&summary.path, format).unwrap());
        archives.push(packed.to_vec());
    }
    for (one, two) in archives[0].iter().zip(&archives[1]) {
        assert_eq!(one.file_name(), two.file_name());
        assert!(
            fs::read(one).unwrap() == fs::read(two).unwrap(),
            "{}",
            one.display()
        );
    }
}

#[test]
fn a_number_says_what_changed() {
    let out = tempfile::tempdir().unwrap();
    let made = make();
    let release = |version: &str, forced: Option<&str>| {
        let options = ReleaseOptions {
            forced,
            ..ReleaseOptions::default()
        };
        release_with(&made, version, out.path(), options)
    };
    let next =
        || next_version(&made.repo, made.repo.head().unwrap().unwrap()).map(|number| number.to_string());
    assert_eq!(next().unwrap(), "1.0.0");
    release("1.0.0", None).unwrap();
    for nothing in [release("1.0.1", None).map(|_| ()), next().map(|_| ())] {
        assert!(
            matches!(nothing, Err(ReleaseError::NothingNew { .. })),
            "{nothing:?}"
        );
    }
    // What is said of it: PATCH.
    set_fact(&made, "licence", FactValue::from("CC0-1.0"));
    assert_eq!(next().unwrap(), "1.0.1");
    let patch = release("1.0.1", None).unwrap();
    let changelog = fs::read_to_string(patch.path.join("CHANGELOG.md")).unwrap();
    assert!(
        changelog.contains("* licence: “CC-BY-4.0” → “CC0-1.0”"),
        "{changelog}"
    );
    // More: MINOR.
    made.ingest(&[("d.png", b"bytes of d.png")]);
    assert_eq!(next().unwrap(), "1.1.0");
    let understated = release("1.0.2", None);
    assert!(
        matches!(&understated, Err(ReleaseError::Understated { step: VersionStep::Minor, expected, .. }) if expected == "1.1.0"),
        "{understated:?}"
    );
    release("1.1.0", None).unwrap();
    // One label flipped: MAJOR, and a number that says less is taken only with a reason, which is kept.
    made.run_as(&code("human-1"), |made| {
        vec![Command::Relabel {
            annotation: made.annotation("11"),
            label: Some(made.label("other")),
        }]
    });
    assert_eq!(next().unwrap(), "2.0.0");
    assert!(matches!(
        release("1.2.0", None),
        Err(ReleaseError::Understated { .. })
    ));
    let forced = release("1.2.0", Some("a typing error, told by mail")).unwrap();
    assert_eq!(
        forced.record.forced.as_deref(),
        Some("a typing error, told by mail")
    );
    assert_eq!(forced.record.step.as_deref(), Some("MAJOR"));
    let changelog = fs::read_to_string(forced.path.join("CHANGELOG.md")).unwrap();
    assert!(
        changelog.contains("“a typing error, told by mail”"),
        "{changelog}"
    );
    assert!(
        changelog.contains("| other | 0 | 0 | 1 | 0 | 0 | 0 |"),
        "{changelog}"
    );
    assert_eq!(verify_release(&forced.path).unwrap().findings, []);
}

#[test]
fn nothing_changed_is_no_step() {
    let made = make();
    let head = made.repo.head_version().unwrap();
    assert_eq!(version_step(&head.compare(&head).unwrap()), None);
}

#[test]
fn another_key_than_the_dataset_names_does_not_sign() {
    let out = tempfile::tempdir().unwrap();
    let made = make();
    set_fact(
        &made,
        "release_key",
        FactValue::from(key(1).public().line().as_str()),
    );
    let options = ReleaseOptions {
        signer: Some(&key(2)),
        ..ReleaseOptions::default()
    };
    let refused = release_with(&made, "1.0.0", out.path(), options);
    assert!(
        matches!(refused, Err(ReleaseError::WrongKey { .. })),
        "{refused:?}"
    );
    assert!(made.repo.store().read_tag("1.0.0").unwrap().is_none());
    // Rotation is an event: from the next version on the other key signs.
    set_fact(
        &made,
        "release_key",
        FactValue::from(key(2).public().line().as_str()),
    );
    let summary = release_with(&made, "1.0.0", out.path(), options).unwrap();
    assert_eq!(verify_release(&summary.path).unwrap().findings, []);
}

#[test]
fn manifests_that_are_edited_together_are_found_by_the_record() {
    let out = tempfile::tempdir().unwrap();
    let (_, _, second) = two_releases(out.path());
    let whole = bytes_of(&second.path);
    // A file and its lines in both manifests, and what lists these: all but the record.
    let mut files = whole.clone();
    files.get_mut("data/images/b.png").unwrap()[0] ^= 1;
    forge(&mut files);
    files.insert("release.json".to_owned(), whole["release.json"].clone());
    let check = check_files(out.path(), &files, &CheckOptions::default());
    for name in [
        "manifest-blake3.txt",
        "manifest-sha256.txt",
        "tagmanifest-sha256.txt",
    ] {
        assert!(has(&check, "HT-R002", name), "{name}: {:?}", check.findings);
    }
    // A line taken out of one of the two.
    let mut files = whole.clone();
    let manifest = String::from_utf8(files["manifest-sha256.txt"].clone()).unwrap();
    let fewer: String = manifest
        .lines()
        .filter(|line| !line.ends_with("/b.png"))
        .map(|line| format!("{line}\n"))
        .collect();
    files.insert("manifest-sha256.txt".to_owned(), fewer.into_bytes());
    let check = check_files(out.path(), &files, &CheckOptions::default());
    assert!(
        has(&check, "HT-R008", "data/images/b.png"),
        "{:?}",
        check.findings
    );
    // The record says another snapshot than the history gives.
    let mut files = whole;
    let mut record: serde_json::Value = serde_json::from_slice(&files["release.json"]).unwrap();
    record["snapshot"] = record["root"].clone();
    files.insert("release.json".to_owned(), to_canonical(&record).unwrap());
    forge(&mut files);
    let check = check_files(out.path(), &files, &CheckOptions::default());
    assert!(has(&check, "HT-R010", "release.json"), "{:?}", check.findings);
}

#[test]
fn a_changed_log_whose_manifests_fit_is_found_by_its_own_hashes() {
    let out = tempfile::tempdir().unwrap();
    let whole = bytes_of(&two_releases(out.path()).2.path);
    let is_log = |name: &&String| name.contains("/history/objects/") || name.contains("/refs/heads/");
    assert!(whole.keys().filter(is_log).count() >= 6);
    for name in whole.keys().filter(is_log) {
        let mut text = String::from_utf8(whole[name].clone()).unwrap();
        let marks = ["message", "nonce", "recorded_at"].map(|member| format!("\"{member}\":\""));
        let mark = marks.iter().find(|mark| text.contains(mark.as_str())).unwrap();
        let at = text.find(mark).unwrap() + mark.len();
        text.replace_range(at..=at, if text[at..].starts_with('5') { "6" } else { "5" });
        let mut files = whole.clone();
        files.insert(name.clone(), text.into_bytes());
        forge(&mut files);
        let check = check_files(out.path(), &files, &CheckOptions::default());
        assert!(has(&check, "HT-R009", name), "{name}: {:?}", check.findings);
    }
}
