//! K: signals, limits, and other processes.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::bench::{files, point, program, repository, verified};
use crate::lab::Lab;
use crate::names::{as_stranger, hand_over};
use crate::tree::copy_tree;

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Images enough that a command is still at work when the signal comes.
fn many_images(lab: &Lab) {
    for number in 0..120_u32 {
        let byte = u8::try_from(number).unwrap();
        lab.write(&format!("many/{number:03}.png"), vec![byte; 300_000]);
    }
}

#[test]
fn k04_a_signal_ends_an_ingestion_and_the_next_one_completes_it() {
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let lab = repository();
        many_images(&lab);
        let before = lab.json(&["status"]);
        let mut child = program(lab.path(), &[], &["add", "many"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let tmp = lab.path().join(".holotype/tmp");
        while fs::read_dir(&tmp).unwrap().next().is_none() && child.try_wait().unwrap().is_none() {}
        signal(&child, name);
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(number), "{name}");
        assert_eq!(verified(&lab), (0, vec![]));
        assert_eq!(lab.json(&["status"]), before, "{name}");
        assert_eq!(
            lab.json(&["add", "many"])["added"].as_array().map(Vec::len),
            Some(120)
        );
    }
}

#[test]
fn k04_a_reader_that_has_seen_enough_ends_the_output_quietly() {
    let lab = repository();
    let mut child = program(lab.path(), &[], &["log", "--events"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn k08_few_files_little_memory_and_short_files_leave_a_sound_repository() {
    let limits: [&[&str]; 4] = [
        &["--nofile=20"],
        &["--nofile=8"],
        &["--as=60000000"],
        &["--fsize=100000"],
    ];
    for limit in limits {
        let lab = repository();
        many_images(&lab);
        lab.write("one.jsonl", point("a.png", 70).to_string());
        let before = [&["prlimit"][..], limit].concat();
        for arguments in [
            &["add", "many"][..],
            &["record", "one.jsonl", "--commit", "x"],
            &["verify"],
            &["list", "annotations"],
        ] {
            let output = program(lab.path(), &before, arguments).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!told.contains("panicked"), "{limit:?} {arguments:?}: {told}");
            // Want of memory and files that are too long end a process by a signal, which is a crash as any other.
            let known = matches!(output.status.code(), Some(0 | 1 | 5 | 6 | 127) | None);
            assert!(known, "{limit:?} {arguments:?}: {:?} {told}", output.status);
        }
        assert_eq!(verified(&lab), (0, vec![]), "{limit:?}");
        lab.ok(&["add", "many"]);
    }
}

#[test]
fn k10_k12_gc_beside_writers_and_readers_loses_nothing() {
    let lab = repository();
    many_images(&lab);
    let dir = lab.path().to_owned();
    let run = |arguments: &[&str]| {
        let output = program(&dir, &[], arguments).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
        output.stdout
    };
    for x in 0..6 {
        lab.write(&format!("w{x}.jsonl"), point("a.png", 100 + x).to_string());
    }
    let before = run(&["list", "annotations", "--json"]);
    std::thread::scope(|scope| {
        scope.spawn(|| (0..12).for_each(|_| drop(run(&["gc", "--grace", "0"]))));
        scope.spawn(|| drop(run(&["add", "many"])));
        scope.spawn(|| {
            for x in 0..6 {
                run(&["record", &format!("w{x}.jsonl"), "--commit", "beside gc"]);
            }
        });
        scope.spawn(|| (0..4).for_each(|_| drop(run(&["verify", "--quick"]))));
        scope.spawn(|| {
            (0..6).for_each(|_| assert!(run(&["list", "annotations", "--json"]).len() >= before.len()))
        });
    });
    assert_eq!(lab.json(&["status"])["counts"]["annotations"], 11);
    lab.commit("the images");
    assert_eq!(lab.json(&["status"])["counts"]["images"], 122);
    assert_eq!(verified(&lab), (0, vec![]));
}

#[test]
fn k11_of_many_that_make_a_repository_at_once_one_does() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<Child> = (0..8)
        .map(|n| {
            program(dir.path(), &[], &["init", "--name", &format!("n{n}")])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let codes: Vec<i32> = children
        .into_iter()
        .map(|mut child| child.wait().unwrap().code().unwrap())
        .collect();
    let made = codes.iter().filter(|code| **code == 0).count();
    assert_eq!(made, 1, "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, 0 | 3)), "{codes:?}");
    let verify = program(dir.path(), &[], &["verify"]).output().unwrap();
    assert_eq!(verify.status.code(), Some(0));
}

#[test]
fn k11_two_that_rebuild_the_index_at_once_both_end() {
    let lab = repository();
    let rebuild = || {
        program(lab.path(), &[], &["index", "rebuild"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    for child in [rebuild(), rebuild(), rebuild()] {
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!told.contains("panicked"), "{told}");
        assert!(matches!(output.status.code(), Some(0 | 4 | 6)), "{told}");
    }
    assert_eq!(verified(&lab), (0, vec![]));
}

#[test]
fn k14_a_folder_that_goes_away_under_a_command_is_told() {
    let lab = repository();
    let gone = lab.path().join("gone");
    fs::create_dir(&gone).unwrap();
    let program_path = env!("CARGO_BIN_EXE_holotype");
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("cd gone && rmdir ../gone && exec '{program_path}' status"),
        ])
        .current_dir(lab.path())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        !told.contains("panicked") && output.status.code().is_some(),
        "{told}"
    );
    let mut child = program(lab.path(), &[], &["record", "-", "--commit", "x"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    fs::rename(lab.path().join(".holotype"), lab.path().join("moved")).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(point("a.png", 30).to_string().as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!told.contains("panicked"), "{told}");
    assert!(matches!(output.status.code(), Some(3 | 5 | 6)), "{told}");
    assert!(!lab.path().join(".holotype").exists(), "{:?}", files(lab.path()));
    fs::rename(lab.path().join("moved"), lab.path().join(".holotype")).unwrap();
    assert_eq!(verified(&lab), (0, vec![]));
}

#[test]
fn k15_without_home_and_folder_for_temporary_files_everything_works() {
    let lab = repository();
    lab.write("one.jsonl", point("a.png", 71).to_string());
    for arguments in [
        &["record", "one.jsonl", "--commit", "x"][..],
        &["verify"],
        &["checkout", "HEAD", "copy"],
    ] {
        let output = program(lab.path(), &[], arguments)
            .env_remove("PATH")
            .env("TMPDIR", "/nowhere")
            .env("LANG", "C")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    }
}

/// What cannot be written to the output is not taken for done.
#[test]
fn k15_a_full_output_of_a_commit_is_no_success() {
    let lab = repository();
    lab.write("one.jsonl", point("a.png", 72).to_string());
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = program(lab.path(), &[], &["record", "one.jsonl", "--commit", "x"])
        .stdout(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(6));
    assert_eq!(verified(&lab), (0, vec![]));
}

/// Hands a copy of a repository to a user of no rights.
fn handed_over(lab: &Lab) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&lab.path().join(".holotype"), &copy.path().join(".holotype"));
    copy_tree(&lab.path().join("many"), &copy.path().join("many"));
    hand_over(copy.path());
    copy
}

#[test]
fn k16_without_a_thread_to_be_had_commands_go_on_alone() {
    let lab = repository();
    many_images(&lab);
    let copy = handed_over(&lab);
    fs::write(copy.path().join("one.jsonl"), point("a.png", 73).to_string()).unwrap();
    for arguments in [
        &["add", "many"][..],
        &["commit", "-m", "x"],
        &["record", "one.jsonl", "--commit", "y"],
        &["verify", "--replay"],
        &["list", "annotations"],
        &["export", "--format", "coco", "--out", "all.json"],
        &["checkout", "HEAD", "copy"],
    ] {
        let command = program(copy.path(), &["prlimit", "--nproc=1"], arguments);
        let (code, told) = as_stranger(command);
        assert_eq!(code, 0, "{arguments:?}: {told}");
    }
}

/// A repository of somebody else that may only be read: reading works and writes nothing, writing is refused.
#[test]
fn k07_t19_a_repository_of_another_owner_is_read_and_not_written() {
    let lab = repository();
    lab.write("one.jsonl", point("a.png", 74).to_string());
    let modes = Command::new("chmod")
        .args(["-R", "a+rX,a-w"])
        .arg(lab.path())
        .status();
    assert!(modes.unwrap().success());
    let before = lab.truth();
    for arguments in [
        &["status"][..],
        &["log", "--events"],
        &["list", "annotations"],
        &["verify", "--replay"],
        &["diff", "v1", "HEAD"],
        &["blame", "a.png"],
    ] {
        let (code, told) = as_stranger(program(lab.path(), &[], arguments));
        assert_eq!(code, 0, "{arguments:?}: {told}");
    }
    for arguments in [
        &["record", "one.jsonl", "--commit", "x"][..],
        &["tag", "v9", "-m", "x"],
    ] {
        let (code, told) = as_stranger(program(lab.path(), &[], arguments));
        assert_eq!(code, 6, "{arguments:?}: {told}");
        assert!(
            told.contains(".holotype") && told.contains("write permission"),
            "{told}"
        );
    }
    assert_eq!(lab.truth(), before);
    let modes = Command::new("chmod")
        .args(["-R", "u+w"])
        .arg(Path::new(lab.path()))
        .status();
    assert!(modes.unwrap().success());
}
