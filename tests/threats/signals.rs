//! K04: signals that end the program while it works.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::bench::{program, repository, verified};
use crate::lab::Lab;
use crate::process::many_images;

/// The signals that end a program: by hand, by a cluster, with the terminal.
const ENDING: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// How many entries a folder has; none where it is not there.
fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Starts the program with the signals as they are by default: who runs the tests in the background ignores some.
const AS_BY_DEFAULT: [&str; 2] = ["env", "--default-signal=INT,TERM,HUP"];

/// Sends a signal once something stands in a folder, and a moment later.
fn ended(
    lab: &Lab,
    before: &[&str],
    arguments: &[&str],
    folder: &Path,
    name: &str,
    later: Duration,
) -> ExitStatus {
    let mut child = program(lab.path(), before, arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while entries(folder) == 0 && child.try_wait().unwrap().is_none() {}
    std::thread::sleep(later);
    signal(&child, name);
    child.wait().unwrap()
}

/// Interrupts a command that brings in images; nothing where it was done before the signal came.
fn interrupted(name: &str, number: i32) -> Option<Lab> {
    let lab = repository();
    many_images(&lab);
    let before = lab.json(&["status"]);
    let tmp = lab.path().join(".holotype/tmp");
    let status = ended(&lab, &AS_BY_DEFAULT, &["add", "many"], &tmp, name, Duration::ZERO);
    if status.success() {
        return None;
    }
    assert_eq!(status.signal(), Some(number), "{name}");
    assert_eq!(entries(&tmp), 0, "{name}");
    assert_eq!(lab.json(&["status"]), before, "{name}");
    Some(lab)
}

#[test]
fn k04_a_signal_ends_an_ingestion_and_the_next_one_completes_it() {
    for (name, number) in ENDING {
        let lab = (0..50).find_map(|_| interrupted(name, number));
        let lab = lab.expect("one of fifty signals comes in time");
        assert_eq!(verified(&lab), (0, vec![]));
        let added = lab.json(&["add", "many"]);
        assert_eq!(added["added"].as_array().map(Vec::len), Some(120));
    }
}

#[test]
fn k04_what_a_signal_interrupts_leaves_nothing_beside_its_target() {
    let lab = repository();
    many_images(&lab);
    lab.ok(&["add", "many"]);
    lab.ok(&["commit", "-m", "many images"]);
    let commands: [&[&str]; 4] = [
        &["release", "1.0.0", "--with-images", "--out", "out"],
        &[
            "release",
            "1.0.0",
            "--with-images",
            "--archive",
            "zip",
            "--out",
            "out",
        ],
        &["checkout", "HEAD", "out/copy"],
        &["export", "--format", "geojson", "--out", "out/geojson"],
    ];
    let out = lab.path().join("out");
    for arguments in commands {
        let mut interrupted = 0;
        for (later, (name, number)) in [0, 7, 40].into_iter().zip(ENDING) {
            fs::create_dir(&out).unwrap();
            let status = ended(
                &lab,
                &AS_BY_DEFAULT,
                arguments,
                &out,
                name,
                Duration::from_millis(later),
            );
            // It may have been done before.
            if !status.success() {
                assert_eq!(status.signal(), Some(number), "{arguments:?}");
                interrupted += 1;
                let left: Vec<_> = fs::read_dir(&out)
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name())
                    .filter(|name| name.to_string_lossy().starts_with('.'))
                    .collect();
                assert!(left.is_empty(), "{arguments:?} left {left:?} after {later} ms");
            }
            fs::remove_dir_all(&out).unwrap();
        }
        assert!(interrupted > 0, "{arguments:?} was done before any signal");
        assert_eq!(verified(&lab), (0, vec![]), "{arguments:?}");
    }
    let told = lab.json(&["release", "1.0.0", "--with-images", "--out", "out"]);
    let path = told["path"].as_str().unwrap();
    assert_eq!(lab.json(&["verify", "--release", path])["ok"], true);
    assert_eq!(entries(&out), 1);
}

#[test]
fn k04_a_signal_that_was_to_be_ignored_is() {
    let lab = repository();
    many_images(&lab);
    let tmp = lab.path().join(".holotype/tmp");
    let status = ended(&lab, &["nohup"], &["add", "many"], &tmp, "HUP", Duration::ZERO);
    assert!(status.success(), "{status:?}");
    assert_eq!(lab.json(&["add", "many"])["added"], serde_json::json!([]));
}
