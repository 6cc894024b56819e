//! What happens to a release after it was built: images are erased, it is killed half-way, it comes as an archive.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::lab::{Lab, uncounted};
use super::tree::source_below;
use super::{release, text, with_cells};

#[test]
fn after_an_erasure_a_release_is_identical_except_what_was_erased() {
    let lab = with_cells();
    let other = lab.write("in/b.png", "bytes of b.png");
    lab.ok(&["add", &other]);
    lab.ok(&["commit", "-m", "another image"]);
    let told = release(&lab, &["1.0.0", "--with-images"]);
    let path = PathBuf::from(told["path"].as_str().unwrap());
    let check = |status: i32| {
        let ran = lab.run(&["release", "--check", text(&path), "--json"]);
        assert_eq!(ran.status, status, "{ran:?}");
        ran.json()
    };
    // A person stands in no release: nothing of it is gone with the name.
    lab.ok(&["erase", "Ada Example", "--reason", "asked for it", "--yes"]);
    let same = check(0);
    assert_eq!(
        (&same["identical"], &same["erased"]),
        (&true.into(), &Value::Array(Vec::new()))
    );
    lab.ok(&["erase", "a.png", "--reason", "consent withdrawn", "--yes"]);
    let erased = check(0);
    assert_eq!(erased["identical"], true, "{erased}");
    assert_eq!(erased["erased"], serde_json::json!(["data/images/a.png"]));
    assert_eq!(erased["release"], told["release"], "all else gives the same id");
    let said = lab.ok(&["release", "--check", text(&path)]).stdout;
    assert!(
        said.ends_with("identical except erased: data/images/a.png\n"),
        "{said}"
    );
    // Erased here as well: the rest is still compared.
    let image = path.join("data/images/a.png");
    std::fs::remove_file(&image).unwrap();
    assert_eq!(check(0)["erased"], serde_json::json!(["data/images/a.png"]));
    // What the log still names is told from other bytes, and other damage from an erasure.
    std::fs::write(&image, "other of a.png").unwrap();
    std::fs::remove_file(path.join("data/images/b.png")).unwrap();
    let found = check(1);
    let objects: Vec<&Value> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["object"])
        .collect();
    assert_eq!(objects, ["data/images/a.png", "data/images/b.png"]);
    assert_eq!(
        std::fs::read_dir(lab.path().join("out")).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

/// Runs a release that may write no file longer than this many blocks of 512 bytes, whatever it is doing then.
fn release_within(lab: &Lab, blocks: u32, out: &Path) -> std::process::Output {
    uncounted(&mut std::process::Command::new("sh"))
        .args(["-c", "ulimit -f \"$1\" && shift && exec \"$@\"", "sh"])
        .arg(blocks.to_string())
        .arg(env!("CARGO_BIN_EXE_holotype"))
        .args(["release", "1.0.0", "--with-images", "--out", text(out)])
        .current_dir(lab.path())
        .env("HOLOTYPE_AUTHOR", "Ada Example <ada@example.org>")
        .env("HOLOTYPE_NOW", "2026-01-02T00:01:00Z")
        .output()
        .unwrap()
}

#[test]
fn a_release_that_is_killed_in_the_middle_leaves_no_target() {
    let lab = with_cells();
    let image = lab.write("in/large.png", vec![7; 40_000]);
    lab.ok(&["add", &image]);
    lab.ok(&["commit", "-m", "a large image"]);
    let out = lab.path().join("out");
    // The kernel ends it by a signal within the first file that is longer: a list, the datasheet, an image.
    let mut killed = 0;
    for blocks in [1, 4, 12, 40, 70] {
        let ran = release_within(&lab, blocks, &out);
        assert!(!ran.status.success(), "{blocks} blocks: {ran:?}");
        killed += u32::from(ran.status.code().is_none());
        let left: Vec<String> = std::fs::read_dir(&out)
            .map(|entries| {
                entries
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                    .collect()
            })
            .unwrap_or_default();
        assert!(
            left.is_empty() || left == [".test-1.0.0.holotype-partial"],
            "{blocks} blocks left {left:?}"
        );
        assert_eq!(lab.json(&["verify"])["ok"], true, "{blocks} blocks");
    }
    assert!(killed > 0, "no run was ended by a signal");
    // The next one takes what is left over.
    let told = release(&lab, &["1.0.0", "--with-images"]);
    let names: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["test-1.0.0"]);
    assert_eq!(
        lab.json(&["verify", "--release", told["path"].as_str().unwrap()])["ok"],
        true
    );
}

#[test]
fn r07_an_archive_is_checked_as_its_folder_is() {
    let lab = with_cells();
    for form in ["tar.zst", "zip"] {
        let told = release(&lab, &["1.0.0", "--with-images", "--archive", form]);
        let archive = told["archive"].as_str().unwrap();
        let check = lab.json(&["verify", "--release", archive]);
        assert_eq!(
            (&check["ok"], &check["release"]),
            (&true.into(), &told["release"]),
            "{check}"
        );
        let whole = lab.json(&["verify", "--release", told["path"].as_str().unwrap()]);
        assert_eq!(check["checked"], whole["checked"]);
        let mut bytes = std::fs::read(archive).unwrap();
        bytes.extend_from_slice(b"more");
        let longer = lab.write("longer", bytes);
        let ran = lab.run(&["verify", "--release", &longer, "--json"]);
        assert_eq!(ran.status, 1);
        assert_eq!(ran.json()["findings"][0]["code"], "HT-R017");
    }
    // What is in the archive is held to the manifests.
    let path = lab.path().join("out/test-1.0.0");
    std::fs::write(path.join("README.md"), "changed").unwrap();
    let packed = lab.path().join("out/test-1.0.0.zip");
    std::fs::remove_file(&packed).unwrap();
    holotype::release::archive_release(&path, holotype::release::ArchiveFormat::Zip).unwrap();
    let ran = lab.run(&["verify", "--release", text(&packed), "--json"]);
    assert_eq!(ran.status, 1);
    let finding = &ran.json()["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["object"]),
        (&"HT-R006".into(), &"README.md".into())
    );
    let image = lab.path().join("in/a.png");
    let ran = lab.run(&["verify", "--release", text(&image)]);
    assert!(ran.stdout.contains("it is no tar.zst and no zip"), "{ran:?}");
}

/// What is done to releases on their way to a stranger is numbered from R01 to R09. A number without a test of its name is a case
/// that nobody tries; a finding without a test that expects its code is one that nobody sees.
#[test]
fn every_threat_and_every_finding_of_releases_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = source_below(&root.join("src/release")) + &source_below(&root.join("tests"));
    let has_name = |number: u32| {
        let code = format!("r{number:02}_");
        tests.split("fn ").any(|rest| {
            rest.split('(')
                .next()
                .is_some_and(|name| format!("{name}_").contains(&code))
        })
    };
    let missing: Vec<u32> = (1..=9).filter(|number| !has_name(*number)).collect();
    assert_eq!(missing, Vec::<u32>::new());
    let mut expected = String::new();
    for name in [
        "release.rs",
        "release_cli.rs",
        "release_cli/strangers.rs",
        "release_proof.rs",
    ] {
        expected.push_str(&std::fs::read_to_string(root.join("tests").join(name)).unwrap());
    }
    let unseen: Vec<String> = (1..=17)
        .map(|number| format!("\"HT-R{number:03}\""))
        .filter(|code| !expected.contains(code.as_str()))
        .collect();
    assert_eq!(unseen, Vec::<String>::new());
}
