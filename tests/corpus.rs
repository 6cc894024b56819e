//! The corpus of the fuzzer as a normal test: every file in it goes through its reader, and some through the program.
//!
//! A file that once broke a reader stays here under a name that says what it did. See `fuzz/run.sh`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod lab;

#[path = "corpus/readers.rs"]
mod readers;

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use lab::Lab;
use readers::{Outcome, Target, run};

/// A reader that takes longer for so small a file hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// No file of the corpus is longer.
const FILE_BYTES_MAX: usize = 4 << 10;

/// All files of the corpus together are not longer.
const CORPUS_BYTES_MAX: usize = 300 << 10;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// The files for a target, sorted.
fn files(target: Target) -> Vec<PathBuf> {
    let folder = folder().join(target.as_str());
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{error} at {}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Feeds a target with a file on a thread of its own, so that a hang is told and not waited for.
fn feed(target: Target, file: &Path) -> Outcome {
    let bytes = std::fs::read(file).unwrap();
    let (done, outcome) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        // Nobody listens any more where the time is over.
        let _ = done.send(run(target, &bytes));
    });
    match outcome.recv_timeout(PATIENCE) {
        Ok(outcome) => outcome,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{} takes over {PATIENCE:?}", file.display()),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            let said = thread
                .join()
                .expect_err("a thread that said nothing has panicked");
            let said = said.downcast_ref::<String>().cloned().unwrap_or_default();
            panic!("{} breaks its reader: {said}", file.display())
        }
    }
}

/// With `HOLOTYPE_UPDATE_CORPUS=1`, the seeds that are files of a repository or a release are written anew: after a change of
/// the stored format. Those that are too long, or that nothing reads, are no seeds.
fn update_seeds() {
    for (target, name, bytes) in readers::seeds() {
        let read = bytes.len() <= FILE_BYTES_MAX && run(target, &bytes) == Outcome::Read;
        let path = folder().join(target.as_str()).join(format!("made-{name}"));
        let is_new = files(target).len() < 20 || path.exists();
        if read && is_new {
            std::fs::write(&path, &bytes).unwrap();
        }
    }
}

#[test]
fn every_file_of_the_corpus_is_read_or_refused_and_breaks_no_law() {
    if std::env::var_os("HOLOTYPE_UPDATE_CORPUS").is_some() {
        update_seeds();
    }
    for target in Target::ALL {
        let files = files(target);
        let outcomes: Vec<Outcome> = files.iter().map(|file| feed(target, file)).collect();
        // Where all is refused at the door, nothing behind it is tested.
        let reaches = outcomes.contains(&Outcome::Read);
        assert!(reaches, "{}: {outcomes:?}", target.as_str());
    }
}

/// What a disk or a careless transfer makes of a file: cut anywhere, a byte other than it was.
fn damaged(bytes: &[u8], places: usize) -> Vec<Vec<u8>> {
    let step = bytes.len().div_ceil(places).max(1);
    let cuts = (0..bytes.len()).step_by(step).map(|end| bytes[..end].to_vec());
    let flips = (step / 2..bytes.len()).step_by(step).map(|at| {
        let mut flipped = bytes.to_vec();
        // One bit after the other, so that digits become letters, and the ends of strings something else.
        flipped[at] ^= 1 << (at / step % 8);
        flipped
    });
    cuts.chain(flips).collect()
}

#[test]
fn f16_a_file_that_is_cut_or_has_a_flipped_bit_breaks_no_reader() {
    for target in Target::ALL {
        let is_whole_folder = matches!(target, Target::Repository | Target::Release | Target::Archive);
        let places = if is_whole_folder { 5 } else { 40 };
        for file in files(target) {
            let name = file.display().to_string();
            let bytes = std::fs::read(&file).unwrap();
            for damaged in damaged(&bytes, places) {
                let shown = String::from_utf8_lossy(&damaged).into_owned();
                let read = std::panic::catch_unwind(|| run(target, &damaged));
                assert!(read.is_ok(), "{name} breaks its reader as: {shown}");
            }
        }
    }
}

#[test]
fn the_corpus_is_small_and_each_folder_in_it_has_a_target() {
    let mut whole = 0;
    for target in Target::ALL {
        for file in files(target) {
            let length = std::fs::read(&file).unwrap().len();
            assert!(length <= FILE_BYTES_MAX, "{} has {length} bytes", file.display());
            whole += length;
        }
    }
    assert!(whole <= CORPUS_BYTES_MAX, "the corpus has {whole} bytes");
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_known = Target::parse(name).is_some() || ["readers.rs", "stored.rs"].contains(&name);
        assert!(is_known, "{name} is no target: nothing reads what is in it");
    }
}

#[test]
fn the_program_reads_or_refuses_the_corpus_and_records_nothing() {
    let lab = Lab::new();
    let before = lab.truth();
    let formats = [
        (Target::Coco, "coco"),
        (Target::Voc, "voc"),
        (Target::SlideRunner, "sliderunner"),
        (Target::GeoJson, "geojson"),
        (Target::Csv, "csv"),
        (Target::Asap, "asap"),
        (Target::ImageScope, "imagescope"),
        (Target::LabelStudio, "labelstudio"),
        (Target::Cvat, "cvat"),
        (Target::Yolo, "yolo"),
        (Target::Exact, "exact"),
        (Target::Dicom, "dicom"),
        (Target::Scheme, "scheme"),
        (Target::Carrier, "holotype"),
    ];
    for (target, format) in formats {
        for file in files(target).iter().take(3) {
            let path = file.display().to_string();
            let ran = lab.run(&["import", &path, "--format", format, "--dry-run"]);
            let is_read = ran.status == 0;
            assert!(is_read || ran.status == 3, "{path}: {ran:?}");
            if !is_read {
                ran.refused(3);
            }
            assert_eq!(lab.truth(), before, "{path} left something behind");
        }
    }
}
