//! C: files that change while they are read, and clocks that do not go on.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use holotype::files::input::FilesError;
use holotype::import::ingest::{Copying, IngestError, IngestOptions, IngestOutcome, ingest};
use holotype::store::Vfs;

use crate::bench::{open, point, program, repository, verified};
use crate::hooks::{HookVfs, Op};
use crate::lab::Lab;

/// What is done to a file while it is read.
type Change = fn(&Path);

/// Each way in which a file changes under its reader.
const CHANGES: [(&str, Change); 7] = [
    ("grows", |path| {
        fs::File::options()
            .append(true)
            .open(path)
            .unwrap()
            .write_all(b"more")
            .unwrap()
    }),
    ("shrinks", |path| {
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(1)
            .unwrap()
    }),
    ("is written over, its length and time kept", |path| {
        let time = fs::metadata(path).unwrap().modified().unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.write_all_at(b"x", 0).unwrap();
        file.set_modified(time).unwrap();
    }),
    ("is replaced", |path| {
        let other = path.with_extension("other");
        fs::copy(path, &other).unwrap();
        fs::rename(other, path).unwrap();
    }),
    ("is replaced by a link to its like", |path| {
        let other = path.with_file_name(".other");
        fs::copy(path, &other).unwrap();
        fs::remove_file(path).unwrap();
        symlink(other, path).unwrap();
    }),
    ("becomes a folder", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    }),
    ("is removed", |path| fs::remove_file(path).unwrap()),
];

/// A file in one piece, and one in more pieces than are read ahead.
const SIZES: [usize; 2] = [5_000, 12 << 20];

/// Lets the clock of the file system go on: a change within one of its ticks has the time of the one before.
fn pass_a_tick(path: &Path) {
    let changed = |path: &Path| {
        let metadata = fs::metadata(path).unwrap();
        (metadata.ctime(), metadata.ctime_nsec())
    };
    let marker = path.with_file_name(".tick");
    loop {
        fs::write(&marker, b"x").unwrap();
        if changed(&marker) > changed(path) {
            break;
        }
    }
}

/// Brings a file in; `change` happens when its first bytes are written into the repository.
fn take_in(
    lab: &Lab,
    path: &Path,
    change: impl FnOnce() + Send + 'static,
) -> Result<IngestOutcome, IngestError> {
    let change = Mutex::new(RefCell::new(Some(change)));
    let vfs: Arc<dyn Vfs> = HookVfs::new(move |op, written| {
        if op == Op::Write
            && written.parent().is_some_and(|folder| folder.ends_with("tmp"))
            && let Some(change) = change.lock().unwrap().take()
        {
            change();
        }
        Ok(())
    });
    let repo = open(vfs, lab.path()).unwrap();
    let context = repo.context(repo.author(Some(crate::bench::AUTHOR)).unwrap());
    let options = IngestOptions {
        copying: Copying::Copy,
        ..IngestOptions::default()
    };
    ingest(&repo, &context, &[path.to_owned()], &options, &|_| ()).map(|(outcome, _)| outcome)
}

/// That it was refused for the change of this file alone, and nothing of it was kept.
fn assert_refused(lab: &Lab, path: &Path, taken: &Result<IngestOutcome, IngestError>, what: &str) {
    assert!(
        matches!(taken, Err(IngestError::Files(FilesError::Changed { path: told })) if told == path),
        "{what}: {taken:?}"
    );
    let left = fs::read_dir(lab.path().join(".holotype/tmp")).unwrap().count();
    assert_eq!(left, 0, "{what}: what was stored is given up");
}

/// What is read while it changes is refused, whatever the change and at whatever length; nothing of it stays.
#[test]
fn c01_c02_c03_a_file_that_changes_while_it_is_read_is_refused() {
    let lab = repository();
    for size in SIZES {
        let before = lab.truth();
        for (what, change) in CHANGES {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("live.png");
            fs::write(&path, vec![7_u8; size]).unwrap();
            pass_a_tick(&path);
            let changing = path.clone();
            let taken = take_in(&lab, &path, move || change(&changing));
            assert_refused(&lab, &path, &taken, what);
            assert_eq!(lab.truth(), before, "{what}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("live.png");
        fs::write(&path, vec![u8::try_from(size % 251).unwrap(); size]).unwrap();
        let other = lab.path().join("other.png");
        let taken = take_in(&lab, &path, move || fs::write(other, b"another file").unwrap());
        assert_eq!(
            taken.unwrap().bytes,
            u64::try_from(size).unwrap(),
            "at rest it is taken"
        );
        lab.ok(&["discard", "--yes"]);
    }
    assert_eq!(verified(&lab), (0, vec![]));
}

/// Another process that has the file in its memory, and writes there when a line asks it to.
fn mapped_elsewhere(path: &Path) -> Option<Child> {
    const SCRIPT: &str = "
import mmap, sys
with open(sys.argv[1], 'r+b') as file, mmap.mmap(file.fileno(), 0) as memory:
    print('mapped', flush=True)
    for line in sys.stdin:
        memory[0:7] = b'changed'
        memory.flush()
        print('written', flush=True)
";
    let python = std::env::var_os("HOLOTYPE_PYTHON").unwrap_or_else(|| "python3".into());
    let child = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    assert!(
        child.is_ok() || std::env::var_os("HOLOTYPE_REQUIRE_TOOLS").is_none(),
        "python is missing"
    );
    child.ok()
}

/// A write through a map of another program is a change as any other.
#[test]
fn c06_a_file_that_another_program_has_mapped_is_refused_when_it_writes_there() {
    let lab = repository();
    for size in SIZES {
        // On a disk: files in memory keep no time of such a write.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = folder.path().join("live.png");
        fs::write(&path, vec![7_u8; size]).unwrap();
        fs::File::open(&path).unwrap().sync_all().unwrap();
        pass_a_tick(&path);
        let Some(mut child) = mapped_elsewhere(&path) else {
            return;
        };
        let (mut stdin, mut lines) = (
            child.stdin.take().unwrap(),
            BufReader::new(child.stdout.take().unwrap()).lines(),
        );
        assert_eq!(lines.next().unwrap().unwrap(), "mapped");
        let taken = take_in(&lab, &path, move || {
            stdin.write_all(b"write\n").unwrap();
            assert_eq!(lines.next().unwrap().unwrap(), "written");
        });
        assert_refused(&lab, &path, &taken, "mapped");
        assert!(child.wait().unwrap().success());
        assert!(fs::read(&path).unwrap().starts_with(b"changed"));
        assert_eq!(take_in(&lab, &path, || ()).unwrap().added, ["live.png"]);
        lab.ok(&["discard", "--yes"]);
    }
    assert_eq!(verified(&lab), (0, vec![]));
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
