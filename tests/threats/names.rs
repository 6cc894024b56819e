//! N: names and what stands under them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;

use crate::bench::{program, repository, verified};
use crate::lab::Lab;
use crate::lab::uncounted;
use crate::tree::copy_tree;

/// A name with control characters is not taken in, and not shown as it is; one that some system cannot have is kept, and no
/// working copy is made of it.
#[test]
fn n01_to_n04_hostile_names_are_refused_or_kept_and_never_written() {
    for name in ["a\u{1b}[2Jb.png", "line\nfeed.png"] {
        let lab = repository();
        lab.write(&format!("odd/{name}"), b"bytes");
        let before = lab.truth();
        let line = lab.run(&["add", "odd"]).refused(3).to_owned();
        assert!(
            line.contains("control character") && !line.contains('\u{1b}'),
            "{line:?}"
        );
        assert_eq!(lab.truth(), before);
    }
    for name in [
        "CON.png",
        "a:b.png",
        "tail .",
        "-rf.png",
        "$(id)`id`.png",
        "\u{202e}gnp.exe",
    ] {
        let lab = Lab::new();
        lab.write(&format!("images/{name}"), b"bytes");
        lab.ok(&["add", "images"]);
        lab.commit("a name");
        let rows = lab.rows(&["list", "images"]);
        assert_eq!(rows[0]["name"], name);
        let shown = lab.ok(&["list", "images"]).stdout;
        assert!(!shown.contains('\u{202e}'), "{shown:?}");
        let ran = lab.run(&["checkout", "HEAD", "copy"]);
        if ran.status == 0 {
            assert!(lab.path().join("copy").join(name).is_file());
        } else {
            assert!(ran.refused(3).contains("cannot be a file here"));
            assert!(!lab.path().join("copy").exists());
        }
        let is_refused = ["CON.png", "a:b.png", "tail ."].contains(&name);
        assert_eq!(ran.status == 3, is_refused, "{name}");
        assert_eq!(verified(&lab), (0, vec![]));
    }
}

#[test]
fn n05_a_name_that_is_not_utf_8_is_refused() {
    let lab = repository();
    fs::create_dir(lab.path().join("odd")).unwrap();
    fs::write(lab.path().join("odd/fine.png"), "x").unwrap();
    fs::write(
        lab.path().join("odd").join(OsStr::from_bytes(b"\xff\xfe.png")),
        "x",
    )
    .unwrap();
    let before = lab.truth();
    let line = lab.run(&["add", "odd"]).refused(3).to_owned();
    assert!(line.contains("UTF-8") && line.contains("odd/"), "{line}");
    assert_eq!(lab.truth(), before);
}

#[test]
fn n07_long_names_are_kept_and_endless_folders_refused() {
    let lab = repository();
    let long = format!("{}.png", "n".repeat(251));
    lab.write(&format!("long/{long}"), b"long name");
    lab.ok(&["add", "long"]);
    lab.commit("long");
    lab.ok(&["checkout", "HEAD", "copy"]);
    assert!(lab.path().join("copy").join(&long).is_file());
    let deep = lab.path().join("deep");
    fs::create_dir(&deep).unwrap();
    let mut at = rustix::fs::open(&deep, rustix::fs::OFlags::DIRECTORY, rustix::fs::Mode::empty()).unwrap();
    for _ in 0..3000 {
        rustix::fs::mkdirat(&at, "dd", rustix::fs::Mode::from_raw_mode(0o755)).unwrap();
        at = rustix::fs::openat(
            &at,
            "dd",
            rustix::fs::OFlags::DIRECTORY,
            rustix::fs::Mode::empty(),
        )
        .unwrap();
    }
    let before = lab.truth();
    let ran = lab.run(&["add", "deep"]);
    assert!(ran.status == 3 || ran.status == 6, "{ran:?}");
    assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains("deep/dd"));
    assert_eq!(lab.truth(), before);
}

#[test]
fn n08_n09_links_pipes_and_devices_are_no_images() {
    let lab = repository();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.png"), "of somebody else").unwrap();
    let odd = lab.path().join("odd");
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("real.png"), "x").unwrap();
    symlink(outside.path(), odd.join("folder")).unwrap();
    symlink("/", odd.join("root")).unwrap();
    symlink(&odd, odd.join("loop")).unwrap();
    symlink("nowhere", odd.join("dangling.png")).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(odd.join("pipe.png"))
            .status()
            .unwrap()
            .success()
    );
    let _socket = std::os::unix::net::UnixListener::bind(odd.join("socket.png")).unwrap();
    let pipe = odd.join("pipe.png").display().to_string();
    let socket = odd.join("socket.png").display().to_string();
    let before = lab.truth();
    for path in [pipe.as_str(), socket.as_str(), "/dev/zero", "/proc/self/mem"] {
        for command in ["add", "import"] {
            let ran = lab.run(&[command, path]);
            assert!(ran.status == 3 || ran.status == 6, "{command} {path}: {ran:?}");
            assert!(ran.stderr.contains(path), "{command}: {}", ran.stderr);
        }
    }
    assert_eq!(lab.truth(), before);
    lab.ok(&["add", "odd"]);
    lab.commit("odd");
    let rows = lab.rows(&["list", "images"]);
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.png", "b.png", "real.png"]);
}

