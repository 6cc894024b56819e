//! The least that a durable file costs: what the limits of commits and of `add` are made of.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::measure::{Outcome, Sample, timed};

/// So many bytes of a large file are read, hashed and written at a time.
const CHUNK: usize = 16 << 20;

/// Makes a small file durable: temporary file, write, fsync, rename, fsync of the folder.
pub(crate) fn write(dir: &Path, name: &str, bytes: &[u8]) -> Outcome<()> {
    let temporary = dir.join("tmp");
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, dir.join(name))?;
    Ok(File::open(dir)?.sync_all()?)
}

/// Times six durable writes of 300 bytes, about what a commit of one event has: its objects, its slot and its draft.
pub(crate) fn six_writes(dir: &Path) -> Outcome<Sample> {
    fs::create_dir_all(dir)?;
    let ((), sample) = timed(|| {
        for number in 0..6 {
            write(dir, &number.to_string(), &[b'x'; 300])?;
        }
        Ok(())
    })?;
    Ok(sample)
}

/// Writes so many bytes in one file and makes them durable.
pub(crate) fn write_bytes(path: &Path, mut bytes: u64) -> Outcome<()> {
    let block = vec![b'x'; 1 << 20];
    let mut file = File::create(path)?;
    while bytes > 0 {
        let part = block
            .get(..usize::try_from(bytes).unwrap_or(usize::MAX).min(block.len()))
            .unwrap_or(&block);
        file.write_all(part)?;
        bytes -= u64::try_from(part.len())?;
    }
    Ok(file.sync_data()?)
}

/// Lists all files below a folder.
pub(crate) fn files(dir: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Hashes, copies and syncs every file of a folder with all cores, names each by its hash, and syncs the folder once.
pub(crate) fn copy_all(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    let files = files(from)?;
    let copied: Result<Vec<()>, std::io::Error> = files
        .par_iter()
        .enumerate()
        .map(|(number, path)| {
            let bytes = fs::read(path)?;
            let temporary = to.join(format!("tmp-{number}"));
            let mut file = File::create(&temporary)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, to.join(blake3::hash(&bytes).to_string()))
        })
        .collect();
    copied?;
    Ok(File::open(to)?.sync_all()?)
}

/// Hashes one file with all cores and copies it, by reference where the file system can, and syncs the copy.
pub(crate) fn copy_one(from: &Path, to: &Path) -> Outcome<()> {
    let mut source = File::open(from)?;
    let mut target = File::create(to)?;
    let is_shared = share(&target, &source);
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = source.read(&mut buffer)?;
        let Some(part) = buffer.get(..length).filter(|part| !part.is_empty()) else {
            break;
        };
        hasher.update_rayon(part);
        if !is_shared {
            target.write_all(part)?;
        }
    }
    std::hint::black_box(hasher.finalize());
    Ok(target.sync_all()?)
}

#[cfg(target_os = "linux")]
fn share(target: &File, source: &File) -> bool {
    rustix::fs::ioctl_ficlone(target, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn share(_target: &File, _source: &File) -> bool {
    false
}

/// Hashes all files with all cores; returns how many bytes they have.
pub(crate) fn hash_all(files: &[PathBuf]) -> Outcome<u64> {
    let lengths: Result<Vec<u64>, std::io::Error> = files
        .par_iter()
        .map(|path| {
            let mut hasher = blake3::Hasher::new();
            let mut file = File::open(path)?;
            let length = file.metadata()?.len();
            if length > u64::try_from(CHUNK).unwrap_or(u64::MAX) {
                let mut buffer = vec![0; CHUNK];
                loop {
                    let read = file.read(&mut buffer)?;
                    match buffer.get(..read) {
                        Some(part) if !part.is_empty() => hasher.update_rayon(part),
                        _ => break,
                    };
                }
            } else {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                hasher.update_rayon(&bytes);
            }
            std::hint::black_box(hasher.finalize());
            Ok(length)
        })
        .collect();
    Ok(lengths?.iter().sum())
}
