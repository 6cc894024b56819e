//! Tests of the probe on files made in code; `build` writes them.

mod build;
mod dialects;
mod formats;
mod hostile;
mod laws;
mod personal;
mod photographs;

use std::io::{Cursor, Read, Seek, SeekFrom};

use super::{Probe, ProbeWarning, probe};

/// A reader that counts what is asked of it.
struct Counting<'a> {
    inner: Cursor<&'a [u8]>,
    read_bytes: &'a mut usize,
    seeks: &'a mut usize,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        *self.read_bytes += read;
        Ok(read)
    }
}

impl Seek for Counting<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        *self.seeks += 1;
        self.inner.seek(to)
    }
}

/// Probes bytes that are said to be `size_bytes`, and asserts that the work is bounded.
fn probe_claimed(bytes: &[u8], size_bytes: u64) -> Probe {
    let (mut read_bytes, mut seeks) = (0, 0);
    let reader = Counting {
        inner: Cursor::new(bytes),
        read_bytes: &mut read_bytes,
        seeks: &mut seeks,
    };
    let found = probe(reader, size_bytes);
    assert!(read_bytes <= 64 << 20, "{read_bytes} bytes read");
    assert!(seeks <= 40_000, "{seeks} seeks");
    assert!(found.warnings.len() <= 32);
    found
}

/// Probes bytes.
fn probe_bytes(bytes: &[u8]) -> Probe {
    probe_claimed(bytes, u64::try_from(bytes.len()).unwrap())
}

/// Width, height, and µm per px.
fn facts(found: &Probe) -> (Option<u64>, Option<u64>, Option<f64>, Option<f64>) {
    (found.width, found.height, found.um_per_px_x, found.um_per_px_y)
}

/// Asserts that a probe has no warning.
fn assert_quiet(found: &Probe) {
    assert_eq!(found.warnings, Vec::<ProbeWarning>::new());
}