/// A link that stands where a working copy or an export is to be made is not followed.
#[test]
fn n08_a_link_in_the_place_of_a_target_is_not_followed() {
    let lab = repository();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("mine.json"), "mine").unwrap();
    symlink(outside.path(), lab.path().join("copy")).unwrap();
    symlink(outside.path().join("mine.json"), lab.path().join("all.json")).unwrap();
    lab.run(&["checkout", "HEAD", "copy"]).refused(3);
    let export = ["export", "--format", "coco", "--out", "all.json", "--overwrite"];
    let ran = lab.run(&export);
    assert_ne!(ran.status, 0, "{ran:?}");
    assert_eq!(fs::read(outside.path().join("mine.json")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn n10_a_name_that_is_a_folder_elsewhere_is_told_before_anything_is_written() {
    let lab = Lab::new();
    lab.write("one/a", b"a file");
    lab.write("two/a/b", b"a file below a folder");
    lab.ok(&["add", "one", "two"]);
    lab.commit("both");
    let line = lab.run(&["checkout", "HEAD", "copy"]).refused(3).to_owned();
    assert!(line.contains("'a'"), "{line}");
    assert!(!lab.path().join("copy").exists());
}

#[test]
fn n11_many_files_of_no_length_are_images() {
    let lab = Lab::new();
    for number in 0..3000 {
        lab.write(&format!("many/{number:04}.png"), b"");
    }
    lab.ok(&["add", "many"]);
    lab.commit("many");
    assert_eq!(lab.json(&["status"])["counts"]["images"], 3000);
    assert_eq!(verified(&lab), (0, vec![]));
}

#[test]
fn n12_modes_are_not_kept_and_what_may_not_be_read_is_named() {
    let lab = repository();
    let set = lab.path().join("modes/set.png");
    lab.write("modes/set.png", b"bytes");
    fs::set_permissions(&set, fs::Permissions::from_mode(0o6755)).unwrap();
    lab.ok(&["add", "modes"]);
    lab.commit("modes");
    lab.ok(&["checkout", "HEAD", "copy"]);
    let mode = fs::metadata(lab.path().join("copy/set.png"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7111, 0, "{mode:o}");
    lab.write("closed/none.png", b"bytes");
    fs::set_permissions(
        lab.path().join("closed/none.png"),
        fs::Permissions::from_mode(0o000),
    )
    .unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&lab.path().join(".holotype"), &copy.path().join(".holotype"));
    hand_over(copy.path());
    let closed = lab.path().join("closed");
    for folder in [lab.path(), copy.path(), closed.as_path()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let output = as_stranger(program(copy.path(), &[], &["add", closed.to_str().unwrap()]));
    assert_eq!(output.0, 6, "{output:?}");
    assert!(output.1.contains("none.png"), "{output:?}");
}

#[test]
fn n13_a_repository_within_a_folder_is_passed_over() {
    let lab = repository();
    let inner = lab.path().join("outer/inner");
    copy_tree(&lab.path().join(".holotype"), &inner.join(".holotype"));
    fs::write(inner.join("new.png"), "new").unwrap();
    lab.ok(&["add", "outer"]);
    lab.commit("outer");
    let rows = lab.rows(&["list", "images"]);
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.png", "b.png", "inner/new.png"]);
    assert_eq!(
        program(&inner, &[], &["verify"]).output().unwrap().status.code(),
        Some(0),
        "the inner one is as it was"
    );
}

/// A user of no rights: whoever runs the tests as root becomes one.
const NOBODY: u32 = 54_321;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Gives everything below a folder to the user of no rights.
pub(crate) fn hand_over(path: &Path) {
    hand_over_to(path, NOBODY);
}

/// Gives everything below a folder to a user, where that is not who runs the tests.
pub(crate) fn hand_over_to(path: &Path, user: u32) {
    if is_root() {
        std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                hand_over_to(&entry.unwrap().path(), user);
            }
        }
    }
}

/// Runs a program with no rights of its own; returns its exit code and what it told.
pub(crate) fn as_stranger(command: std::process::Command) -> (i32, String) {
    as_user(command, NOBODY)
}

/// Runs a program as a user; returns its exit code and what it told.
pub(crate) fn as_user(mut command: std::process::Command, user: u32) -> (i32, String) {
    if is_root() {
        command.uid(user).gid(user);
    }
    uncounted(&mut command);
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!told.contains("panicked"), "{told}");
    (output.status.code().unwrap_or(-1), told)
}
