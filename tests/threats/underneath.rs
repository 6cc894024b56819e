//! C: files that change while they are read, and clocks that do not go on.

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::bench::{point, program, repository, verified};

/// Another program writes into a file, through a map or not, for as long as it is read: what was stored has the hash that
/// is its name, or the file is refused.
#[test]
fn c01_c03_c06_a_file_that_is_written_meanwhile_is_whole_or_refused() {
    let lab = repository();
    let path = lab.path().join("live/live.png");
    lab.write("live/live.png", vec![0_u8; 3 << 20]);
    let stop = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&stop);
    let writer = std::thread::spawn(move || {
        let file = fs::File::options().write(true).open(&path).unwrap();
        let mut round = 0_u64;
        while !is_over.load(Ordering::SeqCst) {
            let bytes = [u8::try_from(round % 251).unwrap(); 64];
            file.write_all_at(&bytes, round * 4099 % ((3 << 20) - 64))
                .unwrap();
            round += 1;
        }
    });
    let before = lab.truth();
    let ran = lab.run(&["add", "live"]);
    stop.store(true, Ordering::SeqCst);
    writer.join().unwrap();
    if ran.status != 0 {
        assert!(ran.refused(3).contains("live.png changed while it was read"));
        assert_eq!(lab.truth(), before);
    }
    assert_eq!(verified(&lab), (0, vec![]));
    assert_eq!(
        lab.run(&["add", "live"]).status,
        0,
        "it is taken once it is at rest"
    );
}

/// What is checked out shares no file with the repository.
#[test]
fn c04_a_working_copy_that_is_edited_changes_nothing_here() {
    let lab = repository();
    lab.ok(&["checkout", "HEAD", "copy"]);
    let before = lab.truth();
    for name in ["a.png", "b.png", "annotations.coco.json"] {
        let file = fs::File::options()
            .write(true)
            .open(lab.path().join("copy").join(name))
            .unwrap();
        file.write_all_at(b"edited", 0).unwrap();
    }
    lab.write("images/a.png", b"the original is edited in place");
    assert_eq!(lab.truth(), before);
    assert_eq!(verified(&lab), (0, vec![]));
}

/// Order comes from the chain: a clock that stands, runs back ten years or ahead changes no answer.
#[test]
fn c05_clocks_that_run_back_stand_or_leap_do_not_change_the_order() {
    let lab = repository();
    let times = [
        "2016-01-02T00:00:00Z",
        "2036-01-02T00:00:00Z",
        "2036-01-02T00:00:00Z",
        "2026-10-25T02:30:00+02:00",
        "1970-01-01T00:00:00Z",
    ];
    for (x, time) in (20..).zip(times) {
        lab.write("one.jsonl", point("a.png", x).to_string());
        let output = program(lab.path(), &[], &["record", "one.jsonl", "--commit", time])
            .env("HOLOTYPE_NOW", time)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{time}");
    }
    let log = lab.json(&["log"]);
    let messages: Vec<&str> = log["commits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| commit["message"].as_str().unwrap())
        .collect();
    let newest_first: Vec<&str> = times.iter().rev().copied().chain(["second", "first"]).collect();
    assert_eq!(messages, newest_first);
    assert_eq!(verified(&lab), (0, vec![]));
}
