//! Which mutant is switched on, and which places of mutants are reached. This file is put into the copy of the project.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of the mutant that is switched on.
const ON: &str = "HOLOTYPE_MUTANT";
/// A file that the numbers of those are added to whose place is reached.
const REACHED: &str = "HOLOTYPE_MUTANTS_REACHED";
/// More than there are.
const MAX: usize = 8192;

struct Switches {
    on: usize,
    reached: Option<(File, Vec<AtomicU64>)>,
}

impl Switches {
    fn read() -> Self {
        let file = std::env::var_os(REACHED).and_then(|path| OpenOptions::new().append(true).create(true).open(path).ok());
        Self {
            on: std::env::var(ON).ok().and_then(|on| on.parse().ok()).unwrap_or(usize::MAX),
            reached: file.map(|file| (file, (0..MAX / 64).map(|_| AtomicU64::new(0)).collect())),
        }
    }

    #[cold]
    fn note(mut file: &File, words: &[AtomicU64], number: usize) {
        let bit = 1 << (number % 64);
        if words[number / 64].load(Ordering::Relaxed) & bit == 0
            && words[number / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0
        {
            let _ = file.write_all(format!("{number}\n").as_bytes());
        }
    }
}

/// Whether it is this mutant.
#[inline]
pub fn is(number: usize) -> bool {
    static SWITCHES: OnceLock<Switches> = OnceLock::new();
    let switches = SWITCHES.get_or_init(Switches::read);
    if let Some((file, words)) = &switches.reached {
        Switches::note(file, words, number);
    }
    switches.on == number
}

/// The iterator of a function, or what a mutant gives instead.
pub struct Either<I: Iterator>(Result<I, std::vec::IntoIter<I::Item>>);

impl<I: Iterator> Iterator for Either<I> {
    type Item = I::Item;
    fn next(&mut self) -> Option<I::Item> {
        match &mut self.0 {
            Ok(usual) => usual.next(),
            Err(instead) => instead.next(),
        }
    }
}

/// What the function gives.
pub fn usual<I: Iterator>(iterator: I) -> Either<I> {
    Either(Ok(iterator))
}

/// What a mutant gives instead.
pub fn instead<I: Iterator>(iterator: impl Iterator<Item = I::Item>) -> Either<I> {
    Either(Err(iterator.collect::<Vec<_>>().into_iter()))
}
