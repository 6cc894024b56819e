//! Bringing in image files.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::lab::{Lab, text};
use crate::measure::{Outcome, Row, in_turn};
use crate::options::Options;
use crate::process::{holotype, inside_timed, run};

/// Length of each of many files.
const SMALL_BYTES: u64 = 500_000;

/// Many files of half a megabyte, against the least that makes copies of them durable with the same threads.
pub(super) fn add_many(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let count = if options.short { 100 } else { 2000 };
    let from = lab.fresh("images");
    fs::create_dir_all(&from)?;
    for number in 0..count {
        write_noise(&from.join(format!("{number:04}.png")), SMALL_BYTES, number)?;
    }
    let pair = in_turn(
        lab.repetitions.min(3),
        || {
            let dir = lab.empty_repository()?;
            let sample = run(&mut holotype(&dir, &["add", text(&from)]))?;
            fs::remove_dir_all(dir)?;
            Ok(sample)
        },
        || {
            let to = lab.fresh("copies");
            let sample = inside_timed("copy-all", &[text(&from), text(&to)])?;
            fs::remove_dir_all(to)?;
            Ok(sample)
        },
    )?;
    fs::remove_dir_all(from)?;
    Ok(vec![pair.row(
        "add of many files",
        &format!("{count} × 0.5 MB"),
        "hash + write + fsync each, rename, one sync of the folder, same threads",
        "≤ 1.2",
    )])
}

/// One large file, against hashing it with all cores and copying it.
pub(super) fn add_one(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let mebibytes: u64 = match (options.short, options.size) {
        (true, _) => 128,
        (false, 10_000_000..) => 8192,
        (false, _) => 1024,
    };
    let from = lab.fresh("slide.png");
    write_noise(&from, mebibytes << 20, 0)?;
    let pair = in_turn(
        lab.repetitions.min(3),
        || {
            let dir = lab.empty_repository()?;
            let sample = run(&mut holotype(&dir, &["add", text(&from)]))?;
            fs::remove_dir_all(dir)?;
            Ok(sample)
        },
        || {
            let to = lab.fresh("copy");
            let sample = inside_timed("copy-one", &[text(&from), text(&to)])?;
            fs::remove_file(to)?;
            Ok(sample)
        },
    )?;
    fs::remove_file(from)?;
    Ok(vec![pair.row(
        "add of one file",
        &format!("{mebibytes} MiB"),
        "BLAKE3, all cores + synced copy (or reflink)",
        "≤ 1.2, ≤ 100 MB",
    )])
}

/// Writes a file that cannot be compressed, begins as a PNG does, and is another one for another number.
fn write_noise(path: &Path, bytes: u64, number: u64) -> Outcome<()> {
    let mut out = BufWriter::new(File::create(path)?);
    // Signature and header of an image with one pixel; what follows is noise.
    let header: [u8; 33] = *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55";
    out.write_all(&header)?;
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().zip(number.to_le_bytes()) {
        *place = byte;
    }
    let mut noise = blake3::Hasher::new_keyed(&key).finalize_xof();
    let mut block = vec![0; 1 << 16];
    let mut left = bytes.saturating_sub(u64::try_from(header.len())?);
    while left > 0 {
        let length = usize::try_from(left)?.min(block.len());
        let part = block.get_mut(..length).ok_or("the block is too short")?;
        noise.fill(part);
        out.write_all(part)?;
        left -= u64::try_from(length)?;
    }
    Ok(out.flush()?)
}
