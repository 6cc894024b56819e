//! K: signals, limits, and other processes.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::bench::{files, point, program, repository, verified};
use crate::lab::Lab;
use crate::names::{as_stranger, as_user, hand_over_to};
use crate::tree::copy_tree;

/// Images enough that a command is still at work when the signal comes.
pub(crate) fn many_images(lab: &Lab) {
    images(lab, 120);
}

fn images(lab: &Lab, count: u8) {
    for number in 0..count {
        lab.write(&format!("many/{number:03}.png"), vec![number; 300_000]);
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

/// Runs a program below limits of the shell, with no open file but the three of each process.
const LIMITED: &str =
    "for file in 3 4 5 6 7 8 9; do eval \"exec $file>&-\"; done; eval \"$1\"; shift; exec \"$@\"";

/// Leaves the shell, and so what it runs, the first processor that it may use.
const ONE_PROCESSOR: &str = "taskset -cp $(sed -n 's/^Cpus_allowed_list:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/self/status) $$ >/dev/null";

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Somehow, before it did anything.
    Unstarted,
}

/// With few files, little memory or short files, each command works or says what it could not do, or the kernel ends it.
#[test]
fn k08_few_files_little_memory_and_short_files_are_told_or_enough() {
    use End::{Code, Signal, Unstarted};
    const COMMANDS: [&[&str]; 4] = [
        &["add", "many"],
        &["record", "one.jsonl", "--commit", "x"],
        &["verify"],
        &["list", "annotations"],
    ];
    let too_long = Some("File too large");
    // On one processor one file is read at a time; eight threads that store have two each.
    let four_files = format!("{ONE_PROCESSOR}; ulimit -n 4");
    let cases: [(&str, [End; 4], Option<&str>); 6] = [
        (
            &four_files,
            [Code(6), Code(6), Code(0), Code(0)],
            Some("Too many open files"),
        ),
        ("ulimit -n 64", [Code(0); 4], None),
        ("ulimit -v 10000", [Unstarted; 4], None),
        ("ulimit -v 2000000", [Code(0); 4], None),
        ("ulimit -f 100", [Signal(25), Code(0), Code(0), Code(0)], None),
        (
            "trap '' XFSZ; ulimit -f 100",
            [Code(6), Code(0), Code(0), Code(0)],
            too_long,
        ),
    ];
    for (limit, ends, reason) in cases {
        let lab = repository();
        many_images(&lab);
        lab.write("one.jsonl", point("a.png", 70).to_string());
        let before = lab.truth();
        for (arguments, end) in COMMANDS.into_iter().zip(ends) {
            let shell = ["sh", "-c", LIMITED, "sh", limit];
            let output = program(lab.path(), &shell, arguments).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let status = output.status;
            let is_as_said = match end {
                Code(code) => status.code() == Some(code),
                Signal(number) => status.signal() == Some(number),
                Unstarted => !status.success(),
            };
            assert!(
                is_as_said,
                "{limit} {arguments:?}: {status:?} and not {end:?}: {told}"
            );
            if end == Code(6) {
                assert!(
                    told.starts_with("error: ") && told.contains("\nHint: "),
                    "{limit} {arguments:?}: {told}"
                );
                assert!(
                    reason.is_some_and(|reason| told.contains(reason)),
                    "{limit} {arguments:?}: {told}"
                );
            }
        }
        if ends == [Unstarted; 4] {
            assert_eq!(lab.truth(), before, "{limit}");
        }
        assert_eq!(verified(&lab), (0, vec![]), "{limit}");
        let added = lab.json(&["add", "many"]);
        let is_there = ends[0] == Code(0);
        assert_eq!(
            added["added"].as_array().map_or(0, Vec::len),
            if is_there { 0 } else { 120 },
            "{limit}"
        );
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

/// A limit of processes counts all of one user: each try has a user of its own.
static USERS: AtomicU32 = AtomicU32::new(0);

/// As many threads as the system gives, from none on to more than there are processors: each command does its work.
#[test]
fn k16_with_no_thread_with_some_and_with_all_commands_do_their_work() {
    let lab = repository();
    images(&lab, 12);
    let mut exported = Vec::new();
    for processes in [1, 2, 3, 5, 40] {
        let user = 200_000 + std::process::id() % 100_000 * 10 + USERS.fetch_add(1, Ordering::SeqCst);
        let copy = tempfile::tempdir().unwrap();
        copy_tree(&lab.path().join(".holotype"), &copy.path().join(".holotype"));
        copy_tree(&lab.path().join("many"), &copy.path().join("many"));
        fs::write(copy.path().join("one.jsonl"), point("a.png", 73).to_string()).unwrap();
        hand_over_to(copy.path(), user);
        let limit = format!("--nproc={processes}");
        for arguments in [
            &["add", "many"][..],
            &["commit", "-m", "x"],
            &["record", "one.jsonl", "--commit", "y"],
            &["verify", "--replay"],
            &["list", "annotations"],
            &["export", "--format", "coco", "--out", "all.json"],
            &["checkout", "HEAD", "copy"],
            &["release", "1.0.0", "--out", "out", "--with-images"],
        ] {
            let command = program(copy.path(), &["prlimit", &limit], arguments);
            let (code, told) = as_user(command, user);
            assert_eq!(code, 0, "{limit} {arguments:?}: {told}");
        }
        exported.push(fs::read(copy.path().join("all.json")).unwrap());
    }
    assert!(
        exported.windows(2).all(|two| two[0] == two[1]),
        "the answer is the same"
    );
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
