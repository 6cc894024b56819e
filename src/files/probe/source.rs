//! The one window through which a header is read: bounded by the size of the file and by a budget. It
//! collects the warnings of a probe. It knows no format.

use std::io::{Read, Seek, SeekFrom};

use super::ProbeWarning;

/// Bytes that one probe may read in all: room for three values of the longest kind and the directories.
const BUDGET_BYTES: u64 = 64 << 20;
/// Warnings kept; a damaged file can have one at each directory, and the first tell enough.
const WARNINGS_MAX: usize = 32;

/// A reader that knows its size, how much may still be read, and what was wrong so far.
pub(super) struct Source<R> {
    reader: R,
    size_bytes: u64,
    budget_bytes: u64,
    warnings: Vec<ProbeWarning>,
}

impl<R> Source<R> {
    /// Wraps a reader of `size_bytes`.
    pub(super) fn new(reader: R, size_bytes: u64) -> Self {
        Self {
            reader,
            size_bytes,
            budget_bytes: BUDGET_BYTES,
            warnings: Vec::new(),
        }
    }

    /// The size of the file.
    pub(super) fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Notes a warning, once.
    pub(super) fn warn(&mut self, warning: ProbeWarning) {
        if self.warnings.len() < WARNINGS_MAX && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Gives up the reader for what was wrong.
    pub(super) fn into_warnings(self) -> Vec<ProbeWarning> {
        self.warnings
    }

    /// Whether the file has all of the part.
    pub(super) fn contains(&self, offset_bytes: u64, length_bytes: u64) -> bool {
        offset_bytes
            .checked_add(length_bytes)
            .is_some_and(|end| end <= self.size_bytes)
    }
}

impl<R: Read + Seek> Source<R> {
    /// Reads exactly the part; `None`, with a warning, when that cannot be.
    pub(super) fn read(&mut self, offset_bytes: u64, length_bytes: u64) -> Option<Vec<u8>> {
        match self.try_read(offset_bytes, length_bytes) {
            Ok(bytes) => Some(bytes),
            Err(warning) => {
                self.warn(warning);
                None
            }
        }
    }

    /// Reads exactly the part, and leaves it to the caller what a failure means.
    pub(super) fn try_read(&mut self, offset_bytes: u64, length_bytes: u64) -> Result<Vec<u8>, ProbeWarning> {
        let beyond = ProbeWarning::BeyondEnd {
            offset_bytes,
            length_bytes,
        };
        if !self.contains(offset_bytes, length_bytes) {
            return Err(beyond);
        }
        self.budget_bytes = self
            .budget_bytes
            .checked_sub(length_bytes)
            .ok_or(ProbeWarning::ReadLimit)?;
        let failed = |error: std::io::Error| ProbeWarning::ReadFailed {
            offset_bytes,
            kind: error.kind(),
        };
        self.reader.seek(SeekFrom::Start(offset_bytes)).map_err(failed)?;
        // Grows with what arrives, so that a file shorter than it was said to be costs only what it has.
        let mut bytes = Vec::new();
        let read = self
            .reader
            .by_ref()
            .take(length_bytes)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if u64::try_from(read) == Ok(length_bytes) {
            Ok(bytes)
        } else {
            Err(beyond)
        }
    }
}
